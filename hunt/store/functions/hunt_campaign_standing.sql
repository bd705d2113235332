-- Return each door of a campaign that a player has played, in order, with wins and points: those that are added up already,
-- and those of later rows. Rewards that are void do not count. The plans are custom for the reason given in hunt_seen.
create or replace function hunt_campaign_standing(p_campaign text, p_player text)
returns table (door int, hunt text, wins bigint, points bigint)
language plpgsql stable
set plan_cache_mode = force_custom_plan
as $$
declare
    v_hunt  int;
    v_upto  bigint;
begin
    for v_hunt, v_upto, door, hunt in
        select h.number, coalesce(u.seq, 0), h.door, h.id
          from hunts h left join standings_upto u on u.hunt = h.number
         where h.campaign = (select c.number from campaigns c where c.id = p_campaign) and h.last_seq > 0
         order by h.door
    loop
        if exists (select from rewards r where r.hunt = v_hunt and r.player = p_player) then
            select count(r.prize) + coalesce(max(s.wins), 0),
                   coalesce(sum(r.points), 0) + coalesce(max(s.points), 0)
              into wins, points
              from (select) as one
              left join standings s on s.hunt = v_hunt and s.player = p_player
              left join rewards r on r.hunt = v_hunt and r.player = p_player and r.seq > v_upto
               and not exists (
                   select from reward_changes c where c.hunt = v_hunt and c.seq = r.seq and c.state = 'void');
            return next;
        end if;
    end loop;
end $$;
