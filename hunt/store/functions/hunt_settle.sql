-- Decide what each new click of a batch gets, in a hunt with rules, and count the grants. As hunt.core.grants.
--
-- Nearly always no click depends on another one of its batch: each prize has enough left for all clicks that drew it, or
-- nothing, and no player won twice. Then one statement finds the clicks that get nothing, if there can be any. Otherwise
-- hunt_settle_in_order decides. A statement costs more to start than to run over a batch, so there are few.
-- Only the caller's lock on the hunt's row makes this right. hunt_commit has set the options of the planner.
--
-- p_full: players of the batch who have p_max_wins wins already; null: none. p_single: no player clicked twice.
--
-- prizes, points: what each click gets, or the drawn prize of a click that gets nothing. denied: the clicks that drew a
-- prize and get nothing. sold: those of them whose prize is sold out. given: the clicks that get a prize that they did not
-- draw.
drop function if exists hunt_settle(int, timestamptz, int, timestamptz, text[], point[], text[], int[]);
drop function if exists hunt_count_grant(int, text, text, int, int, timestamptz);
create or replace function hunt_settle(
    p_hunt int, p_at timestamptz, p_max_wins int, p_wins_since timestamptz, p_full text[], p_single boolean,
    p_players text[], p_places point[],
    inout p_prizes text[], inout p_points int[], out denied int[], out sold int[], out given int[]
)
language plpgsql
as $$
declare
    v_ordered  boolean;       -- whether the order of the clicks matters
    v_lost     boolean;
    v_firsts   text[];        -- prizes for the first click that have grants left
    v_gone     text[];        -- prizes of which nothing is left now
    v_sold     text[];        -- those of them whose stock is used up
    v_limited  text[];        -- prizes with a limit per player
    v_limits   int[];         -- these limits
    v_won      text[];        -- the prize of each click, without those that were denied
    v_number   int;
begin
    denied := '{}';
    sold := '{}';
    given := '{}';
    select coalesce(bool_or(z.drawn > 0 and case
               when z.now <= 0 then z.in_stock <= 0 and z.overflow is not null
               else z.now < z.drawn end), false),
           bool_or(z.lost > z.voided),
           array_agg(z.id) filter (where z.first and z.now > 0),
           array_agg(z.id) filter (where z.now <= 0),
           array_agg(z.id) filter (where z.now <= 0 and z.in_stock <= 0),
           array_agg(z.id) filter (where z.per_player is not null),
           array_agg(z.per_player) filter (where z.per_player is not null)
      into v_ordered, v_lost, v_firsts, v_gone, v_sold, v_limited, v_limits
      from (select l.*, cardinality(array_positions(p_prizes, l.id)) as drawn from hunt_left(p_hunt, p_at) l) z;
    if v_lost then
        update prizes z set voided = l.lost from hunt_left(p_hunt, p_at) l
         where z.hunt = p_hunt and z.id = l.id and z.voided < l.lost;
    end if;
    if not p_single and not v_ordered and (v_limited is not null or p_max_wins is not null) then
        v_ordered := (select count(distinct i.player collate "C") < count(*)
                        from unnest(p_players, p_prizes) as i (player, prize) where i.prize is not null);
    end if;
    if v_firsts is not null and not v_ordered then
        v_ordered := exists (
            select from unnest(p_places) as i (place), prizes z
             where z.hunt = p_hunt and z.id = any (v_firsts)
               and (z.within is null or hunt_distance(z.center, i.place, z.sphere) <= z.within));
    end if;
    if v_ordered then
        select s.* into p_prizes, p_points, denied, sold, given
          from hunt_settle_in_order(p_hunt, p_at, p_max_wins, p_wins_since, p_players, p_places, p_prizes, p_points) s;
    elsif p_prizes && v_gone or p_prizes && v_limited or p_full <> '{}' then
        select coalesce(array_agg(i.ord order by i.ord), '{}'),
               coalesce(array_agg(i.ord order by i.ord) filter (where i.prize = any (v_sold)), '{}')
          into denied, sold
          from unnest(p_players, p_prizes) with ordinality as i (player, prize, ord)
         where i.prize = any (v_gone)
            or i.prize is not null and i.player = any (p_full)
            or i.prize = any (v_limited) and v_limits[array_position(v_limited, i.prize)] <= (
                   select p.granted from player_prizes p
                    where p.hunt = p_hunt and p.player = i.player and p.prize = i.prize);
    end if;

    v_won := p_prizes;
    foreach v_number in array denied loop
        v_won[v_number] := null;
    end loop;
    update prizes z set granted = z.granted + cardinality(array_positions(v_won, z.id))
     where z.hunt = p_hunt and z.id = any (v_won)
       and (z.stock is not null or z.stepped or z.even is not null);
    if v_won && v_limited then
        insert into player_prizes as p (hunt, player, prize, granted)
        select p_hunt, i.player, i.prize, count(*) from unnest(p_players, v_won) as i (player, prize)
         where i.prize = any (v_limited)
         group by i.player, i.prize
        on conflict (hunt, player, prize) do update set granted = p.granted + excluded.granted;
    end if;
end $$;
