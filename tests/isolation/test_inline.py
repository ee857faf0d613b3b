#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A plugin that runs inline and takes the consumer with it: that stops one event, and neither its partition nor another one.

The rogue answers as the scripted plugin does, so the checker's model knows every decision: what was lost, decided twice or blamed for
another one's fault would be found.
"""
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab import generate  # noqa: E402
from lab.stack import BUILD, Lab, PATIENCE_S, expect, run  # noqa: E402

LANES = 4
CRASHES = {"segfault": "was killed by signal 11 (Segmentation fault)", "abort": "was killed by signal 6 (Aborted)",
           "overflow": "was killed by signal 11 (Segmentation fault)", "exit": "ended the process"}


def rogue(name="scripted", **more):
    """Its entry is called scripted: the model knows that name. It does what a message says that begins with "fail"."""
    return {"name": name, "path": str(BUILD / "tests/isolation/rogue.so"), "isolation": "inline", "options": {"how": "said"}, **more}


class Supervisor(threading.Thread):
    """Starts a consumer again whenever it ended, at once; counts how often."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.deaths, self.statuses, self.ending = process, 0, [], threading.Event()
        self.start()

    def run(self):
        while not self.ending.wait(0.01):
            if not self.process.alive():
                self.deaths += 1
                self.statuses.append(self.process.child.returncode)
                self.process.start()

    def stop(self):
        """Lets it be; the process, which must leave in order, is stopped."""
        self.ending.set()
        self.join(60)
        self.process.stop(60)


