-- Acts of operators at a later time; test hunts.

create table schedule (
    id          int generated always as identity primary key,
    hunt        int not null references hunts,
    at          timestamptz not null,
    action      text not null check (action in ('open', 'pause', 'resume', 'close', 'release', 'announce')),
    text        text,    -- of an announcement; null: it withdraws the last one
    prize       text,    -- of a release
    count       int check (count >= 1),
    within      float8 check (within > 0),  -- seconds; null: performed however late
    state       text not null default 'waiting' check (state in ('waiting', 'done', 'failed', 'dropped')),
    actor       text not null,
    created_at  timestamptz not null default clock_timestamp(),
    settled_at  timestamptz,
    late        float8,  -- seconds
    reason      text,
    check ((action = 'release') = (prize is not null)),
    check ((action = 'release') = (count is not null)),
    check ((state = 'waiting') = (settled_at is null))
);
create index schedule_waiting on schedule (hunt, at, id) where state = 'waiting';
create index schedule_hunt on schedule (hunt, at, id);

alter table hunts add column test boolean not null default false;  -- set when the hunt is created
