#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the arrows between the rooms: who may include whom in core/ and plugins/.

    rooms.py [ROOT]        one line for each wrong include, exit status 1 if there is any
    rooms.py --self-test   plants each kind of mistake in a copy of the tree and must find every one

It reads #include lines and core/CMakeLists.txt, and must never need a build.
"""
import re
import shutil
import sys
import tempfile
from pathlib import Path

# The rooms and those below them that each may include. Lower rooms come first: an arrow can only point up the page.
BELOW = {
    "base": [],
    "model": ["base"],
    "conversation": ["base", "model"],
    "config": ["base", "model"],
    "wire": ["base", "model"],
    "http": ["base"],
    "registry": ["base"],
    "confine": ["base"],
    "host": ["base", "model", "config", "confine"],
    "broker": ["base", "model", "config"],
    "store": ["base", "model", "config"],
    "serve": ["base", "config"],
    "ops": ["base", "config", "serve"],
    "gateway": ["base", "model", "config", "wire", "broker", "serve"],
    "cloudapi": ["base", "model", "config", "http", "serve"],
    "deliver": ["base", "model", "config", "wire", "http", "broker", "store"],
    "desk": ["base", "model", "config", "http", "wire", "broker", "store", "serve"],
    "lane": ["base", "model", "config", "conversation", "wire", "registry", "host", "broker", "store"],
}
BELOW["cli"] = list(BELOW)  # the tools may use everything

ROLES = {"lane", "gateway", "cloudapi", "deliver", "desk", "cli"}  # never call each other; cli may call all
BOTH = {"lane", "deliver", "desk", "cli"}  # who may know Kafka and Postgres at once
EMBEDDED = {"wire", "store", "cloudapi", "desk"}  # who may include the generated embedded.h
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def includes(path):
    """Yields (line, quote, name) of each #include of a file."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match[1], match[2]


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h") and p.is_file())


def check_table():
    """The table itself: no arrow up or sideways, no role below a role, and nobody but BOTH over both servers."""
    order = list(BELOW)
    for room, below in BELOW.items():
        for other in below:
            if order.index(other) >= order.index(room):
                yield f"tests/rooms.py: {room} lists {other}, which is not below it"
            if room in ROLES - {"cli"} and other in ROLES:
                yield f"tests/rooms.py: the role {room} lists the role {other}; roles never call each other"
        if {"broker", "store"} <= set(below) and room not in BOTH:
            yield f"tests/rooms.py: {room} lists broker and store; only {' and '.join(sorted(BOTH))} may know both"
    if set(BELOW["conversation"]) != {"base", "model"}:
        yield "tests/rooms.py: conversation calls base and model, nothing else"


def check_cmake(root):
    """core/CMakeLists.txt links exactly what may be included: a forgotten or a surplus arrow is drift."""
    path = root / "core/CMakeLists.txt"
    linked = {}
    for name, rest in re.findall(r"^relevo_room\((\w+)([^)]*)\)", path.read_text(), re.M):
        words = re.split(r"\bLIBS\b", rest)[0].split()
        linked[name] = set(words[1:])
    for room in sorted(set(BELOW) | set(linked)):
        if linked.get(room) != set(BELOW.get(room, ())) or room not in BELOW:
            yield (f"core/CMakeLists.txt: relevo_room({room}) links {sorted(linked.get(room, []))}, "
                   f"tests/rooms.py allows {sorted(BELOW.get(room, []))}")


def check_core(root):
    core = root / "core"
    rooms = {p.name for p in core.iterdir() if p.is_dir()} - {"include"}
    for path in sources(core):
        parts = path.relative_to(core).parts
        room = parts[0] if len(parts) > 1 else None  # None: core/main.c, which may see what cli may see
        public = room == "include"
        allowed = set(BELOW) if room is None else set(BELOW.get(room, ()))
        if room and not public and room not in BELOW:
            yield f"{path.relative_to(root)}:1: core/{room} is no room that is known: add it to tests/rooms.py"
            continue
        for line, quote, name in includes(path):
            where = f"{path.relative_to(root)}:{line}"
            first = name.split("/")[0]
            if ".." in name.split("/") or name.endswith(".c"):
                yield f'{where}: "{name}": include headers, by their path from core/'
            elif public:
                if quote == '"' or "/" in name:
                    yield f"{where}: {name}: the plugin's header includes only the C standard library"
            elif quote == "<":
                if first in rooms and (core / name).exists():
                    yield f'{where}: <{name}> is ours: "{name}"'
            elif name == "embedded.h":
                if room not in EMBEDDED:
                    yield f"{where}: only {' and '.join(sorted(EMBEDDED))} read the embedded files"
            elif "/" not in name:
                if not (path.parent / name).exists():
                    yield f'{where}: "{name}" is not in this room: include it as "room/{name}"'
            elif first != room and first not in allowed:
                yield f'{where}: {room} may not include "{name}": {why_not(room, first)}'


