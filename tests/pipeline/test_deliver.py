#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Deliver on a good day, and at its limits: what WhatsApp and a CRM get, what comes back, and what is never told to anybody.

    test_deliver.py [SEED]
"""
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
import psycopg2  # noqa: E402
import yaml  # noqa: E402
from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, ConfigResource  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import DeliverLab, begin, wait_sent  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.http2 import DIE, GOODBYE, REFUSE, Http2  # noqa: E402
from lab.registry import certificate  # noqa: E402
from lab.stack import expect, run  # noqa: E402

TOKEN, SECRET, BODY = "EAAG-canary-token", "canary-secret", "canary-body"  # none of them may be seen in a log
NUMBER, CUSTOMER = "105550001", "573009999999"


class Crm:
    """Somebody's CRM: keeps what it was sent, answers as it is told."""

    def __init__(self):
        self.requests, self.times, self.free = [], [], threading.Event()
        self.statuses = []  # what it answers next: a status, or (status, Retry-After)
        self.free.set()  # cleared: it takes its time
        crm = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                crm.requests.append((self.path, dict(self.headers), body))
                crm.times.append(time.monotonic())
                crm.free.wait(30)
                status = crm.statuses.pop(0) if crm.statuses else 201
                status, after = status if isinstance(status, tuple) else (status, None)
                text = b'{"id": 7}'
                self.send_response(status)
                if after is not None:
                    self.send_header("Retry-After", str(after))
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *words: None  # deliver is killed in the middle of a request
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/api/"


def say(lab, text, number, customer=CUSTOMER):
    key = f"{NUMBER}:{customer}".encode()
    event = {"kind": "message", "phone_number_id": NUMBER, "wa_id": customer, "message_id": f"wamid.in.{number}", "type": "text",
             "text": text, "sent_at": 1767225600000}
    lab.produce(partition_of(key, lab.partitions), key, lab.schemas["WhatsAppEvent"].encode(event))
    lab.flush()


def wait(what, condition, lab, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < until, f"{what}: not within {seconds} s\n" + "\n".join(p.tail(8) for p in lab.processes))
        time.sleep(0.05)


def configure(lab, destinations):
    config = yaml.safe_load(lab.config.read_text())
    config["deliver"]["destinations"] = destinations
    config["deliver"]["token"] = TOKEN
    lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))


def results(lab):
    """What the lanes have heard of effects: (status text of the row, body)."""
    return lab.sql("SELECT type, text FROM relevo.history WHERE kind = 8 ORDER BY seq")


