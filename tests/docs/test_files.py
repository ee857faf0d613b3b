#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The lists of files in README.md: each room of core/ names every source file of its own, tests/ every program, tests/bench every
benchmark; and what the first column of a list names is there.

    test_files.py [ROOT]    one line for each mistake, exit status 1 if there is any
"""
import re
import sys
import tempfile
from pathlib import Path

SHARED = {"private.h", "internal.h"}  # what the files of a room share among themselves


def first_column(text):
    """What stands in backticks in the first column of tables, several in one if need be."""
    for row in re.findall(r"^\| *([^|]*`[^|]*)\|", text, re.M):
        yield from re.findall(r"`([^`]+)`", row)


def missing(readme, names):
    """The names that a page does not mention. One mention is enough for a .c and its header."""
    said = set(re.findall(r"[\w-]+\.[ch]\b", readme.read_text(encoding="utf-8"))) if readme.exists() else set()
    for name in names:
        stem = name.rpartition(".")[0]
        if f"{stem}.c" not in said and f"{stem}.h" not in said:
            yield f"{name} is not in {readme}"


def check(root):
    found = []
    rooms = sorted(p.parent for p in root.glob("core/*/README.md"))
    for room in rooms:
        found += missing(room / "README.md", sorted(p.name for p in room.iterdir() if p.suffix in (".c", ".h") and p.name not in SHARED))
        for name in first_column((room / "README.md").read_text(encoding="utf-8")):
            if re.fullmatch(r"[\w-]+\.[ch]", name) and not (room / name).exists():
                found.append(f"{room / 'README.md'} lists {name}, which is not there")
    tests = root / "tests"
    there = {p.relative_to(tests).as_posix() for p in tests.glob("*/test_*.py")}
    listed = {name for name in first_column((tests / "README.md").read_text(encoding="utf-8")) if "/test_" in name}
    found += [f"{name} is not in tests/README.md" for name in sorted(there - listed)]
    found += [f"tests/README.md lists {name}, which is not there" for name in sorted(listed - there)]
    benches = sorted(p.stem.removeprefix("bench_") for p in tests.glob("bench/bench_*.*"))
    words = (tests / "bench/README.md").read_text(encoding="utf-8")
    found += [f"the benchmark {name} is not in tests/bench/README.md" for name in benches if f"| `{name}` |" not in words]
    return found


def self_test():
    """A small tree, with one mistake of each kind."""
    with tempfile.TemporaryDirectory() as temp:
        root = Path(temp)
        for path, text in {"core/room/README.md": "| `told.c` | x |\n| `gone.h`, `told.c` | x |\nAnd `one.c`.",
                           "core/room/told.c": "", "core/room/told.h": "", "core/room/one.h": "", "core/room/untold.c": "",
                           "tests/README.md": "| `a/test_told.py` | x |\n| `a/test_gone.py` | x |", "tests/a/test_told.py": "",
                           "tests/a/test_untold.py": "", "tests/bench/README.md": "| `lane` | x |", "tests/bench/bench_lane.py": "",
                           "tests/bench/bench_new.py": ""}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        found = check(root)
        for words in ("untold.c is not in", "lists gone.h", "test_untold.py is not in", "lists a/test_gone.py", "benchmark new is not"):
            if sum(words in mistake for mistake in found) != 1:
                yield f"the check itself is broken: '{words}' is not found once in {found}"
        if len(found) != 5:
            yield f"the check itself is broken: it finds more than five mistakes: {found}"


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]).resolve()
    mistakes = [*self_test(), *check(root)]
    print("\n".join(mistakes) or "every list of files is complete")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
