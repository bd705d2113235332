-- Add the next rows of the logs of all doors of a campaign, at most p_most, to the points of the players, as hunt_add_up
-- does. Return the number of rows that are added, all earlier ones included, and the number of rows left.
create or replace function hunt_campaign_add_up(p_campaign text, p_most int) returns table (upto bigint, rest bigint)
language plpgsql
as $$
declare
    v_campaign  int;
    v_hunt      text;
    v_before    bigint;
    v_left      bigint := p_most;
begin
    select c.number into v_campaign from campaigns c where c.id = p_campaign for no key update skip locked;
    if not found then  -- deleted, or another caller adds
        return query select 0::bigint, 0::bigint;
        return;
    end if;
    for v_hunt, v_before in
        select h.id, coalesce(u.seq, 0) from hunts h left join standings_upto u on u.hunt = h.number
         where h.campaign = v_campaign and h.last_seq > coalesce(u.seq, 0) order by h.door
    loop
        exit when v_left <= 0;
        select v_left - (a.upto - v_before) into v_left from hunt_add_up(p_hunt => v_hunt, p_most => v_left::int) a;
    end loop;
    return query  -- without progress, an erasure holds the standings of a door: the caller must not try again at once
    select sum(coalesce(u.seq, 0))::bigint,
           case when v_left < p_most then sum(h.last_seq - coalesce(u.seq, 0))::bigint else 0 end
      from hunts h left join standings_upto u on u.hunt = h.number
     where h.campaign = v_campaign;
end $$;
