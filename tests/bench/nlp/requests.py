# SPDX-License-Identifier: Apache-2.0
"""Who asks for a person, and whether that is seen at the right turn: NLU++ banking, its folds in five groups, each held out once."""
import json

from nlp import timing
from nlp.tool import f1, figure


def measure(tool, data):
    folds = [[(item["text"], "talk_to_person" if "handoff" in item.get("intents", []) else "other")
              for item in json.loads(path.read_text())] for path in sorted((data / "nlupp_banking").glob("fold*.json"))]
    found, scores, true = [], [], []
    for group in range(5):
        train = [row for i, fold in enumerate(folds) if i % 5 != group for row in fold]
        test = [row for i, fold in enumerate(folds) if i % 5 == group for row in fold]
        name = "handoff" if group == 0 else None
        read = tool.classify(tool.train(train, name), [text for text, _ in test], name)
        scores += [reading["wants_person"] for reading in read]
        true += [label == "talk_to_person" for _, label in test]
    found = [score >= 0.5 for score in scores]
    figure("handoff_f1", round(100 * f1(found, true, True), 1), 93, "linear 90.2")
    hit = sum(a and b for a, b in zip(found, true))
    figure("handoff_precision", round(100 * hit / max(1, sum(found)), 1))
    figure("handoff_recall", round(100 * hit / sum(true), 1), "-", f"{sum(true)} of {len(true)} messages")
    timing.measure(figure, found, true)
