#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the image of deploy/Containerfile without a container engine, as an OCI archive: image.sh [FOLDER] makes build/image/relevo.tar, or
# FOLDER/relevo.tar, and prints its digest.
# Debian comes from Debian by mmdebstrap, and buildah runs the steps in a chroot: as root, but with no daemon and no registry. All that it
# keeps is in the folder. Built twice from one commit and one state of Debian, it is one image.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" = 0 ] || die "image.sh needs root, for chroot: sudo ./dev image; or build deploy/Containerfile with your engine"
"$HERE/packages.sh" image
cd "$ROOT"
out=$(realpath -m "${1:-build/image}") log=$out/image.log
version=$(sed -n 's/^project(.*VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
BASE=localhost/debian:$(date -u +%Y-%m) # a new Debian each month; `rm -rf build/image` asks for one now
month=$(date -u -d "$(date -u +%Y-%m-01)" +%s)
mkdir -p "$out"
exec 8>"$out/lock"
flock 8
# Whatever is configured on the machine for other images does not count.
buildah() { command buildah --root "$out/storage" --runroot "$out/run" --storage-driver overlay "$@"; }

base() {
    local container
    rm -f "$out/debian.tar" &&
        SOURCE_DATE_EPOCH=$month mmdebstrap --quiet --variant=minbase --include=usr-is-merged --dpkgopt=force-unsafe-io bookworm "$out/debian.tar" \
            "deb http://deb.debian.org/debian bookworm main" "deb http://deb.debian.org/debian bookworm-updates main" \
            "deb http://deb.debian.org/debian-security bookworm-security main" &&
        container=$(buildah from scratch) &&
        buildah add -q "$container" "$out/debian.tar" / &&
        buildah commit -q --rm --timestamp "$month" "$container" "$BASE" &&
        rm -f "$out/debian.tar"
}
image() {
    buildah build --isolation chroot --jobs 2 --no-cache --timestamp "$SOURCE_DATE_EPOCH" --build-arg BASE="$BASE" \
        --build-arg VERSION="$version" --build-arg SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" \
        --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt -f deploy/Containerfile -t "localhost/relevo:$version" . &&
        rm -f "$out/relevo.tar" &&
        buildah push -q --digestfile "$out/digest" "localhost/relevo:$version" "oci-archive:$out/relevo.tar:relevo:$version"
}

say "building the image: $out/relevo.tar"
if ! { { buildah inspect "$BASE" >/dev/null 2>&1 || base; } && image; } >"$log" 2>&1; then
    tail -30 "$log" >&2
    die "the image was not made, see above; all of it is in $log"
fi
cat "$out/digest"
echo
