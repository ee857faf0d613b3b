# SPDX-License-Identifier: Apache-2.0
"""What must be decided: the rules in Python, for lanes that run the scripted plugin.

Written from the rules of core/README.md, with dictionaries and no care for speed or bounds; where it and the core differ, one of them is
wrong. A decision here is a dict of the fields of the Decision record; absent ones mean null.
"""
import hashlib
import uuid

RECENT = 32  # message ids that a conversation remembers
SLOTS = 24
PAUSE_CHARACTERS = 160  # of a message that waits for what follows it
PAUSES = 4  # that a burst takes at most
HELD_MESSAGES, HELD_BYTES, HELD_MS = 16, 16384, 120000  # of what is held at most
WAIT_MS = 4000  # how long the scripted plugin's `wait` holds a message
THRESHOLD = 0.5  # of a trigger that the policy does not list
MESSAGE_FIELDS = ("message_id", "sent_at", "customer_name", "type", "text", "reply_id", "media_id", "mime_type",
                  "context_id", "error_code", "error_title", "note", "raw")
STATUS_FIELDS = ("message_id", "status", "sent_at", "error_code", "error_title", "callback_data")
SAYS_NOTHING = {"reaction", "revoke", "system", "unsupported"}  # messages that nobody is asked about
APART = {"status", "error", "unknown"}  # events that touch no conversation
CHANGES = {"handed_off", "assigned", "taken_over", "requeued", "returned", "closed", "reopened", "joined", "moved"}
NEARNESS = {"closed": 0, "bot": 1, "queued": 2, "human": 3}

# The notices of the configuration that lab/stack.py writes.
NOTICES = {"handoff": "Te paso con una persona.", "assigned": "{agent} te atiende.", "returned": "Sigo yo.",
           "closed": "Caso cerrado.", "unknown": "No lo sé.", "requeued": "Busco a otra persona."}


def identity(event):
    return event.get("user_id") or event.get("wa_id")


def conversation_id(phone_number_id, customer):
    raw = bytearray(hashlib.blake2b(f"{phone_number_id}\0{customer}".encode(), digest_size=16).digest())
    raw[6] = (raw[6] & 0x0F) | 0x80
    raw[8] = (raw[8] & 0x3F) | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def record_id(at, lane, seq, ordinal):
    """UUIDv7: 48 bits of lane time, 12 of the lane, 50 of the sequence, 12 of the ordinal."""
    high = (at & 0xFFFFFFFFFFFF) << 16 | 0x7000 | (lane & 0xFFF)
    low = 1 << 63 | (seq & 0x3FFFFFFFFFFFF) << 12 | (ordinal & 0xFFF)
    return str(uuid.UUID(int=high << 64 | low))


def traceparent(row):
    """What the records of a history row carry: the trace that its event came with, else that of its own first id."""
    trace = row.get("trace")
    if trace:
        return f"00-{trace[:16].hex()}-{trace[16:24].hex()}-{trace[24]:02x}".encode()
    ident = record_id(row["at"], row["lane"], row["seq"], 0).replace("-", "")
    return f"00-{ident}-{ident[16:]}-00".encode()


def apart(event):
    """Whether it touches no conversation: all notices but that of another identity."""
    return event["kind"] in APART and not (event["kind"] == "unknown" and (event.get("previous_user_id") or event.get("previous_wa_id")))


def present(fields, source):
    """The fields that are there; Avro's null, an empty text and a zero are all absent."""
    return {k: source[k] for k in fields if source.get(k)}


def together(held, message):
    """What is held, with one message more: one message, its texts a line each."""
    before, texts = held["message"], [t for t in (held["message"].get("text"), message.get("text")) if t]
    kind = message.get("type") if message.get("type") != "text" else before.get("type") or "text"
    one = {**before, **{k: message[k] for k in ("reply_id", "media_id") if message.get(k)}}
    one |= {"message_id": message["message_id"], "type": kind, "text": "\n".join(texts)}
    return {**held, "message": one, "messages": held["messages"] + 1}


