#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The drill of docs/operating.md, as an operator goes through it: Postgres lost, and brought back from a base backup and its archived WAL to a moment of the day; the lanes of which it lacks something refuse, the others go on, `relevo repair` mends, and nothing is decided twice, nor sent twice"""
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]
import psycopg2  # noqa: E402
import yaml  # noqa: E402
from checker.model import conversation_id  # noqa: E402
from lab import servers  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import DeliverLab, begin, judge_sends, wait_sent  # noqa: E402
from lab.identity import NUMBER, event, send  # noqa: E402
from lab.stack import Lab, expect, generator, run  # noqa: E402
from test_restore import (PATIENCE, check_rebuilt, conversations, count_forwarded, desk, forwards, history, judge_rebuilt,  # noqa: E402
                          refusals, tool, wait)

QUIET = 2  # the lane that had nothing to do since the moment


class Archived(servers.Postgres):
    """Keeps its WAL, as one does who wants to go back to any moment."""

    def __init__(self):
        super().__init__(archive_mode="on", archive_timeout="1s", wal_level="replica")

    def create(self):
        self.archive, self.base = self.folder.disk / "archive", self.folder.disk / "base"
        self.archive.mkdir()
        shutil.chown(self.archive, "postgres") if self.owner else None
        self.settings["archive_command"] = f"test ! -f {self.archive}/%f && cp %p {self.archive}/%f"
        super().create()

    def back_up(self):
        self.call(self.run_as_owner(self.bin / "pg_basebackup", "-d", self.url(), "-D", self.base, "--checkpoint=fast", "--wal-method=none"))

    def go_back(self, moment):
        """The data is lost; from the backup and the archive comes what was there at that moment."""
        shutil.rmtree(self.folder.inside() / "data")
        self.call(self.run_as_owner("cp", "-a", self.base, self.data))
        with open(self.folder.inside() / "data" / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"restore_command = 'cp {self.archive}/%f %p'\nrecovery_target_time = '{moment}'\nrecovery_target_action = promote\n")
        self.call(self.run_as_owner("touch", self.data / "recovery.signal"))
        self.start()
        servers.wait_for("the recovery does not end", lambda: not self.sql("SELECT pg_is_in_recovery()")[0][0], PATIENCE, self.tail)


class Drill:
    """A lab whose Kafka is the environment's and whose Postgres is its own."""

    def __enter__(self):
        self.pg = Archived()
        try:
            self.pg.start()
            self.server, self.postgres = self.pg.url(), self.pg.url(self.database)
            return super().__enter__()
        except BaseException:
            self.pg.remove()
            raise

    def __exit__(self, *mistake):
        try:
            super().__exit__(*mistake)
        finally:
            self.pg.remove()

    def lose(self):
        """Postgres is gone, and all that it did is archived."""
        self.connection.close()
        self.pg.sql("SELECT pg_switch_wal()")
        wait(lambda: self.pg.sql("SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 16777216) FROM pg_stat_archiver")[0][0],
             "the last WAL is archived")
        self.pg.kill()

    def go_back(self, moment):
        self.pg.go_back(moment)
        self.connection = psycopg2.connect(self.postgres)
        self.connection.autocommit = True


class DrillLab(Drill, Lab):
    pass


class SendingLab(Drill, DeliverLab):
    pass


def drill(seed):
    """back to a moment of the day, while the consumer runs on"""
    rng = random.Random(seed)
    with DrillLab("pitr", partitions=3, logs=False) as lab:
        consumer = lab.start()
        for i in range(3):
            lab.sql("SELECT desk.put_agent(%s, %s)", f"agent{i}", f"Agente {i}")
        events = iter(generator(seed, 10**7, 300, lab.partitions))
        lab.feed(e for _, e in zip(range(900), events))
        lab.wait_caught_up(PATIENCE)
        lab.pg.back_up()
        lab.feed(e for _, e in zip(range(900), events))
        desk(lab, rng, 20)
        lab.wait_caught_up(PATIENCE)
        lab.sql("UPDATE relevo.lane SET published = seq")  # as each lane's next batch does
        moment = lab.sql("SELECT clock_timestamp()::text")[0][0]
        kept = dict(lab.sql("SELECT lane, seq FROM relevo.lane"))
        time.sleep(1.1)
        busy = (e for e in events if e[0] != QUIET)
        lab.feed(e for _, e in zip(range(900), busy))
        lab.wait_caught_up(PATIENCE)
        quiet = lab.sql("SELECT seq FROM relevo.lane WHERE lane = %s", QUIET)[0][0] == kept[QUIET]
        was, owners, led, forwarded = history(lab), conversations(lab), forwards(lab), count_forwarded(lab)
        lab.lose()
        lab.go_back(moment)
        old = dict(lab.sql("SELECT lane, seq FROM relevo.lane"))
        expect(old == kept, f"the database is not that of the moment: {old}, not {kept}")
        forwarded -= count_forwarded(lab)

        # The consumer was not told of anything: it finds out, and works where nothing is missing.
        for lane in range(lab.partitions):
            if lane != QUIET or not quiet:
                wait(lambda: refusals(consumer, lane), lambda: f"lane {lane} refuses:\n{consumer.tail()}")
                expect("run relevo repair" in refusals(consumer, lane)[-1], refusals(consumer, lane)[-1])
        expect(consumer.alive(), "the refusal ended the process")
        expect(quiet, "the quiet lane was not quiet: nothing is shown of it")
        send(lab, QUIET, *(event(n, wa_id=f"5215500{n:06}") for n in range(50)))  # who never wrote before
        wait(lambda: lab.sql("SELECT seq >= %s FROM relevo.lane WHERE lane = %s", kept[QUIET] + 50, QUIET)[0][0],
             lambda: f"the lane of which nothing is missing goes on:\n{consumer.tail()}")
        expect(not refusals(consumer, QUIET), f"lane {QUIET} refused, too:\n{consumer.tail()}")
        consumer.stop(60)
        was |= {key: row for key, row in history(lab).items() if key[0] == QUIET}
        owners |= {ident: row for ident, row in conversations(lab).items() if ident not in owners and ident not in led}

        expect("would be rebuilt" in tool(lab, "repair", "--dry-run"), "the dry run says nothing")
        tool(lab, "repair")
        judge_rebuilt(lab, was, owners, {**old, QUIET: 10**9}, set())
        expect(set(forwards(lab)) >= set(led), "identities are forgotten")
        consumer = lab.start()
        lab.feed(e for _, e in zip(range(600), events))
        desk(lab, rng, 20)
        lab.wait_caught_up(PATIENCE)
        consumer.stop(60)
        check_rebuilt(lab, forwarded)
        print(f"pitr: {len(was)} events, {sum(old.values())} of them in the database that came back", flush=True)


