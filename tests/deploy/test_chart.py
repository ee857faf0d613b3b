#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The chart: good values render what Kubernetes and relevo take, bad ones are refused with words that help.

Each file of values/, and every pair of what may be chosen (chart.py), is linted and rendered, what must hold of every pod is checked, and the rendered relevo.yaml is given to
`relevo check` (of $RELEVO_BUILD_DIR, which ctest sets) with the pod's own environment. It must never talk to a cluster.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from chart import ANDINO, BUILD, CHART, ROOT, SUM, Mistakes, find_helm, helm, hook, render, value_sets

SECTION = re.compile(r"^## (\w+)$", re.M)
TOP_KEY = re.compile(r"^\| `([a-z_]+)` \|", re.M)
KEY = re.compile(r"[-._a-zA-Z0-9]+")
PLUGIN = f"name: a, image: b, digest: 'sha256:{SUM}'"

SECRET = "hunter2"  # no answer may repeat it
# Secrets that must be refused: what the answer must name, which is what it was, and where it goes instead.
SECRETS = {
    "a password of Kafka": (f"config: {{kafka: {{sasl.password: {SECRET}}}}}", "config.kafka.sasl.password", "kafka.existingSecret", "kafka.passwordKey"),
    "a key of Kafka": (f"config: {{kafka: {{ssl.key.pem: {SECRET}}}}}", "config.kafka.ssl.key.pem", "kafka.existingSecret", "_file", "/run/secrets/relevo/kafka/"),
    "OAuth's settings of Kafka": (f"config: {{kafka: {{sasl.oauthbearer.config: {SECRET}}}}}", "sasl.oauthbearer.config", "kafka.existingSecret"),
    "a password in the URL of Postgres": (f"config: {{postgres: {{url: 'postgresql://a:{SECRET}@c/d'}}}}", "config.postgres.url", "postgres.existingSecret"),
    "a password of Postgres": (f"config: {{postgres: {{password: {SECRET}}}}}", "config.postgres.password", "postgres.existingSecret"),
    "a password of the registry": (f"config: {{registry: {{password: {SECRET}}}}}", "config.registry.password", "registry.existingSecret", "registry.passwordKey"),
    "a password in the URL of the registry": (f"config: {{registry: {{url: 'https://a:{SECRET}@b:8081'}}}}", "config.registry.url", "registry.existingSecret",
                                              "config.registry.user"),
    "secrets of Meta's app": (f"config: {{gateway: {{app_secrets: [{SECRET}]}}}}", "config.gateway.app_secrets", "whatsapp.existingSecret", "whatsapp.appSecretsKey"),
    "a token of WhatsApp": (f"config: {{deliver: {{token: {SECRET}}}}}", "config.deliver.token", "whatsapp.existingSecret", "whatsapp.tokenKey"),
    "a token of the sandbox": (f"config: {{sandbox: {{token: {SECRET}}}}}", "config.sandbox.token", "remove it"),
    "a token of a destination": (f"config: {{deliver: {{destinations: [{{name: a}}, {{name: b, token: {SECRET}}}]}}}}", "config.deliver.destinations[].token",
                                 "deliver.destinationsSecret", "_file"),
    "a secret of a plugin": (f"config: {{plugins: [{{name: a}}, {{name: b, options: {{api_key: {SECRET}}}}}]}}", "config.plugins[].options.api_key", "extraVolumes",
                             "deliver.destinationsSecret"),
    **{f"a secret in the variable {name}": (f"extraEnv: [{{name: TZ, value: UTC}}, {{name: {name}, value: {SECRET}}}]", name, "valueFrom", "secretKeyRef")
       for name in ("RELEVO_KAFKA_SASL_PASSWORD", "RELEVO_GATEWAY_APP_SECRETS", "RELEVO_DELIVER_TOKEN", "RELEVO_POSTGRES", "OPENAI_API_KEY",
                    "RELEVO_KAFKA_SSL_KEY_PEM", "RELEVO_KAFKA_SASL_OAUTHBEARER_CONFIG")},
}
# Other values that must be refused, and words that the answer must hold.
BAD = {
    "an unknown value": ("replica: 3", "replica"),
    "an unknown value inside": ("image: {repo: x}", "repo"),
    "an unknown value deep inside": ("desk: {ingress: {host: a.b}}", "host"),
    "an unknown section of the configuration": ("config: {consumer: {drain: 5s}}", "consumer"),
    "a password of KEDA": ("consume: {autoscaling: {metadata: {password: hunter2}}}", "password"),
    "no secret for Postgres": ("postgres: {existingSecret: ''}", "existingSecret"),
    "a number that is none": ("consume: {replicas: two}", "replicas"),
    "a negative number": ("gateway: {replicas: -1}", "replicas"),
    "a kind that does not exist": ("consume: {kind: DaemonSet}", "kind"),
    "a strategy that does not exist": ("consume: {strategy: BlueGreen}", "strategy"),
    "more consumers than lanes": ("consume: {replicas: 13}", "replicas without a lane are idle"),
    "scaling beyond the lanes": ("consume: {autoscaling: {enabled: true, maxReplicas: 13}}", "replicas without a lane are idle"),
    "scaling from more to less": ("consume: {autoscaling: {enabled: true, minReplicas: 5, maxReplicas: 4}}", "more than maxReplicas"),
    "scaling to nothing": ("consume: {autoscaling: {enabled: true, minReplicas: 0}}", "minReplicas"),
    "a time without a unit": ("config: {consume: {drain: 10 seconds}}", "drain"),
    "a file outside its folder": ("files: {../relevo.yaml: x}", "'../relevo.yaml' does not match"),
    "a label of the chart's own": ("podLabels: {app.kubernetes.io/name: x}", "app.kubernetes.io/name"),
    "a digest that is none": ("image: {digest: latest}", "digest"),
    "probes that reach nothing": ("config: {ops: {listen: '127.0.0.1:9464'}}", "write 0.0.0.0:9464"),
    "webhooks that reach nothing": ("config: {gateway: {listen: '127.0.0.1:8480'}}", "write 0.0.0.0:8480"),
    "pages that reach nothing": ("desk: {enabled: true}\nconfig: {desk: {listen: '127.0.0.1:8470', public_url: 'https://a.b'}}",
                                 "write 0.0.0.0:8470"),
    "a desk that nobody finds": ("desk: {enabled: true}", "config.desk.public_url"),
    "an ingress without a host": ("gateway: {ingress: {enabled: true}}", "gateway.ingress.host"),
    "an ingress to nothing": ("gateway: {enabled: false, ingress: {enabled: true, host: a.b}}", "lead nowhere"),
    "one name for all members": ("config: {consume: {instance: a}}", "remove it"),
    "a plugin without a digest": ("plugins: [{name: a, image: b, via: copy, sha256: {a.so: '" + SUM + "'}}]", "digest"),
    "a plugin without sums": ("plugins: [{" + PLUGIN + ", via: copy, sha256: {}}]", "sha256"),
    "a sum that is none": ("plugins: [{" + PLUGIN + ", via: copy, sha256: {a.so: abc}}]", "sha256"),
    "a plugin outside its folder": ("plugins: [{" + PLUGIN + ", via: copy, sha256: {../a.so: '" + SUM + "'}}]", "../a.so"),
    "a plugin by magic": ("plugins: [{" + PLUGIN + ", via: magic, sha256: {a.so: '" + SUM + "'}}]", "via"),
    "a part of an image volume": ("plugins: [{" + PLUGIN + ", via: volume, path: /x, sha256: {a.so: '" + SUM + "'}}]", "via copy"),
    "two plugins in one folder": ("plugins: [" + ", ".join(["{" + PLUGIN + ", via: copy, sha256: {a.so: '" + SUM + "'}}"] * 2) + "]",
                                  "one folder"),
    "a key without its secret": ("kafka: {passwordKey: password}", "kafka.existingSecret"),
    "a key of the registry without its secret": ("registry: {tokenKey: token}", "registry.existingSecret"),
    "two ways into the registry": ("registry: {existingSecret: a, tokenKey: b, passwordKey: c}", "both set"),
    "alerts without metrics": ("prometheusRule: {enabled: true}", "podMonitor"),
    "metrics that count twice": ("podMonitor: {enabled: true}\nserviceMonitor: {enabled: true}", "count twice"),
    "a link that ends in a slash": ("prometheusRule: {runbookUrl: 'https://a.b/'}", "runbookUrl"),
    "no pod may ever go": ("podDisruptionBudget: {maxUnavailable: 0}", "maxUnavailable"),
    "a schedule that is none": ("expire: {schedule: every night}", "schedule"),
}


def milliseconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text).groups()
    return int(number) * {"ms": 1, "s": 1000, "m": 60000, "h": 3600000, "d": 86400000}[unit]


DRAIN = {"consume": "10s", "gateway": "10s", "deliver": "25s", "desk": "0s"}  # as docs/configuration.md has it
ARGS = {"check": ["check", "--offline"], "migrate": ["migrate"], "topics": ["topics", "create"], "expire": ["expire"],
        "test": ["check"]}
LOADS_PLUGINS = {"consume", "check", "test"}
HOLDS = {"consume": {"postgres", "kafka", "registry"}, "gateway": {"kafka", "whatsapp"}, "desk": {"postgres", "kafka"},
         "deliver": {"postgres", "kafka", "whatsapp", "destinations"}, "migrate": {"postgres"}, "topics": {"kafka"},
         "expire": {"postgres", "kafka"}, "check": {"postgres", "kafka", "registry", "destinations"},
         "test": {"postgres", "kafka", "registry", "destinations"}}


def ours(pod):
    """Containers of the chart's own, first to last: not those of extraInitContainers and extraContainers."""
    return [c for c in pod.get("initContainers", []) + pod["containers"] if c["name"] not in ("wait", "cloud-sql")]


def check_pod(component, pod, mistakes):
    security, main = pod["securityContext"], pod["containers"][0]
    mistakes.want(pod["automountServiceAccountToken"] is False, "a token is mounted")
    mistakes.want(pod["enableServiceLinks"] is False, "variables of services come in")
    mistakes.want(security["runAsNonRoot"] and security.get("runAsUser") != 0, "it may be root")
    mistakes.want(security["seccompProfile"] == {"type": "RuntimeDefault"}, "seccomp is off")
    mistakes.want(main["args"] == ARGS.get(component, [component]), f"it runs {main['args']}")
    volumes = {v["name"]: v for v in pod["volumes"]}
    mistakes.want(len(volumes) == len(pod["volumes"]), "two volumes have one name")
    for container in ours(pod):
        name, own, mounts = container["name"], container["securityContext"], container["volumeMounts"]
        mistakes.want(own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"] and own["runAsNonRoot"]
                      and own["capabilities"] == {"drop": ["ALL"]}, f"{name} has rights that it does not need")
        mistakes.want({m["name"] for m in mounts} <= set(volumes), f"{name} mounts a volume that does not exist")
        mistakes.want(not any("subPath" in m for m in mounts), f"{name} mounts less than a whole folder")
        mistakes.want(all(e["value"].startswith(("/etc/relevo/", "/run/secrets/relevo/"))
                          for e in container.get("env", []) if e["name"].startswith("RELEVO_") and "valueFrom" not in e),
                      f"{name} has a variable that names no file")
        for mount in mounts:
            writes = not mount.get("readOnly")
            mistakes.want(writes == (mount["mountPath"] == "/target"), f"{name} and {mount['mountPath']}: writable or not")
    mistakes.want(all(v["secret"]["defaultMode"] == 0o440 for v in pod["volumes"] if "secret" in v),
                  "others may read a secret")
    mistakes.want(component in LOADS_PLUGINS or not any("plugins" in name for name in volumes), "it has plugins and loads none")
    check_plugins(component, pod, volumes, mistakes)


