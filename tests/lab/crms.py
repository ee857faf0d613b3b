# SPDX-License-Identifier: Apache-2.0
"""HubSpot and Salesforce, as their public documentation describes what they take: paths, headers, required properties, limits, associations.

Both keep what they took, and answer anything else as the real ones do. Sources: developers.hubspot.com, CRM API v3 (contacts, search,
notes, deals, associations); developer.salesforce.com, REST API (sObject Rows by External ID, sObject Basic Information).
"""
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote


class Refused(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


def need(condition, code, message, status=400):
    if not condition:
        raise Refused(status, code, message)


class Crm:
    """A server with a token. `log` has (method, path, status, idempotency key, body) of every request; `fail` statuses come first."""

    def __init__(self, token):
        self.token, self.log, self.fail, self.records, self.lock = token, [], [], {}, threading.Lock()
        crm = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with crm.lock:
                    status, out, more = crm.take(self.command, self.path, self.headers, body)
                    crm.log.append((self.command, self.path, status, self.headers.get("Idempotency-Key"), body.decode()))
                text = json.dumps(out).encode() if out is not None else b""
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **more}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def take(self, method, path, headers, body):
        if self.fail:
            status = self.fail.pop(0)
            return status, {"message": "not now"}, {"Retry-After": "1"} if status == 429 else {}
        try:
            need(headers.get("Authorization") == f"Bearer {self.token}", "INVALID_AUTHENTICATION", "the token is not valid", 401)
            need((headers.get("Content-Type") or "").split(";")[0] == "application/json", "UNSUPPORTED", "not JSON", 415)
            try:
                json_body = json.loads(body)
            except ValueError:
                raise Refused(400, "VALIDATION_ERROR", "the body is no JSON")
            return (*self.perform(method, path, json_body), {})
        except Refused as refused:
            return refused.status, self.refusal(refused), {}

    def keep(self, kind, record):
        number = str(1000 + sum(len(r) for r in self.records.values()))
        self.records.setdefault(kind, {})[number] = record
        return number


