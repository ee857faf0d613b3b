#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The image, made and started: `./dev image` twice gives one image; a consumer in it, as the chart starts it, decides what it must.

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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.stack import BUILD, ROOT, Lab, Process, bare_environment, expect, generator, run  # noqa: E402

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


if __name__ == "__main__":
    if os.geteuid():
        sys.exit("this test needs root, as deploy/local/image.sh does")
    sys.exit(run("container", *([] if os.environ.get("RELEVO_IMAGE_MADE") else [reproducible]), holds, decides))
