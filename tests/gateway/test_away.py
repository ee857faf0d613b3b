#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kafka away: webhooks are refused at once, Meta's way of sending again brings all of them, and none that was accepted is lost."""
import http.client
import random
import socket
import sys
import threading
import time

from door import DEADLINE, DoorLab, message, wait_for
from lab import servers
from lab.stack import expect, run

CLIENTS = 12


class Meta(threading.Thread):
    """Sends a webhook until it is accepted, then the next one, as Meta does."""

    def __init__(self, lab, k, stop):
        super().__init__(daemon=True)
        self.lab, self.k, self.stop = lab, k, stop
        self.accepted, self.refused, self.strange = [], 0, []
        self.start()

    def run(self):
        connection, n = None, 0
        while not self.stop.is_set():
            n += 1
            name = f"wamid.{self.k}.{n}"
            body = message(f"52155{self.k:08}", name)
            while not self.stop.is_set():
                try:
                    status = self.lab.post(body)
                except (OSError, http.client.HTTPException) as broken:
                    self.strange.append(repr(broken))
                    return
                if status == 200:
                    self.accepted.append(name)
                    break
                self.refused += 1
                if status != 503:
                    self.strange.append(status)
                time.sleep(0.02)


def judge(lab, clients):
    """Each accepted one is there; each customer's are in order, but for repetitions."""
    have = {}
    for partition, key, event in lab.events():
        have.setdefault(key, []).append((partition, event["message_id"]))
    for client in clients:
        expect(not client.strange, f"client {client.k} got {client.strange[:3]}")
        rows = have.get(f"106540352242922:52155{client.k:08}", [])
        expect(len({p for p, _ in rows}) <= 1, f"client {client.k}'s events are in several partitions")
        names = {name for _, name in rows}
        missing = [name for name in client.accepted if name not in names]
        expect(not missing, f"{len(missing)} accepted webhooks of client {client.k} are lost: {missing[:3]}")
        first = list(dict.fromkeys(name for _, name in rows))
        numbers = [int(name.rsplit(".", 1)[1]) for name in first]
        expect(numbers == sorted(numbers), f"client {client.k}'s events came out of order")
    return sum(map(len, have.values()))


def outages(seed):
    """Kafka killed, stopped in order and frozen under load: refused while it is away, accepted again, nothing lost"""
    r = random.Random(seed)
    kafka = servers.Kafka()
    try:
        kafka.start()
        with DoorLab("away", partitions=3, kafka=kafka.address(), gateway={"ack_timeout": "900ms", "threads": 2}) as lab:
            gateway = lab.run("gateway")
            stop = threading.Event()
            clients = [Meta(lab, k, stop) for k in range(CLIENTS)]
            total = lambda: sum(len(client.accepted) for client in clients)
            refused = lambda: sum(client.refused for client in clients)
            wait_for("nothing is accepted", lambda: total() > 50)
            for how in ("kill", "freeze", "stop", "kill"):
                time.sleep(r.random())
                before = refused()
                {"kill": kafka.kill, "freeze": kafka.pause, "stop": kafka.stop}[how]()
                wait_for(f"{how}: webhooks are not refused", lambda: refused() > before + CLIENTS)
                expect(gateway.get("/readyz")[0] == 503, f"{how}: it says that it is ready")
                expect(gateway.get("/healthz")[0] == 200, f"{how}: it says that it is stuck")
                time.sleep(r.random() * 3)
                kafka.resume() if how == "freeze" else kafka.start()
                now = total()
                wait_for(lambda: f"{how}: nothing is accepted again:\n{gateway.tail()}", lambda: total() > now + 3 * CLIENTS)
            stop.set()
            for client in clients:
                client.join(DEADLINE)
            wait_for("requests stay open", lambda: gateway.metric("relevo_gateway_requests_open") == 0)
            n = judge(lab, clients)
            lines = gateway.log.read_text().splitlines()
            told = [line for line in lines if "does not acknowledge" in line]
            expect(told and len(told) <= 12, f"{len(told)} lines tell of an outage: one each would be right")
            print(f"  {total()} accepted, {refused()} refused, {n} events; {gateway.resident():.0f} MiB")
            gateway.stop(DEADLINE)
    finally:
        kafka.remove()


def at_start(seed):
    """Kafka away when the gateway starts: it listens, refuses, says what it waits for, and takes webhooks when it can"""
    kafka = servers.Kafka()
    try:
        kafka.start()
        with DoorLab("start", partitions=1, kafka=kafka.address(), gateway={"ack_timeout": "500ms"}) as lab:
            kafka.kill()
            gateway = lab.run("gateway", ready=False)
            body = message("5215500000001", "wamid.1")
            wait_for("it does not listen", lambda: listens(lab))
            time.sleep(0.6)  # amid a look for the topic
            begun = time.monotonic()
            expect(lab.post(body) == 503, "it accepts what it cannot store")
            took = time.monotonic() - begun  # gateway.ack_timeout: that the topic is looked for must not hold it up
            expect(took < 1, f"the first one was refused after {took:.2f} s")
            expect(lab.post(body) == 503, "it accepts what it cannot store")
            status, reason = gateway.get("/readyz")
            expect(status == 503 and "Kafka" in reason, f"readyz: {status} {reason}")
            kafka.start()
            wait_for("it takes no webhooks", lambda: lab.post(body) == 200)
            wait_for("it is not ready", lambda: gateway.get("/readyz")[0] == 200)
            # SIGTERM while Kafka is away again: it leaves, and says what it could not store.
            kafka.pause()
            threads = [threading.Thread(target=answers, args=(lab, body)) for _ in range(3)]
            for thread in threads:
                thread.start()
            gateway.stop(DEADLINE)
            for thread in threads:
                thread.join(DEADLINE)
            kafka.resume()
    finally:
        kafka.remove()


def listens(lab):
    try:
        socket.create_connection(("127.0.0.1", lab.door), DEADLINE).close()
        return True
    except OSError:
        return False


def answers(lab, body):
    try:
        return lab.post(body)
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(run("away", outages, at_start))