class HubSpot(Crm):
    PROPERTIES = {"contacts": {"email", "firstname", "lastname", "phone", "mobilephone", "company", "lifecyclestage"},
                  "notes": {"hs_timestamp", "hs_note_body", "hubspot_owner_id", "hs_attachment_ids"},
                  "deals": {"dealname", "dealstage", "pipeline", "amount", "closedate", "hubspot_owner_id"}}
    TYPES = {"notes": 202, "deals": 3, "contacts": None}  # of the association with a contact
    STAGES = {"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin", "contractsent", "closedwon",
              "closedlost"}
    OPERATORS = {"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN",
                 "NOT_CONTAINS_TOKEN"}

    def refusal(self, refused):
        return {"status": "error", "message": str(refused), "category": refused.code}

    def perform(self, method, path, body):
        found = re.fullmatch(r"/crm/v3/objects/(contacts|notes|deals)(/search|/\d+)?", path)
        need(found, "NOT_FOUND", f"there is no {path}", 404)
        update = found[2] not in (None, "/search")
        need(method == ("PATCH" if update else "POST"), "METHOD_NOT_ALLOWED", method, 405)
        need(isinstance(body, dict), "VALIDATION_ERROR", "the body is no object")
        if update:
            return self.update(found[1], found[2][1:], body)
        return self.search(found[1], body) if found[2] else self.create(found[1], body)

    def search(self, kind, body):
        groups = body.get("filterGroups")
        need(isinstance(groups, list) and 1 <= len(groups) <= 5, "VALIDATION_ERROR", "1 to 5 filterGroups")
        need(isinstance(body.get("limit", 10), int) and body.get("limit", 10) <= 200, "VALIDATION_ERROR", "limit is at most 200")
        need(set(body.get("properties", [])) <= self.PROPERTIES[kind], "VALIDATION_ERROR", "unknown properties")
        for group in groups:
            for f in group["filters"]:
                need(f.get("operator") in self.OPERATORS and f.get("propertyName") in self.PROPERTIES[kind]
                     and isinstance(f.get("value"), str), "VALIDATION_ERROR", f"filter {f}")
        hits = [{"id": i, "properties": r["properties"]} for i, r in self.records.get(kind, {}).items()
                if any(all(r["properties"].get(f["propertyName"]) == f["value"] for f in g["filters"]) for g in groups)]
        return 200, {"total": len(hits), "results": hits[:body.get("limit", 10)]}

    def update(self, kind, number, body):
        record = self.records.get(kind, {}).get(number)
        need(record, "OBJECT_NOT_FOUND", f"no {kind} {number}", 404)
        p = body.get("properties")
        need(set(body) == {"properties"} and isinstance(p, dict) and set(p) <= self.PROPERTIES[kind]
             and all(v is None or isinstance(v, str) for v in p.values()), "VALIDATION_ERROR", f"PROPERTY_DOESNT_EXIST in {body}")
        record["properties"] |= p
        return 200, {"id": number, "properties": record["properties"], "archived": False}

    def create(self, kind, body):
        need(set(body) <= {"properties", "associations"}, "VALIDATION_ERROR", f"unknown members {set(body)}")
        p = body.get("properties")
        need(isinstance(p, dict) and set(p) <= self.PROPERTIES[kind], "VALIDATION_ERROR", f"PROPERTY_DOESNT_EXIST in {p}")
        need(all(v is None or isinstance(v, str) for v in p.values()), "VALIDATION_ERROR", "properties are texts")
        if kind == "contacts":
            need(p.get("email") or p.get("firstname") or p.get("lastname"), "VALIDATION_ERROR", "one of email, firstname, lastname")
        elif kind == "notes":
            need(re.fullmatch(r"\d{13}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", p.get("hs_timestamp") or ""), "VALIDATION_ERROR",
                 "hs_timestamp is required: milliseconds or UTC")
            need(len(p.get("hs_note_body") or "") <= 65536, "VALIDATION_ERROR", "hs_note_body is too long")
        else:
            need(p.get("dealname") and p.get("pipeline") == "default" and p.get("dealstage") in self.STAGES, "VALIDATION_ERROR",
                 "dealname, and a stage of the pipeline")
        for a in body.get("associations", []):
            need(a["to"]["id"] in self.records.get("contacts", {}), "VALIDATION_ERROR", f"no contact {a['to']['id']}")
            need(a["types"] == [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": self.TYPES[kind]}], "VALIDATION_ERROR",
                 f"association types {a['types']}")
        number = self.keep(kind, body)
        return 201, {"id": number, "properties": p, "createdAt": "2026-01-01T00:00:00.000Z", "archived": False}


class Salesforce(Crm):
    FIELDS = {"Contact": {"LastName": 80, "FirstName": 40, "MobilePhone": 40, "Phone": 40, "Email": 80},
              "Lead": {"LastName": 80, "FirstName": 40, "Company": 255, "MobilePhone": 40, "LeadSource": 255, "Email": 80},
              "Task": {"WhoId": 18, "Subject": 255, "Description": 32000, "Status": 255, "Priority": 255, "ActivityDate": 10}}
    REQUIRED = {"Contact": ["LastName"], "Lead": ["LastName", "Company"], "Task": ["Status", "Priority"]}
    client, grants, away = None, 0, 0  # (id, secret) of a connected app; how many tokens it got; how often it gets none first

    def take(self, method, path, headers, body):
        """OAuth's client credentials (help.salesforce.com, OAuth 2.0 Client Credentials Flow): each grant is a new token, the last one holds."""
        if path != "/services/oauth2/token":
            return super().take(method, path, headers, body)
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        if self.away:
            self.away -= 1
            return 503, {}, {}
        if method != "POST" or headers.get("Content-Type") != "application/x-www-form-urlencoded":
            return 400, {"error": "invalid_request"}, {}
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "grant type not supported"}, {}
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            return 400, {"error": "invalid_client_id", "error_description": "client identifier invalid"}, {}
        self.grants += 1
        self.token = f"{self.token.partition('!')[0]}!{self.grants}"
        return 200, {"access_token": self.token, "instance_url": self.url, "token_type": "Bearer", "issued_at": "1767225600000"}, {}

    def check(self, kind, body):
        for name, value in body.items():
            need(name in self.FIELDS[kind], "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}")
            need(value is None or len(value) <= self.FIELDS[kind][name], "STRING_TOO_LONG", name)

    def update(self, method, kind, number, body):
        """A record by its id: answered without a body."""
        need(method == "PATCH", "METHOD_NOT_ALLOWED", method, 405)
        need(number in self.records.get(kind, {}), "NOT_FOUND", f"no {kind} {number}", 404)
        self.check(kind, body)
        self.records[kind][number].update(body)
        return 204, None

    def refusal(self, refused):
        return [{"message": str(refused), "errorCode": refused.code, "fields": []}]

    def perform(self, method, path, body):
        row = re.fullmatch(r"/services/data/v(\d\d)\.0/sobjects/(Contact|Lead)/Relevo_Id__c/([^/?]+)", path)
        new = re.fullmatch(r"/services/data/v(\d\d)\.0/sobjects/(Task)", path)
        old = re.fullmatch(r"/services/data/v\d\d\.0/sobjects/(Task)/(\d+)", path)
        if old:
            return self.update(method, old[1], old[2], body)
        need(row or new, "NOT_FOUND", f"there is no {path}", 404)
        need(method == ("PATCH" if row else "POST"), "METHOD_NOT_ALLOWED", method, 405)
        need(int((row or new)[1]) >= 46, "UNSUPPORTED", "before v46 an update answers without the id")
        kind = (row or new)[2]
        self.check(kind, body)
        for name in self.REQUIRED[kind]:
            need(body.get(name), "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]")
        if new:
            need(body["Status"] in ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")
                 and body["Priority"] in ("High", "Normal", "Low"), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Status, Priority")
            need(any(body.get("WhoId") in self.records.get(k, {}) for k in ("Contact", "Lead")), "INVALID_CROSS_REFERENCE_KEY", "WhoId")
            return 201, {"id": self.keep(kind, body), "success": True, "errors": []}
        key = unquote(row[3])
        for number, record in self.records.get(kind, {}).items():
            if record["Relevo_Id__c"] == key:
                record.update(body)
                return 200, {"id": number, "success": True, "errors": [], "created": False}
        return 201, {"id": self.keep(kind, {**body, "Relevo_Id__c": key}), "success": True, "errors": [], "created": True}
