#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The llm plugin against a scripted endpoint: a good answer, and every bad one with its documented fallback.

    test_llm.py [SEED]
"""
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
from checker.model import NOTICES  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import DeliverLab, begin  # noqa: E402
from lab.stack import ROOT, expect, run  # noqa: E402
from pipeline.test_deliver import configure  # noqa: E402
from pipeline.test_held import Customer  # noqa: E402

KB = ROOT / "docs" / "examples" / "cafe_andino" / "kb"
SECRET = "sk-canary"
FLOWS = """
flows:
  - id: quote
    kind: data
    start: {keywords: [trámite]}
    slots:
      - {name: city, type: city, ask: '¿A qué ciudad?'}
    done: 'Va a {city}.'
"""


class Endpoint:
    """Speaks chat completions; what it says is told by a word of the customer's last message."""

    def __init__(self):
        self.requests, self.free, self.down = [], threading.Event(), False
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if endpoint.down:
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                endpoint.requests.append((self.path, self.headers.get("Authorization"), body))
                status, content, usage = endpoint.answer(json.loads(body)["messages"][-1]["content"])
                text = content if isinstance(content, str) else json.dumps(
                    {"choices": [{"message": {"role": "assistant", "content": json.dumps(content)}}],
                     "usage": {"prompt_tokens": usage, "completion_tokens": 20}})
                self.send_response(status)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *words: None  # deliver hangs up on one that takes too long
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, text):
        said = {"action": "answer", "text": "Claro que sí, enviamos a todo el país.", "articles": ["envios"]}
        for word, status, content, usage in (
                ("miente", 200, {**said, "articles": ["promociones"]}, 100),
                ("desvía", 200, {**said, "text": "Paga en malo.example, por favor."}, 100),
                ("$5", 200, {**said, "text": "Sí, te queda en $5."}, 100),
                ("afirma", 200, {"action": "ask", "text": "El envío es gratis para todos hoy.", "articles": []}, 100),
                ("dólares", 200, {**said, "text": "El envío cuesta 99 dólares."}, 100),
                ("regala", 200, {**said, "text": "Te regalamos un teléfono y te devolvemos todo tu dinero."}, 100),
                ("inventa", 200, {**said, "text": "Llega en 77 días."}, 100),
                ("manda", 200, {"action": "return_to_bot", "text": "Sí", "articles": ["envios"]}, 100),
                ("ordena", 200, {**said, "owner": "bot"}, 100),
                ("roto", 200, "{\"choices\": [{\"message\"", 100), ("error", 400, said, 100),
                ("persona", 200, {"action": "handoff", "text": "", "articles": []}, 100),
                ("caro", 200, said, 10**6), ("correo", 200, {**said, "text": "Enviamos a todo el país. Tu correo es [EMAIL_1]."}, 100)):
            if word in text:
                return status, content, usage
        if "lento" in text:
            self.free.wait(60)
        return 200, said, 100

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"


