#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The connection to Postgres cut in mid-commit: the COMMIT arrives and nobody hears of it, it arrives later, it never
arrives; and at random bytes of the pipeline, both parts. The outcome is unknown each time, and must not matter."""
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from parts import LOST, Listener, Load, Parts, Trap, cut_commit, expect, finish  # noqa: E402
from lab.stack import run  # noqa: E402

TIMES = 12


def spring(lab, consumers, proxy, trap):
    """Sets a trap and waits until it closed and the lanes work again."""
    proxy.set_trap(trap)
    expect(trap.sprung.wait(60), "nothing was sent for a minute")
    lab.wait_works(consumers)


def cut(seed):
    """each end of a COMMIT, many times; random bytes; first one consumer, then two"""
    rng = random.Random(seed)
    with Parts("cut", proxied=("kafka", "postgres"), batch_max=100) as lab:
        consumers = [lab.start("first")]
        with Load(lab, seed):
            lab.wait_works(consumers)
            for number in range(2):
                for i in range(TIMES):
                    for what in ("unheard", "late", "lost"):
                        # Past a second the successor takes the held transaction for a zombie's and ends it.
                        cut_commit(lab, consumers, what, rng.choice((0.05, 0.3, 0.8, 2.5)))
                for part, times in ("postgres", TIMES * 2), ("kafka", TIMES):
                    listener, began = Listener(consumers), time.monotonic()
                    for i in range(times):
                        spring(lab, consumers, lab.proxies[part], Trap("bytes", count=rng.randint(1, 60000)))
                    print(f"  {part}: cut {times} times at random bytes in {time.monotonic() - began:.0f} s", flush=True)
                    if part == "postgres":
                        listener.expect_said(LOST, lanes=4 * times)
                if number == 0:
                    consumers.append(lab.start("second", ready=False))
                    lab.wait_works(consumers)
        finish(lab, consumers)


if __name__ == "__main__":
    sys.exit(run("parts_cut", cut))
