#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the clock brings, through a real lane, once each and over crashes: who waits is told, nobody came, follow-ups; and surveys."""
import json
import os
import random
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import psycopg2  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import PATIENCE_S, ROOT, Lab, expect, run  # noqa: E402

NUMBER = "105550001"
NOTICES = {"handoff": "Te paso.", "assigned": "{agent} te atiende.", "returned": "Sigo yo.", "closed": "Cerrado.", "unknown": "No sé.",
           "requeued": "Busco a otra persona.", "waiting": "Lugar {position}.", "expected": "Unos {minutes} minutos.", "leave": "Seguir con el bot",
           "nobody": "No vino nadie.", "callback": "¿Dónde te buscamos?", "noted": "Anotado.", "csat": "¿De 1 a 5?", "nps": "¿De 0 a 10?",
           "comment": "¿Algo más?", "thanks": "¡Gracias!"}


def policy(**more):
    return {"notices": {key: {"es": text, "pt": "", "en": ""} for key, text in NOTICES.items()}, **more}


def until(lab, words, query, *args):
    end = time.monotonic() + PATIENCE_S
    while not lab.sql(query, *args)[0][0]:
        expect(time.monotonic() < end, words)
        time.sleep(0.05)


def say(lab, customer, *texts, **more):
    """Several texts lie close together on the topic, however slow the machine."""
    key = f"{NUMBER}:{customer}".encode()
    lab.feed([(partition_of(key, lab.partitions), key,
               {"kind": "message", "phone_number_id": NUMBER, "wa_id": customer, "message_id": f"wamid.{customer}.{time.monotonic_ns()}",
                "sent_at": int(time.time() * 1000), "type": "text", "text": text, **more}) for text in texts])


def conversation(lab, customer):
    return lab.sql("SELECT id FROM relevo.conversation WHERE wa_id = %s", customer)[0][0]


def said(lab, customer):
    """What the bot said, in order: (source, text)."""
    return lab.sql("SELECT source, text FROM desk.history WHERE conversation_id = %s AND by = 'bot' ORDER BY lane, seq, part",
                   conversation(lab, customer))


def has_waited(lab, hours, customer=None):
    """Moves the beginning of their wait back, as no test waits for hours."""
    lab.sql("""UPDATE relevo.conversation SET owner_since = owner_since - %s * 3600000, waiting_ms = waiting_ms - %s * 3600000, version = version + 1
               WHERE owner = 2 AND wa_id = coalesce(%s, wa_id)""", hours, hours, customer)


def queued(lab, *customers):
    for customer in customers:
        say(lab, customer, "person ya")
    until(lab, "they do not wait", "SELECT count(*) = %s FROM desk.queue", len(customers))


def told(seed):
    """who waits is told where they stand, once, over crashes; then that nobody came"""
    rng = random.Random(seed)
    with Lab("told", partitions=2, policy=policy(queue={"tell_after": "1h", "tell_every": "0s", "give_up": "10h", "give_up_to": "bot"})) as lab:
        customers = [f"5730{i:03}" for i in range(20)]
        consumer = lab.start()
        queued(lab, *customers)
        lab.wait_caught_up()
        has_waited(lab, 2)
        until(lab, "nobody is told", "SELECT count(*) > 0 FROM lab.command WHERE kind = 'waiting'")
        time.sleep(rng.random() * 0.02)
        consumer.kill()  # in the middle of the telling, or just before, or just behind
        consumer.start()
        until(lab, "not all are told", "SELECT count(*) = 20 FROM relevo.history, json_array_elements(said) s WHERE s ->> 'source' = 'notice.waiting'")
        lab.wait_caught_up()
        places = sorted(text for customer in customers for source, text in said(lab, customer) if source == "notice.waiting")
        expect(len(places) == 20 and len(set(places)) == 20, f"each is told their own place, once: {places}")
        expect(lab.sql("SELECT DISTINCT count(*) FROM relevo.history WHERE type = 'waiting' GROUP BY conversation_id") == [(1,)], "told twice")
        say(lab, customers[0], "seguir con el bot")
        say(lab, customers[0], "say aquí sigo")
        until(lab, "they do not leave", "SELECT owner = 'bot' FROM desk.conversations WHERE wa_id = %s", customers[0])
        lab.wait_caught_up()
        expect(said(lab, customers[0])[2:] == [("notice.returned", "Sigo yo."), ("scripted", "aquí sigo")], f"{said(lab, customers[0])}")
        has_waited(lab, 12)
        until(lab, "nobody gave up", "SELECT count(*) = 0 FROM desk.queue")
        lab.wait_caught_up()
        for customer in customers[1:]:
            expect(said(lab, customer)[2:] == [("notice.nobody", "No vino nadie."), ("notice.returned", "Sigo yo.")], f"{said(lab, customer)}")
        consumer.stop()
        again = lab.tool("replay", "--all")
        expect("no difference" in again, f"replayed, it is not the same:\n{again}")
        lab.check(model=False)


