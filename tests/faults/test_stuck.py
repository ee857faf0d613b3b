#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a consumer that is behind, paused or stuck says of itself: in its metrics, and to whoever asks whether it lives."""
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from lab.metrics import Metrics, settled  # noqa: E402
from lab.stack import PATIENCE_S, Lab, expect, generator, run  # noqa: E402
from points import arm, passed, wait  # noqa: E402

EVENTS, CONVERSATIONS, AGE_S = 2000, 100, 2
STUCK_S = 60  # core/cli/consume.c


def behind(seed):
    """events that waited, one in a batch: the age of the last one decided, and 0 when none waits"""
    with Lab("behind", partitions=1, logs=False, batch_max=1) as lab:
        began = time.time()
        lab.feed(generator(seed, EVENTS, CONVERSATIONS, lab.partitions))
        fed = time.time()
        time.sleep(AGE_S)
        process, started = lab.start(ready=False), time.time()
        process.wait_ready()
        until, seen = time.monotonic() + PATIENCE_S, []
        while not seen or Metrics(process)("relevo_published_events_total") < EVENTS:
            expect(time.monotonic() < until, f"no age was seen, or {EVENTS} events are not decided:\n{process.tail()}")
            seen += [age for age in Metrics(process).of("relevo_lag_seconds") if age]
            time.sleep(0.05)
        print(f"{len(seen)} looks at an age, {min(seen):.1f} to {max(seen):.1f} s", flush=True)
        expect(started - fed <= min(seen) and max(seen) <= time.time() - began,
               f"ages of {min(seen):.3f} to {max(seen):.3f} s of events that are {started - fed:.3f} s old and more")
        lab.wait_caught_up()
        settled(process, lab)
        process.stop()
        lab.check()


def paused(seed):
    """a desktop's command that waits while the consumer is paused: its age at the last look, then 0"""
    with Lab("paused", partitions=1) as lab:
        process = lab.start()
        lab.feed(generator(seed, 20, 5, lab.partitions))
        lab.wait_caught_up()
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}', '{}', '{}', 10)")
        key = lab.sql("SELECT conversation_id::text FROM desk.conversations LIMIT 1")[0][0]
        until, age = time.monotonic() + PATIENCE_S, 0
        while not age:  # the age of one look is shown for a second; a busy machine may miss it
            expect(time.monotonic() < until, f"no age of a command is ever told:\n{process.tail()}")
            process.child.send_signal(signal.SIGSTOP)
            began = time.time()
            lab.sql("SELECT desk.note(%s, 'ana', 'a note')", key)
            written = time.time()
            time.sleep(AGE_S)
            process.child.send_signal(signal.SIGCONT)
            woken = time.time()
            lab.wait_caught_up()
            while not age and time.time() < woken + 2:
                age = max(Metrics(process).of("relevo_oldest_command_seconds"))
        print(f"a command that waited {woken - written:.1f} s and more: {age:.1f} s", flush=True)
        # Postgres tells milliseconds.
        expect(woken - written - 0.001 <= age <= time.time() - began, f"{age} s, of a command that waited {woken - written:.3f} s and more")
        settled(process, lab)
        process.stop()
        lab.check()


def stuck(seed):
    """a poll loop that does not turn: /healthz says so after a minute, not before, and no more when it turns again"""
    with Lab("stuck", partitions=2, logs=False) as lab:
        process = lab.start(ready=False)
        process.kill()
        arm(process, "told:sleep3600000")
        go = lab.folder / "go"
        process.environment["RELEVO_POINT_GO"] = str(go)
        process.start()
        process.wait_ready()
        lab.feed(generator(seed, 200, 50, lab.partitions))
        lab.wait_caught_up()
        second = lab.start("second", ready=False)  # the group takes the lanes from the first
        wait(lambda: passed(process, "told"), lambda: f"its lanes are not revoked:\n{process.tail()}", PATIENCE_S)
        held, turned = time.time(), Metrics(process)("relevo_last_poll_timestamp_seconds")
        expect(turned <= held, f"relevo_last_poll_timestamp_seconds is {turned}, in the future")
        before = process.get("/healthz")
        while (said := process.get("/healthz"))[0] == 200:
            expect(time.time() < held + PATIENCE_S, f"it is stuck for {PATIENCE_S} s, and /healthz says {said}")
            time.sleep(0.1)
        took = time.time() - turned
        print(f"{said[0]} {said[1].strip()}, {took:.1f} s after the last turn", flush=True)
        expect(before == (200, "alive\n") and said[0] == 503 and said[1].startswith("stuck for "), f"/healthz said {before}, then {said}")
        idle = float(said[1].split()[2])
        expect(STUCK_S <= idle <= took + 1, f"/healthz says {said[1].strip()}, {took:.1f} s after the last turn; it may after {STUCK_S}")
        same = Metrics(process)("relevo_last_poll_timestamp_seconds")
        expect(same == turned, f"it is stuck, and relevo_last_poll_timestamp_seconds went from {turned} to {same}")
        expect(second.get("/healthz")[0] == 200, "who waits for the group is not stuck")
        go.touch()
        wait(lambda: process.get("/healthz")[0] == 200, lambda: f"/healthz stays {process.get('/healthz')}:\n{process.tail()}", PATIENCE_S)
        process.wait_ready()
        second.wait_ready()
        for left in (process, second):
            left.stop()
        lab.check()


def hurried(seed):
    """messages that take longer than Postgres lets a transaction rest, while desktops write to the same conversations: smaller batches"""
    with Lab("hurried", partitions=1, batch_max=40, postgres_timeout="1s", command_poll="100ms") as lab:
        slow, schema = 80, lab.schemas["WhatsAppEvent"]  # 40 of them take 4 s

        def write(n, text):
            lab.produce(0, b"k", schema.encode({"kind": "message", "phone_number_id": "105550001", "wa_id": f"52155000{n % 20:05}",
                                                "message_id": f"wamid.{n}.{text}", "type": "text", "text": text}))
        for n in range(20):
            write(n, "say hola")
        lab.flush()
        process = lab.start()
        lab.wait_caught_up()
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}', '{}', '{}', 100)")
        keys = [row[0] for row in lab.sql("SELECT conversation_id::text FROM desk.conversations")]
        for n in range(slow):
            write(n, "slow")
        lab.flush()
        until, notes = time.monotonic() + PATIENCE_S, 0
        while lab.sql("SELECT count(*) FROM relevo.history WHERE type = 'text'")[0][0] < 20 + slow:
            expect(time.monotonic() < until, f"the batch is never decided:\n{process.tail()}")
            lab.sql("SELECT desk.note(%s, 'ana', 'a note')", keys[notes % len(keys)])
            notes += 1
            time.sleep(0.02)
        print(f"{slow} slow messages against {notes} notes; {Metrics(process)('relevo_conflicts_total'):.0f} conflicts", flush=True)
        lab.wait_caught_up()
        process.stop()
        lab.check()


if __name__ == "__main__":
    sys.exit(run("stuck", behind, paused, stuck, hurried))
