#!/bin/sh
# Write the secrets of compose.yaml: new passwords, the connection strings with them, and hunt.pem from a certificate.
#
#   ./secrets.sh CERTIFICATE.pem KEY.pem
#
# Containers read them as users of their own, so the files are open and their folder is closed.
set -eu
umask 077
cd "$(dirname "$0")"
[ $# = 2 ] || { echo "usage: $0 CERTIFICATE.pem KEY.pem" >&2; exit 2; }
[ ! -e secrets ] || { echo "secrets: exists already; a new password does not change that of a database" >&2; exit 1; }
mkdir secrets.new
trap 'rm -rf secrets.new' EXIT

password() { openssl rand -hex 24; }
cat "$1" "$2" > secrets.new/hunt.pem
owner=$(password) app=$(password) bus=$(password)
for each in "postgres_password $(password)" "owner_password $owner" "app_password $app" "jwt_secret $(openssl rand -hex 32)" \
    "grafana_password $(password)" "bus_url valkey://hunt:$bus@valkey:6379" \
    "owner_url postgresql://hunt_owner:$owner@postgres/hunt" "database_url postgresql://hunt_app:$app@postgres/hunt"; do
    printf '%s\n' "${each#* }" > "secrets.new/${each%% *}"
done
printf '[hunt]\nhost=postgres\ndbname=hunt\nuser=hunt_owner\npassword=%s\n' "$owner" > secrets.new/owner_service
printf 'user default off\nuser hunt on >%s resetchannels &hunt:* +@connection +@pubsub\n' "$bus" > secrets.new/valkey_acl
chmod 0444 secrets.new/*
mv secrets.new secrets
