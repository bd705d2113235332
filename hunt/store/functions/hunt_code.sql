-- Return the code of a reward as hunt_bind_codes does, with the number 0 instead of that of a click; null if it has none.
create or replace function hunt_code(p_hunt int, p_reward bigint) returns bytea
language plpgsql stable
set enable_seqscan = off
set enable_bitmapscan = off
as $$
begin
    return (select int4send(0) || int4send(c.position) || c.sealed from codes c where c.hunt = p_hunt and c.reward = p_reward);
end $$;
