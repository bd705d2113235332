-- Record the head of each hunt whose chain has grown since the last record, at most once a second, and tell it to the streams with
-- scope=all. Every process calls it; one at a time works.
create or replace function hunt_publish_heads() returns void
language plpgsql
as $$
declare
    v_hunt record;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('hunt heads', 0)) then
        return;
    end if;
    for v_hunt in
        select h.number, h.id, h.last_seq, h.head, clock_timestamp() as at
          from hunts h
          left join lateral (
              select p.head, p.at from proof_heads p where p.hunt = h.number order by p.number desc limit 1) p on true
         where h.head is not null
           and (h.state in ('open', 'paused') or h.ended_at > clock_timestamp() - interval '1 minute')
           and (p.head is null or (p.head <> h.head and p.at <= clock_timestamp() - interval '0.9 seconds'))
    loop
        insert into proof_heads (hunt, seq, head, at) values (v_hunt.number, v_hunt.last_seq, v_hunt.head, v_hunt.at);
        perform hunt_live(v_hunt.id, null, 'head', '', jsonb_build_object(
                    'seq', v_hunt.last_seq, 'head', encode(v_hunt.head, 'hex'), 'at', hunt_time(v_hunt.at)));
    end loop;
end $$;
