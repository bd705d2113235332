-- Keep a server of an earlier release from sending rewards to a webhook that follows the changes: it does not know the column
-- `log`. The holder of a lease of such a webhook ends with the name of the log; an update to another holder has no effect.
create or replace function hunt_webhook_held() returns trigger language plpgsql as $$
begin
    return null;
end $$;

create or replace trigger hunt_webhook_held
    before update of holder on webhooks
    for each row when (new.log <> 'rewards' and right(new.holder, 8) <> ' changes') execute function hunt_webhook_held();
