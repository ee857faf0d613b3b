#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Messages that are decided later: bursts that are answered once, and messages that wait for an effect's result.

    test_held.py [SEED]
"""
import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
from checker.model import NOTICES, conversation_id  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import DeliverLab, begin  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import Lab, expect, generator, run  # noqa: E402
from pipeline.test_deliver import Crm, configure, wait  # noqa: E402

NUMBER = "105550001"
FOR_EVER = 30000  # ms: the longest pause there is. No test waits for its end


def policy(pause_ms):
    return {"pause": f"{pause_ms}ms", "notices": {k: {"es": t, "pt": "", "en": ""} for k, t in NOTICES.items()}}


class Customer:
    """Writes at once whatever it is given: so the messages of a call lie close together on the topic, however slow the machine."""

    def __init__(self, lab, number):
        self.lab, self.wa_id, self.n = lab, f"5730055{number:05d}", 0
        self.id = conversation_id(NUMBER, self.wa_id)

    def write(self, *texts):
        key = f"{NUMBER}:{self.wa_id}".encode()
        for text in texts:
            self.n += 1
            event = {"kind": "message", "phone_number_id": NUMBER, "wa_id": self.wa_id, "message_id": f"{self.wa_id}.{self.n}",
                     "type": "text", "text": text, "sent_at": 1767225600000}
            self.lab.produce(partition_of(key, self.lab.partitions), key, self.lab.schemas["WhatsAppEvent"].encode(event))
        self.lab.flush()

    def rows(self, kind=None):
        return self.lab.sql("SELECT kind, type, text, said FROM relevo.history WHERE conversation_id = %s AND (kind = %s OR %s IS NULL)"
                            " ORDER BY seq", self.id, kind, kind)

    def heard(self):
        """What was said, in order."""
        return [s["text"] for *_, said in self.rows() for s in said or ()]

    def wait(self, what, condition):
        wait(what, condition, self.lab, 240)

    def desk(self, call):
        done, why = self.lab.sql(f"SELECT done, why FROM desk.{call}", self.id)[0]
        expect(done, f"{call} is refused: {why}")
        self.wait(f"the decision about {call}", lambda: not self.lab.sql("SELECT 1 FROM relevo.command"))


def replayed(lab, **counts):
    """`relevo replay` under the same configuration: what waited for more is judged as it was, as one."""
    said = json.loads(lab.tool("replay", "--json"))
    found = {verdict: said[verdict] for verdict in ("same", "other", "gained", "lost", "earlier", "later") if said[verdict]}
    expect(found == counts, f"replay says {found}, not {counts}")


def burst(seed):
    """three short messages, one answer; the history shows each of them"""
    # The lane looks for timers once a minute, but for those that it set itself.
    with Lab("burst", partitions=2, policy=policy(1500), command_poll="1m") as lab:
        consumer, anna, ben = lab.start(), Customer(lab, 1), Customer(lab, 2)
        anna.write("say hola", "una pregunta", "¿abren hoy?")
        ben.write("say adiós")
        anna.wait("an answer", anna.heard)
        ben.wait("an answer", ben.heard)
        expect(anna.heard() == ["hola\nuna pregunta\n¿abren hoy?"], f"the customer heard {anna.heard()}")
        expect([text for _, _, text, _ in anna.rows(0)] == ["say hola", "una pregunta", "¿abren hoy?"], f"{anna.rows(0)}")
        shown = lab.sql("SELECT text FROM desk.history WHERE conversation_id = %s AND by = 'customer' ORDER BY seq", anna.id)
        expect([text for text, in shown] == ["say hola", "una pregunta", "¿abren hoy?"], f"a desktop shows {shown}")
        anna.write("person por favor", "ya")  # a request for a person waits like the rest, and is one
        anna.wait("a handoff", lambda: NOTICES["handoff"] in anna.heard())
        consumer.stop()
        lab.check(pause_ms=1500)
        replayed(lab, same=1)


def takeover(seed):
    """who takes over in the pause reads it, and the bot says nothing to it, then or after the return"""
    with Lab("pause", partitions=1, policy=policy(FOR_EVER), command_poll="200ms") as lab:
        consumer, anna = lab.start(), Customer(lab, 1)
        anna.write("say hola")
        anna.wait("the message", lambda: anna.rows(0))
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        anna.desk("take_over(%s, 'ana')")
        anna.write("say otra vez")
        anna.wait("the second message", lambda: len(anna.rows(0)) == 2)
        anna.desk("return_to_bot(%s, 'ana')")
        anna.write("say " + "fin " * 60)  # too long to wait
        anna.wait("an answer", lambda: any("fin" in text for text in anna.heard()))
        expect(anna.heard()[0] == NOTICES["returned"] and len(anna.heard()) == 2, f"the customer heard {anna.heard()}")
        expect("hola" not in anna.heard()[1], f"the bot answers what a person has read: {anna.heard()[1]}")
        consumer.stop()
        world = lab.check(pause_ms=FOR_EVER)
        kinds = [d["kind"] for records in world.decoded.values() for _, d in records]
        expect(kinds.count("held") == 1, f"held {kinds.count('held')} times: nothing was shown")


def killed(seed):
    """a consumer that is killed in the pause: the next one answers, once"""
    with Lab("killed", partitions=2, policy=policy(3000), command_poll="200ms") as lab:
        consumer, anna, ben = lab.start(), Customer(lab, 1), Customer(lab, 2)
        anna.write("say hola", "¿sí?")
        ben.write("say buenas")
        anna.wait("both messages", lambda: len(anna.rows(0)) == 2 and ben.rows(0))
        consumer.kill()
        expect(lab.sql("SELECT count(*) FROM relevo.timer WHERE kind = 'held'")[0][0] or anna.heard(), "no timer waits")
        consumer = lab.start("again")
        anna.wait("an answer", anna.heard)
        ben.wait("an answer", ben.heard)
        expect((anna.heard(), ben.heard()) == (["hola\n¿sí?"], ["buenas"]), f"they heard {anna.heard()}, {ben.heard()}")
        consumer.stop()
        lab.check(pause_ms=3000)


def crowd(seed):
    """forty customers write in bursts, with desktops in between and two kills: the model says what must be decided"""
    with Lab("crowd", partitions=3, policy=policy(400), command_poll="100ms") as lab:
        consumer = lab.start()
        lab.sql("SELECT desk.put_agent('ana', 'Ana', ARRAY['care'])")
        for part in range(3):
            lab.feed(generator(seed + part, 300, 40, lab.partitions), rate=150)
            for conversation, in lab.sql("SELECT id::text FROM relevo.conversation WHERE owner = 1 ORDER BY id LIMIT 5"):
                lab.sql("SELECT desk.take_over(%s, 'ana')", conversation)
            if part < 2:
                consumer.kill()
                consumer = lab.start(f"again{part}")
        lab.wait_caught_up()
        wait("the end of all pauses", lambda: not lab.sql("SELECT 1 FROM relevo.timer WHERE kind = 'held'"), lab, 240)
        consumer.stop()
        world = lab.check(pause_ms=400)
        kinds = [d["kind"] for records in world.decoded.values() for _, d in records]
        expect(kinds.count("held") > 100, f"only {kinds.count('held')} messages were held: nothing was shown")


def result(seed):
    """a message that waits for an effect: its result in time, bad, never, late, and after a takeover and a return"""
    api, crm = CloudApi(seed), Crm()
    crm.server.handle_error = lambda *words: None  # deliver hangs up on one that takes too long
    with DeliverLab(api, "result", partitions=1, command_poll="200ms") as lab:
        configure(lab, [{"name": "crm", "url": crm.url, "private": True}])
        consumer, sender = lab.start(), begin(lab, 240)
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        anna, ben, carl, dora, eva, fritz = (Customer(lab, i) for i in range(6))

        anna.write("wait la respuesta")
        anna.wait("the answer", anna.heard)
        expect(anna.heard() == ["la respuesta"], f"the customer heard {anna.heard()}")
        crm.statuses = [400]  # no answer at all: the local one
        anna.write("wait otra")
        anna.wait("the local answer", lambda: len(anna.heard()) == 2)
        expect(anna.heard()[1] == "ok", f"the customer heard {anna.heard()}")

        crm.free.clear()  # it hangs: deliver says so while there is time
        fritz.write("wait lo que sea")
        fritz.wait("the local answer", fritz.heard)
        crm.free.set()

        sender.stop(60)  # nobody performs what is asked for: what comes of it comes too late
        ben.write("wait tarde")
        carl.write("wait")
        dora.write("wait de nadie")
        eva.write("wait de otro tiempo")
        for customer in (ben, carl, dora, eva):
            customer.wait("the message", lambda: customer.rows(0))
        dora.desk("take_over(%s, 'ana')")
        eva.desk("take_over(%s, 'ana')")
        eva.desk("return_to_bot(%s, 'ana')")
        ben.wait("the local answer", ben.heard)
        carl.wait("a person", carl.heard)
        sender.start()
        sender.wait_ready(240)
        wait("what became of all effects", lambda: lab.sql(
            "SELECT count(*) FROM relevo.history WHERE kind = 8 AND type IS DISTINCT FROM 'duplicate'")[0][0] >= 8, lab, 240)
        wait("the end of all timers", lambda: not lab.sql("SELECT 1 FROM relevo.timer WHERE kind = 'held'"), lab, 240)
        expect(fritz.heard() == ["ok"], f"Fritz heard {fritz.heard()}")
        expect(ben.heard() == ["ok"], f"Ben heard {ben.heard()}")
        expect(carl.heard() == [NOTICES["handoff"]], f"Carl heard {carl.heard()}")
        expect(not dora.heard(), f"Dora heard {dora.heard()}")
        expect(eva.heard() == [NOTICES["returned"]], f"Eva heard {eva.heard()}")
        sender.stop(60)
        consumer.stop()
        world = lab.check()
        kinds = [d["kind"] for records in world.decoded.values() for _, d in records]
        expect(kinds.count("held") == 7, f"held {kinds.count('held')} times")
        replayed(lab, lost=1)  # Carl's: a result that did not come is no failure where none is waited for
    api.stop()
    crm.server.shutdown()


if __name__ == "__main__":
    sys.exit(run("held", burst, takeover, killed, crowd, result))
