-- The last message of an operator to everyone in a hunt.

create table announcements (
    hunt    int primary key references hunts,
    number  int not null check (number >= 1),  -- how many messages there were, withdrawals included
    text    text check (length(text) between 1 and 500),  -- null: withdrawn
    at      timestamptz not null
);