def deliver(seed):
    """messages, effects, refusals"""
    api, crm = CloudApi(seed), Crm()
    with DeliverLab(api, "deliver", partitions=2, command_poll="200ms") as lab:
        crm_entry = {"name": "crm", "url": crm.url, "token": SECRET, "private": True}
        configure(lab, [crm_entry])
        lab.start()
        sender = begin(lab, 60)

        # A message arrives once, as it was decided; several keep their order.
        for i in range(5):
            say(lab, f"say Hola {i} {BODY}", i)
        wait("five answers", lambda: len(api.took) >= 5, lab)
        expect([entry[3] for entry in api.took] == [f"Hola {i} {BODY}" for i in range(5)], f"WhatsApp got {api.took}")
        expect(all(entry[2] == CUSTOMER for entry in api.took), f"WhatsApp got {api.took}")
        expect(api.tokens == {f"Bearer {TOKEN}"}, f"the access tokens were {api.tokens}")

        # WhatsApp says "later" and then takes it; a refusal for good is told to the lane, which hands over.
        api.refuse = 1.0
        say(lab, "say Más tarde", 10)
        wait("a refusal", lambda: api.refused, lab)
        api.refuse = 0.0
        wait("the second attempt", lambda: len(api.took) == 6, lab)

        # A handoff notifies the CRM once, with key and secret; its answer comes back to the lane.
        crm.statuses = [503]  # it is asked again
        say(lab, "person ya", 11)
        wait("the CRM", lambda: len(crm.requests) >= 2, lab)
        wait("the result", lambda: len(results(lab)) == 1, lab)
        path, headers, body = crm.requests[0]
        expect(path == "/api/handoffs", f"the CRM was asked for {path}")
        expect(headers.get("Authorization") == f"Bearer {SECRET}", "the CRM did not get its token")
        expect(headers.get("Content-Type") == "application/json", f"headers {headers}")
        keys = {h.get("Idempotency-Key") for _, h, _ in crm.requests}
        expect(len(keys) == 1 and len(keys.pop() or "") == 36, "both attempts have one idempotency key")
        json.loads(body)

        # Nobody is led elsewhere, and nobody but the configured is asked.
        conversation = lab.sql("SELECT conversation_id::text FROM desk.conversations")[0][0]
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        answered = len(results(lab))
        for number, (entry, words) in enumerate([(None, "no such destination"),
                                                 ({**crm_entry, "private": False}, "not a public one")]):
            lab.sql("SELECT desk.resolve(%s, 'ana')", conversation)
            sender.stop(40)
            configure(lab, [entry] if entry else [])
            sender.start()
            sender.wait_ready(60)
            before = len(crm.requests)
            say(lab, "say hola otra vez", 20 + 2 * number)
            say(lab, "person ya", 21 + 2 * number)
            if entry:  # it is tried again and again, for it could be a name that changes: nothing arrives meanwhile
                time.sleep(3)
            else:
                answered += 1
                wait(words, lambda: len(results(lab)) == answered, lab)
            expect(len(crm.requests) == before, f"{words}: the CRM was asked nevertheless")

        # What nobody may read is in no log.
        for process in lab.processes:
            text = process.log.read_text(errors="replace")
            for canary in (TOKEN, SECRET, BODY):
                expect(canary not in text, f"{canary} is in the log of {process.name}")
        status, page = sender.get("/metrics")
        expect(status == 200 and "relevo_claims_total" in page, "deliver has no metrics")
        sender.stop(40)
        for process in lab.processes[:1]:
            process.stop(40)
    api.stop()
    crm.server.shutdown()


def late(seed):
    """an answer that comes after a takeover and a return does not speak, though the bot has the conversation again"""
    api, crm = CloudApi(seed), Crm()
    with DeliverLab(api, "late", partitions=1, command_poll="200ms") as lab:
        configure(lab, [{"name": "crm", "url": crm.url, "private": True}])
        lab.start()
        sender = begin(lab, 60)
        said = lambda: [entry[3] for entry in api.took]

        say(lab, "ask La respuesta", 1)
        wait("the answer of the CRM, said", lambda: said() == ["un momento", "La respuesta"], lab)

        crm.free.clear()
        say(lab, "ask Demasiado tarde", 2)
        wait("the second question", lambda: len(crm.requests) == 2, lab)
        conversation = lab.sql("SELECT conversation_id::text FROM desk.conversations")[0][0]
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        for what in ("take_over(%s, 'ana')", "return_to_bot(%s, 'ana')"):
            expect(lab.sql(f"SELECT done FROM desk.{what}", conversation)[0][0], f"{what} is refused")
        wait("both commands", lambda: lab.sql("SELECT count(*) FROM relevo.history WHERE kind = 6 AND type IN ('take_over', 'return')")
             [0][0] == 2, lab)
        crm.free.set()
        wait("the second result", lambda: len(results(lab)) == 2, lab)
        say(lab, "say fin", 3)
        wait("what comes after it", lambda: "fin" in said(), lab)
        expect("Demasiado tarde" not in said(), "a late answer spoke, of an ownership that was over")
        for process in reversed(lab.processes):
            process.stop(40)
    api.stop()
    crm.server.shutdown()


