-- Extend the chain by the end of the hunt, in the statement that records the end.
create or replace function hunt_chain_end() returns trigger language plpgsql as $$
declare
    v_document text := '{"at":"' || hunt_time(new.ended_at) || '","kind":"end","seq":' || new.last_seq || '}';
begin
    new.head := sha256(E'hunt entry 1\n'::bytea || new.head || convert_to(v_document, 'UTF8'));
    insert into proof_entries (hunt, number, seq, document)
    select new.number, 1 + coalesce(max(e.number), 0), new.last_seq, v_document
      from proof_entries e where e.hunt = new.number;
    return new;
end $$;

create or replace trigger hunt_chain_end
    before update on hunts
    for each row when (old.state <> 'closed' and new.state = 'closed' and new.head is not null)
    execute function hunt_chain_end();
