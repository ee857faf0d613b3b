#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The chart in a real control plane: what is admitted, which hooks run and in what order, what an upgrade, a rollback, a bad release and
an end leave behind. `./dev test --cluster`

Nodes are kwok's, on which nothing runs (control_plane.py): what relevo does in a pod is test_container.py's. The namespace enforces the
restricted pod security standard, so that a pod that asks for more than that never comes to be.
"""
import json
import re
import sys
import time

import yaml
from chart import CHART, Mistakes, custom_kinds, find_helm, value_sets
from control_plane import ControlPlane

ROLES = {"shop-relevo": 2, "shop-relevo-deliver": 1, "shop-relevo-gateway": 2}
NAMESPACE = "chat"
SECRETS = {"relevo-postgres": {"url": "postgresql://a:b@c/d"}, "relevo-whatsapp": {"app-secrets": "a", "verify-token": "b", "token": "c"}}
# What a namespace has of itself.
OWN = {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"} | {f"Secret/{name}" for name in SECRETS}
KINDS = "deployments,statefulsets,replicasets,jobs,cronjobs,pods,services,configmaps,secrets,serviceaccounts,networkpolicies,ingresses," \
        "poddisruptionbudgets"
TIMEOUT = "--timeout=120s"
SAID = "what the container said"  # control_plane.py


def namespace(cluster, name):
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    cluster.wait("the default account", lambda: cluster.kubectl("get", "-n", name, "serviceaccount", "default", check=False).returncode == 0)


def prepare(cluster):
    namespace(cluster, NAMESPACE)
    for file in custom_kinds():
        cluster.kubectl("apply", "--server-side", "-f", file)
    for name, data in SECRETS.items():
        secret(cluster, name, data)


def secret(cluster, name, data):
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "stringData": data})


def objects(cluster):
    found = cluster.get("-n", NAMESPACE, KINDS)
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in found}


def upgrade(cluster, *words, **options):
    return cluster.helm("upgrade", "--install", "shop", CHART, "-n", NAMESPACE, "--wait", TIMEOUT, *words, **options)


def template(cluster, name="shop-relevo"):
    return cluster.get("-n", NAMESPACE, "deployment", name)["spec"]["template"]


def available(cluster):
    """Name of each deployment -> how many of its pods are available."""
    return {one["metadata"]["name"]: one["status"].get("availableReplicas", 0) for one in cluster.get("-n", NAMESPACE, "deployments")}


def events(cluster, kind, reason):
    """Names of what it happened to, in their order."""
    found = [e for e in cluster.get("-n", NAMESPACE, "events") if e["involvedObject"]["kind"] == kind and e["reason"] == reason]
    found.sort(key=lambda e: int(e["metadata"]["resourceVersion"]))
    return [e["involvedObject"]["name"] for e in found], [int(e["metadata"]["resourceVersion"]) for e in found]


def admitted(cluster, mistakes):
    """every set of values is taken by the server, and no pod asks for more than the restricted standard allows"""
    sets, where = value_sets(), "sets"
    namespace(cluster, where)
    # A pod is only admitted when these are there.
    cluster.apply({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1})
    for account in {values.all["serviceAccount"]["name"] or "shop-relevo" for values in sets.values()}:
        cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": where}})
    for name, values in sets.items():
        text = cluster.helm("template", "shop", CHART, "-n", where, *values.words).stdout
        done = cluster.kubectl("apply", "-n", where, "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-",
                               text=text, check=False)
        mistakes.want(done.returncode == 0, f"{name}: {done.stderr.strip()}")
        made = {line.split(" ")[0] for line in done.stdout.splitlines()}
        wanted = sum(1 for document in yaml.safe_load_all(text) if document)
        mistakes.want(len(made) == wanted, f"{name}: {wanted} objects, of which the server took {len(made)}")
        # extraContainers and extraInitContainers are who writes them's.
        theirs = {"wait", "cloud-sql"}
        for warning in re.findall(r"^Warning: (.*)", done.stderr, re.M):
            named = set(re.findall(r'"([^"]+)"', " ".join(re.findall(r"containers? ((?:\"[^\"]+\"(?:, )?)+)", warning))))
            mistakes.want(named and named <= theirs, f"{name}: {warning}")
    return f"{len(sets)} sets of values"


def installs(cluster, mistakes):
    """a first installation: the jobs in their order, before any pod; nothing of them is left; all is available"""
    upgrade(cluster)
    jobs, when = events(cluster, "Job", "Completed")
    mistakes.want(jobs == ["shop-relevo-check", "shop-relevo-migrate", "shop-relevo-topics"], f"the jobs: {jobs}")
    scaled, first = events(cluster, "Deployment", "ScalingReplicaSet")
    mistakes.want(set(scaled) == set(ROLES) and when and max(when) < min(first), f"pods before the jobs were done: {scaled}")
    left = [name for name in objects(cluster) if name.startswith("Job/") or "setup" in name]
    mistakes.want(not left, f"left by the hooks: {left}")
    mistakes.want(available(cluster) == ROLES, f"available: {available(cluster)}")
    return f"{len(jobs)} jobs, {len(ROLES)} deployments"


def tested(cluster, mistakes):
    """helm test runs `relevo check`, prints what it said, and leaves nothing"""
    done = cluster.helm("test", "shop", "-n", NAMESPACE, TIMEOUT)
    mistakes.want("Succeeded" in done.stdout, f"helm test: {done.stdout}")
    mistakes.want(SAID in done.stdout + done.stderr, f"it does not print the log: {done.stdout}{done.stderr}")
    mistakes.want("Pod/shop-relevo-test" not in objects(cluster), "its pod is left")
    return "succeeded"


def upgraded(cluster, mistakes):
    """a changed configuration and a changed secret start pods anew, nothing else does; a rollback brings back what was"""
    before = template(cluster)
    upgrade(cluster)
    mistakes.want(template(cluster) == before, "an upgrade without a change starts pods anew")
    upgrade(cluster, "--set", "config.log.level=debug")
    changed = template(cluster)
    mistakes.want(changed["metadata"]["annotations"]["relevo/config"] != before["metadata"]["annotations"]["relevo/config"],
                  "another configuration, and the same pods")
    cluster.helm("rollback", "shop", "1", "-n", NAMESPACE, "--wait", TIMEOUT)
    mistakes.want(template(cluster) == before, "the rollback did not bring back what was")
    secret(cluster, "relevo-postgres", {"url": "postgresql://a:new@c/d"})
    upgrade(cluster)
    mistakes.want(template(cluster)["metadata"]["annotations"]["relevo/secrets"] != before["metadata"]["annotations"]["relevo/secrets"],
                  "another secret, and the same pods")
    mistakes.want(available(cluster) == ROLES, f"available: {available(cluster)}")
    return "upgrade, rollback, secret"


def refused(cluster, mistakes):
    """what the check refuses (a plugin that does not load, say) touches no pod, is told at once and in its own words, and is not tried again"""
    before, began = template(cluster), time.monotonic()
    done = upgrade(cluster, "--set", "image.tag=bad", check=False)
    took = time.monotonic() - began
    mistakes.want(done.returncode != 0 and took < 60, f"helm ended with {done.returncode} after {took:.0f} s")
    mistakes.want(SAID in done.stdout + done.stderr, f"it does not print the log: {done.stdout}{done.stderr}")
    mistakes.want(template(cluster) == before and available(cluster) == ROLES, "pods were touched")
    pods = [name for name in objects(cluster) if name.startswith("Pod/shop-relevo-check-")]
    mistakes.want(len(pods) == 1, f"it was tried {len(pods)} times, or its log is gone")
    upgrade(cluster)
    mistakes.want(not [name for name in objects(cluster) if name.startswith("Job/")], "what failed is left after the next upgrade")
    return f"after {took:.1f} s"


def stuck(cluster, mistakes):
    """a release that never becomes ready, rolled out, keeps every old pod; the rollback ends it"""
    unchecked = ["--set", "setup.check=false,setup.migrate=false,setup.topics=false"]
    upgrade(cluster, *unchecked, "--set", "consume.strategy=RollingUpdate,consume.replicas=4")
    done = cluster.helm("upgrade", "shop", CHART, "-n", NAMESPACE, "--wait", "--timeout=15s", *unchecked,
                        "--set", "consume.strategy=RollingUpdate,consume.replicas=4,image.tag=bad", check=False)
    good = [p for p in cluster.get("-n", NAMESPACE, "pods", "-l", "app.kubernetes.io/component=consume")
            if not p["spec"]["containers"][0]["image"].endswith(":bad")]
    mistakes.want(done.returncode != 0 and len(good) == 4 and available(cluster) == {**ROLES, "shop-relevo": 4},
                  f"helm ended with {done.returncode}, {len(good)} old pods are there: {available(cluster)}")
    cluster.helm("rollback", "shop", "-n", NAMESPACE, "--wait", TIMEOUT)
    bad = [p["metadata"]["name"] for p in cluster.get("-n", NAMESPACE, "pods") if p["spec"]["containers"][0]["image"].endswith(":bad")
           and "deletionTimestamp" not in p["metadata"]]
    mistakes.want(not bad, f"after the rollback: {bad}")
    return "4 old pods kept"


def member(cluster, mistakes):
    """of static members a release that never becomes ready takes one, and the rollback brings it back by itself"""
    unchecked = ["--set", "setup.check=false,setup.migrate=false,setup.topics=false,consume.kind=StatefulSet,consume.replicas=4"]

    def members(bad):
        return [p for p in cluster.get("-n", NAMESPACE, "pods", "-l", "app.kubernetes.io/component=consume")
                if p["spec"]["containers"][0]["image"].endswith(":bad") == bad and "deletionTimestamp" not in p["metadata"]]

    upgrade(cluster, *unchecked)
    cluster.wait("four members", lambda: len(members(False)) == 4)
    done = cluster.helm("upgrade", "shop", CHART, "-n", NAMESPACE, "--wait", "--timeout=15s", *unchecked, "--set", "image.tag=bad", check=False)
    mistakes.want(done.returncode != 0 and len(members(False)) == 3 and len(members(True)) == 1,
                  f"helm ended with {done.returncode}, {len(members(False))} old members are there and {len(members(True))} new ones")
    cluster.helm("rollback", "shop", "-n", NAMESPACE, "--wait", TIMEOUT)
    mistakes.want(len(members(False)) == 4 and not members(True), f"after the rollback {len(members(False))} old ones, {len(members(True))} new ones")
    return "3 of 4 old members kept"


def removed(cluster, mistakes):
    """an uninstallation leaves nothing behind"""
    cluster.helm("uninstall", "shop", "-n", NAMESPACE, "--wait", TIMEOUT)
    cluster.wait("the end of all pods", lambda: not cluster.get("-n", NAMESPACE, "pods"))
    left = set(objects(cluster)) - OWN
    mistakes.want(not left, f"left: {sorted(left)}")
    return "nothing left"


def main():
    mistakes = Mistakes()
    with ControlPlane(find_helm()) as cluster:
        print(json.loads(cluster.kubectl("version", "-o", "json").stdout)["serverVersion"]["gitVersion"], flush=True)
        prepare(cluster)
        for test in (admitted, installs, tested, upgraded, refused, stuck, member, removed):
            found, began = Mistakes(), time.monotonic()
            print(f"== {test.__doc__}", flush=True)
            said = test(cluster, found)
            print("\n".join(found) or f"{said}: {time.monotonic() - began:.1f} s", flush=True)
            mistakes += found
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
