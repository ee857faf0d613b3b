/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics of its own on a real Kafka for each test program, deleted at its end; a plain producer and reader to
 * look from outside. Needs RELEVO_KAFKA.
 */
#ifndef KAFKA_LAB_H
#define KAFKA_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "broker/broker.h"

enum {
    LAB_PARTITIONS = 3,
    LAB_TIMEOUT_MS = 20000,
    LAB_TEXT_MAX = 8192
};

typedef struct lab {
    rlv_config config; /* of a cluster and a group of its own */
    rlv_config_property property;
    const char *events[2];
    rlv_broker *broker;
    rlv_arena *arena;
    rd_kafka_t *client;     /* a plain producer, for records and admin */
    rd_kafka_t *readers[2]; /* of uncommitted and of committed records; made when needed */
    char prefix[32];
    char names[32][64]; /* of all topics made */
    size_t n_names;
    char text[LAB_TEXT_MAX];
} lab;

/* Group: topics events, other, results, decisions, ownership, outbound, effects, progress of 3 partitions,
 * and a broker. */
int lab_setup(void **state);
int lab_teardown(void **state);

/* Makes one more topic and returns its name, which lives as long as the lab. */
const char *lab_topic(lab *l, const char *name, int partitions);
/* Produces a record and waits for it. Returns its offset. */
int64_t lab_produce(lab *l, const char *topic, int32_t partition, const char *value);
/* Forgets everything before the offset, as retention does. */
void lab_forget(lab *l, const char *topic, int32_t partition, int64_t before);
/* The values of a partition as a reader sees them, "a b c "; valid until the next call. */
const char *lab_read(lab *l, const char *topic, int32_t partition, const char *isolation);
/* Shows every record of a partition, as a reader of this isolation sees them. */
void lab_each(lab *l, const char *topic, int32_t partition, const char *isolation,
              void (*see)(lab *, const rd_kafka_message_t *));
/* The offset that a group committed; -1001: none. */
int64_t lab_committed(lab *l, const char *group, const char *topic, int32_t partition);

#ifndef assert_ok /* the other fixture has the same */
#define assert_ok(rc, err) lab_assert_ok((rc), &(err), __FILE__, __LINE__)
#endif
void lab_assert_ok(int rc, const rlv_error *err, const char *file, int line);

#endif
