# SPDX-License-Identifier: Apache-2.0
"""The chart as helm renders it: shared by the tests of this folder. It must never talk to a cluster."""
import os
import subprocess
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("RELEVO_BUILD_DIR", ROOT / "build/release")).resolve()
CHART = ROOT / "deploy/helm/relevo"
ANDINO = ROOT / "docs/examples/cafe_andino"
SKIPPED = 77


class Mistakes(list):
    def want(self, condition, words):
        if not condition:
            self.append(words)


def find_helm():
    found = subprocess.run(["bash", str(HERE / "helm.sh")], capture_output=True, text=True)
    if found.returncode == SKIPPED and not os.environ.get("CI"):
        print(f"skipped: {found.stderr.strip()}")
        sys.exit(SKIPPED)
    if found.returncode:
        sys.exit(found.stderr.strip())
    return found.stdout.strip()


def helm(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True)


def set_files():
    """--set-file for each file of Café Andino, as its README would have a person write them."""
    words = []
    for path in sorted(p for p in ANDINO.rglob("*") if p.is_file()):
        name = path.relative_to(ANDINO).as_posix().replace(".", r"\.")
        words += ["--set-file", f"files.{name}={path}"]
    return words


def value_sets():
    """Name -> helm's words: the defaults, and each file of values/."""
    sets = {"default": []}
    for file in sorted((HERE / "values").glob("*.yaml")):
        sets[file.stem] = ["-f", str(file)] + (set_files() if file.stem == "full" else [])
    return sets


class Rendered:
    """What a set of values becomes. one("Deployment", "gateway"): by kind and what follows the installation's name."""

    def __init__(self, documents):
        self.documents = documents
        self.name = next(d["metadata"]["name"] for d in documents
                         if d["kind"] == "ConfigMap" and "relevo.yaml" in d["data"] and not hook(d))
        self.by = {(d["kind"], d["metadata"]["name"].removeprefix(self.name).lstrip("-")): d for d in documents}
        self.data = self.by["ConfigMap", ""]["data"]
        self.config = yaml.safe_load(self.data["relevo.yaml"])

    def one(self, kind, suffix=""):
        return self.by.get((kind, suffix))

    def role(self, role):
        """The Deployment or StatefulSet of a role."""
        suffix = "" if role == "consume" else role
        return self.one("Deployment", suffix) or self.one("StatefulSet", suffix)

    def pods(self):
        """Component -> the template of its pods, of whatever makes them."""
        found = {}
        for document in self.documents:
            spec = document.get("spec") or {}
            template = (document if document["kind"] == "Pod" else spec.get("template")
                        or spec.get("jobTemplate", {}).get("spec", {}).get("template"))
            if template:
                found[document["metadata"]["labels"]["app.kubernetes.io/component"]] = template
        return found


def hook(document):
    return document["metadata"].get("annotations", {}).get("helm.sh/hook")


def render(program, words, mistakes, name, verbs=("lint", "template")):
    for verb in verbs:
        where = [str(CHART), "--strict"] if verb == "lint" else ["shop", str(CHART), "--namespace", "chat"]
        ran = helm(program, verb, *where, *words)
        if ran.returncode:
            mistakes.append(f"{name}: helm {verb} refuses it: {(ran.stdout + ran.stderr).strip()}")
            return None
    documents = [d for d in yaml.safe_load_all(ran.stdout) if d]
    rendered = Rendered(documents)
    mistakes.want(len(rendered.by) == len(documents), f"{name}: two objects are one")
    return rendered
