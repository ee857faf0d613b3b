# SPDX-License-Identifier: Apache-2.0
"""Records what a lane without plugins wrote to Postgres, for bare_postgres to write again into a fresh database.

The statements are those of core/store: prepared ones from statements.c, COPYs from rows.c. The transactions are those
that the lane made: rows of one transaction share their xmin. Everything is as the lane sent it, but the
state of a conversation with several messages, of which only the last is left: the earlier ones are that one cut short.
"""
import io
import itertools
import re
import struct

from lab.stack import ROOT, expect

TEXT, BYTEA, INT2, INT8, TIME, UUID = 25, 17, 21, 20, 1184, 2950
FENCE = b"bench-lane-fence"
COPIED = ("conversation", "timer", "history")
CALLED = ("begin", "advance", "update", *COPIED)
# As core/store/pg.c sets up a lane's connection.
SETTINGS = ("-c statement_timeout=60000 -c synchronous_commit=on -c plan_cache_mode=force_generic_plan "
            "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off -c timezone=UTC")
MESSAGE = 0  # rlv_event_kind
FIRST_STATE = 0.7  # of the last one's size
COPY_HEAD, COPY_END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"


def literals(text):
    """Adjacent C string literals as one string."""
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace("\\\\", "\\")


def statements():
    source = (ROOT / "core/store/statements.c").read_text()
    macro = re.search(r"#define UPDATE\(.*?\n((?:.*\\\n)*.*)\n", source).group(1)
    found = {"update": literals(macro)}
    for name in ("begin", "advance"):
        body = re.search(r'\{\s*"' + name + r'",\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\}', source)
        found[name] = literals(body.group(1)) if body else ""
    rows = (ROOT / "core/store/rows.c").read_text()
    for name in COPIED:
        body = re.search(r"rlv_store_copy_" + name + r'\[\]\s*=\s*((?:"(?:[^"\\]|\\.)*"\s*)+);', rows)
        found[name] = literals(body.group(1)) if body else ""
    missing = [name for name in CALLED if not found.get(name)]
    expect(not missing, f"core/store has no statement {missing} any more, which replay.py plays")
    return found


def int4(n):
    return struct.pack("!i", n)


def int8(n):
    return struct.pack("!q", n)


ENCODERS = {TEXT: str.encode, BYTEA: bytes, UUID: lambda v: bytes.fromhex(v.replace("-", "")), INT8: int8, TIME: int8,
            INT2: lambda n: struct.pack("!h", n)}


def array(oid, values):
    encode, parts, n = ENCODERS[oid], [], 0
    for value in values:
        n += 1
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            data = encode(value)
            parts += (struct.pack("!i", len(data)), data)
    if n == 0:
        return struct.pack("!iii", 0, 1, oid)
    return struct.pack("!iiiii", 1, 1, oid, n, 1) + b"".join(parts)


