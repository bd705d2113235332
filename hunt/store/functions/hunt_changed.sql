-- Notify the servers of every change of a hunt that they must read. hunt_commit notifies them of a new last_seq.
create or replace function hunt_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('hunt_hunts', case tg_op when 'DELETE' then old.id else new.id end);
    return null;
end $$;

create or replace trigger hunt_changed
    after insert or delete or update of definition, version, state, epoch on hunts
    for each row execute function hunt_changed();
