-- Challenges that were used for a session, so that no node takes them again until they expire.

create table used_challenges (
    challenge  bytea primary key check (length(challenge) = 32),
    until      timestamptz not null
);
create index used_challenges_until on used_challenges (until);
