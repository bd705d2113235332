-- Count attempts ('a') or wins ('w') of players in the period that began at p_since, one for each element of p_players.
-- Return the players who would exceed p_most (null: no limit); nothing is counted for them.
--
-- Most players have a row, so rows are updated first: "on conflict" would lock each before its update. The others are
-- inserted. The caller's lock on the hunt's row keeps other commits away.
drop function if exists hunt_count_attempts(int, int, timestamptz, text[]);
create or replace function hunt_count_in_period(
    p_hunt int, p_what "char", p_most int, p_since timestamptz, p_players text[]
) returns text[]
language plpgsql
as $$
declare
    v_players int := (select count(distinct player) from unnest(p_players) as i (player));
    v_single  boolean := v_players = cardinality(p_players);
    v_counted text[];
    v_rest    text[];
    v_added   text[];
begin
    with counted as (
        update player_periods c
           set since = p_since,
               count = case when c.since = p_since then c.count else 0 end
                     + case when v_single then 1 else cardinality(array_positions(p_players, c.player)) end
         where c.hunt = p_hunt and c.player = any (p_players) and c.what = p_what
           and (p_most is null
                or case when c.since = p_since then c.count else 0 end
                   + case when v_single then 1 else cardinality(array_positions(p_players, c.player)) end <= p_most)
        returning c.player
    )
    select array(select player from counted) into v_counted;
    if cardinality(v_counted) = v_players then
        return '{}';
    end if;
    v_rest := array(select unnest(p_players) except select unnest(v_counted));
    with added as (
        insert into player_periods (hunt, player, what, since, count)
        select p_hunt, a.player, p_what, p_since, count(*) from unnest(p_players) as a (player)
         where a.player = any (v_rest)
         group by a.player having coalesce(count(*) <= p_most, true)
        on conflict do nothing
        returning player
    )
    select array(select player from added) into v_added;
    return array(select unnest(v_rest) except select unnest(v_added));
end $$;
