#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 between any two steps of the lane, under load: each point of core/base/point.h, and what it leaves behind.

    test_points.py [SEED] [--rounds N] [--labs N] [--only POINT]
"""
import random
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from confluent_kafka import Producer  # noqa: E402
from lab.stack import PATIENCE_S, ROOT, Lab, expect, run  # noqa: E402
from points import Load, arm, documented, option, passed, placed, wait  # noqa: E402

LANES, CONVERSATIONS, RATE = 4, 200, 250
ROUNDS, LABS, ONLY = option("--rounds", 2), option("--labs", 1), option("--only", "")

# How often a point may be passed before the kill: once a lane while it is assigned, often while it works.
ASSIGN = {"fence_taken": LANES, "producer_made": 2 * LANES, "producer_fenced": 2 * LANES, "progress_read": LANES,
          "kafka_taken": LANES, "bounds_checked": LANES, "feed_started": LANES}
MISSING = {"missing_produced": 1, "missing_published": 1}
REVOKE = {"told": 1, "drained": LANES, "left": LANES, "publisher_freed": LANES, "fetch_stopped": LANES, "let_go": LANES}
WORK = {"fetched": 200, "decoding": 200, "decoded": 30, "loaded": 30, "stepping": 200, "stepped": 30, "advanced": 30, "copying": 30, "half_sent": 30, "sent": 30, "ahead_stepped": 2, "committed": 30,
        "begun": 30, "half_produced": 30, "produced": 30, "published": 30}
SPECIAL = {"healing": 1, "conflicted": 1, "emboldened": LANES}
# What must go slowly for a point to be reached: a conflict wants time to write, and only who is behind steps ahead.
SLOWLY = {"conflicted": ["stepped:sleep1000"], "ahead_stepped": ["committed:sleep1000:/1"]}
ALL = {**ASSIGN, **MISSING, **REVOKE, **WORK, **SPECIAL}


def death(process, name, round_words):
    """It must die by its own SIGKILL, at the point."""
    wait(lambda: not process.alive(), lambda: f"point {name} was never reached ({round_words}):\n{process.tail()}", PATIENCE_S)
    expect(process.child.returncode == -signal.SIGKILL,
           f"{round_words}: ended with status {process.child.returncode}, not by SIGKILL:\n{process.tail()}")
    expect(passed(process, name), f"{round_words}: killed, but not at {name}:\n{process.tail()}")


def begin(process, *points):
    arm(process, *points)
    process.start()


def take_kafka_fence(lab, rng):
    """As a consumer does that was overtaken in Postgres: one of a lane's producers is fenced while it works."""
    producer = Producer({"bootstrap.servers": lab.kafka, "log_level": 0,
                         "transactional.id": f"{lab.mark}-lane-{rng.randrange(LANES)}-{rng.randrange(2)}"})
    producer.init_transactions(30)


def kill_at(lab, process, name, rng):
    """One round. Returns what it was, in words."""
    point = f"{name}:kill:{rng.randint(1, ALL[name])}"
    if name in MISSING:  # somebody must have left something before
        before = rng.choice(("begun", "half_produced", "produced"))
        begin(process, f"{before}:kill:{rng.randint(1, 20)}")
        death(process, before, f"before {point}")
    if name == "emboldened":  # somebody must have died who had all lanes
        begin(process, f"feed_started:kill:{LANES}")
        death(process, "feed_started", f"before {point}")
    begin(process, point, *SLOWLY.get(name, []))
    if name in REVOKE or name == "healing":
        # A lane that lost its servers, as on a busy machine, may come there by itself, and the process is dead already.
        wait(lambda: process.get("/readyz")[0] == 200 or not process.alive(), lambda: f"it is not ready:\n{process.tail()}", PATIENCE_S)
        time.sleep(rng.uniform(0, 0.05))
    if name in REVOKE:
        process.child.send_signal(signal.SIGTERM)
    elif name == "healing":
        take_kafka_fence(lab, rng)
    elif name == "conflicted":  # while a batch is stepped, a desktop writes to every conversation
        # Or one of the load's came first, and it is dead already.
        wait(lambda: passed(process, "stepped") or not process.alive(), lambda: f"nothing is stepped:\n{process.tail()}", PATIENCE_S)
        for row in lab.sql("SELECT conversation_id::text FROM desk.conversations"):
            lab.sql("SELECT desk.note(%s, 'agent0', 'a note')", row[0])
    death(process, name, point)
    return point


def points(seed):
    """a kill at every point, in random order, and the checker at the end"""
    names = [name for name in ALL if ONLY in ("", name)] * ROUNDS
    for number in range(LABS):
        rng = random.Random(f"{seed}.{number}")
        rng.shuffle(names)
        with Lab("points", partitions=LANES, instance="one", batch_max=40, command_poll="100ms") as lab:
            process = lab.start(ready=False)
            with Load(lab, seed + number, RATE, CONVERSATIONS) as load:
                wait(lambda: lab.sql("SELECT count(*) FROM desk.conversations")[0][0] > 20,
                     lambda: f"nothing is decided:\n{process.tail()}")
                process.kill()
                began, done = time.monotonic(), [kill_at(lab, process, name, rng) for name in names]
                took = time.monotonic() - began
            print(f"{len(done)} kills in {took:.0f} s: {' '.join(done)}", flush=True)
            print(f"{load.fed} events; desktops: {[dict(d.done) for d in load.desktops]}", flush=True)
            begin(process)
            lab.wait_caught_up()
            process.stop()
            lab.check()


def tables(seed):
    """the table of points in core/base/point.h, the one in tests/README.md, this test, and the code name the same"""
    written = documented()
    expect(written == placed(), f"point.h and the code differ: {set(written.items()) ^ set(placed().items())}")
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "tests/README.md").read_text(), re.M))
    expect(explained == set(written), f"tests/README.md and point.h differ: {explained ^ set(written)}")
    mine = {name for name, room in written.items() if room in ("lane", "store", "broker")}
    expect(set(ALL) == mine, f"this test and point.h differ: {set(ALL) ^ mine}")


if __name__ == "__main__":
    sys.exit(run("points", tables, points))
