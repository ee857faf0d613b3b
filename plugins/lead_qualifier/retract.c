/* SPDX-License-Identifier: Apache-2.0 */
/* See retract.h. It goes by the words that correct and by "no" alone; what they are about it must never judge. */
#include "retract.h"

#include <string.h>

/* A text put together of clauses. */
typedef struct pieces {
    char *bytes;
    size_t n;
} pieces;

static void add(pieces *to, const rlt_doc *doc, uint32_t from, uint32_t end)
{
    relevo_str text = from < end ? rlt_written(doc, from, end - from) : (relevo_str){NULL, 0};
    if (text.len == 0)
        return;
    if (to->n > 0) {
        memcpy(to->bytes + to->n, ", ", 2);
        to->n += 2;
    }
    memcpy(to->bytes + to->n, text.ptr, (size_t)text.len);
    to->n += (size_t)text.len;
}

/* In Portuguese "no" is "in the": "no dia 20", "no Recife". */
static bool is_no(const lq_message *in, uint32_t i)
{
    return rlt_is_among(in->language == RLT_PT ? " nao " : " no nao not ", in->doc.tokens[i].text);
}

bool lq_is_no(const lq_message *in)
{
    return in->doc.n_tokens == 1 && rlt_is_among(" no nao not ", in->doc.tokens[0].text);
}

bool lq_corrects(const lq_message *in, rlt_match *ret)
{
    for (uint32_t from = 0; rlt_text_find(in->words->meanings[LQ_CORRECTS], &in->doc, from, ret); from = ret->token + 1)
        if (ret->n_tokens > 1 || !rlt_is_among(" no ", in->doc.tokens[ret->token].text) || is_no(in, ret->token))
            return ret->token <= 1 || ret->n_tokens > 1;
    return false;
}

/* Behind the last words in from..end that correct, but for a bare "no"; `from`: there are none. */
static uint32_t behind_correction(const lq_message *in, uint32_t from, uint32_t end)
{
    rlt_match match;
    uint32_t behind = from;
    for (uint32_t at = from; at < end && rlt_text_find(in->words->meanings[LQ_CORRECTS], &in->doc, at, &match) && match.token < end;
         at = match.token + match.n_tokens)
        if (match.n_tokens > 1 || !rlt_is_among(" no nao not ", in->doc.tokens[match.token].text))
            behind = match.token + match.n_tokens;
    return behind < end ? behind : end;
}

/* A clause: "premium no básico" means the first, "el 5 no" and "no el 5" nothing; a bare "no" says neither. */
static void take_apart(const lq_message *in, uint32_t from, uint32_t end, pieces *kept, pieces *back)
{
    const rlt_doc *doc = &in->doc;
    uint32_t no = from;
    while (no < end && !is_no(in, no))
        no++;
    bool whole = no + 1 == end && no > from; /* "el 5 no" */
    add(whole ? back : kept, doc, from, no);
    if (no < end)
        add(back, doc, no + 1, end);
}

static bool read(const lq_message *in, const pieces *from, rlt_doc *ret)
{
    return rlt_read(in->work, (relevo_str){from->bytes, from->n}, ret) == RLT_OK;
}

/* Whether a clause begins with this token, not the first: "1,500" and "ana@x.mx" are none but one. */
static bool begins_clause(const rlt_doc *doc, uint32_t i)
{
    const rlt_token *before = &doc->tokens[i - 1];
    bool spaced = false;
    for (uint32_t at = before->source_at + before->source_len; at < doc->tokens[i].source_at; at++)
        spaced = spaced || strchr(" \t\n", doc->source.ptr[at]);
    return spaced && rlt_stands_apart(doc, i);
}

bool lq_retract(const lq_message *in, bool *ret_any, rlt_doc *ret_kept, rlt_doc *ret_back)
{
    const rlt_doc *doc = &in->doc;
    size_t room = (size_t)doc->source.len + 2 * (size_t)doc->n_tokens + 1;
    pieces kept = {rlt_work_alloc(in->work, room), 0}, back = {rlt_work_alloc(in->work, room), 0};
    if (!kept.bytes || !back.bytes)
        return false;
    for (uint32_t from = 0, end; from < doc->n_tokens; from = end) {
        for (end = from + 1; end < doc->n_tokens && !begins_clause(doc, end);)
            end++;
        bool bare = end == from + 1 && is_no(in, from) && from > 0 && end < doc->n_tokens; /* "el 5, no, el 6" */
        uint32_t begin = bare ? end : behind_correction(in, from, end);
        if (begin > from) { /* what stands before it is not meant */
            back.n = kept.n = 0;
            add(&back, doc, 0, begin);
        }
        take_apart(in, begin, end, &kept, &back);
    }
    *ret_any = kept.n > 0 && back.n > 0;
    return !*ret_any || (read(in, &kept, ret_kept) && read(in, &back, ret_back));
}
