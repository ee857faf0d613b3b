#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What runs in this clone: stack.sh up | servers | down | env
# `servers` is Kafka and Postgres only, for tests. It must never stop what it did not start.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

BIN=$ROOT/build/release/relevo
CONFIG=$DEV/relevo.yaml
ROLES="consume gateway sandbox deliver desk" # in the order of their starts
state_load

# RELEVO_KAFKA and RELEVO_POSTGRES, when they are set to something else than our own addresses (which an earlier
# `eval "$(./dev env)"` leaves in the shell), name servers of the user's.
servers() {
    if [ -n "${RELEVO_KAFKA:-}" ] && [ "$RELEVO_KAFKA" != "127.0.0.1:${KAFKA_PORT:-}" ]; then
        say "using the Kafka of RELEVO_KAFKA: $RELEVO_KAFKA"
        state_set KAFKA "$RELEVO_KAFKA"
    else
        "$HERE/kafka.sh" start
        state_load
        state_set KAFKA "127.0.0.1:$KAFKA_PORT"
    fi
    if [ -n "${RELEVO_POSTGRES:-}" ] && [ "$RELEVO_POSTGRES" != "${POSTGRES_URL:-}" ]; then
        say "using the Postgres of RELEVO_POSTGRES"
        state_set POSTGRES "$RELEVO_POSTGRES"
    else
        "$HERE/postgres.sh" start
        state_load
        state_set POSTGRES "$POSTGRES_URL"
    fi
}

# From the template, with the addresses of this clone. The value is quoted, so its & and / mean nothing.
write_config() {
    local text
    text=$(<"$HERE/relevo.yaml.in")
    text=${text//@KAFKA@/"$KAFKA"}
    text=${text//@POSTGRES@/"$POSTGRES"}
    text=${text//@METRICS_PORT@/"$METRICS_PORT"}
    text=${text//@GATEWAY_PORT@/"$GATEWAY_PORT"}
    text=${text//@SANDBOX_PORT@/"$SANDBOX_PORT"}
    text=${text//@DESK_PORT@/"$DESK_PORT"}
    text=${text//@APP_SECRET@/"$APP_SECRET"}
    text=${text//@VERIFY_TOKEN@/"$VERIFY_TOKEN"}
    text=${text//@PLUGINS@/"$ROOT/build/release/plugins"}
    text=${text//@ROOT@/"$ROOT"}
    (umask 077 && printf '%s\n' "$text" >"$CONFIG")
}

tool() { # SUBCOMMAND...
    local words
    words=$("$BIN" "$@" --config "$CONFIG" 2>&1) || { printf '%s\n' "$words" >&2; die "relevo $* failed, see above"; }
}

# Kept, so that a phone number or a script that knows them still fits after a restart.
secret_pick() { # KEY
    [ -n "${!1:-}" ] || state_set "$1" "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
}

# ROLE PORT PATH: each role is one process with the same configuration; its metrics have a port of their own.
role_start() {
    local i log=$DEV/log/$1.log pidfile=$DEV/$1.pid
    say "starting relevo $1"
    daemon "$pidfile" "$log" env "RELEVO_OPS_LISTEN=127.0.0.1:$2" "$BIN" "$1" --config "$CONFIG"
    for ((i = 0; i < 600; i++)); do
        ! curl -fs -o /dev/null "http://127.0.0.1:$2$3" || return 0
        kill -0 "$(<"$pidfile")" 2>/dev/null || break # not pid_ours: until it has become $BIN, its command line is this script's
        sleep 0.1
    done
    tail -15 "$log" >&2
    die "relevo $1 is not ready, see above; the whole log: $log"
}

roles_stop() {
    local role
    for role in $ROLES; do
        pid_stop "$DEV/$role.pid" "$CONFIG" 15
    done
}

# relevo itself is always started anew: what runs after `up` is what was just built.
up() {
    "$HERE/build.sh" release
    lock_clone
    servers
    roles_stop
    port_pick METRICS_PORT
    port_pick GATEWAY_METRICS_PORT
    port_pick GATEWAY_PORT
    port_pick SANDBOX_PORT
    port_pick DELIVER_METRICS_PORT
    port_pick DESK_PORT
    port_pick DESK_METRICS_PORT
    secret_pick APP_SECRET
    secret_pick VERIFY_TOKEN
    write_config
    tool migrate
    tool topics create
    role_start consume "$METRICS_PORT" /readyz
    role_start gateway "$GATEWAY_METRICS_PORT" /readyz
    role_start sandbox "$SANDBOX_PORT" /sandbox/state
    role_start deliver "$DELIVER_METRICS_PORT" /readyz
    role_start desk "$DESK_METRICS_PORT" /readyz
    say "up: eval \"\$(./dev env)\" joins in, $DEV/log tells what happens, ./dev down stops it"
}

down() {
    lock_clone
    roles_stop
    "$HERE/kafka.sh" stop
    "$HERE/postgres.sh" stop
}

env_print() {
    [ -n "${KAFKA:-}" ] && [ -n "${POSTGRES:-}" ] || die "nothing has been started here yet: ./dev up"
    printf 'export %s=%q\n' RELEVO_BIN "$BIN" RELEVO_KAFKA "$KAFKA" RELEVO_POSTGRES "$POSTGRES" \
        RELEVO_METRICS "http://127.0.0.1:${METRICS_PORT:-0}" RELEVO_CONFIG "$CONFIG" \
        RELEVO_PLUGINS "$ROOT/build/release/plugins" \
        RELEVO_GATEWAY "http://127.0.0.1:${GATEWAY_PORT:-0}/webhook" \
        RELEVO_METRICS_GATEWAY "http://127.0.0.1:${GATEWAY_METRICS_PORT:-0}" \
        RELEVO_METRICS_DELIVER "http://127.0.0.1:${DELIVER_METRICS_PORT:-0}" \
        RELEVO_DESK "http://127.0.0.1:${DESK_PORT:-0}" RELEVO_METRICS_DESK "http://127.0.0.1:${DESK_METRICS_PORT:-0}" \
        RELEVO_SANDBOX "http://127.0.0.1:${SANDBOX_PORT:-0}" RELEVO_APP_SECRET "${APP_SECRET:-}" \
        RELEVO_VERIFY_TOKEN "${VERIFY_TOKEN:-}"
}

case ${1:-} in
    up) up ;;
    servers) lock_clone && servers ;;
    down) down ;;
    env) env_print ;;
    *) die "usage: stack.sh up | servers | down | env" ;;
esac