def unwell(seed):
    """who asks for time gets it; who is unwell is left alone, and nobody else waits for them"""
    api, crm = CloudApi(seed), Crm()
    with DeliverLab(api, "unwell", partitions=1, command_poll="200ms") as lab:
        configure(lab, [{"name": "crm", "url": crm.url, "private": True}])
        lab.start()
        sender = begin(lab, 60)
        said = lambda: [entry[3] for entry in api.took]
        breaker = lambda name: f'relevo_breaker_open{{destination="{name}"}} 1' in sender.get("/metrics")[1].splitlines()
        number = iter(range(1000))

        def fresh(text):
            """Somebody new writes."""
            n = next(number)
            say(lab, text, n, f"57300{n:07}")

        def notify(*statuses):
            """The CRM is to be told of a handoff, and answers so; returns how many requests and results there were before."""
            crm.statuses = list(statuses)
            before = len(crm.requests), len(results(lab))
            fresh("person ya")
            return before

        # Both are asked for a moment longer than the ordinary back-off.
        api.refuse, api.retry_after = 1.0, 3
        fresh("say Con calma")
        wait("a refusal", lambda: api.refused, lab)
        api.refuse = 0.0
        wait("the second attempt", lambda: "Con calma" in said(), lab)
        first, second = [request.begun for request in api.log if request.message == api.refused[0][0]][:2]
        expect(second - first >= 3, f"WhatsApp asked for 3 s, and was asked again after {second - first:.2f} s")
        requests, answered = notify((429, 3))
        wait("the CRM's answer", lambda: len(results(lab)) > answered, lab)
        expect(crm.times[requests + 1] - crm.times[requests] >= 3, f"the CRM asked for 3 s, and was asked again after {crm.times}")

        # For longer than it is tried (give_up: a minute): it has failed now, and what comes after it goes on.
        requests, answered = notify((503, 9223372036854775807))
        wait("the failure", lambda: len(results(lab)) > answered, lab, 45)
        expect(len(crm.requests) == requests + 1, "the CRM was asked again, though it asked for an eternity")
        api.refuse, api.retry_after = 1.0, 3600
        fresh("say En una hora")
        wait("the failure", lambda: lab.sql("SELECT 1 FROM desk.sends WHERE state = 'failed' AND error LIKE 'given up: %%'"), lab, 45)
        api.refuse, api.retry_after = 0.0, None
        wait("the handoff that follows", lambda: lab.sql("SELECT 1 FROM relevo.history WHERE kind = 10 AND owner = 2"), lab)

        # The CRM is down: after five failures it is left alone for a while; WhatsApp is none the worse.
        requests, answered = notify(*[503] * 5)
        wait("the breaker opens", lambda: breaker("crm"), lab)
        expect(not breaker("whatsapp"), "WhatsApp is taken for unwell")
        fresh("say Sigo aquí")
        wait("a message meanwhile", lambda: "Sigo aquí" in said(), lab)
        wait("the CRM is asked again", lambda: len(results(lab)) > answered, lab, 120)
        wait("the breaker closes", lambda: not breaker("crm"), lab)
        expect(len(crm.requests) == requests + 6, f"the CRM was asked {len(crm.requests) - requests} times")
        for process in reversed(lab.processes):
            process.stop(40)
    api.stop()
    crm.server.shutdown()


def outbound_record(lab, n, conversation, **fields):
    """A message of the bot's for a conversation of lane 0, as the lane would have written it for its first event."""
    record = {"id": f"0199bbbb-0000-7000-8000-{n:012x}", "conversation_id": conversation, "phone_number_id": NUMBER, "wa_id": CUSTOMER,
              "lane": 0, "seq": 1, "at": int(time.time() * 1000), "epoch": 1, "author": "bot", "type": "text", **fields}
    lab.produce(0, conversation.encode(), lab.schemas["OutboundMessage"].encode(record), lab.prefix + "relevo.outbound.v1")
    lab.flush()


