#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The chart: good values render what Kubernetes and relevo take, bad ones are refused with words that help.

Each file of values/ is linted and rendered, what must hold of every pod is checked, and the rendered relevo.yaml is given to
`relevo check` (of $RELEVO_BUILD_DIR, which ctest sets) with the pod's own environment. It must never talk to a cluster.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = Path(os.environ.get("RELEVO_BUILD_DIR", ROOT / "build/release")).resolve()
CHART = ROOT / "deploy/helm/relevo"
ANDINO = ROOT / "docs/examples/cafe_andino"
SKIPPED = 77
SECTION = re.compile(r"^## (\w+)$", re.M)
TOP_KEY = re.compile(r"^\| `([a-z_]+)` \|", re.M)
KEY = re.compile(r"[-._a-zA-Z0-9]+")
METRIC = re.compile(r"\brelevo_\w+")

# Values that must be refused, and words that the answer must hold.
BAD = {
    "an unknown value": ("replica: 3", "replica"),
    "an unknown value inside": ("image: {repo: x}", "repo"),
    "an unknown value deep inside": ("monitoring: {rules: {lag: 3}}", "lag"),
    "an unknown section of the configuration": ("config: {consumer: {drain: 5s}}", "consumer"),
    "a password of Kafka": ("config: {kafka: {sasl.password: hunter2}}", "sasl.password"),
    "a password of Postgres": ("config: {postgres: {url: 'postgresql://a:b@c/d'}}", "postgres"),
    "no secret for Postgres": ("postgres: {existingSecret: ''}", "existingSecret"),
    "a number that is none": ("replicas: two", "replicas"),
    "a negative number": ("replicas: -1", "replicas"),
    "a strategy that does not exist": ("strategy: BlueGreen", "strategy"),
    "a time without a unit": ("config: {consume: {drain: 10 seconds}}", "drain"),
    "a file outside its folder": ("files: {../relevo.yaml: x}", "'../relevo.yaml' does not match"),
    "a label of the chart's own": ("podLabels: {app.kubernetes.io/name: x}", "app.kubernetes.io/name"),
    "a digest that is none": ("image: {digest: latest}", "digest"),
    "probes that reach nothing": ("config: {ops: {listen: '127.0.0.1:9464'}}", "write 0.0.0.0:9464"),
    "webhooks that reach nothing": ("config: {gateway: {listen: '127.0.0.1:8480'}}", "write 0.0.0.0:8480"),
    "pages that reach nothing": ("desk: {enabled: true}\nconfig: {desk: {listen: '127.0.0.1:8470', public_url: 'https://a.b'}}",
                                 "write 0.0.0.0:8470"),
    "a desk that nobody finds": ("desk: {enabled: true}", "config.desk.public_url"),
    "a token of WhatsApp": ("config: {deliver: {token: EAAG}}", "token"),
    "one name for all members": ("config: {consume: {instance: a}}", "remove it"),
    "two sources of plugins": ("plugins: {existingClaim: a, image: b}", "keep one"),
    "a key without its secret": ("kafka: {passwordKey: password}", "kafka.existingSecret"),
    "an owner who does nothing": ("setup: {migrate: false, ownerSecret: a}", "setup.migrate"),
    "alerts without metrics": ("monitoring: {rules: {enabled: true}}", "podMonitor"),
}


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


def kind_of(document):
    """"Deployment" is consume's; the others' are "Deployment gateway", "Service desk" and so on."""
    role = document["metadata"]["labels"].get("app.kubernetes.io/component")
    return document["kind"] + (f" {role}" if document["kind"] in ("Deployment", "Service") and role != "consume" else "")


def render(program, words, mistakes, name):
    for verb in (["lint", "--strict", str(CHART)], ["template", "shop", str(CHART), "--namespace", "chat"]):
        ran = helm(program, *verb, *words)
        if ran.returncode:
            mistakes.append(f"{name}: helm {verb[0]} refuses it: {(ran.stdout + ran.stderr).strip()}")
            return None
    documents = [d for d in yaml.safe_load_all(ran.stdout) if d]
    kinds = {kind_of(d): d for d in documents}
    mistakes.want(len(kinds) == len(documents), f"{name}: a kind appears twice")
    return kinds


def milliseconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text).groups()
    return int(number) * {"ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000}[unit]


DRAIN = {"consume": "10s", "gateway": "10s", "deliver": "25s", "desk": "0s"}  # as docs/configuration.md has it


def check_pod(pod, role, config, mistakes):
    security = pod["securityContext"]
    mistakes.want(pod["automountServiceAccountToken"] is False, "a token is mounted")
    mistakes.want(pod["enableServiceLinks"] is False, "variables of services come in")
    mistakes.want(security["runAsNonRoot"] and security["runAsUser"] == 10001, "it may be root")
    mistakes.want(security["seccompProfile"] == {"type": "RuntimeDefault"}, "seccomp is off")
    drain = milliseconds(config.get(role, {}).get("drain", DRAIN[role]))
    mistakes.want(pod["containers"][0]["args"] == [role], f"it runs {pod['containers'][0]['args']}")
    mistakes.want(pod["terminationGracePeriodSeconds"] * 1000 >= drain + 15000,
                  f"{pod['terminationGracePeriodSeconds']} s of grace for a drain of {drain} ms")
    volumes = {v["name"] for v in pod["volumes"]}
    writers = 0
    for container in pod.get("initContainers", []) + pod["containers"]:
        name, own = container["name"], container["securityContext"]
        mistakes.want(own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"] and own["runAsNonRoot"]
                      and own["capabilities"] == {"drop": ["ALL"]}, f"{name} has rights that it does not need")
        mounts = container["volumeMounts"]
        mistakes.want({m["name"] for m in mounts} <= volumes, f"{name} mounts a volume that does not exist")
        mistakes.want(not any("subPath" in m for m in mounts), f"{name} mounts less than a whole folder")
        mistakes.want(all(e["value"].startswith(("/etc/relevo/", "/run/secrets/relevo/"))
                          for e in container.get("env", [])), f"{name} has a variable that names no file")
        writers += sum(not m.get("readOnly") for m in mounts)
    mistakes.want(writers == sum(c["name"] == "plugins" for c in pod.get("initContainers", [])),
                  "a volume is writable")
    mistakes.want(all(v["secret"]["defaultMode"] == 0o440 for v in pod["volumes"] if "secret" in v),
                  "others may read a secret")


def check_probes(main, config, mistakes):
    paths = {p: main[p]["httpGet"]["path"] for p in ("startupProbe", "livenessProbe", "readinessProbe")}
    mistakes.want(paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"},
                  f"probes: {paths}")
    port = main["ports"][0]
    mistakes.want(port["name"] == "ops" and config["ops"]["listen"].endswith(f":{port['containerPort']}"),
                  "the port is not that of ops.listen")


def lay_out(folder, pod, data):
    """The pod's files below a folder, as the kubelet lays them out."""
    volumes = {v["name"]: v for v in pod["volumes"]}
    for mount in pod["containers"][0]["volumeMounts"]:
        where, volume = folder / mount["mountPath"].lstrip("/"), volumes[mount["name"]]
        where.mkdir(parents=True, exist_ok=True)
        for item in volume.get("configMap", {}).get("items", []):
            path = where / item["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(data[item["key"]], encoding="utf-8")
        if "items" in volume.get("secret", {}):
            for item in volume["secret"]["items"]:
                (where / item["path"]).write_text("postgresql://relevo:secret@127.0.0.1:1/relevo\n")
        elif "secret" in volume:
            for key in ("sasl-password", "app-secrets", "verify-token", "token", "crm", "other"):
                (where / key).write_text("secret\n")


def check_config(pod, kinds, config, mistakes):
    """relevo itself reads the rendered configuration, with the variables and files of the pod."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder, pod, kinds["ConfigMap"]["data"])
        file = folder / "etc/relevo/relevo.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("/etc/relevo/", f"{folder}/etc/relevo/")
                        .replace("/run/secrets/", f"{folder}/run/secrets/")
                        .replace("/plugins/", f"{BUILD}/plugins/"), encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RELEVO_")}
        for entry in pod["containers"][0]["env"]:
            environment[entry["name"]] = f"{folder}{entry['value']}"
        ran = subprocess.run([str(BUILD / "relevo"), "check", "--offline"], env=environment, capture_output=True, text=True,
                             timeout=60)
    # By its lines: what is wrong elsewhere is not asked here.
    mistakes.want(re.search(r"^OK +config ", ran.stdout, re.M), f"relevo check: {(ran.stdout + ran.stderr).strip()}")
    for plugin in config.get("plugins") or []:
        mistakes.want(re.search(rf"^OK +plugin +{plugin['name']}:", ran.stdout, re.M),
                      f"relevo check finds no {plugin['name']}: {ran.stdout.strip()}")


def check_monitoring(kinds, mistakes):
    """A metric that nothing exports is an alert that never comes."""
    pod = kinds["Deployment"]["spec"]["template"]
    wanted = kinds["PodMonitor"]["spec"]["selector"]["matchLabels"].items()
    mistakes.want(wanted <= pod["metadata"]["labels"].items(), "the PodMonitor selects no pod of ours")
    if "PrometheusRule" not in kinds:
        return
    rules = kinds["PrometheusRule"]["spec"]["groups"][0]["rules"]
    source = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "core").rglob("*.c"))
    job = f'job="chat/{kinds["PodMonitor"]["metadata"]["name"]}"'
    for rule in rules:
        for metric in METRIC.findall(rule["expr"]):
            mistakes.want(f'"{metric}"' in source, f"{rule['alert']}: nothing exports {metric}")
        selected = [rule["expr"][m.end():].startswith((f"{{{job}}}", f"{{{job},")) for m in METRIC.finditer(rule["expr"])]
        mistakes.want(selected and all(selected), f"{rule['alert']} does not select {job}")
    mistakes.want(any(r["expr"].startswith("max by (topic, partition) (relevo_lag_seconds") for r in rules),
                  "there is no alert on the lag")


def check_role(one, role, kinds, config, mistakes):
    deployment = one["spec"]
    labels, selected = deployment["template"]["metadata"]["labels"].items(), deployment["selector"]["matchLabels"].items()
    mistakes.want(selected <= labels and ("app.kubernetes.io/component", role) in selected, "it selects other pods than its own")
    pod = deployment["template"]["spec"]
    check_pod(pod, role, config, mistakes)
    check_probes(pod["containers"][0], config, mistakes)
    check_config(pod, kinds, config, mistakes)
    secrets = {e["name"] for e in pod["containers"][0]["env"]} & {
        "RELEVO_GATEWAY_APP_SECRETS_FILE", "RELEVO_GATEWAY_VERIFY_TOKEN_FILE", "RELEVO_DELIVER_TOKEN_FILE"}
    mistakes.want(secrets == {"gateway": {"RELEVO_GATEWAY_APP_SECRETS_FILE", "RELEVO_GATEWAY_VERIFY_TOKEN_FILE"},
                              "deliver": {"RELEVO_DELIVER_TOKEN_FILE"}, "consume": set(), "desk": set()}[role], f"its secrets are {secrets}")
    mistakes.want(("whatsapp" in {v["name"] for v in pod["volumes"]}) == bool(secrets), "it has WhatsApp's secrets, or lacks them")
    mistakes.want(role == "consume" or not pod.get("initContainers"), "it migrates")


def check_service(kinds, config, mistakes):
    """Webhooks reach the gateway's port, browsers the desk's."""
    for role in ("gateway", "desk"):
        if f"Deployment {role}" not in kinds:
            mistakes.want(f"Service {role}" not in kinds, "a Service leads nowhere")
            continue
        pod, service = kinds[f"Deployment {role}"]["spec"]["template"], kinds[f"Service {role}"]["spec"]
        mistakes.want(service["selector"].items() <= pod["metadata"]["labels"].items(), "the Service selects no pod")
        ports = {p["name"]: p["containerPort"] for p in pod["spec"]["containers"][0]["ports"]}
        mistakes.want(config[role]["listen"].endswith(f":{ports.get(service['ports'][0]['targetPort'])}"),
                      f"the Service does not lead to {role}.listen")


def check_good(program, name, words, mistakes):
    kinds = render(program, words, mistakes, name)
    if not kinds:
        return
    found = Mistakes()
    config = yaml.safe_load(kinds["ConfigMap"]["data"]["relevo.yaml"])
    found.want("Secret" not in kinds, "the chart makes a secret")
    found.want(all(KEY.fullmatch(k) for k in kinds["ConfigMap"]["data"]), "the ConfigMap has a key that may not be")
    for role in DRAIN:
        one = kinds.get("Deployment" if role == "consume" else f"Deployment {role}")
        if not one:
            found.want(role != "consume" and (name == "claim" or role == "desk" and name != "full"), f"there is no {role}")
            continue
        wrong = Mistakes()
        check_role(one, role, kinds, config, wrong)
        found += [f"{role}: {words}" for words in wrong]
    check_service(kinds, config, found)
    if "PodMonitor" in kinds:
        check_monitoring(kinds, found)
    mistakes += [f"{name}: {words}" for words in found]
    return kinds


def check_full(kinds, mistakes):
    """What only full.yaml can show."""
    mistakes.want({"PodMonitor", "PrometheusRule"} <= set(kinds), "full: kinds are missing")
    pod, data = kinds["Deployment"]["spec"]["template"]["spec"], kinds["ConfigMap"]["data"]
    items = next(v for v in pod["volumes"] if v["name"] == "config")["configMap"]["items"]
    laid = {i["path"]: data[i["key"]] for i in items}
    for path in (p for p in ANDINO.rglob("*") if p.is_file()):
        mistakes.want(laid.get(f"files/{path.relative_to(ANDINO)}") == path.read_text(encoding="utf-8"),
                      f"full: {path.name} arrives changed, or not at all")
    variables = {e["name"]: e["value"] for e in pod["containers"][0]["env"]}
    mistakes.want(variables.get("RELEVO_KAFKA_SASL_PASSWORD_FILE") == "/run/secrets/relevo/kafka/sasl-password",
                  f"full: Kafka's password is not in {variables}")
    mistakes.want([c["name"] for c in pod["initContainers"]] == ["plugins", "migrate", "topics"], "full: the order")
    owners = [c["name"] for c in pod["initContainers"] + pod["containers"]
              if any(m["name"] == "owner" for m in c["volumeMounts"])]
    mistakes.want(owners == ["migrate"], f"full: the owner's secret is in {owners}")
    mistakes.want(pod["containers"][0]["image"].endswith("relevo@sha256:" + "0123456789abcdef" * 4), "full: the image")


def check_restart(program, mistakes):
    """A changed file starts the pods anew; nothing else does."""
    seen = []
    for words in ([], [], ["--set", "files.a=x"], ["--set", "files.a=y"], ["--set", "config.log.level=debug"]):
        kinds = render(program, words, mistakes, "restart")
        seen.append(kinds["Deployment"]["spec"]["template"]["metadata"]["annotations"]["relevo/config"])
    mistakes.want(seen[0] == seen[1] and len(set(seen)) == 4, f"restart: {seen}")


def check_bad(program, mistakes):
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "values.yaml"
        for what, (text, words) in BAD.items():
            file.write_text(text, encoding="utf-8")
            ran = helm(program, "template", "shop", str(CHART), "-f", str(file))
            mistakes.want(ran.returncode != 0, f"{what} is taken: {text}")
            mistakes.want(ran.returncode == 0 or words in ran.stderr, f"{what}: not told about {words}: {ran.stderr}")


def check_schema(mistakes):
    """The schema is closed, knows each section of the reference, and describes just what values.yaml has."""
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def compare(path, part, value):
        mistakes.want(part.get("additionalProperties") is False, f"values.schema.json: {path} is not closed")
        known = set(part["properties"]) - {"global"}
        mistakes.want(known == set(value), f"values.yaml and its schema differ in {path}: {known ^ set(value)}")
        for key, inner in part["properties"].items():
            if "properties" in inner and key != "config":
                compare(f"{path}.{key}", inner, value[key])

    compare("values", schema, values)
    reference = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    sections = set(SECTION.findall(reference)) | set(TOP_KEY.findall(reference))
    known = set(schema["properties"]["config"]["properties"])
    mistakes.want(len(sections) > 5 and sections <= known,
                  f"values.schema.json: properties.config lacks {sections - known} of docs/configuration.md")


def main():
    if not (BUILD / "relevo").exists():
        sys.exit(f"{BUILD}/relevo does not exist: build it, or set RELEVO_BUILD_DIR")
    program, mistakes = find_helm(), Mistakes()
    check_schema(mistakes)
    check_good(program, "default", [], mistakes)
    files = sorted((HERE / "values").glob("*.yaml"))
    for file in files:
        words = ["-f", str(file)] + (set_files() if file.stem == "full" else [])
        kinds = check_good(program, file.stem, words, mistakes)
        if kinds and file.stem == "full":
            check_full(kinds, mistakes)
    if not mistakes:
        check_restart(program, mistakes)
    check_bad(program, mistakes)
    print("\n".join(mistakes) or f"{len(files) + 1} good and {len(BAD)} bad sets of values: as they should be")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
