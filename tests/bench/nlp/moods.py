# SPDX-License-Identifier: Apache-2.0
"""Sentiment and language of tweets: umsab."""
from nlp.tool import figure, macro_f1, percent

AIMS = {"es": 62, "pt": "-", "en": "-"}
AIMS_EMBEDDED = {"es": 64, "pt": 61, "en": 66}
BESIDE = {"es": "fastText 50.1, XLM-R 65.9", "pt": "fastText 55.1, XLM-R 67.1", "en": "fastText 50.9, XLM-R 68.2"}


def measure(tool, data):
    source = tool.example_model()  # what stands beside a model of moods
    names = ["negative", "neutral", "positive"]
    rows = []
    for language in ("spanish", "portuguese", "english"):
        folder = data / "umsab" / language
        labels = [names[int(x)] for x in (folder / "train_labels.txt").read_text().split()]
        rows += zip((folder / "train_text.txt").read_text().split("\n"), labels)
    rows = [(text, label) for text, label in rows if text.strip()]
    learned = ["--moods", tool.train(rows, "umsab", "--cost", "0.1")[1]]
    for language, code in (("spanish", "es"), ("portuguese", "pt"), ("english", "en")):
        folder = data / "umsab" / language
        true = [names[int(x)] for x in (folder / "val_labels.txt").read_text().split()]
        texts = (folder / "val_text.txt").read_text().split("\n")[:len(true)]
        alone = [reading["sentiment"] for reading in tool.by_words().classify(source + ["--moods", ""], texts)]
        figure(f"umsab_{code}_lexicon_macro_f1", macro_f1(alone, true))
        shipped = [reading["sentiment"] for reading in tool.by_words().classify(source, texts)]
        figure(f"umsab_{code}_shipped_macro_f1", macro_f1(shipped, true))
        read = tool.classify(source + learned, texts, f"umsab_{code}")
        found = [reading["sentiment"] for reading in read]
        figure(f"umsab_{code}_macro_f1", macro_f1(found, true), (AIMS_EMBEDDED if tool.embeddings else AIMS)[code],
               BESIDE[code])
        figure(f"umsab_{code}_accuracy", percent(sum(a == b for a, b in zip(found, true)), len(true)))
        figure(f"umsab_{code}_language_right", percent(sum(r["language"] == code for r in read), len(read)))
