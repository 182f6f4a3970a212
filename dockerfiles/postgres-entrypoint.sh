#!/bin/sh
# Makes the data once, for the user gatehouse with the password of the file POSTGRES_PASSWORD_FILE; then PostgreSQL.
set -eu
data=/data/17
password=${POSTGRES_PASSWORD_FILE:-/run/secrets/postgres-password}

if [ ! -e "$data/PG_VERSION" ]; then
  # Sorted by language and not by bytes, as most servers do: nothing of ours may depend on either.
  initdb --pgdata="$data" --username=gatehouse --pwfile="$password" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US >&2
  printf 'host all all all scram-sha-256\n' >> "$data/pg_hba.conf"
fi
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories= "$@"
