#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What customers and agents write is in no log: gateway, consumer and deliver at level debug, with all that goes wrong.

    test_quiet.py [SEED]

Every text that is put in anywhere is a word of its own; none of them may be in any line of any process. It also looks for the lines
that the failures must leave: a run in which nothing went wrong would show nothing.
"""
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "gateway")]
import yaml  # noqa: E402
from door import NUMBER, DoorLab, wait_for  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.stack import BUILD, PATIENCE_S, expect, run  # noqa: E402

TOKEN, SECRET = "canarytoken", "canarysecret"


class Words:
    """Words that are told to somebody, and to no log."""

    def __init__(self, seed):
        self.seed, self.said = seed, {TOKEN: "WhatsApp's access token", SECRET: "the CRM's token"}

    def __call__(self, what):
        word = f"canary{self.seed:06d}x{len(self.said):03d}z"
        self.said[word] = what
        return word

    def of(self, what):
        return next(word for word, said in self.said.items() if said == what)

    def leaked(self, processes):
        """(word, what it is, process, line) of all that is in a log."""
        for process in processes:
            for line in process.log.read_text(errors="replace").splitlines():
                for word in self.said:
                    if word in line:
                        yield word, self.said[word], process.name, line


class EchoApi(CloudApi):
    """WhatsApp's refusals quote what they refuse."""

    def refuse_now(self, handler, entry):
        with self.lock:
            self.refused.append(entry)
        self.say(handler, 503, {"error": {"message": f"later: {entry[3]}", "code": 2, "error_data": {"details": f"«{entry[3]}» waits"}, "fbtrace_id": "A"}})

    def refuse_ever(self, handler, entry):
        with self.lock:
            self.refused.append(entry)
        self.say(handler, 400, {"error": {"message": f"bad text {entry[3]}", "code": 131009,
                                          "error_data": {"details": f"Parameter «{entry[3]}» to {entry[2]} is not valid"},
                                          "fbtrace_id": "A"}})


class EchoCrm:
    """A CRM whose answers quote what it was asked."""

    def __init__(self):
        self.asked, self.statuses = [], []
        crm = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                crm.asked.append(body)
                self.send_response(crm.statuses.pop(0) if crm.statuses else 201)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"


class QuietLab(DoorLab):
    """Gateway, consumer and deliver, all at debug; a plugin that returns failures, and one in a process of its own that crashes."""

    def __init__(self, api, crm):
        self.api, self.crm = api, crm
        plugins = [{"name": "scripted", "path": str(BUILD / "tests/plugins/scripted.so")},
                   {"name": "rogue", "path": str(BUILD / "tests/isolation/rogue.so"), "options": {"how": "segfault"},
                    "event_budget": "60s", "offences": 1000}]
        super().__init__("quiet", partitions=2, plugins=plugins, command_poll="200ms")

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["log"] = {"level": "debug"}
        config["deliver"] = {"group": self.mark + "-deliver", "api_url": self.api.url, "api_private": True, "token": TOKEN,
                             "timeout": "5s", "lease": "10s", "confirm": "2s", "give_up": "1m", "pair_rate": 1000,
                             "pair_burst": 1000, "number_rate": 5000,
                             "destinations": [{"name": "crm", "url": self.crm.url, "token": SECRET, "private": True}]}
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    def webhook(self, change, status=200, field="messages"):
        body = {"object": "whatsapp_business_account", "entry": [{"id": "102", "changes": [{"field": field, "value": {
            "messaging_product": "whatsapp", "metadata": {"display_phone_number": "5255", "phone_number_id": NUMBER}, **change}}]}]}
        found = self.post(json.dumps(body).encode())
        expect(found == status, f"a webhook was answered with {found}")

    def message(self, number, name, kind, content, wa_id="573001110000"):
        self.webhook({"contacts": [{"profile": {"name": name}, "wa_id": wa_id}],
                      "messages": [{"from": wa_id, "id": f"wamid.in.{number}", "timestamp": str(int(time.time())), "type": kind,
                                    kind: content}]})

    def count(self, query, *args):
        return self.sql("SELECT count(*) FROM " + query, *args)[0][0]


