/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of articles, in Markdown and in YAML, and behind a NUL as a customer's questions, one a line, and as an endpoint's
   embedding: read or refused in one line; what is found is one of the articles, no nearer than any could be; an embedding has the length 1. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text/embedding.h"
#include "text/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { QUESTIONS_MAX = 8, DIMENSIONS = 2, DAY = 20454 };

static void check_found(const rlt_kb *kb, const rlt_found *found)
{
    if (!(found->score >= 0 && found->score < 1.001 && found->second_score <= found->score))
        abort();
    if (found->best && (found->best < kb->articles || found->best >= kb->articles + kb->n || !rlt_is_valid(found->best, DAY)))
        abort();
    if (found->second && (!found->best || rlt_equal(found->best->id, found->second->id)))
        abort();
}

static void ask(const rlt_kb *kb, relevo_str text)
{
    rlt_index *index = rlt_index_new(kb);
    rlt_work *work = rlt_work_new();
    for (int i = 0; index && work && text.len > 0 && i < QUESTIONS_MAX; i++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        relevo_str line = {text.ptr, end ? (uint64_t)(end - text.ptr) : text.len};
        rlt_doc doc;
        rlt_found found;
        rlt_work_reset(work);
        if (rlt_read(work, line, &doc) != RLT_OK)
            abort();
        rlt_asking asking = {.language = rlt_language_guess(&doc, NULL), .day = DAY, .intent = rlt_str("a"), .certainty = (double)i / QUESTIONS_MAX};
        if (!rlt_search(index, work, &doc, &asking, &found))
            abort();
        check_found(kb, &found);
        line.len += end != NULL;
        text = (relevo_str){text.ptr + line.len, text.len - line.len};
    }
    rlt_work_free(work);
    rlt_index_free(index);
}

static void check_file(const char *name, relevo_str text, relevo_str questions)
{
    rlt_kb kb = {.work = rlt_work_new()};
    rlt_error error = {.line = ""};
    if (!kb.work)
        abort();
    if (rlt_kb_add(&kb, name, text, &error))
        ask(&kb, questions);
    else if (error.line[0] == '\0')
        abort();
    rlt_kb_clear(&kb);
}

static void embed(relevo_str body)
{
    const char *why = NULL;
    float *vector = rlt_embedding_read(body, DIMENSIONS, &why);
    if (vector ? fabs(hypot((double)vector[0], (double)vector[1]) - 1) > 1e-3 : !why)
        abort();
    free(vector);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *nul = size ? memchr(text, 0, size) : NULL;
    size_t len = nul ? (size_t)(nul - text) : size;
    relevo_str rest = {nul ? nul + 1 : "", nul ? size - len - 1 : 0};
    check_file("kb.md", (relevo_str){text, len}, rest);
    check_file("kb.yaml", (relevo_str){text, len}, rest);
    embed(rest);
    return 0;
}
