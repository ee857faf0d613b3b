#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A customer by the phone number in one lane, by the business-scoped id in another, and then by both: one conversation."""
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from checker.model import conversation_id  # noqa: E402
from lab.identity import NUMBER, Desktops, event, send, settled  # noqa: E402
from lab.stack import Lab, expect, run  # noqa: E402
from test_inputs import wait_for  # noqa: E402

def story(seed):
    """the number, the id, both; a person on one side; then each again, a new id, a new number, and the number's next owner"""
    with Lab("story", partitions=2) as lab:
        a, b = lab.start("a", ready=False), lab.start("b")
        a.wait_ready()
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        by_number, by_id = conversation_id(NUMBER, "521"), conversation_id(NUMBER, "MX.1")
        send(lab, 0, event(1, "slot a=1", wa_id="521"))
        send(lab, 1, event(2, "slot b=2", user_id="MX.1"))
        wait_for("the two are not decided", lambda: lab.decided() == 2)
        lab.sql("SELECT desk.take_over(%s, 'ana')", by_number)
        send(lab, 0, {"kind": "status", "phone_number_id": NUMBER, "wa_id": "521", "message_id": "wamid.out.1", "status": "read"})
        lab.wait_caught_up()
        expect(lab.sql("SELECT conversation_id::text, status FROM desk.statuses") == [(by_number, "read")], "the status is not shown")
        send(lab, 1, event(3, "slot c=3", user_id="MX.1", wa_id="521"))
        lab.wait_caught_up()
        rows = lab.sql("SELECT conversation_id::text, owner, agent_id, epoch FROM desk.conversations")
        expect(rows == [(by_id, "human", "ana", 3)], f"joined, it is {rows}")
        expect(lab.sql("SELECT conversation_id::text, status FROM desk.statuses") == [(by_id, "read")], "the status did not follow its message")
        done = lab.sql("SELECT (desk.take_over(%s, 'ana')).*", by_number)[0]
        expect(done[:4] == (True, "human", "ana", 3), f"by its former id a desktop finds {done}")
        done = lab.sql("SELECT (desk.reply(%s, 'ana', 'buenas')).done", by_number)
        expect(done == [(True,)], "by its former id a desktop cannot answer")
        send(lab, 0, event(4, wa_id="521"), event(1, wa_id="521"))  # forwarded; the second one known already
        lab.wait_caught_up()
        wait_for("what was forwarded is not decided", lambda: lab.sql(
            "SELECT count(*) FROM relevo.history WHERE topic LIKE '%%results%%'")[0][0] == 2)
        told = lab.sql("SELECT conversation_id::text, what, text FROM desk.history WHERE by IN ('customer', 'agent') "
                       "ORDER BY at, lane, seq, part")
        expect([t for _, what, t in told if what == "message"] ==
               ["slot a=1", "slot b=2", "slot c=3", "buenas", "say hola"], f"the history is {told}")
        expect({c for c, _, _ in told} == {by_id}, f"the history is of {told}")
        # Another id, then another number: the conversation goes on under them, and by all the former ones.
        send(lab, 0, {"kind": "unknown", "phone_number_id": NUMBER, "user_id": "MX.2", "wa_id": "521", "previous_user_id": "MX.1",
                      "type": "user_id_update", "raw": "{}"})
        lab.wait_caught_up()
        send(lab, 1, event(5, wa_id="522"))  # ahead of the notice that the number is theirs now: a conversation of its own until then
        lab.wait_caught_up()
        send(lab, 0, {"kind": "unknown", "phone_number_id": NUMBER, "user_id": "MX.2", "wa_id": "522", "previous_wa_id": "521",
                      "type": "user_changed_number", "raw": "{}"})
        send(lab, 1, event(6, user_id="MX.1"))
        send(lab, 0, event(7, wa_id="521"))
        lab.wait_caught_up()
        wait_for("not all of it arrives", lambda: lab.sql(
            "SELECT count(*) FROM desk.history WHERE by = 'customer' AND conversation_id = %s",
            conversation_id(NUMBER, "MX.2"))[0][0] == 7)
        expect(lab.sql("SELECT count(*) FROM desk.conversations") == [(1,)], "it is not one conversation")
        expect(lab.sql("SELECT identity FROM desk.identities ORDER BY 1") == [("521",), ("522",), ("MX.1",)],
               f"its identities are {lab.sql('SELECT * FROM desk.identities')}")
        # WhatsApp gives the number to somebody else: theirs is another conversation.
        send(lab, 0, event(8, user_id="MX.9", wa_id="522"))
        lab.wait_caught_up()
        send(lab, 1, event(9, wa_id="522"))
        lab.wait_caught_up()
        wait_for("the number's new owner is not known by it", lambda: lab.sql(
            "SELECT count(*) FROM desk.history WHERE by = 'customer' AND conversation_id = %s",
            conversation_id(NUMBER, "MX.9"))[0][0] == 2)
        # What was said under the number before stays with who had it.
        expect(lab.sql("SELECT count(*) FROM desk.history WHERE by = 'customer' AND conversation_id = %s",
                       conversation_id(NUMBER, "MX.2")) == [(7,)], "the number's new owner is shown what the earlier one wrote")
        wait_for("commands or forwarded events wait", lambda: settled(lab))
        for process in lab.processes:
            process.stop()
        lab.check(model=False)


