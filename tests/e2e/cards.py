# SPDX-License-Identifier: Apache-2.0
"""Whether handover cards tell all that is known and nothing else, judged by the decisions of the conversation alone: every filled slot and
the last unanswered question are on it, and no value that the conversation does not contain."""
import re

QUOTE = re.compile("«(.*?)»", re.S)


class Known:
    """What the conversation holds so far."""

    def __init__(self):
        self.wrote, self.said, self.sources, self.offered, self.slots, self.open = [], [], set(), set(), {}, None

    def take(self, event):
        """The decisions of one event, in order."""
        message = next((d["message"]["text"] or "" for d in event if d["kind"] == "received" and d.get("message")), None)
        if message is not None:
            self.wrote.append(message)
        replies = [d["said"] for d in event if d["kind"] == "replied"]
        for said in replies:
            self.said.append(said["text"])
            self.sources.add(said.get("source"))
            self.offered |= {choice["title"] for choice in (said.get("extras") or {}).get("choices", ())}
        for d in event:
            if d["kind"] == "slot_filled":
                self.slots[d["slot"]["name"]] = d["slot"]["value"]
            if d["kind"] in ("returned", "reopened"):
                self.open = None  # another stretch
        if message and any(said.get("source") == "notice.unknown" for said in replies):
            self.open = message
        elif replies and not any((said.get("source") or "").startswith("notice.") for said in replies):
            self.open = None

    def has_written(self, text):
        """Or chosen: what they were offered."""
        return any(text.lower() in one.lower() for one in self.wrote) or text in self.slots.values() or text in self.offered


def faults(decisions):
    """One line for each thing that is wrong with a card. decisions: of one conversation, in order."""
    known, events = Known(), {}
    for d in decisions:
        events.setdefault((d["lane"], d["seq"]), []).append(d)
    for event in events.values():
        open_before = known.open
        known.take(event)
        for d in event:
            if d["kind"] == "summarized":
                fields = [(f["name"], f["text"]) for f in d["card"]["fields"]]
                yield from missing(known, open_before if known.open is None else known.open, fields)
                yield from invented(known, fields)


def missing(known, question, fields):
    for name, value in known.slots.items():
        if ("data", f"{name}: {value}") not in fields:
            yield f"the card lacks {name}: {value}"
    if question and not any(name == "open_question" and text[:200] == question[:200] for name, text in fields):
        yield f"the card lacks the open question '{question}'"


def invented(known, fields):
    for name, text in fields:
        fine = True
        if name in ("wants", "open_question"):
            fine = known.has_written(text)
        elif name == "data":
            fine = known.has_written(text.split(": ", 1)[1])
        elif name == "tried" and "«" in text:
            fine = all(any(quote in said for said in known.said) for quote in QUOTE.findall(text))
        elif name == "tried":
            fine = text in known.sources
        elif name == "why":
            # Evidence may list several words of theirs.
            fine = all(known.has_written(part) for quote in QUOTE.findall(text) for part in quote.split(", "))
        elif name == "sentiment":
            fine = re.fullmatch(r"(\w+: )?-?\d\.\d( → -?\d\.\d)?", text) is not None
        if not fine:
            yield f"nobody said what the card tells: {name}: {text}"


def selftest():
    """Cards with something left out, and with something put in, are found. Returns what is not."""
    def talk(card):
        head = {"lane": 0, "said": None, "message": None}
        return [{**head, "seq": 1, "kind": "received", "message": {"text": "¿tienen leche de avena? soy Ana"}},
                {**head, "seq": 1, "kind": "slot_filled", "slot": {"name": "name", "value": "Ana"}},
                {**head, "seq": 1, "kind": "replied", "said": {"text": "No lo sé.", "source": "notice.unknown"}},
                {**head, "seq": 2, "kind": "received", "message": {"text": "quiero una persona"}},
                {**head, "seq": 2, "kind": "summarized", "card": {"fields": [{"name": n, "text": t} for n, t in card]}}]

    good = [("why", "Pide una persona. (asks: «una persona»)"), ("wants", "quiero una persona"), ("data", "name: Ana"), ("tried", "notice.unknown"),
            ("tried", "Última respuesta del bot: «No lo sé.»"), ("open_question", "¿tienen leche de avena? soy Ana"), ("sentiment", "estable: 0.0 → 0.1")]
    wrong = [f"a good card: {why}" for why in faults(talk(good))]
    for left_out in (2, 5):
        if not list(faults(talk([f for i, f in enumerate(good) if i != left_out]))):
            wrong.append(f"{good[left_out]} is left out, and nobody says so")
    for put_in in (("data", "order_number: 48213"), ("wants", "mi dinero"), ("tried", "envios"), ("tried", "Última respuesta del bot: «Sí.»"),
                   ("why", "(asks: «abogado»)"), ("open_question", "¿abren hoy?"), ("sentiment", "muy enojada")):
        if not list(faults(talk(good + [put_in]))):
            wrong.append(f"{put_in} is put in, and nobody says so")
    return wrong
