#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Events in Confluent's framing and a real schema registry: writers that evolve, a registry that is away, slow, wrong."""
import base64
import copy
import json
import random
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import yaml  # noqa: E402
from checker.rules import dead_place  # noqa: E402
from lab import avro  # noqa: E402
from lab.registry import Front, Registry, certificate  # noqa: E402
from lab.stack import Lab, expect, generator, run  # noqa: E402

SUBJECT = "whatsapp.events.v1-value"
NULLS = {"note", "raw", "callback_data", "context_id", "error_title"}  # what a writer may lack and nobody misses


class RegistryLab(Lab):
    """A lab whose configuration names a registry."""

    def __init__(self, name, registry, **options):
        super().__init__(name, **options)
        self.registry = registry

    def start(self, name="consume", ready=True, **environment):
        process = super().start(name, ready=False, **environment)
        if ready:
            process.wait_ready(240)
        return process

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        config["registry"] = self.registry
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


def current():
    return json.loads((avro.SCHEMAS / "WhatsAppEvent.avsc").read_text())


def field(schema, name):
    return next(f for f in schema["fields"] if f["name"] == name)


def evolutions():
    """(what the writer does, its schema). Each writes any event of the generator."""
    yield "as we do", current()
    schema = current()
    schema["fields"] = [f for f in schema["fields"] if f["name"] not in NULLS]
    yield "lacks fields", schema
    schema = current()
    schema["fields"].reverse()
    yield "has another order", schema
    schema = current()
    schema["fields"].insert(0, {"name": "tenant", "type": "string", "default": "shop"})
    schema["fields"].insert(5, {"name": "tags", "type": {"type": "map", "values": "long"}, "default": {}})
    schema["fields"].append({"name": "parts", "type": {"type": "array", "items": {
        "type": "record", "name": "Part", "fields": [{"name": "n", "type": "int", "default": 7}]}}, "default": [{"n": 1}]})
    yield "has more fields", schema
    schema = current()
    field(schema, "error_code")["type"] = ["null", "int"]
    field(schema, "text")["type"] = ["null", "bytes"]
    yield "has narrower types", schema
    schema = current()
    field(schema, "kind")["type"]["symbols"].insert(0, "novelty")
    field(schema, "kind")["type"]["symbols"].reverse()
    yield "numbers kinds otherwise, and has one more", schema
    schema = current()
    schema.update(doc="An event.", aliases=["OldEvent"])
    field(schema, "sent_at").update(aliases=["at"])
    yield "has words and aliases", schema


def wait_for(words, condition, seconds=240):
    until = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < until, words)
        time.sleep(0.05)


def frame(number, schema, event):
    event = dict(event)
    if any(f["name"] == "text" and f["type"] == ["null", "bytes"] for f in schema.schema["fields"]) and event.get("text"):
        event["text"] = event["text"].encode()
    return b"\0" + number.to_bytes(4, "big") + schema.encode(event)[10:]


def teach(lab, number, schema):
    """The checker reads this writer's events too. What it reads as bytes is a text to the lane."""
    readable = copy.deepcopy(schema)
    for f in readable["fields"]:
        if f["type"] == ["null", "bytes"]:
            f["type"] = ["null", "string"]
    lab.schemas.teach(number, readable)


def message(n, **more):
    return {"kind": "message", "phone_number_id": "105550001", "wa_id": f"5799900{n:05d}", "message_id": f"wamid.r{n}",
            "type": "text", "text": "say hola", **more}


def fresh(registry, lab, name):
    """A writer that nobody has met: (id, encoder)."""
    schema = current()
    schema["fields"].append({"name": name, "type": "int", "default": 0})
    number = registry.register(SUBJECT, schema)
    teach(lab, number, schema)
    return number, avro.Schema(schema)


def dead(lab):
    return [row[0] for row in lab.sql("SELECT count(*) FROM relevo.history WHERE get_byte(decided, 1) = 6")][0]


