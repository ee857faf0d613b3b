#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The desk's API on the real parts: who gets in, who sees and does what, who wins a race, and what is pushed.

    test_api.py [SEED]
"""
import datetime
import gzip
import json
import random
import re
import signal
import sys
import threading
import time
import urllib.parse
import uuid
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
import yaml  # noqa: E402
from jsonschema import Draft202012Validator, RefResolver  # noqa: E402
from lab import servers  # noqa: E402
from lab.desk import PASSWORD, Browser, Desk, DeskLab, FakeWhatsApp, Stream  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import PLUGINS, expect, run  # noqa: E402

NUMBER, SCRIPT = "105550001", "<script>alert('x')</script> \"&' \u202e"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
ROOT = Path(__file__).resolve().parents[2]


class Setting:
    """Customers, agents of two teams, a consumer and a desk. In a `with`."""

    def __init__(self, name, **options):
        self.lab = DeskLab(name, logs=False, partitions=3, **options)

    def __enter__(self):
        lab = self.lab.__enter__()
        try:
            lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}'), desk.put_agent('ben', 'Ben', '{care}'), "
                    "desk.put_agent('zoe', 'Zoe', '{sales}')")
            for login in ("ana", "ben", "zoe"):
                lab.account(login, "--agent", login)
            lab.account("sup", "--role", "supervisor", "--agent", "ana")
            lab.account("adm", "--role", "admin")
            lab.start()
            self.desk = Desk(lab, "desk")
            lab.processes.append(self.desk)
            self.desk.wait_ready()
        except BaseException:
            self.lab.__exit__(*sys.exc_info())
            raise
        self.said = 0
        return self

    def __exit__(self, *how):
        self.lab.__exit__(*how)

    def person(self, login=None):
        browser = Browser(self.lab.desk_port)
        if login:
            expect(browser.log_in(login) == 200, f"{login} cannot log in")
            browser.csrf = browser.get("/api/session")[1]["csrf"]
        return browser

    def customer(self, who, text, name="Eva", **more):
        """Writes, and waits until it was decided; the conversation's id."""
        self.said += 1
        key, message = f"{NUMBER}:{who}".encode(), f"wamid.{who}.{self.said}"
        event = {"kind": "message", "phone_number_id": NUMBER, "wa_id": who, "message_id": message, "type": "text", "text": text,
                 "customer_name": name, "sent_at": 1767225600000, **more}
        self.lab.produce(partition_of(key, self.lab.partitions), key, self.lab.schemas["WhatsAppEvent"].encode(event))
        self.lab.flush()
        return self.wait(f"the decision about '{text}'", lambda: self.lab.sql(
            "SELECT conversation_id::text FROM desk.history WHERE message_id = %s", message))[0][0]

    def wait(self, what, condition, seconds=60):
        until = time.monotonic() + seconds
        while not (result := condition()):
            expect(time.monotonic() < until, f"{what}: not within {seconds} s\n{self.desk.tail()}")
            time.sleep(0.05)
        return result

    def give_team(self, conversation, team):
        self.lab.sql("UPDATE relevo.conversation SET team = %s, version = version + 1 WHERE id = %s", team, conversation)


def test_log_in(seed):
    """A right password gets in, anything else does not; sessions end; a proxy is believed only when it is one."""
    with Setting("deskauth", desk={"proxy_header": "X-User", "proxy_peers": ["10.9.9.9", "127.0.0.2/31", "::1"]}) as s:
        nobody = s.person()
        for path in ("/api/session", "/api/conversations", "/api/events", "/api/configuration", "/api/reports/waits"):
            expect(nobody.get(path)[0] == 401, f"nobody may read {path}: {nobody.get(path)}")
        expect(nobody.log_in("ana", "wrong wrong") == 401, "a wrong password")
        expect(nobody.log_in("nobody at all") == 401, "an unknown login")
        expect(nobody.ask("POST", "/api/session", {"login": "ana"}, {"X-User": "ana"})[0] == 401, "a header of nobody's proxy")
        expect(nobody.log_in("ana") == 200, "the right password")
        expect("HttpOnly" in nobody.headers["Set-Cookie"] and "SameSite=Strict" in nobody.headers["Set-Cookie"], "the cookie's flags")
        status, me = nobody.get("/api/session")
        expect(status == 200 and me["agent_id"] == "ana" and me["role"] == "agent" and me["teams"] == ["care"], f"who is logged in: {me}")

        forged = s.person()
        forged.cookie = "relevo_session=" + "0" * 64
        expect(forged.get("/api/counts")[0] == 401, "a forged session")
        stored = s.lab.sql("SELECT encode(token, 'hex') FROM relevo.session")[0][0]
        forged.cookie = "relevo_session=" + stored
        expect(forged.get("/api/counts")[0] == 401, "what is stored of a session opens none")

        cookie = nobody.cookie
        expect(nobody.ask("DELETE", "/api/session")[0] == 200, "logging out")
        nobody.cookie = cookie
        expect(nobody.get("/api/counts")[0] == 401, "a session that was logged out")
        ben = s.person("ben")
        s.lab.sql("UPDATE relevo.session SET ends_at = now() - interval '1 second'")
        expect(ben.get("/api/counts")[0] == 401, "a session that is over")
        ben = s.person("ben")
        s.lab.account("ben", "--agent", "ben", password="another password")
        expect(ben.get("/api/counts")[0] == 401, "a changed password ends the session")

        for _ in range(5):
            expect(nobody.log_in("zoe", "guess guess") == 401, "a guess")
        s.lab.sql("UPDATE relevo.account SET failures = 20 WHERE login = 'zoe'")
        told, took = [], []
        for login, password in (("zoe", PASSWORD), ("zoe", "guess guess"), ("nobody at all", "guess guess")):
            began = time.monotonic()
            told.append(nobody.ask("POST", "/api/session", {"login": login, "password": password}))
            took.append(time.monotonic() - began)
        expect(told[0][0] == 401 and told[0] == told[1] == told[2], f"after five guesses an account rests, and is as one that there is not: {told}")
        expect(min(took) > 0.02 and s.lab.sql("SELECT failures FROM relevo.account WHERE login = 'zoe'") == [(20,)],
               f"each password is hashed: {took}")
        s.lab.sql("UPDATE relevo.account SET failed_at = now() - interval '10 minutes' WHERE login = 'zoe'")
        expect(nobody.log_in("zoe", PASSWORD) == 200, "and works again later")

        known, refused = s.person("ana"), []
        def guess(n):
            refused.append(s.person().log_in(f"nobody{n}"))
        guesses = [threading.Thread(target=guess, args=(n,)) for n in range(40)]
        [t.start() for t in guesses]
        expect(known.get("/api/counts")[0] == 200 and len(refused) < 20, f"who guesses holds up those who work: {len(refused)} guesses went before")
        [t.join() for t in guesses]
        expect(refused == [401] * 40, f"what guesses are told: {refused}")
        log = s.desk.log.read_text()
        expect(PASSWORD not in log and "guess" not in log, "a password is in the log")


