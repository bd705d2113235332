-- Return the clicks of a batch that a hunt's `max_speed` allows, in their order, as arrays like those of hunt_commit. These
-- are the first click of each id that is not in the log and whose position the player can have reached since the last click
-- that counted. All clicks of a batch have one time, so of one player only those at the place of the first one remain.
-- As hunt.core.grants.Grants.attempt.
--
-- The plan is custom for the reason given in hunt_seen.
create or replace function hunt_near_clicks(
    p_hunt int, p_at timestamptz, p_max_speed float8, p_sphere boolean,
    inout p_ids uuid[], inout p_players text[], inout p_places point[], inout p_prizes text[], inout p_points int[]
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
    ), near as (
        select g.*, first_value(g.place) over (partition by g.player order by g.ord) as first_place
          from given g
         where g.copy = 1
           and (select true from rewards r where r.click_id = g.click_id and r.hunt = p_hunt limit 1) is null
           and coalesce((
                   select hunt_distance(c.place, g.place, p_sphere)
                          <= p_max_speed * greatest(extract(epoch from p_at - c.at), 0)::float8
                     from player_clicks c where c.hunt = p_hunt and c.player = g.player and c.place is not null), true)
    )
    select coalesce(array_agg(n.click_id order by n.ord), '{}'),
           array_agg(n.player order by n.ord), array_agg(n.place order by n.ord),
           array_agg(n.prize order by n.ord), array_agg(n.points order by n.ord)
      into p_ids, p_players, p_places, p_prizes, p_points
      from near n where hunt_distance(n.first_place, n.place, p_sphere) = 0;
end $$;
