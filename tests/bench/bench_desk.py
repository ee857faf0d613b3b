#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What do a thousand open pages cost those who write? ./dev bench desk; what it found: tests/bench/README.md

The same events at the same pace, in turn without and with listeners at `relevo desk`: processor time an event of consume and Postgres. A listener does
what a page does that shows the queue: holds its stream, asks for list and counts when it is told something and now and then, and says that it lives. Every second
round begins with the listeners, so that what only time changes cancels out; how far two measurements without listeners differ is told as the noise.
Then, with listeners, from "take over" to the answer (the bot is fenced by then): asked of the API, and by a key in the page, in Chromium; and how
soon the page shows its list, with an empty cache and with a full one, here and as on a phone.
"""
import argparse
import hashlib
import json
import multiprocessing
import os
import random
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


class Page:
    """What a page does besides holding its stream: main.tsx. Asks on a connection of its own, one question after the other."""

    LISTS = ["/api/conversations?list=queue&limit=50", "/api/counts"]
    PAUSE, LONGEST = 2, 5
    EVERY = ((15, "GET", LISTS), (30, "GET", ["/api/agents"]), (300, "GET", ["/api/tags"]), (45, "POST", ["/api/heartbeat"]))

    def __init__(self, port, cookie, csrf, poll, pages, rng):
        self.head = f"Host: desk\r\nCookie: {cookie}\r\nX-CSRF-Token: {csrf}\r\nContent-Length: 0\r\n\r\n"
        self.stream, self.questions = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
        for s in (self.stream, self.questions):
            pages[s.fileno()] = self, s
            poll.register(s, select.EPOLLIN)
        self.wanted, self.asking, self.left, self.got, self.pause, self.due, self.more = [], False, 0, b"", self.PAUSE, None, False
        self.every = [[time.monotonic() + rng.random() * seconds, seconds, method, paths] for seconds, method, paths in self.EVERY]
        self.stream.sendall(f"GET /api/events?conversation= HTTP/1.1\r\n{self.head}".encode())

    def ask(self, method, paths):
        self.wanted += [(method, path) for path in paths if (method, path) not in self.wanted]
        self.go_on()

    def go_on(self):
        if not self.asking and self.wanted:
            method, path = self.wanted.pop(0)
            self.questions.sendall(f"{method} {path} HTTP/1.1\r\n{self.head}".encode())
            self.asking = True

    def told(self, now):
        self.more = self.due is not None
        if self.due is None:
            self.ask("GET", self.LISTS)
            self.pause, self.due = self.PAUSE, now + self.PAUSE

    def tick(self, now):
        if self.due is not None and now >= self.due:
            settled, self.more = not self.more, False
            self.ask("GET", self.LISTS)
            self.pause = self.PAUSE if settled else min(2 * self.pause, self.LONGEST)
            self.due = None if settled else now + self.pause
        for every in self.every:
            if now >= every[0]:
                every[0] += every[1]
                self.ask(every[2], every[3])

    def answered(self, data):
        """True when that was the end of an answer."""
        if not self.left:
            self.got += data
            head, end, body = self.got.partition(b"\r\n\r\n")
            if not end:
                return False
            expect(head.startswith(b"HTTP/1.1 200"), f"a page was answered {head[:60]} {body[:200]}")
            self.left, self.got = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) - len(body), b""
        else:
            self.left -= len(data)
        if self.left:
            return False
        self.asking = False
        self.go_on()
        return True


def listen(port, sessions, ready, told, asked):
    """A page for each session: reads what it is told, asks what a page asks, and throws it away. In a process of its own."""
    poll, pages, rng = select.epoll(), {}, random.Random(1)
    for cookie, csrf in sessions:
        Page(port, cookie, csrf, poll, pages, rng)
    greeted, ticked = set(), 0
    while True:
        events = poll.poll(0.1)
        now = time.monotonic()
        for fd, _ in events:
            page, s = pages[fd]
            data = s.recv(1 << 16)
            if not data:
                return
            if s is page.questions:
                asked.value += page.answered(data)
                continue
            told.value += len(data)
            if b"\ndata: {\"" in data:
                page.told(now)
            greeted.add(fd)
            if len(greeted) == len(sessions):
                ready.set()
        if now - ticked > 0.05:
            ticked = now
            for page in {id(p): p for p, _ in pages.values()}.values():
                page.tick(now)


def log_in_all(lab, n, teams):
    """n agents with a session each; the cookies and tokens. All see the queue, each team something else besides."""
    sessions = [(f"{i:064x}", f"{i:064x}") for i in range(n)]
    for i, (cookie, csrf) in enumerate(sessions):
        lab.sql("SELECT desk.put_agent(%s, %s, %s, p_capacity => 0)", f"agent{i}", f"Agent {i}", ["care", f"team{i % teams}"])
        lab.sql("INSERT INTO relevo.account (login, role, agent_id) VALUES (%s, 'agent', %s)", f"agent{i}", f"agent{i}")
        lab.sql("INSERT INTO relevo.session (token, login, csrf, ends_at) VALUES (%s, %s, %s, now() + interval '1 day')",
                hashlib.blake2b(cookie.encode(), digest_size=32).digest(), f"agent{i}", csrf)
    return [(f"relevo_session={cookie}", csrf) for cookie, csrf in sessions]


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
    parser.add_argument("--teams", type=int, default=10, help="kinds of agents, each of which sees something else")
    parser.add_argument("--rate", type=int, default=1000, help="events a second")
    parser.add_argument("--seconds", type=int, default=10, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=4, help="0: only the page and the takeovers")
    parser.add_argument("--clicks", type=int, default=300, help="takeovers, by the API and by the page; 0: only the listeners' cost")
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
        ratios, spent_desk, shown, answers, alone = [], [], [], [], []
        told, asked = multiprocessing.Value("Q", 0), multiprocessing.Value("Q", 0)
        sessions = log_in_all(lab, args.listeners, args.teams)

        def pages():
            ready = multiprocessing.Event()
            process = multiprocessing.Process(target=listen, args=(lab.desk_port, sessions, ready, told, asked), daemon=True)
            process.start()
            expect(ready.wait(60), "the pages do not open")
            return process

        pace(lab, list(workload.events(99, n, 20000, 1 / 3, encode)), args.rate)  # warm
        lab.sql("ANALYZE")  # as a database does by itself after a minute of this
        for turn in range(args.rounds):
            spent = {}
            for listeners in (0, args.listeners) if turn % 2 == 0 else (args.listeners, 0):
                opened = pages() if listeners else None
                seed += 1
                events = list(workload.events(seed, n, 20000, 1 / 3, encode))
                before, desk_before, told_before, asked_before = meter.read(), cpu.stat(desk.child.pid)[1], told.value, asked.value
                pace(lab, events, args.rate)
                after = meter.read()
                spent[listeners] = sum(after[k] - before[k] for k in ("relevo", "postgres")) / n
                if opened:
                    spent_desk.append((cpu.stat(desk.child.pid)[1] - desk_before) * cpu.TICK_US / n)
                    shown.append((told.value - told_before) / listeners / n)
                    answers.append((asked.value - asked_before) / args.seconds)
                    opened.kill()
                    opened.join()
            ratios.append(spent[args.listeners] / spent[0])
            alone.append(spent[0])
            print(f"  CPU us an event of consume and Postgres: {spent[0]:.1f} without, {spent[args.listeners]:.1f} with "
                  f"{args.listeners} listeners; the desk's own {spent_desk[-1]:.1f}; {shown[-1]:.1f} bytes an event and listener, {answers[-1]:.0f} answers a second", flush=True)
        if args.clicks:
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
