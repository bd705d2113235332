-- Delete up to p_rows rows of each table of a closed test hunt, and return how many were deleted. Repeat until it returns 0.
--
-- A step holds locks on the rows that it deletes only. The log is deleted last, so that a hunt whose purge was interrupted still
-- has clicks. The function runs with the rights of the owner of the tables, because a server's own role must not delete a log.
create or replace function hunt_purge(p_hunt int, p_rows int) returns bigint language plpgsql
security definer
set search_path from current
as $$
declare
    v_table text;
    v_count bigint;
    v_total bigint := 0;
begin
    if not exists (select from hunts where number = p_hunt and test and state in ('draft', 'closed')) then
        raise exception 'hunt number % is no closed test hunt', p_hunt using errcode = 'restrict_violation';
    end if;
    foreach v_table in array array[
        'player_periods', 'player_prizes', 'player_clicks', 'standings', 'claims', 'reward_changes', 'rejected', 'codes',
        'erased_leaves'
    ] loop
        execute format('delete from %1$I where ctid = any (array(select ctid from %1$I where hunt = $1 limit $2))', v_table)
          using p_hunt, p_rows;
        get diagnostics v_count = row_count;
        v_total := v_total + v_count;
    end loop;
    if v_total = 0 then
        execute format('delete from rewards_%1$s where seq in (select seq from rewards_%1$s order by seq limit $1)', p_hunt)
          using p_rows;
        get diagnostics v_total = row_count;
    end if;
    return v_total;
end $$;
