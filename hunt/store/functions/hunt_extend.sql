-- Extend the chain of a hunt by an entry. Nothing happens in a hunt without a chain, or after its end.
--
-- p_document: the canonical JSON of the entry. p_definition: of a seal, the definition whose commitment it has. The caller holds the lock
-- on the hunt's row.
create or replace function hunt_extend(p_hunt int, p_document text, p_definition text) returns void
language plpgsql
as $$
begin
    update hunts h
       set head = sha256(E'hunt entry 1\n'::bytea || h.head || convert_to(p_document, 'UTF8')),
           public_hash = case when p_definition is null then h.public_hash else sha256(convert_to(p_document, 'UTF8')) end
     where h.number = p_hunt and h.head is not null and h.state <> 'closed';
    if found then
        insert into proof_entries (hunt, number, seq, document, definition)
        select p_hunt, 1 + coalesce((select max(e.number) from proof_entries e where e.hunt = p_hunt), 0), h.last_seq,
               p_document, p_definition
          from hunts h where h.number = p_hunt;
    end if;
end $$;
