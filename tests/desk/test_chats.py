#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Working on forty chats by the desk's API: put aside and come back, tags, colleagues asked in notes, what messages are besides their words,
searching one conversation, the supervisor's board, triggers that only watch, and the knowledge base.

    test_chats.py [SEED]
"""
import json
import sys
import threading
import time
import urllib.parse
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]
from lab.desk import FakeWhatsApp  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import PLUGINS, expect, run  # noqa: E402
from test_api import NUMBER, SCRIPT, Setting  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
KB = ROOT / "docs/examples/cafe_andino/kb"


def write(s, who, **event):
    """A customer's message of any kind; waits until it was decided."""
    s.said += 1
    key, message = f"{NUMBER}:{who}".encode(), f"wamid.{who}.{s.said}"
    event = {"kind": "message", "phone_number_id": NUMBER, "wa_id": who, "message_id": message, "customer_name": "Eva",
             "sent_at": 1767225600000, **event}
    s.lab.produce(partition_of(key, s.lab.partitions), key, s.lab.schemas["WhatsAppEvent"].encode(event))
    s.lab.flush()
    s.wait(f"the decision about {event}", lambda: s.lab.sql("SELECT 1 FROM desk.history WHERE message_id = %s", message))
    return message


def ids(browser, name, **more):
    return [c["conversation_id"] for c in browser.get("/api/conversations", list=name, **more)[1]]


