#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What do a thousand open pages cost those who write? ./dev bench desk; what it found: tests/bench/README.md

The same events at the same pace, in turn without and with listeners at `relevo desk`: processor time an event of consume and Postgres. Every second
round begins with the listeners, so that what only time changes cancels out; how far two measurements without listeners differ is told as the noise.
Then, with listeners, from "take over" to the answer (the bot is fenced by then): asked of the API, and by a key in the page, in Chromium; and how
soon the page shows its list, with an empty cache and with a full one, here and as on a phone.
"""
import argparse
import json
import multiprocessing
import os
import select
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.desk import PASSWORD, Browser, Desk, DeskLab  # noqa: E402
from lab.stack import bare_environment, expect  # noqa: E402
from lane import cpu, workload  # noqa: E402

STORY = Path(__file__).resolve().parents[1] / "desk"
CHROMIUM = os.environ.get("RELEVO_CHROMIUM", "/usr/bin/chromium")
HANDED_OVER = ["contraseña", "wifi", "reembolso"]  # one text in forty or so


def figure(name, value, aim="-"):
    print(f"figure {name} {value:.4g} {aim}", flush=True)


def listen(port, cookie, n, ready, told):
    """n pages: each reads what it is told and throws it away. In a process of its own."""
    poll, sockets = select.epoll(), {}
    for _ in range(n):
        s = socket.create_connection(("127.0.0.1", port))
        s.sendall(f"GET /api/events?conversation= HTTP/1.1\r\nHost: desk\r\nCookie: {cookie}\r\n\r\n".encode())
        sockets[s.fileno()] = s
        poll.register(s, select.EPOLLIN)
    greeted = set()
    while True:
        for fd, _ in poll.poll():
            data = sockets[fd].recv(1 << 16)
            if not data:
                return
            with told.get_lock():
                told.value += len(data)
            if len(greeted) < n:
                greeted.add(fd)
                if len(greeted) == n:
                    ready.set()


def pace(lab, events, rate):
    """Feeds at this rate; waits until all is decided."""
    began = time.monotonic()
    for i, (key, value) in enumerate(events):
        lab.produce(0, key, value)
        ahead = began + i / rate - time.monotonic()
        if ahead > 0.005:
            lab.flush() if i % 1000 == 0 else time.sleep(ahead)
    lab.flush()
    until = time.monotonic() + 120
    while lab.sql("SELECT coalesce(sum(seq), 0) FROM relevo.lane")[0][0] < pace.fed + len(events):
        expect(time.monotonic() < until, "the events are not decided")
        time.sleep(0.02)
    pace.fed += len(events)


pace.fed = 0


def share(sorted_list, p):
    return sorted_list[min(len(sorted_list) - 1, len(sorted_list) * p // 100)]


def of_the_bot(lab, n):
    return [c for c, in lab.sql("SELECT conversation_id::text FROM desk.conversations WHERE owner = 'bot' ORDER BY conversation_id LIMIT %s", n)]


def in_the_page(lab, rounds, n):
    """The page in Chromium: when its list is painted, and from the key to the fence. As speed.mjs prints it; None without a browser."""
    if not Path(CHROMIUM).exists():
        print(f"  the page was not measured: there is no {CHROMIUM} (deploy/local/packages.sh browser installs it)", flush=True)
        return None
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=STORY, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(["node", STORY / "speed.mjs"], stdout=subprocess.PIPE, timeout=900, check=True, env={
        **bare_environment(), "DESK": f"http://127.0.0.1:{lab.desk_port}", "CHROMIUM": CHROMIUM, "LOGIN": "ana", "PASSWORD": PASSWORD, "ROUNDS": str(rounds),
        "CONVERSATIONS": ",".join(of_the_bot(lab, n))})
    return json.loads(done.stdout)


def tell_page(lab, said):
    """Figures of what the page did. The clocks of browser and Postgres are this machine's."""
    for name, took in said["paint"].items():
        took.sort()
        print(f"  the list is painted, {name}: p50 {share(took, 50):.0f} ms, longest {took[-1]:.0f} ms, {len(took)} times")
        figure(f"page_{name}_ms", statistics.median(took))
    fenced = dict(lab.sql("SELECT conversation_id::text, extract(epoch FROM owner_since)::float8 * 1e3 FROM desk.conversations WHERE owner = 'human'"))
    expect(all(k["id"] in fenced for k in said["keys"]), "a conversation was not taken")
    for name, took in (("silence", sorted(k["heard"] - k["key"] for k in said["keys"])), ("shown", sorted(k["shown"] - k["key"] for k in said["keys"])),
                       ("fence", sorted(fenced[k["id"]] - k["key"] for k in said["keys"]))):
        print(f"  from the key to {name}: p50 {share(took, 50):.1f} ms, p99 {share(took, 99):.1f} ms, longest {took[-1]:.1f} ms, {len(took)} times")
        if name == "silence":
            figure("key_to_silence_p50_ms", share(took, 50))
            figure("key_to_silence_p99_ms", share(took, 99))


