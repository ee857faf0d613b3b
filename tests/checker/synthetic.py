# SPDX-License-Identifier: Apache-2.0
"""A clean run made by hand: what a right lane leaves behind, without a lane. For selftest.py to spoil."""
import random

from lab import avro, generate
from .model import APART, CHANGES, Conversation, Step, conversation_id, identity, record_id, traceparent
from .replay import NUMBERS
from .world import EVENTS, OUTPUTS, Record, World, pack

AT = 1767225600000
CONFIG = 0x1234567890ABCDEF
TOPIC = "whatsapp.events.v1"


class SyntheticLane:
    """Decides what the model says, and writes it down as the core does."""

    def __init__(self, world, lane):
        self.world, self.lane, self.seq, self.at = world, lane, 0, AT
        self.conversations, self.versions, self.waiting, self.forward = {}, {}, [], {}
        self.next = {topic: 0 for topic in world.input_topics()}

    def event(self, event, key, offset, at, topic=TOPIC, joins=(), name=None):
        self.at = max(self.at, at)
        self.next[topic] = offset + 1
        name = name or conversation_id(event["phone_number_id"], identity(event))
        c = self.conversations.get(name) or Conversation(event, self.at)
        if event["kind"] not in APART:
            self.conversations[name] = c
        self.decide(name, c, event, {"source": 0, "topic": topic, "source_offset": offset}, joins)
        return name

    def decide(self, name, c, event, source, joins=(), forward=None):
        self.seq += 1
        stored = c.copy()
        if forward:  # (lane, bytes): decided over there
            decisions = [{"kind": "forwarded", "owner": "none", "epoch": 0, "stretch": 0, "agent_id": None, "team": None,
                          "message": {k: event[k] for k in ("message_id", "type") if event.get(k)}}]
        else:
            decisions = Step(c, event, self.at, 0, joins).decisions
        kind = EVENTS.index(event["kind"])
        last = next((d for d in reversed(decisions) if d["kind"] in CHANGES), decisions[-1])
        row = {"lane": self.lane, "seq": self.seq, "at": self.at, "conversation_id": name, "kind": kind, **source,
               "topic": source.get("topic"), "by": 1, "agent_id": event.get("agent_id") if kind == 6 else None,
               "message_id": event.get("message_id"),
               "type": event.get("command") or event.get("status") or event.get("type"),
               "text": event.get("text") or (event.get("note") if event["kind"] == "command" else None),
               "owner": NUMBERS.get(last["owner"], 0), "epoch": last["epoch"], "intent": None,
               "trigger": None,
               "config": CONFIG, "trace": bytes([7]) * 24 + b"\x01" if self.seq % 2 else None, "xmin": self.lane << 32 | self.seq}
        if decisions[0]["kind"] == "duplicate":
            row["type"] = "duplicate"
        said, records = [], []
        if forward:
            row["type"], row["text"] = "forwarded", None
        for ordinal, d in enumerate(decisions):
            head = {"id": record_id(self.at, self.lane, self.seq, ordinal), "conversation_id": name,
                    "phone_number_id": c.phone_number_id, "customer_id": c.customer, "lane": self.lane, "seq": self.seq,
                    "at": self.at, "epoch": d["epoch"]}
            records += self.records(c, event, head, ordinal, d, source)
            if d["kind"] == "classified":
                row["intent"] = d["reading"].get("intent")
            elif d["kind"] == "handed_off":
                row["trigger"] = d["change"].get("trigger")
            elif d["kind"] in ("replied", "answered"):
                said.append({"id": head["id"], "text": d["said"]["text"]})
        lane_and_bytes = [(5, forward[0].to_bytes(4, "little") + forward[1])] if forward else []
        row["said"], row["decided"] = said or None, pack(records + lane_and_bytes)
        self.world.history[self.lane].append(row)
        for number, data in records:
            kind = next(k for k, n in OUTPUTS.items() if n == number)
            self.publish(kind, name.encode(), data, [("traceparent", traceparent(row))])
        self.publish("progress", b"", self.encode("Progress", {"cluster": "relevo", "lane": self.lane, "seq": self.seq,
                                                               "at": self.at}))
        if not forward and event["kind"] not in APART and decisions[0]["kind"] != "duplicate" and (c.stored or stored.stored):
            self.write(name, c, row["xmin"])

    def records(self, c, event, head, ordinal, d, source):
        decision = {**head, "ordinal": ordinal, "event": event["kind"], "config": f"{CONFIG:016x}", **d}
        decision["source"] = {"kind": ("topic", "command")[source["source"]], "offset": source["source_offset"]}
        if source["source"] == 0:
            decision["source"].update(topic=source["topic"], partition=self.lane)
        if d["kind"] in ("answered", "noted"):
            decision["said"] = {**d["said"], "confidence": 1.0}
        out = [(1, self.encode("Decision", decision))]
        who = {k: getattr(c, k) for k in ("wa_id", "user_id")}
        if not any(who.values()):
            who["wa_id"] = c.customer
        if d["kind"] in CHANGES:
            change = d["change"]
            out.append((2, self.encode("Ownership", {
                **head, "owner": d["owner"], "previous_owner": change["from"], "stretch": d["stretch"],
                "agent_id": d["agent_id"], "team": d["team"], "cause": change["cause"],
                "trigger": change.get("trigger"), "reason": change.get("reason"), "by": change.get("by"),
                "other": change.get("other")})))
        elif d["kind"] in ("replied", "answered"):
            said = d["said"]
            out.append((3, self.encode("OutboundMessage", {
                **head, **who, "author": "bot" if d["kind"] == "replied" else "agent", "type": "text",
                "text": said["text"], "source": said.get("source"),
                "agent_id": said.get("agent_id"), "context_id": said.get("to_message")})))
        elif d["kind"] == "notified":
            effect = {**head, **who, **d["effect"], "timeout_ms": 0, "body": b"{}"}
            out.append((4, self.encode("EffectRequest", effect)))
        return out

    def encode(self, name, value):
        return self.world.schemas[name].encode(value)

    def publish(self, kind, key, data, headers=None):
        records = self.world.outputs[kind].setdefault(self.lane, [])
        records.append(Record(len(records), self.at, key, data, headers))

    def write(self, name, c, xid):
        version = self.versions[name] = self.versions.get(name, 0) + 1
        self.world.version_log.append({"conversation_id": name, "version": version, "owner": NUMBERS[c.owner],
                                       "epoch": c.epoch, "xid": xid})

    # ---- a desktop acts: the row changes at once, the lane decides later

    def act(self, name, kind, number):
        c = self.conversations[name]
        owner = {"take_over": "human", "return": "bot", "resolve": "closed", "reply": "human", "note": c.owner}[kind]
        changed = owner != c.owner
        command = {"kind": "command", "command": kind, "lane": self.lane, "id": number, "conversation_id": name,
                   "agent_id": "ana", "agent_name": "Ana", "text": "dígame" if kind in ("reply", "note") else None,
                   "note": "continue" if kind == "return" else None, "owner": owner,
                   "epoch": c.epoch + changed, "owner_agent": "ana" if owner == "human" else None}
        self.world.command_log.append({**command, "kind": kind, "owner": NUMBERS[owner]})
        c.absorb(command)
        self.write(name, c, -number)
        # Only a take-over waits: what follows another command could change ownership before it is decided.
        if kind == "take_over":
            self.waiting.append(command)
        else:
            self.command(command)

    def command(self, command):
        self.decide(command["conversation_id"], self.conversations[command["conversation_id"]], command,
                    {"source": 1, "source_offset": command["id"]})

    def settle(self, name=None):
        for command in [w for w in self.waiting if name in (None, w["conversation_id"])]:
            self.waiting.remove(command)
            self.command(command)

    def close(self):
        self.settle()
        topics = list(self.next)
        self.world.lanes[self.lane] = {
            "lane": self.lane, "partitions": self.world.partitions, "seq": self.seq, "published": self.seq,
            "lane_ms": self.at, "topics": topics, "next_offsets": [self.next[t] for t in topics]}
        for name, c in self.conversations.items():
            if not c.stored:
                continue
            state = {"stretch": c.stretch, "cases": c.cases, "misses": c.misses, "recent": bytes(8 * len(c.recent)),
                     "slots": [{"name": k, "value": v, "message_id": ""} for k, v in c.slots.items()]}
            self.world.conversations[name] = {
                "id": name, "lane": self.lane, "version": self.versions[name], "owner": NUMBERS[c.owner],
                "epoch": c.epoch, "agent_id": c.agent, "team": c.team, "wa_id": c.wa_id, "customer_name": c.name,
                "customer_id": c.customer, "phone_number_id": c.phone_number_id, "language": c.language,
                "last_in_ms": c.last_in, "forward": self.forward.get(name),
                "state": self.encode("ConversationState", state)}


