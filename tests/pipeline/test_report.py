#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reports: on rows whose figures were worked out by hand; and what a real lane writes for them, against its decisions."""
import csv
import io
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.stack import BUILD, Lab, bare_environment, expect, generator, run  # noqa: E402

BOT, QUEUED, HUMAN, CLOSED = 1, 2, 3, 4
MESSAGE, COMMAND, TIMER = 0, 6, 7
SPAN = ["--since", "2026-03-02T00:00Z", "--until", "2026-03-03T00:00Z"]


class Rows:
    """History by hand: one lane, times as "HH:MM[:SS]" of 2 March 2026."""

    def __init__(self, lab):
        self.lab, self.seq, self.epochs = lab, 0, defaultdict(lambda: 1)
        lab.sql("SELECT relevo.ensure_months(1772450000000)")

    def add(self, conversation, at, kind, owner, was=None, text=None, said=None, day=2, **columns):
        self.seq += 1
        if was:  # 0: it begins, and that is no change; was 4, now with people: it was opened in between
            self.epochs[conversation] += 1
        if was in (0, CLOSED) and owner in (QUEUED, HUMAN):
            self.epochs[conversation] += 1
        names = ", ".join(columns)
        self.lab.sql(
            f"""INSERT INTO relevo.history (seq, at, source_offset, epoch, config, lane, kind, source, by, owner, conversation_id,
                                            decided, was, text, said{', ' + names if names else ''})
                VALUES (%s, %s, %s, %s, 0, 0, %s, 0, 1, %s, md5(%s)::uuid, '\\x01', %s, %s, %s{', %s' * len(columns)})""",
            self.seq, f"2026-03-{day:02} {at}+00", self.seq, self.epochs[conversation], kind, owner, conversation, was, text,
            json.dumps([{"id": "x", "by": "bot", "text": "...", "source": said}]) if said else None, *columns.values())


def by_hand(lab):
    for agent in ("ana", "eva", "luis"):
        lab.sql("SELECT desk.put_agent(%s, %s)", agent, agent.title())
    r = Rows(lab)
    # The bot answers, the customer asks for a person, waits 2 minutes, is answered 2 minutes later.
    r.add("c1", "09:00", MESSAGE, BOT, was=0, text="¿cuánto tarda?", said="envios")
    r.add("c1", "09:01", MESSAGE, QUEUED, was=BOT, trigger="wants_person", priority=7, text="una persona", said="notice.handoff")
    r.add("c1", "09:03", COMMAND, HUMAN, was=QUEUED, type="assign", owner_agent="ana")
    r.add("c1", "09:05", COMMAND, HUMAN, type="reply", agent_id="ana")
    r.add("c1", "09:15", COMMAND, CLOSED, was=HUMAN, type="resolve", agent_id="ana")
    # The bot does not know, twice; taken after 20 minutes, answered after 30, back after 40, closed by the clock.
    r.add("c2", "09:00", MESSAGE, BOT, was=0, text="¿hay leche de avena?", said="notice.unknown")
    r.add("c2", "09:02", MESSAGE, BOT, text="¿y de soya?", said="notice.unknown")
    r.add("c2", "09:03", MESSAGE, BOT, text="2", said="notice.comment")  # no answer that did not help, and no question that has none
    r.add("c2", "09:03", MESSAGE, BOT, text="mi pedido", said="flow.order")
    r.add("c2", "09:03", MESSAGE, BOT, text="¿y de almendra?", said="notice.unknown")
    r.add("c2", "09:04", MESSAGE, QUEUED, was=BOT, trigger="knowledge_gap", priority=3, text="¿entonces?")
    r.add("c2", "09:24", COMMAND, HUMAN, was=QUEUED, type="take_over", agent_id="luis", owner_agent="luis")
    r.add("c2", "09:34", COMMAND, HUMAN, type="reply", agent_id="luis")
    r.add("c2", "09:44", COMMAND, BOT, was=HUMAN, type="return", agent_id="luis")
    r.add("c2", "10:44", TIMER, CLOSED, was=BOT, type="idle")
    # The bot alone, twice; the second case is open.
    r.add("c3", "09:00", MESSAGE, BOT, was=0, text="hola", said="saludo")
    r.add("c3", "10:00", TIMER, CLOSED, was=BOT, type="idle")
    r.add("c3", "11:00", MESSAGE, BOT, was=CLOSED, text="hola", said="saludo")
    # Handed over at the first word, and nobody came.
    r.add("c4", "09:00", MESSAGE, QUEUED, was=0, trigger="wants_person", priority=7, text="una persona!!")
    # Ana takes it from the bot.
    r.add("c5", "09:00", MESSAGE, BOT, was=0, text="hola", said="saludo")
    r.add("c5", "09:10", COMMAND, HUMAN, was=BOT, type="take_over", agent_id="ana", owner_agent="ana")
    r.add("c5", "09:10:30", COMMAND, HUMAN, type="reply", agent_id="ana")
    r.add("c5", "09:20", COMMAND, CLOSED, was=HUMAN, type="resolve", agent_id="ana")
    # What they said afterwards.
    r.add("c1", "09:16", MESSAGE, CLOSED, text="5", survey="csat", score=5)
    r.add("c1", "09:17", MESSAGE, CLOSED, text="rapidísimo", survey="comment")
    r.add("c2", "09:45", MESSAGE, BOT, text="2", survey="csat", score=2)
    r.add("c5", "09:21", MESSAGE, CLOSED, text="4", survey="csat", score=4)
    lab.sql("""INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, agent_id, phone_number_id, customer_id, opened_ms, last_in_ms,
                                                state, weight)
               VALUES (gen_random_uuid(), 0, 1, 3, 1, 1, 'ana', '555', 'c', 0, 0, '', 3)""")
    # The day before, and the day after: not of this time.
    r.add("c6", "09:00", MESSAGE, QUEUED, was=0, day=1, trigger="wants_person", priority=9)
    r.add("c7", "09:00", MESSAGE, QUEUED, was=0, day=3, trigger="wants_person", priority=9)


