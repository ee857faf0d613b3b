# SPDX-License-Identifier: Apache-2.0
"""Decides everything again with the model (model.py) and compares: decisions, history rows, conversations.

The order of a lane is its history's. What desktops did comes from the log that the tests keep (lab/stack.py); when the
lane noticed it is not written anywhere, so that an event may be explained by any number of the commands written so far.
"""
import json
from collections import defaultdict

from .identity import root_of
from .model import CHANGES, Conversation, Step, apart, conversation_id, identity
from .rules import is_dead, where
from .world import OWNERS, SOURCES

RESULT = 8  # kind of an event
NUMBERS = {word: number for number, word in OWNERS.items()}


def clean(value):
    """Without what means the same as not being there: null, and a score of zero."""
    if isinstance(value, dict):
        return {k: clean(v) for k, v in value.items() if v is not None and not (k == "score" and v == 0)}
    if isinstance(value, list):
        return [clean(v) for v in value]
    return value


def details(decision):
    """A decoded decision without its head, which rules.py looks at."""
    kept = {k: clean(decision[k]) for k in (
        "message", "status", "reading", "trigger", "said", "slot", "change", "card", "effect", "failure")
        if decision[k] is not None}
    if decision["kind"] == "failed":  # the words are the host's own
        kept["failure"].pop("reason", None)
    if decision["kind"] in ("answered", "noted"):
        kept["said"].pop("confidence", None)
    for name in ("kind", "owner", "epoch", "stretch", "agent_id", "team"):
        kept[name] = decision[name]
    return kept