def act(lane, rng, number):
    """A desktop does something that its functions allow. True when it did."""
    if not lane.conversations:
        return False
    name = rng.choice(list(lane.conversations))
    lane.settle(name)
    c = lane.conversations[name]
    if not c.stored or c.agent == "business_phone":
        return False
    kinds = {"bot": ["take_over", "reply"], "queued": ["take_over", "resolve"], "closed": ["reply"],
             "human": ["reply", "note", "return", "resolve"]}[c.owner]
    lane.act(name, rng.choice(kinds), number)
    return True


def join(world, winner, name, loser, other, number):
    """A message of one customer shows that another conversation, of another lane, is theirs; then one comes for that one."""
    for lane, key in ((winner, name), (loser, other)):
        lane.settle(key)
    kept, lost = winner.conversations[name], loser.conversations[other]

    def arrive(lane, c, topic, mark):
        event = {"kind": "message", "phone_number_id": c.phone_number_id, "message_id": f"wamid.join.{number}.{mark}", "type": "text",
                 "text": "say hola", **{k: v for k in ("wa_id", "user_id") if (v := getattr(c, k))}}
        if not identity(event):
            event["user_id"] = c.customer
        records = world.inputs[topic, lane.lane]
        at = max(lane.at, winner.at)
        data = world.schemas["WhatsAppEvent"].encode(event)
        records.append(Record(len(records), at, b"k", data))
        world.high[topic, lane.lane] = len(records)
        return event, len(records) - 1, at, data
    event, offset, at, _ = arrive(winner, kept, TOPIC, 1)
    epoch, snapshot = lost.epoch, lost.as_it_moved()
    winner.event(event, b"k", offset, at, joins=[(other, snapshot, False)])
    command = {"kind": "command", "command": "moved", "lane": loser.lane, "id": number, "conversation_id": other, "agent_id": None,
               "agent_name": None, "text": None, "note": name, "owner": "closed", "epoch": epoch + 1, "owner_agent": None}
    world.command_log.append({**command, "kind": "moved", "owner": NUMBERS["closed"]})
    lost.absorb(command)
    lost.stored = True
    loser.write(other, lost, world.history[winner.lane][-1]["xmin"])
    loser.forward[other] = name
    loser.command(command)
    event, offset, at, data = arrive(loser, lost, TOPIC, 2)
    loser.at, loser.next[TOPIC] = max(loser.at, at), offset + 1
    loser.decide(other, lost, event, {"source": 0, "topic": TOPIC, "source_offset": offset}, forward=(winner.lane, data))
    results = world.topic("results")
    records = world.inputs[results, winner.lane]
    records.append(Record(len(records), loser.at, other.encode(), data))
    world.high[results, winner.lane] = len(records)
    winner.event(event, b"k", len(records) - 1, loser.at, topic=results, name=name)


