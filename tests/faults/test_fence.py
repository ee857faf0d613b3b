#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The takeover fence, at its only door: no bot message is claimed after a takeover committed, and none is sent twice.

    test_fence.py [SEED] [--takeovers N] [--plants]

Customers write, the bot answers, two delivers send through a Cloud API that is slow, refuses, and breaks off; desktops take over at
random moments; the delivers are killed with -9, now and then exactly at a point. The order of takeovers and claims is told by numbers that
triggers draw while the row locks are held, which is the order of their commits.

--plants leaves one rule of the claim out at a time (tests/model/takeover.pml has their names): each must be found.
"""
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "e2e")]
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import Deliver, DeliverLab, judge_sends, wait_sent  # noqa: E402
from lab.stack import ROOT, TestFailure, expect, generator, run  # noqa: E402
from test_takeovers import Desktop, option  # noqa: E402

CONVERSATIONS, RATE, PAUSE_S, BEHIND = 40, 60, 0.25, 200
POINTS = ("claimed", "answered", "settled")
LOGS = """
CREATE SEQUENCE lab.moment;
CREATE TABLE lab.fence (n bigint, conversation_id uuid, epoch bigint, message uuid, part smallint, attempt integer, author smallint);
CREATE FUNCTION lab.log_epoch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF TG_OP = 'INSERT' OR NEW.epoch <> OLD.epoch THEN
        INSERT INTO lab.fence VALUES (nextval('lab.moment'), NEW.id, NEW.epoch);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION lab.log_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NEW.state = 1 THEN
        INSERT INTO lab.fence VALUES (nextval('lab.moment'), NEW.conversation_id, NEW.epoch, NEW.id, NEW.part, NEW.attempt, NEW.author);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER epoch AFTER INSERT OR UPDATE ON relevo.conversation FOR EACH ROW EXECUTE FUNCTION lab.log_epoch();
CREATE TRIGGER claim AFTER INSERT OR UPDATE ON relevo.send FOR EACH ROW EXECUTE FUNCTION lab.log_claim();
"""


class Killer:
    """Ends delivers again and again: at any moment, or at a point that they pass."""

    def __init__(self, delivers, rng, every=(1, 4), passes=(5, 40)):
        """A kill `every` so many seconds; and at a point, when it was passed so often."""
        self.delivers, self.rng, self.every, self.passes, self.kills, self.at = delivers, rng, every, passes, 0, Counter()
        self.next = time.monotonic() + 3

    def __call__(self):
        for deliver in self.delivers:
            if not deliver.alive():
                expect(deliver.point and deliver.child.returncode == -signal.SIGKILL,
                       f"{deliver.name} ended by itself with {deliver.child.returncode}:\n{deliver.tail()}")
                self.at[deliver.point.split(":")[0]] += 1
                self.again(deliver)
        if time.monotonic() > self.next:
            deliver = self.rng.choice(self.delivers)
            deliver.kill()
            self.kills += 1
            self.again(deliver)
            self.next = time.monotonic() + self.rng.uniform(*self.every)

    def again(self, deliver):
        deliver.point = f"{self.rng.choice(POINTS)}:kill:{self.rng.randint(*self.passes)}" if self.rng.random() < 0.7 else None
        deliver.start()


class Backlog:
    """Whether delivers that die all the time are far behind the lanes. What waits for long is suppressed: what is to be shown are takeovers in
    the middle of sends."""

    def __init__(self, lab):
        self.lab, self.next, self.large = lab, 0, False

    def __call__(self):
        if time.monotonic() > self.next:
            self.large = self.lab.sql("""SELECT (SELECT coalesce(sum(json_array_length(said)), 0) FROM relevo.history WHERE said IS NOT NULL)
                                                - (SELECT count(DISTINCT id) FROM relevo.send) > %s""", BEHIND)[0][0]
            self.next = time.monotonic() + 1
        return self.large


# One rule of relevo.claim left out: (what it says, what the plant makes of it). NO_ORDER (a claim waits for earlier messages of its
# conversation) is shown by claims that in_order() makes itself: a deliver works on the first message of a conversation only, so no
# order of events was found that shows its absence there. The rule is for whoever claims in another way.
PLANTS = {
    "CLAIM_NOLOCK": ("WHERE v.id = p_conversation FOR SHARE;", "WHERE v.id = p_conversation; PERFORM pg_sleep(0.3);"),
    "NO_EPOCH": ("IF p_author <> 3 AND c.epoch <> p_epoch THEN",
                 "IF p_author <> 3 AND (SELECT owner FROM relevo.conversation WHERE id = p_conversation) = 3 THEN"),
    "RETRY_NOCLAIM": ("IF p_author <> 3 AND c.epoch <> p_epoch THEN",
                      "IF p_author <> 3 AND c.epoch <> p_epoch AND s.state IS NULL THEN"),
    "NO_ORDER": ("AND v.state IN (1, 2)", "AND false"),
    "DUP_SENDS": ("IF s.state >= 3 THEN", "IF s.state = 4 THEN"),
}
PLANTED = {"DUP_SENDS": (("WHERE v.state = 2 OR", "WHERE v.state <> 4 OR"),)}  # what else it takes


def plant(lab, name):
    """Replaces the claim by one without this rule."""
    source = (ROOT / "schemas/sql/010_identity_deliver.sql").read_text()
    text = source[source.index("CREATE OR REPLACE FUNCTION relevo.claim_known("):]
    text = text[:text.index("END $$;") + len("END $$;")]
    for old, new in (PLANTS[name], *PLANTED.get(name, ())):
        expect(old in text, f"{name}: the claim has changed, '{old}' is not in it")
        text = text.replace(old, new)
    lab.sql(text)


def judge_fence(lab):
    """The epoch in force when a bot message was claimed is the message's own. Returns how many claims there were."""
    epochs, crossed, claims = {}, [], 0
    for row in lab.sql("SELECT n, conversation_id::text, epoch, message::text, part, attempt, author FROM lab.fence ORDER BY n"):
        n, conversation, epoch, message, part, attempt, author = row
        if message is None:
            epochs[conversation] = epoch
            continue
        claims += 1
        if author != 3 and epochs[conversation] != epoch:
            crossed.append(row)
    expect(not crossed, f"{len(crossed)} bot messages were claimed after the ownership had changed: {crossed[:3]}")
    return claims


