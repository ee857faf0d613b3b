#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that does what no plugin may under load, one thing after the other, and a consumer that is killed meanwhile: nothing twice, nothing lost,
nobody left."""
import contextlib
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "faults"))
from lab.stack import Lab, TestFailure, expect, generator, run  # noqa: E402
from test_rebalance import Feeder  # noqa: E402
from test_rogues import HOWS, rogue  # noqa: E402

EVENTS, CONVERSATIONS, STEP = 6000, 2400, 520
# What the decisions say of each.
WORDS = {"segfault": "signal 11", "abort": "signal 6", "exit": "with status 0", "fork": "(clone)", "kill_all": "(kill)", "loop": "gave no answer",
         "scribble": "wrote over", "forged_view": "was not asked about", "forged_huge": "had to be refused", "thread": "returned", "flood": "returned"}


def plugins_of(pid):
    """The plugins' processes that a process started."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] not in "ZX"
    except OSError:
        return False


def kill(seed):
    """6,000 events, a plugin that does something else each time at some of them, the consumer killed each time"""
    rng = random.Random(seed)
    # Last, when nobody is killed any more, what costs little: each hang takes three budgets.
    hows = [*rng.sample(list(HOWS), len(HOWS)), "segfault"]
    with Lab("roguekill", partitions=4, logs=False, plugins=[rogue(hows[0], isolation="process")], instance="one", batch_max=100) as lab:
        feeder = Feeder(lab, generator(seed, EVENTS, CONVERSATIONS, lab.partitions, failures=4))
        process, after = lab.start(ready=False), []
        feeder.start()
        for i, how in enumerate(hows[:-1]):
            before = lab.decided()
            wanted, until = min(before + rng.randint(1, STEP), EVENTS), time.monotonic() + 240
            while lab.decided() < wanted:
                expect(process.alive(), f"it ended by itself:\n{process.tail()}")
                expect(time.monotonic() < until, f"{how}: no progress in 240 s after kill {i}:\n{process.tail()}")
                time.sleep(0.005)
            children = plugins_of(process.child.pid)
            process.kill()
            after.append(lab.decided())
            until = time.monotonic() + 60
            while any(lives(child) for child in children):
                expect(time.monotonic() < until, f"plugins' processes {children} outlive the consumer")
                time.sleep(0.01)
            lab.plugins = [rogue(hows[i + 1], isolation="process")]
            lab.write_config()
            process.start()
        feeder.join(180)
        if feeder.mistake:
            raise TestFailure(f"events could not be produced: {feeder.mistake}")
        print(f"decided when it was killed: {after}", flush=True)
        lab.wait_caught_up(240)
        process.stop(60)
        world = lab.check()
        reasons = [d["failure"]["reason"] for records in world.decoded.values() for _, d in records if d["kind"] == "failed"]
        seen = {word: sum(word in reason for reason in reasons) for word in set(WORDS.values())}
        print(f"{len(reasons)} events went to people because of what the plugin did: {seen}", flush=True)
        # Of a round that was short there may be none.
        expect(sum(n > 0 for n in seen.values()) > len(seen) // 2, f"most of it was never done: {seen}, {set(reasons)}")


if __name__ == "__main__":
    sys.exit(run("rogue kill", kill))
