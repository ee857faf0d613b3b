#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two who believe that a lane is theirs: a displaced static member, the two fences won by different consumers, a
transaction that the coordinator aborted. The lane heals by itself.

    test_zombie_fences.py [SEED] [--rounds N]
"""
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from lab.stack import Lab, TestFailure, expect, run  # noqa: E402
from points import Load, option, passed, wait  # noqa: E402
from test_zombie_stages import all_lanes_move, finish, sleeps, start, wake  # noqa: E402

CONVERSATIONS, RATE = 200, 300
ROUNDS = option("--rounds", 1)
HEALED = "publishing again: "


def displaced(seed):
    """the same group.instance.id started twice: the first one learns it late, both work until then"""
    for number in range(ROUNDS):
        with Lab("static", partitions=4, instance="one", batch_max=40, command_poll="200ms") as lab:
            first = lab.start("first")
            with Load(lab, seed + number, RATE, CONVERSATIONS):
                all_lanes_move(lab)
                second = lab.start("second")
                try:
                    status = first.child.wait(60)
                except subprocess.TimeoutExpired:
                    raise TestFailure(f"the displaced member did not leave:\n{first.tail()}") from None
                expect(status > 0 and "the group refuses this member" in first.tail(),
                       f"the displaced member ended with status {status}:\n{first.tail()}")
                began = time.monotonic()
                all_lanes_move(lab)
                print(f"all lanes moved {time.monotonic() - began:.1f} s after the first one left", flush=True)
            finish(lab, [second])


def two_fences(seed):
    """one consumer has Postgres's fence, another takes Kafka's: init_transactions that comes a session too late"""
    for number in range(ROUNDS):
        with Lab("fences", partitions=3, batch_max=40, command_poll="200ms") as lab:
            late = [(start(lab, name, f"{name}:stop"), name) for name in ("fence_taken", "producer_made")]
            for zombie, name in late:
                sleeps(zombie, name)
            sound = start(lab, "sound")
            with Load(lab, seed + number, RATE, CONVERSATIONS):
                sound.wait_ready(90)
                all_lanes_move(lab)  # all three are its own now
                wake(lab, late)  # they fence its producers, and then learn from Postgres that they are nobody
                wait(lambda: HEALED in sound.log.read_text(), lambda: f"nobody was fenced in Kafka:\n{sound.tail()}")
            finish(lab, [sound, *(z for z, _ in late)])


def is_open(lab):
    """Whether a transaction on the decisions of lane 0 is: read_committed ends before read_uncommitted does."""
    ends = []
    for isolation in ("read_committed", "read_uncommitted"):
        consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": "lab", "isolation.level": isolation})
        ends.append(consumer.get_watermark_offsets(TopicPartition(lab.prefix + "relevo.decisions.v1", 0), timeout=30)[1])
        consumer.close()
    return ends[0] < ends[1]


def aborted(seed):
    """a transaction is aborted by the coordinator at its time-out, while the lane is owned: the lane publishes again"""
    rng = random.Random(seed)
    for number in range(ROUNDS):
        with Lab("aborted", partitions=1, batch_max=40, postgres_timeout="2s", transaction_timeout="2s",
                 command_poll="200ms") as lab:
            go = lab.folder / "go"
            process = start(lab, "slow", f"produced:sleep90000:{rng.randint(3, 20)}", RELEVO_POINT_GO=str(go))
            with Load(lab, seed + number, RATE, CONVERSATIONS):
                wait(lambda: passed(process, "produced"), lambda: f"nothing is produced:\n{process.tail()}")
                # Its records are sent while the publishing thread sleeps.
                wait(lambda: is_open(lab), lambda: "no transaction is open")
                wait(lambda: not is_open(lab), lambda: "the coordinator aborts nothing")
                go.touch()
                wait(lambda: HEALED in process.log.read_text(), lambda: f"it did not heal:\n{process.tail()}")
                began = time.monotonic()
                all_lanes_move(lab)
                print(f"all was decided {time.monotonic() - began:.1f} s after it was told", flush=True)
            finish(lab, [process])


if __name__ == "__main__":
    sys.exit(run("zombie fences", displaced, two_fences, aborted))
