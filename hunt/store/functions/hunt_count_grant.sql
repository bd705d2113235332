-- Count a grant of a prize to a player; return false, and count nothing, if that is over a limit of the player.
create or replace function hunt_count_grant(
    p_hunt int, p_player text, p_prize text, p_limit int, p_max_wins int, p_since timestamptz
) returns boolean
language plpgsql
as $$
begin
    if p_max_wins is not null then
        insert into player_periods as c (hunt, player, what, since, count) values (p_hunt, p_player, 'w', p_since, 1)
        on conflict (hunt, player, what) do update
           set since = excluded.since, count = case when c.since = excluded.since then c.count else 0 end + 1
         where c.since <> excluded.since or c.count < p_max_wins;
        if not found then
            return false;
        end if;
    end if;
    if p_limit is not null then
        insert into player_prizes as p (hunt, player, prize, granted) values (p_hunt, p_player, p_prize, 1)
        on conflict (hunt, player, prize) do update set granted = p.granted + 1
         where p.granted < p_limit;
        if not found then
            if p_max_wins is not null then
                update player_periods set count = count - 1 where hunt = p_hunt and player = p_player and what = 'w';
            end if;
            return false;
        end if;
    end if;
    return true;
end $$;
