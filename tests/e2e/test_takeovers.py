#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Desktops take over, answer, return and resolve at random while customers write: no bot message crosses a takeover.

    test_takeovers.py [SEED] [--takeovers N] [--runs N] [--agents N]

Every second run kills the consumer again and again. Who came first is told by Postgres: lab.version (lab/stack.py) has
every version of every conversation with its transaction, and the checker joins it with what was decided.
"""
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import psycopg2  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import Lab, expect, generator, run  # noqa: E402

CONVERSATIONS, RATE = 60, 600
KILL_EVERY_S = (0.5, 4)

# What a desktop does with a conversation, by its owner: (weight, function).
ACTIONS = {
    "bot": ((8, "take_over"), (3, "reply"), (1, "note")),
    "queued": ((6, "take_over"), (2, "resolve"), (2, "reply")),
    "human": ((5, "reply"), (5, "return_to_bot"), (4, "resolve"), (1, "note"), (1, "requeue"), (2, "take_over"),
              (2, "pass_on")),
    "closed": ((3, "take_over"), (2, "reply")),
}
ROW = "conversation_id::text, owner, epoch, agent_id, phone_number_id, customer_id, wa_id"  # of desk.conversations
CALLS = {
    "take_over": "desk.take_over(%(id)s, %(agent)s, %(epoch)s)",
    "reply": "desk.reply(%(id)s, %(owner)s, 'Buenas, le ayudo.')",
    "note": "desk.note(%(id)s, %(agent)s, 'cliente frecuente')",
    "return_to_bot": "desk.return_to_bot(%(id)s, %(owner)s)",
    "resolve": "desk.resolve(%(id)s, %(owner)s, 'solucionado')",
    "pass_on": "desk.assign(%(id)s, %(owner)s, %(agent)s)",  # now and then to the one who has it
    "requeue": "desk.assign(%(id)s, %(owner)s, NULL)",
}


def option(name, default):
    """`--name N` of the command line, taken off it."""
    if name not in sys.argv:
        return default
    i = sys.argv.index(name)
    value = sys.argv[i + 1]
    del sys.argv[i:i + 2]
    return type(default)(value)


class Desktop(threading.Thread):
    """One agent's desktop: acts until it is told to stop, on conversations as it saw them."""

    actions = ACTIONS

    def __init__(self, lab, agent, seed, pause):
        super().__init__(daemon=True)
        self.lab, self.agent, self.rng, self.pause = lab, agent, random.Random(f"{seed}{agent}"), pause
        self.connection = psycopg2.connect(lab.postgres)
        self.connection.autocommit = True
        self.ending, self.mistake = threading.Event(), None
        self.done, self.refused, self.wrote = Counter(), Counter(), 0

    def run(self):
        try:
            while not self.ending.is_set():
                self.act()
                time.sleep(self.rng.random() * self.pause)
        except Exception as mistake:  # told by the main thread, which fails the test
            self.mistake = mistake

    def any(self):
        """A conversation as it is now, or None."""
        cursor = self.connection.cursor()
        cursor.execute(f"""SELECT {ROW} FROM desk.conversations
                           OFFSET floor(%s * (SELECT count(*) FROM desk.conversations)) LIMIT 1""", (self.rng.random(),))
        return cursor.fetchone()

    def act(self):
        row = self.any()
        if row is None:
            return
        weights, names = zip(*self.actions[row[1]])
        self.do(self.rng.choices(names, weights)[0], *row)

    def do(self, name, conversation, owner, epoch, agent, *customer):
        """Returns the epoch that it made or left; None: nothing was done."""
        # A person who has it acts on it themselves, except that anybody may take it from them.
        acting = agent if owner == "human" and agent != "business_phone" else self.agent
        if agent == "business_phone" and name != "take_over":
            name = "take_over"
        if name in ("resolve", "return_to_bot") and self.rng.random() < 0.7:
            self.customer_writes(*customer)
        cursor = self.connection.cursor()
        cursor.execute(f"SELECT done, why, epoch FROM {CALLS[name]}",
                       {"id": conversation, "agent": self.agent, "owner": acting, "epoch": epoch})
        done, why, epoch = cursor.fetchone()
        (self.done if done else self.refused)[name] += 1
        return epoch if done and why is None else None

    def customer_writes(self, number, customer, wa_id):
        """At the very moment: the lane may decide the message between the desktop's commit and its command."""
        self.wrote += 1
        event = {"kind": "message", "phone_number_id": number, "message_id": f"wamid.{self.agent}.{self.wrote}",
                 "type": "text", "text": "person ya" if self.wrote % 2 else "say sí", "sent_at": 1767225600000}
        event["wa_id" if wa_id == customer else "user_id"] = customer
        key = f"{number}:{customer}".encode()
        self.lab.produce(partition_of(key, self.lab.partitions), key, self.lab.schemas["WhatsAppEvent"].encode(event))
        self.lab.producer.poll(0)
        time.sleep(self.rng.random() * 0.012)

    def stop(self):
        self.ending.set()
        self.join(30)
        self.connection.close()


