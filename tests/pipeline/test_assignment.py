#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who gets what waits: each rule of the assignment, offers and absences through a real lane, and fifty desktops at once."""
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import psycopg2  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import PATIENCE_S, Lab, expect, run  # noqa: E402

NUMBER = "105550001"


def until(lab, words, query, *args):
    end = time.monotonic() + PATIENCE_S
    while not lab.sql(query, *args)[0][0]:
        expect(time.monotonic() < end, words)
        time.sleep(0.05)


def say(lab, customer, text):
    key = f"{NUMBER}:{customer}".encode()
    lab.feed([(partition_of(key, lab.partitions), key,
               {"kind": "message", "phone_number_id": NUMBER, "wa_id": customer, "message_id": f"wamid.{customer}.{time.monotonic_ns()}",
                "sent_at": int(time.time() * 1000), "type": "text", "text": text})])


# ---- the rules, one by one, without a lane: rows as it leaves them

class Desk:
    """A queue of lane 0 that nobody works on."""

    def __init__(self, lab):
        self.lab = lab

    def clean(self):
        self.lab.sql("DELETE FROM relevo.conversation; DELETE FROM relevo.agent; DELETE FROM relevo.command; DELETE FROM relevo.given; "
                     "DELETE FROM relevo.team WHERE team <> ''; SELECT desk.put_team('')")

    def agent(self, name, teams=("care",), skills=(), languages=(), capacity=5, presence="online"):
        self.lab.sql("SELECT desk.put_agent(%s, %s, %s, %s, %s, %s)", name, name.title(), list(teams), list(skills), list(languages), capacity)
        self.lab.sql("SELECT desk.set_presence(%s, %s)", name, presence)

    def waits(self, customer, minutes=0, **columns):
        """A conversation that has waited for so long."""
        columns = {"team": "care", **columns}
        names, values = ", ".join(columns), ", ".join(["%s"] * len(columns))
        self.lab.sql(f"""INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, phone_number_id, customer_id, opened_ms,
                         last_in_ms, state, {names}) VALUES (gen_random_uuid(), 0, 1, 2, 5,
                         (extract(epoch FROM clock_timestamp() - %s * interval '1 min') * 1000)::bigint, '555', %s, 0, 0, '', {values})""",
                     minutes, customer, *columns.values())

    def id(self, customer):
        return self.lab.sql("SELECT id FROM relevo.conversation WHERE customer_id = %s", customer)[0][0]

    def give(self, limit=100):
        return self.lab.sql("SELECT relevo.assign_waiting(0, NULL, %s)", limit)[0][0]

    def look(self):
        return self.lab.sql("SELECT relevo.look_after(0, 100)")[0][0]

    def has(self, customer):
        return self.lab.sql("SELECT agent_id FROM relevo.conversation WHERE customer_id = %s", customer)[0][0]

    def ago(self, customer, column, minutes):
        self.lab.sql(f"UPDATE relevo.conversation SET {column} = (extract(epoch FROM clock_timestamp() - %s * interval '1 min') * 1000)::bigint "
                     "WHERE customer_id = %s", minutes, customer)

    def refused(self, words, query, *args):
        try:
            self.lab.sql(query, *args)
        except psycopg2.Error as error:
            expect(error.pgcode == "RV012" and words in str(error), f"{query}: {error.pgcode} {error}")
        else:
            expect(False, f"{query} was not refused")


def skills_and_languages(desk):
    desk.agent("ana", skills=["refunds", "vip:2"], languages=["es"])
    desk.agent("bea", skills=["refunds:3"], languages=["pt-BR"])
    for need, language, who in ((["refunds"], None, "ana"), (["refunds:2"], None, "bea"), (["refunds:4"], None, None), (["vip:2"], None, "ana"),
                                (["vip:3"], None, None), (["refunds", "vip"], None, "ana"), (["refund"], None, None), (None, "pt", "bea"),
                                (None, "es-MX", "ana"), (None, "en", None), (["refunds"], "pt", "bea")):
        desk.lab.sql("UPDATE relevo.agent SET idle_since = CASE id WHEN 'ana' THEN timestamptz '2020-01-01' ELSE '2021-01-01' END")
        desk.waits("c", need_skills=need, need_language=language)
        desk.give()
        expect(desk.has("c") == who, f"{need} {language}: {desk.has('c')}, not {who}")
        desk.lab.sql("DELETE FROM relevo.conversation")
    desk.refused("refunds:12", "SELECT desk.put_agent('x', 'X', '{}', '{refunds:12}')")


