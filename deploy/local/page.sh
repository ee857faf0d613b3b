#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the desk's page (core/desk/page) into build/page, from where it is compiled into the binary: page.sh
# Only when its source changed. Packages come from npm by the lock file, and run no scripts.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

page=$ROOT/core/desk/page out=$ROOT/build/page
source_hash() {
    (cd "$page" && find . -path ./node_modules -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
}
mkdir -p "$ROOT/build"
exec 8>"$ROOT/build/page.lock"
flock 8
hash=$(source_hash)
[ "$(cat "$ROOT/build/page.hash" 2>/dev/null)" != "$hash" ] || [ ! -f "$out/index.html" ] || exit 0

say "building the desk's page"
log=$ROOT/build/page.log
if ! {
    cd "$page"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    PAGE_OUT=$out.new npm run --silent build
} >"$log" 2>&1; then
    tail -30 "$log" >&2
    die "the page was not built, see above; all of it is in $log"
fi
rm -rf "$out"
mv "$out.new" "$out"
printf '%s\n' "$hash" >"$ROOT/build/page.hash"
