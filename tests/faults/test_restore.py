#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""One side restored, lost or exchanged: the lane refuses in one line that says what to do, others work, and
`relevo repair` mends what can be mended. Each test has topics and a database of its own.

    test_restore.py [SEED [TEST...]]
"""
import ctypes
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import psycopg2  # noqa: E402
from confluent_kafka import Consumer, KafkaException, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # noqa: E402
from checker.model import conversation_id  # noqa: E402
from lab.identity import NUMBER, event, send, settled  # noqa: E402
from lab.stack import BIN, Lab, bare_environment, expect, generator, run  # noqa: E402

PATIENCE = 120
HISTORY = """SELECT lane, seq, at, conversation_id::text, kind, source, topic, source_offset, by, agent_id, message_id, type,
             text, said::text, owner, epoch, intent, trigger, config, decided FROM relevo.history ORDER BY lane, seq"""


# ---- what happens to servers

def wait(condition, words, seconds=PATIENCE):
    until = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < until, f"after {seconds} s still not: {words() if callable(words) else words}")
        time.sleep(0.1)


def backup(lab, name="backup.dump"):
    path = lab.folder / name
    subprocess.run(["pg_dump", "--format=custom", f"--file={path}", lab.postgres], check=True, capture_output=True)
    return path


def restore(lab, path):
    """The database is what it was at the moment of the backup."""
    lab.connection.close()
    lab.sql_server(f'DROP DATABASE "{lab.database}" WITH (FORCE)')
    lab.sql_server(f'CREATE DATABASE "{lab.database}"')
    subprocess.run(["pg_restore", f"--dbname={lab.postgres}", str(path)], check=True, capture_output=True)
    lab.connection = psycopg2.connect(lab.postgres)
    lab.connection.autocommit = True


def make_anew(lab, name, partitions, **settings):
    """The topic is deleted and made again, empty."""
    admin = AdminClient({"bootstrap.servers": lab.kafka})
    for future in admin.delete_topics([name], operation_timeout=30).values():
        future.result(60)
    wait(lambda: name not in admin.list_topics(timeout=10).topics, f"{name} is gone")

    def made():
        try:
            admin.create_topics([NewTopic(name, partitions, 1, config=settings)])[name].result(60)
        except KafkaException as refused:  # its deletion goes on in the background
            expect("exists" in str(refused) or "delet" in str(refused).lower(), f"{name} is not made: {refused}")
            return False
        return True
    wait(made, f"{name} is made again")
    wait(lambda: name in admin.list_topics(timeout=10).topics, f"{name} is there again")


def delete_records(lab, topic, partition, before):
    """What retention does, at once. The Python client has no such call."""
    lib = ctypes.CDLL("librdkafka.so.1")
    pointer, text = ctypes.c_void_p, ctypes.create_string_buffer(512)
    for name in ("conf_new", "new", "topic_partition_list_new", "topic_partition_list_add", "queue_new",
                 "queue_poll", "DeleteRecords_new"):
        getattr(lib, "rd_kafka_" + name).restype = pointer
    conf = pointer(lib.rd_kafka_conf_new())
    lib.rd_kafka_conf_set(conf, b"bootstrap.servers", lab.kafka.encode(), text, 512)
    client = pointer(lib.rd_kafka_new(0, conf, text, 512))
    listed = pointer(lib.rd_kafka_topic_partition_list_new(1))
    lib.rd_kafka_topic_partition_list_add(listed, topic.encode(), partition)
    lib.rd_kafka_topic_partition_list_set_offset(listed, topic.encode(), partition, ctypes.c_int64(before))
    order = (pointer * 1)(lib.rd_kafka_DeleteRecords_new(listed))
    queue = pointer(lib.rd_kafka_queue_new(client))
    lib.rd_kafka_DeleteRecords(client, order, ctypes.c_size_t(1), None, queue)
    event = lib.rd_kafka_queue_poll(queue, 60000)
    expect(event and lib.rd_kafka_event_error(pointer(event)) == 0, "the records could not be deleted")


# ---- what is looked at

def tool(lab, *words, status=0):
    done = subprocess.run([BIN, *words, "--config", lab.config], capture_output=True, timeout=300, env=bare_environment())
    said = done.stdout.decode() + done.stderr.decode()
    expect(done.returncode == status, f"relevo {' '.join(words)} ended with {done.returncode}, not {status}:\n{said}")
    print(f"relevo {' '.join(words)}:\n    " + "\n    ".join(said.splitlines()), flush=True)
    return said


def wait_log(process, words):
    wait(lambda: words in process.log.read_text(errors="replace"), lambda: f"in the log: {words}\n{process.tail()}")


def refusals(process, lane):
    return [line for line in process.log.read_text(errors="replace").splitlines()
            if f" lane {lane}: " in line and "error" in line.lower()]


def decided(lab, lane):
    """Events of the lane's partition; not what other lanes forwarded to it: another seed knows some customers by another identity."""
    return lab.sql("SELECT count(*) FROM relevo.history WHERE lane = %s AND topic = %s", lane, lab.topic)[0][0]