def check_plugins(component, pod, volumes, mistakes):
    """What brings plugins comes before what compares their sums, and that before relevo."""
    names = [c["name"] for c in ours(pod)]
    for name, volume in volumes.items():
        if not name.startswith("plugins-"):
            continue
        copied = "emptyDir" in volume
        mistakes.want(copied or re.fullmatch(r".+@sha256:[0-9a-f]{64}", volume["image"]["reference"]), f"{name} is not pinned")
        mistakes.want((name in names) == copied, f"{name}: a copy is made, or not")
        mistakes.want(names[-2:] == ["plugins", "relevo"], f"{name}: nobody compares its sums: {names}")
        judge = next((c for c in ours(pod) if c["name"] == "plugins"), {})
        mistakes.want(any(a.endswith(f"/plugins/{name.removeprefix('plugins-')}/triggers/keyword.so") and a.startswith(SUM)
                          for a in judge.get("args", [])), f"{name}: its sum is not compared")
        mistakes.want(not copied or re.search(r"@sha256:[0-9a-f]{64}$", next(c for c in ours(pod) if c["name"] == name)["image"]),
                      f"{name} comes from an image that may change")


def check_secrets(component, pod, values, mistakes):
    """Each pod holds what its command works with (core/config/uses.c), key by key where the secret is not its alone, and nothing else."""
    owner = bool(values["setup"]["ownerSecret"]) and component in ("migrate", "expire")
    named = {"postgres": values["setup"]["ownerSecret"] if owner else values["postgres"]["existingSecret"],
             "kafka": values["kafka"]["existingSecret"], "registry": values["registry"]["existingSecret"],
             "whatsapp": values["whatsapp"]["existingSecret"], "destinations": values["deliver"]["destinationsSecret"]}
    all_keys, whatsapp = None, values["whatsapp"]
    keys = {"postgres": {values["postgres"]["key"]}, "kafka": all_keys, "registry": all_keys, "destinations": all_keys,
            "whatsapp": {whatsapp["appSecretsKey"], whatsapp["verifyTokenKey"]} if component == "gateway" else {whatsapp["tokenKey"]}}
    files = {"whatsapp"} if component == "desk" and values["deliver"].get("enabled", True) else set()
    wanted = {"owner" if owner and name == "postgres" else name: (named[name], keys[name]) for name in HOLDS[component] | files if named[name]}
    holds = {v["name"]: (v["secret"]["secretName"], {i["key"] for i in v["secret"]["items"]} if "items" in v["secret"] else all_keys)
             for v in pod["volumes"] if "secret" in v}
    mistakes.want(holds == wanted, f"it holds {holds}, and should {wanted}")
    read = {e["value"].split("/")[4] for e in pod["containers"][0]["env"] if e["name"].endswith("_FILE")}
    mistakes.want(read <= set(wanted), f"its variables name files of {read - set(wanted)}")


