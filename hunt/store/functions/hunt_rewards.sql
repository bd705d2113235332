-- Return rewards with p_after < seq <= p_upto in order, at most p_limit, of one player or (null) of all players.
-- The state is null where it is `granted`.
-- The plan is custom for the reason given in hunt_seen.
-- The result of a function cannot be replaced, so a version with fewer columns is dropped first.
drop function if exists hunt_rewards(text, text, bigint, bigint, int);
create function hunt_rewards(p_hunt text, p_player text, p_after bigint, p_upto bigint, p_limit int)
returns table (seq bigint, click_id text, player text, prize text, points int, at text, x float8, y float8,
    sold_out text, code bytea, state text)
language plpgsql stable
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    v_hunt     int;
    v_codes    boolean;
    v_changes  boolean;
begin
    select h.number, h.codes into v_hunt, v_codes from hunts h where h.id = p_hunt;
    v_changes := exists (select from reward_changes_upto u where u.hunt = v_hunt);
    return query
    select r.seq, r.click_id::text, r.player, r.prize, r.points, hunt_time(r.at), r.x, r.y, r.sold_out,
           case when v_codes and r.prize is not null then hunt_code(v_hunt, r.seq) end,
           case when v_changes and r.prize is not null then nullif(hunt_reward_state(v_hunt, r.seq), 'granted') end
      from rewards r
     where r.hunt = v_hunt and (p_player is null or r.player = p_player) and r.seq > p_after and r.seq <= p_upto
     order by r.seq limit p_limit;
end $$;
