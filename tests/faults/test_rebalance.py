#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Consumers that join and leave while events flow: one joins, one leaves in peace, one is killed."""
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.metrics import Metrics  # noqa: E402
from lab.stack import Lab, TestFailure, expect, generator, run  # noqa: E402

EVENTS, CONVERSATIONS, RATE = 16000, 1500, 800
LANES, BATCH_MAX = 6, 100


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


def expect_counted(process, least):
    """It counts each assignment, which its log tells; at least so many, for a group may lose sight of a slow member."""
    until = time.monotonic() + 60
    while True:
        counted = Metrics(process)("relevo_rebalances_total")
        told = process.log.read_text().count("the group gave ")
        if counted == told >= least:
            return
        expect(time.monotonic() < until, f"{process.name}: relevo_rebalances_total is {counted}, its log tells of {told}, "
               f"and there were {least} or more")
        time.sleep(0.05)


def expect_rest(lab, process, before, after):
    """What was decided when `after` were, it alone decided, and it came when `before` were; now nothing waits."""
    until = time.monotonic() + 60
    # Of a process that is killed each lane may have one more batch under way.
    most, least = lab.decided() - before, lab.decided() - after - LANES * BATCH_MAX
    while True:
        look = Metrics(process)
        decided, published = sum(look.of("relevo_events_total")), look("relevo_published_events_total")
        assigned, lags = look("relevo_lanes_assigned"), look.of("relevo_lag_messages") + look.of("relevo_lag_seconds")
        if least <= decided <= most and decided == look("relevo_batch_events_sum") and assigned == LANES and not any(lags):
            break
        expect(time.monotonic() < until, f"{process.name} decided {least} to {most} events and has all {LANES} lanes; its metrics: "
               f"{decided} decided, {published} published, {assigned} lanes, lags {lags}")
        time.sleep(0.05)
    expect_counted(process, 1)


def rebalance(seed):
    """a second consumer joins, the first leaves by SIGTERM, the second is killed and a third goes on"""
    with Lab("rebalance", partitions=LANES, logs=False, batch_max=BATCH_MAX) as lab:
        first = lab.start("first")
        feeder = Feeder(lab, generator(seed, EVENTS, CONVERSATIONS, lab.partitions))
        feeder.start()
        wait_decides(lab, 1000, first)
        expect_counted(first, 1)
        second = lab.start("second")
        wait_decides(lab, 2000, second)
        expect_counted(first, 2)
        expect_counted(second, 1)
        took = first.stop()
        print(f"the first left {took:.1f} s after SIGTERM, in the middle of the work", flush=True)
        wait_decides(lab, 1500, second)
        expect_counted(second, 2)
        before = lab.decided()
        third = lab.start("third", ready=False)
        wait_decides(lab, 500, second)
        second.kill()
        after = lab.decided()
        wait_decides(lab, 1500, third)
        feeder.join(240)
        if feeder.mistake:
            raise TestFailure(f"events could not be produced: {feeder.mistake}")
        lab.wait_caught_up()
        expect_rest(lab, third, before, after)
        third.stop()
        lab.check()


if __name__ == "__main__":
    sys.exit(run("rebalance", rebalance))