def judge(lab, api, wanted):
    """What was promised, from the API's own log, the topic and the rows."""
    rows = judge_sends(lab, [entry[:2] for entry in api.took], wanted)
    claims = judge_fence(lab)
    # What was claimed is in the history, above the takeover that came too late to stop it.
    shown = {message for message, in lab.sql("SELECT message_id FROM desk.history WHERE part > 0")}
    sends = lab.sql("SELECT id::text, conversation_id::text, lane, seq, epoch, author FROM relevo.send WHERE attempt > 0")
    hidden = [row for row in sends if row[0] not in shown]
    expect(not hidden, f"{len(hidden)} messages were claimed and are not in desk.history: {hidden[:3]}")
    takeovers = defaultdict(list)
    for conversation, lane, seq, epoch in lab.sql("SELECT conversation_id::text, lane, seq, epoch FROM desk.history "
                                                  "WHERE what = 'take_over'"):
        takeovers[conversation].append((lane, seq, epoch))
    below = [row for row in sends if row[5] != 3 and any(lane == row[2] and seq < row[3] and epoch > row[4]
                                                         for lane, seq, epoch in takeovers[row[1]])]
    expect(not below, f"{len(below)} messages are shown below the takeover that they came before: {below[:3]}")
    expect(takeovers, "the history shows no takeover")
    # The lanes know of each end that was no acceptance, once.
    told = defaultdict(int)
    for kind, data in lab.sql("SELECT type, decided FROM relevo.history WHERE kind = 10"):
        told[kind] += 1
    return claims, Counter(rows.values()), dict(told)


def in_order(lab):
    """Another worker may not claim a message while an earlier one of its conversation is under way."""
    conversation, lane = lab.sql("SELECT id::text, lane FROM relevo.conversation LIMIT 1")[0]
    ids, workers = [[f"0fffffff-0000-7000-8000-00000000{kind}{n}" for n in (1, 2)] for kind in ("aa0", "bb0")]

    def claim(n):
        return lab.sql("SELECT verdict FROM relevo.claim(%s, 0::smallint, %s, %s, 1, 0, 3::smallint, 'agent0', true, %s, 60000)",
                       ids[n], conversation, lane, workers[n])[0][0]

    def settle(n):
        expect(lab.sql("SELECT relevo.settle(%s, 0::smallint, %s, 1, 3::smallint, 'w', NULL, NULL)", ids[n], workers[n])[0][0],
               "a claim cannot be settled")

    expect(claim(0) == "claimed", "a person's message is not claimed")
    expect(claim(1) == "busy", "a message was claimed while an earlier one of its conversation was under way")
    settle(0)
    expect(claim(1) == "claimed", "a message is not claimed when the earlier one is over")
    settle(1)


