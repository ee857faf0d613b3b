#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments: in the middle of batches, of commits, of taking the lanes. Nothing twice, nothing lost."""
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from lab.stack import Lab, TestFailure, expect, generator, run  # noqa: E402
from test_rebalance import Feeder  # noqa: E402

EVENTS, CONVERSATIONS, KILLS, STEP = 20000, 1500, 10, 700


def kill(seed):
    """20,000 events, the consumer killed 10 times"""
    rng = random.Random(seed)
    # Small batches: many transactions for a kill to fall into.
    with Lab("kill", partitions=6, logs=False, instance="one", batch_max=40) as lab:
        feeder = Feeder(lab, generator(seed, EVENTS, CONVERSATIONS, lab.partitions))
        process, after = lab.start(ready=False), []
        feeder.start()  # all the while, so that a kill finds work under way
        for i in range(KILLS):
            expect(process.alive(), f"it ended by itself with status {process.child.returncode}:\n{process.tail()}")
            before = lab.decided()
            if i % 4 == 3:  # while it takes its lanes
                time.sleep(rng.uniform(0.02, 0.8))
            else:  # in the middle of the work
                wanted, until = min(before + rng.randint(1, STEP), EVENTS), time.monotonic() + 240
                while lab.decided() < wanted:
                    expect(process.alive(), f"it ended by itself:\n{process.tail()}")
                    expect(time.monotonic() < until, f"no progress in 240 s after kill {i}:\n{process.tail()}")
                time.sleep(rng.uniform(0, 0.02))
            process.kill()
            after.append(lab.decided())
            process.start()
        feeder.join(120)
        if feeder.mistake:
            raise TestFailure(f"events could not be produced: {feeder.mistake}")
        print(f"decided when it was killed: {after}", flush=True)
        expect(len(set(after)) > KILLS // 2, "most kills hit an idle process: nothing was shown")
        lab.wait_caught_up(90)
        process.stop()
        lab.check()


if __name__ == "__main__":
    sys.exit(run("kill", kill))
