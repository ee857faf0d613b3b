#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Input that is well-formed and unusual: transactions, a customer in two partitions, names without end, wrong clocks."""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from confluent_kafka import Consumer, Producer, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, ConfigResource  # noqa: E402
from lab.stack import Lab, expect, run  # noqa: E402


def message(lab, n, **fields):
    event = {"kind": "message", "phone_number_id": "105550001", "wa_id": "5215500000001", "message_id": f"wamid.{n}",
             "type": "text", "text": f"say {n}", **fields}
    return lab.schemas["WhatsAppEvent"].encode(event)


def wait_for(words, condition, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < until, words)
        time.sleep(0.1)


def dead_letters(lab, partition):
    """(key, value) of each, as a reader of committed records sees them."""
    topic, found = lab.topic + ".dlq", []
    consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": "lab", "isolation.level": "read_committed",
                         "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, partition, 0)])
    while True:
        record = consumer.poll(10)
        expect(record is not None, f"{topic}[{partition}] cannot be read")
        if record.error():
            break
        found.append((record.key(), record.value()))
    consumer.close()
    return found


def transactions(seed):
    """events written in transactions: the position passes their markers, so nothing waits and timers run"""
    with Lab("txn", partitions=1, logs=False) as lab:
        producer = Producer({"bootstrap.servers": lab.kafka, "transactional.id": lab.prefix + "writer"})
        producer.init_transactions(10)
        consumer = lab.start()
        for batch in range(3):
            producer.begin_transaction()
            for n in range(5):
                producer.produce(lab.topic, message(lab, batch * 10 + n), b"k", 0)
            if batch == 1:
                producer.flush(10)  # else the abort may come before the broker knows that there is something to abort
                producer.abort_transaction(10)
            else:
                producer.commit_transaction(10)
        wait_for("10 committed events are not decided", lambda: lab.decided() == 10)
        end = lab.ends()[0]
        expect(end > 10, f"the topic ends at {end}: it has no markers")
        wait_for("the position stays before the markers", lambda: lab.sql(
            "SELECT next_offset FROM relevo.offsets WHERE topic = %s", lab.topic)[0][0] == end)
        wait_for("the lag of nothing is not 0", lambda: f'relevo_lag_messages{{topic="{lab.topic}",partition="0"'
                 in (text := consumer.get("/metrics")[1]) and all(line.endswith(" 0") for line in text.splitlines()
                                                                  if line.startswith("relevo_lag_messages{")))
        consumer.stop()
        lab.start("again")  # from the position behind the markers
        expect(lab.decided() == 10, "a restart decided something twice")


def open_transaction(lab, topic, value=b"never"):
    """Somebody's transaction with one record at partition 0 of the topic, which does not end by itself."""
    producer = Producer({"bootstrap.servers": lab.kafka, "transactional.id": lab.prefix + "stranger",
                         "transaction.timeout.ms": 600000})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(lab.prefix + topic, value, partition=0)
    expect(producer.flush(60) == 0, "the open record could not be produced")
    return producer


def without_end(seed):
    """transactions that nobody ends: the lane names them where it reads and where it writes, and goes on when somebody does"""
    with Lab("unended", partitions=1, transaction_timeout="2s", postgres_timeout="2s") as lab:
        results = open_transaction(lab, "relevo.results.v1")
        consumer = lab.start(ready=False)
        wait_for("nobody says that results are not read on", lambda: (
            f"lane 0: an input does not go on: a transaction in {lab.prefix}relevo.results.v1[0] is open since offset 0" in consumer.tail(50)))
        expect(consumer.get("/readyz")[0] == 503, "it says that it is well")
        lab.produce(0, b"k", message(lab, 1))
        lab.produce(0, b"bad", b"no Avro", topic=lab.prefix + "relevo.results.v1")
        lab.flush()
        wait_for("events wait for results", lambda: lab.decided() == 1)
        results.abort_transaction(60)
        wait_for("the lane does not read on behind the end", lambda: lab.decided() == 2)
        consumer.wait_ready()
        wait_for("nobody says that results are read on", lambda: (
            f"lane 0: an input goes on: {lab.prefix}relevo.results.v1" in consumer.tail(50)))
        consumer.stop()

        outbound = open_transaction(lab, "relevo.outbound.v1")
        heir = lab.start("heir", ready=False)
        wait_for("nobody says that its outbound messages are not read", lambda: (
            f"lane 0: a transaction in {lab.prefix}relevo.outbound.v1[0] is open since offset" in heir.tail(50)))
        expect(heir.get("/readyz")[0] == 503, "it says that it is well")
        outbound.abort_transaction(60)
        heir.wait_ready()
        lab.produce(0, b"k", message(lab, 2))
        lab.flush()
        wait_for("it does not decide again", lambda: lab.decided() == 3)
        heir.stop()
        lab.check()


