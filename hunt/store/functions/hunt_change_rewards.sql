-- Mark rewards as sent, or void them, with an audit entry. Return each reward with its state before.
--
-- If a row has `wrong`, that reward does not allow the change, and nothing was changed. Rewards that are in the state already are left
-- alone. p_seqs null: all rewards of p_player but those that are sent.
--
-- The lock on the hunt's row makes a void and the commits take turns: a unit that returns is won by a later click. The plan is custom
-- for the reason given in hunt_seen.
create or replace function hunt_change_rewards(
    p_hunt text, p_seqs bigint[], p_player text, p_state text, p_reason text, p_actor text
) returns table (seq bigint, before text, wrong text)
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
    v_hunt   int;
    v_asks   text[];      -- prizes that ask for a claim
    v_last   bigint;
    v_at     timestamptz;
    v_row    record;
    v_all    bigint[] := p_seqs;
    v_wrong  boolean := false;
    v_todo   bigint[] := '{}';
    v_was    text[] := '{}';
begin
    select h.number,
           array(select p->>'id' from jsonb_array_elements(h.definition->'prizes') p where p ? 'claim')
      into v_hunt, v_asks from hunts h where h.id = p_hunt for no key update;
    v_last := hunt_last_change(v_hunt);
    v_at := clock_timestamp();
    if p_seqs is null then
        v_all := array(select r.seq from rewards r
                        where r.hunt = v_hunt and r.player = p_player and r.prize is not null);
    end if;
    for v_row in
        select i.seq, r.player, r.prize, hunt_reward_state(v_hunt, i.seq) as state
          from (select distinct s as seq from unnest(v_all) s) i
          left join lateral (select * from rewards w where w.hunt = v_hunt and w.seq = i.seq and w.prize is not null) r on true
         order by i.seq
    loop
        seq := v_row.seq;
        before := v_row.state;
        wrong := case
            when v_row.prize is null then 'is not a reward of this hunt'
            when v_row.state = p_state then null
            when v_row.state = 'void' then 'is void'
            when v_row.state = 'sent' and p_seqs is not null then 'is sent'
            when p_state = 'sent' and v_row.state = 'granted' and v_row.prize = any(v_asks) then 'is not claimed yet'
            when v_row.player = any(regexp_split_to_array(p_reason, '[^A-Za-z0-9_.:-]+'))
              or v_row.player = any(regexp_split_to_array(p_reason, '[^A-Za-z0-9_-]+'))
                then 'the reason must not contain the id of the player'
        end;
        if wrong is not null then
            v_wrong := true;
        elsif v_row.state not in (p_state, 'sent') then
            v_todo := v_todo || v_row.seq;
            v_was := v_was || v_row.state;
        end if;
        return next;
    end loop;
    if v_wrong or v_todo = '{}' then
        return;
    end if;

    insert into reward_changes (hunt, number, seq, state, at, actor, reason)
    select v_hunt, v_last + i.ord, i.seq, p_state, v_at, p_actor, p_reason
      from unnest(v_todo) with ordinality as i (seq, ord);
    update reward_changes_upto u set number = v_last + cardinality(v_todo) where u.hunt = v_hunt;
    if p_state = 'void' then
        perform hunt_take_back(v_hunt, v_todo, v_at);
        perform hunt_extend(v_hunt, '{"at":"' || hunt_time(v_at) || '","kind":"void","rewards":' || array_to_json(v_todo)
                                    || ',"seq":' || h.last_seq || '}', null)
           from hunts h where h.number = v_hunt;
    end if;
    insert into audit (actor, action, hunt, detail)
    select p_actor, p_state, p_hunt, jsonb_strip_nulls(jsonb_build_object(
               'before', jsonb_object_agg(i.seq, i.was), 'after', jsonb_object_agg(i.seq, p_state),
               'reason', p_reason, 'player', p_player))
      from unnest(v_todo, v_was) as i (seq, was);
    perform hunt_live(p_hunt, r.player, 'reward_state', r.seq::text, jsonb_build_object(
                'seq', r.seq, 'prize', r.prize, 'state', p_state, 'at', hunt_time(v_at)))
       from rewards r where r.hunt = v_hunt and r.seq = any(v_todo);
end $$;