def llm(seed):
    """good, lying, inventing, commanding, broken, failing, slow, too expensive, down; a takeover while it thinks; and what a flow asked for"""
    api, endpoint = CloudApi(seed), Endpoint()
    plugins = [{"name": "lead_qualifier", "options": {"flows": "flows.yaml"}},
               {"name": "responder", "options": {"kb": str(KB), "threshold": 0.05, "margin": 0}},
               {"name": "llm", "options": {"destination": "llm", "model": "tiny", "kb": str(KB), "wait": "3s", "enough": 1,
                                           "least": 0, "confidence": 1}}]
    with DeliverLab(api, "llm", partitions=1, command_poll="200ms", plugins=plugins) as lab:
        (lab.folder / "flows.yaml").write_text(FLOWS)
        configure(lab, [{"name": "llm", "url": endpoint.url, "token": SECRET, "private": True}])
        consumer, sender = lab.start(), begin(lab, 240)
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        question, good = "¿hacen envíos a Cali? {}", "Claro que sí, enviamos a todo el país."

        def one(number, word, expected, asked=1):
            customer, before = Customer(lab, number), len(endpoint.requests)
            customer.write(question.format(word))
            customer.wait(f"what is said to '{word}'", customer.heard)
            expect(customer.heard()[0] == expected, f"'{word}': the customer heard {customer.heard()}, not {expected!r}")
            expect(len({r[2] for r in endpoint.requests[before:]}) == asked, f"'{word}': asked {len(endpoint.requests) - before} times")
            return customer

        anna = one(1, "gracias", good)
        path, token, body = endpoint.requests[0]
        expect(path == "/v1/chat/completions" and token == f"Bearer {SECRET}", f"it was asked at {path}")
        expect("[id: envios]" in body and '"model":"tiny"' in body, f"it was told {body[:400]}")
        decided = lab.sql("SELECT said->0->>'source' FROM relevo.history WHERE conversation_id = %s AND said IS NOT NULL", anna.id)
        expect(decided == [("envios",)], f"its source is {decided}")

        local = None
        for number, word in enumerate(("miente", "inventa", "manda", "ordena", "roto", "error", "desvía", "di que son $5", "afirma", "dólares",
                                       "regala"), 100):
            customer = Customer(lab, number)
            if local is None:  # the article, word for word
                customer.write(question.format(word))
                customer.wait("the local answer", customer.heard)
                local = customer.heard()[0]
                expect(local != good and local in (KB / "envios.md").read_text(), f"'{word}': the customer heard {local!r}")
            else:
                one(number, word, local)
        one(20, "persona", NOTICES["handoff"])
        owner = lab.sql("SELECT owner FROM relevo.conversation WHERE wa_id = %s", Customer(lab, 20).wa_id)[0][0]
        expect(owner == 2, f"handed over, the owner is {owner}")

        ben = one(30, "caro", good)  # a million tokens: it is not asked again
        ben.write(question.format("otra vez"))
        ben.wait("the second answer", lambda: len(ben.heard()) == 2)
        expect(ben.heard()[1] == local, f"over budget the customer heard {ben.heard()}")

        one(40, "mi correo es eva.luz@secreto.mx", "Enviamos a todo el país. Tu correo es eva.luz@secreto.mx.")
        expect(not any("secreto.mx" in r[2] for r in endpoint.requests), "personal data left")

        began = time.monotonic()
        one(50, "lento", local)  # it hangs: the article answers in its place, as soon as `wait` is over
        expect(time.monotonic() - began < 20, f"the customer waited {time.monotonic() - began:.0f} s, 3 s are allowed")
        dora = Customer(lab, 60)
        before = len(endpoint.requests)
        dora.write(question.format("lento, por favor"))
        dora.wait("the request", lambda: len(endpoint.requests) > before)
        dora.desk("take_over(%s, 'ana')")
        dora.desk("return_to_bot(%s, 'ana')")
        endpoint.free.set()
        dora.wait("what became of it", lambda: dora.rows(8))
        time.sleep(0.2)
        expect(good not in dora.heard() and local not in dora.heard(), f"after the return the customer heard {dora.heard()}")

        fred, before = Customer(lab, 70), len(endpoint.requests)
        fred.write("trámite")
        fred.wait("the flow's question", fred.heard)
        fred.write("Guadalajara")
        fred.wait("what the flow says", lambda: len(fred.heard()) == 2)
        expect(fred.heard() == ["¿A qué ciudad?", "Va a Guadalajara."], f"in the flow the customer heard {fred.heard()}")
        expect(len(endpoint.requests) == before, f"it was asked about a city: {endpoint.requests[before:]}")

        endpoint.server.shutdown()
        endpoint.server.server_close()
        endpoint.down = True  # on connections that are open, too
        one(80, "por favor", local, asked=0)

        text = "".join(p.log.read_text(errors="replace") for p in lab.processes)
        expect(SECRET not in text and "secreto.mx" not in text, "a secret is in a log")
        expect("it names an article that it was not given" in text and "an answer is not used" in text, "the log does not say why")
        sender.stop(60)
        consumer.stop()
        lab.check(model=False)
    api.stop()


class Summaries(Endpoint):
    """Puts cards into words: well, or with a number of its own."""

    def answer(self, text):
        words = "Reclama 7777 pesos." if "inventa" in text else "Su pedido 48213 llegó roto."
        return 200, json.dumps({"choices": [{"message": {"content": words}}]}), 0


def polished(seed):
    """a handover card in a model's sentences: beside the facts, kept while the person works, and nothing that nobody said"""
    api, endpoint = CloudApi(seed), Summaries()
    plugins = [{"name": "polish", "options": {"destination": "llm", "model": "tiny"}}, {"name": "summarizer"},
               {"name": "keyword", "path": "triggers/keyword.so", "options": {"phrases": ["persona"]}}]
    with DeliverLab(api, "polished", partitions=1, command_poll="200ms", plugins=plugins) as lab:
        configure(lab, [{"name": "llm", "url": endpoint.url, "token": SECRET, "private": True}])
        consumer, sender = lab.start(), begin(lab, 240)
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")

        def card(customer):
            rows = lab.sql("SELECT card FROM desk.conversations WHERE wa_id = %s AND card IS NOT NULL", customer.wa_id)
            return [(f["name"], f["text"]) for (fields,) in rows for f in fields]

        anna, liar = Customer(lab, 1), Customer(lab, 2)
        for customer, words in ((anna, ""), (liar, " inventa")):
            customer.write(f"mi pedido 48213 llegó roto, mi correo es ana@secreto.mx, quiero una persona{words}")
            customer.wait("the card", lambda: card(customer))
            expect(("data", "email: ana@secreto.mx") in card(customer), f"the facts are not there at once: {card(customer)}")
            customer.wait("what became of it", lambda: customer.rows(8))
        anna.wait("the summary", lambda: card(anna)[0] == ("summary", "Su pedido 48213 llegó roto."))
        expect(("data", "email: ana@secreto.mx") in card(anna), f"the facts are gone: {card(anna)}")
        expect(not any(name == "summary" for name, _ in card(liar)), f"an invention is on the card: {card(liar)}")
        expect(len(endpoint.requests) == 2 and not any("secreto.mx" in r[2] for r in endpoint.requests), "personal data left")
        anna.desk("take_over(%s, 'ana')")
        anna.write("y era para un regalo")
        anna.wait("the card anew", lambda: ("wants", "y era para un regalo") in card(anna))
        expect(card(anna)[0] == ("summary", "Su pedido 48213 llegó roto."), f"the summary is gone: {card(anna)}")
        text = "".join(p.log.read_text(errors="replace") for p in lab.processes)
        expect("a summary is not shown: it holds a number that nobody said" in text and "7777" not in text, "the log does not say why")
        sender.stop(60)
        consumer.stop()
        lab.check(model=False)
    api.stop()
    endpoint.server.shutdown()


if __name__ == "__main__":
    sys.exit(run("llm", llm, polished))
