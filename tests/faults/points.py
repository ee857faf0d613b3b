# SPDX-License-Identifier: Apache-2.0
"""What tests of points share: which there are (core/base/point.h says it), how to arm them, and a load to meet them."""
import os
import re
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import psycopg2  # noqa: E402
from lab.stack import ROOT, TestFailure, expect, generator  # noqa: E402
from test_takeovers import Desktop, go_home, option  # noqa: E402,F401

AHEAD = 1500  # events that wait for the lanes, at most


def documented():
    """Point -> room, from the table in the header."""
    table = (ROOT / "core/base/point.h").read_text()
    rows = re.findall(r"^ \* ([a-z_]+) .*  (\w+)$", table, re.M)
    expect(len(rows) == len(dict(rows)), "core/base/point.h names a point twice")
    return dict(rows)


def placed():
    """Point -> room, from the code."""
    found = {}
    for path in sorted((ROOT / "core").glob("*/*.c")):
        for name in re.findall(r'RLV_POINT(?:_AFTER|_ABOUT)?\([^"\n]*"([a-z_]+)"\)', path.read_text()):
            expect(name not in found, f"point {name} stands at two places")
            found[name] = path.parent.name
    return found


def arm(process, *points):
    """For the next start of the process."""
    process.environment["RELEVO_POINT"] = ",".join(points)
    process.mark = process.log.stat().st_size


def passed(process, name):
    """Whether the process said, since it was armed, that it is at the point."""
    return f"relevo: at point {name}\n" in process.log.read_bytes()[process.mark:].decode(errors="replace")


def stopped(process):
    """Whether SIGSTOP holds it."""
    return Path(f"/proc/{process.child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def wait(condition, words, seconds=60):
    """Until condition(); words(): what to say when it does not come true."""
    until = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < until, f"after {seconds} s: {words()}")
        time.sleep(0.02)


class Load:
    """Customers who write all the while and, in a `with`, desktops that take over, answer, return, resolve."""

    def __init__(self, lab, seed, rate, conversations, desktops=2, pause=0.1):
        self.lab, self.rate, self.ending, self.mistake, self.fed = lab, rate, threading.Event(), None, 0
        self.events = generator(seed, 10**8, conversations, lab.partitions, handoffs=2)
        self.feeder = threading.Thread(target=self.feed, daemon=True)
        self.desktops = []
        for i in range(desktops):
            lab.sql("SELECT desk.put_agent(%s, %s, '{care}', '{}', '{}', 1000)", f"agent{i}", f"Agente {i}")
            lab.sql("SELECT desk.set_presence(%s, 'online')", f"agent{i}")
            self.desktops.append(Desktop(lab, f"agent{i}", seed, pause))

    def feed(self):
        """At the rate, but never far ahead of the lanes: a slow machine has no more to check than a fast one."""
        connection = psycopg2.connect(self.lab.postgres)
        connection.autocommit = True
        cursor = connection.cursor()

        def events():
            for n, event in enumerate(self.events):
                while n % 100 == 0 and not self.ending.is_set():
                    cursor.execute("SELECT coalesce(sum(seq), 0) FROM relevo.lane")
                    if n < cursor.fetchone()[0] + AHEAD:
                        break
                    time.sleep(0.1)
                if self.ending.is_set():
                    return
                yield event
        try:
            self.fed = self.lab.feed(events(), rate=self.rate)
        except Exception as mistake:  # told by the main thread, which fails the test
            self.mistake = mistake
        finally:
            connection.close()

    def __enter__(self):
        self.feeder.start()
        for desktop in self.desktops:
            desktop.start()
        return self

    def __exit__(self, kind, mistake, trace):
        self.ending.set()
        for desktop in self.desktops:
            desktop.stop()
        self.feeder.join(60)
        wrong = [m for m in [self.mistake] + [d.mistake for d in self.desktops] if m]
        if self.feeder.is_alive():
            wrong.append("events could not be produced in 60 s")
        if wrong:
            raise TestFailure(f"the load broke off: {wrong}; {mistake or ''}")
        if not kind:
            self.lab.flush()
            go_home(self.lab)
