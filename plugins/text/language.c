/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which language a message is in, from little evidence: messages are short. It must never guess without any
 * evidence: a wrong language is worse than none, because the conversation's own is used then.
 */
#include "words.h"

#include <math.h>
#include <string.h>

typedef struct language_tally {
    double of[RLT_LANGUAGES];
} language_tally;

#define HINT_MAX 0.35 /* confidence, where nothing but the spelling of unknown words tells it: "Wendy Ching" */

typedef struct language_clue {
    const char *text;
    double es, pt, en;
} language_clue;

/* Letters as written: folding would lose them. UTF-8, so that bytes can be searched. */
static const language_clue letters[] = {
    {"ñ", 3, 0, 0},   {"Ñ", 3, 0, 0},   {"¿", 3, 0, 0},   {"¡", 3, 0, 0},   {"ã", 0, 3, 0},
    {"õ", 0, 3, 0},   {"ç", 0, 2.5, 0}, {"ê", 0, 2, 0},   {"â", 0, 2, 0},   {"ô", 0, 2, 0},
    {"à", 0, 1.5, 0}, {"á", .7, .7, 0}, {"é", .7, .7, 0}, {"í", .9, .5, 0}, {"ó", .9, .5, 0},
    {"ú", .8, .5, 0}, {"'s", 0, 0, 1},  {"'t", 0, 0, 1},
};

/* Endings and beginnings of folded words, tried for words that the table does not know. */
static const language_clue endings[] = {
    {"cion", 1.6, 0, 0},  {"ciones", 1.6, 0, 0}, {"dad", 1.2, 0, 0},  {"dades", .6, .6, 0},
    {"cao", 0, 1.6, 0},   {"coes", 0, 1.6, 0},   {"dade", 0, 1.4, 0}, {"agem", 0, 1.2, 0},
    {"eiro", 0, 1.2, 0},  {"eira", 0, 1.2, 0},   {"inho", 0, 1.4, 0}, {"inha", 0, 1.4, 0},
    {"ing", 0, 0, 1.4},   {"tion", 0, 0, 1.4},   {"ly", 0, 0, 1.2},   {"ed", 0, 0, .8},
    {"ght", 0, 0, 1.4},   {"ness", 0, 0, 1.2},   {"ito", .8, 0, 0},   {"ita", .6, .3, 0},
    {"illo", 1, 0, 0},    {"illa", 1, 0, 0},     {"aste", .7, .7, 0}, {"aron", 1.2, 0, 0},
    {"ieron", 1.4, 0, 0}, {"aram", 0, 1.2, 0},   {"eram", 0, 1, 0},   {"ando", .5, .5, 0},
    {"iendo", 1.3, 0, 0}, {"endo", .2, .8, 0},   {"em", 0, .9, 0},    {"ou", 0, .7, .2},
    {"amos", .5, .5, 0},  {"ck", 0, 0, 1.2},     {"y", .1, 0, .6},
};

static const language_clue beginnings[] = {
    {"th", 0, 0, 1.2}, {"wh", 0, 0, 1.4}, {"w", 0, 0, .8}, {"sh", 0, 0, .8}, {"k", 0, 0, .4}, {"ll", 1, 0, 0},
};

static const language_clue middles[] = {
    {"ue", .3, .1, 0},  {"ie", .3, 0, .1}, {"lh", 0, 1, 0},   {"nh", 0, 1, 0},
    {"ss", 0, .4, .3},  {"ee", 0, 0, .7},  {"oo", 0, .1, .6}, {"ei", 0, .4, .1},
    {"oi", .1, .4, .1}, {"w", 0, 0, .4},   {"sc", 0, .1, .1}, {"rr", .3, .2, 0},
};

static void add(language_tally *tally, const language_clue *clue, double times)
{
    tally->of[RLT_ES] += clue->es * times;
    tally->of[RLT_PT] += clue->pt * times;
    tally->of[RLT_EN] += clue->en * times;
}

/* Each clue counts once. All are two bytes, of which the first is one of three: most of a text is passed by. */
static void add_letters(language_tally *tally, relevo_str source)
{
    uint32_t seen = 0;
    for (uint64_t at = 0; at + 1 < source.len; at++) {
        const char *here = source.ptr + at;
        if (*here != '\xc2' && *here != '\xc3' && *here != '\'')
            continue;
        for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
            if (here[0] == letters[i].text[0] && here[1] == letters[i].text[1])
                seen |= 1u << i;
    }
    for (size_t i = 0; seen >> i; i++)
        if (seen >> i & 1u)
            add(tally, &letters[i], 1);
}

