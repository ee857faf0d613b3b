#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How fast is one lane, and what does an event cost? ./dev bench lane; what it found: tests/bench/README.md

In one run on one broker and one Postgres: (a) a bare consume and produce, (b) a bare loop of the lane's writes to
Postgres, (c) Relevo without plugins, (d) with the example's plugins. What compares two of them is a ratio within
one round; the figures are medians of the rounds.
"""
import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import yaml
from confluent_kafka import Consumer, TopicPartition

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from lab import stack  # noqa: E402
from lab.stack import Lab, expect  # noqa: E402
from lane import cpu, replay, scale, workload  # noqa: E402

HERE = Path(__file__).resolve().parent
CONVERSATIONS = 100_000
MIX, TEXTS = 1 / 3, 1.0  # share of texts
HALF_LOAD_SECONDS = 10
PROGRESS = "relevo.progress.v1"
LIBRARIES = {"bare_kafka": ["-lrdkafka"], "bare_postgres": ["-I/usr/include/postgresql", "-lpq"]}


def example():
    """Plugins and policy of the example's configuration."""
    text = (stack.ROOT / "deploy/local/relevo.yaml.in").read_text()
    for name, value in {"ROOT": stack.ROOT, "PLUGINS": stack.PLUGINS, "METRICS_PORT": 0}.items():
        text = text.replace(f"@{name}@", str(value))
    config = yaml.safe_load(text)
    del config["policy"]["pause"]  # what waits is not measured here
    del config["policy"]["read_receipts"]  # nor a second record for what says nothing
    return config["plugins"], config["policy"]


def bench_lab(name, plugins=(), policy=None, lanes=1):
    lab = Lab(name, partitions=lanes, logs=False, policy=policy or {"idle_close": "24h"})
    lab.plugins = list(plugins)
    return lab


def bare(lab, program, *arguments):
    """Compiles a bare program into the lab's folder and runs it; its output in words, and the microseconds of CPU that it used."""
    binary = lab.folder / program
    subprocess.run(["cc", "-O2", "-std=c17", "-o", binary, HERE / "lane" / f"{program}.c", *LIBRARIES[program]],
                   check=True)
    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) * 1e6
    before = used()
    done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    expect(done.returncode == 0, done.stderr)
    return done.stdout.split(), used() - before


class Watch(threading.Thread):
    """Notes when the end of each batch becomes visible to a reader of committed records: (wall clock, sequence).

    It reads the progress topic, whose record is of the same Kafka transaction as the batch's decisions.
    """

    def __init__(self, lab, last, each=lambda: None):
        super().__init__(daemon=True)
        self.lab, self.last, self.each, self.seen = lab, last, each, []
        self.consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": lab.mark + "-watch",
                                  "isolation.level": "read_committed", "fetch.wait.max.ms": 20,
                                  "auto.offset.reset": "earliest", "enable.auto.commit": False})
        self.consumer.assign([TopicPartition(lab.prefix + PROGRESS, 0, 0)])
        self.start()

    def run(self):
        decode = self.lab.schemas.decode
        until = time.monotonic() + 600
        while time.monotonic() < until:
            message = self.consumer.poll(1)
            if message is None or message.error():
                continue
            seq = decode(message.value())["seq"]
            if not self.seen or seq >= self.last:
                self.each()
            self.seen.append((time.time(), seq))
            if seq >= self.last:
                break
        self.consumer.close()

    def finish(self):
        while self.is_alive():
            self.join(1)
            for process in self.lab.processes:
                expect(process.alive(), f"relevo ended:\n{process.tail()}")
        expect(self.seen and self.seen[-1][1] >= self.last, "not all events were published within ten minutes")
        return self.seen


def stages(process):
    """Seconds that each stage of the lane took, from the process's own metrics."""
    pattern = r'^relevo_stage_seconds_sum\{stage="(\w+)"\} (\S+)$'
    return {name: float(value) for name, value in re.findall(pattern, process.get("/metrics")[1], re.MULTILINE)}


