#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that everything was decided exactly once, in order, and that topics and Postgres say the same.

    check.py --kafka HOST:PORT --postgres CONNINFO [--prefix P] [--input TOPIC ...]

Run it when nothing flows: after relevo has caught up and stopped. It only reads. Exit status: 0 nothing wrong,
1 findings (the first 20 are shown), 2 it could not look.
"""
import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from checker import rules, world as worlds  # noqa: E402
from checker.replay import Replay, takeovers_are_not_crossed  # noqa: E402
from lab import avro  # noqa: E402


def judge(world, model=False, idle_close_ms=0, pause_ms=0):
    """All rules over a world; with `model` also the scripted plugin's decisions. Returns the findings."""
    findings = rules.Findings()
    world.schemas = getattr(world, "schemas", None) or avro.Schemas()
    rules.decode_decisions(world, findings)
    for rule in rules.RULES:
        rule(world, findings)
    if model:
        replay = Replay(world, findings, idle_close_ms, pause_ms)
        replay.run()
        takeovers_are_not_crossed(world, findings, replay)
    return findings


def load(kafka, postgres, prefix, inputs, topics=None):
    world = worlds.World(inputs, topics, prefix)
    worlds.read_kafka(world, kafka)
    worlds.read_postgres(world, postgres)
    return world


def summary(world):
    events = sum(map(len, world.inputs.values()))
    rows = sum(map(len, world.history.values()))
    records = {kind: sum(map(len, p.values())) for kind, p in world.outputs.items()}
    dead = sum(map(len, world.dead.values()))
    return (f"{events} events in {len(world.lanes)} lanes, {rows} decided, {dead} dead letters, "
            f"{len(world.conversations)} conversations; published "
            + ", ".join(f"{n} {kind}" for kind, n in records.items()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kafka", default=os.environ.get("RELEVO_KAFKA"), help="bootstrap servers (RELEVO_KAFKA)")
    parser.add_argument("--postgres", default=os.environ.get("RELEVO_POSTGRES"),
                        help="conninfo or URL (RELEVO_POSTGRES)")
    parser.add_argument("--prefix", default="", help="of all topics, as topics.prefix in relevo.yaml")
    parser.add_argument("--input", action="append", help="topic of events, without the prefix; may be repeated")
    parser.add_argument("--model", action="store_true",
                        help="also compare with the model of the scripted plugin (tests)")
    options = parser.parse_args()
    if not options.kafka or not options.postgres:
        parser.error("say where Kafka and Postgres are: --kafka and --postgres, or eval \"$(./dev env)\"")
    began = time.monotonic()
    try:
        world = load(options.kafka, options.postgres, options.prefix, options.input or ["whatsapp.events.v1"])
    except Exception as mistake:  # whatever the client libraries raise: it could not look
        print(f"check: cannot read what there is: {str(mistake).strip()}", file=sys.stderr)
        return 2
    findings = judge(world, options.model)
    print(f"check: {summary(world)} ({time.monotonic() - began:.1f} s)")
    if findings:
        print(findings.report())
        return 1
    print("check: nothing wrong")
    return 0


if __name__ == "__main__":
    sys.exit(main())
