#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that every public function of every room is named by a unit test.

    units.py [ROOT]        one line for each function that no test names, exit status 1 if there is any
    units.py --self-test   plants each kind of mistake in a copy of the tree and must find every one

A header is public when a file outside its room includes it. A function that it declares must be named in a file of
tests/unit/, by itself or through a macro of that header; in a comment or a text does not count. Whether the test asks
anything of it, no script can tell. It reads sources, and must never need a build.
"""
import re
import shutil
import sys
import tempfile
from pathlib import Path

# What no program of tests/unit/ can call, and where it is tested instead.
ELSEWHERE = {
    "rlv_guest_main": ("tests/unit/host/test_process.c", "it is the whole of relevo-plugin-host, and ends its process: "
                                                         "the test starts that program"),
}

COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
MACRO = re.compile(r"#\s*define\s+(\w+)(.*)", re.S)
NAME = re.compile(r"\brlv_\w+(?=\s*\()")


def code(path):
    """A file without its comments and texts; lines keep their numbers."""
    blank = lambda m: "\n" * m[0].count("\n") + ('""' if m[0][0] == '"' else " ")
    return COMMENT_OR_TEXT.sub(blank, path.read_text(encoding="utf-8"))


def public_headers(core):
    """{header: one file outside its room that includes it}"""
    found = {}
    for path in sorted(p for p in core.rglob("*.[ch]")):
        parts = path.relative_to(core).parts
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            room = name.split("/")[0]
            if "/" in name and room != parts[0] and (core / name).is_file():
                found.setdefault(core / name, path)
    return found


def declared(text):
    """Yields (line, name) of the functions that a header declares or defines inline."""
    text = DIRECTIVE.sub(lambda m: "\n" * m[0].count("\n"), text)
    while True:  # bodies, the innermost first: of structs, of functions
        less = re.sub(r"\{[^{}]*\}", lambda m: ";" + "\n" * m[0].count("\n"), text)
        if less == text:
            break
        text = less
    start = 0
    for part in text.split(";"):
        name = NAME.search(part)
        if name and "typedef" not in part:
            yield text.count("\n", 0, start + name.start()) + 1, name[0]
        start += len(part) + 1


def macros(text):
    """{macro: the functions that it calls}, through other macros of the same header too."""
    bodies = {}
    for macro in filter(None, (MACRO.match(d[0].strip()) for d in DIRECTIVE.finditer(text))):
        bodies[macro[1]] = bodies.get(macro[1], "") + macro[2]  # of every #if
    calls = {}
    for name in bodies:
        seen, todo = set(), [name]
        while todo:
            words = set(re.findall(r"\w+", bodies[todo.pop()])) - seen
            seen |= words
            todo += [w for w in words if w in bodies]
        calls[name] = {w for w in seen if w.startswith("rlv_")}
    return calls


def check(root):
    core, named = root / "core", set()
    for path in (root / "tests/unit").rglob("*.[ch]"):
        named |= set(re.findall(r"\w+", code(path)))
    functions = set()
    for header, reader in public_headers(core).items():
        text = code(header)
        called = set().union(*(calls for macro, calls in macros(text).items() if macro in named))
        for line, name in declared(text):
            functions.add(name)
            tested = name in named or name in called
            if not tested and name not in ELSEWHERE:
                yield (f"{header.relative_to(root)}:{line}: no test in tests/unit names {name}, "
                       f"and {reader.relative_to(root)} may call it")
            if tested and name in ELSEWHERE:
                yield f"tests/units.py: {name} is named in tests/unit: strike it off ELSEWHERE"
    for name, (where, _) in ELSEWHERE.items():
        if name not in functions:
            yield f"tests/units.py: ELSEWHERE names {name}, which no public header declares"
        if not (root / where).is_file():
            yield f"tests/units.py: {name} is said to be tested in {where}, which is not there"


# what to write where (appended), and the complaint that must follow; None: none may
PLANTS = [
    ([("core/base/str.h", "int rlv_str_planted(rlv_str s);\n")], "names rlv_str_planted"),
    ([("core/base/str.h", "static inline bool rlv_str_planted(rlv_str s)\n{\n    return rlv_str_is_empty(s);\n}\n")],
     "names rlv_str_planted"),
    ([("core/base/str.h", "RLV_MUST_CHECK int *\nrlv_str_planted(void (*told)(int));\n")], "names rlv_str_planted"),
    ([("core/base/str.h", "#ifdef PLANT\nvoid rlv_str_planted(void);\n#endif\n")], "names rlv_str_planted"),
    ([("core/base/str.h", "int rlv_str_planted(void);\n"), ("tests/unit/base/test_text.c", "/* rlv_str_planted() */\n")],
     "names rlv_str_planted"),
    ([("core/base/str.h", "int rlv_str_planted(void);\n"),
      ("tests/unit/base/test_text.c", 'static const char *plant = "rlv_str_planted()";\n')], "names rlv_str_planted"),
    ([("core/base/str.h", "int rlv_str_planted(void);\n"),
      ("tests/unit/base/test_text.c", "static int (*plant)(void) = rlv_str_planted;\n")], None),
    ([("core/base/str.h", "int rlv_str_planted(void);\n#define RLV_PLANTED(x) \\\n    ((x) + rlv_str_planted())\n")],
     "names rlv_str_planted"),
    ([("core/base/str.h", "int rlv_str_planted(void);\n#define RLV_PLANTED(x) \\\n    ((x) + rlv_str_planted())\n"),
      ("tests/unit/base/test_text.c", "static int plant = RLV_PLANTED(1);\n")], None),
    ([("core/base/str.h", "typedef int (*rlv_planted)(rlv_str s);\nstruct rlv_planting {\n    int (*call)(int rlv_x);\n};\n")],
     None),
    ([("core/lane/cache.h", "void rlv_cache_planted(void);\n")], None),  # the room's own
    ([("core/lane/cache.h", "void rlv_cache_planted(void);\n"), ("core/cli/lag.c", '#include "lane/cache.h"\n')],
     "names rlv_cache_planted"),
    ([("core/main.c", '#include "lane/cache.h"\n'), ("core/lane/cache.h", "void rlv_cache_planted(void);\n")],
     "names rlv_cache_planted"),
    ([("tests/unit/host/test_process.c", "static int (*plant)(void) = rlv_guest_main;\n")], "strike it off"),
]


def self_test(root):
    with tempfile.TemporaryDirectory() as temp:
        copy = Path(temp)
        shutil.copytree(root / "core", copy / "core")
        shutil.copytree(root / "tests/unit", copy / "tests/unit")
        before = list(check(copy))
        if before:
            sys.exit("the tree itself is not clean, run tests/units.py first:\n" + "\n".join(before))
        for files, expected in PLANTS:
            old = {copy / name: (copy / name).read_text() for name, _ in files}
            for name, text in files:
                (copy / name).write_text(old[copy / name] + text)
            found = list(check(copy))
            if (len(found) != 1 or expected not in found[0]) if expected else found:
                sys.exit(f"planted {files}: expected {expected!r}, found {found}")
            for path, text in old.items():
                path.write_text(text)
        gone = copy / "tests/unit/base/test_report.c"
        gone.unlink()
        if not list(check(copy)):
            sys.exit(f"{gone.name} is gone, and nothing was missed")
    print(f"all {len(PLANTS) + 1} planted mistakes were found")


def main():
    root = Path(__file__).resolve().parent.parent
    if sys.argv[1:] == ["--self-test"]:
        self_test(root)
        return
    if len(sys.argv) > 1:
        root = Path(sys.argv[1])
    found = list(check(root))
    print("\n".join(found) if found else "every public function is named by a unit test")
    sys.exit(1 if found else 0)


main()
