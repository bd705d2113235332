-- Return the leaves of clicks in the chain of their hunt, 32 bytes each, as hunt.core.chain.leaf does.
create or replace function hunt_leaves(p_hunt int, p_ids uuid[], p_players text[], p_places point[]) returns bytea
language sql stable
as $$
    select string_agg(
               sha256(E'hunt click 1\n'::bytea || uuid_send(i.click_id)
                      || substr(sha256(E'hunt player 1\n'::bytea || h.player_key || convert_to(i.player, 'UTF8')), 1, 16)
                      || float8send(i.place[0]) || float8send(i.place[1])), ''
               order by i.ord)
      from hunts h, unnest(p_ids, p_players, p_places) with ordinality as i (click_id, player, place, ord)
     where h.number = p_hunt
$$;
