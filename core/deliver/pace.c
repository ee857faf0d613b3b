/* SPDX-License-Identifier: Apache-2.0 */
/* How fast, and whether at all; see pace.h. Must never read a clock by itself. */
#include "deliver/pace.h"

#include <stdlib.h>

enum {
    OPEN_AFTER = 5,
    FIRST_PAUSE_US = 1000000,
    LONGEST_PAUSE_US = 60000000,
    TRIAL_US = 30000000,
    TRIAL_LOOK_US = 1000000
};
enum {
    FIRST_BACKOFF_MS = 1000,
    LONGEST_BACKOFF_MS = 300000
};

typedef struct bucket {
    struct bucket *next;
    double tokens, rate, burst;
    int64_t at_us;
    size_t len;
    char name[];
} bucket;

struct rlv_pace {
    bucket **slots;
    size_t n_slots, n; /* n_slots: a power of two */
    int64_t swept_us;
};

rlv_pace *rlv_pace_new(void)
{
    rlv_pace *p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    p->n_slots = 64;
    p->slots = calloc(p->n_slots, sizeof(*p->slots));
    if (!p->slots) {
        free(p);
        return NULL;
    }
    return p;
}

void rlv_pace_free(rlv_pace *pace)
{
    if (!pace)
        return;
    for (size_t i = 0; i < pace->n_slots; i++)
        for (bucket *b = pace->slots[i], *next; b; b = next) {
            next = b->next;
            free(b);
        }
    free(pace->slots);
    free(pace);
}

static bucket **find(const rlv_pace *p, rlv_str name)
{
    bucket **at = &p->slots[rlv_str_hash(name) & (p->n_slots - 1)];
    while (*at && !rlv_str_eq((rlv_str){(*at)->name, (*at)->len}, name))
        at = &(*at)->next;
    return at;
}

static void refill(bucket *b, int64_t now_us)
{
    if (now_us > b->at_us)
        b->tokens += (double)(now_us - b->at_us) / 1e6 * b->rate;
    if (b->tokens > b->burst)
        b->tokens = b->burst;
    b->at_us = now_us;
}

/* Twice as many slots, when memory allows: without, it is only slower. */
static void grow(rlv_pace *p)
{
    bucket **slots = calloc(p->n_slots * 2, sizeof(*slots));
    if (!slots)
        return;
    bucket **old = p->slots;
    size_t n_old = p->n_slots;
    p->slots = slots;
    p->n_slots *= 2;
    for (size_t i = 0; i < n_old; i++)
        for (bucket *b = old[i], *next; b; b = next) {
            next = b->next;
            bucket **at = &p->slots[rlv_str_hash((rlv_str){b->name, b->len}) & (p->n_slots - 1)];
            b->next = *at;
            *at = b;
        }
    free(old);
}

/* Once a second at most: full buckets say nothing that a new one would not. */
static void sweep(rlv_pace *p, int64_t now_us)
{
    if (now_us - p->swept_us < 1000000)
        return;
    p->swept_us = now_us;
    for (size_t i = 0; i < p->n_slots; i++)
        for (bucket **at = &p->slots[i]; *at;) {
            bucket *b = *at;
            refill(b, now_us);
            if (b->tokens >= b->burst) {
                *at = b->next;
                free(b);
                p->n--;
            } else {
                at = &b->next;
            }
        }
}

int64_t rlv_pace_take(rlv_pace *pace, rlv_str name, double rate, double burst, int64_t now_us)
{
    sweep(pace, now_us);
    bucket **at = find(pace, name), *b = *at;
    if (!b) {
        b = malloc(sizeof(*b) + name.len);
        if (!b)
            return 1000000; /* slower, not faster */
        *b = (bucket){.tokens = burst, .at_us = now_us, .len = name.len};
        memcpy(b->name, name.ptr, name.len);
        *at = b;
        if (++pace->n > pace->n_slots)
            grow(pace);
    }
    b->rate = rate;
    b->burst = burst;
    refill(b, now_us);
    b->tokens -= 1;
    return b->tokens >= 0 ? 0 : (int64_t)(-b->tokens / rate * 1e6) + 1;
}

void rlv_pace_give_back(rlv_pace *pace, rlv_str name)
{
    bucket *b = *find(pace, name);
    if (b)
        b->tokens += 1;
}

void rlv_pace_forgive(rlv_pace *pace)
{
    for (size_t i = 0; i < pace->n_slots; i++)
        for (bucket *b = pace->slots[i]; b; b = b->next)
            if (b->tokens < 0)
                b->tokens = 0;
}

size_t rlv_pace_buckets(const rlv_pace *pace)
{
    return pace->n;
}

/* ---- the breaker
 * ----------------------------------------------------------------------------------------------- */

int64_t rlv_breaker_ask(rlv_breaker *breaker, int64_t now_us)
{
    if (breaker->failures < OPEN_AFTER)
        return 0;
    int64_t wait_us = breaker->open_until_us - now_us;
    if (wait_us > 0)
        return breaker->trying && wait_us > TRIAL_LOOK_US ? TRIAL_LOOK_US : wait_us;
    /* One tries. Should its outcome never be told, another tries later. */
    breaker->trying = true;
    breaker->open_until_us = now_us + TRIAL_US;
    return 0;
}

void rlv_breaker_give_back(rlv_breaker *breaker, int64_t now_us)
{
    if (!breaker->trying)
        return;
    breaker->trying = false;
    breaker->open_until_us = now_us;
}

bool rlv_breaker_tell(rlv_breaker *breaker, bool down, int64_t now_us)
{
    if (!down) {
        *breaker = (rlv_breaker){0};
        return false;
    }
    if (breaker->failures < OPEN_AFTER && ++breaker->failures < OPEN_AFTER)
        return false;
    /* Requests that were under way when it opened tell nothing new. */
    if (breaker->pause_us && !breaker->trying)
        return false;
    bool first = breaker->pause_us == 0;
    breaker->pause_us = first ? FIRST_PAUSE_US : breaker->pause_us * 2;
    if (breaker->pause_us > LONGEST_PAUSE_US)
        breaker->pause_us = LONGEST_PAUSE_US;
    breaker->open_until_us = now_us + breaker->pause_us;
    breaker->trying = false;
    return first;
}

int64_t rlv_backoff_ms(int32_t attempt, uint64_t seed)
{
    int64_t ms = FIRST_BACKOFF_MS;
    for (int32_t i = 1; i < attempt && ms < LONGEST_BACKOFF_MS; i++)
        ms *= 2;
    if (ms > LONGEST_BACKOFF_MS)
        ms = LONGEST_BACKOFF_MS;
    uint64_t mixed =
        rlv_str_hash((rlv_str){(const char *)&seed, sizeof(seed)}) + (uint64_t)attempt * 0x9E3779B97F4A7C15u;
    return ms / 2 + (int64_t)((mixed >> 16) % (uint64_t)(ms / 2 + 1));
}
