#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The trigger `rule` over what only a lane knows: the tags that agents gave, a customer who says nothing any more, and what the world answered;
and replayed."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.cloudapi import CloudApi  # noqa: E402
from lab.deliver import DeliverLab, begin  # noqa: E402
from lab.stack import BUILD, Lab, expect, run  # noqa: E402
from test_afterwards import conversation, policy, said, say, until  # noqa: E402
from test_deliver import Crm, configure  # noqa: E402

SCRIPTED = {"name": "scripted", "path": str(BUILD / "tests" / "plugins" / "scripted.so")}


def rule(name, condition, isolation):
    return {"name": name, "path": str(Path(os.environ["RELEVO_PLUGINS"]) / "triggers" / "rule.so"), "isolation": isolation,
            "options": {"all": condition, "reason": {"es": f"Por {name}."}}}


def replayed(lab, words, *options):
    told = lab.tool("replay", "--all", *options)
    expect(words in told, f"replayed, it says:\n{told}")


def owners(lab):
    return dict(lab.sql("SELECT wa_id, owner FROM desk.conversations"))


def tags(seed):
    """marked by an agent, in either kind of process; a tag that was taken away again counts no more"""
    for isolation in ("inline", "process"):
        with Lab("tags", partitions=1, plugins=[rule("vip", [{"tag": "vip"}], isolation), SCRIPTED], policy=policy()) as lab:
            lab.sql("SELECT desk.put_agent('ana', 'Ana', '{care}')")
            consumer = lab.start()
            for customer in ("573001", "573002", "573003"):
                say(lab, customer, "say hola")
            lab.wait_caught_up()
            one, two = conversation(lab, "573001"), conversation(lab, "573002")
            expect(lab.sql("SELECT done FROM desk.tag(%s, 'ana', '{VIP,queja}')", one) == [(True,)], "tag")
            say(lab, "573004", "say hola")
            lab.wait_caught_up()
            expect(lab.sql("SELECT done FROM desk.tag(%s, 'ana', '{vip}')", conversation(lab, "573004")) == [(True,)], "tag")
            lab.wait_caught_up()
            say(lab, "573004", "say soy yo", user_id="CO.4")  # another conversation, which that one becomes a part of
            lab.sql("SELECT desk.tag(%s, 'ana', '{vip}')", two)
            lab.sql("SELECT desk.tag(%s, 'ana', '{}', '{vip}')", two)
            lab.wait_caught_up()
            for customer in ("573001", "573002", "573003"):
                say(lab, customer, "say otra vez")
            lab.wait_caught_up()
            expect(owners(lab) == {"573001": "queued", "573002": "bot", "573003": "bot", "573004": "queued"}, f"{owners(lab)}")
            expect(lab.sql("SELECT trigger, reason FROM desk.queue") == 2 * [("vip", "Por vip.")], "why")
            expect(lab.sql("SELECT text FROM desk.history WHERE conversation_id = %s AND type = 'note'", one) == [("tags: +queja, +vip",)], "note")
            lab.sql("SELECT desk.tag(%s, 'ana', '{}', '{vip}')", one)  # what is so now was not so then
            lab.wait_caught_up()
            consumer.stop()
            replayed(lab, "no difference, 1 handoffs as they were", "--conversation", "573001")
            lab.check(model=False)


