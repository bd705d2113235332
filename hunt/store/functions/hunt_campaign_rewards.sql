-- Return the rewards of a player over the doors of a campaign, by door and seq, after a row of a door, at most p_limit; of
-- the hunts in p_hunts, or (null) of all. The plans are custom for the reason given in hunt_seen.
create or replace function hunt_campaign_rewards(
    p_campaign text, p_player text, p_door int, p_after bigint, p_limit int, p_hunts text[]
)
returns table (door int, hunt text, seq bigint, click_id text, prize text, points int, at text, x float8, y float8,
    sold_out text)
language plpgsql stable
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    v_hunt   int;
    v_id     text;
    v_door   int;
    v_left   int := p_limit;
    v_found  int;
begin
    for v_hunt, v_id, v_door in
        select h.number, h.id, h.door from hunts h
         where h.campaign = (select c.number from campaigns c where c.id = p_campaign)
           and h.door >= p_door and h.last_seq > 0 and (p_hunts is null or h.id = any(p_hunts))
         order by h.door
    loop
        return query
        select v_door, v_id, r.seq, r.click_id::text, r.prize, r.points, hunt_time(r.at), r.x, r.y, r.sold_out
          from rewards r
         where r.hunt = v_hunt and r.player = p_player and r.seq > case v_door when p_door then p_after else 0 end
         order by r.seq limit v_left;
        get diagnostics v_found = row_count;
        v_left := v_left - v_found;
        exit when v_left <= 0;
    end loop;
end $$;
