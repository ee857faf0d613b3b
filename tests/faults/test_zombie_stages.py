#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Consumers that stop at every stage, sleep past their session while another takes their lanes, and wake with what they
had in hand: a batch at each stage of the work, half a pipeline among them; a lane half taken, at each step of taking it.

    test_zombie_stages.py [SEED] [--rounds N]

All sleep at once, each at its own point: one group, one sound member, and a member for every point.
"""
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from lab.stack import Lab, expect, run  # noqa: E402
from points import Load, arm, option, passed, stopped, wait  # noqa: E402

LANES, CONVERSATIONS, RATE, SESSION_S = 28, 400, 400, 6
ROUNDS = option("--rounds", 1)
WORK = ("fetched", "decoded", "loaded", "stepped", "advanced", "copying", "half_sent", "sent", "committed", "begun", "half_produced",
        "produced", "published")
ASSIGN = ("fence_taken", "producer_made", "producer_fenced", "producer_fenced", "progress_read", "kafka_taken",
          "bounds_checked", "feed_started")
MISSING = ("missing_produced", "missing_published")
ENDED = "ended the connection of a consumer that was stopped while it held the lane"


def start(lab, name, point=None, **environment):
    """A member of its own, armed."""
    environment["RELEVO_CONSUME_INSTANCE"] = name
    if point:
        environment["RELEVO_POINT"] = point
    process = lab.start(name, ready=False, **environment)
    process.mark = 0
    return process


def sleeps(process, name):
    wait(lambda: passed(process, name) and stopped(process) or not process.alive(),
         lambda: f"{process.name} did not come to {name}:\n{process.tail()}", 90)
    expect(process.alive(), f"{process.name} ended by itself:\n{process.tail()}")


def all_lanes_move(lab, seconds=90):
    """Until every lane has decided what is in its partition now."""
    ends = lab.ends()

    def behind():
        stand = dict(lab.sql("""SELECT lane, next FROM relevo.lane, unnest(topics, next_offsets) AS t(topic, next)
                                WHERE topic = %s""", lab.topic))
        return [lane for lane, end in ends.items() if end > max(stand.get(lane, 0), 0)]
    wait(lambda: not behind(), lambda: f"lanes {behind()} do not go on", seconds)


def wake(lab, zombies):
    """All are sound again by themselves."""
    for zombie, name in zombies:
        expect(stopped(zombie), f"{zombie.name} does not sleep at {name} any more")
        zombie.child.send_signal(signal.SIGCONT)
    for zombie, name in zombies:
        zombie.wait_ready(120)
    all_lanes_move(lab)


def finish(lab, processes):
    lab.wait_caught_up(120)
    for process in processes:
        process.stop(60)
    for process in processes:  # a zombie must not be taken for a restored backup: that is a person's to mend
        wrong = [line for line in process.log.read_text().splitlines() if line[25:31] == "error "]
        expect(not wrong, f"{process.name} calls for help:\n" + "\n".join(wrong[:5]))
    lab.check()


def work(seed):
    """thirteen consumers stop with a batch in hand, each at another stage; another takes their lanes; they wake"""
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        with Lab("zombies", partitions=LANES, batch_max=40, session=f"{SESSION_S}s", command_poll="200ms") as lab:
            sound = start(lab, "sound")
            # Each needs a lane, and its point is passed when events come: not before all are there.
            zombies = [(start(lab, name, f"{name}:stop:{rng.randint(3, 8)}"), name) for name in WORK]
            for process in lab.processes:
                process.wait_ready(90)
            with Load(lab, rng.randrange(10**6), RATE, CONVERSATIONS):
                for zombie, name in zombies:
                    sleeps(zombie, name)
                began = time.monotonic()
                all_lanes_move(lab)
                took = time.monotonic() - began
                expect(ENDED in sound.log.read_text(), "nobody had to end the connection of half a pipeline")
                wake(lab, zombies)
            print(f"all lanes moved {took:.1f} s after the last one stopped (a session is {SESSION_S} s)", flush=True)
            finish(lab, [sound, *(z for z, _ in zombies)])


def taking(seed):
    """ten consumers stop while they take their lanes, each at another step; their lanes are taken; they wake"""
    rng = random.Random(seed)
    for _ in range(ROUNDS):
        with Lab("takers", partitions=LANES, batch_max=40, session=f"{SESSION_S}s", command_poll="200ms") as lab:
            sound = start(lab, "sound")
            left = [(start(lab, f"left{i}", f"begun:kill:{rng.randint(3, 8)}"), name) for i, name in enumerate(MISSING)]
            for process in lab.processes:
                process.wait_ready(90)
            with Load(lab, rng.randrange(10**6), RATE, CONVERSATIONS):
                for process, name in left:  # they leave something unpublished, and come back as who they were
                    wait(lambda: not process.alive(), lambda: f"{process.name} lives:\n{process.tail()}", 90)
                    expect(process.child.returncode == -signal.SIGKILL and passed(process, "begun"),
                           f"{process.name} did not die at begun:\n{process.tail()}")
                    arm(process, f"{name}:stop")
                    process.start()
                zombies = list(left)
                for i, name in enumerate(ASSIGN):
                    zombies.append((start(lab, f"{name}{i}", f"{name}:stop:{1 + i % 2}"), name))
                for zombie, name in zombies:
                    sleeps(zombie, name)
                began = time.monotonic()
                all_lanes_move(lab)
                took = time.monotonic() - began
                wake(lab, zombies)
            print(f"all lanes moved {took:.1f} s after the last one stopped (a session is {SESSION_S} s)", flush=True)
            finish(lab, [sound, *(z for z, _ in zombies)])


if __name__ == "__main__":
    sys.exit(run("zombie stages", work, taking))
