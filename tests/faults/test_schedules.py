#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Orders of events that chance seldom makes, forced: two consumers that both rightly believe that a lane is theirs, each
step of one put where the other least wants it. Each schedule is a trail that the model (tests/model) shows when a rule
is left out, played on the real system.

    test_schedules.py [SEED] [--only SCHEDULE] [--rounds N]

Both are assigned every lane because they are members of different groups: nothing here waits for a session to end.
"""
import random
import re
import secrets
import signal
import sys
import threading
import time
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import psycopg2  # noqa: E402
from confluent_kafka import Consumer, Producer, TopicPartition  # noqa: E402
from lab import metrics, proxy  # noqa: E402
from lab.stack import Lab, expect, run  # noqa: E402
from lab.stack import generator  # noqa: E402
import parts  # noqa: E402
from points import Load, arm, option, passed, stopped, wait  # noqa: E402

CONVERSATIONS, ROUNDS, ONLY = 60, option("--rounds", 1), option("--only", "")
REFUSED = "publishing again: |belongs to somebody else"
HOLD = "sleep600000"


class Two(Lab):
    """One lane, small batches, and consumers of two groups."""

    def __init__(self, name, partitions=1, **consume):
        super().__init__(name, partitions=partitions, **{"batch_max": 10, "command_poll": "200ms", **consume})
        self.go = self.folder / "go"

    def begin(self, name, point=None, ready=False):
        environment = {"RELEVO_CONSUME_GROUP": f"{self.mark}-{name}", "RELEVO_POINT_GO": str(self.go)}
        if point:
            environment["RELEVO_POINT"] = point
        process = self.start(name, ready=ready, **environment)
        process.mark = 0
        return process

    def feed_until(self, events, condition, words, single=False):
        """Some events, and again, until it is so. single: each with a time of its own."""
        until = time.monotonic() + 90
        while not condition():
            for _ in range(10 if single else 1):
                self.feed(islice(events, 1 if single else 10))
            for process in self.processes:  # one that was killed has status -9
                expect(process.child.poll() in (None, -signal.SIGKILL), f"{process.name} ended by itself:\n{process.tail()}")
            expect(time.monotonic() < until, words + "\n" + "\n".join(p.tail() for p in self.processes))
            time.sleep(0.05)

    def committed_end(self, topic="relevo.progress.v1"):
        consumer = Consumer({"bootstrap.servers": self.kafka, "group.id": "lab", "isolation.level": "read_committed"})
        end = consumer.get_watermark_offsets(TopicPartition(self.prefix + topic, 0), timeout=30)[1]
        consumer.close()
        return end

    def end(self, process, events):
        """Some more work, and then everything is right."""
        self.feed(islice(events, 50))
        self.wait_caught_up(120)
        process.stop(60)
        self.check()


def sleeping(lab, point, after, events, single=False):
    """A consumer that stopped itself at a point with work in hand."""
    first = lab.begin("first", f"{point}:stop:{after}")
    lab.feed_until(events, lambda: passed(first, point) and stopped(first), f"the first never came to {point}", single)
    return first


def wake_and_refuse(lab, first, events):
    """It goes on with what it had in hand, is told that it is nobody any more, and dies before it can begin anew."""
    first.child.send_signal(signal.SIGCONT)
    lab.feed_until(events, lambda: re.search(REFUSED, first.log.read_text()), "the first was never refused:")
    first.kill()


def stale_publish(seed):
    """a consumer wakes with an open Kafka transaction, of either producer, when another has taken the lane and rests"""
    for after in (1, 2) * ROUNDS:
        with Two("stale") as lab:
            events = iter(generator(seed, 10**6, CONVERSATIONS, 1))
            first = lab.begin("first", f"begun:stop:{after}", ready=True)
            while not stopped(first):  # one by one: when it stops, nothing waits that the second would publish later
                decided = lab.decided() + lab.feed(islice(events, 1))
                wait(lambda: lab.decided() >= decided or stopped(first), lambda: f"the first decides nothing:\n{first.tail()}")
                until = time.monotonic() + 0.2
                while not stopped(first) and time.monotonic() < until:
                    time.sleep(0.01)
            second = lab.begin("second", ready=True)
            lab.wait_caught_up(90)
            before = lab.committed_end()
            first.child.send_signal(signal.SIGCONT)
            wait(lambda: re.search(REFUSED, first.log.read_text()) or lab.committed_end() > before,
                 lambda: f"the first neither publishes nor is it refused:\n{first.tail()}")
            wake_and_refuse(lab, first, events)
            lab.end(second, events)


def stale_commit(seed):
    """a consumer wakes with a decided batch, when another has taken the lane and decided it behind a command"""
    for after in (3, 6) * ROUNDS:
        with Two("batch") as lab:
            events = iter(generator(seed, 10**6, CONVERSATIONS, 1))
            first = sleeping(lab, "stepped", after, events, True)
            # Else history's key, of sequence and time, would refuse what the lane's row did not.
            lab.sql("SELECT desk.put_agent('agent0', 'Agente', '{care}', '{}', '{}', 1000)")
            lab.sql("SELECT desk.note(id, 'agent0', 'one more in the sequence') FROM relevo.conversation LIMIT 1")
            second = lab.begin("second", ready=True)
            lab.wait_caught_up(90)
            wake_and_refuse(lab, first, events)
            lab.end(second, events)


def late_progress(seed):
    """the predecessor publishes once more, after its successor took Postgres's fence and before it takes Kafka's"""
    for after in (1, 2) * ROUNDS:
        with Two("progress") as lab:
            events = iter(generator(seed, 10**6, CONVERSATIONS, 1))
            first = sleeping(lab, "begun", after, events)
            second = lab.begin("second", f"producer_made:{HOLD}")
            wait(lambda: passed(second, "producer_made"), lambda: f"the second takes nothing:\n{second.tail()}", 90)
            before = lab.committed_end()
            first.child.send_signal(signal.SIGCONT)
            wait(lambda: lab.committed_end() > before, lambda: f"the first published nothing:\n{first.tail()}")
            first.kill()
            lab.go.touch()
            second.wait_ready(90)
            lab.end(second, events)


def late_fence(seed):
    """the predecessor commits once more while its successor is between two steps of taking the fence and reading the offsets"""
    for _ in range(ROUNDS):
        with Two("fence") as lab:
            events = iter(generator(seed, 10**6, CONVERSATIONS, 1))
            lab.sql("SELECT desk.put_agent('agent0', 'Agente', '{care}', '{}', '{}', 1000)")
            first = lab.begin("first", "begun:stop:3", ready=True)
            for _ in range(2):  # a transaction each
                before = lab.committed_end()
                lab.feed(islice(events, 1))
                wait(lambda: lab.committed_end() > before, lambda: f"the first publishes nothing:\n{first.tail()}")
            second = lab.begin("second", f"fence_taken:{HOLD}")
            wait(lambda: passed(second, "fence_taken"), lambda: f"the second takes nothing:\n{second.tail()}", 90)
            lab.feed(islice(events, 1))
            # What it commits now it must not publish: else the progress alone would tell the second.
            wait(lambda: stopped(first) or re.search(REFUSED, first.log.read_text()),
                 lambda: f"the first neither works nor is it refused:\n{first.tail()}")
            first.kill()
            lab.sql("SELECT desk.note(id, 'agent0', 'one more in the sequence') FROM relevo.conversation LIMIT 1")
            lab.go.touch()
            second.wait_ready(90)
            lab.end(second, events)


def late_commit(seed):
    """the predecessor commits batch after batch until the very moment at which its successor takes the lane"""
    for after in (2, 5) * ROUNDS:
        with Two("moment") as lab:
            events = iter(generator(seed, 10**6, CONVERSATIONS, 1))
            first = sleeping(lab, "advanced", after, events)  # it holds the lane's row
            second = lab.begin("second")
            blocked = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                         AND wait_event_type = 'Lock' AND query LIKE '%lane_assign%'"""
            wait(lambda: lab.sql(blocked)[0][0] or "ended the connection" in second.log.read_text(),
                 lambda: f"the second does not ask for the lane:\n{second.tail()}", 90)
            first.child.send_signal(signal.SIGCONT)
            lab.feed_until(events, lambda: re.search(REFUSED + "|Postgres: ", first.log.read_text()),
                           "the first was never refused:")
            first.kill()
            second.wait_ready(90)
            lab.end(second, events)


