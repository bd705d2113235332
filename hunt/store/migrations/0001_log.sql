-- Hunts, their logs, and the one function that a batch of clicks goes through.

create table hunts (
    number      int generated always as identity primary key,
    id          text not null unique check (id ~ '^[a-z0-9-]{1,64}$'),
    definition  jsonb not null,
    version     int not null default 1 check (version >= 1),
    state       text not null default 'draft' check (state in ('draft', 'open', 'closed')),
    opens_at    timestamptz,
    closes_at   timestamptz,
    cooldown    float8 not null default 0 check (cooldown >= 0),
    epoch       text not null check (epoch ~ '^[a-z0-9]{1,16}$'),
    seed        bytea not null check (length(seed) = 32),
    last_seq    bigint not null default 0 check (last_seq >= 0)
) with (fillfactor = 50);  -- last_seq changes with every batch: leave room for HOT updates

create table hunt_versions (
    hunt        int not null references hunts,
    version     int not null,
    definition  jsonb not null,
    at          timestamptz not null default clock_timestamp(),
    actor       text not null,
    primary key (hunt, version)
);

create table prizes (
    hunt        int not null references hunts,
    id          text not null,
    stock       int check (stock >= 0),
    per_player  int check (per_player >= 1),
    granted     bigint not null default 0 check (granted >= 0),  -- counted where there is a stock
    retired     boolean not null default false,
    primary key (hunt, id)
) with (fillfactor = 50);

-- A hunt's log. `seq` is dense, and in commit order, because it is taken under
-- the lock on the hunt's row; a sequence would be neither.
create table rewards (
    hunt      int not null,
    seq       bigint not null check (seq >= 1),
    click_id  uuid not null,
    player    text not null check (player ~ '^[A-Za-z0-9_.:-]{1,64}$'),
    x         float8 not null,
    y         float8 not null,
    prize     text,
    points    int not null check (points >= 0),
    at        timestamptz not null,
    primary key (hunt, seq),
    unique (click_id, hunt)
) partition by list (hunt);
create index rewards_replay on rewards (hunt, player, seq);

create table player_prizes (  -- where a prize has a limit per player
    hunt     int not null references hunts,
    player   text not null,
    prize    text not null,
    granted  int not null,
    primary key (hunt, player, prize)
) with (fillfactor = 70);

create table player_clicks (  -- where a hunt has a cooldown
    hunt    int not null references hunts,
    player  text not null,
    at      timestamptz not null,
    primary key (hunt, player)
) with (fillfactor = 70);

create table rejected (  -- a click that the log would not take, by itself
    id        bigint generated always as identity primary key,
    hunt      int not null references hunts,
    click_id  uuid not null,
    player    text not null,
    x         float8 not null,
    y         float8 not null,
    reason    text not null,
    at        timestamptz not null default clock_timestamp()
);

create table audit (
    id      bigint generated always as identity primary key,
    at      timestamptz not null default clock_timestamp(),
    actor   text not null,
    action  text not null,
    hunt    text,
    detail  jsonb not null default '{}'
);

-- One row, rewritten by the breaker's probe: a probe must wait for the disk, as a commit does.
create table hunt_probe (
    one  boolean primary key default true check (one),
    at   timestamptz not null default clock_timestamp()
) with (fillfactor = 10);
insert into hunt_probe default values;

-- Every change that a server must know of; not last_seq, which the log's own notices tell.
create function hunt_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('hunt_hunts', new.id);
    return null;
end $$;
create trigger hunt_changed
    after insert or update of definition, version, state, epoch on hunts
    for each row execute function hunt_changed();

-- Attached, not created as a partition: attaching does not stop running servers.
create function hunt_create_log(p_hunt int) returns void language plpgsql as $$
begin
    execute format('create table rewards_%s (like rewards including all)', p_hunt);
    execute format('alter table rewards_%s add constraint only_hunt check (hunt = %s)', p_hunt, p_hunt);
    execute format('alter table rewards attach partition rewards_%s for values in (%s)', p_hunt, p_hunt);
end $$;

create function hunt_time(p_at timestamptz) returns text language sql stable as $$
    select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- One batch of one hunt, one round trip; safe to repeat. The rows come back in the order they were given.
--
-- verdict 0: new. 1: settled before, with the first outcome. 2: the id belongs to another click.
--         3: the player's cooldown is not over, for `retry` seconds. 4: the hunt is not open.
--
-- The hunt's row is locked first, and every statement after that takes a new snapshot, so what another process
-- committed while this one waited is seen. The planner knows neither how long the arrays are nor how large a young
-- log will be, so it is held to probes of indexes.
create function hunt_append(
    p_hunt text, p_ids uuid[], p_players text[], p_xs float8[], p_ys float8[], p_prizes text[], p_points int[]
) returns table (verdict int, seq bigint, prize text, points int, at text, retry float8)
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
               and not exists (select from rewards r where r.click_id = g.click_id and r.hunt = v_hunt)
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
      left join rewards r on r.click_id = i.click_id and r.hunt = v_hunt
     order by i.ord;
end $$;
