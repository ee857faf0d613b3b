#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how well messages are understood: ./dev bench nlp --data DIR

DIR holds any of clinc150/ banking77/ hint3/ nlupp_banking/ facebook_es/ umsab/ xquad/ as their authors publish them, and
tests/data/messages and the example business are always measured. Everything goes through `relevo classifier` and `relevo responder`, as an admin
uses them. Word vectors are used when `./dev vectors` has made them. Prints lines `figure NAME VALUE AIM`; beside
them, as comments, what others reach.

--semantic measures with a real encoder instead (deploy/local/models.sh embeddings): every message read by its embedding besides, as if the
plugin were never sure, and then as it is by default; names begin with `semantic_`. --keep DIR keeps the embeddings, which take their time.
"""
import argparse
import csv
import os
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]
from lab.models import Encoder  # noqa: E402
from nlp import answers, intents, messages, moods, requests, retrieval  # noqa: E402
from nlp import tool as tools  # noqa: E402

PARTS = {"messages": messages.measure, "answers": answers.measure, "curekart": intents.curekart, "facebook_es": intents.facebook,
         "umsab": moods.measure, "handoff": requests.measure, "xquad": retrieval.measure, "clinc150": intents.clinc,
         "banking77": intents.banking}
SEMANTIC = {"curekart": intents.curekart, "xquad": retrieval.measure_meaning, "umsab": moods.measure, "clinc150": intents.clinc}


def measure(tool, parts, options):
    print(f"# word vectors: {tool.vectors_in_use()}", flush=True)
    for name, part in parts.items():
        if name not in (options.only or parts):
            continue
        if name not in ("messages", "answers") and not options.data:
            print(f"# {name}: not measured, --data says where the sets are")
            continue
        print(f"# {name}", flush=True)
        part(tool, options.data and Path(options.data))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("RELEVO_NLP_DATA"), help="the public data sets")
    parser.add_argument("--relevo", default=os.environ.get("RELEVO_BIN", "relevo"))
    parser.add_argument("--only", nargs="+", choices=PARTS)
    parser.add_argument("--folds", type=int, choices=range(1, 6), default=1, help="how many of banking77's five folds are measured")
    parser.add_argument("--semantic", action="store_true", help="with embeddings of whole messages")
    parser.add_argument("--keep", type=Path, help="with --semantic: a folder in which embeddings are kept")
    parser.add_argument("--vectors", help="a table of word vectors; '' for none (default: as relevo finds it)")
    options = parser.parse_args()
    csv.field_size_limit(1 << 24)
    intents.FOLDS = options.folds
    with tempfile.TemporaryDirectory() as folder:
        if not options.semantic:
            return measure(tools.Tool(options.relevo, folder, options.vectors), PARTS, options)
        tools.PREFIX = "semantic_"
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
        with Encoder() as encoder:
            embeddings = tools.Embeddings(encoder, options.keep or folder)
            measure(tools.Tool(options.relevo, folder, options.vectors, embeddings), SEMANTIC, options)


if __name__ == "__main__":
    main()
