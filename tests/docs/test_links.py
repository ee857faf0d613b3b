#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the words: relative links and anchors of all *.md lead somewhere, and the commands that they show exist.

    test_links.py [ROOT]    one line for each mistake, exit status 1 if there is any

It first plants one mistake of each kind and must find every one. Commands are compared with what `./dev --help` and
`relevo --help` say ($RELEVO_BIN, which ctest sets), options with the command's own --help. A command that does not exist yet
may stand in a paragraph that says "planned" or "not there yet". It must never need a network.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
DEV = re.compile(r"(?<![\w/])\./dev((?: +[^\s`'\";|&)#]+)*)")
RELEVO = re.compile(r"""^(?:\$\s+)?(?:"?\\?\$RELEVO_BIN"?|relevo)((?:\s+[^\s`'";|&)#]+)*)""")
WORD = re.compile(r"^[a-z][a-z_]*$")
LATER = re.compile(r"\bplanned\b|not there yet")
SKIPPED = {"build", "node_modules"}


def pages(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED)
        yield from (Path(folder) / f for f in sorted(files) if f.endswith(".md"))


def split(text):
    """The lines of a page as (number, line, is it code), fenced or indented."""
    fenced, blank, code = False, True, False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            fenced = not fenced
            continue
        indented = line.startswith("    ") and (blank or code)
        code = fenced or indented
        yield number, line, code
        blank = not line.strip()


def anchors(text):
    """The anchors that GitHub makes of headings."""
    found = set()
    for _, line, code in split(text):
        if not code and line.startswith("#"):
            words = re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower())
            found.add(words.replace(" ", "-"))
    return found


def planned(text):
    """Numbers of the lines whose paragraph says that something is planned."""
    numbers, paragraph, said = set(), [], False
    for number, line in enumerate(text.split("\n") + [""], 1):
        if line.strip():
            paragraph.append(number)
            said = said or bool(LATER.search(line))
            continue
        if said:
            numbers.update(paragraph)
        paragraph, said = [], False
    return numbers


class Commands:
    """What the help of the programs says; each is asked once."""

    def __init__(self, root, relevo):
        self.root, self.relevo, self.texts = root, relevo, {}
        self.dev = set(re.findall(r"\./dev ([a-z]+)", self.help(["./dev", "--help"])))
        self.tools = set(re.findall(r"^  ([a-z]+)  ", self.help([relevo, "--help"]), re.M))
        self.plugins = {path.parent.name for path in root.glob("plugins/**/CMakeLists.txt")}

    def help(self, command):
        key = tuple(command)
        if key not in self.texts:
            done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=30, check=False)
            if done.returncode != 0 or not done.stdout:
                raise SystemExit(f"{' '.join(command)} does not answer: {done.stderr.strip()}")
            self.texts[key] = done.stdout
        return self.texts[key]

    def wrong(self, program, words):
        """What is wrong with a command, or None. words: all behind the program's name."""
        if not words or not WORD.match(words[0]):
            return None
        known = self.dev if program == "./dev" else self.tools
        if words[0] not in known:
            if program == "relevo" and words[0] in self.plugins:
                return None  # a plugin's own tool
            return f"there is no command `{program} {words[0]}`"
        text = self.help(["./dev", "--help"] if program == "./dev" else [self.relevo, words[0], "--help"])
        for word in words[1:]:
            name = re.match(r"--([a-z][a-z-]*)", word)
            if name and name.group(1) != "help" and f"--{name.group(1)}" not in text:
                return f"`{program} {words[0]}` has no option --{name.group(1)}"
        return None


def check_links(root, page, text):
    for number, line, code in split(text):
        if code:
            continue
        for target in LINK.findall(SPAN.sub("", line)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            there = (page.parent / path).resolve() if path else page
            if not there.exists():
                yield f"{page.relative_to(root)}:{number}: {target} does not exist"
            elif anchor and there.suffix == ".md" and anchor not in anchors(there.read_text(encoding="utf-8")):
                yield f"{page.relative_to(root)}:{number}: {path or 'this page'} has no heading #{anchor}"


def check_commands(root, page, text, commands):
    later = planned(text)
    for number, line, code in split(text):
        pieces = [line.strip()] if code else [span.strip() for span in SPAN.findall(line)]
        for piece in pieces:
            calls = [("./dev", m.group(1).split()) for m in DEV.finditer(piece)]
            calls += [("relevo", m.group(1).split()) for m in [RELEVO.match(piece)] if m]
            for program, words in calls:
                mistake = commands.wrong(program, words)
                if mistake and number not in later:
                    yield f"{page.relative_to(root)}:{number}: {mistake}"


def check(root, page, text, commands):
    return [*check_links(root, page, text), *check_commands(root, page, text, commands)]


def self_test(root, commands):
    """Each line is a page with exactly that many mistakes."""
    page = root / "README.md"
    plants = {
        "[a](no/such/page.md)": 1,
        "[a](README.md#no-such-heading)": 1,
        "[a](LICENSE) and [b](https://example.com/x) and `[c](d)`": 0,
        "Run `./dev nonsense` now.": 1,
        "Run `./dev test --nonsense` now.": 1,
        "Run `./dev test --long` now.": 0,
        "Run `relevo nonsense` now.": 1,
        "It is planned: `relevo nonsense`.": 0,
        "Later is planned.\n\nRun `relevo nonsense` now.": 1,
        "    relevo lag --nonsense\n    relevo lag --json": 1,
        "```sh\neval \"$(./dev env)\"; ./dev nonsense\n$RELEVO_BIN nonsense\n```": 2,
        "`relevo classifier train` and `relevo --help` and `relevo <command>` and relevo nonsense": 0,
    }
    for text, wanted in plants.items():
        found = check(root, page, text, commands)
        if len(found) != wanted:
            yield f"the check itself is broken: it finds {len(found)} mistakes in {text!r}, not {wanted}: {found}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]).resolve()
    relevo = os.environ.get("RELEVO_BIN") or str(root / "build/release/relevo")
    if not Path(relevo).exists():
        raise SystemExit(f"{relevo} does not exist: build it, or set RELEVO_BIN")
    commands = Commands(root, relevo)
    mistakes = list(self_test(root, commands))
    found = sorted(pages(root))
    for page in found:
        mistakes += check(root, page, page.read_text(encoding="utf-8"), commands)
    print("\n".join(mistakes) or f"{len(found)} pages: every link and every command leads somewhere")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
