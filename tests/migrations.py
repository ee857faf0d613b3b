#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Checks schemas/sql: what was released is as it was, and what came since then only adds.

    migrations.py [ROOT]      one line for each mistake, exit status 1 if there is any; 77 if git could not be asked what was before
    migrations.py --self-test plants what must not be in a copy of the tree and must find every one

The release before runs on with the schema of this one (expand); what takes something from it waits, in a .contract.sql. It judges
words, not their effect: what a released function comes to mean is for a person to read. Must never need a build, and nothing but
Python and git.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FIRST = "c9a466d"  # what stands for the release before the first tag, as in deploy/test_upgrade.py
NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/", re.S)
# A month's own partition that has run out: nobody reads it any more.
ALLOWED = re.compile(r"EXECUTE format\('DROP TABLE %s'")
TAKES_AWAY = {
    "drops": r"\bDROP\s+(TABLE|COLUMN|((MATERIALIZED|FOREIGN)\s+)?(VIEW|TABLE)|FUNCTION|PROCEDURE|TYPE|SCHEMA|SEQUENCE|CONSTRAINT)\b",
    "renames": r"\bRENAME\b",
    "changes the type of a column": r"\bALTER\s+(COLUMN\s+)?\w+\s+(SET\s+DATA\s+)?TYPE\b",
    "asks for what the release before leaves out": r"\bSET\s+NOT\s+NULL\b",
    "takes a right": r"\bREVOKE\b",
}
MADE = re.compile(r"\bCREATE\s+(?:FUNCTION|TABLE)\s+([\w.]+)", re.I)
ADDED = re.compile(r"\bADD\s+COLUMN\b[^,;]*", re.I)


def git(root, *words):
    done = subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def base(root):
    """The commit of the release before: the newest tag but one of this very commit. Empty where git does not know it."""
    tag = git(root, "describe", "--tags", "--match=v*", "--abbrev=0", "HEAD^").strip()
    return git(root, "rev-parse", "-q", "--verify", f"{tag or FIRST}^{{commit}}").strip()


def silent(root):
    """Why git does not tell what was released, though this is a clone; empty when it does."""
    if not (root / ".git").exists():
        return ""
    if git(root, "rev-parse", "--is-shallow-repository").strip() == "true":
        return "the clone is shallow (git fetch --unshallow)"
    return "" if base(root) else f"git knows neither a tag nor {FIRST}"


def check_added(path):
    code = ALLOWED.sub("", NOT_CODE.sub("", path.read_text(encoding="utf-8")))
    for new in set(MADE.findall(code)):  # the release before had no right to it
        code = re.sub(rf"\bREVOKE\b[^;]*?\bON\s+((FUNCTION|TABLE)\s+)?{re.escape(new)}(\s*\([^;)]*\))?\s+FROM\b[^;]*;", "", code, flags=re.I)
    for what, words in TAKES_AWAY.items():
        for found in re.finditer(words, code, re.I):
            yield f"{path.name}: {what} ({' '.join(found[0].split())}): that is for a later release, in NNN_what.contract.sql"
    for found in ADDED.finditer(code):
        if re.search(r"\bNOT\s+NULL\b", found[0], re.I) and not re.search(r"\b(DEFAULT|GENERATED)\b", found[0], re.I):
            yield f"{path.name}: {' '.join(found[0].split())}: the release before does not fill it: give it a default"


def check(root):
    before = base(root)
    if not before:
        return []
    def names(kind):  # with what is not committed yet
        return git(root, "diff", "--name-only", "--no-renames", f"--diff-filter={kind}", before, "--", "schemas/sql").split()
    found = [f"{Path(name).name}: differs from what was released: its hash is stored in databases; write a new migration"
             for name in names("MD")]
    new = {*names("A"), *git(root, "ls-files", "--others", "--exclude-standard", "--", "schemas/sql").split()}
    for name in sorted(new):
        if name.endswith(".sql") and not name.endswith(".contract.sql"):
            found += check_added(root / name)
    return found


