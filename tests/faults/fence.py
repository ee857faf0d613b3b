# SPDX-License-Identifier: Apache-2.0
"""What is seen of the fence, and judged: claims, their ends and changes of ownership in the order of their commits, joined with the Cloud API's
own log. The order is told by numbers that triggers draw while the row locks are held."""
import bisect
import signal
import time
from collections import Counter, defaultdict

from lab.stack import expect

POINTS = ("claimed", "answered", "settled")
NEAR_S = 1  # what the bot said before that has nothing to do with a takeover
LOGS = """
CREATE SEQUENCE lab.moment;
CREATE TABLE lab.fence (n bigint, at timestamptz DEFAULT clock_timestamp(), conversation_id uuid, epoch bigint, message uuid, part smallint,
                        attempt integer, state smallint, author smallint);
CREATE FUNCTION lab.log_epoch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF TG_OP = 'INSERT' OR NEW.epoch <> OLD.epoch THEN
        INSERT INTO lab.fence (n, conversation_id, epoch) VALUES (nextval('lab.moment'), NEW.id, NEW.epoch);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION lab.log_send() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF TG_OP = 'INSERT' OR (NEW.state, NEW.attempt) <> (OLD.state, OLD.attempt) THEN
        INSERT INTO lab.fence (n, conversation_id, epoch, message, part, attempt, state, author)
        VALUES (nextval('lab.moment'), NEW.conversation_id, NEW.epoch, NEW.id, NEW.part, NEW.attempt, NEW.state, NEW.author);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER epoch AFTER INSERT OR UPDATE ON relevo.conversation FOR EACH ROW EXECUTE FUNCTION lab.log_epoch();
CREATE TRIGGER send AFTER INSERT OR UPDATE ON relevo.send FOR EACH ROW EXECUTE FUNCTION lab.log_send();
"""


class Killer:
    """Ends delivers again and again: at any moment, or at a point that they pass."""

    def __init__(self, delivers, rng, every=(1, 4), passes=(5, 40), nap=None):
        """A kill `every` so many seconds; and at a point, when it was passed so often. nap: what else happens at points."""
        self.delivers, self.rng, self.every, self.passes, self.nap = delivers, rng, every, passes, nap
        self.kills, self.at, self.next = 0, Counter(), time.monotonic() + 3

    def __call__(self):
        for deliver in self.delivers:
            if not deliver.alive():
                expect(deliver.deadly and deliver.child.returncode == -signal.SIGKILL,
                       f"{deliver.name} ended by itself with {deliver.child.returncode}:\n{deliver.tail()}")
                self.at[deliver.deadly] += 1
                self.again(deliver)
        if time.monotonic() > self.next:
            deliver = self.rng.choice(self.delivers)
            deliver.kill()
            self.kills += 1
            self.again(deliver)
            self.next = time.monotonic() + self.rng.uniform(*self.every)

    def again(self, deliver):
        deliver.deadly = self.rng.choice(POINTS) if self.rng.random() < 0.7 else None
        death = f"{deliver.deadly}:kill:{self.rng.randint(*self.passes)}" if deliver.deadly else None
        deliver.point = ",".join(act for act in (self.nap, death) if act)
        deliver.start()

    def spare(self):
        """All are killed a last time, and live from now on."""
        self()
        for deliver in self.delivers:
            deliver.kill()
            deliver.point = deliver.deadly = None
            deliver.start()


def judge_fence(lab):
    """The epoch in force when a bot message was claimed is the message's own. Returns how many claims there were."""
    epochs, crossed, claims = {}, [], 0
    for row in lab.sql("SELECT n, conversation_id::text, epoch, message::text, part, attempt, author FROM lab.fence "
                       "WHERE message IS NULL OR state = 1 ORDER BY n"):
        n, conversation, epoch, message, part, attempt, author = row
        if message is None:
            epochs[conversation] = epoch
            continue
        claims += 1
        if author != 3 and epochs[conversation] != epoch:
            crossed.append(row)
    expect(not crossed, f"{len(crossed)} bot messages were claimed after the ownership had changed: {crossed[:3]}")
    return claims


def judge_requests(lab, api):
    """Each request has a claim of its own, which was there before it. Returns how many claims never became a request."""
    claims, requests = defaultdict(list), defaultdict(list)
    for message, part, at in lab.sql("SELECT message::text, part, extract(epoch FROM at)::float8 FROM lab.fence WHERE state = 1 ORDER BY n"):
        claims[message, part].append(at)
    for request in list(api.log):
        requests[request.message, request.part].append(request.begun)
    for entry, begun in requests.items():
        for n, moment in enumerate(sorted(begun), 1):
            expect(bisect.bisect(claims[entry], moment) >= n, f"request {n} of {entry} arrived at {moment}, its claims are of {claims[entry]}")
    return sum(map(len, claims.values())) - sum(map(len, requests.values()))


class Takeover:
    """One, between two moments: `at` it had the row's lock, and `heard` it had been told that it was done; its commit lies between."""

    def __init__(self, at, heard, flight):
        self.at, self.heard, self.flight, self.stopped = at, heard, flight, False

    def phase(self):
        """Where it fell in the bot's nearest message of its conversation, by what is certain."""
        if self.flight:
            begun, ended = self.flight["begun"], self.flight["ended"]
            if self.heard < begun and self.heard < ended:
                return "claimed"
            if begun < self.at and self.heard < ended:
                return "requested"
            if self.at < ended:
                return "on an edge"
        if self.stopped:
            return "unclaimed"
        return "answered" if self.flight and self.at < ended + NEAR_S else "elsewhere"


PHASES = {"unclaimed": "before the claim", "claimed": "between claim and request", "requested": "during the request", "answered": "after it"}


def phases(lab, api, heard):
    """Counts in which phase of the bot's nearest message takeovers came; heard: {(conversation, epoch that it made): when}."""
    requests, flights, takeovers, open_ones = defaultdict(list), {}, {}, {}
    for request in list(api.log):
        requests[request.message, request.part].append(request)
    for conversation, epoch, message, part, attempt, state, author, at in lab.sql(
            """SELECT conversation_id::text, epoch, message::text, part, attempt, state, author, extract(epoch FROM at)::float8
               FROM lab.fence ORDER BY n"""):
        if message is None:
            if (conversation, epoch) in heard:
                takeovers[conversation, epoch] = Takeover(at, heard[conversation, epoch], flights.get(conversation))
        elif author != 3 and state == 1:
            first = next((r for r in requests[message, part] if r.begun >= at), None)
            flight = {"begun": first.begun if first else float("inf"), "ended": first and first.ended or float("inf")}
            flights[conversation] = open_ones[message, part] = flight
        elif author != 3:
            flight = open_ones.pop((message, part), None)
            if flight and at < flight["begun"]:  # it never became a request: deliver was killed, or was asleep for too long
                flight.update(begun=float("inf"), ended=at)
            if state == 5 and (conversation, epoch + 1) in takeovers:
                takeovers[conversation, epoch + 1].stopped = True
    return Counter(t.phase() for t in takeovers.values())
