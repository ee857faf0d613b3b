#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes moods.model, the model of moods that comes with the plugin: moods.py UMSAB RELEVO OUT

UMSAB is the folder of umsab as its authors publish it, RELEVO the program. Its training sets in es, pt and en are learned, as neutral what
customers ask in the example business, and tests/data/messages/readings.tsv: tweets know few plain questions, and few customers. The same data give the same bytes.
"""
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

SOURCE = Path(__file__).resolve().parents[2]
INTENTS = SOURCE / "docs/examples/cafe_andino/intents.yaml"
READINGS = SOURCE / "tests/data/messages/readings.tsv"  # never the others: they judge
NAMES = ("negative", "neutral", "positive")
FELT = {"order_problem", "talk_to_person", "thanks", "greeting", "goodbye"}  # intents that may carry a mood


def tweets(folder):
    for language in ("spanish", "portuguese", "english"):
        labels = [NAMES[int(x)] for x in (folder / language / "train_labels.txt").read_text().split()]
        yield from zip((folder / language / "train_text.txt").read_text().split("\n"), labels)


def questions():
    for name, examples in yaml.safe_load(INTENTS.read_text())["intents"].items():
        if name not in FELT:
            yield from ((text, "neutral") for texts in examples.values() for text in texts)


def readings():
    for line in READINGS.read_text().splitlines():
        _, _, expected, text = line.split("\t")
        yield text, expected.split(",")[2]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as table:
        csv.writer(table).writerows([("text", "label"), *((t, m) for t, m in (*tweets(Path(sys.argv[1])), *questions(), *readings()) if t.strip())])
        table.flush()
        subprocess.run([sys.argv[2], "classifier", "train", "--csv", table.name, "--text", "text", "--label", "label", "--vectors", "",
                        "--cost", "0.1", "-o", sys.argv[3]], check=True)


if __name__ == "__main__":
    main()
