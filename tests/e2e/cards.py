# SPDX-License-Identifier: Apache-2.0
"""Whether handover cards tell all that is known and nothing else, judged by the decisions of the conversation alone: every filled slot and
the last unanswered question are on it, and no value that the conversation does not contain."""
import re

QUOTE = re.compile("«(.*?)»", re.S)


class Known:
    """What the conversation holds so far."""

    def __init__(self):
        self.wrote, self.said, self.sources, self.offered, self.slots, self.open = [], [], set(), set(), {}, None
        self.were, self.names, self.noted, self.reasons, self.agents, self.sure = {}, set(), set(), set(), set(), set()

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
            if d["kind"] == "received" and d.get("message") and d["message"].get("customer_name"):
                self.names.add(d["message"]["customer_name"])
            if d["kind"] == "slot_filled":
                name, value = d["slot"]["name"], d["slot"]["value"]
                if name in self.slots:
                    self.were[name] = self.slots[name]
                self.slots[name] = value
            if d["kind"] == "classified" and d["reading"].get("intent"):
                self.sure.add(f"{d['reading']['intent']}: {d['reading']['confidence']:.2f}")
            if d["kind"] == "triggered":
                self.sure.add(f"{d['trigger']['trigger']}: {d['trigger']['score']:.2f}")
            change = d.get("change") or {}
            if d["kind"] in ("returned", "closed"):
                self.noted.add(change.get("reason"))
            self.reasons.add(change.get("reason"))
            self.agents |= {change.get("by"), d.get("agent_id")}
            if d["kind"] in ("returned", "reopened"):
                self.open = None  # another stretch
                self.were = {}
        if message and any(said.get("source") == "notice.unknown" for said in replies):
            self.open = message
        elif replies and not any((said.get("source") or "").startswith("notice.") for said in replies):
            self.open = None

    def has_written(self, text):
        """Or chosen: what they were offered."""
        return any(text.lower() in one.lower() for one in self.wrote) or text in self.slots.values() or text in self.offered


def faults(decisions, articles=None):
    """One line for each thing that is wrong with a card. decisions: of one conversation, in order. articles: {id: answers} that may be suggested."""
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
                yield from invented(known, fields, d, articles)


def missing(known, question, fields):
    for name, value in known.slots.items():
        if ("data", f"{name}: {value}") not in fields:
            yield f"the card lacks {name}: {value}"
        was = known.were.get(name)
        if was and "." not in name and ("changed", f"{name}: {was} → {value}") not in fields:
            yield f"the card does not tell that {name} was {was}"
    if question and not any(name == "open_question" and text[:200] == question[:200] for name, text in fields):
        yield f"the card lacks the open question '{question}'"


def is_past(known, text):
    """`2026-11-20: why → closed by lucia: «her words» (rated 4)`: each part is somebody's."""
    found = re.fullmatch(r"\d{4}-\d\d-\d\d: (.*) → [\w ]+?(?: (?:por|by) ([\w ]+))?(?:: «(.*)»)?(?: \([\w ]+ (\d+)\))?", text, re.S)
    taken = ("Una persona tomó la conversación.", "Uma pessoa assumiu a conversa.", "A person took the conversation.")
    return found is not None and (found[1] in taken or found[1] in known.reasons) and found[2] in known.agents | {None} \
        and (found[3] is None or found[3] in known.noted) and found[4] in {None, known.slots.get("csat"), known.slots.get("nps")}


def invented(known, fields, decision, articles):
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
        elif name == "changed":
            slot, _, change = text.partition(": ")
            fine = change == f"{known.were.get(slot)} → {known.slots.get(slot)}"
        elif name == "confidence":
            fine = text in known.sure
        elif name == "customer":
            what, _, value = text.partition(": ")
            fine = value in known.names if what == "name" else value[1:] == decision.get("customer_id") if what == "phone" else what == "language"
        elif name == "previous":
            fine = is_past(known, text)
        elif name == "window":
            fine = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text) is not None
        elif name == "outcome":
            said = QUOTE.findall(text)
            fine = all(quote in known.noted for quote in said) and (said or re.fullmatch(r"[\w ]+(: [\dshdmin ]+)?", text))
        elif name == "suggested":
            head, _, answer = text.partition("\n")
            fine = answer in (articles or {}).get(head.split(":")[0], ())
        elif name == "sentiment":
            fine = re.fullmatch(r"(\w+: )?-?\d\.\d( → -?\d\.\d)?", text) is not None
        else:
            fine = False  # nobody knows how to judge it
        if not fine:
            yield f"nobody said what the card tells: {name}: {text}"


