-- Hunts, their logs, and what operators and the leaderboard need. Functions and their triggers are in ../functions.

create table hunts (
    number      int generated always as identity primary key,
    id          text not null unique check (id ~ '^[a-z0-9-]{1,64}$'),
    definition  jsonb not null,
    version     int not null default 1 check (version >= 1),
    state       text not null default 'draft' check (state in ('draft', 'open', 'paused', 'closed')),
    opens_at    timestamptz,
    closes_at   timestamptz,
    cooldown    float8 not null default 0 check (cooldown >= 0),
    epoch       text not null check (epoch ~ '^[a-z0-9]{1,16}$'),
    seed        bytea not null check (length(seed) = 32),
    last_seq    bigint not null default 0 check (last_seq >= 0),
    ended_at    timestamptz,  -- the recorded end: nothing but the epoch changes after it (hunt_ended)
    ended_by    text,
    check ((state = 'closed') = (ended_at is not null)),
    check ((state = 'closed') = (ended_by is not null))
) with (fillfactor = 50);  -- last_seq changes with every batch: leave room for HOT updates

create table hunt_versions (
    hunt        int not null references hunts,
    version     int not null,
    definition  jsonb not null,
    at          timestamptz not null default clock_timestamp(),
    actor       text not null,
    primary key (hunt, version)
);

create table prizes (
    hunt        int not null references hunts,
    id          text not null,
    stock       int check (stock >= 0),
    per_player  int check (per_player >= 1),
    granted     bigint not null default 0 check (granted >= 0),  -- counted where there is a stock
    retired     boolean not null default false,
    primary key (hunt, id)
) with (fillfactor = 50);

-- The log of each hunt. `seq` is dense and in commit order, because it is assigned under the lock on the hunt's row; a
-- sequence would be neither.
create table rewards (
    hunt      int not null,
    seq       bigint not null check (seq >= 1),
    click_id  uuid not null,
    player    text not null check (octet_length(player) between 1 and 64),  -- the server checks the rest: a pattern costs
    x         float8 not null,
    y         float8 not null,
    prize     text,
    points    int not null check (points >= 0),
    at        timestamptz not null,
    primary key (hunt, seq),
    unique (click_id, hunt)
) partition by list (hunt);
create index rewards_replay on rewards (hunt, player, seq);

create table player_prizes (  -- where a prize has a limit per player
    hunt     int not null references hunts,
    player   text not null,
    prize    text not null,
    granted  int not null,
    primary key (hunt, player, prize)
) with (fillfactor = 70);

create table player_clicks (  -- where a hunt has a cooldown
    hunt    int not null references hunts,
    player  text not null,
    at      timestamptz not null,
    primary key (hunt, player)
) with (fillfactor = 70);

create table rejected (  -- a click that the log refused when it was committed alone
    id        bigint generated always as identity primary key,
    hunt      int not null references hunts,
    click_id  uuid not null,
    player    text not null,
    x         float8 not null,
    y         float8 not null,
    reason    text not null,
    at        timestamptz not null default clock_timestamp()
);

create table audit (  -- append-only (hunt_audit)
    id      bigint generated always as identity primary key,
    at      timestamptz not null default clock_timestamp(),
    actor   text not null,
    action  text not null,
    hunt    text,
    detail  jsonb not null default '{}'
);
create index audit_hunt on audit (hunt, id desc);  -- the audit trail of one hunt, newest first

-- Points of each player: added up from the log in steps, outside the commits, when somebody reads the leaderboard.
create table standings (
    hunt    int not null references hunts,
    player  text not null,
    points  bigint not null,
    wins    bigint not null,
    seq     bigint not null,  -- of the last win: of two with equal points, the one who had them first is ahead
    primary key (hunt, player)
);
create index standings_best on standings (hunt, points desc, seq);

create table standings_upto (  -- the seq up to which the log is added up
    hunt  int primary key references hunts,
    seq   bigint not null default 0
);
