# SPDX-License-Identifier: Apache-2.0
"""Whether a question finds its article: XQuAD, each paragraph an article without questions."""
import json
from pathlib import Path

from nlp.tool import auroc, figure, percent, processor_time

AIMS = {"es": 93, "en": "-"}
AIMS_EMBEDDED = {"es": 95, "en": 97}


def load(data, language):
    articles, questions = [], []
    for subject in json.loads((data / f"xquad/xquad.{language}.json").read_text())["data"]:
        for paragraph in subject["paragraphs"]:
            number = f"p{len(articles)}"
            articles.append({"id": number, "title": "-", "language": language,
                             "answer": paragraph["context"].strip("\ufeff ")})
            questions += [(" ".join(qa["question"].split()), number) for qa in paragraph["qas"]]
    return articles, questions


def write(tool, articles):
    folder = Path(tool.folder, "kb")
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    (folder / "kb.yaml").write_text(json.dumps(articles, ensure_ascii=False))
    return folder


def ask_meaning(tool, articles, questions, *arguments):
    """What `relevo semantic ask` finds, by answers embedded as passages."""
    folder = write(tool, articles)
    texts = [json.loads(line) for line in tool.run("semantic", "texts", "--kb", str(folder), "--answers").stdout.splitlines()]
    vectors = Path(tool.folder, "vectors.jsonl")
    embedded = tool.embeddings.lines([text["text"] for text in texts], "e5-passage")
    vectors.write_text("".join(json.dumps({"id": text["id"], **json.loads(line)}) + "\n" for text, line in zip(texts, embedded)))
    done = tool.run("semantic", "ask", "--kb", str(folder), "--vectors", str(vectors), *arguments,
                    text="".join(tool.embeddings.lines([text for text, _ in questions])))
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure_meaning(tool, data):
    sets = {language: load(data, language) for language in ("es", "en")}
    for language, (articles, questions) in sets.items():
        for name, words in (("", ()), ("_embedding_alone", ("--words", "0"))):
            found = ask_meaning(tool, articles, questions, *words)
            right = [f["article"] == number for f, (_, number) in zip(found, questions)]
            figure(f"xquad_{language}_r_at_1{name}", percent(sum(right), len(right)),
                   AIMS_EMBEDDED[language] if not name else "-", "fused by z-scores: es 94.9, en 96.8")
        answered = [f["answer"] is not None for f in ask_meaning(tool, articles, questions)]
        figure(f"xquad_{language}_answered", percent(sum(answered), len(answered)))
        kept = {article["id"] for article in articles[::2]}
        half = ask_meaning(tool, articles[::2], questions)
        inside = [f["score"] for f, (_, number) in zip(half, questions) if number in kept]
        outside = [f["score"] for f, (_, number) in zip(half, questions) if number not in kept]
        figure(f"xquad_{language}_not_in_kb_auroc", round(100 * auroc(inside, outside), 1))
    found = ask_meaning(tool, sets["en"][0], sets["es"][1])
    figure("xquad_es_question_en_article_r_at_1", percent(sum(f["article"] == number for f, (_, number) in zip(found, sets["es"][1])),
                                                          len(found)), "-", "e5 alone 87.2")


def ask(tool, articles, questions):
    folder = write(tool, articles)
    done = tool.run("responder", "ask", "--kb", str(folder), "--json",
                    text="".join(text + "\n" for text, _ in questions))
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure(tool, data):
    for language in ("es", "en"):
        articles, questions = load(data, language)
        started = processor_time()
        ask(tool, articles, questions[:1])
        reading = processor_time() - started
        started = processor_time()
        found = ask(tool, articles, questions)
        figure(f"xquad_{language}_index_ms", round(1e3 * reading))
        figure(f"xquad_{language}_us_mean", round(1e6 * (processor_time() - started - reading) / (len(questions) - 1), 1))
        right = [f["article"] == number for f, (_, number) in zip(found, questions)]
        answered = [f["answer"] is not None for f in found]
        both = sum(a and b for a, b in zip(right, answered))
        figure(f"xquad_{language}_r_at_1", percent(sum(right), len(right)),
               AIMS[language], "BM25 folded and stemmed: es 93.1")
        figure(f"xquad_{language}_answered", percent(sum(answered), len(right)))
        figure(f"xquad_{language}_answered_right", percent(both, sum(answered)))
        kept = {article["id"] for article in articles[::2]}
        half = ask(tool, articles[::2], questions)
        inside = [f["score"] for f, (_, number) in zip(half, questions) if number in kept]
        outside = [f["score"] for f, (_, number) in zip(half, questions) if number not in kept]
        figure(f"xquad_{language}_not_in_kb_auroc", round(100 * auroc(inside, outside), 1), "-",
               "score against the best attainable: es 94.7")
