#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every object that the chart makes is one that Kubernetes knows: field by field, by kubeconform, nothing more and nothing misspelt.

The schemas are Kubernetes's own, of the oldest that Chart.yaml names and of a new one, KEDA's and the Prometheus Operator's, made from
the sources of each. It must never talk to a cluster: `./dev test --cluster` does.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from chart import CHART, KUBERNETES, Mistakes, custom_kinds, find_helm, gotools, helm, value_sets

OLDEST = "1.27.16"
KIND = "x-kubernetes-group-version-kind"
# What the oldest does not know: the volume of an OCI image.
NEWER = re.compile(r"^ +reference: ", re.M)


def closed(schema, required=False):
    """As the server reads it: no unknown field, null is as if it were not there, a number or a text where both are meant."""
    if not isinstance(schema, dict):
        return schema
    made = dict(schema)
    if schema.get("format") == "int-or-string" or schema.get("x-kubernetes-int-or-string"):
        return {"type": ["string", "integer"] if required else ["string", "integer", "null"]}
    for key in ("items", "additionalProperties", "not"):
        if key in schema:
            made[key] = closed(schema[key], True)
    for key in ("allOf", "anyOf", "oneOf"):
        made.pop(key, None)  # in CRDs: rules over fields, not their names
    if "properties" in schema:
        wanted = schema.get("required", [])
        made["properties"] = {name: closed(part, name in wanted) for name, part in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            made.setdefault("additionalProperties", False)
    if "$ref" in schema:
        return {"$ref": schema["$ref"]} if required else {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}]}
    if not required and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made


def reached(name, definitions):
    """The definitions that one needs, itself among them."""
    found, waiting = {}, [name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting += re.findall(r'"#/definitions/([^"]+)"', json.dumps(definitions[name]))
    return found


def write(folder, group, version, kind, schema):
    """Under the name by which kubeconform looks for it."""
    (folder / f"{group or version}_{version}_{kind.lower()}.json").write_text(json.dumps(schema))


def kubernetes(folder, sources):
    """A schema for each kind of swagger.json, which holds all that it needs."""
    swagger = json.loads((sources / "api/openapi-spec/swagger.json").read_text(encoding="utf-8"))
    definitions = {name: closed(schema, True) for name, schema in swagger["definitions"].items()}
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {"type": ["string", "number"]}
    for name, schema in swagger["definitions"].items():
        for one in schema.get(KIND, []):
            write(folder, one["group"], one["version"], one["kind"],
                  {"$ref": f"#/definitions/{name}", "definitions": reached(name, definitions)})


def custom(folder, file):
    spec = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]
    for version in spec["versions"]:
        schema = closed(version["schema"]["openAPIV3Schema"], True)
        write(folder, spec["group"], version["name"], spec["names"]["kind"], schema)


def judge(program, folder, text):
    """Lines of what is wrong, and how many objects were looked at."""
    location = folder / "{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json"
    ran = subprocess.run([program, "-strict", "-output", "json", "-verbose", "-schema-location", str(location), "-"], input=text,
                         capture_output=True, text=True)
    found = json.loads(ran.stdout)["resources"] if ran.stdout.startswith("{") else []
    wrong = [f"{one['kind']} {one['name']}: {one['msg']}" for one in found if one["status"] != "statusValid"]
    return wrong + ([ran.stderr.strip()] if not found else []), len(found)


# Changes of a good object, each of which must be found.
PLANTS = {
    "replicaz: 3": ("replicas:", "replicaz:"),
    "a port that is a list": ("containerPort: 9464", "containerPort: [9464]"),
    "a field in the wrong place": ("kind: NetworkPolicy\n", "kind: NetworkPolicy\nwebFrom: []\n"),
    "a field of KEDA misspelt": ("pollingInterval:", "pollInterval:"),
    "a field of the Prometheus Operator misspelt": ("podMetricsEndpoints:", "endpoints:"),
    "a key that is there twice": ("  revisionHistoryLimit: 3\n", "  revisionHistoryLimit: 3\n  revisionHistoryLimit: 3\n"),
}


def check_plants(program, folder, texts, mistakes):
    for what, (good, bad) in PLANTS.items():
        text = next((t for t in texts if good in t), None)
        mistakes.want(text and judge(program, folder, text.replace(good, bad, 1))[0], f"kubeconform takes {what}")


def main():
    program, mistakes, texts, count = find_helm(), Mistakes(), {}, 0
    for name, values in value_sets().items():
        ran = helm(program, "template", "shop", str(CHART), "--namespace", "chat", *values.words)
        texts[name] = ran.stdout
        mistakes.want(ran.returncode == 0, f"{name}: {ran.stderr.strip()}")
    kubeconform = Path(gotools("tools")[0]) / "kubeconform"
    customs = custom_kinds()
    old, new = gotools("fetch", f"k8s.io/kubernetes@v{OLDEST}", f"k8s.io/kubernetes@v{KUBERNETES}")
    mistakes.want(f'">={OLDEST.rsplit(".", 1)[0]}.' in (CHART / "Chart.yaml").read_text(), f"{OLDEST} is not the oldest of Chart.yaml")
    with tempfile.TemporaryDirectory() as scratch:
        for version, sources in ((OLDEST, old), (KUBERNETES, new)):
            folder = Path(scratch) / version
            folder.mkdir()
            kubernetes(folder, Path(sources))
            for file in customs:
                custom(folder, file)
            for name, text in texts.items():
                if version == OLDEST and NEWER.search(text):
                    continue
                wrong, judged = judge(kubeconform, folder, text)
                mistakes += [f"{name}, Kubernetes {version}: {words}" for words in wrong]
                count += judged
        check_plants(kubeconform, folder, texts.values(), mistakes)
    print("\n".join(mistakes) or f"{count} objects of {len(texts)} sets of values: as Kubernetes {OLDEST} and {KUBERNETES} know them")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
