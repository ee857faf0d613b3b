#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An upgrade that nobody notices: the release before, built from its sources, and this one, side by side in one group and on one database, while customers write and agents act, one of them at a page that stays logged in; daemon by daemon up, one step back down, and up again

    test_upgrade.py [SEED] [--from COMMIT]
"""
import http.client
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "faults"),
                str(Path(__file__).resolve().parents[1] / "e2e")]
import yaml  # noqa: E402
from parts import Load  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import Deliver, DeliverLab, judge_sends, wait_sent  # noqa: E402
from lab.desk import PASSWORD, Browser, Desk, Stream  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import BIN, BUILD, PATIENCE_S, ROOT, Process, expect, free_port, run  # noqa: E402
from test_takeovers import option  # noqa: E402

# The release before. While none is tagged: the first one that lives with a newer one's migrations.
FIRST = "c9a466d"
SKIPPED = 77
RATE = 60  # events a second
ROLES = ("deliver", "first", "second", "gateway", "desk")


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
    """All roles. Plugins are those of the release before: one that was built for the older minor version of the ABI runs in both."""

    def __init__(self, api, before, **options):
        self.before, self.desk_port = before / "relevo", free_port()
        super().__init__(api, "upgrade", partitions=4, plugins=[{"name": "scripted", "path": str(before / "tests" / "plugins" / "scripted.so")}],
                         **options)

    def tool(self, *words, binary=None, **options):
        """The database and the topics are the release before's."""
        return super().tool(*words, binary=binary or self.before, **options)

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["gateway"] = {"listen": "127.0.0.1:0", "app_secrets": ["a secret"], "verify_token": "t"}
        config["desk"] = {"listen": f"127.0.0.1:{self.desk_port}"}
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


