-- Refuse every change of the audit trail, except the pseudonym of an erased player.
create or replace function hunt_audit() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE'
       and (new.id, new.at, new.actor, new.action, new.hunt)
           is not distinct from (old.id, old.at, old.actor, old.action, old.hunt)
       and new.detail - 'player' = old.detail - 'player'
       and old.detail ? 'player' and new.detail->>'player' like 'erased-%'
    then
        return new;
    end if;
    raise exception 'the audit trail is append-only' using errcode = 'restrict_violation';
end $$;

create or replace trigger hunt_audit
    before update or delete on audit
    for each row execute function hunt_audit();

create or replace trigger hunt_audit_truncate
    before truncate on audit
    for each statement execute function hunt_audit();
