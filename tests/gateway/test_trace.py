#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One trace from the webhook's header to what WhatsApp and a CRM are asked, in every record and in the log; and a new one where none came"""
import json
import sys
import time
from collections import defaultdict

import yaml
from door import NUMBER, SECRETS, DoorLab, message, sign, wait_for
from checker.model import record_id
from checker.world import read_topics
from lab.deliver import begin
from lab.stack import expect, run

PARENT = "00f067aa0ba902b7"
OUTPUTS = ("decisions", "ownership", "outbound", "effects", "results")


def traceparent(n, flags="01"):
    return f"00-{n:032x}-{PARENT}-{flags}"


def carried(record):
    return [value.decode() for name, value in record.headers or () if name == "traceparent"]


class TraceLab(DoorLab):
    """All roles, with the sandbox as WhatsApp and as CRM."""

    def write_config(self):
        super().write_config()
        config = yaml.safe_load(self.config.read_text())
        phone = f"http://127.0.0.1:{self.phone}"
        config["deliver"] = {"group": self.mark + "-deliver", "api_url": phone, "api_private": True, "token": "t", "confirm": "2s", "pair_rate": 1000,
                             "pair_burst": 1000, "destinations": [{"name": "crm", "url": f"{phone}/sandbox/crm/", "private": True}]}
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    def hook(self, body, trace=None):
        headers = {"X-Hub-Signature-256": sign(body, SECRETS[0]), **({"traceparent": trace} if trace else {})}
        return self.post(body, headers)

    def write(self, who, text, trace=None):
        expect(self.hook(message(who, f"wamid.{who}.{time.monotonic_ns()}", text), trace) == 200, "the gateway refuses a webhook")

    def records(self):
        """{topic: [record]}, decoded: (record, value)."""
        names = {"events": self.topic, **{kind: f"{self.prefix}relevo.{kind}.v1" for kind in OUTPUTS}}
        found, _ = read_topics(self.kafka, names.values())
        return {kind: [(r, self.schemas.decode(r.value)) for records in found[name].values() for r in records] for kind, name in names.items()}


def of(records, kind, who):
    """Of a customer, but for what WhatsApp tells of deliveries: those webhooks have traces of their own."""
    return [r for r, value in records[kind] if who in (value.get("wa_id"), value.get("customer_id"))
            and "status" not in (value.get("event"), kind == "events" and value.get("kind"))]


def traced(seed):
    """a webhook's trace is on all that it leads to; what came without, or with junk, has a new one"""
    with TraceLab("trace", partitions=1) as lab:
        door, _ = lab.run("gateway"), lab.run("sandbox")
        lab.start()
        sender = begin(lab)
        lab.sandbox("settings", {"per_second": 0, "pair_ms": 0, "window_hours": 0})
        asked, plain, junk, refused, unsampled = ("5215511110001", "5215511110002", "5215511110003", "999131026001", "5215511110005")
        lab.write(asked, "person", traceparent(1))  # a notice, a change of ownership, an effect
        lab.write(plain, "say hola")
        lab.write(junk, "say hola", traceparent(3).upper())
        lab.write(refused, "say hola", traceparent(4))  # WhatsApp refuses what the bot says
        lab.write(unsampled, "say hola", traceparent(5, "fe"))  # flags that nobody knows
        bridge = {"kind": "message", "phone_number_id": NUMBER, "wa_id": "5215511110006", "message_id": "wamid.6", "type": "text",
                  "text": "say hola"}  # somebody else's bridge, which knows no traces
        lab.produce(0, b"k", lab.schemas["WhatsAppEvent"].encode(bridge))
        lab.flush()
        wait_for(lambda: f"not everything is decided, sent and told: {lab.sql('SELECT kind, type, count(*) FROM relevo.history GROUP BY 1, 2')} "
                 f"{lab.sql('SELECT state, count(*) FROM relevo.send GROUP BY 1')}", lambda: lab.sql(
            "SELECT count(*) FILTER (WHERE kind = 8) = 2 AND count(*) FILTER (WHERE kind = 10) >= 1 FROM relevo.history")[0][0]
            and lab.sql("SELECT count(*) FROM relevo.send WHERE state = 3")[0][0] >= 5)
        expect(lab.hook(b'{"object": "page"}', traceparent(7)) == 400, "no webhook is taken for one")
        for process in lab.processes[::-1]:
            if process.role != "sandbox":
                process.stop()
        records = lab.records()

        for who, want in ((asked, traceparent(1)), (refused, traceparent(4)), (unsampled, traceparent(5, "02"))):
            for kind in ("events", *OUTPUTS):
                for record in of(records, kind, who):
                    expect(carried(record) == [want], f"{kind} of {who} carries {carried(record)}, not {want}")
        for kind in ("decisions", "ownership", "outbound", "effects", "results"):
            expect(of(records, kind, asked), f"nothing of {kind} was made")
        for who in (plain, junk):  # one of their own each, the same everywhere
            traces = {trace for kind in ("events", "decisions", "outbound") for record in of(records, kind, who) for trace in carried(record)}
            expect(len(traces) == 1, f"{who} has the traces {traces}")
            trace, = traces
            expect(trace.endswith("-00") and PARENT not in trace and len(trace) == 55, f"{who} has the trace {trace}")
        at, seq = lab.sql("SELECT (extract(epoch FROM at) * 1000)::bigint, seq FROM relevo.history WHERE message_id = 'wamid.6'")[0]
        ident = record_id(at, 0, seq, 0).replace("-", "")
        for record in of(records, "outbound", bridge["wa_id"]):
            expect(carried(record) == [f"00-{ident}-{ident[16:]}-00"], f"the bridge's carries {carried(record)}")

        asked_of = defaultdict(set)
        for entry in lab.sandbox("log")["sends"]:
            asked_of[entry["to"]].add(entry.get("traceparent"))
        expect(asked_of[asked] == {traceparent(1)}, f"WhatsApp was asked of {asked} with {asked_of[asked]}")
        for who in (plain, junk):
            expect(asked_of[who] == {carried(of(records, "events", who)[0])[0]}, f"WhatsApp was asked of {who} with {asked_of[who]}")
        crm = lab.sandbox("crm")
        # The second handoff is what a refused message leads to: its trace came back with WhatsApp's answer.
        expect(sorted(entry.get("traceparent") for entry in crm[next(iter(crm))]) == [traceparent(1), traceparent(4)], f"the CRM was asked {crm}")

        expect("refused: " in door.log.read_text() and f"trace_id={7:032x}" in door.log.read_text(), f"the gateway says\n{door.tail()}")
        failed = [line for line in sender.log.read_text().splitlines() if "a message failed" in line]
        expect(failed and failed[0].endswith(f" trace_id={4:032x}"), f"deliver says {failed}")
        lab.check(model=False)


if __name__ == "__main__":
    sys.exit(run("trace", traced))
