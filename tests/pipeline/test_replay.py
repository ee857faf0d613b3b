#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`relevo replay`: the same configuration changes nothing; another threshold, weight or .so changes exactly what it must."""
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import yaml  # noqa: E402
from checker.model import NOTICES  # noqa: E402
from lab.stack import BUILD, Lab, bare_environment, expect, generator, run  # noqa: E402
from test_afterwards import conversation, say, until  # noqa: E402


def policy(**trigger):
    return {"notices": {k: {"es": t, "pt": "", "en": ""} for k, t in NOTICES.items()},
            "triggers": [{"trigger": "scripted", "threshold": 0.5, **trigger}]}


def play(lab, seed):
    """Three rounds of customers, people who take what waits and give it back or resolve it in between."""
    lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}', p_capacity => 1000)")
    consumer, events = lab.start(), iter(generator(seed, 10**6, 120, lab.partitions, handoffs=2.0, failures=0.3))
    for _ in range(3):
        lab.feed(event for _, event in zip(range(900), events))
        lab.wait_caught_up()
        waiting = [row[0] for row in lab.sql("SELECT id FROM relevo.conversation WHERE owner IN (2, 3) ORDER BY id")]
        for i, conversation in enumerate(waiting):
            if i % 4:
                lab.sql("SELECT desk.take_over(%s, 'ana', epoch) FROM desk.conversations WHERE conversation_id = %s",
                        conversation, conversation)
                lab.sql("SELECT desk.reply(%s, 'ana', 'a la orden')", conversation)
                lab.sql(f"SELECT desk.{'return_to_bot' if i % 2 else 'resolve'}(%s, 'ana')", conversation)
        lab.wait_caught_up()
    consumer.stop()


def stories(world):
    """Conversation -> its events in order, each the list of its decisions; without statuses."""
    events = defaultdict(dict)
    for records in world.decoded.values():
        for _, d in records:
            if d["event"] != "status":
                events[d["conversation_id"]].setdefault((d["at"], d["lane"], d["seq"]), []).append(d)
    return {c: [by_seq[k] for k in sorted(by_seq)] for c, by_seq in events.items()}


def expected(world, fires):
    """What replay must say when the scripted trigger fires exactly at the texts of which fires(word) is true."""
    found = Counter()
    for story in stories(world).values():
        state = None  # "ahead": handed over now and not then; "behind": the other way round
        for decisions in story:
            first, kinds = decisions[0], [d["kind"] for d in decisions]
            if first["kind"] == "duplicate" or first["event"] in ("error", "unknown"):
                continue
            if first["event"] != "message":
                changes = [d["owner"] for d in decisions if d["change"]]
                if state and any(owner != "queued" for owner in changes):
                    found["gained" if state == "ahead" else "lost"] += 1
                    state = None
                continue
            owner = first["owner"]
            if state == "ahead" and owner != "bot" or state == "behind" and owner != "queued":
                found["gained" if state == "ahead" else "lost"] += 1
                state = None
            then = "handed_off" in kinds
            if state == "ahead":
                if then:
                    found["earlier"] += 1
                    state = None
                continue
            if state is None and owner not in ("bot", "closed"):
                continue
            word = (first["message"]["text"] or "").split(" ")[0]
            now = fires(word) or word == "fail"
            if state == "behind":
                if now:
                    found["later"] += 1
                    state = None
            elif then and now:
                found["same"] += 1
            elif then or now:
                state = "behind" if then else "ahead"
        if state:
            found["gained" if state == "ahead" else "lost"] += 1
    return found


def replayed(lab, trial, *words):
    """What the tool says, under a configuration whose policy is `trial`."""
    path = lab.folder / "trial.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(lab.config.read_text()), "policy": trial}))
    path.chmod(0o600)
    done = subprocess.run([BUILD / "relevo", "replay", "--config", path, *words], capture_output=True, timeout=120, text=True,
                          env=bare_environment())
    expect(done.returncode == 0, f"relevo replay ended with {done.returncode}: {done.stderr}")
    return done.stdout


