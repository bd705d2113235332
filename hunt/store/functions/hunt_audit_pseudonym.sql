-- Replace the id of a player in a new entry of the audit trail by its pseudonym. The trail is append-only, so an id in it could not be
-- erased. A trigger does it, so that no writer can forget it.
create or replace function hunt_audit_pseudonym() returns trigger language plpgsql as $$
begin
    if not (new.detail->>'player' like 'erased-%' or new.detail->>'player' ~ '^player-[0-9a-f]{24}$') then
        new.detail := jsonb_set(new.detail, '{player}', to_jsonb(hunt_pseudonym(new.detail->>'player')));
    end if;
    return new;
end $$;

create or replace trigger hunt_audit_pseudonym
    before insert on audit
    for each row when (new.detail ? 'player') execute function hunt_audit_pseudonym();
