#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full: under Postgres, under Kafka. Each has a small file system of its own; where none can be mounted the
test says so and ends with status 77."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from parts import KAFKA, Load, Parts, fault, finish, servers  # noqa: E402
from lab.stack import run  # noqa: E402


def postgres(seed):
    """no space under Postgres for a while: at first an error, then a panic when it cannot write its log"""
    with Parts("pgdisk", disk={"postgres": 500}) as lab:
        consumers, pg = [lab.start("first")], lab.pg

        def fill():
            pg.folder.fill()

        def free():
            pg.folder.free()
            if not pg.alive():  # it ended itself: an operator starts it again
                pg.start()
        with Load(lab, seed):
            lab.wait_works(consumers)
            for i in range(2):
                fault(lab, consumers, f"Postgres's disk is full ({i})", fill, free, "Postgres: .*(space|connect|lost)",
                      hold_s=20, ready=True)
        finish(lab, consumers)


def kafka(seed):
    """no space under Kafka: it ends itself, and is started again when there is space"""
    with Parts("kafkadisk", disk={"kafka": 500}) as lab:
        consumers, broker = [lab.start("first")], lab.broker

        def fill():
            broker.folder.fill()
            servers.wait_for("Kafka did not end itself on a full disk", lambda: not broker.alive(), 120, broker.tail)

        def free():
            broker.folder.free()
            broker.start()
        with Load(lab, seed):
            lab.wait_works(consumers)
            fault(lab, consumers, "Kafka's disk is full", fill, free, KAFKA, hold_s=5, ready=True)
        finish(lab, consumers)


if __name__ == "__main__":
    try:
        sys.exit(run("parts_disk", postgres, kafka))
    except servers.CannotRun as why:
        print(f"NOT RUN: {why}", flush=True)
        sys.exit(77)
