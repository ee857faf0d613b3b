/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of a schema registry that speaks Confluent's API: the writer's schema of an id. One thread of its
 * own asks, so that no lane ever waits for a socket; what was answered is kept for ever. It knows nothing of
 * Avro, Kafka or lanes, and must never take a registry's silence for an answer.
 */
#ifndef RLV_REGISTRY_REGISTRY_H
#define RLV_REGISTRY_REGISTRY_H

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum {
    RLV_REGISTRY_SCHEMA_MAX = 256 * 1024,     /* bytes of one schema; ours have 5,000 */
    RLV_REGISTRY_TOTAL_MAX = 64 * 1024 * 1024 /* of all that a process keeps */
};

/* Where it is, and who asks. Borrowed for the registry's life. */
typedef struct rlv_registry_options {
    const char *url;             /* http(s)://host[:port][/path], without credentials */
    const char *user, *password; /* HTTP basic; "" or NULL: none */
    const char *token;           /* bearer; "" or NULL: none */
    const char *ca_file;         /* PEM of the authorities to trust; "" or NULL: the system's */
    int64_t timeout_ms;          /* of one request, from connecting to the last byte */
} rlv_registry_options;

typedef struct rlv_registry rlv_registry;

/* Starts the asking thread; connects to nothing yet. */
RLV_MUST_CHECK int rlv_registry_new(const rlv_registry_options *options, rlv_registry **ret, rlv_error *err);
/* Ends it, a request under way included (within a second). No other call may be running. Accepts NULL. */
void rlv_registry_free(rlv_registry *registry);

/*
 * The schema of an id, as JSON text that lives as long as the registry. Any thread. Waits at most wait_ms, 0:
 * not at all. The first one who asks for an id makes the thread ask; all others wait for the same answer.
 * Then: RLV_E_UNAVAILABLE  not known yet. err says what is waited for. Ask again: who stops asking gives the
 * id up. RLV_E_NOT_FOUND    the registry says that it has no such id. It is asked again after some seconds.
 *   RLV_E_INVALID      it has, and it is nothing that Relevo reads: not Avro, with references, too large.
 */
RLV_MUST_CHECK int rlv_registry_get(rlv_registry *registry, uint32_t id, int wait_ms, rlv_str *ret,
                                    rlv_error *err);

/* Asks once, without an rlv_registry, what lanes will ask: RLV_OK when the registry answers as one and lets
   us read. Blocks up to timeout_ms. RLV_E_UNAVAILABLE, and err says what is wrong: no answer, no rights, no
   registry. */
RLV_MUST_CHECK int rlv_registry_probe(const rlv_registry_options *options, rlv_error *err);

#endif