WANTED = {
    "containment": [{"cases": 6, "with_people": 4, "bot_alone": 2, "still_open": 1, "containment": 0.3333}],
    "triggers": [
        {"trigger": "wants_person", "handoffs": 2, "share": 0.6667, "answered": 1, "waited_p50": "PT2M", "closed": 1, "returned": 0},
        {"trigger": "knowledge_gap", "handoffs": 1, "share": 0.3333, "answered": 1, "waited_p50": "PT20M", "closed": 0, "returned": 1}],
    # 4 and 30 minutes: the mean is 17, p90 is 240 s + 0.9 * 1560 s.
    "answers": [{"handoffs": 3, "answered": 2, "not_answered": 1, "average": "PT17M", "p50": "PT17M", "p90": "PT27M24S",
                 "longest": "PT30M"}],
    "waits": [
        {"priority": 7, "handoffs": 2, "reached": 1, "waiting": 1, "p50": "PT2M", "p90": "PT2M", "longest": "PT2M"},
        {"priority": 3, "handoffs": 1, "reached": 1, "waiting": 0, "p50": "PT20M", "p90": "PT20M", "longest": "PT20M"}],
    # 14 and 40 minutes; ana's takeover 10.
    "resolution": [
        {"how": "handoff", "with_people": 3, "closed": 1, "returned": 1, "still_open": 1, "p50": "PT27M", "p90": "PT37M24S"},
        {"how": "takeover", "with_people": 1, "closed": 1, "returned": 0, "still_open": 0, "p50": "PT10M", "p90": "PT10M"}],
    "gaps": [
        {"source": "envios", "handoffs": 1, "last_words": 1, "example": "¿cuánto tarda?"},
        {"source": "notice.unknown", "handoffs": 1, "last_words": 1, "example": "¿y de almendra?"}],
    # ana: 4 minutes, and 30 seconds after she took it; what she has now takes three of her places.
    "agents": [
        {"agent_id": "ana", "name": "Ana", "answered": 2, "answers": 2, "ended": 2, "answer_p50": "PT2M15S", "load": 3, "capacity": 5},
        {"agent_id": "luis", "name": "Luis", "answered": 1, "answers": 1, "ended": 1, "answer_p50": "PT30M", "load": 0, "capacity": 5},
        {"agent_id": "eva", "name": "Eva", "answered": 0, "answers": 0, "ended": 0, "answer_p50": None, "load": 0, "capacity": 5}],
    # c5 was taken without a trigger.
    "observed": [],
    "surveys": [
        {"by": "agent", "who": "ana", "answers": 2, "csat": 4.5, "satisfied": 1, "nps": None, "comments": 1},
        {"by": "agent", "who": "luis", "answers": 1, "csat": 2, "satisfied": 0, "nps": None, "comments": 0},
        {"by": "all", "who": None, "answers": 3, "csat": 3.67, "satisfied": 0.6667, "nps": None, "comments": 1},
        {"by": "trigger", "who": "knowledge_gap", "answers": 1, "csat": 2, "satisfied": 0, "nps": None, "comments": 0},
        {"by": "trigger", "who": "wants_person", "answers": 1, "csat": 5, "satisfied": 1, "nps": None, "comments": 1},
        {"by": "trigger", "who": None, "answers": 1, "csat": 4, "satisfied": 1, "nps": None, "comments": 0}],
}


