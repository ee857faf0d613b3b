# SPDX-License-Identifier: Apache-2.0
"""Our own messages: tests/data/messages, with the intents of docs/examples/cafe_andino."""
from pathlib import Path

from nlp.tool import f1, figure, percent

FOLDER = Path(__file__).resolve().parents[2] / "data/messages"


def load():
    """Rows of kind, region, what is expected, and the message."""
    return [line.split("\t") for name in ("es", "pt", "en") for line in (FOLDER / f"{name}.tsv").read_text().splitlines()]


def measure(tool, _data):
    rows = load()
    read = tool.classify(tool.example_model("messages"), [row[3] for row in rows], "messages")
    asks, true = [], []
    for kind in ("person", "near"):
        chosen = [reading["wants_person"] >= 0.5 for row, reading in zip(rows, read) if row[0] == kind]
        asks += chosen
        true += [kind == "person"] * len(chosen)
    figure("messages_handoff_f1", round(100 * f1(asks, true, True), 1))
    for kind, key in (("faq", "intent"), ("mood", "sentiment")):
        right = [reading[key] == row[2] for row, reading in zip(rows, read) if row[0] == kind]
        figure(f"messages_{kind}_accuracy", percent(sum(right), len(right)), "-", f"{len(right)} messages")
