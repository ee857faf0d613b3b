#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The semantic plugin against a scripted endpoint of embeddings, its vectors made by its own tools: a paraphrase finds its article.

    test_semantic.py [SEED]
"""
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
from checker.model import NOTICES  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import DeliverLab, begin  # noqa: E402
from lab.stack import BIN, PLUGINS, ROOT, bare_environment, expect, run  # noqa: E402
from pipeline.test_deliver import configure  # noqa: E402
from pipeline.test_held import Customer  # noqa: E402

KB = ROOT / "docs" / "examples" / "cafe_andino" / "kb"
MEANINGS = (("envío", "envios", "ship", "domicilio", "traen hasta mi puerta"), ("hora", "horario", "abren", "hours", "open"))


class Endpoint:
    """Embeds by what a text is about: one direction for each meaning, and one for all the rest."""

    def __init__(self):
        self.asked, self.status = [], 200
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
                endpoint.asked += texts
                rows = [{"index": i, "embedding": endpoint.embed(text.lower())} for i, text in enumerate(texts)]
                answer = json.dumps({"data": rows}).encode()
                self.send_response(endpoint.status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def embed(text):
        vector = [1.0 if any(word in text for word in words) else 0.0 for words in MEANINGS]
        return [*vector, 0.0 if any(vector) else 1.0]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"


def semantic(seed):
    """a paraphrase without a word of its article; an endpoint that fails; words that need none"""
    api, endpoint = CloudApi(seed), Endpoint()
    texts = subprocess.run([BIN, "semantic", "texts", "--kb", KB], capture_output=True, check=True, timeout=60,
                           env={**bare_environment(), "RELEVO_PLUGIN_DIR": str(PLUGINS)}).stdout
    expect(texts.count(b"\n") > 50, f"it lists {texts[:300]}")
    made = subprocess.run(["/usr/bin/python3", ROOT / "plugins" / "semantic" / "embed.py", endpoint.url, "tiny", "query: "], input=texts,
                          capture_output=True, check=True, timeout=60).stdout
    # Of each article what is about one of the meanings; all else is far from everything here.
    kept = [row for row in map(json.loads, made.splitlines()) if row["embedding"][2] == 0 and row["id"] in ("envios", "horario")]
    expect({row["id"] for row in kept} == {"envios", "horario"}, "the vectors lack an article")
    plugins = [{"name": "responder", "options": {"kb": str(KB)}},
               {"name": "semantic", "options": {"destination": "embed", "model": "tiny", "kb": str(KB), "prefix": "query: ",
                                                "vectors": "vectors.jsonl", "least": 0.9}}]
    with DeliverLab(api, "semantic", partitions=1, command_poll="200ms", plugins=plugins) as lab:
        (lab.folder / "vectors.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))
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
        sender.stop(60)
        consumer.stop()
        lab.check(model=False)
    api.stop()
    endpoint.server.shutdown()


if __name__ == "__main__":
    sys.exit(run("semantic", semantic))
