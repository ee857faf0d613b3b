/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing buffer with a ceiling. A refused append marks the buffer failed and every later one is refused too, so
 * that a writer checks once, at the end. One thread at a time.
 */
#ifndef RLV_BASE_BUF_H
#define RLV_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

typedef struct rlv_buf {
    char *data; /* NUL-terminated once anything was appended */
    size_t len, cap, ceiling;
    bool failed;
} rlv_buf;

/* An empty buffer that will not grow past ceiling bytes (its NUL not counted). Allocates nothing yet. */
#define RLV_BUF_INIT(max) ((rlv_buf){.ceiling = (max)})

void rlv_buf_append(rlv_buf *buf, const void *data, size_t len);
void rlv_buf_str(rlv_buf *buf, rlv_str s);
void rlv_buf_printf(rlv_buf *buf, const char *fmt, ...) RLV_PRINTF(2, 3);
/* Empties it and clears `failed`; keeps the memory. */
void rlv_buf_reset(rlv_buf *buf);
/* Gives the memory back; the buffer is empty and usable again. */
void rlv_buf_free(rlv_buf *buf);

static inline rlv_str rlv_buf_view(const rlv_buf *buf)
{
    return (rlv_str){buf->data, buf->len};
}

#endif
