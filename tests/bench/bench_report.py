#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long do the reports take over a million conversations? ./dev bench report; what it found: tests/bench/README.md

One in five is handed to people, and a trigger that only watches would have taken one in ten; 4.6 million rows of history, of which the reports read the changes. --conversations N.
"""
import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lab.stack import Lab  # noqa: E402

REPORTS = "containment triggers answers waits resolution gaps agents surveys observed".split()
# step: minute, kind, owner, was, epoch, type, agent, trigger, priority, text, said; a handed-over conversation has seven, another four.
FILL = """
INSERT INTO relevo.history (seq, at, source_offset, epoch, config, lane, kind, source, by, owner, conversation_id, decided, was,
                            type, agent_id, owner_agent, trigger, priority, text, said, observed)
SELECT i * 7 + step, timestamptz '2026-03-01 00:00Z' + i * interval '2.5 s' + minute * (1 + i %% 9) * interval '20 s', i, epoch, 0,
       i %% 12, kind, 0, 1, owner, ('00000000-0000-8000-8000-' || lpad(to_hex(hashint8(i)::bigint & 4294967295), 8, '0') ||
       right(to_hex(65536 + i %% 65536), 4))::uuid, '\\x01', was, s.type, CASE WHEN kind = 6 AND s.type <> 'assign' THEN 'agent' || i / 5 %% 50 END,
       CASE WHEN was = 2 THEN 'agent' || i / 5 %% 50 END,
       CASE WHEN owner = 2 AND was = 1 THEN (ARRAY['wants_person', 'sentiment', 'knowledge_gap', 'legal'])[1 + i / 5 %% 4] END,
       CASE WHEN owner = 2 AND was = 1 THEN 1 + i / 5 %% 9 END, 'what the customer wrote, some words',
       CASE WHEN bot THEN json_build_array(json_build_object('id', i, 'by', 'bot', 'text', 'an answer of the knowledge base', 'source',
                                                             'article' || i %% 300)) END,
       CASE WHEN step = 1 AND i %% 10 = 0 THEN ARRAY['new_' || i / 10 %% 3] END
FROM generate_series(%s, %s) i CROSS JOIN LATERAL (VALUES
    (0, 0, 0, 1, 0, 1, 'text', true, NULL), (1, 1, 0, 1, NULL, 1, 'text', true, NULL), (2, 2, 0, 2, 1, 2, 'text', false, true),
    (3, 4, 6, 3, 2, 3, 'assign', false, true), (4, 6, 6, 3, NULL, 3, 'reply', false, true), (5, 9, 6, 3, NULL, 3, 'reply', false, true),
    (6, 20, 6, 4, 3, 4, 'resolve', false, true), (2, 2, 0, 1, NULL, 1, 'text', true, false), (3, 90, 7, 4, 1, 2, 'idle', false, false))
    AS s(step, minute, kind, owner, was, epoch, type, bot, handed)
WHERE handed IS NULL OR handed = (i %% 5 = 0) ORDER BY i, step"""


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--conversations", type=int, default=1_000_000)
    n = options.parse_args().conversations
    with Lab("bench-report", partitions=1, logs=False) as lab:
        lab.sql("SET synchronous_commit = off")
        for month in (1772323200000, 1775001600000):
            lab.sql("SELECT relevo.ensure_months(%s)", month)
        lab.sql("SELECT desk.put_agent('agent' || i, 'Agent ' || i) FROM generate_series(0, 49) i")
        began = time.monotonic()
        for first in range(0, n, 100_000):
            lab.sql(FILL, first, min(first + 100_000, n) - 1)
        lab.sql("VACUUM ANALYZE relevo.history")
        size, index = lab.sql("""SELECT sum(pg_total_relation_size(inhrelid)), (SELECT sum(pg_relation_size(c.oid)) FROM pg_class c
            WHERE c.relname LIKE 'history%_conversation_id_at_seq%') FROM pg_inherits WHERE inhparent = 'relevo.history'::regclass""")[0]
        rows = lab.sql("SELECT count(*) FROM relevo.history")[0][0]
        print(f"filled in {time.monotonic() - began:.0f} s: {rows} rows, {size / 2**20:.0f} MiB, {index / 2**20:.0f} MiB of it for reports")
        total = 0
        for report in REPORTS:
            times = []
            for _ in range(3):
                began = time.monotonic()
                said = lab.tool("report", report, "--since", "2026-03-01", "--until", "2026-05-01", timeout=600)
                times.append(time.monotonic() - began)
            total += statistics.median(times)
            print("\n".join(said.splitlines()[:5]))
            print(f"figure report_{report}_seconds {statistics.median(times):.2f} -")
        print(f"figure report_seconds {total:.2f} 60", flush=True)


if __name__ == "__main__":
    main()