def go_home(lab):
    """No agent takes anything more: else the lane might give away a conversation, and leave a command, as it ends."""
    lab.sql("SELECT desk.set_presence(agent_id, 'offline') FROM desk.agents")


class Killer:
    """Kills the consumer now and then, and starts it again."""

    def __init__(self, process, seed):
        self.process, self.rng, self.kills = process, random.Random(seed), 0
        self.next = time.monotonic() + 2

    def __call__(self):
        if time.monotonic() < self.next:
            return
        expect(self.process.alive(), f"the consumer ended by itself:\n{self.process.tail()}")
        self.process.kill()
        self.process.start()
        self.kills += 1
        self.next = time.monotonic() + self.rng.uniform(*KILL_EVERY_S)


def takeovers(seed, wanted=300, agents=3, kills=False):
    """takeovers by desktops while 4 lanes are busy"""
    with Lab("takeovers", partitions=4, instance="one", batch_max=200, command_poll="200ms") as lab:
        for i in range(agents):
            lab.sql("SELECT desk.put_agent(%s, %s, '{care}', '{}', '{}', 1000)", f"agent{i}", f"Agente {i}")
        lab.sql("SELECT desk.set_presence('agent0', 'online')")  # only this one is given conversations
        consumer = lab.start()
        killer = Killer(consumer, seed)
        lab.feed(generator(seed, 200, CONVERSATIONS, lab.partitions))
        desktops = [Desktop(lab, f"agent{i}", seed, 0.04) for i in range(agents)]
        began = time.monotonic()
        for desktop in desktops:
            desktop.start()
        until = began + max(600, wanted)

        def events():
            # Customers write until desktops have taken over often enough.
            for event in generator(seed + 1, 10**8, CONVERSATIONS, lab.partitions, handoffs=2):
                if sum(d.done["take_over"] for d in desktops) >= wanted or time.monotonic() > until:
                    return
                yield event

        n = lab.feed(events(), rate=RATE, meanwhile=killer if kills else None)
        for desktop in desktops:
            desktop.stop()
        took = time.monotonic() - began
        for desktop in desktops:
            if desktop.mistake:
                raise desktop.mistake
        lab.flush()
        go_home(lab)
        done = sum((d.done for d in desktops), Counter())
        refused = sum((d.refused for d in desktops), Counter())
        print(f"{n} events in {took:.0f} s, the consumer killed {killer.kills} times; done {dict(done)}; refused, "
              f"somebody was faster {dict(refused)}", flush=True)
        lab.wait_caught_up(120)
        consumer.stop()
        expect(done["take_over"] >= wanted, f"only {done['take_over']} of {wanted} takeovers in {took:.0f} s")
        deadlocks = lab.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0]
        expect(deadlocks == 0, f"Postgres reports {deadlocks} deadlocks")
        lab.check()
        return done["take_over"], n, killer.kills


def main(seed):
    """takeovers at random moments"""
    totals = [0, 0, 0]
    for number in range(RUNS):
        totals = [a + b for a, b in zip(totals, takeovers(seed + 1000 * number, TAKEOVERS, AGENTS, number % 2 == 1))]
    print("{} takeovers during {} events in {} runs; the consumer was killed {} times; the checker is clean, "
          "no deadlock".format(*totals[:2], RUNS, totals[2]), flush=True)


if __name__ == "__main__":
    TAKEOVERS, RUNS, AGENTS = option("--takeovers", 300), option("--runs", 1), option("--agents", 3)
    sys.exit(run("takeovers", main))
