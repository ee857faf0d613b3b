/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W3C Trace Context (https://www.w3.org/TR/trace-context/): which request, somewhere before us, an event came from. We make
 * no spans, so that what came goes on as it came, its parent too: a span of ours would be one that nobody has.
 */
#ifndef RLV_BASE_TRACE_H
#define RLV_BASE_TRACE_H

#include "base/id.h"

#define RLV_TRACE_HEADER "traceparent" /* of HTTP and of Kafka */
enum { RLV_TRACE_TEXT = 55, RLV_TRACE_ID_TEXT = 32 };

/* Stored as it is (relevo.history.trace). */
typedef struct rlv_trace {
    uint8_t id[16], parent[8]; /* id all zero: there is none */
    uint8_t flags;             /* 1: sampled; 2: the id is random. Others are ours to clear */
} rlv_trace;

/* Reads a header's value, of version 00 or a later one. False, and *ret untouched, for what is none: it is ignored. */
bool rlv_trace_parse(rlv_str traceparent, rlv_trace *ret);
/* As version 00, and a NUL. */
void rlv_trace_text(const rlv_trace *trace, char ret_text[RLV_TRACE_TEXT + 1]);
/* Of the trace alone, for the log. */
void rlv_trace_id_text(const rlv_trace *trace, char ret_text[RLV_TRACE_ID_TEXT + 1]);

/* A new one, not sampled: of a request that came without. */
rlv_trace rlv_trace_begin(void);
/* Of all that is published of a history row: what its event came with; if it came without, that of the row's first id, not sampled,
   which is the same whoever publishes the row, and need not be stored. */
rlv_trace rlv_trace_of_row(const rlv_trace *came, int64_t at_ms, int32_t lane, int64_t seq);

static inline bool rlv_trace_none(const rlv_trace *trace)
{
    return memcmp(trace->id, (const uint8_t[16]){0}, sizeof(trace->id)) == 0;
}

#endif
