# SPDX-License-Identifier: Apache-2.0
"""Deliver in the lab: a configuration that points to a test's own Cloud API, processes that may die at a point, and what every message
must have come to."""
import time
from collections import Counter

import yaml
from confluent_kafka import Consumer, TopicPartition

from lab.stack import Lab, Process, expect


class DeliverLab(Lab):
    """A lab whose configuration has a section for deliver: short times, and limits that do not matter."""

    def __init__(self, api, name, **options):
        self.api = api
        super().__init__(name, **options)

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["deliver"] = {"group": self.mark + "-deliver", "api_url": self.api.url, "api_private": True, "timeout": "2s",
                             "lease": "4s", "confirm": "2s", "give_up": "1m", "pair_rate": 1000, "pair_burst": 1000,
                             "number_rate": 5000}
        self.config.write_text(yaml.safe_dump(config, allow_unicode=True))


class Deliver(Process):
    """One `relevo deliver`; points (core/base/point.h) may be given at which it kills itself, or sleeps."""

    role, point, deadly = "deliver", None, None  # deadly: which point of them kills it

    def start(self):
        self.environment.pop("RELEVO_POINT", None)
        if self.point:
            self.environment["RELEVO_POINT"] = self.point
        super().start()


def begin(lab, *patience):
    """A deliver of the lab's, ready within that time; it ends with the lab."""
    sender = Deliver(lab, "deliver")
    lab.processes.append(sender)
    sender.wait_ready(*patience)
    return sender


def outbound(lab):
    """Every committed message of the outbound topic: {id: record}."""
    topic = lab.prefix + "relevo.outbound.v1"
    consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": lab.mark + "-look", "isolation.level": "read_committed",
                         "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, p, 0) for p in range(lab.partitions)])
    found, ended = {}, set()
    while len(ended) < lab.partitions:
        message = consumer.poll(30)
        expect(message is not None, "the outbound topic does not end")
        if message.error():
            ended.add(message.partition())
        else:
            record = lab.schemas.decode(message.value())
            if record["type"] != "read":  # a receipt is no message
                found[record["id"]] = record
    consumer.close()
    return found


def parts_of(message):
    """At least so many parts has a message: deliver cuts a text where it hurts least."""
    return max(1, -(-len(message["text"] or "") // 4096))


def wait_sent(lab, seconds=180):
    """Until every outbound message has come to its end, and the lanes were told of those that went wrong; as long as it goes on."""
    until, most = time.monotonic() + seconds, 0
    while True:
        wanted = outbound(lab)
        rows = {message: (parts, over) for message, parts, over in lab.sql(
            "SELECT id::text, count(*), bool_and(state >= 3 AND (state = 3 OR reported)) FROM relevo.send GROUP BY id")}
        ended = sum(over and parts >= parts_of(wanted[message]) for message, (parts, over) in rows.items() if message in wanted)
        if ended >= len(wanted):
            return wanted
        if ended > most:
            until, most = time.monotonic() + seconds, ended
        expect(time.monotonic() < until, f"{len(wanted) - ended} of {len(wanted)} messages have not come to an end: "
               f"{lab.sql('SELECT state, reported, count(*) FROM relevo.send GROUP BY 1, 2')}\n"
               + "\n".join(p.tail(5) for p in lab.processes))
        time.sleep(1)


def judge_sends(lab, took, wanted):
    """What WhatsApp took, [(id, part)] in its order, against the rows and the topic: nothing twice, nothing that was not decided, the rows
    tell the truth, each conversation in order. Returns {(id, part): state}."""
    rows = {(message, part): state for message, part, state in lab.sql("SELECT id::text, part, state FROM relevo.send")}
    times = Counter(took)
    twice = [entry for entry, n in times.items() if n > 1]
    expect(not twice, f"{len(twice)} messages were sent twice: {twice[:5]}")
    for entry in times:
        expect(entry[0] in wanted, f"{entry} was sent and never decided")
        expect(rows.get(entry) in (3, 6), f"{entry} was accepted by WhatsApp, and its row says {rows.get(entry)}")
    for entry, state in rows.items():
        expect(state != 3 or entry in times, f"{entry} is told as accepted, and WhatsApp never had it")
    # Ids rise with the order of decisions. Of unknown outcome is what had no answer in time: nobody waits for it, and it may arrive later.
    last = {}
    for message, part in (entry for entry in took if rows[entry] == 3):
        conversation = wanted[message]["conversation_id"]
        expect(last.get(conversation, ("", -1)) < (message, part), f"{message} overtook a later message of {conversation}")
        last[conversation] = (message, part)
    return rows
