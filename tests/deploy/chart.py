# SPDX-License-Identifier: Apache-2.0
"""The chart as helm renders it: shared by the tests of this folder. It must never talk to a cluster."""
import itertools
import json
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("RELEVO_BUILD_DIR", ROOT / "build/release")).resolve()
CHART = ROOT / "deploy/helm/relevo"
ANDINO = ROOT / "docs/examples/cafe_andino"
SKIPPED = 77
# The Kubernetes that objects are judged by, and what modules of Go add to it: the definitions of KEDA's kinds and the Prometheus Operator's.
KUBERNETES = "1.36.3"
CRDS = {"github.com/kedacore/keda/v2@v2.21.0": ("config/crd/bases", "keda.sh_", ["scaledobjects"]),
        "github.com/prometheus-operator/prometheus-operator@v0.85.0":
            ("example/prometheus-operator-crd", "monitoring.coreos.com_", ["podmonitors", "prometheusrules", "servicemonitors"])}
SUM = "0123456789abcdef" * 4
PLUGINS = {"config": {"plugins": [{"name": "mine", "path": "/plugins/mine/triggers/keyword.so", "options": {"phrases": ["abogado"]}}]},
           "plugins": [{"name": "mine", "image": "registry.example.com/plugins", "digest": f"sha256:{SUM}", "via": "copy",
                        "sha256": {"triggers/keyword.so": SUM}}]}
# What may be chosen apart from each other: every pair of choices is in one set of values at least.
CHOICES = {
    "consume": [{}, {"consume": {"strategy": "RollingUpdate", "replicas": 12}}, {"consume": {"kind": "StatefulSet"}},
                {"consume": {"autoscaling": {"enabled": True}}},
                {"consume": {"kind": "StatefulSet", "autoscaling": {"enabled": True, "maxReplicas": 4}}}],
    "plugins": [{}, PLUGINS, {**PLUGINS, "plugins": [{**PLUGINS["plugins"][0], "via": "volume"}]},
                {"pluginsClaim": "ours", "config": {"plugins": [{"name": "keyword", "path": "/plugins/claim/triggers/keyword.so",
                                                                 "options": {"phrases": ["abogado"]}}]}}],
    "metrics": [{}, {"podMonitor": {"enabled": True}}, {"serviceMonitor": {"enabled": True}, "dashboard": {"enabled": True}},
                {"podMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
                {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}],
    "gateway": [{}, {"gateway": {"enabled": False}}, {"gateway": {"ingress": {"enabled": True, "host": "a.example.com", "tlsSecret": "a"}}}],
    "deliver": [{}, {"deliver": {"enabled": False}}, {"deliver": {"replicas": 3, "strategy": "Recreate", "destinationsSecret": "crm"}}],
    "desk": [{}, {"desk": {"enabled": True}, "config": {"desk": {"public_url": "https://b.example.com"}}},
             {"desk": {"enabled": True, "replicas": 1, "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "b"}},
              "config": {"desk": {"public_url": "https://b.example.com"}}}],
    "setup": [{}, {"setup": {"check": False, "ownerSecret": "owner"}}, {"setup": {"migrate": False, "topics": False}},
              {"setup": {"check": False, "migrate": False, "topics": False}}],
    "account": [{}, {"serviceAccount": {"create": True, "name": "bot"}}, {"serviceAccount": {"name": "theirs"}}],
    "retention": [{}, {"config": {"retention": {"months": 13}}}],
    "rest": [{}, {"networkPolicy": {"enabled": False}, "podDisruptionBudget": {"enabled": False}, "secretChecksums": False},
             {"networkPolicy": {"egress": [{"ports": [{"port": 9092}]}]}, "nameOverride": "bot", "fullnameOverride": "cafe"}],
}

Values = namedtuple("Values", "words all")
Values.__doc__ = "What helm is told, and what the chart then has, its own values among them."


class Mistakes(list):
    def want(self, condition, words):
        if not condition:
            self.append(words)


def found(script, *words):
    """What a script prints that finds or fetches a tool; without a way to, the test is skipped, and never so in CI."""
    ran = subprocess.run(["bash", str(HERE / script), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if ran.returncode == SKIPPED and not os.environ.get("CI"):
        print(f"skipped: {ran.stderr.strip()}")
        sys.exit(SKIPPED)
    if ran.returncode:
        sys.exit(ran.stderr.strip())
    return ran.stdout.split()


def find_helm():
    return found("helm.sh")[0]


def gotools(*words):
    return found("gotools.sh", *words)


def custom_kinds():
    """The files that define them."""
    return [Path(sources) / folder / f"{group}{kind}.yaml"
            for sources, (folder, group, kinds) in zip(gotools("fetch", *CRDS), CRDS.values()) for kind in kinds]


def helm(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True)


def set_files():
    """--set-file for each file of Café Andino, as its README would have a person write them."""
    words = []
    for path in sorted(p for p in ANDINO.rglob("*") if p.is_file()):
        name = path.relative_to(ANDINO).as_posix().replace(".", r"\.")
        words += ["--set-file", f"files.{name}={path}"]
    return words


def merged(*parts):
    """As helm does it: by keys, the later wins, null removes."""
    made = {}
    for part in parts:
        for key, value in part.items():
            both = isinstance(value, dict) and isinstance(made.get(key), dict)
            made[key] = merged(made[key], value) if both else value
    return {key: value for key, value in made.items() if value is not None}


def pairs(choices):
    """Rows of one choice each, so that every two choices are together in a row: each row takes what is new most often."""
    left = {frozenset([(a, i), (b, j)]) for a, b in itertools.combinations(choices, 2)
            for i in range(len(choices[a])) for j in range(len(choices[b]))}
    while left:
        row = sorted(min(left, key=sorted))
        for name in [n for n in choices if n not in dict(row)]:
            row.append(max(((name, i) for i in range(len(choices[name]))),
                           key=lambda one: sum(frozenset([one, other]) in left for other in row)))
        left -= {frozenset(two) for two in itertools.combinations(row, 2)}
        yield merged(*(choices[name][i] for name, i in row))


def value_sets():
    """Name -> Values: the defaults, each file of values/, and every pair of CHOICES."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    sets = {"default": Values([], defaults)}
    for file in sorted((HERE / "values").glob("*.yaml")):
        words = ["-f", str(file)] + (set_files() if file.stem == "full" else [])
        sets[file.stem] = Values(words, merged(defaults, yaml.safe_load(file.read_text(encoding="utf-8"))))
    for i, values in enumerate(pairs(CHOICES)):
        words = [word for key, value in values.items() for word in ("--set-json", f"{key}={json.dumps(value)}")]
        sets[f"pairs{i}"] = Values(words, merged(defaults, values))
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