def evolve(registry):
    def writers(seed):
        """writers of every kind, mixed with single-object encoding: all read, each id asked for once"""
        rng = random.Random(seed)
        with Front(registry) as front, RegistryLab("evolve", {"url": front.url, "timeout": "1m"}, partitions=4) as lab:
            forms = [None]
            for what, schema in evolutions():
                number = registry.register(SUBJECT, schema)
                teach(lab, number, schema)
                forms.append((number, avro.Schema(schema)))
            lab.start("one")
            lab.start("two")
            for partition, key, event in generator(seed, 4000, 200, lab.partitions):
                form = rng.choice(forms)
                lab.produce(partition, key, frame(*form, event) if form else lab.schemas["WhatsAppEvent"].encode(event))
            lab.flush()
            lab.wait_caught_up(240)
            asked = {n: front.asked.count(f"/apis/ccompat/v7/schemas/ids/{n}") for n, _ in forms[1:]}
            expect(all(1 <= n <= 2 for n in asked.values()), f"two processes asked, by id: {asked}")
            for process in lab.processes:
                process.stop(60)
            lab.check()
            expect(dead(lab) == 0, f"{dead(lab)} dead letters")
    return writers


def away(registry):
    def lost_and_back(seed):
        """the registry killed under load, a consumer too: the lanes wait, nothing is lost, nothing twice"""
        with RegistryLab("away", {"url": registry.url}, partitions=2) as lab:
            old, late = fresh(registry, lab, "old"), fresh(registry, lab, "late")
            one = lab.start("one")
            events = iter(generator(seed, 10**6, 100, lab.partitions))
            take = lambda n: [event for _, event in zip(range(n), events)]
            for partition, key, event in take(500):
                lab.produce(partition, key, frame(*old, event))
            lab.flush()
            lab.wait_caught_up(240)
            registry.kill()
            try:
                for partition, key, event in take(500):  # known: decided without it
                    lab.produce(partition, key, frame(*old, event))
                lab.flush()
                lab.wait_caught_up(240)
                for partition, key, event in take(1000):
                    lab.produce(partition, key, frame(*(late if lab_coin(event) else old), event))
                lab.flush()
                wait_for("nobody said what is waited for", lambda: "waits for a writer's schema: the schema registry at "
                         in one.log.read_text())
                wait_for("/readyz stays 200", lambda: one.get("/readyz")[0] == 503)
                expect(one.get("/healthz")[0] == 200, "a registry that is away is no reason for a restart")
                stood = lab.decided()
                one.kill()  # with kill -9, in the middle of the wait
                two = lab.start("two", ready=False)
                wait_for("the next consumer does not wait", lambda: "waits for a writer's schema" in two.log.read_text())
                # A desktop's commands are decided while the lane waits.
                customer = lab.sql("SELECT id FROM relevo.conversation ORDER BY id LIMIT 1")[0][0]
                lab.sql("INSERT INTO relevo.agent (id, name) VALUES ('ana', 'Ana') ON CONFLICT DO NOTHING")
                lab.sql("SELECT desk.take_over(%s, 'ana')", customer)
                wait_for("the command is not decided", lambda: lab.sql("SELECT count(*) FROM relevo.command")[0][0] == 0)
                two.stop(60)  # a consumer that waits leaves as quickly as any
                three = lab.start("three", ready=False)
                expect(dead(lab) == 0, "events were buried while the registry was away")
            finally:
                registry.start()
            lab.wait_caught_up(240)
            wait_for("/readyz does not come back", lambda: three.get("/readyz")[0] == 200)
            expect("goes on: the schema registry has answered" in three.log.read_text(), "its end is not told")
            metrics = three.get("/metrics")[1]
            expect("relevo_schema_wait_seconds" in metrics and 'relevo_registry_requests_total{outcome="failed"}' in metrics,
                   "the metrics are missing")
            three.stop(60)
            expect(lab.decided() > stood, "nothing was decided since")
            lab.check()
            expect(dead(lab) == 0, f"{dead(lab)} dead letters")
    return lost_and_back


def lab_coin(event):
    return zlib.crc32(event["message_id"].encode()) % 3 == 0


