#!/bin/sh
# Makes the cluster in $PGDATA at the first start, then serves it on port 5432. Arguments go to the server.
#
# POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE   password of the owner; one is needed at the first start
# POSTGRES_USER (midplane)                      the owner, a superuser
# POSTGRES_DB (the owner's name)                database made at the first start
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  user=${POSTGRES_USER:-midplane}
  database=${POSTGRES_DB:-$user}
  password=${POSTGRES_PASSWORD:-}
  [ -n "${POSTGRES_PASSWORD_FILE:-}" ] && password=$(cat "$POSTGRES_PASSWORD_FILE")
  if [ -z "$password" ]; then
    echo 'Set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE: there is no default password.' >&2
    exit 1
  fi
  umask 077
  passwords=$(mktemp)
  printf '%s' "$password" >"$passwords"
  initdb --pgdata "$PGDATA" --username "$user" --pwfile "$passwords" --auth scram-sha-256 --encoding UTF8 --no-locale \
    --locale-provider builtin --builtin-locale C.UTF-8 --no-instructions
  rm "$passwords"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  if [ "$database" != postgres ]; then
    printf 'create database "%s"\n' "$database" | postgres --single -D "$PGDATA" postgres >/dev/null
  fi
fi
unset POSTGRES_PASSWORD

exec postgres -D "$PGDATA" -c listen_addresses='*' -c shared_preload_libraries=pg_textsearch "$@"
