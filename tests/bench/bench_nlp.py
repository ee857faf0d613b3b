#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how well messages are understood: ./dev bench nlp --data DIR

DIR holds any of clinc150/ banking77/ hint3/ nlupp_banking/ facebook_es/ umsab/ xquad/ as their authors publish them, and
tests/data/messages is always measured. Everything goes through `relevo classifier` and `relevo responder`, as an admin
uses them. Word vectors are used when `./dev vectors` has made them. Prints lines `figure NAME VALUE AIM`; beside
them, as comments, what others reach.
"""
import argparse
import csv
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from nlp import intents, messages, moods, requests, retrieval  # noqa: E402
from nlp.tool import Tool  # noqa: E402

PARTS = {"messages": messages.measure, "curekart": intents.curekart, "facebook_es": intents.facebook,
         "umsab": moods.measure, "handoff": requests.measure, "xquad": retrieval.measure, "clinc150": intents.clinc,
         "banking77": intents.banking}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("RELEVO_NLP_DATA"), help="the public data sets")
    parser.add_argument("--relevo", default=os.environ.get("RELEVO_BIN", "relevo"))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--vectors", help="a table of word vectors; '' for none (default: as relevo finds it)")
    options = parser.parse_args()
    csv.field_size_limit(1 << 24)
    with tempfile.TemporaryDirectory() as folder:
        tool = Tool(options.relevo, folder, options.vectors)
        print(f"# word vectors: {tool.vectors_in_use()}", flush=True)
        for name in options.only:
            if name != "messages" and not options.data:
                print(f"# {name}: not measured, --data says where the sets are")
                continue
            print(f"# {name}", flush=True)
            PARTS[name](tool, options.data and Path(options.data))


if __name__ == "__main__":
    main()
