#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The whole circle under load, and its parts killed with -9 one after the other: Kafka, Postgres, the sandbox that plays WhatsApp, deliver.

    test_deliver_parts.py [SEED] [--rounds N]

Customers write, the bot answers, desktops take over, deliver sends, the sandbox tells of it through the gateway. Then the sandbox's own log,
which outlives it, is joined with the rows and the topic: every message came to its end, none twice, each conversation's in order; and of
each that was not sent, or of which nobody knows, the lane was told once and did what the policy says.
"""
import json
import random
import sys
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "e2e")]
import yaml  # noqa: E402
from parts import HEAL_S, Load, Parts, answers, expect  # noqa: E402
from lab import servers  # noqa: E402
from lab.deliver import Deliver, judge_sends, wait_sent  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import Process, generator, run  # noqa: E402
from test_takeovers import option  # noqa: E402

CONVERSATIONS, RATE = 60, 40
NUMBER = "106540352242922"  # the one that the sandbox plays: its statuses come back for it
BEHAVIOUR = {"answer_ms": [0, 80], "window_hours": 0, "per_second": 0, "pair_ms": 0, "delivered_ms": [50, 400]}


class Sandbox(Process):
    role = "sandbox"

    def start(self):
        super().start()
        servers.wait_for("the sandbox does not answer", lambda: self.lab.phone("settings", BEHAVIOUR), HEAL_S, self.tail)


class Gateway(Process):
    role = "gateway"


class Circle(Parts):
    """A lab of all roles."""

    def __init__(self, name, **options):
        super().__init__(name, **options)
        self.ports = servers.port(), servers.port()
        self.log = self.folder / "sends.jsonl"

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        door, phone = (f"127.0.0.1:{port}" for port in self.ports)
        config["gateway"] = {"listen": door, "app_secrets": ["a secret"], "verify_token": "t"}
        config["sandbox"] = {"listen": phone, "phone_number_id": NUMBER, "log": str(self.log)}
        config["deliver"] = {"group": self.mark + "-deliver", "api_url": f"http://{phone}", "api_private": True, "token": "t", "timeout": "2s",
                             "lease": "4s", "confirm": "2s", "pair_rate": 1000, "pair_burst": 1000, "number_rate": 5000,
                             "destinations": [{"name": "crm", "url": f"http://{phone}/sandbox/crm/", "private": True}]}
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True))

    def phone(self, what, body=None):
        """GET or POST /sandbox/...; None when nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[1]}/sandbox/{what}", body and json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError):
            return None

    def add(self, kind, name):
        process = kind(self, name)
        self.processes.append(process)
        return process

    def took(self):
        """What the sandbox accepted, in order: (id, part)."""
        entries = [json.loads(line)["body"]["biz_opaque_callback_data"] for line in self.log.read_text().splitlines()]
        return [(entry.rpartition("/")[0], int(entry.rpartition("/")[2])) for entry in entries]

    def wait_sends(self, seconds=HEAL_S):
        """Until of every lane's messages more were accepted than now."""
        count = "SELECT lane, count(*) FROM relevo.send WHERE state = 3 GROUP BY lane"
        before, until = dict(self.sql(count)), time.monotonic() + seconds
        while True:
            now = dict(self.sql(count))
            if all(now.get(lane, 0) > before.get(lane, 0) for lane in range(self.partitions)):
                return
            for process in self.processes:
                expect(process.alive(), f"{process.name} ended by itself ({process.child.returncode}):\n{process.tail()}")
            expect(time.monotonic() < until, f"messages are not sent again after {seconds} s: {before}, {now}\n"
                   + "\n".join(p.tail() for p in self.processes))
            time.sleep(0.1)


class Customers(Load):
    """Those of the sandbox's number who show a phone number: it knows nobody else."""

    def __init__(self, lab, seed):
        super().__init__(lab, seed)
        self.pause = 1.5  # desktops leave most conversations to the bot: what it says is what may be sent twice

    def customers(self):
        schema, began = self.lab.schemas["WhatsAppEvent"], time.monotonic()
        for _, _, event in generator(self.seed, 10**7, CONVERSATIONS, self.lab.partitions):
            if self.ending.is_set():
                return
            if "wa_id" not in event or event["kind"] == "status":  # statuses are the sandbox's own
                continue
            key = f"{NUMBER}:{event.get('user_id') or event['wa_id']}".encode()
            self.lab.produce(partition_of(key, self.lab.partitions), key, schema.encode({**event, "phone_number_id": NUMBER}))
            self.done["events"] += 1
            if self.done["events"] % 10 == 0:
                self.lab.producer.poll(0)
                time.sleep(max(0, began + self.done["events"] / RATE - time.monotonic()))


