-- Delete a campaign that has no door any more; the caller holds the lock on its row. Its standings can only be those of
-- doors with clicks, which are never deleted.
-- The function runs with the rights of the owner of the tables, as hunt_delete does.
create or replace function hunt_campaign_delete(p_campaign int) returns void language sql
security definer
set search_path from current
begin atomic
    delete from campaigns where number = p_campaign;
end;