class Replay:
    def __init__(self, world, findings, idle_close_ms=0, pause_ms=0):
        self.world, self.findings, self.idle_close_ms, self.pause_ms = world, findings, idle_close_ms, pause_ms
        self.conversations = {}
        self.moved = {}  # conversation -> as it was when it moved
        self.pending = defaultdict(list)  # conversation -> commands that no event has shown yet
        self.commands = {}
        for command in world.command_log or ():
            command = self.read_command(command)
            self.commands[command["lane"], command["id"]] = command
            self.pending[command["conversation_id"]].append(command)
        self.decided = defaultdict(list)
        for lane, records in world.decoded.items():
            for _, decision in records:
                self.decided[lane, decision["seq"]].append(decision)

    @staticmethod
    def read_command(row):
        return {**row, "kind": "command", "command": row["kind"], "owner": OWNERS[row["owner"]]}

    def run(self):
        self.rows = defaultdict(list)  # conversation -> its rows with their events, in the order of its lane
        for lane, rows in sorted(self.world.history.items()):
            inputs = {(topic, r.offset): r.value or b"" for (topic, partition), records in self.world.inputs.items()
                      if partition == lane for r in records}
            for row in rows:
                event = self.event_of(lane, row, inputs)
                if event is not None:
                    self.rows[row["conversation_id"]].append((lane, row, event))
        for key in sorted(self.rows):
            self.play(key)
        self.compare_conversations()

    def play(self, key):
        """One conversation, and before it what it was joined with. A customer's lanes may be several; a conversation has one."""
        rows = self.rows.pop(key, ())
        for lane, row, event in rows:
            if event["kind"] == "command" and event["command"] == "moved" and key in self.conversations:
                self.moved[key] = self.conversations[key].as_it_moved()
            self.step(lane, row, event)

    def event_of(self, lane, row, inputs):
        if row["source"] == 1:
            return self.commands.get((lane, row["source_offset"]))  # a lost one is rules.py's to report
        if row["source"] == 2:
            return {"kind": "timer", "timer": row["type"]}
        if is_dead(row):
            return None
        data = inputs.get((row["topic"], row["source_offset"]))
        if data is None:
            return None
        try:
            if row["kind"] == RESULT:
                result = self.world.schemas.decode(data, "EffectResult")
                return {**result, "kind": "result", "error_title": result["error"]}
            return self.world.schemas.decode(data, "WhatsAppEvent")
        except ValueError as mistake:
            self.findings.add("dead letter", f"{where(row)}: decided, but it is no event: {mistake}")
            return None

    def step(self, lane, row, event):
        if event["kind"] in ("command", "timer"):
            key = row["conversation_id"]
        else:
            key = conversation_id(event["phone_number_id"], identity(event))
            if self.forwarded(lane, row, key):
                return
            if key != row["conversation_id"] and root_of(self.world, key) == root_of(self.world, row["conversation_id"]):
                key = row["conversation_id"]  # the customer's other identity
            if key != row["conversation_id"]:
                self.findings.add("conversation", f"{where(row)}: it is {row['conversation_id']}, not {key}")
                return
        before = self.conversations.get(key)
        if before is None:
            before = Conversation(event, row["at"])
        have = [details(d) for d in self.decided[lane, row["seq"]]]
        joins = self.joins_of(have)
        best = None
        for after, used, ties in self.tries(key, before, event, joins):
            if joins:
                after = after.copy()
            step = Step(after, event, row["at"], self.idle_close_ms, ties, self.pause_ms, (lane, row["seq"]))
            decisions = step.decisions
            right = decisions == have
            if best is None or right:
                best = after, used, step
            if right:
                break
        after, used, step = best
        decisions = step.decisions
        if not right:
            self.report(row, event, decisions, have)
        if used:
            self.pending[key] = self.pending[key][used:]
        if not apart(event):
            self.conversations[key] = after
            if row["source"] == 0:  # from here on commands alone, if it moves: what it is joined to may have seen it before them
                after.told = after.stretch
        self.compare_row(row, event, step)

    def forwarded(self, lane, row, key):
        """Whether the row only sends its event on: its conversation must live in another lane."""
        decisions = self.decided[lane, row["seq"]]
        if not any(d["kind"] == "forwarded" for d in decisions):
            return False
        root = self.world.conversations.get(root_of(self.world, key))
        if len(decisions) != 1 or row["type"] != "forwarded" or key != row["conversation_id"]:
            self.findings.add("forwarded", f"{where(row)}: it is forwarded, and more is said of it")
        if root is None or root["lane"] == lane:
            self.findings.add("forwarded", f"{where(row)}: it is forwarded, and its conversation lives here")
        return True

    def joins_of(self, have):
        """What an event found to be the same customer's: as it was when it moved."""
        joins = []
        for d in have:
            if d["kind"] != "joined":
                continue
            other = d["change"]["other"]
            self.play(other)
            loser = self.moved.get(other)
            if loser is None:  # found elsewhere
                continue
            if loser.told <= d["stretch"] < loser.stretch:  # returns that its lane decided only afterwards, though they hold
                loser = loser.copy()
                loser.stretch = d["stretch"]
            wins = d["owner"] in ("human", "queued") and (d["agent_id"], d["team"]) == (loser.agent, loser.team)
            joins.append((other, loser, wins))
        return joins

    def tries(self, key, before, event, joins):
        """What it may have begun from: of two that wait for the same team nothing but the next card tells whose wait goes on."""
        for after, used in self.candidates(key, before, event):
            yield after, used, joins
            if joins:
                yield after, used, [(other, loser, not wins) for other, loser, wins in joins]

    def candidates(self, key, before, event):
        """The conversation as it may have been: with none, one, two ... of the commands that were not seen yet."""
        pending = self.pending.get(key)
        if not pending or apart(event):
            yield before, 0
            return
        least = pending.index(event) + 1 if event in pending else 0
        for used in range(least, len(pending) + 1):
            after = before.copy()
            for command in pending[:used]:
                after.see(command)
            yield after, used

    def report(self, row, event, want, have):
        text = f"{where(row)}: {event['kind']} {event.get('text') or event.get('command') or ''!r}"
        if len(want) != len(have):
            text += f": {[d['kind'] for d in have]} was decided, not {[d['kind'] for d in want]}"
        for i, (a, b) in enumerate(zip(have, want)):
            if a != b:
                names = [k for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k)]
                text += f"; decision {i}: " + ", ".join(f"{k} is {a.get(k)!r}, not {b.get(k)!r}" for k in names[:3])
                break
        self.findings.add("model", text)

    def compare_row(self, row, event, step):
        """The columns that people ask for."""
        kind, decisions = event["kind"], step.decisions
        want = {"text": event.get("text"), "message_id": event.get("message_id"), "intent": None, "trigger": None}
        if any(d["kind"] == "duplicate" for d in decisions):
            want["type"] = "duplicate"
        elif kind == "message":
            want["type"] = event.get("type")
        elif kind in ("timer", "result") and step.message:
            want["text"] = step.message.get("text")
        elif kind == "status":
            want["type"] = event["status"]
        elif kind == "command":
            want.update(type=event["command"], agent_id=event["agent_id"], text=event.get("text") or event.get("note"))
        said = []
        for d in decisions:
            if d["kind"] == "classified":
                want["intent"] = d["reading"].get("intent")
            elif d["kind"] == "handed_off":
                want["trigger"] = d["change"].get("trigger")
            elif d["kind"] in ("replied", "answered"):
                said.append(d["said"]["text"])
        if decisions:  # as the last change leaves it, else the last decision
            last = next((d for d in reversed(decisions) if d["kind"] in CHANGES), decisions[-1])
            want.update(owner=NUMBERS.get(last["owner"]), epoch=last["epoch"])
        for name, value in want.items():
            if (row[name] or None) != (value or None):
                self.findings.add("history", f"{where(row)}: column {name} is {row[name]!r}, not {value!r}")
        column = row["said"] or []
        if isinstance(column, str):
            column = json.loads(column)
        if [s["text"] for s in column] != said:
            self.findings.add("history", f"{where(row)}: column said is {column!r}, not {said!r}")

    def compare_conversations(self):
        goes_on = {key for key, row in self.world.conversations.items() if not row.get("forward")}
        stored = {key: c for key, c in self.conversations.items() if c.stored and root_of(self.world, key) == key}
        for key in sorted(set(stored) ^ goes_on):
            what = "is in the table without reason" if key in self.world.conversations else "is not in the table"
            self.findings.add("conversation", f"{key} {what}")
        for key, c in sorted(stored.items()):
            row = self.world.conversations.get(key)
            if row is None:
                continue
            for command in self.pending.get(key, ()):
                c.see(command)
            state = self.world.schemas.decode(row["state"], "ConversationState")
            for name, have, want in (
                    ("owner", OWNERS.get(row["owner"]), c.owner), ("epoch", row["epoch"], c.epoch),
                    ("agent_id", row["agent_id"], c.agent), ("team", row["team"], c.team),
                    ("wa_id", row["wa_id"], c.wa_id), ("customer_name", row["customer_name"], c.name),
                    ("customer_id", row["customer_id"], c.customer),
                    ("phone_number_id", row["phone_number_id"], c.phone_number_id),
                    ("language", row["language"], c.language), ("last_in_ms", row["last_in_ms"], c.last_in),
                    ("state.stretch", state["stretch"], c.stretch), ("state.cases", state["cases"], c.cases),
                    ("state.misses", state["misses"], c.misses),
                    ("state.held", [h["text"] for h in state["held"]], [c.held["message"].get("text")] if c.held else []),
                    ("state.slots", {s["name"]: s["value"] for s in state["slots"]}, c.slots),
                    ("state.recent", len(state["recent"]) // 8, len(c.recent))):
                if (have or None) != (want or None):
                    self.findings.add("conversation", f"{key}: {name} is {have!r}, not {want!r}")


def takeovers_are_not_crossed(world, findings, replay):
    """Nothing was decided on an ownership that a desktop had already changed: the row versions tell who came first.

    A commit of the lane must build on exactly the version before it. Needs the log of versions (lab/stack.py)."""
    if world.version_log is None:
        return
    before, by_commit = {}, defaultdict(list)
    for lane, rows in world.history.items():
        for row in rows:
            by_commit[row["conversation_id"], row["xmin"]].append(row)
    for version in world.version_log:
        key = version["conversation_id"]
        last = before.get(key)
        if last is not None and version["version"] != last["version"] + 1:
            findings.add("version", f"conversation {key}: version {version['version']} after {last['version']}")
        for row in by_commit.get((key, version["xid"]), ()):
            epoch = last["epoch"] if last else 1
            for d in replay.decided[row["lane"], row["seq"]]:
                if d["kind"] == "replied" and not d["said"]["source"].startswith("notice.") and d["epoch"] < epoch:
                    findings.add("leak", f"{where(row)}: the bot speaks in epoch {d['epoch']} after epoch {epoch} "
                                 "was committed")
            if row["source"] != 1 and 0 < row["epoch"] < epoch:
                findings.add("leak", f"{where(row)}: decided in epoch {row['epoch']} after epoch {epoch} was committed")
        before[key] = version
