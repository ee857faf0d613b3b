#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A consumer whose plugin does what no plugin may: the event that it does it at goes to a person, and that is all.

The rogue answers as the scripted plugin does, so the checker's model knows every decision: an event that was lost, decided
twice or blamed for another one's fault would be found.
"""
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.stack import BUILD, Lab, expect, generator, run  # noqa: E402
from test_inline import Customers, wait  # noqa: E402

ROGUES = BUILD / "tests" / "isolation"
# What it does, and the word that the metric has for it. The others are in tests/unit/host/test_process.c.
HOWS = {"segfault": "crash", "abort": "crash", "exit": "crash", "fork": "crash", "kill_all": "crash", "loop": "hang",
        "scribble": "garbage", "forged_view": "garbage", "forged_huge": "garbage", "thread": "error", "flood": "error"}
# All that ends its process, in one way or another.
ENDS = ("segfault", "abort", "exit", "longjmp", "gobble", "overflow", "fork", "socket", "exec", "ptrace", "peek", "kill", "kill_all", "scribble",
        "outside", "used", "loop", "sleep")
EVENTS = 150
QUIET, DYING = 16, 24  # rounds
SLOT_KIB = 6  # less than the two pages that are touched of a slot at least, request and response, whatever is asked


def rogue(how, **more):
    """Its entry is called scripted: the model knows that name."""
    budgets = {"event_budget": "700ms", "batch_budget": "2s"} if how == "loop" else {"event_budget": "60s"}
    return {"name": "scripted", "path": str(ROGUES / "rogue.so"), "options": {"how": how}, "offences": 1000,
            **budgets, **more}


def metric(process, name, **labels):
    """The sum of a metric's series that have these labels."""
    text, total = process.get("/metrics")[1], 0.0
    for line in text.splitlines():
        found = re.match(rf"{name}(?:\{{(.*)\}})? (\S+)$", line)
        if found and all(f'{key}="{value}"' in (found[1] or "") for key, value in labels.items()):
            total += float(found[2])
    return total


def failed(world):
    return sum(d["kind"] == "failed" for records in world.decoded.values() for _, d in records)


def check_letters(world):
    """Each event that the plugin did not survive is a dead letter, too: it names plugin and reason, and is the event."""
    reasons = [dict(letter.headers)["__connect.errors.exception.message"].decode()
               for letters in world.dead.values() for letter in letters]
    deaths = [d["failure"]["reason"] for records in world.decoded.values() for _, d in records
              if d["kind"] == "failed" and "returned" not in d["failure"]["reason"]]
    expect(len(reasons) == len(deaths) > 0, f"{len(reasons)} dead letters of {len(deaths)} deaths")
    for reason in deaths:
        expect(any(f"plugin scripted did not survive it in respond: {reason}" == told for told in reasons),
               f"no dead letter says {reason!r}: {reasons[:3]}")


