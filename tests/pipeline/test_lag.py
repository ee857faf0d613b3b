#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`relevo lag --watch` beside a consumer at work: each look says how far it is and how fast, until it is interrupted; and what other tools see of it."""
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from lab.stack import BIN, PATIENCE_S, Lab, bare_environment, expect, generator, run  # noqa: E402

EVENTS = 4000


def wait_committed(lab):
    """The group's offsets in Kafka, which autoscalers and dashboards of lag read, come to the end too."""
    group = Consumer({"bootstrap.servers": lab.kafka, "group.id": lab.consume["group"]})
    until, wanted = time.monotonic() + PATIENCE_S, lab.ends()
    while (found := {p.partition: p.offset for p in group.committed([TopicPartition(lab.topic, p) for p in wanted], timeout=60)}) != wanted:
        expect(time.monotonic() < until, f"the group's offsets are {found}, the ends {wanted}")
        time.sleep(0.1)
    group.close()


def watched(seed):
    """what waits goes down, what was decided a second adds up to what there was"""
    with Lab("lag", partitions=2, logs=False) as lab:
        lab.feed(generator(seed, EVENTS, 200, lab.partitions))
        there = sum(lab.ends().values())
        watch = subprocess.Popen([BIN, "lag", "--watch", "--json", "--config", lab.config], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, env=bare_environment())
        try:
            first = json.loads(watch.stdout.readline())["partitions"]
            expect(sum(row["behind"] for row in first) == there, f"before anything is decided: {first}, of {there}")
            expect(all(row["decided_per_second"] is None for row in first), f"a pace at the first look: {first}")
            process = lab.start()
            lab.wait_caught_up()
            paces = []
            for line in watch.stdout:
                rows = json.loads(line)["partitions"]
                paces += [row["decided_per_second"] for row in rows if row["decided_per_second"]]
                if sum(row["behind"] for row in rows) == 0:
                    break
            expect(all(pace > 0 for pace in paces), f"it went backwards: {paces}")
            last = {row["partition"]: row["next"] for row in rows if row["topic"] == lab.topic}
            expect(last == lab.ends(), f"it says {last}, the ends are {lab.ends()}")
            wait_committed(lab)
            watch.send_signal(signal.SIGINT)
            watch.wait(PATIENCE_S)
        finally:
            watch.kill()
        expect(watch.returncode == -signal.SIGINT, f"interrupted, it ended with {watch.returncode}: {watch.stderr.read()}")
        process.stop()


if __name__ == "__main__":
    sys.exit(run("lag", watched))
