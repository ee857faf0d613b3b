# SPDX-License-Identifier: Apache-2.0
"""What the tests of customers under several identities share."""
import random
import threading

import psycopg2

from checker.model import conversation_id

NUMBER = "105550001"


def event(n, text="say hola", **fields):
    return {"kind": "message", "phone_number_id": NUMBER, "message_id": f"wamid.{n}", "type": "text", "text": text, **fields}


def send(lab, partition, *events):
    for e in events:
        lab.produce(partition, b"k", lab.schemas["WhatsAppEvent"].encode(e))
    lab.flush()


def settled(lab):
    """Whether everything forwarded is decided, and no command waits."""
    return lab.sql("""SELECT count(*) FILTER (WHERE type = 'forwarded') = count(*) FILTER (WHERE topic LIKE '%%results%%')
                             AND NOT EXISTS (SELECT FROM relevo.command) FROM relevo.history""")[0][0]


class Desktops(threading.Thread):
    """Agents who take, answer, note and resolve, by whichever id they know."""

    def __init__(self, lab, seed, customers, pause=0.01):
        super().__init__(daemon=True)
        self.lab, self.rng, self.quit, self.done, self.mistake = lab, random.Random(seed), threading.Event(), 0, None
        self.customers, self.pause = customers, pause

    def run(self):
        connection = psycopg2.connect(self.lab.postgres)
        connection.autocommit = True
        cursor = connection.cursor()
        try:
            while not self.quit.wait(self.pause):
                i = self.rng.randrange(self.customers)
                which = conversation_id(NUMBER, self.rng.choice((f"52{i:04d}", f"MX.{i}")))
                call = self.rng.choice(("take_over(%s, %s)", "take_over(%s, %s)", "reply(%s, %s, 'hola')", "note(%s, %s, 'ojo')",
                                        "resolve(%s, %s)"))
                try:
                    cursor.execute(f"SELECT (desk.{call}).done", (which, self.rng.choice(("ana", "leo"))))
                    self.done += bool(cursor.fetchone()[0])
                except psycopg2.Error as refused:
                    if refused.pgcode not in ("RV010", "40P01"):  # not there yet; met a lane, and asks again
                        raise
        except Exception as mistake:
            self.mistake = mistake
        finally:
            connection.close()
