-- Commit a batch that hunt_commit hands over: one with a repeat, of a hunt with a cooldown, or of a hunt that is not
-- open. One row comes back for each click, in the order of the clicks; see hunt_commit for the verdicts.
--
-- The plan is custom for the reason given in hunt_seen. A subquery with a limit keeps the planner from turning a join
-- around, whatever it believes of the size of the log.
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
            returning rewards.seq, rewards.click_id, rewards.player, rewards.prize, rewards.points, rewards.x, rewards.y
        )
        select count(*), string_agg(
                   case when v_size <= 60 then json_build_array(n.seq, n.click_id, n.player, n.prize, n.points, n.x, n.y)::text end,
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
