-- Return the name of a player in the audit trail: a keyed hash of the id. The key never leaves the database; only this function
-- reads it, with the rights of the owner of the tables.
create or replace function hunt_pseudonym(p_player text) returns text
language sql stable
security definer
set search_path from current
as $$
    select 'player-' || left(encode(sha256(k.key || convert_to(p_player, 'UTF8') || k.key), 'hex'), 24) from audit_key k
$$;
