/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A matcher for the patterns of lexicon_request.c. Each word of a message is looked up once in the vocabulary
 * of all patterns; from there on a part of a pattern is one bit to test.
 */
#include "request.h"

#include "lexicon.h"

#include <stdlib.h>
#include <string.h>

#define GAP_MAX   3u
#define NEAR_MIN  6u   /* bytes of a word that may be misspelt */
#define WORDS_MAX 512u /* of all patterns; a test checks that they fit */
#define PARTS_MAX 12u  /* of one pattern */
#define TOKENS_MAX                                                                                           \
    256u /* of a message that are looked at; a request stands early or the message is short                  \
          */
#define NO_WORD UINT16_MAX

typedef enum part_kind {
    PART_END = 0,
    PART_WORDS,
    PART_GAP,
    PART_START_OF_TEXT,
    PART_END_OF_TEXT
} part_kind;

typedef struct pattern_part {
    part_kind kind;
    bool optional;
    uint64_t words[WORDS_MAX / 64]; /* a bit for each word of the vocabulary */
} pattern_part;

struct rlc_requests {
    relevo_str words[WORDS_MAX]; /* their texts are in the table of patterns */
    uint32_t n_words;
    rlt_vocabulary *vocabulary; /* of these words */
    pattern_part barred;                     /* words that a gap must not skip */
    pattern_part (*patterns)[PARTS_MAX + 1]; /* as many as rlc_request_patterns; ended by PART_END */
};

typedef struct matcher {
    uint16_t words[TOKENS_MAX]; /* of each token its word in the vocabulary, or NO_WORD */
    bool apart[TOKENS_MAX];     /* a mark stands before it */
    bool denies;                /* the pattern takes away: "no quiero hablar contigo, dame una persona" is two clauses */
    uint32_t n;
    const pattern_part *barred;
} matcher;

/* ---- compiling ---- */

static bool add_word(rlc_requests *requests, pattern_part *part, relevo_str word)
{
    uint32_t i = 0;
    while (i < requests->n_words && !rlt_equal(requests->words[i], word))
        i++;
    if (i == WORDS_MAX)
        return false;
    if (i == requests->n_words)
        requests->words[requests->n_words++] = word;
    part->words[i / 64] |= UINT64_C(1) << i % 64;
    return true;
}

/* Adds the words of "a|b|<class>" to a part. */
static bool add_words(rlc_requests *requests, pattern_part *part, const char *list, size_t len)
{
    const char *end = list + len;
    bool good = true;
    for (const char *at = list; good && at < end;) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        size_t width = (size_t)((bar ? bar : end) - at);
        if (*at != '<') {
            good = add_word(requests, part, (relevo_str){at, width});
        } else {
            good = false; /* unless the class is known */
            for (size_t i = 0; i < rlc_n_request_classes; i++) {
                const rlc_class *class = &rlc_request_classes[i];
                if (strlen(class->name) == width - 2 && memcmp(class->name, at + 1, width - 2) == 0)
                    good = add_words(requests, part, class->words, strlen(class->words));
            }
        }
        at += width + 1;
    }
    return good;
}

static bool compile(rlc_requests *requests, const char *pattern, pattern_part *parts)
{
    for (uint32_t n = 0;; n++) {
        pattern += strspn(pattern, " ");
        size_t len = strcspn(pattern, " ");
        if (len == 0)
            return true; /* the rest is PART_END */
        if (n == PARTS_MAX)
            return false;
        pattern_part *part = &parts[n];
        part->optional = *pattern == '?';
        part->kind = len > 1           ? PART_WORDS
                     : *pattern == '*' ? PART_GAP
                     : *pattern == '^' ? PART_START_OF_TEXT
                     : *pattern == '$' ? PART_END_OF_TEXT
                                       : PART_WORDS;
        if (part->kind == PART_WORDS &&
            !add_words(requests, part, pattern + part->optional, len - part->optional))
            return false;
        pattern += len;
    }
}

