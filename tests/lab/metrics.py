# SPDX-License-Identifier: Apache-2.0
"""What a process tells Prometheus, and what it should tell of what the checker found.

It must never ask the process for what it compares with.
"""
import re
import time
from collections import Counter

from checker.rules import EVENTS
from lab.stack import PATIENCE_S, expect

SAMPLE = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$", re.M)
STAGES = ("fetch", "load", "step", "commit", "publish")


class Metrics:
    """The samples of one look."""

    def __init__(self, process):
        status, self.text = process.get("/metrics")
        expect(status == 200, f"/metrics of {process.name} answers {status}:\n{process.tail()}")
        self.samples = {}
        for name, labels, value in SAMPLE.findall(self.text):
            labels = frozenset(re.findall(r'(\w+)="([^"]*)"', labels))
            expect((name, labels) not in self.samples, f"/metrics shows {name} {dict(labels)} twice")
            self.samples[name, labels] = float(value)

    def __call__(self, name, **labels):
        """The one sample of this name and these labels; 0 if there is none yet."""
        return self.samples.get((name, frozenset(labels.items())), 0)

    def by(self, label, name):
        """Value of the label -> value, of what is not 0."""
        return {dict(labels)[label]: value for (of, labels), value in self.samples.items() if of == name and value}

    def of(self, name):
        """All values of a name; there must be some."""
        found = [value for (of, _), value in self.samples.items() if of == name]
        expect(found, f"/metrics shows no {name}")
        return found


WAITING = ("relevo_lag_messages", "relevo_lag_seconds", "relevo_oldest_command_seconds", "relevo_schema_wait_seconds")


def settled(process, lab):
    """A look at the one process that decided everything, once it has published it and seen that nothing waits."""
    until = time.monotonic() + PATIENCE_S
    while True:
        decided, look = lab.decided(), Metrics(process)
        if (look("relevo_published_events_total") == decided and sum(look.of("relevo_events_total")) == decided
                and not any(value for name in WAITING for value in look.of(name))):
            return look
        expect(time.monotonic() < until, f"{decided} events are decided, and after {PATIENCE_S} s {process.name} shows:\n"
               + "\n".join(line for line in look.text.splitlines() if line.startswith(("relevo_events", "relevo_published", *WAITING))))
        time.sleep(0.1)


def same(what, have, want):
    expect(have == want, f"/metrics: {what}: {have}, but it is {want}")


def moves(process, began):
    """The poll loop says when it moved last: since `began` (seconds, wall clock), and again and again."""
    first, until = Metrics(process)("relevo_last_poll_timestamp_seconds"), time.monotonic() + PATIENCE_S
    expect(began <= first <= time.time(), f"relevo_last_poll_timestamp_seconds is {first}, not from {began} to now")
    while Metrics(process)("relevo_last_poll_timestamp_seconds") <= first:
        expect(time.monotonic() < until, f"relevo_last_poll_timestamp_seconds stays {first}")
        time.sleep(0.05)


def all_told(look, world, seconds, batch_max):
    """One process decided all that there is in `seconds`: its counters say what topics and tables say."""
    rows = [row for history in world.history.values() for row in history]
    decisions = [d for records in world.decoded.values() for _, d in records]
    same("relevo_events_total", look.by("kind", "relevo_events_total"), Counter(EVENTS[row["kind"]] for row in rows))
    same("relevo_decisions_total", look.by("kind", "relevo_decisions_total"), Counter(d["kind"] for d in decisions))
    handed = Counter(d["change"].get("trigger") or d["change"]["cause"] for d in decisions if d["kind"] == "handed_off")
    expect(handed, "nothing was handed to people: nothing is shown of relevo_handoffs_total")
    same("relevo_handoffs_total", look.by("trigger", "relevo_handoffs_total"), handed)
    timed(look, len(rows), len(world.lanes), seconds, batch_max)


def timed(look, decided, lanes, seconds, batch_max):
    """Batches and the times of their stages are those of `decided` events in `seconds`."""
    batches = look("relevo_batch_events_count")
    same("relevo_batch_events_sum", look("relevo_batch_events_sum"), decided)
    same("relevo_batch_events_bucket", look("relevo_batch_events_bucket", le="+Inf"), batches)
    same(f"batches of up to {batch_max} events", look("relevo_batch_events_bucket", le=str(batch_max)), batches)
    expect(decided / batch_max <= batches <= decided, f"/metrics: {decided} events in {batches} batches of up to {batch_max}")
    tried = {stage: look("relevo_stage_seconds_count", stage=stage) for stage in STAGES}
    again = batches + look("relevo_conflicts_total")
    same("fetched batches", tried["fetch"], batches)
    for stage in ("load", "step", "commit"):  # once a batch, and again after a conflict
        same(f"relevo_stage_seconds of {stage}", tried[stage], again)
    expect(1 <= tried["publish"] <= batches, f"/metrics: {tried['publish']} transactions of {batches} batches")
    spent = {stage: look("relevo_stage_seconds_sum", stage=stage) for stage in STAGES}
    for stage, took in spent.items():
        same(f"relevo_stage_seconds_bucket of {stage}", look("relevo_stage_seconds_bucket", stage=stage, le="+Inf"), tried[stage])
        expect(0 < took < lanes * seconds, f"/metrics: {lanes} lanes were {took} s in {stage}, in {seconds:.1f} s")
    # A lane loads, steps and commits one after the other.
    expect(spent["load"] + spent["step"] + spent["commit"] < lanes * seconds, f"/metrics: {spent} in {seconds:.1f} s of {lanes} lanes")
