# SPDX-License-Identifier: Apache-2.0
"""A Relevo of one's own on the real servers: topics under a random prefix, a database, a configuration, processes.

Everything that it makes it removes again. It must never touch topics, databases or processes that it did not make.
"""
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from pathlib import Path

import psycopg2
import psycopg2.extensions
import yaml
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from checker import check
from checker.model import NOTICES
from lab import avro, generate

ROOT = Path(__file__).resolve().parents[2]
EVENTS = "whatsapp.events.v1"
BUILD = Path(os.environ.get("RELEVO_BUILD_DIR", ROOT / "build" / "release")).resolve()
BIN = Path(os.environ.get("RELEVO_BIN", BUILD / "relevo"))
PLUGINS = Path(os.environ.get("RELEVO_PLUGINS", BUILD / "plugins"))

# The tests' own notes, by triggers: every command that was written, and every version of every conversation with the
# transaction that made it. The versions tell the order in which a desktop and a lane committed.
LOGS = """
CREATE SCHEMA lab;
CREATE TABLE lab.command (LIKE relevo.command);
CREATE TABLE lab.version (conversation_id uuid, version bigint, owner smallint, epoch bigint, xid bigint);
CREATE FUNCTION lab.log_command() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
$$ BEGIN INSERT INTO lab.command SELECT NEW.*; RETURN NULL; END $$;
CREATE FUNCTION lab.log_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF TG_OP = 'INSERT' OR NEW.version <> OLD.version THEN
        INSERT INTO lab.version VALUES (NEW.id, NEW.version, NEW.owner, NEW.epoch,
                                        (pg_current_xact_id()::text)::bigint % 4294967296);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER log AFTER INSERT ON relevo.command FOR EACH ROW EXECUTE FUNCTION lab.log_command();
CREATE TRIGGER log AFTER INSERT OR UPDATE ON relevo.conversation FOR EACH ROW EXECUTE FUNCTION lab.log_version();
"""


# How long what must come is waited for. Generous: a test that fails on a slow machine shows nothing, and one that passes ends early.
PATIENCE_S = 240


class TestFailure(Exception):
    """What the test is about does not hold."""


def expect(condition, words):
    if not condition:
        raise TestFailure(words)


