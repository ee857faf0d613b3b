# SPDX-License-Identifier: Apache-2.0
"""What the tests of parts that go away share: a lab with servers of its own, customers and desktops all the while, and
what the log says meanwhile.

Each fault must end the same way: the lanes work on by themselves, the checker finds nothing, and the log named what was
waited for, once and not in a flood.
"""
import random
import re
import sys
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import psycopg2  # noqa: E402
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition  # noqa: E402
from lab import servers  # noqa: E402
from lab.proxy import Proxy, Trap  # noqa: E402
from lab.stack import Lab, TestFailure, expect, generator  # noqa: E402

CONVERSATIONS, RATE, AGENTS, PAUSE = 300, 250, 2, 0.3
HEAL_S = 240  # far more than it takes: the machine may be busy with others
# A lane may say what it waits for, that it works again, and a few words when the trouble changes its kind.
LINES_A_LANE = 6
OUTPUTS = [f"relevo.{name}.v1" for name in ("decisions", "ownership", "outbound", "effects", "progress")]  # of a lane alone
ACTIONS = {  # what a desktop does, by the conversation's owner
    "bot": ("desk.take_over(%(id)s, %(agent)s, %(epoch)s)",),
    "queued": ("desk.take_over(%(id)s, %(agent)s, %(epoch)s)", "desk.resolve(%(id)s, %(agent)s, 'listo')"),
    "human": ("desk.reply(%(id)s, %(owner)s, 'Buenas, le ayudo.')", "desk.return_to_bot(%(id)s, %(owner)s)",
              "desk.resolve(%(id)s, %(owner)s, 'listo')"),
    "closed": ("desk.take_over(%(id)s, %(agent)s, %(epoch)s)",),
}