def collects(seed):
    """who waits is asked what the person will need: once, over a crash, and not once a person has them"""
    rng = random.Random(seed)
    plugins = [{"name": name, "path": str(Path(os.environ["RELEVO_PLUGINS"]) / path), "isolation": "inline", "options": options} for name, path, options in (
        ("person", "triggers/keyword.so", {"phrases": ["persona"]}),
        ("lead_qualifier", "lead_qualifier.so", {"flows": str(ROOT / "docs/examples/cafe_andino/flows.yaml")}))]
    asked = "SELECT count(*) = %s FROM relevo.history, json_array_elements(said) s WHERE s ->> 'source' = 'flow.meanwhile'"
    claim = "SELECT verdict FROM relevo.claim(gen_random_uuid(), 0::smallint, %s, %s, %s, %s, 2::smallint, NULL, true, gen_random_uuid(), 1000)"
    with Lab("collects", partitions=2, plugins=plugins, policy=policy(queue={"collect": "flow:meanwhile", "collect_after": "1s"})) as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{}')")
        customers = [f"5730{i:03}" for i in range(20)]
        consumer = lab.start()
        for customer in customers:
            say(lab, customer, "quiero una persona")
        until(lab, "they do not wait", "SELECT count(*) = 20 FROM desk.queue")
        lab.sql("SELECT desk.take_over(%s, 'ana')", conversation(lab, customers[0]))
        time.sleep(rng.random() * 1.1)
        consumer.kill()  # before the timers ring, or in the middle of the asking
        consumer.start()
        until(lab, "not all are asked", asked, 19)
        lab.wait_caught_up()
        for customer in customers[1:]:
            expect([source for source, _ in said(lab, customer)] == ["notice.handoff", "flow.meanwhile"], f"{said(lab, customer)}")
        expect([source for source, _ in said(lab, customers[0])] == ["notice.handoff"], "asked, though a person has them")
        questions = [(conversation(lab, c), *lab.sql("SELECT lane, seq, epoch FROM relevo.history WHERE conversation_id = %s AND kind = 7", conversation(lab, c))[0])
                     for c in customers[1:3]]
        expect(lab.sql(claim, *questions[0]) == [("claimed",)], "a question to who waits is not sent")
        lab.sql("SELECT desk.take_over(%s, 'ana')", questions[1][0])
        expect(lab.sql(claim, *questions[1]) == [("suppressed",)], "a question is sent across a takeover")
        for customer in customers[1:4]:
            say(lab, customer, "un pedido")
        until(lab, "the questions do not go on", asked, 21)
        lab.wait_caught_up()
        expect(len(said(lab, customers[2])) == 2, f"asked, though a person has them: {said(lab, customers[2])}")
        consumer.stop()
        again = lab.tool("replay", "--all")
        expect("no difference" in again, f"replayed, it is not the same:\n{again}")
        lab.check(model=False)


