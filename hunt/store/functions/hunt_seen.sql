-- Return whether any of these clicks is in the log.
--
-- A generic plan that reads `rewards` without knowing the hunt locks every partition, and with a thousand hunts the
-- lock table of a few connections is full. A custom plan knows the hunt and locks one partition.
create or replace function hunt_seen(p_hunt int, p_ids uuid[]) returns boolean
language plpgsql stable
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_custom_plan
as $$
begin
    return exists (
        select from unnest(p_ids) as i (click_id)
         where (select true from rewards r where r.click_id = i.click_id and r.hunt = p_hunt limit 1));
end $$;
