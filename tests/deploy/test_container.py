#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The image, made and started: `./dev image` twice gives one image; a consumer in it, as the chart starts it, decides what it must; compose.yaml, by Docker Compose itself, brings up all roles in it, and a customer is answered.

The container is a real one (podman and runc): not root, its root read-only and no other place to write, no capability, no new
privileges, seccomp; with the real Kafka and Postgres beside it. Half an hour, as everything is built twice: `./dev test --image`.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from chart import gotools  # noqa: E402
from lab.stack import BUILD, PATIENCE_S, ROOT, Lab, Process, bare_environment, expect, free_port, generator, run  # noqa: E402

EVENTS, CONVERSATIONS = 4000, 500
USER = "10001:10001"
# The limits are those of the machine at most, which a container's root may not raise.
CONFINED = ["--rm", "--user", USER, "--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges",
            "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--network=host", "--http-proxy=false"]
STATUS = {"CapInh": "0" * 16, "CapPrm": "0" * 16, "CapEff": "0" * 16, "CapBnd": "0" * 16, "CapAmb": "0" * 16, "NoNewPrivs": "1",
          "Seccomp": "2"}


def built(folder):
    """The digest of the image that is made there."""
    made = subprocess.run([ROOT / "deploy/local/image.sh", folder], stdout=subprocess.PIPE, text=True, env=bare_environment())
    expect(made.returncode == 0, "deploy/local/image.sh failed, see above")
    return made.stdout.strip()


