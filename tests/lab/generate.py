# SPDX-License-Identifier: Apache-2.0
"""Events of many conversations, from a seed: the same seed gives the same events.

The texts are those that tests/pipeline/plugins/scripted.c understands, so that every decision can be predicted.
"""
import random

MIX = (  # (weight, what the customer writes)
    (40, "say"), (22, "else"), (12, "slot"), (8, "miss"), (6, "maybe"), (4, "media"), (1.2, "person"))
KINDS = (  # (weight, kind of event)
    (100, "message"), (22, "status"), (0.6, "echo"), (0.3, "handover"), (0.3, "error"), (0.3, "unknown"))
WORDS = "hola quiero saber dónde está mi pedido de café ayer llegó roto gracias señal año ¿cuánto? 😀".split()
NUMBERS = ("105550001", "105550002")  # the business's phone number ids
START = 1767225600000  # WhatsApp's own time of the first event
DUPLICATES = 0.03


def murmur2(data):
    """Kafka's own hash of a key, as in its Java client."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        k ^= k >> 24
        h = (h * m & mask) ^ (k * m & mask)
    rest = data[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h ^= h >> 13
    h = h * m & mask
    return h ^ h >> 15


def partition_of(key, partitions):
    return (murmur2(key) & 0x7FFFFFFF) % partitions


class Customer:
    """One customer of one business number, and what was lately sent in their conversation."""

    def __init__(self, i, rng, partitions):
        self.phone_number_id = NUMBERS[i % len(NUMBERS)]
        number, scoped = f"57300{i:07d}", f"CO.{i:010d}"
        # Most have a phone number only, some both identities, a few hide the number.
        form = rng.random()
        self.wa_id = number if form < 0.95 else None
        self.user_id = scoped if form >= 0.85 else None
        self.name = f"Cliente {i}" if rng.random() < 0.9 else None
        self.key = f"{self.phone_number_id}:{self.user_id or self.wa_id}".encode()
        self.partition = partition_of(self.key, partitions)
        self.sent, self.last = [], []

    def who(self, **event):
        event["phone_number_id"] = self.phone_number_id
        if self.wa_id:
            event["wa_id"] = self.wa_id
        if self.user_id:
            event["user_id"] = self.user_id
        return event


class Generator:
    """Iterates over (partition, key, event)."""

    def __init__(self, seed, events, conversations, partitions=12, handoffs=1.0, failures=0):
        self.rng = random.Random(seed)
        self.events = events
        self.customers = [Customer(i, self.rng, partitions) for i in range(conversations)]
        mix = [(w * handoffs if k == "person" else w, k) for w, k in MIX] + [(failures, "fail")]
        self.text_weights, self.texts = zip(*mix)
        self.kind_weights, self.kinds = zip(*KINDS)
        self.n = 0

    def __iter__(self):
        rng = self.rng
        # A few customers write much more than the others: batches then hold several events of one conversation.
        weights = [1 / (1 + i % 97) for i in range(len(self.customers))]
        while self.n < self.events:
            chunk = min(1000, self.events - self.n)
            who = rng.choices(self.customers, weights, k=chunk)
            kinds = rng.choices(self.kinds, self.kind_weights, k=chunk)
            texts = rng.choices(self.texts, self.text_weights, k=chunk)
            for customer, kind, text in zip(who, kinds, texts):
                self.n += 1
                if kind == "message" and customer.sent and rng.random() < DUPLICATES:
                    event = rng.choice(customer.sent)  # Meta sends it again
                else:
                    event = getattr(self, kind)(customer, text)
                yield customer.partition, customer.key, event

    def head(self, customer, kind):
        return customer.who(kind=kind, sent_at=START + self.n * 37, message_id=f"wamid.{self.n:08d}")

    def words(self):
        return " ".join(self.rng.choices(WORDS, k=self.rng.randint(1, 8)))

    def message(self, customer, text):
        event = self.head(customer, "message")
        event["type"] = "text"
        if customer.name:
            event["customer_name"] = customer.name
        if text == "media":
            event.update(type="image", media_id=f"m{self.n}", mime_type="image/jpeg")
            if self.rng.random() < 0.5:
                event["text"] = self.words()
        elif text == "slot":
            event["text"] = f"slot {self.rng.choice('abcd')}={self.rng.randint(0, 3)}"
        elif text == "else":
            event["text"] = self.words()
        else:
            event["text"] = f"{text} {self.words()}"
        if self.rng.random() < 0.05:
            event["context_id"] = f"wamid.b{self.n}"
        customer.sent = customer.sent[-5:] + [event]
        return event

    def status(self, customer, _):
        event = self.head(customer, "status")
        event["message_id"] = f"wamid.b{self.n}"
        event["status"] = self.rng.choice(("sent", "delivered", "read", "failed"))
        if event["status"] == "failed":
            event.update(error_code=131026, error_title="Message undeliverable")
        return event

    def echo(self, customer, _):
        event = self.head(customer, "echo")
        event.update(type="text", text="le escribo desde el teléfono del negocio")
        return event

    def handover(self, customer, _):
        event = self.head(customer, "handover")
        event.update(type="pass_thread_control", note="cambio de hilo")
        return event

    def error(self, customer, _):
        event = self.head(customer, "error")
        event.update(error_code=131051, error_title="Unsupported message type")
        return event

    def unknown(self, customer, _):
        event = self.head(customer, "unknown")
        event.update(type="novelty", raw='{"novelty":true}')
        return event
