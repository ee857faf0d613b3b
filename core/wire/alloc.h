/* SPDX-License-Identifier: Apache-2.0 */
/*
 * avro-c's memory. While a scope is open, what this thread's avro-c allocates comes from an arena and is
 * never freed: what it leaks dies with the batch, and a length bomb meets a budget. Without a scope it is
 * malloc, so that schemas outlive batches. Its error texts are dropped for the whole process (alloc.c says why).
 */
#ifndef RLV_WIRE_ALLOC_H
#define RLV_WIRE_ALLOC_H

#include "base/arena.h"

/* Becomes avro-c's allocator for the whole process. Once; later calls do nothing. Any thread, before avro-c
   is used. */
void rlv_avro_install(void);

/* Opens this thread's scope: at most budget bytes from the arena. Scopes do not nest. */
void rlv_avro_open(rlv_arena *arena, size_t budget);
/* Closes it. True when an allocation was refused because of the budget (not of the arena's ceiling). */
bool rlv_avro_close(void);

#endif
