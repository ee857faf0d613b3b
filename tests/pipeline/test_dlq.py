#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`relevo dlq` on real dead letters: listed with their reason, shown in full, put back once and decided, dropped and deleted; by two at
once, and cut in the middle."""
import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from confluent_kafka import Consumer, Producer, TopicPartition  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import BIN, PATIENCE_S, Lab, bare_environment, expect, run  # noqa: E402

NUMBER, CUSTOMER = "105550001", "5215550000001"
KEY = f"{NUMBER}:{CUSTOMER}".encode()
ERRORS = "__connect.errors."


def message(lab, n, text="say hola"):
    return lab.schemas["WhatsAppEvent"].encode(
        {"kind": "message", "phone_number_id": NUMBER, "wa_id": CUSTOMER, "message_id": f"wamid.{n}", "sent_at": int(time.time() * 1000),
         "type": "text", "text": text})


def lay(lab, n, reason="undecodable", origin=None, own=()):
    """A dead letter as a lane writes it, of an event that is good by now."""
    partition = partition_of(KEY, lab.partitions)
    headers = [*own, *((ERRORS + name, value.encode()) for name, value in (
        ("topic", origin or lab.topic), ("partition", str(partition)), ("offset", str(1000 + n)), ("connector.name", "relevo"),
        ("task.id", str(partition)), ("stage", "VALUE_CONVERTER"), ("class.name", "lane"), ("exception.class.name", reason),
        ("exception.message", f"was number {n}")))]
    if lab.producer is None:
        lab.producer = Producer({"bootstrap.servers": lab.kafka, "acks": "all", "linger.ms": 5})
    lab.producer.produce(lab.topic + ".dlq", message(lab, n), KEY, partition, headers=headers)


def dlq(lab, *words, status=0):
    ran = subprocess.run([BIN, "dlq", *words, "--config", lab.config], capture_output=True, timeout=PATIENCE_S, env=bare_environment())
    expect(ran.returncode == status, f"relevo dlq {' '.join(words)} ended with {ran.returncode}, not {status}: {ran.stderr.decode()}")
    return ran.stdout.decode(errors="replace") if status == 0 else ran.stderr.decode()


def listed(lab, *words):
    return json.loads(dlq(lab, "list", "--json", *words))["letters"]


def decided(lab, prefix="wamid."):
    """Message ids of events that were decided, each as often as it was; a repeated one is a decision too."""
    return sorted(row[0] for row in lab.sql("SELECT message_id FROM relevo.history WHERE message_id LIKE %s", prefix + "%"))


def until(words, true):
    end = time.monotonic() + PATIENCE_S
    while not true():
        expect(time.monotonic() < end, words() if callable(words) else words)
        time.sleep(0.05)


def raw(lab):
    """Every record of the dead letters' partition, as Kafka has them."""
    consumer, found = Consumer({"bootstrap.servers": lab.kafka, "group.id": "raw", "auto.offset.reset": "earliest", "enable.partition.eof": True}), []
    consumer.assign([TopicPartition(lab.topic + ".dlq", partition_of(KEY, lab.partitions), 0)])
    while (record := consumer.poll(PATIENCE_S)) is not None and not record.error():
        found.append(record)
    consumer.close()
    return found