def alone(seed):
    """what goes wrong with one conversation holds up no other: a row that somebody holds, a part that WhatsApp refuses; and a long outage ends"""
    api = CloudApi(seed)
    with DeliverLab(api, "alone", partitions=1, command_poll="200ms") as lab:
        config = yaml.safe_load(lab.config.read_text())
        config["deliver"]["give_up"] = "8s"
        lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))
        lab.start()
        sender = begin(lab, 60)
        said = lambda: [entry[3] for entry in api.took]
        say(lab, "say hola", 0)
        wait("an answer", lambda: said() == ["hola"], lab)
        conversation = lab.sql("SELECT id::text FROM relevo.conversation")[0][0]

        # Somebody holds its row for longer than deliver waits for Postgres.
        with psycopg2.connect(lab.postgres) as holder:
            holder.cursor().execute("SELECT FROM relevo.conversation WHERE id = %s FOR UPDATE", (conversation,))
            outbound_record(lab, 1, conversation, text="por fin")
            until, n = time.monotonic() + 6, 0
            while time.monotonic() < until:
                n += 1
                say(lab, f"say otra {n}", n, f"57300{n:07}")
                time.sleep(0.2)
            wait("the others meanwhile", lambda: f"otra {n}" in said(), lab, 20)
            expect("por fin" not in said(), "a message was claimed without its conversation's row")
            late = next(line for line in sender.get("/metrics")[1].splitlines() if line.startswith("relevo_deliver_oldest_seconds"))
            expect(4 <= float(late.split()[1]) <= 20, f"a message waits for six seconds, and deliver says {late}")
        wait("the one that was held", lambda: "por fin" in said(), lab, 10)
        expect("Postgres is away" not in sender.log.read_text(errors="replace"), "a locked row was taken for the end of Postgres")
        page = sender.get("/metrics")[1]
        slow = int(next(line for line in page.splitlines() if line.startswith("relevo_claim_seconds_count")).split()[1]) - \
            int(next(line for line in page.splitlines() if line.startswith('relevo_claim_seconds_bucket{le="2.5"}')).split()[1])
        expect(slow == 0, f"{slow} claims took more than 2.5 s")

        # A text in three parts whose second one is refused ends there, also for who reads it again.
        api.never_part = 1
        text = "\n\n".join(letter * 4000 for letter in "abc")
        outbound_record(lab, 2, conversation, text=text)
        ends = lambda: lab.sql("SELECT part, state, attempt, error FROM desk.sends WHERE message = '0199bbbb-0000-7000-8000-000000000002' ORDER BY part")
        wait("all parts come to their end", lambda: len(ends()) == 3, lab)
        api.never_part = None
        outbound_record(lab, 2, conversation, text=text)
        outbound_record(lab, 3, conversation, text="después", epoch=lab.sql("SELECT epoch FROM relevo.conversation WHERE id = %s", conversation)[0][0])
        wait("what comes after it", lambda: "después" in said() or lab.sql("SELECT 1 FROM desk.sends WHERE message::text LIKE '%%0003' AND state = 'suppressed'"), lab)
        expect([row[:3] for row in ends()] == [(0, "accepted", 1), (1, "failed", 1), (2, "failed", 0)] and "earlier part" in ends()[2][3],
               f"the parts ended as {ends()}")
        expect("a" * 4000 in said() and "c" * 4000 not in said(), "the end of a text arrived, whose middle did not")

        # WhatsApp is unwell for longer than a message is tried: those that only waited for it come to their end too, and to people.
        api.refuse, api.unwell = 1.0, True
        for n in range(100, 106):
            say(lab, "say nadie", n, f"57300{n:07}")
        wait("the breaker opens", lambda: 'relevo_breaker_open{destination="whatsapp"} 1' in sender.get("/metrics")[1], lab)
        for n in range(106, 126):
            say(lab, "say nadie", n, f"57300{n:07}")
        wait("all have failed", lambda: lab.sql("SELECT count(*) FROM desk.sends WHERE error LIKE 'given up: %%' AND state = 'failed'")[0][0] == 26, lab, 40)
        wait("people have them", lambda: lab.sql("SELECT count(*) FROM desk.conversations WHERE owner = 'queued'")[0][0] >= 26, lab)
        for process in reversed(lab.processes):
            process.stop(40)
    api.stop()


