#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What do a thousand open pages cost those who write? ./dev bench desk; what it found: tests/bench/README.md

The same events at the same pace, in turn without and with listeners at `relevo desk`: processor time an event of consume and Postgres.
Then, with the listeners still there, from the click on "take over" to its answer: the bot is fenced by then.
"""
import argparse
import multiprocessing
import select
import socket
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.desk import Browser, Desk, DeskLab  # noqa: E402
from lab.stack import expect  # noqa: E402
from lane import cpu, workload  # noqa: E402

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


def clicks(lab, browser, n):
    """Milliseconds from the click to the answer."""
    took = []
    rows = lab.sql("SELECT conversation_id::text FROM desk.conversations WHERE owner IN ('bot', 'queued') LIMIT %s", n)
    for (conversation,) in rows:
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
    parser.add_argument("--rounds", type=int, default=4)
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
        ratios, spent_desk, shown = [], [], []
        told = multiprocessing.Value("Q", 0)
        pace(lab, list(workload.events(99, n, 20000, 1 / 3, encode)), args.rate)  # warm
        for _ in range(args.rounds):
            spent = {}
            for listeners in (0, args.listeners):
                pages, ready = None, multiprocessing.Event()
                if listeners:
                    pages = multiprocessing.Process(target=listen, args=(lab.desk_port, browser.cookie, listeners, ready, told), daemon=True)
                    pages.start()
                    expect(ready.wait(60), "the pages do not open")
                seed += 1
                events = list(workload.events(seed, n, 20000, 1 / 3, encode))
                before, desk_before, told_before = meter.read(), cpu.stat(desk.child.pid)[1], told.value
                pace(lab, events, args.rate)
                after = meter.read()
                spent[listeners] = sum(after[k] - before[k] for k in ("relevo", "postgres")) / n
                if listeners:
                    spent_desk.append((cpu.stat(desk.child.pid)[1] - desk_before) * cpu.TICK_US / n)
                    shown.append((told.value - told_before) / listeners / n)
                    pages.kill()
                    pages.join()
            ratios.append(spent[args.listeners] / spent[0])
            print(f"  CPU us an event of consume and Postgres: {spent[0]:.1f} without, {spent[args.listeners]:.1f} with "
                  f"{args.listeners} listeners; the desk's own {spent_desk[-1]:.1f}; {shown[-1]:.1f} bytes an event and listener", flush=True)
        took = clicks(lab, browser, 300)
        print(f"  from the click to the fence: p50 {took[len(took) // 2]:.1f} ms, p99 {took[len(took) * 99 // 100]:.1f} ms, {len(took)} times")
        figure("listeners_cpu", statistics.median(ratios), 1.05)
        figure("listeners_desk_us", statistics.median(spent_desk))
        figure("takeover_p99_ms", took[len(took) * 99 // 100])


if __name__ == "__main__":
    main()