def test_secure(seed):
    """Behind TLS, as desk.public_url says, the session never travels in the open; whatever a request says of itself"""
    forwarded = {"X-Forwarded-Proto": "https", "Forwarded": "proto=https"}
    with Setting("deskopen") as s:
        ana = s.person()
        status, said = ana.ask("POST", "/api/session", {"login": "ana", "password": PASSWORD}, forwarded)
        expect(status == 200 and "Secure" not in ana.headers["Set-Cookie"] and "Strict-Transport-Security" not in ana.headers,
               f"a desk without TLS that says it has some: {status} {dict(ana.headers)}")
    with Setting("desksecure", desk={"public_url": "https://desk.example.com/"}) as s:
        ana = s.person()
        for origin in (ana.origin, "http://desk.example.com", "https://desk.example.com.evil.example"):
            expect(ana.ask("POST", "/api/session", {"login": "ana", "password": PASSWORD}, {"Origin": origin, **forwarded})[0] == 403,
                   f"a log-in from {origin}")
        ana.origin = "https://desk.example.com"
        expect(ana.log_in("ana") == 200, "a log-in from where the desk is")
        flags = {flag.strip() for flag in ana.headers["Set-Cookie"].split(";")[1:]}
        expect({"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= flags and not any(f.startswith("Domain") for f in flags), f"the cookie: {flags}")
        for method, path, want in (("GET", "/", 200), ("GET", "/desk.js", 200), ("GET", "/api/counts", 200), ("GET", "/api/nothing", 404),
                                   ("GET", "/api/configuration", 403), ("DELETE", "/api/session", 200), ("GET", "/api/counts", 401)):
            status = ana.ask(method, path, raw=True)[0]
            expect(status == want and ana.headers["Strict-Transport-Security"] == "max-age=31536000", f"{method} {path}: {status} {dict(ana.headers)}")
            if method == "DELETE":
                expect("Secure" in ana.headers["Set-Cookie"] and "Max-Age=0" in ana.headers["Set-Cookie"], "the cookie is not taken back as it was set")


def test_crowd(seed):
    """When all come at once some are asked to come again in a moment, and all get in: each password that is hashed takes 64 MiB"""
    with Setting("deskcrowd") as s:
        busy, failed, most = [], [], 100
        def come(n):
            browser = s.person()
            for _ in range(60):
                status = browser.log_in("ana")
                if status == 200:
                    return
                if status != 503 or browser.headers["Retry-After"] != "2":
                    break
                busy.append(n)
                time.sleep(float(browser.headers["Retry-After"]))
            failed.append((n, status, dict(browser.headers)))
        crowd = [threading.Thread(target=come, args=(n,)) for n in range(most)]
        [t.start() for t in crowd]
        [t.join() for t in crowd]
        expect(not failed, f"who was not let in: {failed[:3]}")
        expect(busy, "nobody had to wait: this shows nothing")
        expect(s.lab.sql("SELECT count(*) FROM relevo.session")[0][0] == most, "each has a session")


def test_access(seed):
    """who logged in, out and in vain is in desk.changes; no password is"""
    with Setting("access") as s:
        browser = s.person("ana")
        expect(s.person().log_in("ana", "wrong horse") == 401, "a wrong password")
        expect(s.person().log_in("nobody", "wrong horse") == 401, "an unknown login")
        expect(browser.ask("DELETE", "/api/session")[0] == 200, "logging out")
        rows = s.lab.sql("SELECT what, name, before, after, why FROM desk.changes WHERE what IN ('account', 'session') AND before || after IS NOT NULL "
                         "OR what = 'session' ORDER BY at")
        told = [(what, name, sorted(before or ()), sorted(after or ()), why) for what, name, before, after, why in rows]
        session = ["began_at", "ends_at", "login"]
        expect(told == [("session", "ana", [], session, None), ("account", "ana", ["failures"], ["failures"], None),
                        ("session", "ana", session, [], None)], f"{told}")
        whole = str(s.lab.sql("SELECT before, after FROM desk.changes"))
        expect("argon2" not in whole and "csrf" not in whole, "a secret is told")


def test_proxy(seed):
    """A trusted proxy says who is there."""
    with Setting("deskproxy", desk={"proxy_header": "X-User", "proxy_peers": ["10.9.9.9", "127.0.0.0/30"]}) as s:
        browser = s.person()
        expect(browser.ask("POST", "/api/session", {}, {"X-User": "stranger"})[0] == 401, "an account that there is not")
        status, said = browser.ask("POST", "/api/session", {}, {"X-User": "zoe"})
        expect(status == 200 and browser.get("/api/session")[1]["login"] == "zoe", f"the proxy's word: {status} {said}")
        for headers, code in (({"X-User": "zoe"}, "vouched"), ({"X-User": ""}, "session"), ({}, "session")):
            said = s.person().ask("GET", "/api/session", headers=headers)
            expect(said[0] == 401 and said[1]["error"]["code"] == code, f"a page is told whether it needs a password: {headers} {said}")
        expect(browser.ask("GET", "/api/session", headers={"X-User": "zoe"})[1]["login"] == "zoe", "whoever is there still goes on")
        said = browser.ask("GET", "/api/session", headers={"X-User": "ana"})
        expect(said[0] == 401 and said[1]["error"]["code"] == "vouched", f"somebody else logged in at the proxy: {said}")
        another = s.person()
        another.cookie = browser.cookie
        status, said = another.ask("POST", "/api/session", {}, {"X-User": "ana"})
        expect(status == 200 and another.get("/api/session")[1]["login"] == "ana", f"and is themself: {status} {said}")
        s.lab.tool("account", "drop", "zoe")
        expect(browser.get("/api/counts")[0] == 401, "an account that was taken away")


def test_forged(seed):
    """What does not come from a page of ours changes nothing."""
    with Setting("deskforged") as s:
        ana, conversation = s.person("ana"), s.customer("573000000001", "hola")
        act = f"/api/conversations/{conversation}/take_over"
        for headers, why in (({"X-CSRF-Token": None}, "no token"), ({"X-CSRF-Token": "0" * 64}, "another token"),
                             ({"Origin": "https://evil.example"}, "another origin"),
                             ({"Origin": None, "Sec-Fetch-Site": "cross-site"}, "another site")):
            status, said = ana.ask("POST", act, {}, headers)
            expect(status == 403, f"{why}: {status} {said}")
        expect(s.person().ask("POST", "/api/session", {"login": "ana", "password": PASSWORD}, {"Origin": "https://evil.example"})[0] == 403,
               "a log-in from another origin")
        expect(s.lab.sql("SELECT owner FROM desk.conversations")[0][0] == "bot", "something was done nevertheless")
        for body, want in ((b"{", 400), (b"[]", 400), (b'{"epoch": "many"}', 400), (b"x" * 70000, 413)):
            expect(ana.ask("POST", act, body)[0] == want, f"the body {body[:20]}: not {want}")
        expect(ana.get("/api/conversations/no-uuid")[0] == 400, "an id that is none")
        expect(ana.get("/api/nothing")[0] == 404 and ana.ask("PUT", act, {})[0] == 405, "no such route")
        status, page = ana.ask("GET", "/", raw=True)
        expect(status == 200 and b"desk.js" in page and "script-src 'self'" in ana.headers["Content-Security-Policy"], "the page")
        etag = ana.headers["ETag"]
        expect(ana.ask("GET", "/", headers={"If-None-Match": etag}, raw=True) == (304, b"") and ana.headers["ETag"] == etag, "a page that the browser has")
        expect(ana.ask("GET", "/", headers={"If-None-Match": '"another"'}, raw=True) == (200, page), "one that changed")
        for name in ("/", "/desk.js", "/desk.css"):
            plain = ana.ask("GET", name, raw=True)[1]
            small = ana.ask("GET", name, headers={"Accept-Encoding": "gzip, deflate"}, raw=True)[1]
            expect(ana.headers["Content-Encoding"] == "gzip" and ana.headers["ETag"] != etag and gzip.decompress(small) == plain, f"{name}, compressed")
        expect(not re.search(rb"<script(?! type=\"module\" crossorigin src=)|\son\w+=|<style", page), "an inline script or style")
        expect(ana.ask("GET", "/../etc/passwd", raw=True)[0] == 404 or b"desk.js" in ana.ask("GET", "/../etc/passwd", raw=True)[1], "a file")


def test_work(seed):
    """Take over, answer, note, give back, resolve: the bot is silent in between; the loser of a race reads who won."""
    with Setting("deskwork") as s:
        ana, ben = s.person("ana"), s.person("ben")
        conversation = s.customer("573000000002", SCRIPT, name=SCRIPT)
        seen = ana.get(f"/api/conversations/{conversation}")[1]
        expect(seen["owner"] == "bot" and seen["customer_name"] == SCRIPT, f"as the customer wrote it, and nothing else: {seen}")

        answers = {}
        def take(browser, who):
            answers[who] = browser.act(conversation, "take_over", epoch=seen["epoch"])
        both = [threading.Thread(target=take, args=(b, w)) for b, w in ((ana, "ana"), (ben, "ben"))]
        [t.start() for t in both]
        [t.join() for t in both]
        won = [w for w, (status, said) in answers.items() if status == 200 and said["done"]]
        expect(len(won) == 1, f"two take it at once: {answers}")
        lost = "ben" if won == ["ana"] else "ana"
        status, said = answers[lost]
        expect(status == 409 and said["agent_id"] == won[0] and said["agent_name"] == won[0].capitalize() and said["since"],
               f"what the loser is told: {answers[lost]}")
        winner, loser = (ana, ben) if won == ["ana"] else (ben, ana)

        before = len(s.lab.sql("SELECT 1 FROM desk.history WHERE by = 'bot'"))
        s.customer("573000000002", "say something")
        status, said = winner.act(conversation, "reply", text="Hola, soy yo <b>")
        expect(status == 200 and said["done"], f"a reply: {said}")
        expect(loser.act(conversation, "reply", text="yo también")[0] == 409, "a reply of somebody else")
        expect(winner.act(conversation, "reply", text="")[0] == 422 and winner.act(conversation, "reply", text="x" * 4097)[0] == 422, "texts")
        expect(winner.act(conversation, "note", text="nota")[1]["done"], "a note")
        s.wait("the reply in the history", lambda: any(m["text"] == "Hola, soy yo <b>" and m["by"] == "agent"
                                                       for m in winner.get(f"/api/conversations/{conversation}/history")[1]))
        said_by_bot = [t for t, in s.lab.sql("SELECT source FROM desk.history WHERE by = 'bot'")]
        expect(all(x and x.startswith("notice.") for x in said_by_bot[before:]), f"the bot spoke while a person had it: {said_by_bot}")
        expect(loser.act(conversation, "return")[0] == 409, "only who has it gives it back")
        expect(winner.act(conversation, "return", purpose="follow_up", at="nonsense", message="x")[0] == 400, "a moment that is none")
        expect(winner.act(conversation, "return", purpose="follow_up", at="2099-01-01T10:00:00Z", message="¿Llegó?")[0] == 422, "too far")
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        expect(winner.act(conversation, "return", purpose="follow_up", at=soon, message="¿Llegó?")[1]["owner"] == "bot", "back with a follow-up")
        expect(s.lab.sql("SELECT follow_up_text FROM relevo.conversation WHERE follow_up_at > now()") == [("¿Llegó?",)], "it is planned")
        expect(winner.act(conversation, "take_over")[1]["done"], "and taken again")
        expect(winner.act(conversation, "return", purpose="continue")[1]["owner"] == "bot", "back to the bot")
        expect(winner.act(conversation, "take_over")[1]["done"] and winner.act(conversation, "assign", to=lost)[1]["agent_id"] == lost,
               "given to somebody else")
        expect(loser.act(conversation, "assign", to="")[1]["owner"] == "queued", "to the queue")
        expect(ana.get("/api/counts")[1]["queue"] == 1 and len(ana.get("/api/conversations", list="queue")[1]) == 1, "the queue")
        # Not to who gave it back.
        expect(winner.post("/api/presence", presence="online")[0] == 200 and ana.post("/api/presence", presence="lazy")[0] == 422, "presence")
        s.wait("the queue gives it", lambda: winner.post("/api/pull")[1]["given"] or winner.get("/api/counts")[1]["mine"])
        expect(winner.act(conversation, "resolve", note="listo")[1]["owner"] == "closed", "resolved")
        for what in ("take_over", "reply", "note", "return", "assign", "requeue", "resolve"):
            s.wait(f"who did {what}, in the audit", lambda: s.lab.sql(
                "SELECT 1 FROM desk.audit WHERE conversation_id = %s AND action = %s AND who IN ('ana', 'ben')", conversation, what))

        for i in range(100):
            s.customer("573000000002", f"ok {i}")
        page = ana.get(f"/api/conversations/{conversation}/history", limit=50)[1]
        seen, texts = [m for m in page], []
        while len(page) == 50:
            m = page[0]
            page = ana.get(f"/api/conversations/{conversation}/history", limit=50, before=f"{m['at']}|{m['lane']}|{m['seq']}|{m['part']}")[1]
            seen = page + seen
        places = [(m["lane"], m["seq"], m["part"]) for m in seen]
        texts = [m["text"] for m in seen if m["by"] == "customer"]
        expect(len(set(places)) == len(places) and texts[-100:] == [f"ok {i}" for i in range(100)], "the history page by page")
        found = ana.get("/api/conversations", list="all", search="OK 77")[1]
        expect([c["conversation_id"] for c in found] == [conversation], "found by what was said")


def test_teams(seed):
    """An agent sees and does nothing with another team's conversation, by no way; a supervisor does."""
    with Setting("deskteams") as s:
        ana, zoe, sup = s.person("ana"), s.person("zoe"), s.person("sup")
        streams = [Stream(b) for b in (ana, zoe, sup)]
        s.wait("the streams", lambda: all(x.events for x in streams))
        conversation = s.customer("573000000003", "person ventas")
        s.give_team(conversation, "sales")
        expect(zoe.get(f"/api/conversations/{conversation}")[0] == 200, "the team's own")
        s.customer("573000000003", "secreto de ventas")
        for path in ("", "/history", "/found?search=secreto"):
            status, said = ana.get(f"/api/conversations/{conversation}{path}")
            expect(status == 404 or said == [], f"another team's {path}: {status} {said}")
        for what in ("take_over", "accept", "decline", "reply", "note", "return", "resolve", "assign", "snooze", "wake", "tag", "seen"):
            expect(ana.act(conversation, what, text="x", to="ana", add="x")[0] == 404, f"{what} of another team's")
        expect(s.lab.sql("SELECT count(*) FROM relevo.command") == [(0,)], "something was done with another team's")
        for name in ("all", "queue", "people", "bot"):
            expect(not any(c["conversation_id"] == conversation for c in ana.get("/api/conversations", list=name)[1]), f"in the list {name}")
        expect(not ana.get("/api/conversations", list="all", search="secreto")[1], "found by its words")
        for path in ("/api/board", "/api/reports/waits", "/api/configuration"):
            expect(ana.get(path)[0] == 403, f"{path} is not for agents")
        expect(sup.get("/api/board")[0] == 200 and sup.get("/api/configuration")[0] == 403, "a supervisor's")
        adm = s.person("adm")
        status, text = adm.ask("GET", "/api/configuration", raw=True)
        expect(status == 200 and b"scripted" in text and b"postgresql" not in text, "the configuration, without secrets")
        expect(adm.act(conversation, "take_over")[0] == 403, "who is no agent only looks")

        def secret(stream):
            return any("secreto" in str(d) for d in stream.decisions())
        s.wait("the supervisor's stream", lambda: secret(streams[2]))
        s.wait("the team's stream", lambda: secret(streams[1]))
        expect(not secret(streams[0]), "another team's words were pushed")


def test_lists(seed):
    """Lists and counts tell what is there by every filter, and what is open without looking through all that is closed."""
    with Setting("desklists") as s:
        ana = s.person("ana")
        first, second = s.customer("573000000010", "100% de ana_b \\"), s.customer("573000000011", "nada", name="Zoé_")
        s.lab.sql("UPDATE relevo.conversation SET team = 'care', trigger = 'refund', language = 'pt', priority = 5, version = version + 1 WHERE id = %s", first)
        shown = lambda **query: [c["conversation_id"] for c in ana.get("/api/conversations", **{"list": "all", **query})[1]]  # noqa: E731
        for query in ({"team": "care"}, {"trigger": "refund"}, {"language": "pt"}, {"priority": "5"}, {"search": "100%"}, {"search": "a_b"}, {"search": "b \\"}):
            expect(shown(**query) == [first], f"{query}: {shown(**query)}")
        for query in ({"search": "0%d"}, {"search": "an_ de"}, {"team": "sales"}, {"trigger": "x"}, {"language": "fr"}, {"priority": "6"}, {"list": "queue"}):
            expect(shown(**query) == [], f"{query}: {shown(**query)}")
        expect(shown(search="é_") == [second] and set(shown(list="bot")) == {first, second} and len(shown(limit=1)) == 1, "names, the bot's, and so many")
        s.lab.sql("UPDATE relevo.conversation SET team = NULL, version = version + 1 WHERE id = %s", first)  # as all of the bot's
        expect((counts := ana.get("/api/counts")[1])["bot"] == counts["all"] == 2, f"the counts: {counts}")
        s.lab.sql("INSERT INTO relevo.conversation SELECT (x.r).* FROM (SELECT jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), "
                  "'owner', 4)) AS r FROM relevo.conversation c CROSS JOIN generate_series(1, 20000) WHERE c.id = %s OFFSET 0) x", second)
        s.lab.sql("ANALYZE relevo.conversation")
        expect(ana.act(second, "take_over")[1]["done"], "taken")
        time.sleep(2)  # for so long an answer that many ask for is given again
        counts = ana.get("/api/counts")[1]
        expect((counts["bot"], counts["mine"], counts["people"], counts["all"]) == (1, 1, 1, 2), f"what is closed counts nowhere: {counts}")
        for which in ("c.owner = 'bot'", "c.owner IN ('queued', 'human')"):
            plan = "\n".join(line for line, in s.lab.sql(f"EXPLAIN SELECT c.conversation_id, c.card FROM desk.conversations c WHERE {which}"))
            expect("conversation_open" in plan and "Seq Scan on conversation c" not in plan, f"all that is closed is looked through for {which}:\n{plan}")


def test_offers(seed):
    """Where a team is asked first, one accepts or declines; who closes the page is not there any more."""
    with Setting("deskoffers") as s:
        ana, ben = s.person("ana"), s.person("ben")
        s.lab.sql("SELECT desk.put_team('care', p_accept_within => '10 minutes')")
        s.lab.sql("SELECT desk.put_canned('hola', 'Hola {name}'), desk.put_canned('precio', 'Cuesta 5', 'es', 'sales'), "
                  "desk.put_canned('adios', 'Adiós'), desk.put_canned('adios', '')")
        expect([c["shortcut"] for c in ana.get("/api/canned")[1]] == ["hola"], "canned replies, without another team's")
        expect([c["shortcut"] for c in s.person("sup").get("/api/canned")[1]] == ["hola", "precio"], "a supervisor's")
        expect(ana.post("/api/presence", presence="online")[0] == 200, "ana is there")
        conversation = s.customer("573000000008", "person ya")
        seen = lambda who: who.get(f"/api/conversations/{conversation}")[1]  # noqa: E731
        s.wait("the offer", lambda: seen(ana)["offered_to"] == "ana")
        expect(seen(ana)["offer_ends_at"] and seen(ana)["owner"] == "queued", "an offer is no assignment")
        expect([c["conversation_id"] for c in ana.get("/api/conversations", list="mine")[1]] == [conversation], "it is among one's own")
        expect(ben.act(conversation, "accept")[0] == 409, "an offer to somebody else")
        expect(ana.act(conversation, "decline", reason="no es lo mío")[1]["done"], "declined")
        expect(ben.post("/api/presence", presence="online")[0] == 200, "ben is there")
        s.wait("the next offer", lambda: seen(ben)["offered_to"] == "ben")
        status, said = ben.act(conversation, "accept")
        expect(status == 200 and said["owner"] == "human" and said["agent_id"] == "ben", f"accepted: {said}")
        expect(ben.post("/api/heartbeat")[1] == {"presence": "online"}, "a heartbeat")
        s.lab.sql("UPDATE relevo.agent SET expires_at = clock_timestamp() - interval '1 second' WHERE id = 'ben'")
        s.wait("the lane sees it", lambda: s.lab.sql("SELECT presence FROM relevo.agent WHERE id = 'ben'")[0][0] == "offline")
        expect([a["presence"] for a in ana.get("/api/agents")[1] if a["agent_id"] == "ben"] == ["offline"], "a page that is silent")
        expect(ben.post("/api/heartbeat")[1] == {"presence": "offline"}, "a heartbeat that came too late says so")


def test_stream(seed):
    """What happens is pushed; a stream goes on where it broke off, at another desk too; what cannot be is said."""
    with Setting("deskstream") as s:
        ana = s.person("ana")
        stream = Stream(ana)
        s.wait("the first event", lambda: stream.events)
        expect(stream.events[0][0] == "hello" and stream.last, "it begins with its place")
        conversation = s.customer("573000000004", "uno")
        s.wait("a decision is pushed", lambda: any(d["kind"] == "received" for d in stream.decisions()))
        expect(all(d["conversation_id"] == conversation and d["owner"] for d in stream.decisions()), f"{stream.decisions()}")
        last = stream.last
        stream.cut()
        for i in range(20):
            s.customer("573000000004", f"ok {i}")
        other = Desk(s.lab, "desk2", RELEVO_DESK_LISTEN="127.0.0.1:0")
        s.lab.processes.append(other)
        other.wait_ready()
        port = int(re.search(r"pages on port (\d+)", other.log.read_text())[1])
        for at in (s.lab.desk_port, port):
            again = s.person("ana")
            again.port = at
            rest = Stream(again, last)
            texts = lambda: [d["message"]["text"] for d in rest.decisions() if d["kind"] == "received"]  # noqa: E731
            s.wait("what was missed", lambda: texts() and texts()[-1] == "ok 19")
            expect(texts() == [f"ok {i}" for i in range(20)], f"it goes on where it broke off: {texts()}")
            expect(not any(kind == "reset" for kind, _, _ in rest.events), "without beginning anew")
        for strange in ("nonsense", "1.2", "-5.0.0", "0.0.0.0"):
            s.wait(f"the answer to {strange}", lambda: Stream(ana, strange).events and True)
            lost = Stream(ana, strange)
            s.wait("a word", lambda: lost.events)
            expect(lost.events[0][0] == "reset", f"an id that is none of ours: {lost.events[0]}")
        mine = s.customer("573000000007", "hola")
        narrow = Stream(ana, path=f"/api/events?conversation={mine}")
        s.wait("it stands", lambda: narrow.events)
        s.customer("573000000004", "no se cuenta")
        s.customer("573000000007", "sí se cuenta")
        expect(ana.act(conversation, "take_over")[1]["done"], "taken")
        s.customer("573000000004", "lo tiene ana")
        s.wait("what is wanted", lambda: any("lo tiene ana" in str(d) for d in narrow.decisions()))
        told = str(narrow.decisions())
        expect("sí se cuenta" in told and "taken_over" in told and "no se cuenta" not in told, f"a narrow stream tells {told}")
        waiting = Stream(ana)
        s.wait("it stands", lambda: waiting.events)
        s.desk.stop(20)
        waiting.join(10)
        expect(not waiting.is_alive(), "going down ends the streams")


def test_stream_ends(seed):
    """A stream is over within seconds when its session is, at whichever desk that happened, or when its account may see something else now."""
    with Setting("deskends") as s:
        other = Desk(s.lab, "desk2", RELEVO_DESK_LISTEN="127.0.0.1:0")
        s.lab.processes.append(other)
        other.wait_ready()
        elsewhere = int(re.search(r"pages on port (\d+)", other.log.read_text())[1])

        def opened(login):
            browser = s.person(login)
            stream = Stream(browser)
            s.wait("it stands", lambda: stream.events)
            return browser, stream

        def ends(stream, why):
            stream.join(5)
            expect(not stream.is_alive(), f"a stream goes on after {why}")

        zoe, stays = opened("zoe")
        for port, why in ((s.lab.desk_port, "log-out"), (elsewhere, "log-out at another desk")):
            ana, stream = opened("ana")
            ana.port, ana.origin = port, f"http://127.0.0.1:{port}"
            expect(ana.ask("DELETE", "/api/session")[0] == 200, "logged out")
            ends(stream, why)
        for why, sql in (("the session's end", "UPDATE relevo.session SET ends_at = now() WHERE login = 'ben'"),
                         ("another role", "UPDATE relevo.account SET role = 'supervisor' WHERE login = 'ben'"),
                         ("another team", "SELECT desk.put_agent('ben', 'Ben', '{sales}')"),
                         ("the end of its account", "DELETE FROM relevo.account WHERE login = 'ben'")):
            ben, stream = opened("ben")
            s.lab.sql(sql)
            ends(stream, why)
            if why in ("another role", "another team"):
                again = Stream(ben, stream.last)
                s.customer("573000000008", f"after {why}")
                s.wait("it goes on where it ended", lambda: f"after {why}" in str(again.decisions()))
            else:
                expect(Stream(ben).status == 401, f"a new stream after {why}")
        s.lab.sql("SELECT desk.put_agent('zoe', 'Zoë', '{sales}', p_capacity => 3)")  # what changes nothing that is seen
        time.sleep(2.5)
        expect(stays.is_alive(), "a stream ended with others' sessions")


def test_shared(seed):
    """What many ask for is asked of Postgres once: for all who see the same, and for nobody else; and not for longer than it may."""
    with Setting("deskshared") as s:
        people = {login: s.person(login) for login in ("ana", "ben", "zoe", "sup")}
        streams = [Stream(b) for b in people.values()]
        s.wait("the streams", lambda: all(x.events for x in streams))
        conversation = s.customer("573000000013", "person ventas")
        s.wait("the handoff", lambda: people["sup"].get(f"/api/conversations/{conversation}")[1]["owner"] == "queued")
        s.give_team(conversation, "sales")
        time.sleep(2)
        for order in (("zoe", "ana", "sup", "ben"), ("ben", "sup", "zoe", "ana")):  # each gets their own, whoever asked before
            for login in order:
                queue = [c["conversation_id"] for c in people[login].get("/api/conversations", list="queue")[1]]
                counts = people[login].get("/api/counts")[1]
                expect((conversation in queue, counts["queue"]) == ((True, 1) if login in ("zoe", "sup") else (False, 0)), f"{login}: {queue} {counts}")
        expect(people["zoe"].act(conversation, "take_over")[1]["done"], "taken")
        time.sleep(2)
        expect(people["ana"].get("/api/counts")[1]["people"] == 0 and people["zoe"].get("/api/counts")[1]["mine"] == 1, "two seconds later it is known")
        expect(people["ana"].get("/api/counts")[0] == 200, "asked just now")
        s.lab.sql_server(f'ALTER DATABASE "{s.lab.database}" ALLOW_CONNECTIONS false')
        s.lab.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'relevo desk'")
        expect(people["ben"].get("/api/counts")[0] == 200, "without Postgres: what somebody of the same team was told")
        expect(people["ben"].get("/api/conversations", list="mine")[0] == 503, "one's own is asked for")
        time.sleep(2)
        expect(people["ben"].get("/api/counts")[0] == 503, "and no longer than it may")
        s.lab.sql_server(f'ALTER DATABASE "{s.lab.database}" ALLOW_CONNECTIONS true')


def test_queues(seed):
    """The queue is asked for once for everybody, and each is told what they see, in the right order, whatever their teams are called and however long it is."""
    teams = [None, "care", "sales", "Atenção \"VIP\"", "a\tb\nc\\", "sale", "no es de nadie"]
    rng = random.Random(seed)
    with Setting("deskqueues") as s:
        first = s.customer("573000000014", "hola")
        s.lab.sql("SELECT desk.put_agent('zoe', 'Zoe', %s), desk.put_agent('ben', 'Ben', %s)", teams[2:5], [f"team {i}" for i in range(100)] + ["sale"])
        people = {login: s.person(login) for login in ("ana", "ben", "zoe", "sup")}
        expect((empty := people["ana"].get("/api/conversations", list="queue"))[1] == [], f"nobody waits: {empty}")
        for _ in range(400):
            s.lab.sql("INSERT INTO relevo.conversation SELECT (jsonb_populate_record(c, %s::jsonb || jsonb_build_object('id', gen_random_uuid()))).* "
                      "FROM relevo.conversation c WHERE c.id = %s", json.dumps({"owner": 2, "team": rng.choice(teams), "priority": rng.randrange(3),
                      "owner_since": 1767225600000 + rng.randrange(10**9), "agent_id": None}), first)
        time.sleep(2)
        sees = {"ana": ["care"], "ben": ["sale"], "zoe": teams[2:5], "sup": teams[1:]}
        for login, person in people.items():
            theirs = [(str(i), since) for i, since in s.lab.sql(
                "SELECT conversation_id, owner_since FROM desk.conversations WHERE owner = 'queued' AND (team IS NULL OR team = ANY (%s)) "
                "ORDER BY priority DESC, owner_since", sees[login])]
            for query in ({}, {"limit": "7"}, {"limit": "50"}, {"limit": "500"}, {"priority": "0"}):
                queue = [c["conversation_id"] for c in person.get("/api/conversations", list="queue", **query)[1]]
                expect(len(theirs) > 60 and queue == [i for i, _ in theirs][:int(query.get("limit", 50))], f"{login} {query}: {queue} of {theirs}")
            counts = person.get("/api/counts")[1]
            oldest = datetime.datetime.fromisoformat(counts["oldest"])
            expect((counts["queue"], counts["bot"], counts["all"], oldest) == (len(theirs), 1, len(theirs) + 1, min(since for _, since in theirs)),
                   f"{login}: {counts} of {theirs}")


def test_lately(seed):
    """The latest of all are found at the lanes' ends, none of them is left out, and where these do not reach all are looked through."""
    rng = random.Random(seed)
    with Setting("desklately") as s:
        adm = s.person("adm")
        for i in range(150):
            s.customer(f"57300001{rng.randrange(70):04}", rng.choice(["hola", "person ventas", "gracias"]))
        times = dict(s.lab.sql("SELECT conversation_id, last_message_at FROM desk.conversations"))
        truth = [str(i) for i in sorted(times, key=times.get, reverse=True)]
        for entries in (3, 10, 30, 10000):
            late = {i for i, in s.lab.sql("SELECT relevo.lately(%s)", entries)}
            newest = max((times[i] for i in times if i not in late), default=min(times.values()))
            expect(all(times[i] >= newest for i in late), f"with {entries} entries one is left out of {len(late)}")
            expect(len(late) > entries / 4 or len(late) == len(times), f"with {entries} entries only {len(late)} are found")
        for limit in (5, 50, 500):
            shown = [c["conversation_id"] for c in adm.get("/api/conversations", list="all", limit=limit)[1]]
            expect(shown == truth[:limit], f"the first {limit}: {shown}, not {truth}")
        s.lab.sql("UPDATE relevo.conversation SET trigger = 'refund', version = version + 1 WHERE id = %s", truth[-1])
        s.lab.sql("DELETE FROM relevo.history WHERE conversation_id = %s", truth[-1])
        expect([c["conversation_id"] for c in adm.get("/api/conversations", list="all", trigger="refund")[1]] == truth[-1:], "one whose history is gone is found")


def test_refusals(seed):
    """Every code that the desk refuses with has words in the page, which has all words in three languages (or it does not compile)."""
    room = Path(__file__).resolve().parents[2] / "core/desk"
    codes = {code for source in room.glob("*.c") for code in re.findall(r'rlv_request_fail\(request,\s*MHD_HTTP_\w+,\s*"(\w+)"', source.read_text())}
    expect({"invalid", "not_found", "no_such_agent"} < codes and len(codes) > 20, f"only {sorted(codes)} were found")
    for code in codes - {"method", "vouched"}:  # which the page never shows: its requests are of the right method, and it logs in then
        n = len(re.findall(rf"^    error_{code}: .", (room / "page/src/words.ts").read_text(), re.M))
        expect(n == 3, f"a refusal with '{code}' has words in {n} languages")


def test_away(seed):
    """A lost connection is nobody's error; without Postgres there is a clear answer, and afterwards everything goes on."""
    with Setting("deskaway") as s:
        ana = s.person("ana")
        expect(ana.get("/api/counts")[0] == 200, "before")
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'relevo desk' AND datname = %s"
        for _ in range(5):
            s.lab.sql(cut, s.lab.database)
            time.sleep(0.1)
            expect(ana.get("/api/counts")[0] == 200, "a connection that was cut while it was idle")
        s.lab.sql_server(f'ALTER DATABASE "{s.lab.database}" ALLOW_CONNECTIONS false')
        s.lab.sql(cut, s.lab.database)
        time.sleep(0.1)
        status, said = ana.get("/api/counts")
        expect(status == 503 and said["error"]["code"] == "away", f"Postgres is away: {status} {said}")
        expect(s.desk.get("/readyz")[0] == 503 and s.desk.get("/healthz")[0] == 200, "ready and alive")
        s.lab.sql_server(f'ALTER DATABASE "{s.lab.database}" ALLOW_CONNECTIONS true')
        s.wait("Postgres is back", lambda: ana.get("/api/counts")[0] == 200)
        expect(s.desk.get("/readyz")[0] == 200, "ready again")


def test_kafka_away(seed):
    """Without Kafka the lists and what people do go on; streams are told that nothing is pushed, and afterwards what was decided: nothing is missed."""
    kafka = servers.Kafka()
    try:
        kafka.start()
        s = Setting("deskpaused")
        s.lab.kafka = kafka.address()
        with s:
            ana = s.person("ana")
            conversation = s.customer("573000000011", "uno")
            stream = Stream(ana)
            kinds = lambda of: [kind for kind, _, _ in of.events if kind not in ("pulse", "message")]  # noqa: E731
            live = lambda: re.search(r"^relevo_desk_live (\d)$", s.desk.get("/metrics")[1], re.M)[1]  # noqa: E731
            s.wait("it begins", lambda: stream.events)
            time.sleep(5)  # nothing happens, and Kafka is asked
            expect(kinds(stream) == ["hello"] and live() == "1", f"it is quiet, not away: {stream.events}")
            for n, (away, back) in enumerate(((kafka.pause, kafka.resume), (kafka.kill, kafka.start)), 1):
                away()
                try:
                    s.wait("the stream is told", lambda: kinds(stream) == ["hello"] + ["paused", "live"] * (n - 1) + ["paused"], 60)
                    status, why = s.desk.get("/readyz")
                    expect(status == 200 and "without live updates" in why and live() == "0", f"ready, and it says so: {status} {why}")
                    rows = ana.get("/api/conversations", list="all")
                    expect(rows[0] == 200 and [c["conversation_id"] for c in rows[1]] == [conversation], f"the list: {rows}")
                    late = Stream(ana, stream.last)
                    s.wait("a page that comes meanwhile", lambda: kinds(late) == ["paused"])
                    told = len(stream.decisions())
                    outcome = ana.act(conversation, "take_over" if n == 1 else "resolve")
                    expect(outcome[0] == 200 and outcome[1]["done"], f"what a person does is done: {outcome}")
                    expect(len(stream.decisions()) == told, "nothing is pushed meanwhile")
                finally:
                    back()
                what = "taken_over" if n == 1 else "closed"
                for each in (stream, late):
                    s.wait("it goes on", lambda: kinds(each)[-1] == "live" and any(d["kind"] == what for d in each.decisions()), 90)
                s.wait("ready as before", lambda: s.desk.get("/readyz")[1].strip().endswith("serving pages") and live() == "1")
                late.cut()
            s.customer("573000000011", "dos")
            s.wait("what comes afterwards", lambda: any((d.get("message") or {}).get("text") == "dos" for d in stream.decisions()))
            expect("reset" not in kinds(stream), "nothing was missed")
    finally:
        kafka.remove()


def test_looks(seed):
    """Whoever looks at what is not theirs, or searches, is in desk.changes: who, what and when, once; what a customer is called is not"""
    with Setting("desklooks") as s:
        s.lab.account("sup2", "--role", "supervisor")
        ana, ben, sup, nobody = s.person("ana"), s.person("ben"), s.person("sup2"), s.person()
        looks = lambda: s.lab.sql("SELECT what, name, before, after ->> 'conversation_id' FROM desk.changes WHERE what IN ('look', 'search') ORDER BY at")  # noqa: E731
        conversation = s.customer("573000000012", "person ya", name="Remedios")
        read = [f"/api/conversations/{conversation}", f"/api/conversations/{conversation}/history"]
        for who in (ana, sup):
            expect(all(who.get(path)[0] == 200 for path in read), "it waits, and is everybody's to look at")
        expect(nobody.get(read[0])[0] == 401 and s.person("zoe").get("/api/counts")[0] == 200 and not looks(), f"nobody looked at anything: {looks()}")
        expect(ana.act(conversation, "take_over")[1]["done"], "taken")
        expect(ana.get(read[0])[0] == 200 and not looks(), "one's own")
        s.lab.sql("UPDATE relevo.conversation SET team = 'care', version = version + 1 WHERE id = %s", conversation)
        expect(s.person("zoe").get(read[0])[0] == 404 and not looks(), "who was shown nothing did not look")
        for _ in range(3):
            for path in read:
                expect(ben.get(path)[0] == 200, "a colleague's, of the same team")
        time.sleep(0.1)
        # It was judged a moment ago, when it waited: the next look of this supervisor counts when that is forgotten, at another desk at once.
        other = Desk(s.lab, "desk2", RELEVO_DESK_LISTEN="127.0.0.1:0")
        s.lab.processes.append(other)
        other.wait_ready()
        sup.port = int(re.search(r"pages on port (\d+)", other.log.read_text())[1])
        expect(sup.get(read[1])[0] == 200, "a supervisor listens in")
        expect(looks() == [("look", "ben", None, conversation), ("look", "sup2", None, conversation)], f"{looks()}")
        expect(ana.act(conversation, "resolve")[1]["done"], "resolved")
        ana.port = sup.port
        expect(ana.get(read[0])[0] == 200 and len(looks()) == 2, "who had it last may look back")
        for _ in range(2):
            for search in ("Remedios", "otra cosa"):
                expect(ben.get("/api/conversations", list="queue", search=search)[0] == 200, "a search")
        expect(looks()[2:] == [("search", "ben", None, None)], f"{looks()}")
        expect("Remedios" not in str(s.lab.sql("SELECT * FROM relevo.changed")), "what was searched for is kept")
        s.lab.sql("UPDATE relevo.changed SET at = at - interval '16 minutes' WHERE what IN ('look', 'search')")
        late = s.person("ben")
        late.port = sup.port
        expect(late.get(read[0])[0] == 200 and len(looks()) == 4, f"a quarter of an hour later it is another look: {looks()}")
        s.lab.sql("REVOKE EXECUTE ON FUNCTION relevo.note_look FROM relevo_page; ALTER FUNCTION relevo.note_look RENAME TO gone")
        status, said = s.person("sup").get("/api/conversations", list="all", search="hola")
        expect(status == 500 and "Remedios" not in str(said), f"what cannot be noted is not shown: {status} {said}")


def test_running(seed):
    """An admin sees what the file says, and whether that is what runs; a file with mistakes is told as one"""
    with Setting("deskrunning") as s:
        adm, consume = s.person("adm"), s.lab.processes[0]
        expect(s.person("sup").get("/api/running")[0] == 403, "a supervisor")
        def running():
            status, said = adm.get("/api/running")
            expect(status == 200, f"/api/running: {status} {said}")
            return said
        said = running()
        expect(said["decided"] == [] and not said["mistakes"] and said["file"] == str(s.lab.config) and re.fullmatch("[0-9a-f]{16}", said["config"]), f"{said}")
        for who in range(6):
            s.customer(f"5730000001{who:02}", "hola")
        said = running()
        expect([d["config"] for d in said["decided"]] == [said["config"]] and 1 <= said["decided"][0]["lanes"] <= 3, f"as it runs: {said}")
        before = said["config"]
        good = s.lab.config.read_text()
        config = yaml.safe_load(good)
        config["policy"]["triggers"] = [{"trigger": "scripted", "threshold": 0.7, "priority": 4}]
        s.lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))
        said = running()
        after = said["config"]
        expect(after != before and [d["config"] for d in said["decided"]] == [before], f"a file that nobody read yet: {said}")
        expect([(t["trigger"], t["threshold"]) for t in adm.get("/api/triggers")[1]] == [("scripted", 0.7)], "its triggers are those of the file, as all of it")
        expect("0.7" in adm.ask("GET", "/api/configuration", raw=True)[1].decode(), "which is shown")
        consume.child.send_signal(signal.SIGHUP)
        s.customer("573000000100", "hola")
        s.wait("it is in force", lambda: s.customer("573000000100", "hola") and running()["decided"][0]["config"] == after)
        said = running()
        expect({d["config"] for d in said["decided"]} <= {before, after} and said["decided"][0]["at"] == max(d["at"] for d in said["decided"]), f"the latest first: {said}")
        s.lab.config.write_text(good.replace("consume:", "konsume:", 1))
        said = running()
        expect(said["config"] is None and any("konsume" in m for m in said["mistakes"]), f"a mistake: {said}")
        status, said = adm.get("/api/triggers")
        expect(status == 500 and said["error"]["code"] == "configuration" and "konsume" in said["error"]["message"], f"and its triggers: {status} {said}")


