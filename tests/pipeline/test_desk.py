#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A desktop that knows nothing but docs/desk.md: it logs in with relevo_desk, and uses views and functions of the schema desk only."""
import os
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import psycopg2  # noqa: E402
import psycopg2.extensions  # noqa: E402
import psycopg2.extras  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import PATIENCE_S, ROOT, Lab, expect, run  # noqa: E402

PAGE = ROOT / "docs" / "desk.md"
NUMBER = "105550001"


class Desktop:
    """As docs/desk.md tells how to connect: a login role of one's own."""

    def __init__(self, lab):
        self.lab, self.login, password = lab, f"desktop_{secrets.token_hex(4)}", secrets.token_hex(8)
        lab.sql(f"CREATE ROLE {self.login} LOGIN PASSWORD '{password}'; GRANT relevo_desk TO {self.login}")
        self.dsn = psycopg2.extensions.make_dsn(lab.postgres, user=self.login, password=password)
        self.db = psycopg2.connect(self.dsn, cursor_factory=psycopg2.extras.RealDictCursor)
        self.db.autocommit = True

    def ask(self, query, *arguments):
        with self.db.cursor() as cursor:
            cursor.execute(query, arguments or None)
            return cursor.fetchall() if cursor.description else []

    def call(self, function, *arguments):
        return self.ask(f"SELECT * FROM desk.{function}({', '.join(['%s'] * len(arguments))})", *arguments)[0]

    def refused(self, code, query, *arguments):
        try:
            self.ask(query, *arguments)
        except psycopg2.Error as error:
            expect(error.pgcode == code, f"{query}: {error.pgcode} {error}, not {code}")
        else:
            expect(False, f"{query} was not refused")

    def until(self, words, query, *arguments):
        end = time.monotonic() + PATIENCE_S
        while not self.ask(query, *arguments):
            expect(time.monotonic() < end, words)
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.db.close()
        self.lab.sql(f"DROP OWNED BY {self.login}; DROP ROLE {self.login}")


def say(lab, customer, text):
    key = f"{NUMBER}:{customer}".encode()
    lab.feed([(partition_of(key, lab.partitions), key,
               {"kind": "message", "phone_number_id": NUMBER, "wa_id": customer, "message_id": f"wamid.{secrets.token_hex(6)}",
                "sent_at": int(time.time() * 1000), "type": "text", "text": text, "customer_name": "Marisol"})])


