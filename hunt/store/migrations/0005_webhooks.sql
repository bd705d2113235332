-- Webhooks: endpoints with their position in the log, and dead letters; the epochs that logs had before.

create table webhooks (
    id             bigint generated always as identity primary key,
    hunt           int not null references hunts,
    url            text not null,
    events         text not null default 'wins' check (events in ('wins', 'clicks')),
    prizes         text[],  -- null: all
    patience       int not null default 86400 check (patience > 0),  -- seconds
    created_at     timestamptz not null default clock_timestamp(),
    stopped        text check (stopped in ('operator', 'gone')),
    seq            bigint not null check (seq >= 0),  -- the last row of the log that was dealt with
    attempts       int not null default 0,  -- failed attempts of the next event
    failing_since  timestamptz,
    next_attempt   timestamptz,
    last_attempt   timestamptz,
    last_status    int,
    last_error     text,
    holder         text,  -- the lease of the process that sends, by the database's clock
    held_until     timestamptz
) with (fillfactor = 50);
create index webhooks_hunt on webhooks (hunt);

create table webhook_secrets (
    webhook     bigint not null references webhooks on delete cascade,
    number      int not null,  -- the greatest one is the newest
    sealed      bytea not null,
    expires_at  timestamptz,  -- null: in use until it is replaced
    primary key (webhook, number)
);

create table webhook_dead (  -- events that were skipped; the log has their content
    webhook   bigint not null references webhooks on delete cascade,
    seq       bigint not null,
    at        timestamptz not null default clock_timestamp(),
    attempts  int not null,
    status    int,
    error     text,
    replay    boolean not null default false,  -- to be sent again
    primary key (webhook, seq)
);

create table log_epochs (  -- a former epoch of a log, and the last of its rows that is left
    number  bigint generated always as identity primary key,
    hunt    int not null references hunts,
    epoch   text not null,
    upto    bigint not null
);
create index log_epochs_hunt on log_epochs (hunt, number);
