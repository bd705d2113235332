-- The cost of a batch does not depend on how many hunts there are.
--
-- A generic plan that reads `rewards` by a hunt that it does not know locks every partition each time, and with a thousand
-- hunts the lock table of some connections together is full. A custom plan knows the hunt, and sees one partition only.
-- Inserts need no such care: they find their partition when they run.

-- Whether any of these clicks is in the log.
create function hunt_seen(p_hunt int, p_ids uuid[]) returns boolean
language plpgsql stable
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_custom_plan
as $$
begin
    return exists (
        select from unnest(p_ids) as i (click_id)
         where (select true from rewards r where r.click_id = i.click_id and r.hunt = p_hunt limit 1));
end $$;

-- Rewards with p_after < seq <= p_upto, in order, at most p_limit; of one player, or of all where that is null.
create function hunt_rewards(p_hunt text, p_player text, p_after bigint, p_upto bigint, p_limit int)
returns table (seq bigint, click_id text, player text, prize text, points int, at text)
language plpgsql stable
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    v_hunt int := (select h.number from hunts h where h.id = p_hunt);
begin
    return query
    select r.seq, r.click_id::text, r.player, r.prize, r.points, hunt_time(r.at)
      from rewards r
     where r.hunt = v_hunt and (p_player is null or r.player = p_player) and r.seq > p_after and r.seq <= p_upto
     order by r.seq limit p_limit;
end $$;

-- As in step 1, but that it looks for each click by itself: a subquery with a limit keeps the planner from turning the
-- join around, whatever it believes of the log's size.
create or replace function hunt_append(
    p_hunt text, p_ids uuid[], p_players text[], p_xs float8[], p_ys float8[], p_prizes text[], p_points int[]
) returns table (verdict int, seq bigint, prize text, points int, at text, retry float8)
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    v_hunt      int;
    v_last      bigint;
    v_open      boolean;
    v_opens     timestamptz;
    v_closes    timestamptz;
    v_cooldown  interval;
    v_limited   boolean;
    v_size      int := cardinality(p_ids);
    v_new       int;
    v_at        timestamptz;
    v_at_text   text;
    v_events    text;
    v_payload   text;
