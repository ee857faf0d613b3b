#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Adds an embedding to each line of `relevo semantic texts`, by any endpoint that speaks OpenAI's /v1/embeddings.

    relevo semantic texts --kb kb | plugins/semantic/embed.py http://localhost:8080/v1/embeddings MODEL [PREFIX] > vectors.jsonl

Any lines of JSON with a "text" will do: examples of `relevo classifier texts`, questions for `relevo semantic ask`. PREFIX stands before
each text: "query: " for the models of the e5 family. A token is read from the environment: EMBEDDINGS_TOKEN.
"""
import http.client
import json
import os
import sys
import urllib.request

BATCH = 32


def fail(code, words):
    print(f"embed.py: {words}", file=sys.stderr)
    sys.exit(code)


def embed(url, model, texts):
    headers = {"Content-Type": "application/json"}
    if os.environ.get("EMBEDDINGS_TOKEN"):
        headers["Authorization"] = "Bearer " + os.environ["EMBEDDINGS_TOKEN"]
    body = json.dumps({"model": model, "input": texts}).encode()
    try:
        request = urllib.request.Request(url, body, headers)
    except ValueError:
        fail(os.EX_USAGE, f"'{url}' is no address; it looks like http://localhost:8080/v1/embeddings")
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            data = json.load(answer)["data"]
        vectors = [d["embedding"] for d in sorted(data, key=lambda d: d.get("index", 0))]
    except (OSError, http.client.HTTPException) as e:
        fail(os.EX_UNAVAILABLE, f"{url}: {e}; is it the endpoint's whole address, and EMBEDDINGS_TOKEN set where it wants one?")
    except (ValueError, TypeError, LookupError, AttributeError):
        fail(os.EX_PROTOCOL, f"{url} answers, but no embeddings; is it an endpoint of /v1/embeddings?")
    if len(vectors) != len(texts):
        fail(os.EX_PROTOCOL, f"{url} answered {len(vectors)} embeddings for {len(texts)} texts")
    return vectors


def read(lines):
    """The rows: objects with a text each."""
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line) if line.strip() else None
        except ValueError:
            row = {}
        if row is None:
            continue
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            fail(os.EX_DATAERR, f'line {number} of the input is no JSON object with a "text"; `relevo semantic texts` prints such')
        rows.append(row)
    return rows


def main():
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        sys.exit(os.EX_USAGE)
    url, model, prefix = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) == 4 else ""
    rows = read(sys.stdin)
    for at in range(0, len(rows), BATCH):
        part = rows[at:at + BATCH]
        for row, vector in zip(part, embed(url, model, [prefix + row["text"] for row in part])):
            print(json.dumps({**row, "model": prefix + model, "embedding": vector}, ensure_ascii=False))
        print(f"{min(at + BATCH, len(rows))} of {len(rows)} texts", file=sys.stderr)


if __name__ == "__main__":
    main()