def erased(seed):
    """who is erased by one identity is erased by all; an identity does not expire before its conversation"""
    with Lab("erased", partitions=2, logs=False) as lab:
        process = lab.start()
        send(lab, 0, event(1, "say secreto", wa_id="521"))
        send(lab, 1, event(2, user_id="MX.1"))
        wait_for("the two are not decided", lambda: lab.decided() == 2)
        send(lab, 1, event(3, user_id="MX.1", wa_id="521"))
        lab.wait_caught_up()
        wait_for("something waits", lambda: settled(lab))
        process.stop()
        lab.sql("UPDATE relevo.conversation SET last_in_ms = 1, owner_since = 1 WHERE forward IS NOT NULL")
        expect(lab.sql("SELECT relevo.expire_conversations(now() - interval '1 day', 9)") == [(0,)], "the number expired, its conversation did not")
        given = lab.sql("SELECT desk.export_customer('521')")[0][0]["conversations"]
        expect(len(given) == 1 and given[0]["identities"] == ["521"] and "say secreto" in [h["text"] for h in given[0]["history"]],
               f"what is given out is {given}")
        expect(len(lab.sql("SELECT desk.erase_customer('MX.1', 'test')")) == 2, "not both were erased")
        expect(lab.sql("SELECT count(*) FROM relevo.conversation") == [(0,)], "a row is left")
        lab.sql("SELECT relevo.erase_rest(lane, seq) FROM relevo.lane")  # all of it is published: the process left in order
        expect(lab.sql("SELECT count(*) FROM relevo.history WHERE text IS NOT NULL AND kind = 0") == [(0,)], "words are left")


