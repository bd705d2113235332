-- Create a hunt's partition of the log. It is created as a table and then attached, because "partition of" would block
-- running servers. The function runs with the rights of the owner of the tables, so that a server's own role needs no right to create tables.
create or replace function hunt_create_log(p_hunt int) returns void language plpgsql
security definer
set search_path from current
as $$
begin
    execute format('create table rewards_%s (like rewards including all)', p_hunt);
    execute format('alter table rewards_%s add constraint only_hunt check (hunt = %s)', p_hunt, p_hunt);
    execute format('alter table rewards attach partition rewards_%s for values in (%s)', p_hunt, p_hunt);
end $$;