def truth(seed):
    """an expected wait is said when it is known; a callback's data is kept; outside people's hours nobody is told to wait"""
    queue = {"tell_after": "1h", "tell_every": "2h", "give_up": "10h", "give_up_to": "callback"}
    with Lab("truth", partitions=1, policy=policy(queue=queue)) as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}', p_capacity => 0), desk.set_presence('ana', 'online')")
        lab.sql("INSERT INTO relevo.given (team, waited) SELECT 'care', '1 min' FROM generate_series(1, 10)")  # three minutes between two
        consumer = lab.start()
        queued(lab, "573001", "573002")
        has_waited(lab, 2, "573002")
        until(lab, "she is not told", "SELECT count(*) = 1 FROM relevo.history WHERE type = 'waiting'")
        lab.wait_caught_up()
        expect(said(lab, "573002")[1:] == [("notice.expected", "Unos 3 minutos.")], f"{said(lab, '573002')}")
        lab.sql("UPDATE relevo.conversation SET told_ms = told_ms - 3 * 3600000 WHERE wa_id = '573002'")
        lab.sql("DELETE FROM relevo.given")
        until(lab, "she is not told again", "SELECT count(*) = 2 FROM relevo.history WHERE type = 'waiting'")
        lab.wait_caught_up()
        expect(said(lab, "573002")[2:] == [("notice.waiting", "Lugar 1.")], f"what is not known is not said: {said(lab, '573002')}")
        has_waited(lab, 12, "573002")
        until(lab, "nobody asks", "SELECT count(*) = 1 FROM relevo.history WHERE type = 'nobody'")
        say(lab, "573002", "mañana a las 9")
        lab.wait_caught_up()
        expect(said(lab, "573002")[3:] == [("notice.callback", "¿Dónde te buscamos?"), ("notice.noted", "Anotado.")], f"{said(lab, '573002')}")
        expect(lab.sql("SELECT owner FROM desk.conversations WHERE wa_id = '573002'") == [("queued",)], "they wait on")
        consumer.stop()
        again = lab.tool("replay", "--all")
        expect("no difference" in again, f"replayed, it is not the same:\n{again}")
        lab.check(model=False)
    elsewhen = (datetime.now(timezone.utc) + timedelta(days=3)).strftime("%a").lower()
    hours = [{"name": "office", "timezone": "UTC", "open": [f"{elsewhen} 10:00-11:00"]}]
    with Lab("away", partitions=1, policy=policy(queue=queue, hours=hours, people="office")) as lab:
        consumer = lab.start()
        queued(lab, "573001")
        has_waited(lab, 20)
        # That nothing happens is seen when something else of the same look did.
        lab.sql("UPDATE relevo.conversation SET follow_up_at = now(), follow_up_text = 'x'")
        until(lab, "the lane does not look", "SELECT count(*) = 1 FROM relevo.history WHERE type = 'follow_up'")
        lab.wait_caught_up()
        expect(lab.sql("SELECT count(*) FROM relevo.history WHERE type IN ('waiting', 'nobody')") == [(0,)], "told while the shop is closed")
        consumer.stop()


