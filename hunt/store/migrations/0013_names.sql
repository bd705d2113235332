-- The names of players, over all hunts.

create table player_names (
    player   text primary key check (octet_length(player) between 1 and 64),
    name     text not null check (char_length(name) between 1 and 64),
    folded   text not null,                   -- as the filter compares it
    claimed  boolean not null default false,  -- from the player's token
    refused  boolean not null default false,  -- by an operator: it is not shown, and cannot be changed
    at       timestamptz not null default clock_timestamp()
);
create index player_names_folded on player_names (folded);