def compare(lab, what, trial, fires, *words):
    said = json.loads(replayed(lab, trial, "--json", *words))
    counts = {v: said[v] for v in ("same", "other", "gained", "lost", "earlier", "later")}
    wanted = {v: expected(lab.world, fires)[v] for v in counts}
    expect(counts == wanted, f"{what}: replay says {counts}, the decisions say {wanted}")
    listed = Counter(h["verdict"] for h in said["handoffs"])
    expect(all(listed[v] == n for v, n in counts.items() if v != "same"), f"{what}: it lists {listed}, and counts {counts}")
    print(f"  {what}: {counts}", flush=True)
    return said, counts


def replay(seed):
    """thresholds, weights and another .so, against what an independent reading of the decisions says"""
    with Lab("replay", partitions=2, policy=policy()) as lab:
        play(lab, seed)
        lab.check(model=False)
        marks = lab.sql("SELECT md5(string_agg(c::text, '' ORDER BY id)), (SELECT max(seq) FROM relevo.history) "
                        "FROM relevo.conversation c"), lab.ends()
        person, maybe = {"person"}, {"person", "maybe"}
        said, counts = compare(lab, "the same configuration", policy(), person.__contains__)
        expect(said["differences"] == 0 and counts["same"] > 5, f"nothing was shown: {counts}")
        expect("no difference" in replayed(lab, policy()), "the table does not say that there is no difference")

        said, counts = compare(lab, "a lower threshold", policy(threshold=0.3), maybe.__contains__)
        expect(counts["gained"] > 5 and counts["lost"] == 0, f"nothing was shown: {counts}")
        one = next(h for h in said["handoffs"] if h["verdict"] == "gained")
        expect(one["now"]["threshold"] == 0.3 and one["now"]["score"] == 0.3 and one["then"]["threshold"] == 0.5
               and not one["then"]["handed_over"], f"the case does not say why: {one}")
        totals = {key: sum(t[key] for t in said["triggers"]) for key in ("then", "now", "gained")}
        expect(totals["now"] - totals["then"] == totals["gained"] == counts["gained"], f"the totals do not fit: {totals}")
        table = replayed(lab, policy(threshold=0.3), "--conversation", one["conversation_id"])
        expect(table.count("\ngained") + table.startswith("gained") and one["conversation_id"] in table
               and "it scored 0.30, needs 0.50" in table, f"the table does not tell the case:\n{table}")

        _, counts = compare(lab, "a weight under the threshold", policy(threshold=1, weight=0.5), set().__contains__)
        expect(counts["lost"] > 5, f"nothing was shown: {counts}")
        compare(lab, "only observed", policy(observe=True), set().__contains__)
        eager = BUILD / "tests" / "plugins" / "scripted_eager.so"
        _, again = compare(lab, "another .so", policy(), maybe.__contains__, "--plugin", f"scripted={eager}")
        expect(again["gained"] > 5, f"nothing was shown: {again}")

        early = json.loads(replayed(lab, policy(threshold=0.3), "--json", "--since", "2d", "--until", "1d"))
        expect(early["conversations"] == 0 and early["differences"] == 0, f"it found what was not there: {early}")
        after = lab.sql("SELECT md5(string_agg(c::text, '' ORDER BY id)), (SELECT max(seq) FROM relevo.history) "
                        "FROM relevo.conversation c"), lab.ends()
        expect(marks == after, "replay changed something")
        for words, mistake in ((["--plugin", "nobody=/x.so"], "no plugin 'nobody'"), (["--since", "soon"], "a moment is written"),
                               (["--plugin", "scripted=/none.so"], "cannot be read")):
            done = subprocess.run([BUILD / "relevo", "replay", "--config", lab.config, *words], capture_output=True, text=True,
                                  env=bare_environment())
            expect(done.returncode != 0 and mistake in done.stderr, f"{words}: {done.returncode} {done.stderr}")