class Parts(Lab):
    """A lab whose Kafka and Postgres belong to it. Relevo reaches each through a proxy if `proxied` says so; the test
    itself and the checker always directly."""

    def __init__(self, name, proxied=(), disk=None, partitions=4, settings=None, **consume):
        super().__init__(name, partitions=partitions, **{"postgres_timeout": "2s", "transaction_timeout": "5s", **consume})
        self.proxies = {part: Proxy(servers.port()) for part in proxied}
        self.disk, self.settings = disk or {}, settings or {}
        self.pg = self.broker = None
        self.ended = set()  # lanes in which a transaction without an end was ended

    def __enter__(self):
        try:
            self.pg = servers.Postgres(self.disk.get("postgres"), **self.settings)
            behind = self.proxies.get("kafka")
            self.broker = servers.Kafka(self.disk.get("kafka"), behind.port if behind else None)
            self.pg.start()
            self.broker.start()
            for part, proxy in self.proxies.items():
                proxy.start(self.broker.behind if part == "kafka" else self.pg.port)
            self.kafka, self.server = self.broker.address(), self.pg.url()
            self.postgres = self.pg.url(self.database)
            self.producer = Producer({"bootstrap.servers": self.kafka, "acks": "all", "enable.idempotence": True,
                                      "linger.ms": 5, "log_level": 0})
            return super().__enter__()
        except BaseException:
            self.clean()
            raise

    def clean(self):
        if self.connection:
            self.connection.close()
        for proxy in self.proxies.values():
            proxy.stop()
        for server in (self.pg, self.broker):
            if server:
                server.remove()
        self.proxies, self.pg, self.broker = {}, None, None

    def write_config(self):
        direct = self.kafka, self.postgres
        if "kafka" in self.proxies:
            self.kafka = f"127.0.0.1:{self.proxies['kafka'].port}"
        if "postgres" in self.proxies:
            self.postgres = self.pg.url(self.database, self.proxies["postgres"].port)
        super().write_config()
        self.kafka, self.postgres = direct

    def sql(self, query, *args):
        """Again with a new connection while Postgres is away: only for what may be done twice."""
        until = time.monotonic() + HEAL_S
        while True:
            try:
                return super().sql(query, *args)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
                try:
                    self.connection = psycopg2.connect(self.postgres, connect_timeout=5)
                    self.connection.autocommit = True
                except psycopg2.OperationalError:
                    pass  # the next turn tries again

    def flush(self):
        left = self.producer.flush(HEAL_S)
        expect(left == 0, f"{left} events could not be produced")

    def standing(self):
        """(decided, known to be published), of all lanes together."""
        return self.sql("SELECT coalesce(sum(seq), 0)::bigint, coalesce(sum(published), 0)::bigint FROM relevo.lane")[0]

    def wait_works(self, processes, seconds=HEAL_S):
        """Until every lane decided and published more than now; customers must be writing."""
        before = dict(self.sql("SELECT lane, seq FROM relevo.lane"))
        until = time.monotonic() + seconds
        while True:
            now = dict(self.sql("SELECT lane, published FROM relevo.lane"))
            waiting = [lane for lane in range(self.partitions) if now.get(lane, 0) <= before.get(lane, 0)]
            if not waiting:
                return
            for process in processes:
                expect(process.alive(), f"{process.name} ended by itself ({process.child.returncode}):\n{process.tail()}")
            expect(time.monotonic() < until, f"lanes {waiting} do not work again after {seconds} s:\n"
                   + "\n".join(p.tail() for p in processes))
            for lane in waiting:
                said = [line for p in processes for line in p.tail(100).splitlines() if f" lane {lane}: " in line]
                if said and " is open since offset " in said[-1] or lane in self.ended and "Kafka says event" in said[-1]:
                    self.end_open(lane)
            time.sleep(0.1)

    def end_open(self, lane):
        """What an operator does about a transaction whose end a killed Kafka forgot: docs/operating.md, A transaction without an end."""
        self.ended.add(lane)
        try:
            open_in = [topic for topic in OUTPUTS if self.end(topic, lane, "read_committed") < self.end(topic, lane, "read_uncommitted")]
            print(f"  lane {lane}: Kafka forgot the end of a transaction in {open_in}: it is ended", flush=True)
            for turn in range(2 if open_in else 0):  # one of the lane's two producers began it
                producer = Producer({"bootstrap.servers": self.kafka, "transactional.id": f"{self.mark}-lane-{lane}-{turn}",
                                     "log_level": 0})
                producer.init_transactions(60)
                producer.begin_transaction()
                for topic in open_in:
                    producer.produce(self.prefix + topic, b"never", partition=lane)
                producer.flush(60)
                producer.abort_transaction(60)
            # Where Kafka had called it committed, Postgres knows more than readers see.
            self.sql("UPDATE relevo.lane SET published = least(published, %s) WHERE lane = %s", self.progress(lane), lane)
        except KafkaException as mistake:  # the lane tried again meanwhile, and fenced this; who waits looks again
            print(f"  lane {lane}: {mistake}", flush=True)

    def end(self, topic, lane, isolation):
        """Where the partition ends for readers of this isolation."""
        consumer = Consumer({"bootstrap.servers": self.kafka, "group.id": "lab", "isolation.level": isolation, "log_level": 0})
        try:
            return consumer.get_watermark_offsets(TopicPartition(self.prefix + topic, lane), timeout=60)[1]
        finally:
            consumer.close()

    def progress(self, lane):
        """The last sequence that readers of the progress topic see."""
        consumer = Consumer({"bootstrap.servers": self.kafka, "group.id": "lab", "isolation.level": "read_committed", "log_level": 0,
                             "enable.partition.eof": True, "enable.auto.commit": False})
        consumer.assign([TopicPartition(self.prefix + OUTPUTS[-1], lane, 0)])
        seq, until = 0, time.monotonic() + HEAL_S
        while not ((record := consumer.poll(1)) and record.error()):
            expect(time.monotonic() < until, f"{OUTPUTS[-1]}[{lane}] cannot be read")
            if record:
                seq = self.schemas.decode(record.value())["seq"]
        consumer.close()
        return seq