class Platform(threading.Thread):
    """A liveness probe, as Kubernetes has one: what does not answer 200 is told to stop, killed, and started again."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.restarts, self.ending = process, 0, threading.Event()
        self.start()

    def run(self):
        while not self.ending.wait(1):
            if self.process.get("/healthz")[0] == 503:
                self.process.child.terminate()
                time.sleep(2)
                self.process.kill()
                self.restarts += 1
                self.process.start()

    def stop(self):
        self.ending.set()
        self.join(60)
        self.process.stop(60)


class Customers:
    """Messages of customers whom nobody else knows: whoever says "fail" is asked about."""

    def __init__(self, seed, partitions):
        self.source, self.rng, self.partitions, self.n = generate.Generator(seed, 0, 1), random.Random(seed), partitions, 0

    def say(self, lane, text):
        self.n += 1
        self.source.n += 1
        customer = next(c for i in range(1000) if
                        (c := generate.Customer(10**6 + self.n * 1000 + i, self.rng, self.partitions)).partition == lane)
        event = self.source.message(customer, "else")
        return customer.partition, customer.key, {**event, "message_id": f"wamid.poison.{self.n}", "text": text}


def letters(world):
    """The reason of each dead letter."""
    return [dict(letter.headers)["__connect.errors.exception.message"].decode()
            for found in world.dead.values() for letter in found]


def failed(world):
    return [d["failure"]["reason"] for records in world.decoded.values() for _, d in records if d["kind"] == "failed"]


def good(seed, n, partitions=LANES):
    return list(generate.Generator(seed, n, 200, partitions))


def unfinished(lab):
    return [row[0] for row in lab.sql("SELECT unfinished FROM relevo.lane ORDER BY lane")]


def wait(condition, words):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        expect(time.monotonic() < until, words())
        time.sleep(0.05)


def meet(lab, process, events):
    """Lets a consumer find events that wait together; returns what was seen of its deaths."""
    lab.feed(events)
    process.start()
    supervisor = Supervisor(process)
    lab.wait_caught_up()
    process.wait_ready()  # all lanes are taken: who leaves before that leaves the fear of those before as it was
    wait(lambda: max(unfinished(lab)) <= 1, lambda: f"a lane is wary for ever: {unfinished(lab)}\n{process.tail()}")
    supervisor.stop()
    expect(unfinished(lab) == [0] * lab.partitions, f"left in order, and not told: {unfinished(lab)}")
    return supervisor


def crashes(seed):
    """each way to crash, in the middle of a batch: one death, one dead letter, one event to a person, all else as ever"""
    with Lab("inline", partitions=LANES, plugins=[rogue()], instance="one") as lab:
        process, customers, told = lab.start(), Customers(seed, LANES), []
        process.stop(60)
        everything = good(seed, 400 * len(CRASHES))
        for i, how in enumerate(CRASHES):
            events, lane = everything[400 * i:400 * (i + 1)], i % LANES
            process.log.write_text("")
            supervisor = meet(lab, process, [*events[:200], customers.say(lane, f"fail {how}"), *events[200:]])
            print(f"{how}: {supervisor.deaths} deaths ({supervisor.statuses})", flush=True)
            expect(supervisor.deaths == 1, f"{how}: {supervisor.deaths} deaths, not one:\n{process.tail(40)}")
            told.append(f"plugin scripted did not survive it in respond: {CRASHES[how]}")
            expect(f"{lab.topic}[{lane}]@" in process.log.read_text() and "did not survive event" in process.log.read_text(),
                   f"the log does not name the event:\n{process.tail(40)}")
        world = lab.check()
        expect(sorted(letters(world)) == sorted(told), f"dead letters {letters(world)}")
        expect(sorted(failed(world)) == sorted(CRASHES.values()), f"failures {failed(world)}")


def several(seed):
    """two such events in a batch, and one in each of two lanes: a death for each lane at most"""
    with Lab("inline2", partitions=LANES, plugins=[rogue()], instance="one") as lab:
        process, customers, events = lab.start(), Customers(seed, LANES), good(seed, 400)
        process.stop(60)
        supervisor = meet(lab, process, [*events[:100], customers.say(0, "fail segfault"), *events[100:200], customers.say(0, "fail abort"),
                                         *events[200:300], customers.say(2, "fail overflow"), *events[300:]])
        print(f"{supervisor.deaths} deaths", flush=True)
        expect(1 <= supervisor.deaths <= 2, f"{supervisor.deaths} deaths of two lanes:\n{process.tail(40)}")
        world = lab.check()
        expect(len(letters(world)) == len(failed(world)) == 3, f"dead letters {letters(world)}, failures {failed(world)}")


def two_plugins(seed):
    """an event that kills two plugins, one after the other: both are found"""
    with Lab("inline3", partitions=1, plugins=[rogue(), rogue("second")], instance="one") as lab:
        process, customers, events = lab.start(), Customers(seed, 1), good(seed, 40, 1)
        process.stop(60)
        supervisor = meet(lab, process, [*events[:20], customers.say(0, "fail segfault"), *events[20:]])
        expect(supervisor.deaths == 1, f"{supervisor.deaths} deaths, not one:\n{process.tail(40)}")
        world = lab.check(model=False)
        expect(len(letters(world)) == 1 and len(failed(world)) == 2, f"dead letters {letters(world)}, failures {failed(world)}")


def running(seed):
    """events that come while it works, and kill -9 besides: a death each at most, and nobody is blamed for a kill"""
    poisons, kills, rng = 4, 6, random.Random(seed)
    with Lab("inline4", partitions=LANES, plugins=[rogue()], batch_max=100, instance="one") as lab:
        process, customers, events = lab.start(), Customers(seed, LANES), good(seed, 3000)
        supervisor, killed = Supervisor(process), 0
        for i in range(poisons):
            at = rng.randrange(len(events))
            events.insert(at, customers.say(rng.randrange(LANES), f"fail {rng.choice(list(CRASHES))}"))
        feeder = threading.Thread(target=lab.feed, args=(events,), kwargs={"rate": 300}, daemon=True)
        feeder.start()
        while feeder.is_alive() and killed < kills:
            before = lab.decided()
            wait(lambda: lab.decided() > before or not feeder.is_alive(), lambda: f"no progress:\n{process.tail()}")
            time.sleep(rng.uniform(0, 1))
            process.child.kill()
            killed += 1
        feeder.join(PATIENCE_S)
        lab.wait_caught_up()
        supervisor.stop()
        print(f"{supervisor.deaths} deaths, {killed} of them kills", flush=True)
        expect(supervisor.deaths <= killed + poisons, f"{supervisor.deaths} deaths of {poisons} events and {killed} kills:\n{process.tail(40)}")
        world = lab.check()
        expect(len(letters(world)) == len(failed(world)) == poisons, f"dead letters {letters(world)}, failures {failed(world)}")


def hangs(seed):
    """one that never returns: the other lanes go on, the liveness probe fails, and its successor finds the event"""
    with Lab("inline5", partitions=LANES, plugins=[rogue(event_budget="700ms", batch_budget="2s")], instance="one") as lab:
        process, customers, events = lab.start(), Customers(seed, LANES), good(seed, 400)
        process.stop(60)
        lab.feed([*events[:200], customers.say(1, "fail sleep"), *events[200:]])
        process.start()
        platform = Platform(process)
        others = sum(end for lane, end in lab.ends().items() if lane != 1)
        wait(lambda: lab.decided() >= others, lambda: f"the other lanes do not go on:\n{process.tail()}")
        expect(platform.restarts == 0, "it was restarted before that")
        lab.wait_caught_up()
        expect("lane 1 waits for plugin scripted for 1" in process.log.read_text(), f"the log does not say who hangs:\n{process.tail(40)}")
        wait(lambda: max(unfinished(lab)) <= 1, lambda: f"a lane is wary for ever: {unfinished(lab)}\n{process.tail()}")
        platform.stop()
        expect(platform.restarts == 1, f"{platform.restarts} restarts, not one:\n{process.tail(40)}")
        world = lab.check()
        told = letters(world)
        expect(len(told) == 1 and "gave no answer about 1 events within" in told[0] and len(failed(world)) == 1,
               f"dead letters {told}, failures {failed(world)}")


if __name__ == "__main__":
    sys.exit(run("inline", crashes, several, two_plugins, running, hangs))