def fight(seed):
    """two groups by mistake: each is given all lanes, and they take them from each other while customers write"""
    with Two("fight", partitions=3) as lab:
        first, second = lab.begin("first"), lab.begin("second")
        fences = set()

        def fought():
            fences.update(bytes(f) for f, in lab.sql("SELECT fence FROM relevo.lane"))
            return len(fences) >= 40 * ROUNDS
        with Load(lab, seed, 300, CONVERSATIONS, desktops=1):
            wait(fought, lambda: f"only {len(fences)} times was a lane taken:\n{first.tail()}", 180 * ROUNDS)
            second.kill()
            first.wait_ready(90)
        print(f"lanes were taken {len(fences)} times", flush=True)
        lab.wait_caught_up(120)
        first.stop(60)
        lab.check()


def stale_copy(seed):
    """a lane comes back to a consumer that remembers a conversation as it was before others decided on it"""
    with Two("copy") as lab:
        first = lab.begin("first", ready=True)
        lab.sql("SELECT desk.put_agent('agent0', 'Agente', '{care}', '{}', '{}', 1000)")
        events = list(islice(generator(seed, 10**6, CONVERSATIONS, 1), 200))
        lab.feed(events)
        lab.wait_caught_up(90)
        first.child.send_signal(signal.SIGSTOP)
        second = lab.begin("second", ready=True)
        lab.sql("SELECT desk.take_over(id, 'agent0') FROM relevo.conversation WHERE owner = 1")
        wait(lambda: not lab.sql("SELECT count(*) FROM relevo.command")[0][0],
             lambda: f"the second decides no command:\n{second.tail()}", 90)
        second.kill()
        first.child.send_signal(signal.SIGCONT)
        lab.feed(events[-50:])  # WhatsApp tells things twice
        lab.end(first, iter(events[:50]))


