# SPDX-License-Identifier: Apache-2.0
"""Our own messages: tests/data/messages, with the intents of docs/examples/cafe_andino."""
from pathlib import Path

from nlp.tool import f1, figure, percent

FOLDER = Path(__file__).resolve().parents[2] / "data/messages"


def load(names=("es", "pt", "en")):
    """Rows of kind, region, what is expected, and the message."""
    return [line.split("\t") for name in names for line in (FOLDER / f"{name}.tsv").read_text().splitlines()]


def is_angry_as(anger, expected):
    return anger >= 0.6 if expected == "high" else (anger >= 0.25) == (expected == "some")


def measure_readings(tool, source, name):
    """Whether a message asks for a person, how angry it is, its sentiment: each, and all three at once."""
    rows = load([name])
    read = tool.classify(source, [row[3] for row in rows])
    right = []
    for row, reading in zip(rows, read):
        person, anger, sentiment = row[2].split(",")
        right.append(((reading["wants_person"] >= 0.5) == (person != "no"), is_angry_as(reading["anger"], anger),
                      reading["sentiment"] == sentiment))
    for part, key in enumerate(("person", "anger", "sentiment")):
        figure(f"{name}_{key}", percent(sum(one[part] for one in right), len(right)), "-", f"{len(right)} messages")
    figure(f"{name}_all", percent(sum(map(all, right)), len(right)))


def measure(tool, _data):
    rows = load()
    source = tool.example_model("messages")
    read = tool.classify(source, [row[3] for row in rows], "messages")
    asks, true = [], []
    for kind in ("person", "near"):
        chosen = [reading["wants_person"] >= 0.5 for row, reading in zip(rows, read) if row[0] == kind]
        asks += chosen
        true += [kind == "person"] * len(chosen)
    figure("messages_handoff_f1", round(100 * f1(asks, true, True), 1))
    for kind, key in (("faq", "intent"), ("mood", "sentiment")):
        right = [reading[key] == row[2] for row, reading in zip(rows, read) if row[0] == kind]
        figure(f"messages_{kind}_accuracy", percent(sum(right), len(right)), "-", f"{len(right)} messages")
    for name in ("readings", "readings_held", "readings_later"):
        measure_readings(tool, source, name)