class Conversation:
    """One conversation, as far as decisions depend on it."""

    def __init__(self, event, at):
        """Begun by an event; a command or a timer has no identity (and there is a conversation already)."""
        self.phone_number_id, self.customer = event.get("phone_number_id"), identity(event)
        self.owner, self.epoch, self.agent, self.team = "bot", 1, None, None
        self.decided_owner, self.decided_epoch = "bot", 1  # without what a desktop did and the lane has not seen
        self.stretch, self.cases, self.misses = 1, 1, 0
        self.told = 1  # the stretch when the customer wrote last
        self.language = self.wa_id = self.user_id = self.name = None
        self.recent, self.slots = [], {}
        self.held = None
        self.served, self.why = False, None  # whether people have it, and the trigger that brought it to them
        self.last_in = at
        self.stored = self.gone = False
        self.decided_agent = None
        self.take_identity(event)

    def copy(self):
        other = Conversation.__new__(Conversation)
        other.__dict__.update(self.__dict__)
        other.recent, other.slots = list(self.recent), dict(self.slots)
        other.held = self.held and dict(self.held)
        return other

    def absorb(self, command):
        """A desktop changed the row before the lane saw the command."""
        self.owner, self.epoch = command["owner"], command["epoch"]
        self.agent = command["owner_agent"]
        if command["command"] == "moved" and not self.gone:
            self.gone, self.team_before, self.team = True, self.team, None

    def see(self, command):
        """Absorbs it unless the lane made a later generation of the row since: a note, decided behind the message that reopened the
        conversation, changes nothing any more."""
        if command["epoch"] >= self.epoch:
            self.absorb(command)

    def as_it_moved(self):
        """What was joined: a copy, with the ownership of just before, all commands up to there decided."""
        other = self.copy()
        other.owner, other.epoch, other.agent = self.decided_owner, self.decided_epoch, self.decided_agent
        if self.gone:
            other.team = self.team_before
        return other

    def join(self, other, taken):
        """The other conversation goes on in this one."""
        later = other.last_in > self.last_in or not self.recent
        mine, theirs = len(self.recent), len(other.recent)
        if mine + theirs > RECENT:
            if theirs <= RECENT // 2:
                mine = RECENT - theirs
            elif mine > RECENT // 2:
                mine = RECENT // 2
            theirs = RECENT - mine
        self.recent = other.recent[len(other.recent) - theirs:] + self.recent[len(self.recent) - mine:]
        for name, value in other.slots.items():
            if name not in self.slots or later:
                self.slots[name] = value
        if later:
            self.misses, self.language = other.misses, other.language or self.language
        self.language = self.language or other.language
        self.wa_id, self.user_id = self.wa_id or other.wa_id, self.user_id or other.user_id
        self.name = self.name or other.name
        self.last_in = max(self.last_in, other.last_in)
        self.cases += other.cases - (self.owner != "closed" and other.owner != "closed")
        self.stretch = max(self.stretch, other.stretch)
        self.epoch = max(self.epoch, other.epoch) + 1
        if taken:
            self.owner, self.agent, self.team = other.owner, other.agent, other.team
            self.served, self.why = other.served, other.why
        halves = sorted((h for h in (other.held, self.held) if h), key=lambda h: h["since"])
        self.held = None
        if halves and self.owner == "bot":
            self.held = halves[0] if len(halves) == 1 else {
                **together(halves[0], halves[1]["message"]), "messages": sum(h["messages"] for h in halves),
                "due": min(h["due"] for h in halves)}
            self.held = {**self.held, "epoch": self.epoch, "effect": None, "by": []}

    def known(self, message_id):
        if message_id in self.recent:
            return True
        self.recent = self.recent[-(RECENT - 1):] + [message_id]
        return False

    def take_identity(self, event):
        self.wa_id = event.get("wa_id") or self.wa_id
        self.user_id = event.get("user_id") or self.user_id
        self.name = event.get("customer_name") or self.name


