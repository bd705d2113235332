-- Return when the calendar period that contains a time began; -infinity for the whole hunt. An hour that a change of
-- clocks repeats is two periods. As hunt.core.periods.began.
create or replace function hunt_period(p_per text, p_timezone text, p_at timestamptz) returns timestamptz
language sql stable
return case p_per when 'hunt' then '-infinity'::timestamptz else date_trunc(p_per, p_at, p_timezone) end;