def queue(seed):
    """what the queue knows of two conversations goes on in the one: the longer wait, the greater weight and urgency, and no agent has more"""
    ago = lambda minutes: int(time.time() * 1000) - minutes * 60_000
    with Lab("queue", partitions=2, logs=False) as lab:
        process = lab.start()
        for agent in ("ana", "leo"):
            lab.sql("SELECT desk.put_agent(%s, %s)", agent, agent.title())

        def begin(i, loser, survivor):
            """Two conversations of customer i; what is written to each brings them to the owner that is wanted."""
            lines = {"bot": "say hola", "queued": "person ya"}
            send(lab, 0, event(f"{i}.n", lines.get(loser, "say hola"), wa_id=f"52{i}"))
            send(lab, 1, event(f"{i}.u", lines.get(survivor, "say hola"), user_id=f"MX.{i}"))
            lab.wait_caught_up()
            both = conversation_id(NUMBER, f"52{i}"), conversation_id(NUMBER, f"MX.{i}")
            for one, owner in zip(both, (loser, survivor)):
                if owner not in lines:
                    expect(lab.sql("SELECT (desk.take_over(%s, %s)).done", one, owner) == [(True,)], f"{owner} cannot take it")
            lab.wait_caught_up()
            return both

        def put(one, **columns):
            """What the assignment, or a desktop, left in the row."""
            lab.sql(f"UPDATE relevo.conversation SET version = version + 1, {', '.join(f'{c} = %s' for c in columns)} WHERE id = %s",
                    *columns.values(), one)

        def waits(one, since):
            lab.sql("UPDATE relevo.conversation SET version = version + 1, waiting_ms = %s, waiting_epoch = epoch WHERE id = %s", since, one)

        def join(i):
            send(lab, 1, event(f"{i}.b", "say ambos", wa_id=f"52{i}", user_id=f"MX.{i}"))
            lab.wait_caught_up()
            wait_for("something waits", lambda: settled(lab))

        def row(one):
            return lab.sql("""SELECT owner, agent_id, weight, priority, waiting_ms, (extract(epoch FROM relevo.waiting_since(c)) * 1000)::bigint,
                              last_agent, CASE WHEN follow_up_at IS NOT NULL THEN coalesce(follow_up_text, 'without words') END FROM relevo.conversation c WHERE id = %s""", one)[0]

        load = lambda: dict(lab.sql("SELECT agent_id, load FROM desk.agents"))

        # Both wait: the loser for longer, though it came to the queue (again) later than the other.
        number, kept = begin(1, "queued", "queued")
        waits(number, ago(50))
        waits(kept, ago(20))
        put(number, weight=2, priority=3, last_agent="leo", last_agent_ms=ago(9), told_ms=ago(2))
        put(kept, weight=4, priority=8, owner_since=ago(20))
        join(1)
        owner, _, weight, priority, waiting, since, last, _ = row(kept)
        expect((owner, weight, priority, last) == (2, 4, 8, "leo") and waiting == since and abs(since - ago(50)) < 60_000,
               f"joined in the queue, it is {row(kept)}")
        expect(lab.sql("SELECT waited > interval '49 min' FROM desk.queue WHERE conversation_id = %s", kept) == [(True,)], "the queue shows another wait")
        expect(lab.sql("SELECT count(*) FROM desk.queue") == [(1,)], "the loser waits too")

        # The other way round: the survivor's own wait, over several agents, is the longer one.
        number, kept = begin(2, "queued", "queued")
        waits(kept, ago(70))
        put(number, owner_since=ago(30), weight=3)
        join(2)
        expect(abs(row(kept)[5] - ago(70)) < 60_000 and row(kept)[2] == 3, f"the survivor's wait is lost: {row(kept)}")

        # A person has the loser: their places go along, and nothing else is theirs.
        number, kept = begin(3, "ana", "bot")
        lab.sql("SELECT desk.weigh(%s, 'ana', 3)", number)
        lab.sql("SELECT desk.reply(%s, 'ana', 'buenas')", number)
        lab.wait_caught_up()
        before = load()
        join(3)
        expect(row(kept)[:3] == (3, "ana", 3) and row(kept)[4] is None, f"ana's, joined, is {row(kept)}")
        expect(load() == before == {"ana": 3, "leo": 0}, f"the load was {before}, and is {load()}")
        expect(lab.sql("SELECT answered_ms IS NOT NULL FROM relevo.conversation WHERE id = %s", kept) == [(True,)], "that ana has answered is forgotten")

        # A person has the survivor, the loser waits: so does the customer, until the person answers.
        number, kept = begin(4, "queued", "leo")
        waits(number, ago(25))
        put(number, weight=5)
        join(4)
        expect(row(kept)[:3] == (3, "leo", 5) and abs(row(kept)[4] - ago(25)) < 60_000, f"leo's, joined, is {row(kept)}")
        expect(load() == {"ana": 3, "leo": 5}, f"the load is {load()}")

        # Both are one agent's, and then another agent's is joined: places are freed.
        number, kept = begin(5, "leo", "leo")
        expect(load()["leo"] == 7, f"the load is {load()}")
        join(5)
        expect(load()["leo"] == 6, f"the load is {load()}")
        number, kept = begin(6, "ana", "leo")
        join(6)
        expect(load() == {"ana": 3, "leo": 7}, f"of two people the later has it: {load()}")

        # Offered to somebody: it is not any more.
        number, kept = begin(7, "queued", "queued")
        lab.sql("UPDATE relevo.conversation SET version = version + 1, offered_to = 'ana', offer_epoch = epoch, "
                "offer_until = now() + interval '1 hour', weight = 2 WHERE id = %s", number)
        expect(load()["ana"] == 5, f"an offer takes places: {load()}")
        join(7)
        expect(load()["ana"] == 3, f"an offer of the loser takes places for ever: {load()}")

        # What the bot is to say later is said by the one that goes on, once, and not when a person has it.
        number, kept = begin(8, "bot", "bot")
        put(number, follow_up_at="2099-01-01", follow_up_text="¿Llegó bien?")
        join(8)
        expect(row(kept)[7] == "¿Llegó bien?" and row(number)[7] is None, f"the follow-up is {row(number)[7]}, {row(kept)[7]}")
        number, kept = begin(9, "bot", "ana")
        put(number, follow_up_at="2099-01-01", follow_up_text="¿Llegó bien?")
        join(9)
        expect(row(kept)[7] is None and row(number)[7] is None, "a follow-up outlives that a person has it")
        process.stop()
        lab.check(model=False)


