#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the chart's README.md, made from Chart.yaml and the comments of values.yaml: a comment explains the key below it.

    deploy/helm/readme.py > deploy/helm/relevo/README.md
"""
import json
import re
from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parent / "relevo"
KEY = re.compile(r"^( *)([A-Za-z]\w*):(.*)$")
WHOLE = {"config"}  # shown as one value

HEAD = """# {name}

Made from `values.yaml` by `deploy/helm/readme.py`; do not edit.

{description}. Version {version} of the chart, {appVersion} of Relevo; Kubernetes {kubeVersion}.

    kubectl create secret generic relevo-postgres --from-literal=url=postgresql://user:password@host/database
    kubectl create secret generic relevo-whatsapp --from-file=app-secrets --from-file=verify-token --from-file=token
    helm install relevo deploy/helm/relevo --set image.repository=registry.example.com/relevo -f values.yaml
    helm test relevo

[How it is meant](../../README.md#kubernetes). `values.schema.json` is closed: what is not listed here is refused.

| value | default | what it is for |
|---|---|---|
"""


def comments(text):
    """Dotted path -> the comment above the key."""
    found, path, said = {}, [], []
    for line in text.splitlines():
        if line.strip().startswith("#"):
            said.append(line.strip().lstrip("#").strip())
            continue
        key = KEY.match(line)
        if not key:
            said = []
            continue
        depth = len(key.group(1)) // 2
        if depth <= len(path):
            path = path[:depth] + [key.group(2)]
            found[".".join(path)] = " ".join(said)
        said = []
    return found


def rows(values, said, path=()):
    for key, value in values.items():
        here = (*path, key)
        name = ".".join(here)
        if isinstance(value, dict) and value and name not in WHOLE and f"{name}.{next(iter(value))}" in said:
            if said.get(name):
                yield f"| `{name}` | | {said[name]} |"
            yield from rows(value, said, here)
        else:
            default = "see `values.yaml`" if name in WHOLE else f"`{json.dumps(value, ensure_ascii=False)}`"
            yield f"| `{name}` | {default} | {said.get(name, '')} |"


def main():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    print(HEAD.format(**chart) + "\n".join(rows(yaml.safe_load(text), comments(text))))


if __name__ == "__main__":
    main()
