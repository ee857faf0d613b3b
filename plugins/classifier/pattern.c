/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A matcher for the patterns of lexicon_*.c. Each word of a message is looked up once in the vocabulary of a
 * table's patterns; from there on a part of a pattern is one bit to test.
 */
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

#define GAP_MAX      3u
#define WORDS_MAX    2048u /* of a table; a test checks that they fit */
#define PATTERNS_MAX 512u  /* of a table */
#define PARTS_MAX    12u   /* of one pattern */
#define TOKENS_MAX                                                                                           \
    256u /* of a message that are looked at; what matters stands early or the message is short               \
          */
#define NO_WORD UINT16_MAX

typedef enum part_kind {
    PART_END = 0,
    PART_WORDS,
    PART_GAP,
    PART_START_OF_TEXT,
    PART_END_OF_TEXT,
    PART_MARK
} part_kind;

typedef struct pattern_part {
    part_kind kind;
    bool optional;
    uint64_t words[WORDS_MAX / 64]; /* a bit for each word of the vocabulary */
} pattern_part;

struct rlc_patterns {
    const rlc_pattern_table *table;
    relevo_str words[WORDS_MAX]; /* their texts are in the table */
    uint32_t n_words;
    rlt_vocabulary *vocabulary; /* of these words */
    pattern_part barred;
    pattern_part (*parts)[PARTS_MAX + 1]; /* of each pattern, group after group; ended by PART_END */
    uint64_t needed_by[WORDS_MAX][PATTERNS_MAX / 64]; /* of each word the patterns that match nothing without it or its like: few are tried */
};

typedef struct matcher {
    uint16_t words[TOKENS_MAX]; /* of each token its word in the vocabulary, or NO_WORD */
    bool apart[TOKENS_MAX];     /* a mark stands before it */
    bool denies;                /* the pattern takes away: "no quiero hablar contigo, dame una persona" is two clauses */
    uint32_t n;
    const pattern_part *barred;
} matcher;

/* ---- compiling ---- */

static bool add_word(rlc_patterns *patterns, pattern_part *part, relevo_str word)
{
    uint32_t i = 0;
    while (i < patterns->n_words && !rlt_equal(patterns->words[i], word))
        i++;
    if (i == WORDS_MAX)
        return false;
    if (i == patterns->n_words)
        patterns->words[patterns->n_words++] = word;
    part->words[i / 64] |= UINT64_C(1) << i % 64;
    return true;
}

/* Adds the words of "a|b|<class>" to a part. */
static bool add_words(rlc_patterns *patterns, pattern_part *part, const char *list, size_t len)
{
    const char *end = list + len;
    bool good = true;
    for (const char *at = list; good && at < end;) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        size_t width = (size_t)((bar ? bar : end) - at);
        if (*at != '<') {
            good = add_word(patterns, part, (relevo_str){at, width});
        } else {
            good = false; /* unless the class is known */
            for (size_t i = 0; i < patterns->table->n_classes; i++) {
                const rlc_class *class = &patterns->table->classes[i];
                if (strlen(class->name) == width - 2 && memcmp(class->name, at + 1, width - 2) == 0)
                    good = add_words(patterns, part, class->words, strlen(class->words));
            }
        }
        at += width + 1;
    }
    return good;
}

static bool compile(rlc_patterns *patterns, const char *pattern, pattern_part *parts)
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
                     : *pattern == ',' ? PART_MARK
                                       : PART_WORDS;
        if (part->kind == PART_WORDS &&
            !add_words(patterns, part, pattern + part->optional, len - part->optional))
            return false;
        pattern += len;
    }
}

/* Notes a pattern at the words of its first part that must be there. False: it has none. */
static bool note_needed(rlc_patterns *patterns, const pattern_part *part, size_t pattern)
{
    while (part->kind != PART_END && (part->kind != PART_WORDS || part->optional))
        part++;
    for (uint32_t i = 0; i < patterns->n_words; i++)
        if (part->words[i / 64] >> i % 64 & 1u)
            patterns->needed_by[i][pattern / 64] |= UINT64_C(1) << pattern % 64;
    return part->kind != PART_END;
}

