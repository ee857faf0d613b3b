#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whole conversations with the real plugins and the example business: turns in, decisions out (golden/*.yaml; what is asked in the queue:
golden/queue/*.yaml); and customers who write anything: nothing is said that nobody wrote."""
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import yaml  # noqa: E402
from checker.model import conversation_id  # noqa: E402
from checker.world import read_topics  # noqa: E402
from e2e import cards  # noqa: E402
from e2e.provenance import Provenance  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import ROOT, Lab, TestFailure, expect, run  # noqa: E402

GOLDEN = Path(__file__).resolve().parent / "golden"
NUMBER = "105550001"


def configuration(collect_after="1d"):
    """Plugins and policy of the demo: what ./dev demo runs, but for the pause (here each turn is decided by itself) and for when who waits is
    asked."""
    text = (ROOT / "deploy" / "local" / "relevo.yaml.in").read_text()
    for name, value in (("KAFKA", "127.0.0.1:1"), ("POSTGRES", "postgresql://localhost/x"), ("METRICS_PORT", "1"),
                        ("PLUGINS", os.environ.get("RELEVO_PLUGINS", "")), ("ROOT", str(ROOT)), ("TOPIC_PREFIX", "")):
        text = text.replace(f"@{name}@", value)
    whole = yaml.safe_load(text)
    del whole["policy"]["pause"]
    whole["policy"]["queue"] = {"collect_after": collect_after}
    return whole["plugins"], whole["policy"]


def matches(wanted, decision):
    """Whether a decision is the wanted one: kind, and each named field somewhere in it (text: contained; choices: titles)."""
    if decision["kind"] != wanted["kind"]:
        return False
    detail = next((v for v in decision.values() if isinstance(v, dict) and "offset" not in v), {})
    fields = {**decision, **detail}
    for name, value in wanted.items():
        if name in ("text", "reason") and str(value).lower() not in (fields.get(name) or "").lower():
            return False
        if name == "card":
            lines = " / ".join(f"{f['name']}: {f['text']}" for f in decision["card"]["fields"]).lower()
            if not all(part.lower() in lines for part in value):
                return False
        elif name == "choices":
            if [c["title"] for c in (fields.get("extras") or {}).get("choices", ())] != value:
                return False
        elif name.startswith("min_"):
            if not (fields.get(name[4:]) or 0) >= value:
                return False
        elif name.startswith("max_"):
            if not (fields.get(name[4:]) or 0) <= value:
                return False
        elif name not in ("text", "reason") and fields.get(name) != value:
            return False
    return True


def told(decisions):
    lines = []
    for d in decisions:
        detail = next((v for v in d.values() if isinstance(v, dict) and "offset" not in v), {})
        shown = {k: v for k, v in detail.items() if v not in (None, [])}
        lines.append(f"    {d['kind']} owner={d['owner']} {shown}")
    return "\n".join(lines)


class Talk:
    """One conversation under test."""

    def __init__(self, lab, script, number):
        self.lab, self.script = lab, script
        self.wa_id = f"5730099{number:05d}"
        self.key = f"{NUMBER}:{self.wa_id}".encode()
        self.id = conversation_id(NUMBER, self.wa_id)
        self.n = 0

    def play(self):
        awaited = 0
        for turn in self.script["turns"]:  # one of the clock only waits
            if "customer" in turn:
                self.n += 1
                event = {"kind": "message", "phone_number_id": NUMBER, "wa_id": self.wa_id,
                         "message_id": f"{self.wa_id}.{self.n}", "customer_name": self.script.get("name", "Marisol"),
                         "type": turn.get("type", "text"), "text": turn["customer"],
                         "sent_at": int(time.time() * 1000)}
                if "choice" in turn:
                    event |= {"type": "interactive", "reply_id": turn["choice"]}
                partition = partition_of(self.key, self.lab.partitions)
                self.lab.produce(partition, self.key, self.lab.schemas["WhatsAppEvent"].encode(event))
                self.lab.flush()
            elif "desk" in turn:
                call = turn["desk"].format(id=f"'{self.id}'")
                done, why = self.lab.sql(f"SELECT done, why FROM desk.{call}")[0]
                expect(done, f"desk.{call} was refused: {why}")
            elif "crm" in turn:
                self.answer(turn["crm"])
            awaited += turn.get("events", 1)
            self.wait(awaited)

    def answer(self, status):
        """What deliver would bring back: the CRM's answer to what was asked of it last."""
        topic = self.lab.prefix + "relevo.effects.v1"
        partition = partition_of(self.key, self.lab.partitions)
        asked = [self.lab.schemas.decode(record.value) for record in read_topics(self.lab.kafka, [topic])[0][topic][partition]]
        last = [request for request in asked if request["conversation_id"] == self.id][-1]
        result = {name: last[name] for name in ("conversation_id", "phone_number_id", "wa_id", "user_id", "epoch", "plugin", "context")}
        self.lab.produce(partition, self.id.encode(), self.lab.schemas["EffectResult"].encode({"effect_id": last["id"], "status": status, **result}),
                         topic=self.lab.prefix + "relevo.results.v1")
        self.lab.flush()

    def count(self):
        return self.lab.sql("SELECT count(*) FROM relevo.history WHERE conversation_id = %s", self.id)[0][0]

    def wait(self, wanted):
        until = time.monotonic() + 15
        while self.count() < wanted:
            expect(time.monotonic() < until,
                   f"{self.count()} events of the conversation were decided, {wanted} are awaited")
            time.sleep(0.02)

    def compare(self, decisions):
        """Each turn's decisions, in order; those that a turn does not name may stand between."""
        by_seq = {}
        for d in decisions:
            by_seq.setdefault(d["seq"], []).append(d)
        groups, mistakes = list(by_seq.values()), []
        for turn in self.script["turns"]:
            mine = [d for group in groups[:turn.get("events", 1)] for d in group]
            groups = groups[turn.get("events", 1):]
            rest = list(mine)
            for wanted in turn.get("expect", ()):
                while rest and not matches(wanted, rest[0]):
                    rest.pop(0)
                if not rest:
                    mistakes.append(f"  {turn.get('customer') or turn.get('desk') or turn.get('clock') or turn}\n    no {wanted} among:\n"
                                    + told(mine))
                    break
                rest.pop(0)
            for kind in turn.get("never", ()):
                if any(d["kind"] == kind for d in mine):
                    mistakes.append(f"  {turn.get('customer') or turn.get('desk') or turn.get('clock') or turn}\n    {kind} is among:\n{told(mine)}")
        return mistakes


def facts(script, decisions):
    """The labelled facts of a conversation, by the turn whose card must tell them: what is not there, or is there and must not be."""
    shown = [[f"{f['name']}: {f['text']}" for f in d["card"]["fields"]] for d in decisions if d["kind"] == "summarized"]
    for number, labels in script.get("cards", {}).items():
        card = shown[number - 1] if number <= len(shown) else []
        for fact in labels.get("tells", ()):
            if not any(line.startswith(fact) for line in card):
                yield f"  card {number} does not tell '{fact}':\n    " + "\n    ".join(card)
        for fact in labels.get("never", ()):
            if any(line.startswith(fact) for line in card):
                yield f"  card {number} tells '{fact}'"
    if script.get("cards") and len(shown) != max(script["cards"]):
        yield f"  {len(shown)} cards were written, {max(script['cards'])} are known"


def inventions(provenance, decisions):
    """What the bot said that nobody wrote."""
    values = {d["slot"]["value"] for d in decisions if d["kind"] == "slot_filled"}
    for d in decisions:
        why = d["kind"] == "replied" and provenance.invented(d["said"], values)
        if why:
            yield f"  invented: {why}"


def lies(provenance):
    """What nobody wrote must be known as such: the judge is judged."""
    for source, text in (("envios", "El envío cuesta 50 pesos."), ("flow.catering", "Cuesta 50 pesos. ¿Qué día es?"),
                         ("flow.catering", "Gracias, Eva. Ya tengo lo necesario; te llega la cotización a eva@correo.mx."),
                         ("talk.sorry", "Perdona, mañana abrimos."), ("notice.handoff", "Te llama Lucía a las 5."), (None, "Sí")):
        expect(provenance.invented({"source": source, "text": text}, {"Ana", "ana@correo.mx"}), f"'{text}' passes as known")


def golden(seed):
    """the conversations of golden/*.yaml with the real plugins"""
    converse(seed, "golden", GOLDEN, *configuration(), cards_least=30)


def queue(seed):
    """those of golden/queue/*.yaml: the bot collects data while they wait, and stops when a person takes over"""
    converse(seed, "queue", GOLDEN / "queue", *configuration(collect_after="300ms"), cards_least=12)


def converse(seed, name, folder, plugins, policy, cards_least):
    scripts = sorted(folder.glob("*.yaml"))
    provenance = Provenance(ROOT, plugins, policy)
    lies(provenance)
    expect(not cards.selftest(), f"the judge of cards is wrong: {cards.selftest()}")
    expect(scripts, f"there is no conversation in {folder}")
    with Lab(name, partitions=2, plugins=plugins, policy=policy, command_poll="100ms") as lab:
        talks = [(path, Talk(lab, yaml.safe_load(path.read_text()), seed % 900 * 100 + i))
                 for i, path in enumerate(scripts)]
        consumer = lab.start()
        for path, talk in talks:
            for agent in talk.script.get("agents", ()):
                lab.sql("SELECT desk.put_agent(%s, %s, %s)", agent["id"], agent["name"], agent.get("teams", []))
                lab.sql("SELECT desk.set_presence(%s, %s)", agent["id"], agent.get("presence", "online"))
            talk.play()
            for agent in talk.script.get("agents", ()):
                lab.sql("SELECT desk.set_presence(%s, 'offline')", agent["id"])
        consumer.stop()
        world = lab.check(model=False)
        again = lab.tool("replay", "--all")
        expect("no difference" in again and "handed over by" in again, f"replayed, it is not the same:\n{again}")
        mistakes, handed = [], 0
        for path, talk in talks:
            mine = [d for records in world.decoded.values() for _, d in records if d["conversation_id"] == talk.id]
            found = talk.compare(mine) + list(inventions(provenance, mine)) + [f"  {why}" for why in cards.faults(mine, provenance.articles)] \
                + list(facts(talk.script, mine))
            handed += sum(d["kind"] == "summarized" for d in mine)
            print(f"  {path.name}: {len(talk.script['turns'])} turns, {len(found)} not as written", flush=True)
            mistakes += [f"{path.name}:\n" + m for m in found]
        expect(handed >= cards_least, f"only {handed} cards were judged")
        if mistakes:
            raise TestFailure("\n".join(mistakes))


def messages():
    """What customers write: ours by hand, the examples of the intents, and the articles' own questions. Not who wants a person or is very angry: the bot
    would say no more."""
    for path in sorted((ROOT / "tests" / "data" / "messages").glob("*.tsv")):
        rows = [line.split("\t") for line in path.read_text().splitlines()]
        yield from (row[3] for row in rows if row[0] not in ("person", "team", "reading") or row[2].startswith(("no,none", "no,some")))
    cafe = ROOT / "docs" / "examples" / "cafe_andino"
    for name, intent in yaml.safe_load((cafe / "intents.yaml").read_text())["intents"].items():
        yield from (text for texts in intent.values() for text in texts if name != "talk_to_person")
    for path in sorted((cafe / "kb").glob("*.md")):
        yield from yaml.safe_load(path.read_text().split("---\n")[1]).get("questions", ())


def anything(seed):
    """three hundred customers write whatever customers write, in any order: nothing is said that nobody wrote"""
    chance = random.Random(seed)
    plugins, policy = configuration()
    provenance = Provenance(ROOT, plugins, policy)
    lies(provenance)
    pool = sorted(set(messages()))
    with Lab("anything", partitions=2, plugins=plugins, policy=policy, command_poll="100ms") as lab:
        talks = [Talk(lab, {"turns": ()}, seed % 900 * 1000 + i) for i in range(300)]
        consumer = lab.start()
        for turn in range(5):
            for talk in talks:
                # Sometimes two at once: several questions, a flow and a question.
                text = " ".join(chance.sample(pool, chance.choice((1, 1, 1, 2))))
                lab.produce(partition_of(talk.key, lab.partitions), talk.key, lab.schemas["WhatsAppEvent"].encode(
                    {"kind": "message", "phone_number_id": NUMBER, "wa_id": talk.wa_id, "message_id": f"{talk.wa_id}.{turn}",
                     "customer_name": "Marisol", "type": "text", "text": text, "sent_at": int(time.time() * 1000)}))
            lab.flush()
        lab.wait_caught_up()
        consumer.stop()
        world = lab.check(model=False)
        said, found, mine = Counter(), [], {}
        for records in world.decoded.values():
            for _, d in records:
                mine.setdefault(d["conversation_id"], []).append(d)
        for talk in talks:
            found += inventions(provenance, mine.get(talk.id, ()))
            for d in mine.get(talk.id, ()):
                if d["kind"] == "replied":
                    kind, dot, _ = (d["said"]["source"] or "").partition(".")
                    said[kind if dot else "article"] += 1
        print(f"  said: {dict(said)}", flush=True)
        expect(not found, f"{len(found)} inventions:\n" + "\n".join(found[:10]))
        expect(set(said) == {"article", "flow", "talk", "notice"} and sum(said.values()) > 800, f"too little was said to show anything: {said}")


if __name__ == "__main__":
    sys.exit(run("golden", golden, queue, anything))