def weights(desk):
    desk.lab.sql("SELECT desk.put_team('care', p_weight => 2)")
    desk.agent("ana", capacity=5)
    for i in range(4):
        desk.waits(f"c{i}", minutes=9 - i)
    expect(desk.give() == 2, "two of weight 2 fit into 5 places")
    desk.lab.sql("SELECT desk.weigh(%s, 'ana', 1), desk.weigh(%s, 'ana', NULL)", desk.id("c2"), desk.id("c3"))
    expect(desk.lab.sql("SELECT conversation_id::text, text FROM relevo.command WHERE text LIKE 'weight%%'") == [(desk.id("c2"), "weight: 1, was 2")],
           "what changed is noted, and what did not is not")
    expect(desk.give() == 1 and desk.has("c2") == "ana" and desk.has("c3") is None, "one of weight 1 fits into the place that is left")
    expect(desk.lab.sql("SELECT load, conversations FROM desk.agents") == [(5, 3)], "load")
    desk.lab.sql("SELECT desk.resolve(%s, 'ana')", desk.id("c0"))
    expect(desk.give() == 1, "places come back")
    desk.clean()
    desk.agent("ana", capacity=3)
    desk.agent("nobody", capacity=0)
    desk.waits("heavy", minutes=2, weight=7)
    desk.waits("light", minutes=1)
    expect(desk.give() == 1 and desk.has("heavy") == "ana", "what is heavier than all places is taken by who has nothing else")
    desk.refused("1 to 100", "SELECT desk.weigh(%s, 'ana', 0)", desk.id("light"))


def urgency(desk):
    desk.agent("ana", capacity=1)
    desk.waits("old", minutes=50, priority=2)
    desk.waits("new", priority=4)
    expect(desk.lab.sql("SELECT customer_id, urgency, position FROM desk.queue") == [("old", 5, 1), ("new", 4, 2)], "queue")
    desk.give()
    expect(desk.has("old") == "ana", "who waits becomes more urgent")
    desk.clean()
    desk.lab.sql("SELECT desk.put_team('care', p_ageing => '0')")
    desk.agent("ana", capacity=1)
    desk.waits("old", minutes=500, priority=2)
    desk.waits("new", priority=4)
    desk.give()
    expect(desk.has("new") == "ana", "a team may go by priority alone")


def order_of_agents(desk):
    desk.agent("ana")
    desk.agent("bea")
    desk.lab.sql("UPDATE relevo.agent SET idle_since = CASE id WHEN 'ana' THEN timestamptz '2020-01-01' ELSE '2021-01-01' END")
    desk.waits("a", last_agent="bea", last_agent_ms=int(time.time() * 1000) - 3600_000)
    desk.give()
    expect(desk.has("a") == "bea", "the last agent is tried first")
    desk.waits("b", last_agent="bea", last_agent_ms=int(time.time() * 1000) - 2 * 86400_000)
    desk.give()
    expect(desk.has("b") == "ana", "but not for ever")
    desk.waits("c", prefer_agent="ana", last_agent="bea", last_agent_ms=int(time.time() * 1000))
    desk.give()
    expect(desk.has("c") == "ana", "a named one goes before")
    desk.lab.sql("UPDATE relevo.agent SET idle_since = CASE id WHEN 'ana' THEN timestamptz '2020-01-01' ELSE '2021-01-01' END")
    desk.lab.sql("SELECT desk.put_team('care', 'longest_idle')")
    desk.waits("d", rank=1)
    desk.give()
    expect(desk.has("d") == "ana", "a team's own rank goes before the router's")
    desk.clean()
    desk.lab.sql("SELECT desk.put_team('care', p_named_wait => '10 min')")
    desk.agent("ana", presence="away")
    desk.agent("bea")
    desk.waits("named", minutes=9, prefer_agent="ana")
    expect(desk.give() == 0, "a named agent is waited for")
    desk.ago("named", "owner_since", 11)
    expect(desk.give() == 1 and desk.has("named") == "bea", "but not for ever")


