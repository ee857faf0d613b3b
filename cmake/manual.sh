#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Lets relevo write its man pages and completions: manual.sh RELEVO FOLDER. FOLDER becomes a share/ to install.
set -euo pipefail
relevo=$1 out=$2
rm -rf "$out"
mkdir -p "$out"/{man/man1,bash-completion/completions,zsh/vendor-completions,fish/vendor_completions.d}
"$relevo" man | gzip -9n >"$out/man/man1/relevo.1.gz"
for command in $("$relevo" man | sed -n 's/^\.BR relevo\\-\([a-z]*\) (1)$/\1/p'); do
    "$relevo" man "$command" | gzip -9n >"$out/man/man1/relevo-$command.1.gz"
done
"$relevo" completion bash >"$out/bash-completion/completions/relevo"
"$relevo" completion zsh >"$out/zsh/vendor-completions/_relevo"
"$relevo" completion fish >"$out/fish/vendor_completions.d/relevo.fish"
