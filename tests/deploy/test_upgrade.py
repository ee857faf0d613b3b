#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An upgrade that nobody notices: the release before, built from its sources, and this one, side by side in one group and on one database, while customers write and agents act; daemon by daemon up, one step back down, and up again

    test_upgrade.py [SEED] [--from COMMIT]
"""
import os
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "faults"),
                str(Path(__file__).resolve().parents[1] / "e2e")]
import yaml  # noqa: E402
from parts import Load  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import Deliver, DeliverLab, judge_sends, wait_sent  # noqa: E402
from lab.stack import BIN, BUILD, PATIENCE_S, ROOT, Lab, Process, expect, run  # noqa: E402
from test_takeovers import option  # noqa: E402

# The release before. While none is tagged: the first one that lives with a newer one's migrations.
FIRST = "c9a466d"
SKIPPED = 77
RATE = 60  # events a second
ROLES = ("deliver", "first", "second", "gateway")


class Gateway(Process):
    role = "gateway"


def git(*words):
    return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True)


def release_before():
    """The commit of the release before: the newest tag behind this commit, else FIRST. Without the history of the sources this test is skipped."""
    tag = git("describe", "--tags", "--match", "v*", "--abbrev=0", "HEAD^")
    found = option("--from", "") or (tag.stdout.strip() if tag.returncode == 0 else FIRST)
    commit = git("rev-parse", "--verify", "--quiet", f"{found}^{{commit}}").stdout.strip()
    if not commit:
        print(f"skipped: {found}, the release before, is not in this clone: fetch the history (git fetch --unshallow --tags)")
        sys.exit(SKIPPED)
    return commit


def build(commit):
    """The daemons and the scripted plugin of another commit, kept below the build folder. Returns its build folder."""
    folder = BUILD / "upgrade" / commit[:12]
    source, built = folder / "source", folder / "build"
    if not (built / "complete").exists():
        print(f"building {git('log', '-1', '--format=%h %s', commit).stdout.strip()}", flush=True)
        source.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "-C", source], input=archive, check=True)
        page = source / "build" / "page"
        page.mkdir(parents=True, exist_ok=True)
        (page / "index.html").write_text("<!doctype html><title>not part of this test</title>")
        with open(folder / "log", "wb") as log:
            for words in (["cmake", "-S", source, "-B", built, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DRELEVO_TEST_POINTS=OFF"],
                          ["cmake", "--build", built, "--target", "relevo", "relevo-plugin-host", "test_plugin_scripted"]):
                done = subprocess.run(words, stdout=log, stderr=log, check=False)
                expect(done.returncode == 0, f"the release before cannot be built: {folder / 'log'}")
        (built / "complete").touch()
    return built


class UpgradeLab(DeliverLab):
    """All roles but the desk's page. Plugins are those of the release before: one that was built for the older minor version of the ABI runs in both."""

    def __init__(self, api, before, **options):
        self.before = before / "relevo"
        super().__init__(api, "upgrade", partitions=4, plugins=[{"name": "scripted", "path": str(before / "tests" / "plugins" / "scripted.so")}],
                         **options)

    def tool(self, *words, binary=None, **options):
        """The database and the topics are the release before's."""
        return super().tool(*words, binary=binary or self.before, **options)

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["gateway"] = {"listen": "127.0.0.1:0", "app_secrets": ["a secret"], "verify_token": "t"}
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True))

    def begin(self, kind, name):
        process = type(kind.__name__, (kind,), {"binary": self.before})(self, name)
        self.processes.append(process)
        return process

    def wait_works(self):
        """Until every lane has decided and published more than now."""
        before, until = dict(self.sql("SELECT lane, seq FROM relevo.lane")), time.monotonic() + PATIENCE_S
        while True:
            now = dict(self.sql("SELECT lane, published FROM relevo.lane"))
            if all(now.get(lane, 0) > before.get(lane, 0) for lane in range(self.partitions)):
                return
            for process in self.processes:
                expect(process.alive(), f"{process.name} ended by itself ({process.child.returncode}):\n{process.tail()}")
            expect(time.monotonic() < until, "lanes do not work:\n" + "\n".join(p.tail() for p in self.processes))
            time.sleep(0.1)

    def change(self, process, binary, kill=False):
        """One daemon gives way to the same one of another release, and all lanes go on."""
        (process.kill if kill else process.stop)()
        process.binary = binary
        process.start()
        process.wait_ready()
        self.wait_works()
        print(f"  {process.name} is {'this release' if binary == BIN else 'the one before'} now", flush=True)


def upgrade(seed):
    """up, one step down, and up again while events flow: exactly once, nothing sent twice, nothing lost"""
    rng = random.Random(seed)
    before, api = build(release_before()), CloudApi(seed)
    with UpgradeLab(api, before) as lab:
        kinds = {"deliver": Deliver, "gateway": Gateway}
        daemons = [lab.begin(kinds.get(name, Process), name) for name in ROLES]
        for process in daemons:
            process.wait_ready()
        with Load(lab, seed, RATE):
            lab.wait_works()
            said = lab.tool("migrate", binary=BIN)
            print(f"  relevo migrate: {said.splitlines()}", flush=True)
            lab.wait_works()  # the release before, on the newer one's database
            for binary, words in ((BIN, "up"), (lab.before, "one step back"), (BIN, "up again")):
                print(f"  {words}", flush=True)
                # In any order; and one does not leave in order, so that what it committed is published by another release.
                for process in rng.sample(daemons, len(daemons)):
                    lab.change(process, binary, kill=process.role == "consume" and rng.random() < 0.5)
        lab.sql("SELECT desk.set_presence(agent_id, 'offline') FROM desk.agents")
        lab.wait_caught_up()
        wanted = wait_sent(lab)
        lab.wait_caught_up()
        for process in daemons:
            process.stop()
        judge_sends(lab, [entry[:2] for entry in api.took], wanted)
        findings = judge(lab)
        expect(not findings, "the checker has findings:\n" + findings.report())
        expect({p.binary for p in daemons} == {BIN}, "the upgrade did not come to its end")


def judge(lab):
    from checker import check
    lab.world = check.load(lab.kafka, lab.postgres, lab.prefix, ["whatsapp.events.v1"])
    lab.world.schemas = lab.schemas
    lab.world.traced = False  # records of a release that knew no traces are among them
    print(f"upgrade: {check.summary(lab.world)}", flush=True)
    return check.judge(lab.world, model=False)


if __name__ == "__main__":
    sys.exit(run("upgrade", upgrade))
