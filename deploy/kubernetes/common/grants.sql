-- The rights of hunt_app on the tables of hunt. Run it as hunt_owner after each `hunt migrate`; it may be repeated:
--
--   psql -d hunt -U hunt_owner -f grants.sql
--
-- Not granted: any DDL, DELETE and TRUNCATE of the log, changes of the audit trail. Five functions run with the rights of
-- the owner: hunt_create_log and hunt_delete create and drop the partition of a hunt, hunt_purge deletes the rows of a
-- closed test hunt, hunt_campaign_delete deletes a campaign, hunt_pseudonym reads the key of the audit trail.

\set ON_ERROR_STOP on
begin;

revoke all on all tables in schema public from hunt_app;
revoke execute on all functions in schema public from public;
grant execute on all functions in schema public to hunt_app;

-- The seed is among the columns of hunts: a server draws with it.
grant select, insert, update on hunts to hunt_app;
grant select, insert on hunt_versions to hunt_app;
grant select, insert, update on prizes to hunt_app;

-- The log: rows are added. Only the name and the positions of a player change, when the player is erased.
grant select, insert on rewards to hunt_app;
grant update (player, x, y) on rewards to hunt_app;

-- Changes of the state of rewards are added, and stay.
grant select, insert on reward_changes to hunt_app;
grant select, insert, update on reward_changes_upto to hunt_app;
grant select, insert, update, delete on claims, retention, player_names to hunt_app;

grant select, insert, update on announcements to hunt_app;
grant select, insert, delete on prize_steps to hunt_app;

-- Codes: rows are added. A commit binds them, and hunt keys rotate encrypts them again.
grant select, insert on codes to hunt_app;
grant update (reward, sealed, digest) on codes to hunt_app;

-- The chain: entries and heads are added, and stay.
grant select, insert on proof_entries, proof_heads, proof_timestamps, erased_leaves to hunt_app;
grant select, insert, update on code_pools to hunt_app;

grant select, insert, update on player_prizes, player_periods to hunt_app;
grant select, insert, update, delete on player_clicks to hunt_app;
grant select, insert on rejected to hunt_app;
grant update (player, x, y) on rejected to hunt_app;

-- The audit trail: entries are added. Only the name of an erased player changes, as a trigger ensures.
grant select, insert on audit to hunt_app;
grant update (detail) on audit to hunt_app;
revoke all on audit_key from hunt_app;

grant select, insert, update on standings, standings_upto to hunt_app;

grant select, insert, update, delete on webhooks, webhook_secrets, webhook_dead to hunt_app;
grant select, insert, update, delete on bans, schedule to hunt_app;
grant select, insert, delete on used_challenges to hunt_app;
grant select, insert on log_epochs to hunt_app;

-- The doors of a campaign are in hunts.
grant select, insert, update on campaigns, campaign_standings to hunt_app;

-- A server compares the schema with the one that it needs.
grant select on hunt_schema, hunt_functions to hunt_app;

commit;