def after(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_snooze(seed):
    """What is put aside is away until its time, or until the customer writes, whatever runs or does not; and takes no place meanwhile."""
    with Setting("desksnooze") as s:
        ana, ben = s.person("ana"), s.person("ben")
        first, second = s.customer("573100000001", "hola"), s.customer("573100000002", "hola")
        seen = lambda c: ana.get(f"/api/conversations/{c}")[1]  # noqa: E731
        load = lambda: [a["load"] for a in ana.get("/api/agents")[1] if a["agent_id"] == "ana"][0]  # noqa: E731
        expect(ana.act(first, "snooze")[0] == 409, "only one's own is put aside")
        for c in (first, second):
            expect(ana.act(c, "take_over")[1]["done"], "taken")
        expect(load() == 2, "two places are taken")
        expect(ben.act(first, "snooze")[0] == 409, "not somebody else's")
        for until, want in ((after(-60), 422), (after(400 * 86400), 422), ("mañana", 400)):
            expect(ana.act(first, "snooze", until=until)[0] == want, f"until {until}: not {want}")
        expect(ana.act(first, "snooze", until=after(3600))[1]["done"] and ana.act(second, "snooze")[1]["done"], "put aside")
        expect(sorted(ids(ana, "snoozed")) == sorted([first, second]) and not ids(ana, "mine"), "away from one's own, and to be found")
        s.wait("the counts", lambda: [ana.get("/api/counts")[1][name] for name in ("mine", "snoozed")] == [0, 2])
        s.wait("they take no place", lambda: load() == 0)
        expect(seen(second)["snoozed_until"] == "infinity" and seen(first)["snoozed_until"] > after(3000), "until when")
        notes = s.wait("the notes in the history", lambda: [m["text"] for m in ana.get(f"/api/conversations/{second}/history")[1]
                                                          if m["what"] == "note"])
        expect(notes == ["snoozed until the customer writes"], f"the history tells of it: {notes}")

        s.desk.stop(30)  # nothing has to run for it to end
        s.desk.start()
        s.desk.wait_ready()
        ana = s.person("ana")
        expect(len(ids(ana, "snoozed")) == 2, "it survives a restart")
        s.customer("573100000002", "sigo aquí")
        expect(ids(ana, "mine") == [second] and ids(ana, "snoozed") == [first], "the customer's next message brings it back")
        expect(seen(second)["waiting_since"], "and waits for an answer")
        s.lab.sql("UPDATE relevo.conversation SET snoozed_until = clock_timestamp() WHERE id = %s", first)
        expect(sorted(ids(ana, "mine")) == sorted([first, second]), "its time brings it back")
        expect(ana.act(first, "snooze", until=after(3600))[1]["done"] and ana.act(first, "wake")[1]["done"], "and one's own hand")
        expect(first in ids(ana, "mine") and ana.act(first, "wake")[1]["why"] == "it is not snoozed", "woken once")
        expect(ana.act(first, "snooze", until=after(3600))[1]["done"] and ana.act(first, "assign", to="ben")[1]["done"], "given away")
        expect(ids(ben, "mine") == [first] and not ids(ben, "snoozed"), "a change of its owner ends it")


def test_tags(seed):
    """Tags are put on, taken off, looked for, kept to the team; they are told in the history."""
    with Setting("desktags") as s:
        ana, zoe = s.person("ana"), s.person("zoe")
        first, second = s.customer("573110000001", "hola"), s.customer("573110000002", "person ventas")
        expect(ana.act(first, "tag", add=" VIP ,queja")[1]["done"], "tagged")
        expect(ana.get(f"/api/conversations/{first}")[1]["tags"] == ["queja", "vip"], "small letters, no blanks around, in order")
        expect(ana.act(first, "tag", add="vip")[1]["why"] == "nothing changed", "twice is once")
        expect(ana.act(first, "tag", add=SCRIPT[:30], remove="queja")[1]["done"], "any text is a tag")
        expect(sorted(ana.get("/api/tags")[1]) == sorted(["vip", SCRIPT[:30]]), f"all tags: {ana.get('/api/tags')[1]}")
        expect(ids(ana, "all", tag="vip") == [first] and not ids(ana, "all", tag="queja"), "the list by tag")
        for add, want in (("x" * 41, 422), ("a\nb", 422), (",".join(f"t{i}" for i in range(30)), 422)):
            expect(ana.act(first, "tag", add=add)[0] == want, f"the tag {add[:50]!r}: not {want}")
        told = s.wait("the history", lambda: [m["text"] for m in ana.get(f"/api/conversations/{first}/history")[1] if m["what"] == "note"])
        s.wait("both notes", lambda: len(s.lab.sql("SELECT 1 FROM desk.history WHERE conversation_id = %s AND what = 'note'", first)) == 2)
        expect(told[0] == "tags: +queja, +vip", f"what the history tells: {told}")
        s.give_team(second, "sales")
        expect(zoe.act(second, "tag", add="secreto")[1]["done"] and ana.act(second, "tag", add="x")[0] == 404, "another team's")
        expect("secreto" not in ana.get("/api/tags")[1] and "secreto" in zoe.get("/api/tags")[1], "nor are its tags told")
        expect(not ids(ana, "all", tag="secreto"), "nor found by")


def test_mentions(seed):
    """Who is asked in a note finds it until they have looked; not what another team's is."""
    with Setting("deskmentions") as s:
        ana, ben, zoe = s.person("ana"), s.person("ben"), s.person("zoe")
        conversation = s.customer("573120000001", "person ya")
        s.give_team(conversation, "care")
        asked = lambda who: (who.get("/api/counts")[1]["mentions"], ids(who, "mentions"))  # noqa: E731
        expect(ana.act(conversation, "note", text="ana@ben.example no pregunta a @nadie ni a sí misma: @ana")[1]["done"], "a note")
        expect(asked(ben) == (0, []) and asked(ana) == (0, []), "no one was asked")
        expect(ana.act(conversation, "note", text="¿lo ves tú, @ben? y @zoe.")[1]["done"], "a note that asks")
        s.wait("ben is asked", lambda: asked(ben) == (1, [conversation]))
        expect(asked(zoe) == (0, []), "zoe does not see the conversation, and is told nothing of it")
        expect(ana.act(conversation, "note", text="@ben, de nuevo")[1]["done"], "asked again")
        time.sleep(2)  # for so long a count is given again
        expect(asked(ben) == (1, [conversation]), "once is enough")
        expect(zoe.act(conversation, "seen")[0] == 404 and ben.act(conversation, "seen")[0] == 200, "ben looks")
        s.wait("and is asked no more", lambda: asked(ben) == (0, []))


def test_messages(seed):
    """What a message is besides its words is told as it was written; answers quote; one conversation is searched; all of it is forgotten."""
    with Setting("deskmessages") as s:
        ana, zoe = s.person("ana"), s.person("zoe")
        who = "573130000001"
        conversation = s.customer(who, "hola")
        text = write(s, who, type="text", text="100% seguro, a_b \\ c")
        image = write(s, who, type="image", text=SCRIPT, media_id="4711", mime_type="image/jpeg", context_id=text)
        write(s, who, type="document", media_id="4712", mime_type="application/pdf", text="factura",
              raw='{"type": "document", "document": {"id": "4712", "filename": "' + "../../x\\\"<b>.pdf" + '"}}')
        write(s, who, type="location", text="Casa", raw='{"type": "location", "location": {"latitude": 4.6, "longitude": -74.1, '
              '"name": "Casa", "address": "Calle 1"}}')
        write(s, who, type="contacts", text="Luis", raw='{"contacts": [{"name": {"formatted_name": "Luis"}, "phones": [{"phone": "+57 300"}]}]}')
        write(s, who, type="reaction", text="👍", context_id=image)
        write(s, who, type="interactive", text="Sí", reply_id="yes")
        write(s, who, type="audio", media_id="4713", mime_type="audio/ogg", raw="{this is no JSON")
        said = {m["type"]: m for m in ana.get(f"/api/conversations/{conversation}/history")[1] if m["by"] == "customer"}
        expect(said["text"]["extra"] is None, "a text is nothing else")
        expect(said["image"]["extra"] == {"context_id": text, "media_id": "4711", "mime_type": "image/jpeg"} and said["image"]["text"] == SCRIPT,
               f"a picture: {said['image']}")
        expect(said["document"]["extra"]["filename"] == '../../x"<b>.pdf', f"a document: {said['document']}")
        expect(said["location"]["extra"]["location"] == {"latitude": 4.6, "longitude": -74.1, "name": "Casa", "address": "Calle 1"}, "a place")
        expect(said["contacts"]["extra"] == {"numbers": ["+57 300"]}, f"a contact: {said['contacts']}")
        expect(said["reaction"]["extra"] == {"context_id": image} and said["reaction"]["text"] == "👍", "a reaction")
        expect(said["interactive"]["extra"] == {"reply_id": "yes"}, "a choice")
        expect(said["audio"]["extra"] == {"media_id": "4713", "mime_type": "audio/ogg"}, "what Meta sent may be anything")

        expect(ana.act(conversation, "reply", text="a esto", to=image)[1]["done"], "an answer that quotes")
        mine = s.wait("the answer", lambda: [m for m in ana.get(f"/api/conversations/{conversation}/history")[1] if m["by"] == "agent"])
        expect(mine[0]["extra"] == {"context_id": image}, f"what it quotes: {mine}")

        find = lambda words, browser=ana: browser.get(f"/api/conversations/{conversation}/found", search=words)  # noqa: E731
        expect([f["text"] for f in find("100%")[1]] == ["100% seguro, a_b \\ c"], "a percent sign is one")
        expect(len(find("a_b")[1]) == 1 and not find("aXb")[1] and not find("0_%")[1] and len(find("\\ C")[1]) == 1, "and so is an underscore")
        expect(find("")[1] == [], "nothing to look for")
        expect(ana.act(conversation, "return")[1]["done"], "given back")
        s.wait("the lane knows", lambda: s.lab.sql("SELECT 1 FROM desk.history WHERE conversation_id = %s AND what = 'return'", conversation))
        s.give_team(conversation, "sales")
        expect(find("seguro", zoe)[1] and not find("seguro")[1], "nothing is found in another team's")

        s.lab.sql("SELECT desk.erase_customer(%s, 'test')", who)
        left = s.wait("it is forgotten", lambda: not s.lab.sql(
            "SELECT 1 FROM relevo.history WHERE conversation_id = %s AND extra IS NOT NULL AND decided = '\\x01'", conversation))
        expect(left, "what it was besides words too")


def test_arrived(seed):
    """What became of a message is told on any page of the history, however long ago it was sent, and what deliver has not carried over yet too."""
    with Setting("deskarrived") as s:
        ana, who = s.person("ana"), "573135000001"
        conversation = s.customer(who, "say uno")
        for text in ("say dos", "say tres", "say cuatro"):
            s.customer(who, text)
        said = s.wait("the bot's words", lambda: (rows := s.lab.sql(
            "SELECT message_id, lane, seq FROM desk.history WHERE by = 'bot' AND source NOT LIKE 'notice%%' OR by = 'bot' AND source IS NULL ORDER BY seq"))
            and len(rows) == 4 and rows)
        for i, (message, lane, seq) in enumerate(said):  # as deliver leaves them: read long ago, just accepted twice, failed
            s.lab.sql("INSERT INTO relevo.send (id, part, conversation_id, lane, seq, epoch, author, state, attempt, worker, lease_until, settled_at, message_id, "
                      "status, status_at, error, error_code) VALUES (%s, 0, %s, %s, %s, 1, 2, %s, 1, gen_random_uuid(), now(), now(), %s, %s, now(), %s, %s)",
                      message, conversation, lane, seq, 4 if i == 3 else 3, f"wamid.out.{i}", 3 if i == 0 else None,
                      "no longer on WhatsApp" if i == 3 else None, 131026 if i == 3 else None)
        s.lab.sql("INSERT INTO relevo.status_looked SELECT lane, seq FROM relevo.lane")
        key = f"{NUMBER}:{who}".encode()

        def status(message, word):
            s.lab.produce(partition_of(key, s.lab.partitions), key, s.lab.schemas["WhatsAppEvent"].encode(
                {"kind": "status", "phone_number_id": NUMBER, "wa_id": who, "message_id": message, "status": word, "sent_at": 1767225600000}))
            s.lab.flush()

        def shown(**query):
            mine = {m["message_id"]: m for m in ana.get(f"/api/conversations/{conversation}/history", **query)[1] if m["send"]}
            return [(mine[m]["send"]["state"], mine[m]["status"]) if m in mine else None for m, _, _ in said]
        failed = ("failed", None)
        expect(shown() == [("accepted", "read"), ("accepted", None), ("accepted", None), failed], f"as it stands in Postgres: {shown()}")
        for message, word in (("wamid.out.1", "delivered"), ("wamid.out.1", "sent"), ("wamid.out.0", "sent"), ("wamid.out.2", "read")):
            status(message, word)
        want = [("accepted", "read"), ("accepted", "delivered"), ("accepted", "read"), failed]
        s.wait(f"what was just reported; {shown()}", lambda: shown() == want)
        why = [m["send"] for m in ana.get(f"/api/conversations/{conversation}/history")[1] if m["message_id"] == said[3][0]]
        expect(why[0]["error"] == "no longer on WhatsApp" and why[0]["error_code"] == 131026, f"why it failed: {why}")
        s.lab.sql("UPDATE relevo.send SET status = 2 WHERE message_id = 'wamid.out.1'")
        s.lab.sql("UPDATE relevo.status_looked f SET seq = l.seq FROM relevo.lane l WHERE l.lane = f.lane")
        expect(shown() == [("accepted", "read"), ("accepted", "delivered"), ("accepted", None), failed], f"what is older is in the sends alone: {shown()}")
        oldest = ana.get(f"/api/conversations/{conversation}/history")[1][2]
        expect(shown(before=f"{oldest['at']}|{oldest['lane']}|{oldest['seq']}|{oldest['part']}")[0] == ("accepted", "read"), "on an older page too")


def test_replies(seed):
    """What an answer may be besides words is checked before anything is done."""
    templates = [{"name": "pedido_listo", "language": "es", "text": "Hola {{1}}, tu pedido {{2}} está listo, {{1}}."},
                 {"name": "te_esperamos", "language": "pt_BR", "text": "Esperamos você."}]
    with Setting("deskreplies", desk={"templates": templates}) as s:
        ana, ben = s.person("ana"), s.person("ben")
        conversation = s.customer("573140000001", "hola")
        expect([(t["name"], t["parameters"]) for t in ana.get("/api/templates")[1]] == [("pedido_listo", 2), ("te_esperamos", 0)], "templates")
        send = lambda browser=ana, **body: browser.act(conversation, "template", **body)  # noqa: E731
        full = {"name": "pedido_listo", "language": "es", "parameters": ["Eva", "<b>48</b>"]}
        for wrong in ({"name": "otro"}, {"language": "en"}, {"parameters": ["Eva"]}, {"parameters": ["Eva", ""]}, {"parameters": ["Eva", 48]},
                      {"parameters": "Eva, 48"}, {"parameters": ["Eva", "a\nb"]}, {"parameters": ["Eva", "x" * 5000]}):
            status, said = send(**{**full, **wrong})
            expect(status == 422, f"{wrong}: {status} {said}")
        expect(s.lab.sql("SELECT owner FROM desk.conversations")[0][0] == "bot", "nothing was done")
        expect(send(**full)[1]["done"] and send(ben, **full)[0] == 409, "sent, by one")
        mine = s.wait("the template", lambda: [m for m in ana.get(f"/api/conversations/{conversation}/history")[1] if m["by"] == "agent"])
        expect(mine[0]["text"] == "Hola Eva, tu pedido <b>48</b> está listo, Eva." and mine[0]["extra"] == {"template": "pedido_listo"},
               f"as the history shows it: {mine}")
        expect(send(name="te_esperamos", language="pt_BR")[1]["done"], "one without parameters")
        for call, words in (("p_template => 'x'", "language"), ("p_template => 'X', p_language => 'es'", "small letters"),
                            ("p_template => 'x', p_language => 'es!'", "pt_BR"), ("p_parameters => '{a}'", "template's"),
                            ("p_media_id => '1'", "kind"), ("p_media_kind => 'exe', p_media_id => '1'", "image, audio")):
            try:
                s.lab.sql(f"SELECT desk.reply(%s, 'ana', 'x', {call})", conversation)
            except Exception as e:
                expect(e.pgcode == "RV012" and words in str(e), f"{call}: {e}")
            else:
                expect(False, f"{call} was taken")


def test_board(seed):
    """A supervisor sees who waits for a person, since when, and gives it to somebody; triggers that only watch are counted."""
    plugins = [{"name": "scripted", "path": str(PLUGINS.parent / "tests" / "plugins" / "scripted.so")}]
    with Setting("deskboard", desk={"answer_within": "5m"}, plugins=plugins, policy={"triggers": [
            {"trigger": "scripted", "threshold": 0.9, "observe": True, "priority": 4}]}) as s:
        sup, adm, ana = s.person("sup"), s.person("adm"), s.person("ana")
        expect(sup.get("/api/session")[1]["answer_within"] == 300, "what is promised")
        conversation = s.customer("573150000001", "person ya")
        expect(s.lab.sql("SELECT owner FROM desk.conversations")[0][0] == "bot", "the trigger only watches")
        observed = s.wait("it is counted", lambda: sup.get("/api/reports/observed")[1])
        expect(observed == [{"trigger": "scripted", "hits": 1, "conversations": 1, "handed_off": 0}], f"what it would have done: {observed}")
        expect(ana.get("/api/reports/observed")[0] == 403 and sup.get("/api/triggers")[0] == 403, "not for everybody")
        triggers = adm.get("/api/triggers")[1]
        expect([(t["trigger"], t["observe"], t["priority"], t["threshold"]) for t in triggers] == [("scripted", True, 4, 0.9)], f"{triggers}")
        expect(sup.get("/api/board")[1]["due"] == [], "the bot's wait for nobody")
        expect(ana.act(conversation, "take_over")[1]["done"], "taken")
        s.customer("573150000001", "¿hola?")
        due = sup.get("/api/board")[1]["due"]
        expect([(d["conversation_id"], d["agent_id"]) for d in due] == [(conversation, "ana")], f"who waits: {due}")
        s.wait("the agent's own count", lambda: ana.get("/api/counts")[1]["unanswered"] == 1)
        s.lab.sql("UPDATE relevo.conversation SET priority = 6, version = version + 1 WHERE id = %s", conversation)
        expect(ids(ana, "all", priority="6") == [conversation] and not ids(ana, "all", priority="7"), "the list by priority")
        expect(sup.act(conversation, "assign", to="ben")[1]["agent_id"] == "ben", "given to somebody else")
        expect(sup.get("/api/board")[1]["due"][0]["agent_id"] == "ben", "who waits still")
        expect(s.person("ben").act(conversation, "reply", text="aquí")[1]["done"], "answered")
        expect(s.wait("nobody waits", lambda: sup.get("/api/board")[1]["due"] == []), "nobody waits")
        s.customer("573150000001", "gracias")
        waits = s.wait("waits again", lambda: sup.get("/api/board")[1]["due"])
        expect(waits[0]["waiting_since"] > due[0]["waiting_since"], "since the last message, not the first")


def test_files(seed):
    """Files of messages that one sees are shown, and nothing else is; what can run is only saved; what is sent is limited, typed, and a page of ours'."""
    whatsapp = FakeWhatsApp()
    deliver = {"api_url": f"http://127.0.0.1:{whatsapp.port}", "api_private": True, "token": "the token"}
    with Setting("deskfiles", deliver=deliver) as s:
        ana, zoe, nobody = s.person("ana"), s.person("zoe"), s.person()
        who, png = "573160000001", b"\x89PNG\r\n\x1a\n" + bytes(200)
        conversation, other = s.customer(who, "hola"), s.customer("573160000002", "hola")
        whatsapp.files = {"1": ("image/png", png), "2": ("text/html; charset=utf-8", b"<script>alert(1)</script>"), "3": ("image/svg+xml", b"<svg/>"),
                          "4": ("image/jpeg", bytes(17 << 20)), "5": ("image/png", png)}
        for media in ("1", "2", "3", "4", "gone"):
            write(s, who, type="document", media_id=media, mime_type="image/png",
                  raw=json.dumps({"document": {"filename": 'a"\r\nSet-Cookie: x=1\r\n.html'}}))
        path = f"/api/conversations/{conversation}/media"
        get = lambda media, browser=ana, of=path: browser.ask("GET", f"{of}?media={media}", raw=True)  # noqa: E731
        expect(get("1") == (200, png) and ana.headers["Content-Type"] == "image/png" and "Content-Disposition" not in ana.headers, "a picture")
        for media in ("2", "3"):
            expect(get(media)[0] == 200 and ana.headers["Content-Type"] == "application/octet-stream", f"{media} is not shown")
            saved = ana.headers["Content-Disposition"]
            expect(saved.startswith("attachment") and "Set-Cookie" not in ana.headers and saved.count('"') == 2, f"it is saved, under a plain name: {saved}")
        expect(ana.headers["X-Content-Type-Options"] == "nosniff" and ana.headers["Cache-Control"] == "no-store", "and nothing is guessed or kept")
        expect(get("4")[0] == 502 and get("gone")[0] == 404, "too large, and forgotten")
        expect(get("5")[0] == 404 and get("../1")[0] == 404 and get("")[0] == 404, "a file of no message here")
        expect(get("1", ana, f"/api/conversations/{other}/media")[0] == 404, "nor of another conversation's")
        expect(get("1", nobody)[0] == 401, "nobody's")
        whatsapp.broken = True
        expect(get("1")[0] == 502, "WhatsApp is unwell")
        whatsapp.broken = False
        s.give_team(conversation, "sales")
        expect(get("1")[0] == 404 and get("1", zoe)[0] == 200, "another team's")
        s.give_team(conversation, "care")

        send = lambda body, browser=ana, headers=(), **more: browser.ask(  # noqa: E731
            "POST", f"{path}?{urllib.parse.urlencode({'name': 'a b.png', 'caption': 'así', **more})}", body, headers)
        big = b"%PDF-1.7" + bytes((16 << 20) - 8)
        for body, want, why in ((b"MZ" + bytes(100), 415, "a program"), (b"<html>", 415, "a page"), (b"GIF89a" + bytes(50), 415, "what WhatsApp does not take"),
                                (png[:8] + bytes(5 << 20), 413, "a picture of more than 5 MB"), (big + b"x", 413, "more than 16 MB")):
            expect(send(body)[0] == want, f"{why}: not {want}")
        expect(send(png, headers={"X-CSRF-Token": None})[0] == 403 and send(png, headers={"Origin": "https://evil.example"})[0] == 403, "not from our page")
        expect(nobody.ask("POST", path, png)[0] == 401, "nobody's")
        expect(send(big, nobody)[0] == 413, "a stranger's file is not even read")
        expect(send(png, zoe)[0] == 404, "another team's")
        expect(send(png, caption="x" * 1025)[0] == 422, "a caption that is too long")
        expect(s.lab.sql("SELECT owner FROM desk.conversations WHERE conversation_id = %s", conversation)[0][0] == "bot", "nothing was done")
        whatsapp.taken.clear()
        status, said = send(png)
        expect(status == 200 and said["done"] and said["agent_id"] == "ana", f"sent: {said}")
        place, form = whatsapp.taken[0]
        expect(place.endswith(f"/{NUMBER}/media") and png in form and b'name="type"\r\n\r\nimage/png' in form, f"what WhatsApp got: {form[:300]}")
        mine = s.wait("it is in the history", lambda: [m for m in ana.get(f"/api/conversations/{conversation}/history")[1] if m["by"] == "agent"])
        expect(mine[0]["text"] == "así" and mine[0]["extra"] == {"media": {"kind": "image", "id": "9001", "name": "a b.png"}}, f"as it is shown: {mine}")
        expect(send(big)[0] == 200, "one of 16 MB")
        expect(whatsapp.strangers == 0, "asked with the token, always")
        log = s.desk.log.read_text()
        expect("the token" not in log and "así" not in log, "a secret or a word is in the log")


def test_ask(seed):
    """The knowledge base answers as it answers customers; what cannot be asked is said."""
    plugins = [{"name": "scripted", "path": str(PLUGINS.parent / "tests" / "plugins" / "scripted.so")},
               {"name": "responder", "options": {"kb": str(KB)}}]
    with Setting("deskask", plugins=plugins) as s:
        ana = s.person("ana")
        status, said = ana.post("/api/ask", question="¿hacen envíos a domicilio?")
        expect(status == 200 and said["article"] == "envios" and said["answer"] and 0 < said["score"] <= 1, f"an answer: {status} {said}")
        status, said = ana.post("/api/ask", question="--help $(touch /tmp/x) ; ' \n \" zzzz")
        expect(status == 200 and said["answer"] is None and said["why"], f"none, and why: {status} {said}")
        for question in ("", "x" * 5000):
            expect(ana.post("/api/ask", question=question)[0] == 422, "a question has a length")
        expect(ana.ask("POST", "/api/ask", {"question": "hola"}, {"X-CSRF-Token": None})[0] == 403, "from a page of ours only")
        expect(s.person().ask("POST", "/api/ask", {"question": "hola"})[0] == 401, "not by nobody")
        answers = []
        def many():
            answers.append(ana.ask("POST", "/api/ask", {"question": "¿abren hoy?"})[0])
        threads = [threading.Thread(target=many) for _ in range(12)]
        [t.start() for t in threads]
        expect(ana.get("/api/counts")[0] == 200, "others are served meanwhile")
        [t.join() for t in threads]
        expect(answers == [200] * 12, f"all are answered: {answers}")
        s.desk.stop(30)
    with Setting("desknoask") as s:
        expect(s.person("ana").post("/api/ask", question="hola")[0] == 501, "no knowledge base")


if __name__ == "__main__":
    sys.exit(run("desk", test_snooze, test_tags, test_mentions, test_messages, test_arrived, test_replies, test_board, test_files, test_ask))
