#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Thirty thousand events through one consumer, half of them waiting when it starts; then the checker."""
import sys
import time
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab import metrics  # noqa: E402
from lab.stack import Lab, expect, generator, run  # noqa: E402

EVENTS, CONVERSATIONS, BATCH_MAX = 30000, 4000, 500


def plain(seed):
    """30,000 events of 4,000 conversations, decided as the model says, and counted in its metrics"""
    with Lab("plain", partitions=12, logs=False, batch_max=BATCH_MAX) as lab:
        events = iter(generator(seed, EVENTS, CONVERSATIONS, lab.partitions))
        lab.feed(islice(events, EVENTS // 2))
        began, began_at = time.monotonic(), time.time()
        consumer = lab.start()
        lab.feed(events)
        lab.wait_caught_up(90)
        health = consumer.get("/healthz")
        expect(health[0] == 200, f"/healthz answers {health}")
        told, seconds = metrics.settled(consumer, lab), time.monotonic() - began
        metrics.moves(consumer, began_at)
        lab.tool("lag")
        took = consumer.stop()
        print(f"stopped {took:.1f} s after SIGTERM", flush=True)
        expect(took < 10, f"it took {took:.1f} s to stop with nothing to do")
        world = lab.check()
        expect(sum(map(len, world.inputs.values())) == EVENTS, "events are missing in the input topic")
        metrics.all_told(told, world, seconds, BATCH_MAX)
        metrics.same("relevo_rebalances_total", told("relevo_rebalances_total"), 1)


if __name__ == "__main__":
    sys.exit(run("plain", plain))
