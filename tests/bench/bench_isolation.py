#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What does a process of its own cost a plugin? ./dev bench isolation; what it found: tests/bench/README.md

The example's plugins, inline and each in its own process: called in full batches and one event at a time, and in a whole
consumer; and how soon a plugin that crashed is there again. What compares two is a ratio within one round.
"""
import argparse
import re
import statistics
import subprocess
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import bench_lane  # noqa: E402
from lab import stack  # noqa: E402
from lab.stack import BUILD, Lab, expect, generator  # noqa: E402
from lane import workload  # noqa: E402

CALLS = BUILD / "tests" / "bench_isolation_calls"
ROGUE = BUILD / "tests" / "isolation" / "rogue.so"


def figure(name, value, aim="-"):
    print(f"figure {name} {value:.4g} {aim}", flush=True)


def isolated(plugins, how):
    return [{**entry, "isolation": how} for entry in plugins]


def texts(path, seed):
    """A thousand messages of the example's customers, a line each."""
    class Take:
        """What the workload would write, as it is."""
        @staticmethod
        def encode(event):
            return event
    lines = [event["text"].replace("\n", " ")
             for _, event in workload.events(seed, 1000, 1000, 1.0, Take.encode)]
    path.write_text("\n".join(lines) + "\n")


def calls(folder, plugins, seconds):
    """The plugins alone: events a second in batches, and microseconds of one event (p50, p99)."""
    config = folder / "calls.yaml"
    config.write_text(yaml.safe_dump({
        "kafka": {"bootstrap.servers": "nowhere:1"}, "postgres": {"url": "postgresql://nowhere/nothing"},
        "plugin_dir": str(stack.PLUGINS), "plugins": plugins, "log": {"level": "error"}}, allow_unicode=True))
    config.chmod(0o600)
    done = subprocess.run([CALLS, config, folder / "texts", str(seconds)], capture_output=True, text=True, timeout=600,
                          env=stack.bare_environment())
    expect(done.returncode == 0, done.stderr)
    words = done.stdout.split()
    return {"rate": float(words[1]), "p50": float(words[3]), "p99": float(words[4])}


def calls_round(folder, plugins, seconds):
    every = {how: calls(folder, isolated(plugins, how), seconds) for how in ("inline", "process")}
    one = [entry for entry in plugins if entry["name"] == "responder"]
    alone = {how: calls(folder, isolated(one, how), seconds) for how in ("inline", "process")}
    return every, alone


def children(pid):
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()]


def memory(pid):
    """MiB of a process that it shares with nobody, and with its share of what it does."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    sums = {key: int(value) / 1024 for key, value in re.findall(r"^(Pss|Private_\w+): +(\d+) kB", text, re.MULTILINE)}
    return sums["Private_Clean"] + sums["Private_Dirty"], sums["Pss"]


class Measured(Lab):
    """Looks at the plugins' processes just before the consumer is stopped."""
    private = pss = ()

    def start(self, *words, **more):
        process = super().start(*words, **more)
        stop = process.stop

        def measured(*seconds):
            sizes = [memory(child) for child in children(process.child.pid)]
            self.private, self.pss = [size[0] for size in sizes], [size[1] for size in sizes]
            return stop(*seconds)
        process.stop = measured
        return process


def lane_round(plugins, policy, seed, n):
    """A whole consumer, texts alone: events a second, inline and isolated; memory of a plugin's process."""
    rates, sizes = {}, ()
    for how in ("inline", "process"):
        with Measured("isolation", partitions=1, logs=False, plugins=isolated(plugins, how), policy=policy) as lab:
            encode = lab.schemas["WhatsAppEvent"].encode
            events = list(workload.events(seed, n, bench_lane.CONVERSATIONS, 1.0, encode))
            rates[how] = bench_lane.run_relevo(lab, events)["rate"]
            if how == "process":
                sizes = lab.private, lab.pss
    return rates, sizes


def recovery(seed):
    """A plugin that crashes now and then: from the end of its process until the next one is ready, ms: mean, share <= 100."""
    entry = {"name": "scripted", "path": str(ROGUE), "isolation": "process", "options": {"how": "segfault"},
             "offences": 1000, "event_budget": "60s"}
    with Lab("recovery", partitions=1, logs=False, plugins=[entry]) as lab:
        process = lab.start()
        lab.feed(generator(seed, 2000, 5000, 1, failures=3))
        lab.wait_caught_up(300)
        text = process.get("/metrics")[1]
        process.stop(60)

    def value(series):
        return float(re.search(rf"^relevo_plugin_recovery_seconds_{series} (\S+)$", text, re.MULTILINE)[1])
    count = value(r'count\{plugin="scripted"\}')
    expect(count >= 5, f"the plugin died {count:.0f} times only")
    return (value(r'sum\{plugin="scripted"\}') / count * 1000,
            value(r'bucket\{plugin="scripted",le="0.1"\}') / count, count)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement of calls alone")
    parser.add_argument("--events", type=int, default=30_000, help="of each run of a whole consumer")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    plugins, policy = bench_lane.example()
    ratios, alone_ratios, added, added_all, lanes, sizes = [], [], [], [], [], ()
    with Lab("calls", partitions=1, logs=False) as lab:
        texts(lab.folder / "texts", options.seed)
        for _ in range(options.rounds):
            every, alone = calls_round(lab.folder, plugins, options.seconds)
            print(f"calls: all inline {every['inline']}, isolated {every['process']}; responder inline "
                  f"{alone['inline']}, isolated {alone['process']}", flush=True)
            ratios.append(every["process"]["rate"] / every["inline"]["rate"])
            alone_ratios.append(alone["process"]["rate"] / alone["inline"]["rate"])
            added.append(alone["process"]["p50"] - alone["inline"]["p50"])
            added_all.append(every["process"]["p50"] - every["inline"]["p50"])
    for i in range(options.rounds):
        rates, sizes = lane_round(plugins, policy, options.seed + i, options.events)
        print(f"consumer: {rates}", flush=True)
        lanes.append(rates["process"] / rates["inline"])
    mean_ms, within, deaths = recovery(options.seed)
    figure("isolated_vs_inline", statistics.median(lanes), 0.9)
    figure("isolated_calls_vs_inline", statistics.median(ratios))
    figure("isolated_one_call_vs_inline", statistics.median(alone_ratios))
    figure("isolated_added_us", statistics.median(added), 100)
    figure("isolated_added_all_us", statistics.median(added_all))
    figure("isolated_private_mib", statistics.median(sizes[0]))
    figure("isolated_private_most_mib", max(sizes[0]))
    figure("plugin_recovery_ms", mean_ms, 100)
    figure("plugin_recovery_within_100ms", within)
    print(f"plugin_recovery: of {deaths:.0f} deaths; memory of {len(sizes[0])} processes, PSS {sum(sizes[1]):.0f} MiB")


if __name__ == "__main__":
    main()
