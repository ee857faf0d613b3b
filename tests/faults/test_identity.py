#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 while two conversations become one: in the commit that joins them, in the one that lets the other go, while an event is
forwarded, and between each of these and its publishing. Joined once, forwarded once, nothing lost."""
import random
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from checker.model import conversation_id  # noqa: E402
from lab.identity import NUMBER, event, send, settled  # noqa: E402
from lab.stack import Lab, expect, run  # noqa: E402
from points import arm, passed, stopped, wait  # noqa: E402

POINTS = ("loaded", "advanced", "copying", "half_sent", "sent", "committed", "half_produced", "produced", "published")
PASSES = 3  # the lane that joins, the lane that lets go and forwards, the lane that decides what was forwarded


def joining(seed):
    """each point of a commit and of its publishing, at the first, second and third batch of a joining"""
    rng = random.Random(seed)
    with Lab("joining", partitions=2, instance="one") as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        process = lab.start()
        rounds = [(point, n) for point in POINTS for n in range(1, PASSES + 1)]
        rng.shuffle(rounds)
        for i, (point, n) in enumerate(rounds):
            wa, user = f"52{i:03d}", f"MX.{i}"
            send(lab, 0, event(f"{i}.1", "slot a=1", wa_id=wa))
            send(lab, 1, event(f"{i}.2", "slot b=2", user_id=user))
            wait(lambda: len(lab.sql("SELECT 1 FROM desk.conversations WHERE customer_id IN (%s, %s)", wa, user)) == 2,
                 lambda: f"round {i}: the two do not begin:\n{process.tail()}", 60)
            taken = rng.random() < 0.6
            if taken:
                lab.sql("SELECT desk.take_over(%s, 'ana')", conversation_id(NUMBER, rng.choice((wa, user))))
            lab.wait_caught_up()
            process.kill()
            arm(process, f"{point}:kill:{n}")
            process.start()
            send(lab, 1, event(f"{i}.3", "say hola", wa_id=wa, user_id=user))
            send(lab, 0, event(f"{i}.4", "say aquí", wa_id=wa))
            wait(lambda: not process.alive(), lambda: f"{point}:kill:{n} was never reached:\n{process.tail()}", 90)
            expect(process.child.returncode == -signal.SIGKILL and passed(process, point), f"it did not die at {point}:\n{process.tail()}")
            arm(process)
            process.start()
            process.wait_ready()
            lab.wait_caught_up()
            wait(lambda: settled(lab), lambda: f"{point}:kill:{n}: forwarded events or commands wait:\n{process.tail()}", 60)
            rows = lab.sql("SELECT owner, agent_id FROM desk.conversations WHERE customer_id IN (%s, %s)", wa, user)
            expect(rows == [("human", "ana") if taken else ("bot", None)], f"{point}:kill:{n}: then it is {rows}")
            told = lab.sql("SELECT count(*) FROM desk.history WHERE by = 'customer' AND conversation_id = %s", conversation_id(NUMBER, user))
            expect(told == [(4,)], f"{point}:kill:{n}: the history shows {told}")
        wait(lambda: settled(lab), lambda: "something waits", 60)
        process.stop()
        lab.check()


def raced(seed):
    """a person takes the loser after the joining lane has read it, and before it commits: the person has both"""
    with Lab("raced", partitions=2) as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        process = lab.start()
        send(lab, 0, event(1, "slot a=1", wa_id="521"))
        send(lab, 1, event(2, "slot b=2", user_id="MX.1"))
        lab.wait_caught_up()
        process.kill()
        arm(process, "stepped:stop")
        process.start()
        send(lab, 1, event(3, "say hola", wa_id="521", user_id="MX.1"))
        wait(lambda: passed(process, "stepped") and stopped(process), lambda: f"it never stopped with the join in hand:\n{process.tail()}", 90)
        done = lab.sql("SELECT (desk.take_over(%s, 'ana')).done", conversation_id(NUMBER, "521"))
        expect(done == [(True,)], "nobody could take the conversation that is about to move")
        process.child.send_signal(signal.SIGCONT)
        lab.wait_caught_up()
        wait(lambda: settled(lab), lambda: f"something waits:\n{process.tail()}", 60)
        rows = lab.sql("SELECT conversation_id::text, owner, agent_id FROM desk.conversations")
        expect(rows == [(conversation_id(NUMBER, "MX.1"), "human", "ana")], f"taken while it was joined, it is {rows}")
        process.stop()
        lab.check()


if __name__ == "__main__":
    sys.exit(run("joining", joining, raced))
