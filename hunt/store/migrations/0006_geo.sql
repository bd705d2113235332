-- Maps in degrees, and the limit of a player's speed.

alter table hunts
    add column max_speed  float8 check (max_speed > 0),       -- metres or map units a second; null: no limit
    add column sphere     boolean not null default false;     -- positions are degrees, distances metres

alter table prizes
    add column sphere     boolean not null default false;     -- `center` is in degrees, `within` in metres

alter table player_clicks
    add column place      point;  -- of the last click that counted, where the hunt has `max_speed`