def follow_up(seed):
    """a person asks the bot to say something later: once, over a crash, and not when people have the customer again"""
    with Lab("follow", partitions=1, policy=policy()) as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}'), desk.set_presence('ana', 'online')")
        consumer = lab.start()
        for customer in ("573001", "573002"):
            say(lab, customer, "person ya")
        until(lab, "ana has not both", "SELECT count(*) = 2 FROM desk.conversations WHERE agent_id = 'ana'")
        lab.wait_caught_up()
        one, two = conversation(lab, "573001"), conversation(lab, "573002")
        for words, arguments in (("both", "NULL"), ("both", "p_at => now() + interval '1 hour'"), ("both", "p_message => 'hola'"),
                                 ("within a year", "p_at => now() - interval '1 hour', p_message => 'hola'"),
                                 ("name an approved", "p_at => now() + interval '3 days', p_message => 'hola'"),
                                 ("small letters", "p_at => now() + interval '3 days', p_message => 'hola', p_template => 'Mi plantilla'"),
                                 ("for a follow-up", "p_template => 'seguimiento'"),
                                 ("both", "p_begin => 'flow:catering'"),
                                 ("needs `message` too", "p_at => now() + interval '3 days', p_begin => 'flow:x', p_template => 'seguimiento'"),
                                 ("a template's", "p_at => now() + interval '1 hour', p_message => 'hola', p_parameters => '{x}'"),
                                 ("without line breaks", "p_at => now() + interval '3 days', p_message => 'hola', p_template => 'a', p_parameters => '{\"\"}'"),
                                 ("1 to 200 characters", "p_at => now() + interval '1 hour', p_begin => ''")):
            try:
                lab.sql(f"SELECT desk.return_to_bot(%s, 'ana', 'follow_up', {arguments})", one)
            except psycopg2.Error as error:
                expect(error.pgcode == "RV012" and words in str(error), f"{arguments}: {error}")
            else:
                expect(False, f"{arguments} was not refused")
        for each in (one, two):
            done = lab.sql("SELECT done FROM desk.return_to_bot(%s, 'ana', 'follow_up', now() + interval '1 hour', '¿Llegó bien?')", each)
            expect(done == [(True,)], "return")
        expect(lab.sql("SELECT count(*) FROM desk.conversations WHERE follow_up_at > now()") == [(2,)], "it is not shown")
        expect(lab.sql("SELECT done FROM desk.take_over(%s, 'ana')", two) == [(True,)], "take over")
        lab.wait_caught_up()
        consumer.kill()
        lab.sql("UPDATE relevo.conversation SET follow_up_at = now() WHERE follow_up_at IS NOT NULL")
        consumer.start()
        until(lab, "nothing is said", "SELECT count(*) >= 1 FROM relevo.history WHERE type = 'follow_up'")
        lab.wait_caught_up()
        expect(said(lab, "573001")[-1] == ("notice.follow_up", "¿Llegó bien?"), f"{said(lab, '573001')}")
        expect(lab.sql("SELECT conversation_id FROM relevo.history WHERE type = 'follow_up'") == [(one,)], "once, and not to who has a person")
        consumer.stop()
        again = lab.tool("replay", "--all")
        expect("no difference" in again, f"replayed, it is not the same:\n{again}")
        lab.check(model=False)


