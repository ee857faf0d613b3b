#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One customer erased in one call, one customer's data given out, everybody's dropped after some months."""
import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import psycopg2  # noqa: E402
import yaml  # noqa: E402
from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from lab.generate import partition_of  # noqa: E402
from lab.stack import BUILD, PATIENCE_S, Lab, bare_environment, expect, generator, run  # noqa: E402

NUMBER, CUSTOMER, SECRET = "105550001", "573009998877", "mi clave es colibri42"
KEY = f"{NUMBER}:{CUSTOMER}".encode()


def say(lab, text, n, kind="message", **more):
    event = {"kind": kind, "phone_number_id": NUMBER, "wa_id": CUSTOMER, "message_id": f"wamid.{CUSTOMER}.{n}", "sent_at": 1767225600000 + n,
             "type": "text", "text": text, "customer_name": "Marisol Colibri", **more}
    if kind == "status":
        event = {k: v for k, v in event.items() if k not in ("type", "text", "customer_name")}
    lab.feed([(partition_of(KEY, lab.partitions), KEY, event)])


def traces(lab, words):
    """Where any of the words still stands: {table: rows}. The bytes of states and records are looked through too."""
    found = {}
    tables = lab.sql("""SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'relevo'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition""")
    for (table,) in tables:
        for word in words:
            n = lab.sql(f"SELECT count(*) FROM relevo.{table} t WHERE position(%s IN t::text) > 0 OR position(%s IN t::text) > 0",
                        word, word.encode().hex())[0][0]
            if n:
                found[table, word] = n
    return found


def ownership(lab, key):
    """Values of this key on the ownership topic, in order; None is a tombstone."""
    consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": lab.mark + "-look", "isolation.level": "read_committed",
                         "enable.partition.eof": True})
    consumer.assign([TopicPartition(lab.prefix + "relevo.ownership.v1", p, 0) for p in range(lab.partitions)])
    values, ended = [], 0
    while ended < lab.partitions:
        message = consumer.poll(30)
        expect(message is not None, "the ownership topic does not end")
        if message.error():
            ended += 1
        elif message.key() == key.encode():
            values.append(message.value())
    consumer.close()
    return values


def erased(seed):
    """erasing takes every trace, and leaves everybody else, and what the customer writes afterwards"""
    with Lab("erased", partitions=2) as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}'), desk.put_agent('bea', 'Bea', '{care}')")
        consumer = lab.start()
        lab.feed(generator(seed, 600, 60, lab.partitions))
        for n, text in enumerate((SECRET, "slot a=colibri42", "person colibri42", "say colibri42")):
            say(lab, text, n)
        say(lab, "", 9, kind="status", status="read", callback_data="colibri42/0")
        lab.wait_caught_up()
        ((victim,),) = lab.sql("SELECT id::text FROM relevo.conversation WHERE wa_id = %s", CUSTOMER)
        lab.sql("SELECT desk.take_over(%s, 'ana')", victim)
        lab.sql("SELECT desk.note(%s, 'ana', '@bea ojo: colibri42')", victim)
        lab.wait_caught_up()
        expect(lab.sql("SELECT agent_id FROM desk.mentions") == [("bea",)], "bea is not asked")
        old = lab.sql("SELECT lane, seq, epoch FROM relevo.history WHERE conversation_id = %s AND said IS NOT NULL ORDER BY seq LIMIT 1", victim)[0]
        words = [CUSTOMER, "colibri42", "Colibri"]
        others = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY lane, seq)) FROM relevo.history t WHERE conversation_id <> %s"
        before, whole = lab.sql(others, victim), traces(lab, words)
        expect(len(whole) >= 6, f"the words are not where they should be: {whole}")
        given = json.loads(lab.tool("export", "--customer", CUSTOMER))
        (one,) = given["conversations"]
        expect(one["conversation_id"] == victim and one["customer_name"] == "Marisol Colibri" and one["owner"] == "human"
               and any(h["text"] == SECRET for h in one["history"]) and any(h["text"] == "@bea ojo: colibri42" for h in one["history"])
               and any(d["kind"] == "slot_filled" and d["slot"]["value"] == "colibri42" for d in one["decisions"]),
               f"the export lacks something: {json.dumps(given)[:3000]}")
        expect(json.loads(lab.tool("export", "--customer", "nobody"))["conversations"] == [], "nobody has data")
        expect(lab.sql("SELECT conversation_id::text, who = session_user FROM desk.audit WHERE action = 'export'") == [(victim, True)],
               "who exports is not in the audit")

        said = lab.tool("erase", "--customer", CUSTOMER, "--by", "carta del 3 de marzo")
        expect("1 conversations" in said, said)
        left = traces(lab, words)
        expect(not left, f"there are traces left: {left}")
        expect(lab.sql(others, victim) == before, "somebody else's history was touched")
        expect(lab.sql("SELECT by, done FROM relevo.erased") == [("carta del 3 de marzo", True)], "it is not written who asked")
        values = ownership(lab, victim)
        expect(len(values) > 2 and values[-1] is None, f"the ownership topic has no tombstone at its end: {values}")
        expect("no such customer" in lab.tool("erase", "--customer", CUSTOMER, "--by", "x"), "it can be erased twice")
        lab.tool("replay", "--all")

        say(lab, "hola de nuevo", 20)
        lab.wait_caught_up()
        ((epoch, version),) = lab.sql("SELECT epoch, version FROM relevo.conversation WHERE id = %s", victim)
        expect((epoch, version) == (1, 1), "what the customer writes afterwards is not a new conversation")
        expect(lab.sql("SELECT * FROM desk.mentions") == [], "who was asked in the former life is asked in the new one")
        claim = "SELECT verdict FROM relevo.claim(gen_random_uuid(), 0::smallint, %s, %s, %s, 1, 2::smallint, NULL, true, gen_random_uuid(), 1000)"
        expect(lab.sql(claim, victim, old[0], old[1]) == [("gone",)], "a message of the former life may be sent")
        new = lab.sql("SELECT lane, seq FROM relevo.history WHERE text = 'hola de nuevo'")[0]
        expect(lab.sql(claim, victim, *new) == [("claimed",)], "a message of the new life may not be sent")
        (one,) = json.loads(lab.tool("export", "--customer", CUSTOMER, "--json"))["conversations"]
        expect([h["text"] for h in one["history"] if h["text"]] == ["hola de nuevo", "ok"], f"it remembers: {one['history']}")
        consumer.stop()
        gaps = lab.sql("SELECT l.lane FROM relevo.lane l JOIN relevo.history h USING (lane) GROUP BY l.lane, l.seq HAVING count(*) <> l.seq")
        expect(not gaps, f"the sequence of lanes {gaps} has gaps")


