#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The drill of docs/operating.md, as an operator goes through it: Postgres lost, and brought back from a base backup and its archived WAL to a moment of the day; the lanes of which it lacks something refuse, the others go on, `relevo repair` mends, and nothing is decided twice"""
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]
import psycopg2  # noqa: E402
from lab import servers  # noqa: E402
from lab.identity import event, send  # noqa: E402
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


class DrillLab(Lab):
    """Kafka is the environment's, Postgres its own."""

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

    def reconnect(self):
        self.connection = psycopg2.connect(self.postgres)
        self.connection.autocommit = True


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
        lab.connection.close()
        lab.pg.sql("SELECT pg_switch_wal()")
        wait(lambda: lab.pg.sql("SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 16777216) FROM pg_stat_archiver")[0][0],
             "the last WAL is archived")
        lab.pg.kill()
        lab.pg.go_back(moment)
        lab.reconnect()
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


if __name__ == "__main__":
    sys.exit(run("pitr", drill))
