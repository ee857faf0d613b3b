#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What is no event becomes a dead letter, its bytes unchanged, and the lane goes on in the same memory."""
import random
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from confluent_kafka.admin import AdminClient, ConfigResource  # noqa: E402
from checker.rules import dead_place  # noqa: E402
from lab.stack import Lab, expect, generator, run  # noqa: E402

MIB = 1 << 20
ROUNDS, LARGE = 3, 16  # of everything that is bad; of one letter of 10 MB
SLOPE = 5  # MiB a large round that the memory may grow, seen over all of them: half of what one letter would be that is kept


def allow_large(lab):
    """The broker's limit is 1 MiB; a business may have raised it on its topics."""
    admin = AdminClient({"bootstrap.servers": lab.kafka})
    limit = {"max.message.bytes": str(16 * MIB)}
    # What is not named goes back to the broker's default.
    wanted = [ConfigResource("topic", lab.topic, set_config={**limit, "message.timestamp.type": "LogAppendTime"}),
              ConfigResource("topic", lab.topic + ".dlq", set_config=limit)]
    for future in admin.alter_configs(wanted).values():
        future.result(10)


class Bad:
    """A record that cannot be decided: what it is, what it holds, the reason that its dead letter gives."""

    def __init__(self, what, value, reason="undecodable", key=None, headers=None):
        self.what, self.value, self.reason, self.headers = what, value, reason, headers
        self.key = b"bad:" + what.encode() if key is None else key or None  # b"": null; EMPTY: empty

    def produce(self, lab, partition):
        produce(lab, partition, self.value, None if self.key is None else b"" if self.key == EMPTY else self.key, self.headers)


EMPTY = b"(empty)"


def produce(lab, partition, value, key, headers=None):
    if lab.producer is None:
        lab.produce(partition, key, value)  # it makes the producer
        return
    while True:
        try:
            lab.producer.produce(lab.topic, value, key, partition, headers=headers)
            return
        except BufferError:
            lab.producer.poll(0.1)


def bad_texts(lab, event, good):
    """Texts that are none, and lengths that lie."""
    schema, head = lab.schemas["WhatsAppEvent"], good[:10]
    yield Bad("a text that says it is 2 GiB long", head + b"\0" + b"\xfe\xff\xff\xff\x0f" + b"1055")
    yield Bad("a text that says it is 8 EiB long", head + b"\0" + b"\xfe" + b"\xff" * 8 + b"\x01" + b"1055")
    for length in (b"\x01", b"\x03", b"\xff\xff\xff\xff\x0f", b"\xff" * 9 + b"\x01"):  # -1, -2, -2^31, -2^63
        yield Bad(f"a text of negative length {length.hex()}", head + b"\0" + length + b"1055")
    for number in (b"\xff" * 10, b"\xff" * 11 + b"\x01", b"\x80" * 4000):
        yield Bad(f"a number of {len(number)} bytes", head + number + good[11:])
    for symbol in (b"\x01", b"\x0c", b"\xfe\xff\xff\xff\x0f"):  # -1, 6, 2^31 - 1
        yield Bad(f"a kind that is none, {symbol.hex()}", head + symbol + good[11:])
    for branch in (b"\x01", b"\x04", b"\xfe\xff\xff\xff\x0f"):
        yield Bad(f"a branch of a union that is none, {branch.hex()}", head + b"\0\x02" + b"1" + branch + b"\x021")
    for what, text in (("overlong UTF-8", b"say \xc0\xaf"), ("a lone byte of UTF-8", b"say \xff"), ("a surrogate", b"say \xed\xa0\x80"),
                       ("a cut character", b"say \xf0\x9f\x98"), ("a NUL", b"say \0a"), ("only a NUL", b"\0")):
        for field in ("text", "customer_name", "wa_id", "message_id", "phone_number_id"):
            value = schema.encode({**event, field: "@" * len(text)}).replace(b"@" * len(text), text)
            yield Bad(f"{what} in {field}", value)


def bad_framing(lab, rng, good):
    head = good[:10]
    for size in (1, 7, 10, 50, 500, 5000):
        yield Bad(f"{size} random bytes", b"\x02" + rng.randbytes(size - 1))
        yield Bad(f"{size} random bytes behind a right head", head + b"\x01" + rng.randbytes(size))
    yield Bad("another schema's fingerprint", good[:2] + bytes(8) + good[10:])
    yield Bad("a record of another kind", lab.schemas["Progress"].encode({"cluster": "x", "lane": 0, "seq": 1, "at": 1}))
    yield Bad("bytes left over", good + b"\0")
    yield Bad("two events in one record", good + good)
    for magic in (b"\xc3\x02", b"\xc3\x00", b"\x01\xc3", b"Ob", b"{\""):
        yield Bad(f"the magic {magic.hex()}", magic + good[2:])
    for number in (0, 1, 2 ** 31, 2 ** 32 - 1):
        yield Bad(f"Confluent's framing, id {number}, and no registry", b"\0" + number.to_bytes(4, "big") + good[10:])
    yield Bad("Confluent's framing, cut", b"\0\0\0\0")