class Load:
    """Customers write and desktops act, whatever is away. Use it in a `with`."""

    def __init__(self, lab, seed, rate=RATE):
        self.lab, self.seed, self.rate, self.pause = lab, seed, rate, PAUSE
        self.ending, self.mistakes, self.done = threading.Event(), [], Counter()
        self.threads = [threading.Thread(target=self.guard, args=(self.customers,), daemon=True)]
        self.threads += [threading.Thread(target=self.guard, args=(self.desktop, i), daemon=True) for i in range(AGENTS)]

    def __enter__(self):
        for i in range(AGENTS):
            self.lab.sql("SELECT desk.put_agent(%s, %s, '{care}', '{}', '{}', 1000)", f"agent{i}", f"Agente {i}")
        self.lab.sql("SELECT desk.set_presence('agent0', 'online')")
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, mistake, trace):
        self.ending.set()
        for thread in self.threads:
            thread.join(HEAL_S)
            if mistake is None:
                expect(not thread.is_alive(), "customers or desktops hang")
        if mistake is None:
            expect(not self.mistakes, f"customers or desktops failed: {self.mistakes}")
            self.lab.flush()
            print(f"{self.lab.name}: {self.done['events']} events, {self.done['desk']} acts of desktops, "
                  f"{self.done['away']} more found no database", flush=True)
            expect(self.done["desk"] > 0, "no desktop could do anything: nothing was shown about commands")

    def guard(self, work, *args):
        try:
            work(*args)
        except Exception as mistake:  # told at the end, which fails the test
            self.mistakes.append(repr(mistake))

    def customers(self):
        schema, began = self.lab.schemas["WhatsAppEvent"], time.monotonic()
        for partition, key, event in generator(self.seed, 10**7, CONVERSATIONS, self.lab.partitions):
            if self.ending.is_set():
                return
            self.lab.produce(partition, key, schema.encode(event))
            self.done["events"] += 1
            if self.done["events"] % 10 == 0:
                self.lab.producer.poll(0)
                time.sleep(max(0, began + self.done["events"] / self.rate - time.monotonic()))

    def desktop(self, number):
        rng, connection = random.Random(f"{self.seed}{number}"), None
        while not self.ending.is_set():
            try:
                if connection is None or connection.closed:
                    connection = psycopg2.connect(self.lab.postgres, connect_timeout=3)
                    connection.autocommit = True
                self.act(rng, connection.cursor(), f"agent{number}")
                time.sleep(rng.random() * self.pause)
            except psycopg2.Error:  # away, read-only, full: a desktop tries again, too
                self.done["away"] += 1
                if connection:
                    connection.close()
                time.sleep(0.2)
        if connection:
            connection.close()

    def act(self, rng, cursor, me):
        cursor.execute("""SELECT conversation_id::text, owner, epoch, agent_id FROM desk.conversations
                          OFFSET floor(%s * (SELECT count(*) FROM desk.conversations)) LIMIT 1""", (rng.random(),))
        row = cursor.fetchone()
        if row is None:
            return
        conversation, owner, epoch, agent = row
        acting = agent if owner == "human" and agent != "business_phone" else me
        act = rng.choice(ACTIONS[owner if agent != "business_phone" else "bot"])
        cursor.execute(f"SELECT done FROM {act}", {"id": conversation, "agent": me, "owner": acting, "epoch": epoch})
        self.done["desk" if cursor.fetchone()[0] else "refused"] += 1


# ---- what the log says

LINE = re.compile(r"^\S+ +(error|warn|info) +([a-z]+(?: \d+)?): (.*)$")


class Listener:
    """The lines of the processes' logs from one moment on."""

    def __init__(self, processes):
        self.since, self.began = [(p, p.log.stat().st_size) for p in processes], time.monotonic()

    def lines(self):
        found = []
        for process, start in self.since:
            text = process.log.read_bytes()[start:].decode(errors="replace")
            found += [match.groups() for match in map(LINE.match, text.splitlines()) if match]
        return found

    def report(self):
        return "\n".join(": ".join(line) for line in self.lines())

    def expect_said(self, pattern, lanes=LINES_A_LANE, others=12):
        """Somebody named the trouble (pattern None: it may have been too short), and nobody flooded the log: at most so
        many lines of each lane, and of the rest."""
        lines = self.lines()
        named = [line for line in lines if line[0] != "info" and re.search(pattern or ".", f"{line[1]}: {line[2]}")]
        expect(named or not pattern, f"nobody said what it waits for ({pattern}):\n{self.report()}")
        # What lasts is said again, and a busy machine makes it last.
        later = (time.monotonic() - self.began) / 10
        counts = Counter(who if who.startswith("lane ") else "others" for _, who, _ in lines)
        flood = {who: n for who, n in counts.items() if n > (later + (others if who == "others" else lanes)) * len(self.since)}
        expect(not flood, f"a flood of lines, {flood}:\n{self.report()}")
        print(f"    said {len(named)} times in {len(lines)} lines: " + ": ".join(named[0][1:] if named else "")[:120],
              flush=True)


