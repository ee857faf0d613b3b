# SPDX-License-Identifier: Apache-2.0
"""A server that speaks HTTP/2 over TLS and nothing else (RFC 9113), as far as it takes to answer, or to break off."""
import socket
import ssl
import struct
import threading

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACK, REFUSED_STREAM = 1, 4, 1, 7
STATUS_200 = b"\x88"  # HPACK: the static table's eighth entry
DIE, REFUSE, GOODBYE = object(), object(), object()  # instead of an answer: the connection ends, the stream is refused, nothing more is taken


class Http2:
    """Serves until stopped. answer(body): what is said, with status 200; it answers when `together` requests wait on one connection.
    `connections`: how many requests each had; `bodies`: of all of them; `strangers`: who came for another protocol, or did not trust it."""

    def __init__(self, certificate, answer, together=1):
        self.answer, self.together = answer, together
        self.connections, self.bodies, self.strangers, self.lock = [], [], 0, threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.context.set_alpn_protocols(["h2"])
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.socket.close()

    def accept(self):
        while True:
            try:
                wire, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(wire,), daemon=True).start()

    def serve(self, wire):
        try:
            with self.context.wrap_socket(wire, server_side=True) as secure:
                if secure.selected_alpn_protocol() == "h2":
                    Connection(self, secure).speak()
                    return
        except EOFError:
            return
        except OSError:
            pass
        self.strangers += 1


class Connection:
    def __init__(self, server, wire):
        self.server, self.wire = server, wire

    def read(self, n):
        data = b""
        while len(data) < n:
            more = self.wire.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def write(self, kind, flags, stream, payload=b""):
        try:
            self.wire.sendall(struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload)
        except OSError:
            raise EOFError from None

    def speak(self):
        server = self.server
        if self.read(len(PREFACE)) != PREFACE:
            raise EOFError
        self.write(SETTINGS, 0, 0)
        with server.lock:
            number = len(server.connections)
            server.connections.append(0)
        waiting, bodies = [], {}
        while True:
            head = self.read(9)
            length, kind, flags, stream = int.from_bytes(head[:3], "big"), head[3], head[4], int.from_bytes(head[5:], "big")
            payload = self.read(length)
            if kind == SETTINGS and not flags & ACK:
                self.write(SETTINGS, ACK, 0)
            elif kind == PING and not flags & ACK:
                self.write(PING, ACK, 0, payload)
            elif kind == DATA:
                bodies[stream] = bodies.get(stream, b"") + payload
            if kind not in (HEADERS, DATA) or not flags & END_STREAM:
                continue
            with server.lock:
                server.connections[number] += 1
                server.bodies.append(bodies.get(stream, b""))
            waiting.append((stream, bodies.pop(stream, b"")))
            if len(waiting) >= server.together:
                for one, body in waiting:
                    self.say(one, server.answer(body))
                waiting.clear()

    def say(self, stream, answer):
        if answer is DIE:
            raise EOFError
        if answer is REFUSE:
            self.write(RST_STREAM, 0, stream, struct.pack(">I", REFUSED_STREAM))
        elif answer is GOODBYE:
            self.write(GOAWAY, 0, 0, struct.pack(">II", 0, 0))
            raise EOFError
        else:
            self.write(HEADERS, END_HEADERS, stream, STATUS_200)
            self.write(DATA, END_STREAM, stream, answer)
