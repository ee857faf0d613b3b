#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plants one bug after the other in a copy of the source, and has the tests find it.

    test_plants.py [--seed N] [NAME ...]   all plants, or those whose file names contain a NAME; prints the seeds
    test_plants.py --check                 only that every patch still applies: seconds

Each patch breaks one rule. Its head names the rule, the model's name for it, the test that must find it, and (a regular
expression) what that test then says; a test that fails in other words has not found it. Without a patch the same tests must pass.
The tree that is tested is never touched.
"""
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGETS = ("relevo", "relevo-plugin-host", "scripted.so", "llm.so", "responder.so", "lead_qualifier.so", "polish.so", "summarizer.so",
           "keyword.so")  # what the tests that are named load
TRIES, SECONDS = 4, 900
SKIPPED = (".git", ".dev", "build", "__pycache__", "node_modules")
HEAD = ("Rule", "Model", "Test", "Finds")


class Plant:
    def __init__(self, path):
        self.path, self.name, text = path, path.stem, path.read_text()
        head = dict(re.findall(r"^(\w+): (.*)$", text.partition("\ndiff ")[0], re.M))
        missing = [word for word in HEAD if not head.get(word)]
        if missing:
            sys.exit(f"{path}: its head lacks {', '.join(missing)}")
        self.rule, self.model, self.test, self.finds = (head[word] for word in HEAD)
        self.files = re.findall(r"^\+\+\+ b/(.*)$", text, re.M)

    def apply(self, tree, *options):
        """None, or why it does not."""
        # GIT_CEILING_DIRECTORIES: a copy inside another repository is no part of it.
        done = subprocess.run(("git", "apply", "-C1", *options, self.path), cwd=tree, capture_output=True, text=True,
                              env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)})
        return done.stderr.strip() if done.returncode else None


class Scratch:
    """A copy of the source with a build of its own. Only what a plant changes is built again."""

    def __init__(self):
        self.folder = Path(os.environ.get("RELEVO_PLANTS_DIR") or tempfile.mkdtemp(prefix="relevo-plants-"))
        self.tree, self.build = self.folder / "source", self.folder / "build"
        for left in (self.tree, self.build):  # of an earlier run: of other times
            if left.exists():
                shutil.rmtree(left)
        shutil.copytree(ROOT, self.tree, ignore=shutil.ignore_patterns(*SKIPPED))  # copy2: times are kept
        shutil.copytree(ROOT / "build/page", self.tree / "build/page")  # what CMake wants to find built
        self.run("cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                 "-DRELEVO_TEST_POINTS=ON", "-DRELEVO_WERROR=OFF")
        self.make()

    def run(self, *words):
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, words))}:\n{(done.stdout + done.stderr)[-3000:]}")

    def make(self):
        self.run("ninja", "-C", self.build, *TARGETS)

    def restore(self, files):
        for file in files:
            shutil.copyfile(ROOT / file, self.tree / file)  # as of now, so that it is built again

    def test(self, words, seed):
        """(status, output); the status of one that hangs is None."""
        program, *rest = words.split()
        environment = {**os.environ, "RELEVO_BIN": str(self.build / "relevo"), "RELEVO_BUILD_DIR": str(self.build),
                       "RELEVO_PLUGINS": str(self.build / "plugins"), "RELEVO_SOURCE_DIR": str(self.tree)}
        child = subprocess.Popen((sys.executable, self.tree / "tests" / program, str(seed), *rest), cwd=self.tree,
                                 env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 start_new_session=True)
        try:
            said, _ = child.communicate(timeout=SECONDS)
            return child.returncode, said
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return None, child.communicate()[0]

    def remove(self):
        if not os.environ.get("RELEVO_PLANTS_DIR"):
            shutil.rmtree(self.folder)


def failure(said):
    """What a test says when it fails: from there on."""
    at = said.rfind("FAILED after")
    return said[at:] if at >= 0 else ""


def last(said):
    return "\n".join("    " + line for line in (failure(said) or said).splitlines()[:25])


def seek(scratch, plant, seed):
    """Returns what is wrong, or None: it was found."""
    wrong = plant.apply(scratch.tree)
    if wrong:
        return f"{plant.name}: the patch does not apply any more; plant the bug anew: {wrong}"
    try:
        scratch.make()
        began, other = time.monotonic(), ""
        for i in range(TRIES):
            status, said = scratch.test(plant.test, seed + i)
            found = re.search(plant.finds, failure(said), re.M)
            if status == 1 and found:
                line = next(text for text in failure(said).splitlines() if found.group() in text)
                print(f"{plant.name:24} found by {plant.test}, seed {seed + i}, in {time.monotonic() - began:.0f} s: {line[:150]}",
                      flush=True)
                return None
            if status != 0:  # perhaps the machine's trouble: it is asked again, and told if nothing better comes
                other = f"; with seed {seed + i} it fails in other words than /{plant.finds}/:\n{last(said)}"
        return f"{plant.name}: {plant.test} does not find it, seeds {seed} to {seed + TRIES - 1}{other}"
    except RuntimeError as mistake:
        return f"{plant.name}: does not build: {mistake}"
    finally:
        scratch.restore(plant.files)


def main():
    words = sys.argv[1:]
    seed = secrets.randbelow(10**6)
    if "--seed" in words:
        at = words.index("--seed")
        seed = int(words[at + 1])
        del words[at:at + 2]
    names = [word for word in words if not word.startswith("-")]
    plants = [plant for plant in map(Plant, sorted(HERE.glob("*.patch")))
              if not names or any(name in plant.name for name in names)]
    if not plants:
        sys.exit(f"there is no plant {' '.join(names)}: see {HERE}")
    if "--check" in words:
        wrong = [f"{p.name}: the patch does not apply any more; plant the bug anew: {why}"
                 for p, why in ((p, p.apply(ROOT, "--check")) for p in plants) if why]
        print("\n".join(wrong) or f"{len(plants)} plants apply")
        return 1 if wrong else 0
    scratch, wrong = Scratch(), []
    print(f"plants: seed {seed}, built in {scratch.folder}", flush=True)
    for test in dict.fromkeys(plant.test for plant in plants):
        began = time.monotonic()
        status, said = scratch.test(test, seed)
        if status != 0:
            sys.exit(f"{test} {seed} does not pass without any plant: they could not be told apart\n{last(said)}")
        print(f"{'nothing planted':24} {test} passes in {time.monotonic() - began:.0f} s", flush=True)
    for plant in plants:
        what = seek(scratch, plant, seed)
        if what:
            print(what, flush=True)
            wrong.append(plant.name)
    print(f"{len(plants) - len(wrong)} of {len(plants)} plants were found" + (f"; not: {', '.join(wrong)}" if wrong else ""))
    scratch.remove()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
