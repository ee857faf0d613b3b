/* SPDX-License-Identifier: Apache-2.0 */
/* The bump arena; see arena.h. Must never abort: a refused allocation is a NULL that the caller turns into an error. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_BLOCK = 64 * 1024, LARGEST_BLOCK = 4 * 1024 * 1024 };

struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
};

struct rlv_arena {
    struct block *first, *current;
    size_t ceiling, used;
    int overflowed;
};

static struct block *block_new(size_t size)
{
    struct block *b = malloc(sizeof(*b) + size);
    if (b) {
        b->next = NULL;
        b->size = size;
        b->used = 0;
    }
    return b;
}

rlv_arena *rlv_arena_new(size_t ceiling)
{
    rlv_arena *arena = calloc(1, sizeof(*arena));
    if (!arena)
        return NULL;
    arena->ceiling = ceiling;
    arena->first = arena->current = block_new(ceiling < FIRST_BLOCK ? ceiling : FIRST_BLOCK);
    if (!arena->first) {
        free(arena);
        return NULL;
    }
    return arena;
}

static void free_chain(struct block *b)
{
    while (b) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
}

void rlv_arena_free(rlv_arena *arena)
{
    if (!arena)
        return;
    free_chain(arena->first);
    free(arena);
}

void *rlv_arena_alloc(rlv_arena *arena, size_t size)
{
    size_t need = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (need < size || need > arena->ceiling - arena->used) {
        arena->overflowed = 1;
        return NULL;
    }
    struct block *b = arena->current;
    if (need > b->size - b->used) {
        /* Blocks double, so that a batch of any size costs few of them. */
        size_t want = b->size * 2 < LARGEST_BLOCK ? b->size * 2 : LARGEST_BLOCK;
        struct block *fresh = block_new(want > need ? want : need);
        if (!fresh) {
            arena->overflowed = 1;
            return NULL;
        }
        b->next = fresh;
        arena->current = b = fresh;
    }
    void *p = b->bytes + b->used;
    b->used += need;
    arena->used += need;
    return p;
}

void *rlv_arena_zalloc(rlv_arena *arena, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) {
        arena->overflowed = 1;
        return NULL;
    }
    void *p = rlv_arena_alloc(arena, total);
    if (p)
        memset(p, 0, total);
    return p;
}

rlv_str rlv_arena_copy(rlv_arena *arena, rlv_str s)
{
    if (s.len == 0)
        return (rlv_str){NULL, 0};
    char *p = s.len < SIZE_MAX ? rlv_arena_alloc(arena, s.len + 1) : NULL;
    if (!p)
        return (rlv_str){NULL, 0};
    memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return (rlv_str){p, s.len};
}

const char *rlv_arena_printf(rlv_arena *arena, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : rlv_arena_alloc(arena, (size_t)n + 1);
    if (p)
        (void)vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p ? p : "";
}

void rlv_arena_reset(rlv_arena *arena)
{
    free_chain(arena->first->next);
    arena->first->next = NULL;
    arena->first->used = 0;
    arena->current = arena->first;
    arena->used = 0;
    arena->overflowed = 0;
}

size_t rlv_arena_used(const rlv_arena *arena)
{
    return arena->used;
}

int rlv_arena_overflowed(const rlv_arena *arena)
{
    return arena->overflowed;
}
