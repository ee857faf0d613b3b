#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The takeover fence, at its only door: no bot message is claimed after a takeover committed, and none is sent twice.

    test_fence.py [SEED] [--takeovers N] [--plants]

Customers write, the bot answers, four delivers send through a Cloud API that is slow, refuses, and breaks off; desktops take over: anywhere, and
where a message of the bot waits for its claim, is claimed and not yet sent, is under way, was just sent. The delivers are killed with -9, now and
then exactly at a point. fence.py judges, and counts in which of these phases the takeovers came: each must have its share.

--plants leaves one rule of the claim out at a time (tests/model/takeover.pml has their names): each must be found.
"""
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "e2e")]
from fence import LOGS, NEAR_S, PHASES, Killer, judge_fence, judge_requests, phases  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import Deliver, DeliverLab, judge_sends, wait_sent  # noqa: E402
from lab.identity import event, send  # noqa: E402
from lab.stack import PATIENCE_S, ROOT, TestFailure, expect, generator, run  # noqa: E402
from test_takeovers import ROW, Desktop, option  # noqa: E402

CONVERSATIONS, RATE, PAUSE_S, BEHIND = 200, 40, 0.25, 100
COLUMNS = len(ROW.split(","))
PHASE_SHARE, LOOK_S = 0.1, 15  # of the takeovers, at least, in each phase of a send; how often it is looked at


class Taker(Desktop):
    """A desktop that aims at a phase of some bot message as often as it acts anywhere."""

    actions = {"bot": ((1, "take_over"), (1, "reply"), (1, "note")),
               "queued": ((3, "take_over"), (3, "resolve"), (2, "reply")),
               "human": ((1, "reply"), (8, "return_to_bot"), (3, "resolve"), (1, "note"), (1, "requeue"), (1, "take_over"), (1, "pass_on")),
               "closed": ((1, "take_over"), (2, "reply"))}

    def __init__(self, lab, api, backlog, aims, agent, seed, pause):
        """aims: {phase: how much it is wanted}."""
        super().__init__(lab, agent, seed, pause)
        self.api, self.backlog, self.aims, self.heard = api, backlog, aims, {}  # heard: {(conversation, epoch that it made): when}

    def act(self):
        if self.rng.random() < 0.5:
            if not self.backlog.large:  # what a desktop does brings forth messages
                super().act()
            return
        phases, weights = zip(*self.aims.items())
        row = getattr(self, self.rng.choices(phases, weights)[0])()
        if row:
            self.do("take_over", *row)

    def do(self, name, conversation, *rest):
        before = self.done["take_over"]
        epoch = super().do(name, conversation, *rest)
        if epoch is not None and self.done["take_over"] > before:
            self.heard[conversation, epoch] = time.time()

    def unclaimed(self):
        """One to whom the bot has said something that nobody has claimed, or that was refused and is to be claimed again."""
        return self.one_of("""SELECT h.conversation_id FROM relevo.lane l JOIN relevo.history h ON h.lane = l.lane AND h.seq > l.seq - 30,
                              json_array_elements(h.said) AS m
                              WHERE m ->> 'by' = 'bot' AND NOT EXISTS (SELECT FROM relevo.send s WHERE s.id = (m ->> 'id')::uuid)
                              UNION SELECT conversation_id FROM relevo.send WHERE state = 2 AND author <> 3""")

    def claimed(self):
        """One whose message is claimed, and the Cloud API has not heard of it."""
        return self.one_of("""SELECT conversation_id, id::text, part, attempt FROM relevo.send
                              WHERE state = 1 AND author <> 3 AND lease_until > clock_timestamp()""",
                           lambda message, part, attempt: self.api.arrived[message, part] < attempt)

    def requested(self):
        """One whose message the Cloud API has in hand."""
        return self.about(list(self.api.underway))

    def answered(self):
        """One whose message the Cloud API has just answered."""
        return self.about([r for r in self.api.log[-100:] if r.ended and r.ended > time.time() - NEAR_S / 2])

    def about(self, requests):
        return self.one_of("SELECT conversation_id FROM relevo.send WHERE id = ANY (%s::uuid[]) AND author <> 3", None,
                           [r.message for r in requests]) if requests else None

    def one_of(self, query, wanted=None, *args):
        """One of the conversations that the query names in its first column; wanted() is asked about the others."""
        cursor = self.connection.cursor()
        cursor.execute(f"SELECT {ROW}, q.* FROM desk.conversations JOIN ({query}) AS q USING (conversation_id) WHERE owner <> 'human'",
                       args or None)
        found = [row[:COLUMNS] for row in cursor if not wanted or wanted(*row[COLUMNS + 1:])]
        return self.rng.choice(found) if found else None


class Napping(Deliver):
    """Else there is hardly a moment between a claim and its request."""

    point = "claimed:sleep120:/4"


class Backlog:
    """Whether delivers that die all the time are far behind the lanes. What waits for long is suppressed: what is to be shown are takeovers in
    the middle of sends."""

    def __init__(self, lab):
        self.lab, self.next, self.large, self.said, self.seqs = lab, 0, False, 0, {lane: 0 for lane in range(lab.partitions)}

    def __call__(self):
        if time.monotonic() > self.next:
            for lane, seq, said in self.lab.sql("""SELECT h.lane, max(h.seq), coalesce(sum(json_array_length(h.said)), 0)
                                                   FROM unnest(%s, %s::bigint[]) AS u(lane, seq)
                                                   JOIN relevo.history h ON h.lane = u.lane AND h.seq > u.seq GROUP BY 1""",
                                                list(self.seqs), list(self.seqs.values())):
                self.seqs[lane] = seq
                self.said += said
            self.large = self.said - self.lab.sql("SELECT count(*) FROM relevo.send WHERE part = 0")[0][0] > BEHIND
            self.next = time.monotonic() + 1
        return self.large


def in_words(where):
    return ", ".join(f"{n} {PHASES.get(phase, phase)}" for phase, n in where.most_common())


class Enough:
    """Whether there were takeovers enough, in each phase too. Fails when nothing moves any more, however long the whole takes."""

    def __init__(self, lab, api, desktops, aims, share):
        self.lab, self.api, self.desktops, self.aims, self.share = lab, api, desktops, aims, share * TAKEOVERS
        self.seen, self.moved, self.next, self.reached = 0, time.monotonic(), time.monotonic() + LOOK_S, False

    def heard(self):
        return {key: when for desktop in self.desktops for key, when in list(desktop.heard.items())}

    def __call__(self):
        for desktop in self.desktops:
            if desktop.mistake:
                raise desktop.mistake
        now, n = time.monotonic(), sum(len(desktop.heard) for desktop in self.desktops)
        if n > self.seen:
            self.seen, self.moved = n, now
        expect(now < self.moved + PATIENCE_S, f"no takeover for {PATIENCE_S} s, after {n} of {TAKEOVERS}")
        if now < self.next or self.reached:
            return self.reached
        where = phases(self.lab, self.api, self.heard())
        self.next = time.monotonic() + LOOK_S
        self.aims.update((phase, 1 / (1 + where[phase])) for phase in PHASES)  # what is rare is wanted most
        print(f"{n} takeovers: {in_words(where)}", flush=True)
        # A fifth more than is asked for: what is known later moves some to another phase.
        self.reached = n >= TAKEOVERS and all(where[phase] >= 1.2 * self.share for phase in PHASES)
        return self.reached


# One rule of relevo.claim left out: (what it says, what the plant makes of it, the words in which it is found). NO_ORDER (a claim waits for earlier messages of its
# conversation) is shown by claims that in_order() makes itself: a deliver works on the first message of a conversation only, so no
# order of events was found that shows its absence there. The rule is for whoever claims in another way.
CROSSED = "after the ownership had changed"
PLANTS = {
    "CLAIM_NOLOCK": ("WHERE v.id = p_conversation FOR SHARE;", "WHERE v.id = p_conversation; PERFORM pg_sleep(0.1);", CROSSED),
    "NO_EPOCH": ("IF p_author <> 3 AND c.epoch <> p_epoch THEN",
                 "IF p_author <> 3 AND (SELECT owner FROM relevo.conversation WHERE id = p_conversation) = 3 THEN", CROSSED),
    "RETRY_NOCLAIM": ("IF p_author <> 3 AND c.epoch <> p_epoch THEN",
                      "IF p_author <> 3 AND c.epoch <> p_epoch AND s.state IS NULL THEN", CROSSED),
    "NO_ORDER": ("AND v.state IN (1, 2)", "AND false", "while an earlier one of its conversation"),
    "DUP_SENDS": ("IF s.state >= 3 THEN", "IF s.state = 4 THEN", "sent twice"),
}
PLANTED = {"DUP_SENDS": (("WHERE v.state = 2 OR", "WHERE v.state <> 4 OR"),)}  # what else it takes


def plant(lab, name):
    """Replaces the claim by one without this rule."""
    source = (ROOT / "schemas/sql/010_identity_deliver.sql").read_text()
    text = source[source.index("CREATE OR REPLACE FUNCTION relevo.claim_known("):]
    text = text[:text.index("END $$;") + len("END $$;")]
    for old, new in (PLANTS[name][:2], *PLANTED.get(name, ())):
        expect(old in text, f"{name}: the claim has changed, '{old}' is not in it")
        text = text.replace(old, new)
    lab.sql(text)


def judge(lab, api, wanted):
    """What was promised, from the API's own log, the topic and the rows."""
    rows = judge_sends(lab, [entry[:2] for entry in api.took], wanted)
    claims = judge_fence(lab)
    vain = judge_requests(lab, api)
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
    return claims, vain, Counter(rows.values()), dict(told)


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
    """takeovers at every phase of a send, while delivers are killed and the Cloud API misbehaves"""
    rng = random.Random(seed)
    api = CloudApi(seed, delay=(0, 0.25), refuse=0.06, never=0.02, cut=0.02, mute=0.02)
    with DeliverLab(api, "fence", partitions=4, batch_max=200, command_poll="200ms") as lab:
        lab.sql(LOGS)
        if planted:
            plant(lab, planted)
        agents, every, passes = (4, (2, 6), (5, 60)) if TAKEOVERS < 1000 else (10, (12, 30), (100, 1000))
        for i in range(agents):
            lab.sql("SELECT desk.put_agent(%s, %s, '{care}', '{}', '{}', 1000)", f"agent{i}", f"Agente {i}")
        lab.sql("SELECT desk.set_presence('agent0', 'online')")
        consumer = lab.start()
        lab.feed(generator(seed, 3 * CONVERSATIONS, CONVERSATIONS, lab.partitions))
        # Two groups, one of two members: who takes a dead one's partitions waits for the end of its session, 10 s; meanwhile the other group goes
        # on. And both have every message to claim. Who comes back reads again what came after the oldest message that waits: not for long.
        delivers = [Napping(lab, f"deliver{i}", RELEVO_DELIVER_GROUP=f"{lab.mark}-deliver{i // 2}", RELEVO_DELIVER_TIMEOUT="4s",
                            RELEVO_DELIVER_LEASE="8s", RELEVO_DELIVER_GIVE_UP="10s") for i in range(3)]
        lab.processes += delivers
        for deliver in delivers:
            deliver.wait_ready()
        killer, backlog = Killer(delivers, rng, every, passes, nap=Napping.point), Backlog(lab)
        aims = dict.fromkeys(PHASES, 1)
        desktops = [Taker(lab, api, backlog, aims, f"agent{i}", seed, PAUSE_S) for i in range(agents)]
        enough, began = Enough(lab, api, desktops, aims, 0 if planted else PHASE_SHARE), time.monotonic()
        for desktop in desktops:
            desktop.start()

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
        lab.flush()
        took = time.monotonic() - began
        lab.wait_caught_up()
        killer.spare()
        api.refuse = api.never = api.cut = api.mute = 0.0
        api.delay = (0, 0)
        wanted = wait_sent(lab)
        lab.wait_caught_up()
        claims, vain, states, told = judge(lab, api, wanted)
        heard = enough.heard()
        where = phases(lab, api, heard)
        in_order(lab)
        for process in delivers + [consumer]:
            process.stop(PATIENCE_S)
        deadlocks = lab.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")[0][0]
        expect(deadlocks == 0, f"Postgres reports {deadlocks} deadlocks")
        expect(states[5] > 0, "no message was suppressed: the test shows nothing")
        few = [words for phase, words in PHASES.items() if where[phase] < enough.share]
        expect(len(heard) >= TAKEOVERS and not few, f"of {len(heard)} takeovers too few came {', '.join(few)}: {dict(where)}")
        words = {3: "accepted", 4: "failed", 5: "suppressed", 6: "unknown"}
        print(f"{len(heard)} takeovers in {took:.0f} s, in the bot's nearest message: {in_words(where)}\n"
              f"{len(wanted)} messages, {claims} claims, {len(api.log)} requests, {vain} claims without one; "
              f"{ {words[s]: n for s, n in states.items()} }; told to the lanes {told}\n"
              f"delivers killed {killer.kills} times, and at points {dict(killer.at)}", flush=True)
    api.stop()