begin
    select h.number, h.last_seq, h.state = 'open', h.opens_at, h.closes_at, make_interval(secs => h.cooldown)
      into v_hunt, v_last, v_open, v_opens, v_closes, v_cooldown
      from hunts h where h.id = p_hunt for no key update;
    if not found then
        raise exception 'no such hunt' using errcode = 'H0404';
    end if;
    v_at := clock_timestamp();
    v_at_text := hunt_time(v_at);
    v_open := v_open and coalesce(v_opens <= v_at, true) and coalesce(v_at < v_closes, true);
    v_limited := exists (
        select from prizes z where z.hunt = v_hunt and (z.stock is not null or z.per_player is not null)
    );

    if v_open then
        with given as (
            select i.*, row_number() over (partition by i.click_id order by i.ord) as copy
              from unnest(p_ids, p_players, p_xs, p_ys, p_prizes, p_points)
                   with ordinality as i (click_id, player, x, y, prize, points, ord)
        ), fresh as (
            select g.*, row_number() over (partition by g.player order by g.ord) as turn
              from given g
             where g.copy = 1
               and (select true from rewards r where r.click_id = g.click_id and r.hunt = v_hunt limit 1) is null
        ), counting as (
            select f.* from fresh f
             where v_cooldown = interval '0'
                or (f.turn = 1 and not exists (
                    select from player_clicks c
                     where c.hunt = v_hunt and c.player = f.player and c.at + v_cooldown > v_at
                ))
        ), allowed as (  -- by the player's limit; who is over it uses no stock
            select c.*, z.stock, z.granted,
                   z.per_player is null
                   or row_number() over (partition by c.player, c.prize order by c.ord) + coalesce((
                        select p.granted from player_prizes p
                         where p.hunt = v_hunt and p.player = c.player and p.prize = c.prize
                      ), 0) <= z.per_player as may
              from counting c
              left join prizes z on v_limited and z.hunt = v_hunt and z.id = c.prize
        ), settled as (
            select a.*,
                   a.may and (
                        a.stock is null
                        or a.granted + row_number() over (partition by a.prize, a.may order by a.ord) <= a.stock
                   ) as wins
              from allowed a
        ), inserted as (
            insert into rewards (hunt, seq, click_id, player, x, y, prize, points, at)
            select v_hunt, v_last + row_number() over (order by s.ord), s.click_id, s.player, s.x, s.y,
                   case when s.wins then s.prize end, case when s.wins then s.points else 0 end, v_at
              from settled s
             order by s.ord
            returning rewards.seq, rewards.click_id, rewards.player, rewards.prize, rewards.points
        )
        select count(*), string_agg(
                   case when v_size <= 100 then json_build_array(n.seq, n.click_id, n.player, n.prize, n.points)::text end,
                   ',' order by n.seq)
          into v_new, v_events
          from inserted n;
    else
        v_new := 0;
    end if;

    if v_new > 0 then
        update hunts h set last_seq = v_last + v_new where h.number = v_hunt;
        if v_limited then
            update prizes z set granted = z.granted + n.granted
              from (select r.prize, count(*) as granted from rewards r
                     where r.hunt = v_hunt and r.seq > v_last and r.prize is not null group by r.prize) n
             where z.hunt = v_hunt and z.id = n.prize and z.stock is not null;
            insert into player_prizes as p (hunt, player, prize, granted)
            select v_hunt, r.player, r.prize, count(*) from rewards r
              join prizes z on z.hunt = v_hunt and z.id = r.prize and z.per_player is not null
             where r.hunt = v_hunt and r.seq > v_last
             group by r.player, r.prize
            on conflict (hunt, player, prize) do update set granted = p.granted + excluded.granted;
        end if;
        if v_cooldown > interval '0' then
            insert into player_clicks as c (hunt, player, at)
            select v_hunt, r.player, v_at from rewards r where r.hunt = v_hunt and r.seq > v_last
            on conflict (hunt, player) do update set at = excluded.at;
        end if;
        -- A notice holds 8,000 bytes; what does not fit is read from the table by who needs it.
        v_payload := '{"h":' || to_json(p_hunt) || ',"f":' || v_last + 1 || ',"l":' || v_last + v_new;
        if v_events is not null and octet_length(v_events) < 7700 then
            v_payload := v_payload || ',"at":"' || v_at_text || '","e":[' || v_events || ']';
        end if;
        perform pg_notify('hunt_log', v_payload || '}');
    end if;

    if v_new = v_size then
        return query
        select 0, r.seq, r.prize, r.points, v_at_text, null::float8
          from rewards r where r.hunt = v_hunt and r.seq > v_last order by r.seq;
        return;
    end if;

    return query
    select case
               when r.seq is null and v_open then 3
               when r.seq is null then 4
               when (r.player, r.x, r.y) is distinct from (i.player, i.x, i.y) then 2
               when r.seq <= v_last or row_number() over (partition by i.click_id order by i.ord) > 1 then 1
               else 0
           end,
           r.seq, r.prize, r.points, hunt_time(r.at),
           case when r.seq is null and v_open then
               extract(epoch from v_cooldown - (v_at - coalesce((
                   select c.at from player_clicks c where c.hunt = v_hunt and c.player = i.player), v_at)))::float8
           end
      from unnest(p_ids, p_players, p_xs, p_ys) with ordinality as i (click_id, player, x, y, ord)
      left join lateral (
               select * from rewards s where s.click_id = i.click_id and s.hunt = v_hunt limit 1) r on true
     order by i.ord;
end $$;

-- As in step 2, but for hunt_seen.
create or replace function hunt_commit(
    p_hunt text, p_ids uuid[], p_players text[], p_places point[], p_prizes text[], p_points int[],
    p_from text, p_events text
) returns table (
    ord int, verdict int, seq bigint, prize text, points int, at text, retry float8, denied int[]
)
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    v_hunt      int;
    v_last      bigint;
    v_open      boolean;
    v_opens     timestamptz;
    v_closes    timestamptz;
    v_cooldown  interval;
    v_size      int := cardinality(p_ids);
    v_denied    int[] := '{}';
    v_at        timestamptz;
    v_at_text   text;
    v_payload   text;
