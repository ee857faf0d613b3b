#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is made from the table of commands: completions complete (bash and fish; zsh parses), and man pages are
pages that groff takes without a word. Every command, and every option that its --help shows, is in them."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = os.environ.get("RELEVO_BIN", str(ROOT / "build/release/relevo"))


def relevo(*words):
    return subprocess.run([BIN, *words], capture_output=True, text=True, check=False)


def commands():
    return [c for c in re.findall(r"^  ([a-z]+) +\S", relevo("--help").stdout, re.M) if c not in ("completion", "man", "relevo")]


def options(command):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", relevo(command, "--help").stdout)) | {"--help"}


def complete(script, *words):
    """What bash offers for the last of the words."""
    line = " ".join(f"'{w}'" for w in words)
    program = (f"source '{script}'; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _relevo; "
               'printf "%s\\n" "${COMPREPLY[@]}"')
    ran = subprocess.run(["bash", "-ec", program], capture_output=True, text=True, cwd=Path(script).parent)
    return set(ran.stdout.split()) if not ran.stderr else {ran.stderr}


def check_bash(folder, mistakes):
    script = folder / "relevo.bash"
    script.write_text(relevo("completion", "bash").stdout)
    (folder / "some.yaml").write_text("")
    known = commands()
    offered = complete(script, "relevo", "")
    if not set(known) <= offered or len(known) < 20:
        mistakes.append(f"bash: not all of {known} is offered: {offered}")
    if complete(script, "relevo", "la") != {"lag"}:
        mistakes.append(f"bash: la: {complete(script, 'relevo', 'la')}")
    for command in known:
        missing = options(command) - complete(script, "relevo", command, "-")
        if missing:
            mistakes.append(f"bash: {command} lacks {missing}")
    for words, wanted in ((("topics", "c"), {"create"}), (("dlq", "rep"), {"replay"}), (("plugin", "in"), {"info"}),
                          (("lag", "--config", "so"), {"some.yaml"}), (("account", "--role", ""), set()),
                          (("repair", "--lane", ""), set()), (("completion", "z"), {"zsh"})):
        if complete(script, "relevo", *words) != wanted:
            mistakes.append(f"bash: {words}: {complete(script, 'relevo', *words)}, not {wanted}")
    check_files("bash", lambda *words: complete(script, "relevo", *words), mistakes)


def check_files(shell, offered, mistakes):
    """Files of the folder are offered where one may be named, and nowhere else."""
    for words, wanted in ((("dlq", ""), False), (("lag", ""), False), (("webhook", ""), True), (("plugin", "sign", ""), True),
                          (("classifier", "train", ""), True), (("lag", "--config", ""), True)):
        if ("some.yaml" in offered(*words)) != wanted:
            mistakes.append(f"{shell}: {words}: are files offered? {offered(*words)}")


def check_others(folder, mistakes):
    for shell in ("zsh", "fish"):
        text = relevo("completion", shell).stdout
        for command in commands():
            for option in options(command):
                if (option if shell == "zsh" else f"-l {option[2:]}") not in text:
                    mistakes.append(f"{shell}: {command} lacks {option}")
        (folder / shell).write_text(text)
        if not shutil.which(shell):  # never so where deploy/local/packages.sh was
            mistakes.append(f"{shell} is missing: apt-get install {shell}")
            continue
        ran = subprocess.run([shell, "-n", str(folder / shell)], capture_output=True, text=True)
        if ran.returncode:
            mistakes.append(f"{shell} does not read it: {ran.stderr}")
    if not shutil.which("fish"):
        return

    def fish(*words):
        ran = subprocess.run(["fish", "--no-config", "-c", f"source {folder}/fish; complete -C 'relevo {' '.join(words)}'"], capture_output=True,
                             text=True, cwd=folder, env={**os.environ, "HOME": str(folder)})
        return {line.split("\t")[0] for line in ran.stdout.splitlines()} if not ran.stderr else {ran.stderr}
    check_files("fish", fish, mistakes)
    for words, wanted in ((("dlq", ""), {"list", "show", "replay", "drop"}), (("la",), {"lag"}), (("completion", ""), {"bash", "zsh", "fish"}),
                          (("account", "--role", ""), set())):
        if fish(*words) != wanted:
            mistakes.append(f"fish: {words}: {fish(*words)}, not {wanted}")


def check_man(mistakes):
    pages = {"": relevo("man").stdout, **{c: relevo("man", c).stdout for c in commands()}}
    for command, page in pages.items():
        if f"relevo\\-{command}" not in pages[""] and command:
            mistakes.append(f"relevo(1) does not name {command}")
        plain = page.replace("\\-", "-")
        missing = [o for o in (options(command) if command else []) if o not in plain and o != "--help"]
        if missing:
            mistakes.append(f"relevo-{command}(1) lacks {missing}")
        ran = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rLL=200n", "-P-cbou"], input=page, capture_output=True, text=True)
        if ran.returncode or ran.stderr or "SYNOPSIS" not in ran.stdout:
            mistakes.append(f"groff of {command or 'relevo'}: {ran.stderr[:300]}")


def check_refusals(mistakes):
    for words in (["completion"], ["completion", "tcsh"], ["man", "nothing"], ["man", "lag", "dlq"]):
        ran = relevo(*words)
        if ran.returncode != os.EX_USAGE or not ran.stderr:
            mistakes.append(f"relevo {words}: {ran.returncode} {ran.stderr}")


def main():
    mistakes = []
    with tempfile.TemporaryDirectory() as name:
        check_bash(Path(name), mistakes)
        check_others(Path(name), mistakes)
    check_man(mistakes)
    check_refusals(mistakes)
    print("\n".join(mistakes) or f"{len(commands())} commands are completed and described")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
