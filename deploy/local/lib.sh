# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the parts of ./dev share: where things are, how they speak, how a process of ours is told from another's.
# It must never start or stop anything by itself.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
DEV=$ROOT/.dev
HERE=$ROOT/deploy/local
CACHE=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/relevo
export PYTHONDONTWRITEBYTECODE=1

say() { printf '%s\n' "== $*" >&2; }
die() { printf '%s\n' "dev: $*" >&2; exit 1; }

# State of this clone, kept in .dev/env as KEY=VALUE lines and read into shell variables of the same names: ports,
# the password of the private cluster, the addresses in use.
state_load() {
    mkdir -p "$DEV/log"
    # shellcheck source=/dev/null
    [ ! -f "$DEV/env" ] || . "$DEV/env"
}

state_set() { # KEY VALUE
    local rest=""
    [ ! -f "$DEV/env" ] || rest=$(grep -v "^$1=" "$DEV/env" || true)
    (umask 077 && printf '%s%s=%q\n' "${rest:+$rest$'\n'}" "$1" "$2" >"$DEV/env.new")
    mv "$DEV/env.new" "$DEV/env"
    printf -v "$1" '%s' "$2"
}

port_free() { # PORT
    /usr/bin/python3 - "$1" <<'PY'
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    s.bind(("127.0.0.1", int(sys.argv[1])))
except OSError:
    sys.exit(1)
PY
}

# Keeps the port that KEY has while it is free, else picks another. Below 32768: the kernel hands those above to
# outgoing connections.
port_pick() { # KEY
    local port=${!1:-}
    until [ -n "$port" ] && port_free "$port"; do
        port=$((20000 + (RANDOM % 12000)))
    done
    state_set "$1" "$port"
}

# A pid file is believed only while its process still carries our mark (a path of this clone) in its command line.
pid_ours() { # FILE MARK; prints the pid
    local pid
    [ -f "$1" ] || return 1
    read -r pid <"$1" || return 1
    [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$2" || return 1
    printf '%s\n' "$pid"
}

# Asks the process to end and waits; after SECONDS it is killed, which is said.
pid_stop() { # FILE MARK SECONDS
    local pid i
    if pid=$(pid_ours "$1" "$2"); then
        kill -TERM "$pid" 2>/dev/null || true
        for ((i = 0; i < $3 * 10; i++)); do
            pid_ours "$1" "$2" >/dev/null || break
            sleep 0.1
        done
        if pid_ours "$1" "$2" >/dev/null; then
            say "process $pid did not end within $3 s: killed"
            kill -KILL "$pid" 2>/dev/null || true
        fi
    fi
    rm -f "$1"
}

# Starts a program that outlives this shell, with its own session and without our locks, and notes its pid.
daemon() { # PIDFILE LOG COMMAND...
    local pidfile=$1 log=$2
    shift 2
    setsid "$@" >>"$log" 2>&1 </dev/null 8>&- 9>&- &
    printf '%s\n' $! >"$pidfile"
}

# One ./dev at a time changes what runs in this clone. Daemons close the locks (8, 9), or they would hold them.
lock_clone() {
    mkdir -p "$DEV"
    exec 9>"$DEV/lock"
    flock 9
}