def begins(seed):
    """a follow-up begins a question flow, also where the case was closed meanwhile; and a flow goes on where a handoff interrupted it"""
    flows = {"name": "lead_qualifier", "path": str(Path(os.environ["RELEVO_PLUGINS"]) / "lead_qualifier.so"), "isolation": "inline",
             "options": {"flows": str(ROOT / "docs/examples/cafe_andino/flows.yaml")}}
    with Lab("begins", partitions=1, plugins=[flows], policy=policy(idle_close="1h")) as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}')")
        consumer = lab.start()
        for customer in ("573001", "573002"):
            say(lab, customer, "hola")
        lab.wait_caught_up()
        for customer in ("573001", "573002"):
            done = lab.sql("SELECT done FROM desk.take_over(%s, 'ana')", conversation(lab, customer)) + lab.sql(
                "SELECT done FROM desk.return_to_bot(%s, 'ana', 'follow_up', now() + interval '2 hours', p_begin => 'flow:catering')",
                conversation(lab, customer))
            expect(done == [(True,), (True,)], f"{done}")
        lab.wait_caught_up()
        lab.sql("UPDATE relevo.conversation SET follow_up_at = now() WHERE follow_up_at IS NOT NULL")
        until(lab, "nothing begins", "SELECT count(*) = 2 FROM relevo.history WHERE type = 'follow_up'")
        lab.wait_caught_up()
        for customer in ("573001", "573002"):
            source, text = said(lab, customer)[-1]
            expect(source == "flow.catering" and "¿Para qué es?" in text, f"{customer}: {said(lab, customer)}")
            expect(lab.sql("SELECT owner FROM desk.conversations WHERE wa_id = %s", customer) == [("bot",)], f"{customer} is not the bot's")
            say(lab, customer, "para una boda")
        until(lab, "the flow does not go on", "SELECT count(*) = 2 FROM relevo.history, json_array_elements(said) s WHERE s ->> 'text' = '¿Qué día es?'")
        # Interrupted by a person, and taken up again.
        one = conversation(lab, "573001")
        lab.sql("SELECT desk.take_over(%s, 'ana'), desk.return_to_bot(%s, 'ana', 'resume')", one, one)
        until(lab, "it is not taken up again", "SELECT count(*) = 3 FROM relevo.history, json_array_elements(said) s WHERE s ->> 'text' LIKE %s",
              "%¿Qué día es?")
        lab.wait_caught_up()
        expect([source for source, _ in said(lab, "573001")][-2:] == ["notice.returned", "flow.catering"], f"{said(lab, '573001')}")
        consumer.stop()
        lab.check(model=False)
    with Lab("begins-closed", partitions=1, plugins=[flows], policy=policy(idle_close="1s")) as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}')")
        consumer = lab.start()
        say(lab, "573001", "hola")
        lab.wait_caught_up()
        one = conversation(lab, "573001")
        lab.sql("SELECT desk.take_over(%s, 'ana'), desk.return_to_bot(%s, 'ana', 'follow_up', now() + interval '2 hours', '¿Seguimos?', p_begin => 'flow:catering')",
                one, one)
        until(lab, "it is not closed", "SELECT owner = 'closed' FROM desk.conversations")
        lab.wait_caught_up()
        lab.sql("UPDATE relevo.conversation SET follow_up_at = now() WHERE follow_up_at IS NOT NULL")
        until(lab, "nothing begins", "SELECT count(*) = 1 FROM relevo.history WHERE type = 'follow_up'")
        lab.wait_caught_up()
        expect("flow.catering" in [source for source, _ in said(lab, "573001")], f"{said(lab, '573001')}")
        consumer.stop()
        world = lab.check(model=False)
        decided = [d["kind"] for records in world.decoded.values() for _, d in records]
        expect(decided.count("reopened") == 1, f"it was not opened again, for the answers: {decided}")


def survey(seed):
    """closed, asked, scored, commented, reported by agent and by trigger; and back to the same person"""
    with Lab("survey", partitions=1, policy=policy(survey={"on_resolve": True}, reopen={"to": "people"})) as lab:
        for agent in ("ana", "bea"):
            lab.sql("SELECT desk.put_agent(%s, initcap(%s), '{care}'), desk.set_presence(%s, 'online')", agent, agent, agent)
        lab.sql("UPDATE relevo.agent SET idle_since = now() - interval '1 day' WHERE id = 'bea'")
        consumer = lab.start()
        say(lab, "573001", "person ya")
        until(lab, "bea has it not", "SELECT count(*) = 1 FROM desk.conversations WHERE agent_id = 'bea'")
        lab.wait_caught_up()
        one = conversation(lab, "573001")
        lab.sql("SELECT desk.reply(%s, 'bea', 'listo'), desk.resolve(%s, 'bea')", one, one)
        lab.wait_caught_up()
        expect(said(lab, "573001")[-2:] == [("notice.closed", "Cerrado."), ("notice.csat", "¿De 1 a 5?")], f"{said(lab, '573001')}")
        say(lab, "573001", "4 ★★★★", type="interactive", reply_id="survey:4")
        say(lab, "573001", "muy amable")
        until(lab, "no survey", "SELECT count(*) = 2 FROM desk.surveys")
        rows = lab.sql("SELECT kind, score, comment, agent_id, trigger FROM desk.surveys ORDER BY seq")
        expect(rows == [("csat", 4, None, "bea", "scripted"), ("comment", None, "muy amable", "bea", "scripted")], f"{rows}")
        expect(lab.sql("SELECT owner FROM desk.conversations") == [("closed",)], "a score opens no case")
        report = {(r["by"], r["who"]): r for r in json.loads(lab.tool("report", "surveys", "--json"))["surveys"]}
        expect(set(report) == {("all", None), ("agent", "bea"), ("trigger", "scripted")}, f"report: {report}")
        expect(all((r["answers"], float(r["csat"]), float(r["satisfied"]), r["nps"], r["comments"]) == (1, 4, 1, None, 1) for r in report.values()),
               f"report: {report}")
        lab.sql("UPDATE relevo.agent SET idle_since = now() - interval '2 days' WHERE id = 'ana'")
        say(lab, "573001", "se rompió otra vez")
        until(lab, "it goes to somebody else", "SELECT count(*) = 1 FROM desk.conversations WHERE agent_id = 'bea'")
        lab.wait_caught_up()
        why = "El cliente volvió a escribir después del cierre."
        row = lab.sql("SELECT trigger, reason, priority FROM desk.conversations")
        expect(row == [(None, why, 5)], f"why they have it: {row}")
        expect(lab.sql("SELECT trigger, priority, ended FROM desk.handoffs ORDER BY at") == [("scripted", 5, "closed"), (None, 5, None)], "handoffs")
        audit = lab.sql("SELECT by, action, from_owner, to_owner, why FROM desk.audit WHERE from_owner = 'closed'")
        expect(audit == [("customer", "reopen", "closed", "queued", None)], f"audit: {audit}")
        consumer.stop()
        again = lab.tool("replay", "--all")
        expect("no difference" in again, f"replayed, it is not the same:\n{again}")
        lab.check(model=False)