rlc_requests *rlc_requests_new(void)
{
    static const char barred[] = "para|por|for|pra"; /* "quiero una mesa PARA una persona" */
    rlc_requests *requests = calloc(1, sizeof *requests);
    if (!requests)
        return NULL;
    requests->patterns = calloc(rlc_n_request_patterns, sizeof *requests->patterns);
    bool good = requests->patterns && add_words(requests, &requests->barred, barred, sizeof barred - 1);
    for (size_t i = 0; good && i < rlc_n_request_patterns; i++)
        good = compile(requests, rlc_request_patterns[i].pattern, requests->patterns[i]);
    if (good)
        requests->vocabulary = rlt_vocabulary_new(requests->words, requests->n_words, NEAR_MIN);
    if (requests->vocabulary)
        return requests;
    rlc_requests_free(requests);
    return NULL;
}

void rlc_requests_free(rlc_requests *requests)
{
    if (!requests)
        return;
    rlt_vocabulary_free(requests->vocabulary);
    free(requests->patterns);
    free(requests);
}

/* ---- matching ---- */

static uint16_t find_word(const rlc_requests *requests, const rlt_token *token)
{
    uint32_t found = rlt_vocabulary_find(requests->vocabulary, token->text, token->hash);
    if (found == RLT_NO_WORD && token->text.len + 1 >= NEAR_MIN)
        found = rlt_vocabulary_near(requests->vocabulary, token->text);
    return found == RLT_NO_WORD ? NO_WORD : (uint16_t)found;
}

/* Whether the message has a word for every part of the pattern that must have one: few patterns pass. */
static bool may_match(const pattern_part *part, const uint64_t *present)
{
    for (; part->kind != PART_END; part++) {
        uint64_t common = 0;
        if (part->kind != PART_WORDS || part->optional)
            continue;
        for (size_t i = 0; i < WORDS_MAX / 64; i++)
            common |= part->words[i] & present[i];
        if (!common)
            return false;
    }
    return true;
}

static bool part_has(const pattern_part *part, uint16_t word)
{
    return word != NO_WORD && (part->words[word / 64] >> word % 64 & 1u);
}

/* Matches the rest of a pattern at token `at`; *ret_end gets the token after it. */
static bool match(const matcher *in, const pattern_part *part, uint32_t at, uint32_t *ret_end)
{
    switch (part->kind) {
    case PART_END:
        *ret_end = at;
        return true;
    case PART_START_OF_TEXT:
        return at == 0 && match(in, part + 1, at, ret_end);
    case PART_END_OF_TEXT:
        return at == in->n && match(in, part + 1, at, ret_end);
    case PART_GAP:
        for (uint32_t skipped = 0; skipped <= GAP_MAX; skipped++, at++) {
            if (in->denies && at < in->n && in->apart[at])
                return false;
            if (match(in, part + 1, at, ret_end))
                return true;
            if (at >= in->n || part_has(in->barred, in->words[at]))
                return false;
        }
        return false;
    case PART_WORDS:
        break;
    }
    if (at < in->n && part_has(part, in->words[at]) && match(in, part + 1, at + 1, ret_end))
        return true;
    return part->optional && match(in, part + 1, at, ret_end);
}

double rlc_request_score(const rlc_requests *requests, const rlt_doc *doc, bool *ret_denied)
{
    matcher in = {.n = doc->n_tokens < TOKENS_MAX ? doc->n_tokens : TOKENS_MAX, .barred = &requests->barred};
    double best = 0;
    bool denied = false;
    uint64_t present[WORDS_MAX / 64] = {0};
    for (uint32_t i = 0; i < in.n; i++) {
        uint16_t word = in.words[i] = find_word(requests, &doc->tokens[i]);
        in.apart[i] = i > 0 && rlt_stands_apart(doc, i);
        if (word != NO_WORD)
            present[word / 64] |= UINT64_C(1) << word % 64;
    }
    for (size_t i = 0; i < rlc_n_request_patterns; i++) { /* the negative ones come first */
        double value = rlc_request_patterns[i].value;
        if ((value >= 0 && value <= best) || !may_match(requests->patterns[i], present))
            continue;
        in.denies = value < 0;
        for (uint32_t at = 0, end = 0; at < in.n; at++) {
            if (!match(&in, requests->patterns[i], at, &end) || end == at)
                continue;
            if (value >= 0) {
                best = value;
                break;
            }
            denied = true;
            for (uint32_t taken = at; taken < end; taken++)
                in.words[taken] = NO_WORD; /* the others must not see it */
        }
    }
    *ret_denied = denied;
    return best;
}
