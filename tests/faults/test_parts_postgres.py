#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Postgres killed, stopped, out of connections, read-only; its sessions ended at random; one consumer and two."""
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import psycopg2  # noqa: E402
from parts import LOST, Listener, Load, Parts, expect, fault, finish  # noqa: E402
from lab.stack import run  # noqa: E402

LANES = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'relevo lane %'"
MAX_CONNECTIONS = 40


def end_sessions(lab, consumers, rng, times):
    """pg_terminate_backend of one random lane at a time, under load."""
    listener, ended = Listener(consumers), 0
    for _ in range(times):
        pids = [row[0] for row in lab.pg.sql(LANES)]
        if pids:
            ended += lab.pg.sql("SELECT pg_terminate_backend(%s)::int", rng.choice(pids))[0][0]
        time.sleep(rng.uniform(0.05, 0.6))
    expect(ended > times // 2, f"only {ended} sessions of lanes were found to end")
    lab.wait_works(consumers)
    listener.expect_said(LOST, lanes=3 * times)
    print(f"  {ended} sessions ended", flush=True)


class Hogs:
    """Every connection that Postgres has to give."""

    def __init__(self, lab):
        self.lab, self.held = lab, []

    def take(self):
        try:
            self.held.append(psycopg2.connect(self.lab.pg.url(), connect_timeout=5))
            self.held[-1].autocommit = True
            return True
        except psycopg2.OperationalError:
            return False

    def begin(self):
        while self.take():
            pass
        cursor, until = self.held[0].cursor(), time.monotonic() + 60
        while True:  # until no lane is left: what is ended is taken at once, before a lane comes back
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM ({LANES}) AS l")
            if cursor.rowcount == 0:
                break
            while not self.take() and time.monotonic() < until:
                time.sleep(0.002)
            expect(time.monotonic() < until, "the lanes always had a connection")
        while self.take():
            pass

    def end(self):
        for connection in self.held:
            connection.close()
        self.held = []


def read_only(lab, on):
    lab.pg.sql(f"ALTER SYSTEM SET default_transaction_read_only = {on}")
    lab.pg.sql("SELECT pg_reload_conf()")


def faults(lab, consumers, rng):
    pg = lab.pg
    fault(lab, consumers, "Postgres killed", pg.kill, pg.start, LOST, hold_s=rng.uniform(0, 5))
    fault(lab, consumers, "Postgres crashed", pg.crash, pg.start, LOST, hold_s=rng.uniform(0, 5))
    fault(lab, consumers, "Postgres stopped in order", pg.stop, pg.start, LOST, hold_s=1)
    fault(lab, consumers, "Postgres asleep", pg.pause, pg.resume, LOST, hold_s=10)
    end_sessions(lab, consumers, rng, 30)
    hogs = Hogs(lab)
    fault(lab, consumers, "no connection left", hogs.begin, hogs.end, "too many clients|remaining connection slots",
          hold_s=8)
    fault(lab, consumers, "read-only", lambda: read_only(lab, "on"), lambda: read_only(lab, "off"),
          "read-only transaction", hold_s=8)


def postgres(seed):
    """everything that Postgres may do to a lane, first with one consumer, then with two"""
    rng = random.Random(seed)
    with Parts("postgres", settings={"max_connections": MAX_CONNECTIONS}) as lab:
        consumers = [lab.start("first")]
        with Load(lab, seed):
            lab.wait_works(consumers)
            faults(lab, consumers, rng)
            consumers.append(lab.start("second", ready=False))
            lab.wait_works(consumers)
            faults(lab, consumers, rng)
        finish(lab, consumers)


if __name__ == "__main__":
    sys.exit(run("parts_postgres", postgres))
