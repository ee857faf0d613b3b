# SPDX-License-Identifier: Apache-2.0
"""A control plane of Kubernetes of one's own: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, the real ones, and kwok
for nodes, which run nothing (cluster/kwok.yaml says what pods seem to do). All on the loopback, in a folder that goes with it."""
import json
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from chart import HERE, gotools

PATIENCE_S = 180
NODES = 3
KWOK = "sigs.k8s.io/kwok@v0.8.0"  # as cluster/go.mod has it


def free_ports(count):
    """All at once, so that none is told twice."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class ControlPlane:
    """Use it in a `with`. kubectl() and helm() talk to it, and to nothing else."""

    def __init__(self, helm):
        self.programs = Path(gotools("cluster")[0])
        self.folder = Path(tempfile.mkdtemp(prefix="relevo-cluster-"))
        beside = Path(helm).parents[1] / "kubectl/kubectl"  # as tests/deploy/helm.sh lays them
        self.tools = {"helm": helm, "kubectl": str(beside if beside.exists() else shutil.which("kubectl"))}
        self.said = self.folder / "said"
        self.children = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, mistake, *_):
        for child in reversed(self.children):  # etcd last: the server waits for it
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if mistake:
            print(f"the logs of the control plane are in {self.folder}", flush=True)
        else:
            shutil.rmtree(self.folder)

    def run(self, program, *words):
        with open(self.folder / f"{program}.log", "ab") as log:
            self.children.append(subprocess.Popen([self.programs / program, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                  cwd=self.folder, env={**os.environ, "HOME": str(self.folder)}))

    def start(self):
        client, peer, server, kubelet = free_ports(4)
        f, token = self.folder, secrets.token_hex(16)
        subprocess.run(["openssl", "genrsa", "-out", f / "account.key", "2048"], check=True, capture_output=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kwok", "-keyout", f / "kubelet.key", "-out",
                        f / "kubelet.crt"], check=True, capture_output=True)
        (f / "tokens").write_text(f'{token},admin,1,"system:masters"\n')
        self.kubeconfig = f / "kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": {"server": f"https://127.0.0.1:{server}", "insecure-skip-tls-verify": True}}],
            "users": [{"name": "lab", "user": {"token": token}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}]}))
        self.kubeconfig.chmod(0o600)
        self.said.write_text("2026-01-01T00:00:00.000000000Z stdout F what the container said\n")  # as a runtime keeps it
        (f / "kwok.yaml").write_text((HERE / "cluster/kwok.yaml").read_text(encoding="utf-8").replace("logsFile: LOG", f"logsFile: {self.said}"))
        nodes = Path(gotools("fetch", KWOK)[0]) / "kustomize/stage/node/fast/node-initialize.yaml"
        etcd = f"http://127.0.0.1:{client}"
        self.run("etcd", "--data-dir=etcd", f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}", "--unsafe-no-fsync",
                 f"--listen-peer-urls=http://127.0.0.1:{peer}", f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                 f"--initial-cluster=default=http://127.0.0.1:{peer}")
        self.run("kube-apiserver", f"--etcd-servers={etcd}", "--bind-address=127.0.0.1", f"--secure-port={server}", "--cert-dir=certs",
                 "--service-cluster-ip-range=10.0.0.0/16", "--authorization-mode=Node,RBAC", "--token-auth-file=tokens",
                 "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=account.key",
                 "--service-account-signing-key-file=account.key", "--kubelet-preferred-address-types=InternalIP")
        self.wait("the API server", lambda: self.kubectl("get", "--raw=/readyz", check=False).stdout == "ok")
        self.run("kube-controller-manager", "--kubeconfig=kubeconfig", "--leader-elect=false", "--secure-port=0",
                 "--service-account-private-key-file=account.key")
        self.run("kube-scheduler", "--kubeconfig=kubeconfig", "--leader-elect=false", "--secure-port=0")
        self.run("kwok", "--kubeconfig=kubeconfig", "--config=kwok.yaml", f"--config={nodes}", "--manage-all-nodes",
                 "--node-lease-duration-seconds=40", "--node-ip=127.0.0.1", f"--node-port={kubelet}", f"--server-address=127.0.0.1:{kubelet}", "--tls-cert-file=kubelet.crt", "--tls-private-key-file=kubelet.key")
        self.apply(*({"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{i}", "labels": {"kubernetes.io/hostname": f"node-{i}"}}}
                     for i in range(NODES)))
        self.wait("the nodes", lambda: self.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=1s", check=False).returncode == 0)
        self.wait("the first account", lambda: self.kubectl("get", "serviceaccount", "default", check=False).returncode == 0)

    def wait(self, what, there):
        until = time.monotonic() + PATIENCE_S
        while not there():
            for child in self.children:
                if child.poll() is not None:
                    raise RuntimeError(f"{child.args[0].name} ended with status {child.returncode}: {self.folder}/{child.args[0].name}.log")
            if time.monotonic() > until:
                raise RuntimeError(f"{what}: not there after {PATIENCE_S} s")
            time.sleep(0.2)

    def tool(self, name, *words, check=True, text=None):
        """Runs it, and returns its end; with check, an end that is not good is an error with all that was said."""
        done = subprocess.run([self.tools[name], *map(str, words)], input=text, capture_output=True, text=True, timeout=900,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "KUBECONFIG": str(self.kubeconfig)})
        if check and done.returncode:
            raise RuntimeError(f"{name} {' '.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}")
        return done

    def kubectl(self, *words, **options):
        return self.tool("kubectl", *words, **options)

    def helm(self, *words, **options):
        return self.tool("helm", *words, **options)

    def apply(self, *objects):
        self.kubectl("apply", "--server-side", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def get(self, *words):
        """What kubectl gets, as objects: a list of them, or the one that was named."""
        found = json.loads(self.kubectl("get", "-o", "json", *words).stdout)
        return found.get("items", found)
