#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How many signed webhooks a second? ./dev bench gateway; what it found: tests/bench/README.md

wrk against `relevo gateway`, and against the least that anybody could do (gateway/bare.c), in turn, on one Kafka. Both
answer when Kafka has acknowledged. Then the gateway's latency at half of what it took.
"""
import argparse
import json
import random
import re
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "gateway"))
from door import NUMBER, SECRETS, DoorLab, sign, wait_for  # noqa: E402
from lab.stack import expect, free_port  # noqa: E402

HERE = Path(__file__).resolve().parent
BODIES, CUSTOMERS = 2000, 100_000
SENTENCES = ("Hola, ¿tienen envío a Puebla?", "Mi pedido llegó roto y nadie me contesta desde ayer.", "Gracias, muy amable",
             "¿Cuánto cuesta el kilo de Chiapas tostado medio, molido para prensa francesa?")

LUA = """
local file = assert(io.open("%(path)s"))
local bodies, n, i = {}, 0, 0
for signature in file:lines() do
  local body = file:read("*l")
  n = n + 1
  bodies[n] = { signature, body }
end
local requests, port = {}, 0
function init(args)
  math.randomseed(os.time())
  for k = 1, n do
    requests[k] = wrk.format("POST", "/webhook", { ["X-Hub-Signature-256"] = bodies[k][1],
      ["Content-Type"] = "application/json" }, bodies[k][2])
  end
  i = math.random(n)
end
function request()
  i = i %% n + 1
  return requests[i]
end
%(delay)s
function done(summary, latency, all)
  io.write(string.format("RESULT %%d %%d %%d %%f %%f %%f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
"""


def webhook(r, n):
    """A text in three, the rest statuses, as in the lane's benchmark."""
    who = f"52155{r.randrange(CUSTOMERS):08}"
    value = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "525512345678", "phone_number_id": NUMBER},
             "contacts": [{"profile": {"name": "Marisol Vega"}, "wa_id": who}]}
    stamp = str(int(time.time()))
    if r.random() < 1 / 3:
        value["messages"] = [{"from": who, "id": f"wamid.HBgNNTIxNTU{n:020}", "timestamp": stamp, "type": "text",
                              "text": {"body": r.choice(SENTENCES)}}]
    else:
        value["statuses"] = [{"id": f"wamid.HBgNNTIxNTU{n:020}", "status": r.choice(("sent", "delivered", "read")),
                              "timestamp": stamp, "recipient_id": who,
                              "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"}}]
    return json.dumps({"object": "whatsapp_business_account", "entry": [
        {"id": "102290129340398", "changes": [{"value": value, "field": "messages"}]}]}, ensure_ascii=False).encode()


def write_lua(folder, path, rate=0, connections=0):
    """rate: so many a second in all, by pauses between the requests of each connection."""
    delay = ""
    if rate:
        delay = f"function delay() return math.random(0, {2 * 1000 * connections // int(rate)}) end"
    script = folder / ("paced.lua" if rate else "full.lua")
    script.write_text(LUA % {"path": str(path), "delay": delay})
    return script


def wrk(script, port, seconds, connections):
    done = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", script,
                           f"http://127.0.0.1:{port}"], capture_output=True, text=True, timeout=seconds + 120)
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\S+) (\S+) (\S+)", done.stdout)
    expect(found, f"wrk: {done.stdout}{done.stderr}")
    requests, us, errors, p50, p99, p999 = map(float, found.groups())
    expect(errors == 0, f"{errors:.0f} of {requests:.0f} requests were not answered with 200:\n{done.stdout}")
    return {"rate": requests * 1e6 / us, "n": requests, "p50": p50, "p99": p99, "p999": p999}


class Bare:
    log = "the bare program"

    def __init__(self, lab, threads):
        binary = lab.folder / "bare"
        subprocess.run(["cc", "-O2", "-std=gnu17", "-o", binary, HERE / "gateway" / "bare.c", "-lmicrohttpd", "-lrdkafka",
                        "-ljansson", "-lsodium", "-lpthread"], check=True)
        self.port = free_port()
        self.child = subprocess.Popen([binary, str(self.port), str(threads), SECRETS[0], lab.kafka, lab.topic])
        wait_for("the bare program does not listen", self.listens)

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def alive(self):
        return self.child.poll() is None

    def tail(self):
        return ""

    def kill(self):
        self.child.kill()
        self.child.wait()


def figure(name, value, aim="-"):
    print(f"figure {name} {value:.4g} {aim}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="of each measurement")
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    with DoorLab("gwbench", partitions=4, gateway={"threads": args.threads, "app_secrets": SECRETS[:1]}) as lab:
        r, bodies = random.Random(1), lab.folder / "bodies"
        with open(bodies, "wb") as out:
            for n in range(BODIES):
                body = webhook(r, n)
                out.write(sign(body).encode() + b"\n" + body + b"\n")
        gateway, bare = lab.run("gateway"), Bare(lab, args.threads)
        lab.processes.append(bare)  # so that it ends whatever happens
        full = write_lua(lab.folder, bodies)
        wrk(full, lab.door, 2, args.connections)  # warm
        wrk(full, bare.port, 2, args.connections)
        ours, theirs = [], []
        for i in range(args.rounds):
            order = [(ours, lab.door), (theirs, bare.port)]
            for results, port in order if i % 2 == 0 else reversed(order):
                results.append(wrk(full, port, args.seconds, args.connections))
            print(f"  round {i + 1}: gateway {ours[-1]['rate']:.0f}/s (p99 {ours[-1]['p99']:.1f} ms), "
                  f"bare {theirs[-1]['rate']:.0f}/s (p99 {theirs[-1]['p99']:.1f} ms)", flush=True)
        bare.kill()
        rate = statistics.median(x["rate"] for x in ours)
        paced = wrk(write_lua(lab.folder, bodies, rate / 2, args.connections), lab.door, args.seconds, args.connections)
        print(f"  paced: {paced['rate']:.0f}/s: p50 {paced['p50']:.1f}, p99 {paced['p99']:.1f}, p99.9 {paced['p999']:.1f} ms")
        accepted = gateway.metric('relevo_gateway_requests_total{answer="accepted",status="200"}')
        kinds = sum(gateway.metric(f'relevo_gateway_events_total{{kind="{kind}"}}') for kind in ("message", "status"))
        # wrk cuts what is under way at its end: such an event is on Kafka, and its answer on nobody's way.
        expect(accepted <= kinds, f"{accepted} webhooks of one event each were accepted, and there are {kinds} events")
        figure("gateway_vs_bare", statistics.median(o["rate"] / t["rate"] for o, t in zip(ours, theirs)), 0.8)
        figure("gateway_requests_s", rate)
        figure("gateway_bare_requests_s", statistics.median(x["rate"] for x in theirs))
        figure("gateway_p50_ms_at_half", paced["p50"])
        figure("gateway_p99_ms_at_half", paced["p99"], 250)
        figure("gateway_rss_mib", gateway.resident())
        gateway.stop(60)


if __name__ == "__main__":
    main()