def every_kind(word):
    """What customers send that has words in it: (type, content)."""
    yield "text", {"body": "say " + word("a text, and the bot's answer")}
    yield "image", {"id": "1", "mime_type": "image/jpeg", "sha256": "x", "caption": word("a caption")}
    yield "document", {"id": "2", "mime_type": "application/pdf", "sha256": "x", "filename": word("a file's name")}
    yield "button", {"text": word("a button's text"), "payload": word("a button's payload")}
    yield "interactive", {"type": "button_reply", "button_reply": {"id": word("a choice's id"), "title": word("a choice")}}
    yield "interactive", {"type": "list_reply", "list_reply": {"id": word("a row's id"), "title": word("a row"),
                                                               "description": word("a row's description")}}
    yield "interactive", {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": word("a form's body"),
                                                             "response_json": json.dumps({"typed": word("typed into a form")})}}
    yield "location", {"latitude": 4.6, "longitude": -74.1, "name": word("a place"), "address": word("an address")}
    yield "contacts", [{"name": {"formatted_name": word("somebody's contact")}, "phones": [{"phone": word("a contact's number")}]}]
    yield "reaction", {"message_id": "wamid.in.0", "emoji": word("a reaction")}
    yield "order", {"catalog_id": "7", "text": word("an order's note"), "product_items": []}
    yield "hologram", {"body": word("of a type that nobody knows")}


