-- Notify of every change of a hunt that servers must read. For last_seq, hunt_commit notifies.
create or replace function hunt_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('hunt_hunts', case tg_op when 'DELETE' then old.id else new.id end);
    return null;
end $$;

create or replace trigger hunt_changed
    after insert or delete or update of definition, version, state, epoch on hunts
    for each row execute function hunt_changed();
