# SPDX-License-Identifier: Apache-2.0
"""Relevo's command line, as an admin uses it, and the measures that are taken of what it says."""
import copy
import csv
import json
import math
import os
import re
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path


PREFIX = ""  # of all figures' names


def figure(name, value, aim="-", beside=""):
    print(f"figure {PREFIX}{name} {value} {aim}" + (f"  # {beside}" if beside else ""), flush=True)


def processor_time():
    """Seconds of the programs that were run: what else the machine does is not in it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def percent(part, whole):
    return round(100 * part / whole, 1) if whole else 0.0


class Embeddings:
    """Of texts, by an endpoint of embeddings; what was embedded once is kept in a file for each model."""

    def __init__(self, encoder, folder):
        self.encoder, self.folder, self.known = encoder, Path(folder), {}

    def kept(self, model):
        if model not in self.known:
            path = self.folder / f"{model}.jsonl"
            lines = path.read_text().splitlines(keepends=True) if path.exists() else []
            self.known[model] = {json.loads(line)["text"]: line for line in lines if line.endswith("\n")}
        return self.known[model]

    def lines(self, texts, model="e5-query"):
        """A line of JSON for each text, as plugins/semantic/embed.py writes them."""
        known = self.kept(model)
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        with open(self.folder / f"{model}.jsonl", "a") as file:
            at = 0
            while at < len(missing):
                part = [missing[at]]
                while at + len(part) < len(missing) and len(part) < 64 and sum(map(len, part)) < 4000:
                    part.append(missing[at + len(part)])
                at += len(part)
                for text, vector in zip(part, self.encoder.embed(part, model)):
                    known[text] = json.dumps({"text": text, "model": model, "embedding": [round(x, 5) for x in vector]},
                                             ensure_ascii=False) + "\n"
                    file.write(known[text])
                if sys.stderr.isatty():
                    print(f"\rembedded {at} of {len(missing)}", end="", file=sys.stderr)
        return [known[text] for text in texts]


class Tool:
    def __init__(self, program, folder, vectors=None, embeddings=None):
        self.program, self.folder, self.embeddings = program, folder, embeddings
        self.sure = "1"  # every message is read by its embedding
        self.environment = dict(os.environ)
        if vectors is not None:
            self.environment["RELEVO_VECTORS"] = vectors
        self.models = 0

    def by_words(self):
        """The same without embeddings, for models that were not trained with them."""
        plain = copy.copy(self)
        plain.embeddings = None
        return plain

    def vectors_in_use(self):
        usual = os.path.expanduser("~/.cache/relevo/vectors-1/words.vectors")
        path = self.environment.get("RELEVO_VECTORS", usual if os.path.exists(usual) else "")
        return f"{os.path.getsize(path) / 1e6:.1f} MB" if path else "none"

    def example_intents(self):
        return str(Path(__file__).resolve().parents[3] / "docs/examples/cafe_andino/intents.yaml")

    def example_model(self, name=None):
        """Of the example's intents, by their words."""
        return self.make_model(["--intents", self.example_intents()], name)

    def run(self, plugin, *arguments, text=""):
        done = subprocess.run([self.program, plugin, *arguments], input=text, capture_output=True, text=True,
                              env=self.environment)
        if done.returncode:
            raise SystemExit(done.stderr.strip() or f"{self.program} failed")
        return done

    def train(self, rows, name=None, *arguments):
        """A model of (text, label) rows."""
        table = os.path.join(self.folder, "table.csv")
        with open(table, "w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
        return self.make_model(["--csv", table, "--text", "text", "--label", "label", *arguments, *self.embed([text for text, _ in rows])], name)

    def make_model(self, arguments, name):
        """Tells its size, and the processor time of its training, under `name`."""
        self.models += 1
        model = os.path.join(self.folder, f"model{self.models}")
        started = processor_time()
        self.run("classifier", "train", *arguments, "-o", model)
        if name:
            figure(f"{name}_training_s", round(processor_time() - started, 1))
            figure(f"{name}_model_mb", round(os.path.getsize(model) / 1e6, 2))
        return ["--model", model]

    def embed(self, texts):
        """What names the file of their embeddings; nothing where none are used."""
        if not self.embeddings:
            return ()
        path = os.path.join(self.folder, "embeddings.jsonl")
        with open(path, "w") as file:
            file.writelines(self.embeddings.lines(texts))
        return "--embeddings", path

    def classify(self, source, texts, name=None, *arguments):
        """One reading for each text; tells the processor time of a message under `name`."""
        texts = [" ".join(text.split()) for text in texts]
        lines = "".join(text + "\n" for text in texts)
        if self.embeddings and "--model" in source:
            arguments += *self.embed(texts), "--sure", self.sure
        done = self.run("classifier", "classify", *source, "--json", "--times", *arguments, text=lines)
        embedded = re.search(r"(\d+) of them by their embeddings", done.stderr)
        if name and embedded:
            figure(f"{name}_embedded", percent(int(embedded[1]), len(texts)))
        times = re.search(r"p50 ([0-9.]+) us, p99 ([0-9.]+) us", done.stderr)
        if name:
            figure(f"{name}_us_p50", times[1], 40)
            figure(f"{name}_us_p99", times[2])
        read = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(read) == len(texts), (len(read), len(texts))
        return read


def auroc(high, low):
    """The chance that one of `high` is above one of `low`."""
    ranked = sorted([(x, 1) for x in high] + [(x, 0) for x in low])
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        total += (at + end + 1) / 2 * sum(is_high for _, is_high in ranked[at:end])
        at = end
    return (total - len(high) * (len(high) + 1) / 2) / (len(high) * len(low))


def mcc(found, true):
    n, right = len(true), sum(a == b for a, b in zip(found, true))
    a, b = Counter(found), Counter(true)
    across = right * n - sum(a[label] * b[label] for label in b)
    spread = (n * n - sum(x * x for x in a.values())) * (n * n - sum(x * x for x in b.values()))
    return across / math.sqrt(spread) if spread else 0.0


def f1(found, true, label):
    hit = sum(a == b == label for a, b in zip(found, true))
    return 2 * hit / max(1, sum(a == label for a in found) + sum(b == label for b in true))


def macro_f1(found, true):
    labels = sorted(set(true))
    return round(100 * sum(f1(found, true, label) for label in labels) / len(labels), 1)
