#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What pages show in ```console blocks is what happens: each `$ command` is run and must print the lines below it.

    test_examples.py [--write] [PAGE ...]    one line for each difference, exit status 1 if there is any
                                             --write: puts what is printed into the pages instead

A page is played in an empty folder in which only docs/ is there; a block behind a line "`NAME`:" is a file of it. Numbers may differ by 0.02, as
the last digits do between processors; word vectors are not used. It must never run a page's other blocks.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(?:^`([^`\n]+)`:\n\n)?^```(\w*)\n(.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?)")
PAGES = ("docs/knowledge.md", "plugins/responder/README.md", "plugins/classifier/README.md")


def run(command, folder, relevo):
    environment = {**os.environ, "PATH": f"{relevo.parent}:{os.environ['PATH']}", "RELEVO_VECTORS": ""}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True, timeout=120, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout


def same(shown, printed):
    """Apart from a little in the numbers: every second piece is one."""
    a, b = NUMBER.split(shown.rstrip()), NUMBER.split(printed.rstrip())
    return a[::2] == b[::2] and all(abs(float(x) - float(y)) <= 0.02 for x, y in zip(a[1::2], b[1::2]))


def play(text, relevo):
    """The commands of a page in order, as (command, what is shown, what it prints), and the page with that."""
    with tempfile.TemporaryDirectory() as name:
        folder, played = Path(name), []
        (folder / "docs").symlink_to(ROOT / "docs")

        def block(match):
            file, language, body = match.groups()
            if file:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_text(body, encoding="utf-8")
            if language != "console":
                return match.group(0)
            commands = []
            for line in body.splitlines(keepends=True):
                if line.startswith("$ "):
                    commands.append([line[2:].rstrip("\n"), ""])
                elif commands:
                    commands[-1][1] += line
            printed = [run(command, folder, relevo) for command, _ in commands]
            played.extend((command, shown, real) for (command, shown), real in zip(commands, printed))
            return "```console\n" + "".join(f"$ {command}\n{real}" for (command, _), real in zip(commands, printed)) + "```"

        return played, BLOCK.sub(block, text)


def self_test(relevo):
    """Pages with that many differences."""
    plants = {
        "```console\n$ echo 1.01 a\n1.00 a\n```": 0,
        "```console\n$ echo 1.03 a\n1.00 a\n```": 1,
        "```console\n$ echo a; echo b\na\n$ echo c\nc\n```": 1,
        "```console\n$ echo a\n```": 1,
        "`x/y`:\n\n```text\nhere\n```\n\n```console\n$ cat x/y\nhere\n$ ls\ndocs\nx\n```": 0,
        "```sh\n$ echo a\nb\n```": 0,
    }
    for text, wanted in plants.items():
        found = sum(not same(shown, real) for _, shown, real in play(text, relevo)[0])
        if found != wanted:
            yield f"the check itself is broken: it finds {found} differences in {text!r}, not {wanted}"


def main():
    write = "--write" in sys.argv[1:]
    pages = [a for a in sys.argv[1:] if a != "--write"] or PAGES
    relevo = Path(os.environ.get("RELEVO_BIN") or ROOT / "build/release/relevo").resolve()
    if not relevo.exists():
        raise SystemExit(f"{relevo} does not exist: build it, or set RELEVO_BIN")
    mistakes, count = list(self_test(relevo)), 0
    for name in pages:
        page = ROOT / name
        played, text = play(page.read_text(encoding="utf-8"), relevo)
        count += len(played)
        if not played:
            mistakes.append(f"{name}: shows no command")
        if write:
            page.write_text(text, encoding="utf-8")
        else:
            mistakes += [f"{name}: `{command}` prints\n{real}" for command, shown, real in played if not same(shown, real)]
    if mistakes and not write:
        mistakes.append("where that is right, tests/docs/test_examples.py --write puts it into the pages")
    print("\n".join(mistakes) or f"{count} commands print what {len(pages)} pages show")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
