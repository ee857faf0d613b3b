#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: what is wrong in the files changes nothing, what is good is in force in the same process, and nothing is lost or decided twice. And
what /metrics says of those who wait for a person, and of takeovers, before and after."""
import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.generate import partition_of  # noqa: E402
from lab.metrics import Metrics  # noqa: E402
from lab.stack import PATIENCE_S, Lab, expect, generator, run  # noqa: E402

NUMBER = "105550001"


def until(words, true):
    end = time.monotonic() + PATIENCE_S
    while not true():
        expect(time.monotonic() < end, words() if callable(words) else words)
        time.sleep(0.05)


def said(process, words, times=1):
    return process.log.read_text(errors="replace").count(words) >= times


def say(lab, customer, text):
    key = f"{NUMBER}:{customer}".encode()
    lab.feed([(partition_of(key, lab.partitions), key,
               {"kind": "message", "phone_number_id": NUMBER, "wa_id": customer, "message_id": f"wamid.{customer}.{time.monotonic_ns()}",
                "sent_at": int(time.time() * 1000), "type": "text", "text": text})])


def reloads(seed):
    """SIGHUP with a file that is wrong, with a plugin that is missing, and with a good one, in the middle of the work"""
    with Lab("reload", partitions=4) as lab:
        process = lab.start()
        lab.feed(generator(seed, 2000, 100, lab.partitions))
        good = lab.config.read_text()

        lab.config.write_text(good + "nonsense: 1\n")
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"it did not refuse:\n{process.tail()}", lambda: said(process, "nothing has changed"))
        expect(said(process, "nonsense"), f"it does not say what is wrong:\n{process.tail()}")

        lab.config.write_text(good.replace("scripted.so", "gone.so"))
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"it did not refuse:\n{process.tail()}", lambda: said(process, "nothing has changed", 2))
        expect(process.alive() and process.get("/readyz")[0] == 200, f"it no longer works:\n{process.tail()}")
        hashes = {row[0] for row in lab.sql("SELECT DISTINCT config FROM relevo.history")}
        expect(not said(process, "left in order") and len(hashes) <= 1, "it began anew")

        lab.policy = {**lab.policy, "queue": {"tell_after": "0s", "give_up": "5d"}}
        lab.write_config()
        lab.feed(generator(seed + 1, 2000, 100, lab.partitions))
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"it did not begin anew:\n{process.tail(30)}", lambda: said(process, ": 1 plugins, configuration", 2))
        process.wait_ready()
        expect(process.alive() and os.readlink(f"/proc/{process.child.pid}/exe"), "it is another process")
        lab.feed(generator(seed + 2, 500, 100, lab.partitions))
        lab.wait_caught_up()
        hashes = {row[0] for row in lab.sql("SELECT DISTINCT config FROM relevo.history")}
        expect(len(hashes) == 2, f"decided under {len(hashes)} configurations, not two")
        open_files = len(os.listdir(f"/proc/{process.child.pid}/fd"))
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"not twice:\n{process.tail(30)}", lambda: said(process, ": 1 plugins, configuration", 3))
        process.wait_ready()
        until(lambda: f"files stay open: {open_files}, then {len(os.listdir(f'/proc/{process.child.pid}/fd'))}",
              lambda: len(os.listdir(f"/proc/{process.child.pid}/fd")) <= open_files + 4)
        process.stop()
        lab.check()


def overtaken(seed):
    """SIGTERM while a SIGHUP is being judged or drained ends it"""
    with Lab("ended", partitions=2, logs=False) as lab:
        process = lab.start()
        process.child.send_signal(signal.SIGHUP)
        until(lambda: f"it does not hear:\n{process.tail()}", lambda: said(process, "reading the configuration anew"))
        process.stop()


def waits(seed):
    """relevo_waiting_conversations, relevo_oldest_waiting_seconds and relevo_takeover_seconds"""
    with Lab("waits", partitions=2, logs=False) as lab:
        process = lab.start()
        for customer in ("5215550000001", "5215550000002"):
            say(lab, customer, "person ya")
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{}', '{}', '{}', 5)")  # offline: nothing is given to her
        until(lambda: f"nobody waits: {lab.sql('SELECT owner, count(*) FROM desk.conversations GROUP BY 1')}",
              lambda: lab.sql("SELECT count(*) FROM desk.queue")[0][0] == 2)
        until("the metrics know of nobody who waits", lambda: sum(Metrics(process).of("relevo_waiting_conversations")) == 2)
        first = max(Metrics(process).of("relevo_oldest_waiting_seconds"))
        truth = float(lab.sql("SELECT extract(epoch FROM max(waiting)) FROM desk.queue")[0][0])
        expect(0 < first <= truth + 1, f"the first has waited {first} s, Postgres says {truth}")
        until("the wait does not grow", lambda: max(Metrics(process).of("relevo_oldest_waiting_seconds")) > first)
        lab.sql("SELECT desk.set_presence('ana', 'away')")
        for (conversation,) in lab.sql("SELECT conversation_id FROM desk.queue"):
            done = lab.sql("SELECT done, why FROM desk.take_over(%s, 'ana')", conversation)[0]
            expect(done[0], f"desk.take_over: {done[1]}")
        lab.wait_caught_up()
        until("takeovers are not timed", lambda: Metrics(process)("relevo_takeover_seconds_count") == 2)
        took = Metrics(process)("relevo_takeover_seconds_sum")
        expect(0 <= took < 2 * PATIENCE_S, f"two takeovers took {took} s")
        lines = [json.loads(line) for line in lab.tool("timeline", "--json", "--since", "1h", "--until-quiet", "1s").splitlines()]
        kinds = [line["kind"] for line in lines]
        expect(kinds.count("taken_over") == 2 and kinds.count("handed_off") == 2, f"relevo timeline --json shows {kinds}")
        until("they wait for ever", lambda: sum(Metrics(process).of("relevo_waiting_conversations")) == 0
              and max(Metrics(process).of("relevo_oldest_waiting_seconds")) == 0)
        process.stop()


if __name__ == "__main__":
    sys.exit(run("reload", reloads, overtaken, waits))