def clicks(lab, browser, n):
    """Milliseconds from the request to the answer."""
    took = []
    for conversation in of_the_bot(lab, n):
        began = time.monotonic()
        status, said = browser.act(conversation, "take_over")
        took.append((time.monotonic() - began) * 1e3)
        expect(status == 200 and said["done"], f"a takeover failed: {status} {said}")
    return sorted(took)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=1000, help="events a second")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=4, help="0: only the page and the takeovers")
    parser.add_argument("--clicks", type=int, default=300, help="takeovers, by the API and by the page")
    parser.add_argument("--paints", type=int, default=20, help="times that the page is opened, each way")
    args = parser.parse_args()
    plugins = [{"name": "keyword", "path": "triggers/keyword.so", "options": {"phrases": HANDED_OVER}}]
    policy = {"idle_close": "24h", "triggers": [{"trigger": "keyword", "threshold": 0.5, "team": "care"}]}
    with DeskLab("deskbench", partitions=1, logs=False, plugins=plugins, policy=policy) as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}', p_capacity => 0)")
        lab.account("ana", "--agent", "ana")
        consume = lab.start()
        desk = Desk(lab, "desk")
        lab.processes.append(desk)
        desk.wait_ready()
        browser = Browser(lab.desk_port)
        expect(browser.log_in("ana") == 200, "no log-in")
        meter = cpu.Meter(lab)
        expect(meter.known(), "the servers are not on this machine: nothing can be measured")
        meter.relevo = consume.child.pid
        encode = lab.schemas["WhatsAppEvent"].encode
        n, seed = args.rate * args.seconds, 1
        ratios, spent_desk, shown, alone = [], [], [], []
        told = multiprocessing.Value("Q", 0)

        def pages():
            ready = multiprocessing.Event()
            process = multiprocessing.Process(target=listen, args=(lab.desk_port, browser.cookie, args.listeners, ready, told), daemon=True)
            process.start()
            expect(ready.wait(60), "the pages do not open")
            return process

        pace(lab, list(workload.events(99, n, 20000, 1 / 3, encode)), args.rate)  # warm
        for turn in range(args.rounds):
            spent = {}
            for listeners in (0, args.listeners) if turn % 2 == 0 else (args.listeners, 0):
                opened = pages() if listeners else None
                seed += 1
                events = list(workload.events(seed, n, 20000, 1 / 3, encode))
                before, desk_before, told_before = meter.read(), cpu.stat(desk.child.pid)[1], told.value
                pace(lab, events, args.rate)
                after = meter.read()
                spent[listeners] = sum(after[k] - before[k] for k in ("relevo", "postgres")) / n
                if opened:
                    spent_desk.append((cpu.stat(desk.child.pid)[1] - desk_before) * cpu.TICK_US / n)
                    shown.append((told.value - told_before) / listeners / n)
                    opened.kill()
                    opened.join()
            ratios.append(spent[args.listeners] / spent[0])
            alone.append(spent[0])
            print(f"  CPU us an event of consume and Postgres: {spent[0]:.1f} without, {spent[args.listeners]:.1f} with "
                  f"{args.listeners} listeners; the desk's own {spent_desk[-1]:.1f}; {shown[-1]:.1f} bytes an event and listener", flush=True)
        opened = pages()
        took = clicks(lab, browser, args.clicks)
        print(f"  from the request to the fence: p50 {share(took, 50):.1f} ms, p99 {share(took, 99):.1f} ms, {len(took)} times")
        figure("takeover_p99_ms", share(took, 99))
        said = in_the_page(lab, args.paints, args.clicks)
        if said:
            tell_page(lab, said)
        opened.kill()
        opened.join()
        if ratios:
            print(f"  noise: the measurements without listeners lie within {max(alone) / min(alone) - 1:.1%} of each other, the ratios from "
                  f"{min(ratios):.3f} to {max(ratios):.3f}")
            figure("listeners_cpu", statistics.median(ratios), 1.05)
            figure("listeners_desk_us", statistics.median(spent_desk))


if __name__ == "__main__":
    main()
