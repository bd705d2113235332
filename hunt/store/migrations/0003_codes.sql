-- Codes of prizes, encrypted; seeds of hunts, encrypted where the server has keys. See hunt.core.key_ring.

alter table hunts
    alter column seed drop not null,
    add column sealed_seed  bytea,
    add column codes        boolean not null default false,  -- whether a prize has, or had, codes
    add constraint hunts_one_seed check ((seed is null) <> (sealed_seed is null));

alter table prizes
    add column codes      boolean not null default false,  -- then the stock is the number of codes
    add column code_keys  text[] not null default '{}',    -- ids of the keys that seal its codes
    add check (not codes or stock is not null);

create table codes (
    hunt      int not null references hunts,
    prize     text not null,
    position  int not null check (position >= 1),  -- dense: the grant with this number gets the code
    sealed    bytea not null,
    digest    bytea not null check (octet_length(digest) = 16),  -- keyed
    reward    bigint,  -- seq of the reward that has the code; null: not handed out
    primary key (hunt, prize, position),
    unique (hunt, digest)
) with (fillfactor = 90);
create unique index codes_reward on codes (hunt, reward) where reward is not null;