def presence(desk):
    desk.agent("ana")
    desk.lab.sql("SELECT desk.set_presence('ana', 'online', '30 s')")
    expect(desk.lab.sql("SELECT desk.heartbeat('ana')")[0][0] == "online", "a heartbeat tells the presence")
    desk.lab.sql("UPDATE relevo.agent SET expires_at = clock_timestamp() - interval '1 s'")
    desk.waits("c")
    expect(desk.give() == 0, "who gave no sign of life is given nothing")
    expect(desk.lab.sql("SELECT presence FROM desk.agents")[0][0] == "offline", "and is shown as gone")
    expect(desk.lab.sql("SELECT desk.heartbeat('ana')")[0][0] == "online" and desk.give() == 1, "a heartbeat in time brings them back")
    desk.lab.sql("UPDATE relevo.agent SET expires_at = clock_timestamp() - interval '1 s'")
    desk.look()
    expect(desk.lab.sql("SELECT desk.heartbeat('ana')")[0][0] == "offline", "one that comes too late says so")
    expect(desk.has("c") == "ana", "nobody loses one by leaving, unless the team says so")
    desk.refused("a second or more", "SELECT desk.set_presence('ana', 'online', '0 s')")


def overflow(desk):
    desk.refused("no team slaes", "SELECT desk.put_team('care', p_overflow_to => 'slaes')")
    desk.agent("sol", teams=["sales"])
    desk.lab.sql("SELECT desk.put_team('care', p_overflow_to => 'sales', p_overflow_after => '5 min')")
    desk.waits("c", minutes=4)
    expect(desk.look() == 0 and desk.give() == 0, "not yet")
    desk.ago("c", "owner_since", 6)
    expect(desk.look() == 1 and desk.give() == 1 and desk.has("c") == "sol", "another team helps out")
    expect(desk.lab.sql("SELECT kind, note, epoch FROM relevo.command ORDER BY id")
           == [("requeue", "overflow from care", 6), ("assign", None, 7)], "the lane is told")
    expect(desk.lab.sql("SELECT waited > interval '5 min' FROM relevo.given")[0][0], "what was waited before counts")


def offers(desk):
    desk.lab.sql("SELECT desk.put_team('care', p_accept_within => '20 s')")
    desk.agent("ana", capacity=1)
    desk.agent("bea", capacity=1)
    desk.lab.sql("UPDATE relevo.agent SET idle_since = CASE id WHEN 'ana' THEN timestamptz '2020-01-01' ELSE '2021-01-01' END")
    desk.waits("a", minutes=3)
    desk.waits("b", minutes=2)
    desk.waits("c", minutes=1)
    expect(desk.give() == 2 and desk.give() == 0, "an offer takes a place")
    expect(desk.lab.sql("SELECT customer_id, offered_to FROM desk.queue ORDER BY 1") == [("a", "ana"), ("b", "bea"), ("c", None)], "offers")
    a, b = desk.id("a"), desk.id("b")
    expect(not desk.lab.sql("SELECT done FROM desk.accept(%s, 'bea')", a)[0][0], "it is not hers")
    expect(desk.lab.sql("SELECT done, owner, agent_id FROM desk.accept(%s, 'ana')", a) == [(True, "human", "ana")], "accept")
    expect(desk.lab.sql("SELECT done, why FROM desk.accept(%s, 'bea')", a) == [(False, "ana has it")], "who won is told")
    expect(desk.lab.sql("SELECT done FROM desk.decline(%s, 'bea', 'comiendo')", b)[0][0], "decline")
    expect(desk.give() == 1 and desk.lab.sql("SELECT offered_to FROM desk.queue WHERE customer_id = 'c'")[0][0] == "bea",
           "she is not asked for it again, but for the next one")
    desk.lab.sql("UPDATE relevo.conversation SET offer_until = clock_timestamp() WHERE customer_id = 'c'")
    expect(desk.look() == 1 and desk.lab.sql("SELECT presence FROM desk.agents WHERE agent_id = 'bea'")[0][0] == "away", "who does not answer is away")
    expect(desk.lab.sql("SELECT done FROM desk.accept(%s, 'bea')", desk.id("c"))[0][0] is False, "too late")
    desk.lab.sql("SELECT desk.set_presence('bea', 'online')")
    expect(desk.give() == 0, "she had her chance with both")
    desk.waits("d")
    desk.lab.sql("UPDATE relevo.agent SET capacity = 2 WHERE id = 'bea'")
    expect(desk.lab.sql("SELECT desk.pull('bea')")[0][0] and desk.has("d") == "bea", "who pulls gets what they did not decline first")
    expect(desk.lab.sql("SELECT desk.pull('bea')")[0][0] and desk.has("b") == "bea", "and then the rest: they ask for it")
    desk.lab.sql("UPDATE relevo.conversation SET owner = 2, agent_id = NULL WHERE customer_id IN ('b', 'd')")
    desk.lab.sql("UPDATE relevo.conversation SET declined = '{bea}', declined_at = clock_timestamp() WHERE customer_id IN ('b', 'd')")
    desk.lab.sql("UPDATE relevo.agent SET capacity = 1 WHERE id = 'bea'")
    desk.lab.sql("UPDATE relevo.conversation SET declined_at = clock_timestamp() - interval '11 min' WHERE customer_id = 'b'")
    expect(desk.give() == 1, "after a while she is asked again: nobody waits for ever")
    expect(desk.lab.sql("SELECT desk.pull('bea')")[0][0] and desk.has("b") == "bea", "who pulls takes what they were asked to take")
    expect(desk.lab.sql("SELECT kind, agent_id, text FROM relevo.command ORDER BY id")
           == [("assign", "ana", None), ("note", "bea", "declined: comiendo"), ("note", "bea", "offer missed")] + 3 * [("assign", None, None)], "commands")


