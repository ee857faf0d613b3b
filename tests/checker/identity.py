# SPDX-License-Identifier: Apache-2.0
"""One customer under several identities: what was joined, what was forwarded, and that no lane wrote another's conversation."""
from collections import Counter, defaultdict

from .world import unpack

RESULTS = 5  # the number of a forwarded event in a blob
NEARNESS = {"closed": 0, "bot": 1, "queued": 2, "human": 3}
SILENT = {"forwarded", "status", "duplicate", "ignored"}  # what may still be said of a conversation that goes on elsewhere


def epoch_made(world, d, epoch):
    """The epoch that a joined decision must make: the larger of the two plus one. The other side's is told by its move."""
    other = world.moves.get(d["change"]["other"])
    return max(epoch, other["epoch"] - 1 if other else 0) + 1


def find_moves(world):
    """world.moves: conversation -> its moved decision; world.parents: conversation -> where it was joined to."""
    world.moves, world.parents = {}, {}
    for _, records in sorted(world.decoded.items()):
        for _, d in records:
            if d["kind"] == "moved":
                world.moves.setdefault(d["conversation_id"], d)
            elif d["kind"] == "joined":
                world.parents[d["change"]["other"]] = d["conversation_id"]


def root_of(world, conversation):
    """Where a conversation, or an identity, leads to now."""
    row = world.conversations.get(conversation)
    return (row or {}).get("forward") or conversation


def joins_are_applied_once(world, findings):
    """Each conversation that moved was joined once, to the one that it names; the owner nearer to people won."""
    joined, order = defaultdict(list), defaultdict(list)
    for lane, records in sorted(world.decoded.items()):
        for record, d in records:
            order[d["conversation_id"]].append((lane, record, d))
            if d["kind"] == "joined":
                joined[d["change"]["other"]].append((lane, record, d))
    waiting = {c["conversation_id"] for c in world.commands}
    for loser, joins in sorted(joined.items()):
        if len(joins) != 1:
            findings.add("joined", f"conversation {loser} was joined {len(joins)} times")
        d, move = joins[0][2], world.moves.get(loser)
        if move is None:
            if loser not in waiting:
                findings.add("joined", f"conversation {loser} was joined to {d['conversation_id']} and never moved")
            continue
        if move["change"]["other"] != d["conversation_id"]:
            findings.add("joined", f"conversation {loser} moved to {move['change']['other']}, but was joined to {d['conversation_id']}")
        nearer = max(d["change"]["from"], move["change"]["from"], key=NEARNESS.get)
        if d["owner"] != nearer:
            findings.add("joined", f"conversation {d['conversation_id']}: {d['owner']} has it after it was joined, not {nearer}")
    for loser, move in sorted(world.moves.items()):
        if loser not in joined:
            findings.add("joined", f"conversation {loser} moved to {move['change']['other']}, which never took it")
        if root_of(world, loser) == loser:
            findings.add("joined", f"conversation {loser} moved, and its row says that it goes on")
        after = False
        for lane, record, d in order[loser]:
            # What tells of no customer's words is not looked up, and stays where its key leads (lane/batch.c, `touches`).
            untold = d["kind"] == "received" and d["event"] in ("unknown", "error")
            if after and not untold and d["kind"] not in SILENT:
                findings.add("joined", f"{world.topic('decisions')}[{lane}]@{record.offset}: {d['kind']} on conversation {loser}, "
                             "which goes on elsewhere")
            after = after or d["kind"] == "moved"


def events_are_forwarded_once(world, findings):
    """What a row forwards arrives once in the results of the other lane, unchanged; nothing else of WhatsApp's does."""
    wanted, found = Counter(), Counter()
    for lane, rows in world.history.items():
        said = {d["seq"] for _, d in world.decoded.get(lane, ()) if d["kind"] == "forwarded"}
        for row in rows:
            try:
                sent = [data for number, data in unpack(row["decided"]) if number == RESULTS]
            except ValueError:  # found elsewhere
                continue
            if (row["seq"] in said) != (len(sent) == 1):
                findings.add("forwarded", f"lane {lane} seq {row['seq']}: {len(sent)} events are forwarded, decided otherwise")
            for data in sent:
                target = int.from_bytes(data[:4], "little")
                wanted[target, row["conversation_id"].encode(), data[4:]] += 1
                if target == lane:
                    findings.add("forwarded", f"lane {lane} seq {row['seq']}: forwarded to its own lane")
    for (topic, partition), records in world.inputs.items():
        if topic != world.topic("results"):
            continue
        for r in records:
            key = partition, r.key, r.value or b""
            if key in wanted or is_event(world, r.value):
                found[key] += 1
    for key in sorted(set(wanted) | set(found), key=repr):
        if found[key] != wanted[key]:
            findings.add("forwarded", f"an event for {key[1]!r} is {found[key]} times in results[{key[0]}], {wanted[key]} rows forward it")


def is_event(world, value):
    try:
        world.schemas.decode(value or b"", "WhatsAppEvent")
    except ValueError:
        return False
    return True


def lanes_write_their_own(world, findings):
    """Each version of a conversation was written by its own lane or by a desktop; but the one by which another lane joined it, and where
    it leads to from then on: a number may change hands."""
    if world.version_log is None:
        return
    lane_of = {row["xmin"]: lane for lane, rows in world.history.items() for row in rows}
    for version in world.version_log:
        row = world.conversations.get(version["conversation_id"])
        lane = lane_of.get(version["xid"])
        if row is None or lane is None or lane == row["lane"]:
            continue
        move = world.moves.get(row["id"])
        if move is None or version["owner"] != 4 or version["epoch"] != move["epoch"]:
            findings.add("foreign write", f"conversation {row['id']} of lane {row['lane']}: version {version['version']} is lane {lane}'s")


RULES = (joins_are_applied_once, events_are_forwarded_once, lanes_write_their_own)
