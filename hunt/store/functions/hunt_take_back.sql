-- Take back rewards that were voided: their units, their points, and the fields of their claims. The caller holds the lock on the hunt's
-- row. Limits of players still count these wins. Where a prize loses what a step released and nobody won, a unit of an earlier step is lost.
-- A code stays spent: grant number n of a prize with codes gets code n, so its grants never fall.
--
-- The points are taken from the leaderboards if they are added up already; hunt_add_up leaves the others out. It takes the same locks, in
-- the same order, while it adds.
create or replace function hunt_take_back(p_hunt int, p_seqs bigint[], p_at timestamptz) returns void
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
declare
    v_upto      bigint;
    v_campaign  int := (select h.campaign from hunts h where h.number = p_hunt);
begin
    update prizes z set granted = z.granted - n.granted, voided = z.voided + case when z.void then n.lost else 0 end
      from (select r.prize, count(*) as granted,
                   count(*) filter (where exists (
                       select from prize_steps t
                        where t.hunt = p_hunt and t.prize = r.prize and t.at > r.at and t.at <= p_at)) as lost
              from rewards r where r.hunt = p_hunt and r.seq = any(p_seqs) group by r.prize) n
     where z.hunt = p_hunt and z.id = n.prize and (z.stock is not null or z.stepped or z.even is not null)
       and not z.codes;
    delete from claims c where c.hunt = p_hunt and c.seq = any(p_seqs);

    if v_campaign is not null then
        perform from campaigns c where c.number = v_campaign for no key update;
    end if;
    insert into standings_upto (hunt) values (p_hunt) on conflict do nothing;
    select u.seq into v_upto from standings_upto u where u.hunt = p_hunt for update;
    update standings s set points = s.points - n.points, wins = s.wins - n.wins
      from (select r.player, sum(r.points) as points, count(*) as wins from rewards r
             where r.hunt = p_hunt and r.seq = any(p_seqs) and r.seq <= v_upto group by r.player) n
     where s.hunt = p_hunt and s.player = n.player;
    if v_campaign is not null then
        update campaign_standings s set points = s.points - n.points, wins = s.wins - n.wins
          from (select r.player, sum(r.points) as points, count(*) as wins from rewards r
                 where r.hunt = p_hunt and r.seq = any(p_seqs) and r.seq <= v_upto group by r.player) n
         where s.campaign = v_campaign and s.player = n.player;
    end if;
end $$;