def known(seed):
    """seven stories and their figures, as table, CSV and JSON"""
    with Lab("report", partitions=1, logs=False) as lab:
        by_hand(lab)
        said = json.loads(lab.tool("report", "--json", *SPAN))
        for name, wanted in WANTED.items():
            expect(said[name] == wanted, f"{name}: it says\n{said[name]}\nand by hand it is\n{wanted}")
        expect(set(said) == set(WANTED), f"reports {set(said)}")
        rows = list(csv.DictReader(io.StringIO(lab.tool("report", "gaps", "--csv", *SPAN))))
        expect(rows == [{k: str(v) for k, v in row.items()} for row in WANTED["gaps"]], f"as CSV: {rows}")
        table = lab.tool("report", *SPAN)
        for line in ("Containment", "6      4            2          1           0.3333", "00:27:24", "¿y de almendra?"):
            expect(line in table, f"the table lacks {line!r}:\n{table}")
        expect("(nothing in this time)" in lab.tool("report", "triggers", "--since", "2026-01-01", "--until", "2026-01-02"),
               "an empty report does not say so")
        everything = lab.sql("SELECT count(*), count(*) FILTER (WHERE how = 'handoff') FROM desk.handoffs")
        expect(everything == [(6, 5)], f"desk.handoffs: {everything}")
        for words, mistake in ((["nothing"], "no report 'nothing'"), (["--csv"], "name it"), (["--since", "1h", "--until", "2h"], "not before")):
            done = subprocess.run([BUILD / "relevo", "report", *words, "--config", lab.config], capture_output=True, text=True,
                                  env=bare_environment())
            expect(done.returncode == 64 and mistake in done.stderr, f"{words}: {done.returncode} {done.stderr}")


def written(seed):
    """the columns that a lane writes for reports, against its decisions"""
    with Lab("reported", partitions=2) as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}', p_capacity => 1000)")
        lab.sql("SELECT desk.set_presence('ana', 'online')")
        consumer = lab.start()
        lab.feed(generator(seed, 2500, 150, lab.partitions, handoffs=3.0))
        lab.wait_caught_up()
        for (conversation,) in lab.sql("SELECT id FROM relevo.conversation WHERE owner IN (1, 2, 3)"):
            lab.sql("SELECT desk.take_over(%s, 'ana', epoch) FROM desk.conversations WHERE conversation_id = %s", conversation, conversation)
            lab.sql("SELECT desk.resolve(%s, 'ana')", conversation)
        lab.wait_caught_up()
        consumer.stop()
        world = lab.check(model=False)
        events, begun, changes = defaultdict(list), set(), 0
        for records in world.decoded.values():
            for _, d in records:
                events[d["lane"], d["seq"]].append(d)
        owners = {"none": 0, "bot": 1, "queued": 2, "human": 3, "closed": 4}
        rows = lab.sql("SELECT lane, seq, conversation_id::text, kind, was, owner_agent, priority, owner, epoch FROM relevo.history "
                       "ORDER BY at, lane, seq")
        for lane, seq, conversation, kind, was, owner_agent, priority, owner, epoch in rows:
            changed = [d for d in events[lane, seq] if d["change"]]
            handoff = [d for d in changed if d["kind"] == "handed_off"]
            first = kind in (0, 2, 3) and conversation not in begun
            begun |= {conversation} if kind in (0, 2, 3) else set()
            wanted = (0 if first else owners[changed[0]["change"]["from"]] if changed else None,
                      changed[-1]["agent_id"] if changed else None,
                      handoff[0]["change"]["route"]["priority"] if handoff else None)
            expect((was, owner_agent, priority) == wanted,
                   f"event {seq} of lane {lane}: was, owner_agent, priority {(was, owner_agent, priority)}, decided {wanted}")
            expect(not changed or (owner, epoch) == (owners[changed[-1]["owner"]], changed[-1]["epoch"]),
                   f"event {seq} of lane {lane}: owner {owner} in generation {epoch}, decided {changed}")
            changes += was is not None
        told = lab.sql("SELECT count(*) FILTER (WHERE how = 'handoff'), count(*) FILTER (WHERE ended = 'closed') FROM desk.handoffs")[0]
        handed = sum(d["kind"] == "handed_off" for ds in events.values() for d in ds)
        expect(told[0] == handed > 5 and told[1] > 3, f"desk.handoffs tells {told}, {handed} were decided")
        print(f"  {len(rows)} rows, {changes} changes, {handed} handoffs", flush=True)


if __name__ == "__main__":
    sys.exit(run("report", known, written))
