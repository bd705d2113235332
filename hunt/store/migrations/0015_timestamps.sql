-- Timestamps of published heads: what a time stamping authority (RFC 3161) answered. See docs/reference/proof.md.

create table proof_timestamps (
    hunt   int not null,
    head   bigint not null,  -- number of the head
    token  bytea not null,   -- the whole answer, in DER
    primary key (hunt, head),
    foreign key (hunt, head) references proof_heads
);
