-- The proof of a hunt: the hash chain over its log, with seals and other entries; recorded heads; the leaves of erased rows.
-- The formats are in docs/reference/proof.md. Hunts that exist already stay without.

alter table hunts
    add column algorithm        int not null default 1,
    add column head             bytea check (length(head) = 32),        -- of the chain
    add column chained_at       timestamptz,                            -- time of the last batch
    add column public_hash      bytea,                                  -- of the latest seal
    add column player_key       bytea check (length(player_key) = 32),  -- of the pseudonyms of players
    add column sealed_code_key  bytea,                                  -- of the salts of codes
    add column share_hash       bytea check (length(share_hash) = 32),  -- commitment to the second share of the seed
    add column sealed_share     bytea,
    add check ((algorithm >= 2) = (head is not null)),
    add check ((algorithm >= 2) = (player_key is not null));

create table proof_entries (  -- what is in the chain beside the rows of the log
    hunt        int not null references hunts,
    number      int not null check (number >= 1),  -- dense within the hunt
    seq         bigint not null check (seq >= 0),  -- of the last row before it
    document    text not null,                     -- as it was hashed
    definition  text,                              -- of a seal: the definition whose commitment it has
    primary key (hunt, number)
);

create table proof_heads (  -- heads that were published while the hunt was open
    hunt    int not null references hunts,
    number  bigint generated always as identity,
    seq     bigint not null,
    head    bytea not null,
    at      timestamptz not null,
    primary key (hunt, number)
);

create table erased_leaves (  -- the leaves of rows whose player is erased
    hunt  int not null references hunts,
    seq   bigint not null,
    leaf  bytea not null check (length(leaf) = 32),
    primary key (hunt, seq)
);

alter table codes add column leaf bytea check (length(leaf) = 32);

create table code_pools (  -- the trees over the codes of each prize
    hunt   int not null references hunts,
    prize  text not null,
    size   int not null,
    peaks  bytea not null,  -- the roots of its perfect subtrees, the largest first
    primary key (hunt, prize)
);
