-- Notify of every change of a hunt that a server must read; last_seq has notices of its own (hunt_commit).
create or replace function hunt_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('hunt_hunts', case tg_op when 'DELETE' then old.id else new.id end);
    return null;
end $$;

create or replace trigger hunt_changed
    after insert or delete or update of definition, version, state, epoch on hunts
    for each row execute function hunt_changed();