def check_role(one, role, rendered, values, mistakes):
    spec, config = one["spec"], rendered.config
    labels, selected = spec["template"]["metadata"]["labels"].items(), spec["selector"]["matchLabels"].items()
    mistakes.want(selected <= labels and ("app.kubernetes.io/component", role) in selected, "it selects other pods than its own")
    pod = spec["template"]["spec"]
    main = pod["containers"][0]
    drain = milliseconds(config.get(role, {}).get("drain", DRAIN[role]))
    linger = int(main.get("lifecycle", {"preStop": {"exec": {"command": [0, 0]}}})["preStop"]["exec"]["command"][1])
    mistakes.want(bool(linger) == (role in ("gateway", "desk")), f"it lingers for {linger} s")
    mistakes.want(pod["terminationGracePeriodSeconds"] * 1000 >= drain + linger * 1000 + 15000,
                  f"{pod['terminationGracePeriodSeconds']} s of grace for a drain of {drain} ms")
    check_probes(main, config, mistakes)
    mistakes.want(pod["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"].items() <= dict(labels).items(),
                  "it is spread by labels that it has not")
    suffix = "" if role == "consume" else role
    budget, scaled = rendered.one("PodDisruptionBudget", suffix), rendered.one("ScaledObject") if role == "consume" else None
    many = bool(scaled) or spec.get("replicas", 0) > 1
    mistakes.want(bool(budget) == (many and values["podDisruptionBudget"]["enabled"]), "a budget for one pod, or none for many")
    mistakes.want(not budget or budget["spec"]["selector"]["matchLabels"] == spec["selector"]["matchLabels"],
                  "its budget is of other pods")
    mistakes.want(("replicas" in spec) != bool(scaled), "replicas and autoscaling pull at it")
    static = "RELEVO_CONSUME_INSTANCE" in {e["name"] for e in main["env"]}
    mistakes.want(static == (one["kind"] == "StatefulSet"), "only pods that keep their names are static members")
    if one["kind"] == "StatefulSet":
        service = rendered.one("Service", "members")["spec"]
        mistakes.want(spec["serviceName"] == f"{rendered.name}-members" and service["clusterIP"] == "None"
                      and spec["podManagementPolicy"] == "Parallel", "its members")
    check_policy(rendered, role, suffix, dict(labels), main, mistakes)