def unpublished(seed):
    """what is not published is kept until it is; and only a role that was given the right may erase"""
    with Lab("pending", partitions=1) as lab:
        consumer = lab.start(ready=True, RELEVO_POINT="committed:kill:2")
        say(lab, "hola", 0)
        until = time.monotonic() + PATIENCE_S
        while consumer.alive():
            expect(time.monotonic() < until, "the consumer was not killed at its point")
            say(lab, "colibri42", int(time.monotonic() * 1000))
            time.sleep(0.1)
        waiting = lab.sql("SELECT count(*) FROM relevo.history h JOIN relevo.lane l USING (lane) WHERE h.seq > l.published")[0][0]
        expect(waiting > 0, "everything was published: nothing is shown")
        as_role = psycopg2.connect(lab.postgres)
        as_role.autocommit = True
        cursor = as_role.cursor()
        cursor.execute("SET ROLE relevo_desk")
        try:
            cursor.execute("SELECT desk.erase_customer(%s, 'x')", (CUSTOMER,))
            expect(False, "every desktop may erase")
        except psycopg2.errors.InsufficientPrivilege:
            pass
        cursor.execute("RESET ROLE; SET ROLE relevo_privacy; SELECT events, waiting FROM desk.erase_customer(%s, 'ana')", (CUSTOMER,))
        events, left = cursor.fetchone()
        as_role.close()
        expect(left == waiting and lab.sql("SELECT count(*) FROM relevo.history WHERE decided <> '\\x01'")[0][0] == waiting,
               f"{waiting} events were not published, it says {left} wait")
        again = lab.start("again")
        lab.wait_caught_up()
        lab.tool("erase", "--pending")
        rest = lab.sql("SELECT count(*) FROM relevo.history h JOIN relevo.erased e USING (conversation_id) WHERE h.seq <= e.seq AND h.decided <> '\\x01'")[0][0]
        expect(rest == 0 and lab.sql("SELECT done FROM relevo.erased") == [(True,)], f"{rest} events still have their words")
        again.stop()
        decisions = {d["seq"] for d in decoded(lab)}
        expect(set(range(1, lab.sql("SELECT seq FROM relevo.erased")[0][0] + 1)) <= decisions, "the topics lack what waited")


