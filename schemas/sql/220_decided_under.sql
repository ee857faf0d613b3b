-- SPDX-License-Identifier: Apache-2.0
-- Under which configuration each lane decided last, for an admin's page: it shows the file, and this says whether that is what runs.

CREATE VIEW relevo.decided_under AS
SELECT l.lane, h.config, h.at FROM relevo.lane l
CROSS JOIN LATERAL (SELECT r.config, r.at FROM relevo.history r WHERE r.lane = l.lane ORDER BY r.seq DESC LIMIT 1) h;

GRANT SELECT ON relevo.decided_under TO relevo_page;
