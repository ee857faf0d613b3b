#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the Debian package build/package/relevo_VERSION_ARCH.deb. It installs nothing.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

"$HERE/packages.sh" tests
"$HERE/page.sh"
cd "$ROOT"
build=build/package log=build/package.log
say "building $build"
if ! {
    cmake --preset release -B "$build" -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib -DRELEVO_TESTS=OFF -DRELEVO_DEBIAN=ON &&
        cmake --build "$build" -j "$(nproc)" &&
        (umask 022 && cd "$build" && cpack)
} >"$log" 2>&1; then
    tail -30 "$log" >&2
    die "the package was not made, see above; all of it is in $log"
fi
ls "$build"/relevo_*.deb
