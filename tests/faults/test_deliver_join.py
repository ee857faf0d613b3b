#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Customers under two identities are joined while messages of either conversation wait, are claimed or are under way, people take over by
whichever id they know, and the delivers are killed: the fence holds, nothing is sent twice, one message at a time reaches the customer.

    test_deliver_join.py [SEED]
"""
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]
from fence import LOGS, Killer, judge_fence  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import Deliver, DeliverLab, judge_sends, wait_sent  # noqa: E402
from lab.identity import Desktops, event  # noqa: E402
from lab.stack import PATIENCE_S, expect, run  # noqa: E402
from points import wait  # noqa: E402

CUSTOMERS, AT_ONCE, PAUSE_S = 60, 8, 0.04
# Every move, among the numbers of LOGS.
MOVES = """
CREATE TABLE lab.moved (n bigint, conversation_id uuid, forward uuid);
CREATE FUNCTION lab.log_move() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO lab.moved VALUES (nextval('lab.moment'), NEW.id, NEW.forward);
    RETURN NULL;
END $$;
CREATE TRIGGER moved AFTER UPDATE OF forward ON relevo.conversation FOR EACH ROW WHEN (NEW.forward IS DISTINCT FROM OLD.forward)
    EXECUTE FUNCTION lab.log_move();
"""


def events(rng):
    """(partition, event): customers come and go; each writes by the number, by the id, by both, and then by either, in bursts."""
    waiting, active, n = list(range(CUSTOMERS)), [], 0
    while waiting or active:
        while waiting and len(active) < AT_ONCE:
            i = waiting.pop(0)
            forms = [rng.choice("wu") for _ in range(rng.randint(6, 12))] + ["b"] + [rng.choice("wub") for _ in range(rng.randint(4, 8))]
            active.append([i, list("wu") + forms])
        writer = rng.choice(active)
        i, forms = writer
        for _ in range(min(len(forms), rng.randint(1, 4))):
            form = forms.pop(0)
            who = {"w": {"wa_id": f"52{i:04d}"}, "u": {"user_id": f"MX.{i}"}, "b": {"wa_id": f"52{i:04d}", "user_id": f"MX.{i}"}}[form]
            n += 1
            yield (i + 1 if form == "w" else i) % 4, event(f"{i}.{n}", rng.choice(("say hola", "say ya casi", "qué tal", "slot a=1", "person")), **who)
        if not forms:
            active.remove(writer)


def judge_flight(lab):
    """While one message is under way to a customer no other is claimed, under whichever of the two ids. Returns how many claims came
    after a join, from the conversation that moved, and how many joins met a message under way."""
    root, flying, late, met = {}, defaultdict(set), 0, 0
    for n, conversation, message, part, state, forward in lab.sql(
            """SELECT n, conversation_id::text, message::text, part, state, NULL FROM lab.fence WHERE message IS NOT NULL
               UNION ALL SELECT n, conversation_id::text, NULL, NULL, NULL, forward::text FROM lab.moved ORDER BY n"""):
        if forward:
            root[conversation] = forward
            met += bool(flying[conversation])
            flying[forward] |= flying.pop(conversation)
            continue
        at = root.get(conversation, conversation)
        if state == 1:
            others = flying[at] - {(message, part)}
            expect(not others, f"moment {n}: {message} was claimed while {others} were under way to the same customer")
            flying[at].add((message, part))
            late += conversation in root
        else:
            flying[at].discard((message, part))
    return late, met


def joined(seed):
    """60 customers joined while their messages are on their way, with people who take over and delivers that are killed"""
    rng = random.Random(seed)
    api = CloudApi(seed, delay=(0, 0.3), refuse=0.08, cut=0.02, mute=0.02)
    with DeliverLab(api, "deliverjoin", partitions=4, batch_max=50, command_poll="200ms") as lab:
        lab.sql(LOGS)
        lab.sql(MOVES)
        for name in ("ana", "leo"):
            lab.sql("SELECT desk.put_agent(%s, %s)", name, name.title())
        consumer = lab.start()
        delivers = [Deliver(lab, f"deliver{i}") for i in range(2)]
        lab.processes += delivers
        for deliver in delivers:
            deliver.wait_ready()
        killer = Killer(delivers, rng, every=(10, 20))  # the other one needs a while to get its partitions
        desktops = Desktops(lab, seed, CUSTOMERS, pause=0.25)
        desktops.start()
        for partition, e in events(rng):
            lab.produce(partition, b"k", lab.schemas["WhatsAppEvent"].encode(e))
            lab.producer.poll(0)
            killer()
            time.sleep(PAUSE_S)
        lab.flush()
        desktops.quit.set()
        desktops.join(PATIENCE_S)
        expect(desktops.mistake is None, f"a desktop failed: {desktops.mistake}")
        lab.wait_caught_up()
        killer.spare()
        api.refuse = api.cut = api.mute = 0.0
        api.delay = (0, 0)
        wanted = wait_sent(lab)
        wait(lambda: lab.sql("""SELECT (SELECT count(*) FROM relevo.send WHERE state IN (4, 5, 6)) <= count(*) FROM relevo.history
                                WHERE kind = 10 AND type NOT IN ('forwarded', 'duplicate')""")[0][0],
             lambda: "lanes were not told of all that was not sent:\n" + consumer.tail(), PATIENCE_S)
        lab.wait_caught_up()
        for process in delivers + [consumer]:
            process.stop(40)
        rows = judge_sends(lab, [entry[:2] for entry in api.took], wanted)
        claims = judge_fence(lab)
        late, met = judge_flight(lab)
        lab.check(model=False)
        moves = lab.sql("SELECT count(*) FROM relevo.history WHERE type = 'moved'")[0][0]
        stopped = lab.sql("""SELECT count(*) FROM relevo.send s JOIN relevo.conversation c ON c.id = s.conversation_id
                             WHERE c.forward IS NOT NULL AND s.state = 5""")[0][0]
        print(f"{moves} joined, {met} of them with a message under way; {len(wanted)} messages, {claims} claims, {late} from a conversation that "
              f"had moved; {stopped} of the bot's suppressed there; {desktops.done} things done by desktops; delivers killed {killer.kills} "
              f"times, and at points {dict(killer.at)}; {len(rows)} rows", flush=True)
        expect(moves > CUSTOMERS // 2 and met and stopped, "it shows too little")
    api.stop()


if __name__ == "__main__":
    sys.exit(run("deliver_join", joined))
