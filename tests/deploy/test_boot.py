#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Debian package on a Debian that boots: its units under systemd itself, every role with secrets of its own as credentials; what they promise of starts, reloads, restarts and ends is so, and a consumer in its unit decides what it must

The machine is a container of systemd-nspawn, made by mmdebstrap, with the real Kafka and Postgres beside it. It needs root.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import yaml  # noqa: E402
from lab.stack import BUILD, PATIENCE_S, ROOT, Lab, expect, free_port, generator, run  # noqa: E402

ROLES = ("consume", "gateway", "deliver", "desk")
# Which secrets a role is given, and the variable that names each.
SECRETS = {"consume": {"postgres": "RELEVO_POSTGRES_FILE"}, "deliver": {"postgres": "RELEVO_POSTGRES_FILE", "token": "RELEVO_DELIVER_TOKEN_FILE"},
           "desk": {"postgres": "RELEVO_POSTGRES_FILE"}, "gateway": {"app": "RELEVO_GATEWAY_APP_SECRETS_FILE"}}
EVENTS, CONVERSATIONS = 2000, 300


def call(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    expect(done.returncode == 0, f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout


class Machine:
    """A Debian with the package, that boots. In a `with`."""

    def __init__(self, lab):
        self.lab, self.folder = lab, Path(tempfile.mkdtemp(prefix="relevo-boot-"))
        self.root, self.log = self.folder / "root", self.folder / "log"
        self.ports = {role: free_port() for role in ROLES}
        self.nspawn = None

    def install(self):
        deb = ROOT / call(str(ROOT / "dev"), "package", cwd=ROOT).strip().splitlines()[-1]
        depends = re.sub(r"\([^)]*\)|\|[^,]*|\s", "", call("dpkg-deb", "-f", deb, "Depends"))
        call("mmdebstrap", "--quiet", "--variant=minbase", f"--include=usr-is-merged,systemd-sysv,dbus,{depends}", "--dpkgopt=force-unsafe-io",
             "bookworm", self.root, "deb http://deb.debian.org/debian bookworm main")
        shutil.copy(deb, self.root / "root/relevo.deb")
        call("chroot", self.root, "dpkg", "-i", "/root/relevo.deb")
        call("chroot", self.root, "systemctl", "enable", *(f"relevo@{role}" for role in ROLES))

    def configure(self, **more):
        config = yaml.safe_load(self.lab.config.read_text())
        del config["postgres"], config["plugin_dir"]
        config |= {"desk": {"listen": f"127.0.0.1:{free_port()}"}, "gateway": {"listen": f"127.0.0.1:{free_port()}", "verify_token": "t"},
                   "deliver": {"group": self.lab.mark + "-deliver", "api_url": "http://127.0.0.1:1", "api_private": True}, **more}
        (self.root / "etc/relevo/relevo.yaml").write_text(yaml.safe_dump(config, allow_unicode=True))

    def give_secrets(self):
        folder = self.root / "etc/relevo/secrets"
        folder.mkdir(mode=0o700)
        for name, text in (("postgres", self.lab.postgres), ("token", "EAAG"), ("app", "known to Meta")):
            (folder / name).write_text(text + "\n")
            (folder / name).chmod(0o600)
        for role in ROLES:
            drop_in = self.root / f"etc/systemd/system/relevo@{role}.service.d"
            drop_in.mkdir(parents=True)
            lines = ["[Service]", f"Environment=RELEVO_OPS_LISTEN=127.0.0.1:{self.ports[role]}"]
            for name, variable in SECRETS[role].items():
                lines += [f"LoadCredential={name}:/etc/relevo/secrets/{name}", f"Environment={variable}=%d/{name}"]
            (drop_in / "test.conf").write_text("\n".join([*lines, ""]))

    def __enter__(self):
        try:
            self.install()
            self.configure()
            self.give_secrets()
            plugins = BUILD / "tests/plugins"
            with open(self.log, "wb") as log:
                self.nspawn = subprocess.Popen(
                    ["systemd-nspawn", "--keep-unit", "--register=no", "--quiet", "--boot", "--console=pipe", f"--bind-ro={plugins}",
                     f"--machine=relevo-boot-{os.getpid()}", "-D", self.root], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.wait("it does not boot", self.booted)
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, mistake, trace):
        if mistake is not None and self.nspawn:
            print(self.log.read_text(errors="replace")[-1500:], self.within("journalctl", "-n", "40", "--no-pager")[1], flush=True)
        if self.nspawn and self.nspawn.poll() is None:
            self.nspawn.terminate()  # as the machine's power button
            try:
                self.nspawn.wait(90)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def leader(self):
        children = Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        return children[0] if children else None

    def within(self, *words):
        """(status, text) of a command in the machine."""
        leader = self.leader()
        if not leader:
            return 1, "nothing runs"
        done = subprocess.run(["nsenter", "-t", leader, "-m", "-u", "-i", "-n", "-p", *words], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def booted(self):
        expect(self.nspawn.poll() is None, f"systemd-nspawn ended with {self.nspawn.returncode}")
        return self.within("systemctl", "is-system-running")[1].strip() in ("running", "degraded")

    def systemctl(self, *words):
        status, text = self.within("systemctl", *words)
        expect(status == 0, f"systemctl {' '.join(words)}: {text}")
        return text

    def show(self, role, name):
        return self.systemctl("show", "--value", "-p", name, f"relevo@{role}").strip()

    def wait(self, what, condition):
        until = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            expect(time.monotonic() < until, what)
            time.sleep(0.1)
        return found

    def ready(self, role):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[role]}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


def boots(seed):
    """all roles come up with the machine; each has its own secrets and no rights; reloads, deaths and wrong configurations end as the unit says"""
    with Lab("boot", partitions=2, logs=False) as lab, Machine(lab) as machine:
        for role in ROLES:
            machine.wait(f"relevo@{role} is not ready", lambda role=role: machine.ready(role))
            expect(machine.show(role, "ActiveState") == "active", f"relevo@{role} is {machine.show(role, 'ActiveState')}")
            pid = machine.show(role, "MainPID")
            status = dict(line.split(":\t", 1) for line in machine.within("cat", f"/proc/{pid}/status")[1].splitlines() if ":\t" in line)
            expect(status["CapEff"].strip() == status["CapBnd"].strip() == "0" * 16 and status["NoNewPrivs"].strip() == "1" and
                   status["Seccomp"].strip() == "2" and status["Uid"].split()[0] != "0", f"relevo@{role} may more than it needs: {status}")
            held = machine.within("ls", f"/run/credentials/relevo@{role}.service")[1].split()
            expect(set(held) == set(SECRETS[role]), f"relevo@{role} holds {held}")

        lab.feed(generator(seed, EVENTS, CONVERSATIONS, lab.partitions))
        lab.wait_caught_up()
        print(f"decided: {lab.decided()} events, as {machine.show('consume', 'User')}", flush=True)

        before = machine.show("gateway", "MainPID")
        machine.configure(nonsense=1)
        machine.systemctl("reload", "relevo@gateway")
        machine.wait("the refused reload is not told", lambda: "unknown key 'nonsense'" in machine.within("journalctl", "-u", "relevo@gateway", "--no-pager")[1])
        expect(machine.ready("gateway") and machine.show("gateway", "MainPID") == before, "what is wrong was taken, or ended it")
        machine.within("systemctl", "restart", "relevo@gateway")
        machine.wait("a wrong configuration does not end it", lambda: machine.show("gateway", "ActiveState") == "failed")
        time.sleep(5)  # RestartSec is 2
        expect((machine.show("gateway", "ActiveState"), machine.show("gateway", "ExecMainStatus"), machine.show("gateway", "NRestarts")) ==
               ("failed", "78", "0"), "a wrong configuration is tried again")
        machine.configure()
        machine.systemctl("restart", "relevo@gateway")

        dead = machine.show("desk", "MainPID")
        machine.systemctl("kill", "--signal=KILL", "relevo@desk")
        machine.wait("who was killed does not come back", lambda: machine.show("desk", "MainPID") not in ("0", dead) and machine.ready("desk"))

        for role in ROLES:
            machine.wait(f"relevo@{role} is not ready", lambda role=role: machine.ready(role))
            machine.systemctl("stop", f"relevo@{role}")
            expect((machine.show(role, "ActiveState"), machine.show(role, "Result")) == ("inactive", "success"),
                   f"relevo@{role} did not end well: {machine.show(role, 'Result')}")
        world = lab.check(model=False)  # deliver is there, too: what becomes of messages is not in the model
        expect(sum(len(records) for (topic, _), records in world.inputs.items() if topic == lab.topic) == EVENTS, "events are missing in the input topic")


if __name__ == "__main__":
    if os.geteuid():
        sys.exit("this test needs root: systemd-nspawn")
    sys.exit(run("boot", boots))