def absences(desk):
    desk.lab.sql("SELECT desk.put_team('care', p_silent_after => '10 min', p_offline_after => '2 min')")
    desk.agent("ana")
    desk.waits("gone")
    desk.waits("silent")
    desk.give()
    expect(desk.look() == 0, "nothing is amiss")
    desk.lab.sql("SELECT desk.set_presence('ana', 'offline')")
    expect(desk.look() == 0, "she may come back")
    desk.lab.sql("UPDATE relevo.agent SET gone_at = clock_timestamp() - interval '3 min'")
    desk.lab.sql("UPDATE relevo.conversation SET team = NULL WHERE customer_id = 'silent'")
    expect(desk.look() == 1 and desk.has("gone") is None and desk.has("silent") == "ana", "back to the queue from who is gone")
    desk.lab.sql("SELECT desk.set_presence('ana', 'online')")
    desk.lab.sql("UPDATE relevo.conversation SET team = 'care' WHERE customer_id = 'silent'")
    expect(desk.give() == 0, "and not to the same one")
    desk.ago("silent", "owner_since", 11)
    expect(desk.look() == 1 and desk.has("silent") is None, "back to the queue from who says nothing")
    desk.clean()
    # What the customer wrote after the last answer, and not how long ago that was.
    desk.lab.sql("SELECT desk.put_team('care', p_silent_after => '10 min')")
    desk.agent("ana")
    desk.waits("c")
    desk.give()
    desk.ago("c", "owner_since", 60)
    desk.ago("c", "answered_ms", 50)
    desk.ago("c", "last_in_ms", 55)
    expect(desk.look() == 0, "all is answered")
    desk.ago("c", "last_in_ms", 1)
    write = """INSERT INTO relevo.history (lane, seq, at, conversation_id, kind, source, source_offset, by, owner, epoch, config, decided)
               VALUES (0, %s, clock_timestamp() - %s * interval '1 min', %s, 0, 0, 0, 1, 3, 6, 0, '')"""
    desk.lab.sql("SELECT relevo.ensure_months((extract(epoch FROM now() - interval '1 day') * 1000)::bigint)")
    desk.lab.sql(write, 1, 5, desk.id("c"))
    expect(desk.look() == 0, "five minutes are not ten")
    desk.lab.sql(write, 2, 11, desk.id("c"))
    expect(desk.look() == 1, "a customer who writes again does not begin to wait anew")
    desk.lab.sql("DELETE FROM relevo.history")


def teams(desk):
    desk.agent("ana")
    for i in range(5):
        desk.waits(f"c{i}", minutes=i)
    expect(desk.lab.sql("SELECT DISTINCT expected_wait FROM desk.queue") == [(None,)], "what is not known is not said")
    desk.lab.sql("SELECT desk.take_over(%s, 'ana'), desk.reply(%s, 'ana', 'hola')", desk.id("c4"), desk.id("c3"))  # by themselves
    expect(desk.give() == 3, "what is left")
    desk.lab.sql("SELECT desk.reply(%s, 'ana', 'hola')", desk.id("c0"))
    expect(desk.lab.sql("SELECT count(*), max(waited) > interval '3 min' FROM relevo.given") == [(5, True)], "who left the queue, each once")
    desk.waits("next", minutes=1)
    desk.waits("last")
    said = desk.lab.sql("SELECT customer_id, position, extract(epoch FROM expected_wait)::int FROM desk.queue ORDER BY position")
    expect(said == [("next", 1, 360), ("last", 2, 720)], f"five in half an hour: {said}")
    desk.lab.sql("SELECT desk.set_presence('ana', 'away')")
    expect(desk.lab.sql("SELECT DISTINCT expected_wait FROM desk.queue") == [(None,)], "nobody is there: nobody knows")
    expect(desk.lab.sql("SELECT team, online, waiting FROM desk.teams ORDER BY team") == [("", 0, 0), ("care", 0, 2)], "desk.teams")
    for words, call in (("rank is", "'care', 'fastest'"), ("1 to 100", "'care', p_weight => 0"), ("into itself", "'care', p_overflow_to => 'care'"),
                        ("negative", "'care', p_offline_after => '-1 s'"), ("a second or more", "'care', p_accept_within => '0'"),
                        ("needs a name", "NULL")):
        desk.refused(words, f"SELECT desk.put_team({call})")


