/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that many pages ask for at once, the same for all who may see the same: the first asks Postgres, the others of the next moments
 * are given what it was told. Must never give an answer to somebody whose question was not the same to the byte.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "desk/private.h"

enum { SLOTS = 256, KEY_MAX = 16 * 1024, ANSWER_MAX = 256 * 1024 };

struct slot {
    pthread_mutex_t lock; /* held while Postgres is asked: others wait for the same answer */
    rlv_buf key, text;
    int64_t made_us;
};

struct rlv_shared {
    struct slot slots[SLOTS];
};

/* The statement by its place, and all that it is asked with. */
static bool make_key(rlv_buf *key, const char *sql, const rlv_str *args, size_t n)
{
    rlv_buf_append(key, &sql, sizeof(sql));
    for (size_t i = 0; i < n; i++) {
        rlv_buf_append(key, &args[i].len, sizeof(args[i].len));
        rlv_buf_append(key, args[i].len ? args[i].ptr : "", args[i].len);
    }
    return !key->failed;
}

static bool holds(const struct slot *slot, const rlv_buf *key, int64_t since_us)
{
    return slot->key.len == key->len && slot->key.len > 0 && memcmp(slot->key.data, key->data, key->len) == 0 && slot->made_us > since_us;
}

static void keep(struct slot *slot, const rlv_buf *key, rlv_str text, int64_t now_us)
{
    rlv_buf_reset(&slot->key);
    rlv_buf_reset(&slot->text);
    rlv_buf_str(&slot->text, text);
    rlv_buf_append(&slot->key, key->data, key->len);
    slot->made_us = now_us;
    if (slot->key.failed || slot->text.failed)
        rlv_buf_reset(&slot->key);
}

int rlv_shared_ask(rlv_desk *desk, int64_t keep_ms, const char *sql, const rlv_str *args, size_t n, rlv_arena *arena, rlv_str *ret,
                   char ret_state[RLV_ASK_STATE], rlv_error *err)
{
    rlv_buf key = RLV_BUF_INIT(KEY_MAX);
    if (!make_key(&key, sql, args, n)) {
        rlv_buf_free(&key);
        return rlv_desk_ask(desk, sql, args, n, arena, ret, ret_state, err);
    }
    struct slot *slot = &desk->shared->slots[rlv_str_hash(rlv_buf_view(&key)) % SLOTS];
    int rc = RLV_OK;
    ret_state[0] = '\0';
    (void)pthread_mutex_lock(&slot->lock);
    if (holds(slot, &key, rlv_clock_mono_us() - keep_ms * 1000)) {
        *ret = rlv_arena_copy(arena, rlv_buf_view(&slot->text));
        if (!ret->len && slot->text.len)
            rc = rlv_error_set(err, RLV_E_LIMIT, "memory is short");
    } else {
        int64_t now_us = rlv_clock_mono_us(); /* what happens from here on may not be in it */
        rc = rlv_desk_ask(desk, sql, args, n, arena, ret, ret_state, err);
        if (rc == RLV_OK)
            keep(slot, &key, *ret, now_us);
    }
    (void)pthread_mutex_unlock(&slot->lock);
    rlv_buf_free(&key);
    return rc;
}

rlv_shared *rlv_shared_new(void)
{
    rlv_shared *shared = calloc(1, sizeof(*shared));
    for (size_t i = 0; shared && i < SLOTS; i++) {
        (void)pthread_mutex_init(&shared->slots[i].lock, NULL);
        shared->slots[i].key = RLV_BUF_INIT(KEY_MAX);
        shared->slots[i].text = RLV_BUF_INIT(ANSWER_MAX);
    }
    return shared;
}

void rlv_shared_free(rlv_shared *shared)
{
    for (size_t i = 0; shared && i < SLOTS; i++) {
        rlv_buf_free(&shared->slots[i].key);
        rlv_buf_free(&shared->slots[i].text);
        (void)pthread_mutex_destroy(&shared->slots[i].lock);
    }
    free(shared);
}