def tips(seed):
    """a trigger that only tells: the bot goes on, the world is told, desktops see it; and not again while it rests"""
    rule = {"trigger": "scripted", "threshold": 0.2, "tell_only": True, "cooldown": "1h"}
    with Lab("tips", partitions=1, policy=policy(triggers=[rule])) as lab:
        consumer = lab.start()
        say(lab, "573001", "maybe una cotización")
        say(lab, "573001", "maybe otra vez")
        say(lab, "573002", "say hola")
        lab.wait_caught_up()
        rows = lab.sql("SELECT trigger, text, customer_id, owner, card IS NOT NULL FROM desk.tips")
        expect(rows == [("scripted", "maybe una cotización", "573001", "bot", True)], f"tips: {rows}")
        expect(lab.sql("SELECT count(*) FROM desk.handoffs") == [(0,)], "it was handed over")
        expect(said(lab, "573001") == [("scripted", "ok"), ("scripted", "ok")], f"the bot does not go on: {said(lab, '573001')}")
        lab.sql("SELECT relevo.limit_login(current_user::text, '{care}')")
        expect(lab.sql("SELECT count(*) FROM desk.tips") == [(0,)], "another team's desktop sees it")
        lab.sql("SELECT relevo.limit_login(current_user::text, NULL)")
        consumer.stop()
        again = lab.tool("replay", "--all")
        expect("no difference" in again, f"replayed, it is not the same:\n{again}")
        world = lab.check(model=False)
        decided = [d["kind"] for records in world.decoded.values() for _, d in records if d["customer_id"] == "573001"]
        expect((decided.count("notified"), decided.count("summarized"), decided.count("handed_off")) == (1, 1, 0), f"decided: {decided}")


FLOW = """
flows:
  - id: quote
    kind: lead
    start: {keywords: [cotización]}
    slots:
      - {name: guests, type: amount, ask: '¿Cuántas personas?'}
      - {name: name, type: name, ask: '¿Cómo te llamas?'}
    score:
      - {when: {slot: guests, min: 50}, fit: 60}
    done: Gracias.
    then: hand_off
"""