def produce(lab, events):
    for key, value in events:
        lab.produce(0, key, value)
    lab.flush()


def run_relevo(lab, events, perf=None):
    """Lets Relevo decide what waits in the topic. What is measured begins when its first batch is visible."""
    meter, readings = cpu.Meter(lab), []
    wal = lambda: float(lab.sql("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")[0][0])
    produce(lab, events)
    lab.sql("CHECKPOINT")
    before = wal()
    recorders = []

    def at_ends():
        readings.append(meter.read())
        if perf and len(readings) == 1:  # now all of its threads exist
            recorders.append(subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", "1999", "-o", perf,
                                               "-p", str(meter.relevo)]))

    watch = Watch(lab, len(events), at_ends)
    process = lab.start(ready=False)
    meter.relevo = process.child.pid
    seen = watch.finish()
    for recorder in recorders:
        recorder.terminate()
        recorder.wait()
    n = len(events) - seen[0][1]
    expect(n > 0, "all events went into one batch: take more events")
    seconds = seen[-1][0] - seen[0][0]
    result = {"rate": n / seconds, "interval": seconds / (len(seen) - 1), "batch": n / (len(seen) - 1),
              "rss": process.resident(),
              "stages": {name: spent * 1e6 / len(events) for name, spent in stages(process).items()},
              "wal": (wal() - before) / len(events),
              "cpu": {k: (readings[-1][k] - readings[0][k]) / n for k in readings[0]} if meter.known() else {}}
    process.stop()
    return result


def run_bare_kafka(lab, n):
    """(a): what waits in lab's topic, consumed and produced again."""
    meter = cpu.Meter(lab)
    before = meter.read()
    words, client = bare(lab, "bare_kafka", lab.kafka, lab.topic, lab.prefix + "relevo.decisions.v1", n)
    return {"rate": n / float(words[0]),
            "cpu": {"client": client / n, "broker": (meter.read()["broker"] - before["broker"]) / n}}


def run_bare_postgres(lab, recorded, slices=False):
    """(b): the transactions of `recorded` once more, in lab's fresh database."""
    path = lab.folder / "recording"
    sizes = replay.Recorder(recorded).write(path)
    replay.prepare(lab, recorded.sql("SELECT (extract(epoch FROM min(at)) * 1000)::bigint FROM relevo.history")[0][0])
    lab.sql("CHECKPOINT")
    meter = cpu.Meter(lab)
    before = meter.read()
    words, client = bare(lab, "bare_postgres", f"{lab.postgres} options='{replay.SETTINGS}'", path,
                         *(["slices"] if slices else []))
    time.sleep(0.5)  # until the server's process has ended and is counted with its parent's
    used = meter.read()
    times = dict(zip(words[::2], map(float, words[1::2])))
    n = sum(sizes)
    return {"rate": (n - sizes[0]) / times["after_first"],
            "cpu": {"client": client / n, "postgres": (used["postgres"] - before["postgres"]) / n},
            "us": {name: times[name] * 1e6 / n for name in replay.CALLED}}