def fault(lab, name, part, hold_s):
    """Killed, so long away, back: the lanes work and messages of each go out again, whatever ended meanwhile."""
    part.kill()
    time.sleep(hold_s)
    for process in lab.processes:
        if process is not part and process.role != "sandbox":  # which has no port for operators
            answers(process)
    part.start()
    back = time.monotonic()
    lab.wait_works([p for p in lab.processes if p.role == "consume"])
    lab.wait_sends()
    print(f"  {name} killed, away for {hold_s:.1f} s: all goes on {time.monotonic() - back:.1f} s later", flush=True)


def consequences(world, rows, wanted):
    """The lane was told of each message that was not simply accepted; where the bot still had the conversation, people have it now."""
    told, now = defaultdict(list), {}
    for _, records in sorted(world.decoded.items()):
        for _, d in records:
            before = now.get(d["conversation_id"], ("bot", 1))
            if d["event"] == "undelivered" and d["kind"] in ("suppressed", "undelivered"):
                message, _, part = d["status"]["callback_data"].rpartition("/")
                told[message, int(part)].append([d["kind"], before, False])
                last = d["conversation_id"], d["seq"], told[message, int(part)][-1]
            elif d["event"] == "undelivered" and d["kind"] == "handed_off":
                expect(last[:2] == (d["conversation_id"], d["seq"]), f"{d} follows nothing that was not delivered")
                last[2][2] = True
            if d["owner"] != "none" and d["change"]:
                now[d["conversation_id"]] = d["owner"], d["epoch"]
    for entry, state in rows.items():
        message, heard = wanted[entry[0]], told.pop(entry, [])
        if state == 3:
            expect(not heard, f"{entry} was accepted, and the lane heard {heard}")
            continue
        expect(heard, f"{entry} ended in state {state}, and the lane was never told")
        kind, before, handed = heard[0]
        expect({k for k, _, _ in heard} == {"suppressed" if state == 5 else "undelivered"}, f"{entry} ended in state {state}, the lane heard {heard}")
        # Told again after more messages than a conversation remembers, it is decided again, and changes nothing.
        expect(not any(again for _, _, again in heard[1:]), f"{entry} brought people twice: {heard}")
        policy = kind == "undelivered" and message["author"] != "agent" and before == ("bot", message["epoch"])
        expect(handed == policy, f"{entry} ({message['author']}, epoch {message['epoch']}) ended in state {state} while {before} had the "
               f"conversation: it was {'' if handed else 'not '}handed over")
    expect(not told, f"lanes heard of {list(told)[:5]}, which are no messages")


def circle(seed):
    """Kafka, Postgres, the sandbox and deliver killed with -9 in turn: nothing lost, nothing sent twice, order kept"""
    rng = random.Random(seed)
    with Circle("circle") as lab:
        consumers = [lab.start("consume")]
        lab.add(Gateway, "gateway").wait_ready()
        sandbox = lab.add(Sandbox, "sandbox")
        delivers = [lab.add(Deliver, f"deliver{n}") for n in range(1 if ROUNDS == 1 else 2)]
        for deliver in delivers:
            deliver.wait_ready()
        with Customers(lab, seed):
            lab.wait_sends()
            for _ in range(ROUNDS):
                parts = [("Kafka", lab.broker), ("Postgres", lab.pg), ("the sandbox", sandbox)]
                rng.shuffle(parts)
                for name, part in [(d.name, d) for d in delivers] + parts:  # reports of a dead deliver wait half a minute: meanwhile others die
                    fault(lab, name, part, rng.uniform(0, 2 if ROUNDS == 1 else 12))
        lab.sql("SELECT desk.set_presence(agent_id, 'offline') FROM desk.agents")  # else one may be given a conversation at the last moment
        lab.wait_caught_up(HEAL_S)
        wanted = wait_sent(lab)
        servers.wait_for("statuses stay on their way", lambda: lab.phone("state")["on_the_way"] == 0, HEAL_S, sandbox.tail)
        lab.wait_caught_up(HEAL_S)
        for process in delivers + [sandbox] + [p for p in lab.processes if p.role == "gateway"] + consumers:
            process.stop(40)
        took = lab.took()
        rows = judge_sends(lab, took, wanted)
        consequences(lab.check(model=False), rows, wanted)
        words = {3: "accepted", 4: "failed", 5: "suppressed", 6: "unknown"}
        states = Counter(rows.values())
        print(f"{len(wanted)} messages, {len(took)} taken by the sandbox; { {words[s]: n for s, n in sorted(states.items())} }", flush=True)
        expect(not states[4], f"{states[4]} messages failed, and nothing was to fail")


if __name__ == "__main__":
    ROUNDS = option("--rounds", 1)
    sys.exit(run("deliver_parts", circle))
