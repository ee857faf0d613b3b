# SPDX-License-Identifier: Apache-2.0
"""Relevo's command line, as an admin uses it, and the measures that are taken of what it says."""
import csv
import json
import math
import os
import re
import subprocess
import time
from collections import Counter
from pathlib import Path


def figure(name, value, aim="-", beside=""):
    print(f"figure {name} {value} {aim}" + (f"  # {beside}" if beside else ""), flush=True)


def percent(part, whole):
    return round(100 * part / whole, 1) if whole else 0.0


class Tool:
    def __init__(self, program, folder, vectors=None):
        self.program, self.folder = program, folder
        self.environment = dict(os.environ)
        if vectors is not None:
            self.environment["RELEVO_VECTORS"] = vectors
        self.models = 0

    def vectors_in_use(self):
        usual = os.path.expanduser("~/.cache/relevo/vectors-1/words.vectors")
        path = self.environment.get("RELEVO_VECTORS", usual if os.path.exists(usual) else "")
        return f"{os.path.getsize(path) / 1e6:.1f} MB" if path else "none"

    def example_intents(self):
        return str(Path(__file__).resolve().parents[3] / "docs/examples/cafe_andino/intents.yaml")

    def run(self, plugin, *arguments, text=""):
        done = subprocess.run([self.program, plugin, *arguments], input=text, capture_output=True, text=True,
                              env=self.environment)
        if done.returncode:
            raise SystemExit(done.stderr.strip() or f"{self.program} failed")
        return done

    def train(self, rows, name=None, *arguments):
        """Trains on (text, label) rows; tells size and time under `name`."""
        self.models += 1
        table, model = os.path.join(self.folder, "table.csv"), os.path.join(self.folder, f"model{self.models}")
        with open(table, "w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
        started = time.monotonic()
        self.run("classifier", "train", "--csv", table, "--text", "text", "--label", "label", "-o", model, *arguments)
        if name:
            figure(f"{name}_training_s", round(time.monotonic() - started, 1))
            figure(f"{name}_model_mb", round(os.path.getsize(model) / 1e6, 2))
        return ["--model", model]

    def classify(self, source, texts, name=None, *arguments):
        """One reading for each text; tells the time of a message under `name`."""
        lines = "".join(" ".join(text.split()) + "\n" for text in texts)
        done = self.run("classifier", "classify", *source, "--json", "--times", *arguments, text=lines)
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