def feed_lane(lab, seed, lane, n):
    """n events of one lane only."""
    events = (e for e in generator(seed, 10**7, 200, lab.partitions) if e[0] == lane)
    lab.feed(e for _, e in zip(range(n), events))


def refuses(lab, words, lane=0, other=1, seed=0):
    """A lane refuses in one line with these words; the process lives, the other lane works. Returns the process."""
    consumer = lab.start(ready=False)
    wait_log(consumer, words)
    before = decided(lab, other)
    feed_lane(lab, seed + 1, other, 50)
    wait(lambda: decided(lab, other) >= before + 50, lambda: f"lane {other} works on:\n{consumer.tail()}")
    expect(consumer.alive(), f"the refusal ended the process:\n{consumer.tail()}")
    lines = refusals(consumer, lane)
    expect(lines and all(words in line for line in lines), f"lane {lane} said something else:\n" + "\n".join(lines))
    expect(not refusals(consumer, other), f"lane {other} refused too:\n{consumer.tail()}")
    return consumer


def quiet(lab):
    """The consumers are out of the group: those that were stopped have left."""
    for process in lab.processes:
        if process.alive():
            process.stop(60)


def history(lab):
    return {(row[0], row[1]): row for row in lab.sql(HISTORY)}


def forwards(lab):
    """Where each identity leads, and where what was said under it is shown."""
    return {row[0]: row[1:] for row in
            lab.sql("SELECT id::text, forward::text, told_in::text, owner FROM relevo.conversation WHERE forward IS NOT NULL")}


def conversations(lab):
    return {row[0]: row[1:] for row in
            lab.sql("SELECT id::text, owner, epoch, agent_id, lane FROM relevo.conversation WHERE forward IS NULL")}


# ---- Postgres is older than Kafka

def count_forwarded(lab):
    return lab.sql("SELECT count(*) FROM relevo.history WHERE type = 'forwarded'")[0][0]


def check_rebuilt(lab, forwarded):
    """All is right, but that so many rebuilt rows lack their copy of what they forwarded: it is in the other lane's topic."""
    findings = lab.findings(model=False)
    expect(not findings or findings.counts == {"forwarded": 2 * forwarded}, "the checker has findings:\n" + findings.report())


def desk(lab, rng, n):
    """Agents act on n conversations."""
    for i in range(n):
        row = lab.sql("SELECT id::text FROM relevo.conversation ORDER BY id OFFSET %s LIMIT 1", rng.randrange(50))
        agent = f"agent{rng.randrange(3)}"
        if row:
            call = rng.choice(("take_over(%s, %s)", "note(%s, %s, 'Buenas, le ayudo.')", "reply(%s, %s, 'Buenas, le ayudo.')",
                               "reply(%s, %s, 'Su pedido 7 está listo.', p_template => 'pedido_listo', p_language => 'es', p_parameters => '{7}')",
                               "reply(%s, %s, '', p_media_kind => 'document', p_media_id => '4711', p_media_name => 'factura.pdf')"))
            lab.sql(f"SELECT desk.{call}", row[0][0], agent)


