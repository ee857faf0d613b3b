/* SPDX-License-Identifier: Apache-2.0 */
/* Where a question begins: the words that open one in es, pt and en, folded. */
#include "text.h"

#include <stdio.h>
#include <string.h>

#define LEANING_MAX 6u /* tokens */
#define ITEM_MAX    3u /* tokens of a list's item: "formas de pago" */

static const char openers[] =
    " que cual cuales cuanto cuanta cuantos cuantas como donde cuando quien quienes tienen tienes tiene hacen hay puedo "
    "pueden puedes aceptan venden entregan mandan envian abren cierran "
    "qual quais quanto quanta quantos quantas onde quando quem voces tem posso podem aceitam vendem fazem entregam abrem "
    "what which how where when who why do does did can could is are will ";

/* Words that may stand before it. */
static const char leads[] = " por a de en para con desde hasta o e com em ate at in for with from ";

static bool is_one_of(const char *words, relevo_str word)
{
    char padded[24];
    return word.len > 0 && word.len <= 20 && snprintf(padded, sizeof padded, " %.*s ", (int)word.len, word.ptr) > 0 &&
           strstr(words, padded) != NULL;
}

bool rlt_question_at(const rlt_doc *doc, uint32_t token)
{
    if (token >= doc->n_tokens)
        return false;
    if (is_one_of(leads, doc->tokens[token].text) && token + 1 < doc->n_tokens &&
        is_one_of(openers, doc->tokens[token + 1].text))
        return true;
    return is_one_of(openers, doc->tokens[token].text);
}

bool rlt_is_question(const rlt_doc *doc)
{
    return doc->n_questions > 0 || (doc->n_tokens > 1 && rlt_question_at(doc, 0));
}

bool rlt_leans(const rlt_doc *doc)
{
    static const char joins[] = " y e and pero mas but tambien tambem also ";
    return doc->n_tokens >= 2 && doc->n_tokens <= LEANING_MAX && is_one_of(joins, doc->tokens[0].text);
}

/* Whether a question has begun by then. */
static bool has_question(const rlt_doc *doc, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        if (rlt_question_at(doc, i))
            return true;
    return false;
}

/* Whether a sentence that began with token `first` ends before this one. */
static bool ends_between(const rlt_doc *doc, uint32_t first, uint32_t token)
{
    const rlt_token *before = &doc->tokens[token - 1];
    relevo_str gap = {doc->source.ptr + before->source_at + before->source_len,
                      doc->tokens[token].source_at - before->source_at - before->source_len};
    bool comma = false;
    for (uint64_t i = 0; i < gap.len; i++) {
        comma = comma || gap.ptr[i] == ',';
        if (strchr("?!;\n", gap.ptr[i]) || (gap.ptr[i] == '.' && i + 1 < gap.len))
            return true;
    }
    /* "En 1998, ¿qué equipo ganó?" is one question, "¿a qué hora abren, cuánto cuesta?" are two. */
    return comma && rlt_question_at(doc, token) && has_question(doc, first, token);
}

/* Whether there is a comma before this token; the one of "1,500" is none. */
static bool comma_before(const rlt_doc *doc, uint32_t token)
{
    const rlt_token *before = &doc->tokens[token - 1];
    const char *gap = doc->source.ptr + before->source_at + before->source_len, *end = doc->source.ptr + doc->tokens[token].source_at;
    return end - gap > 1 && memchr(gap, ',', (size_t)(end - gap));
}

bool rlt_instead(const rlt_doc *doc, relevo_str *ret)
{
    bool refuses = false;
    for (uint32_t i = 0; i + 1 < doc->n_tokens; i++) {
        if (refuses && comma_before(doc, i) && is_one_of(" solo solamente sino so somente apenas just only ", doc->tokens[i].text)) {
            *ret = rlt_written(doc, i + 1, doc->n_tokens - i - 1);
            return true;
        }
        refuses = refuses || is_one_of(" no nao not dont ", doc->tokens[i].text);
    }
    return false;
}

bool rlt_refuses(const rlt_doc *doc)
{
    static const char denials[] = " no nao dont not ", wants[] = " quiero necesito quisiera deseo quero preciso want need ";
    uint32_t at = doc->n_tokens > 1 && is_one_of(" yo eu i ", doc->tokens[0].text);
    if (doc->n_questions > 0 || at + 2 >= doc->n_tokens || !is_one_of(denials, doc->tokens[at].text))
        return false;
    for (uint32_t i = at + 1; i < doc->n_tokens; i++)
        if (rlt_stands_apart(doc, i) || is_one_of(" pero mas but sino solo so y e and ", doc->tokens[i].text))
            return false;
    return is_one_of(wants, doc->tokens[at + 1].text);
}

/* Cuts at every "y", with `commas` at commas too. 0: more than `max`, or with commas an item of many words: they part clauses then. */
static size_t cut_list(const rlt_doc *doc, bool commas, relevo_str *ret, size_t max)
{
    static const char joins[] = " y e and ";
    size_t n = 0;
    uint32_t first = 0;
    for (uint32_t i = 0; i <= doc->n_tokens; i++) {
        bool join = i < doc->n_tokens && is_one_of(joins, doc->tokens[i].text);
        if (i < doc->n_tokens && !join && !(commas && i > 0 && comma_before(doc, i)))
            continue;
        if (i > first && (n == max || (commas && i - first > ITEM_MAX)))
            return 0;
        if (i > first)
            ret[n++] = rlt_written(doc, first, i - first);
        first = join ? i + 1 : i;
    }
    return n;
}

size_t rlt_list_items(const rlt_doc *doc, relevo_str *ret, size_t max)
{
    size_t n = cut_list(doc, true, ret, max);
    return n ? n : cut_list(doc, false, ret, max);
}

size_t rlt_sentences(const rlt_doc *doc, relevo_str *ret, size_t max)
{
    static const char joins[] = " y e ademas tambien alem and also plus ";
    size_t n = 0;
    uint32_t first = 0;
    for (uint32_t i = 1; i <= doc->n_tokens && n < max; i++) {
        bool whether = i + 1 < doc->n_tokens && is_one_of(" si se if whether ", doc->tokens[i + 1].text); /* "y si hacen envíos" */
        bool joined = i < doc->n_tokens && is_one_of(joins, doc->tokens[i].text) && rlt_question_at(doc, i + 1 + whether) &&
                      has_question(doc, first, i);
        if (i < doc->n_tokens && !joined && !(n + 1 < max && ends_between(doc, first, i)))
            continue;
        if (joined && n + 1 == max)
            continue;
        relevo_str sentence = rlt_written(doc, first, i - first);
        /* Its question mark belongs to it. */
        const char *end = doc->source.ptr + doc->source.len;
        while (sentence.ptr + sentence.len < end && strchr("?!. ", sentence.ptr[sentence.len]))
            sentence.len++;
        ret[n++] = sentence;
        first = joined ? i + 1 : i;
    }
    return n;
}