def rules(seed):
    """each rule by itself"""
    with Lab("assignment", partitions=1, logs=False) as lab:
        desk = Desk(lab)
        for rule in (skills_and_languages, weights, urgency, order_of_agents, presence, overflow, offers, absences, teams):
            desk.clean()
            print(f"  {rule.__name__}", flush=True)
            rule(desk)


# ---- through the lane

def lane(seed):
    """offered, declined, accepted, lost by absence, overflowed: decided, published and told as it happened"""
    with Lab("offers", partitions=2) as lab:
        lab.sql("SELECT desk.put_agent(a, initcap(a), '{care}') FROM unnest('{ana,bea}'::text[]) a")
        lab.sql("SELECT desk.put_team('care', p_accept_within => '1 hour', p_offline_after => '1 s')")
        consumer = lab.start()
        say(lab, "573001", "person ya")
        until(lab, "nobody waits", "SELECT count(*) = 1 FROM desk.queue")
        lab.sql("SELECT desk.set_presence('ana', 'online')")
        until(lab, "it is not offered", "SELECT count(*) = 1 FROM desk.queue WHERE offered_to = 'ana'")
        one = lab.sql("SELECT conversation_id FROM desk.queue")[0][0]
        expect(lab.sql("SELECT done FROM desk.decline(%s, 'ana')", one)[0][0], "decline")
        lab.sql("SELECT desk.set_presence('bea', 'online', '1 hour')")
        until(lab, "bea is not asked", "SELECT count(*) = 1 FROM desk.queue WHERE offered_to = 'bea'")
        expect(lab.sql("SELECT done FROM desk.accept(%s, 'bea')", one)[0][0], "accept")
        lab.wait_caught_up()
        lab.sql("SELECT desk.set_presence('ana', 'away')")
        lab.sql("UPDATE relevo.agent SET expires_at = clock_timestamp() - interval '1 min' WHERE id = 'bea'")  # her desktop died
        until(lab, "it stays with who is gone", "SELECT count(*) = 1 FROM desk.queue WHERE offered_to IS NULL")
        lab.wait_caught_up()
        audit = lab.sql("SELECT by, who, action, to_owner, to_agent, why FROM desk.audit WHERE conversation_id = %s ORDER BY at, lane, seq", one)
        expect(audit[1:] == [("agent", "ana", "note", "queued", None, "declined"), ("agent", "bea", "assign", "human", "bea", None),
                             ("system", None, "requeue", "queued", None, "agent offline")], f"audit: {audit}")
        said = [t for (t,) in lab.sql("SELECT text FROM desk.history WHERE conversation_id = %s AND by = 'bot' ORDER BY lane, seq, part", one)]
        expect(said == ["Te paso con una persona.", "Bea te atiende.", "Busco a otra persona."], f"an offer is no assignment: the customer was told {said}")
        consumer.stop()
        lab.check()


# ---- a crowd

