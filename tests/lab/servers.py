# SPDX-License-Identifier: Apache-2.0
"""A throw-away Kafka and Postgres of one test, to be killed, stopped, filled and restarted; gone with the test.

From the artifacts that ./dev installs (deploy/local/kafka.sh, postgres.sh), on free ports, in a temporary folder. It must
never touch a server that it did not start.
"""
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
from confluent_kafka.admin import AdminClient

ROOT = Path(__file__).resolve().parents[2]
KAFKA_SH = ROOT / "deploy" / "local" / "kafka.sh"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "/var/tmp")) / ".cache") / "relevo"
START_S = 120
# The kernel ends the server when its test ends, however that ends.
WITH_US = ["setpriv", "--pdeathsig", "KILL"]


class CannotRun(Exception):
    """This machine does not allow what the test needs; says what."""


class ServerFailure(Exception):
    """A server did not do what it was told."""


def port():
    """A free port that no outgoing connection gets: a server that is away for a while wants it again."""
    low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        number = random.SystemRandom().randrange(10000, min(low, 20000))
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", number))
                return number
            except OSError:
                continue


def wait_for(what, condition, seconds, tail=lambda: ""):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise ServerFailure(f"{what} within {seconds} s\n{tail()}")
        time.sleep(0.05)


class Folder:
    """Where a server lives: plain, or a small file system of its own that can be full."""

    def __init__(self, name, megabytes=None):
        self.path = Path(tempfile.mkdtemp(prefix=f"relevo-{name}-"))
        self.path.chmod(0o711)  # Postgres runs as another user
        self.holder, self.enter = None, []
        self.disk = self.path / "disk"
        self.disk.mkdir(mode=0o711)
        if megabytes:
            self.mount(megabytes)

    def mount(self, megabytes):
        """A tmpfs in a mount namespace of its own: it vanishes with the process that holds it."""
        script = f'mount -t tmpfs -o size={megabytes}m,mode=711 none "$1" && echo mounted && exec sleep infinity'
        for how, enter in (["-m"], ["-m"]), (["-rm"], ["-U", "-m", "--preserve-credentials"]):
            holder = subprocess.Popen([*WITH_US, "unshare", *how, "sh", "-c", script, "sh", str(self.disk)],
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            if holder.stdout.readline() == b"mounted\n":
                self.holder = holder
                self.enter = ["nsenter", *enter, "-t", str(holder.pid)]
                return
            words = holder.stderr.read().decode(errors="replace").strip()
            holder.kill()
            holder.wait()
        raise CannotRun(f"no file system of its own can be mounted here (as root in a container: --cap-add SYS_ADMIN): {words}")

    def inside(self):
        """The disk as this process sees it."""
        return Path(f"/proc/{self.holder.pid}/root{self.disk}") if self.holder else self.disk

    def fill(self):
        """Until nothing more can be written."""
        with open(self.inside() / "ballast", "ab", buffering=0) as ballast:
            block = bytes(65536)
            while block:
                try:
                    ballast.write(block)
                except OSError:
                    block = block[:len(block) // 2]

    def free(self):
        (self.inside() / "ballast").unlink()

    def remove(self):
        if self.holder:
            self.holder.kill()
            self.holder.wait()
        shutil.rmtree(self.path)


class Server:
    """A process that can be killed, stopped, woken and started again."""

    def __init__(self, name, megabytes):
        self.name, self.folder = name, Folder(name, megabytes)
        self.log = self.folder.path / "log"
        self.child, self.stopped = None, False

    def tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def spawn(self, command):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([*WITH_US, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True, cwd="/")

    def call(self, command):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, cwd="/", timeout=START_S)
        if done.returncode:
            raise ServerFailure(f"{command[0]}: {(done.stderr + done.stdout).decode(errors='replace')}")

    def start(self):
        self.begin()
        wait_for(f"{self.name} did not answer", self.answers, START_S, self.tail)

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def tree(self):
        """The server and its children (Postgres has many)."""
        pids = [self.child.pid]
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pids[0]:
                    pids.append(int(entry.name))
            except OSError:
                pass  # it ended while we looked
        return pids

    def signal_tree(self, number):
        for _ in range(3):  # a child may be born while we look; a stopped or dead parent bears none
            for pid in self.tree():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass

    def kill(self):
        """kill -9, children first seen included."""
        pids = self.tree()
        self.signal_tree(signal.SIGKILL)
        self.child.wait()
        self.stopped = False
        wait_for(f"{self.name} did not die", lambda: not any(Path(f"/proc/{p}/stat").exists() for p in pids), 30)

    def stop(self, seconds=60):
        """SIGTERM to Kafka; a fast shutdown of Postgres."""
        self.child.send_signal(self.STOP)
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ServerFailure(f"{self.name} did not stop within {seconds} s\n{self.tail()}") from None

    def pause(self):
        self.signal_tree(signal.SIGSTOP)
        self.stopped = True

    def resume(self):
        self.signal_tree(signal.SIGCONT)
        self.stopped = False

    def remove(self):
        if self.alive():
            self.kill()
        self.folder.remove()


class Postgres(Server):
    """As durable as in production."""

    STOP = signal.SIGINT

    def __init__(self, megabytes=None, **settings):
        super().__init__("postgres", megabytes)
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name))
        if not programs:
            raise CannotRun("no Postgres server in /usr/lib/postgresql: ./dev installs it")
        self.bin, self.port, self.data = programs[-1], port(), self.folder.disk / "data"
        self.password = secrets.token_hex(16)
        self.owner = []
        if os.geteuid() == 0:
            if self.folder.enter[1:2] == ["-U"]:  # root of a user namespace: Postgres wants to see another number
                self.owner = ["unshare", "-U", "--map-user=1000", "--map-group=1000"]
            else:
                self.owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
                shutil.chown(self.folder.inside(), "postgres")
        self.settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "",
                         "shared_buffers": "64MB", "max_wal_size": "256MB", "jit": "off", "timezone": "UTC",
                         "log_timezone": "UTC", "log_line_prefix": "%m [%p] %a %d ", **settings}
        self.create()

    def run_as_owner(self, *command):
        return [*self.folder.enter, *self.owner, *WITH_US, *map(str, command)]

    def create(self):
        secret = self.folder.inside() / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)
        self.call(self.run_as_owner(self.bin / "initdb", "-D", self.data, "-U", "relevo", "--auth=scram-sha-256",
                                    f"--pwfile={self.folder.disk}/password", "--encoding=UTF8", "--locale=C.UTF-8"))
        secret.unlink()
        lines = "".join(f"{name} = '{value}'\n" for name, value in self.settings.items())
        with open(self.folder.inside() / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(lines)

    def url(self, database="postgres", through=None):
        return f"postgresql://relevo:{self.password}@127.0.0.1:{through or self.port}/{database}"

    def begin(self):
        self.spawn(self.run_as_owner(self.bin / "postgres", "-D", self.data))

    def answers(self):
        if not self.alive():
            raise ServerFailure(f"postgres ended with status {self.child.returncode}\n{self.tail()}")
        try:
            psycopg2.connect(self.url(), connect_timeout=5).close()
            return True
        except psycopg2.OperationalError:
            return False

    def crash(self):
        """An immediate shutdown: no checkpoint, recovery at the next start."""
        self.child.send_signal(signal.SIGQUIT)
        self.child.wait(30)

    def sql(self, statement, *args):
        """One statement in a session of its own."""
        connection = psycopg2.connect(self.url(), connect_timeout=10)
        try:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(statement, args or None)
            return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


class Kafka(Server):
    """One node. `proxy`: the port of a proxy before the second listener, for clients that shall come through it."""

    STOP = signal.SIGTERM

    def __init__(self, megabytes=None, proxy=None, **settings):
        super().__init__("kafka", megabytes)
        self.call([str(KAFKA_SH), "fetch"])
        self.port, self.behind, controller = port(), port(), port()
        self.config = self.folder.path / "server.properties"
        properties = {
            "process.roles": "broker,controller", "node.id": 1,
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},BEHIND://127.0.0.1:{self.behind},"
                         f"CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port},BEHIND://127.0.0.1:{proxy or self.behind}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,BEHIND:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER", "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
            "log.dirs": self.folder.disk / "data", "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": 1, "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1, "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1, "share.coordinator.state.topic.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0, "log.cleaner.dedupe.buffer.size": 4194304,
            "num.network.threads": 2, "num.io.threads": 4,
            # A broker that was killed may come back once its old session ended.
            "broker.session.timeout.ms": 4000, "broker.heartbeat.interval.ms": 500, **settings}
        self.config.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        self.call(self.java("kafka.tools.StorageTool", "format", "--standalone", "-t", "cmVsZXZvLWxvY2FsLWRldg", "-c",
                            str(self.config)))

    def java(self, *words):
        archive = sorted((CACHE / KAFKA_VERSION).glob("classes-*.jsa"), key=lambda p: p.stat().st_mtime)
        flags = f"cds=-XX:SharedArchiveFile={archive[-1]} -Xlog:disable -Xlog:all=error:stderr" if archive else "cds="
        return [*self.folder.enter, *WITH_US, "env", flags, str(KAFKA_SH), "run", *words]

    def address(self):
        return f"127.0.0.1:{self.port}"

    def begin(self):
        self.spawn(self.java("kafka.Kafka", str(self.config)))

    def answers(self):
        if not self.alive():
            raise ServerFailure(f"Kafka ended with status {self.child.returncode}\n{self.tail()}")
        try:
            AdminClient({"bootstrap.servers": self.address(), "log_level": 0}).list_topics(timeout=5)
            return True
        except Exception:  # it is KafkaException, of many kinds
            return False


def kafka_version():
    for line in KAFKA_SH.read_text().splitlines():
        if line.startswith("KAFKA_VERSION="):
            return "kafka-" + line.partition("=")[2]
    raise CannotRun(f"{KAFKA_SH} names no version")


KAFKA_VERSION = kafka_version()
