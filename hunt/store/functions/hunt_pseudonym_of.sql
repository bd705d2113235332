-- Return the pseudonym of a player in the proof of a hunt, as hunt.core.chain.Pseudonyms does: 16 bytes; null in a hunt without a chain.
create or replace function hunt_pseudonym_of(p_hunt int, p_player text) returns bytea
language sql stable
as $$
    select substr(sha256(E'hunt player 1\n'::bytea || h.player_key || convert_to(p_player, 'UTF8')), 1, 16)
      from hunts h where h.number = p_hunt
$$;
