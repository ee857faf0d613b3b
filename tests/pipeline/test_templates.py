#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""After WhatsApp's 24 hours: a survey and a follow-up go out as templates with their parameters, through deliver, to the sandbox, which
refuses everything else then; and what the customer answers counts.

    test_templates.py [SEED]

No test waits for a day: what the customers wrote is made older where the lane keeps it.
"""
import json
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
import yaml  # noqa: E402
from lab.deliver import DeliverLab, begin  # noqa: E402
from lab.stack import Process, expect, free_port, run  # noqa: E402
from test_afterwards import NUMBER, conversation, policy, say  # noqa: E402
from test_deliver import wait  # noqa: E402

DAY_MS = 24 * 3600 * 1000


class Sandbox(Process):
    role = "sandbox"


class SandboxLab(DeliverLab):
    """Its Cloud API is the one that comes with Relevo."""

    def __init__(self, name, **options):
        self.phone = free_port()
        super().__init__(SimpleNamespace(url=f"http://127.0.0.1:{self.phone}"), name, **options)

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["deliver"]["token"] = "t"
        config["gateway"] = {"app_secrets": ["s"], "verify_token": "v"}  # to which nobody listens
        config["sandbox"] = {"listen": f"127.0.0.1:{self.phone}", "phone_number_id": NUMBER, "webhook": f"http://127.0.0.1:{free_port()}/webhook"}
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True))

    def ask(self, what):
        """GET /sandbox/...; None when nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.api.url}/sandbox/{what}", timeout=30) as answer:
                return json.load(answer)
        except OSError:
            return None

    def age(self, conversation_id):
        """Their last message becomes one of yesterday. While no lane runs: it would not notice."""
        state, = self.sql("SELECT state FROM relevo.conversation WHERE id = %s", conversation_id)[0]
        kept = self.schemas.decode(bytes(state))
        kept["last_in_ms"] -= DAY_MS + 3600 * 1000
        self.sql("UPDATE relevo.conversation SET state = %s, last_in_ms = %s, version = version + 1 WHERE id = %s",
                 self.schemas["ConversationState"].encode(kept), kept["last_in_ms"], conversation_id)


def templates(seed):
    """a survey and a follow-up, a day later"""
    words = policy(survey={"on_resolve": True, "template": "como_te_fue", "parameters": ["{name}", "Te atendió {agent}"]}, undelivered="leave")
    with SandboxLab("templates", partitions=1, policy=words, command_poll="200ms") as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        consumer = lab.start()
        for customer in ("573001", "573002"):
            say(lab, customer, "say hola", customer_name="Marisol")
        lab.wait_caught_up()
        one, two = conversation(lab, "573001"), conversation(lab, "573002")
        for each in (one, two):  # which stops what the bot had to say
            expect(lab.sql("SELECT done FROM desk.take_over(%s, 'ana')", each) == [(True,)], "take over")
        lab.wait_caught_up()
        consumer.stop()
        lab.age(one)
        lab.age(two)
        consumer.start()
        lab.processes.append(Sandbox(lab, "sandbox"))
        wait("the sandbox", lambda: lab.ask("state"), lab)
        sender = begin(lab, 60)

        lab.sql("SELECT desk.resolve(%s, 'ana', 'listo')", one)
        lab.sql("""SELECT desk.return_to_bot(%s, 'ana', 'follow_up', now() + interval '1 hour', '¿Llegó bien, Marisol?', 'seguimiento',
                                             p_parameters => '{Marisol,"pedido 48213"}')""", two)
        lab.wait_caught_up()
        lab.sql("UPDATE relevo.conversation SET follow_up_at = now() WHERE follow_up_at IS NOT NULL")
        wait("two templates", lambda: len([s for s in lab.ask("log")["sends"] if s["body"]["type"] == "template"]) == 2, lab)
        sends = {s["to"]: s for s in lab.ask("log")["sends"] if s["body"]["type"] == "template"}
        told = {to: [p["text"] for c in s["body"]["template"]["components"] for p in c["parameters"]] for to, s in sends.items()}
        expect(told == {"573001": ["Marisol", "Te atendió Ana"], "573002": ["Marisol", "pedido 48213"]}, f"the parameters were {told}")
        expect({s["body"]["template"]["name"] for s in sends.values()} == {"como_te_fue", "seguimiento"}, f"{sends}")
        texts = [s for s in lab.ask("log")["sends"] if s["body"]["type"] == "text"]
        expect(not texts, f"WhatsApp would refuse that the case is closed, or back with the bot: {texts}")
        wait("the acceptance", lambda: lab.sql("SELECT count(*) FROM desk.sends WHERE state = 'accepted' AND conversation_id IN (%s, %s)", one, two)
             == [(2,)], lab)

        say(lab, "573001", "5")
        wait("the score", lambda: lab.sql("SELECT score, agent_id FROM desk.surveys WHERE conversation_id = %s", one) == [(5, "ana")], lab)
        for process in reversed(lab.processes):
            process.stop(40)


if __name__ == "__main__":
    sys.exit(run("templates", templates))
