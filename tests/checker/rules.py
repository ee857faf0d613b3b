# SPDX-License-Identifier: Apache-2.0
"""The promises, one function each: what is decided exactly once, in order, and the same everywhere.

Each takes the world (world.py) and reports findings; none changes anything. None knows a plugin: what was decided is
compared with the model in replay.py.
"""
import json
from collections import Counter, defaultdict

from . import identity
from .model import CHANGES, record_id, traceparent
from .world import DEAD, EVENTS, OUTPUTS, OWNERS, SOURCES, unpack


class Findings:
    """What is wrong. The first ones are shown in full, the others counted."""

    def __init__(self, shown=20):
        self.shown, self.texts, self.counts = shown, [], Counter()

    def add(self, rule, text):
        self.counts[rule] += 1
        # Every rule gets a few lines, so that one broken promise does not hide another.
        if len(self.texts) < self.shown and self.counts[rule] <= 5:
            self.texts.append(f"{rule}: {text}")

    def __bool__(self):
        return bool(self.counts)

    def report(self):
        lines = list(self.texts)
        total = sum(self.counts.values())
        if total > len(lines):
            lines.append("in all: " + ", ".join(f"{n} x {rule}" for rule, n in self.counts.most_common()))
        return "\n".join(lines)


def where(row):
    """A history row in words: its place in the lane, and where its event came from."""
    if row["source"] == 0:
        return f"lane {row['lane']} seq {row['seq']} ({row['topic']}[{row['lane']}]@{row['source_offset']})"
    return f"lane {row['lane']} seq {row['seq']} ({SOURCES[row['source']]} {row['source_offset']})"


# ---- lanes and their input

def lanes_are_whole(world, findings):
    """Sequences have no gap, and all inputs are read to their end."""
    for lane in sorted(set(world.lanes) | set(world.history)):
        if lane not in world.lanes:
            findings.add("lane", f"history of lane {lane}, which has no row")
            continue
        row, expected = world.lanes[lane], 1
        for entry in world.history[lane]:
            if entry["seq"] != expected:
                findings.add("sequence", f"lane {lane}: seq {entry['seq']} where {expected} belongs")
            expected = entry["seq"] + 1
        if row["seq"] != expected - 1:
            findings.add("sequence", f"lane {lane}: its row says seq {row['seq']}, its history ends at {expected - 1}")
        if not row["published"] <= row["seq"]:
            findings.add("sequence", f"lane {lane}: published {row['published']} is beyond seq {row['seq']}")
        if row["partitions"] != world.partitions:
            findings.add("lane", f"lane {lane}: made for {row['partitions']} partitions, "
                         f"the topics have {world.partitions}")
    for (topic, partition), high in sorted(world.high.items()):
        lane = world.lanes.get(partition)
        if lane is None:
            if world.inputs[topic, partition]:
                findings.add("lane", f"{topic}[{partition}] has events and no lane")
            continue
        position = dict(zip(lane["topics"], lane["next_offsets"])).get(topic, -1)
        if position == -1:  # never read
            position = world.low[topic, partition]
        unread = any(record.offset >= position for record in world.inputs[topic, partition])
        if position > high or unread:  # behind the last record are markers of transactions only: a lane may stop before them
            findings.add("offsets", f"{topic}[{partition}]: lane {partition} stands at {position}, the end is {high}")


def inputs_are_decided_once(world, findings):
    """Every record of an input topic has one history row; a row of a dead letter has its letter, once, unchanged."""
    for topic in world.input_topics():
        letters = defaultdict(list)
        for letter in world.dead.get(topic, ()):
            place = dead_place(letter)
            if place is None or place[0] != topic:
                findings.add("dead letter", f"{topic}.dlq@{letter.offset}: its headers do not say where it comes from")
            else:
                letters[place[1:]].append(letter)
        for partition in range(world.partitions):
            rows = defaultdict(list)
            for row in world.history[partition]:
                if row["source"] == 0 and row["topic"] == topic:
                    rows[row["source_offset"]].append(row)
            for record in world.inputs.get((topic, partition), ()):
                place = f"{topic}[{partition}]@{record.offset}"
                decided = rows.pop(record.offset, [])
                if len(decided) != 1:
                    findings.add("exactly once", f"{place} has {len(decided)} history rows")
                    continue
                check_letters(findings, place, record, letters_of(decided[0]), letters.pop((partition, record.offset), []))
            for offset, decided in rows.items():
                if offset >= world.low.get((topic, partition), 0):
                    findings.add("exactly once", f"{topic}[{partition}]@{offset} is decided and is no event")
        for partition, offset in letters:
            findings.add("dead letter", f"a dead letter for {topic}[{partition}]@{offset}, which is no event")


