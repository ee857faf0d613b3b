/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line an event on stderr, `time level room message`, as text or JSON. Never the bodies of messages:
 * callers do not pass them (tests/pipeline/test_quiet.py). Safe from every thread; a line is one write.
 */
#ifndef RLV_BASE_LOG_H
#define RLV_BASE_LOG_H

#include <stdbool.h>

#include "base/error.h"
#include "base/trace.h"

enum rlv_log_level { RLV_LOG_ERROR = 1, RLV_LOG_WARN = 2, RLV_LOG_INFO = 3, RLV_LOG_DEBUG = 4 };

/* Lines above level are dropped. json: one JSON object a line instead of text. Call before threads start. */
void rlv_log_setup(enum rlv_log_level level, bool json);
/* room: which part speaks ("lane 3", "broker"). Lines longer than 2 KiB are cut. */
void rlv_log(enum rlv_log_level level, const char *room, const char *fmt, ...) RLV_PRINTF(3, 4);
/* The same about one event: with its trace's id behind the message, or as trace_id. NULL, or none: without. */
void rlv_log_about(enum rlv_log_level level, const char *room, const rlv_trace *trace, const char *fmt, ...) RLV_PRINTF(4, 5);

#endif