def servers():
    """Addresses of Kafka and Postgres: the environment's, else those that ./dev started here."""
    known = dict(os.environ)
    state = ROOT / ".dev" / "env"
    if state.exists():
        for line in state.read_text().splitlines():
            name, _, value = line.partition("=")
            known.setdefault("RELEVO_" + name, value)
    if not known.get("RELEVO_KAFKA") or not known.get("RELEVO_POSTGRES"):
        sys.exit("no Kafka or Postgres: run ./dev test, or deploy/local/stack.sh servers before")
    return known["RELEVO_KAFKA"], known["RELEVO_POSTGRES"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def bare_environment():
    """Without RELEVO_*: those would override the configuration of the test."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RELEVO_")}


class Process:
    """One daemon of Relevo: `relevo consume`, or another role."""

    role = "consume"
    binary = BIN  # another release's, where a test runs several

    def __init__(self, lab, name, **environment):
        self.lab, self.name, self.port = lab, name, free_port()
        self.log = lab.folder / f"{name}.log"
        self.environment = {**bare_environment(), "RELEVO_OPS_LISTEN": f"127.0.0.1:{self.port}", **environment}
        self.child = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([self.binary, self.role, "--config", self.lab.config], stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, env=self.environment)

    def alive(self):
        return self.child.poll() is None

    def kill(self):
        self.child.kill()
        self.child.wait()

    def stop(self, seconds=90):
        """SIGTERM; returns how long it took. It must end with status 0."""
        expect(self.alive(), f"{self.name} ended by itself with status {self.child.returncode}:\n{self.tail()}")
        began = time.monotonic()
        self.child.send_signal(signal.SIGTERM)
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TestFailure(f"{self.name} did not end within {seconds} s of SIGTERM:\n{self.tail()}") from None
        expect(status == 0, f"{self.name} ended with status {status} after SIGTERM:\n{self.tail()}")
        return time.monotonic() - began

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def resident(self):
        """Resident memory in MiB."""
        for line in Path(f"/proc/{self.child.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0

    def get(self, path):
        """What the process answers over HTTP: (status, text)."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def wait_ready(self, seconds=PATIENCE_S):
        seconds = max(seconds, PATIENCE_S)
        until = time.monotonic() + seconds
        while self.get("/readyz")[0] != 200:
            expect(self.alive(), f"{self.name} ended with status {self.child.returncode}:\n{self.tail()}")
            expect(time.monotonic() < until, f"{self.name} is not ready after {seconds} s:\n{self.tail()}")
            time.sleep(0.05)


class Lab:
    """Use it in a `with`: topics, database and processes are gone at the end."""

    def __init__(self, name, partitions=12, logs=True, plugins=None, policy=None, **consume):
        self.name, self.partitions = name, partitions
        self.mark = f"{name}-{secrets.token_hex(4)}"
        self.prefix = self.mark + "."
        self.kafka, self.server = servers()
        self.database = "rlv_" + self.mark.replace("-", "_")
        self.postgres = psycopg2.extensions.make_dsn(self.server, dbname=self.database)
        self.folder = Path(tempfile.mkdtemp(prefix=f"relevo-{name}-"))
        self.config = self.folder / "relevo.yaml"
        self.logs = logs
        self.topic = self.prefix + EVENTS
        self.processes, self.connection, self.producer = [], None, None
        self.schemas = avro.Schemas()
        self.plugins = plugins or [{"name": "scripted", "path": str(BUILD / "tests" / "plugins" / "scripted.so")}]
        self.policy = policy or {"notices": {key: {"es": text, "pt": "", "en": ""} for key, text in NOTICES.items()},
                                 "queue": {"tell_after": "0s"}}  # else a slow machine says more than a fast one
        self.consume = {"group": self.mark, "session": "6s", **consume}

    def __enter__(self):
        print(f"{self.name}: topics {self.prefix}*, database {self.database}, files in {self.folder}", flush=True)
        self.sql_server(f'CREATE DATABASE "{self.database}"')
        try:
            self.write_config()
            self.tool("migrate")
            self.tool("topics", "create")
            self.connection = psycopg2.connect(self.postgres)
            self.connection.autocommit = True
            if self.logs:
                self.sql(LOGS)
        except BaseException:
            self.clean()
            raise
        return self

    def __exit__(self, kind, mistake, trace):
        for process in self.processes:
            if process.alive():
                process.kill()
            if mistake is not None:
                print(f"---- the end of {process.log}\n{process.tail()}", flush=True)
        self.clean()
        if mistake is None:
            for path in self.folder.iterdir():
                path.unlink()
            self.folder.rmdir()

    def clean(self):
        if self.connection:
            self.connection.close()
        self.sql_server(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        admin = AdminClient({"bootstrap.servers": self.kafka})
        mine = [t for t in admin.list_topics(timeout=60).topics if t.startswith(self.prefix)]
        if mine:
            for future in admin.delete_topics(mine, operation_timeout=60).values():
                future.result(90)

    def write_config(self):
        self.config.write_text(yaml.safe_dump({
            "cluster": self.mark,
            "kafka": {"bootstrap.servers": self.kafka},
            "postgres": {"url": self.postgres},
            "topics": {"prefix": self.prefix, "partitions": self.partitions},
            "consume": self.consume,
            "plugin_dir": str(PLUGINS),
            "plugins": self.plugins,
            "policy": {"pause": 0, **self.policy},  # each message by itself, unless a test says otherwise
        }, sort_keys=False, allow_unicode=True))
        self.config.chmod(0o600)

    def tool(self, *words, stdin=None, timeout=60, binary=BIN):
        """Runs a relevo tool; returns what it printed."""
        done = subprocess.run([binary, *words, "--config", self.config], input=stdin, capture_output=True,
                              timeout=timeout, env=bare_environment())
        expect(done.returncode == 0, f"relevo {' '.join(map(str, words))} ended with status {done.returncode}: "
               f"{done.stderr.decode(errors='replace')}{done.stdout.decode(errors='replace')}")
        return done.stdout.decode()

    # ---- Postgres

    def sql_server(self, statement):
        connection = psycopg2.connect(self.server)
        connection.autocommit = True
        try:
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def sql(self, query, *args):
        cursor = self.connection.cursor()
        cursor.execute(query, args or None)
        return cursor.fetchall() if cursor.description else []

    # ---- Kafka

    def produce(self, partition, key, value, topic=None, trace=None):
        """trace: a traceparent, as bytes."""
        if self.producer is None:
            self.producer = Producer({"bootstrap.servers": self.kafka, "acks": "all", "enable.idempotence": True,
                                      "linger.ms": 5, "message.max.bytes": 16 << 20})
        while True:
            try:
                self.producer.produce(topic or self.topic, value, key, partition, headers=trace and [("traceparent", trace)])
                return
            except BufferError:
                self.producer.poll(0.1)

    def feed(self, events, rate=None, meanwhile=None):
        """Produces (partition, key, event); at most `rate` a second. meanwhile() is called now and then."""
        schema, began, n = self.schemas["WhatsAppEvent"], time.monotonic(), 0
        for partition, key, event in events:
            n += 1
            # Of every second one a trace is known.
            self.produce(partition, key, schema.encode(event), trace=f"00-{n:032x}-{n:016x}-01".encode() if n % 2 else None)
            if n % 100 == 0:
                self.producer.poll(0)
                if meanwhile:
                    meanwhile()
                if rate:
                    time.sleep(max(0, began + n / rate - time.monotonic()))
        self.flush()
        return n

    def flush(self):
        left = self.producer.flush(120)
        expect(left == 0, f"{left} events could not be produced")

    def ends(self):
        """The end of each partition of the events."""
        consumer = Consumer({"bootstrap.servers": self.kafka, "group.id": "lab"})
        try:
            return {p: consumer.get_watermark_offsets(TopicPartition(self.topic, p), timeout=60)[1]
                    for p in range(self.partitions)}
        finally:
            consumer.close()

    # ---- running

    def start(self, name="consume", ready=True, **environment):
        process = Process(self, name, **environment)
        self.processes.append(process)
        if ready:
            process.wait_ready()
        return process

    def forwards_decided(self):
        """Whether what lanes forwarded to each other is decided there; results of effects (8) and of sends (10) are not waited for."""
        return self.sql("""SELECT count(*) FILTER (WHERE type = 'forwarded') = count(*) FILTER (WHERE topic LIKE '%%.results.%%')
                           FROM relevo.history WHERE kind NOT IN (8, 10)""")[0][0]

    def wait_caught_up(self, seconds=PATIENCE_S, meanwhile=None):
        """Until every event that is there now, and every command, is decided."""
        seconds = max(seconds, PATIENCE_S)
        ends, until = self.ends(), time.monotonic() + seconds
        while True:
            stand = dict(self.sql("""SELECT lane, next FROM relevo.lane, unnest(topics, next_offsets) AS t(topic, next)
                                     WHERE topic = %s""", self.topic))
            behind = sum(max(end - max(stand.get(p, 0), 0), 0) for p, end in ends.items())
            commands = self.sql("SELECT count(*) FROM relevo.command")[0][0]
            if behind == 0 and commands == 0 and self.forwards_decided():
                return
            expect(time.monotonic() < until,
                   f"after {seconds} s {behind} events and {commands} commands are not decided:\n"
                   + "\n".join(p.tail(5) for p in self.processes))
            if meanwhile:
                meanwhile()
            time.sleep(0.05)

    def decided(self):
        return self.sql("SELECT coalesce(sum(seq), 0)::bigint FROM relevo.lane")[0][0]

    def findings(self, model=True, idle_close_ms=24 * 3600 * 1000, pause_ms=0):
        """What the checker says of what is there now. The processes must have stopped."""
        began = time.monotonic()
        self.world = check.load(self.kafka, self.postgres, self.prefix, [EVENTS])
        self.world.schemas = self.schemas  # with what the test taught them
        findings = check.judge(self.world, model, idle_close_ms, pause_ms)
        print(f"{self.name}: {check.summary(self.world)}; checked in {time.monotonic() - began:.1f} s", flush=True)
        return findings

    def check(self, model=True, idle_close_ms=24 * 3600 * 1000, pause_ms=0):
        """Everything that this run left must be right. Returns what was read."""
        findings = self.findings(model, idle_close_ms, pause_ms)
        expect(not findings, "the checker has findings:\n" + findings.report())
        return self.world


def run(name, *tests):
    """The main function of a test program: each test gets the seed (first argument, else random); 1 on failure."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else secrets.randbelow(10**6)
    status = 0
    for test in tests:
        began = time.monotonic()
        print(f"== {name}: {test.__doc__.splitlines()[0]} (seed {seed})", flush=True)
        try:
            test(seed)
        except TestFailure as failure:
            print(f"FAILED after {time.monotonic() - began:.1f} s: {failure}", flush=True)
            status = 1
        except Exception as failure:  # a server's, or the test's own: it fails like the others, and says where
            traceback.print_exc()
            print(f"FAILED after {time.monotonic() - began:.1f} s: {type(failure).__name__}: {failure}", flush=True)
            status = 1
        else:
            print(f"passed in {time.monotonic() - began:.1f} s", flush=True)
    return status


def generator(seed, events, conversations, partitions, **options):
    return generate.Generator(seed, events, conversations, partitions, **options)