def is_dead(row):
    """Whether a history row says that its event could not be decided."""
    return row["decided"][1:2] == bytes([DEAD])


def letters_of(row):
    """How many dead letters a row holds: its own; or one beside what was decided, when a plugin died of the event."""
    try:
        return sum(number == DEAD for number, _ in unpack(row["decided"]))
    except ValueError:  # found elsewhere
        return int(is_dead(row))


def check_letters(findings, place, record, dead, letters):
    if len(letters) != dead:
        findings.add("dead letter", f"{place} has {len(letters)} dead letters, its row says {dead}")
    for letter in letters:
        if letter.value != record.value:  # null is not empty
            findings.add("dead letter", f"{place}: its bytes were changed")
        if letter.key != record.key:
            findings.add("dead letter", f"{place}: its key was changed")
        own = list(record.headers or ())
        if list(letter.headers or ())[:len(own)] != own:
            findings.add("dead letter", f"{place}: its headers were changed")
        names = {name for name, value in letter.headers or () if value}
        for name in ("stage", "exception.class.name", "exception.message"):
            if "__connect.errors." + name not in names:
                findings.add("dead letter", f"{place}: it lacks the header __connect.errors.{name}")


def dead_place(letter):
    """(topic, partition, offset) as Kafka Connect's headers tell; None when they do not."""
    headers = dict(letter.headers or ())
    try:
        return (headers["__connect.errors.topic"].decode(), int(headers["__connect.errors.partition"]),
                int(headers["__connect.errors.offset"]))
    except (KeyError, ValueError, UnicodeDecodeError):
        return None


def sources_are_used_once(world, findings):
    """No command and no timer is decided twice; none is lost; none waits."""
    for number, word in ((1, "command"), (2, "timer")):
        seen = Counter((r["lane"], r["source_offset"])
                       for rows in world.history.values() for r in rows if r["source"] == number)
        for (lane, row), n in seen.items():
            if n > 1:
                findings.add("exactly once", f"{word} {row} of lane {lane} is decided {n} times")
        if number == 1 and world.command_log is not None:
            logged = {(c["lane"], c["id"]) for c in world.command_log}
            for lane, row in sorted(logged - set(seen)):
                findings.add("exactly once", f"command {row} of lane {lane} was never decided")
            for lane, row in sorted(set(seen) - logged):
                findings.add("exactly once", f"command {row} of lane {lane} was decided and never written")
    for command in world.commands:
        findings.add("waiting", f"command {command['id']} ({command['kind']}) of lane {command['lane']} still waits")


def conversations_keep_their_order(world, findings):
    """A conversation lives in one lane and sees its events in the order of the topic; lane time never moves back."""
    last, lane_of = {}, {}
    for lane, entries in sorted(world.history.items()):
        at = 0
        for row in entries:
            if row["at"] < at:
                findings.add("lane time", f"{where(row)}: {row['at']} after {at}")
            at = max(at, row["at"])
            if is_dead(row):  # it reached no conversation
                continue
            conversation = row["conversation_id"]
            if row["type"] != "forwarded" and lane_of.setdefault(conversation, lane) != lane:
                findings.add("lane", f"{where(row)}: conversation {conversation} also lives in "
                             f"lane {lane_of[conversation]}")
            if row["source"] != 0:
                continue
            key = lane, conversation, row["topic"]
            if row["source_offset"] <= last.get(key, -1):
                findings.add("order", f"{where(row)}: after offset {last[key]} of the same conversation")
            last[key] = row["source_offset"]


# ---- topics against Postgres

