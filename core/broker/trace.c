/* SPDX-License-Identifier: Apache-2.0 */
/* The traceparent of a record, as a header. Must never refuse a record for its headers. */
#include "broker/broker.h"

rlv_trace rlv_broker_trace(const rd_kafka_message_t *message)
{
    rlv_trace trace = {.flags = 0};
    rd_kafka_headers_t *list;
    const void *value;
    size_t len;
    if (rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(list, RLV_TRACE_HEADER, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR && value)
        (void)rlv_trace_parse((rlv_str){value, len}, &trace);
    return trace;
}

rd_kafka_headers_t *rlv_broker_traced(const rlv_trace *trace)
{
    if (!trace || rlv_trace_none(trace))
        return NULL;
    char text[RLV_TRACE_TEXT + 1];
    rlv_trace_text(trace, text);
    rd_kafka_headers_t *list = rd_kafka_headers_new(1);
    (void)rd_kafka_header_add(list, RLV_TRACE_HEADER, sizeof(RLV_TRACE_HEADER) - 1, text, RLV_TRACE_TEXT);
    return list;
}