def restored(seed):
    """Postgres is restored to an earlier moment: repaired from Kafka, and nothing is decided twice"""
    rng = random.Random(seed)
    with Lab("restored", partitions=3, logs=False) as lab:
        consumer = lab.start()
        for i in range(3):
            lab.sql("SELECT desk.put_agent(%s, %s)", f"agent{i}", f"Agente {i}")
        events = iter(generator(seed, 10**7, 300, lab.partitions))
        lab.feed(e for _, e in zip(range(1500), events))
        desk(lab, rng, 20)
        wait(lambda: lab.decided() > 500, "a part is decided")
        dump = backup(lab)  # in the middle of the work
        for _ in range(3):
            lab.feed(e for _, e in zip(range(600), events))
            for lane in range(lab.partitions):
                lab.produce(lane, b"x", b"no event at all")
            desk(lab, rng, 20)
            lab.flush()
        lab.wait_caught_up(PATIENCE)
        consumer.stop(60)
        was, owners, led = history(lab), conversations(lab), forwards(lab)
        forwarded = count_forwarded(lab)
        restore(lab, dump)
        forwarded -= count_forwarded(lab)
        expect(len(forwards(lab)) < len(led), "no identity was lost: nothing is shown of them")
        old = dict(lab.sql("SELECT lane, seq FROM relevo.lane"))
        expect(sum(old.values()) + 1000 < len(was), f"the backup is not old enough: {old}")
        # Desktops go on, under ids that were used already.
        taken = {row[0] for row in lab.sql("""SELECT id::text, desk.take_over(id, 'agent0') FROM (
            SELECT id FROM relevo.conversation WHERE owner = 1 ORDER BY id LIMIT 3) AS c""")}

        consumer = lab.start(ready=False)
        for lane in range(lab.partitions):
            wait(lambda: refusals(consumer, lane), lambda: f"lane {lane} refuses:\n{consumer.tail()}")
            expect("run relevo repair" in refusals(consumer, lane)[0], refusals(consumer, lane)[0])
        expect(consumer.alive(), "the refusal ended the process")
        expect("stop them" in tool(lab, "repair", status=75), "repair does not say that consumers run")
        consumer.stop(60)

        before = lab.sql("SELECT * FROM relevo.lane ORDER BY lane")
        expect("would be rebuilt" in tool(lab, "repair", "--dry-run"), "the dry run says nothing")
        expect(lab.sql("SELECT * FROM relevo.lane ORDER BY lane") == before, "the dry run changed something")
        cut = 0
        for _ in range(4):  # in the middle of a lane: it goes on where it stopped
            attempt = subprocess.Popen([BIN, "repair", "--config", lab.config], env=bare_environment(),
                                       stdout=subprocess.DEVNULL)
            begun = "SELECT lane, seq FROM relevo.lane WHERE repair_from IS NOT NULL AND seq > %s + repair_from"
            progress = rng.choice((-1, 0))  # when it has begun, or when it has written some
            while attempt.poll() is None and not lab.sql(begun, progress):
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.05))
            attempt.kill()
            attempt.wait()
            where = lab.sql("SELECT lane, repair_from, seq FROM relevo.lane WHERE repair_from IS NOT NULL")
            cut += len(where)
            print(f"cut at {where}", flush=True)
        expect(cut > 0, "no repair was cut: nothing was shown")
        tool(lab, "repair")
        judge_rebuilt(lab, was, owners, old, taken)
        expect(forwards(lab) == led, f"identities lead elsewhere: {sorted(forwards(lab).items() ^ led.items())[:6]}")
        expect(lab.sql("SELECT count(*) FROM relevo.repair_identity") == [(0,)], "what repair knew of customers is left behind")
        expect(tool(lab, "repair").count("nothing to repair") == lab.partitions, "it is not idempotent")

        consumer = lab.start()
        lab.feed(e for _, e in zip(range(900), events))
        desk(lab, rng, 20)
        lab.wait_caught_up(PATIENCE)
        consumer.stop(60)
        check_rebuilt(lab, forwarded)


