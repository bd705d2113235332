-- Return the outcome of each click of a batch, in the order of the clicks; see hunt_commit for the verdicts.
--
-- The plan is custom for the reason given in hunt_seen. A subquery with a limit makes the planner look up each click in
-- the log, whatever size it assumes for the log.
--
-- The result of a function cannot be replaced, so a version without `sold_out` is dropped first.
drop function if exists hunt_outcomes(int, uuid[], text[], point[], bigint, boolean, interval, timestamptz);
drop function if exists hunt_outcomes(
    int, uuid[], text[], point[], bigint, boolean, interval, timestamptz, int, timestamptz, timestamptz);
create or replace function hunt_outcomes(
    p_hunt int, p_ids uuid[], p_players text[], p_places point[],
    p_last bigint, p_open boolean, p_cooldown interval, p_at timestamptz,
    p_attempts int, p_since timestamptz, p_until timestamptz, p_max_speed float8, p_sphere boolean
) returns table (
    ord int, verdict int, seq bigint, prize text, points int, at text, retry float8, sold_out text
)
language plpgsql stable
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
    return query
    select i.ord::int,
           case
               when r.seq is null and p_open and u.up then 5
               when r.seq is null and p_open and p_max_speed is not null and not exists (
                   select from player_clicks c
                    where c.hunt = p_hunt and c.player = i.player and c.at + p_cooldown > p_at) then 6
               when r.seq is null and p_open then 3
               when r.seq is null then 4
               when (r.player, r.x, r.y) is distinct from (i.player, i.place[0], i.place[1]) then 2
               when r.seq <= p_last or row_number() over (partition by i.click_id order by i.ord) > 1 then 1
               else 0
           end,
           r.seq, r.prize, r.points, hunt_time(r.at),
           case when r.seq is null and p_open and u.up then
               case when p_until < 'infinity' then extract(epoch from p_until - p_at)::float8 end
           when r.seq is null and p_open then
               greatest(extract(epoch from p_cooldown - (p_at - coalesce((
                   select c.at from player_clicks c where c.hunt = p_hunt and c.player = i.player), p_at)))::float8,
                   case when p_max_speed is not null then (
                       select hunt_distance(c.place, i.place, p_sphere) / p_max_speed
                              - extract(epoch from p_at - c.at)::float8
                         from player_clicks c
                        where c.hunt = p_hunt and c.player = i.player and c.place is not null) end)
           end,
           r.sold_out
      from unnest(p_ids, p_players, p_places) with ordinality as i (click_id, player, place, ord)
      left join lateral (
               select * from rewards s where s.click_id = i.click_id and s.hunt = p_hunt limit 1) r on true
      cross join lateral (
               select p_attempts is not null and exists (
                   select from player_periods c
                    where c.hunt = p_hunt and c.player = i.player and c.what = 'a' and c.since = p_since
                      and c.count >= p_attempts) as up) u
     order by i.ord;
end $$;
