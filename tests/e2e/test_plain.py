#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Thirty thousand events through one consumer, half of them waiting when it starts; then the checker."""
import sys
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.stack import Lab, expect, generator, run  # noqa: E402

EVENTS, CONVERSATIONS = 30000, 4000


def plain(seed):
    """30,000 events of 4,000 conversations, decided as the model says"""
    with Lab("plain", partitions=12, logs=False) as lab:
        events = iter(generator(seed, EVENTS, CONVERSATIONS, lab.partitions))
        lab.feed(islice(events, EVENTS // 2))
        consumer = lab.start()
        lab.feed(events)
        lab.wait_caught_up(90)
        health = consumer.get("/healthz"), consumer.get("/metrics")
        expect(health[0][0] == 200, f"/healthz answers {health[0]}")
        expect(health[1][0] == 200 and "relevo_" in health[1][1], "/metrics shows no metric of relevo")
        lab.tool("lag")
        took = consumer.stop()
        print(f"stopped {took:.1f} s after SIGTERM", flush=True)
        expect(took < 10, f"it took {took:.1f} s to stop with nothing to do")
        world = lab.check()
        expect(sum(map(len, world.inputs.values())) == EVENTS, "events are missing in the input topic")


if __name__ == "__main__":
    sys.exit(run("plain", plain))