def fence(seed, planted=None):
    """takeovers while two delivers are killed and the Cloud API misbehaves"""
    rng = random.Random(seed)
    api = CloudApi(seed, delay=(0, 0.25), refuse=0.06, never=0.02, cut=0.02, mute=0.02)
    with DeliverLab(api, "fence", partitions=4, batch_max=200, command_poll="200ms") as lab:
        lab.sql(LOGS)
        if planted:
            plant(lab, planted)
        agents, every, passes = (3, (1, 4), (5, 40)) if TAKEOVERS < 1000 else (6, (3, 10), (30, 300))  # who dies all the time sends little
        for i in range(agents):
            lab.sql("SELECT desk.put_agent(%s, %s, '{care}', '{}', '{}', 1000)", f"agent{i}", f"Agente {i}")
        lab.sql("SELECT desk.set_presence('agent0', 'online')")
        consumer = lab.start()
        lab.feed(generator(seed, 100, CONVERSATIONS, lab.partitions))
        delivers = [Deliver(lab, f"deliver{i}") for i in range(2)]
        lab.processes += delivers
        for deliver in delivers:
            deliver.wait_ready(60)
        killer, backlog = Killer(delivers, rng, every, passes), Backlog(lab)
        desktops = [Desktop(lab, f"agent{i}", seed, PAUSE_S) for i in range(agents)]
        began = time.monotonic()
        for desktop in desktops:
            desktop.start()
        until = began + max(600, 5 * TAKEOVERS)

        def enough():
            return sum(d.done["take_over"] for d in desktops) >= TAKEOVERS or time.monotonic() > until

        def events():
            for event in generator(seed + 1, 10**8, CONVERSATIONS, lab.partitions, handoffs=2):
                while backlog() and not enough():
                    killer()
                    time.sleep(0.01)
                if enough():
                    return
                yield event

        lab.feed(paced(events(), killer))
        for desktop in desktops:
            desktop.stop()
        for desktop in desktops:
            if desktop.mistake:
                raise desktop.mistake
        lab.flush()
        done = sum((d.done for d in desktops), Counter())
        took = time.monotonic() - began
        lab.wait_caught_up(120)
        for deliver in delivers:
            killer()
            deliver.kill()
            deliver.point = None
            deliver.start()
        api.refuse = api.never = api.cut = api.mute = 0.0
        api.delay = (0, 0)
        wanted = wait_sent(lab)
        lab.wait_caught_up(120)
        claims, states, told = judge(lab, api, wanted)
        in_order(lab)
        for process in delivers + [consumer]:
            process.stop(40)
        deadlocks = lab.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0]
        expect(deadlocks == 0, f"Postgres reports {deadlocks} deadlocks")
        expect(done["take_over"] >= TAKEOVERS, f"only {done['take_over']} of {TAKEOVERS} takeovers in {took:.0f} s")
        expect(states[5] > 0, "no message was suppressed: the test shows nothing")
        words = {3: "accepted", 4: "failed", 5: "suppressed", 6: "unknown"}
        print(f"{done['take_over']} takeovers in {took:.0f} s; {len(wanted)} messages, {claims} claims, {api.requests} requests; "
              f"{ {words[s]: n for s, n in states.items()} }; told to the lanes {told}; delivers killed {killer.kills} times, "
              f"and at points {dict(killer.at)}", flush=True)
    api.stop()


def paced(events, meanwhile):
    """At most RATE a second, and meanwhile() often."""
    began, n = time.monotonic(), 0
    for event in events:
        yield event
        n += 1
        while time.monotonic() < began + n / RATE:
            meanwhile()
            time.sleep(0.01)


def plants(seed):
    """each rule of the claim left out is found"""
    for name in PLANTS:
        for number in range(3):  # a race may not happen at once
            try:
                fence(seed + number, name)
            except TestFailure as found:
                print(f"planted {name}: found: {str(found).splitlines()[0]}", flush=True)
                break
        else:
            raise TestFailure(f"{name} was planted and not found")


if __name__ == "__main__":
    TAKEOVERS = option("--takeovers", 150)
    PLANTS_ONLY = "--plants" in sys.argv
    if PLANTS_ONLY:
        sys.argv.remove("--plants")
    sys.exit(run("fence", plants if PLANTS_ONLY else fence))
