/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump arena with a ceiling: memory by lifetime. A lane has one for each batch and resets it at the loop's top, so
 * that nothing allocated for a batch, by us or by a library, outlives it. One thread at a time.
 */
#ifndef RLV_BASE_ARENA_H
#define RLV_BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

typedef struct rlv_arena rlv_arena;

/* Makes an arena that refuses to hold more than ceiling bytes. NULL when memory is short. Blocks are got as needed. */
rlv_arena *rlv_arena_new(size_t ceiling);
void rlv_arena_free(rlv_arena *arena);

/* size bytes aligned for any type, not cleared. NULL over the ceiling; the arena stays usable. */
void *rlv_arena_alloc(rlv_arena *arena, size_t size) __attribute__((malloc, alloc_size(2)));
/* n zeroed elements. NULL over the ceiling or when n * size overflows. */
void *rlv_arena_zalloc(rlv_arena *arena, size_t n, size_t size) __attribute__((malloc, alloc_size(2, 3)));
/* A copy, NUL-terminated besides. {NULL, 0} when over the ceiling, which for an absent s is the right answer too. */
rlv_str rlv_arena_copy(rlv_arena *arena, rlv_str s);
/* Formatted text, NUL-terminated; "" when over the ceiling. */
const char *rlv_arena_printf(rlv_arena *arena, const char *fmt, ...) RLV_PRINTF(2, 3);

/* Forgets everything; keeps the first block, gives the others back. */
void rlv_arena_reset(rlv_arena *arena);
/* Bytes handed out since the last reset. */
size_t rlv_arena_used(const rlv_arena *arena);
/* True when an allocation was refused since the last reset. Lets a caller check once, at the end. */
int rlv_arena_overflowed(const rlv_arena *arena);

#endif