def failed_later(seed):
    """what WhatsApp took and then did not deliver has failed: desktops see it, and a bot's brings a person, once"""
    api = CloudApi(seed)
    with DeliverLab(api, "later", partitions=2, command_poll="200ms") as lab:
        lab.start()
        sender = begin(lab, 60)
        say(lab, "say hola", 0)
        wait("an answer", lambda: lab.sql("SELECT 1 FROM desk.sends WHERE state = 'accepted'"), lab)
        conversation = lab.sql("SELECT conversation_id::text FROM desk.conversations")[0][0]
        state = lambda message: lab.sql("SELECT state, error_code, error FROM desk.sends WHERE message = %s", message)[0]
        decided = lambda: lab.sql("SELECT type, owner FROM relevo.history WHERE kind = 10 ORDER BY seq")
        owner = lambda: lab.sql("SELECT owner FROM desk.conversations")[0][0]

        def status(data, word="failed", user=None):
            """A status comes; also one that is filed under another identity, in whatever lane that is."""
            key = f"{NUMBER}:{user or CUSTOMER}".encode()
            lab.produce(partition_of(key, lab.partitions), key, lab.schemas["WhatsAppEvent"].encode(
                {"kind": "status", "phone_number_id": NUMBER, "wa_id": CUSTOMER, "user_id": user, "message_id": "wamid.1", "status": word,
                 "callback_data": data, "sent_at": 1767225600000, "error_code": 131049, "error_title": "Not delivered to maintain engagement"}))
            lab.flush()

        (message,) = [row[0] for row in lab.sql("SELECT message::text FROM desk.sends")]
        said = len(api.took)
        status("somebody else's")
        status(f"{message}/0", "sent")
        status(f"{message}/0", user="CO.1")
        status(f"{message}/0")
        wait("a person is asked for", lambda: owner() == "queued", lab)
        expect(state(message) == ("failed", 131049, "WhatsApp took it, and did not deliver it: Not delivered to maintain engagement"), f"{state(message)}")
        status(f"{message}/0")

        # A person's reply that fails is theirs to see; nothing follows. Neither do the bot's further words of before.
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        expect(lab.sql("SELECT done FROM desk.take_over(%s, 'ana')", conversation)[0][0], "no takeover")
        lab.sql("SELECT desk.reply(%s, 'ana', 'soy Ana')", conversation)
        wait("the reply", lambda: "soy Ana" in [entry[3] for entry in api.took], lab)
        reply = next(entry[0] for entry in api.took if entry[3] == "soy Ana")
        wait("it is settled", lambda: state(reply)[0] == "accepted", lab)
        status(f"{reply}/0")
        wait("the reply has failed", lambda: state(reply)[0] == "failed", lab)
        wait("the lane hears of both", lambda: len(decided()) == 2, lab)
        time.sleep(3)  # further rounds of the sweep
        expect(decided() == [("failed", 2), ("failed", 3)], f"the lane decided {decided()}")
        expect(owner() == "human" and len(api.took) == said + 1, f"{owner()}: {api.took}")
        expect("relevo_sends_failed_later_total 2" in sender.get("/metrics")[1].splitlines(), "they are not counted")
        for process in reversed(lab.processes):
            process.stop(40)
    api.stop()


