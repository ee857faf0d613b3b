#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The desk's page in a real browser, on the whole circle: sandbox, gateway, Kafka, consume, Postgres, deliver, desk. What is done in the
browser is in page.mjs, chats.mjs, card.mjs, queue.mjs and paused.mjs (Playwright, axe); this starts the rest. Screenshots go to build/*/desk-page/.

    test_page.py [SEED]
"""
import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "gateway")]
import yaml  # noqa: E402
from door import DoorLab, wait_for  # noqa: E402
from e2e.test_golden import configuration  # noqa: E402
from lab import servers  # noqa: E402
from lab.deliver import begin  # noqa: E402
from lab.desk import PASSWORD, Desk  # noqa: E402
from lab.stack import BUILD, bare_environment, expect, free_port, run  # noqa: E402


TEMPLATES = [{"name": "pedido_listo", "language": "es", "text": "Hola {{1}}, tu pedido {{2}} está listo."}]
KB = HERE.parents[1] / "docs/examples/cafe_andino/kb"


class CircleLab(DoorLab):
    teams = "{care}"

    def __init__(self, name, **options):
        self.desk_port, self.proxy_port = free_port(), free_port()
        super().__init__(name, **options)

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["desk"] = {"listen": f"127.0.0.1:{self.desk_port}", "public_url": f"http://127.0.0.1:{self.proxy_port}",
                          "answer_within": "2s", "templates": TEMPLATES, "proxy_header": "X-User", "proxy_peers": ["127.0.0.1"]}
        config["deliver"] = {"group": self.mark + "-deliver", "api_url": f"http://127.0.0.1:{self.phone}", "api_private": True,
                             "token": "t", "pair_rate": 1000, "pair_burst": 1000}
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    def show_more(self):
        """What only the desk is to know of: a knowledge base that answers no customer here, and a trigger that watches."""
        config = yaml.safe_load(self.config.read_text())
        config["plugins"].append({"name": "responder", "options": {"kb": str(KB)}})
        config["plugins"].append({"name": "sentiment", "path": "triggers/sentiment.so"})
        config["policy"]["triggers"] = [{"trigger": "sentiment", "threshold": 0.8, "observe": True}]
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


class CafeLab(CircleLab):
    """With the plugins and the policy of the example business, but for the CRM."""
    teams = "{care,soporte,ventas}"

    def __init__(self, name):
        plugins, policy = configuration()
        super().__init__(name, plugins=[p for p in plugins if p["name"] != "crm_notifier"], policy=policy)

    def show_more(self):
        pass


def browser_packages():
    """The browser; and what drives it, by npm."""
    browser = os.environ.get("RELEVO_CHROMIUM", "/usr/bin/chromium")
    expect(Path(browser).exists(), f"there is no {browser}: deploy/local/packages.sh browser installs it")
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, check=True)
    return browser


def play(story, lab, **environment):
    """Everything runs, then a story of the browser is played."""
    browser = browser_packages()
    shots = BUILD / "desk-page"
    shots.mkdir(exist_ok=True)
    lab.sql("SELECT desk.put_agent('lucia', 'Lucía', %s), desk.put_agent('tomas', 'Tomás', %s), desk.put_agent('sara', 'Sara')", lab.teams, lab.teams)
    lab.sql("SELECT desk.put_canned('ya_lo_veo', 'Hola {name}, ya lo veo.', 'es'), desk.put_canned('horario', 'Abrimos a las 8.', 'es')")
    for login, words in (("lucia", ("--agent", "lucia")), ("tomas", ("--agent", "tomas")), ("sara", ("--role", "supervisor", "--agent", "sara")),
                         ("adm", ("--role", "admin"))):
        lab.tool("account", "put", login, *words, stdin=PASSWORD.encode() + b"\n")
    lab.start()
    for role in ("sandbox", "gateway"):
        lab.run(role)
    begin(lab)
    lab.show_more()
    desk = Desk(lab, "desk")
    lab.processes.append(desk)
    desk.wait_ready()
    lab.sandbox("settings", {"per_second": 0, "pair_ms": 0})
    for name, value in environment.items():
        environment[name] = value(lab) if callable(value) else value
    done = subprocess.run(["node", HERE / story], timeout=540, env={
        **bare_environment(), "DESK_PORT": str(lab.desk_port), "PROXY_PORT": str(lab.proxy_port),
        "PHONE": f"http://127.0.0.1:{lab.phone}/sandbox",
        "PASSWORD": PASSWORD, "CHROMIUM": browser, "SHOTS": str(shots), **environment})
    expect(done.returncode == 0, "the page does not do what it should: see above")


def test_page(seed):
    """A customer writes, two agents race, one answers, the bot is silent, and comes back; languages, sizes, axe, keyboard, a cut network."""
    with CircleLab("deskpage") as lab:
        play("page.mjs", lab)


def late_customer(lab):
    """Somebody who wrote more than 24 hours ago."""
    who = "5215550000024"
    lab.sandbox("say", {"wa_id": who, "name": "Tardía", "text": "ok, el primero"})
    first = wait_for("the late customer is there", lambda: lab.sql(
        "SELECT h.message_id FROM desk.conversations c JOIN desk.history h USING (conversation_id) WHERE c.wa_id = %s AND h.by = 'customer'", who))
    for i in range(100):
        lab.sandbox("say", {"wa_id": who, "name": "Tardía", "text": f"ok {i}"})
    # Before the clock is set back: what the bot still had to send would fail, and bring a person.
    wait_for("all that they said is answered", lambda: lab.sql(
        "SELECT 1 FROM relevo.conversation c WHERE c.wa_id = %s"
        " AND (SELECT count(*) FROM desk.history h WHERE h.conversation_id = c.id AND h.by = 'customer') = 101"
        " AND (SELECT count(*) FROM desk.history h WHERE h.conversation_id = c.id AND h.by = 'bot')"
        "   = (SELECT count(*) FROM relevo.send s WHERE s.conversation_id = c.id AND s.state = 3)", who))
    lab.sql("UPDATE relevo.conversation SET last_in_ms = last_in_ms - 90000000, version = version + 1, card = %s WHERE wa_id = %s",
            json.dumps([{"name": "wants", "text": "ok", "message_id": first[0][0]}]), who)
    return who


def former(lab):
    """An id of a conversation that became a part of the late customer's."""
    return lab.sql("INSERT INTO relevo.conversation SELECT (x.r).* FROM (SELECT jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), "
                   "'owner', 4, 'forward', c.id)) AS r FROM relevo.conversation c WHERE c.customer_name = 'Tardía' OFFSET 0) x RETURNING id::text")[0][0]


def test_chats(seed):
    """An agent's day with many chats: snooze, tags, mentions, quotes, files, templates, search, suggestions; the board; the admin's pages."""
    with CircleLab("deskchats") as lab:
        play("chats.mjs", lab, CLOSED=late_customer, FORMER=former)


def test_card(seed):
    """A lead, from the first question to a person and again: what the card tells of it, and what can be done with it."""
    with CafeLab("deskcard") as lab:
        play("card.mjs", lab)


def test_queue(seed):
    """What waits, as it comes: how many and since when, by filters, offered to whoever is there, given to a colleague; buttons that the bot offers."""
    with CafeLab("deskqueue") as lab:
        lab.sql("SELECT desk.put_team('soporte', p_accept_within => '10 minutes')")
        play("queue.mjs", lab)


def test_paused(seed):
    """Kafka away, and back: the page says that it is told late, goes on, and catches up by itself."""
    kafka = servers.Kafka()
    try:
        kafka.start()
        with CircleLab("deskpaused", kafka=kafka.address()) as lab:
            play("paused.mjs", lab, KAFKA=lambda lab: " ".join(map(str, kafka.tree())))
    finally:
        kafka.remove()


if __name__ == "__main__":
    sys.exit(run("desk", test_page, test_chats, test_card, test_queue, test_paused))
