# SPDX-License-Identifier: Apache-2.0
"""The desk in the lab: the role, somebody who uses its API as the page does, and the files of WhatsApp."""
import http.client
import http.server
import json
import socket
import threading
import urllib.parse

import yaml

from lab.stack import Lab, Process, free_port

PASSWORD = "correct horse"


class DeskLab(Lab):
    """A lab with a desk's section in its configuration."""

    def __init__(self, name, desk=None, deliver=None, **options):
        self.desk_port, self.desk_options, self.deliver_options = free_port(), desk or {}, deliver
        super().__init__(name, **options)

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["desk"] = {"listen": f"127.0.0.1:{self.desk_port}", **self.desk_options}
        if self.deliver_options:
            config["deliver"] = self.deliver_options
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True))

    def account(self, login, *words, password=PASSWORD):
        self.tool("account", "put", login, *words, stdin=password.encode() + b"\n")


class Desk(Process):
    role = "desk"


class Browser:
    """One person at the desk: cookie, token, origin. Answers are (status, what was said)."""

    def __init__(self, port):
        self.port, self.cookie, self.csrf = port, None, ""
        self.origin = f"http://127.0.0.1:{port}"

    def ask(self, method, path, body=None, headers=(), raw=False):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = {"X-CSRF-Token": self.csrf, "Origin": self.origin, **({"Cookie": self.cookie} if self.cookie else {}), **dict(headers)}
        sent = {name: value for name, value in sent.items() if value is not None}
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        text = answer.read()
        if answer.getheader("Set-Cookie"):
            self.cookie = answer.getheader("Set-Cookie").split(";")[0]
        connection.close()
        self.headers = answer.headers
        return answer.status, text if raw else json.loads(text)

    def get(self, path, **query):
        return self.ask("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path, **body):
        return self.ask("POST", path, body)

    def log_in(self, login, password=PASSWORD):
        status, said = self.ask("POST", "/api/session", {"login": login, "password": password})
        if status == 200:
            self.csrf = said["csrf"]
        return status

    def act(self, conversation, what, **body):
        return self.post(f"/api/conversations/{conversation}/{what}", **body)


class Stream(threading.Thread):
    """Follows /api/events: `events` are (event, id, data) in order."""

    def __init__(self, browser, after=None, path="/api/events"):
        super().__init__(daemon=True)
        self.events, self.last, self.status = [], after, None
        self.connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=60)
        headers = {"Cookie": browser.cookie, **({"Last-Event-ID": after} if after else {})}
        self.connection.request("GET", path, headers=headers)
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.start()

    def run(self):
        kind, number, data = "message", None, None
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "id":
                    number = value
                elif name == "data":
                    data = json.loads(value)
                elif not line and data is not None:
                    self.last = number or self.last
                    self.events.append((kind, number, data))
                    kind, number, data = "message", None, None
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass  # the connection was cut, by this test or by the desk

    def decisions(self):
        return [data for kind, _, data in self.events if kind == "message"]

    def cut(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.join()


class FakeWhatsApp:
    """Files as the Cloud API has them; what it was sent, and whether by the token's bearer."""

    def __init__(self):
        self.files, self.taken, self.strangers, self.broken = {}, [], 0, False
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def answer(self, status, body, kind="application/json"):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                fake.strangers += self.headers.get("Authorization") != "Bearer the token"
                name = self.path.rsplit("/", 1)[1]
                if fake.broken or name not in fake.files:
                    self.answer(500 if fake.broken else 404, b"{}")
                elif self.path.startswith("/bytes/"):
                    self.answer(200, fake.files[name][1], "text/html")
                else:
                    self.answer(200, json.dumps({"url": f"http://127.0.0.1:{fake.port}/bytes/{name}", "mime_type": fake.files[name][0]}).encode())

            def do_POST(self):
                fake.strangers += self.headers.get("Authorization") != "Bearer the token"
                fake.taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.answer(500 if fake.broken else 200, b'{"id": "9001"}')

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