def two_lanes(seed):
    """a customer whose events come through two partitions: the second lane keeps its hands off and forwards them, unchanged"""
    with Lab("lanes", partitions=2) as lab:
        consumer = lab.start()
        lab.produce(0, b"right", message(lab, 1))
        lab.flush()
        wait_for("the first event is not decided", lambda: lab.decided() == 1)
        stray = message(lab, 2)
        lab.produce(1, b"stray", stray)
        lab.produce(1, b"other", message(lab, 3, wa_id="5215500000002"))
        lab.flush()
        wait_for("the lane does not go on, or the other does not get it", lambda: lab.decided() == 4)
        texts = [row[0] for row in lab.sql("SELECT text FROM desk.history WHERE by = 'customer' ORDER BY text")]
        expect(texts == ["say 1", "say 2", "say 3"], f"desks see {texts}")
        expect(lab.sql("SELECT count(*) FROM desk.conversations")[0][0] == 2, "there are not two conversations")
        consumer.stop()
        lab.check()


def long_names(seed):
    """ids of 600 KB: dead letters, since what they would make no topic takes"""
    with Lab("names", partitions=1, logs=False) as lab:
        lab.start()
        bad = [message(lab, 1, user_id="u", wa_id="9" * 600000), message(lab, "x" * 600000, text="say hola")]
        for value in bad:
            lab.produce(0, b"bad", value)
        lab.produce(0, b"good", message(lab, 2))
        lab.flush()
        wait_for("the lane does not go on", lambda: lab.decided() == 3)
        wait_for("the dead letters are missing", lambda: len(dead_letters(lab, 0)) == 2)
        expect([value for _, value in dead_letters(lab, 0)] == bad, "the dead letters are not what came")


def clocks(seed):
    """a topic with its producers' clocks, one of them in the year 2100: lane time stays with ours"""
    with Lab("clocks", partitions=1, logs=False) as lab:
        admin = AdminClient({"bootstrap.servers": lab.kafka})
        wanted = ConfigResource("topic", lab.topic, set_config={
            "message.timestamp.type": "CreateTime", "message.timestamp.after.max.ms": str(10**15)})
        for future in admin.alter_configs([wanted]).values():
            future.result(10)
        consumer = lab.start()
        producer = Producer({"bootstrap.servers": lab.kafka})
        producer.produce(lab.topic, message(lab, 1), b"k", 0, timestamp=4102444800000)
        producer.produce(lab.topic, message(lab, 2), b"k", 0, timestamp=1000)
        expect(producer.flush(10) == 0, "the events could not be produced")
        wait_for("the events are not decided", lambda: lab.decided() == 2)
        ahead = lab.sql("SELECT lane_ms - (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM relevo.lane")[0][0]
        expect(ahead < 1000, f"lane time is {ahead} ms ahead of the clock")
        expect("LogAppendTime" in consumer.tail(30), "nobody was told to set the topic right")


if __name__ == "__main__":
    sys.exit(run("inputs", transactions, without_end, two_lanes, long_names, clocks))