def answers(process, seconds=60):
    """Liveness and metrics answer 200 whatever is away."""
    until = time.monotonic() + seconds
    while True:
        health, metrics = process.get("/healthz"), process.get("/metrics")
        if health[0] == 200 and metrics[0] == 200:
            expect("relevo_build_info" in metrics[1], "/metrics says nothing")
            return
        expect(process.alive(), f"{process.name} ended by itself:\n{process.tail()}")
        expect(time.monotonic() < until, f"/healthz says {health}, /metrics {metrics[0]}:\n{process.tail()}")
        time.sleep(0.5)


def not_ready(process, seconds=HEAL_S):
    """/readyz comes to say that it does not work; returns its words."""
    until = time.monotonic() + seconds
    while True:
        status, words = process.get("/readyz")
        if status == 503:
            return words.strip()
        expect(time.monotonic() < until, f"/readyz still says {status} after {seconds} s:\n{process.tail()}")
        time.sleep(0.2)


def finish(lab, processes):
    """Everything is decided, the processes leave in order, and everything is right."""
    lab.sql("SELECT desk.set_presence(agent_id, 'offline') FROM desk.agents")  # else one may be given a conversation at the last moment
    time.sleep(1)
    lab.wait_caught_up(HEAL_S)
    for process in processes:
        process.stop(40)
    lab.check()


def fault(lab, processes, name, away, back, says, hold_s=0.0, ready=True, lines=LINES_A_LANE):
    """One fault from its beginning to its end: away(), so long, back(), and the lanes heal."""
    began = time.monotonic()
    listener = Listener(processes)
    away()
    until = time.monotonic() + hold_s
    if ready:
        for process in processes:
            not_ready(process)
    while time.monotonic() < until:
        for process in processes:
            answers(process)
        time.sleep(1)
    back()
    returned = time.monotonic()
    lab.wait_works(processes)
    print(f"  {name}: away {returned - began:.1f} s, all lanes work {time.monotonic() - returned:.1f} s later", flush=True)
    listener.expect_said(says, lines)


def cut_commit(lab, consumers, what, seconds=0.3):
    """One COMMIT of a lane that does not end as it should (lab/proxy.py, Trap)."""
    trap = lab.proxies["postgres"].set_trap(Trap(what, seconds))
    expect(trap.sprung.wait(60), f"no lane committed for a minute, to be cut ({what})")
    lab.wait_works(consumers)


def sluggish(lab, consumers, name, proxies, delay=0.0, rate=0, seconds=8):
    """Slow, and not too slow: the lanes go on."""
    began = time.monotonic()
    for proxy in proxies:
        proxy.delay, proxy.rate = delay, rate
    while time.monotonic() < began + seconds:
        lab.wait_works(consumers)
        for process in consumers:
            answers(process)
    for proxy in proxies:
        proxy.delay, proxy.rate = 0, 0
    lab.wait_works(consumers)
    print(f"  {name}: worked on for {time.monotonic() - began:.0f} s", flush=True)


# What a log says of a Postgres, or of a Kafka, that is away.
LOST = "Postgres: (the )?connection|Postgres: cannot connect|Postgres: no answer|Postgres: the pipeline|Postgres: takes"
KAFKA = "waiting for Kafka|Kafka does not|publishing again"

__all__ = ["KAFKA", "LOST", "PAUSE", "Listener", "Load", "Parts", "TestFailure", "Trap", "answers", "cut_commit", "expect", "fault", "finish",
           "not_ready", "servers", "sluggish"]
