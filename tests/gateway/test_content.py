#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every kind of message that can be sent, the whole way: OutboundMessage, deliver, the stand-in of the Cloud API, which refuses
what the real one would. And the customer's 24 hours: past them only templates, and the desktop reads why."""
import json
import sys
import time

import yaml
from door import NUMBER, DoorLab, wait_for
from lab.deliver import begin
from lab.stack import expect, run

WHO = "5215511112222"
BUTTONS = {"type": "button", "body": {"text": "¿Cuál?"}, "action": {"buttons": [
    {"type": "reply", "reply": {"id": n, "title": n.upper()}} for n in "abc"]}}
LIST = {"type": "list", "body": {"text": "¿Qué día?"}, "action": {"button": "Días", "sections": [
    {"rows": [{"id": str(n), "title": f"Día {n}", "description": "9 a 14 h"} for n in range(10)]}]}}
TEMPLATE = {"name": "order_sent", "language": {"code": "es_MX"},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Marisol"}]}]}
GOOD = [("interactive", BUTTONS), ("interactive", LIST), ("template", TEMPLATE), ("image", {"link": "https://x.example/y.jpg", "caption": "Foto"}),
        ("audio", {"link": "https://x.example/y.ogg"}), ("video", {"link": "https://x.example/y.mp4"}),
        ("document", {"link": "https://x.example/m.pdf", "filename": "m.pdf"}), ("sticker", {"link": "https://x.example/y.webp"}),
        ("location", {"latitude": 19.4, "longitude": -99.1, "name": "Roma"}),
        ("contacts", [{"name": {"formatted_name": "Ana", "first_name": "Ana"}, "phones": [{"phone": "+5215500000000"}]}])]
BAD = [("interactive", {**BUTTONS, "action": {"buttons": BUTTONS["action"]["buttons"] * 2}}, "buttons"),
       ("interactive", {**BUTTONS, "body": {"text": "x" * 1025}}, "body"),
       ("image", {"caption": "nothing to see"}, "by id or by link"), ("template", {"name": "n"}, "language"),
       ("image", {"id": "nobody uploaded this"}, "media")]


class ContentLab(DoorLab):
    """All roles, with the sandbox as WhatsApp; `decide` puts a message on the outbound topic, as a lane would."""

    n = 0

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["deliver"] = {"group": self.mark + "-deliver", "api_url": f"http://127.0.0.1:{self.phone}", "api_private": True, "token": "t",
                             "confirm": "2s", "pair_rate": 1000, "pair_burst": 1000}
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    def put(self, kind, text=None, content=None, context=None, who=WHO):
        self.n += 1
        conversation, lane, epoch, seq = self.sql("SELECT c.id::text, lane, epoch, l.seq FROM relevo.conversation c JOIN relevo.lane l USING (lane)"
                                                  " WHERE wa_id = %s", who)[0]
        at = int(time.time() * 1000)
        ident = f"{at:012x}"[:8] + "-" + f"{at:012x}"[8:] + f"-7000-8000-{self.n:012x}"
        record = {"id": ident, "conversation_id": conversation, "phone_number_id": NUMBER, "wa_id": who, "lane": lane, "seq": seq,
                  "at": at, "epoch": epoch, "author": "agent", "agent_id": "ana", "type": kind, "text": text, "context_id": context,
                  "content": None if content is None else json.dumps(content, ensure_ascii=False)}
        self.produce(lane, conversation.encode(), self.schemas["OutboundMessage"].encode(record), self.prefix + "relevo.outbound.v1")
        return ident

    def decide(self, kind, **what):
        ident = self.put(kind, **what)
        self.flush()
        wait_for(lambda: f"{kind} does not come to an end", lambda: self.sql(
            "SELECT 1 FROM desk.sends WHERE message = %s AND state NOT IN ('sending', 'waiting')", ident))
        return ident

    def ends(self, ident):
        return self.sql("SELECT state, error_code, error FROM desk.sends WHERE message = %s ORDER BY part", ident)


def content(seed):
    """each kind of message arrives as it was decided; what breaks a limit fails with a reason; past 24 hours only templates"""
    with ContentLab("content", partitions=1) as lab:
        for role in ("gateway", "sandbox"):
            lab.run(role)
        lab.start()
        sender = begin(lab)
        lab.sandbox("settings", {"per_second": 0, "pair_ms": 0})
        said = lab.sandbox("say", {"wa_id": WHO, "name": "Marisol", "text": "hola"})["id"]
        wait_for("the customer's message is not decided", lambda: lab.sql("SELECT 1 FROM relevo.conversation"))
        sent = lambda: [entry["body"] for entry in lab.sandbox("log")["sends"]]
        of = lambda ident: [body for body in sent() if body.get("biz_opaque_callback_data", "").startswith(ident)]

        uploaded = upload(lab)
        good = GOOD + [("image", {"id": uploaded, "caption": "por id"}), ("reaction", {"message_id": said, "emoji": "👍"})]
        for kind, body in good:
            ident = lab.decide(kind, content=body)
            expect(lab.ends(ident) == [("accepted", None, None)], f"{kind}: {lab.ends(ident)}")
            got, = of(ident)
            expect(got["type"] == kind and got[kind] == body and got["to"] == WHO, f"{kind} arrived as {got}")
            expect(got["biz_opaque_callback_data"] == f"{ident}/0", f"{kind}: {got['biz_opaque_callback_data']}")

        # A long text in several parts, at its paragraphs, the first of them an answer.
        paragraphs = [f"{n} " + "palabra " * 300 for n in range(4)]
        ident = lab.decide("text", text="\n\n".join(paragraphs), context=said)
        said_of = lambda: " ".join(part["text"]["body"] for part in of(ident)).split()
        wait_for("the parts are not the text", lambda: said_of() == " ".join(paragraphs).split())  # one part may be over before the next
        parts = of(ident)
        wait_for("not each part is told", lambda: lab.ends(ident) == [("accepted", None, None)] * len(parts))
        expect(len(parts) > 1 and all(len(p["text"]["body"]) <= 4096 for p in parts), f"{len(parts)} parts")
        expect([p["context"]["message_id"] if "context" in p else None for p in parts] == [said] + [None] * (len(parts) - 1), "contexts")

        # Read, and typing.
        sends = len(sent())
        receipt = lab.put("read", context=said)
        lab.flush()
        wait_for("no receipt arrives", lambda: len(sent()) > sends)
        expect(lab.ends(receipt) == [], "a receipt is taken for a message")
        expect(sent()[-1] == {"messaging_product": "whatsapp", "status": "read", "message_id": said,
                              "typing_indicator": {"type": "text"}}, f"the receipt arrived as {sent()[-1]}")

        for kind, body, words in BAD:
            state, _, why = lab.ends(lab.decide(kind, content=body))[0]
            expect(state == "failed" and words in why, f"{kind} {body}: {state}, {why}")

        # The customer's day is over.
        lab.sql("UPDATE relevo.conversation SET last_in_ms = last_in_ms - 86400001")
        state, code, why = lab.ends(lab.decide("text", text="¿Sigues ahí?"))[0]
        expect((state, code) == ("failed", 131047) and "only a template" in why, f"{state} {code} {why}")
        expect(lab.ends(lab.decide("template", content=TEMPLATE))[0][0] == "accepted", "a template needs no window")
        wait_for("the lane is not told of each failure", lambda: lab.sql(
            "SELECT count(*) FROM relevo.history WHERE kind = 10 AND type = 'failed'")[0][0] == len(BAD) + 1)
        for process in reversed(lab.processes):
            if process.role != "sandbox":
                process.stop(60)


def pace(seed):
    """as fast as WhatsApp's quotas of a number and of a pair allow, and never refused for going beyond them"""
    with ContentLab("pace", partitions=1) as lab:
        config = yaml.safe_load(lab.config.read_text())
        config["deliver"].update({"number_rate": 20, "pair_rate": 2, "pair_burst": 4})
        lab.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
        for role in ("gateway", "sandbox"):
            lab.run(role)
        lab.start()
        lab.sandbox("settings", {"per_second": 0, "pair_ms": 0})
        crowd = [f"52155{n:08}" for n in range(60)]
        for who in crowd:
            lab.sandbox("say", {"wa_id": who, "name": "Ana", "text": "hola"})
        wait_for("the customers' messages are not decided", lambda: lab.sql("SELECT count(*) FROM relevo.conversation") == [(60,)])
        sender = begin(lab)
        wait_for("the bot's answers are not out", lambda: lab.sql("SELECT count(*) FROM relevo.send WHERE state = 3") == [(60,)])
        # Its rates, and a few more at once: what a busy machine holds up for two seconds comes together.
        lab.sandbox("settings", {"per_second": 40, "pair_burst": 9, "pair_ms": 500})
        began = time.monotonic()
        idents = [lab.put("text", text=f"uno de {n}", who=crowd[0]) for n in range(14)]
        idents += [lab.put("text", text="para todos", who=who) for who in crowd[1:]]
        lab.flush()
        wait_for("not all of it is accepted", lambda: lab.sql("SELECT count(*) FROM relevo.send WHERE state = 3") == [(60 + len(idents),)])
        took = time.monotonic() - began
        metrics = sender.get("/metrics")[1]
        refused = [line for line in metrics.splitlines() if line.startswith("relevo_sends_total") and 'outcome="refused"' in line]
        expect([line.rpartition(" ")[2] for line in refused] == ["0"], f"WhatsApp refused for going too fast: {refused}")
        sent = [entry["body"] for entry in lab.sandbox("log")["sends"]][60:]
        expect([b["text"]["body"] for b in sent if b["to"] == crowd[0]] == [f"uno de {n}" for n in range(14)], "one customer's messages lost their order")
        others = [n for n, b in enumerate(sent) if b["to"] != crowd[0]]
        expect(others[-1] < len(sent) - 1, "a customer who is written to quickly held up the others")
        expect(took >= 4.5, f"14 messages of a pair took {took:.1f} s: the quota gives 4, and 2 a second")
        for process in reversed(lab.processes):
            if process.role != "sandbox":
                process.stop(60)


def upload(lab):
    from test_sandbox import upload as form
    return form(lab, b"\x89PNG bytes", "image/png")


if __name__ == "__main__":
    sys.exit(run("content", content, pace))