def bad_records(lab, rng):
    schema = lab.schemas["WhatsAppEvent"]
    event = {"kind": "message", "phone_number_id": "105550001", "wa_id": "579990000000", "message_id": "wamid.bad",
             "type": "text", "text": "say hola"}
    good = schema.encode(event)
    for cut in range(1, len(good)):
        yield Bad(f"cut after {cut} bytes", good[:cut])
    yield from bad_framing(lab, rng, good)
    yield from bad_texts(lab, event, good)
    for field in ("wa_id", "message_id"):
        yield Bad(f"no {field}", schema.encode({k: v for k, v in event.items() if k != field}))
    yield Bad("an empty phone_number_id", schema.encode({**event, "phone_number_id": ""}))
    yield Bad("10 MB of noise", rng.randbytes(10 * 10**6), "too_large")
    yield Bad("10 MB of noise behind a right head", good[:10] + rng.randbytes(10 * 10**6), "too_large")
    yield Bad("an event with a text of 10 MB", schema.encode({**event, "text": "say " + "a" * 10**7}), "too_large")
    # What is null and what is empty stays so: values, keys, headers.
    for value in (None, b""):
        for key in (b"", EMPTY, b"k", b"\0", b"a\0b", b"\xff\xfe", b"k" * 100000):
            yield Bad(f"value {value!r}, key {key[:8]!r}", value, key=key)
    for what, headers in (
            ("one", [("h", b"v")]), ("an empty one", [("h", b"")]), ("one without a name", [("", b"v")]),
            ("the same one again", [("h", b"1"), ("h", b"2"), ("h", b"1")]),
            ("bytes", [("h", bytes(range(256)))]), ("those of a dead letter", [("__connect.errors.topic", b"elsewhere"),
                                                                              ("__connect.errors.offset", b"7")]),
            ("thousands", [(f"h{i}", b"v%d" % i) for i in range(5000)]), ("a megabyte", [("h", rng.randbytes(1 << 20))]),
            ("a long name", [("n" * 30000, b"v")])):
        yield Bad(f"headers: {what}", b"no event", headers=headers)


def unusual(lab, n):
    """(key, value, headers): events that are as good as any, however they come."""
    for headers in ([(f"h{i}", b"v") for i in range(5000)], [("h", bytes(1 << 20))], [("", b"")], None):
        for key in (None, b"", b"\0", b"a\0b", b"\xff"):
            n += 1
            event = {"kind": "message", "phone_number_id": "105550001", "wa_id": f"5688800{n:07d}", "message_id": f"wamid.u{n}",
                     "type": "text", "text": "say hola"}
            yield key, lab.schemas["WhatsAppEvent"].encode(event), headers


def bad_input(seed):
    """truncated, lying, huge and wrongly encoded input between good events"""
    rng = random.Random(seed)
    with Lab("bad", partitions=2, logs=False) as lab:
        allow_large(lab)
        consumer = lab.start(ready=False)
        consumer.wait_ready(240)
        good = iter(generator(seed, 10**6, 50, lab.partitions))
        lab.feed(event for _, event in zip(range(10), good))
        sent, n_unusual = [], 0
        for _ in range(ROUNDS):
            for bad in bad_records(lab, rng):
                bad.produce(lab, 0)
                sent.append(bad)
                if len(sent) % 10 == 0:
                    lab.feed(event for _, event in zip(range(3), good))
            for key, value, headers in unusual(lab, n_unusual):
                produce(lab, 1, value, key, headers)
                n_unusual += 1
            lab.feed(event for _, event in zip(range(200), good))
            lab.wait_caught_up(300)
        each, memory = len(sent) // ROUNDS, []
        for _ in range(LARGE):
            sent.append(Bad("10 MB of noise, again", rng.randbytes(10 * 10**6), "too_large"))
            sent[-1].produce(lab, 0)
            lab.feed(event for _, event in zip(range(50), good))
            lab.wait_caught_up(300)
            memory.append(consumer.resident())
        grown = statistics.linear_regression(range(LARGE), memory).slope
        print(f"{len(sent)} bad records; resident memory after each large one, MiB: "
              + ", ".join(f"{m:.0f}" for m in memory) + f"; it grows by {grown:.1f} a round", flush=True)
        expect(grown < SLOPE, f"the memory grows by {grown:.1f} MiB with each letter of 10 MB")
        metrics = consumer.get("/metrics")[1]
        consumer.stop(60)
        world = lab.check()  # value, key and headers of each letter are those of its record: the checker compares them
        letters = sorted(world.dead[lab.topic], key=dead_place)
        found = {(letter.key, letter.value) for letter in letters}
        missing = {bad.what for bad in sent if (b"" if bad.key == EMPTY else bad.key, bad.value) not in found}
        expect(len(letters) == len(sent), f"{len(letters)} dead letters for {len(sent)} bad records; missing: {missing}")
        for letter, bad in zip(letters, sent):
            place = dead_place(letter)
            headers = {name.removeprefix("__connect.errors."): value.decode(errors="replace")
                       for name, value in letter.headers[-9:]}
            expect(letter.value == bad.value, f"{bad.what}: the value of {place} is another")
            expect(headers["exception.class.name"] == bad.reason, f"{bad.what}: its reason is {headers}")
        for reason in ("undecodable", "too_large"):
            wanted = sum(bad.reason == reason for bad in sent)
            expect(f'relevo_dead_letters_total{{reason="{reason}"}} {wanted}\n' in metrics, f"not {wanted} counted as {reason}:\n"
                   + "\n".join(line for line in metrics.splitlines() if line.startswith("relevo_dead_letters_total")))
        for letter, bad in zip(letters[:each], sent):
            if not bad.what.startswith("cut"):
                headers = dict(letter.headers)
                print(f"  {bad.what}: {headers['__connect.errors.exception.message'].decode()}")


if __name__ == "__main__":
    sys.exit(run("bad input", bad_input))