def each(seed):
    """everything a rogue may do, one after the other: each costs the events that it is done at, and nothing else"""
    with Lab("rogues", partitions=2) as lab:
        # Many conversations: one that a person has is not asked about.
        source = iter(generator(seed, len(HOWS) * EVENTS, 4000, lab.partitions, failures=25))
        died = 0
        for how, reason in HOWS.items():
            lab.plugins = [rogue(how)]
            lab.write_config()
            process = lab.start(how)
            # A hang costs its budget, three times.
            lab.feed(event for _, event in zip(range(EVENTS if reason != "hang" else EVENTS // 5), source))
            lab.wait_caught_up(240)
            count = metric(process, "relevo_plugin_failures_total", plugin="scripted", reason=reason)
            restarts = metric(process, "relevo_plugin_restarts_total", plugin="scripted")
            print(f"{how}: {count:.0f} events with reason {reason}, {restarts:.0f} restarts", flush=True)
            expect(count >= 1, f"{how}: no event met it: nothing was shown")
            died += count
            process.stop(60)
        world = lab.check()
        # A lane that had to begin a batch again counts twice.
        expect(len(HOWS) <= failed(world) <= died,
               f"{failed(world)} events were decided as failed, the metrics counted {died:.0f}")
        check_letters(world)


def quarantine(seed):
    """too many deaths: the plugin is not asked any more, people get its events, until an operator releases it"""
    with Lab("quarantine", partitions=2, plugins=[rogue("segfault", offences=3)]) as lab:
        process = lab.start()
        lab.feed(generator(seed, 300, 100, lab.partitions, failures=15))
        lab.wait_caught_up(120)
        expect(metric(process, "relevo_plugin_quarantined", plugin="scripted") == 1, "it is not quarantined:\n"
               + process.tail())
        expect("it is quarantined" in process.log.read_text(), "the log does not say so")
        before = metric(process, "relevo_plugin_restarts_total", plugin="scripted")
        said = lab.tool("plugin", "release", "scripted", "--ops", f"127.0.0.1:{process.port}")
        expect(said == "plugin 'scripted' is released and will be asked again\n", said)
        expect(metric(process, "relevo_plugin_quarantined", plugin="scripted") == 0, "it is still quarantined")
        said = lab.tool("plugin", "release", "scripted", "--ops", f"127.0.0.1:{process.port}")
        expect(said == "plugin 'scripted' is in no quarantine\n", said)
        lab.feed(generator(seed + 1, 100, 100, lab.partitions))
        lab.wait_caught_up(120)
        # How many deaths finding three events took depends on how they fell into batches; that one start came after the release
        # does not.
        expect(metric(process, "relevo_plugin_restarts_total", plugin="scripted") > before >= 2, "it was not started again")
        process.stop(60)
        world = lab.check(model=False)
        last = [d["kind"] for records in world.decoded.values() for _, d in records if d["kind"] == "replied"]
        expect(len(last) >= 50, "a released plugin answers nothing")
        reasons = [d["failure"]["reason"] for records in world.decoded.values() for _, d in records
                   if d["kind"] == "failed"]
        expect(sum("signal 11" in reason for reason in reasons) >= 3, f"the deaths are not told: {reasons[:5]}")
        expect(any("is quarantined" in reason for reason in reasons), f"the quarantine is not told: {reasons[:5]}")


def does_not_start(seed):
    """its file has changed when it is to start again: quarantine; released in vain, and for good when the file is what it was"""
    with Lab("nostart", partitions=2) as lab:
        file, whole = lab.folder / "rogue.so", (ROGUES / "rogue.so").read_bytes()

        def put(content):
            """In its place, never into it: it is mapped."""
            fresh = lab.folder / "fresh"
            fresh.write_bytes(content)
            fresh.replace(file)

        def wait_quarantined(times):
            told = "plugin release scripted`"
            wait(lambda: process.log.read_text().count(told) == times and metric(process, "relevo_plugin_quarantined", plugin="scripted") == 1,
                 lambda: f"it is not quarantined for the {times}. time:\n{process.tail()}")

        def release():
            said = lab.tool("plugin", "release", "scripted", "--ops", f"127.0.0.1:{process.port}")
            expect(said == "plugin 'scripted' is released and will be asked again\n", said)

        put(whole)
        lab.plugins = [rogue("segfault", path=str(file))]
        lab.write_config()
        process, customers = lab.start(), Customers(seed, lab.partitions)
        put(whole + b"another one")
        lab.feed([customers.say(0, "fail")])
        wait_quarantined(1)
        release()
        wait_quarantined(2)
        lab.feed(customers.say(i % 2, "say nothing") for i in range(50))
        lab.wait_caught_up()
        put(whole)
        release()
        lab.feed(customers.say(i % 2, "say hola") for i in range(50))
        lab.wait_caught_up()
        expect(metric(process, "relevo_plugin_quarantined", plugin="scripted") == 0, f"it is still quarantined:\n{process.tail()}")
        process.stop(60)
        world = lab.check(model=False)
        decisions = [d for records in world.decoded.values() for _, d in records]
        down = [d["failure"]["reason"] for d in decisions if d["kind"] == "failed"]  # of each operation that it has
        told = "is quarantined: its process failed to start 5 times, the last time because "
        expect(all("has changed since it was checked" in reason for reason in down) and sum(reason.startswith(told) for reason in down) >= 50,
               f"what people are told: {set(down)}")
        kinds = [d["kind"] for d in decisions]
        # Who is handed to people is told so, by a reply as well.
        expect(kinds.count("handed_off") == 51 and kinds.count("replied") == 51 + 50,
               f"a released plugin answers nothing, or too much went to people: { {kind: kinds.count(kind) for kind in set(kinds)} }")


def starts_take():
    """How long this machine, as busy as it is now, needs to start the program of a plugin's process, in seconds: the median of some."""
    took = []
    for _ in range(9):
        began = time.monotonic()
        subprocess.run([BUILD / "relevo-plugin-host"], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took.append(time.monotonic() - began)
    return sorted(took)[len(took) // 2]


def recoveries(process):
    """Upper bounds of buckets, in seconds -> recoveries of at most that."""
    text = process.get("/metrics")[1]
    found = re.findall(r'^relevo_plugin_recovery_seconds_bucket\{plugin="scripted",le="([^"]+)"\} (\S+)$', text, re.M)
    return {float(bound): float(count) for bound, count in found}


def recovers(seed):
    """after everything that ends its process: from when that is seen until the next one is ready, 100 ms"""
    with Lab("recovers", partitions=1, plugins=[rogue("said", event_budget="700ms", batch_budget="2s", memory="64MiB")]) as lab:
        process, customers = lab.start(), Customers(seed, 1)
        for how in ENDS:
            before, start = recoveries(process), starts_take()
            for i in range(3):  # each one alone, with good ones between: what the rest after three deaths in a row adds is no recovery
                lab.feed([customers.say(0, f"fail {how}"), customers.say(0, "hola")])
                lab.wait_caught_up(120)
            start = max(start, starts_take())
            got = {bound: count - before[bound] for bound, count in recoveries(process).items()}
            deaths = got[float("inf")]
            expect(deaths >= 3, f"{how}: its process ended {deaths:.0f} times only: nothing was shown")
            median = min(bound for bound, count in got.items() if count * 2 >= deaths)
            # On a quiet machine a start takes 3 ms. Where it takes longer than 10, others have the processors: then the aim is as much longer.
            aim = 0.1 * max(1, start / 0.01)
            print(f"{how}: {deaths:.0f} deaths, half of them were over within {median * 1000:.1f} ms, {got[0.1]:.0f} within 100 "
                  f"(a bare start takes {start * 1000:.1f} ms here)", flush=True)
            expect(median <= aim, f"{how}: half of its recoveries took longer than {aim * 1000:.0f} ms:\n{process.tail()}")
        process.stop(60)
        lab.check()


def own_kib(process):
    """Memory of a process that is its own, and that it shares with plugins', in KiB."""
    found = re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB$", Path(f"/proc/{process.child.pid}/status").read_text(), re.M)
    expect(len(found) == 2, "the kernel does not tell what its memory is")
    return sum(int(kib) for kib in found)


def slope(points):
    """Of the line through (x, y), by least squares."""
    mx, my = (sum(axis) / len(points) for axis in zip(*points))
    return sum((x - mx) * (y - my) for x, y in points) / sum((x - mx) ** 2 for x, _ in points)


def flat(seed):
    """one consumer, hundreds of deaths of its plugin: each leaves less behind than one slot of a ring"""
    with Lab("flat", partitions=1, plugins=[rogue("said")]) as lab:
        process, customers, points = lab.start(), Customers(seed, 1), []
        for i in range(QUIET + DYING):
            lab.feed([customers.say(0, "fail segfault" if i >= QUIET and j % 2 == 0 else "hola") for j in range(40)])
            lab.wait_caught_up(120)
            points.append((metric(process, "relevo_plugin_restarts_total", plugin="scripted"), own_kib(process)))
        points = points[QUIET:]  # what the first events needed stays
        deaths, kib = points[-1][0] - points[0][0], slope(points)
        print(f"{deaths:.0f} deaths, {kib:.2f} KiB each: {[total for _, total in points]}", flush=True)
        expect(deaths >= 300, f"{deaths:.0f} deaths only: nothing was shown")
        expect(kib < SLOT_KIB, f"each death leaves {kib:.2f} KiB behind: {points}")
        process.stop(60)
        lab.check()


if __name__ == "__main__":
    sys.exit(run("rogues", each, quarantine, does_not_start, recovers, flat))