def at_least_once(seed):
    """an effect is asked for again only by who cannot know that it was, with the same key; a result that Kafka does not take waits"""
    api, crm = CloudApi(seed), Crm()
    with DeliverLab(api, "least", partitions=1, command_poll="200ms") as lab:
        configure(lab, [{"name": "crm", "url": crm.url, "private": True}])
        lab.start()
        sender = begin(lab, 60)
        keys = lambda: [headers["Idempotency-Key"] for _, headers, _ in crm.requests]

        # Deliver is killed while the CRM has the request: the next one asks again.
        crm.free.clear()
        say(lab, "person ya", 1)
        wait("the CRM is asked", lambda: len(crm.requests) == 1, lab)
        sender.kill()
        crm.free.set()
        sender.start()
        sender.wait_ready(60)
        wait("the result", lambda: len(results(lab)) == 1, lab)
        expect(len(keys()) == 2 and len(set(keys())) == 1, f"the CRM was asked with the keys {keys()}")

        # Kafka refuses the result for a while: it is kept, and nobody is asked again.
        topic = ConfigResource(ConfigResource.Type.TOPIC, lab.prefix + "relevo.results.v1")
        admin = AdminClient({"bootstrap.servers": lab.kafka})

        def largest(size):
            topic.set_config("max.message.bytes", str(size))
            for future in admin.alter_configs([topic]).values():
                future.result(30)

        largest(100)
        say(lab, "person ya", 2, "573001112222")
        wait("a refusal", lambda: "a result waits for Kafka" in sender.log.read_text(errors="replace"), lab)
        time.sleep(3)
        expect(len(results(lab)) == 1, "Kafka took the result all the same")
        largest(1 << 20)
        wait("the second result", lambda: len(results(lab)) == 2, lab)
        expect(len(keys()) == 3 and len(set(keys())) == 2, f"the CRM was asked with the keys {keys()}")
        for process in reversed(lab.processes):
            process.stop(40)
    api.stop()
    crm.server.shutdown()


def receipts(seed):
    """what the bot takes up is shown as read, before it answers; what people have is not, and a receipt is no message"""
    api = CloudApi(seed)
    with DeliverLab(api, "read", partitions=1, command_poll="200ms") as lab:
        config = yaml.safe_load(lab.config.read_text())
        config["policy"]["read_receipts"] = True
        lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))
        lab.start()
        begin(lab, 60)
        for n in range(3):
            say(lab, f"say Hola {n}", n)
        wait("three answers", lambda: len(api.took) == 3, lab)
        expect(api.receipts == [(f"wamid.in.{n}", {"type": "text"}, n) for n in range(3)], f"the receipts were {api.receipts}")
        expect(lab.sql("SELECT count(*) FROM relevo.send")[0][0] == 3, "a receipt is taken for a message")
        say(lab, "say Hola 1", 1)  # it comes twice
        say(lab, "person ya", 3)
        wait("a person is asked for", lambda: lab.sql("SELECT owner FROM desk.conversations") == [("queued",)], lab)
        wait("the notice", lambda: len(api.took) == 4, lab)  # before the takeover, which would suppress it
        say(lab, "say sigo aqui", 4)
        lab.wait_caught_up()
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        expect(lab.sql("SELECT done FROM desk.conversations c, desk.take_over(c.conversation_id, 'ana')")[0][0], "no takeover")
        say(lab, "say hola Ana", 5)
        lab.wait_caught_up()
        expect(len(api.took) == 4, f"WhatsApp took {api.took}")
        expect([entry[0] for entry in api.receipts[3:]] == ["wamid.in.3"], f"the receipts were {api.receipts}")
        for process in reversed(lab.processes):
            process.stop(40)
    api.stop()


