-- Campaigns: several hunts, the doors, under one id, with one leaderboard.

create table campaigns (
    number    int generated always as identity primary key,
    id        text not null unique check (id ~ '^[a-z0-9-]{1,64}$'),
    title     text not null,
    timezone  text not null,
    streak    text not null check (streak in ('played', 'won')),
    preview   boolean not null,  -- whether the prizes of a door are shown before it opens
    check (length(title) between 1 and 200)
);

alter table hunts
    add column campaign int references campaigns,
    add column door     int check (door >= 1),
    add check ((campaign is null) = (door is null));
create unique index hunts_campaign on hunts (campaign, door) where campaign is not null;

-- Points of each player over all doors, added up together with the standings of the doors.
create table campaign_standings (
    campaign  int not null references campaigns,
    player    text not null,
    points    bigint not null,
    wins      bigint not null,
    reached   timestamptz not null,  -- time of the last win: of two with equal points, the earlier one is ahead
    primary key (campaign, player)
);
create index campaign_standings_best on campaign_standings (campaign, points desc, reached);
