-- Rules of a hunt beyond stock and limits of a prize: periods, times, release plans, overflow; sold-out draws.

alter table hunts
    add column timezone       text not null default 'UTC',
    add column attempts       int check (attempts >= 1),
    add column attempts_per   text check (attempts_per in ('hour', 'day', 'week', 'hunt')),
    add column max_wins       int check (max_wins >= 1),
    add column max_wins_per   text check (max_wins_per in ('hour', 'day', 'week', 'hunt')),
    add column rules          boolean not null default false,  -- whether hunt_settle decides
    add check ((attempts is null) = (attempts_per is null)),
    add check ((max_wins is null) = (max_wins_per is null));

alter table prizes
    add column points         int not null default 0 check (points >= 0),
    add column starts         timestamptz,
    add column until          timestamptz,
    add column even           tstzrange,  -- the stock is released at an even rate in it
    add column stepped        boolean not null default false,  -- prize_steps has the release plan
    add column first          boolean not null default false,
    add column center         point,      -- of the area in which the first click wins; null: the whole map
    add column within         float8 check (within > 0),
    add column void           boolean not null default false,
    add column voided         bigint not null default 0 check (voided >= 0),
    add column overflow       text;

create table prize_steps (  -- the release plan: how many grants may have been made from a time on
    hunt   int not null references hunts,
    prize  text not null,
    at     timestamptz not null,
    total  int not null check (total >= 0),
    primary key (hunt, prize, at)
);

create table player_periods (  -- where a hunt has `attempts` or `max_wins`: the count in the last period with one
    hunt    int not null references hunts,
    player  text not null,
    what    "char" not null check (what in ('a', 'w')),  -- attempts, wins
    since   timestamptz not null,
    count   int not null,
    primary key (hunt, player, what)
) with (fillfactor = 70);

alter table rewards add column sold_out text;  -- the prize that the click drew, where its stock was used up
