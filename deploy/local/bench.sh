#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs tests/bench on the release build: bench.sh [NAME [ITS OPTIONS...]]
# A benchmark is tests/bench/bench_NAME.py, or bench_NAME.c (then built). Each prints lines `figure NAME VALUE AIM`.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

"$HERE/packages.sh" tests
"$HERE/build.sh" release
"$HERE/stack.sh" servers
eval "$("$HERE/stack.sh" env)"
cd "$ROOT"

found=0
for bench in tests/bench/bench_*.py build/release/bench/bench_*; do
    [ -f "$bench" ] || continue
    name=$(basename "$bench" .py)
    [ $# = 0 ] || [ "$name" = "bench_$1" ] || continue
    found=1
    say "${name#bench_}"
    case $bench in
        *.py) /usr/bin/python3 "$bench" "${@:2}" ;;
        *) "$bench" "${@:2}" ;;
    esac
done
[ $found = 1 ] || die "there is no benchmark${1:+ named '$1'} in tests/bench"