def why_not(room, other):
    if other not in BELOW and other not in ROLES:
        return f"{other} is no room of core/"
    if room in ROLES and other in ROLES:
        return "roles never call each other"
    if room == "conversation":
        return "the pure core calls base and model, nothing else"
    if {room, other} == {"broker", "store"}:
        return "few rooms know Kafka and Postgres at once (BOTH): is this one of them?"
    return f"only {', '.join(BELOW[room]) or 'nothing'} lies below {room}"


def check_plugins(root):
    plugins = root / "plugins"
    rooms = set(BELOW) | ROLES
    for path in sources(plugins):
        own = path.relative_to(plugins).parts[0]
        seen = {"text", own} - {"triggers"}
        if path.name.startswith("test"):
            seen.add("testkit")  # what plugin tests share; no plugin ships it
        for line, quote, name in includes(path):
            where = f"{path.relative_to(root)}:{line}"
            first = name.split("/")[0]
            if ".." in name.split("/") or name.endswith(".c"):
                yield f'{where}: "{name}": include headers, by their path from plugins/'
            elif first == "relevo":
                if name != "relevo/plugin.h":
                    yield f"{where}: {name}: plugins see relevo/plugin.h, nothing else of Relevo"
            elif quote == "<":
                if first in rooms and (root / "core" / name).exists():
                    yield f"{where}: <{name}>: plugins see relevo/plugin.h and text/, nothing else of Relevo"
            elif (path.parent / name).exists():
                pass
            elif first not in seen or not (plugins / name).exists():
                yield f'{where}: "{name}": plugins see relevo/plugin.h, text/ and their own folder'


def check(root):
    found = [*check_table(), *check_cmake(root), *check_core(root)]
    if (root / "plugins").is_dir():
        found += check_plugins(root)
    return found


# file to plant, its text, a piece of the complaint that must follow
PLANTS = [
    ("core/base/plant.c", '#include "model/event.h"\n', "only nothing lies below base"),
    ("core/config/plant.c", '#  include "store/store.h"\n', "config may not include"),
    ("core/conversation/plant.c", '#include "config/config.h"\n', "the pure core"),
    ("core/conversation/plant.h", '#include "store/store.h"\n', "the pure core"),
    ("core/broker/plant.c", '#include "store/store.h"\n', "few rooms know"),
    ("core/store/plant.c", '#include "broker/group.h"\n', "few rooms know"),
    ("core/lane/plant.c", '#include "cli/cli.h"\n', "roles never call each other"),
    ("core/lane/plant.c", '#include "desk/desk.h"\n', "roles never call each other"),
    ("core/base/plant.c", '#include "../model/event.h"\n', "include headers"),
    ("core/base/plant.c", '#include "plant_other.c"\n', "include headers"),
    ("core/lane/plant.c", '#include "embedded.h"\n', "embedded files"),
    ("core/kitchen/plant.c", "", "no room that is known"),
    ("core/include/relevo/plant.h", '#include "base/arena.h"\n', "only the C standard library"),
    ("plugins/plant/plant.c", '#include "base/arena.h"\n', "plugins see relevo/plugin.h"),
    ("plugins/plant/plant.c", "#include <relevo/secret.h>\n", "plugins see relevo/plugin.h"),
    ("plugins/plant/plant.c", '#include "other/other.h"\n', "plugins see relevo/plugin.h"),
    ("plugins/plant/plant.c", '#include "testkit/testkit.h"\n', "plugins see relevo/plugin.h"),
]


def self_test(root):
    with tempfile.TemporaryDirectory() as temp:
        for name in ("core", "plugins"):
            if (root / name).is_dir():
                shutil.copytree(root / name, Path(temp) / name)
        copy = Path(temp)
        before = check(copy)
        if before:
            sys.exit("the tree itself is not clean, run tests/rooms.py first:\n" + "\n".join(before))
        for name, text, expected in PLANTS:
            path = copy / name
            new_folder = not path.parent.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            found = check(copy)
            if not any(f.startswith(name) and expected in f for f in found):
                sys.exit(f"planted {text.strip()!r} in {name}: expected {expected!r}, found {found}")
            path.unlink()
            if new_folder:
                path.parent.rmdir()
        cmake = copy / "core/CMakeLists.txt"
        text = cmake.read_text()
        cmake.write_text(text.replace("relevo_room(wire ROOMS base model", "relevo_room(wire ROOMS base store"))
        if not any("relevo_room(wire)" in f for f in check(copy)):
            sys.exit("a wrong link in core/CMakeLists.txt was not found")
    print(f"all {len(PLANTS) + 1} planted mistakes were found")


def main():
    root = Path(__file__).resolve().parent.parent
    if sys.argv[1:] == ["--self-test"]:
        self_test(root)
        return
    if len(sys.argv) > 1:
        root = Path(sys.argv[1])
    found = check(root)
    print("\n".join(found) if found else "the arrows between the rooms point down")
    sys.exit(1 if found else 0)


main()
