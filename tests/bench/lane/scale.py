# SPDX-License-Identifier: Apache-2.0
"""What does not show in one busy lane: many lanes in one process, and many conversations that rest."""
import time
import zlib

from lab.stack import expect
from lane import cpu, workload


def spread(lab, events, lanes):
    """Produces the events, each to the lane of its key."""
    for key, value in events:
        lab.produce(zlib.crc32(key) % lanes, key, value)
    lab.flush()


def decided(lab):
    return lab.sql("SELECT coalesce(sum(seq), 0)::bigint FROM relevo.lane")[0][0]


def wait_decided(lab, n, seconds=900):
    until = time.monotonic() + seconds
    while (have := decided(lab)) < n:
        expect(time.monotonic() < until, f"{have} of {n} events were decided within {seconds} s")
        expect(lab.processes[-1].alive(), "relevo ended")
        time.sleep(0.05)
    return have


def cpu_of_lanes(lab, events, lanes):
    """CPU us an event of Relevo, Postgres and broker together, over the last nine tenths of the events."""
    spread(lab, events, lanes)
    process = lab.start(ready=False)
    meter = cpu.Meter(lab)
    meter.relevo = process.child.pid
    first = wait_decided(lab, len(events) // 10)
    before = meter.read()
    wait_decided(lab, len(events))
    used = meter.read()
    process.stop()
    expect(meter.known(), "the servers are not on this machine")
    return sum(used[k] - before[k] for k in used) / (len(events) - first)


def idle_memory(lab, conversations, lanes, seed, encode):
    """Resident MiB of a process whose conversations have all been heard once, and then rest."""
    process = lab.start()
    for begun in range(0, conversations, 100_000):  # so that neither topic nor memory holds all of them
        spread(lab, workload.firsts(seed, begun, min(begun + 100_000, conversations), encode), lanes)
        wait_decided(lab, min(begun + 100_000, conversations))
    time.sleep(10)
    resident = process.resident()
    process.stop()
    return resident
