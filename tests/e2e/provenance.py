# SPDX-License-Identifier: Apache-2.0
"""Nothing is invented: whatever the bot said is an article, a notice of the policy, a text of a flow with the customer's own
values in it, or one of the plugins' own sentences, which ask or admit and state no fact."""
import re

import yaml

# Sentences of the plugins themselves: literals of these files.
OWN = {"flow": ["plugins/lead_qualifier/words.c"], "talk": ["plugins/responder/say.c", "plugins/responder/smalltalk.c"],
       "notice": ["core/config/options.c"]}


def literals(path):
    """The string literals of a C file, neighbours joined as the compiler joins them."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    runs = re.findall(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*', text)
    return [bytes("".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', run)), "utf8").decode("unicode_escape").encode("latin1")
            .decode("utf8", "replace") for run in runs]


def leaves(node):
    """Every text below a node of YAML."""
    if isinstance(node, dict):
        for value in node.values():
            yield from leaves(value)
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value)
    elif isinstance(node, str):
        yield node


def articles(folder):
    """(id, answer) of all articles in all languages."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".md":
            _, head, body = path.read_text().split("---\n", 2)
            yield yaml.safe_load(head)["id"], body.strip()
        elif path.suffix in (".yaml", ".yml"):
            for article in yaml.safe_load(path.read_text()):
                yield article["id"], article["answer"].strip()


class Provenance:
    """Judges what was said, by its source."""

    def __init__(self, root, plugins, policy):
        options = {p["name"]: p.get("options", {}) for p in plugins}
        flows = yaml.safe_load(open(options["lead_qualifier"]["flows"]))
        own = {kind: [t for f in files for t in literals(root / f)] for kind, files in OWN.items()}
        self.articles = {}
        for name, answer in articles(root.__class__(options["responder"]["kb"])):
            self.articles.setdefault(name, set()).add(answer)
        for article in yaml.safe_load("".join(own["talk"][-1:])) if own["talk"] else ():
            self.articles.setdefault(article["id"], set()).add(article["answer"])
        self.talk = set(own["talk"])
        self.notices = set(leaves(policy)) | set(own["notice"])
        self.titles = {t for t in leaves(flows)}
        sentences = {s for t in leaves(flows) for s in re.split(r"(?<=[.!?]) +", t)}  # one whose slot was skipped is left out
        pieces = sorted(set(leaves(flows)) | sentences | {t for t in own["flow"] if " " in t or t.endswith(":")}, key=len, reverse=True)
        self.piece = re.compile("(?:" + "|".join(re.sub(r"\\\{\w+\\\}", "(.+?)", re.escape(p)) for p in pieces) + r")(?=\s|$)")

    def invented(self, said, values):
        """Why a text is nobody's, or None. values: what the customer said of themselves, the slots of the conversation."""
        source, text = said.get("source") or "", said["text"].strip()
        if source.startswith("flow."):
            rest = text
            while rest:
                match = self.piece.match(rest)
                if not match:
                    return f"'{rest}' stands in no flow"
                strange = [g for g in match.groups() if g is not None and g not in values and g not in self.titles]
                if strange:
                    return f"{strange} is no value of a slot"
                rest = rest[match.end():].lstrip()
            return None
        if source.startswith("notice."):
            known = any(re.fullmatch(re.escape(n).replace(r"\{agent\}", ".*"), text) for n in self.notices)
            return None if known else f"'{text}' is no notice"
        if source.startswith("talk."):
            return None if text in self.talk else f"'{text}' is no sentence of the responder"
        return None if text in self.articles.get(source, ()) else f"'{text}' is not the article '{source}'"
