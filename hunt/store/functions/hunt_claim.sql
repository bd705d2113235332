-- Claim a reward for its player, or replace the fields of its claim. Return a verdict, and the state of the reward:
--
-- 0: claimed. 1: the player has no such reward. 2: the state does not allow it. 3: the deadline has passed.
--
-- p_until and p_within are the deadline, as a time and from the win on; null: none. p_sealed are the fields; null: the form has none.
-- The hunt's row is not locked, so claims do not slow clicks. The plan is custom for the reason given in hunt_seen.
create or replace function hunt_claim(
    p_hunt text, p_player text, p_seq bigint, p_until timestamptz, p_within interval, p_sealed bytea, p_retain interval
) returns table (verdict int, state text)
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    v_hunt   int := (select h.number from hunts h where h.id = p_hunt);
    v_last   bigint;
    v_won    timestamptz;
    v_prize  text;
    v_state  text;
    v_at     timestamptz;
begin
    select r.at, r.prize into v_won, v_prize from rewards r
     where r.hunt = v_hunt and r.seq = p_seq and r.player = p_player and r.prize is not null;
    if not found then
        return query select 1, null::text;
        return;
    end if;
    v_last := hunt_last_change(v_hunt);
    v_state := hunt_reward_state(v_hunt, p_seq);
    v_at := clock_timestamp();
    if v_state in ('sent', 'void') then
        return query select 2, v_state;
        return;
    end if;
    if v_at >= p_until or v_at >= v_won + p_within then
        return query select 3, v_state;
        return;
    end if;
    if p_sealed is not null then
        insert into claims as c (hunt, seq, sealed, at, expires_at)
        values (v_hunt, p_seq, p_sealed, v_at, v_at + p_retain)
        on conflict (hunt, seq) do update
           set sealed = excluded.sealed, at = excluded.at, expires_at = excluded.expires_at;
    end if;
    if v_state = 'granted' then
        insert into reward_changes (hunt, number, seq, state, at) values (v_hunt, v_last + 1, p_seq, 'claimed', v_at);
        update reward_changes_upto u set number = v_last + 1 where u.hunt = v_hunt;
        perform hunt_live(p_hunt, p_player, 'reward_state', p_seq::text, jsonb_build_object(
            'seq', p_seq, 'prize', v_prize, 'state', 'claimed', 'at', hunt_time(v_at)));
    end if;
    return query select 0, 'claimed';
end $$;
