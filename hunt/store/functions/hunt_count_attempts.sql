-- Count the clicks of a batch as attempts of their players, in the period that began at p_since. Return the players with
-- more clicks in the batch than they have attempts left; no click of theirs is counted.
--
-- Most players have clicked before, so their rows are updated, and only the others are looked at again: "on conflict" would
-- lock each row before its update. The caller's lock on the hunt's row keeps other commits away. The subquery with a limit
-- makes the planner look up each player, whatever size it assumes for the table.
create or replace function hunt_count_attempts(p_hunt int, p_attempts int, p_since timestamptz, p_players text[])
returns text[]
language plpgsql
as $$
declare
    v_players int;
    v_counted text[];
    v_rest    text[];
    v_added   text[];
begin
    with asked as (
        select a.player, count(*)::int as clicks from unnest(p_players) as a (player) group by a.player
    ), counted as (
        update player_periods c
           set since = p_since, count = case when c.since = p_since then c.count else 0 end + a.clicks
          from asked a,
               lateral (select k.ctid from player_periods k
                         where k.hunt = p_hunt and k.player = a.player and k.what = 'a' limit 1) k
         where c.ctid = k.ctid and case when c.since = p_since then c.count else 0 end + a.clicks <= p_attempts
        returning c.player
    )
    select (select count(*) from asked), array(select player from counted) into v_players, v_counted;
    if cardinality(v_counted) = v_players then
        return '{}';
    end if;
    v_rest := array(select unnest(p_players) except select unnest(v_counted));
    with added as (
        insert into player_periods (hunt, player, what, since, count)
        select p_hunt, a.player, 'a', p_since, count(*) from unnest(p_players) as a (player)
         where a.player = any (v_rest)
         group by a.player having count(*) <= p_attempts
        on conflict do nothing
        returning player
    )
    select array(select player from added) into v_added;
    return array(select unnest(v_rest) except select unnest(v_added));
end $$;