/* What a word of the table says: the fewer languages share it, the more. */
static void add_known(language_tally *tally, const rlt_word_entry *entry)
{
    static const double weight[] = {0, 2, .8, .2};
    int shared = __builtin_popcount(entry->evidence);
    for (int i = RLT_ES; i <= RLT_EN; i++)
        if (entry->evidence >> i & 1u)
            tally->of[i] += weight[shared];
}

static bool ends_with(relevo_str word, const char *ending)
{
    size_t len = strlen(ending);
    return word.len > len + 1 && word.ptr[word.len - 1] == ending[len - 1] &&
           memcmp(word.ptr + word.len - len, ending, len) == 0;
}

/* Somewhere behind the first letter. piece: one letter or two. */
static bool has_within(relevo_str word, const char *piece)
{
    for (uint64_t at = 1; at < word.len; at++)
        if (word.ptr[at] == piece[0] && (!piece[1] || (at + 1 < word.len && word.ptr[at + 1] == piece[1])))
            return true;
    return false;
}

static void add_unknown(language_tally *tally, relevo_str word)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(word, endings[i].text))
            add(tally, &endings[i], 1);
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t len = strlen(beginnings[i].text);
        if (word.len > len && memcmp(word.ptr, beginnings[i].text, len) == 0)
            add(tally, &beginnings[i], 1);
    }
    for (size_t i = 0; i < sizeof middles / sizeof *middles; i++)
        if (word.len > 3 && has_within(word, middles[i].text))
            add(tally, &middles[i], 1);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Where the piece between spaces ends that holds the byte at `from`. *ret_address: it is an address ("ana@correo.com", "https://..."). */
static uint64_t end_of_piece(relevo_str source, uint64_t from, bool *ret_address)
{
    uint64_t end = from;
    *ret_address = false;
    for (; end < source.len && !is_space(source.ptr[end]); end++)
        if (source.ptr[end] == '@' || (source.ptr[end] == '/' && end > from && source.ptr[end - 1] == ':'))
            *ret_address = true;
    return end;
}

rlt_language rlt_language_guess(const rlt_doc *doc, double *ret_confidence)
{
    language_tally tally = {{0}}, spelling = {{0}};
    uint64_t end = 0;
    bool address = false;
    if (doc->n_tokens > 0)
        add_letters(&tally, doc->source);
    for (uint32_t i = 0; i < doc->n_tokens; i++) {
        if (doc->tokens[i].source_at >= end)
            end = end_of_piece(doc->source, doc->tokens[i].source_at, &address);
        if (doc->tokens[i].kind != RLT_WORD || address)
            continue; /* the "com" of an address is no Portuguese */
        const rlt_word_entry *entry = rlt_word_find(doc->tokens[i].text);
        if (entry)
            add_known(&tally, entry);
        else
            add_unknown(&spelling, doc->tokens[i].text);
    }
    language_tally told = tally; /* by letters and known words */
    for (rlt_language i = RLT_ES; i <= RLT_EN; i++)
        tally.of[i] += spelling.of[i];
    rlt_language best = RLT_ES;
    for (rlt_language i = RLT_PT; i <= RLT_EN; i++)
        if (tally.of[i] > tally.of[best])
            best = i;
    double second = 0;
    for (rlt_language i = RLT_ES; i <= RLT_EN; i++)
        if (i != best && tally.of[i] > second)
            second = tally.of[i];
    double lead = tally.of[best] - second;
    if (lead < 0.25)
        return RLT_UNKNOWN; /* nothing, or as much for another: "pedido" */
    if (ret_confidence)
        *ret_confidence = told.of[best] > 0 ? lead / (lead + 1) : fmin(lead / (lead + 1), HINT_MAX);
    return best;
}

relevo_str rlt_language_code(rlt_language language)
{
    static const char *const codes[RLT_LANGUAGES] = {NULL, "es", "pt", "en"};
    return rlt_str(codes[language]);
}

rlt_language rlt_language_from(relevo_str code)
{
    if (code.len < 2 || (code.len > 2 && code.ptr[2] != '-' && code.ptr[2] != '_'))
        return RLT_UNKNOWN;
    for (rlt_language i = RLT_ES; i <= RLT_EN; i++)
        if (memcmp(code.ptr, rlt_language_code(i).ptr, 2) == 0)
            return i;
    return RLT_UNKNOWN;
}

rlt_language rlt_language_of(relevo_str read, const rlt_doc *doc, relevo_str before)
{
    rlt_language language = rlt_language_from(read);
    if (language == RLT_UNKNOWN && doc)
        language = rlt_language_guess(doc, NULL);
    return language != RLT_UNKNOWN ? language : rlt_language_from(before);
}

rlt_language rlt_language_shown(relevo_str code)
{
    rlt_language language = rlt_language_from(code);
    return language != RLT_UNKNOWN ? language : RLT_ES;
}