def desktop(seed):
    """a day at the desk: queue, pull, reply, note, assign, return, resolve, audit; and what the role may not"""
    with Lab("desk", partitions=2) as lab, Desktop(lab) as desk:
        expect(desk.ask("SELECT desk.contract_version() AS v")[0]["v"] == 1, "it is another contract")
        for agent in ("ana", "luis"):
            desk.call("put_agent", agent, agent.title(), ["care"])
        lab.start()
        say(lab, "573001", "hola")
        say(lab, "573001", "person ya")
        desk.until("nobody waits", "SELECT 1 FROM desk.queue")
        (waiting,) = desk.ask("SELECT * FROM desk.queue")
        expect(waiting["trigger"] == "scripted" and waiting["priority"] == 5 and waiting["team"] == "care" and waiting["card"], f"queue: {waiting}")
        one = waiting["conversation_id"]
        desk.call("set_presence", "ana", "online")
        desk.until("ana gets nothing", "SELECT 1 FROM desk.conversations WHERE agent_id = 'ana'")
        expect(not desk.call("pull", "ana")["pull"], "there is more to pull")
        expect(desk.call("reply", one, "ana", "soy Ana")["done"] and not desk.call("reply", one, "luis", "soy Luis")["done"], "reply")
        expect(desk.call("note", one, "luis", "cliente de años")["done"], "note")
        expect(desk.call("assign", one, "ana", "luis")["agent_id"] == "luis", "assign")
        lost = desk.call("return_to_bot", one, "ana")
        expect(not lost["done"] and lost["agent_id"] == "luis" and lost["why"], f"who was slower is not told who won: {lost}")
        expect(desk.call("return_to_bot", one, "luis", "continue")["owner"] == "bot", "return")
        epoch = desk.ask("SELECT epoch FROM desk.conversations WHERE conversation_id = %s", one)[0]["epoch"]
        expect(not desk.call("take_over", one, "ana", epoch - 1)["done"] and desk.call("take_over", one, "ana", epoch)["done"], "take_over")
        expect(desk.call("resolve", one, "ana", "repuesto enviado")["owner"] == "closed", "resolve")
        lab.wait_caught_up()
        texts = [(h["by"], h["text"]) for h in desk.ask("SELECT * FROM desk.history WHERE conversation_id = %s ORDER BY lane, seq, part", one)]
        for line in (("customer", "person ya"), ("agent", "soy Ana"), ("agent", "cliente de años"), ("agent", "repuesto enviado")):
            expect(line in texts, f"history lacks {line}: {texts}")
        audit = [(a["by"], a["who"], a["action"], a["from_owner"], a["from_agent"], a["to_owner"], a["to_agent"], a["why"])
                 for a in desk.ask("SELECT * FROM desk.audit WHERE conversation_id = %s ORDER BY at, lane, seq", one)]
        wanted = [("customer", None, "begin", "none", None, "bot", None, None),
                  ("bot", None, "hand_off", "bot", None, "queued", None, "scripted"),
                  ("system", None, "assign", "queued", None, "human", "ana", None),
                  ("agent", "ana", "reply", "human", "ana", "human", None, None),
                  ("agent", "luis", "note", "human", "ana", "human", None, "cliente de años"),
                  ("agent", "ana", "assign", "human", "ana", "human", "luis", None),
                  ("agent", "luis", "return", "human", "luis", "bot", None, "continue"),
                  ("agent", "ana", "take_over", "bot", None, "human", "ana", None),
                  ("agent", "ana", "resolve", "human", "ana", "closed", None, "repuesto enviado")]
        expect(audit == wanted, "the audit is\n" + "\n".join(map(str, audit)) + "\nand should be\n" + "\n".join(map(str, wanted)))
        (stretch,) = desk.ask("SELECT how, ended, ended_by, answered_by FROM desk.handoffs WHERE conversation_id = %s ORDER BY at LIMIT 1", one)
        expect(dict(stretch) == {"how": "handoff", "ended": "returned", "ended_by": "luis", "answered_by": "ana"}, f"handoffs: {stretch}")
        expect(desk.ask("SELECT * FROM desk.report_containment()")[0]["with_people"] == 1, "reports")

        unknown = "00000000-0000-0000-0000-000000000000"
        desk.refused("RV010", "SELECT desk.reply(%s, 'ana', 'hola')", unknown)
        desk.refused("RV011", "SELECT desk.reply(%s, 'nadie', 'hola')", one)
        desk.refused("RV012", "SELECT desk.reply(%s, 'ana', '')", one)
        desk.refused("RV012", "SELECT desk.set_presence('ana', 'asleep')")
        everything = lab.sql("""SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'relevo'::regnamespace AND c.relkind IN ('r', 'p', 'v')""")
        for (name,) in everything:
            desk.refused("42501", f"SELECT 1 FROM relevo.{name} LIMIT 1")
        for query in ("SELECT relevo.assign_waiting(NULL, 'ana', 1)", "UPDATE desk.statuses SET message_id = 'x'", "DELETE FROM relevo.conversation",
                      "SELECT desk.erase_customer('573001', 'x')", "SELECT desk.export_customer('573001')", "CREATE TABLE desk.mine ()",
                      "SELECT relevo.limit_login(session_user, NULL)"):
            desk.refused("42501", query)
        lab.processes[0].stop()
        lab.check(model=False)


def own_rules_only(lab, care, sales):
    """Rules by which another team's conversations would come to one's own, and canned replies: each team's are its own."""
    for team in ("care", ""):
        sales.refused("RV012", f"SELECT desk.put_team('{team}', p_overflow_to => 'sales', p_overflow_after => '0')")
    sales.ask("SELECT desk.put_team('sales', p_weight => 2)")
    lab.sql("SELECT desk.put_canned('hola', 'Hola'), desk.put_canned('pago', 'Pague aquí', p_team => 'care')")
    expect([[r["shortcut"] for r in d.ask("SELECT shortcut FROM desk.canned ORDER BY 1")] for d in (care, sales)] == [["hola", "pago"], ["hola"]],
           "canned replies of others are seen, or one's own are not")
    for mistake in ("'pago', 'Pague acá', p_team => 'sales'", "'pago', ''", "'hola', 'Qué tal', p_team => 'sales'", "'hola', ''",
                    "'nuevo', 'Nuevo', p_team => 'care'", "'nuevo', 'Nuevo'"):
        sales.refused("RV012", f"SELECT desk.put_canned({mistake})")
    sales.ask("SELECT desk.put_canned('oferta', 'Dos por uno', p_team => 'sales'), desk.put_canned('oferta', 'Tres por dos', p_team => 'sales')")
    sales.ask("SELECT desk.put_canned('nada', '')")
    expect(lab.sql("SELECT shortcut, text, team FROM relevo.canned ORDER BY 1")
           == [("hola", "Hola", None), ("oferta", "Tres por dos", "sales"), ("pago", "Pague aquí", "care")], "canned replies")
    seen = [sorted({r["name"] for r in d.ask("SELECT name FROM desk.changes WHERE what = 'canned'")}) for d in (care, sales)]
    expect(seen == [["hola", "pago"], ["hola", "oferta"]], f"changes of canned replies: {seen}")


