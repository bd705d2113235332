-- Record the former epoch of a log, so that its rows keep their event ids; end the leases of its webhooks, whose holders
-- read the log anew.
create or replace function hunt_new_epoch() returns trigger language plpgsql as $$
begin
    insert into log_epochs (hunt, epoch, upto) values (old.number, old.epoch, old.last_seq);
    update webhooks set holder = null, held_until = null where hunt = old.number;
    return null;
end $$;

create or replace trigger hunt_new_epoch
    after update of epoch on hunts
    for each row when (old.epoch <> new.epoch) execute function hunt_new_epoch();
