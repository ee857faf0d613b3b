#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the checker sees what it is there for: a clean run passes, and every planted fault is found.

Needs no server. The faults are planted in a clean run made by synthetic.py, each in a copy of its own.
"""
import copy
import io
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from checker import check, synthetic  # noqa: E402
from checker.world import DEAD, Record, pack, unpack  # noqa: E402
from lab import avro, generate  # noqa: E402

PLANTS = {}


def plant(*rules):
    """Registers a fault, and the rules of which at least one must report it."""
    def register(function):
        PLANTS[function.__name__] = function, set(rules)
        return function
    return register


def lane_of(world, rng):
    return rng.choice(sorted(world.lanes))


def renumber(records):
    return [r._replace(offset=i) for i, r in enumerate(records)]


def pick(world, rng, topic, **wanted):
    """A random record of an output topic whose fields have the wanted values: (lane, index, decoded)."""
    schema = {"decisions": "Decision", "outbound": "OutboundMessage", "ownership": "Ownership"}[topic]
    found = [(lane, i, value) for lane, records in world.outputs[topic].items() for i, r in enumerate(records)
             for value in [world.schemas.decode(r.value, schema)] if all(value[k] == v for k, v in wanted.items())]
    return rng.choice(found)


def rewrite(world, kind, lane, index, value):
    """Puts another value in the topic and in the history row, as a lane that decided wrongly would."""
    schema = {"decisions": "Decision", "outbound": "OutboundMessage", "ownership": "Ownership"}[kind]
    record = world.outputs[kind][lane][index]
    data = world.schemas[schema].encode(value)
    world.outputs[kind][lane][index] = record._replace(value=data)
    row = next(r for r in world.history[lane] if r["seq"] == value["seq"])
    row["decided"] = pack([(n, data if old == record.value else old) for n, old in unpack(row["decided"])])


@plant("duplicate")
def a_record_published_twice(world, rng):
    records = world.outputs["decisions"][lane_of(world, rng)]
    i = rng.randrange(len(records))
    records[i:i] = [records[i]]
    records[:] = renumber(records)


@plant("duplicate")
def a_message_to_the_customer_twice(world, rng):
    records = world.outputs["outbound"][lane_of(world, rng)]
    records.append(records[rng.randrange(len(records))]._replace(offset=len(records)))


@plant("trace")
def a_record_of_another_trace(world, rng):
    records = world.outputs["outbound"][lane_of(world, rng)]
    i = rng.randrange(len(records))
    records[i] = records[i]._replace(headers=[("traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01")])


@plant("trace")
def a_record_without_its_trace(world, rng):
    records = world.outputs["decisions"][lane_of(world, rng)]
    records[-1] = records[-1]._replace(headers=None)


@plant("exactly once")
def an_event_decided_twice(world, rng):
    lane = lane_of(world, rng)
    rows = world.history[lane]
    row = dict(rng.choice([r for r in rows if r["source"] == 0]))
    row["seq"] = rows[-1]["seq"] + 1
    rows.append(row)
    world.lanes[lane]["seq"] += 1


@plant("exactly once")
def a_command_decided_twice(world, rng):
    lane, row = rng.choice([(lane, r) for lane, rows in world.history.items() for r in rows if r["source"] == 1])
    world.history[lane].append({**row, "seq": world.history[lane][-1]["seq"] + 1})


@plant("lost")
def a_lost_record(world, rng):
    records = world.outputs["outbound"][lane_of(world, rng)]
    del records[rng.randrange(len(records))]
    records[:] = renumber(records)


@plant("exactly once")
def a_lost_event(world, rng):
    lane = lane_of(world, rng)
    rows = world.history[lane]
    i = rng.choice([i for i, r in enumerate(rows) if r["source"] == 0 and i > 0])
    rows[i]["source_offset"], rows[i]["topic"] = rows[i - 1]["source_offset"], rows[i - 1]["topic"]


@plant("sequence")
def a_lost_row(world, rng):
    rows = world.history[lane_of(world, rng)]
    del rows[rng.randrange(1, len(rows) - 1)]


@plant("exactly once")
def a_lost_command(world, rng):
    lane = lane_of(world, rng)
    world.command_log.append({**world.command_log[0], "lane": lane, "id": 10**6})


@plant("order")
def records_in_another_order(world, rng):
    records = world.outputs["decisions"][lane_of(world, rng)]
    i = rng.randrange(len(records) - 1)
    records[i], records[i + 1] = records[i + 1], records[i]
    records[:] = renumber(records)


@plant("order")
def events_of_a_conversation_in_another_order(world, rng):
    lane = lane_of(world, rng)
    by = {}
    for row in world.history[lane]:
        if row["source"] == 0:
            by.setdefault(row["conversation_id"], []).append(row)
    first, second = rng.choice([rows for rows in by.values() if len(rows) > 2])[:2]
    first["source_offset"], second["source_offset"] = second["source_offset"], first["source_offset"]


@plant("epoch")
def a_wrong_epoch(world, rng):
    lane, i, value = pick(world, rng, "decisions", kind="handed_off")
    rewrite(world, "decisions", lane, i, {**value, "epoch": value["epoch"] + 1})


@plant("epoch", "ownership", "derived", "lost")
def a_change_that_nobody_was_told(world, rng):
    lane, i, value = pick(world, rng, "ownership")
    records = world.outputs["ownership"][lane]
    del records[i]
    row = next(r for r in world.history[lane] if r["seq"] == value["seq"])
    row["decided"] = pack([(n, d) for n, d in unpack(row["decided"]) if n != 2])


@plant("leak")
def a_bot_message_while_a_person_owns(world, rng):
    # Plain replies of the bot, moved behind the take-over of their conversation: the old epoch is spoken in.
    owner = {}
    for lane, records in world.outputs["decisions"].items():
        for i, record in enumerate(records):
            d = world.schemas.decode(record.value, "Decision")
            if d["kind"] == "taken_over":
                owner[d["conversation_id"]] = d["epoch"]
            elif d["kind"] == "replied" and d["said"]["source"] == "scripted" and d["conversation_id"] in owner:
                rewrite(world, "decisions", lane, i, {**d, "epoch": owner[d["conversation_id"]] - 1})
                return
    raise AssertionError("the clean run has no conversation that came back to the bot")


@plant("leak")
def a_bot_message_that_says_so(world, rng):
    lane, i, value = next((lane, i, d) for lane, records in world.outputs["decisions"].items()
                          for i, r in enumerate(records) for d in [world.schemas.decode(r.value, "Decision")]
                          if d["kind"] == "replied" and d["said"]["source"] == "scripted")
    rewrite(world, "decisions", lane, i, {**value, "owner": "human"})


@plant("leak")
def a_reply_that_did_not_see_a_committed_takeover(world, rng):
    # The log of versions says that the desktop's commit came first.
    for i, version in enumerate(world.version_log):
        rows = [r for rows in world.history.values() for r in rows if r["xmin"] == version["xid"]]
        if rows and rows[0]["kind"] == 0 and rows[0]["said"] and rows[0]["owner"] == 1:
            world.version_log[i:i] = [{**version, "xid": -1, "owner": 3, "epoch": version["epoch"] + 1}]
            for later in world.version_log[i + 1:]:
                if later["conversation_id"] == version["conversation_id"]:
                    later["version"] += 1
            return
    raise AssertionError("the clean run has no reply")


@plant("lost", "foreign", "unreadable")
def a_changed_byte(world, rng):
    records = world.outputs["decisions"][lane_of(world, rng)]
    i = rng.randrange(len(records))
    data = bytearray(records[i].value)
    data[rng.randrange(10, len(data))] ^= 1 << rng.randrange(8)
    records[i] = records[i]._replace(value=bytes(data))


@plant("model")
def a_wrong_answer(world, rng):
    lane, i, value = pick(world, rng, "outbound", author="bot", source="scripted")
    d_lane, d_i, decision = pick(world, rng, "decisions", id=value["id"])
    rewrite(world, "outbound", lane, i, {**value, "text": "otra cosa"})
    rewrite(world, "decisions", d_lane, d_i, {**decision, "said": {**decision["said"], "text": "otra cosa"}})


@plant("derived")
def a_message_that_nobody_decided(world, rng):
    lane, i, value = pick(world, rng, "outbound")
    rewrite(world, "outbound", lane, i, {**value, "text": value["text"] + "!"})


@plant("key")
def a_wrong_key(world, rng):
    records = world.outputs["ownership"][lane_of(world, rng)]
    records[0] = records[0]._replace(key=b"somebody-else")


@plant("head")
def a_wrong_id(world, rng):
    lane, i, value = pick(world, rng, "decisions", kind="received")
    rewrite(world, "decisions", lane, i, {**value, "id": "0" * 8 + value["id"][8:]})


@plant("offsets")
def an_end_that_was_not_reached(world, rng):
    lane = world.lanes[lane_of(world, rng)]
    lane["next_offsets"][0] -= 1


@plant("progress")
def progress_behind(world, rng):
    world.outputs["progress"][lane_of(world, rng)].pop()


@plant("ownership")
def a_table_that_differs(world, rng):
    row = rng.choice([c for c in world.conversations.values() if c["owner"] == 1])
    row["owner"], row["epoch"] = 2, row["epoch"] + 1


@plant("lane time")
def a_clock_that_goes_back(world, rng):
    rows = world.history[lane_of(world, rng)]
    rows[len(rows) // 2]["at"] -= 10**6


def bury(world, rng, value, **other):
    """Makes a dead letter of the last event of a lane: what a lane does with bytes that it cannot read."""
    topic, partition = synthetic.TOPIC, lane_of(world, rng)
    row = next(r for r in reversed(world.history[partition]) if r["source"] == 0)
    row["decided"] = pack([(DEAD, b"")])
    headers = {"topic": topic, "partition": partition, "offset": row["source_offset"], "stage": "VALUE_CONVERTER",
               "exception.class.name": "decode", "exception.message": "cut off", **other}
    key = next(r.key for r in world.inputs[topic, partition] if r.offset == row["source_offset"])
    headers = [("__connect.errors." + name, str(text).encode()) for name, text in headers.items() if text is not None]
    world.dead[topic] = [Record(0, 0, key, value, headers)]


@plant("dead letter")
def a_dead_letter_that_was_mended(world, rng):
    bury(world, rng, b"not what came")


@plant("dead letter")
def a_dead_letter_that_says_nothing(world, rng):
    bury(world, rng, b"", **{"exception.message": None})


@plant("dead letter")
def a_lost_dead_letter(world, rng):
    bury(world, rng, b"")
    world.dead.clear()


@plant("joined")
def a_conversation_joined_twice(world, rng):
    lane, i, d = pick(world, rng, "decisions", kind="joined")
    other = pick(world, rng, "decisions", kind="joined")[2]
    while other["id"] == d["id"]:
        other = pick(world, rng, "decisions", kind="joined")[2]
    d["change"]["other"] = other["change"]["other"]
    rewrite(world, "decisions", lane, i, d)


@plant("joined")
def a_loser_that_goes_on(world, rng):
    moved = pick(world, rng, "decisions", kind="moved")[2]["conversation_id"]
    lane, i, d = pick(world, rng, "decisions", kind="forwarded", conversation_id=moved)
    rewrite(world, "decisions", lane, i, {**d, "kind": "received"})


@plant("joined")
def an_owner_farther_from_people(world, rng):
    lane, i, d = pick(world, rng, "decisions", kind="joined")
    rewrite(world, "decisions", lane, i, {**d, "owner": "bot" if d["owner"] != "bot" else "closed"})


@plant("epoch")
def a_joined_epoch_that_is_not_the_larger_plus_one(world, rng):
    lane, i, d = pick(world, rng, "decisions", kind="joined")
    rewrite(world, "decisions", lane, i, {**d, "epoch": d["epoch"] + 1})


@plant("forwarded")
def an_event_forwarded_twice(world, rng):
    world.inputs = {place: list(records) for place, records in world.inputs.items()}
    results = [place for place, records in world.inputs.items() if place[0] == world.topic("results") and records]
    records = world.inputs[rng.choice(sorted(results))]
    records.append(records[0]._replace(offset=len(records)))


@plant("foreign write")
def a_row_that_another_lane_wrote(world, rng):
    version = rng.choice([v for v in world.version_log if v["xid"] > 0 and v["owner"] != 4])
    lane = world.conversations[version["conversation_id"]]["lane"]
    version["xid"] = world.history[next(n for n in sorted(world.history) if n != lane)][0]["xmin"]


def compare_with_avro():
    """Our Avro against python3-avro: fingerprints cannot be compared (it has none), every value can."""
    import avro.io
    import avro.schema
    schemas = check.avro.Schemas()
    world = synthetic.clean_run(7, 300, 30, 2)
    samples = [r.value for records in world.inputs.values() for r in records]
    for kind in world.outputs:
        samples += [r.value for records in world.outputs[kind].values() for r in records]
    samples += [c["state"] for c in world.conversations.values()]
    readers = {}
    for data in samples:
        schema = schemas.by_head[data[:10]]
        if schema.name not in readers:
            # Without the logical types, which it would turn into datetime.
            plain = json.loads(json.dumps(schema.schema),
                               object_hook=lambda o: {k: v for k, v in o.items() if k != "logicalType"})
            readers[schema.name] = avro.io.DatumReader(avro.schema.parse(json.dumps(plain)))
        theirs = readers[schema.name].read(avro.io.BinaryDecoder(io.BytesIO(data[10:])))
        assert theirs == schema.decode_body(data, 10), f"{schema.name} {data.hex()}"
        assert schema.encode(theirs) == data, f"{schema.name} is written differently: {data.hex()}"
    for cut in range(10, len(samples[0])):
        try:
            schemas.decode(samples[0][:cut])
        except avro_error():
            continue
        raise AssertionError(f"a record cut after {cut} bytes was read")
    assert check.avro.crc64(b'"int"') == 0x7275D51A3F395C8F, "CRC-64-AVRO differs from the specification's"
    return len(samples)


def avro_error():
    return avro.AvroError


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(10**6)
    print(f"seed {seed}")
    assert generate.murmur2(b"foobar") == -790332482 & 0xFFFFFFFF, "murmur2 is not Kafka's"
    print(f"{compare_with_avro()} records read and written as python3-avro does")
    world = synthetic.clean_run(seed, 2000, 120)
    findings = check.judge(copy.deepcopy(world), model=True)
    if findings:
        print("a clean run has findings:\n" + findings.report())
        return 1
    print(f"clean: {check.summary(world)}")
    missed = 0
    for name, (spoil, rules) in PLANTS.items():
        spoiled = copy.copy(world)
        for part in ("outputs", "history", "lanes", "conversations", "dead", "command_log", "version_log"):
            setattr(spoiled, part, copy.deepcopy(getattr(world, part)))
        spoil(spoiled, random.Random(f"{seed}{name}"))
        found = check.judge(spoiled, model=True)
        if rules & set(found.counts):
            print(f"found: {name.replace('_', ' ')}")
        else:
            missed += 1
            print(f"MISSED: {name.replace('_', ' ')}; reported {dict(found.counts)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