class Client(threading.Thread):
    """A desktop of one agent: takes what there is, and gives it away again."""

    def __init__(self, lab, seed, agent, stop, taken):
        super().__init__(daemon=True)
        self.random, self.agent, self.stop, self.taken, self.mistake = random.Random(seed), agent, stop, taken, None
        self.db = psycopg2.connect(lab.postgres)
        self.db.autocommit = True

    def ask(self, query, *args):
        with self.db.cursor() as cursor:
            cursor.execute(query, args)
            return cursor.fetchall()

    def act(self):
        choice = self.random.random()
        if choice < 0.45:
            if self.ask("SELECT desk.pull(%s)", self.agent)[0][0]:
                self.taken.append(self.agent)
            return
        if choice < 0.7:
            for (one,) in self.ask("SELECT conversation_id FROM desk.queue WHERE offered_to = %s", self.agent):
                self.ask(self.random.choice(("SELECT * FROM desk.accept(%s, %s)", "SELECT * FROM desk.accept(%s, %s)",
                                             "SELECT * FROM desk.decline(%s, %s)")), one, self.agent)
            return
        if choice < 0.8:
            self.ask("SELECT desk.set_presence(%s, %s, '10 s')", self.agent, self.random.choice(("online", "online", "online", "away")))
            return
        mine = self.ask("SELECT conversation_id FROM desk.conversations WHERE agent_id = %s", self.agent)
        if mine and choice < 0.95:  # no reply: one that comes after the other desktop let it go takes it over, full or not
            self.ask(self.random.choice(("SELECT * FROM desk.resolve(%s, %s)", "SELECT * FROM desk.note(%s, %s, 'hola')",
                                         "SELECT * FROM desk.assign(%s, %s, NULL)")), self.random.choice(mine)[0], self.agent)
        else:
            self.ask("SELECT desk.heartbeat(%s)", self.agent)

    def run(self):
        try:
            while not self.stop.is_set():
                self.act()
        except Exception as mistake:  # noqa: BLE001
            self.mistake = mistake
        finally:
            self.db.close()


def crowd(seed):
    """fifty desktops and two lanes at once: no capacity is exceeded, nothing is given twice"""
    rng = random.Random(seed)
    with Lab("crowd", partitions=2) as lab:
        agents = [f"agent{i}" for i in range(25)]
        for agent in agents:  # two desktops each
            lab.sql("SELECT desk.put_agent(%s, %s, '{care}', p_capacity => %s)", agent, agent.title(), rng.randint(1, 6))
            lab.sql("SELECT desk.set_presence(%s, 'online')", agent)
        lab.sql("SELECT desk.put_team('care', p_weight => 2, p_accept_within => '2 s', p_offline_after => '1 s')")
        consumer = lab.start()
        for i in range(400):
            say(lab, f"5730{i:05}", "person ya")
        stop, taken, looks = threading.Event(), [], 0
        clients = [Client(lab, rng.random(), agents[i % 25], stop, taken) for i in range(50)]
        for client in clients:
            client.start()
        over = """SELECT a.id, a.capacity, relevo.load_of(a.id, a.capacity) FROM relevo.agent a
                  WHERE relevo.load_of(a.id, a.capacity) > a.capacity"""
        end = time.monotonic() + PATIENCE_S
        done = "SELECT count(*) FROM lab.command WHERE kind = 'assign'"
        while looks < 100 or lab.sql(done)[0][0] < 400:
            expect(time.monotonic() < end, f"only {lab.sql(done)[0][0]} were given")
            full = lab.sql(over)
            expect(not full, f"more than they can: {full}")
            mistakes = [c.mistake for c in clients if c.mistake]
            expect(not mistakes, f"{mistakes}")
            looks += 1
        stop.set()
        for client in clients:
            client.join(PATIENCE_S)
        expect(not lab.sql(over), "more than they can")
        # A conversation is given again only after somebody let it go.
        twice = lab.sql("""SELECT conversation_id, epoch FROM (
                               SELECT conversation_id, epoch, owner, kind, lag(owner) OVER w AS before
                               FROM lab.command WHERE kind <> 'note' WINDOW w AS (PARTITION BY conversation_id ORDER BY version)) c
                           WHERE kind = 'assign' AND before = 3""")
        expect(not twice, f"given twice: {twice}")
        expect(len(set(taken)) > 5, f"pulling gave {len(taken)}")
        # An offer that ends after the lanes have caught up would leave a command that nobody decides any more.
        lab.sql("SELECT desk.put_team('care', p_weight => 2)")
        lab.sql("SELECT desk.set_presence(agent_id, 'offline') FROM desk.agents")
        until(lab, "offers do not end", "SELECT NOT EXISTS (SELECT FROM relevo.conversation c WHERE relevo.is_offered(c))")
        lab.wait_caught_up()
        consumer.stop()
        print(f"  {lab.sql(done)[0][0]} assignments, {len(taken)} pulled, {looks} looks", flush=True)
        lab.check()


if __name__ == "__main__":
    sys.exit(run("assignment", rules, lane, crowd))
