# SPDX-License-Identifier: Apache-2.0
"""Which intent, and whether any: clinc150, banking77, hint3 curekart, facebook_es."""
import csv
import json
import math

from nlp.tool import auroc, figure, macro_f1, mcc, percent

SURE = "0.75"  # the plugin's default
FOLDS = 1  # of banking77's five
LIMIT = 0.5  # out_of_scope above it: of no intent. Fitted on training data by `train`, never here


def judged(readings, limit=LIMIT):
    return [reading["intent"] if reading["out_of_scope"] <= limit else None for reading in readings]


def intents(tool, name, train, inside, outside=(), aims=None, extra=()):
    source = tool.train(train, name, *extra)
    measure_intents(tool, source, name, inside, outside, aims or {})
    if tool.embeddings:  # as the plugin does it: only for what the words leave open
        tool.sure = SURE
        measure_intents(tool, source, name + "_unsure_only", inside, outside, aims or {})
        tool.sure = "1"


def measure_intents(tool, source, name, inside, outside, aims):
    read = tool.classify(source, [text for text, _ in inside], name)
    true = [label for _, label in inside]
    found = [reading["intent"] for reading in read]
    figure(f"{name}_accuracy", percent(sum(a == b for a, b in zip(found, true)), len(true)), aims.get("accuracy", "-"),
           aims.get("accuracy_beside", ""))
    figure(f"{name}_macro_f1", macro_f1(found, true))
    if not outside:
        return
    strange = tool.classify(source, list(outside))
    figure(f"{name}_oos_auroc", round(100 * auroc([r["out_of_scope"] for r in strange],
                                                  [r["out_of_scope"] for r in read]), 1), aims.get("auroc", "-"))
    kept, seen = judged(read), judged(strange)
    figure(f"{name}_in_scope_accuracy", percent(sum(a == b for a, b in zip(kept, true)), len(true)),
           aims.get("in_scope", "-"), aims.get("in_scope_beside", ""))
    figure(f"{name}_oos_recall", percent(seen.count(None), len(seen)), aims.get("recall", "-"),
           aims.get("recall_beside", ""))
    if "recall" in aims:  # the aim's own pair, at the limit that these messages would choose
        limit = sorted((r["out_of_scope"] for r in strange), reverse=True)[math.ceil(aims["recall"] / 100 * len(strange)) - 1] - 1e-9
        figure(f"{name}_in_scope_at_recall_{aims['recall']}", percent(sum(a == b for a, b in zip(judged(read, limit), true)), len(true)),
               aims.get("in_scope", "-"))
    all_true = true + [None] * len(seen)
    figure(f"{name}_mcc", round(mcc(kept + seen, all_true), 3), aims.get("mcc", "-"))
    limits = sorted({round(r["out_of_scope"], 2) for r in read + strange})
    figure(f"{name}_mcc_best_threshold", round(max(mcc(judged(read + strange, at), all_true) for at in limits), 3), aims.get("mcc", "-"),
           aims.get("mcc_beside", ""))


def clinc(tool, data):
    sets = json.loads((data / "clinc150/train_val.json").read_text())
    intents(tool, "clinc150", sets["train"] + sets["oos_train"], sets["val"], [text for text, _ in sets["oos_val"]],
            {"accuracy": 96.5, "accuracy_beside": "n-grams + e5 96.8"} if tool.embeddings else
            {"in_scope": 93, "in_scope_beside": "Rasa 91.5, Dialogflow 91.7, SVM 91.0, BERT 96.9", "recall": 60,
             "recall_beside": "Rasa 45.3, Dialogflow 14.0, SVM 14.5, BERT 40.3"}, ("--oos", "oos"))


def banking(tool, data):
    """Cross-validation: every message of the folds that are measured is read by a model of the other four fifths."""
    with open(data / "banking77/train.csv", newline="") as file:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(file) if row["text"].strip()]
    found, true = [], []
    for fold in range(FOLDS):
        name = "banking77" if fold == 0 else None
        source = tool.train([row for i, row in enumerate(rows) if i % 5 != fold], name)
        held_out = rows[fold::5]
        found += [reading["intent"] for reading in tool.classify(source, [text for text, _ in held_out], name)]
        true += [label for _, label in held_out]
    figure("banking77_accuracy", percent(sum(a == b for a, b in zip(found, true)), len(true)), "-",
           "word+char linear 91.9, USE+ConveRT 93.4, BERT tuned 93.7 (another split)")
    figure("banking77_macro_f1", macro_f1(found, true))


def curekart(tool, data):
    def rows(name):
        with open(data / "hint3" / name, newline="") as file:
            return [(r["sentence"], r["label"]) for r in csv.DictReader(file) if r["sentence"].strip()]
    train, test = rows("curekart_train.csv"), rows("curekart_test.csv")
    none = "NO_NODES_DETECTED"
    intents(tool, "curekart", train, [r for r in test if r[1] != none], [text for text, label in test if label == none],
            {"accuracy": 86, "accuracy_beside": "n-grams + e5 85.6, e5 alone 86.3"} if tool.embeddings else
            {"mcc": 0.66,
             "mcc_beside": "Rasa .511, Dialogflow .578, Haptik .603, BERT .553, linear .651"}, ("--oos", none))


def facebook(tool, data):
    def rows(name):
        lines = (data / "facebook_es" / name).read_text().splitlines()
        return [(line.split("\t")[2], line.split("\t")[0]) for line in lines if line.split("\t")[2].strip()]
    intents(tool, "facebook_es", rows("train-es.tsv"), rows("eval-es.tsv"))
