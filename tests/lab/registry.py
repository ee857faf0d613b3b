# SPDX-License-Identifier: Apache-2.0
"""A real schema registry of a test's own (Apicurio, by deploy/local/registry.sh), and a front of it that can be slow, refuse,
answer nonsense or want a password.

Everything that is started here ends with the test, also when the test is killed.
"""
import ctypes
import http.server
import json
import os
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from lab.stack import ROOT, bare_environment, expect, free_port

API = "/apis/ccompat/v7"


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG; the Java that bash becomes keeps it


class Registry:
    """Use it in a `with`. Killed and started again it has what it had."""

    def __init__(self, folder):
        self.folder, self.port, self.child = Path(folder), free_port(), None
        self.url = f"http://127.0.0.1:{self.port}{API}"
        self.log = self.folder / "registry.log"

    def __enter__(self):
        self.start()  # its compatibility rule is NONE: the lanes must cope with whatever a registry lets in
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self, seconds=240):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                ["bash", ROOT / "deploy/local/registry.sh", "run", str(self.port), self.folder / "data"], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=bare_environment(), preexec_fn=die_with_parent)
        until = time.monotonic() + seconds
        while True:
            try:
                return self.request("GET", "/subjects")
            except OSError:
                expect(self.child.poll() is None and time.monotonic() < until,
                       "the schema registry does not start:\n" + self.log.read_text(errors="replace")[-2000:])
                time.sleep(0.1)

    def kill(self):
        if self.child is not None:
            self.child.kill()
            self.child.wait()
        self.child = None

    def request(self, method, path, body=None):
        asked = urllib.request.Request(self.url + path, method=method, data=body and json.dumps(body).encode(),
                                       headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.loads(answer.read())

    def register(self, subject, schema, **more):
        """The id of a schema (text, or what json.loads gives), registered as another version of the subject."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        return self.request("POST", f"/subjects/{subject}/versions", {"schema": text, **more})["id"]


class Front(http.server.ThreadingHTTPServer):
    """What relevo asks in place of the registry. Set its attributes at any time:
    delay: seconds before each answer; answer: (status, headers, body) in place of the registry's; authorization: the header
    that a request must carry. `asked` lists the paths."""
    daemon_threads = True

    def __init__(self, registry, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.registry, self.delay, self.answer, self.authorization, self.asked = registry, 0, None, None, []
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server_port}{API}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass  # a client that gave up, as it must when the front is slow


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        front = self.server
        front.asked.append(self.path)
        time.sleep(front.delay)
        if front.authorization and self.headers.get("Authorization") != front.authorization:
            return self.send(401, {}, b'{"error_code":40101,"message":"Unauthorized"}')
        if front.answer:
            return self.send(*front.answer)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{front.registry.port}{self.path}", timeout=60) as answer:
                return self.send(answer.status, {}, answer.read())
        except urllib.error.HTTPError as refused:
            return self.send(refused.code, {}, refused.read())
        except OSError:
            return self.send(502, {}, b"bad gateway")

    def send(self, status, headers, body):
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def certificate(folder):
    """A self-signed one for 127.0.0.1, with its key: (file with both, file to trust)."""
    both, trusted = Path(folder) / "front.pem", Path(folder) / "ca.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=front", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", both, "-out", trusted], check=True, capture_output=True)
    both.write_bytes(both.read_bytes() + trusted.read_bytes())
    os.chmod(both, 0o600)
    return both, trusted
