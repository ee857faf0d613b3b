#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What can be checked without building. Format is advice; everything else fails.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
status=0

/usr/bin/python3 tests/rooms.py || status=1
/usr/bin/python3 tests/units.py || status=1

mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' dev .ci/run)
if command -v shellcheck >/dev/null; then
    shellcheck -x "${scripts[@]}" || status=1
else
    say "shellcheck is not installed: the scripts are not checked"
fi

mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.c' '*.h')
for source in "${sources[@]}"; do
    head -3 "$source" | grep -q 'SPDX-License-Identifier: Apache-2.0' ||
        { echo "$source: no licence line (/* SPDX-License-Identifier: Apache-2.0 */) at its top"; status=1; }
done
if command -v clang-format >/dev/null && [ ${#sources[@]} -gt 0 ]; then
    count=$(clang-format -n "${sources[@]}" 2>&1 | grep -c 'warning:' || true)
    [ "$count" = 0 ] || say "clang-format would change $count places (advice: clang-format -i FILE)"
fi
[ $status = 0 ] && say "lint: nothing to complain about"
exit $status
