#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds an embedding to each line of `relevo semantic texts`, by any endpoint that speaks OpenAI's /v1/embeddings.

    relevo semantic texts --kb kb | plugins/semantic/embed.py http://localhost:8080/v1/embeddings MODEL [PREFIX] > vectors.jsonl

Any lines of JSON with a "text" will do: examples of `relevo classifier texts`, questions for `relevo semantic ask`. PREFIX stands before
each text: "query: " for the models of the e5 family. A token is read from the environment: EMBEDDINGS_TOKEN.
"""
import json
import os
import sys
import urllib.request

BATCH = 32


def embed(url, model, texts):
    headers = {"Content-Type": "application/json"}
    if os.environ.get("EMBEDDINGS_TOKEN"):
        headers["Authorization"] = "Bearer " + os.environ["EMBEDDINGS_TOKEN"]
    body = json.dumps({"model": model, "input": texts}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=120) as answer:
        data = json.load(answer)["data"]
    if len(data) != len(texts):
        print(f"{url} answered {len(data)} embeddings for {len(texts)} texts", file=sys.stderr)
        sys.exit(os.EX_PROTOCOL)
    return [d["embedding"] for d in sorted(data, key=lambda d: d.get("index", 0))]


def main():
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        sys.exit(os.EX_USAGE)
    url, model, prefix = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) == 4 else ""
    rows = [json.loads(line) for line in sys.stdin if line.strip()]
    for at in range(0, len(rows), BATCH):
        part = rows[at:at + BATCH]
        for row, vector in zip(part, embed(url, model, [prefix + row["text"] for row in part])):
            print(json.dumps({**row, "model": prefix + model, "embedding": vector}, ensure_ascii=False))
        print(f"{min(at + BATCH, len(rows))} of {len(rows)} texts", file=sys.stderr)


if __name__ == "__main__":
    main()
