/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lanes must know of messages that were not simply accepted, and the sweeping of claims whose worker
 * died. At least once: the lane drops what it has heard. Must never mark as reported what Kafka did not
 * acknowledge.
 */
#include <stdio.h>

#include "base/log.h"
#include "deliver/private.h"

static const char *word_of(enum rlv_send_state state)
{
    switch (state) {
    case RLV_SEND_FAILED:
        return "failed";
    case RLV_SEND_SUPPRESSED:
        return "suppressed";
    default:
        return "unknown";
    }
}

static int put(struct rlv_deliver *d, const rlv_send_report *r, rlv_error *err)
{
    char id[RLV_ID_TEXT + 1], key[RLV_ID_TEXT + 1], data[RLV_ID_TEXT + 16];
    rlv_id_text(r->send.id, id);
    rlv_id_text(r->send.conversation_id, key);
    (void)snprintf(data, sizeof(data), "%s/%d", id, r->send.part);
    bool agent = r->send.author == RLV_AUTHOR_AGENT;
    const rlv_event ev = {.kind = RLV_EVENT_UNDELIVERED,
                          .conversation_id = r->send.conversation_id,
                          .phone_number_id = r->phone_number_id,
                          .wa_id = r->wa_id,
                          .user_id =
                              rlv_str_eq(r->customer_id, r->wa_id) ? (rlv_str){NULL, 0} : r->customer_id,
                          .epoch = r->send.epoch,
                          .agent_id = agent ? r->send.agent_id : (rlv_str){NULL, 0},
                          .type = rlv_str_from(word_of(r->state)),
                          .error_code = r->error_code,
                          .error_title = r->error,
                          .callback_data = rlv_str_from(data)};
    rlv_buf_reset(&d->out);
    int rc = rlv_wire_encode_send_result(d->wire, &ev, &d->out, err);
    if (rc == RLV_OK)
        rc = rlv_outbox_put(d->outbox, d->config->topics.results, r->send.lane, (rlv_str){key, RLV_ID_TEXT},
                            rlv_buf_view(&d->out), &r->trace, NULL, err);
    return rc;
}

static void finish(struct rlv_deliver *d)
{
    rlv_error err;
    rlv_store *store = d->report_failed ? NULL : rlv_deliver_store(d);
    if (store && rlv_sends_reported(store, d->reports, d->n_reports, &err) != RLV_OK)
        rlv_deliver_store_failed(d, &err);
    else if (store)
        rlv_metric_add(d->reported, d->n_reports);
    d->n_reports = 0; /* what was not marked is read again */
}

void rlv_deliver_report_acked(struct rlv_deliver *d, const char *why)
{
    if (why) {
        if (!d->report_failed)
            rlv_log(RLV_LOG_WARN, "deliver", "reports to the lanes wait: %s", why);
        d->report_failed = true;
    }
    if (--d->unacked == 0)
        finish(d);
}

void rlv_deliver_report(struct rlv_deliver *d)
{
    rlv_error err;
    rlv_store *store = rlv_deliver_store(d);
    if (!store || d->n_reports)
        return; /* the last ones are on their way */
    rlv_sends_swept swept = {0};
    int rc = rlv_sends_sweep(store, &swept, &err);
    if (swept.dead > 0)
        rlv_log(RLV_LOG_WARN, "deliver",
                "%d messages are of unknown outcome: their deliver stopped while it sent them", swept.dead);
    if (swept.failed > 0 && rlv_deliver_says(d, RLV_NEWS_SEND))
        rlv_log(RLV_LOG_WARN, "deliver", "WhatsApp did not deliver %d messages that it had accepted (desk.sends has its words)", swept.failed);
    rlv_metric_add(d->dead, (uint64_t)swept.dead);
    rlv_metric_add(d->failed_later, (uint64_t)swept.failed);
    rlv_metric_add(d->explained, (uint64_t)swept.explained);
    rlv_arena_reset(d->report_arena);
    if (rc == RLV_OK)
        rc = rlv_sends_unreported(store, (int)d->config->deliver.confirm_ms, RLV_DELIVER_REPORTS_MAX,
                                  d->report_arena, &d->reports, &d->n_reports, &err);
    if (rc != RLV_OK) {
        d->n_reports = 0;
        rlv_deliver_store_failed(d, &err);
        return;
    }
    d->report_failed = false;
    d->unacked = 0;
    size_t put_n = 0;
    for (; put_n < d->n_reports; put_n++) {
        if (put(d, &d->reports[put_n], &err) != RLV_OK) {
            rlv_log(RLV_LOG_WARN, "deliver", "reports to the lanes wait: %s", err.message);
            break;
        }
        d->unacked++;
    }
    d->n_reports = put_n; /* only those are marked, once acknowledged */
}
