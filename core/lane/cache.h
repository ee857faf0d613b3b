/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversations that a lane saw lately, as stored: a blob and a version each, so that memory is what the blobs weigh.
 * It may be stale at any time: the version is checked in the commit. One thread. Private to this room.
 */
#ifndef RLV_LANE_CACHE_H
#define RLV_LANE_CACHE_H

#include "store/store.h"

typedef struct rlv_cache rlv_cache;

rlv_cache *rlv_cache_new(void);
void rlv_cache_free(rlv_cache *cache);
/* Drops the least recently used until at most bytes are kept, now and from now on. */
void rlv_cache_limit(rlv_cache *cache, size_t bytes);
/* NULL when it is not there. Borrowed until the next put or drop. */
const rlv_stored *rlv_cache_get(rlv_cache *cache, rlv_id id);
/* Copies it in; a conversation that does not fit is simply not kept. */
void rlv_cache_put(rlv_cache *cache, const rlv_stored *stored);
void rlv_cache_drop(rlv_cache *cache, rlv_id id);
/* Drops all of them; the limit stays. */
void rlv_cache_clear(rlv_cache *cache);
size_t rlv_cache_bytes(const rlv_cache *cache);

#endif