# Once, at the last step of a commit: nothing real is refused there at will, and 40P01 is what Postgres says of a deadlock.
REFUSE_ONCE = """
CREATE SEQUENCE lab.tries;
CREATE FUNCTION lab.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NEW.seq = {} AND nextval('lab.tries') = 1 THEN RAISE EXCEPTION 'refused once' USING ERRCODE = '40P01'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON relevo.history FOR EACH ROW EXECUTE FUNCTION lab.refuse();
"""


class Behind(Two):
    """A lane that decided 50 events and lies behind by some more, so that it goes ahead when it is started again."""

    def __init__(self, name):
        # No poll for commands, and in an open transaction Postgres does not announce any: nothing keeps it from that.
        super().__init__(name, command_poll="60s", linger="1s")

    def fall_behind(self, seed, again=0):
        """again: so many of the third batch's events come once more, as its fourth. Returns the process, stopped, and the events that are left."""
        events = list(islice(generator(seed, 10**6, 12, 1), 200))
        self.sql("SELECT desk.put_agent('agent0', 'Agente', '{care}', '{}', '{}', 1000)")
        process = self.begin("first", ready=True)
        self.feed(events[:50])
        self.wait_caught_up(90)
        process.stop(60)
        self.feed(events[50:80])
        time.sleep(0.05)  # else history's key, of sequence and time, would refuse what nobody threw away
        self.feed(events[80 - again:80] + events[80:120])
        return process, iter(events[120:])


