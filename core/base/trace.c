/* SPDX-License-Identifier: Apache-2.0 */
/* W3C Trace Context; see trace.h. Must never trust a header: it comes from anywhere. */
#include "base/trace.h"

#include <sodium.h>

enum { KNOWN_FLAGS = 3 };

/* Lower case only, as the recommendation has it. */
static bool read_hex(const char *p, uint8_t *ret, size_t n)
{
    for (size_t i = 0; i < n; i++, p += 2) {
        int high = rlv_str_hex(p[0]), low = rlv_str_hex(p[1]);
        if (high < 0 || low < 0 || (p[0] >= 'A' && p[0] <= 'F') || (p[1] >= 'A' && p[1] <= 'F'))
            return false;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool rlv_trace_parse(rlv_str traceparent, rlv_trace *ret)
{
    const char *p = traceparent.ptr;
    uint8_t version;
    rlv_trace trace;
    if (traceparent.len < RLV_TRACE_TEXT || !read_hex(p, &version, 1) || version == 0xFF)
        return false;
    if (traceparent.len > RLV_TRACE_TEXT && (version == 0 || p[RLV_TRACE_TEXT] != '-'))
        return false;
    if (p[2] != '-' || p[35] != '-' || p[52] != '-' || !read_hex(p + 3, trace.id, sizeof(trace.id)) ||
        !read_hex(p + 36, trace.parent, sizeof(trace.parent)) || !read_hex(p + 53, &trace.flags, 1))
        return false;
    if (rlv_trace_none(&trace) || memcmp(trace.parent, (const uint8_t[8]){0}, sizeof(trace.parent)) == 0)
        return false;
    trace.flags &= KNOWN_FLAGS;
    *ret = trace;
    return true;
}

void rlv_trace_text(const rlv_trace *trace, char ret_text[RLV_TRACE_TEXT + 1])
{
    char *p = ret_text;
    *p++ = '0';
    *p++ = '0';
    *p++ = '-';
    p = rlv_str_put_hex(p, trace->id, sizeof(trace->id));
    *p++ = '-';
    p = rlv_str_put_hex(p, trace->parent, sizeof(trace->parent));
    *p++ = '-';
    *rlv_str_put_hex(p, &trace->flags, 1) = '\0';
}

void rlv_trace_id_text(const rlv_trace *trace, char ret_text[RLV_TRACE_ID_TEXT + 1])
{
    *rlv_str_put_hex(ret_text, trace->id, sizeof(trace->id)) = '\0';
}

rlv_trace rlv_trace_begin(void)
{
    rlv_trace trace;
    randombytes_buf(&trace, sizeof(trace));
    trace.id[0] |= 1; /* neither is ever zero */
    trace.parent[0] |= 1;
    trace.flags = 0;
    return trace;
}

rlv_trace rlv_trace_of_row(const rlv_trace *came, int64_t at_ms, int32_t lane, int64_t seq)
{
    if (!rlv_trace_none(came))
        return *came;
    rlv_id id = rlv_id_record(at_ms, lane, seq, 0);
    rlv_trace trace = {.flags = 0};
    memcpy(trace.id, id.bytes, sizeof(trace.id));
    memcpy(trace.parent, id.bytes + 8, sizeof(trace.parent)); /* its first bit is set */
    return trace;
}
