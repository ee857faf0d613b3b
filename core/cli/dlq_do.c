/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with dead letters; see dlq.h. A letter goes back and its mark is written in one transaction, so that it is decided again
 * once, whatever dies in between. Must never change a byte of it.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/dlq.h"

enum { TRANSACTION_MS = 60000 };

/* ---- the producer ------------------------------------------------------------------------------------------------ */

/* What an error of the producer means: another desk was opened, Kafka is away, or something else. */
static int judge(rd_kafka_resp_err_t code, const char *words, const rlv_config *config, const char *what, rlv_error *err)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR__STATE: /* after one of these */
        return rlv_error_set(err, RLV_E_FENCED, "somebody else began with dead letters meanwhile: look at `relevo dlq list`, and try again");
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
        return rlv_cli_kafka_error(err, code, config, what);
    default:
        return rlv_error_set(err, RLV_E_IO, "%s: Kafka says: %s", what, words);
    }
}

static int failed(rd_kafka_error_t *error, const rlv_config *config, const char *what, rlv_error *err)
{
    int rc = judge(rd_kafka_error_code(error), rd_kafka_error_string(error), config, what, err);
    rd_kafka_error_destroy(error);
    return rc;
}

int rlv_dlq_desk_open(rlv_dlq_desk *desk, rlv_error *err)
{
    char id[128];
    (void)snprintf(id, sizeof(id), "%s-dlq", desk->config->cluster);
    const char *const own[][2] = {{"transactional.id", id},
                                  {"transaction.timeout.ms", "60000"},
                                  {"acks", "all"},
                                  {"message.max.bytes", "110000000"},
                                  {"linger.ms", "5"}};
    const struct passwd *who = getpwuid(getuid());
    (void)snprintf(desk->by, sizeof(desk->by), "%s", who ? who->pw_name : "somebody");
    int rc = rlv_cli_client(desk->config, RD_KAFKA_PRODUCER, "dlq-desk", own, sizeof(own) / sizeof(*own), &desk->rk, err);
    if (rc)
        return rc;
    rd_kafka_error_t *error = rd_kafka_init_transactions(desk->rk, TRANSACTION_MS);
    return error ? failed(error, desk->config, id, err) : RLV_OK;
}

void rlv_dlq_desk_close(rlv_dlq_desk *desk)
{
    if (desk->rk)
        rd_kafka_destroy(desk->rk);
    desk->rk = NULL;
}

/* ---- one letter -------------------------------------------------------------------------------------------------- */

static int produced(const rlv_dlq_desk *desk, rd_kafka_resp_err_t code, rd_kafka_headers_t *headers, const char *topic, rlv_error *err)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return RLV_OK;
    if (headers)
        rd_kafka_headers_destroy(headers);
    return judge(code, rd_kafka_err2str(code), desk->config, topic, err);
}