FLOW = """
flows:
  - {id: callback, kind: data, start: {choices: ['flow:callback']}, done: 'Gracias.', then: hand_off,
     slots: [{name: boxes, type: amount, ask: '¿Cuántas cajas?'}]}
"""


def begun(seed):
    """what a customer answers to a flow that a follow-up began is judged as an answer to it"""
    with tempfile.TemporaryDirectory() as folder:
        flows = Path(folder) / "flows.yaml"
        flows.write_text(FLOW)
        plugins = [{"name": "flows", "path": str(Path(os.environ["RELEVO_PLUGINS"]) / "lead_qualifier.so"), "isolation": "inline",
                    "options": {"flows": str(flows)}}]
        trial = {"notices": policy()["notices"], "idle_close": "1s"}
        with Lab("begun", partitions=1, plugins=plugins, policy=trial, command_poll="200ms") as lab:
            lab.sql("SELECT desk.put_agent('ana', 'Ana')")
            consumer = lab.start()
            say(lab, "573001", "hola")
            lab.wait_caught_up()
            one = conversation(lab, "573001")
            lab.sql("SELECT desk.take_over(%s, 'ana'), desk.return_to_bot(%s, 'ana', 'follow_up', now() + interval '2 hours', p_begin => 'flow:callback')",
                    one, one)
            until(lab, "it is not closed", "SELECT owner = 'closed' FROM desk.conversations")
            lab.wait_caught_up()
            lab.sql("UPDATE relevo.conversation SET follow_up_at = now() WHERE follow_up_at IS NOT NULL")
            until(lab, "nothing begins", "SELECT count(*) = 1 FROM relevo.history WHERE type = 'follow_up'")
            say(lab, "573001", "80")
            until(lab, "nobody is handed over", "SELECT count(*) = 1 FROM desk.queue WHERE trigger = 'flows'")
            lab.wait_caught_up()
            consumer.stop()
            expect("no difference, 1 handoffs as they were" in replayed(lab, trial), "the flow that a person wanted is unknown to it")
            later = replayed(lab, {**trial, "triggers": [{"trigger": "flows", "observe": True}]})
            expect("\nlost" in "\n" + later, f"another policy changes nothing:\n{later}")
            lab.check(model=False)


def comment(seed):
    """what a customer answers to a survey is no message to be judged, angry as it may be; what they write later is"""
    trial = {**policy(), "survey": {"on_resolve": True}}
    with Lab("comment", partitions=1, policy=trial, command_poll="200ms") as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        consumer = lab.start()
        say(lab, "573001", "person hola")
        lab.wait_caught_up()
        one = conversation(lab, "573001")
        for call in ("take_over(%s, 'ana')", "reply(%s, 'ana', 'a la orden')", "resolve(%s, 'ana')"):
            expect(lab.sql(f"SELECT done FROM desk.{call}", one) == [(True,)], call)
        lab.wait_caught_up()
        say(lab, "573001", "2")
        say(lab, "573001", "person nunca más")
        lab.wait_caught_up()
        rows = lab.sql("SELECT kind, score, comment FROM desk.surveys ORDER BY seq")
        expect(rows == [("csat", 2, None), ("comment", None, "person nunca más")], f"{rows}")
        expect("no difference, 1 handoffs as they were" in replayed(lab, trial), "a comment is judged as a message")
        say(lab, "573001", "person otra vez")
        lab.wait_caught_up()
        consumer.stop()
        said = replayed(lab, trial)
        expect("no difference, 2 handoffs as they were" in said, f"replayed, it says:\n{said}")
        lost = replayed(lab, {**trial, "triggers": [{"trigger": "scripted", "observe": True}]})
        expect(lost.count("\nlost") + lost.startswith("lost") == 2, f"without the trigger both are lost, and no more:\n{lost}")
        lab.check(model=False)


if __name__ == "__main__":
    sys.exit(run("replay", replay, begun, comment))