CUSTOMERS, EVENTS, KILLS = 60, 1500, 8


def crowd(seed):
    """60 customers who become known by both at some moment, two consumers that are killed, desktops that race with it"""
    rng = random.Random(seed)
    with Lab("crowd", partitions=4, batch_max=20) as lab:
        for name in ("ana", "leo"):
            lab.sql("SELECT desk.put_agent(%s, %s)", name, name.title())
        processes = [lab.start(name, ready=False, RELEVO_CONSUME_INSTANCE=name) for name in ("a", "b")]
        for process in processes:
            process.wait_ready()
        desktops = Desktops(lab, seed, CUSTOMERS)
        desktops.start()
        sent, said = {}, {}
        for n in range(EVENTS):
            i = rng.randrange(CUSTOMERS)
            wa, user = f"52{i:04d}", f"MX.{i}"
            form = rng.random()
            both = n > EVENTS // 4 and form < 0.15
            who = {"wa_id": wa, "user_id": user} if both else {"wa_id": wa} if form < 0.6 else {"user_id": user}
            if sent.get(i) and rng.random() < 0.05:
                e = {k: v for k, v in rng.choice(sent[i][-3:]).items() if k not in ("wa_id", "user_id")} | who  # again, perhaps by the other
            else:
                e = event(f"{i}.{n}", rng.choice(("say hola", "slot a=1", "slot b=2", "miss", "person", "qué tal")), **who)
                said[i] = said.get(i, 0) + 1
            sent.setdefault(i, []).append(e)
            lab.produce((i if "user_id" in who else i + 1) % 4, b"k", lab.schemas["WhatsAppEvent"].encode(e))
            lab.producer.poll(0)
            if n % 10 == 0:
                time.sleep(0.05)
            if n % (EVENTS // KILLS) == EVENTS // KILLS - 1:
                victim, before = rng.choice(processes), lab.decided()
                wait_for("nothing goes on between two kills", lambda: lab.decided() > before + 50 or lab.decided() >= n)
                victim.kill()
                victim.start()
        for i in range(CUSTOMERS):
            send(lab, i % 4, event(f"{i}.last", wa_id=f"52{i:04d}", user_id=f"MX.{i}"))
            said[i] = said.get(i, 0) + 1
        lab.wait_caught_up()
        desktops.quit.set()
        desktops.join(30)
        expect(desktops.mistake is None, f"a desktop failed: {desktops.mistake}")
        expect(desktops.done > 30, f"desktops did only {desktops.done} things")
        wait_for("forwarded events or commands wait", lambda: settled(lab))
        rows = dict(lab.sql("SELECT conversation_id::text, count(*) FROM desk.history WHERE by = 'customer' GROUP BY 1"))
        for i in range(CUSTOMERS):
            have = rows.pop(conversation_id(NUMBER, f"MX.{i}"), 0)
            expect(have >= said[i], f"customer {i} wrote {said[i]} messages, their conversation shows {have}")
        expect(not rows, f"{len(rows)} conversations are left over")
        joins = lab.sql("SELECT count(*) FROM relevo.history WHERE type = 'moved'")[0][0]
        forwarded = lab.sql("SELECT count(*) FROM relevo.history WHERE type = 'forwarded'")[0][0]
        print(f"crowd: {joins} joined, {forwarded} forwarded, {desktops.done} things done by desktops", flush=True)
        expect(joins > CUSTOMERS // 3 and forwarded > 20, f"only {joins} joined and {forwarded} forwarded: nothing was shown")
        for process in processes:
            process.stop()
        lab.check()


if __name__ == "__main__":
    sys.exit(run("identity", story, erased, queue, crowd))
