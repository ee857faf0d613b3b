#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""crm_notifier end to end: a handoff becomes a contact and a note in HubSpot, a contact and a task in Salesforce, a lead a deal; what is amended later
is written into that note and that task.

    test_crm.py [SEED]

The whole way on the real parts: the lane asks for the first request, deliver performs it with the secret, the answer comes back to the
lane, the plugin asks for the next. lab/crms.py takes what the public documentation allows, and nothing else.
"""
import json
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
import yaml  # noqa: E402
from lab.cloudapi import CloudApi  # noqa: E402
from lab.crms import HubSpot, Salesforce  # noqa: E402
from lab.deliver import DeliverLab, begin  # noqa: E402
from lab.stack import expect, run  # noqa: E402
from test_deliver import CUSTOMER, say, wait  # noqa: E402

PLUGIN = str(Path(os.environ["RELEVO_PLUGINS"]) / "crm_notifier.so")
TOKENS = {"hubspot": "pat-na1-canary-hubspot", "salesforce": "00Dxx-canary-salesforce"}
CLIENT = ("3MVG9.canary id", "canary+secret/&=é")  # an id and a secret that a form must escape
WORDS = "canary <words> & more"


def notifier(name, **options):
    return {"name": name, "path": PLUGIN, "isolation": "inline", "options": {"destination": name, **options}}


def configure(lab, crms):
    config = yaml.safe_load(lab.config.read_text())
    config["plugins"] += [{"name": "summarizer", "path": str(Path(PLUGIN).with_name("summarizer.so")), "isolation": "inline"}, notifier("hubspot", preset="hubspot", events=["handoff", "lead", "closed", "amended"], lead_triggers=["scripted"]),
                          notifier("salesforce", preset="salesforce", events=["handoff", "amended"])]
    config["deliver"]["destinations"] = []
    for name, crm in crms.items():
        secret = lab.config.with_name(f"{lab.mark}-{name}.secret")  # by its file's name only: it is in no configuration
        oauth = name == "salesforce"
        secret.write_text((CLIENT[1] if oauth else TOKENS[name]) + "\n")
        secret.chmod(0o600)
        access = {"token_url": crm.url + "/services/oauth2/token", "client_id": CLIENT[0], "client_secret_file": str(secret)}
        config["deliver"]["destinations"].append({"name": name, "url": crm.url, "private": True,
                                                  **(access if oauth else {"token_file": str(secret)})})
    lab.config.write_text(yaml.safe_dump(config, allow_unicode=True))


def refused(crm):
    return [entry for entry in crm.log if entry[2] >= 400 and entry[2] not in (429, 503)]


def crm(seed):
    """two CRMs, two handoffs of one customer"""
    api, crms = CloudApi(seed), {"hubspot": HubSpot(TOKENS["hubspot"]), "salesforce": Salesforce(TOKENS["salesforce"])}
    hubspot, salesforce = crms.values()
    salesforce.client, salesforce.away = CLIENT, 1  # there is no token at first
    with DeliverLab(api, "crm", partitions=1, command_poll="200ms") as lab:
        configure(lab, crms)
        lab.start()
        sender = begin(lab, 60)

        say(lab, "say hola", 1)
        hubspot.fail = [429, 503]  # asked again, after the time that it wants, with the same key
        say(lab, f"person {WORDS}", 2)
        wait("the deal", lambda: hubspot.records.get("deals"), lab)
        wait("the task", lambda: salesforce.records.get("Task"), lab)
        expect(not refused(hubspot) and not refused(salesforce), f"refused: {refused(hubspot)} {refused(salesforce)}")
        expect([entry[1].rpartition("/")[2] for entry in hubspot.log] == ["search"] * 3 + ["contacts", "notes", "deals"],
               f"HubSpot was asked for {[e[1] for e in hubspot.log]}")
        keys = [entry[3] for entry in hubspot.log]
        expect(len(set(keys[:3])) == 1 and len(set(keys)) == 4 and all(keys), f"idempotency keys {keys}")
        contact, = hubspot.records["contacts"].items()
        expect(contact[1]["properties"]["phone"] == f"+{CUSTOMER}", f"the contact is {contact}")
        note, = hubspot.records["notes"].values()
        expect(note["associations"][0]["to"]["id"] == contact[0], "the note is nobody's")
        expect("canary &lt;words&gt; &amp; more" in note["properties"]["hs_note_body"], f"the note is {note}")
        who, = salesforce.records["Contact"].items()
        task, = salesforce.records["Task"].values()
        expect(task["WhoId"] == who[0] and who[1]["Relevo_Id__c"] == CUSTOMER and WORDS in task["Description"], f"{who}, {task}")

        wait("the results of the first", lambda: lab.sql("SELECT count(*) FROM relevo.history WHERE kind = 8")[0][0] == 4 + 2 + 1, lab)
        expect(salesforce.grants == 1, f"{salesforce.grants} tokens were got for two effects")

        # The customer comes again: nobody is created twice. The token's session has ended meanwhile.
        salesforce.token = TOKENS["salesforce"] + "!ended"
        conversation = lab.sql("SELECT conversation_id::text FROM desk.conversations")[0][0]
        lab.sql("SELECT desk.put_agent('ana', 'Ana')")
        lab.sql("SELECT desk.take_over(%s, 'ana')", conversation)
        lab.sql("SELECT desk.return_to_bot(%s, 'ana')", conversation)
        say(lab, "say hola", 3)
        say(lab, "person otra vez", 4)
        wait("the second deal", lambda: len(hubspot.records["deals"]) == 2, lab)
        wait("the second task", lambda: len(salesforce.records["Task"]) == 2, lab)
        expect(len(hubspot.records["contacts"]) == 1 and len(salesforce.records["Contact"]) == 1, "a contact was created twice")
        expect(salesforce.grants == 2 and [entry[2] for entry in refused(salesforce)] == [401],
               f"{salesforce.grants} tokens, refused {refused(salesforce)}")
        # Besides theirs the lane hears of what the scripted plugin asked for, at a destination that there is none of.
        wait("the results", lambda: lab.sql("SELECT count(*) FROM relevo.history WHERE kind = 8")[0][0] == 4 + 2 + 3 + 2 + 2, lab)

        # What the customer puts right reaches the same note and the same task, once; what changes nothing reaches nobody.
        say(lab, "amend email=ana@x.mx", 5)
        wait("the note anew", lambda: "PATCH" in [entry[0] for entry in hubspot.log], lab)
        wait("the task anew", lambda: "email: ana@x.mx" in (list(salesforce.records["Task"].values())[-1]["Description"]), lab)
        wait("their results", lambda: lab.sql("SELECT count(*) FROM relevo.history WHERE kind = 8")[0][0] == 4 + 2 + 3 + 2 + 2 + 3, lab)
        say(lab, "amend email=ana@x.mx", 6)
        say(lab, "amend email=ana@y.mx", 7)
        wait("the note once more", lambda: len([entry for entry in hubspot.log if entry[0] == "PATCH"]) == 2, lab)
        wait("their results, too", lambda: lab.sql("SELECT count(*) FROM relevo.history WHERE kind = 8")[0][0] == 4 + 2 + 3 + 2 + 2 + 3 + 3, lab)
        expect(len([entry for entry in hubspot.log if entry[0] == "PATCH"]) == 2, "an amendment was told twice")
        first, second = (record["properties"]["hs_note_body"] for record in hubspot.records["notes"].values())
        expect("ana@" not in first and "email: ana@x.mx → ana@y.mx<br><br>email: ana@y.mx" in second, f"the notes are {first}, {second}")
        expect(len(hubspot.records["deals"]) == 2 and len(salesforce.records["Task"]) == 2, "an amendment is no second lead")

        # A person closes it: what it came to is a note, and no deal.
        lab.sql("SELECT desk.resolve(%s, 'ana', 'otro <paquete> enviado')", conversation)
        wait("the closing note", lambda: len(hubspot.records["notes"]) == 3, lab)
        last = list(hubspot.records["notes"].values())[-1]["properties"]["hs_note_body"]
        expect("cerrada por Ana: «otro &lt;paquete&gt; enviado»" in last and "duración: " in last, f"the closing note is {last}")
        expect(len(hubspot.records["deals"]) == 2, "a closing is no deal")
        wait("its results", lambda: lab.sql("SELECT count(*) FROM relevo.history WHERE kind = 8")[0][0] == 4 + 2 + 3 + 2 + 2 + 3 + 3 + 3, lab)

        # A token that is refused ends the chain with a line in the log; the handoff stands.
        hubspot.token = "another"
        lab.sql("SELECT desk.return_to_bot(%s, 'ana')", conversation)
        lab.sql("SELECT desk.take_over(%s, 'ana')", conversation)
        lab.sql("SELECT desk.return_to_bot(%s, 'ana')", conversation)
        say(lab, "person ya", 8)
        wait("the refusal", lambda: refused(hubspot), lab)
        wait("the line", lambda: "find: the CRM answered 401" in lab.processes[0].log.read_text(errors="replace"), lab)
        expect(lab.sql("SELECT owner FROM desk.conversations")[0][0] != "bot", "the handoff does not stand")

        for process in lab.processes:
            text = process.log.read_text(errors="replace")
            for canary in (*TOKENS.values(), CLIENT[1], WORDS, "not valid"):
                expect(canary not in text, f"{canary} is in the log of {process.name}")
        stored = json.dumps(lab.sql("SELECT encode(decided, 'escape') FROM relevo.history"))
        for token in (*TOKENS.values(), CLIENT[1]):
            expect(token not in stored, "a secret is in the history")
        for process in reversed(lab.processes):
            process.stop(40)
    for server in (api, hubspot, salesforce):
        server.stop()


if __name__ == "__main__":
    sys.exit(run("crm", crm))
