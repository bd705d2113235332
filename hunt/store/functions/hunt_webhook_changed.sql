-- Notify the servers of every change of a webhook by an operator. The progress of deliveries is not notified: it never sets
-- these columns. A failed delivery sets `stopped`, which operators never set alone.
create or replace function hunt_webhook_changed() returns trigger language plpgsql as $$
begin
    perform pg_notify('hunt_hunts', h.id) from hunts h
      where h.number = case tg_op when 'DELETE' then old.hunt else new.hunt end;
    return null;
end $$;

create or replace trigger hunt_webhook_changed
    after insert or delete or update of url, events, prizes, patience on webhooks
    for each row execute function hunt_webhook_changed();
