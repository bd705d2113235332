-- Return the distance between two positions, neither of which is null: metres on the sphere, or map units. As
-- hunt.core.maps.Map.distance, in the same order of operations. A square is a product, because that is exact to the last
-- bit. The cosine of a latitude is the sine of its complement, because radians() of a tiny number would underflow.
create or replace function hunt_distance(p_a point, p_b point, p_sphere boolean) returns float8
language sql immutable parallel safe
return case
    when p_sphere then 2 * 6371008.8::float8 * asin(sqrt(least(
        hunt_chord(p_b[1] - p_a[1]) * hunt_chord(p_b[1] - p_a[1])
        + sin(radians(90 - abs(p_a[1]))) * sin(radians(90 - abs(p_b[1])))
          * (hunt_chord(p_b[0] - p_a[0]) * hunt_chord(p_b[0] - p_a[0])), 1)))
    else p_a <-> p_b
end;
