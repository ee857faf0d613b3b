/* SPDX-License-Identifier: Apache-2.0 */
/* One GET of a schema registry, and what its answer means. Internal to the room. */
#ifndef RLV_REGISTRY_ASK_H
#define RLV_REGISTRY_ASK_H

#include <stdatomic.h>

#include "base/buf.h"
#include "registry/registry.h"

/* A connection, kept from one request to the next. One thread at a time. */
typedef struct rlv_ask rlv_ask;

/* stop: a request under way ends within a second when it becomes true; NULL: it never does. */
RLV_MUST_CHECK int rlv_ask_new(const rlv_registry_options *options, const atomic_bool *stop, rlv_ask **ret,
                               rlv_error *err);
void rlv_ask_free(rlv_ask *ask);

/* Asks for a schema; *ret is its text, to be freed with free(). Codes as of rlv_registry_get. */
RLV_MUST_CHECK int rlv_ask_schema(rlv_ask *ask, uint32_t id, char **ret, size_t *ret_len, rlv_error *err);

#endif