def refuses(lab, sender, api, took):
    """A deliver that was started before the repair says why it sends nothing, and sends nothing."""
    wait(lambda: "run relevo repair" in sender.get("/readyz")[1], lambda: f"it says what to do: {sender.get('/readyz')}\n{sender.tail()}")
    expect(sender.get("/readyz")[0] == 503, "it is ready")
    time.sleep(3)
    expect(api.took == took, f"sent before the repair: {api.took[len(took):]}")


def patient(lab):
    """What WhatsApp asks to be tried later is tried for long, and holds the position of its partition."""
    config = yaml.safe_load(lab.config.read_text())
    config["deliver"]["give_up"] = "20m"
    lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))


def greet(lab, sender, said):
    """An agent comes, and three customers of each lane write and are answered."""
    lab.sql("SELECT desk.put_agent('ana', 'Ana')")
    for lane in range(2):
        send(lab, lane, *(event(f"{kind}.{lane}", f"say hola {kind}.{lane}", wa_id=f"52{kind}{lane}") for kind in range(3)))
    wait(lambda: len(said()) == 6, lambda: f"all are answered: {said()}\n{sender.tail()}")


def unnoticed(seed):
    """a moment of which no lane lacks anything, and messages were sent since: deliver finds out, and nothing goes out before the repair, nor twice"""
    api = CloudApi(seed)
    with SendingLab(api, "pitrunnoticed", partitions=2, logs=False) as lab:
        patient(lab)
        consumer, sender = lab.start(), begin(lab, PATIENCE)
        said = lambda: [entry[3] for entry in api.took]
        greet(lab, sender, said)
        lab.pg.back_up()
        waits = conversation_id(NUMBER, "5200")
        lab.sql("SELECT desk.take_over(%s, 'ana')", waits)
        lab.wait_caught_up(PATIENCE)
        api.not_yet, api.retry_after = "espere", 300
        lab.sql("SELECT desk.reply(%s, 'ana', 'espere')", waits)
        wait(lambda: lab.sql("SELECT count(*) FROM desk.sends WHERE state = 'waiting'")[0][0] == 1, lambda: f"one waits:\n{sender.tail()}")
        sender.stop(60)
        send(lab, 0, *(event(f"since.{n}", f"say desde {n}", wa_id=f"53{n}") for n in range(4)))  # and nothing in lane 1
        lab.wait_caught_up(PATIENCE)
        lab.sql("UPDATE relevo.lane SET published = seq")
        moment = lab.sql("SELECT clock_timestamp()::text")[0][0]
        time.sleep(1.1)
        sender.start()
        since = {f"desde {n}" for n in range(4)}
        wait(lambda: since <= set(said()), lambda: f"what was decided before the moment is sent behind it: {said()}\n{sender.tail()}")
        wait(lambda: lab.sql("SELECT count(*) FROM relevo.send WHERE state = 3")[0][0] == 10, "all is settled")
        sender.stop(60)
        took = list(api.took)
        lab.lose()
        lab.go_back(moment)
        expect(lab.sql("SELECT count(*) FROM relevo.send")[0][0] == 7, "the database is not of the moment")

        send(lab, 1, event("after", "say después", wa_id="540"))
        lab.wait_caught_up(PATIENCE)
        expect(not any(refusals(consumer, lane) for lane in range(2)), f"a lane lacks something:\n{consumer.tail()}")
        sender.start()
        refuses(lab, sender, api, took)
        consumer.stop(60)
        expect("would be" in tool(lab, "repair", "--dry-run"), "the dry run says nothing of the messages")
        refuses(lab, sender, api, took)
        words = tool(lab, "repair")
        expect("lane 0: messages were sent" in words and "lane 1: messages were sent" not in words, words)
        consumer = lab.start()
        sender.wait_ready(PATIENCE)
        wanted = wait_sent(lab, PATIENCE)
        rows = judge_sends(lab, [entry[:2] for entry in api.took], wanted)
        expect(api.took[:len(took)] == took and said()[len(took):] == ["después"], f"sent after the repair: {said()[len(took):]}")
        texts = {message: record["text"] for message, record in wanted.items()}
        unknown = {texts[message] for (message, _), state in rows.items() if state == 6}
        expect(unknown == {"espere"} | since, f"of unknown outcome are {unknown}")
        print(f"unnoticed: {len(took)} messages before, {len(api.took) - len(took)} after, none of them twice", flush=True)
        sender.stop(60)
        consumer.stop(60)
    api.stop()


