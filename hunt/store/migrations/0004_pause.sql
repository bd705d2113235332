-- An open hunt can be paused: it takes no clicks, its streams stay, and its seed stays secret.
alter table hunts drop constraint hunts_state_check;
alter table hunts add constraint hunts_state_check check (state in ('draft', 'open', 'paused', 'closed'));

-- The audit trail, newest first, of one hunt.
create index audit_hunt on audit (hunt, id desc);
