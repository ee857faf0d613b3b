-- SPDX-License-Identifier: Apache-2.0
-- Where desk.sends stands: whoever shows it reads the statuses behind that place too, by the lanes' own index, and misses none.

CREATE VIEW desk.statuses_told AS SELECT l.lane, l.seq FROM relevo.status_looked l;
GRANT SELECT ON desk.statuses_told TO relevo_desk;