def check_policy(rendered, role, suffix, labels, main, mistakes):
    policy = rendered.one("NetworkPolicy", suffix)
    if not policy:
        mistakes.want(rendered.one("NetworkPolicy") is None and len(main["ports"]) > 0, "a role without a policy")
        return
    spec = policy["spec"]
    mistakes.want(spec["podSelector"]["matchLabels"].items() <= labels.items(), "its policy is of other pods")
    opened = [p["port"] for rule in spec["ingress"] for p in rule["ports"]]
    mistakes.want(opened == [p["name"] for p in main["ports"]], f"its policy opens {opened}")
    mistakes.want(("Egress" in spec["policyTypes"]) == bool(spec.get("egress")), "its egress")
    if spec.get("egress"):
        mistakes.want({p["port"] for p in spec["egress"][0]["ports"]} == {53} and len(spec["egress"]) == 2, "DNS is closed")


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
        elif "secret" in volume:  # whole: what the secret of full.yaml has
            for key in {"kafka": ["sasl-password", "other"], "registry": ["password"], "destinations": ["crm"]}[mount["name"]]:
                (where / key).write_text("secret\n")


def check_config(component, pod, rendered, config, mistakes):
    """relevo itself reads the rendered configuration as the pod's command does, with the variables and files of the pod alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder, pod, rendered.data)
        file = folder / "etc/relevo/relevo.yaml"
        text = file.read_text(encoding="utf-8").replace("/etc/relevo/", f"{folder}/etc/relevo/")
        text = text.replace("/run/secrets/", f"{folder}/run/secrets/")
        file.write_text(re.sub("/plugins/(mine|claim)/", f"{BUILD}/plugins/", text), encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RELEVO_")}
        for entry in pod["containers"][0]["env"]:
            if entry["name"].startswith("RELEVO_"):
                environment[entry["name"]] = f"{folder}{entry['value']}" if "value" in entry else "relevo-0"
        whole = component in ("check", "test")
        ran = subprocess.run([str(BUILD / "relevo"), "check", "--offline", *([] if whole else ["--for", component])], env=environment,
                             capture_output=True, text=True, timeout=60)
    # By its lines: what is wrong elsewhere is not asked here.
    mistakes.want(re.search(r"^OK +config ", ran.stdout, re.M), f"relevo check: {(ran.stdout + ran.stderr).strip()}")
    for plugin in config.get("plugins") or [] if component in LOADS_PLUGINS else []:
        mistakes.want(re.search(rf"^OK +plugin +{plugin['name']}:", ran.stdout, re.M),
                      f"relevo check finds no {plugin['name']}: {ran.stdout.strip()}")


def check_setup(rendered, setup, mistakes):
    """Hooks of a first installation run before everything else: each needs nothing but hooks that come earlier."""
    hooks = sorted((d for d in rendered.documents if hook(d) == "pre-install,pre-upgrade"),
                   key=lambda d: int(d["metadata"]["annotations"]["helm.sh/hook-weight"]))
    made = []
    for document in hooks:
        gone = document["metadata"]["annotations"]["helm.sh/hook-delete-policy"].split(",")
        mistakes.want(gone == ["before-hook-creation", "hook-succeeded"], f"{document['metadata']['name']} is left behind")
        if document["kind"] == "Job":
            pod = document["spec"]["template"]["spec"]
            needs = {v["configMap"]["name"] for v in pod["volumes"] if v["name"] == "config"} | {
                pod["serviceAccountName"] for _ in [0] if rendered.one("ServiceAccount")}
            mistakes.want(needs <= set(made), f"job {document['metadata']['name']} needs {needs - set(made)}, which comes later")
            mistakes.want(document["spec"]["activeDeadlineSeconds"] and pod["restartPolicy"] == "Never", "a job without an end, or one whose log goes")
            has = {v["name"] for v in pod["volumes"]}
            mistakes.want(("owner" in has) == (setup["ownerSecret"] != "" and pod["containers"][0]["args"] == ["migrate"]), "who has the owner's secret")
        made.append(document["metadata"]["name"])
    if hooks:
        mistakes.want(rendered.one("ConfigMap", "setup")["data"] == rendered.data, "the jobs read another configuration")
    jobs = [d["spec"]["template"]["spec"]["containers"][0]["args"][0] for d in hooks if d["kind"] == "Job"]
    mistakes.want(jobs == [step for step in ("check", "migrate", "topics") if setup[step]], f"the order of the jobs: {jobs}")
    test = rendered.one("Pod", "test")
    mistakes.want(hook(test) == "test" and test["spec"]["restartPolicy"] == "Never", "helm test")


def check_web(rendered, mistakes):
    """Webhooks reach the gateway's port, browsers the desk's."""
    for role in ("gateway", "desk"):
        service, ingress, config = rendered.one("Service", role), rendered.one("Ingress", role), rendered.config
        if not rendered.role(role):
            mistakes.want(not service and not ingress, "a Service leads nowhere")
            continue
        pod = rendered.role(role)["spec"]["template"]
        mistakes.want(service["spec"]["selector"].items() <= pod["metadata"]["labels"].items(), "the Service selects no pod")
        ports, port = {p["name"]: p["containerPort"] for p in pod["spec"]["containers"][0]["ports"]}, service["spec"]["ports"][0]
        mistakes.want(config[role]["listen"].endswith(f":{ports.get(port['targetPort'])}"),
                      f"the Service does not lead to {role}.listen")
        if ingress:
            rule = ingress["spec"]["rules"][0]
            path = rule["http"]["paths"][0]
            mistakes.want(path["backend"]["service"] == {"name": service["metadata"]["name"], "port": {"name": port["name"]}},
                          "the Ingress leads elsewhere")
            mistakes.want(role != "desk" or config["desk"]["public_url"] == f"https://{rule['host']}", f"the desk is at {rule['host']}")
            mistakes.want(ingress["spec"]["tls"][0]["hosts"] == [rule["host"]], "the certificate is of another host")


def check_monitor(rendered, mistakes):
    monitor = rendered.one("PodMonitor") or rendered.one("ServiceMonitor")
    if not monitor:
        return
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    if monitor["kind"] == "ServiceMonitor":
        service = rendered.one("Service", "metrics")
        chosen = [d for d in rendered.documents if d["kind"] == "Service" and wanted <= d["metadata"]["labels"].items()]
        mistakes.want(chosen == [service], "the ServiceMonitor selects other Services, and counts twice")
        wanted = service["spec"]["selector"].items()
    for component, template in rendered.pods().items():
        if component in DRAIN:
            mistakes.want(wanted <= template["metadata"]["labels"].items(), f"{monitor['kind']} does not select {component}")


def check_scaling(rendered, mistakes):
    scaled = rendered.one("ScaledObject")
    if not scaled:
        return
    spec, config = scaled["spec"], rendered.config
    mistakes.want(spec["scaleTargetRef"] == {"kind": rendered.role("consume")["kind"], "name": rendered.name}, "it scales another")
    mistakes.want(spec["maxReplicaCount"] <= config["topics"]["partitions"], "more replicas than partitions")
    topics = [config["topics"].get("prefix", "") + t for t in config["topics"].get("events", ["whatsapp.events.v1"])]
    mistakes.want([t["metadata"]["topic"] for t in spec["triggers"]] == topics, "it looks at other topics")
    for trigger in spec["triggers"]:
        mistakes.want(trigger["metadata"]["consumerGroup"] == config.get("consume", {}).get("group", "relevo"), "another group")
        mistakes.want(all(isinstance(v, str) for v in trigger["metadata"].values()), "metadata that is no text")
        numbers = [v for k, v in trigger["metadata"].items() if "Threshold" in k]
        mistakes.want(all(v.isdigit() for v in numbers), f"thresholds that KEDA does not read: {numbers}")


def check_good(program, name, values, mistakes):
    rendered = render(program, values.words, mistakes, name)
    if not rendered:
        return None
    found = Mistakes()
    found.want(not any(d["kind"] == "Secret" for d in rendered.documents), "the chart makes a secret")
    found.want(all(KEY.fullmatch(k) for k in rendered.data), "the ConfigMap has a key that may not be")
    for component, template in rendered.pods().items():
        wrong = Mistakes()
        check_pod(component, template["spec"], wrong)
        check_secrets(component, template["spec"], values.all, wrong)
        check_config(component, template["spec"], rendered, rendered.config, wrong)
        found += [f"{component}: {words}" for words in wrong]
    for role in DRAIN:
        one = rendered.role(role)
        found.want(bool(one) == values.all[role].get("enabled", True), f"is there a {role}: {bool(one)}")
        if not one:
            continue
        wrong = Mistakes()
        check_role(one, role, rendered, values.all, wrong)
        found += [f"{role}: {words}" for words in wrong]
    check_setup(rendered, values.all["setup"], found)
    check_web(rendered, found)
    check_monitor(rendered, found)
    check_scaling(rendered, found)
    mistakes += [f"{name}: {words}" for words in found]
    return rendered


def check_full(rendered, mistakes):
    """What only full.yaml can show."""
    kinds = {d["kind"] for d in rendered.documents}
    wanted = {"PodMonitor", "PrometheusRule", "Ingress", "CronJob", "ServiceAccount", "NetworkPolicy", "PodDisruptionBudget"}
    mistakes.want(wanted <= kinds, f"full: no {wanted - kinds}")
    pod, data = rendered.role("consume")["spec"]["template"]["spec"], rendered.data
    items = next(v for v in pod["volumes"] if v["name"] == "config")["configMap"]["items"]
    laid = {i["path"]: data[i["key"]] for i in items}
    for path in (p for p in ANDINO.rglob("*") if p.is_file()):
        mistakes.want(laid.get(f"files/{path.relative_to(ANDINO)}") == path.read_text(encoding="utf-8"),
                      f"full: {path.name} arrives changed, or not at all")
    variables = {e["name"]: e.get("value") for e in pod["containers"][0]["env"]}
    mistakes.want(variables.get("RELEVO_KAFKA_SASL_PASSWORD_FILE") == "/run/secrets/relevo/kafka/sasl-password"
                  and variables.get("RELEVO_REGISTRY_PASSWORD_FILE") == "/run/secrets/relevo/registry/password",
                  f"full: passwords are not in {variables}")
    mistakes.want([c["name"] for c in pod["initContainers"]] == ["plugins-mine", "plugins", "wait"], "full: the order")
    mistakes.want(pod["containers"][0]["image"].endswith("relevo@sha256:" + SUM), "full: the image")
    mistakes.want(pod["containers"][0]["resources"] == {"requests": {"cpu": "2"}}, "full: resources of consume's own")
    mistakes.want([c["name"] for c in pod["containers"]] == ["relevo", "cloud-sql"] and variables.get("TZ")
                  and pod["priorityClassName"] == "high" and pod["serviceAccountName"] == rendered.name, "full: extras")
    more = rendered.one("ConfigMap", "more")
    mistakes.want(more and more["data"] == {"of": "shop"}, "full: extraObjects are not rendered")
    cron = rendered.one("CronJob", "expire")["spec"]
    mistakes.want(cron["schedule"] == "15 4 * * *" and cron["concurrencyPolicy"] == "Forbid", "full: expire")
    mistakes.want("owner" in {v["name"] for v in cron["jobTemplate"]["spec"]["template"]["spec"]["volumes"]},
                  "full: expire lacks the owner's rights")


def check_restart(program, mistakes):
    """A changed file starts the pods anew; nothing else does."""
    seen = []
    for words in ([], [], ["--set", "files.a=x"], ["--set", "files.a=y"], ["--set", "config.log.level=debug"]):
        rendered = render(program, words, mistakes, "restart", ["template"])
        seen.append(rendered.role("consume")["spec"]["template"]["metadata"]["annotations"]["relevo/config"])
    mistakes.want(seen[0] == seen[1] and len(set(seen)) == 4, f"restart: {seen}")


def check_notes(program, mistakes):
    ran = helm(program, "install", "shop", str(CHART), "--dry-run=client", "--namespace", "chat")
    for words in ("rollout status deployment/shop-relevo", "helm test -n chat shop", "relevo lag"):
        mistakes.want(words in ran.stdout, f"NOTES do not name the next command, {words}: {ran.stderr.strip()}")


def check_bad(program, mistakes):
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "values.yaml"
        for what, (text, *words) in (SECRETS | BAD).items():
            file.write_text(text, encoding="utf-8")
            ran = helm(program, "template", "shop", str(CHART), "-f", str(file))
            mistakes.want(ran.returncode != 0, f"{what} is taken: {text}")
            for word in words if ran.returncode else ():
                mistakes.want(word in ran.stderr, f"{what}: not told about {word}: {ran.stderr}")
            mistakes.want(what not in SECRETS or SECRET not in ran.stderr, f"{what} is repeated: {ran.stderr}")


def check_schema(mistakes):
    """The schema is closed, knows each section of the reference, and describes just what values.yaml has."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def meant(part):
        return schema["definitions"][part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part

    def compare(path, part, value):
        mistakes.want(part.get("additionalProperties") is False, f"values.schema.json: {path} is not closed")
        known = set(part["properties"]) - {"global"}
        mistakes.want(known == set(value), f"values.yaml and its schema differ in {path}: {known ^ set(value)}")
        for key, inner in part["properties"].items():
            if "properties" in meant(inner) and key not in ("config", "resources"):
                compare(f"{path}.{key}", meant(inner), value[key])

    compare("values", schema, values)
    reference = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    sections = set(SECTION.findall(reference)) | set(TOP_KEY.findall(reference))
    known = set(schema["properties"]["config"]["properties"])
    mistakes.want(len(sections) > 5 and sections <= known,
                  f"values.schema.json: properties.config lacks {sections - known} of docs/configuration.md")


def check_readme(mistakes):
    ran = subprocess.run([sys.executable, str(ROOT / "deploy/helm/readme.py")], capture_output=True, text=True)
    written = CHART / "README.md"
    mistakes.want(ran.returncode == 0 and written.exists() and written.read_text(encoding="utf-8") == ran.stdout,
                  f"deploy/helm/relevo/README.md is stale: deploy/helm/readme.py > {written.relative_to(ROOT)} {ran.stderr}")


def main():
    if not (BUILD / "relevo").exists():
        sys.exit(f"{BUILD}/relevo does not exist: build it, or set RELEVO_BUILD_DIR")
    program, mistakes = find_helm(), Mistakes()
    check_schema(mistakes)
    check_readme(mistakes)
    sets = value_sets()
    for name, values in sets.items():
        rendered = check_good(program, name, values, mistakes)
        if rendered and name == "full":
            check_full(rendered, mistakes)
    if not mistakes:
        check_restart(program, mistakes)
    check_notes(program, mistakes)
    check_bad(program, mistakes)
    print("\n".join(mistakes) or f"{len(sets)} good and {len(SECRETS | BAD)} bad sets of values: as they should be")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
