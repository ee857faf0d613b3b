#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Parts that go away, in short: both servers killed, connections cut in mid-commit, both too slow. test_parts_*.py are
the long forms."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from parts import KAFKA, LOST, Load, Parts, cut_commit, fault, finish  # noqa: E402
from lab.stack import run  # noqa: E402


def parts(seed):
    """each part killed with -9, cut in mid-commit, and too slow, while customers write and desktops act"""
    with Parts("parts", proxied=("kafka", "postgres")) as lab:
        consumers = [lab.start("first")]
        postgres, kafka = lab.proxies["postgres"], lab.proxies["kafka"]
        with Load(lab, seed):
            lab.wait_works(consumers)
            fault(lab, consumers, "Postgres killed", lab.pg.kill, lab.pg.start, LOST)
            for what in ("unheard", "late", "lost"):
                cut_commit(lab, consumers, what)
            fault(lab, consumers, "Postgres answers nobody", postgres.hold, postgres.release, LOST, hold_s=5)
            kafka.delay = 0.2
            lab.wait_works(consumers)
            kafka.delay = 0
            fault(lab, consumers, "Kafka killed", lab.broker.kill, lab.broker.start, KAFKA)
            time.sleep(1)
        finish(lab, consumers)


if __name__ == "__main__":
    sys.exit(run("parts", parts))
