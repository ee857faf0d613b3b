#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs the tests on a real Kafka and Postgres: test.sh [--only REGEX] [--fast] [--long] [--asan] [--browser] [--demo] [--image]
# [--cluster] [--fuzz] [--again]
# The servers keep running for the next time; every test uses its own topics and databases.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

only=() slow="long|" browser="browser|" demo="demo|" image="image|" cluster="cluster|" packages=(tests) core="" sanitized=(-L '^(unit|abi)$') fuzz="" again=""
while [ $# -gt 0 ]; do
    case $1 in
        --only) [ $# -gt 1 ] || die "--only needs a regular expression"; only=(-R "$2"); shift ;;
        --fast) core="faults|isolation|pipeline|desk|" ;;
        --long) slow="" ;;
        --browser) browser="" packages+=(browser) ;;
        --demo) demo="" ;;
        --image) image="" packages+=(image) ;;
        --cluster) cluster="" ;;
        --asan) sanitized=() ;;
        --fuzz) fuzz=1 ;;
        --again) again=1 ;;
        *) die "./dev test does not know '$1': ./dev --help" ;;
    esac
    shift
done

skip=(-LE "^(${slow}${browser}${demo}${image}${cluster}${core}none)$")
"$HERE/packages.sh" "${packages[@]}"
"$HERE/build.sh" asan
"$HERE/build.sh" ci
[ -z "$fuzz" ] || "$HERE/build.sh" fuzz
"$HERE/registry.sh" fetch
"$HERE/stack.sh" servers
state_load
export RELEVO_KAFKA=$KAFKA RELEVO_POSTGRES=$POSTGRES
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1

# PRESET CTEST-OPTIONS...: runs it and keeps ctest's verdict for the end.
failed=0 verdicts=()
run() {
    local preset=$1 status=0
    shift
    say "testing build/$preset"
    rm -f "$ROOT/build/$preset/Testing/Temporary/LastTestsFailed.log"
    ctest --test-dir "$ROOT/build/$preset" -j "$(nproc)" --output-on-failure --no-tests=error "$@" 2>&1 |
        tee "$ROOT/build/$preset-test.log" || status=$?
    verdicts+=("$preset: $(grep -E 'tests passed' "$ROOT/build/$preset-test.log" || echo "no test matched")")
    # 8: tests failed. Anything else is ctest's own end, and nobody knows what it did not run.
    [ $status = 0 ] || { [ -n "$again" ] && [ $status = 8 ] && run_again "$preset"; } || failed=1
}

# PRESET: the few that failed, once more and one at a time. What passes now had too little of the machine, or is unsteady:
# it is named either way, and what fails twice has failed.
run_again() {
    local preset=$1 names
    names=$(sed 's/^[0-9]*://' "$ROOT/build/$preset/Testing/Temporary/LastTestsFailed.log" | paste -sd ' ')
    [ "$(wc -w <<<"$names")" -le 5 ] || return 1
    say "failed, and run once more, alone: $names"
    ctest --test-dir "$ROOT/build/$preset" -j 1 --output-on-failure --rerun-failed 2>&1 |
        tee "$ROOT/build/$preset-again.log" || return 1
    verdicts+=("$preset: UNSTEADY, passed only when run again: $names")
}

# Fuzz and sanitizer first, so that the summary of the real build ends the output. A group that --only empties
# is no failure.
allow_none() { [ ${#only[@]} = 0 ] || printf '%s' --no-tests=ignore; }
[ -z "$fuzz" ] || run fuzz -L fuzz "${only[@]}"
# shellcheck disable=SC2046 # nothing or one word
run asan "${sanitized[@]}" "${skip[@]}" "${only[@]}" $(allow_none)
run ci "${skip[@]}" "${only[@]}"
echo
printf '%s\n' "${verdicts[@]}"
exit $failed