def test_document(seed):
    """The OpenAPI document says what every route answers: when all is well, to nobody, to whoever may not, and to what is no request."""
    whatsapp = FakeWhatsApp()
    whatsapp.files = {"1": ("image/png", PNG)}
    with Setting("deskdoc", desk={"templates": [{"name": "listo", "language": "es", "text": "Hola {{1}}"}]},
                 deliver={"api_url": f"http://127.0.0.1:{whatsapp.port}", "api_private": True, "token": "the token"},
                 plugins=[{"name": "scripted", "path": str(PLUGINS.parent / "tests" / "plugins" / "scripted.so")},
                          {"name": "responder", "options": {"kb": str(ROOT / "docs/examples/cafe_andino/kb")}},
                          {"name": "sentiment", "path": "triggers/sentiment.so"}],
                 policy={"triggers": [{"trigger": "sentiment", "threshold": 0.8, "observe": True}]}) as s:
        s.lab.sql("SELECT desk.put_team('care', p_accept_within => '10 minutes'), desk.put_canned('hola', 'Hola')")
        ana, ben, sup, adm, nobody = (s.person(login) for login in ("ana", "ben", "sup", "adm", None))
        document = nobody.get("/api/openapi.json")[1]
        resolver = RefResolver.from_schema(document)
        asked = set()

        def ask(browser, want, method, path, body=None, where=None, headers=(), **query):
            """Asks, and holds the answer against the document. What was said, as JSON."""
            operation = document["paths"][path][method.lower()]
            url = path.replace("{id}", where or conversation) + ("?" + urllib.parse.urlencode(query) if query else "")
            status, text = browser.ask(method, url, body, headers, raw=True)
            expect(status == want, f"{method} {url} answers {status} instead of {want}: {text[:300]}")
            said = operation["responses"].get(str(status))
            expect(said is not None, f"{method} {path} answers {status}, of which the document knows nothing: {text[:300]}")
            (kind, content), = (resolver.resolve(said["$ref"])[1] if "$ref" in said else said)["content"].items()
            got = browser.headers["Content-Type"].split(";")[0]
            expect(kind in (got, "*/*"), f"{method} {path} answers {got}")
            if want == 200:
                asked.add((method.lower(), path))
            if kind != "application/json":
                return text
            mistakes = [e.message for e in Draft202012Validator(content["schema"], resolver=resolver).iter_errors(json.loads(text))]
            expect(not mistakes, f"{method} {path}, {status}, answers otherwise than the document says: {mistakes[:3]}")
            return json.loads(text)

        C = "/api/conversations/{id}"
        bodies = {"/api/session": {"login": "zoe", "password": PASSWORD}, "/api/presence": {"presence": "online"}, "/api/ask": {"question": "¿hacen envíos?"},
                  f"{C}/reply": {"text": "hola"}, f"{C}/note": {"text": "n"}, f"{C}/tag": {"add": "vip"}, f"{C}/return": {"purpose": "continue"},
                  f"{C}/assign": {"to": "ben"}, f"{C}/template": {"name": "listo", "language": "es", "parameters": ["Eva"]}, f"{C}/media": PNG}
        queries = {f"{C}/found": {"search": "hola"}, f"{C}/media": {"media": "1", "name": "a.png"}}
        do = lambda path, browser=sup, want=200, **more: ask(browser, want, "POST", path, bodies.get(path, {}), **queries.get(path, {}), **more)  # noqa: E731
        offered = lambda: sup.get(f"/api/conversations/{conversation}")[1]["offered_to"] == "ana"  # noqa: E731

        conversation = s.customer("573000000006", "hola")
        do("/api/presence")
        s.customer("573000000006", "person ya")
        s.wait("the offer", offered)
        do(f"{C}/decline")
        do(f"{C}/assign")
        who = "573000000005"
        s.customer(who, "hola")
        s.customer(who, "", type="image", media_id="1", mime_type="image/png", raw="{}")
        conversation = s.customer(who, "person ya")
        s.wait("the offer", offered)
        for path in ("accept", "reply", "note", "tag", "template", "media", "snooze", "wake", "seen"):
            do(f"{C}/{path}")
        for path in ("reply", "resolve", "return", "accept", "decline", "snooze", "template", "media"):
            expect(do(f"{C}/{path}", ben, 409)["agent_id"] == "ana", "whoever has not got it reads who has")
        for path in ("/api/pull", "/api/heartbeat", "/api/ask"):
            do(path)
        s.wait("the conversation is written down", lambda: len(sup.get(f"/api/conversations/{conversation}/history")[1]) > 5)
        gets = [path for path, operations in document["paths"].items() if "get" in operations and path != "/api/events"]  # the stream: other tests
        for path in gets:
            said = ask(adm if path in ("/api/configuration", "/api/triggers", "/api/running") else sup, 200, "GET", path, **queries.get(path, {}))
            filled = not path.startswith("/api/reports/") or path.endswith(("triggers", "answers", "agents"))
            expect(said or not filled, f"GET {path} has nothing to hold against the document")
        for path in ("return", "take_over", "resolve"):
            do(f"{C}/{path}")
        do("/api/session", s.person())
        ask(s.person("zoe"), 200, "DELETE", "/api/session")

        refused = 0
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                answers, body = operation["responses"], bodies.get(path, {}) if method == "post" else None
                if path in ("/api/events", "/api/openapi.json"):
                    continue
                ask(nobody, 401, method.upper(), path, {} if path == "/api/session" and body else body)
                if "403" in answers and method == "get":
                    ask(ana, 403, "GET", path)
                if "403" in answers and method != "get":
                    ask(ana if path != "/api/session" else nobody, 403 if path != "/api/session" or method == "post" else 401, method.upper(), path, body,
                        headers={"Origin": "https://evil.example"})
                if "404" in answers:
                    ask(sup, 404, method.upper(), path, body, where=str(uuid.UUID(int=1)), **queries.get(path, {}))
                if "400" in answers and "{id}" in path:
                    ask(sup, 400, method.upper(), path, body, where="no-uuid", **queries.get(path, {}))
                elif "400" in answers and method == "post":
                    ask(sup if path != "/api/session" else nobody, 400, "POST", path, b"{")
                elif "400" in answers:
                    ask(sup, 400, "GET", path, **{operation["parameters"][-1]["name"]: "many"})
                if method == "post":
                    ask(sup if path != "/api/session" else nobody, 413, "POST", path, bytes(17 << 20) if path == f"{C}/media" else b"x" * 70000)
                refused += 1
        every = {(method, path) for path, operations in document["paths"].items() for method in operations} - {("get", "/api/events")}
        expect(asked == every and refused > 40, f"never seen to be done: {every - asked}")
        # And the other way round: no route that the document does not know.
        source = (ROOT / "core/desk/routes.c").read_text()
        routes = set(re.findall(r'"(/api/[a-z_{}/.]+)"', source)) - {"/api/reports/"} | {f"/api/reports/{name}" for name in re.findall(r'REPORT\("(\w+)"', source)}
        expect(len(routes) > 40, f"only {len(routes)} routes were found")
        expect(routes <= set(document["paths"]), f"not in the document: {routes - set(document['paths'])}")


if __name__ == "__main__":
    sys.exit(run("desk", test_log_in, test_secure, test_crowd, test_access, test_proxy, test_forged, test_work, test_teams, test_lists, test_offers, test_stream, test_stream_ends, test_shared, test_queues, test_lately, test_refusals, test_away, test_kafka_away, test_looks, test_running, test_document))
