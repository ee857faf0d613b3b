/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of conversations; see cache.h. Must never be needed for a right answer. */
#include "lane/cache.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

struct entry {
    rlv_stored stored; /* its texts point into bytes */
    size_t weight;
    struct entry *prev, *next; /* least recently used first */
    UT_hash_handle hh;
    char bytes[];
};

struct rlv_cache {
    struct entry *table, *order;
    size_t bytes, limit;
};

rlv_cache *rlv_cache_new(void)
{
    return calloc(1, sizeof(rlv_cache));
}

static void drop(rlv_cache *cache, struct entry *e)
{
    HASH_DEL(cache->table, e);
    DL_DELETE(cache->order, e);
    cache->bytes -= e->weight;
    free(e);
}

void rlv_cache_limit(rlv_cache *cache, size_t bytes)
{
    cache->limit = bytes;
    while (cache->order && cache->bytes > cache->limit)
        drop(cache, cache->order);
}

void rlv_cache_free(rlv_cache *cache)
{
    if (!cache)
        return;
    rlv_cache_limit(cache, 0);
    free(cache);
}

static struct entry *find(rlv_cache *cache, rlv_id id)
{
    struct entry *e;
    HASH_FIND(hh, cache->table, id.bytes, sizeof(id.bytes), e);
    return e;
}

const rlv_stored *rlv_cache_get(rlv_cache *cache, rlv_id id)
{
    struct entry *e = find(cache, id);
    if (!e)
        return NULL;
    DL_DELETE(cache->order, e);
    DL_APPEND(cache->order, e);
    return &e->stored;
}

static rlv_str keep(char **at, rlv_str s)
{
    rlv_str kept = {*at, s.len};
    if (s.len)
        memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return kept;
}

void rlv_cache_put(rlv_cache *cache, const rlv_stored *stored)
{
    rlv_cache_drop(cache, stored->id);
    size_t texts = stored->state.len + stored->agent_id.len + stored->team.len + stored->tags.len;
    struct entry *e = malloc(sizeof(*e) + texts);
    if (!e)
        return;
    e->stored = *stored;
    e->weight = sizeof(*e) + texts + 16; /* and what malloc adds */
    char *at = e->bytes;
    e->stored.state = keep(&at, stored->state);
    e->stored.agent_id = keep(&at, stored->agent_id);
    e->stored.team = keep(&at, stored->team);
    e->stored.tags = keep(&at, stored->tags);
    HASH_ADD(hh, cache->table, stored.id, sizeof(e->stored.id), e);
    DL_APPEND(cache->order, e);
    cache->bytes += e->weight;
    rlv_cache_limit(cache, cache->limit);
}

void rlv_cache_drop(rlv_cache *cache, rlv_id id)
{
    struct entry *e = find(cache, id);
    if (e)
        drop(cache, e);
}

void rlv_cache_clear(rlv_cache *cache)
{
    size_t limit = cache->limit;
    rlv_cache_limit(cache, 0);
    cache->limit = limit;
}

size_t rlv_cache_bytes(const rlv_cache *cache)
{
    return cache->bytes;
}
