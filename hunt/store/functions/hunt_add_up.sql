-- Add the next rows of the log, at most p_most, to the points of the players, of the hunt and of its campaign. Return the
-- seq up to which rows are added, and the number of rows left. A second caller does not wait for the first, and adds
-- nothing. No lock that a commit needs is taken.
--
-- Two doors of a campaign are never added up at the same time, because both change the rows of the same players: the
-- lock on the campaign's row. Rewards that are void do not count.
create or replace function hunt_add_up(p_hunt text, p_most int) returns table (upto bigint, rest bigint)
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
declare
    v_hunt      int;
    v_last      bigint;
    v_campaign  int;
    v_upto      bigint;
    v_to        bigint;
    v_void      boolean;  -- whether a reward of this hunt may be void
begin
    select h.number, h.last_seq, h.campaign into v_hunt, v_last, v_campaign from hunts h where h.id = p_hunt;
    insert into standings_upto (hunt) values (v_hunt) on conflict do nothing;
    if v_campaign is not null then
        perform from campaigns c where c.number = v_campaign for no key update skip locked;
        if not found then
            return query select u.seq, 0::bigint from standings_upto u where u.hunt = v_hunt;
            return;
        end if;
    end if;
    select u.seq into v_upto from standings_upto u where u.hunt = v_hunt for update skip locked;
    if not found then
        return query select u.seq, 0::bigint from standings_upto u where u.hunt = v_hunt;
        return;
    end if;
    v_to := least(v_last, v_upto + p_most);
    if v_to > v_upto then
        v_void := exists (select from reward_changes_upto c where c.hunt = v_hunt);
        with won as materialized (
            select r.player, sum(r.points) as points, count(*) as wins, max(r.seq) as seq, max(r.at) as at from rewards r
             where r.hunt = v_hunt and r.seq > v_upto and r.seq <= v_to and r.prize is not null
               and not (v_void and exists (
                   select from reward_changes c where c.hunt = v_hunt and c.seq = r.seq and c.state = 'void'))
             group by r.player
        ), of_campaign as (
            insert into campaign_standings as c (campaign, player, points, wins, reached)
            select v_campaign, w.player, w.points, w.wins, w.at from won w where v_campaign is not null
            on conflict (campaign, player) do update
               set points = c.points + excluded.points, wins = c.wins + excluded.wins,
                   reached = greatest(c.reached, excluded.reached)
        )
        insert into standings as s (hunt, player, points, wins, seq)
        select v_hunt, w.player, w.points, w.wins, w.seq from won w where true
        on conflict (hunt, player) do update
           set points = s.points + excluded.points, wins = s.wins + excluded.wins, seq = excluded.seq;
        update standings_upto u set seq = v_to where u.hunt = v_hunt;
    end if;
    return query select v_to, v_last - v_to;
end $$;