class Slow(Deliver):
    """Every claim takes its time."""

    point = "claimed:sleep15:/1"


def prompt(seed):
    """what is claimed is sent, and what is answered heard, at once: also when some hundred claims take longer than a request may last"""
    api = CloudApi(seed)
    with DeliverLab(api, "prompt", partitions=4) as lab:
        lab.start()
        send(lab, 0, *(event(n, wa_id=f"57{n:04}") for n in range(400)))
        lab.wait_caught_up()
        lab.processes.append(Slow(lab, "deliver"))
        wanted = wait_sent(lab)
        states = Counter(judge_sends(lab, [entry[:2] for entry in api.took], wanted).values())
        expect(states == {3: 400}, f"of 400 messages some were not accepted: {dict(states)}")
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
                expect(PLANTS[name][2] in str(found), f"{name} was planted, and what is found is: {found}")
                print(f"planted {name}: found: {str(found).splitlines()[0]}", flush=True)
                break
        else:
            raise TestFailure(f"{name} was planted and not found")


if __name__ == "__main__":
    TAKEOVERS = option("--takeovers", 150)
    PLANTS_ONLY = "--plants" in sys.argv
    if PLANTS_ONLY:
        sys.argv.remove("--plants")
    sys.exit(run("fence", *((plants,) if PLANTS_ONLY else (prompt, fence))))