def one_by_one(seed):
    """what a lane could not decode is listed and shown; a good one is put back, decided once, and no second time"""
    with Lab("dlq", partitions=2, logs=False) as lab:
        process = lab.start()
        expect(listed(lab) == [] and "No dead letter" in dlq(lab, "list"), "there are letters already")
        lab.produce(partition_of(KEY, lab.partitions), KEY, b"\x00\xff nonsense")
        lab.flush()
        until("the lane wrote no dead letter", lambda: len(listed(lab)) == 1)
        bad = listed(lab)[0]
        expect(bad["reason"] == "undecodable" and bad["from"]["topic"] == lab.topic and bad["key"] == KEY.decode() and bad["bytes"] == 11,
               f"it is listed as {bad}")
        shown = dlq(lab, "show", bad["id"])
        for words in ("header __connect.errors.exception.message:", f"key: {KEY.decode()}", "00ff206e"):
            expect(words in shown, f"show lacks '{words}':\n{shown}")
        ran = subprocess.run([BIN, "dlq", "show", bad["id"], "--raw", "--config", lab.config], capture_output=True, env=bare_environment())
        expect(ran.stdout == b"\x00\xff nonsense", f"--raw gives {ran.stdout}")

        lay(lab, 1, own=[("traceparent", b"00-1-2-01"), (ERRORS + "topic", b"elsewhere"), ("empty", b""), ("null", None)])
        lay(lab, 2, reason="plugin_died")
        lay(lab, 3, origin="somebody.elses")
        lab.flush()
        until("the letters are not listed", lambda: len([x for x in listed(lab) if x["key"] == KEY.decode()]) == 4)
        mine = {x["message"]: x["id"] for x in listed(lab)}
        expect("hola" in dlq(lab, "show", mine["was number 1"]), "an event of ours is not shown as text")
        told = json.loads(dlq(lab, "show", mine["was number 1"], "--json"))
        expect(told["id"] == mine["was number 1"] and told["key"] == KEY.decode() and told["record"]["text"] == "say hola", f"as JSON it is {told}")
        expect(base64.b64decode(told["value"]["base64"]) in [record.value() for record in raw(lab)], f"its value as JSON is {told['value']}")
        expect([(h["name"], h["value"]) for h in told["headers"]][:4] == [("traceparent", "00-1-2-01"), (ERRORS + "topic", "elsewhere"),
                                                                         ("empty", ""), ("null", None)], f"its headers are {told['headers']}")
        nonsense = json.loads(dlq(lab, "show", bad["id"], "--json"))
        expect(base64.b64decode(nonsense["value"]["base64"]) == b"\x00\xff nonsense" and nonsense["record"] is None, f"nonsense is {nonsense}")
        before = decided(lab)
        expect("would have replayed 1 dead" in dlq(lab, "replay", mine["was number 1"], "--dry-run"), "a dry run")
        expect(decided(lab) == before and not any(x["done"] for x in listed(lab, "--all")), "a dry run did something")
        expect("replayed 1 dead letters" in dlq(lab, "replay", mine["was number 1"]), "replay")
        until("what was put back is not decided", lambda: decided(lab) == ["wamid.1"])
        consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": "look", "isolation.level": "read_committed"})
        consumer.assign([TopicPartition(lab.topic, partition_of(KEY, lab.partitions), 0)])
        while (record := consumer.poll(PATIENCE_S)) is None or record.error() or record.value() != next(
                r.value() for r in raw(lab) if (r.headers() or [("", b"")])[-1][1] == b"was number 1"):
            expect(record is not None, "it did not come back")
        consumer.close()
        expect(record.key() == KEY and record.headers() == [("traceparent", b"00-1-2-01"), (ERRORS + "topic", b"elsewhere"), ("empty", b""),
                                                            ("null", None)], f"it came back changed: {record.headers()}")
        expect("somebody saw to it" in dlq(lab, "replay", mine["was number 1"], status=65), "a second replay")
        expect("decided already" in dlq(lab, "replay", mine["was number 2"], status=65), "one that was decided")
        expect("from which topic" in dlq(lab, "replay", mine["was number 3"], status=65), "one of another installation")
        expect("there is no dead letter" in dlq(lab, "drop", mine["was number 3"] + "9", status=66), "one that is not there")
        expect(mine["was number 1"] not in {x["id"] for x in listed(lab)}, "it is still open")
        done = next(x for x in listed(lab, "--all") if x["id"] == mine["was number 1"])
        expect(done["done"] == "replayed" and done["by"], f"nobody knows who did it: {done}")

        first = raw(lab)[0].offset()
        dlq(lab, "drop", "--reason", "plugin_died")
        expect(raw(lab)[0].offset() == first, "what lies behind an open letter is gone, and the open one with it")
        dlq(lab, "drop", "--topic", lab.topic, "--topic", lab.topic + ".dlq")
        expect(listed(lab) == [], f"they are still open: {listed(lab)}")
        expect(not raw(lab), "what was dropped is still in Kafka")
        process.stop()


def usage(seed):
    """wrong words are refused before anything is asked of Kafka"""
    with Lab("words", partitions=2, logs=False) as lab:
        for words in (["list", "x"], ["show"], ["replay"], ["drop"], ["replay", "a:1:2", "--all"], ["drop", "--all", "--force"], ["frob"], [],
                      ["list", "--since", "yesterday"], ["list", "--raw"]):
            expect("see `relevo dlq --help`" in dlq(lab, *words, status=os.EX_USAGE), f"relevo dlq {words}")


def two_at_once(lab, rng, kill):
    """Two who replay all that is open, again until nothing of ours is; kill: one of them is killed somewhere on its way."""
    words = [BIN, "dlq", "replay", "--reason", "undecodable", "--since", "1d", "--config", lab.config]
    for _ in range(20):
        two = [subprocess.Popen(words, env=bare_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
        if kill:
            time.sleep(rng.uniform(0, 1.5))
            two[rng.randrange(2)].send_signal(signal.SIGKILL)
        for one in two:
            said = one.communicate(timeout=PATIENCE_S)[1].decode()
            expect(one.returncode in ((0, -9, os.EX_TEMPFAIL) if kill else (0, os.EX_TEMPFAIL)), f"ended with {one.returncode}: {said}")
        # What is undecodable for good dies again, and is open again.
        if not [x for x in listed(lab) if x["key"] == KEY.decode()]:
            return
    expect(False, "some are open after twenty tries")


def together(seed):
    """hundreds of letters, two who replay them at once, and one who is killed: each is decided exactly once"""
    rng, many = random.Random(seed), 450
    with Lab("many", partitions=2, logs=False) as lab:
        process = lab.start()
        lab.produce(0, b"", b"nonsense")
        lab.flush()
        for round_, kill in enumerate((False, True)):
            for n in range(many):
                lay(lab, round_ * many + n)
            lab.flush()
            two_at_once(lab, rng, kill)
        dlq(lab, "replay", "--reason", "undecodable")
        lab.wait_caught_up()
        got = decided(lab)
        expect(len(got) == 2 * many and len(set(got)) == 2 * many, f"{len(got)} events of {len(set(got))} messages were decided, not {2 * many}")
        process.stop()


if __name__ == "__main__":
    sys.exit(run("dlq", one_by_one, usage, together))