class Images:
    """podman with a store of its own, which holds the image of an archive."""

    def __init__(self, archive):
        self.folder = Path(tempfile.mkdtemp(prefix="relevo-podman-"))
        self.image = self("pull", "-q", f"oci-archive:{archive}").strip()

    def command(self, *words):
        return ["podman", "--root", self.folder / "store", "--runroot", self.folder / "run", "--storage-driver=overlay", "--runtime=runc",
                "--cgroup-manager=cgroupfs", "--events-backend=file", *words]

    def __call__(self, *words, status=0):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=600)
        expect(done.returncode == status, f"podman {' '.join(map(str, words))} ended with status {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(self.command("rm", "--all", "--force"), capture_output=True)
        subprocess.run(self.command("rmi", "--all", "--force"), capture_output=True)
        shutil.rmtree(self.folder)

    def version(self):
        return re.search(r"VERSION (\S+) ", (ROOT / "CMakeLists.txt").read_text())[1]

    def shell(self, script):
        return self("run", *CONFINED, "--entrypoint=sh", self.image, "-c", script)


class Container(Process):
    """A daemon of Relevo in a container; SIGTERM reaches it through podman, which ends with its status."""

    def __init__(self, images, lab, name):
        self.images = images
        super().__init__(lab, name)

    def start(self):
        settings = [word for name, value in self.environment.items() if name.startswith("RELEVO_") for word in ("--env", f"{name}={value}")]
        folders = [f"--volume={folder}:{folder}:ro" for folder in (self.lab.folder, BUILD / "tests/plugins")]
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.images.command("run", *CONFINED, *settings, *folders, self.images.image, self.role, "--config",
                                                              str(self.lab.config)), stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def reproducible(_seed):
    """two builds from nothing, in different folders, are one image"""
    first = built(ROOT / "build/image")
    with tempfile.TemporaryDirectory(prefix="relevo-image-") as folder:
        second = built(folder)
    expect(first == second, f"two builds of one commit differ: {first} and {second}")
    print(first, flush=True)


def holds(_seed):
    """what it must and nothing else; its list of contents is that of its packages; it is confined as the chart asks"""
    with Images(ROOT / "build/image/relevo.tar") as images:
        about = json.loads(images("image", "inspect", images.image))[0]
        expect(about["User"] == USER and about["Config"]["Entrypoint"] == ["relevo"], f"it starts as {about['User']}: {about['Config']}")
        bill = json.loads(images.shell("cat /usr/local/share/doc/relevo/sbom.spdx.json"))
        listed = {(p["name"], p["versionInfo"]) for p in bill["packages"] if p["SPDXID"].startswith("SPDXRef-deb-")}
        there = {tuple(line.split()) for line in images.shell("dpkg-query -W -f '${Package} ${Version}\\n'").splitlines()}
        expect(listed == there and len(there) > 50, f"the list of contents is not of this image: {listed ^ there}")
        tools = {"gcc", "gcc-12", "cpp", "make", "cmake", "npm", "nodejs", "git"} & {name for name, _ in there}
        expect(not tools, f"it holds what only its making needs: {tools}")
        status = dict(line.split(":\t") for line in images.shell("cat /proc/self/status").splitlines() if ":\t" in line)
        expect({k: status[k].strip() for k in STATUS} == STATUS, f"it may more than it needs: {status}")
        for place in ("/", "/tmp", "/etc/relevo", "/usr/local/bin", "/var/tmp", "/run"):
            images("run", *CONFINED, "--entrypoint=touch", images.image, f"{place}/written", status=1)
        loaded = images.shell("cd /usr/local/lib/relevo/plugins; for p in $(find * -name '*.so'); do echo \"$p $(relevo plugin info --json $PWD/$p)\" || exit 1; done")
        plugins = {line.split()[0]: json.loads(line.split(maxsplit=1)[1])["abi"] for line in loaded.splitlines()}
        bundled = {str(path.relative_to(BUILD / "plugins")) for path in (BUILD / "plugins").rglob("*.so")}
        expect(set(plugins) == bundled and len(bundled) > 10, f"its plugins are not those of the tree: {set(plugins) ^ bundled}")
        header = (ROOT / "core/include/relevo/plugin.h").read_text(encoding="utf-8")
        abi = ".".join(re.search(rf"#define RELEVO_ABI_{part} +(\d+)", header)[1] for part in ("MAJOR", "MINOR"))
        expect(set(plugins.values()) == {abi}, f"not all have ABI {abi}: {plugins}")


def decides(seed):
    """a consumer in it, with a plugin that is mounted, decides 4,000 events as the model says, and ends well"""
    with Images(ROOT / "build/image/relevo.tar") as images, Lab("container", partitions=4, logs=False) as lab:
        lab.folder.chmod(0o755)
        lab.config.chmod(0o644)
        for words in (["migrate"], ["check"]):
            print(images("run", *CONFINED, f"--volume={lab.folder}:{lab.folder}:ro", f"--volume={BUILD}/tests/plugins:{BUILD}/tests/plugins:ro",
                         images.image, *words, "--config", str(lab.config)).strip(), flush=True)
        lab.feed(generator(seed, EVENTS, CONVERSATIONS, lab.partitions))
        consumer = Container(images, lab, "consume")
        lab.processes.append(consumer)
        consumer.wait_ready()
        lab.wait_caught_up(120)
        expect(consumer.get("/healthz")[0] == 200, f"/healthz answers {consumer.get('/healthz')}")
        consumer.stop()
        world = lab.check()
        expect(sum(map(len, world.inputs.values())) == EVENTS, "events are missing in the input topic")


class Compose:
    """Docker Compose, which speaks to podman: compose.yaml with what this machine needs besides, in which Kafka and Postgres are the lab's.
    Networks of containers are not to be had everywhere: all are in the machine's, each service at ports of its own."""

    def __init__(self, images, lab):
        self.lab, self.socket = lab, images.folder / "podman.sock"
        images("tag", images.image, f"docker.io/library/relevo:{images.version()}")  # as Docker understands the name in compose.yaml
        self.program = Path(gotools("compose")[0]) / "cmd"
        self.service = subprocess.Popen(images.command("system", "service", "--time=0", f"unix://{self.socket}"), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.ops = {role: free_port() for role in ("consume", "gateway", "deliver", "desk")}
        self.sandbox = free_port()
        self.files = ["-f", ROOT / "deploy/compose.yaml", "-f", self.override()]

    def override(self):
        """Of the environment of a service, what names a server stays there only if it was there: who is not told of Postgres is not told here."""
        services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]
        gateway, desk = free_port(), free_port()
        ours = {"RELEVO_KAFKA": self.lab.kafka, "RELEVO_POSTGRES": self.lab.postgres}
        more = {"gateway": {"RELEVO_GATEWAY_LISTEN": f"127.0.0.1:{gateway}"}, "desk": {"RELEVO_DESK_LISTEN": f"127.0.0.1:{desk}"},
                "deliver": {"RELEVO_DELIVER_API_URL": f"http://127.0.0.1:{self.sandbox}", "RELEVO_DELIVER_GROUP": self.lab.mark + "-deliver"},
                "sandbox": {"RELEVO_SANDBOX_LISTEN": f"127.0.0.1:{self.sandbox}", "RELEVO_SANDBOX_WEBHOOK": f"http://127.0.0.1:{gateway}/webhook"}}
        lines = ["services:", "  kafka: !reset null", "  postgres: !reset null"]
        for name in (n for n, service in services.items() if service["image"].startswith("relevo:")):
            environment = {key: ours[key] for key in services[name].get("environment", {})}
            environment |= {"RELEVO_CLUSTER": self.lab.mark, "RELEVO_TOPICS_PREFIX": self.lab.prefix, "RELEVO_CONSUME_GROUP": self.lab.mark}
            environment |= more.get(name, {}) | ({"RELEVO_OPS_LISTEN": f"127.0.0.1:{self.ops[name]}"} if name in self.ops else {})
            lines.append(f"  {name}:")
            lines += [f"    {key}: {json.dumps(value)}" for key, value in (
                ("environment", environment), ("network_mode", "host"), ("ulimits", {"nofile": 1024, "nproc": 1024}))]
            lines += ["    ports: !reset null"] + (["    depends_on: !reset null"] if name in ("migrate", "topics") else [])
        file = self.lab.folder / "override.yaml"
        file.write_text("\n".join([*lines, "volumes: !reset null", ""]), encoding="utf-8")
        return file

    def __call__(self, *words, status=0):
        done = subprocess.run([self.program, *self.files, "-p", self.lab.mark, *words], capture_output=True, text=True, timeout=300,
                              env={**bare_environment(), "DOCKER_HOST": f"unix://{self.socket}"})
        expect(done.returncode == status, f"docker compose {words} ended with status {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def __enter__(self):
        until = time.monotonic() + PATIENCE_S
        while not self.socket.exists():
            expect(time.monotonic() < until and self.service.poll() is None, "podman gives no service")
            time.sleep(0.05)
        return self

    def __exit__(self, kind, mistake, trace):
        try:
            if mistake is not None:
                print(self("logs", "--tail", "5"), flush=True)
            self("down", "--timeout", "60")
        finally:
            self.service.terminate()
            self.service.wait(60)


def ask(url, body=None):
    """(status, text); 0 while nobody listens."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body and json.dumps(body).encode()), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


def composes(_seed):
    """compose.yaml by the engine's own program: the steps in their order, every service ready, a customer is answered, and all of it ends well"""
    with Images(ROOT / "build/image/relevo.tar") as images, Lab("compose", partitions=4, logs=False) as lab, Compose(images, lab) as compose:
        compose("up", "--no-build", "--pull", "never", "--wait")
        until = time.monotonic() + PATIENCE_S
        for role, port in compose.ops.items():
            while (said := ask(f"http://127.0.0.1:{port}/readyz"))[0] != 200:
                expect(time.monotonic() < until, f"{role} is not ready: {said}")
                time.sleep(0.1)
        customer, phone = "5215512345678", f"http://127.0.0.1:{compose.sandbox}/sandbox"
        expect(ask(f"{phone}/say", {"wa_id": customer, "text": "hola"})[0] == 200, "the sandbox takes no message")
        while not (answers := [m["message"] for m in json.loads(ask(f"{phone}/chat?wa_id={customer}")[1])["messages"] if m["from"] != "customer"]):
            expect(time.monotonic() < until, "the customer is not answered")
            time.sleep(0.1)
        print(f"answered: {answers[0]}", flush=True)
        compose("stop", "--timeout", "60")
        ended = {line["Service"]: line["ExitCode"] for line in map(json.loads, compose("ps", "--all", "--format", "json").splitlines())}
        expect(len(ended) == 7 and set(ended.values()) == {0}, f"not all ended well: {ended}")


if __name__ == "__main__":
    if os.geteuid():
        sys.exit("this test needs root, as deploy/local/image.sh does")
    sys.exit(run("container", *([] if os.environ.get("RELEVO_IMAGE_MADE") else [reproducible]), holds, decides, composes))
