-- Return the clicks of a batch that are to be settled, in their order, as arrays like those of hunt_commit. These are the
-- first click of each id that is not in the log. In a hunt with a cooldown they are only the first one of each player,
-- and only if the player's cooldown is over. With p_attempts they are only as many of a player as are left of that number
-- in the period that began at p_since. If it is known, p_over holds the players with more clicks than attempts; else it is
-- null.
--
-- The plan is custom for the reason given in hunt_seen.
-- Databases of development versions still have its predecessor, hunt_append, which nothing calls.
drop function if exists hunt_append(text, uuid[], text[], float8[], float8[], text[], int[]);
drop function if exists hunt_new_clicks(int, interval, timestamptz, uuid[], text[], point[], text[], int[], text);
drop function if exists hunt_new_clicks(
    int, interval, timestamptz, int, timestamptz, uuid[], text[], point[], text[], int[], text);
create or replace function hunt_new_clicks(
    p_hunt int, p_cooldown interval, p_at timestamptz, p_attempts int, p_since timestamptz, p_over text[],
    inout p_ids uuid[], inout p_players text[], inout p_places point[], inout p_prizes text[], inout p_points int[],
    inout p_events text
)
language plpgsql stable
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_custom_plan
as $$
begin
    with given as (
        select i.*, row_number() over (partition by i.click_id order by i.ord) as copy
          from unnest(p_ids, p_players, p_places, p_prizes, p_points)
               with ordinality as i (click_id, player, place, prize, points, ord)
    ), fresh as (
        select g.*, row_number() over (partition by g.player order by g.ord) as turn
          from given g
         where g.copy = 1
           and (select true from rewards r where r.click_id = g.click_id and r.hunt = p_hunt limit 1) is null
    ), counting as (
        select f.*, row_number() over (order by f.ord) as number
          from fresh f
         where (p_cooldown = interval '0'
                or (f.turn = 1 and not exists (
                    select from player_clicks c
                     where c.hunt = p_hunt and c.player = f.player and c.at + p_cooldown > p_at)))
           and (p_attempts is null or f.player <> all (p_over)
                or f.turn + coalesce((
                    select c.count from player_periods c
                     where c.hunt = p_hunt and c.player = f.player and c.what = 'a' and c.since = p_since
                   ), 0) <= p_attempts)
    )
    select coalesce(array_agg(c.click_id order by c.ord), '{}'),
           array_agg(c.player order by c.ord), array_agg(c.place order by c.ord),
           array_agg(c.prize order by c.ord), array_agg(c.points order by c.ord),
           case when p_events is not null then string_agg(
               json_build_array(c.number - 1, c.click_id, c.player, c.prize, c.points, c.place[0], c.place[1])::text,
               ',' order by c.ord)
           end
      into p_ids, p_players, p_places, p_prizes, p_points, p_events
      from counting c;
end $$;
