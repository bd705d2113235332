-- Return the present state of a reward, from its last change.
create or replace function hunt_reward_state(p_hunt int, p_seq bigint) returns text
language sql stable
as $$
    select coalesce((select c.state from reward_changes c
                      where c.hunt = p_hunt and c.seq = p_seq order by c.number desc limit 1), 'granted')
$$;
