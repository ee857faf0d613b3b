#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGTERM in the middle of the work: it finishes what it has in hand and leaves; a second SIGTERM leaves at once, whatever holds it."""
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from lab.stack import Lab, TestFailure, expect, generator, run  # noqa: E402
from points import wait  # noqa: E402

EVENTS, CONVERSATIONS = 15000, 1000
HELD_MS = 3600 * 1000  # longer than any wait of this test


def begin(lab, seed, **environment):
    """A consumer that has just begun with a great heap of events."""
    lab.feed(generator(seed, EVENTS, CONVERSATIONS, lab.partitions))
    process = lab.start(**environment)
    until = time.monotonic() + 240
    while lab.decided() == 0:
        expect(time.monotonic() < until, f"nothing was decided in 240 s:\n{process.tail()}")
    return process


def finish(lab):
    """Another one does the rest; then everything must be right."""
    before = lab.decided()
    expect(before < EVENTS, "it had finished already: nothing was shown")
    process = lab.start("second")
    lab.wait_caught_up()
    process.stop()
    lab.check()
    return before


def once(seed):
    """one SIGTERM: status 0, nothing left unpublished"""
    with Lab("stop", partitions=4, logs=False, batch_max=50) as lab:
        process = begin(lab, seed)
        took = process.stop()
        # What was committed is published: the checker finds nothing but that the end was not reached.
        left = lab.findings()
        expect(set(left.counts) <= {"offsets", "exactly once"}, "after SIGTERM:\n" + left.report())
        print(f"left after {took:.1f} s, {finish(lab)} of {EVENTS} events decided", flush=True)


def twice(seed):
    """a second SIGTERM while the first one's drain is held: gone at once with status 75, and still nothing is wrong"""
    rng = random.Random(seed)
    with Lab("hurry", partitions=4, logs=False, batch_max=50) as lab:
        process = begin(lab, seed, RELEVO_POINT=f"told:sleep{HELD_MS}")
        process.child.send_signal(signal.SIGTERM)
        wait(lambda: "relevo: at point told\n" in process.log.read_text(), lambda: f"it does not drain:\n{process.tail()}", 240)
        time.sleep(rng.uniform(0, 0.05))  # the lanes are here or there with what they have in hand
        expect(process.alive(), f"the drain was not held:\n{process.tail()}")
        process.child.send_signal(signal.SIGTERM)
        began = time.monotonic()
        try:
            status = process.child.wait(60)
        except subprocess.TimeoutExpired:
            raise TestFailure(f"it is still there 60 s after the second SIGTERM:\n{process.tail()}") from None
        print(f"left after {time.monotonic() - began:.2f} s with status {status}", flush=True)
        expect(status == os.EX_TEMPFAIL, f"it ended with status {status}, not {os.EX_TEMPFAIL}:\n{process.tail()}")
        finish(lab)


if __name__ == "__main__":
    sys.exit(run("stop", once, twice))
