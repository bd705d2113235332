-- Decide what each new click of a batch gets, in a hunt with rules, and count it. As hunt.core.grants.
--
-- The clicks are decided one after the other: whether a grant is left, and for whom, depends on those before. The
-- prizes are read once into arrays, and written back once. Only clicks that drew a prize cost anything, unless a prize
-- for the first click waits to be won.
--
-- prizes, points: what each click gets. denied: the clicks that drew a prize and get nothing. sold: those of them whose
-- prize is sold out. other: whether a click gets a prize that it did not draw.
create or replace function hunt_settle(
    p_hunt int, p_at timestamptz, p_max_wins int, p_wins_since timestamptz, p_players text[], p_places point[],
    inout p_prizes text[], inout p_points int[], out denied int[], out sold int[], out other boolean
)
language plpgsql
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    -- Of each prize, in the order of their ids:
    v_ids       text[];
    v_worth     int[];
    v_left      bigint[];    -- grants that stock and release plan leave now; null: no limit
    v_stock     bigint[];    -- grants that the stock leaves; null: no limit
    v_limits    int[];       -- grants to one player
    v_overflow  int[];       -- the number of another prize
    v_centers   point[];
    v_within    float8[];
    v_granted   int[];       -- by this batch
    v_is_first  boolean[];   -- for the first click, without a draw

    v_firsts    int[];       -- numbers of the prizes for the first click that have grants left
    v_first     int;
    v_prize     int;
    v_wins      boolean;
begin
    denied := '{}';
    sold := '{}';
    other := false;
    -- What a step released and nobody won before the next step is lost.
    update prizes z set voided = s.before - z.granted
      from prizes y,
           lateral (select t.total as before from prize_steps t
                     where t.hunt = p_hunt and t.prize = y.id and t.at <= p_at order by t.at desc offset 1 limit 1) s
     where y.hunt = p_hunt and y.void and z.hunt = p_hunt and z.id = y.id and z.voided < s.before - z.granted;

    with state as (
        select z.*, z.stock - z.granted - z.voided as stock_left,
               case
                   when p_at < z.starts or p_at >= z.until then 0
                   else least(
                       z.stock,
                       case when z.stepped then coalesce((
                           select t.total from prize_steps t
                            where t.hunt = p_hunt and t.prize = z.id and t.at <= p_at order by t.at desc limit 1), 0)
                       end,
                       case when z.even is not null then
                           case when p_at < lower(z.even) then 0
                                else 1 + floor(z.stock * (extract(epoch from p_at - lower(z.even))
                                                          / extract(epoch from upper(z.even) - lower(z.even))))::bigint
                           end
                       end) - z.granted - z.voided
               end as left
          from prizes z where z.hunt = p_hunt
    )
    select array_agg(s.id order by s.id), array_agg(s.points order by s.id), array_agg(s.left order by s.id),
           array_agg(s.stock_left order by s.id), array_agg(s.per_player order by s.id),
           array_agg(s.center order by s.id), array_agg(s.within order by s.id),
           array_agg(0 order by s.id), array_agg(s.first and not s.retired order by s.id),
           array_agg((select count(*) from prizes y where y.hunt = p_hunt and y.id <= s.overflow) order by s.id)
      into v_ids, v_worth, v_left, v_stock, v_limits, v_centers, v_within, v_granted, v_is_first, v_overflow
      from state s;
    select coalesce(array_agg(n.number order by n.number), '{}') into v_firsts
      from unnest(v_is_first) with ordinality as n (first, number)
     where n.first and v_left[n.number] > 0;

    for v_ord in 1 .. cardinality(p_players) loop
        continue when p_prizes[v_ord] is null and v_firsts = '{}';
        v_wins := false;
        foreach v_first in array v_firsts loop
            v_prize := v_first;
            continue when v_left[v_prize] <= 0
                       or (v_centers[v_prize] <-> p_places[v_ord]) > v_within[v_prize];
            v_wins := hunt_count_grant(
                p_hunt, p_players[v_ord], v_ids[v_prize], v_limits[v_prize], p_max_wins, p_wins_since);
            exit when v_wins;
        end loop;
        if not v_wins then
            v_prize := array_position(v_ids, p_prizes[v_ord]);
            continue when v_prize is null;
            loop
                if coalesce(v_left[v_prize] > 0, true) then
                    v_wins := (v_limits[v_prize] is null and p_max_wins is null) or hunt_count_grant(
                        p_hunt, p_players[v_ord], v_ids[v_prize], v_limits[v_prize], p_max_wins, p_wins_since);
                    exit;
                end if;
                exit when v_stock[v_prize] > 0 or v_stock[v_prize] is null;
                if v_overflow[v_prize] = 0 then
                    sold := sold || v_ord;
                    exit;
                end if;
                v_prize := v_overflow[v_prize];
            end loop;
        end if;
        if v_wins then
            v_left[v_prize] := v_left[v_prize] - 1;
            v_stock[v_prize] := v_stock[v_prize] - 1;
            v_granted[v_prize] := v_granted[v_prize] + 1;
            if p_prizes[v_ord] is distinct from v_ids[v_prize] then
                other := true;
                p_prizes[v_ord] := v_ids[v_prize];
                p_points[v_ord] := v_worth[v_prize];
            end if;
        else
            denied := denied || v_ord;
            p_prizes[v_ord] := null;
            p_points[v_ord] := 0;
        end if;
    end loop;

    update prizes z set granted = z.granted + n.granted
      from unnest(v_ids, v_granted) as n (id, granted)
     where n.granted > 0 and z.hunt = p_hunt and z.id = n.id
       and (z.stock is not null or z.stepped or z.even is not null);
end $$;