def decoded(lab):
    consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": lab.mark + "-look", "isolation.level": "read_committed",
                         "enable.partition.eof": True})
    consumer.assign([TopicPartition(lab.prefix + "relevo.decisions.v1", p, 0) for p in range(lab.partitions)])
    ended = 0
    while ended < lab.partitions:
        message = consumer.poll(30)
        expect(message is not None, "the decisions do not end")
        if message.error():
            ended += 1
        else:
            yield lab.schemas.decode(message.value())
    consumer.close()


def expired(seed):
    """months, conversations and sends go when the policy says so; not what is new, with people, or not published"""
    with Lab("expired", partitions=1, logs=False) as lab:
        consumer = lab.start()
        say(lab, "hola", 0)
        lab.wait_caught_up()
        consumer.stop()
        ((seq,),) = lab.sql("SELECT seq FROM relevo.lane")
        row = """INSERT INTO relevo.history (seq, at, source_offset, epoch, config, lane, kind, source, by, owner, conversation_id, decided, text)
                 VALUES (%s, %s, 0, 1, 0, 0, 0, 0, 1, 1, md5('x')::uuid, '\\x0100', 'hace mucho')"""
        for month in ("2025-01-15", "2025-02-15", "2025-03-15"):
            lab.sql("SELECT relevo.ensure_months((extract(epoch FROM %s::timestamptz) * 1000)::bigint)", month)
        lab.sql(row, -1, "2025-01-15")
        lab.sql(row, seq + 100, "2025-02-15")  # not published
        old = """INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, phone_number_id, customer_id, opened_ms, last_in_ms, state)
                 VALUES (md5(%s)::uuid, 0, 1, %s, 1, 1736900000000, '1', %s, 1736900000000, %s, '')"""
        lab.sql(old, "rests", 1, "rests", 1736900000000)
        lab.sql(old, "closed", 4, "closed", 1736900000000)
        lab.sql(old, "queued", 2, "queued", 1736900000000)
        lab.sql(old, "fresh", 1, "fresh", int(time.time() * 1000))
        send = """INSERT INTO relevo.send (id, part, conversation_id, lane, seq, epoch, author, state, attempt, worker, lease_until, settled_at, reported)
                  VALUES (gen_random_uuid(), 0, md5('x')::uuid, 0, 1, 1, 2, %s, 1, gen_random_uuid(), now(), %s, %s)"""
        for state, at, reported in ((3, "2025-01-15", False), (5, "2025-01-15", True), (4, "2025-01-15", False), (3, "now", False)):
            lab.sql(send, state, at, reported)
        lab.sql("INSERT INTO relevo.changed (at, login, what, name) VALUES ('2025-01-15', 'x', 'agent', 'old'), (now(), 'x', 'agent', 'new')")
        expect("everything is kept" in lab.tool("expire"), "without a policy it takes something")
        expect(lab.sql("SELECT count(*) FROM relevo.conversation")[0][0] == 5, "without a policy it took something")

        lab.config.write_text(yaml.safe_dump({**yaml.safe_load(lab.config.read_text()), "retention": {"months": 2}}))
        said = lab.tool("expire")
        expect("history_202501" in said and "conversations: 2, sends: 2" in said, said)
        tables = {r[0].split(".")[-1] for r in lab.sql("SELECT relid::text FROM pg_partition_tree('relevo.history') WHERE level = 1")}
        expect({f"history_2025{m:02}" for m in range(1, 5)} & tables == {"history_202502"},
               f"months: {tables}")
        kept = {r[0] for r in lab.sql("SELECT customer_id FROM relevo.conversation")}
        expect(kept == {"queued", "fresh", CUSTOMER}, f"conversations: {kept}")
        expect(lab.sql("SELECT name FROM relevo.changed") == [("new",)], "changes of agents stay for ever, or go at once")
        expect(lab.sql("SELECT count(*) FROM relevo.send")[0][0] == 2, "sends that are open, or new, went")
        expect("conversations: 0, sends: 0" in lab.tool("expire"), "it is never done")
        for words, mistake in ((["erase", "--customer", "x"], "--by"), (["erase"], "--pending"), (["export"], "whose")):
            done = subprocess.run([BUILD / "relevo", *words, "--config", lab.config], capture_output=True, text=True, env=bare_environment())
            expect(done.returncode == 64 and mistake in done.stderr, f"{words}: {done.returncode} {done.stderr}")
        lab.start("again").stop()


if __name__ == "__main__":
    sys.exit(run("privacy", erased, unpublished, expired))
