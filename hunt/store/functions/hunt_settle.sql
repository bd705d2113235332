-- Decide what each new click of a batch gets, in a hunt with rules, and count it. As hunt.core.grants.
--
-- Where a limit is near, the clicks are decided one after the other: whether a grant is left, and for whom, depends on those
-- before. Everything that decides is read into arrays first, and written back once, so a click costs no statement of its
-- own. Only clicks that drew a prize, or are at a prize for the first click, are looked at. Only the caller's lock on the
-- hunt's row makes this right. hunt_commit has set the options of the planner.
--
-- prizes, points: what each click gets, or the drawn prize of a click that gets nothing. denied: the clicks that drew a
-- prize and get nothing. sold: those of them whose prize is sold out. given: the clicks that get a prize that they did not
-- draw.
--
-- The result of a function cannot be replaced, so a version without `given` is dropped first.
do $$
begin
    if not exists (select from pg_proc where proname = 'hunt_settle' and 'given' = any(proargnames)) then
        drop function if exists hunt_settle(int, timestamptz, int, timestamptz, text[], point[], text[], int[]);
    end if;
end $$;
drop function if exists hunt_count_grant(int, text, text, int, int, timestamptz);
create or replace function hunt_settle(
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
    v_voided    bigint[];    -- released grants that are lost

    v_firsts    int[];       -- numbers of the prizes for the first click that have grants left
    v_size      int;         -- number of prizes
    v_lost      boolean;
    v_limited   boolean;
    v_again     boolean;     -- a player drew more than one prize
    v_tight     boolean;     -- some click may not get what it drew, or may get more
    v_click     record;
    v_prize     int;         -- number of a prize
    v_turn      int;
    v_key       int;
    v_won       int[];       -- wins of a player so far, at the number of the player's first click
    v_had       int[];       -- grants of a prize to a player so far
    v_wins      boolean;
    v_winners   text[] := '{}';  -- the players of all grants
    v_grants    int[] := '{}';   -- and the numbers of the prizes
begin
    denied := '{}';
    sold := '{}';
    given := '{}';
    select array_agg(s.id), array_agg(s.points), array_agg(s.may - s.granted - s.lost),
           array_agg(s.stock - s.granted - s.lost), array_agg(s.per_player), array_agg(s.overflow),
           array_agg(s.center), array_agg(s.within), array_agg(s.sphere), array_agg(s.lost),
           bool_or(s.lost > s.voided), bool_or(s.per_player is not null), count(*),
           coalesce(array_agg(s.number) filter (
               where s.first and not s.retired and s.may > s.granted + s.lost), '{}')
      into v_ids, v_worth, v_left, v_stock, v_limits, v_overflows, v_centers, v_within, v_spheres, v_voided,
           v_lost, v_limited, v_size, v_firsts
      from (select z.*, row_number() over (order by z.id collate "C")::int as number,
                   -- What a step released and nobody won before the next step is lost.
                   case when z.void then greatest(z.voided, t.totals[2] - z.granted) else z.voided end as lost,
                   case
                       when p_at < z.starts or p_at >= z.until then 0
                       else least(
                           z.stock,
                           case when z.stepped then coalesce(t.totals[1], 0) end,
                           case when z.even is not null then
                               case when p_at < lower(z.even) then 0
                                    -- Whole numbers of microseconds: a fraction would be rounded, and release a unit late.
                                    else 1 + div(z.stock * extract(epoch from p_at - lower(z.even)),
                                                 extract(epoch from upper(z.even) - lower(z.even)))::bigint
                               end
                           end)
                   end as may
              from prizes z
              left join lateral (
                  select array_agg(l.total) as totals
                    from (select s.total from prize_steps s
                           where s.hunt = p_hunt and s.prize = z.id and s.at <= p_at
                           order by s.at desc limit 2) l) t on z.stepped
             where z.hunt = p_hunt
             order by z.id collate "C") s;  -- as Python and every verifier sort
    if v_lost then
        update prizes z set voided = n.voided from unnest(v_ids, v_voided) as n (id, voided)
         where z.hunt = p_hunt and z.id = n.id and z.voided < n.voided;
    end if;
    -- Nearly always each click gets what it drew, and no order matters.
    select coalesce(array_agg(i.player), '{}'), coalesce(array_agg(array_position(v_ids, i.prize)), '{}'),
           count(distinct i.player collate "C") < count(*)
      into v_winners, v_grants, v_again
      from unnest(p_players, p_prizes) as i (player, prize) where i.prize is not null;
    v_tight := exists (
            select from unnest(v_grants) as g (prize) group by g.prize having g.prize is null or count(*) > v_left[g.prize])
        or v_again and (v_limited or p_max_wins is not null)
        or p_max_wins is not null and exists (
            select from player_periods c
             where c.hunt = p_hunt and c.player = any (v_winners) and c.what = 'w' and c.since = p_wins_since
               and c.count >= p_max_wins)
        or v_limited and exists (
            select from unnest(v_winners, v_grants) as g (player, prize)
             where v_limits[g.prize] <= (
                   select p.granted from player_prizes p
                    where p.hunt = p_hunt and p.player = g.player and p.prize = v_ids[g.prize]))
        or v_firsts <> '{}' and exists (
            select from unnest(p_places) as i (place), unnest(v_firsts) as f (number)
             where v_within[f.number] is null
                or hunt_distance(v_centers[f.number], i.place, v_spheres[f.number]) <= v_within[f.number]);
    if v_tight then
        v_winners := '{}';
        v_grants := '{}';
        v_won := array_fill(null::int, array[cardinality(p_players)]);
        if v_limited then
            v_had := array_fill(null::int, array[cardinality(p_players) * v_size]);
        end if;

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
                v_winners := v_winners || v_click.player;
                v_grants := v_grants || v_prize;
                if v_prize is distinct from v_click.prize then
                    given := given || v_click.ord;
                    p_prizes[v_click.ord] := v_ids[v_prize];
                    p_points[v_click.ord] := v_worth[v_prize];
                end if;
            elsif v_click.prize is not null then
                denied := denied || v_click.ord;
            end if;
        end loop;
    end if;

    if v_grants = '{}' then
        return;
    end if;
    update prizes z set granted = z.granted + n.granted
      from (select g.number, count(*) as granted from unnest(v_grants) as g (number) group by g.number) n
     where z.hunt = p_hunt and z.id = v_ids[n.number]
       and (z.stock is not null or z.stepped or z.even is not null);
    if p_max_wins is not null then
        perform hunt_count_in_period(p_hunt, 'w', null, p_wins_since, v_winners);
    end if;
    if v_limited then
        insert into player_prizes as p (hunt, player, prize, granted)
        select p_hunt, g.player, v_ids[g.number], count(*) from unnest(v_winners, v_grants) as g (player, number)
         where v_limits[g.number] is not null
         group by g.player, g.number
        on conflict (hunt, player, prize) do update set granted = p.granted + excluded.granted;
    end if;
end $$;
