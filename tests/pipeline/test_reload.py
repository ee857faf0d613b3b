#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: what is wrong in the files changes nothing, what is good is in force in the same process, and nothing is lost or decided twice. And
what /metrics says of those who wait for a person, and of takeovers, before and after."""
import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.generate import partition_of  # noqa: E402
from lab.metrics import Metrics  # noqa: E402
from lab.stack import PATIENCE_S, Lab, expect, generator, run  # noqa: E402

NUMBER = "105550001"


def until(words, true):
    end = time.monotonic() + PATIENCE_S
    while not true():
        expect(time.monotonic() < end, words() if callable(words) else words)
        time.sleep(0.05)


def said(process, words, times=1):
    return process.log.read_text(errors="replace").count(words) >= times


def say(lab, customer, text):
    key = f"{NUMBER}:{customer}".encode()
    lab.feed([(partition_of(key, lab.partitions), key,
               {"kind": "message", "phone_number_id": NUMBER, "wa_id": customer, "message_id": f"wamid.{customer}.{time.monotonic_ns()}",
                "sent_at": int(time.time() * 1000), "type": "text", "text": text})])


def reloads(seed):
    """SIGHUP with a file that is wrong, with a plugin that is missing, and with a good one, in the middle of the work"""
    with Lab("reload", partitions=4) as lab:
        process = lab.start()
        lab.feed(generator(seed, 2000, 100, lab.partitions))
        good = lab.config.read_text()

        lab.config.write_text(good + "nonsense: 1\n")
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"it did not refuse:\n{process.tail()}", lambda: said(process, "nothing has changed"))
        expect(said(process, "nonsense"), f"it does not say what is wrong:\n{process.tail()}")

        lab.config.write_text(good.replace("scripted.so", "gone.so"))
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"it did not refuse:\n{process.tail()}", lambda: said(process, "nothing has changed", 2))
        expect(process.alive() and process.get("/readyz")[0] == 200, f"it no longer works:\n{process.tail()}")
        hashes = {row[0] for row in lab.sql("SELECT DISTINCT config FROM relevo.history")}
        expect(not said(process, "left in order") and len(hashes) <= 1, "it began anew")

        lab.policy = {**lab.policy, "queue": {"tell_after": "0s", "give_up": "5d"}}
        lab.write_config()
        lab.feed(generator(seed + 1, 2000, 100, lab.partitions))
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"it did not begin anew:\n{process.tail(30)}", lambda: said(process, ": 1 plugins, configuration", 2))
        process.wait_ready()
        expect(process.alive() and os.readlink(f"/proc/{process.child.pid}/exe"), "it is another process")
        lab.feed(generator(seed + 2, 500, 100, lab.partitions))
        lab.wait_caught_up()
        hashes = {row[0] for row in lab.sql("SELECT DISTINCT config FROM relevo.history")}
        expect(len(hashes) == 2, f"decided under {len(hashes)} configurations, not two")
        open_files = len(os.listdir(f"/proc/{process.child.pid}/fd"))
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"not twice:\n{process.tail(30)}", lambda: said(process, ": 1 plugins, configuration", 3))
        process.wait_ready()
        until(lambda: f"files stay open: {open_files}, then {len(os.listdir(f'/proc/{process.child.pid}/fd'))}",
              lambda: len(os.listdir(f"/proc/{process.child.pid}/fd")) <= open_files + 4)
        process.stop()
        lab.check()


def overtaken(seed):
    """SIGTERM while a SIGHUP is being judged or drained ends it"""
    with Lab("ended", partitions=2, logs=False) as lab:
        process = lab.start()
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"it does not hear:\n{process.tail()}", lambda: said(process, "reading the configuration anew"))
        process.stop()


OLD, NEW = "Enviamos por 99 pesos.", "Enviamos gratis."
INTENTS = """
intents:
  shipping: {es: [¿hacen envíos?, cuánto cuesta el envío, mandan a domicilio]}
  hours: {es: [¿a qué hora abren?, horario de atención, abren los domingos]}