def topics_carry_what_was_decided(world, findings):
    """The records of the history rows, each once, verbatim, in the order of the rows: no more and no fewer."""
    for lane, entries in sorted(world.history.items()):
        expected = {number: [] for number in OUTPUTS.values()}
        for row in entries:
            try:
                records = unpack(row["decided"])
            except ValueError as mistake:
                findings.add("history", f"{where(row)}: `decided` cannot be read: {mistake}")
                continue
            for number, data in records:
                if number in expected:
                    expected[number].append((row, data))
                elif number not in (identity.RESULTS, DEAD):
                    findings.add("history", f"{where(row)}: a record for topic number {number}")
        for kind, number in OUTPUTS.items():
            compare_topic(world, findings, kind, lane, expected[number])


def compare_topic(world, findings, kind, lane, expected):
    place = f"{world.topic(kind)}[{lane}]"
    carried = world.outputs[kind].get(lane, [])
    if [data for _, data in expected] == [r.value for r in carried]:
        for (row, _), record in zip(expected, carried):
            if record.key != row["conversation_id"].encode():
                findings.add("key", f"{place}@{record.offset}: its key is {record.key!r}, not its conversation's id")
            if world.traced and record.headers != [("traceparent", traceparent(row))]:
                findings.add("trace", f"{place}@{record.offset}: its headers are {record.headers}, not {traceparent(row)}")
        return
    # Something differs: say what, record by record.
    want = Counter(data for _, data in expected)
    have = Counter(r.value for r in carried)
    for row, data in expected:
        if have[data] < want[data]:
            findings.add("lost", f"{where(row)}: a record that is not in {place}")
            have[data] += 1
    have = Counter(r.value for r in carried)
    for record in carried:
        if have[record.value] > want[record.value]:
            what = "is there twice" if want[record.value] else "is in no history row"
            findings.add("duplicate" if want[record.value] else "foreign", f"{place}@{record.offset} {what}")
            have[record.value] -= 1
    if want == have and Counter(r.value for r in carried) == want:
        first = next(i for i, (a, b) in enumerate(zip(expected, carried)) if a[1] != b.value)
        findings.add("order", f"{place}@{carried[first].offset} is not in the order of the sequence")


def progress_is_told(world, findings):
    """The progress topic rises, and ends where the lane ends."""
    for lane, row in sorted(world.lanes.items()):
        last = 0
        for record in world.outputs["progress"].get(lane, []):
            progress = world.schemas.decode(record.value, "Progress")
            if progress["lane"] != lane or progress["seq"] <= last:
                findings.add("progress", f"{world.topic('progress')}[{lane}]@{record.offset}: "
                             f"lane {progress['lane']} seq {progress['seq']} after {last}")
            last = progress["seq"]
        if last != row["seq"]:
            findings.add("progress", f"lane {lane}: published up to {last}, decided up to {row['seq']}")


# ---- inside the records

def decisions_are_well_formed(world, findings):
    """Heads, ids, ordinals; each decision belongs to its history row."""
    for lane, records in sorted(world.decoded.items()):
        rows = {row["seq"]: row for row in world.history[lane]}
        before, per_row = (0, -1), Counter()
        for record, d in records:
            place = f"{world.topic('decisions')}[{lane}]@{record.offset}"
            row = rows.get(d["seq"])
            if (d["seq"], d["ordinal"]) <= before:
                findings.add("order", f"{place}: ({d['seq']}, {d['ordinal']}) after {before}")
            before = (d["seq"], d["ordinal"])
            if row is None:
                findings.add("foreign", f"{place}: seq {d['seq']} is in no history row")
                continue
            if d["ordinal"] != per_row[d["seq"]]:
                findings.add("ordinal", f"{place}: {d['ordinal']} where {per_row[d['seq']]} belongs")
            per_row[d["seq"]] += 1
            check_head(findings, place, lane, row, d)
        for row in rows.values():
            if not per_row[row["seq"]] and not is_dead(row):
                findings.add("lost", f"{where(row)}: nothing was decided about it")


def check_head(findings, place, lane, row, d):
    source = d["source"]
    topic = (row["topic"], lane) if row["source"] == 0 else (None, None)
    for name, have, want in (
            ("id", d["id"], record_id(d["at"], lane, d["seq"], d["ordinal"])),
            ("lane", d["lane"], lane),
            ("at", d["at"], row["at"]),
            ("conversation_id", d["conversation_id"], row["conversation_id"]),
            ("config", d["config"], f"{row['config'] & (1 << 64) - 1:016x}"),
            ("event", d["event"], EVENTS[row["kind"]]),
            ("source", (source["kind"], source["offset"]), (SOURCES[row["source"]], row["source_offset"])),
            ("topic and partition", (source["topic"], source["partition"]), topic)):
        if have != want:
            findings.add("head", f"{place}: {name} is {have}, not {want}")