def wrong(registry):
    def slow_and_wrong(seed):
        """a registry that is slow, fails, is none at all or points elsewhere: waited for, and never followed"""
        with Front(registry) as front, Front(registry) as elsewhere, \
                RegistryLab("wrong", {"url": front.url, "timeout": "2s"}, partitions=1, logs=False) as lab:
            consumer = lab.start()
            page = b"<html>It works!</html>"
            cases = [
                ("slower than the time-out", 4, None, "does not answer"),
                ("status 500", 0, (500, {}, b"{}"), "cannot answer now (status 500)"),
                ("too many requests", 0, (429, {}, b"{}"), "cannot answer now (status 429)"),
                ("a page with 200", 0, (200, {}, page), "does not answer as a schema registry (status 200)"),
                ("a page with 404", 0, (404, {}, page), "does not answer as a schema registry (status 404)"),
                ("another 404", 0, (404, {}, b'{"error_code":40401,"message":"Subject not found"}'),
                 "does not answer as a schema registry (status 404)"),
                ("a redirect", 0, (302, {"Location": elsewhere.url + "/schemas/ids/1"}, b""), "points elsewhere"),
            ]
            for n, (what, delay, answer, words) in enumerate(cases, 1):
                writer = fresh(registry, lab, f"wrong{n}")
                front.delay, front.answer, front.asked = delay, answer, []
                seen = len(consumer.log.read_text())
                lab.produce(0, b"k", frame(*writer, message(n)))
                lab.flush()
                wait_for(f"{what}: nobody said so", lambda: words in consumer.log.read_text()[seen:])
                wait_for(f"{what}: it is not asked again", lambda: len(front.asked) >= 3)
                expect(lab.decided() == n - 1, f"{what}: the event was not waited for")
                front.delay, front.answer = 0.3, None  # slow, and within the time
                wait_for(f"{what}: it does not go on", lambda: lab.decided() == n)
            expect(not elsewhere.asked, "a redirect was followed")
            consumer.stop(60)
            lab.check(model=False)
            expect(dead(lab) == 0, "an event was buried")
    return slow_and_wrong


