#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The gateway's HTTP: the handshake, signatures, every refusal with its status and its count, limits, leaving."""
import http.client
import json
import signal
import socket
import sys
import threading

from door import DEADLINE, SECRETS, TOKEN, DoorLab, message, sign, wait_for
from lab.stack import expect, run


def request(lab, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", lab.door, timeout=DEADLINE)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    result = answer.status, answer.read().decode(), answer.headers
    connection.close()
    return result


def refusals(seed):
    """wrong anything has the right status and is counted; what is right is accepted"""
    with DoorLab("door", partitions=1) as lab:
        gateway = lab.run("gateway")
        good = message("5215500000001", "wamid.1")
        seen = {}

        def tell(reason, status, got):
            expect(got == status, f"{reason}: status {got} instead of {status}")
            name = f'relevo_gateway_requests_total{{answer="{reason}",status="{status}"}}'
            seen[name] = seen.get(name, 0) + 1
            # It is counted just before it is answered.
            expect(gateway.metric(name) == seen[name], f"{name} is {gateway.metric(name)} instead of {seen[name]}")

        shake = f"/webhook?hub.mode=subscribe&hub.verify_token={TOKEN.replace(' ', '%20')}&hub.challenge=1158201444"
        status, text, _ = request(lab, "GET", shake)
        tell("verified", 200, status)
        expect(text == "1158201444", f"the challenge came back as '{text}'")
        tell("wrong_token", 403, request(lab, "GET", shake.replace("verify", "verifY"))[0])
        tell("wrong_token", 403, request(lab, "GET", shake.replace("%20me", ""))[0])
        tell("bad_handshake", 400, request(lab, "GET", "/webhook")[0])
        tell("bad_handshake", 400, request(lab, "GET", shake.replace("subscribe", "unsubscribe"))[0])
        tell("bad_handshake", 400, request(lab, "GET", shake + "1" * 600)[0])

        tell("accepted", 200, lab.post(good))
        tell("accepted", 200, lab.post(good, secret=SECRETS[1]))  # while the secret is being changed
        tell("wrong_signature", 403, lab.post(good, secret="guessed"))
        tell("wrong_signature", 403, lab.post(good + b" ", {"X-Hub-Signature-256": sign(good)}))
        tell("wrong_signature", 403, lab.post(good, {"X-Hub-Signature-256": sign(good)[:-1]}))
        tell("wrong_signature", 403, lab.post(good, {"X-Hub-Signature-256": "sha1=" + "0" * 40}))
        tell("wrong_signature", 403, lab.post(good, {"X-Hub-Signature-256": "x" * 5000}))
        tell("no_signature", 403, lab.post(good, {}))
        tell("wrong_path", 404, lab.post(good, path="/"))
        tell("wrong_path", 404, lab.post(good, path="/webhook/"))
        status, _, headers = request(lab, "PUT", "/webhook", good, {"X-Hub-Signature-256": sign(good)})
        tell("wrong_method", 405, status)
        expect(headers["Allow"] == "GET, POST", f"Allow: {headers['Allow']}")
        for text in (b"", b"{", b"hello", b"[]", b"{}", b'{"entry": 7}', b"\xff\xfe", b'{"entry": [' + b"[" * 100):
            tell("not_a_webhook", 400, lab.post(text))
        tell("accepted", 200, lab.post(b'{"object": "whatsapp_business_account", "entry": []}'))
        tell("too_large", 413, request(lab, "POST", "/webhook", headers={
            "Content-Length": str(3 * 1024 * 1024 + 1), "X-Hub-Signature-256": sign(good)})[0])
        tell("too_large", 413, request(lab, "POST", "/webhook", iter([bytes(1 << 20)] * 4), {
            "X-Hub-Signature-256": sign(good)})[0])
        largest = message("5215500000001", "wamid.2", "x" * (3 * 1024 * 1024 - 1000))
        tell("accepted", 200, lab.post(largest))
        tell("accepted", 200, request(lab, "POST", "/webhook", iter([good[:100], good[100:]]), {
            "X-Hub-Signature-256": sign(good)})[0])
        events = [event for _, _, event in lab.events()]
        expect(len(events) == 4, f"{len(events)} events instead of 4")
        expect(len(events[2]["text"]) == 3 * 1024 * 1024 - 1000, "the largest one came out smaller")
        expect(gateway.tail(50).count("was not made with any of") == 1, "an operator is told once of a wrong secret")


def broken_clients(seed):
    """clients that leave in the middle, send slowly, or send nonsense: nothing is held, and the next one is served"""
    with DoorLab("rude", partitions=1) as lab:
        gateway = lab.run("gateway")
        good = message("5215500000001", "wamid.1")
        head = (f"POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: {sign(good)}\r\n"
                f"Content-Length: {len(good)}\r\n\r\n").encode()
        for piece in (b"", b"POST", head[:60], head, head + good[:50], b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", lab.door), timeout=DEADLINE) as client:
                client.sendall(piece)
        slow = socket.create_connection(("127.0.0.1", lab.door), timeout=DEADLINE)
        for i in range(0, len(head + good), 40):
            slow.sendall((head + good)[i:i + 40])
        expect(slow.recv(100).startswith(b"HTTP/1.1 200"), "a webhook in small pieces is not accepted")
        slow.sendall((head + good) * 3)  # several in one go on one connection
        text = b""
        while text.count(b"HTTP/1.1 200") < 3:
            more = slow.recv(4096)
            expect(more, f"only {text.count(b'HTTP/1.1 200')} of three pipelined webhooks were accepted")
            text += more
        slow.close()
        wait_for("requests stay open", lambda: gateway.metric("relevo_gateway_requests_open") == 0)
        wait_for("memory stays in use", lambda: gateway.metric("relevo_gateway_memory_bytes") == 0)
        expect(len(lab.events()) == 4, "not every accepted webhook is an event")


def ceiling(seed):
    """bodies in hand have a ceiling: beyond it 503, and when room is made it goes on"""
    with DoorLab("room", partitions=1, gateway={"memory": "4MiB"}) as lab:
        gateway = lab.run("gateway")
        good = message("5215500000001", "wamid.1")
        large = message("5215500000001", "wamid.2", "x" * (2 << 20))
        size = 3 * 1024 * 1024

        def announce(sent):
            client = socket.create_connection(("127.0.0.1", lab.door), timeout=DEADLINE)
            client.sendall((f"POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: {sign(good)}\r\n"
                            f"Content-Length: {size}\r\n\r\n").encode() + b" " * sent)
            return client

        # Whoever only announces, with a signature that nobody can check yet, holds up nobody.
        crowd = [announce(1000) for _ in range(20)]
        wait_for("they are not seen", lambda: gateway.metric("relevo_gateway_requests_open") == len(crowd))
        expect(lab.post(large) == 200, "who only announces keeps others out")
        for client in crowd:
            client.close()
        holder = announce(size - 1)
        wait_for("the ceiling does not count what has come",
                 lambda: (gateway.metric("relevo_gateway_memory_bytes") or 0) >= size)
        expect(lab.post(large) == 503, "beyond the ceiling a webhook is taken all the same")
        expect(gateway.metric('relevo_gateway_requests_total{answer="too_much",status="503"}') == 1, "it is not counted")
        expect(lab.post(good) == 200, "what has room is refused")
        holder.close()
        wait_for("room is not made", lambda: lab.post(message("5215500000001", "wamid.3", "x" * (2 << 20))) == 200)


def leaving(seed):
    """SIGTERM: what is open is answered, nobody new is taken, what was accepted is on Kafka"""
    with DoorLab("leave", partitions=2) as lab:
        gateway = lab.run("gateway")
        accepted, others = [], []
        stop = threading.Event()

        def client(k):
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    status = lab.post(message(f"52155{k:08}", f"wamid.{k}.{n}"))
                except (OSError, http.client.HTTPException):
                    break  # the port is closed
                (accepted if status == 200 else others).append((status, f"wamid.{k}.{n}"))

        threads = [threading.Thread(target=client, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        wait_for("nothing is accepted", lambda: len(accepted) > 100)
        # One that is in the middle of its body: it is open, so it is waited for.
        body = message("5215599999999", "wamid.late") + b" " * (1 << 20)  # so that it is seen among the others
        late = socket.create_connection(("127.0.0.1", lab.door), timeout=DEADLINE)
        late.sendall((f"POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: {sign(body)}\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n").encode() + body[:-10])
        wait_for("the late one is not open", lambda: gateway.metric("relevo_gateway_memory_bytes") > 1 << 20)
        gateway.child.send_signal(signal.SIGTERM)
        wait_for("it is still ready", lambda: gateway.get("/readyz")[0] != 200)
        late.sendall(body[-10:])
        text = late.recv(4096)
        expect(text.startswith(b"HTTP/1.1 200") and b"Connection: close" in text, f"the late one got {text[:200]}")
        gateway.child.wait(DEADLINE)
        expect(gateway.child.returncode == 0, f"it ended with {gateway.child.returncode}:\n{gateway.tail()}")
        stop.set()
        for thread in threads:
            thread.join()
        expect(all(status == 503 for status, _ in others), f"while leaving it answered {set(others)}")
        rows = lab.events()
        missing = {name for _, name in accepted} | {"wamid.late"}
        missing -= {event["message_id"] for _, _, event in rows}
        expect(not missing, f"of {len(accepted)} accepted webhooks {len(missing)} are not among the {len(rows)} events on Kafka: "
               f"{sorted(missing)[:5]}; ends {lab.ends()}")


def without_secret(seed):
    """without an app secret it does not start, and says what to do"""
    with DoorLab("bare", partitions=1) as lab:
        del lab.gateway_options["app_secrets"]
        lab.write_config()
        gateway = lab.run("gateway", ready=False)
        wait_for("it runs", lambda: not gateway.alive())
        expect(gateway.child.returncode == 78, f"status {gateway.child.returncode}")
        expect("gateway.app_secrets" in gateway.tail() and len(gateway.tail().splitlines()) == 1, gateway.tail())
        # From a file, with a comma between the two.
        secrets = lab.folder / "secrets"
        secrets.write_text(",".join(SECRETS) + "\n")
        again = lab.run("gateway", RELEVO_GATEWAY_APP_SECRETS_FILE=str(secrets))
        body = message("5215500000001", "wamid.1")
        expect([lab.post(body, secret=s) for s in (*SECRETS, "x")] == [200, 200, 403], "the secrets of the file are not in force")
        again.stop()


if __name__ == "__main__":
    sys.exit(run("gateway", refusals, broken_clients, ceiling, leaving, without_secret))