def records_follow_decisions(world, findings):
    """Ownership, outbound messages and effects say what their decisions say, under the same ids."""
    for lane, records in sorted(world.decoded.items()):
        wanted = {"ownership": [], "outbound": [], "effects": []}
        for _, d in records:
            if d["kind"] in CHANGES:
                wanted["ownership"].append(d)
            elif d["kind"] in ("replied", "answered"):
                wanted["outbound"].append(d)
            elif d["kind"] == "notified":
                wanted["effects"].append(d)
        for kind, decisions in wanted.items():
            schema = {"ownership": "Ownership", "outbound": "OutboundMessage", "effects": "EffectRequest"}[kind]
            found = [world.schemas.decode(r.value, schema) for r in world.outputs[kind].get(lane, [])]
            if kind == "outbound":  # receipts are of what came in, when the policy wants them
                received = {d["id"] for _, d in records if d["kind"] == "received" and d["event"] == "message" and d["owner"] != "human"}
                found = [r for r in found if r["type"] != "read" or r["id"] not in received]
            place = f"{world.topic(kind)}[{lane}]"
            if [r["id"] for r in found] != [d["id"] for d in decisions]:
                findings.add("derived", f"{place}: its ids are not those of the decisions that it is derived from")
                continue
            for record, d in zip(found, decisions):
                check_derived(findings, f"{place} {record['id']}", kind, record, d)


def sent_as(said, sent_type, sent):
    """Type, text and content of a message: what the Cloud API's reference says of buttons, lists and media. Which template it is, and what WhatsApp
    calls a person's file, is in no decision: there the message itself (`sent`) is believed."""
    extras = said.get("extras") or {}
    choices, media = extras.get("choices"), extras.get("media_kind")
    if sent_type == "template" and not extras and sent and sent.get("name") and sent.get("language"):
        return "template", None, sent
    if not choices and not media:
        return "text", said["text"], None
    if media and not extras["media_url"]:
        own = {k: v for k, v in (sent or {}).items() if k == "filename"}
        return media, None, {"id": (sent or {}).get("id") or "an id", **({"caption": said["text"]} if said["text"] else {}), **own}
    link = {"link": extras["media_url"]} if media else None
    if not choices:
        return media, None, {**link, "caption": said["text"]}
    body = {"body": {"text": said["text"]}}
    if len(choices) <= 3:
        header = {"header": {"type": media, media: link}} if media else {}
        buttons = [{"type": "reply", "reply": {"id": c["id"], "title": c["title"]}} for c in choices]
        return "interactive", None, {"type": "button", **header, **body, "action": {"buttons": buttons}}
    rows = [{k: v for k, v in c.items() if v} for c in choices]
    menu = extras.get("menu") or "Menu"
    return "interactive", None, {"type": "list", **body, "action": {"button": menu, "sections": [{"rows": rows}]}}


def check_derived(findings, place, kind, record, d):
    pairs = [(name, record[name], d[name])
             for name in ("conversation_id", "phone_number_id", "lane", "seq", "at", "epoch")]
    if kind == "ownership":
        change = d["change"]
        pairs += [(n, record[n], d[n]) for n in ("customer_id", "owner", "stretch", "agent_id", "team")]
        pairs += [(n, record[n], change[n]) for n in ("cause", "trigger", "reason", "by", "other")]
        pairs.append(("previous_owner", record["previous_owner"], change["from"]))
    elif kind == "outbound":
        said = d["said"]
        sent = record["content"] and json.loads(record["content"])
        kind_of, text, content = sent_as(said, record["type"], sent)
        pairs += [("text", record["text"], text), ("source", record["source"], said["source"]),
                  ("author", record["author"], "bot" if d["kind"] == "replied" else "agent"),
                  ("agent_id", record["agent_id"], said["agent_id"]), ("type", record["type"], kind_of),
                  ("content", sent, content)]
    else:
        pairs += [(n, record[n], d["effect"][n]) for n in ("plugin", "destination", "method", "path")]
    for name, have, want in pairs:
        if have != want:
            findings.add("derived", f"{place}: {name} is {have!r}, its decision says {want!r}")
    if kind != "ownership" and not (record["wa_id"] or record["user_id"]):
        findings.add("derived", f"{place}: nobody to send to")