def join_some(world, lanes, number):
    """Some conversations of neighbouring lanes turn out to be of one customer."""
    for winner, loser in zip(lanes, lanes[1:]):
        mine, theirs = ([k for k, c in lane.conversations.items() if c.stored and k not in lane.forward and c.agent != "business_phone"]
                        for lane in (winner, loser))
        for name, other in list(zip(sorted(mine), sorted(theirs)))[:5]:
            number += 1
            join(world, winner, name, loser, other, number)


def clean_run(seed=1, events=3000, conversations=200, partitions=4):
    """A world in which nothing is wrong."""
    rng = random.Random(seed)
    world = World([TOPIC])
    world.schemas = avro.Schemas()
    world.partitions = partitions
    world.command_log, world.version_log = [], []
    for topic in world.input_topics():
        for p in range(partitions):
            world.inputs[topic, p], world.low[topic, p], world.high[topic, p] = [], 0, 0
    lanes = [SyntheticLane(world, p) for p in range(partitions)]
    commands = 0
    source = generate.Generator(seed, events, conversations, partitions, handoffs=3, failures=0.5)
    for n, (p, key, event) in enumerate(source):
        offset, at = len(world.inputs[TOPIC, p]), AT + n
        world.inputs[TOPIC, p].append(Record(offset, at, key, world.schemas["WhatsAppEvent"].encode(event)))
        world.high[TOPIC, p] = offset + 1
        lanes[p].event(event, key, offset, at)
        if rng.random() < 0.05:
            commands += act(lanes[p], rng, commands + 1)
        if rng.random() < 0.1:
            lanes[p].settle()
    for lane in lanes:
        lane.settle()
    join_some(world, lanes, commands)
    for lane in lanes:
        lane.close()
    return world