def selftest():
    """Cards with something left out, and with something put in, are found. Returns what is not."""
    def talk(card):
        head = {"lane": 0, "said": None, "message": None}
        return [{**head, "seq": 0, "kind": "handed_off", "change": {"from": "bot", "reason": "Está enojada."}},
                {**head, "seq": 0, "kind": "closed", "change": {"from": "human", "by": "lucia", "reason": "listo"}},
                {**head, "seq": 0, "kind": "reopened", "change": {"from": "closed"}},
                {**head, "seq": 1, "kind": "received", "message": {"text": "¿tienen leche de avena? soy Eva, digo Ana", "customer_name": "Ana R."}},
                {**head, "seq": 1, "kind": "classified", "reading": {"intent": "milk", "confidence": 0.876}},
                {**head, "seq": 1, "kind": "slot_filled", "slot": {"name": "name", "value": "Eva"}},
                {**head, "seq": 1, "kind": "slot_filled", "slot": {"name": "name", "value": "Ana"}},
                {**head, "seq": 1, "kind": "replied", "said": {"text": "No lo sé.", "source": "notice.unknown"}},
                {**head, "seq": 2, "kind": "received", "message": {"text": "quiero una persona"}},
                {**head, "seq": 2, "kind": "summarized", "customer_id": "57300", "card": {"fields": [{"name": n, "text": t} for n, t in card]}}]

    good = [("why", "Pide una persona. (asks: «una persona»)"), ("wants", "quiero una persona"), ("data", "name: Ana"), ("tried", "notice.unknown"),
            ("tried", "Última respuesta del bot: «No lo sé.»"), ("open_question", "¿tienen leche de avena? soy Eva, digo Ana"),
            ("changed", "name: Eva → Ana"), ("sentiment", "estable: 0.0 → 0.1"), ("confidence", "milk: 0.88"), ("customer", "name: Ana R."),
            ("customer", "phone: +57300"), ("customer", "language: es"), ("previous", "2026-11-20: Está enojada. → cerrada por lucia: «listo»"),
            ("window", "2026-11-28T14:02:11Z"), ("suggested", "leche: Leches\nTenemos de avena."), ("outcome", "cerrada por Lucía: «listo»"),
            ("outcome", "duración: 2 h 5 min")]
    known = {"leche": {"Tenemos de avena."}}
    wrong = [f"a good card: {why}" for why in faults(talk(good), known)]
    for left_out in (2, 5, 6):
        if not list(faults(talk([f for i, f in enumerate(good) if i != left_out]), known)):
            wrong.append(f"{good[left_out]} is left out, and nobody says so")
    for put_in in (("data", "order_number: 48213"), ("wants", "mi dinero"), ("tried", "envios"), ("tried", "Última respuesta del bot: «Sí.»"),
                   ("why", "(asks: «abogado»)"), ("open_question", "¿abren hoy?"), ("sentiment", "muy enojada"), ("changed", "name: Rut → Ana"),
                   ("confidence", "milk: 0.97"), ("customer", "name: Pedro"), ("customer", "phone: +57301"), ("window", "mañana"),
                   ("previous", "2026-11-20: Quiere otra cosa. → cerrada por lucia: «listo»"),
                   ("previous", "2026-11-20: Está enojada. → cerrada por tomas: «listo»"),
                   ("previous", "2026-11-20: Está enojada. → cerrada por lucia: «reembolso»"),
                   ("previous", "2026-11-20: Está enojada. → cerrada por lucia: «listo» (calificó 5)"), ("suggested", "leche: Leches\nNo hay."),
                   ("outcome", "cerrada por Lucía: «reembolso»"), ("mood", "furiosa")):
        if not list(faults(talk(good + [put_in]), known)):
            wrong.append(f"{put_in} is put in, and nobody says so")
    return wrong
