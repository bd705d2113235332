-- Bind a code to each reward of a batch whose prize has codes; hunt_commit calls it under the lock on the hunt's row.
--
-- The grants of a prize are counted, and the grant number n gets the code at position n. So no search for a free code is
-- needed, and the order is that in which the codes were loaded.
--
-- Return the codes: for each the number of its click in the batch (4 bytes), its position (4 bytes), and the sealed code;
-- null if none was won. A reward without a code fails the commit.
--
-- A loop, because the planner cannot be kept from reading all codes of a hunt in a join.
create or replace function hunt_bind_codes(p_hunt int, p_last bigint, p_prizes text[], p_denied int[]) returns bytea[]
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_win    record;
    v_code   bytea;
    v_codes  bytea[];
begin
    for v_win in
        select i.ord, i.prize,
               z.granted - count(*) over (partition by i.prize) + row_number() over (partition by i.prize order by i.ord)
                   as number
          from unnest(p_prizes) with ordinality as i (prize, ord)
          join prizes z on z.hunt = p_hunt and z.id = i.prize
         where z.codes and i.ord <> all (p_denied)
         order by i.prize, i.ord
    loop
        update codes c set reward = p_last + v_win.ord
         where c.hunt = p_hunt and c.prize = v_win.prize and c.position = v_win.number and c.reward is null
        returning int4send(v_win.ord::int) || int4send(c.position) || c.sealed into v_code;
        if not found then
            raise exception 'prize % has no code for grant %', v_win.prize, v_win.number using errcode = 'no_data_found';
        end if;
        v_codes := v_codes || v_code;
    end loop;
    return v_codes;
end $$;
