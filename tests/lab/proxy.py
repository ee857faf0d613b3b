# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that can delay, throttle, hold and cut: a bad network between Relevo and one of its servers.

It forwards bytes and changes none. Its settings may be changed from any thread while connections live.
"""
import asyncio
import re
import threading

CHUNK = 65536
SETTLE_S = 0.05
# Postgres's protocol: a lane's COMMIT is in the query string of history's COPY and carried out when that stream ends (core/store/commit.c); or it
# stands alone.
BEHIND_COPY, ALONE = rb"; COMMIT\0", rb"Q\0\0\0\x0bCOMMIT\0"
COPY_DONE = rb"c\0\0\0\x04"


class Link:
    """One connection through the proxy."""

    def __init__(self, proxy, reader, writer):
        self.proxy, self.client = proxy, (reader, writer)
        self.server = None
        self.sent, self.tail = 0, b""  # to the server: bytes, and the last few, for traps that span two reads
        self.mute = False  # answers are thrown away
        self.queue, self.tasks = None, []

    def abort(self, *sides):
        """RST, as a cable that is cut and noticed."""
        for side in sides or (self.client, self.server):
            if side:
                side[1].transport.abort()

    async def run(self):
        try:
            self.server = await asyncio.open_connection("127.0.0.1", self.proxy.target)
        except OSError:
            self.abort(self.client)
            return
        self.tasks = [asyncio.ensure_future(self.pump(self.client, self.server, True)),
                      asyncio.ensure_future(self.pump(self.server, self.client, False))]
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.abort()

    async def pump(self, source, sink, up):
        """Reads at once and delivers later, so that a delay does not become a throttle."""
        queue = asyncio.Queue(256)
        if up:
            self.queue = queue
        writer = asyncio.ensure_future(self.deliver(queue, sink, up))
        try:
            while True:
                data = await source[0].read(CHUNK)
                await queue.put((asyncio.get_running_loop().time() + self.proxy.delay, data))
                if not data:
                    break
        except OSError:
            await queue.put((0, b""))
        await writer

    async def deliver(self, queue, sink, up):
        loop = asyncio.get_running_loop()
        try:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0, due - loop.time()))
                await self.proxy.open.wait()
                if not data:
                    sink[1].write_eof()
                    return
                if up and self.proxy.trap and await self.spring(data, sink):
                    continue
                if not up and self.mute:
                    continue
                await self.write(sink, data)
        except (OSError, RuntimeError):
            self.abort()  # the other side is gone

    async def write(self, sink, data):
        sink[1].write(data)
        await sink[1].drain()
        if self.proxy.rate:
            await asyncio.sleep(len(data) / self.proxy.rate)

    async def spring(self, data, sink):
        """Lets the trap look at bytes for the server; true when it dealt with them."""
        trap = self.proxy.trap
        known = len(self.tail)
        at = trap.where(self, self.tail + data)
        self.tail = (self.tail + data)[-64:]
        self.sent += len(data)
        if at is None:
            return False
        self.proxy.trap = None
        await trap.spring(self, data, max(0, at - known), sink)
        return True


class Trap:
    """Waits for a COMMIT, or for a number of bytes, and then does `what`; once.

    lost     the COMMIT does not arrive: both sides are cut before it
    unheard  the COMMIT arrives, its answer does not: the client is cut when the server had time to do it
    late     the client is cut at once; what it sent arrives `seconds` later
    bytes    both sides are cut after `count` more bytes to the server
    """

    def __init__(self, what, seconds=0.3, count=0):
        self.what, self.seconds, self.count = what, seconds, count
        self.sprung = threading.Event()
        self.copying = set()  # links whose stream ends in a COMMIT

    def where(self, link, data):
        """The offset in data where it springs; None: not in these."""
        if self.what == "bytes":
            self.count -= len(data) - len(link.tail)
            return len(data) + self.count if self.count <= 0 else None
        found = re.search(ALONE, data)
        if not found and link in self.copying:
            found = re.search(rb"(?<=\xff\xff)" + COPY_DONE, data)  # behind the stream's trailer
        if re.search(BEHIND_COPY, data):
            self.copying.add(link)
        return found.start() if found else None

    async def spring(self, link, data, at, sink):
        try:
            if self.what in ("lost", "bytes"):
                await link.write(sink, data[:at])
                await asyncio.sleep(SETTLE_S)  # the first half of the pipeline is with the server
                link.abort()
            elif self.what == "unheard":
                link.mute = True
                await link.write(sink, data)
                asyncio.get_running_loop().call_later(self.seconds, link.abort)
            else:
                link.mute = True
                await link.write(sink, data[:at])
                await asyncio.sleep(SETTLE_S)  # the rest of the pipeline is here
                rest = data[at:]
                while not link.queue.empty():
                    rest += link.queue.get_nowait()[1]
                link.abort(link.client)
                await asyncio.sleep(self.seconds)
                await link.write(sink, rest)
                await asyncio.sleep(SETTLE_S)
                link.abort(sink)
        finally:
            self.sprung.set()


class Proxy:
    """Listens on a port of its own for one target port of this machine."""

    def __init__(self, port):
        self.port, self.target = port, None
        self.delay = 0.0  # seconds each way
        self.rate = 0     # bytes a second of each connection and direction; 0: as fast as it goes
        self.trap = None
        self.links = set()
        self.loop = asyncio.new_event_loop()
        self.open, self.server = None, None
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def start(self, target):
        self.target = target
        ready = threading.Event()
        self.loop.call_soon(ready.set)
        self.loop.run_until_complete(self.listen())
        self.thread.start()
        ready.wait()

    def serve(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def listen(self):
        self.open = asyncio.Event()
        self.open.set()
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", self.port, backlog=512)

    async def accept(self, reader, writer):
        link = Link(self, reader, writer)
        self.links.add(link)
        try:
            await link.run()
        finally:
            self.links.discard(link)

    def do(self, call):
        done = threading.Event()

        def run():
            call()
            done.set()
        self.loop.call_soon_threadsafe(run)
        done.wait(10)

    def hold(self):
        """Nothing passes, and nobody is told: as a network that swallows packets, or a server too slow for anybody."""
        self.do(self.open.clear)

    def release(self):
        self.do(self.open.set)

    def cut(self):
        """Ends every connection that is open now."""
        self.do(lambda: [link.abort() for link in list(self.links)])

    def set_trap(self, trap):
        self.do(lambda: setattr(self, "trap", trap))
        return trap

    def stop(self):
        async def end():
            self.server.close()
            for link in list(self.links):
                link.abort()
                for task in link.tasks:
                    task.cancel()
            others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        if self.thread.is_alive():
            asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join(10)
        self.loop.close()