def judge_rebuilt(lab, was, owners, old, taken):
    """History is what it was, row by row; so is ownership, but what the bot had since the backup is with people."""
    now = history(lab)
    expect(now.keys() == was.keys(), f"{len(was)} events were decided, {len(now)} are in the history")
    touched = set()
    for key, row in was.items():
        if key[1] > old.get(key[0], 0):
            if row[4] in (0, 2, 3, 6, 7, 8):
                touched.add(row[3])
            compare(key, row, now[key])
    people = 0
    commanded = {row[0] for row in lab.sql("SELECT conversation_id::text FROM relevo.command")}
    for conversation, row in conversations(lab).items():
        owner, epoch, agent, lane = owners[conversation]
        if conversation in taken:  # a desktop was faster than the repair: to be had by people in any case
            expect(row[0] in (2, 3), f"{conversation} was taken over, and is {row}")
        elif conversation in touched and owner == 1:
            expect(row[:2] == (2, epoch + 1), f"{conversation} was the bot's in epoch {epoch}, and is {row}")
            expect(conversation in commanded, f"{conversation} went to people, and its lane does not know")
            people += 1
        elif conversation in touched:
            expect(row == (owner, epoch, agent, lane), f"{conversation} was {owners[conversation]}, and is {row}")
    expect(set(owners) == set(conversations(lab)), "conversations are missing")
    expect(people > 20, f"only {people} conversations went to people: nothing was shown")


def compare(key, was, now):
    """One history row. Not in decisions: the time of a dead letter, which command was ignored, a duplicate's text."""
    was, now = list(was), list(now)
    if was[4] == 9:
        was[2] = now[2] = was[18] = now[18] = None
        if was[6:8] != now[6:8]:  # several next to each other: which is which does not matter
            was[6:8] = now[6:8] = was[19] = now[19] = None
    names = ("lane seq at conversation kind source topic offset by agent message type text said owner epoch intent "
             "trigger config decided").split()
    for name, a, b in zip(names, was, now):
        if bytes(a) != bytes(b) if isinstance(a, memoryview) else a != b:
            untold = (was[4] == 6 and name in ("type", "agent", "by")) or (was[11] == "duplicate" and name == "text")
            expect(untold, f"{key}: {name} was {a!r}, and is {b!r}\n{was}")


def erased(seed):
    """customers who were erased since the backup stay erased, and their events keep their numbers"""
    with Lab("erased", partitions=2, logs=False) as lab:
        consumer = lab.start()
        lab.feed(generator(seed, 300, 40, lab.partitions))
        lab.wait_caught_up(PATIENCE)
        dump = backup(lab)
        known = [row[0] for row in lab.sql("SELECT id FROM relevo.conversation WHERE forward IS NULL")]
        lab.feed(generator(seed + 1, 600, 40, lab.partitions))
        lab.wait_caught_up(PATIENCE)
        consumer.stop(60)
        old, last = dict(lab.sql("SELECT lane, seq FROM relevo.lane")), lab.decided()
        victim = lab.sql("""SELECT conversation_id::text FROM relevo.history WHERE text IS NOT NULL AND conversation_id = ANY (%s::uuid[])
                            GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1""", known)[0][0]
        restore(lab, dump)
        before = lab.sql("SELECT version, state FROM relevo.conversation WHERE id = %s", victim)
        old = dict(lab.sql("SELECT lane, seq FROM relevo.lane"))
        lab.sql("INSERT INTO relevo.erased (conversation_id, lane, seq, by) SELECT id, lane, %s, 'they did' FROM relevo.conversation "
                "WHERE id = %s", last, victim)
        lab.sql("UPDATE relevo.lane SET repair_from = seq WHERE lane = 0")  # a repair that was cut when it began
        consumer = lab.start(ready=False)
        wait_log(consumer, "the repair of lane 0 was begun and not finished: run relevo repair again")
        consumer.stop(60)
        tool(lab, "repair")
        expect(lab.decided() == last, "events are missing")
        for lane, seq in old.items():
            rows = lab.sql("SELECT count(*) FROM relevo.history WHERE lane = %s AND seq > %s AND conversation_id = %s",
                           lane, seq, victim)
            expect(rows[0][0] == 0, f"{rows[0][0]} events of an erased customer are back")
        bare = lab.sql("SELECT count(*) FROM relevo.history WHERE decided = '\\x01' AND text IS NULL")[0][0]
        expect(bare > 0, "no event kept its number alone")
        after = lab.sql("SELECT version, state FROM relevo.conversation WHERE id = %s", victim)
        expect([(v, bytes(s)) for v, s in before] == [(v, bytes(s)) for v, s in after], "its conversation was touched")
        consumer = lab.start()
        consumer.stop(60)


