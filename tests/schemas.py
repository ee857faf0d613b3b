#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks schemas/avro: what was published once can be read for ever, and what is published now by those who know only the past.

    schemas.py [ROOT]      one line for each mistake, exit status 1 if there is any; 77 if git could not be asked what was before
    schemas.py --self-test plants incompatible changes in a copy of the tree and must find every one

Each current schema must read the data of each one in its history, and the other way round (Avro's FULL compatibility); the
newest history entry, or the one before it, is the current file, but for its docs (the newest is read already, and written by the next release); whatever git knows to have been current is in the history, so that
no entry can be changed with its schema; everything has a doc. Must never need a build, and nothing but Python and git.
"""
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
PROMOTES = {"int": {"long", "float", "double"}, "long": {"float", "double"}, "float": {"double"},
            "string": {"bytes"}, "bytes": {"string"}}


def full_name(name, space):
    return name if "." in name or not space else f"{space}.{name}"


class Schema:
    """A schema with its named types collected, so that references can be followed."""

    def __init__(self, tree):
        self.names = {}
        self.root = self.resolve(tree, "")

    def resolve(self, tree, space):
        """Rewrites a schema so that every named type is its full name, defined in self.names."""
        if isinstance(tree, list):
            return [self.resolve(branch, space) for branch in tree]
        if isinstance(tree, str):
            return tree if tree in PRIMITIVES else full_name(tree, space)
        kind = tree["type"]
        if kind not in ("record", "enum", "fixed"):
            if kind == "array":
                return {"type": "array", "items": self.resolve(tree["items"], space)}
            if kind == "map":
                return {"type": "map", "values": self.resolve(tree["values"], space)}
            return self.resolve(kind, space)
        name = full_name(tree["name"], tree.get("namespace", space))
        space = name.rpartition(".")[0]
        if name in self.names:
            raise ValueError(f"{name} is defined twice")
        made = self.names[name] = dict(tree)
        if kind == "record":
            made["fields"] = [dict(f, type=self.resolve(f["type"], space)) for f in tree["fields"]]
        return name


def kind_of(schema, node):
    node = schema.names.get(node, node) if isinstance(node, str) else node
    return ("union", node) if isinstance(node, list) else (node, node) if isinstance(node, str) else (node["type"], node)


def unreadable(reader, rnode, writer, wnode, where):
    """Why `reader` cannot read what `writer` wrote: a list of reasons, empty when it can (Avro, Schema Resolution)."""
    rkind, r = kind_of(reader, rnode)
    wkind, w = kind_of(writer, wnode)
    if wkind == "union":
        return [why for branch in w for why in unreadable(reader, rnode, writer, branch, where)]
    if rkind == "union":
        tries = [unreadable(reader, branch, writer, wnode, where) for branch in r]
        return [] if any(not t for t in tries) else [f"{where}: no branch for {wkind}"]
    if rkind != wkind:
        return [] if rkind in PROMOTES.get(wkind, ()) else [f"{where}: {wkind} became {rkind}"]
    if rkind in ("record", "enum", "fixed") and r["name"].split(".")[-1] != w["name"].split(".")[-1]:
        return [f"{where}: the type {w['name']} is called {r['name']}"]
    if rkind == "record":
        return unreadable_fields(reader, r, writer, w, where)
    if rkind == "enum":
        lost = [s for s in w["symbols"] if s not in r["symbols"]]
        return [f"{where}: the symbols {lost} are unknown and there is no default"] if lost and "default" not in r else []
    if rkind == "fixed":
        return [] if r["size"] == w["size"] else [f"{where}: another size"]
    if rkind in ("array", "map"):
        inner = "items" if rkind == "array" else "values"
        return unreadable(reader, r[inner], writer, w[inner], where + "[]")
    return []


def unreadable_fields(reader, r, writer, w, where):
    found = []
    written = {f["name"]: f for f in w["fields"]}
    for field in r["fields"]:
        name = f"{where}.{field['name']}"
        if field["name"] in written:
            found += unreadable(reader, field["type"], writer, written[field["name"]]["type"], name)
        elif "default" not in field:
            found.append(f"{name}: is missing in the data and has no default")
    return found


def default_fits(schema, node, value):
    kind, tree = kind_of(schema, node)
    if kind == "union":  # a default is of the first branch
        return default_fits(schema, tree[0], value)
    checks = {"null": lambda: value is None, "boolean": lambda: isinstance(value, bool),
              "int": lambda: type(value) is int, "long": lambda: type(value) is int,
              "float": lambda: type(value) in (int, float), "double": lambda: type(value) in (int, float),
              "string": lambda: isinstance(value, str), "bytes": lambda: isinstance(value, str),
              "array": lambda: isinstance(value, list), "map": lambda: isinstance(value, dict),
              "enum": lambda: value in tree["symbols"], "record": lambda: isinstance(value, dict)}
    return kind in checks and checks[kind]()


def check_style(file, schema):
    """Docs everywhere; optional fields that default to null; enums that a later word does not break."""
    for name, made in schema.names.items():
        if not made.get("doc"):
            yield f"{file}: {name} has no doc"
        if not name.startswith("relevo.v1."):
            yield f"{file}: {name} is outside the namespace relevo.v1"
        if made["type"] == "enum" and made.get("default") not in made["symbols"]:
            yield f"{file}: the enum {name} has no default: a later word would break its readers"
        for field in made.get("fields", ()):
            where = f"{file}: {name}.{field['name']}"
            if not field.get("doc"):
                yield f"{where} has no doc"
            if isinstance(field["type"], list) and ("default" not in field or field["type"][0] != "null"):
                yield f"{where} is a union: it begins with null and defaults to it"
            if "default" in field and not default_fits(schema, field["type"], field["default"]):
                yield f"{where}: the default {field['default']!r} does not fit its type"


def history(root, name):
    """The published versions of a schema, oldest first."""
    files = list((root / "schemas/avro/history" / name).glob("*.avsc"))
    return sorted(files, key=lambda f: int(f.stem) if f.stem.isdigit() else -1)


def meaning(tree):
    """A schema without its docs: these are for readers, and may become better."""
    if isinstance(tree, list):
        return [meaning(item) for item in tree]
    if isinstance(tree, dict):
        return {key: meaning(value) for key, value in tree.items() if key != "doc"}
    return tree


def git(root, *words):
    done = subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def silent(root):
    """Why git does not tell what the schemas were, though this is a clone; empty when it does. Nobody may take its silence for consent."""
    if not (root / ".git").exists():
        return ""
    if not git(root, "log", "--format=%h", "-1"):
        return f"git does not answer (git -C {root} log says why)"
    return "the clone is shallow (git fetch --unshallow)" if git(root, "rev-parse", "--is-shallow-repository").strip() == "true" else ""


def committed(root, file):
    """Every version of a schema that git knows: (commit, tree). Nothing where there is no git, as in an archive of the sources."""
    path = file.relative_to(root).as_posix()
    for commit in git(root, "log", "--format=%h", "--", path).split():
        text = git(root, "show", f"{commit}:./{path}")
        if text:  # not where it was removed
            yield commit, json.loads(text)


def check_one(root, file):
    tree = json.loads(file.read_text())
    current = Schema(tree)
    if tree.get("name") != file.stem:
        yield f"{file.name}: holds the record {tree.get('name')}"
    yield from check_style(file.name, current)
    past = history(root, file.stem)
    if [f.stem for f in past] != [str(n + 1) for n in range(len(past))] or not past:
        yield f"{file.name}: history/{file.stem}/ must hold 1.avsc, 2.avsc, ... without a gap"
        return
    kept = [meaning(json.loads(f.read_text())) for f in past]
    if meaning(tree) not in kept[-2:]:
        yield (f"{file.name}: changed since history/{file.stem}/{past[-1].name}: "
               f"copy it to {len(past) + 1}.avsc (published entries never change)")
    for commit, old in committed(root, file):
        if meaning(old) not in kept:
            yield (f"{file.name}: what it was in commit {commit} is not in history/{file.stem}/: entries never change; "
                   f"git show {commit}:schemas/avro/{file.name} has it")
    for old_file in past:
        old = Schema(json.loads(old_file.read_text()))
        version = f"version {old_file.stem}"
        for why in unreadable(current, current.root, old, old.root, file.stem):
            yield f"{file.name}: cannot read data of {version}: {why}"
        for why in unreadable(old, old.root, current, current.root, file.stem):
            yield f"{file.name}: readers of {version} cannot read it: {why}"


def check(root):
    files = sorted((root / "schemas/avro").glob("*.avsc"))
    found = [] if files else [f"{root}: no schemas in schemas/avro"]
    for file in files:
        try:
            found += check_one(root, file)
        except (KeyError, TypeError, ValueError) as error:
            found.append(f"{file.name}: no schema: {error!r}")
    for folder in sorted((root / "schemas/avro/history").iterdir()):
        if not (root / f"schemas/avro/{folder.name}.avsc").exists():
            found.append(f"history/{folder.name}: its schema is gone: a published record cannot be withdrawn")
    return found


def changed(change):
    """Plants a change in EffectResult and records it in its history, as somebody in a hurry would."""
    def plant(root):
        path = root / "schemas/avro/EffectResult.avsc"
        tree = json.loads(path.read_text())
        change(tree)
        path.write_text(json.dumps(tree))
        shutil.copy(path, root / "schemas/avro/history/EffectResult/2.avsc")
    return plant


def field_of(tree, name):
    return next(f for f in tree["fields"] if f["name"] == name)


def set_item(tree, key, value):
    tree[key] = value


ADDED = {"name": "added", "type": ["null", "string"], "default": None, "doc": "x"}
# what is planted, and a piece of the complaint that must follow; None: allowed
PLANTS = [
    (changed(lambda t: t["fields"].append(dict(ADDED))), None),
    (changed(lambda t: t["fields"].remove(field_of(t, "context"))), None),
    (changed(lambda t: t["fields"].remove(field_of(t, "plugin"))), "EffectResult.plugin: is missing"),
    (changed(lambda t: t["fields"].append({"name": "added", "type": "string", "doc": "x"})), "added: is missing"),
    (changed(lambda t: set_item(field_of(t, "epoch"), "type", "string")), "epoch: long became string"),
    (changed(lambda t: set_item(field_of(t, "status"), "type", "long")), "status: long became int"),
    (changed(lambda t: set_item(field_of(t, "body"), "type", ["null", "int"])), "body: no branch for int"),
    (changed(lambda t: set_item(t, "name", "EffectOutcome")), "is called"),
    (changed(lambda t: t["fields"].append(dict(ADDED, doc=""))), "added has no doc"),
    (changed(lambda t: t["fields"].append(dict(ADDED, default="none"))), "does not fit its type"),
    (changed(lambda t: t["fields"].append(dict(ADDED, type=["string", "null"], default=""))), "begins with null"),
    (changed(lambda t: t["fields"].append(dict(ADDED, type={"type": "enum", "name": "E", "doc": "x",
                                                            "symbols": ["a"]}, default="a"))), "no default: a later"),
]


def plant_unrecorded(root):
    path = root / "schemas/avro/Progress.avsc"
    tree = json.loads(path.read_text())
    tree["fields"].append(dict(ADDED))
    path.write_text(json.dumps(tree))


def plant_announced(root, ahead=1):
    """Schemas that this release reads, and does not write yet."""
    path = root / "schemas/avro/Progress.avsc"
    tree = json.loads(path.read_text())
    for n in range(ahead):
        tree["fields"].append(dict(ADDED, name=f"added{n}"))
        (root / f"schemas/avro/history/Progress/{n + 2}.avsc").write_text(json.dumps(tree))


def plant_better_words(root):
    path = root / "schemas/avro/Progress.avsc"
    path.write_text(path.read_text().replace("The lane (partition).", "The lane."))


def plant_rewritten(root):
    """Both files changed in place: the past is forged, the present agrees with it, but an older entry still knows."""
    for name in ("EffectResult.avsc", "history/EffectResult/1.avsc"):
        path = root / "schemas/avro" / name
        path.write_text(path.read_text().replace('"name": "epoch", "type": "long"', '"name": "epoch", "type": "bytes"'))
    shutil.copy(root / "original.avsc", root / "schemas/avro/history/EffectResult/2.avsc")
    shutil.copy(root / "schemas/avro/EffectResult.avsc", root / "schemas/avro/history/EffectResult/3.avsc")


def plant_in_place(root):
    """An entry that was committed, changed with its schema."""
    for words in (["init", "-q"], ["add", "schemas"],
                  ["-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-q", "-m", "as it was"]):
        subprocess.run(["git", "-C", root, *words], check=True)
    path = root / "schemas/avro/EffectResult.avsc"
    tree = json.loads(path.read_text())
    tree["fields"].append(dict(ADDED))
    path.write_text(json.dumps(tree))
    shutil.copy(path, root / "schemas/avro/history/EffectResult/1.avsc")


def plant_gap(root):
    folder = root / "schemas/avro/history/Progress"
    (folder / "1.avsc").rename(folder / "2.avsc")


def plant_symbol(root):
    path = root / "schemas/avro/Decision.avsc"
    tree = json.loads(path.read_text())
    field_of(tree, "event")["type"]["symbols"].remove("timer")
    del field_of(tree, "event")["type"]["default"]
    path.write_text(json.dumps(tree))
    shutil.copy(path, root / "schemas/avro/history/Decision/2.avsc")


PLANTS += [
    (plant_unrecorded, "copy it to 2.avsc"),
    (plant_better_words, None),
    (plant_announced, None),
    (lambda root: plant_announced(root, 2), "copy it to 4.avsc"),
    (plant_in_place, "is not in history/EffectResult/"),
    (plant_rewritten, "epoch"),
    (plant_gap, "without a gap"),
    (plant_symbol, "['timer'] are unknown"),
    (lambda root: (root / "schemas/avro/Progress.avsc").unlink(), "cannot be withdrawn"),
    (lambda root: (root / "schemas/avro/Progress.avsc").write_text("{}"), "no schema"),
]


def self_test(root):
    before = check(root)
    if before:
        sys.exit("the tree itself is not clean, run tests/schemas.py first:\n" + "\n".join(before))
    for number, (plant, expected) in enumerate(PLANTS):
        with tempfile.TemporaryDirectory() as temp:
            copy = Path(temp)
            for file in (root / "schemas/avro").glob("*.avsc"):  # one version each, however long the history is
                folder = copy / "schemas/avro/history" / file.stem
                folder.mkdir(parents=True)
                shutil.copy(file, folder / "1.avsc")
                shutil.copy(file, copy / "schemas/avro" / file.name)
            shutil.copy(root / "schemas/avro/EffectResult.avsc", copy / "original.avsc")
            plant(copy)
            found = check(copy)
        if expected is None and found:
            sys.exit(f"plant {number} is allowed, but: {found}")
        if expected is not None and not any(expected in f for f in found):
            sys.exit(f"plant {number}: expected {expected!r}, found {found}")
    with tempfile.TemporaryDirectory() as temp:
        if silent(Path(temp)):
            sys.exit("an archive of the sources is no clone, and needs no git")
        (Path(temp) / ".git").write_text("nothing that git knows")
        if not silent(Path(temp)):
            sys.exit("a git that does not answer was taken for one that agrees")
    print(f"all {len(PLANTS)} planted changes were judged rightly")


def main():
    root = Path(__file__).resolve().parent.parent
    if sys.argv[1:] == ["--self-test"]:
        self_test(root)
        return
    if len(sys.argv) > 1:
        root = Path(sys.argv[1])
    found = check(root)
    print("\n".join(found) if found else "every schema reads its whole history, and is read by it")
    if not found and silent(root):
        print(f"not compared with what was committed: {silent(root)}")
        sys.exit(77)
    sys.exit(1 if found else 0)


main()
