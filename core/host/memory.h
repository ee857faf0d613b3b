/* SPDX-License-Identifier: Apache-2.0 */
/* Where the loaded objects lie: so that a pointer in a descriptor is looked at before it is followed. */
#ifndef RLV_HOST_MEMORY_H
#define RLV_HOST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

enum rlv_memory_use {
    RLV_MEMORY_DATA,
    RLV_MEMORY_CODE
};

/* Bytes from p to the end of the loaded segment that holds it and may be used so; 0: p points into none. */
size_t rlv_memory_room(const void *p, enum rlv_memory_use use);

/* True when a text of at most max bytes before its NUL begins at p; *ret_len is its length. */
bool rlv_memory_text(const char *p, size_t max, size_t *ret_len);

#endif