def outside(seed):
    """what a plugin asks for stays within the destination: no other path, header or method, whatever it writes; each end is counted"""
    api, crm = CloudApi(seed), Crm()
    with DeliverLab(api, "outside", partitions=1, command_poll="200ms") as lab:
        configure(lab, [{"name": "crm", "url": crm.url, "private": True}])
        lab.start()
        sender = begin(lab, 60)
        say(lab, "say hola", 1)
        wait("the conversation", lambda: lab.sql("SELECT 1 FROM relevo.conversation"), lab)
        conversation = lab.sql("SELECT id::text FROM relevo.conversation")[0][0]
        asked = [({"path": "/../admin"}, "holds '..'"), ({"path": "/a/%2e%2E/admin"}, "an escaped dot"), ({"path": "@evil.example/"}, "begin with a slash"),
                 ({"path": "/a b"}, "no URL has"), ({"path": "/a\r\nHost: evil"}, "no URL has"), ({"path": "/a#b"}, "no URL has"),
                 ({"path": "/\\evil.example"}, "no URL has"), ({"method": "TRACE"}, "its method"), ({"method": "POST /x"}, "its method"),
                 ({"content_type": "a/b\r\nAuthorization: stolen"}, "a line end"), ({"destination": "other"}, "no such destination"),
                 ({"path": "/ok?a=%20b"}, None), ({"path": "/taken"}, None), ({"path": "/none", "method": "GET"}, None), ({"path": "/wrong"}, None)]
        crm.statuses = [201, 422, 404, 404]  # that there is none is an answer to the GET alone
        for n, (part, _) in enumerate(asked):
            record = {"id": f"0199aaaa-0000-7000-8000-{n:012x}", "conversation_id": conversation, "phone_number_id": NUMBER, "wa_id": CUSTOMER,
                      "lane": 0, "seq": n, "at": int(time.time() * 1000), "epoch": 1, "plugin": "scripted", "destination": "crm", "method": "POST",
                      "path": "/", "body": b"{}", "timeout_ms": 0, **part}
            lab.produce(0, conversation.encode(), lab.schemas["EffectRequest"].encode(record), lab.prefix + "relevo.effects.v1")
        lab.flush()
        wait("all results", lambda: len(results(lab)) == len(asked), lab)
        expect([path for path, _, _ in crm.requests] == ["/api/ok?a=%20b", "/api/taken", "/api/none", "/api/wrong"], f"the CRM was asked for {[r[0] for r in crm.requests]}")
        told = {r["effect_id"]: r["error"] for r in records(lab, "relevo.results.v1", "EffectResult")}
        for n, (part, words) in enumerate(asked):
            error = told[f"0199aaaa-0000-7000-8000-{n:012x}"]
            expect(error is None if words is None else words in error, f"{part}: {error}")
        ended = {line for line in sender.get("/metrics")[1].splitlines() if line.startswith("relevo_effects_total")}
        expect(ended == {f'relevo_effects_total{{outcome="{outcome}"}} {n}' for outcome, n in (("done", 2), ("refused", 2), ("failed", 11))},
               f"they are counted as {ended}")
        for process in reversed(lab.processes):
            process.stop(40)
    api.stop()
    crm.server.shutdown()


def tls(seed):
    """a CRM over TLS: one connection for all, several requests on it at once; and nobody whose certificate is not trusted"""
    api = CloudApi(seed)
    with DeliverLab(api, "tls", partitions=1, command_poll="200ms") as lab:
        both, trusted = certificate(lab.folder)
        crm = Http2(both, lambda body: b'{"id": 7}')
        entry = {"name": "crm", "url": crm.url, "private": True, "ca_file": str(trusted)}
        configure(lab, [entry])
        lab.start()
        sender = begin(lab, 60)
        say(lab, "person ya", 0, "573000000000")
        wait("a result", lambda: len(results(lab)) == 1, lab)
        crm.together = 3  # it is known by now what it speaks
        for n in range(1, 4):
            say(lab, "person ya", n, f"57300{n:07}")
        wait("three results", lambda: len(results(lab)) == 4, lab)
        expect(crm.connections == [4] and not crm.strangers, f"requests of each connection: {crm.connections}")
        for body in crm.bodies:
            json.loads(body)
        sender.stop(40)
        del entry["ca_file"]
        configure(lab, [entry])
        sender.start()
        sender.wait_ready(60)
        say(lab, "person ya", 9, "573009000000")
        wait("the certificate is looked at", lambda: crm.strangers, lab)
        expect(crm.connections == [4], "a request was sent to who is not trusted")
        for process in reversed(lab.processes):
            process.stop(40)
        crm.stop()
    api.stop()


