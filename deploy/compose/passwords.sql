-- Passwords of the roles, from the secrets of the container postgres.
\set ON_ERROR_STOP on
\set owner `cat /run/secrets/owner_password`
\set app `cat /run/secrets/app_password`
alter role hunt_owner password :'owner';
alter role hunt_app password :'app';
