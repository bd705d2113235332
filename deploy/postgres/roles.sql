-- Database and roles of hunt, with least rights. Run it once on a new server, as a superuser; it may be repeated:
--
--   psql -d postgres -f roles.sql                       the database is named hunt
--   psql -d postgres -v database=NAME -f roles.sql
--
-- hunt_owner    owns database and tables. Only `hunt migrate` uses it.
-- hunt_app      `hunt serve` and all other commands: reads and writes rows, cannot alter tables.
-- hunt_monitor  statistics for an exporter. It reads no row of hunt: no seed, no player.
-- hunt_backup   base backups and standbys. It copies the whole server; pg_hba.conf must allow it "replication".
--
-- Then set passwords (\password hunt_owner, ...), run `hunt migrate` as hunt_owner, and grants.sql.

\set ON_ERROR_STOP on
\if :{?database}
\else
    \set database hunt
\endif

select format('create role %I login', name)
  from unnest(array['hunt_owner', 'hunt_app', 'hunt_monitor', 'hunt_backup']) as name
 where not exists (select from pg_roles where rolname = name) \gexec

-- Only this encoding holds every title of a hunt.
select format('create database %I owner hunt_owner encoding UTF8 template template0', :'database')
 where not exists (select from pg_database where datname = :'database') \gexec

alter database :"database" owner to hunt_owner;

-- No other role may connect. No role may create temporary tables, because one could hide a table of hunt.
revoke all on database :"database" from public;
grant connect on database :"database" to hunt_app, hunt_monitor;

grant pg_monitor to hunt_monitor;
alter role hunt_backup replication;

\connect :"database"

alter schema public owner to hunt_owner;
revoke all on schema public from public;
grant usage on schema public to hunt_app;

-- Functions that a later migration creates are for hunt_app alone.
alter default privileges for role hunt_owner revoke execute on functions from public;
alter default privileges for role hunt_owner in schema public grant execute on functions to hunt_app;
