#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package: made by ./dev package, without a word from lintian; it holds what it should, depends on what its programs link, and its
relevo runs where it was unpacked. It installs nothing."""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WANTED = ("./usr/bin/relevo", "./usr/libexec/relevo/relevo-plugin-host", "./usr/lib/relevo/plugins/classifier.so",
          "./usr/lib/relevo/plugins/triggers/keyword.so", "./usr/lib/systemd/system/relevo@.service", "./usr/lib/systemd/system/relevo-expire.timer",
          "./usr/lib/sysusers.d/relevo.conf", "./etc/relevo/relevo.yaml", "./usr/share/man/man1/relevo.1.gz",
          "./usr/share/man/man1/relevo-consume.1.gz", "./usr/share/bash-completion/completions/relevo",
          "./usr/share/zsh/vendor-completions/_relevo", "./usr/share/fish/vendor_completions.d/relevo.fish",
          "./usr/share/doc/relevo/copyright", "./usr/share/doc/relevo/runbooks/RelevoLag.md", "./usr/include/relevo/plugin.h")
DEPENDS = ("librdkafka1", "libpq5", "libcurl4", "libc6", "ca-certificates", "tzdata")


def run(*words, **options):
    return subprocess.run(words, capture_output=True, text=True, **options)


def main():
    made = run(str(ROOT / "dev"), "package", cwd=ROOT)
    if made.returncode:
        sys.exit(f"./dev package: {made.stderr[-2000:]}")
    deb = made.stdout.strip().splitlines()[-1]
    mistakes = []
    held = {line.split()[5]: line.split()[:2] for line in run("dpkg-deb", "-c", str(ROOT / deb)).stdout.splitlines()}
    mistakes += [f"it lacks {path}" for path in WANTED if path not in held]
    mistakes += [f"{path} is {how}" for path, how in held.items() if how[1] != "root/root" or re.search(r"^.(.{4}w|.{7}w|..s)", how[0])]
    fields = run("dpkg-deb", "-f", str(ROOT / deb), "Depends").stdout
    mistakes += [f"it does not depend on {package}: {fields}" for package in DEPENDS if not re.search(rf"\b{package}\b", fields)]
    with tempfile.TemporaryDirectory() as folder:
        run("dpkg-deb", "-x", str(ROOT / deb), folder)
        relevo = f"{folder}/usr/bin/relevo"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RELEVO_")}
        environment |= {"RELEVO_POSTGRES": "postgresql://a/b"}
        said = run(relevo, "check", "--offline", "--config", f"{folder}/etc/relevo/relevo.yaml", env=environment)
        if said.returncode:
            mistakes.append(f"relevo check of the package's own configuration: {said.stdout}{said.stderr}")
        if "keyword" not in run(relevo, "plugin", "info", "keyword", env=environment).stdout:
            mistakes.append("it does not find its plugins")
    lint = run("lintian", "--fail-on", "error,warning", "--allow-root", "--tag-display-limit", "0", str(ROOT / deb))
    if lint.returncode or re.search(r"^[EW]:", lint.stdout, re.M):
        mistakes.append(f"lintian: {lint.stdout}{lint.stderr}")
    print("\n".join(mistakes) or f"{deb}: {len(held)} files, and nothing for lintian to say")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
