#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Configures and builds one preset of CMakePresets.json: build.sh [PRESET]. Quiet unless something is wrong.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

preset=${1:-release}
case $preset in
    fuzz) "$HERE/packages.sh" fuzz ;;
    *) "$HERE/packages.sh" ;;
esac
"$HERE/page.sh"
cd "$ROOT"
log=build/$preset.log
say "building build/$preset"
if ! { cmake --preset "$preset" && cmake --build --preset "$preset"; } >"$log" 2>&1; then
    grep -E -A8 'error:|CMake Error|undefined reference' "$log" | cut -c1-200 | head -60 >&2 || tail -30 "$log" >&2
    die "the build failed, see above; all of it is in $log"
fi
# Warnings of ours should not scroll by unseen.
grep -E 'warning:|CMake Warning' -A2 "$log" >&2 || true