def identities(seed):
    """customers who became known by another identity since the backup: joined ones are one again, numbers lead to who had them last"""
    with Lab("led", partitions=3, logs=False) as lab:
        one, two = (lab.start(name, ready=False, RELEVO_CONSUME_INSTANCE=name) for name in ("one", "two"))
        for process in (one, two):
            process.wait_ready()
        of = lambda identity: conversation_id(NUMBER, identity)

        def say(lane, *events):
            send(lab, lane, *events)
            lab.wait_caught_up(PATIENCE)
            wait(lambda: settled(lab), lambda: f"something waits:\n{one.tail()}\n{two.tail()}")

        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        for i, lane in ((1, 0), (3, 0), (5, 2)):
            say(lane, event(f"n{i}", f"say número {i}", wa_id=f"52{i}"))
            say(1, event(f"u{i}", f"say id {i}", user_id=f"MX.{i}"))
        expect(lab.sql("SELECT (desk.take_over(%s, 'ana')).done", of("521")) == [(True,)], "ana cannot take it")
        say(1, event("b3", "say ambos", user_id="MX.3", wa_id="523"))
        dump = backup(lab)

        say(1, event("b1", "say ambos", user_id="MX.1", wa_id="521"))  # two conversations become one: ana's
        say(1, event("b4", "say hola", user_id="MX.4", wa_id="524"))  # both from the start
        say(2, event("b9", "say es mío", user_id="MX.9", wa_id="523"))  # the number is somebody else's now
        say(0, event("n6", "say número", wa_id="526"))
        say(2, event("u6", "say id", user_id="MX.6"), event("b6", "say ambos", user_id="MX.6", wa_id="526"))
        say(0, {"kind": "unknown", "phone_number_id": NUMBER, "user_id": "MX.7", "wa_id": "521", "previous_user_id": "MX.1",
                "type": "user_id_update", "raw": "{}"})  # and then joined once more, under another id
        say(1, event("c9", "say sigo", wa_id="523"), event("c1", "say sigo", wa_id="521"))
        # One is joined, and its own lane does not come to hear of it.
        took = lambda p: max((line for line in p.log.read_text(errors="replace").splitlines() if " lane 2: working" in line), default="")
        last = max(one, two, key=took)  # lines begin with the time
        other = two if last is one else one
        last.stop(60)  # all it decided is published; as it has a name, its lanes stay its own for a while
        send(lab, 1, event("b5", "say ambos", user_id="MX.5", wa_id="525"))
        wait(lambda: of("525") in forwards(lab), lambda: f"it is not joined:\n{other.tail()}")
        other.stop(60)
        expect(lab.sql("SELECT kind FROM relevo.command") == [("moved",)], "the loser's lane has heard of it: nothing is shown")
        led, shown = forwards(lab), dict(lab.sql("SELECT conversation_id::text, count(*) FROM desk.history GROUP BY 1"))
        expect(led[of("521")][:2] == (of("MX.7"),) * 2 and led[of("523")][:2] == (of("MX.9"), of("MX.3")), f"it is not as it should be: {led}")

        forwarded = count_forwarded(lab)
        restore(lab, dump)
        forwarded -= count_forwarded(lab)
        lab.sql("UPDATE relevo.lane SET repair_from = seq")  # a repair that was cut when it began
        wait(lambda: "stop them" not in subprocess.run([BIN, "repair", "--dry-run", "--config", lab.config], capture_output=True, text=True,
                                                       env=bare_environment()).stderr, "the group forgets who named themselves")
        said = tool(lab, "repair", "--lane", "2")
        expect(lab.sql("SELECT lane FROM relevo.lane WHERE repair_from IS NOT NULL ORDER BY 1") == [(0,), (1,)], f"which lanes are free? {said}")
        tool(lab, "repair")
        now = forwards(lab)
        expect(now == led, f"identities lead elsewhere: {sorted(now.items() ^ led.items())}")
        expect(lab.sql("SELECT count(*) FROM relevo.repair_identity") == [(0,)], "what repair knew of customers is left behind")
        expect(dict(lab.sql("SELECT conversation_id::text, count(*) FROM desk.history GROUP BY 1")) == shown, "the history shows something else")
        expect(lab.sql("SELECT owner, agent_id FROM desk.conversations WHERE conversation_id = %s", of("MX.7")) == [("human", "ana")],
               "ana has it no more")
        expect(lab.sql("SELECT count(*) FROM relevo.history WHERE type = 'forwarded' AND was IS NOT NULL") == [(0,)], "what was forwarded begins nothing")
        expect(lab.sql("SELECT kind, conversation_id::text FROM relevo.command WHERE kind = 'moved'") == [("moved", of("525"))],
               "a lane is not told again that its conversation moved, or twice")

        consumer = lab.start()
        for wa, user in (("521", "MX.7"), ("523", "MX.9"), ("524", "MX.4"), ("525", "MX.5"), ("526", "MX.6")):
            say(0, event(f"z{wa}", "say y otra", wa_id=wa))
            told = lab.sql("SELECT conversation_id::text FROM desk.history WHERE message_id = %s", f"wamid.z{wa}")
            expect(told == [(of(user),)], f"what {wa} writes goes to {told}")
        consumer.stop(60)
        check_rebuilt(lab, forwarded)


