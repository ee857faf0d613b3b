#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Relevo's own code that crashes at an event (a point makes it): that stops one event, and not its partition."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.stack import Lab, expect, run  # noqa: E402
from test_inline import LANES, Customers, Supervisor, good, letters, meet, unfinished, wait  # noqa: E402


def crash(seed, point):
    """Two events in one lane and one in another, among others, at each of which Relevo aborts."""
    with Lab("own", partitions=LANES, instance="one") as lab:
        process, customers, events = lab.start(), Customers(seed, LANES), good(seed, 400)
        process.stop(60)
        process.environment["RELEVO_POINT"] = f"{point}:crash=relevo dies"
        supervisor = meet(lab, process, [*events[:100], customers.say(1, "relevo dies"), *events[100:200],
                                         customers.say(1, "so relevo dies again"), *events[200:300],
                                         customers.say(3, "relevo dies here"), *events[300:]])
        print(f"{point}: {supervisor.deaths} deaths ({supervisor.statuses})", flush=True)
        expect(1 <= supervisor.deaths <= 4, f"{supervisor.deaths} deaths of two lanes:\n{process.tail(40)}")
        world = lab.check()
        told = letters(world)
        expect(len(told) == 3 and all("relevo did not survive it (was killed by signal 6" in text for text in told), f"dead letters {told}")
        classes = {dict(letter.headers)["__connect.errors.exception.class.name"] for found in world.dead.values() for letter in found}
        expect(classes == {b"relevo_died"}, f"classes {classes}")


def decoding(seed):
    """while events are decoded: at most two deaths for each lane that has some, a dead letter for each event, all else as ever"""
    crash(seed, "decoding")


def stepping(seed):
    """while events are decided: the same"""
    crash(seed, "stepping")


def looping(seed):
    """Relevo's own code goes round for ever at an event: killed for it twice, and the third one leaves that event out"""
    with Lab("own3", partitions=1, instance="one") as lab:
        process, customers, events = lab.start(), Customers(seed, 1), good(seed, 100, 1)
        process.stop(60)
        process.environment["RELEVO_POINT"] = "decoding:loop=relevo loops"
        lab.feed([*events[:50], customers.say(0, "relevo loops"), *events[50:]])
        for i in range(2):
            process.log.write_text("")
            process.start()
            wait(lambda: "at point decoding" in process.log.read_text() and unfinished(lab) == [i + 1], lambda: f"it does not come to it:\n{process.tail()}")
            process.kill()
        process.start()
        lab.wait_caught_up()
        wait(lambda: max(unfinished(lab)) <= 1, lambda: f"a lane is wary for ever: {unfinished(lab)}\n{process.tail()}")
        process.stop(60)
        told = letters(lab.check())
        expect(len(told) == 1 and "relevo did not survive it (did not end within 10000 ms)" in told[0], f"dead letters {told}")


def commanding(seed):
    """while a desktop's command is decided: its words are given up, and its author sees that; whose it is now is told; the conversation goes on"""
    with Lab("own2", partitions=1, instance="one") as lab:
        process, customers = lab.start(), Customers(seed, 1)
        first = customers.say(0, "hola")
        lab.feed([first])
        lab.wait_caught_up()
        key = lab.sql("SELECT conversation_id::text FROM desk.conversations")[0][0]
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}', '{}', '{}', 10)")
        process.kill()
        process.environment["RELEVO_POINT"] = "stepping:crash=relevo dies"
        lab.sql("SELECT desk.reply(%s, 'ana', 'relevo dies')", key)  # which takes it over, too
        lab.sql("SELECT desk.reply(%s, 'ana', 'y yo no')", key)
        process.start()
        supervisor = Supervisor(process)
        lab.wait_caught_up()
        wait(lambda: "is taken out of the way" in process.log.read_text(), lambda: f"nothing is said:\n{process.tail()}")
        supervisor.stop()
        expect(supervisor.deaths <= 2, f"{supervisor.deaths} deaths, not two:\n{process.tail(40)}")
        expect(lab.sql("SELECT owner, epoch FROM relevo.conversation WHERE forward IS NULL") == [(3, 2)], "it is not Ana's")
        process.environment.pop("RELEVO_POINT")
        process.start()
        customer = customers.say(0, "nobody dies")
        who = ("phone_number_id", "wa_id", "user_id")  # some have no number, or no id
        lab.feed([(*first[:2], {**{k: v for k, v in customer[2].items() if k not in who}, **{k: first[2][k] for k in who if k in first[2]}})])
        lab.wait_caught_up()
        lab.sql("SELECT desk.reply(%s, 'ana', 'seguimos')", key)
        lab.wait_caught_up()
        process.stop(60)
        said = lab.sql("SELECT kind, text, said->0->>'text' FROM relevo.history ORDER BY seq")
        print(f"{supervisor.deaths} deaths; {said}", flush=True)
        expect(said == [(0, "hola", "ok"), (6, "relevo dies", None), (6, "y yo no", "y yo no"), (0, "nobody dies", None),
                        (6, "seguimos", "seguimos")], f"the conversation does not go on: {said}")
        failed = lab.sql("SELECT by, agent_id, text, owner, epoch FROM desk.history WHERE what = 'failed'")
        expect(failed == [("agent", "ana", "relevo dies", "human", 2)], f"its author does not see what became of it: {failed}")
        audit = lab.sql("SELECT who, action, from_owner, to_owner, to_agent FROM desk.audit WHERE action = 'failed'")
        expect(audit == [("ana", "failed", "bot", "human", "ana")], f"the audit does not tell that she took over: {audit}")
        # The ownership is told as ever; only that the words were to be said differs from what the model expects.
        findings = lab.findings()
        expect(findings.counts == {"model": 1, "history": 2}, "the checker has other findings:\n" + findings.report())


if __name__ == "__main__":
    sys.exit(run("own code", decoding, stepping, looping, commanding))