rlc_patterns *rlc_patterns_new(const rlc_pattern_table *table)
{
    rlc_patterns *patterns = calloc(1, sizeof *patterns);
    size_t n = 0;
    if (!patterns)
        return NULL;
    for (size_t i = 0; i < table->n_groups; i++)
        n += table->groups[i].n;
    patterns->table = table;
    patterns->parts = calloc(n, sizeof *patterns->parts);
    bool good = patterns->parts && n <= PATTERNS_MAX && add_words(patterns, &patterns->barred, table->barred, strlen(table->barred));
    pattern_part(*parts)[PARTS_MAX + 1] = patterns->parts;
    for (size_t i = 0; i < table->n_groups; i++)
        for (size_t j = 0; good && j < table->groups[i].n; j++)
            good = compile(patterns, table->groups[i].patterns[j].pattern, *parts++);
    for (size_t i = 0; good && i < n; i++)
        good = note_needed(patterns, patterns->parts[i], i);
    if (good)
        patterns->vocabulary = rlt_vocabulary_new(patterns->words, patterns->n_words, table->near_min);
    if (patterns->vocabulary)
        return patterns;
    rlc_patterns_free(patterns);
    return NULL;
}

void rlc_patterns_free(rlc_patterns *patterns)
{
    if (!patterns)
        return;
    rlt_vocabulary_free(patterns->vocabulary);
    free(patterns->parts);
    free(patterns);
}

/* ---- matching ---- */

static uint16_t find_word(const rlc_patterns *patterns, const rlt_token *token)
{
    size_t near_min = patterns->table->near_min;
    uint32_t found = rlt_vocabulary_find(patterns->vocabulary, token->text, token->hash);
    if (found == RLT_NO_WORD && near_min != SIZE_MAX && token->text.len + 1 >= near_min)
        found = rlt_vocabulary_near(patterns->vocabulary, token->text);
    return found == RLT_NO_WORD ? NO_WORD : (uint16_t)found;
}

/* Whether the message has a word for every part of the pattern that must have one: few patterns pass. */
static bool may_match(const pattern_part *part, const uint64_t *present, size_t n_present)
{
    for (; part->kind != PART_END; part++) {
        uint64_t common = 0;
        if (part->kind != PART_WORDS || part->optional)
            continue;
        for (size_t i = 0; i < n_present; i++)
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
    case PART_MARK:
        return (at == in->n || in->apart[at]) && match(in, part + 1, at, ret_end);
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

/* The words of a message, as sets of bits. */
typedef struct words_present {
    uint64_t words[WORDS_MAX / 64];
    size_t n; /* of them in use */
    uint64_t wanted[PATTERNS_MAX / 64]; /* patterns that may match */
} words_present;

/* What a group's patterns, the first of which is number `first`, say of a message. */
static rlc_found find_group(matcher *in, const rlc_patterns *patterns, const rlc_pattern_group *group, size_t first, const words_present *present)
{
    pattern_part(*parts)[PARTS_MAX + 1] = patterns->parts + first;
    rlc_found found = {0, false};
    for (size_t i = 0; i < group->n; i++) {
        double value = group->patterns[i].value;
        bool wanted = present->wanted[(first + i) / 64] >> (first + i) % 64 & 1u;
        if (!wanted || (value >= 0 && value <= found.value) || !may_match(parts[i], present->words, present->n))
            continue;
        in->denies = value < 0;
        for (uint32_t at = 0, end = 0; at < in->n; at++) {
            if (!match(in, parts[i], at, &end) || end == at)
                continue;
            if (value >= 0) {
                found.value = value;
                break;
            }
            found.denied = true;
            for (uint32_t taken = at; taken < end; taken++)
                in->words[taken] = NO_WORD; /* the others must not see it */
        }
    }
    return found;
}

void rlc_patterns_find(const rlc_patterns *patterns, const rlt_doc *doc, rlc_found *ret_found)
{
    matcher in = {.n = doc->n_tokens < TOKENS_MAX ? doc->n_tokens : TOKENS_MAX, .barred = &patterns->barred};
    uint16_t words[TOKENS_MAX];
    words_present present = {.n = (patterns->n_words + 63) / 64};
    size_t first = 0;
    for (uint32_t i = 0; i < in.n; i++) {
        uint16_t word = words[i] = find_word(patterns, &doc->tokens[i]);
        in.apart[i] = i > 0 && rlt_stands_apart(doc, i);
        if (word == NO_WORD)
            continue;
        present.words[word / 64] |= UINT64_C(1) << word % 64;
        for (size_t j = 0; j < PATTERNS_MAX / 64; j++)
            present.wanted[j] |= patterns->needed_by[word][j];
    }
    for (size_t i = 0; i < patterns->table->n_groups; i++) {
        const rlc_pattern_group *group = &patterns->table->groups[i];
        memcpy(in.words, words, in.n * sizeof *words);
        ret_found[i] = find_group(&in, patterns, group, first, &present);
        first += group->n;
    }
}