"""
PARKING = "  parking: {es: [¿dónde estaciono?, tienen estacionamiento, hay lugar para el coche]}\n"


def edited(seed):
    """an article and the intents edited under load: a mistake changes nothing, the mended file is in force, and each customer is answered once"""
    with tempfile.TemporaryDirectory() as folder:
        kb, intents = Path(folder) / "kb", Path(folder) / "intents.yaml"
        kb.mkdir()

        def article(answer):
            text = f"---\nid: envios\ntitle: Envíos\nlanguage: es\nquestions: [¿Hacen envíos?]\n---\n{answer}\n"
            (kb / "envios.md").write_bytes(text.encode("utf-8" if answer in (OLD, NEW) else "latin-1"))

        article(OLD)
        intents.write_text(INTENTS)
        plugins = [{"name": "classifier", "options": {"intents": str(intents), "moods": ""}},
                   {"name": "parks", "path": "triggers/intent.so", "options": {"intents": ["parking"]}},
                   {"name": "responder", "options": {"kb": str(kb)}}]
        with Lab("edited", partitions=4, plugins=plugins, policy={"triggers": [{"trigger": "parks", "threshold": 0.5}]}) as lab:
            process, done, asked = lab.start(), threading.Event(), []

            def customers():
                while not done.is_set():
                    asked.append(f"52155{seed % 1000:03d}{len(asked):06d}")
                    say(lab, asked[-1], "¿Hacen envíos?")
                    time.sleep(0.005)

            load = threading.Thread(target=customers)
            load.start()
            try:
                until("nobody is answered", lambda: lab.decided() > 100)
                article("Enviamos por 99 pesos a España.")  # saved by an old editor
                process.child.send_signal(signal.SIGHUP)
                until(lambda: f"it did not refuse:\n{process.tail()}", lambda: said(process, "nothing has changed"))
                expect(said(process, "envios.md:3: it is not UTF-8 here"), f"it does not say where:\n{process.tail()}")
                say(lab, "5215550000001", "¿dónde estaciono?")
                article(NEW)
                intents.write_text(INTENTS + PARKING)
                process.child.send_signal(signal.SIGHUP)
                until(lambda: f"it did not begin anew:\n{process.tail(30)}", lambda: said(process, ": 3 plugins, configuration", 2))
                process.wait_ready()
                n = lab.decided()
                until("nobody is answered any more", lambda: lab.decided() > n + 100)
            finally:
                done.set()
                load.join()
            say(lab, "5215550000002", "¿dónde estaciono?")
            say(lab, "5215550000003", "¿Hacen envíos?")
            lab.wait_caught_up()
            process.stop()
            lab.check(model=False)
            heard = {}
            for wa_id, texts in lab.sql("""SELECT c.wa_id, array_agg(s->>'text') FROM relevo.history h JOIN relevo.conversation c ON c.id = h.conversation_id,
                                           jsonb_array_elements(h.said::jsonb) s GROUP BY 1"""):
                heard[wa_id] = texts
            wrong = {wa_id: heard.get(wa_id) for wa_id in asked if heard.get(wa_id) not in ([OLD], [NEW])}
            expect(not wrong, f"{len(wrong)} of {len(asked)} customers were not answered once: {list(wrong.items())[:3]}")
            order = [heard[wa_id] == [NEW] for wa_id in asked]
            expect(any(order) and not all(order), "there was no load on both sides of the edit")
            expect(heard["5215550000003"] == [NEW], f"after it the customer heard {heard['5215550000003']}")
            owners = dict(lab.sql("SELECT wa_id, owner FROM relevo.conversation WHERE wa_id IN ('5215550000001', '5215550000002')"))
            expect(owners == {"5215550000001": 1, "5215550000002": 2}, f"the new intent is not what hands over: {owners}")
            print(f"  {len(asked)} customers, {sum(order)} of them answered anew", flush=True)


FLOW = """
flows:{more}
  - id: visit
    kind: data
    start: {{keywords: [trámite]}}
    slots: [{{name: city, type: city, ask: '¿Ciudad?'}}, {{name: boxes, type: amount, ask: '¿Cuántas?'}}{slot}]
    done: Listo.
