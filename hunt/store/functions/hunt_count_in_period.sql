-- Count the clicks of a batch in the period that began at p_since, and its wins in the one that began at p_wins_since; null:
-- they are not counted. p_won: the prize of each click; null: it won nothing. p_single: no player clicked twice.
--
-- Most players have rows, so rows are updated first: "on conflict" would lock each before its update. The others are
-- inserted. The caller's lock on the hunt's row keeps other commits away.
drop function if exists hunt_count_attempts(int, int, timestamptz, text[]);
drop function if exists hunt_count_in_period(int, "char", int, timestamptz, text[]);
create or replace function hunt_count_in_period(
    p_hunt int, p_since timestamptz, p_wins_since timestamptz, p_single boolean, p_players text[], p_won text[]
) returns void
language plpgsql
as $$
declare
    v_winners  text[];
    v_counted  int;
begin
    if p_since is not null then
        update player_periods c
           set since = p_since,
               count = case when c.since = p_since then c.count else 0 end
                     + case when p_single then 1 else cardinality(array_positions(p_players, c.player)) end
         where c.hunt = p_hunt and c.player = any (p_players) and c.what = 'a';
        get diagnostics v_counted = row_count;
        if v_counted < cardinality(p_players) then
            insert into player_periods (hunt, player, what, since, count)
            select p_hunt, i.player, 'a', p_since, count(*) from unnest(p_players) as i (player) group by i.player
            on conflict do nothing;
        end if;
    end if;
    if p_wins_since is not null then
        v_winners := array(select i.player from unnest(p_players, p_won) as i (player, prize) where i.prize is not null);
        if v_winners <> '{}' then
            update player_periods c
               set since = p_wins_since,
                   count = case when c.since = p_wins_since then c.count else 0 end
                         + case when p_single then 1 else cardinality(array_positions(v_winners, c.player)) end
             where c.hunt = p_hunt and c.player = any (v_winners) and c.what = 'w';
            get diagnostics v_counted = row_count;
            if v_counted < cardinality(v_winners) then
                insert into player_periods (hunt, player, what, since, count)
                select p_hunt, i.player, 'w', p_wins_since, count(*) from unnest(v_winners) as i (player) group by i.player
                on conflict do nothing;
            end if;
        end if;
    end if;
end $$;
