# SPDX-License-Identifier: Apache-2.0
"""Whether a message gets an article of what it asks: the example business, by words alone and with the intent that was read (fused). An answer is
right when its article names the message's intent."""
import json
from pathlib import Path

import yaml

from nlp.messages import load
from nlp.tool import figure, percent

FOLDS = 5


def intents_of(kb):
    """The intents that each article names, in any language."""
    named = {}
    for path in sorted(kb.iterdir()):
        text = path.read_text()
        articles = yaml.safe_load(text) if path.suffix == ".yaml" else [yaml.safe_load(text.split("---\n")[1])]
        for article in articles:
            named.setdefault(article["id"], set()).update(article.get("intents", ()))
    return named


def ask(tool, kb, asked, read):
    """Figures of (message, intent) pairs, of which `read` is what the classifier read in each."""
    readings = Path(tool.folder, "readings.jsonl")
    readings.write_text("".join(json.dumps(reading) + "\n" for reading in read))
    text = "".join(message + "\n" for message, _ in asked)
    for how, arguments in (("words", ()), ("fused", ("--readings", str(readings)))):
        done = tool.run("responder", "ask", "--kb", str(kb), "--json", *arguments, text=text)
        yield how, [json.loads(line) for line in done.stdout.splitlines()]


def tell(name, kb, tool, asked, read):
    named = intents_of(kb)
    for how, found in ask(tool, kb, asked, read):
        right = [intent in named.get(f["article"], ()) for f, (_, intent) in zip(found, asked)]
        answered = [f["answer"] is not None for f in found]
        both = sum(a and b for a, b in zip(right, answered))
        figure(f"answers_{name}_{how}_right", percent(both, len(asked)), "-", f"of {len(asked)} messages")
        figure(f"answers_{name}_{how}_wrong", percent(sum(answered) - both, len(asked)))
        figure(f"answers_{name}_{how}_nearest_right", percent(sum(right), len(asked)))


def measure(tool, data):
    kb = Path(tool.example_intents()).parent / "kb"
    known = set().union(*intents_of(kb).values())
    intents = yaml.safe_load(Path(tool.example_intents()).read_text())["intents"]
    examples = [(text, intent) for intent, languages in intents.items() for texts in languages.values() for text in texts]
    asked, read = [], []
    for fold in range(FOLDS): # each example is read by a model that was not told of it
        part = [pair for pair in examples[fold::FOLDS] if pair[1] in known]
        model = tool.train([pair for i, pair in enumerate(examples) if i % FOLDS != fold])
        asked += part
        read += tool.classify(model, [text for text, _ in part])
    tell("examples", kb, tool, asked, read)
    own = [(row[3], row[2]) for row in load() if row[0] == "faq" and row[2] in known]
    tell("messages", kb, tool, own, tool.classify(["--intents", tool.example_intents()], [text for text, _ in own]))
    if data and (data / "clinc150").exists():
        sets = json.loads((data / "clinc150/train_val.json").read_text())
        none = [(text, "") for text, _ in sets["oos_train"] + sets["oos_val"]]
        for how, found in ask(tool, kb, none, tool.classify(["--intents", tool.example_intents()], [text for text, _ in none])):
            figure(f"answers_clinc150_none_{how}_answered", percent(sum(f["answer"] is not None for f in found), len(none)), "-",
                   f"{len(none)} messages of no business")
