-- A webhook follows one log of its hunt: the rewards, or the changes of their states. The columns `seq` count in that log.

alter table webhooks add column log text not null default 'rewards' check (log in ('rewards', 'changes'));
alter table webhooks add constraint webhooks_changes_have_no_clicks check (log = 'rewards' or events = 'wins');
