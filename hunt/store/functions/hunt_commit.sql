-- Commit one batch of one hunt in one round trip. Repeating a call is safe: a click that is in the log keeps its outcome.
--
-- If every click is new, as nearly always, the function returns one row with ord 0. Click number i (from 1) then has
-- seq + i, and the prize that it drew. If i is in `denied`, the stock or a limit of the player left no prize for it; if it
-- is in `sold`, too, the stock is used up.
-- Otherwise the function returns one row for each click, in the order of the clicks, with the prize that was sold out, and
-- a verdict:
--
-- 0: new. 1: settled before, with the first outcome. 2: the id belongs to another click.
-- 3: the player's cooldown is not over, for `retry` seconds. 4: the hunt is not open. 5: the player has no attempts left,
-- for `retry` seconds; null: for good. 6: too far from the player's last click, for `retry` seconds.
--
-- The function locks the hunt's row first. Every later statement takes a new snapshot, so that it sees the commits of
-- other processes during that wait. The planner knows neither the length of the arrays nor the size of a young
-- log, so only index probes are allowed.
--
-- p_from names the process, so that it recognises its own notices. Null: no notice is sent, because another bus carries
-- them; the commit then takes no lock on the server-wide queue of NOTIFY. p_events holds the clicks as JSON for the notice,
-- without brackets, each [offset from the first seq, id, player, prize, points, x, y]; null if they are too many.
--
-- p_known is a seq of this log that was committed once. If the log ends before it, the database was restored from an
-- older backup. The function then records nothing (H0412) until a new epoch has begun, because it would assign the same
-- numbers twice in one epoch.
--
-- codes: the codes that were bound to these clicks, or that a repeated click has, as in hunt_bind_codes and hunt_code.
--
-- p_leaves: in a hunt with a chain, the leaf of each click, 32 bytes each (see docs/reference/proof.md); null: they are computed here. head, upto: the head of
-- the chain after this commit, in hex, and the last seq; null in a hunt without a chain.
create or replace function hunt_commit(
    p_hunt text, p_ids uuid[], p_players text[], p_places point[], p_prizes text[], p_points int[],
    p_from text, p_events text, p_known bigint, p_leaves bytea
) returns table (
    ord int, verdict int, seq bigint, prize text, points int, at text, retry float8, denied int[],
    sold int[], sold_out text, codes bytea[], head text, upto bigint
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
    v_all_new   boolean;
    v_ids       uuid[];
    v_players   text[];
    v_places    point[];
    v_size      int := cardinality(p_ids);
    v_denied    int[] := '{}';
    v_sold      int[] := '{}';
    v_drawn     text[];
    v_rules     boolean;
    v_has_codes boolean;
    v_codes     bytea[];
    v_timezone  text;
    v_attempts  int;
    v_per       text;
    v_since     timestamptz;
    v_over      text[];  -- players with more clicks than attempts; null: not known
    v_wins_from timestamptz;  -- when the period of v_max_wins began
    v_found     int;      -- players with a count of attempts
    v_out       boolean;  -- whether a player has no attempts left
    v_full      text[];   -- the players who have v_max_wins wins
    v_single    boolean;  -- whether no player clicked twice
    v_max_wins  int;
    v_wins_per  text;
    v_max_speed float8;
    v_sphere    boolean;
    v_counted   int;  -- players whose last click was updated
    v_given     int[] := '{}';  -- the clicks that got another prize than they drew
    v_at        timestamptz;
    v_at_text   text;
    v_payload   text;
    v_rows      text;
    v_head      bytea;
    v_chained   timestamptz;
    v_number    int;
    v_won       text[];  -- the prize of each click, without those that were denied
    v_worth     int[];
    v_sold_out  text[];  -- of each click; null: none is
begin
    -- A session of hunt's own has a limit. Behind a pooler this is the only one: a session that waits for a lock does
    -- not notice that its client has gone.
    if current_setting('lock_timeout') = '0' then
        perform set_config('lock_timeout', '800ms', true);
    end if;
    select h.number, h.last_seq, h.state = 'open', h.opens_at, h.closes_at, make_interval(secs => h.cooldown),
           h.rules, h.codes, h.timezone, h.attempts, h.attempts_per, h.max_wins, h.max_wins_per,
           h.max_speed, h.sphere, h.head, h.chained_at
      into v_hunt, v_last, v_open, v_opens, v_closes, v_cooldown,
           v_rules, v_has_codes, v_timezone, v_attempts, v_per, v_max_wins, v_wins_per,
           v_max_speed, v_sphere, v_head, v_chained
      from hunts h where h.id = p_hunt for no key update;
    if not found then
        raise exception 'no such hunt' using errcode = 'H0404';
    end if;
    if v_last < p_known then
        raise exception 'the log ends at seq %, before seq %', v_last, p_known using errcode = 'H0412';
    end if;
    v_at := clock_timestamp();
    if v_at = v_chained then  -- the time tells the batches of a chain apart
        v_at := v_at + interval '1 microsecond';
    end if;
    v_at_text := hunt_time(v_at);
    v_open := v_open and coalesce(v_opens <= v_at, true) and coalesce(v_at < v_closes, true);

    if v_attempts is not null then
        v_since := hunt_period(v_per, v_timezone, v_at);
    end if;
    if v_max_wins is not null then
        v_wins_from := hunt_period(v_wins_per, v_timezone, v_at);
    end if;

    v_all_new := v_open
        and (select count(distinct i.click_id) from unnest(p_ids) as i (click_id)) = v_size
        and not hunt_seen(v_hunt, p_ids);
    if v_all_new and (v_cooldown > interval '0' or v_max_speed is not null) then
        -- Two clicks of one player are left to hunt_near_clicks and hunt_new_clicks.
        v_all_new := (select count(distinct i.player collate "C") from unnest(p_players) as i (player)) = v_size
            and not exists (
                select from unnest(p_players, p_places) as i (player, place)
                  cross join lateral (
                       select * from player_clicks l where l.hunt = v_hunt and l.player = i.player limit 1) c
                 where v_cooldown > interval '0' and c.at + v_cooldown > v_at
                    or v_max_speed is not null and c.place is not null
                       and hunt_distance(c.place, i.place, v_sphere)
                           > v_max_speed * greatest(extract(epoch from v_at - c.at), 0)::float8);
    end if;
    if v_since is not null or v_wins_from is not null then
        select count(*) filter (where c.what = 'a'),
               bool_or(c.what = 'a' and c.since = v_since and c.count >= v_attempts),
               array_agg(c.player) filter (
                   where c.what = 'w' and c.since = v_wins_from and c.count >= v_max_wins)
          into v_found, v_out, v_full
          from player_periods c where c.hunt = v_hunt and c.player = any (p_players);
        -- A player has one count of attempts, so as many counts as clicks are of different players.
        v_single := v_found = v_size
            or (select count(distinct i.player collate "C") from unnest(p_players) as i (player)) = v_size;
    end if;
    if v_all_new and v_attempts is not null and (v_out or not v_single) then
        v_over := array(
            select i.player from unnest(p_players) as i (player) group by i.player
            having count(*) > v_attempts - coalesce((
                select c.count from player_periods c
                 where c.hunt = v_hunt and c.player = i.player and c.what = 'a' and c.since = v_since), 0));
        v_all_new := v_over = '{}';
    end if;
    if not v_all_new then
        -- From here on the arrays hold only the clicks that are to be settled.
        v_ids := p_ids;
        v_players := p_players;
        v_places := p_places;
        if v_open and v_max_speed is not null then
            select n.* into p_ids, p_players, p_places, p_prizes, p_points
              from hunt_near_clicks(
                       v_hunt, v_at, v_max_speed, v_sphere, p_ids, p_players, p_places, p_prizes, p_points) n;
        end if;
        if not v_open then
            p_ids := '{}';
        elsif v_max_speed is null or v_cooldown > interval '0' or v_attempts is not null
           or cardinality(p_ids) < v_size
        then
            select n.* into p_ids, p_players, p_places, p_prizes, p_points, p_events
              from hunt_new_clicks(
                       v_hunt, v_cooldown, v_at, v_attempts, v_since, v_over,
                       p_ids, p_players, p_places, p_prizes, p_points, p_events) n;
        end if;  -- otherwise hunt_near_clicks has found all of them to be new
        v_size := cardinality(p_ids);
        v_all_new := v_size = cardinality(v_ids);
        if p_leaves is not null and v_size > 0 and not v_all_new then
            select string_agg(substr(p_leaves, array_position(v_ids, i.click_id) * 32 - 31, 32), '' order by i.ord)
              into p_leaves from unnest(p_ids) with ordinality as i (click_id, ord);
        end if;
    end if;

    v_drawn := p_prizes;
    if v_size > 0 and v_rules then
        select s.p_prizes, s.p_points, s.denied, s.sold, s.given into p_prizes, p_points, v_denied, v_sold, v_given
          from hunt_settle(
                   v_hunt, v_at, v_max_wins, v_wins_from, v_full, coalesce(v_single, false),
                   p_players, p_places, p_prizes, p_points) s;
        if v_given <> '{}' and v_all_new then  -- the clicks' own prizes do not tell what they got
            v_all_new := false;
            v_ids := p_ids;
            v_players := p_players;
            v_places := p_places;
        end if;
    elsif v_size > 0
       and exists (select from prizes z where z.hunt = v_hunt and (z.stock is not null or z.per_player is not null))
    then
        with drawn as (
            select i.ord, i.player, i.prize, z.stock, z.granted, z.per_player
              from unnest(p_players, p_prizes) with ordinality as i (player, prize, ord)
              join prizes z on z.hunt = v_hunt and z.id = i.prize
             where z.stock is not null or z.per_player is not null
        ), allowed as (  -- by the player's limit; a click over the limit uses no stock (as in core/grants.py)
            select d.*,
                   d.per_player is null
                   or row_number() over (partition by d.player, d.prize order by d.ord) + coalesce((
                        select p.granted from player_prizes p
                         where p.hunt = v_hunt and p.player = d.player and p.prize = d.prize
                      ), 0) <= d.per_player as may
              from drawn d
        ), counted_before as (  -- draws of the prize up to this one that the limits allow
            select a.*, a.granted + count(*) filter (where a.may)
                            over (partition by a.prize order by a.ord rows unbounded preceding) as upto
              from allowed a
        ), settled as (
            select b.*, b.may and coalesce(b.upto <= b.stock, true) as wins from counted_before b
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
        select coalesce(array_agg(s.ord order by s.ord), '{}'),
               coalesce(array_agg(s.ord order by s.ord) filter (where s.upto >= s.stock), '{}')
          into v_denied, v_sold from settled s where not s.wins;
    end if;

    if v_size > 0 then
        if v_sold <> '{}' then
            v_sold_out := array_fill(null::text, array[v_size]);
            foreach v_number in array v_sold loop
                v_sold_out[v_number] := v_drawn[v_number];
            end loop;
        end if;
        v_won := p_prizes;
        v_worth := p_points;
        foreach v_number in array v_denied loop
            v_won[v_number] := null;
            v_worth[v_number] := 0;
        end loop;
        insert into rewards (hunt, seq, click_id, player, x, y, prize, points, at, sold_out)
        select v_hunt, v_last + i.ord, i.click_id, i.player, i.place[0], i.place[1], i.prize, i.points, v_at, i.sold_out
          from unnest(p_ids, p_players, p_places, v_won, v_worth, v_sold_out)
               with ordinality as i (click_id, player, place, prize, points, sold_out, ord);
        if v_head is not null then
            if p_leaves is null then
                p_leaves := hunt_leaves(v_hunt, p_ids, p_players, p_places);
            end if;
            v_head := sha256(
                E'hunt batch 1\n'::bytea || v_head || int8send(v_last + 1) || convert_to(
                    v_at_text || E'\n' || array_to_string(v_won, ',', '') || E'\n' || array_to_string(v_worth, ',') || E'\n'
                    || coalesce(array_to_string(v_sold_out, ',', ''), repeat(',', v_size - 1)) || E'\n', 'UTF8')
                || p_leaves);
            v_chained := v_at;
        end if;
        update hunts h set last_seq = v_last + v_size, head = v_head, chained_at = v_chained where h.number = v_hunt;
        if v_has_codes then
            v_codes := hunt_bind_codes(v_hunt, v_last, p_prizes, v_denied);
        end if;
        -- Rows of players are locked in the order of hunt_erase: player_prizes, player_periods, player_clicks.
        if v_since is not null or v_wins_from is not null then
            perform hunt_count_in_period(v_hunt, v_since, v_wins_from, v_single, p_players, v_won);
        end if;
        if v_max_speed is not null then
            -- "on conflict" would lock each row before its update. The rows are found by probes of the index, and joined by
            -- their address, whatever size the planner assumes for the table. Only an erasure writes them meanwhile.
            with clicked as materialized (
                select i.place, (select l.ctid from player_clicks l
                                  where l.hunt = v_hunt and l.player = i.player limit 1) as address
                  from unnest(p_players, p_places) as i (player, place)
            )
            update player_clicks c set at = v_at, place = k.place from clicked k where c.ctid = k.address;
            get diagnostics v_counted = row_count;
        elsif v_cooldown > interval '0' then  -- without a place: it would not be that of `at` later
            update player_clicks c set at = v_at, place = null where c.hunt = v_hunt and c.player = any (p_players);
            get diagnostics v_counted = row_count;
        end if;
        if v_counted < v_size then
            insert into player_clicks (hunt, player, at, place)
            select v_hunt, i.player, v_at, case when v_max_speed is not null then i.place end
              from unnest(p_players, p_places) as i (player, place)
            on conflict do nothing;
        end if;

        -- A notice holds 8,000 bytes. Rows that do not fit are read from the table by the processes that need them, and so
        -- are those of a batch with a code. The rows have the prizes that the clicks drew: "o" if they got them, "p" if some
        -- were denied, "w" if some got the prizes in "g" instead. A process of a release without one of these names reads
        -- the table.
        if p_from is not null then
            v_payload := '{"h":' || to_json(p_hunt) || ',"f":' || v_last + 1 || ',"l":' || v_last + v_size
                      || ',"by":' || to_json(p_from);
            if p_events is not null and v_codes is null then
                v_rows := ',"at":"' || v_at_text || '"' || case
                    when v_given <> '{}' then ',"g":' || (
                        select json_agg(json_build_array(g.ord, p_prizes[g.ord], p_points[g.ord]))
                          from unnest(v_given) as g (ord)) || ',"d":' || to_json(v_denied)
                        || ',"s":' || to_json(v_sold) || ',"w":['
                    when cardinality(v_denied) = 0 then ',"o":['
                    else ',"d":' || to_json(v_denied) || ',"s":' || to_json(v_sold) || ',"p":['
                end || p_events || ']';
                if octet_length(v_payload) + octet_length(v_rows) < 7950 then
                    v_payload := v_payload || v_rows;
                end if;
            end if;
            perform pg_notify('hunt_log', v_payload || '}');
        end if;
    end if;

    if v_all_new then
        return query select 0, 0, v_last, null::text, null::int, v_at_text, null::float8, v_denied, v_sold, null::text,
                            v_codes, encode(v_head, 'hex'), v_last + v_size;
    else
        return query
        select o.ord, o.verdict, o.seq, o.prize, o.points, o.at, o.retry, null::int[], null::int[], o.sold_out,
               case when v_has_codes and o.verdict in (0, 1) and o.prize is not null then
                   array[hunt_code(v_hunt, o.seq)]
               end, encode(v_head, 'hex'), v_last + v_size
          from hunt_outcomes(
                   v_hunt, v_ids, v_players, v_places, v_last, v_open, v_cooldown, v_at, v_attempts, v_since,
                   hunt_period_end(v_per, v_timezone, v_since), v_max_speed, v_sphere) o;
    end if;
end $$;

-- Servers of the release before call it without leaves, and get the columns that they know. They draw by algorithm 1, so other hunts refuse
-- them.
do $$
begin
    if not exists (
        select from pg_proc where proname = 'hunt_commit' and pronargs = 9 and 'codes' = any(proargnames)
    ) then
        drop function if exists hunt_commit(text, uuid[], text[], point[], text[], int[], text, text, bigint);
    end if;
end $$;
create or replace function hunt_commit(
    p_hunt text, p_ids uuid[], p_players text[], p_places point[], p_prizes text[], p_points int[],
    p_from text, p_events text, p_known bigint
) returns table (
    ord int, verdict int, seq bigint, prize text, points int, at text, retry float8, denied int[],
    sold int[], sold_out text, codes bytea[]
)
language plpgsql
as $$
begin
    if exists (select from hunts h where h.id = p_hunt and h.algorithm > 1) then
        raise exception 'this release cannot draw clicks of the hunt: update the server'
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    return query
    select c.ord, c.verdict, c.seq, c.prize, c.points, c.at, c.retry, c.denied, c.sold, c.sold_out, c.codes
      from hunt_commit(p_hunt, p_ids, p_players, p_places, p_prizes, p_points, p_from, p_events, p_known, null) c;
end $$;