def teams(seed):
    """a login that is limited to a team sees and touches nothing else"""
    with Lab("teams", partitions=1, logs=False) as lab, Desktop(lab) as care, Desktop(lab) as sales:
        for login, team in ((care.login, ["care"]), (sales.login, ["sales"])):
            lab.sql("SELECT relevo.limit_login(%s, %s)", login, team)
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}'), desk.put_agent('bea', 'Bea', '{care}'), desk.put_agent('sol', 'Sol', '{sales}')")
        consumer = lab.start()
        for customer, text in (("573001", "person ya"), ("573002", "hola")):
            say(lab, customer, text)
        lab.wait_caught_up()
        waiting = care.ask("SELECT conversation_id FROM desk.queue")
        expect(len(waiting) == 1 and sales.ask("SELECT 1 FROM desk.queue") == [], f"the team's own queue has {len(waiting)}")
        one = waiting[0]["conversation_id"]
        lab.sql("SELECT desk.take_over(%s, 'ana')", one)
        lab.sql("INSERT INTO relevo.send (id, part, conversation_id, lane, seq, epoch, author, state, attempt, worker, lease_until) "
                "VALUES (gen_random_uuid(), 0, %s, 0, 1, 1, 2, 1, 1, gen_random_uuid(), now())", one)
        lab.wait_caught_up()
        lab.sql("SELECT desk.tag(%s, 'ana', '{vip}')", one)
        lab.sql("SELECT desk.note(%s, 'ana', '@bea ¿lo viste?')", one)
        lab.sql("""INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, phone_number_id, customer_id, opened_ms, last_in_ms, state, forward)
                   VALUES (gen_random_uuid(), 0, 1, 4, 1, 1, %s, 'CO.573001', 0, 0, '', %s)""", NUMBER, one)
        lab.wait_caught_up()
        lab.sql("UPDATE relevo.history SET survey = 'csat', score = 5, tip = 'lead_ready' WHERE conversation_id = %s AND kind = 0", one)
        views = [view for (view,) in lab.sql("""SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'desk'::regnamespace AND c.relkind = 'v' AND a.attname = 'conversation_id' ORDER BY 1""")]
        shown = []
        for view in views:
            mine, theirs = (d.ask(f"SELECT DISTINCT conversation_id FROM desk.{view}") for d in (care, sales))
            expect(mine in ([], [{"conversation_id": one}]) and theirs == [], f"desk.{view}: care sees {mine}, sales {theirs}")
            shown += [view] if mine else []
        lacking = {"audit", "conversations", "handoffs", "history", "identities", "mentions", "sends", "surveys", "tagged", "tips"} - set(shown)
        expect(not lacking, f"of {views} care sees nothing in {lacking}")
        sales.ask("SELECT desk.seen(%s, 'bea')", one)
        expect(care.ask("SELECT agent_id FROM desk.mentions") == [{"agent_id": "bea"}], "another team's login takes a mention away")
        own_rules_only(lab, care, sales)
        expect(care.ask("SELECT cases FROM desk.report_containment()")[0]["cases"] == 1
               and sales.ask("SELECT cases FROM desk.report_containment()")[0]["cases"] == 0, "reports count what the login does not see")
        sales.refused("RV010", "SELECT desk.reply(%s, 'ana', 'hola')", one)
        sales.refused("RV010", "SELECT desk.take_over(%s, 'ana')", one)
        expect(care.call("reply", one, "ana", "hola")["done"], "the team may not answer its own")
        # A function of one's own, cheap as it says it is, must not see what the view hides.
        sales.ask("CREATE FUNCTION pg_temp.peek(uuid) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS "
                  "$$ BEGIN RAISE EXCEPTION 'saw %', $1; END $$")
        expect(sales.ask("SELECT 1 FROM desk.conversations WHERE pg_temp.peek(conversation_id)") == [], "a function saw a hidden row")
        lab.sql("SELECT relevo.limit_login(%s, NULL)", sales.login)
        expect(len(sales.ask("SELECT 1 FROM desk.conversations")) == 2, "without a limit it does not see all")
        lab.wait_caught_up()
        consumer.stop()


