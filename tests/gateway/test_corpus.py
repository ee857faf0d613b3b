#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every payload that Meta documents, and generated ones, through the real gateway: each becomes the right events."""
import json
import random
import sys

import yaml
from door import CORPUS, DoorLab, sign
from lab.stack import expect, run


def differences(expected, key, event):
    for field, wanted in expected.items():
        found = key if field == "key" else event.get(field)
        if field == "raw" and wanted is not None:
            if found is None or wanted not in found:
                yield f"raw holds no {wanted!r}: {found}"
        elif found != wanted:
            yield f"{field} is {found!r} instead of {wanted!r}"


def corpus(seed):
    """each payload of tests/data/webhooks becomes the events that are written beside it"""
    expected = yaml.safe_load((CORPUS / "expected.yaml").read_text())
    files = sorted(CORPUS.glob("*.json"))
    expect([f.stem for f in files] == sorted(expected), "payloads and expected.yaml do not fit")
    with DoorLab("corpus", partitions=1) as lab:
        lab.run("gateway")
        for file in files:
            status = lab.post(file.read_bytes())
            expect(status == 200, f"{file.name}: status {status}")
        events = iter(lab.events())
        mistakes = []
        for file in files:
            for i, wanted in enumerate(expected[file.stem]):
                _, key, event = next(events)
                mistakes += [f"{file.name}[{i}]: {words}" for words in differences(wanted, key, event)]
        expect(next(events, None) is None, "there are more events than expected")
        expect(not mistakes, "\n".join(mistakes))
        print(f"  {len(files)} payloads")


# ---- generated ones

WORDS = ("hola", "¿dónde está mi pedido?", "😀👍🏽", "a\u0000b", "\u202eal revés", "'; DROP TABLE", "{\"a\":1}", "", "\n\t", "ñ" * 700, "HALF", "HUGE")
# What Python does not write: half a surrogate pair, a NUL in a name, a number beyond every double.
STRANGE = (('"HUGE"', "-1e999"), ("HALF", "\\ud83d"), ('"ñ":', '"\\u0000":'))
TYPES = ("text", "image", "audio", "document", "location", "contacts", "interactive", "button", "reaction", "order", "edit",
         "revoke", "unsupported", "hologram", "system")


class Generator:
    """Webhooks of any shape that is still one, and what must become of them."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.n = 0

    def junk(self, depth=0):
        r = self.r
        kind = r.randrange(8 if depth < 4 else 5)
        if kind < 5:
            return (None, True, r.choice((r.randrange(-10**12, 10**12), 10**30)), r.random() * 1e6, r.choice(WORDS))[kind]
        if kind == 5:
            return [self.junk(depth + 1) for _ in range(r.randrange(4))]
        return {r.choice(("a", "body", "id", "type", "from", "errors", "ñ", "context")): self.junk(depth + 1) for _ in range(r.randrange(4))}

    def message(self, mark):
        """A message that holds `mark`, somewhere; now and then with members of the wrong type."""
        r = self.r
        kind = r.choice(TYPES)
        message = {"id": f"wamid.{mark}", "timestamp": r.choice((str(r.randrange(2**31)), r.randrange(2**31), "soon", None)),
                   "type": kind, kind: r.choice(({"body": mark}, {"id": mark, "caption": r.choice(WORDS)}, self.junk(), {"text": mark}))}
        if r.random() < 0.9:
            message["from"] = str(r.randrange(10**9, 10**12))
        if r.random() < 0.3:
            message["from_user_id"] = "MX." + str(r.randrange(10**9))
        for name in ("context", "errors", "referral", "text", "image", mark):
            if r.random() < 0.15:
                message[name] = self.junk()
        if r.random() < 0.05:
            message[r.choice(("id", "type", "from"))] = self.junk()
        if mark not in json.dumps(message):
            message["also"] = mark
        return message

    def item(self):
        """(member, what is in it, how many events it must make, the mark)"""
        self.n += 1
        mark = f"mark{self.n:07}"
        which = self.r.random()
        if which < 0.5:
            return "messages", self.message(mark), mark
        if which < 0.75:
            return "statuses", {"id": f"wamid.{mark}", "status": self.r.choice(("sent", "read", "failed", mark)), "timestamp": "1",
                                "recipient_id": "52155", "errors": self.junk(), mark: self.junk()}, mark
        if which < 0.85:
            return "message_echoes", {**self.message(mark), "to": "5215512345678"}, mark
        return "errors", {"code": self.r.choice((1, 131000, "x")), "title": mark, mark: self.junk()}, mark

    def webhook(self):
        """(payload, the marks that its events must hold, in order)"""
        r, marks, entries = self.r, [], []
        for _ in range(r.randrange(1, 4)):
            changes = []
            for _ in range(r.randrange(1, 4)):
                value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": str(r.randrange(3))}}
                if r.random() < 0.5:
                    value["contacts"] = r.choice(([{"profile": {"name": r.choice(WORDS)}, "wa_id": "52155"}], self.junk()))
                member = None
                for _ in range(r.randrange(1, 5)):
                    name, item, mark = self.item()
                    if member in (None, name):
                        member = name
                        value.setdefault(name, []).append(item)
                        marks.append(mark)
                changes.append({"field": r.choice(("messages", "messages", "smb_message_echoes", "standby", "novelty")), "value": value})
            entries.append({"id": str(r.randrange(1000)), "changes": changes})
        return {"object": "whatsapp_business_account", "entry": entries}, marks


def generated(seed):
    """generated webhooks: none is refused, each of their members becomes one event of one conversation, in order"""
    generator = Generator(seed)
    with DoorLab("random", partitions=1) as lab:
        lab.run("gateway")
        expected = []
        for i in range(400):
            payload, marks = generator.webhook()
            text = json.dumps(payload, ensure_ascii=generator.r.random() < 0.5, indent=generator.r.choice((None, 1)))
            for word, strange in STRANGE:
                text = text.replace(word, strange)
            body = text.encode()
            status = lab.post(body, {"X-Hub-Signature-256": sign(body)})
            expect(status == 200, f"webhook {i} was answered with {status}: {body[:600].decode(errors='replace')}")
            expected += marks
        events = iter(lab.events())
        for mark in expected:
            _, key, event = next(events, (None, None, None))
            expect(event is not None, f"nothing tells of {mark}")
            text = json.dumps(event, ensure_ascii=False)
            expect(mark in text, f"{mark} was due, and there is {text}")
            number, _, who = key.partition(":")
            expect(number == event["phone_number_id"] and who == (event["user_id"] or event["wa_id"]), f"the key {key} of {text}")
            expect(event["kind"] not in ("message", "status", "echo") or event["message_id"], f"no message_id: {text}")
        left = [event for _, _, event in events if event["kind"] != "unknown"]
        expect(not left, f"more came out than went in: {left[:3]}")
        print(f"  {len(expected)} members of 400 webhooks")


if __name__ == "__main__":
    sys.exit(run("webhooks", corpus, generated))
