-- Players and networks that may not play.

create table bans (
    id       int generated always as identity primary key,
    player   text check (octet_length(player) between 1 and 64),
    network  cidr,
    hunt     int references hunts,  -- null: all hunts
    reason   text not null default '',
    until    timestamptz,           -- null: no end
    at       timestamptz not null default clock_timestamp(),
    actor    text not null,
    check ((player is null) <> (network is null))
);
create unique index bans_once on bans (coalesce(player, ''), coalesce(network::text, ''), coalesce(hunt, 0));