def changes(seed):
    """agents, their presence, teams and canned replies: who changed what, from what to what; and what put_agent refuses"""
    with Lab("changes", partitions=1, logs=False) as lab, Desktop(lab) as desk, Desktop(lab) as care:
        lab.sql("SELECT relevo.limit_login(%s, '{care}')", care.login)
        desk.call("put_agent", "ana", "Ana", ["care"])
        desk.call("put_agent", "ana", "Ana", ["care"])  # changes nothing
        desk.call("put_agent", "ana", "Ana", ["care"], ["refunds:2"], [], 3)
        desk.ask("SELECT desk.set_presence('ana', 'online', '1 hour')")
        desk.ask("SELECT desk.heartbeat('ana')")
        lab.sql("UPDATE relevo.agent SET expires_at = now() - interval '1 s'; SELECT relevo.look_after(0, 10)")
        desk.ask("SELECT desk.put_team('sales', p_rank => 'longest_idle')")
        desk.ask("SELECT desk.put_team('sales', p_rank => 'least_loaded', p_accept_within => '30 s')")
        desk.ask("SELECT desk.put_canned('hola', 'Hola, {name}')")
        desk.ask("SELECT desk.put_canned('hola', '')")
        rows = desk.ask("SELECT login, what, name, before, after, why FROM desk.changes WHERE what <> 'limit' ORDER BY at")
        expect([r["login"] == desk.login for r in rows] == [True] * 3 + [False] + [True] * 4, f"who: {rows}")
        said = [(r["what"], r["name"], r["before"], r["after"], r["why"]) for r in rows]
        ana = {"id": "ana", "name": "Ana", "teams": ["care"], "skills": [], "languages": [], "capacity": 5, "presence": "offline"}
        sales = {"team": "sales", "rank": "longest_idle", "weight": 1, "ageing": "00:15:00", "sticky": "1 day", "named_wait": "00:00:00",
                 "overflow_to": None, "overflow_after": "00:05:00", "accept_within": None, "silent_after": None, "offline_after": None}
        hola = {"shortcut": "hola", "text": "Hola, {name}", "language": None, "team": None}
        wanted = [("agent", "ana", None, ana, None),
                  ("agent", "ana", {"skills": [], "capacity": 5}, {"skills": ["refunds:2"], "capacity": 3}, None),
                  ("agent", "ana", {"presence": "offline"}, {"presence": "online"}, None),
                  ("agent", "ana", {"presence": "online"}, {"presence": "offline"}, "no heartbeat"),
                  ("team", "sales", None, sales, None),
                  ("team", "sales", {"rank": "longest_idle", "accept_within": None}, {"rank": "least_loaded", "accept_within": "00:00:30"}, None),
                  ("canned", "hola", None, hola, None), ("canned", "hola", hola, None, None)]
        expect(said == wanted, "it says\n" + "\n".join(map(str, said)) + "\nand should say\n" + "\n".join(map(str, wanted)))
        expect(len(care.ask("SELECT 1 FROM desk.changes")) == 6, "a team's desktop sees the rules of another")
        desk.refused("42501", "DELETE FROM desk.changes")
        for mistake in ("'', 'Ana'", "'ana', ''", "'ana', NULL", "'ana', 'Ana', NULL", "'ana', 'Ana', p_capacity => -1", "'ana', 'Ana', p_capacity => NULL",
                        "'ana', 'Ana', p_skills => '{refunds:12}'"):
            desk.refused("RV012", f"SELECT desk.put_agent({mistake})")
        desk.call("put_agent", "luis", "Luis", ["care"])  # asked, and does not answer
        desk.ask("SELECT desk.set_presence('luis', 'online')")
        desk.ask("SELECT desk.put_team('care', p_accept_within => '1 hour')")
        lab.sql("""INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, phone_number_id, customer_id, opened_ms, last_in_ms, state, team,
                                                    priority, offered_to, offer_epoch, offer_until)
                   VALUES (gen_random_uuid(), 0, 1, 2, 1, 1, '555', 'c', 0, 0, '', 'care', 5, 'luis', 1, now() - interval '1 s')""")
        lab.sql("SELECT relevo.look_after(0, 10)")
        (last,) = desk.ask("SELECT name, before, after, why FROM desk.changes ORDER BY at DESC LIMIT 1")
        expect(dict(last) == {"name": "luis", "before": {"presence": "online"}, "after": {"presence": "away"}, "why": "offer missed"}, f"{last}")
        lab.tool("account", "put", "eva", "--role", "supervisor", stdin=b"correct horse\n")
        lab.tool("account", "put", "eva", "--role", "admin", stdin=b"battery staple\n")
        lab.tool("account", "put", "eva", "--role", "admin", "--no-password")  # changes nothing
        lab.tool("account", "drop", "eva")
        lab.sql("SELECT relevo.limit_login(%s, '{care,sales}')", care.login)
        lab.sql("SELECT relevo.limit_login(%s, '{sales}')", care.login)
        rows = desk.ask("SELECT what, name, before, after FROM desk.changes WHERE what IN ('account', 'limit') ORDER BY at")
        eva = {"login": "eva", "role": "supervisor", "agent_id": None, "password": "***", "failures": 0}
        team = lambda name: {"login": care.login, "team": name}  # noqa: E731
        wanted = [("limit", care.login, None, team("care")), ("account", "eva", None, eva),
                  ("account", "eva", {"role": "supervisor", "password": "***"}, {"role": "admin", "password": "***"}),
                  ("account", "eva", {**eva, "role": "admin"}, None),
                  ("limit", care.login, None, team("sales")), ("limit", care.login, team("care"), None)]
        said = [tuple(r.values()) for r in rows]
        expect(said == wanted, "it says\n" + "\n".join(map(str, said)) + "\nand should say\n" + "\n".join(map(str, wanted)))
        expect(not care.ask("SELECT 1 FROM desk.changes WHERE what IN ('account', 'session', 'limit')"), "a team's desktop sees who may log in")


