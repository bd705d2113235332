-- Return half the chord of an angle in degrees, on the unit circle. As hunt.core.sphere.half_chord.
--
-- An angle below 1e-12 counts as 0, because PostgreSQL raises an error if the square of a small number underflows.
create or replace function hunt_chord(p_angle float8) returns float8
language sql immutable parallel safe
return case when abs(p_angle) < 1e-12 then 0 else sin(radians(p_angle) / 2) end;
