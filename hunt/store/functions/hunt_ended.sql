-- Refuse every change of a hunt whose end is recorded: its seed is public, and the seed tells which click ids win.
-- A new epoch is allowed, for a database that was restored from a backup, and so is another encryption of the seed and the
-- secrets beside it.
create or replace function hunt_ended() returns trigger language plpgsql as $$
declare
    v_new hunts := new;
begin
    v_new.epoch := old.epoch;
    if new.sealed_share is not null then
        v_new.sealed_share := old.sealed_share;
    end if;
    if new.sealed_code_key is not null then
        v_new.sealed_code_key := old.sealed_code_key;
    end if;
    if new.sealed_seed is not null and new.seed is null then
        v_new.seed := old.seed;
        v_new.sealed_seed := old.sealed_seed;
    end if;
    if v_new is distinct from old then
        raise exception 'hunt % has ended: its record is final', old.id using errcode = 'restrict_violation';
    end if;
    return new;
end $$;

create or replace trigger hunt_ended
    before update on hunts
    for each row when (old.state = 'closed') execute function hunt_ended();
