#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that crashes under load, and a consumer that is killed meanwhile: nothing twice, nothing lost, nobody left."""
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))
from lab.stack import BUILD, Lab, TestFailure, expect, generator, run  # noqa: E402
from test_rebalance import Feeder  # noqa: E402

EVENTS, CONVERSATIONS, KILLS, STEP = 6000, 800, 6, 600


def plugins_of(pid):
    """The plugins' processes that a process started."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] not in "ZX"
    except OSError:
        return False


def kill(seed):
    """6,000 events, a plugin that dies of some of them, the consumer killed 6 times"""
    rng = random.Random(seed)
    entry = {"name": "scripted", "path": str(BUILD / "tests" / "isolation" / "rogue.so"), "isolation": "process",
             "options": {"how": "segfault"}, "offences": 1000, "event_budget": "60s"}
    with Lab("roguekill", partitions=4, logs=False, plugins=[entry], instance="one", batch_max=100) as lab:
        feeder = Feeder(lab, generator(seed, EVENTS, CONVERSATIONS, lab.partitions, failures=1.5))
        process, after = lab.start(ready=False), []
        feeder.start()
        for i in range(KILLS):
            before = lab.decided()
            wanted, until = min(before + rng.randint(1, STEP), EVENTS), time.monotonic() + 120
            while lab.decided() < wanted:
                expect(process.alive(), f"it ended by itself:\n{process.tail()}")
                expect(time.monotonic() < until, f"no progress in 120 s after kill {i}:\n{process.tail()}")
                time.sleep(0.005)
            children = plugins_of(process.child.pid)
            process.kill()
            after.append(lab.decided())
            until = time.monotonic() + 60
            while any(lives(child) for child in children):
                expect(time.monotonic() < until, f"plugins' processes {children} outlive the consumer")
                time.sleep(0.01)
            process.start()
        feeder.join(180)
        if feeder.mistake:
            raise TestFailure(f"events could not be produced: {feeder.mistake}")
        print(f"decided when it was killed: {after}", flush=True)
        lab.wait_caught_up(240)
        process.stop(60)
        world = lab.check()
        failed = sum(d["kind"] == "failed" for records in world.decoded.values() for _, d in records)
        expect(failed >= 3, f"the plugin died of {failed} events only: nothing was shown")
        print(f"{failed} events went to people because the plugin died of them", flush=True)


if __name__ == "__main__":
    sys.exit(run("rogue kill", kill))