def silence(seed):
    """a customer who leaves off goes to people, once; who goes on in time, or has a person, does not"""
    with Lab("silence", partitions=1, plugins=[rule("quiet", [{"silence": True}, {"slot": "total"}], "process"), SCRIPTED],
             policy=policy(silence="3s", triggers=[{"trigger": "quiet", "team": "ventas"}]), command_poll="200ms") as lab:
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{ventas}')")
        consumer = lab.start()
        say(lab, "573001", "slot total=80")
        say(lab, "573002", "say hola")
        say(lab, "573003", "slot total=80")
        lab.wait_caught_up()
        expect(lab.sql("SELECT done FROM desk.take_over(%s, 'ana')", conversation(lab, "573003")) == [(True,)], "take over")
        until(lab, "nobody misses them", "SELECT count(*) = 1 FROM desk.queue")
        until(lab, "not all timers rang", "SELECT count(*) >= 3 FROM relevo.history WHERE kind = 7")
        lab.wait_caught_up()
        expect(owners(lab) == {"573001": "queued", "573002": "bot", "573003": "human"}, f"{owners(lab)}")
        expect(lab.sql("SELECT trigger, reason, team FROM desk.queue") == [("quiet", "Por quiet.", "ventas")], "why")
        expect([source for source, _ in said(lab, "573001")] == ["scripted", "notice.handoff"], f"{said(lab, '573001')}")
        audit = lab.sql("SELECT by, action, why FROM desk.audit WHERE to_owner = 'queued'")
        expect(audit == [("bot", "hand_off", "quiet")], f"audit: {audit}")
        consumer.stop()
        replayed(lab, "no difference, 1 handoffs as they were")
        world = lab.check(model=False)
        silences = [d for records in world.decoded.values() for _, d in records if d["kind"] == "received" and d["event"] == "timer"]
        expect(sorted(d["customer_id"] for d in silences) == ["573001", "573002"], f"each silence once: {silences}")
        expect(all(d["message"]["type"] == "silence" for d in silences), f"{silences}")
        expect("the customer says nothing" in lab.tool("timeline", "--conversation", "573001"), "the timeline does not tell it")


def result(seed):
    """a bad answer of a CRM hands over when it comes, once, and not after the ownership changed; a good one does not"""
    api, crm = CloudApi(seed), Crm()
    refused = rule("refused", [{"result": "scripted", "at_least": 400}, {"tag": "vip"}], "process")
    with DeliverLab(api, "known", partitions=1, plugins=[refused, SCRIPTED], policy=policy(triggers=[{"trigger": "refused", "team": "ventas"}]),
                    command_poll="200ms") as lab:
        configure(lab, [{"name": "crm", "url": crm.url, "private": True}])
        lab.sql("SELECT desk.put_agent('ana', 'Ana', '{ventas}')")
        consumer, sender = lab.start(), begin(lab, 240)
        for number in range(1, 5):
            say(lab, f"57300{number}", "say hola")
        lab.wait_caught_up()
        for number in (1, 3, 4):
            expect(lab.sql("SELECT done FROM desk.tag(%s, 'ana', '{vip}')", conversation(lab, f"57300{number}")) == [(True,)], "tag")
        lab.wait_caught_up()

        def results(n):
            until(lab, "no result comes back", f"SELECT count(*) >= {n} FROM relevo.history WHERE kind = 8")
            lab.wait_caught_up()

        say(lab, "573003", "ask bien")
        results(1)
        crm.statuses = [400, 400]
        say(lab, "573001", "ask mal")
        results(2)
        say(lab, "573002", "ask mal")  # it is no vip
        results(3)
        sender.stop(60)
        crm.statuses = [400]
        say(lab, "573004", "ask tarde")
        lab.wait_caught_up()
        for call in ("take_over(%s, 'ana')", "return_to_bot(%s, 'ana')"):
            expect(lab.sql(f"SELECT done FROM desk.{call}", conversation(lab, "573004")) == [(True,)], call)
        sender.start()
        sender.wait_ready(240)
        results(4)
        expect(owners(lab) == {"573001": "queued", "573002": "bot", "573003": "bot", "573004": "bot"}, f"{owners(lab)}")
        expect(lab.sql("SELECT trigger, reason, team FROM desk.queue") == [("refused", "Por refused.", "ventas")], "why")
        heard = [source for source, _ in said(lab, "573001")]
        expect(heard == ["scripted", "scripted", "notice.handoff"], f"who is handed over hears no answer besides: {heard}")
        sender.stop(60)
        consumer.stop()
        replayed(lab, "no difference, 1 handoffs as they were")
        lab.check(model=False)
    api.stop()
    crm.server.shutdown()


if __name__ == "__main__":
    sys.exit(run("known", tags, silence, result))