"""
MORE = """
  - id: quote
    start: {keywords: [cotízame]}
    slots: [{name: want, type: text, ask: '¿Qué quieres?'}]
    done: Va."""


def edited_flow(seed):
    """flows edited while customers are in the middle of one: each goes on where they are, and is asked what is new"""
    with tempfile.TemporaryDirectory() as folder:
        flows = Path(folder) / "flows.yaml"
        flows.write_text(FLOW.format(more="", slot=""))
        plugins = [{"name": "lead_qualifier", "options": {"flows": str(flows)}}]
        with Lab("flow", partitions=2, plugins=plugins) as lab:
            process = lab.start()
            for customer, texts in (("573001", ["trámite"]), ("573002", ["trámite", "Puebla"]), ("573003", ["trámite", "Puebla", "5"])):
                for text in texts:
                    say(lab, customer, text)
            lab.wait_caught_up()
            flows.write_text(FLOW.format(more=MORE, slot=", {name: day, type: date, ask: '¿Qué día?'}"))
            process.child.send_signal(signal.SIGHUP)
            until(lambda: f"it did not begin anew:\n{process.tail(30)}", lambda: said(process, ": 1 plugins, configuration", 2))
            process.wait_ready()
            for customer, text in (("573001", "Puebla"), ("573002", "5"), ("573003", "cotízame")):
                say(lab, customer, text)
            lab.wait_caught_up()
            process.stop()
            lab.check(model=False)
            last = dict(lab.sql("""SELECT DISTINCT ON (c.wa_id) c.wa_id, s->>'text' FROM relevo.history h JOIN relevo.conversation c ON c.id = h.conversation_id,
                                   jsonb_array_elements(h.said::jsonb) s ORDER BY c.wa_id, h.seq DESC"""))
            heard = [last.get(customer) for customer in ("573001", "573002", "573003")]
            expect(heard == ["¿Cuántas?", "¿Qué día?", "¿Qué quieres?"], f"heard last: {heard}")


def waits(seed):
    """relevo_waiting_conversations, relevo_oldest_waiting_seconds and relevo_takeover_seconds"""
    with Lab("waits", partitions=2, logs=False) as lab:
        process = lab.start()
        for customer in ("5215550000001", "5215550000002"):
            say(lab, customer, "person ya")
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{}', '{}', '{}', 5)")  # offline: nothing is given to her
        until(lambda: f"nobody waits: {lab.sql('SELECT owner, count(*) FROM desk.conversations GROUP BY 1')}",
              lambda: lab.sql("SELECT count(*) FROM desk.queue")[0][0] == 2)
        until("the metrics know of nobody who waits", lambda: sum(Metrics(process).of("relevo_waiting_conversations")) == 2)
        first = max(Metrics(process).of("relevo_oldest_waiting_seconds"))
        truth = float(lab.sql("SELECT extract(epoch FROM max(waiting)) FROM desk.queue")[0][0])
        expect(0 < first <= truth + 1, f"the first has waited {first} s, Postgres says {truth}")
        until("the wait does not grow", lambda: max(Metrics(process).of("relevo_oldest_waiting_seconds")) > first)
        lab.sql("SELECT desk.set_presence('ana', 'away')")
        for (conversation,) in lab.sql("SELECT conversation_id FROM desk.queue"):
            done = lab.sql("SELECT done, why FROM desk.take_over(%s, 'ana')", conversation)[0]
            expect(done[0], f"desk.take_over: {done[1]}")
        lab.wait_caught_up()
        until("takeovers are not timed", lambda: Metrics(process)("relevo_takeover_seconds_count") == 2)
        took = Metrics(process)("relevo_takeover_seconds_sum")
        expect(0 <= took < 2 * PATIENCE_S, f"two takeovers took {took} s")
        lines = [json.loads(line) for line in lab.tool("timeline", "--json", "--since", "1h", "--until-quiet", "1s").splitlines()]
        kinds = [line["kind"] for line in lines]
        expect(kinds.count("taken_over") == 2 and kinds.count("handed_off") == 2, f"relevo timeline --json shows {kinds}")
        until("they wait for ever", lambda: sum(Metrics(process).of("relevo_waiting_conversations")) == 0
              and max(Metrics(process).of("relevo_oldest_waiting_seconds")) == 0)
        process.stop()


if __name__ == "__main__":
    sys.exit(run("reload", reloads, overtaken, edited, edited_flow, waits))
