# SPDX-License-Identifier: Apache-2.0
"""WhatsApp's Cloud API as deliver meets it on a bad day: slow, refusing, breaking off, and keeping a log of all it took.

It knows only POST .../messages. `relevo sandbox` is the stand-in for people; this one is for tests, which must be able to make it fail at will.
"""
import json
import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LATER = (1, 2, 4, 80007, 130429, 131000, 131016, 131056, 133004)  # codes after which a message is tried again


class Request:
    """One request that arrived. Times are seconds of the wall clock, which Postgres has too; ended is None while it is under way."""

    def __init__(self, message, part):
        self.message, self.part, self.begun, self.ended = message, part, time.time(), None


class CloudApi:
    """Serves on a port of its own until stopped. `took` is a list of (id, part, to, text) in the order of acceptance; `log` has every
    Request in the order of arrival, `arrived` counts those of each (id, part), `underway` has those that were not answered yet."""

    def __init__(self, seed=0, delay=(0, 0), refuse=0.0, never=0.0, cut=0.0, mute=0.0):
        """Seconds of delay, and how often it refuses for now, refuses for good, accepts and breaks off, or breaks off before."""
        self.rng, self.lock = random.Random(seed), threading.Lock()
        self.delay, self.refuse, self.never, self.cut, self.mute = delay, refuse, never, cut, mute
        self.took, self.refused, self.tokens = [], [], set()
        self.unwell = False  # refuses for now with 503: it is taken for down
        self.never_part = None  # of long texts, this one is refused for good
        self.not_yet = None  # this text is refused for now
        self.log, self.arrived, self.underway = [], Counter(), set()
        self.retry_after = None  # seconds, with each refusal for now
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                (api.receipt if body.get("status") == "read" else api.answer)(self, body)

            def log_message(self, *words):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 1024  # with its usual 5, delivers that all come at once wait for a second

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *words: None  # delivers are killed in the middle of their requests
        self.port = self.server.server_address[1]
        self.receipts = []  # (message that was read, what the customer is shown, how many it had taken then)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, handler, body):
        message, _, part = body.get("biz_opaque_callback_data", "/0").rpartition("/")
        entry = (message, int(part), body.get("to") or body.get("recipient"), body.get("text", {}).get("body"))
        request = Request(*entry[:2])
        with self.lock:
            self.log.append(request)
            self.arrived[entry[:2]] += 1
            self.underway.add(request)
            self.tokens.add(handler.headers.get("Authorization"))
            fate, wait = self.rng.random(), self.rng.uniform(*self.delay)
        time.sleep(wait)
        with self.lock:  # before the answer: what comes later is certainly not during the request
            self.underway.remove(request)
            request.ended = time.time()
        if entry[1] == self.never_part:
            return self.refuse_ever(handler, entry)
        if self.not_yet and entry[3] == self.not_yet:
            return self.refuse_now(handler, entry)
        for share, act in ((self.mute, self.break_off), (self.refuse, self.refuse_now), (self.never, self.refuse_ever)):
            if fate < share:
                return act(handler, entry)
            fate -= share
        with self.lock:
            self.took.append(entry)
            number = len(self.took)
        if fate < self.cut:
            return self.break_off(handler, entry)
        return self.say(handler, 200, {"messaging_product": "whatsapp", "messages": [{"id": f"wamid.{number}"}]})

    def receipt(self, handler, body):
        with self.lock:
            self.receipts.append((body["message_id"], body.get("typing_indicator"), len(self.took)))
        self.say(handler, 200, {"success": True})

    def break_off(self, handler, entry):
        handler.close_connection = True

    def refuse_now(self, handler, entry):
        with self.lock:
            self.refused.append(entry)
            code = self.rng.choice(LATER)
        self.say(handler, 503 if self.unwell else 400, {"error": {"message": "not now", "code": code, "fbtrace_id": "A"}},
                 {} if self.retry_after is None else {"Retry-After": str(self.retry_after)})

    def refuse_ever(self, handler, entry):
        with self.lock:
            self.refused.append(entry)
        self.say(handler, 400, {"error": {"message": "never", "code": 131026, "error_data": {"details": "no WhatsApp"}, "fbtrace_id": "A"}})

    @staticmethod
    def say(handler, status, answer, headers=None):
        text = json.dumps(answer).encode()
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        try:
            handler.wfile.write(text)
        except OSError:
            pass  # deliver was killed meanwhile
