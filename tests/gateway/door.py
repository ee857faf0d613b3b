# SPDX-License-Identifier: Apache-2.0
"""A gateway, and a sandbox, of a test's own, on top of lab.stack; and webhooks, signed as Meta signs them."""
import hashlib
import hmac
import http.client
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from lab.stack import Lab, Process, bare_environment, expect, free_port  # noqa: E402

CORPUS = Path(__file__).resolve().parents[1] / "data" / "webhooks"
SECRETS = ["the secret in force", "the one before"]
TOKEN = "verify me"
NUMBER = "106540352242922"
DEADLINE = 90  # seconds: other programs may use the machine


def wait_for(words, condition, seconds=DEADLINE):
    until = time.monotonic() + seconds
    while not (value := condition()):
        expect(time.monotonic() < until, words() if callable(words) else words)
        time.sleep(0.05)
    return value


def sign(body, secret=SECRETS[0]):
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def message(wa_id, message_id, text="hola", number=NUMBER, at=None):
    """A webhook with one text, as bytes."""
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "102", "changes": [{
        "field": "messages", "value": {
            "messaging_product": "whatsapp", "metadata": {"display_phone_number": "5255", "phone_number_id": number},
            "contacts": [{"profile": {"name": "Marisol"}, "wa_id": wa_id}],
            "messages": [{"from": wa_id, "id": message_id, "timestamp": str(at or int(time.time())), "type": "text",
                          "text": {"body": text}}]}}]}]}, ensure_ascii=False).encode()


class Role(Process):
    """`relevo gateway` or `relevo sandbox`."""

    def __init__(self, lab, role, **environment):
        self.role = role
        super().__init__(lab, role, **environment)

    def metric(self, name):
        """A metric's value by its name with labels; None when it is not there."""
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return None


class DoorLab(Lab):
    """Topics, a database, and a configuration with both roles. `kafka`: another server than the environment's."""

    def __init__(self, name, partitions=4, kafka=None, gateway=None, **options):
        super().__init__(name, partitions, logs=False, **options)
        if kafka:
            self.kafka = kafka
        self.door, self.phone = free_port(), free_port()
        self.gateway_options = {"listen": f"127.0.0.1:{self.door}", "app_secrets": SECRETS, "verify_token": TOKEN,
                                "ack_timeout": "60s",  # the servers may be busy with other tests
                                **(gateway or {})}

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["gateway"] = self.gateway_options
        config["sandbox"] = {"listen": f"127.0.0.1:{self.phone}", "phone_number_id": NUMBER}
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    def run(self, role, ready=True, **environment):
        process = Role(self, role, **environment)
        self.processes.append(process)
        if role == "sandbox":
            wait_for(f"the sandbox does not answer:\n{process.tail()}",
                     lambda: process.alive() and self.sandbox("state", patient=True))
        elif ready:
            process.wait_ready(DEADLINE)
        return process

    # ---- HTTP

    def post(self, body, headers=None, secret=SECRETS[0], path="/webhook"):
        """Posts a webhook; the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.door, timeout=DEADLINE)
        try:
            connection.request("POST", path, body, {"X-Hub-Signature-256": sign(body, secret)} if headers is None else headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def sandbox(self, what, body=None, patient=False, method=None):
        """GET or POST /sandbox/...; the JSON. patient: None when nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.phone}/sandbox/{what}", method=method,
                                         data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            return json.load(refused)
        except OSError:
            if patient:
                return None
            raise

    def graph(self, body, edge="messages", token="t", number=NUMBER, version="v23.0"):
        """A call of the Cloud API; (status, JSON). Status 0: no answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.phone}/{version}/{number}/{edge}",
                                         data=body if isinstance(body, bytes) else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {token}"} if token else {})
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)
        except (OSError, http.client.HTTPException):
            return 0, None

    # ---- what came out

    def events(self):
        """Every event so far: (partition, key, event), each partition in order."""
        ends, found = self.ends(), {}
        consumer = Consumer({"bootstrap.servers": self.kafka, "group.id": "door", "auto.offset.reset": "earliest"})
        consumer.assign([TopicPartition(self.topic, p, 0) for p, end in ends.items() if end > 0])
        until = time.monotonic() + DEADLINE
        while len(found) < sum(ends.values()):
            record = consumer.poll(1)
            expect(time.monotonic() < until, f"{self.topic} cannot be read: {len(found)} of {sum(ends.values())} records")
            if record is None or record.error():
                continue
            where = record.partition(), record.offset()
            if where in found:
                print(f"  the client gave {where} twice", flush=True)
            if record.offset() < ends[record.partition()]:
                found[where] = (record.partition(), record.key().decode(), self.schemas.decode(record.value()))
        consumer.close()
        found = [found[where] for where in sorted(found)]
        return found