def sent(seed):
    """what deliver sent since the moment is not sent again, what Postgres thinks is still to be tried neither, and agents are told"""
    api = CloudApi(seed)
    with SendingLab(api, "pitrsent", partitions=2, logs=False) as lab:
        patient(lab)
        consumer, sender = lab.start(), begin(lab, PATIENCE)
        said = lambda: [entry[3] for entry in api.took]
        waits, human = ([conversation_id(NUMBER, f"52{kind}{lane}") for lane in range(2)] for kind in (1, 2))
        greet(lab, sender, said)
        for who in waits + human:
            lab.sql("SELECT desk.take_over(%s, 'ana')", who)
        lab.wait_caught_up(PATIENCE)
        lab.pg.back_up()
        # WhatsApp says "later" to one message of each lane: so is it in the backup, and from there on deliver will read again.
        api.refuse, api.retry_after = 1.0, 300
        for who in waits:
            lab.sql("SELECT desk.reply(%s, 'ana', 'espere')", who)
        wait(lambda: lab.sql("SELECT count(*) FROM desk.sends WHERE state = 'waiting'")[0][0] == 2, lambda: f"both wait:\n{sender.tail()}")
        api.refuse, api.retry_after = 0.0, None
        lab.sql("UPDATE relevo.lane SET published = seq")
        moment = lab.sql("SELECT clock_timestamp()::text")[0][0]
        time.sleep(1.1)
        for lane in range(2):
            lab.sql("SELECT desk.reply(%s, 'ana', %s)", human[lane], f"ya voy {lane}")
            send(lab, lane, event(f"b.{lane}", f"say otra {lane}", wa_id=f"520{lane}"), event(f"n.{lane}", f"say nuevo {lane}", wa_id=f"529{lane}"))
        since = {f"{words} {lane}" for words in ("ya voy", "otra", "nuevo") for lane in range(2)}
        wait(lambda: since <= set(said()), lambda: f"all is sent: {said()}\n{sender.tail()}")
        lab.wait_caught_up(PATIENCE)
        wait(lambda: lab.sql("SELECT count(*) FROM relevo.send WHERE state = 1")[0][0] == 0, "all is settled")
        sender.kill()
        took = list(api.took)
        lab.lose()
        lab.go_back(moment)

        for lane in range(2):
            wait(lambda: refusals(consumer, lane), lambda: f"lane {lane} refuses:\n{consumer.tail()}")
        sender.start()  # too early
        refuses(lab, sender, api, took)
        consumer.stop(60)
        tool(lab, "repair")
        consumer = lab.start()
        sender.wait_ready(PATIENCE)  # it goes on by itself
        wanted = wait_sent(lab, PATIENCE)
        entries = [entry[:2] for entry in api.took]
        rows = judge_sends(lab, entries, wanted)
        expect(api.took[:len(took)] == took and "espere" not in said(), f"sent after the restore: {api.took[len(took):]}")
        texts = {message: record["text"] for message, record in wanted.items()}
        unknown = {texts[message] for (message, _), state in rows.items() if state == 6}
        expect(since | {"espere"} == unknown, f"of unknown outcome are {unknown}")
        told = lab.sql("SELECT count(*) FROM desk.sends WHERE state = 'unknown' AND error LIKE 'restored from a backup%%'")[0][0]
        expect(told == 8, f"{told} of 8 say why")

        # And the conversations whose message waited go on.
        for lane in range(2):
            lab.sql("SELECT desk.reply(%s, 'ana', %s)", waits[lane], f"ahora sí {lane}")
        wait(lambda: {"ahora sí 0", "ahora sí 1"} <= set(said()), lambda: f"what is written now goes out: {said()}\n{sender.tail()}")
        print(f"sent: {len(took)} messages before, {len(api.took) - len(took)} after, none of them twice", flush=True)
        sender.stop(60)
        consumer.stop(60)
    api.stop()


if __name__ == "__main__":
    sys.exit(run("pitr", drill, sent, unnoticed))
