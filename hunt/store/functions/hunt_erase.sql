-- Erase a player of one hunt: replace the id by a pseudonym, and remove positions and the fields of claims. In a hunt with a chain, keep the leaves of
-- the rows. Return the number of clicks.
--
-- The rows of the log stay: without them it would have gaps, and the counts of the stock would be wrong. The lock keeps the
-- leaderboard from adding the id again meanwhile, and makes a second erasure wait. The plan is custom for the reason given
-- in hunt_seen.
create or replace function hunt_erase(p_hunt int, p_player text, p_pseudonym text) returns bigint
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
declare
    v_clicks  bigint;
    v_tag     bytea := hunt_pseudonym_of(p_hunt, p_player);
begin
    insert into standings_upto (hunt) values (p_hunt) on conflict do nothing;
    perform from standings_upto where hunt = p_hunt for update;
    update standings set player = p_pseudonym where hunt = p_hunt and player = p_player;
    delete from claims c using rewards r
     where r.hunt = p_hunt and r.player = p_player and r.prize is not null and c.hunt = p_hunt and c.seq = r.seq;
    insert into erased_leaves (hunt, seq, leaf)
    select p_hunt, r.seq, sha256(E'hunt click 1\n'::bytea || uuid_send(r.click_id) || v_tag || float8send(r.x) || float8send(r.y))
      from rewards r where v_tag is not null and r.hunt = p_hunt and r.player = p_player and r.x is not null;
    update rewards set player = p_pseudonym, x = null, y = null where hunt = p_hunt and player = p_player;
    get diagnostics v_clicks = row_count;
    update player_prizes set player = p_pseudonym where hunt = p_hunt and player = p_player;
    update player_periods set player = p_pseudonym where hunt = p_hunt and player = p_player;
    delete from player_clicks where hunt = p_hunt and player = p_player;
    update rejected set player = p_pseudonym, x = null, y = null where hunt = p_hunt and player = p_player;
    return v_clicks;
end $$;
