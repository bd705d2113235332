-- Send a live event to the streams of a hunt in every process, when the transaction commits.
--
-- p_player: only to the streams of this player's rewards; null: to all streams of the hunt. p_kind: name of the event.
-- p_key distinguishes values of one kind: of two events with the same kind and key only the later one may arrive.
-- Delivery is not certain, so p_data must tell a value that a client can also read elsewhere.
create or replace function hunt_live(p_hunt text, p_player text, p_kind text, p_key text, p_data jsonb) returns void
language sql
as $$
    select pg_notify('hunt_live', jsonb_build_object('h', p_hunt, 'p', p_player, 'k', p_kind, 'i', p_key, 'd', p_data)::text)
$$;
