-- Delete a hunt without clicks, or a closed test hunt; the caller holds the lock on its row.
--
-- The partition is dropped only if no statement uses the log at this moment, because a wait for the lock on the log would
-- block the commits of all hunts. An empty partition that remains costs nothing.
-- The function runs with the rights of the owner of the tables, so that a server's own role needs no right to drop tables.
create or replace function hunt_delete(p_hunt int) returns void language plpgsql
security definer
set search_path from current
as $$
begin
    delete from announcements where hunt = p_hunt;
    delete from hunt_versions where hunt = p_hunt;
    delete from codes where hunt = p_hunt;
    delete from code_pools where hunt = p_hunt;
    delete from proof_entries where hunt = p_hunt;
    delete from proof_timestamps where hunt = p_hunt;
    delete from proof_heads where hunt = p_hunt;
    delete from prize_steps where hunt = p_hunt;
    delete from player_periods where hunt = p_hunt;
    delete from prizes where hunt = p_hunt;
    delete from player_prizes where hunt = p_hunt;
    delete from player_clicks where hunt = p_hunt;
    delete from rejected where hunt = p_hunt;
    if exists (select from hunts where number = p_hunt and test and last_seq > 0) then
        while hunt_purge(p_hunt, 1000000) > 0 loop end loop;  -- what came after the last step
    end if;
    delete from retention where hunt = p_hunt;
    delete from reward_changes_upto where hunt = p_hunt;
    delete from standings where hunt = p_hunt;
    delete from standings_upto where hunt = p_hunt;
    delete from webhooks where hunt = p_hunt;  -- with their secrets and dead letters
    delete from bans where hunt = p_hunt;
    delete from schedule where hunt = p_hunt;
    delete from log_epochs where hunt = p_hunt;
    delete from hunts where number = p_hunt and (last_seq = 0 or test);
    if not found then
        raise exception 'hunt number % has clicks', p_hunt using errcode = 'restrict_violation';
    end if;
    begin
        execute format('lock table rewards_%s in access exclusive mode nowait', p_hunt);
        lock table only rewards in access exclusive mode nowait;
        execute format('drop table rewards_%s', p_hunt);
    exception when lock_not_available then
        null;
    end;
end $$;
