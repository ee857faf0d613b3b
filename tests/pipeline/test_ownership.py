#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whose conversation it is, against a model of a few lines: every action in every state, every race of two people in every state, and
random interleavings of customers, agents, triggers, timers and crashes through real lanes, which the checker judges besides."""
import argparse
import random
import sys
import threading
import time
from collections import Counter, namedtuple
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import psycopg2  # noqa: E402
from checker.model import NOTICES  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import PATIENCE_S, Lab, expect, run  # noqa: E402

NUMBER = "105550001"
State = namedtuple("State", "owner agent epoch offered")  # offered: to whom, while it waits
STATES = [State("bot", None, 5, None), State("queued", None, 5, None), State("queued", None, 5, "ana"), State("queued", None, 5, "bea"),
          State("human", "ana", 5, None), State("human", "bea", 5, None), State("closed", None, 5, None)]
OWNERS = ["none", "bot", "queued", "human", "closed"]


# ---- the model: what an action answers (done), what it leaves, and the command that it gives the lane

def gets(s, agent, kind):
    return True, State("human", agent, s.epoch + 1, None), kind


def take_over(s, me, seen=None):
    if s.owner == "human" and s.agent == me:
        return True, s, None
    if (seen is not None and seen != s.epoch) or (s.owner == "human" and seen is None):
        return False, s, None
    return gets(s, me, "take_over")


def reply(s, me, seen=None):
    if s.owner == "human":
        return (True, s, "reply") if s.agent == me else (False, s, None)
    return gets(s, me, "reply")


def note(s, me, seen=None):
    return True, s, "note"


def give_back(s, me, seen=None):
    if s.owner == "human" and s.agent == me:
        return True, State("bot", None, s.epoch + 1, None), "return"
    return False, s, None


def resolve(s, me, seen=None):
    if s.owner == "closed":
        return True, s, None
    if s.owner == "queued" or (s.owner == "human" and s.agent == me):
        return True, State("closed", None, s.epoch + 1, None), "resolve"
    return False, s, None


def assign(s, me, seen=None):
    return (True, s, None) if s.owner == "human" and s.agent == "zoe" else gets(s, "zoe", "assign")


def requeue(s, me, seen=None):
    return (True, State("queued", None, s.epoch + 1, None), "requeue") if s.owner == "human" else (False, s, None)


def accept(s, me, seen=None):
    if s.owner == "human":
        return s.agent == me, s, None
    return gets(s, me, "assign") if s.offered == me else (False, s, None)


def decline(s, me, seen=None):
    return (True, s._replace(offered=None), "note") if s.offered == me else (False, s, None)


def pull(s, me, seen=None):
    return gets(s, me, "assign") if s.owner == "queued" and s.offered in (None, me) else (False, s, None)


ACTIONS = {  # the call, with the conversation, the agent and the epoch that they saw
    "take_over": (take_over, "SELECT done FROM desk.take_over(%(c)s, %(me)s)", False),
    "take_over_seen": (take_over, "SELECT done FROM desk.take_over(%(c)s, %(me)s, %(seen)s)", True),
    "reply": (reply, "SELECT done FROM desk.reply(%(c)s, %(me)s, 'hola')", False),
    "note": (note, "SELECT done FROM desk.note(%(c)s, %(me)s, 'nota')", False),
    "return": (give_back, "SELECT done FROM desk.return_to_bot(%(c)s, %(me)s)", False),
    "resolve": (resolve, "SELECT done FROM desk.resolve(%(c)s, %(me)s)", False),
    "assign": (assign, "SELECT done FROM desk.assign(%(c)s, %(me)s, 'zoe')", False),
    "requeue": (requeue, "SELECT done FROM desk.assign(%(c)s, %(me)s, NULL)", False),
    "accept": (accept, "SELECT done FROM desk.accept(%(c)s, %(me)s)", False),
    "decline": (decline, "SELECT done FROM desk.decline(%(c)s, %(me)s)", False),
    "pull": (pull, "SELECT desk.pull(%(me)s)", False),
}


def modelled(state, action, me, seen):
    function, _, sees = ACTIONS[action]
    return function(state, me, seen if sees else None)


ROW = """SELECT owner, agent_id, epoch, CASE WHEN relevo.is_offered(v) THEN offered_to END FROM relevo.conversation v WHERE id = %s"""


def state_of(cursor, conversation, lock=""):
    cursor.execute(ROW + lock, (conversation,))
    owner, agent, epoch, offered = cursor.fetchone()
    return State(OWNERS[owner], agent, epoch, offered)


# ---- one conversation, no lane

class Table:
    """A conversation that is put into any state, and two people at it."""

    def __init__(self, lab):
        self.lab = lab
        for agent in ("ana", "bea", "zoe"):
            lab.sql("SELECT desk.put_agent(%s, %s, p_capacity => 1000), desk.set_presence(%s, 'online')", agent, agent.title(), agent)
        self.people = [psycopg2.connect(lab.postgres) for _ in range(2)]
        self.cursors = [c.cursor() for c in self.people]
        self.pids = [c.info.backend_pid for c in self.people]

    def put(self, state):
        self.lab.sql("DELETE FROM relevo.conversation; DELETE FROM relevo.command")
        self.id = self.lab.sql("""INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, agent_id, phone_number_id, customer_id,
                                      opened_ms, last_in_ms, state, offered_to, offer_epoch, offer_until)
                                  VALUES (gen_random_uuid(), 0, 1, %s, %s, 1, %s, '555', 'c', 0, 0, '', %s, %s, now() + interval '1 hour')
                                  RETURNING id""", OWNERS.index(state.owner), state.epoch, state.agent, state.offered, state.epoch)[0][0]

    def act(self, who, action, me, seen):
        self.cursors[who].execute(ACTIONS[action][1], {"c": self.id, "me": me, "seen": seen})
        return self.cursors[who].fetchone()[0]

    def left(self):
        """What is there now: the state, and the commands as (kind, owner, agent, epoch)."""
        cursor = self.lab.connection.cursor()
        commands = self.lab.sql("SELECT kind, owner, owner_agent, epoch FROM relevo.command ORDER BY id")
        return state_of(cursor, self.id), [(kind, OWNERS[owner], agent, epoch) for kind, owner, agent, epoch in commands]


def command(kind, state):
    return [(kind, state.owner, state.agent, state.epoch)] if kind else []


def transitions(seed):
    """every action in every state"""
    with Lab("transitions", partitions=1, logs=False) as lab:
        table = Table(lab)
        for state in STATES:
            for action in ACTIONS:
                for seen in (state.epoch, state.epoch - 1):
                    table.put(state)
                    done = table.act(0, action, "ana", seen)
                    table.people[0].commit()
                    wanted, after, kind = modelled(state, action, "ana", seen)
                    expect(done == wanted and table.left() == (after, command(kind, after)),
                           f"{action} of {state}: {done}, {table.left()}, not {wanted}, {after}, {kind}")


def races(seed):
    """every race of two people in every state: the second waits for the first, and is told the truth"""
    n = blocked = 0
    with Lab("races", partitions=1, logs=False) as lab:
        table = Table(lab)
        for state in STATES:
            for first in ACTIONS:
                for second in ACTIONS:
                    table.put(state)
                    done_first = table.act(0, first, "ana", state.epoch)  # and holds what it locked
                    answer = []
                    other = threading.Thread(target=lambda: answer.append(table.act(1, second, "bea", state.epoch)))
                    other.start()
                    end = time.monotonic() + PATIENCE_S
                    while not answer and lab.sql("SELECT wait_event_type IS DISTINCT FROM 'Lock' FROM pg_stat_activity WHERE pid = %s", table.pids[1])[0][0]:
                        expect(time.monotonic() < end, "neither waits nor answers")
                    was_blocked = not answer
                    table.people[0].commit()
                    other.join(PATIENCE_S)
                    table.people[1].commit()
                    wanted_first, middle, kind_first = modelled(state, first, "ana", state.epoch)
                    holds = first != "pull" or wanted_first  # who pulls in vain has looked, and locked nothing
                    wanted, after, kind = modelled(middle, second, "bea", state.epoch)
                    if second == "pull" and holds:
                        wanted, after, kind = False, middle, None  # it takes what is free, and waits for nothing
                    expect((done_first, answer) == (wanted_first, [wanted])
                           and table.left() == (after, command(kind_first, middle) + command(kind, after)),
                           f"{first} of ana, then {second} of bea, of {state}: {done_first}, {answer}, {table.left()}; "
                           f"wanted {wanted_first}, {wanted}, {after}, {kind_first}, {kind}")
                    n, blocked = n + 1, blocked + was_blocked
        print(f"  {n} races, in {blocked} the second had to wait", flush=True)
        expect(blocked > n / 2, "they do not race")


# ---- through lanes

def say(lab, rng, customer):
    key = f"{NUMBER}:{customer}".encode()
    text = rng.choice(("hola", "say bien", "person ya", "person", "maybe", "fail", "miss", "slot a=1"))
    lab.feed([(partition_of(key, lab.partitions), key,
               {"kind": rng.choice(("message",) * 9 + ("echo",)), "phone_number_id": NUMBER, "wa_id": customer,
                "message_id": f"wamid.{rng.randrange(10**12)}", "sent_at": int(time.time() * 1000), "type": "text", "text": text})])


def act(cursor, rng, conversation, done):
    """One action of one person, compared with the model while nobody else can change the row."""
    me, action = rng.choice(("ana", "bea")), rng.choice([a for a in ACTIONS if a != "pull"])
    before = state_of(cursor, conversation, " FOR UPDATE")
    seen = before.epoch - rng.randrange(2)
    wanted, after, _ = modelled(before, action, me, seen)
    cursor.execute(ACTIONS[action][1], {"c": conversation, "me": me, "seen": seen})
    answer = cursor.fetchone()[0]
    left = state_of(cursor, conversation)
    expect((answer, left) == (wanted, after), f"{action} of {me}, of {before}: {answer}, {left}, not {wanted}, {after}")
    done[action, answer] += 1


def interleavings(seed, steps):
    """customers, agents, triggers, timers and crashes in any order"""
    rng, done = random.Random(seed), Counter()
    policy = {"notices": {key: {"es": text, "pt": "", "en": ""} for key, text in NOTICES.items()}, "queue": {"tell_after": "0s"}, "idle_close": "2s"}
    with Lab("interleavings", partitions=2, policy=policy, instance="one", command_poll="100ms") as lab:
        for agent in ("ana", "bea", "zoe"):
            lab.sql("SELECT desk.put_agent(%s, %s, '{care}', p_capacity => 1000)", agent, agent.title())
        lab.sql("SELECT desk.put_team('care', p_accept_within => '2 s', p_offline_after => '1 s')")
        consumer = lab.start()
        customers = [f"5730{i:02}" for i in range(8)]
        person = psycopg2.connect(lab.postgres)
        with person, person.cursor() as cursor:
            for _ in range(steps):
                choice = rng.random()
                if choice < 0.35:
                    say(lab, rng, rng.choice(customers))
                elif choice < 0.9:
                    cursor.execute("SELECT id FROM relevo.conversation ORDER BY id")
                    known = [i for i, in cursor.fetchall()]
                    person.commit()
                    if known:
                        act(cursor, rng, rng.choice(known), done)
                        person.commit()
                elif choice < 0.97:
                    lab.sql("SELECT desk.set_presence(%s, %s, '3 s')", rng.choice(("ana", "bea")), rng.choice(("online", "online", "away", "offline")))
                elif choice < 0.975:
                    lab.sql("SELECT desk.pull(%s)", rng.choice(("ana", "bea")))
                elif choice < 0.98:
                    consumer.kill()
                    consumer.start()
                    done["kills"] += 1
                else:
                    time.sleep(rng.random() * 0.2)
        person.close()
        lab.sql("SELECT desk.set_presence(agent_id, 'offline') FROM desk.agents")
        lab.sql("SELECT desk.put_team('care')")  # nothing more goes back to the queue by itself
        consumer.wait_ready()
        lab.wait_caught_up()
        consumer.stop()
        acted = sum(n for key, n in done.items() if key != "kills")
        print(f"  {acted} actions, {done['kills']} kills; done {dict((k[0], n) for k, n in done.items() if k != 'kills' and k[1])}", flush=True)
        expect(len([k for k in done if k != "kills" and k[1]]) >= 8, f"too few kinds of actions were done: {done}")
        lab.check(idle_close_ms=2000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", nargs="?")
    parser.add_argument("--steps", type=int, default=600)
    options = parser.parse_args()
    sys.argv[1:] = [options.seed] if options.seed else []

    def several(seed):
        """customers, agents, triggers, timers and crashes in any order"""
        interleavings(seed, options.steps)

    sys.exit(run("ownership", transitions, races, several))
