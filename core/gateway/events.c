/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a body whose signature is checked to records on their way to Kafka. Must never call a webhook accepted
 * of which an event was left out.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "broker/broker.h"
#include "gateway/private.h"
#include "gateway/webhook.h"

enum {
    ARENA_MAX = 128 * 1024 * 1024, /* what the largest webhook becomes, with room */
    RECORD_MAX = 32 * 1024 * 1024,
    RECORD_KEPT = 256 * 1024 /* a larger buffer is given back */
};

/* ---- workbenches ---- */

static void free_bench(rlv_workbench *bench)
{
    if (!bench)
        return;
    rlv_wire_free(bench->wire);
    rlv_arena_free(bench->arena);
    rlv_buf_free(&bench->record);
    free(bench);
}

static rlv_workbench *make_bench(void)
{
    rlv_error err;
    rlv_workbench *bench = calloc(1, sizeof(*bench));
    if (!bench)
        return NULL;
    bench->record = RLV_BUF_INIT(RECORD_MAX);
    bench->arena = rlv_arena_new(ARENA_MAX);
    bench->wire = rlv_wire_new(&err);
    if (bench->arena && bench->wire)
        return bench;
    free_bench(bench);
    return NULL;
}

static rlv_workbench *borrow_bench(rlv_gateway *g)
{
    (void)pthread_mutex_lock(&g->lock);
    rlv_workbench *bench = g->benches;
    if (bench)
        g->benches = bench->next;
    (void)pthread_mutex_unlock(&g->lock);
    return bench ? bench : make_bench();
}

static void return_bench(rlv_gateway *g, rlv_workbench *bench)
{
    rlv_arena_reset(bench->arena);
    if (bench->record.cap > RECORD_KEPT)
        rlv_buf_free(&bench->record);
    (void)pthread_mutex_lock(&g->lock);
    bench->next = g->benches;
    g->benches = bench;
    (void)pthread_mutex_unlock(&g->lock);
}

void rlv_events_free_benches(rlv_gateway *gateway)
{
    while (gateway->benches) {
        rlv_workbench *bench = gateway->benches;
        gateway->benches = bench->next;
        free_bench(bench);
    }
}

/* ---- records ---- */

static enum rlv_ending produce(rlv_request *request, rlv_str key, rlv_str record)
{
    rlv_gateway *g = request->gateway;
    (void)pthread_mutex_lock(&g->lock);
    request->pending++;
    (void)pthread_mutex_unlock(&g->lock);
    atomic_fetch_add(&g->unacked, 1);
    rlv_trace trace = request->trace; /* Kafka's answer may end the request */
    rd_kafka_headers_t *headers = rlv_broker_traced(&trace);
    rd_kafka_resp_err_t why = rd_kafka_producev(
        g->rk, RD_KAFKA_V_RKT(g->topic), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)record.ptr, record.len), RD_KAFKA_V_KEY(key.ptr, key.len),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(request), RD_KAFKA_V_END);
    if (!why)
        return RLV_ENDING_ACCEPTED;
    rd_kafka_headers_destroy(headers); /* librdkafka took them only on success */
    enum rlv_ending ending =
        why == RD_KAFKA_RESP_ERR__QUEUE_FULL ? RLV_ENDING_TOO_MUCH : RLV_ENDING_KAFKA_REFUSED;
    if (ending == RLV_ENDING_KAFKA_REFUSED)
        rlv_log_about(RLV_LOG_ERROR, "gateway", &trace, "an event of %zu bytes cannot be sent to Kafka: %s", record.len,
                      rd_kafka_err2str(why));
    atomic_fetch_sub(&g->unacked, 1);
    rlv_request_settle(request, ending);
    return ending;
}

static enum rlv_ending publish_event(rlv_request *request, rlv_workbench *bench, const rlv_event *event)
{
    rlv_error err;
    rlv_buf_reset(&bench->record);
    rlv_str key = rlv_event_key(event, bench->arena);
    if (key.len == 0 || rlv_wire_encode_event(bench->wire, event, &bench->record, &err) != RLV_OK)
        return RLV_ENDING_BROKEN;
    enum rlv_ending ending = produce(request, key, rlv_buf_view(&bench->record));
    if (ending == RLV_ENDING_ACCEPTED)
        rlv_metric_add(request->gateway->kinds[event->kind], 1);
    return ending;
}

enum rlv_ending rlv_events_publish(rlv_request *request)
{
    rlv_gateway *g = request->gateway;
    rlv_workbench *bench = borrow_bench(g);
    if (!bench)
        return RLV_ENDING_BROKEN;
    rlv_event *events;
    size_t n;
    rlv_error err;
    enum rlv_ending ending = RLV_ENDING_ACCEPTED;
    int rc = rlv_webhook_parse((rlv_str){request->body, request->len}, bench->arena, &events, &n, &err);
    if (rc != RLV_OK) {
        rlv_log_about(RLV_LOG_WARN, "gateway", &request->trace, "a signed webhook of %zu bytes was refused: %s", request->len,
                      err.message);
        ending = RLV_ENDING_NOT_A_WEBHOOK;
        n = 0;
    }
    free(request->body); /* the records hold all of it */
    request->body = NULL;
    for (size_t i = 0; i < n && ending == RLV_ENDING_ACCEPTED; i++)
        ending = publish_event(request, bench, &events[i]);
    return_bench(g, bench);
    return ending;
}
