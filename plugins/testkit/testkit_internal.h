/* SPDX-License-Identifier: Apache-2.0 */
/* What the testkit's own files share. It must not be included by tests. */
#ifndef RELEVO_TESTKIT_INTERNAL_H
#define RELEVO_TESTKIT_INTERNAL_H

#include "testkit/testkit.h"

/* Blocks that are freed together. A pool belongs to one thread at a time. */
tk_pool *tk_pool_new(void);
/* A zeroed block; running out of memory aborts, as a test has no way to go on. */
void *tk_pool_get(tk_pool *pool, size_t n);
/* NULL is fine. A pool may own others: they go with it. */
void tk_pool_own(tk_pool *pool, tk_pool *child);
void tk_pool_free(tk_pool *pool);

/* A NUL-terminated copy in the pool. */
relevo_str tk_pool_text(tk_pool *pool, const char *ptr, uint64_t len);

/* Binds the pairs in `arguments` (name, value, ..., NULL) to the plugin's options; returns false with a line
   in error. */
bool tk_bind(tk_pool *pool, const relevo_plugin *plugin, va_list arguments, relevo_value **ret_values,
             char error[TK_ERROR_SIZE]);

#endif
