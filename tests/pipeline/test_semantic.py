#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plugins that have messages embedded, against a scripted endpoint and with what their own tools make: a paraphrase finds its article
(semantic), and its intent (classifier); and endpoints that fail.

    test_semantic.py [SEED]
"""
import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
from checker.model import NOTICES  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import DeliverLab, begin  # noqa: E402
from lab.stack import BIN, PLUGINS, ROOT, bare_environment, expect, run  # noqa: E402
from pipeline.test_deliver import configure, wait  # noqa: E402
from pipeline.test_held import Customer  # noqa: E402

KB = ROOT / "docs" / "examples" / "cafe_andino" / "kb"
MEANINGS = (("envío", "envios", "ship", "domicilio", "traen hasta mi puerta"), ("hora", "horario", "abren", "hours", "open"))


class Endpoint:
    """Embeds by what a text is about: one direction for each meaning, and one for all the rest."""

    def __init__(self):
        self.asked, self.status, self.says, self.gone, self.free = [], 200, None, False, threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if endpoint.gone:  # of the connections that stand
                    self.close_connection = True
                    return
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
                endpoint.asked += texts
                rows = [{"index": i, "embedding": endpoint.embed(text.lower())} for i, text in enumerate(texts)]
                answer = json.dumps({"data": rows}).encode() if endpoint.says is None else endpoint.says
                if any("lento" in text for text in texts):
                    endpoint.free.wait(60)
                self.send_response(endpoint.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *words: None  # deliver hangs up on one that takes too long
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def leave(self):
        self.gone = True
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def embed(text):
        vector = [1.0 if any(word in text for word in words) else 0.0 for words in MEANINGS]
        return [*vector, 0.0 if any(vector) else 1.0]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"


def tool(*words):
    return subprocess.run([BIN, *words], capture_output=True, check=True, timeout=60,
                          env={**bare_environment(), "RELEVO_PLUGIN_DIR": str(PLUGINS)}).stdout


def embed(url, texts):
    return subprocess.run(["/usr/bin/python3", ROOT / "plugins" / "semantic" / "embed.py", url, "tiny", "query: "], input=texts,
                          capture_output=True, timeout=60)


def mistakes(seed):
    """embed.py says in one line what is wrong: with what it is given, and with the endpoint"""
    endpoint, row = Endpoint(), b'{"text": "x"}\n'
    for what, url, texts, status, says in ((None, endpoint.url, row + b'{"id": "x"}\n', 65, "line 2 of the input"),
                                           (None, endpoint.url, b"x\n", 65, "line 1 of the input"),
                                           (None, "localhost", row, 64, "is no address"),
                                           (None, "http://127.0.0.1:1/v1", row, 69, "Connection refused"),
                                           (b"<html>", endpoint.url, row, 76, "no embeddings"),
                                           (b'{"data": [1]}', endpoint.url, row, 76, "no embeddings"),
                                           (b'{"data": []}', endpoint.url, row, 76, "0 embeddings for 1 texts")):
        endpoint.says = what
        done = embed(url, texts)
        said = done.stderr.decode()
        expect(done.returncode == status and says in said and said.count("\n") == 1 and not done.stdout,
               f"of {what}, {url}, {texts} it says {said!r} and ends with {done.returncode}")
    endpoint.server.shutdown()


def embedded(endpoint):
    """Of each article what is about one of the meanings; all else is far from everything here."""
    texts = tool("semantic", "texts", "--kb", KB)
    expect(texts.count(b"\n") > 50, f"it lists {texts[:300]}")
    rows = map(json.loads, embed(endpoint.url, texts).stdout.splitlines())
    kept = [row for row in rows if row["embedding"][2] == 0 and row["id"] in ("envios", "horario")]
    expect({row["id"] for row in kept} == {"envios", "horario"}, "the vectors lack an article")
    return "".join(json.dumps(row) + "\n" for row in kept)


def trained(endpoint, folder):
    """The classifier's files, with the embeddings of its examples."""
    (folder / "intents.yaml").write_text(INTENTS)
    (folder / "intents.jsonl").write_bytes(embed(endpoint.url, tool("classifier", "texts", "--intents", folder / "intents.yaml")).stdout)
    tool("classifier", "train", "--intents", folder / "intents.yaml", "--embeddings", folder / "intents.jsonl", "--vectors", "", "-o",
         folder / "intents.model")