def lead(seed):
    """a flow that ends with a name tells the salesperson at that message, with the name and the score, and the bot goes on"""
    plugins = [{"name": name, "path": str(Path(os.environ["RELEVO_PLUGINS"]) / f"{name}.so"), "isolation": "inline", "options": options} for name, options in (
        ("lead_qualifier", {"flows": "flows.yaml"}),
        ("crm_notifier", {"destination": "sales", "events": ["lead"], "lead_triggers": ["lead_qualifier"],
                          "mapping": {"who": "{{slots.name}}", "score": "{{slots.lead.score}}", "why": "{{handoff.trigger}}"}}))]
    with Lab("lead", partitions=1, plugins=plugins, policy=policy(triggers=[{"trigger": "lead_qualifier", "tell_only": True}])) as lab:
        lab.config.with_name("flows.yaml").write_text(FLOW)
        consumer = lab.start()
        say(lab, "573001", "quiero una cotización")
        say(lab, "573001", "80 personas")
        lab.wait_caught_up()
        expect(lab.sql("SELECT count(*) FROM desk.tips") == [(0,)], "told before it was complete")
        say(lab, "573001", "Marisol Pérez")
        lab.wait_caught_up()
        rows = lab.sql("SELECT trigger, text, owner FROM desk.tips")
        expect(rows == [("lead_qualifier", "Marisol Pérez", "bot")], f"tips: {rows}")
        expect(said(lab, "573001")[-1] == ("flow.quote", "Gracias."), f"the bot does not go on: {said(lab, '573001')}")
        say(lab, "573001", "gracias a ti")
        lab.wait_caught_up()
        consumer.stop()
        world = lab.check(model=False)
        told = [world.schemas.decode(r.value, "EffectRequest") for records in world.outputs["effects"].values() for r in records]
        told = [json.loads(effect["body"]) for effect in told if effect["destination"] == "sales"]
        expect(told == [{"who": "Marisol Pérez", "score": "30", "why": "lead_qualifier"}], f"the salesperson was told {told}")


def survey_and_pause(seed):
    """where bursts wait, a score and its comment do not; what belongs to no survey waits, and is answered once"""
    with Lab("paused", partitions=1, policy=policy(pause="1500ms", survey={"on_resolve": True}), command_poll="200ms") as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}'), desk.set_presence('ana', 'online')")
        consumer = lab.start()
        say(lab, "573001", "person por favor", "ya")  # held, twice
        until(lab, "ana has it not", "SELECT count(*) = 1 FROM desk.conversations WHERE agent_id = 'ana'")
        lab.wait_caught_up()
        one = conversation(lab, "573001")
        lab.sql("SELECT desk.reply(%s, 'ana', 'listo'), desk.resolve(%s, 'ana')", one, one)
        lab.wait_caught_up()
        say(lab, "573001", "5", "muy amable")
        until(lab, "no survey", "SELECT count(*) = 2 FROM desk.surveys")
        lab.wait_caught_up()
        rows = lab.sql("SELECT kind, score, comment FROM desk.surveys ORDER BY seq")
        expect(rows == [("csat", 5, None), ("comment", None, "muy amable")], f"{rows}")
        expect(lab.sql("SELECT owner FROM desk.conversations") == [("closed",)], "a score opens no case")
        before = len(said(lab, "573001"))
        say(lab, "573001", "say hola", "otra cosa")  # held, twice
        until(lab, "no answer", "SELECT count(*) = 1 FROM desk.history WHERE source = 'scripted'")
        expect(said(lab, "573001")[before:] == [("scripted", "hola\notra cosa")], f"{said(lab, '573001')}")
        audit = lab.sql("SELECT by, action, to_owner, why FROM desk.audit WHERE from_owner = 'bot' AND to_owner = 'queued'")
        expect(audit == [("bot", "hand_off", "queued", "scripted")], f"what a timer decided is audited as {audit}")
        consumer.stop()
        world = lab.check(model=False)
        held = [d for records in world.decoded.values() for _, d in records if d["kind"] == "held"]
        expect(len(held) == 4, f"{len(held)} messages were held")


if __name__ == "__main__":
    sys.exit(run("afterwards", tips, lead, begins, told, collects, truth, follow_up, survey, survey_and_pause))