def shorter_decisions(seed):
    """decisions that Kafka has deleted cannot be rebuilt: it says which, and changes nothing"""
    with Lab("decisions", partitions=2, logs=False) as lab:
        consumer = lab.start()
        feed_lane(lab, seed, 0, 100)
        lab.wait_caught_up(PATIENCE)
        dump = backup(lab)
        feed_lane(lab, seed + 1, 0, 300)
        feed_lane(lab, seed + 1, 1, 30)
        lab.wait_caught_up(PATIENCE)
        consumer.stop(60)
        ends = lab.sql("SELECT lane, seq FROM relevo.lane ORDER BY lane")
        restore(lab, dump)
        topic = lab.prefix + "relevo.decisions.v1"
        high = ends_of(lab, topic)[0]
        delete_records(lab, topic, 0, high - 20)
        row = lab.sql("SELECT * FROM relevo.lane WHERE lane = 0")
        for words in (("repair", "--dry-run"), ("repair",)):
            said = tool(lab, *words, status=65)
            expect("lane 0 cannot be repaired: Kafka has no decision any more about" in said and "numbers 101 to" in said,
                   f"it does not say what is lost: {said}")
            expect(lab.sql("SELECT * FROM relevo.lane WHERE lane = 0") == row, "it changed a lane that it cannot repair")
        expect(lab.sql("SELECT seq FROM relevo.lane WHERE lane = 1")[0][0] == ends[1][1], "lane 1 was not repaired")


def ends_of(lab, topic):
    consumer = Consumer({"bootstrap.servers": lab.kafka, "group.id": "lab"})
    try:
        return {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30)[1] for p in range(lab.partitions)}
    finally:
        consumer.close()


# ---- Kafka is not what it was

def begun(lab, seed, n=200):
    """Two lanes that have worked and were stopped."""
    consumer = lab.start()
    feed_lane(lab, seed, 0, n)
    feed_lane(lab, seed, 1, n)
    lab.wait_caught_up(PATIENCE)
    consumer.stop(60)


def shorter_input(seed):
    """Kafka's topic is shorter than what Postgres has decided"""
    with Lab("shorter", partitions=2, logs=False) as lab:
        consumer = lab.start()
        feed_lane(lab, seed, 0, 200)  # the other lane has decided nothing
        lab.wait_caught_up(PATIENCE)
        consumer.stop(60)
        make_anew(lab, lab.topic, 2, **{"message.timestamp.type": "LogAppendTime"})
        consumer = refuses(lab, "ends at 0, but Postgres has decided up to 199: the topic was made anew", seed=seed)
        consumer.stop(60)
        expect("give the new one another name in topics.events" in tool(lab, "repair", status=65), "no remedy")


def another_cluster(seed):
    """another Kafka cluster behind the same name"""
    with Lab("cluster", partitions=2, logs=False) as lab:
        begun(lab, seed)
        lab.sql("UPDATE relevo.lane SET kafka_cluster = 'another' WHERE lane = 0")
        consumer = refuses(lab, "but the offsets of lane 0 belong to cluster another: check bootstrap.servers", seed=seed)
        consumer.stop(60)
        expect("check bootstrap.servers" in tool(lab, "repair", status=65), "no remedy")


