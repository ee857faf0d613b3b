#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A private Postgres cluster for this clone: postgres.sh start | stop
# As durable as in production (fsync, synchronous commit), else sized for a laptop. It must never touch another
# cluster of this machine, neither Debian's `main` nor one of a second clone.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

BIN=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)

# Postgres refuses to run as root: then it runs as the user `postgres`, who must be able to reach its files.
as_owner=()
cd / # the other user may not be able to enter this folder
if [ "$(id -u)" = 0 ]; then
    as_owner=(runuser -u postgres --)
fi

locate() {
    DIR=$DEV/postgres
    mkdir -p "$DEV"
    # A socket's path must fit in 107 bytes, and its name takes 20.
    if [ ${#DIR} -gt 80 ] || ! "${as_owner[@]}" test -x "$DEV"; then
        DIR=/var/tmp/relevo-$(printf '%s' "$ROOT" | sha256sum | cut -c1-12)
    fi
    DATA=$DIR/data
}

# Only its owner may enter the folder, so the socket needs no password; TCP does, other users can reach it.
create() {
    local password
    [ "$DIR" = "$DEV/postgres" ] || say "Postgres cannot use $DEV: its data is in $DIR"
    say "creating a private Postgres cluster"
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    rm -rf "$DIR"
    if [ "$(id -u)" = 0 ]; then
        install -d -m 700 -o postgres "$DIR"
    else
        install -d -m 700 "$DIR"
    fi
    printf '%s\n' "$password" | "${as_owner[@]}" sh -c 'cat >"$1"' sh "$DIR/password"
    "${as_owner[@]}" "$BIN/initdb" -D "$DATA.new" -U relevo --pwfile="$DIR/password" --auth-local=trust \
        --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >"$DEV/log/postgres.log" 2>&1 ||
        { cat "$DEV/log/postgres.log" >&2; die "initdb failed, see above"; }
    "${as_owner[@]}" rm "$DIR/password"
    "${as_owner[@]}" mv "$DATA.new" "$DATA"
    state_set POSTGRES_PASSWORD "$password"
}

write_config() {
    "${as_owner[@]}" sh -c 'cat >"$1"' sh "$DATA/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $POSTGRES_PORT
unix_socket_directories = '$DIR'
fsync = on
synchronous_commit = on
max_connections = 100
shared_buffers = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a %d '
lc_messages = 'C.UTF-8'
CONF
}

running() { "${as_owner[@]}" "$BIN/pg_ctl" -D "$DATA" status >/dev/null 2>&1; }

start() {
    [ -x "$BIN/initdb" ] || die "no Postgres server in /usr/lib/postgresql: apt-get install postgresql"
    state_load
    locate
    if [ -z "${POSTGRES_PASSWORD:-}" ] || ! "${as_owner[@]}" test -f "$DATA/PG_VERSION"; then
        stop # .dev was removed while it ran elsewhere
        create
    fi
    ! running || return 0
    port_pick POSTGRES_PORT
    write_config
    say "starting Postgres"
    "${as_owner[@]}" "$BIN/pg_ctl" -D "$DATA" -l "$DIR/postgres.log" -w -t 60 start >/dev/null 8>&- 9>&- ||
        { "${as_owner[@]}" tail -15 "$DIR/postgres.log" >&2; die "Postgres did not start, see above"; }
    state_set POSTGRES_URL "postgresql://relevo:$POSTGRES_PASSWORD@127.0.0.1:$POSTGRES_PORT/relevo"
    psql -qAtX "${POSTGRES_URL%/relevo}/postgres" -c "SELECT 1 FROM pg_database WHERE datname = 'relevo'" | grep -q 1 ||
        psql -qAtX "${POSTGRES_URL%/relevo}/postgres" -c "CREATE DATABASE relevo"
}

stop() {
    locate
    ! running || "${as_owner[@]}" "$BIN/pg_ctl" -D "$DATA" -m fast -w -t 60 stop >/dev/null
}

case ${1:-} in
    start) start ;;
    stop) stop ;;
    *) die "usage: postgres.sh start | stop" ;;
esac