def examples(seed):
    """what docs/desk.md shows in psql and in Python works as it stands there, with no more rights than it says"""
    with Lab("examples", partitions=1, logs=False) as lab, Desktop(lab) as desk:
        for agent in ("lucia", "tomas"):
            desk.call("put_agent", agent, agent.title())
        consumer = lab.start()
        say(lab, "573001", "hola")
        lab.wait_caught_up()

        def shown(*words):
            done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "RELEVO_POSTGRES": desk.dsn}, timeout=PATIENCE_S)
            expect(done.returncode == 0, f"{words} fails:\n{done.stderr}")
            return done.stdout

        page = PAGE.read_text()
        lines = re.findall(r'^psql "\$RELEVO_POSTGRES" -c .*$', page, flags=re.M)
        expect(len(lines) >= 5, f"the page shows {len(lines)} lines of psql")
        said = [shown("bash", "-c", line) for line in lines]
        expect("human" in next(s for line, s in zip(lines, said) if "take_over(" in line), f"nobody took it: {said}")
        (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.S)
        told = shown(sys.executable, "-c", code)
        expect(told.strip() == "closed", f"the desktop says {told}")
        lab.wait_caught_up()
        expect(desk.ask("SELECT owner, agent_id FROM desk.conversations") == [{"owner": "closed", "agent_id": None}], "it is not closed")
        texts = [h["text"] for h in desk.ask("SELECT text FROM desk.history WHERE by = 'agent'")]
        expect("Hola Marisol, soy Tomás." in texts and "listo" in texts, f"what it wrote: {texts}")
        consumer.stop()


def documented(seed):
    """docs/desk.md names every view, column, function, argument's count and error code that there is"""
    with Lab("pages", partitions=1, logs=False) as lab:
        text = re.sub(r"```.*?```", "", PAGE.read_text(), flags=re.S)
        words = set(re.findall(r"[a-z_0-9]+|RV\d+", " ".join(re.findall(r"`([^`]+)`", text))))
        missing = []
        for view, column in lab.sql("""SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                                       WHERE c.relnamespace = 'desk'::regnamespace AND c.relkind IN ('v', 'c') ORDER BY 1, a.attnum"""):
            if f"desk.{view}" not in text:
                missing.append(f"desk.{view}")
            if column not in words:
                missing.append(f"desk.{view}.{column}")
        for function, arguments in lab.sql("""SELECT p.proname, p.proargnames FROM pg_proc p WHERE p.pronamespace = 'desk'::regnamespace"""):
            if not re.search(rf"`?\b{function}\b", text):
                missing.append(f"desk.{function}()")
            for name in arguments or ():
                if function != "outcome_of" and name.removeprefix("p_") not in words:
                    missing.append(f"desk.{function}({name})")
        codes = set()
        for path in (ROOT / "schemas" / "sql").glob("*.sql"):
            codes |= set(re.findall(r"ERRCODE = '(RV0[1-9]\d)'", path.read_text()))
        missing += [code for code in codes if code not in words]
        expect(not missing, f"docs/desk.md does not name {sorted(set(missing))}")
        expect("desk.nothing" not in text and len(words) > 100, "the page is not read")


if __name__ == "__main__":
    sys.exit(run("desk", desktop, teams, changes, examples, documented))
