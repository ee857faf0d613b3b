/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a message: they are read into tokens that lie in the source and give features of
 * bounded length; what they fold to can be read too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const rlt_doc *doc)
{
    for (uint32_t i = 0; i < doc->n_tokens; i++) {
        const rlt_token *token = &doc->tokens[i];
        if (token->text.len == 0 || token->source_at + (uint64_t)token->source_len > doc->source.len ||
            token->hash != rlt_hash(token->text))
            abort();
        relevo_str written = rlt_written(doc, i, 1);
        if (written.ptr != doc->source.ptr + token->source_at)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rlt_work *work = rlt_work_new();
    rlt_doc doc, again;
    const rlt_feature *features;
    uint32_t n;
    double length = 0;
    if (!work || rlt_read(work, (relevo_str){(const char *)data, size}, &doc) != RLT_OK ||
        rlt_features(work, &doc, &features, &n) != RLT_OK)
        abort();
    check(&doc);
    for (uint32_t i = 0; i < n; i++) {
        if (features[i].bucket >= RLT_BUCKETS || !(features[i].value > 0))
            abort();
        length += (double)features[i].value * (double)features[i].value;
    }
    if (length > 4.001) /* two blocks of length 1, which may share buckets */
        abort();
    (void)rlt_language_guess(&doc, NULL);
    if (rlt_read(work, doc.folded, &again) != RLT_OK)
        abort();
    check(&again);
    rlt_work_free(work);
    return 0;
}
