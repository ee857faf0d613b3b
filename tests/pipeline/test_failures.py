#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that fails hands over to people; a conversation that nobody goes on with is closed by the clock."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from checker.model import NOTICES  # noqa: E402
from lab.stack import Lab, expect, generator, run  # noqa: E402

IDLE_MS = 2000


def failing_plugin(seed):
    """a responder that fails at some events of a batch: only those go to people"""
    with Lab("failing", partitions=2) as lab:
        consumer = lab.start()
        lab.feed(generator(seed, 500, 150, lab.partitions, failures=10))
        lab.wait_caught_up()
        consumer.stop()
        world = lab.check()
        kinds = [d["kind"] for records in world.decoded.values() for _, d in records]
        expect(kinds.count("failed") >= 10, f"the plugin failed only {kinds.count('failed')} times: nothing was shown")


def idle(seed):
    """conversations that rest for 2 s are closed, and opened again by the next message"""
    policy = {"idle_close": f"{IDLE_MS}ms", "notices": {k: {"es": t, "pt": "", "en": ""} for k, t in NOTICES.items()}}
    with Lab("idle", partitions=2, policy=policy) as lab:
        consumer = lab.start()
        events = iter(generator(seed, 10**6, 40, lab.partitions))
        for _ in range(2):
            lab.feed(event for _, event in zip(range(150), events))
            lab.wait_caught_up()
            until = time.monotonic() + 120
            while lab.sql("SELECT count(*) FROM relevo.conversation WHERE owner = 1")[0][0]:
                expect(time.monotonic() < until, f"conversations of the bot stay open:\n{consumer.tail()}")
                time.sleep(0.1)
        lab.feed(event for _, event in zip(range(150), events))
        lab.wait_caught_up()
        consumer.stop()
        world = lab.check(idle_close_ms=IDLE_MS)
        kinds = [d["kind"] for records in world.decoded.values() for _, d in records]
        expect(kinds.count("closed") >= 20 and kinds.count("reopened") >= 10, "too few were closed and opened again: "
               f"{kinds.count('closed')}, {kinds.count('reopened')}")


if __name__ == "__main__":
    sys.exit(run("failures", failing_plugin, idle))