def broken(seed):
    """WhatsApp over HTTP/2, whose connections end with messages on them: none is sent twice, each comes to an end"""
    def answer(body):
        text = json.loads(body)["text"]["body"]
        with api.lock:
            number = len(answered)
            fate = DIE if "muere" in text else REFUSE if "rehúsa" in text else GOODBYE if "adiós" in text else None
            if fate is None:
                answered.append(text)
        return fate or json.dumps({"messages": [{"id": f"wamid.out.{number}"}]}).encode()

    answered = []
    with tempfile.TemporaryDirectory() as folder:
        both, trusted = certificate(folder)
        api = Http2(both, answer)
        with DeliverLab(api, "broken", partitions=1, command_poll="200ms") as lab:
            config = yaml.safe_load(lab.config.read_text())
            config["deliver"]["api_ca_file"] = str(trusted)
            lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))
            lab.start()
            sender = begin(lab, 60)
            rng, sent = random.Random(seed), 0

            def send(*fates):
                """To as many customers, at once; until each message has come to its end."""
                nonlocal sent
                for fate in fates:
                    say(lab, f"say {fate} {sent}", sent, f"57300{sent:07}")
                    sent += 1
                wait("each comes to its end", lambda: lab.sql("SELECT count(*) FROM relevo.send WHERE state >= 3 AND seq > 0")[0][0] >= sent, lab)

            for fate in ("muere", "rehúsa", "adiós", "muere"):
                batch = [fate] + ["llega"] * 6
                rng.shuffle(batch)
                send(*batch)
                for _ in range(3):
                    send("llega")
            wanted = wait_sent(lab)
            arrived = Counter(json.loads(body)["biz_opaque_callback_data"] for body in api.bodies)
            twice = [entry for entry, n in arrived.items() if n > 1]
            expect(not twice, f"{len(twice)} of {len(arrived)} messages were sent twice")
            states = dict(lab.sql("SELECT id::text, state FROM relevo.send"))
            ends = Counter((message["text"].split()[0], {3: "accepted", 6: "unknown"}.get(states[i], states[i])) for i, message in wanted.items())
            print(f"  {len(api.connections)} connections; {dict(ends)}", flush=True)
            accepted = {message["text"] for i, message in wanted.items() if states[i] == 3}
            expect(accepted <= set(answered), f"told as accepted, and never answered: {accepted - set(answered)}")
            expect(not any(fate != "llega" and end == "accepted" for fate, end in ends), f"{ends}")
            expect(ends["muere", "unknown"] == 2 and ends["llega", "accepted"] >= 12 and len(api.connections) > 2, f"nothing was shown: {ends}")
            for process in reversed(lab.processes):
                process.stop(40)
        api.stop()


def records(lab, topic, schema):
    """What is on a topic of one partition by now, of this schema."""
    consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": lab.mark + "-look", "isolation.level": "read_committed",
                         "enable.partition.eof": True})
    consumer.assign([TopicPartition(lab.prefix + topic, 0, 0)])
    found = []
    while True:
        message = consumer.poll(30)
        expect(message is not None, f"{topic} does not end")
        if message.error():
            consumer.close()
            return found
        try:
            found.append(lab.schemas.decode(message.value(), schema))
        except ValueError:  # another one's
            pass


if __name__ == "__main__":
    sys.exit(run("deliver", deliver, late, unwell, alone, failed_later, at_least_once, receipts, outside, tls, broken))