def refused_ahead(seed):
    """Postgres refuses a batch at its end, and a desktop takes its conversations: the next one, stepped on top of it, is decided anew"""
    for repeats in (True, False) * ROUNDS:
        with Behind("ahead") as lab:
            # WhatsApp tells the third batch twice: the fourth writes nothing, so that no version is compared.
            process, events = lab.fall_behind(seed, 10 if repeats else 0)
            lab.sql(REFUSE_ONCE.format(lab.decided() + 30))  # the last row of the third batch
            arm(process, f"conflicted:{HOLD}", "ahead_stepped:sleep1:/1")
            process.start()
            wait(lambda: passed(process, "conflicted"), lambda: f"the third batch is not refused:\n{process.tail()}", 90)
            ahead = process.log.read_text().count("at point ahead_stepped")
            expect(ahead == 3, f"{ahead} batches were stepped ahead, the one behind the refused not among them: nothing was shown")
            taken = lab.sql("SELECT count(desk.take_over(id, 'agent0')) FROM relevo.conversation WHERE owner = 1")[0][0]
            lab.go.touch()
            wait(lambda: not lab.sql("SELECT count(*) FROM relevo.command")[0][0],
                 lambda: f"the takeovers are not decided:\n{process.tail()}")
            lab.wait_caught_up(90)
            expect(taken and metrics.Metrics(process)("relevo_conflicts_total"), f"{taken} taken: nothing was shown")
            lab.end(process, events)


def stale_ahead(seed):
    """a consumer sleeps while its thread streams history and the next batch is stepped: its successor ends that, and no desktop waits longer"""
    for after in (1, 2) * ROUNDS:
        with Behind("thread") as lab:
            first, events = lab.fall_behind(seed)
            arm(first, "copying:sleep2000:/1", f"ahead_stepped:stop:{after}")
            first.start()
            wait(lambda: passed(first, "ahead_stepped") and stopped(first), lambda: f"the first steps nothing ahead:\n{first.tail()}", 90)
            taken = []
            desktop = threading.Thread(daemon=True, target=lambda: taken.extend(
                lab.sql("SELECT desk.take_over(id, 'agent0') FROM relevo.conversation WHERE owner = 1 ORDER BY id")))
            desktop.start()
            second = lab.begin("second", ready=True)
            desktop.join(60)
            expect(taken, f"the desktop still waits:\n{second.tail()}")
            expect("ended the connection" in second.log.read_text(), f"the first held nothing: nothing was shown\n{second.tail()}")
            lab.wait_caught_up(90)
            first.child.send_signal(signal.SIGCONT)
            lab.feed_until(events, lambda: re.search(REFUSED + "|Postgres: ", first.log.read_text()), "the first was never refused:")
            first.kill()
            lab.end(second, events)


def unknown_commit(seed):
    """a COMMIT of Postgres that does not arrive, whose answer is lost, or that is carried out after its client is gone"""
    with parts.Parts("commits", proxied=("postgres",), partitions=1, batch_max=40) as lab:
        process = lab.start("first")
        with parts.Load(lab, seed):
            lab.wait_works([process])
            for what in ("late", "lost", "unheard", "late", "lost", "late") * ROUNDS:
                parts.cut_commit(lab, [process], what, 0.6)
        parts.finish(lab, [process])


def intruders(seed):
    """somebody takes Postgres's fence, or one producer's in Kafka, and goes away: the lane is assigned again, and heals"""
    rng = random.Random(seed)
    with Two("intruder", partitions=2) as lab:
        process = lab.begin("first", ready=True)
        with Load(lab, seed, 200, CONVERSATIONS, desktops=0):
            for _ in range(6 * ROUNDS):
                lane, postgres, kafka = rng.randrange(2), rng.random() < 0.4, rng.randrange(2)
                before = dict(lab.sql("SELECT lane, published FROM relevo.lane"))
                if postgres:
                    lab.sql("UPDATE relevo.lane SET fence = %s WHERE lane = %s", secrets.token_bytes(16), lane)
                else:
                    Producer({"bootstrap.servers": lab.kafka, "log_level": 0,
                              "transactional.id": f"{lab.mark}-lane-{lane}-{kafka}"}).init_transactions(30)
                # What is published later is told by the row of a later commit.
                wait(lambda: all(now > before.get(number, 0) + 50
                                 for number, now in lab.sql("SELECT lane, published FROM relevo.lane")),
                     lambda: f"a lane does not go on after its {'Postgres' if postgres else 'Kafka'} fence was taken:\n"
                     + process.tail(), 120)
        said = process.log.read_text()
        expect(re.search(REFUSED, said), "nobody was refused: nothing was shown")
        lab.wait_caught_up(120)
        process.stop(60)
        lab.check()