class Step:
    """One event of one conversation: fills self.decisions."""

    def __init__(self, conversation, event, at, idle_close_ms, joins=(), pause_ms=0, place=(0, 0)):
        """joins: (id, conversation, whether its ownership wins a tie) of those that are found to be the same customer's.
        place: lane and sequence. self.message: what the customer wrote, and is decided here."""
        self.c, self.event, self.at, self.idle_close_ms = conversation, event, at, idle_close_ms
        self.pause_ms, self.place, self.message = pause_ms, place, None
        self.decisions = []
        for other, loser, wins in joins:
            nearer = NEARNESS[loser.owner] - NEARNESS[conversation.owner]
            conversation.join(loser, nearer > 0 or (nearer == 0 and wins))
            self.announce("joined", "identity", other=other)
        getattr(self, "on_" + event["kind"])()
        self.follow()

    def follow(self):
        """Since when people have it, and why: told by the next card."""
        for d in self.decisions:
            if d["kind"] not in CHANGES or d["kind"] in ("joined", "moved"):
                continue
            served = d["owner"] in ("queued", "human")
            if served and (d["change"]["from"] not in ("queued", "human") or not self.c.served):
                self.c.why = d["change"].get("trigger")
            self.c.served = served

    def decide(self, kind, **details):
        c = self.c
        decision = {"kind": kind, "owner": c.owner, "epoch": c.epoch, "stretch": c.stretch, "agent_id": c.agent,
                    "team": c.team, **details}
        self.decisions.append(decision)
        return decision

    def received(self, kind="received"):
        fields = MESSAGE_FIELDS if kind == "received" else ("message_id", "type")
        self.decide(kind, message=present(fields, self.event))

    def change(self, kind, owner, agent, cause, **details):
        """The lane changes ownership."""
        c = self.c
        c.owner, c.epoch, c.agent = owner, c.epoch + 1, agent
        if owner == "bot":
            c.team = None
            self.new_stretch()
        return self.announce(kind, cause, **details)

    def announce(self, kind, cause, **details):
        c = self.c
        decision = self.decide(kind, change={"from": c.decided_owner, "cause": cause, **details})
        c.decided_owner, c.decided_epoch, c.decided_agent = decision["owner"], decision["epoch"], decision["agent_id"]
        c.stored = True
        if kind != "joined":
            c.held = None  # whoever has it now reads it
        return decision

    def commanded(self, kind, cause, **details):
        """A desktop has changed it: the decision carries the command's ownership, whatever the row says by now."""
        c, command = self.c, self.event
        now = c.owner, c.epoch, c.agent
        if command["owner"] == "bot":
            c.team = None
            self.new_stretch()
        c.absorb(command)
        if command["agent_id"]:
            details["by"] = command["agent_id"]
        self.announce(kind, cause, **details)
        c.owner, c.epoch, c.agent = now

    def new_stretch(self):
        self.c.stretch += 1
        self.c.misses = 0

    def say(self, text, source, confidence):
        said = {"text": text, "source": source, "confidence": confidence, "to_message": (self.message or self.event).get("message_id")}
        decision = self.decide("replied", said={k: v for k, v in said.items() if v is not None})
        if self.event["kind"] == "command":
            decision["owner"], decision["epoch"] = self.event["owner"], self.event["epoch"]
            decision["agent_id"] = self.event["owner_agent"]

    def notice(self, key):
        text = NOTICES.get(key)
        if text:
            self.say(text.replace("{agent}", self.event.get("agent_name") or ""), "notice." + key, 1.0)

    def summarize(self):
        """As the scripted plugin does."""
        handed = [d["change"] for d in self.decisions if d["kind"] == "handed_off"]
        trigger = handed[0].get("trigger") if handed else self.c.why if self.c.served else None
        wants = {"name": "wants", "text": self.message and self.message.get("text") or "(no text)"}
        if self.message:
            wants["message_id"] = self.message["message_id"]
        self.decide("summarized", card={"fields": [{"name": "why", "text": trigger or "a person took it"}, wants]})

    def notify(self, path="/handoffs"):
        self.decide("notified", effect={"plugin": "scripted", "destination": "crm", "method": "POST", "path": path})

    def hand_off(self, cause, **details):
        c = self.c
        route = {"priority": 5, "rank": "least_loaded", "team": "care", "skills": []}
        c.team = "care"
        self.change("handed_off", "queued", None, cause, route=route, **details)
        if cause != "meta":
            self.notice("handoff")
        self.summarize()
        self.notify()

    # ---- events from WhatsApp

    def on_message(self):
        c, event = self.c, self.event
        if c.known(event["message_id"]):
            self.received("duplicate")
            return
        c.stored = True
        c.take_identity(event)
        self.received()
        if event.get("type") in SAYS_NOTHING:
            return
        if c.owner == "closed":
            c.cases += 1
            self.change("reopened", "bot", None, "customer")
        c.last_in = self.at
        if c.owner != "bot":
            self.consider(event)
        elif self.pauses():
            self.pause()
        else:
            held = together(c.held, event) if c.held else {"message": event, "messages": 1, "since": self.at}
            c.held = None
            self.consider(held["message"], {**held, "by": []})

    # ---- what is held

    def pauses(self):
        h, event, text = self.c.held, self.event, self.event.get("text") or ""
        if not self.pause_ms or event.get("type") != "text" or event.get("reply_id") or not 0 < len(text) <= PAUSE_CHARACTERS:
            return False
        return not h or (h["messages"] < HELD_MESSAGES and self.at < h["since"] + PAUSES * self.pause_ms
                         and len(((h["message"].get("text") or "") + text).encode()) < HELD_BYTES)

    def pause(self):
        c = self.c
        held = together(c.held, self.event) if c.held else {"message": self.event, "messages": 1, "since": self.at}
        due = min(self.at + self.pause_ms, held["since"] + PAUSES * self.pause_ms)
        c.held = {**held, "due": due, "effect": None, "by": [], "epoch": c.epoch}
        self.decide("held", failure={"reason": "more may follow"})

    def waits(self, held, word):
        """The plugin's effect holds the message, once."""
        c = self.c
        if word != "wait" or "scripted" in held["by"] or not held.get("may", True) or self.at >= held["since"] + HELD_MS:
            return False
        c.language = "es"  # all that is kept of the first look
        self.decide("held", failure={"plugin": "scripted", "reason": "the result of its effect is awaited"})
        effect = record_id(self.at, *self.place, len(self.decisions))
        c.held = {**held, "due": min(self.at + WAIT_MS, held["since"] + HELD_MS), "effect": effect, "epoch": c.epoch,
                  "by": held["by"] + ["scripted"]}
        self.notify("/ask")
        return True

    def consider(self, message, held=None, said=None, failed=False, abstained=False):
        """The message is decided, or held by an effect. said: what a result answered; abstained: nothing; failed: none came."""
        c = self.c
        text = message.get("text") or ""
        word, _, rest = text.partition(" ")
        if held and self.waits(held, word):
            return
        self.message = message
        reading = {"language": "es", "confidence": 1.0, "out_of_scope": 0.0, "sentiment": 0.0, "anger": 0.0,
                   "wants_person": 0.0}
        if word:
            reading["intent"] = word
        self.decide("classified", reading=reading)
        c.language = "es"
        line = rest.split("\n")[0]
        if word == "slot" and "=" in line:
            self.slot(*line.split("=", 1))
        if failed:
            self.decide("failed", failure={"plugin": "scripted", "phase": "on_result"})
        if c.owner == "bot":
            self.answer(word, rest, said, failed)
            c.misses += abstained and c.owner == "bot" and c.misses == 0
        else:
            self.summarize()

    def on_result(self):
        c, event = self.c, self.event
        seen, h = c.known(event["effect_id"]), c.held
        self.received("duplicate" if seen else "received")
        if seen:
            return
        c.stored = True
        if h and h["effect"] == event["effect_id"] and c.owner == "bot" and c.epoch == h["epoch"] == event["epoch"]:
            c.held = None
            good = 200 <= event["status"] < 300
            said = (event.get("context") or b"").decode() or "bien"
            self.consider(h["message"], h, said if good else None, abstained=not good)
        elif event["hold_ms"]:
            self.decide("ignored", failure={"reason": "no message waits for it any more"})
        elif not (event.get("context") or b"").startswith(b"v1"):
            if c.owner == "bot" and c.epoch == event["epoch"]:
                self.say(event["context"].decode(), "asked", 0.9)
            else:
                self.decide("ignored", failure={"reason": "the conversation moved on while the effect was performed"})

    def slot(self, name, value):
        slots = self.c.slots
        if slots.get(name) == value or (name not in slots and len(slots) == SLOTS):
            return
        slots[name] = value
        self.decide("slot_filled", slot={"name": name, "value": value, "message_id": self.message["message_id"]})

    def answer(self, word, rest, said=None, failed=False):
        c = self.c
        if word == "fail":
            self.decide("failed", failure={"plugin": "scripted", "phase": "respond"})
        trigger = {"trigger": "scripted", "threshold": THRESHOLD, "observed": False, "tells": False}
        if word == "person":
            why = {"reason": "the customer asked for a person"}
            if rest:
                why["evidence"] = rest
            self.decide("triggered", trigger={**trigger, **why, "score": 1.0, "chosen": True})
            self.hand_off("trigger", trigger="scripted", score=1.0, **why)
            return
        if word == "maybe":
            self.decide("triggered", trigger={**trigger, "score": 0.3, "chosen": False, "evidence": "maybe",
                                              "reason": "the customer may want a person"})
        if said:
            c.misses = 0
            self.say(said, "asked", 1.0)
        elif word == "fail" or (failed and word == "wait" and not rest):
            self.hand_off("failure", reason="El bot no pudo responder.")
        elif word == "miss" or (word == "wait" and not rest):
            c.misses += 1
            self.notice("unknown")
        elif word == "ask" and rest:
            c.misses = 0
            self.say("un momento", "scripted", 0.9)
            self.notify("/ask")
        else:
            c.misses = 0
            self.say(rest if word == "say" and rest else "ok", "scripted", 0.9)

    def apart(self, kind, **details):
        self.decisions.append({"kind": kind, "owner": "none", "epoch": 0, "stretch": 0, "agent_id": None, "team": None,
                               **details})

    def on_status(self):
        self.apart("status", status=present(STATUS_FIELDS, self.event))

    def on_error(self):
        self.apart("received", message=present(MESSAGE_FIELDS, self.event))

    def on_unknown(self):
        if apart(self.event):
            self.on_error()
            return
        self.c.stored = True
        self.c.take_identity(self.event)
        self.received()

    def on_echo(self):
        c, event = self.c, self.event
        if c.known(event["message_id"]):
            self.received("duplicate")
            return
        c.stored = True
        c.take_identity(event)
        self.received()
        if c.owner != "human":
            self.change("taken_over", "human", "business_phone", "echo")
            self.summarize()

    def on_handover(self):
        self.received()
        if self.c.owner == "bot":
            self.hand_off("meta", reason="Meta pasó la conversación a una persona.")

    # ---- what desktops did, and the clock

    def on_command(self):
        c, command = self.c, self.event
        kind = command["command"]
        changed = command["epoch"] > c.decided_epoch
        c.stored = True
        if not changed and kind not in ("reply", "note"):  # given to the one who had it
            self.as_of("ignored", failure={"reason": "it changed nobody's ownership"})
        elif kind == "take_over":
            self.commanded("taken_over", "desktop")
            self.summarize()
        elif kind == "reply":
            if changed:
                self.commanded("taken_over", "agent_reply")
            self.said_by_agent("answered")
            if changed:
                self.summarize()
        elif kind == "note":
            self.said_by_agent("noted")
        elif kind in ("return", "resolve"):
            reason = {"reason": command["note"]} if command.get("note") else {}
            self.commanded("returned" if kind == "return" else "closed", "desktop", **reason)
            self.notice("returned" if kind == "return" else "closed")
            if kind == "resolve":
                self.summarize()
                self.notify()
        elif kind == "assign":
            self.commanded("assigned", "assignment")
            self.notice("assigned")
        elif kind == "requeue":
            reason = {"reason": command["note"]} if command.get("note") else {}
            had = c.decided_owner
            self.commanded("requeued", "desktop" if command["agent_id"] else "timeout", **reason)
            if had == "human":
                self.notice("requeued")
        elif kind == "moved":
            self.commanded("moved", "identity", other=command["note"])

    def said_by_agent(self, kind):
        command = self.event
        self.as_of(kind, said={"text": command["text"], "agent_id": command["agent_id"]})

    def as_of(self, kind, **details):
        """A decision with the ownership that the command made."""
        decision, command = self.decide(kind, **details), self.event
        decision["owner"], decision["epoch"] = command["owner"], command["epoch"]
        decision["agent_id"] = command["owner_agent"]

    def on_timer(self):
        c, h = self.c, self.c.held
        c.stored = True
        if self.event.get("timer") == "held":
            if not h or self.at < h["due"] or (c.owner, c.epoch) != ("bot", h["epoch"]):
                self.decide("ignored", failure={"reason": "it is held for longer" if h else "nothing is held any more"})
                return
            c.held = None
            self.consider(h["message"], {**h, "may": not h["effect"]}, failed=bool(h["effect"]))
        elif c.owner == "bot" and not h and 0 < self.idle_close_ms <= self.at - c.last_in:
            self.change("closed", "closed", None, "timeout")
        else:
            self.decide("ignored", failure={"reason": "the timer no longer holds"})