class Recorder:
    """Reads the database of a run; writes the file that bare_postgres.c describes."""

    def __init__(self, lab):
        self.sql, self.connection, self.texts = lab.sql, lab.connection, statements()
        self.topics, self.next = self.sql("SELECT topics, next_offsets FROM relevo.lane")[0]
        self.versions, self.seq, self.seen_ms = {}, 0, 0
        self.conversations = {row[0]: row[1:] for row in self.sql(
            """SELECT id::text, owner, epoch, owner_since, agent_id, team, wa_id, customer_name, language, opened_ms,
                      last_in_ms, state, version FROM relevo.conversation""")}
        self.timers = dict(self.sql("SELECT conversation_id::text, due_ms FROM relevo.timer"))

    def batches(self):
        rows = self.sql("""SELECT xmin::text, seq, (extract(epoch FROM at) * 1000)::bigint, conversation_id::text, kind,
                                  source_offset FROM relevo.history ORDER BY seq""")
        for _, batch in itertools.groupby(rows, key=lambda row: row[0]):
            yield list(batch)

    def advance(self, rows):
        was, self.next = self.next, [rows[-1][5] + 1, *self.next[1:]]
        seq, self.seq = self.seq, rows[-1][1]
        self.seen_ms = max(self.seen_ms, rows[-1][2])
        return [int4(0), FENCE, int8(seq), int4(len(rows)), int8(seq), int8(self.seen_ms), array(TEXT, self.topics),
                array(INT8, was), array(INT8, self.next)]

    def state(self, id):
        last, writes = bytes(self.conversations[id][10]), self.conversations[id][11]
        done = self.versions.get(id, 0) + 1
        share = 1 if writes == done else FIRST_STATE + (1 - FIRST_STATE) * done / writes
        return last[:int(len(last) * share)]

    def update(self, ids):
        oids = (INT2, INT8, INT8, TEXT, TEXT, TEXT, TEXT, TEXT, INT8, INT8)
        return ([int8(len(ids)), array(UUID, ids), array(INT8, (self.versions[id] for id in ids))]
                + [array(oid, (self.conversations[id][k] for id in ids)) for k, oid in enumerate(oids)]
                + [array(BYTEA, map(self.state, ids))])

    def copy(self, name, where, order):
        """The rows as the lane streamed them: read back by the same columns."""
        columns = re.search(r"COPY (relevo\.\w+) \((.*?)\)", self.texts[name])
        out = io.BytesIO()
        self.connection.cursor().copy_expert(f"COPY (SELECT {columns[2]} FROM {columns[1]} WHERE {where} "
                                             f"ORDER BY {order}) TO STDOUT (FORMAT binary)", out)
        return out.getvalue()

    def new_conversations(self, ids):
        """As read back, but version and state as they were at first."""
        data, at, out = self.copy("conversation", "id IN ('" + "','".join(ids) + "')", "id"), len(COPY_HEAD), [COPY_HEAD]
        for id in ids:
            columns = struct.unpack_from("!h", data, at)[0]
            out.append(data[at:at + 2])
            at += 2
            for k in range(columns):
                size = max(0, struct.unpack_from("!i", data, at)[0])
                field = {2: int8(1), 15: self.state(id)}.get(k)  # version, state
                out.append(data[at:at + 4 + size] if field is None else struct.pack("!i", len(field)) + field)
                at += 4 + size
        return b"".join([*out, COPY_END])

    def calls(self, rows):
        """One transaction: (statement, parameters) in the order of core/store/commit.c."""
        yield "begin", []
        yield "advance", self.advance(rows)
        touched = sorted({row[3] for row in rows if row[4] == MESSAGE})  # in the order of the lane
        old, new = [i for i in touched if i in self.versions], [i for i in touched if i not in self.versions]
        timed = [id for id in new if id in self.timers]
        if new:
            yield "conversation", [self.new_conversations(new)]
        if timed:
            row = lambda id: (struct.pack("!hi", 4, 4) + int4(0) + int4(16) + ENCODERS[UUID](id) + int4(4) + b"idle"
                              + int4(8) + int8(self.timers[id]))
            yield "timer", [COPY_HEAD + b"".join(map(row, timed)) + COPY_END]
        if old:
            yield "update", self.update(old)
        for id in touched:
            self.versions[id] = self.versions.get(id, 0) + 1
        yield "history", [self.copy("history", f"seq BETWEEN {rows[0][1]} AND {rows[-1][1]}", "seq")]  # and COMMIT

    def write(self, path):
        """Returns the number of rows of each transaction."""
        blob = lambda data: struct.pack("=I", len(data)) + data + b"\0"
        sizes, body = [], []
        for rows in self.batches():
            calls = list(self.calls(rows))
            body.append(struct.pack("=I", len(calls)))
            for name, parameters in calls:
                body.append(struct.pack("=II", CALLED.index(name), len(parameters)))
                body += map(blob, parameters)
            sizes.append(len(rows))
        with open(path, "wb") as out:
            out.write(struct.pack("=I", len(CALLED)))
            for name in CALLED:
                out.write(blob(name.encode()) + blob(self.texts[name].encode()))
            out.write(struct.pack("=I", len(sizes)) + b"".join(body))
        for id, row in self.conversations.items():
            expect(row[11] == self.versions.get(id), f"conversation {id} was written {row[11]} times, the recording "
                   f"has {self.versions.get(id)}: tests/bench/lane/replay.py no longer follows core/store/commit.c")
        return sizes


def prepare(lab, first_ms):
    """Gives a fresh database what a lane finds or makes before its first batch."""
    lab.sql("SELECT relevo.lane_assign(0, %s, 1, 'bench')", FENCE)
    lab.sql("SELECT relevo.ensure_months(%s)", first_ms)
