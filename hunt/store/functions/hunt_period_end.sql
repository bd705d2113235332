-- Return when the calendar period that began at a time ends; infinity for the whole hunt.
create or replace function hunt_period_end(p_per text, p_timezone text, p_since timestamptz) returns timestamptz
language sql stable
return case p_per
    when 'hunt' then 'infinity'::timestamptz
    when 'hour' then p_since + interval '1 hour'
    else (p_since at time zone p_timezone + ('1 ' || p_per)::interval) at time zone p_timezone
end;
