-- Delete the fields of claims whose time is over, at most p_most, and erase the next players of a hunt whose time is over, at most p_most.
-- Return the number of claims and of players. One caller at a time; another one does nothing.
--
-- The audit trail records deleted claims with each call, and a hunt when its last player is erased.
create or replace function hunt_retain(p_most int, out claims bigint, out players bigint)
language plpgsql
set plan_cache_mode = force_custom_plan
as $$
declare
    v_hunt    int;
    v_upto    text;
    v_player  text;
    v_clicks  bigint := 0;
    v_seen    int := 0;
begin
    claims := 0;
    players := 0;
    if not pg_try_advisory_xact_lock(hashtextextended('hunt retention', 0)) then
        return;
    end if;

    with due as (
        select c.hunt, c.seq from claims c where c.expires_at <= clock_timestamp()
         order by c.expires_at limit p_most for update skip locked
    ), gone as (
        delete from claims c using due d where c.hunt = d.hunt and c.seq = d.seq returning c.hunt, c.seq
    ), recorded as (
        insert into audit (actor, action, hunt, detail)
        select 'hunt (retain)', 'retain', h.id, jsonb_build_object(
                   'before', jsonb_build_object('claims', count(*)), 'after', jsonb_build_object('claims', 0),
                   'seqs', jsonb_agg(g.seq order by g.seq))
          from gone g join hunts h on h.number = g.hunt group by h.id
    )
    select count(*) into claims from gone;

    select t.hunt, t.upto into v_hunt, v_upto from retention t join hunts h on h.number = t.hunt
     where t.done_at is null and h.state = 'closed' and h.ended_at + t.keep <= clock_timestamp()
     order by h.ended_at limit 1;
    if not found then
        return;
    end if;
    loop
        select r.player into v_player from rewards r
         where r.hunt = v_hunt and r.player > v_upto order by r.player limit 1;
        exit when not found or v_seen = p_most;
        v_seen := v_seen + 1;
        v_upto := v_player;
        continue when v_player like 'erased-%';
        v_clicks := v_clicks + hunt_erase(
            v_hunt, v_player, 'erased-' || right(replace(gen_random_uuid()::text, '-', ''), 16));
        players := players + 1;
    end loop;
    update retention t
       set upto = v_upto, players = t.players + hunt_retain.players, clicks = t.clicks + v_clicks
     where t.hunt = v_hunt;
    if v_player is not null then
        return;
    end if;
    update rejected set x = null, y = null, player = 'erased-' || right(replace(gen_random_uuid()::text, '-', ''), 16)
     where hunt = v_hunt and player not like 'erased-%';
    update campaign_standings s  -- only once every door of the campaign is done
       set player = 'erased-' || right(replace(gen_random_uuid()::text, '-', ''), 16)
      from hunts h
     where h.number = v_hunt and s.campaign = h.campaign and s.player not like 'erased-%'
       and not exists (
           select from hunts o left join retention t on t.hunt = o.number
            where o.campaign = h.campaign and o.number <> v_hunt and t.done_at is null);
    update retention t set done_at = clock_timestamp() where t.hunt = v_hunt;
    insert into audit (actor, action, hunt, detail)
    select 'hunt (retain)', 'retain', h.id, jsonb_build_object(
               'before', jsonb_build_object('players', t.players, 'clicks', t.clicks), 'after', jsonb_build_object('players', 0),
               'ended_at', hunt_time(h.ended_at), 'keep', t.keep::text)
      from retention t join hunts h on h.number = t.hunt where t.hunt = v_hunt;
end $$;
