-- Limits of sessions behind PgBouncer. hunt sets them itself in each session of its own, but not in sessions that a
-- pooler shares. Run it as a superuser:  psql -d hunt -f limits.sql
-- The values are those of docs/reference/database-timeouts.md.

\set ON_ERROR_STOP on

-- A commit that waits for a lock gives up; only its hunt refuses clicks.
alter role hunt_app set lock_timeout = '800ms';
-- Less than the 2 s after which hunt closes the connection of a call. Longer work of operators raises it for its transaction.
alter role hunt_app set statement_timeout = '1750ms';
-- A client that vanished holds no lock.
alter role hunt_app set idle_in_transaction_session_timeout = '10s';
-- A backend notices that PgBouncer has closed its connection.
alter role hunt_app set client_connection_check_interval = '1s';
