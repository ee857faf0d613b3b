#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Parts that are away when Relevo starts, and when it is told to stop: it waits and says so; it leaves in time."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from parts import KAFKA, LOST, Listener, Load, Parts, answers, expect, finish, not_ready  # noqa: E402
from lab.stack import generator, run  # noqa: E402

EVENTS, GRACE_S, AWAY_S = 2000, 30, 12  # Kubernetes gives 30 s by default


def starts(seed):
    """both away at the start: it waits, says for what, answers its probes, and then works"""
    with Parts("start") as lab:
        lab.feed(generator(seed, EVENTS, 200, lab.partitions))
        lab.broker.kill()
        lab.pg.kill()
        process = lab.start("first", ready=False)
        listener = Listener([process])
        until = time.monotonic() + AWAY_S
        while time.monotonic() < until:
            answers(process)
            expect("not yet a member" in not_ready(process), "/readyz does not say what is missing")
            time.sleep(1)
        listener.expect_said("Kafka does not answer")
        listener = Listener([process])
        lab.broker.start()
        until = time.monotonic() + 90
        while not any("cannot connect" in line[2] for line in listener.lines()):
            expect(time.monotonic() < until, f"nobody says that Postgres is away:\n{process.tail()}")
            answers(process)
            time.sleep(0.5)
        expect("lane" in not_ready(process), "/readyz does not name a lane")
        time.sleep(AWAY_S)
        answers(process)
        listener.expect_said("Postgres: cannot connect")
        lab.pg.start()
        process.wait_ready(90)
        finish(lab, [process])


def stops(seed):
    """SIGTERM while a part is away, in every way that it can be away: status 0 within the grace period"""
    with Parts("stops", proxied=("kafka", "postgres")) as lab:
        pg, broker = lab.pg, lab.broker
        ways = (("Postgres killed", pg.kill, pg.start, LOST), ("Postgres asleep", pg.pause, pg.resume, LOST),
                ("Kafka killed", broker.kill, broker.start, KAFKA), ("Kafka asleep", broker.pause, broker.resume, KAFKA),
                ("Kafka unreachable", lab.proxies["kafka"].hold, lab.proxies["kafka"].release, KAFKA))
        number = 0
        for waited in (0.5, 15):
            for name, away, back, _ in ways:
                process = lab.start(f"c{number}")
                number += 1
                with Load(lab, seed + number):
                    lab.wait_works([process])
                    away()
                    time.sleep(waited)
                    answers(process)
                    took = process.stop(GRACE_S)
                    print(f"  {name}, {waited} s before SIGTERM: left after {took:.1f} s", flush=True)
                    back()
        process = lab.start("last")
        finish(lab, [process])


if __name__ == "__main__":
    sys.exit(run("parts_start", starts, stops))
