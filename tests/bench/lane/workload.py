# SPDX-License-Identifier: Apache-2.0
"""Events for bench lane: about 300 bytes each, over many conversations, from a seed; all of one partition.

The texts are what customers of the example shop write, so that real plugins have real work.
"""
import random

import yaml

from lab.stack import ROOT

NUMBER = "106540352242922"  # the business's phone number id
START = 1767225600000
NOBODY_ANSWERS = {"es": ["¿me pueden cambiar la contraseña del wifi?", "vendo un carro usado, poco kilometraje",
                        "mi primo trabaja en una panadería por el centro"]}


def subjects():
    """What the example's customers write about: a list of {language: sentences}."""
    intents = yaml.safe_load((ROOT / "docs/examples/cafe_andino/intents.yaml").read_text())["intents"]
    return [*intents.values(), NOBODY_ANSWERS]


def events(seed, n, conversations, texts_share, encode):
    """n pairs (key, bytes). texts_share of them are texts, the rest delivery statuses."""
    rng = random.Random(seed)
    about = subjects()
    for i in range(n):
        who = rng.randrange(conversations)
        wa_id = f"57300{who:07d}"
        event = {"phone_number_id": NUMBER, "wa_id": wa_id, "sent_at": START + i,
                 "message_id": f"wamid.HBgMNTczMDA{who:07d}VAgASGBQz{i:012d}A7AED89F4FA5"}
        if rng.random() < texts_share:
            subject = rng.choice(about)
            language = "es" if rng.random() < 0.7 else rng.choice(sorted(subject))
            text = ". ".join(rng.choice(subject.get(language) or subject["es"]) for _ in range(3))
            event.update(kind="message", type="text", customer_name=f"Cliente {who}", text=text,
                         context_id=f"wamid.HBgMNTczMDA{who:07d}FQIAERgSM{i:012d}C0C3E3E36A1A")
        else:
            event.update(kind="status", status=rng.choice(("sent", "delivered", "read")),
                         callback_data=f"{rng.getrandbits(600):0150x}")
        yield f"{NUMBER}:{wa_id}".encode(), encode(event)


def firsts(seed, begin, end, encode):
    """The first message of each of the customers from begin to end: pairs (key, bytes)."""
    rng = random.Random(seed)
    about = subjects()
    for who in range(begin, end):
        text = ". ".join(rng.choice(rng.choice(about)["es"]) for _ in range(2))
        event = {"phone_number_id": NUMBER, "wa_id": f"57300{who:07d}", "sent_at": START + who, "kind": "message",
                 "type": "text", "text": text, "message_id": f"wamid.HBgMNTczMDA{who:07d}A7AED89F4FA5"}
        yield f"{NUMBER}:57300{who:07d}".encode(), encode(event)