static int write_mark(const rlv_dlq_desk *desk, const rlv_dlq_letter *letter, const char *what, rlv_error *err)
{
    char offset[32];
    (void)snprintf(offset, sizeof(offset), "%lld", (long long)letter->offset);
    rd_kafka_headers_t *headers = rd_kafka_headers_new(3);
    (void)rd_kafka_header_add(headers, RLV_DLQ_DONE, -1, what, -1);
    (void)rd_kafka_header_add(headers, RLV_DLQ_OFFSET, -1, offset, -1);
    (void)rd_kafka_header_add(headers, RLV_DLQ_BY, -1, desk->by, -1);
    rd_kafka_resp_err_t code =
        rd_kafka_producev(desk->rk, RD_KAFKA_V_TOPIC(letter->topic), RD_KAFKA_V_PARTITION(letter->partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_BLOCK), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    return produced(desk, code, headers, letter->topic, err);
}

/* To the topic that it came from, and its partition: the same lane, the same conversation. */
static int send_back(const rlv_dlq_desk *desk, rlv_dlq *letters, const rlv_dlq_letter *letter, rlv_error *err)
{
    rd_kafka_message_t *message;
    int rc = rlv_dlq_fetch(letters, letter, &message, err);
    if (rc)
        return rc;
    char topic[300];
    (void)snprintf(topic, sizeof(topic), "%.*s", RLV_STR_ARG(letter->from_topic));
    rd_kafka_headers_t *headers = rlv_dlq_own_headers(message);
    rd_kafka_vu_t parts[8];
    size_t n = 0;
    parts[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic};
    parts[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = letter->partition};
    parts[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK};
    parts[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {message->key, message->key_len}};
    parts[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {message->payload, message->len}};
    if (headers)
        parts[n++] = (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers};
    rd_kafka_error_t *error = rd_kafka_produceva(desk->rk, parts, n);
    rd_kafka_resp_err_t code = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (error)
        rd_kafka_error_destroy(error);
    rc = produced(desk, code, headers, topic, err);
    rd_kafka_message_destroy(message);
    return rc;
}

int rlv_dlq_desk_do(rlv_dlq_desk *desk, rlv_dlq *letters, enum rlv_dlq_deed deed, const rlv_dlq_letter *const *chosen, size_t n,
                       rlv_error *err)
{
    rd_kafka_error_t *error = rd_kafka_begin_transaction(desk->rk);
    if (error)
        return failed(error, desk->config, "beginning a transaction", err);
    int rc = RLV_OK;
    for (size_t i = 0; i < n && rc == RLV_OK; i++) {
        if (deed == RLV_DLQ_REPLAY)
            rc = send_back(desk, letters, chosen[i], err);
        if (rc == RLV_OK)
            rc = write_mark(desk, chosen[i], deed == RLV_DLQ_REPLAY ? "replayed" : "dropped", err);
    }
    if (rc == RLV_OK && (error = rd_kafka_commit_transaction(desk->rk, TRANSACTION_MS)))
        rc = failed(error, desk->config, "the transaction", err);
    if (rc && (error = rd_kafka_abort_transaction(desk->rk, TRANSACTION_MS)))
        rd_kafka_error_destroy(error); /* it is aborted by its time-out, or by the next one */
    return rc;
}

/* ---- deleting ----------------------------------------------------------------------------------------------------- */

/* The first offset of a partition that must stay; its end when nothing is open. */
static int64_t first_open(const rlv_dlq *letters, const rlv_dlq_box *box)
{
    for (size_t i = 0; i < letters->n; i++) {
        const rlv_dlq_letter *letter = &letters->list[i];
        if (letter->topic == box->topic && letter->partition == box->partition && !letter->done.len)
            return letter->offset;
    }
    return box->end;
}

int rlv_dlq_delete_done(rlv_dlq *letters, int64_t *ret_partitions, rlv_error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)letters->n_boxes);
    for (size_t i = 0; i < letters->n_boxes; i++) {
        int64_t until = first_open(letters, &letters->boxes[i]);
        if (until > 0)
            rd_kafka_topic_partition_list_add(list, letters->boxes[i].topic, letters->boxes[i].partition)->offset = until;
    }
    *ret_partitions = list->cnt;
    int rc = RLV_OK;
    if (list->cnt) {
        rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
        rd_kafka_queue_t *queue = rd_kafka_queue_new(letters->rk);
        rd_kafka_DeleteRecords(letters->rk, &request, 1, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TRANSACTION_MS);
        rd_kafka_resp_err_t code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
        const rd_kafka_topic_partition_list_t *done =
            code ? NULL : rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
        for (int i = 0; done && i < done->cnt && !code; i++)
            code = done->elems[i].err;
        if (code)
            rc = rlv_cli_kafka_error(err, code, letters->config, "deleting dead letters");
        if (event)
            rd_kafka_event_destroy(event);
        rd_kafka_queue_destroy(queue);
        rd_kafka_DeleteRecords_destroy(request);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}
