#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Parts that are there and too slow: latency, little bandwidth, stalls, and answers later than every time-out."""
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from parts import KAFKA, LOST, PAUSE, Load, Parts, fault, finish, sluggish  # noqa: E402
from lab.stack import run  # noqa: E402


def slow(seed):
    """a slow Kafka, a slow Postgres, and both, first with one consumer, then with two"""
    rng = random.Random(seed)
    with Parts("slow", proxied=("kafka", "postgres")) as lab:
        consumers, kafka, postgres = [lab.start("first")], lab.proxies["kafka"], lab.proxies["postgres"]
        with Load(lab, seed) as load:
            lab.wait_works(consumers)
            for number in range(2):
                sluggish(lab, consumers, "Kafka 200 ms away", [kafka], delay=0.2)
                sluggish(lab, consumers, "Kafka at 200 kB/s", [kafka], rate=200_000)
                # Desktops do not come through the proxy: at their usual pace they would change each batch in the making.
                load.pause = 2.0
                sluggish(lab, consumers, "Postgres 50 ms away", [postgres], delay=0.05)
                sluggish(lab, consumers, "both 50 ms away", [kafka, postgres], delay=0.05)
                load.pause = PAUSE
                fault(lab, consumers, "Kafka stalls", kafka.hold, kafka.release, KAFKA, hold_s=20)
                fault(lab, consumers, "Kafka stalls for a moment", kafka.hold, kafka.release, None,
                      hold_s=rng.uniform(1, 8), ready=False)
                fault(lab, consumers, "Postgres stalls", postgres.hold, postgres.release, LOST, hold_s=20)
                postgres.delay = 2.6  # there and back: longer than every time-out
                fault(lab, consumers, "Postgres answers too late", lambda: None, lambda: setattr(postgres, "delay", 0),
                      LOST, hold_s=20)
                if number == 0:
                    consumers.append(lab.start("second", ready=False))
                    lab.wait_works(consumers)
        finish(lab, consumers)


if __name__ == "__main__":
    sys.exit(run("parts_slow", slow))
