/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings as endpoints and files write them, in JSON: read, checked, of length 1. A library of its own (relevo_text_embedding), as it
   needs jansson. */
#ifndef RELEVO_TEXT_EMBEDDING_H
#define RELEVO_TEXT_EMBEDDING_H

#include <jansson.h>

#include "text/text.h"

#define RLT_DIMENSIONS_MAX 4096u

/* A list of numbers, scaled to length 1. False: a member is no finite number, there are not `dimensions` of them, or all are zero. */
bool rlt_embedding_take(const json_t *list, size_t dimensions, float *out);

/* The body of a request to /v1/embeddings, at most 1000 bytes of the message behind the prefix; to be freed. NULL: out of memory. */
char *rlt_embedding_ask(const char *model, const char *prefix, relevo_str message);
/* The first embedding in the answer; to be freed. NULL: *ret_why says why, a literal. Any bytes may come. */
float *rlt_embedding_read(relevo_str body, size_t dimensions, const char **ret_why);

#endif