def more_partitions(seed):
    """the topics were given another number of partitions"""
    with Lab("partitions", partitions=2, logs=False) as lab:
        begun(lab, seed)
        admin = AdminClient({"bootstrap.servers": lab.kafka})
        mine = [t for t in admin.list_topics(timeout=10).topics if t.startswith(lab.prefix)]
        for future in admin.create_partitions([NewPartitions(t, 3) for t in mine]).values():
            future.result(60)
        lab.partitions, lab.producer = 3, None  # the old one does not know the new partition
        wait(lambda: all(len(admin.list_topics(t, timeout=10).topics[t].partitions) == 3 for t in mine), "3 partitions")
        consumer = refuses(lab, "but lane 0 was made with 2: give all topics 2 partitions again", other=2, seed=seed)
        consumer.stop(60)
        expect("give all topics 2 partitions again" in tool(lab, "repair", status=65), "no remedy")


def lost_progress(seed):
    """the progress topic was lost: decisions tell how far it was, and repair writes it again"""
    with Lab("progress", partitions=2, logs=False) as lab:
        begun(lab, seed)
        lab.produce(0, b"x", b"no event at all")  # decided last: a dead letter, which no decision tells of
        lab.flush()
        consumer = lab.start()
        lab.wait_caught_up(PATIENCE)
        consumer.stop(60)
        lab.sql("UPDATE relevo.lane SET published = seq")  # as the next batch would
        make_anew(lab, lab.prefix + "relevo.progress.v1", 2, **{"cleanup.policy": "compact"})
        consumer = lab.start(ready=False)
        wait_log(consumer, "run relevo repair")
        consumer.stop(60)
        expect("would be told again" in tool(lab, "repair", "--dry-run"), "the dry run says nothing")
        tool(lab, "repair")
        consumer = lab.start()
        feed_lane(lab, seed + 5, 0, 100)
        lab.wait_caught_up(PATIENCE)
        consumer.stop(60)
        lab.check(model=False)


def older_kafka(seed):
    """progress and decisions were both lost: that cannot be mended, and it says what is missing"""
    with Lab("older", partitions=2, logs=False) as lab:
        begun(lab, seed)
        lab.sql("UPDATE relevo.lane SET published = seq")
        make_anew(lab, lab.prefix + "relevo.progress.v1", 2, **{"cleanup.policy": "compact"})
        make_anew(lab, lab.prefix + "relevo.decisions.v1", 2)
        said = tool(lab, "repair", status=65)
        expect("ends at event 0, but event 200 was published" in said, said)


def lost_history(seed):
    """a row of the history that was not published yet is missing"""
    with Lab("history", partitions=2, logs=False) as lab:
        begun(lab, seed)
        lab.sql("UPDATE relevo.lane SET seq = seq + 2 WHERE lane = 0")
        consumer = refuses(lab, "the history of lane 0 lacks event 201, which is not published yet: restore it", seed=seed)
        consumer.stop(60)
        said = tool(lab, "repair", status=65)
        expect("its history lacks 2 of the events 201 to 202, which are not published yet" in said, said)


def retention(seed):
    """Kafka deleted events before they were decided: skipped only by order"""
    with Lab("retention", partitions=2, logs=False) as lab:
        begun(lab, seed)
        feed_lane(lab, seed + 2, 0, 100)
        delete_records(lab, lab.topic, 0, 250)
        consumer = refuses(lab, "Kafka deleted events 200 to 249 before they were decided", seed=seed)
        said = tool(lab, "repair", "--skip-lost", "0", "--dry-run")
        expect("events 200 to 249 would be skipped" in said, said)
        expect("nothing to skip" in tool(lab, "repair", "--skip-lost", "1"), "it skips what is not lost")
        said = tool(lab, "repair", "--skip-lost", "0")  # the lane is at rest: its consumer may run
        expect("events 200 to 249 are skipped" in said, said)
        lab.wait_caught_up(PATIENCE)
        consumer.stop(60)
        expect(decided(lab, 0) == 250, f"lane 0 has decided {decided(lab, 0)} events, not 250")
        lab.check(model=False)


TESTS = (restored, erased, identities, shorter_decisions, shorter_input, another_cluster, more_partitions, lost_progress, older_kafka,
         lost_history, retention)

if __name__ == "__main__":
    chosen = [t for t in TESTS if t.__name__ in sys.argv[2:]] or TESTS
    sys.exit(run("restore", *chosen))
