#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kafka killed, stopped in order, and stopped in its tracks, several times, with one consumer and with two."""
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from parts import KAFKA, Load, Parts, fault, finish  # noqa: E402
from lab.stack import run  # noqa: E402

STOPPED_S = 75  # past consume.session, the transaction's time-out and librdkafka's socket.timeout.ms of 60 s


def kafka(seed):
    """kill -9 three times, a clean stop, SIGSTOP past every time-out; first one consumer, then two"""
    rng = random.Random(seed)
    with Parts("kafka") as lab:
        consumers, broker = [lab.start("first")], lab.broker
        with Load(lab, seed):
            lab.wait_works(consumers)
            for i in range(3):
                # Short: the lanes heal without a rebalance. Long: the session ends, and the group begins anew.
                fault(lab, consumers, f"Kafka killed ({i})", broker.kill, broker.start, KAFKA,
                      hold_s=(0, 12, rng.uniform(0, 10))[i])
            consumers.append(lab.start("second", ready=False))
            lab.wait_works(consumers)
            fault(lab, consumers, "Kafka killed (two consumers)", broker.kill, broker.start, KAFKA)
            fault(lab, consumers, "Kafka stopped in order", broker.stop, broker.start, KAFKA, hold_s=5)
            fault(lab, consumers, "Kafka asleep", broker.pause, broker.resume, KAFKA, hold_s=STOPPED_S)
            fault(lab, consumers, "Kafka asleep, shorter", broker.pause, broker.resume, KAFKA,
                  hold_s=rng.uniform(0, 20))
        finish(lab, consumers)


if __name__ == "__main__":
    sys.exit(run("parts_kafka", kafka))