def bombs():
    """(what it is, schema, words of the dead letter)"""
    def event(*fields, **more):
        schema = current()
        schema["fields"] += [{"name": f"x{i}", "type": f} for i, f in enumerate(fields)]
        schema.update(more)
        return schema

    yield "thousands of fields", event(*["int"] * 5000), "a record of 5021 fields"
    yield "a gigantic enum", event({"type": "enum", "name": "E", "symbols": [f"s{i}" for i in range(20000)]}), "20000 symbols"
    nest = "int"
    for _ in range(100):
        nest = {"type": "array", "items": nest}
    yield "deep nesting", event(nest), "nested too deeply"
    yield "a record in itself", event({"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}), "contains itself"
    yield "a list of itself", event({"type": "record", "name": "R", "fields": [
        {"name": "r", "type": {"type": "array", "items": "R"}}]}), "contains itself"
    laughs = [{"type": "record", "name": "R0", "fields": [{"name": "a", "type": "int"}]}]
    laughs += [{"type": "record", "name": f"R{i}", "fields": [{"name": f"a{k}", "type": f"R{i - 1}"} for k in range(10)]}
               for i in range(1, 9)]
    yield "a thousand million laughs", event(*laughs), "too many fields in each other"
    yield "nothing, without end", event({"type": "array", "items": "null"}), "items without bytes"
    yield "a text of 300 KB", event("int", doc="a" * 300000), "is larger than"
    unfit = current()
    field(unfit, "text")["type"] = ["null", "int"]
    yield "a number for a text", unfit, "WhatsAppEvent.text has a type that cannot be read"
    unfit = current()
    unfit["fields"] = unfit["fields"][1:]
    yield "no kind", unfit, "has no field kind, which has no default"
    yield "another record", {"type": "record", "name": "Order", "fields": []}, "is no record of Relevo's"


def refused(registry):
    def unreadable(seed):
        """unknown ids, schema bombs, schemas that do not fit: dead letters with the reason; the lane goes on in its memory"""
        with RegistryLab("refused", {"url": registry.url}, partitions=2, logs=False) as lab:
            good = fresh(registry, lab, "good")
            values = []  # (value, class, words)
            body = frame(*good, message(1))[5:]
            for number in (2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 999999):
                values.append((b"\0" + number.to_bytes(4, "big") + body, "unknown_schema", f"unknown schema id {number}"))
            for what, schema, words in bombs():
                number = registry.register("bomb-" + what.replace(" ", "-").replace(",", ""), schema)
                values.append((b"\0" + number.to_bytes(4, "big") + body, "unfit_schema", words))
            number = registry.register("a-json", '{"$schema": "http://json-schema.org/draft-07/schema#"}', schemaType="JSON")
            values.append((b"\0" + number.to_bytes(4, "big") + body, "unfit_schema", "only Avro is read"))
            registry.register("part", {"type": "record", "name": "Part", "namespace": "p", "fields": []})
            whole = current()
            whole["fields"].append({"name": "part", "type": "p.Part"})
            number = registry.register("whole", whole, references=[{"name": "p.Part", "subject": "part", "version": 1}])
            values.append((b"\0" + number.to_bytes(4, "big") + body, "unfit_schema", "refers to other subjects"))
            values.append((b"\0" + good[0].to_bytes(4, "big") + body[:-1], "undecodable", "truncated or damaged"))
            values.append((b"\1" + good[0].to_bytes(4, "big") + body, "undecodable", "neither Avro single-object"))
            consumer = lab.start()
            memory, sent, n = [], 0, 10
            for _ in range(6):
                for value, _, _ in values:
                    lab.produce(0, b"bad", value)
                    sent += 1
                for partition in (0, 1):
                    n += 1
                    lab.produce(partition, b"good", frame(*good, message(n)))
                lab.flush()
                lab.wait_caught_up(240)
                memory.append(consumer.resident())
            metrics = consumer.get("/metrics")[1]
            for kind in ("unknown_schema", "unfit_schema", "undecodable"):
                wanted = 6 * sum(1 for v in values if v[1] == kind)
                expect(f'relevo_dead_letters_total{{reason="{kind}"}} {wanted}\n' in metrics, f"{kind}: not {wanted} counted")
            consumer.stop(60)
            world = lab.check(model=False)
            letters = sorted(world.dead[lab.topic], key=dead_place)
            expect(len(letters) == sent, f"{len(letters)} dead letters for {sent} bad records")
            for letter, (_, kind, words) in zip(letters, values * 6):
                headers = {name.removeprefix("__connect.errors."): value.decode() for name, value in letter.headers}
                said = headers["exception.class.name"], headers["exception.message"]
                expect(said[0] == kind and words in said[1], f"it says {said}, expected {kind}: {words}")
            print("resident memory after each round, MiB: " + ", ".join(f"{m:.0f}" for m in memory), flush=True)
            expect(memory[-1] - memory[1] < 32, f"the memory grew by {memory[-1] - memory[1]:.0f} MiB")
    return unreadable


def secured(registry):
    def passwords(seed):
        """over TLS with a password or a token; without the right one the lane waits and says why"""
        with tempfile.TemporaryDirectory() as folder:
            both, trusted = certificate(folder)
            with Front(registry, both) as front:
                basic = "Basic " + base64.b64encode("relevo:päss w:rd".encode()).decode()
                cases = [
                    ("a password", basic, {"user": "relevo"}, {"RELEVO_REGISTRY_PASSWORD": "päss w:rd"}, True, None),
                    ("a token", "Bearer abc.def", {}, {"RELEVO_REGISTRY_TOKEN": "abc.def"}, True, None),
                    ("no password", basic, {}, {}, True, "refuses us (status 401)"),
                    ("a wrong password", basic, {"user": "relevo", "password": "hush-hush"}, {}, True, "refuses us (status 401)"),
                    ("an authority that is not trusted", None, {}, {}, False, "does not answer (SSL"),
                ]
                for n, (what, header, config, environment, trust, trouble) in enumerate(cases):
                    front.authorization = header
                    section = {"url": front.url, "timeout": "5s", **config, **({"ca_file": str(trusted)} if trust else {})}
                    with RegistryLab("secured", section, partitions=1, logs=False) as lab:
                        writer = fresh(registry, lab, f"secured{n}")
                        consumer = lab.start(**environment)
                        lab.produce(0, b"k", frame(*writer, message(n)))
                        lab.flush()
                        if trouble:
                            wait_for(f"{what}: nobody said so", lambda: trouble in consumer.log.read_text())
                            expect(lab.decided() == 0, f"{what}: it was not waited for")
                        else:
                            wait_for(f"{what}: not decided", lambda: lab.decided() == 1)
                            expect(dead(lab) == 0, f"{what}: a dead letter")
                        expect("hush-hush" not in consumer.log.read_text(), "a password is in the log")
                        consumer.stop(60)
    return passwords


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="relevo-registry-") as place, Registry(place) as real:
        tests = [make(real) for make in (evolve, away, wrong, refused, secured)]
        status = run("registry", *tests)
    sys.exit(status)
