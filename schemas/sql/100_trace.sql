-- SPDX-License-Identifier: Apache-2.0
-- Which trace (W3C Trace Context) an event came with: publishing a row again gives its records the same header.

-- Trace id, parent id, flags. NULL: it came with none, or before this release; then the trace is that of the row's own id.
ALTER TABLE relevo.history ADD COLUMN trace bytea CHECK (octet_length(trace) = 25);
