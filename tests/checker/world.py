# SPDX-License-Identifier: Apache-2.0
"""All that a run left behind, in memory: the input topics, the output topics as `read_committed` shows them, Postgres.

It only reads. What it returns is judged in rules.py; selftest.py makes such a world by hand and spoils it.
"""
import struct
import time
from collections import defaultdict, namedtuple

Record = namedtuple("Record", "offset at key value headers", defaults=(None,))  # at: LogAppendTime, ms
OUTPUTS = {"decisions": 1, "ownership": 2, "outbound": 3, "effects": 4}  # and their numbers in a blob
DEAD = 6  # the number of a dead letter in a blob
DEFAULTS = {"results": "relevo.results.v1", "decisions": "relevo.decisions.v1", "ownership": "relevo.ownership.v1",
            "outbound": "relevo.outbound.v1", "effects": "relevo.effects.v1", "progress": "relevo.progress.v1"}
OWNERS = {1: "bot", 2: "queued", 3: "human", 4: "closed"}
EVENTS = ("message", "status", "echo", "handover", "error", "unknown", "command", "timer", "result", "dead",
          "undelivered")
SOURCES = ("topic", "command", "timer")


class World:
    """What was found. Partitions are lanes; every list is in the order of the topic, or of the table's key."""

    def __init__(self, events, topics=None, prefix=""):
        self.events = list(events)  # names of the input topics, without the prefix
        self.names = {**DEFAULTS, **(topics or {})}
        self.prefix = prefix
        self.partitions = 0
        self.inputs = {}  # (topic, partition) -> [Record]
        self.low, self.high = {}, {}  # (topic, partition) -> offset
        self.outputs = {kind: {} for kind in (*OUTPUTS, "progress")}  # kind -> partition -> [Record]
        self.dead = {}  # topic it came from -> [Record], all partitions
        self.lanes = {}  # lane -> row
        self.history = defaultdict(list)  # lane -> [row], by seq
        self.conversations = {}  # id -> row
        self.commands, self.timers = [], []  # rows that wait
        self.command_log = None  # every command ever written: only where the tests keep such a log
        self.version_log = None  # likewise every version of every conversation
        self.traced = True  # false: a release that knew no traces took part

    def topic(self, kind):
        return self.prefix + self.names[kind]

    def input_topics(self):
        return [self.prefix + name for name in self.events] + [self.topic("results")]


def unpack(blob):
    """The records of a history row: [(number of the topic, bytes)]."""
    if blob[:1] != b"\x01":
        raise ValueError(f"its first byte is {blob[:1].hex() or 'missing'}, not 01")
    records, p = [], 1
    while p < len(blob):
        if p + 5 > len(blob):
            raise ValueError("a record's head is cut off")
        topic, size = struct.unpack_from("<BI", blob, p)
        p += 5
        if p + size > len(blob):
            raise ValueError("a record is cut off")
        records.append((topic, blob[p:p + size]))
        p += size
    return records


def pack(records):
    return b"\x01" + b"".join(struct.pack("<BI", topic, len(data)) + data for topic, data in records)


# ---- Kafka

