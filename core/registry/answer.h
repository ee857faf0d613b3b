/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON that a registry answers with. Internal to the room. */
#ifndef RLV_REGISTRY_ANSWER_H
#define RLV_REGISTRY_ANSWER_H

#include "registry/registry.h"

/*
 * Reads the body of an answer about a schema: found says whether its status did. RLV_OK: *ret, to be freed
 * with free(). RLV_E_NOT_FOUND, RLV_E_INVALID: as of rlv_registry_get. RLV_E_UNAVAILABLE, without a message:
 * no registry writes such a body.
 */
RLV_MUST_CHECK int rlv_answer_read(rlv_str body, bool found, uint32_t id, char **ret, size_t *ret_len,
                                   rlv_error *err);

#endif
