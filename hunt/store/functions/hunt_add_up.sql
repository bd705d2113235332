-- Add the next rows of the log, at most p_most, to the points of the players. Return the seq up to which rows are added,
-- and the number of rows left. A second caller does not wait for the first, and adds nothing. No lock that a commit needs
-- is taken.
create or replace function hunt_add_up(p_hunt text, p_most int) returns table (upto bigint, rest bigint)
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
declare
    v_hunt  int;
    v_last  bigint;
    v_upto  bigint;
    v_to    bigint;
begin
    select h.number, h.last_seq into v_hunt, v_last from hunts h where h.id = p_hunt;
    insert into standings_upto (hunt) values (v_hunt) on conflict do nothing;
    select u.seq into v_upto from standings_upto u where u.hunt = v_hunt for update skip locked;
    if not found then
        return query select u.seq, 0::bigint from standings_upto u where u.hunt = v_hunt;
        return;
    end if;
    v_to := least(v_last, v_upto + p_most);
    if v_to > v_upto then
        insert into standings as s (hunt, player, points, wins, seq)
        select v_hunt, r.player, sum(r.points), count(*), max(r.seq) from rewards r
         where r.hunt = v_hunt and r.seq > v_upto and r.seq <= v_to and r.prize is not null
         group by r.player
        on conflict (hunt, player) do update
           set points = s.points + excluded.points, wins = s.wins + excluded.wins, seq = excluded.seq;
        update standings_upto u set seq = v_to where u.hunt = v_hunt;
    end if;
    return query select v_to, v_last - v_to;
end $$;
