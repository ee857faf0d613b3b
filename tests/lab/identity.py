# SPDX-License-Identifier: Apache-2.0
"""What the tests of customers under several identities share."""
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
