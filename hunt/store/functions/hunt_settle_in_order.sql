-- Decide what each new click of a batch gets, one click after the other, where a limit is near: whether a grant is left,
-- and for whom, depends on the clicks before. hunt_settle calls it, and counts the grants; see there for the results.
--
-- Everything that decides is read into arrays first, so a click costs no statement of its own. Only clicks that drew a
-- prize, or are at a prize for the first click, are looked at.
create or replace function hunt_settle_in_order(
    p_hunt int, p_at timestamptz, p_max_wins int, p_wins_since timestamptz, p_players text[], p_places point[],
    inout p_prizes text[], inout p_points int[], out denied int[], out sold int[], out given int[]
)
language plpgsql
as $$
declare
    -- Of each prize, in the order of their ids:
    v_ids       text[];
    v_worth     int[];
    v_left      bigint[];    -- grants that stock and release plan leave now; null: no limit
    v_stock     bigint[];    -- grants that the stock leaves; null: no limit
    v_limits    int[];       -- grants to one player
    v_overflows text[];      -- id of another prize
    v_centers   point[];
    v_within    float8[];
    v_spheres   boolean[];   -- the center is in degrees, and `within` in metres

    v_firsts    int[];       -- numbers of the prizes for the first click that have grants left
    v_size      int;         -- number of prizes
    v_click     record;
    v_prize     int;         -- number of a prize
    v_turn      int;
    v_key       int;
    v_won       int[];       -- wins of a player so far, at the number of the player's first click
    v_had       int[];       -- grants of a prize to a player so far
    v_wins      boolean;
begin
    denied := '{}';
    sold := '{}';
    given := '{}';
    select array_agg(z.id), array_agg(z.points), array_agg(z.now), array_agg(z.in_stock), array_agg(z.per_player),
           array_agg(z.overflow), array_agg(z.center), array_agg(z.within), array_agg(z.sphere), count(*),
           coalesce(array_agg(z.number) filter (where z.first and z.now > 0), '{}')
      into v_ids, v_worth, v_left, v_stock, v_limits, v_overflows, v_centers, v_within, v_spheres, v_size, v_firsts
      from (select l.*, row_number() over (order by l.id collate "C")::int as number  -- as Python and every verifier sort
              from hunt_left(p_hunt, p_at) l
             order by l.id collate "C") z;
    v_won := array_fill(null::int, array[cardinality(p_players)]);
    v_had := array_fill(null::int, array[cardinality(p_players) * v_size]);
    for v_click in
        select i.ord::int as ord, i.player, i.place, array_position(v_ids, i.prize) as prize,
               min(i.ord) over (partition by i.player)::int as who,
               case when p_max_wins is not null then (
                   select c.count from player_periods c
                    where c.hunt = p_hunt and c.player = i.player and c.what = 'w' and c.since = p_wins_since) end as won
          from unnest(p_players, p_places, p_prizes) with ordinality as i (player, place, prize, ord)
         where i.prize is not null or exists (
               select from unnest(v_firsts) as f (number)
                where v_within[f.number] is null
                   or hunt_distance(v_centers[f.number], i.place, v_spheres[f.number]) <= v_within[f.number])
         order by i.ord
    loop
        v_wins := false;
        v_turn := 0;
        foreach v_prize in array v_firsts || v_click.prize loop
            v_turn := v_turn + 1;
            if v_turn <= cardinality(v_firsts) then
                continue when hunt_distance(v_centers[v_prize], v_click.place, v_spheres[v_prize]) > v_within[v_prize];
            else
                -- The drawn prize, or the one that it overflows to.
                while v_left[v_prize] <= 0 and v_stock[v_prize] <= 0 loop
                    v_prize := array_position(v_ids, v_overflows[v_prize]);
                    if v_prize is null then
                        sold := sold || v_click.ord;
                    end if;
                end loop;
                exit when v_prize is null;
            end if;
            continue when v_left[v_prize] <= 0
                       or coalesce(v_won[v_click.who], v_click.won, 0) >= p_max_wins;
            if v_limits[v_prize] is not null then
                v_key := (v_click.who - 1) * v_size + v_prize;
                if v_had[v_key] is null then
                    v_had[v_key] := coalesce((
                        select p.granted from player_prizes p
                         where p.hunt = p_hunt and p.player = v_click.player and p.prize = v_ids[v_prize]), 0);
                end if;
                continue when v_had[v_key] >= v_limits[v_prize];
                v_had[v_key] := v_had[v_key] + 1;
            end if;
            v_wins := true;
            exit;
        end loop;
        if v_wins then
            v_won[v_click.who] := coalesce(v_won[v_click.who], v_click.won, 0) + 1;
            v_left[v_prize] := v_left[v_prize] - 1;
            v_stock[v_prize] := v_stock[v_prize] - 1;
            if v_prize is distinct from v_click.prize then
                given := given || v_click.ord;
                p_prizes[v_click.ord] := v_ids[v_prize];
                p_points[v_click.ord] := v_worth[v_prize];
            end if;
        elsif v_click.prize is not null then
            denied := denied || v_click.ord;
        end if;
    end loop;
end $$;