class Page(threading.Thread):
    """Ana's page, open all the while: one log-in, a stream that is taken up again where it broke off, and what she does there."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.lab, self.browser, self.customers = lab, Browser(lab.desk_port), 0
        self.streams, self.refused, self.ending = [], [], threading.Event()
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        lab.tool("account", "put", "ana", "--role", "supervisor", "--agent", "ana", stdin=PASSWORD.encode() + b"\n")
        expect(self.browser.log_in("ana") == 200, "she cannot log in")
        self.start()

    def run(self):
        last = None
        while not self.ending.is_set():
            try:
                stream = Stream(self.browser, last)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)  # the desk is down: a browser tries again, too
                continue
            self.streams.append(stream)
            if stream.status not in (200, 503):  # 503: Kafka has not answered that desk yet
                self.refused.append(stream.status)
            stream.join()
            last = stream.last
            self.ending.wait(3)  # as browsers do; what is decided meanwhile is told because of the place where it broke off

    def works(self):
        """At the release that is there now, as logged in as before: the page, the lists, and a whole case."""
        ana = self.browser
        for path in ("/api/session", "/api/counts", "/api/conversations", "/api/templates", "/api/configuration"):
            status, said = ana.get(path)
            expect(status == (403 if path == "/api/configuration" else 200), f"{path} answers {status}: {said}")
        expect(ana.get("/api/session")[1]["agent_id"] == "ana", "who she is")
        expect(ana.ask("GET", "/", raw=True)[0] == 200, "there is no page")
        for _ in range(5):  # another agent may be faster
            who = self.customer()
            if all(ana.act(who, what, **more)[1].get("done") for what, more in
                   (("take_over", {}), ("reply", {"text": "Buenas, soy Ana."}), ("resolve", {"code": "listo"}))):
                return
        expect(False, "five cases could not be taken, answered and closed")

    def customer(self):
        """Somebody new writes; the conversation."""
        self.customers += 1
        number, who = "105550001", f"57300{self.customers:07}"
        key, message = f"{number}:{who}".encode(), f"wamid.{who}"
        self.lab.produce(partition_of(key, self.lab.partitions), key, self.lab.schemas["WhatsAppEvent"].encode(
            {"kind": "message", "phone_number_id": number, "wa_id": who, "message_id": message, "type": "text", "text": "hola",
             "customer_name": "Eva", "sent_at": 1767225600000}))
        self.lab.flush()
        until = time.monotonic() + PATIENCE_S
        while not (found := self.lab.sql("SELECT conversation_id::text FROM desk.history WHERE message_id = %s", message)):
            expect(time.monotonic() < until, f"{who} is not heard")
            time.sleep(0.05)
        return found[0][0]

    def judge(self, world):
        """From her first decision on she was told of every one, over all desks, and never had to begin anew or to log in."""
        self.ending.set()
        kinds = {kind for stream in self.streams for kind, _, _ in stream.events}
        expect(not self.refused and "reset" not in kinds, f"her streams were refused {self.refused}, or began anew: {kinds}")
        told = {(d["lane"], d["seq"], d["ordinal"]) for stream in self.streams for d in stream.decisions()}
        first = {lane: min(seq for at, seq, _ in told if at == lane) for lane in {at for at, _, _ in told}}
        missed = [(lane, d["seq"], d["ordinal"]) for lane, records in world.decoded.items() for _, d in records
                  if d["seq"] > first.get(lane, 0) and (lane, d["seq"], d["ordinal"]) not in told]
        expect(len(first) == self.lab.partitions and not missed, f"she was not told of {len(missed)} decisions: {missed[:5]}")
        print(f"  her page: {len(told)} decisions by {len(self.streams)} streams of one log-in", flush=True)


def judge_page_of_before(commit):
    """A page that was opened before goes on: each request that it knows is one still, and wants nothing that it does not send."""
    document = "core/desk/openapi.json"
    old, new = json.loads(git("show", f"{commit}:{document}").stdout), json.loads((ROOT / document).read_text(encoding="utf-8"))
    asked = [(path, verb) for path, verbs in old["paths"].items() for verb in verbs if verb in ("get", "post", "put", "delete", "patch")]
    expect(len(asked) > 30, f"the release before has {len(asked)} requests: its document is another one")
    for path, verb in asked:
        expect(verb in new["paths"].get(path, {}), f"{verb} {path} is gone: a page that is open breaks")
        known, wanted = body(old, path, verb), body(new, path, verb)
        expect(set(wanted.get("required", [])) <= set(known.get("properties", {})), f"{verb} {path} wants more than a page that is open sends")


def body(document, path, verb):
    schema = document["paths"][path][verb].get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def upgrade(seed):
    """up, one step down, and up again while events flow: exactly once, nothing sent twice, nothing lost, and no agent is thrown out"""
    rng = random.Random(seed)
    judge_page_of_before(release_before())
    before, api = build(release_before()), CloudApi(seed)
    with UpgradeLab(api, before) as lab:
        kinds = {"deliver": Deliver, "gateway": Gateway, "desk": Desk}
        daemons = [lab.begin(kinds.get(name, Process), name) for name in ROLES]
        for process in daemons:
            process.wait_ready()
        page = Page(lab)
        with Load(lab, seed, RATE):
            lab.wait_works()
            page.works()
            said = lab.tool("migrate", binary=BIN)
            print(f"  relevo migrate: {said.splitlines()}", flush=True)
            lab.wait_works()  # the release before, on the newer one's database
            page.works()
            for binary, words in ((BIN, "up"), (lab.before, "one step back"), (BIN, "up again")):
                print(f"  {words}", flush=True)
                # In any order; and one does not leave in order, so that what it committed is published by another release.
                for process in rng.sample(daemons, len(daemons)):
                    lab.change(process, binary, kill=process.role == "consume" and rng.random() < 0.5)
                    page.works()
        lab.sql("SELECT desk.set_presence(agent_id, 'offline') FROM desk.agents")
        lab.wait_caught_up()
        wanted = wait_sent(lab)
        lab.wait_caught_up()
        time.sleep(5)  # what is decided is pushed at once, to a page that may have to come back first
        for process in daemons:
            process.stop()
        judge_sends(lab, [entry[:2] for entry in api.took], wanted)
        findings = judge(lab)
        expect(not findings, "the checker has findings:\n" + findings.report())
        page.judge(lab.world)
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
