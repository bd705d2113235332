-- Return the prizes of a hunt with what is left of them at a time. As hunt.core.grants.
--
-- now: grants that stock and release plan leave; null: no limit. in_stock: grants that the stock leaves; null: no limit.
-- lost: released grants that were not won before the next step. first: a prize for the first click that is not retired.
--
-- The planner replaces a call by its query, so the callers' cached plans contain it.
create or replace function hunt_left(p_hunt int, p_at timestamptz)
returns table (
    id text, points int, per_player int, overflow text, first boolean, center point, within float8, sphere boolean,
    voided bigint, lost bigint, now bigint, in_stock bigint
)
language sql stable
as $$
    select z.id, z.points, z.per_player, z.overflow, z.first and not z.retired, z.center, z.within, z.sphere,
           z.voided, z.lost, z.may - z.granted - z.lost, z.stock - z.granted - z.lost
      from (select p.*,
                   -- What a step released and nobody won before the next step is lost.
                   case when p.void then greatest(p.voided, t.totals[2] - p.granted) else p.voided end as lost,
                   case
                       when p_at < p.starts or p_at >= p.until then 0
                       else least(
                           p.stock,
                           case when p.stepped then coalesce(t.totals[1], 0) end,
                           case when p.even is not null then
                               case when p_at < lower(p.even) then 0
                                    -- Whole numbers of microseconds: a fraction would be rounded, and release a unit late.
                                    else 1 + div(p.stock * extract(epoch from p_at - lower(p.even)),
                                                 extract(epoch from upper(p.even) - lower(p.even)))::bigint
                               end
                           end)
                   end as may
              from prizes p
              left join lateral (
                  select array_agg(l.total) as totals
                    from (select s.total from prize_steps s
                           where s.hunt = p_hunt and s.prize = p.id and s.at <= p_at
                           order by s.at desc limit 2) l) t on p.stepped
             where p.hunt = p_hunt) z
$$;
