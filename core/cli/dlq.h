/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters as `relevo dlq` sees them. What was done with one is written behind it in the same topic, as a record without a value
 * (a mark), so that nothing is done twice and everybody can see who did it. Private to this command.
 */
#ifndef RLV_CLI_DLQ_H
#define RLV_CLI_DLQ_H

#include "base/arena.h"
#include "cli/kafka.h"

/* Headers of a mark: what was done ("replayed", "dropped"), with which offset of its partition, and by whom. */
#define RLV_DLQ_DONE "relevo.dlq"
#define RLV_DLQ_OFFSET "relevo.dlq.offset"
#define RLV_DLQ_BY "relevo.dlq.by"

typedef struct rlv_dlq_letter {
    const char *topic; /* <input>.dlq */
    int32_t partition;
    int64_t offset, at_ms;
    rlv_str key;
    size_t bytes;       /* of the value */
    rlv_str reason, message;
    rlv_str from_topic, from_partition, from_offset;
    rlv_str done, by;   /* of its mark; absent: it is open */
} rlv_dlq_letter;

/* One partition of dead letters. */
typedef struct rlv_dlq_box {
    const char *topic;
    int32_t partition;
    int64_t end; /* one past the last record that was read, a mark or a letter; 0: nothing was */
    bool ended;
} rlv_dlq_box;

typedef struct rlv_dlq {
    const rlv_config *config;
    rlv_arena *arena; /* of all texts */
    rd_kafka_t *rk;
    rlv_dlq_letter *list; /* in the order of topic, partition, offset */
    size_t n, cap;
    rlv_dlq_letter *marks; /* as they were read: topic, partition, offset of the letter, done, by */
    size_t n_marks, cap_marks;
    rlv_dlq_box *boxes;
    size_t n_boxes;
    const char *at_topic; /* where rlv_dlq_fetch reads on; NULL: nowhere */
    int32_t at_partition;
    int64_t at_offset;
} rlv_dlq;

/* Connects. letters: zeroed, config and arena set. */
RLV_MUST_CHECK int rlv_dlq_open(rlv_dlq *letters, rlv_error *err);
void rlv_dlq_close(rlv_dlq *letters);
/* Reads all that there is now, committed records only: a minute at most without a word from Kafka. */
RLV_MUST_CHECK int rlv_dlq_read(rlv_dlq *letters, rlv_error *err);
/* The record itself; destroy it with rd_kafka_message_destroy. RLV_E_NOT_FOUND: Kafka has deleted it. */
RLV_MUST_CHECK int rlv_dlq_fetch(rlv_dlq *letters, const rlv_dlq_letter *letter, rd_kafka_message_t **ret, rlv_error *err);
/* The last header of a name, as text; absent without one. Borrowed from the message. */
rlv_str rlv_dlq_header(const rd_kafka_message_t *message, const char *name);
/* Its headers as they were before it died: a list of the caller's. NULL when it had none. */
rd_kafka_headers_t *rlv_dlq_own_headers(const rd_kafka_message_t *message);

enum rlv_dlq_deed { RLV_DLQ_REPLAY, RLV_DLQ_DROP };

/* What transactions do with letters: one producer at a time in an installation, the later one fences the earlier. */
typedef struct rlv_dlq_desk {
    const rlv_config *config;
    rd_kafka_t *rk;
    char by[80];
} rlv_dlq_desk;

/* From then on no other one's deeds come in between: read the letters after it. */
RLV_MUST_CHECK int rlv_dlq_desk_open(rlv_dlq_desk *desk, rlv_error *err);
void rlv_dlq_desk_close(rlv_dlq_desk *desk);
/* Does it with n letters in one transaction: all of them, or none. RLV_E_FENCED: another desk was opened. */
RLV_MUST_CHECK int rlv_dlq_desk_do(rlv_dlq_desk *desk, rlv_dlq *letters, enum rlv_dlq_deed deed,
                                      const rlv_dlq_letter *const *chosen, size_t n, rlv_error *err);
/* Deletes from Kafka what lies before the first open letter of each partition; letters read anew. */
RLV_MUST_CHECK int rlv_dlq_delete_done(rlv_dlq *letters, int64_t *ret_partitions, rlv_error *err);

#endif