def stopped_healing(seed):
    """a consumer is told to stop while it heals: what it committed is published before it leaves"""
    with Two("healing") as lab:
        process, events = lab.begin("first", f"healing:{HOLD}", ready=True), iter(generator(seed, 10**6, CONVERSATIONS, 1))
        for kafka in range(2):
            Producer({"bootstrap.servers": lab.kafka, "log_level": 0, "transactional.id": f"{lab.mark}-lane-0-{kafka}"}).init_transactions(30)
        lab.feed(islice(events, 50))
        wait(lambda: passed(process, "healing"), lambda: f"it does not heal:\n{process.tail()}", 90)
        threading.Timer(1, lab.go.touch).start()
        process.stop(60)
        expect(lab.decided(), "nothing was committed: nothing was shown")
        second = lab.begin("second", ready=True)
        lab.end(second, events)
        expect("not yet published" not in second.log.read_text(), f"the first left something behind:\n{process.tail()}\n{second.tail()}")


def late_command(seed):
    """a desktop commits a command after a younger one was decided: it is decided all the same"""
    with Two("command") as lab:
        process, events = lab.begin("first", ready=True), iter(generator(seed, 10**6, CONVERSATIONS, 1))
        lab.sql("SELECT desk.put_agent('agent0', 'Agente', '{care}', '{}', '{}', 1000)")
        lab.feed(islice(events, 100))
        lab.wait_caught_up(90)
        older, younger = [c for c, in lab.sql("SELECT id::text FROM relevo.conversation WHERE owner = 1 LIMIT 2")]
        slow = psycopg2.connect(lab.postgres)
        slow.cursor().execute("SELECT desk.take_over(%s, 'agent0')", (older,))
        lab.sql("SELECT desk.take_over(%s, 'agent0')", younger)
        wait(lambda: not lab.sql("SELECT count(*) FROM relevo.command")[0][0],
             lambda: f"the younger command is not decided:\n{process.tail()}")
        slow.commit()
        slow.close()
        lab.end(process, events)


# A request of API 26, EndTxn, on one of the lanes' producers: length, key, version, correlation, client id.
END_TXN = re.compile(rb"\x00\x00[\x00-\xff]{2}\x00\x1a\x00[\x00-\x05]")


class Unanswered(proxy.Trap):
    """A commit of a Kafka transaction arrives; its answer, and every later one of its connection, does not."""

    def __init__(self):
        super().__init__("unheard", seconds=120)

    def where(self, link, data):
        found = END_TXN.search(data)
        return found.start() if found else None


def unheard(seed):
    """Kafka commits a transaction and its answer is lost: new producers read how far it came"""
    with parts.Parts("unheard", proxied=("kafka",), partitions=1, transaction_timeout="3s", batch_max=40) as lab:
        process = lab.start("first")
        with parts.Load(lab, seed):
            lab.wait_works([process])
            for _ in range(2 * ROUNDS):
                trap = lab.proxies["kafka"].set_trap(Unanswered())
                expect(trap.sprung.wait(90), "no transaction was committed for 90 s, to be cut")
                lab.wait_works([process])
        parts.finish(lab, [process])
        expect("publishing again: " in process.log.read_text(), "no answer was missed: nothing was shown")


SCHEDULES = (stale_publish, stale_commit, late_progress, late_fence, late_commit, fight, stale_copy, unknown_commit, intruders,
             stopped_healing, late_command, unheard, refused_ahead, stale_ahead)

if __name__ == "__main__":
    chosen = [s for s in SCHEDULES if ONLY in ("", s.__name__)]
    if not chosen:
        sys.exit(f"there is no schedule {ONLY}: " + " ".join(s.__name__ for s in SCHEDULES))
    sys.exit(run("schedules", *chosen))