def semantic(seed):
    """a paraphrase without a word of its article; endpoints that fail, talk nonsense, hang; words that need none"""
    api, endpoint = CloudApi(seed), Endpoint()
    vectors = embedded(endpoint)
    plugins = [{"name": "responder", "options": {"kb": str(KB)}},
               {"name": "semantic", "options": {"destination": "embed", "model": "tiny", "kb": str(KB), "prefix": "query: ",
                                                "vectors": "vectors.jsonl", "least": 0.9, "wait": "3s"}}]
    with DeliverLab(api, "semantic", partitions=1, command_poll="200ms", plugins=plugins) as lab:
        (lab.folder / "vectors.jsonl").write_text(vectors)
        configure(lab, [{"name": "embed", "url": endpoint.url, "private": True}])
        consumer, sender = lab.start(), begin(lab, 240)
        anna, ben, carl = (Customer(lab, i) for i in range(3))
        endpoint.asked.clear()
        anna.write("oigan ¿me lo traen hasta mi puerta?")
        anna.wait("the article", anna.heard)
        expect(anna.heard()[0] in (KB / "envios.md").read_text(), f"the customer heard {anna.heard()}")
        expect(endpoint.asked == ["query: oigan ¿me lo traen hasta mi puerta?"], f"it was asked {endpoint.asked}")
        ben.write("¿Hacen envíos?")
        ben.wait("the article", ben.heard)
        expect(ben.heard() == anna.heard() and len(endpoint.asked) == 1, f"{ben.heard()}, and it was asked {endpoint.asked}")
        endpoint.status = 400
        carl.write("oigan ¿me lo traen hasta mi puerta?")
        carl.wait("what is said without it", carl.heard)
        expect(carl.heard() == [NOTICES["unknown"]], f"without an embedding the customer heard {carl.heard()}")
        endpoint.status = 200
        for number, says in enumerate((b"<html>", b'{"data": []}', b'{"data": [{"embedding": [1]}]}', b'{"data": [{"embedding": [1, "0", 0]}]}'), 10):
            customer, endpoint.says = Customer(lab, number), says
            customer.write("oigan ¿me lo traen hasta mi puerta?")
            customer.wait("what is said without it", customer.heard)
            expect(customer.heard() == [NOTICES["unknown"]], f"of {says} the customer heard {customer.heard()}")
        endpoint.says, dora = None, Customer(lab, 20)
        dora.write("oigan ¿me lo traen hasta mi puerta? no sean lentos")  # it hangs until all is over
        dora.wait("what is said when time is up", dora.heard)
        expect(dora.heard()[0] in (NOTICES["unknown"], NOTICES["handoff"]), f"of one that hangs the customer heard {dora.heard()}")
        endpoint.free.set()
        sender.stop(60)
        consumer.stop()
        lab.check(model=False)
    api.stop()
    endpoint.server.shutdown()


INTENTS = """
intents:
  shipping: {es: [¿hacen envíos?, cuánto cuesta el envío, mandan a domicilio]}
  hours: {es: [¿a qué hora abren?, horario de atención, abren los domingos]}
  parking: {es: [¿dónde estaciono?, tienen estacionamiento, hay lugar para el coche]}
"""


def classified(seed):
    """the classifier: a message without a word of its intent's examples is read by its embedding, and triggers see that; without one, by its words"""
    api, endpoint = CloudApi(seed), Endpoint()
    plugins = [{"name": "classifier", "options": {"intents": "intents.yaml", "model": "intents.model", "moods": "", "destination": "embed",
                                                  "encoder": "tiny", "prefix": "query: "}},
               {"name": "ships", "path": "triggers/intent.so", "options": {"intents": ["shipping"], "min_confidence": 0.5}},
               {"name": "responder", "options": {"kb": str(KB), "threshold": 1}}]
    policy = {"triggers": [{"trigger": "ships", "threshold": 0.5}],
              "notices": {key: {"es": text, "pt": "", "en": ""} for key, text in NOTICES.items()}}
    with DeliverLab(api, "classified", partitions=1, command_poll="200ms", plugins=plugins, policy=policy) as lab:
        trained(endpoint, lab.folder)
        configure(lab, [{"name": "embed", "url": endpoint.url, "private": True}])
        consumer, sender = lab.start(), begin(lab, 240)
        endpoint.asked.clear()

        def owner_of(number, text):
            customer = Customer(lab, number)
            customer.write(text)
            customer.wait("what is decided", customer.heard)
            return lab.sql("SELECT owner FROM relevo.conversation WHERE id = %s", customer.id)[0][0]

        expect(owner_of(1, "oigan ¿me lo traen hasta mi puerta?") == 2, "read by its embedding it is no question of shipping")
        expect(endpoint.asked == ["query: oigan ¿me lo traen hasta mi puerta?"], f"it was asked {endpoint.asked}")
        for number, (status, says) in enumerate(((400, None), (200, b"<html>"), (200, b'{"data": [{"embedding": [1]}]}')), 10):
            endpoint.status, endpoint.says = status, says
            expect(owner_of(number, "oigan ¿me lo traen hasta mi puerta?") == 1, f"of {status}, {says} it is read as shipping")
        expect(len(endpoint.asked) >= 4, f"it was asked {endpoint.asked}")
        text = "".join(p.log.read_text(errors="replace") for p in lab.processes)
        expect("read by its words alone" in text, "the log does not say why")
        sender.stop(60)
        consumer.stop()
        lab.check(model=False)
    api.stop()
    endpoint.server.shutdown()