def quiet(seed):
    """texts, names, answers, refusals, dead letters, failing plugins: no word of them"""
    word, api, crm = Words(seed), EchoApi(seed), EchoCrm()
    with QuietLab(api, crm) as lab:
        lab.run("gateway")
        consumer = lab.start()
        sender = lab.run("deliver")
        for number, (kind, content) in enumerate(every_kind(word)):
            lab.message(number, word("a customer's name"), kind, content)
        lab.wait_caught_up()

        # People: taken over, answered, noted, given back; another answers from the business's phone.
        conversation = lab.sql("SELECT conversation_id::text FROM desk.conversations")[0][0]
        lab.sql("SELECT desk.put_agent('ana', %s)", word("an agent's name"))
        for call in ("take_over(%s, 'ana')", "reply(%s, 'ana', %s)", "note(%s, 'ana', %s)", "return_to_bot(%s, 'ana', %s)"):
            texts = [word(f"an argument of {call}")] * (call.count("%s") - 1)
            expect(lab.sql(f"SELECT done FROM desk.{call}", conversation, *texts)[0][0], f"{call} is refused")
        lab.webhook({"message_echoes": [{"from": "5255", "to": "573001110001", "id": "wamid.echo", "type": "text",
                                         "timestamp": str(int(time.time())), "text": {"body": word("said from the phone")}}]},
                    field="smb_message_echoes")
        lab.wait_caught_up()
        wait_for("the agent's answer is not sent", lambda: any("canary" in str(took[3]) for took in api.took), PATIENCE_S)

        # What WhatsApp refuses, now and for good, and what it breaks off.
        for name, share in (("refuse", "refused for now"), ("never", "refused for good"), ("cut", "broken off")):
            setattr(api, name, 1.0)
            lab.message(f"deliver.{name}", word("a customer's name"), "text", {"body": "say " + word(share)}, f"57300222{len(word.said):04d}")
            wait_for(f"nothing was {share}", lambda: any(word.of(share) in str(entry[3]) for entry in api.took + api.refused), PATIENCE_S)
            if name == "refuse":
                wait_for("WhatsApp stays well", lambda: "WhatsApp is unwell" in sender.log.read_text(errors="replace"), PATIENCE_S)
            setattr(api, name, 0.0)
        lab.webhook({"statuses": [{"id": "wamid.1", "recipient_id": "573001110000", "status": "failed", "timestamp": "1767225600",
                                   "errors": [{"code": 131053, "title": word("a status's title"),
                                               "error_data": {"details": word("a status's details")}}]}]})

        # What the CRM is told, and answers.
        crm.statuses = [503] * 8 + [404]
        for number, how in enumerate(("person", "ask")):
            lab.message(f"crm.{number}", word("a customer's name"), "text", {"body": f"{how} " + word(f"{how}, at the CRM")}, f"5730033300{number}")
        wait_for("the CRM is not asked", lambda: len(crm.asked) >= 3 and any(word.of("ask, at the CRM").encode() in body for body in crm.asked),
                 PATIENCE_S)
        wait_for("the CRM stays well", lambda: "crm is unwell" in sender.log.read_text(errors="replace"), PATIENCE_S)

        # Plugins that fail and crash at it; what is too large for its topic.
        lab.message("fail", word("a customer's name"), "text", {"body": "fail " + word("where plugins fail")}, "573004440000")
        lab.message("large", word("a customer's name"), "text", {"body": word("far too long") + " x" * 450_000}, "573004440001")

        # What nobody can read, on every topic that is read.
        event = lab.schemas["WhatsAppEvent"].encode({"kind": "message", "phone_number_id": NUMBER, "wa_id": "573005550000",
                                                     "message_id": "wamid.cut", "type": "text", "text": word("of a cut event"),
                                                     "sent_at": 1767225600000})
        for value in (word("no Avro").encode(), event[:-4], b"\xc3\x01" + 8 * b"\x07" + word("of an unknown schema").encode(),
                      b"\x00\x00\x00\x00\x07" + word("in a registry's framing").encode()):
            lab.produce(0, b"key", value)
        for topic in ("relevo.results.v1", "relevo.outbound.v1", "relevo.effects.v1"):
            lab.produce(0, b"key", word("no Avro in " + topic).encode(), lab.prefix + topic)
        lab.flush()

        # What is no webhook, and what is nobody's.
        expect(lab.post(b'{"object": ' + word("no JSON").encode()) == 400, "no JSON was taken")
        expect(lab.post(json.dumps({"object": word("no webhook")}).encode()) == 400, "no webhook was taken")
        expect(lab.post(word("a forged body").encode(), secret="another") == 403, "a forged webhook was taken")
        expect(lab.post(word("an unsigned body").encode(), headers={}) == 403, "an unsigned webhook was taken")
        wait_for("too few dead letters", lambda: lab.count("relevo.history WHERE kind = 9") >= 6, PATIENCE_S)
        wait_for("no plugin crashed", lambda: "did not survive" in consumer.log.read_text(errors="replace"), PATIENCE_S)
        wait_for("deliver does not skip what it cannot read", lambda: sender.metric("relevo_deliver_undecodable_total") == 2, PATIENCE_S)
        wait_for("the failed send does not end", lambda: lab.count("desk.sends WHERE state = 'failed'") >= 1, PATIENCE_S)

        logs = "\n".join(process.log.read_text(errors="replace") for process in lab.processes)
        for line in ("failed in respond", "did not survive", "is skipped: ", "a message failed: WhatsApp answered 131009",
                     "a signed webhook of ", "WhatsApp is unwell", "crm is unwell"):
            expect(line in logs, f"no log says '{line}': that failure was not met")
        for process in reversed(lab.processes):
            process.stop(90)
        leaks = list(word.leaked(lab.processes))
        expect(not leaks, "in the logs:\n" + "\n".join(f"{what} ({name}): {line}" for _, what, name, line in leaks[:20]))
        print(f"{len(word.said)} words, in none of {len(logs.splitlines())} lines", flush=True)
    api.stop()
    crm.server.shutdown()


if __name__ == "__main__":
    sys.exit(run("quiet", quiet))