begin
    select h.number, h.last_seq, h.state = 'open', h.opens_at, h.closes_at, make_interval(secs => h.cooldown)
      into v_hunt, v_last, v_open, v_opens, v_closes, v_cooldown
      from hunts h where h.id = p_hunt for no key update;
    if not found then
        raise exception 'no such hunt' using errcode = 'H0404';
    end if;
    v_at := clock_timestamp();
    v_at_text := hunt_time(v_at);
    v_open := v_open and coalesce(v_opens <= v_at, true) and coalesce(v_at < v_closes, true);

    if not v_open or v_cooldown > interval '0'
       or (select count(distinct i.click_id) from unnest(p_ids) as i (click_id)) < v_size
       or hunt_seen(v_hunt, p_ids)
    then
        return query
        select a.ord::int, a.verdict, a.seq, a.prize, a.points, a.at, a.retry, null::int[]
          from hunt_append(
                   p_hunt, p_ids, p_players,
                   array(select i.place[0] from unnest(p_places) with ordinality as i (place, ord) order by i.ord),
                   array(select i.place[1] from unnest(p_places) with ordinality as i (place, ord) order by i.ord),
                   p_prizes, p_points) with ordinality as a (verdict, seq, prize, points, at, retry, ord);
        return;
    end if;

    if exists (select from prizes z where z.hunt = v_hunt and (z.stock is not null or z.per_player is not null)) then
        with drawn as (
            select i.ord, i.player, i.prize, z.stock, z.granted, z.per_player
              from unnest(p_players, p_prizes) with ordinality as i (player, prize, ord)
              join prizes z on z.hunt = v_hunt and z.id = i.prize
             where z.stock is not null or z.per_player is not null
        ), allowed as (  -- by the player's limit; who is over it uses no stock
            select d.*,
                   d.per_player is null
                   or row_number() over (partition by d.player, d.prize order by d.ord) + coalesce((
                        select p.granted from player_prizes p
                         where p.hunt = v_hunt and p.player = d.player and p.prize = d.prize
                      ), 0) <= d.per_player as may
              from drawn d
        ), settled as (
            select a.*,
                   a.may and (
                        a.stock is null
                        or a.granted + row_number() over (partition by a.prize, a.may order by a.ord) <= a.stock
                   ) as wins
              from allowed a
        ), counted as (
            update prizes z set granted = z.granted + n.granted
              from (select s.prize, count(*) as granted from settled s
                     where s.wins and s.stock is not null group by s.prize) n
             where z.hunt = v_hunt and z.id = n.prize
        ), counted_player as (
            insert into player_prizes as p (hunt, player, prize, granted)
            select v_hunt, s.player, s.prize, count(*) from settled s
             where s.wins and s.per_player is not null
             group by s.player, s.prize
            on conflict (hunt, player, prize) do update set granted = p.granted + excluded.granted
        )
        select coalesce(array_agg(s.ord order by s.ord) filter (where not s.wins), '{}') into v_denied from settled s;
    end if;

    insert into rewards (hunt, seq, click_id, player, x, y, prize, points, at)
    select v_hunt, v_last + i.ord, i.click_id, i.player, i.place[0], i.place[1],
           case when i.ord <> all (v_denied) then i.prize end,
           case when i.ord <> all (v_denied) then i.points else 0 end,
           v_at
      from unnest(p_ids, p_players, p_places, p_prizes, p_points)
           with ordinality as i (click_id, player, place, prize, points, ord);
    update hunts h set last_seq = v_last + v_size where h.number = v_hunt;

    -- A notice holds 8,000 bytes; what does not fit is read from the table by who needs it.
    v_payload := '{"h":' || to_json(p_hunt) || ',"f":' || v_last + 1 || ',"l":' || v_last + v_size
              || ',"by":' || to_json(p_from);
    if p_events is not null and cardinality(v_denied) = 0 and octet_length(p_events) < 7700 then
        v_payload := v_payload || ',"at":"' || v_at_text || '","o":[' || p_events || ']';
    end if;
    perform pg_notify('hunt_log', v_payload || '}');

    return query select 0, 0, v_last, null::text, null::int, v_at_text, null::float8, v_denied;
end $$;