def latency(events, rate):
    """From the append of an event to its decisions' visibility, at a steady rate: (p50, p99, batch interval) in ms."""
    with bench_lab("latency") as lab:
        lab.start()
        watch = Watch(lab, len(events))
        began = time.monotonic()
        for i, (key, value) in enumerate(events):
            lab.produce(0, key, value)
            if i % 20 == 0:
                lab.producer.poll(0)
                time.sleep(max(0, began + i / rate - time.monotonic()))
        lab.flush()
        seen = watch.finish()
        lab.processes[0].stop()
        consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": lab.mark, "auto.offset.reset": "earliest"})
        consumer.assign([TopicPartition(lab.topic, 0, 0)])
        waits, batches = [], iter(seen)
        visible, seq = next(batches)
        while len(waits) < len(events):
            for message in consumer.consume(10_000, 5):
                while seq < message.offset() + 1:  # without commands and timers an event's sequence is its offset + 1
                    visible, seq = next(batches)
                waits.append(visible * 1000 - message.timestamp()[1])
        consumer.close()
    waits = sorted(waits[len(waits) // 10:])  # the first second warms up
    interval = (seen[-1][0] - seen[0][0]) * 1000 / (len(seen) - 1)
    return waits[len(waits) // 2], waits[len(waits) * 99 // 100], interval


def one_round(seed, n, profile):
    plugins, policy = example()
    encode = None
    result = {}
    with bench_lab("none") as none, bench_lab("again") as again:
        encode = none.schemas["WhatsAppEvent"].encode
        mix = list(workload.events(seed, n, CONVERSATIONS, MIX, encode))
        result["bytes"] = statistics.mean(len(value) for _, value in mix)
        result["c"] = run_relevo(none, mix, profile)
        result["a"] = run_bare_kafka(none, n)
        result["b"] = run_bare_postgres(again, none)
        if profile:
            with bench_lab("slices") as slices:
                result["slices"] = run_bare_postgres(slices, none, slices=True)["us"]
    with bench_lab("plugins", plugins, policy) as lab:
        result["d"] = run_relevo(lab, mix)
    del mix
    texts = list(workload.events(seed, n, CONVERSATIONS, TEXTS, encode))
    with bench_lab("texts") as lab:
        result["c_texts"] = run_relevo(lab, texts)
    with bench_lab("plugins", plugins, policy) as lab:
        result["d_texts"] = run_relevo(lab, texts)
    return result


def figure(name, value, aim="-"):
    print(f"figure {name} {value:.4g} {aim}", flush=True)


def tell(r):
    """One round, for people."""
    cpu_words = " ".join(f"{k} {v:.1f}" for k, v in r["c"]["cpu"].items())
    print(f"  events of {r['bytes']:.0f} bytes; events/s: (a) bare Kafka {r['a']['rate']:.0f}, (b) bare Postgres "
          f"{r['b']['rate']:.0f}, (c) relevo {r['c']['rate']:.0f}, (d) with plugins {r['d']['rate']:.0f}; "
          f"texts alone: {r['c_texts']['rate']:.0f}, with plugins {r['d_texts']['rate']:.0f}\n"
          f"  (c): {r['c']['batch']:.0f} events a batch, one each {r['c']['interval'] * 1000:.0f} ms; CPU us an event: "
          f"{cpu_words}; (a) " + " ".join(f"{k} {v:.1f}" for k, v in r["a"]["cpu"].items())
          + "; (b) " + " ".join(f"{k} {v:.1f}" for k, v in r["b"]["cpu"].items()), flush=True)
    for key in ("c", "d", "c_texts", "d_texts"):
        print(f"    {key:<8} stages, us an event: " + " ".join(f"{k} {v:.1f}" for k, v in r[key]["stages"].items()))
    for name, us in r.get("slices", {}).items():
        print(f"    {name:<12} {us:6.2f} us an event, answered singly")


def report(rounds):
    mid = lambda pick: statistics.median(map(pick, rounds))
    figure("lane_vs_postgres", mid(lambda r: r["c"]["rate"] / r["b"]["rate"]), 0.9)
    figure("lane_vs_passthrough", mid(lambda r: r["c"]["rate"] / r["a"]["rate"]), 0.3)
    figure("plugins_vs_none_mix", mid(lambda r: r["d"]["rate"] / r["c"]["rate"]), 0.6)
    figure("plugins_vs_none_texts", mid(lambda r: r["d_texts"]["rate"] / r["c_texts"]["rate"]), 0.4)
    for name, key in (("passthrough", "a"), ("postgres", "b"), ("lane", "c"), ("lane_plugins", "d"),
                      ("lane_texts", "c_texts"), ("lane_plugins_texts", "d_texts")):
        figure(f"{name}_events_s", mid(lambda r: r[key]["rate"]))
    for key, suffix in (("c", ""), ("d", "_plugins")):
        parts = rounds[0][key]["cpu"]
        if not parts:
            print("  no CPU figures: the servers are not on this machine")
            continue
        for part in parts:
            figure(f"cpu_us_{part}{suffix}", mid(lambda r: r[key]["cpu"][part]))
        figure(f"cpu_us_total{suffix}", mid(lambda r: sum(r[key]["cpu"].values())), 14 if key == "c" else "-")
    figure("cpu_us_bare", mid(lambda r: sum(r["a"]["cpu"].values()) + sum(r["b"]["cpu"].values())))
    figure("rss_mib", mid(lambda r: r["c"]["rss"]))
    figure("rss_mib_plugins", mid(lambda r: r["d"]["rss"]))
    figure("wal_bytes_event", mid(lambda r: r["c"]["wal"]))


def many_lanes(seed, n):
    """CPU of an event when twelve lanes of one process share the work, against one lane."""
    spent = {}
    for lanes in (1, 12):
        with bench_lab("lanes", lanes=lanes) as lab:
            encode = lab.schemas["WhatsAppEvent"].encode
            spent[lanes] = scale.cpu_of_lanes(lab, list(workload.events(seed, n, CONVERSATIONS, MIX, encode)), lanes)
    print(f"  CPU us an event: one lane {spent[1]:.1f}, twelve {spent[12]:.1f}")
    figure("cpu_12_lanes", spent[12] / spent[1], 1.2)


def idle(seed, conversations):
    with bench_lab("idle", lanes=12) as lab:
        encode = lab.schemas["WhatsAppEvent"].encode
        figure("rss_idle_mib", scale.idle_memory(lab, conversations, 12, seed, encode), 64)


def instructions():
    """Of an event in short and long conversations: the benchmark `history`, which needs no server."""
    if not shutil.which("valgrind"):
        print("  no valgrind here: instructions are not counted")
        return
    subprocess.run([stack.BUILD / "bench/bench_history"], check=True)


def main():
    full = os.environ.get("RELEVO_BENCH_FULL") == "1"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", default=full,
                        help="300,000 events instead of 100,000; also RELEVO_BENCH_FULL=1")
    parser.add_argument("--events", type=int, help="so many events")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", metavar="FILE", help="in the first round, perf record (c) into FILE, and time the "
                        "statements of (b) one by one")
    parser.add_argument("--lanes", action="store_true", help="only: CPU of an event with twelve lanes against one")
    parser.add_argument("--idle", type=int, nargs="?", const=1_000_000, metavar="N",
                        help="only: memory with so many conversations at rest (a million if not said)")
    parser.add_argument("--short", action="store_true", help="without the three that stand apart: lanes, idle, instructions")
    args = parser.parse_args()
    if args.lanes or args.idle:
        if args.lanes:
            many_lanes(args.seed, args.events or 300_000)
        if args.idle:
            idle(args.seed, args.idle)
        return
    n = args.events or (300_000 if args.full else 100_000)
    rounds = []
    for i in range(args.rounds):
        print(f"round {i + 1} of {args.rounds}: {n} events over {CONVERSATIONS} conversations, seed {args.seed + i}")
        rounds.append(one_round(args.seed + i, n, args.profile if i == 0 else None))
        tell(rounds[-1])
    report(rounds)
    rate = statistics.median(r["c"]["rate"] for r in rounds) / 2
    with bench_lab("encode") as lab:
        encode = lab.schemas["WhatsAppEvent"].encode
    p50, p99, interval = latency(list(workload.events(args.seed, int(rate * HALF_LOAD_SECONDS), CONVERSATIONS, MIX,
                                                      encode)), rate)
    print(f"  at {rate:.0f} events/s: a commit each {interval:.1f} ms")
    figure("latency_p50_ms", p50)
    figure("latency_p99_ms", p99)
    figure("latency_p50_intervals", p50 / interval, 1.5)
    if not args.short:
        many_lanes(args.seed, n)
        idle(args.seed, 1_000_000 if args.full else 100_000)
        instructions()


if __name__ == "__main__":
    main()