def read_topics(bootstrap, topics, optional=(), isolation="read_committed"):
    """All records of the topics: {topic: {partition: [Record]}}, and their bounds: {(topic, partition): (low, high)}.
    An optional topic that is not there is left out.

    The end is the one that read_uncommitted sees: a transaction's commit is answered before its markers are written, and
    until they are, read_committed ends before its records."""
    from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition, OFFSET_BEGINNING
    common = {
        "bootstrap.servers": bootstrap, "group.id": "checker", "enable.auto.commit": False,
        "enable.partition.eof": True, "auto.offset.reset": "error",
        "fetch.error.backoff.ms": 5, "fetch.wait.max.ms": 20, "queued.min.messages": 100000,
        "fetch.message.max.bytes": 16 << 20}
    consumer = Consumer({**common, "isolation.level": isolation})
    asker = Consumer({**common, "isolation.level": "read_uncommitted"})
    found, bounds = {}, {}
    try:
        known = consumer.list_topics(timeout=60).topics
        for topic in (*topics, *optional):
            if topic not in known:
                if topic in optional:
                    continue
                raise LookupError(f"there is no topic {topic}")
            found[topic] = {p: [] for p in known[topic].partitions}
        waiting = {(topic, p) for topic, partitions in found.items() for p in partitions}
        for topic, p in waiting:
            bounds[topic, p] = asker.get_watermark_offsets(TopicPartition(topic, p), timeout=60)
        consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for topic, p in waiting])
        moved = time.monotonic()
        while waiting:
            messages = consumer.consume(5000, timeout=0.05)  # it waits until there are so many, or so long
            if messages:
                moved = time.monotonic()
            elif time.monotonic() > moved + 30:  # longer than a transaction that nobody ends stays open
                raise TimeoutError(f"Kafka gave nothing for 30 s; not at their end: {sorted(waiting)[:5]}")
            for m in messages:
                if m.error():
                    if m.error().code() != KafkaError._PARTITION_EOF:
                        raise KafkaException(m.error())
                    place = m.topic(), m.partition()
                    if m.offset() >= bounds[place][1]:
                        bounds[place] = bounds[place][0], m.offset()
                        waiting.discard(place)
                else:
                    found[m.topic()][m.partition()].append(
                        Record(m.offset(), m.timestamp()[1], m.key(), m.value(), m.headers()))
    finally:
        consumer.close()
        asker.close()
    return found, bounds


def read_kafka(world, bootstrap):
    inputs = world.input_topics()
    outputs = {world.topic(kind): kind for kind in world.outputs}
    dead = {topic + ".dlq": topic for topic in inputs}  # a business may have none for its results
    found, bounds = read_topics(bootstrap, [*inputs, *outputs], dead)
    for topic, partitions in found.items():
        if topic in outputs:
            world.outputs[outputs[topic]] = partitions
        elif topic in dead:
            world.dead[dead[topic]] = [r for records in partitions.values() for r in records]
        else:
            for p, records in partitions.items():
                world.inputs[topic, p] = records
                world.low[topic, p], world.high[topic, p] = bounds[topic, p]
    world.partitions = len(found[inputs[0]])


# ---- Postgres

def rows(cursor, query, *args):
    cursor.execute(query, args)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, (bytes(v) if isinstance(v, memoryview) else v for v in row))) for row in cursor.fetchall()]


def read_postgres(world, conninfo):
    import psycopg2
    connection = psycopg2.connect(conninfo)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        cursor = connection.cursor()
        world.lanes = {row["lane"]: row for row in rows(cursor, "SELECT * FROM relevo.lane")}
        for row in rows(cursor, """
                SELECT lane, seq, (extract(epoch FROM at) * 1000)::bigint AS at, conversation_id::text, kind, source,
                       topic, source_offset, by, agent_id, message_id, type, text, said, owner, epoch, intent, trigger,
                       config, trace,
                       decided, xmin::text::bigint AS xmin
                FROM relevo.history ORDER BY lane, seq"""):
            world.history[row["lane"]].append(row)
        world.conversations = {row["id"]: row for row in rows(cursor, "SELECT * FROM relevo.conversation")}
        world.commands = rows(cursor, "SELECT * FROM relevo.command")
        world.timers = rows(cursor, "SELECT * FROM relevo.timer")
        cursor.execute("SELECT to_regclass('lab.command') IS NOT NULL")
        if cursor.fetchone()[0]:
            world.command_log = rows(
                cursor, "SELECT * FROM lab.command ORDER BY id")
            world.version_log = rows(
                cursor, "SELECT * FROM lab.version ORDER BY version.conversation_id, version.version")
    finally:
        connection.close()
