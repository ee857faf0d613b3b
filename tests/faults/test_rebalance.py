#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Consumers that join and leave while events flow: one joins, one leaves in peace, one is killed."""
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.stack import Lab, TestFailure, expect, generator, run  # noqa: E402

EVENTS, CONVERSATIONS, RATE = 16000, 1500, 800


class Feeder(threading.Thread):
    """Customers write all the while."""

    def __init__(self, lab, events):
        super().__init__(daemon=True)
        self.lab, self.events, self.mistake = lab, events, None

    def run(self):
        try:
            self.lab.feed(self.events, rate=RATE)
        except Exception as mistake:  # told by the main thread, which fails the test
            self.mistake = mistake


def wait_decides(lab, events, process, seconds=240):
    """Until so many more events are decided: work goes on."""
    wanted, until = lab.decided() + events, time.monotonic() + seconds
    while lab.decided() < wanted:
        expect(process.alive(), f"{process.name} ended with status {process.child.returncode}:\n{process.tail()}")
        expect(time.monotonic() < until, f"{events} events were not decided in {seconds} s:\n{process.tail()}")
        time.sleep(0.05)


def rebalance(seed):
    """a second consumer joins, the first leaves by SIGTERM, the second is killed and a third goes on"""
    with Lab("rebalance", partitions=6, logs=False, batch_max=100) as lab:
        first = lab.start("first")
        feeder = Feeder(lab, generator(seed, EVENTS, CONVERSATIONS, lab.partitions))
        feeder.start()
        wait_decides(lab, 1000, first)
        second = lab.start("second")
        wait_decides(lab, 2000, second)
        took = first.stop()
        print(f"the first left {took:.1f} s after SIGTERM, in the middle of the work", flush=True)
        wait_decides(lab, 1500, second)
        third = lab.start("third", ready=False)
        wait_decides(lab, 500, second)
        second.kill()
        wait_decides(lab, 1500, third)
        feeder.join(240)
        if feeder.mistake:
            raise TestFailure(f"events could not be produced: {feeder.mistake}")
        lab.wait_caught_up()
        third.stop()
        lab.check()


if __name__ == "__main__":
    sys.exit(run("rebalance", rebalance))