# what is planted in a new migration, and a piece of the complaint that must follow; None: allowed
PLANTS = [
    ("CREATE TABLE t (a int NOT NULL);\n-- DROP TABLE t\n", None),
    ("ALTER TABLE t ADD COLUMN b int, ADD COLUMN c int NOT NULL DEFAULT 0;", None),
    ("ALTER TABLE t ALTER COLUMN a DROP NOT NULL, ALTER COLUMN a SET DEFAULT 1;", None),
    ("BEGIN EXECUTE format('DROP TABLE %s', month.name); END", None),
    ("DROP TABLE t;", "drops (DROP TABLE)"),
    ("ALTER TABLE t\n    DROP COLUMN a;", "drops (DROP COLUMN)"),
    ("DROP VIEW v;", "drops (DROP VIEW)"),
    ("drop materialized view v;", "drops (drop materialized view)"),
    ("DROP FUNCTION IF EXISTS f(int);", "drops (DROP FUNCTION)"),
    ("DROP TYPE k;", "drops (DROP TYPE)"),
    ("ALTER TABLE t DROP CONSTRAINT c;", "drops (DROP CONSTRAINT)"),
    ("ALTER TABLE t RENAME COLUMN a TO b;", "renames"),
    ("ALTER TABLE t ALTER COLUMN a TYPE bigint;", "changes the type"),
    ("ALTER TABLE t ALTER a SET DATA TYPE bigint;", "changes the type"),
    ("ALTER TABLE t ALTER COLUMN a SET NOT NULL;", "leaves out"),
    ("ALTER TABLE t ADD COLUMN b int NOT NULL, ADD COLUMN c int DEFAULT 1;", "give it a default"),
    ("REVOKE ALL ON t FROM relevo_lane;", "takes a right"),
    ("CREATE FUNCTION s.f(a int) RETURNS int LANGUAGE sql RETURN 1;\nREVOKE ALL ON FUNCTION s.f(int) FROM PUBLIC;", None),
    ("CREATE OR REPLACE FUNCTION s.f(a int) RETURNS int LANGUAGE sql RETURN 1;\nREVOKE ALL ON FUNCTION s.f(int) FROM PUBLIC;", "takes a right"),
    ("CREATE FUNCTION s.f(a int) RETURNS int LANGUAGE sql RETURN 1;\nREVOKE ALL ON FUNCTION s.f(int), s.g(int) FROM PUBLIC;", "takes a right"),
]


def commit(root, words):
    for line in (["add", "-A"], ["-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-q", "-m", words]):
        subprocess.run(["git", "-C", root, *line], check=True)


def self_test():
    with tempfile.TemporaryDirectory() as temp:
        root = Path(temp)
        sql = root / "schemas/sql"
        sql.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", temp], check=True)
        (sql / "001_first.sql").write_text("CREATE TABLE t (a int); DROP TABLE older;\n")
        commit(root, "released")
        if not silent(root):
            sys.exit("a clone without a release was taken for one that agrees")
        subprocess.run(["git", "-C", temp, "tag", "v0.1.0"], check=True)
        (root / "README").write_text("x\n")
        commit(root, "since then")
        for text, expected in PLANTS:
            for name in ("002_new.sql", "002_new.contract.sql"):
                (sql / name).write_text(text)
                found = check(root)
                (sql / name).unlink()
                wanted = expected if name == "002_new.sql" else None
                if (wanted is None and found) or (wanted and [wanted in f for f in found] != [True]):
                    sys.exit(f"{name}: {text}: expected {wanted!r}, found {found}")
        for change in (lambda: (sql / "001_first.sql").write_text("-- Better words.\nCREATE TABLE t (a int); DROP TABLE older;\n"),
                       lambda: shutil.move(sql / "001_first.sql", sql / "001_one.contract.sql"),
                       lambda: (sql / "001_first.sql").unlink()):
            change()
            found = check(root)
            subprocess.run(["git", "-C", temp, "checkout", "-q", "--", "."], check=True)
            subprocess.run(["git", "-C", temp, "clean", "-qfd"], check=True)
            if len(found) != 1 or "001_first.sql: differs" not in found[0]:
                sys.exit(f"a released migration that changed: found {found}")
        (sql / "002_new.sql").write_text("DROP TABLE t;")
        commit(root, "the next release")
        subprocess.run(["git", "-C", temp, "tag", "v0.2.0"], check=True)
        if len(check(root)) != 1:
            sys.exit("the migrations of a commit that has its own tag were not judged")
    print(f"all {len(PLANTS) + 5} planted changes were judged rightly")


def main():
    root = Path(__file__).resolve().parent.parent
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return
    if len(sys.argv) > 1:
        root = Path(sys.argv[1])
    why, found = silent(root), check(root)
    print("\n".join(found) if found else "released migrations are as they were, and those since then only add")
    if not found and why:
        print(f"not compared with what was released: {why}")
        sys.exit(77)
    sys.exit(1 if found else 0)


main()
