#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The stand-in of the Cloud API: refuses what the real one refuses, tells of deliveries, and misbehaves as it is told to."""
import hashlib
import http.server
import json
import sys
import threading
import time

from door import DEADLINE, NUMBER, SECRETS, DoorLab, sign, wait_for
from lab.stack import expect, run

WHO = "5215511112222"


def text(to=WHO, body="hola", **more):
    return {"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": body}, **more}


def interactive(**content):
    return {"messaging_product": "whatsapp", "to": WHO, "type": "interactive", "interactive": content}


def buttons(*titles, body="elige", **more):
    return interactive(type="button", body={"text": body}, **more, action={"buttons": [
        {"type": "reply", "reply": {"id": f"id{i}", "title": title}} for i, title in enumerate(titles)]})


def rows(n, **row):
    return interactive(type="list", body={"text": "x"}, action={"button": "Ver", "sections": [
        {"title": "s", "rows": [{"id": str(i), "title": "t", **row} for i in range(n)]}]})


class Ear(http.server.ThreadingHTTPServer):
    """Takes webhooks in the gateway's place: keeps what came, and refuses while it is told to."""

    daemon_threads = True

    def __init__(self):
        self.came, self.forged, self.refuse = [], 0, 0
        ear = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                refused = ear.refuse > 0
                ear.refuse -= refused
                if self.headers["X-Hub-Signature-256"] != sign(body, SECRETS[0]):
                    ear.forged += 1
                elif not refused:
                    ear.came.append(json.loads(body))
                self.send_response(500 if refused else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/webhook"

    def changes(self):
        return [change for hook in list(self.came) for entry in hook["entry"] for change in entry["changes"]]

    def statuses(self, message_id):
        return [s["status"] for c in self.changes() for s in c["value"].get("statuses", []) if s["id"] == message_id]


def lab_of(name):
    ear = Ear()
    lab = DoorLab(name, partitions=1)
    write = lab.write_config

    def with_ear():
        write()
        lab.config.write_text(lab.config.read_text().replace("sandbox:\n", f"sandbox:\n  webhook: {ear.url()}\n"))

    lab.write_config = with_ear
    return lab, ear


def validation(seed):
    """sends: what the documentation limits is refused with its code, what it allows is accepted and logged in order"""
    lab, _ = lab_of("limits")
    with lab:
        lab.run("sandbox")
        lab.sandbox("settings", {"per_second": 0, "pair_ms": 0})
        lab.sandbox("say", {"wa_id": WHO, "text": "hola"})
        media = {"messaging_product": "whatsapp", "to": WHO, "type": "image"}
        refused = [
            (100, b"{"), (100, b"[]"), (100, {"to": WHO}), (100, {"messaging_product": "telegram", "to": WHO}),
            (100, {"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}),
            (131008, {"messaging_product": "whatsapp", "to": WHO, "type": "text"}), (131009, text(body="")),
            (131009, text(body="x" * 4097)), (131009, text(to="not a number")), (131009, text(to="123")),
            (131009, text(biz_opaque_callback_data="x" * 513)), (131008, text(context={})),
            (131051, {"messaging_product": "whatsapp", "to": WHO, "type": "hologram", "hologram": {}}),
            (131009, buttons()), (131009, buttons("a", "b", "c", "d")), (131009, buttons("x" * 21)), (131009, buttons("a", "a")),
            (131009, buttons("a", body="x" * 1025)), (131009, buttons("a", footer={"text": "x" * 61})),
            (131009, rows(0)), (131009, rows(11)), (131009, rows(1, title="x" * 25)), (131009, rows(1, description="x" * 73)),
            (131008, {**media, "image": {}}), (131008, {**media, "image": {"id": "1", "link": "https://x"}}),
            (100, {**media, "image": {"id": "nobody"}}), (131009, {**media, "image": {"link": "ftp://x"}}),
            (131009, {**media, "image": {"link": "https://x/y.jpg", "caption": "x" * 1025}}),
            (131008, {"messaging_product": "whatsapp", "to": WHO, "type": "template", "template": {"name": "n"}}),
            (132001, {"messaging_product": "whatsapp", "to": WHO, "type": "template",
                      "template": {"name": "missing", "language": {"code": "es_MX"}}}),
            (131008, {"messaging_product": "whatsapp", "to": WHO, "type": "reaction", "reaction": {"message_id": "w"}}),
            (131009, {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.nobody"}),
            (131026, text(to="9991310260001")), (130429, text(to="999130429")),
        ]
        for code, body in refused:
            status, answer = lab.graph(body)
            expect(status >= 400 and answer["error"]["code"] == code, f"{str(body)[:200]}: {status} {answer}, not {code}")
        expect(lab.graph(text(), token=None)[0] == 401 and lab.graph(text(), number="1")[0] == 400, "anybody may send")
        uploaded = upload(lab, b"\x89PNG bytes", "image/png")
        accepted = [
            text(body="x" * 4096), text(body="ñ" * 4096), text(biz_opaque_callback_data="d"), buttons("a", "b", "c"), rows(10),
            buttons("A domicilio", header={"type": "text", "text": "t"}, footer={"text": "f"}),
            {**media, "image": {"id": uploaded, "caption": "mira"}}, {**media, "image": {"link": "https://x/y.jpg"}},
            {"messaging_product": "whatsapp", "to": WHO, "type": "location", "location": {"latitude": 1, "longitude": 2}},
            {"messaging_product": "whatsapp", "to": WHO, "type": "contacts", "contacts": [{"name": {"formatted_name": "A"}}]},
            {"messaging_product": "whatsapp", "to": WHO, "type": "reaction", "reaction": {"message_id": "w", "emoji": ""}},
            text(to="+52 1 (55) 1111-2222"),
        ]
        ids = []
        for body in accepted:
            status, answer = lab.graph(body)
            expect(status == 200, f"{str(body)[:200]}: {status} {answer}")
            ids.append(answer["messages"][0]["id"])
        log = lab.sandbox("log")["sends"]
        expect([entry["id"] for entry in log] == ids and [entry["body"] for entry in log] == accepted, "the log is not what was accepted")
        expect({entry["to"] for entry in log} == {WHO} and log[2]["biz_opaque_callback_data"] == "d", "the log leaves something out")
        expect(lab.sandbox("log?after=10")["sends"] == log[10:], "the log cannot be read on")


def upload(lab, data, mime_type):
    """A media upload as a form; its id. What comes down again is what went up."""
    import urllib.request
    mark = "relevoboundary"
    form = b"".join(f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
                    for name, value in (("messaging_product", "whatsapp"), ("type", mime_type)))
    form += (f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: {mime_type}\r\n\r\n'.encode()
             + data + f"\r\n--{mark}--\r\n".encode())
    base = f"http://127.0.0.1:{lab.phone}/v23.0"
    bearer = {"Authorization": "Bearer t"}
    request = urllib.request.Request(f"{base}/{NUMBER}/media", form, {**bearer, "Content-Type": f"multipart/form-data; boundary={mark}"})
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        media = json.load(answer)["id"]
    with urllib.request.urlopen(urllib.request.Request(f"{base}/{media}", headers=bearer), timeout=DEADLINE) as answer:
        about = json.load(answer)
    expect(about["mime_type"] == mime_type and about["sha256"] == hashlib.sha256(data).hexdigest(), str(about))
    with urllib.request.urlopen(urllib.request.Request(about["url"], headers=bearer), timeout=DEADLINE) as answer:
        expect(answer.read() == data and answer.headers["Content-Type"] == mime_type, "the media came down changed")
    return media


def statuses(seed):
    """statuses: sent, delivered, read, each signed, with what was sent along; failed outside of the window, or when asked for"""
    lab, ear = lab_of("states")
    with lab:
        lab.run("sandbox")
        _, answer = lab.graph(text(biz_opaque_callback_data="early"))
        early = answer["messages"][0]["id"]
        wait_for("nothing fails outside of the window", lambda: ear.statuses(early) == ["failed"])
        status = ear.changes()[-1]["value"]["statuses"][0]
        expect(status["errors"][0]["code"] == 131047 and status["biz_opaque_callback_data"] == "early", str(status))
        expect(lab.graph({"messaging_product": "whatsapp", "to": WHO, "type": "template",
                          "template": {"name": "n", "language": {"code": "es"}}})[0] == 200, "a template needs no window")
        lab.sandbox("settings", {"window_at_once": True})
        expect(lab.graph(text())[1]["error"]["code"] == 131047, "window_at_once does nothing")

        said = lab.sandbox("say", {"wa_id": WHO, "name": "Marisol", "text": "hola"})["id"]
        wait_for("what the customer says is not told", lambda: any(
            m["id"] == said for c in ear.changes() for m in c["value"].get("messages", [])))
        sent = lab.graph(text(biz_opaque_callback_data="seven"))[1]["messages"][0]["id"]
        wait_for("it is not delivered", lambda: sorted(ear.statuses(sent)) == ["delivered", "sent"])
        lab.sandbox("read", {"wa_id": WHO})
        wait_for("it is not read", lambda: sorted(ear.statuses(sent)) == ["delivered", "read", "sent"])
        asked = lab.graph(text(to="9981310491"))[1]
        lab.sandbox("say", {"wa_id": "9981310491", "text": "hola"})
        asked = lab.graph(text(to="9981310491"))[1]["messages"][0]["id"]
        wait_for("it does not fail as asked", lambda: ear.statuses(asked) == ["failed"])
        expect(lab.graph({"messaging_product": "whatsapp", "status": "read", "message_id": said,
                          "typing_indicator": {"type": "text"}}) == (200, {"success": True}), "a read receipt is refused")
        # Somebody whose number is hidden.
        lab.sandbox("say", {"wa_id": "5215500000009", "user_id": "MX.9", "hidden": True, "text": "hola"})
        status, answer = lab.graph({"messaging_product": "whatsapp", "recipient": "MX.9", "type": "text", "text": {"body": "x"}})
        expect(status == 200 and answer["contacts"] == [{"input": "MX.9", "user_id": "MX.9"}], f"{status} {answer}")
        hidden = answer["messages"][0]["id"]
        wait_for("it is not delivered", lambda: len(ear.statuses(hidden)) == 2)
        about = [c["value"] for c in ear.changes() if c["value"].get("statuses", [{}])[0].get("id") == hidden]
        expect(all("recipient_id" not in v["statuses"][0] and v["statuses"][0]["recipient_user_id"] == "MX.9" for v in about), str(about))
        expect(ear.forged == 0, f"{ear.forged} webhooks had a wrong signature")
        expect(all(c["value"]["metadata"]["phone_number_id"] == NUMBER for c in ear.changes()), "a webhook of another number")


def limits(seed):
    """rate limits of the number and of a pair"""
    lab, _ = lab_of("rates")
    with lab:
        lab.run("sandbox")
        lab.sandbox("settings", {"pair_burst": 3, "pair_ms": 3_600_000, "per_second": 0})
        codes = [lab.graph(text())[0] for _ in range(3)]
        expect(codes == [200] * 3 and lab.graph(text())[1]["error"]["code"] == 131056, f"pair limit: {codes}")
        expect(lab.graph(text(to="5215500000001"))[0] == 200, "the limit of one pair holds for another")
        lab.sandbox("settings", {"pair_ms": 0, "per_second": 1})
        wait_for("a number may send without limit", lambda: lab.graph(text())[1].get("error", {}).get("code") == 130429)


def misbehaving(seed):
    """told to be slow, lossy, doubling, failing: it is, the log stays true, and webhooks come until they are taken"""
    lab, ear = lab_of("chaos")
    with lab:
        sandbox = lab.run("sandbox")
        lab.sandbox("settings", {"per_second": 0, "pair_ms": 0, "seed": seed, "delivered_ms": 0})
        lab.sandbox("say", {"wa_id": WHO, "text": "hola"})
        wait_for("nothing is told", lambda: ear.came)
        ear.refuse = 5
        sent = lab.graph(text())[1]["messages"][0]["id"]
        wait_for("a refused webhook does not come again", lambda: sorted(ear.statuses(sent)) == ["delivered", "sent"])

        lab.sandbox("settings", {"answer_lose": 1})
        expect(lab.graph(text(body="lost answer"))[0] == 0, "the answer is not lost")
        lab.sandbox("settings", {"answer_lose": 0, "answer_fail": 1, "fail_code": 131016})
        expect(lab.graph(text())[1]["error"]["code"] == 131016, "it does not fail")
        lab.sandbox("settings", {"answer_fail": 0, "answer_ms": 300})
        began = time.monotonic()
        expect(lab.graph(text(body="slow"))[0] == 200 and time.monotonic() - began >= 0.3, "it is not slow")
        lab.sandbox("settings", {"answer_ms": 0})
        expect(lab.graph(text(to="99700000001", body="never"))[0] == 0, "997 is answered")
        log = [entry["body"]["text"]["body"] for entry in lab.sandbox("log")["sends"]]
        expect(log == ["hola", "lost answer", "slow", "never"], f"the log: {log}")

        lab.sandbox("settings", {"webhook_duplicate": 1})
        sent = lab.graph(text())[1]["messages"][0]["id"]
        wait_for("nothing is doubled", lambda: sorted(ear.statuses(sent)) == ["delivered"] * 2 + ["sent"] * 2)
        lab.sandbox("settings", {"webhook_duplicate": 0, "webhook_lose": 1})
        lab.graph(text())
        expect(lab.sandbox("state")["lost"] == 2, "nothing is lost")
        lab.sandbox("settings", {"webhook_lose": 0, "webhook_ms": [0, 500]})
        sent = [lab.graph(text())[1]["messages"][0]["id"] for _ in range(30)]
        wait_for("webhooks are missing", lambda: all(len(ear.statuses(i)) == 2 for i in sent))
        order = [s["id"] for c in ear.changes() for s in c["value"].get("statuses", []) if s["id"] in sent]
        expect(order != sorted(order, key=sent.index), "nothing came out of order")

        expect(lab.sandbox("crm/v1/tickets", {"subject": "x"}) == {"id": 1}, "the CRM takes nothing")
        crm = lab.sandbox("crm")["requests"]
        expect([(r["path"], r["body"]) for r in crm] == [("/v1/tickets", {"subject": "x"})], f"the CRM has {crm}")

        expect("error" in lab.sandbox("settings", {"answer_lost": 1}), "a misspelt setting is taken")
        expect("error" in lab.sandbox("settings", {"answer_lose": 2}), "a share of 2 is taken")
        expect(lab.sandbox("settings")["seed"] == seed, "a refused change changes something")
        lab.sandbox("reset", {})
        expect(lab.sandbox("log")["sends"] == [], "it remembers")
        lab.sandbox("settings", {"answer_ms": 60000})
        held = threading.Thread(target=lab.graph, args=(text(),))
        held.start()
        wait_for("it is not logged", lambda: lab.sandbox("log")["sends"])
        sandbox.stop(DEADLINE)
        held.join(DEADLINE)


def same_seed(seed):
    """the same seed treats the same sends the same"""
    lab, _ = lab_of("seed")
    with lab:
        lab.run("sandbox")
        runs = []
        for _ in range(2):
            lab.sandbox("reset", {})
            lab.sandbox("settings", {"per_second": 0, "pair_ms": 0, "seed": seed, "answer_lose": 0.3, "answer_fail": 0.2,
                                     "webhook_lose": 0.2})
            runs.append([lab.graph(text())[0] for _ in range(60)])
        expect(runs[0] == runs[1] and len(set(runs[0])) == 3, f"two runs differ, or nothing happened: {runs}")


if __name__ == "__main__":
    sys.exit(run("sandbox", validation, statuses, limits, misbehaving, same_seed))