def down(seed):
    """classifier and semantic with one endpoint that answers 503, is away, hangs: the same message is answered alike each time, by its words alone, with
    nobody's failure, and soon nobody waits any more; once it is well again, by its meaning"""
    api, endpoint, wait_s = CloudApi(seed), Endpoint(), 4
    vectors = embedded(endpoint)
    asker = {"destination": "embed", "prefix": "query: ", "wait": f"{wait_s}s"}
    plugins = [{"name": "classifier", "options": {"intents": "intents.yaml", "model": "intents.model", "moods": "", "encoder": "tiny", **asker}},
               {"name": "responder", "options": {"kb": str(KB)}},
               {"name": "semantic", "options": {"model": "tiny", "kb": str(KB), "vectors": "vectors.jsonl", "least": 0.9, **asker}}]
    policy = {"notices": {key: {"es": text, "pt": "", "en": ""} for key, text in NOTICES.items()}}
    with DeliverLab(api, "down", partitions=1, command_poll="200ms", plugins=plugins, policy=policy) as lab:
        trained(endpoint, lab.folder)
        (lab.folder / "vectors.jsonl").write_text(vectors)
        configure(lab, [{"name": "embed", "url": endpoint.url, "private": True}])
        consumer, sender, numbers = lab.start(), begin(lab, 240), iter(range(100))

        def answer(text):
            customer, began = Customer(lab, next(numbers)), time.monotonic()
            customer.write(text)
            customer.wait("an answer", customer.heard)
            return customer.heard(), time.monotonic() - began

        def answers(why, word=""):
            for text, heard in ((f"oigan ¿me lo traen hasta mi puerta? {word}", NOTICES["unknown"]), (f"{word} ¿Hacen envíos?", ARTICLE)):
                said, times = zip(*(answer(text) for _ in range(4)))
                expect(all(len(one) == 1 and heard in one[0] for one in said), f"{why}, of {text!r} the customers heard {said}, not {heard!r}")
                expect(min(times[1:]) < wait_s / 2, f"{why}, they waited {times} s for it")

        ARTICLE = answer("oigan ¿me lo traen hasta mi puerta?")[0][0]
        expect(ARTICLE in (KB / "envios.md").read_text(), f"while it is well the customer heard {ARTICLE}")
        endpoint.status = 503
        answers("it answers 503")
        endpoint.status = 200
        wait("an answer by its meaning", lambda: answer("oigan ¿me lo traen hasta mi puerta?")[0] == [ARTICLE], lab, 240)
        answers("it hangs", "lento")
        endpoint.free.set()
        wait("an answer by its meaning", lambda: answer("oigan ¿me lo traen hasta mi puerta?")[0] == [ARTICLE], lab, 240)
        endpoint.leave()
        answers("it is away")
        expect(not lab.sql("SELECT 1 FROM relevo.conversation WHERE owner <> 1"), "somebody was handed to a person")
        sender.stop(60)
        consumer.stop()
        world = lab.check(model=False)
        kinds = [d["kind"] for records in world.decoded.values() for _, d in records]
        expect("failed" not in kinds, "a plugin failed")
    api.stop()


if __name__ == "__main__":
    sys.exit(run("semantic", semantic, classified, down, mistakes))
