-- Commit one click as a probe for the breaker, and leave no row behind. Return the id of the hunt that was probed; null
-- if no hunt is open.
--
-- hunt_commit puts the click into the log of a real hunt, and a subtransaction rolls it back. The probe is therefore slow
-- or fails for the same reasons as commits: the lock on the hunt's row, its partition and indexes, triggers, a full disk.
-- A hunt made for probes would have a partition of its own, and would prove nothing about the others.
--
-- The transaction itself commits: it has an id, it wrote to the write-ahead log, and it sends a notice. So its COMMIT
-- flushes that log, waits for a synchronous standby, and needs room in the queue of NOTIFY, as the COMMIT of a batch
-- does. No process listens to the notice.
--
-- p_hunt is probed if it is open, else any open hunt.
create or replace function hunt_try_commit(p_hunt text) returns text
language plpgsql
as $$
declare
    v_hunt   text;
    v_prize  text;
begin
    select h.id, (select z.id from prizes z
                   where z.hunt = h.number and not z.retired and (z.stock is not null or z.per_player is not null)
                   order by z.id limit 1)
      into v_hunt, v_prize
      from hunts h
     where h.state = 'open'
       and coalesce(h.opens_at <= clock_timestamp(), true) and coalesce(clock_timestamp() < h.closes_at, true)
     order by h.id is distinct from p_hunt, random() limit 1;
    if v_hunt is not null then
        begin
            -- No player can have this name: it holds a space.
            perform hunt_commit(v_hunt, array[gen_random_uuid()], array[' probe'], array[point(0, 0)],
                                array[v_prize], array[0], '', null, 0, sha256(''));
            raise exception using errcode = 'H0000';
        exception when sqlstate 'H0000' then
            null;  -- everything since the inner begin is undone
        end;
    end if;
    perform pg_notify('hunt_probe', '');
    return v_hunt;
end $$;
