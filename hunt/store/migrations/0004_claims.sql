-- States of rewards after they were granted, the fields of claims, and what is erased when. The log never changes.

create table reward_changes (  -- append-only; a reward without a row is granted
    hunt    int not null references hunts,
    number  bigint not null check (number >= 1),  -- dense within the hunt, in commit order
    seq     bigint not null,
    state   text not null check (state in ('claimed', 'sent', 'void')),
    at      timestamptz not null,
    actor   text,  -- null: the player
    reason  text check ((reason is not null) = (state = 'void')),
    primary key (hunt, number),
    unique (hunt, seq, state)
);

create table reward_changes_upto (  -- of hunts with changes: the last number; its row is locked by each change
    hunt    int primary key references hunts,
    number  bigint not null default 0
);

create table claims (  -- the fields of a claim, sealed with the data keys
    hunt        int not null references hunts,
    seq         bigint not null,
    sealed      bytea not null,
    at          timestamptz not null,  -- of the last claim
    expires_at  timestamptz not null,
    primary key (hunt, seq)
);
create index claims_expire on claims (expires_at);

create table retention (  -- of hunts with a `retain`: how long players are kept after the recorded end
    hunt     int primary key references hunts,
    keep     interval not null,
    upto     text not null default '',  -- players up to this one are erased
    players  bigint not null default 0,  -- erased so far
    clicks   bigint not null default 0,
    done_at  timestamptz
);

-- The position of an erased player is null.
alter table rewards alter column x drop not null, alter column y drop not null;
alter table rejected alter column x drop not null, alter column y drop not null;

create table audit_key (  -- one row: the key of the pseudonyms in the audit trail
    key  bytea not null check (length(key) = 32)
);
insert into audit_key values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
