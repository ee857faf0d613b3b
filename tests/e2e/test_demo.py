#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`./dev demo` from a clean clone, as somebody runs it who has just found the project: twice, then `./dev down`; and on a Kafka and a
Postgres of their own.

    test_demo.py
"""
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
from lab.servers import Kafka, Postgres  # noqa: E402
from lab.stack import ROOT, bare_environment, expect, run  # noqa: E402

# What a reader of the timeline must find, in this order.
STORY = ["customer", "Hola, buenas tardes", "classified as", "bot", "mi pedido 48213 llegó roto", "trigger wants_person fired",
         "owner: bot → queued", "what the agent reads", "order_number: 48213", "crm", "owner: queued → human", "owner: human → bot",
         "catering", "lead_ready", "Agents work at the desk"]


def dev(clone, *words, seconds=900, **environment):
    ran = subprocess.run(["./dev", *words], cwd=clone, env={**bare_environment(), **environment}, stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=seconds)
    expect(ran.returncode == 0, f"./dev {' '.join(words)} ended with {ran.returncode}:\n{ran.stdout[-2000:]}{ran.stderr[-3000:]}")
    return ran.stdout


def exports(clone):
    return dict(re.findall(r"^export (\w+)=(.*)$", dev(clone, "env"), re.M))


def judge(text):
    at = 0
    for words in STORY:
        found = text.find(words, at)
        expect(found >= 0, f"the demo does not tell of '{words}' where it should:\n{text[-4000:]}")
        at = found


def running(folder):
    """Processes of this folder: their command line or their working folder is in it."""
    found = []
    for pid in (p for p in os.listdir("/proc") if p.isdigit()):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words and int(pid) != os.getpid():
            found.append(words)
    return found


def test_demo(seed):
    """The demo tells its story, goes on running, is quick the second time, and `down` leaves nothing behind, nor stops what is not ours."""
    with tempfile.TemporaryDirectory(prefix="relevo-demo-") as folder:
        os.chmod(folder, 0o755)  # else Postgres, which does not run as root, keeps its data elsewhere, out of our sight
        one, two = Path(folder) / "one", Path(folder) / "two"
        for clone in (one, two):
            subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        servers = []
        try:
            judge(dev(one, "demo"))
            env = exports(one)
            expect({"RELEVO_BIN", "RELEVO_KAFKA", "RELEVO_POSTGRES", "RELEVO_METRICS", "RELEVO_GATEWAY", "RELEVO_SANDBOX", "RELEVO_DESK"}
                   <= set(env), f"./dev env lacks something: {sorted(env)}")
            began = time.monotonic()
            judge(dev(one, "demo"))
            print(f"the second demo took {time.monotonic() - began:.0f} s", flush=True)
            expect(time.monotonic() - began < 60, "the second demo takes more than seconds")
            dev(one, "down")
            expect(not running(one), f"./dev down leaves these: {running(one)}")
            kafka, postgres = Kafka(), Postgres()
            servers += [kafka, postgres]
            for server in servers:
                server.start()
            postgres.sql("CREATE DATABASE shop")
            theirs = {"RELEVO_KAFKA": kafka.address(), "RELEVO_POSTGRES": postgres.url("shop")}
            judge(dev(two, "demo", **theirs))
            dev(two, "down", **theirs)
            expect(not running(two), f"./dev down leaves these: {running(two)}")
            expect(all(server.alive() for server in servers), "./dev down stopped servers that are not its own")
        finally:
            for clone in (two, one):
                subprocess.run(["./dev", "down"], cwd=clone, capture_output=True, env=bare_environment())
            for server in servers:
                server.remove()


if __name__ == "__main__":
    sys.exit(run("e2e", test_demo))