# ---- ownership

def ownership_has_no_gap(world, findings):
    """Epochs rise by one with each change, in the topic and in the table; the bot speaks only while it owns, and asks its questions of who waits."""
    now = {}  # conversation -> (owner, epoch), as decided so far
    for lane, records in sorted(world.decoded.items()):
        for record, d in records:
            place = f"{world.topic('decisions')}[{lane}]@{record.offset}"
            owner, epoch = now.get(d["conversation_id"], ("bot", 1))
            if d["kind"] in CHANGES:
                if d["epoch"] != (identity.epoch_made(world, d, epoch) if d["kind"] == "joined" else epoch + 1):
                    findings.add("epoch", f"{place}: {d['kind']} makes epoch {d['epoch']} after {epoch}")
                if d["change"]["from"] != owner:
                    findings.add("epoch", f"{place}: {d['kind']} from {d['change']['from']}, but {owner} had it")
                now[d["conversation_id"]] = d["owner"], d["epoch"]
            elif d["kind"] == "replied" and not (d["said"]["source"] or "").startswith("notice."):
                asks = d["owner"] == "queued" and d["said"]["source"].startswith("flow.")  # policy.queue.collect
                if d["owner"] != "bot" and not asks:
                    findings.add("leak", f"{place}: the bot speaks while the owner is {d['owner']}")
                elif (owner, epoch) != (d["owner"], d["epoch"]) and d["epoch"] <= epoch:
                    findings.add("leak", f"{place}: the bot speaks in epoch {d['epoch']}, {owner} has it since {epoch}")
    waiting = {c["conversation_id"] for c in world.commands}
    for conversation, row in sorted(world.conversations.items()):
        have = OWNERS.get(row["owner"]), row["epoch"]
        if conversation not in now and row.get("forward"):
            continue  # only an identity, which was never anybody's conversation
        if conversation not in waiting and have != now.get(conversation, ("bot", 1)):
            findings.add("ownership", f"conversation {conversation}: the table says {have}, "
                         f"the decisions {now.get(conversation, ('bot', 1))}")
    for conversation in sorted(set(now) - set(world.conversations)):
        findings.add("ownership", f"conversation {conversation} has decisions and no row")
    compacted_ownership(world, findings, waiting)


def compacted_ownership(world, findings, waiting):
    """What somebody sees who only keeps the last record of each key."""
    last = {}
    for lane, records in world.outputs["ownership"].items():
        for record in records:
            last[record.key.decode()] = world.schemas.decode(record.value, "Ownership")
    for conversation, record in sorted(last.items()):
        row = world.conversations.get(conversation)
        if row is None or conversation in waiting:
            continue
        have = record["owner"], record["epoch"], record["agent_id"]
        want = OWNERS.get(row["owner"]), row["epoch"], row["agent_id"]
        if have != want:
            findings.add("ownership", f"conversation {conversation}: the topic's last record says {have}, "
                         f"the table {want}")
    for conversation, row in sorted(world.conversations.items()):
        if row["epoch"] > 1 and conversation not in last and conversation not in waiting:
            findings.add("ownership", f"conversation {conversation} is at epoch {row['epoch']} and not in the topic")


RULES = (lanes_are_whole, inputs_are_decided_once, sources_are_used_once, conversations_keep_their_order,
         topics_carry_what_was_decided, progress_is_told, decisions_are_well_formed, records_follow_decisions,
         ownership_has_no_gap, *identity.RULES)


def decode_decisions(world, findings):
    """world.decoded: lane -> [(Record, decision)]."""
    world.decoded = {}
    for lane, records in world.outputs["decisions"].items():
        decoded = world.decoded[lane] = []
        for record in records:
            try:
                decoded.append((record, world.schemas.decode(record.value, "Decision")))
            except ValueError as mistake:
                findings.add("unreadable", f"{world.topic('decisions')}[{lane}]@{record.offset}: {mistake}")
    identity.find_moves(world)
