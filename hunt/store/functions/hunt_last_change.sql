-- Return the number of the last change of a hunt's rewards, and lock it until the transaction ends: changes are numbered in commit order.
-- A transaction that needs the lock on the hunt's row, too, takes that one first.
create or replace function hunt_last_change(p_hunt int) returns bigint
language plpgsql
as $$
declare
    v_last bigint;
begin
    select u.number into v_last from reward_changes_upto u where u.hunt = p_hunt for update;
    if not found then
        insert into reward_changes_upto (hunt) values (p_hunt) on conflict do nothing;
        select u.number into v_last from reward_changes_upto u where u.hunt = p_hunt for update;
    end if;
    return v_last;
end $$;
