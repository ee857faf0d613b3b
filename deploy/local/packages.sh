#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that are missing, and only those: packages.sh [tests] [fuzz] [browser] [image]
# It must never upgrade, remove or configure anything else.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

build="gcc libc6-dev make cmake ninja-build pkg-config git"
libraries="librdkafka-dev libavro-dev libcurl4-openssl-dev libpq-dev libyaml-dev libjansson-dev liblinear-dev
    libglib2.0-dev libstemmer-dev libutf8proc-dev libpcre2-dev libmicrohttpd-dev libsodium-dev libseccomp-dev uthash-dev"
servers="postgresql postgresql-client openjdk-17-jre-headless maven curl ca-certificates procps util-linux"
clients="libcmocka-dev kcat python3 python3-confluent-kafka python3-avro python3-psycopg2 python3-yaml python3-jsonschema"
# The desk's page is built with npm; one that is there already will do.
command -v npm >/dev/null || build="$build nodejs npm"
wanted="$build $libraries $servers $clients"
for what in "$@"; do
    case $what in
        tests) wanted="$wanted wrk spin valgrind prometheus groff-base systemd lintian dpkg-dev file zsh fish" ;;
        fuzz) wanted="$wanted clang libclang-rt-14-dev llvm" ;;
        browser) wanted="$wanted chromium" ;;
        image) wanted="$wanted buildah mmdebstrap podman runc systemd-container" ;;
        *) die "packages.sh knows only 'tests', 'fuzz', 'browser' and 'image', not '$what'" ;;
    esac
done

missing() {
    local package
    for package in $wanted; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
    done
}

command -v dpkg-query >/dev/null || die "this is not Debian: install what deploy/local/packages.sh lists, then set RELEVO_NO_PACKAGES=1"
[ -z "${RELEVO_NO_PACKAGES:-}" ] || exit 0
list=$(missing)
[ -n "$list" ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "packages are missing and there is no sudo; as root: apt-get install $list"
    as_root=(sudo)
fi
say "installing Debian packages: $list"
log=$(mktemp)
# Programs are wanted, not services: what is installed here must not begin to listen.
policy=/usr/sbin/policy-rc.d held=""
release() {
    rm -f "$log"
    [ -z "$held" ] || "${as_root[@]}" rm -f "$policy"
}
trap release EXIT
if [ ! -e "$policy" ]; then
    held=1
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" sh -c "cat >$policy && chmod 755 $policy"
fi
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 \
        -o Dpkg::Use-Pty=0 "$@" >>"$log" 2>&1 </dev/null
}
# The package lists may be missing or stale: refresh them only when the installation does not work without.
# shellcheck disable=SC2086 # a list of words
apt install --no-install-recommends $list || { apt update && apt install --no-install-recommends $list; } ||
    { tail -20 "$log" >&2; die "apt-get failed, see above; by hand: apt-get update && apt-get install $list"; }
