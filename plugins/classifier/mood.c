/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mood from words, as VADER does it (Hutto and Gilbert, 2014): the values of the words are added up, turned
 * round by negations, raised by emphasis, and squashed. Fast and explainable; it knows no irony.
 */
#include "mood.h"

#include "lexicon.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEGATION_REACH 3u /* words */
#define LEXICON_ROOM   8192u
#define STEM_MIN       4u
#define SQUASH         12.0 /* sum / sqrt(sum² + SQUASH): one word of value 2 gives 0.5 */
#define ANGER_SCALE    2.5  /* 1 - e^(-anger / scale): one insult gives 0.8 */

/* What a word does to the values of others. */
enum {
    NEGATES,
    BOOSTS,
    TURNS,
    EFFECTS
};

typedef struct mood_entry {
    relevo_str word; /* folded; ptr NULL: free */
    uint32_t hash;
    int8_t value[RLT_LANGUAGES]; /* by language; [RLT_UNKNOWN]: of any */
    uint8_t anger[RLT_LANGUAGES];
    uint8_t languages; /* that have it as a word of mood */
    bool stem;         /* of such words only, and no word itself */
    uint8_t does[EFFECTS]; /* the languages (bit 1 << rlt_language) in which it does this to other words */
} mood_entry;

struct rlc_lexicon {
    rlt_work *work; /* holds the words */
    mood_entry *entries;
    uint32_t n, room; /* room: a power of two, at most half full */
    rlt_phrases *phrases;
    const rlc_words **phrase_words; /* of phrase i */
};

static mood_entry *entry_of(const rlc_lexicon *lexicon, relevo_str word, uint32_t hash)
{
    uint32_t at = hash & (lexicon->room - 1);
    while (lexicon->entries[at].word.ptr &&
           (lexicon->entries[at].hash != hash || !rlt_equal(lexicon->entries[at].word, word)))
        at = (at + 1) & (lexicon->room - 1);
    return &lexicon->entries[at];
}

/* The first meaning stays: a stem never changes what a whole word means. */
static void add_word(rlc_lexicon *lexicon, const rlc_words *words, uint8_t languages, relevo_str word, bool stem)
{
    uint32_t hash = rlt_hash(word);
    mood_entry *entry = entry_of(lexicon, word, hash);
    if (!entry->word.ptr) {
        *entry = (mood_entry){.word = word, .hash = hash, .stem = stem};
        entry->value[RLT_UNKNOWN] = words->value;
        entry->anger[RLT_UNKNOWN] = words->anger;
        lexicon->n++;
    }
    for (uint32_t i = RLT_ES; i < RLT_LANGUAGES; i++)
        if (languages & 1u << i && !(entry->languages & 1u << i)) {
            entry->value[i] = words->value;
            entry->anger[i] = words->anger;
        }
    entry->languages |= languages;
}

/* A short stem says too little: that of "coño" is "con". */
static void add_stem(rlc_lexicon *lexicon, const rlc_words *words, rlt_language language, relevo_str word)
{
    relevo_str stem = rlt_stem(lexicon->work, language, word);
    if (stem.len >= STEM_MIN && !rlt_is_stop(language, stem))
        add_word(lexicon, words, (uint8_t)(1u << language), stem, true);
}

/* Adds all words of the table: themselves, then their stems. False: out of memory. */
static bool add_words(rlc_lexicon *lexicon, bool stems)
{
    for (size_t i = 0; i < rlc_n_mood_words; i++) {
        const rlc_words *words = &rlc_mood_words[i];
        rlt_doc doc;
        if (rlt_read(lexicon->work, rlt_str(words->words), &doc) != RLT_OK)
            return false;
        for (uint32_t j = 0; j < doc.n_tokens; j++) {
            if (2 * lexicon->n + 8 > lexicon->room)
                return false; /* more than half full: LEXICON_ROOM must grow with the table */
            if (!stems)
                add_word(lexicon, words, words->languages, doc.tokens[j].text, false);
            for (int language = RLT_ES; stems && language < RLT_LANGUAGES; language++)
                if (doc.tokens[j].kind == RLT_WORD && words->languages >> language & 1u)
                    add_stem(lexicon, words, (rlt_language)language, doc.tokens[j].text);
        }
    }
    return true;
}

/* Adds words that change the value of others. */
static bool add_effects(rlc_lexicon *lexicon, const char *const lists[RLT_LANGUAGES], int effect)
{
    for (uint32_t language = 0; language < RLT_LANGUAGES; language++)
        for (const char *at = lists[language]; *at; at += strspn(at, " ")) {
            relevo_str word = {at, strcspn(at, " ")};
            mood_entry *entry = entry_of(lexicon, word, rlt_hash(word));
            at += word.len;
            if (2 * lexicon->n + 8 > lexicon->room)
                return false;
            if (!entry->word.ptr) {
                *entry = (mood_entry){.word = word, .hash = rlt_hash(word)};
                lexicon->n++;
            }
            entry->does[effect] |= (uint8_t)(1u << language);
        }
    return true;
}

/* Splits "a b,c d" at its commas. Returns how many; `out` may be NULL to count. */
static uint32_t split(const char *list, relevo_str *out)
{
    uint32_t n = 0;
    for (const char *at = list;; n++) {
        size_t len = strcspn(at, ",");
        if (out)
            out[n] = (relevo_str){at, len};
        at += len;
        if (!*at++)
            return n + 1;
    }
}

static bool add_phrases(rlc_lexicon *lexicon)
{
    uint32_t n = 0, at = 0;
    for (size_t i = 0; i < rlc_n_mood_phrases; i++)
        n += split(rlc_mood_phrases[i].words, NULL);
    relevo_str *texts = calloc(n, sizeof *texts);
    lexicon->phrase_words = calloc(n, sizeof(*lexicon->phrase_words));
    bool good = texts && lexicon->phrase_words;
    for (size_t i = 0; good && i < rlc_n_mood_phrases; i++) {
        uint32_t count = split(rlc_mood_phrases[i].words, texts + at);
        for (uint32_t j = 0; j < count; j++)
            lexicon->phrase_words[at++] = &rlc_mood_phrases[i];
    }
    good = good && rlt_phrases_new(texts, n, 0, &lexicon->phrases, NULL) == RLT_OK;
    free(texts);
    return good;
}

rlc_lexicon *rlc_lexicon_new(void)
{
    rlc_lexicon *lexicon = calloc(1, sizeof *lexicon);
    if (!lexicon)
        return NULL;
    lexicon->room = LEXICON_ROOM;
    lexicon->work = rlt_work_new();
    lexicon->entries = calloc(lexicon->room, sizeof *lexicon->entries);
    if (lexicon->work && lexicon->entries && add_words(lexicon, false) && add_words(lexicon, true) &&
        add_effects(lexicon, rlc_negations, NEGATES) && add_effects(lexicon, rlc_boosters, BOOSTS) &&
        add_effects(lexicon, rlc_turns, TURNS) && add_phrases(lexicon))
        return lexicon;
    rlc_lexicon_free(lexicon);
    return NULL;
}

void rlc_lexicon_free(rlc_lexicon *lexicon)
{
    if (!lexicon)
        return;
    rlt_work_free(lexicon->work);
    rlt_phrases_free(lexicon->phrases);
    free(lexicon->phrase_words);
    free(lexicon->entries);
    free(lexicon);
}

/* ---- reading ---- */

typedef struct mood_sum {
    double value, anger;
    double praise; /* of value, what is good */
    bool ironic, denied;
    uint32_t negated_until, boosted; /* token numbers */
} mood_sum;

/* The mood of a word in the language, or of its stem; NULL: it carries none. entry: the word's own. */
static const mood_entry *find_mood(const rlc_lexicon *lexicon, rlt_work *work, rlt_language language,
                                   const rlt_token *token, const mood_entry *entry)
{
    uint32_t wanted = language == RLT_UNKNOWN ? RLC_ALL : 1u << language;
    if (entry->word.ptr && !entry->stem && entry->languages & wanted)
        return entry;
    if (language == RLT_UNKNOWN || token->kind != RLT_WORD || token->text.len <= STEM_MIN)
        return NULL;
    relevo_str stem = rlt_stem(work, language, token->text);
    if (language != RLT_EN && stem.len == token->text.len)
        return NULL; /* in Spanish and Portuguese a form has an ending: "Ching" is none of "chingar" */
    entry = entry_of(lexicon, stem, rlt_hash(stem));
    return entry->word.ptr && entry->languages & wanted ? entry : NULL;
}

static void add(mood_sum *sum, uint32_t at, double value, double anger, uint8_t flags)
{
    if (at < sum->negated_until) { /* "no es feo" is hardly good, "no es bueno" is bad */
        value *= value > 0 ? -0.8 : -0.3;
        anger = 0;
    }
    double emphasis = 1 + (at > 0 && sum->boosted == at ? 0.4 : 0) + (flags & RLT_UPPER ? 0.3 : 0) +
                      (flags & RLT_STRETCHED ? 0.2 : 0);
    sum->value += value * emphasis;
    sum->praise += value > 0 ? value * emphasis : 0;
    sum->anger += anger * emphasis;
}

/* Who rolls their eyes does not mean the praise: "genial, otra vez 🙄". */
static bool is_eye_roll(relevo_str emoji)
{
    return rlt_equal(emoji, rlt_str("🙄")) || rlt_equal(emoji, rlt_str("😒"));
}

/* Whether one of some words negates, in any language. */
static bool negates(const rlc_lexicon *lexicon, const rlt_token *tokens, uint32_t n)
{
    bool found = false;
    for (uint32_t i = 0; i < n; i++)
        found |= entry_of(lexicon, tokens[i].text, tokens[i].hash)->does[NEGATES] != 0;
    return found;
}

/* Whether a mark parts the words of a phrase: "no, es feo". */
static bool is_parted(const rlt_doc *doc, const rlt_match *phrase)
{
    for (uint32_t i = phrase->token + 1; i < phrase->token + phrase->n_tokens; i++)
        if (rlt_stands_apart(doc, i))
            return true;
    return false;
}

/* Adds a phrase where it counts. False: it is none, "no, está mal" is no "no está mal". */
static bool add_phrase(const rlc_lexicon *lexicon, const rlt_doc *doc, rlt_language language, const rlt_match *phrase, mood_sum *sum)
{
    const rlc_words *words = lexicon->phrase_words[phrase->phrase];
    const rlt_token *token = &doc->tokens[phrase->token];
    bool denied = words->value > 0 && negates(lexicon, token, phrase->n_tokens);
    if (denied && is_parted(doc, phrase))
        return false;
    if (language == RLT_UNKNOWN || words->languages >> language & 1u) {
        add(sum, UINT32_MAX, words->value, words->anger, token->flags);
        sum->denied |= denied;
    }
    return true;
}

static rlc_mood squash(const mood_sum *sum, const rlt_doc *doc)
{
    double shouting = doc->n_letters >= 12 && doc->n_upper * 10 > doc->n_letters * 7 ? 1 : 0;
    double marks = doc->n_exclaims < 4 ? doc->n_exclaims : 4;
    double meant = sum->ironic ? sum->value - 1.5 * sum->praise : sum->value;
    double value = meant * (1 + 0.1 * marks + 0.2 * shouting);
    /* Emphasis alone is no anger, but makes anger worse. */
    double anger = sum->anger > 0 ? sum->anger * (1 + 0.15 * marks) + 0.7 * shouting : 0.4 * shouting;
    double sentiment = value / sqrt(value * value + SQUASH);
    const char *name = sentiment > RLC_NEUTRAL ? "positive" : sentiment < -RLC_NEUTRAL ? "negative" : "neutral";
    return (rlc_mood){sentiment, 1 - exp(-anger / ANGER_SCALE), sum->denied, name};
}

rlc_mood rlc_mood_read(const rlc_lexicon *lexicon, rlt_work *work, const rlt_doc *doc, rlt_language language)
{
    mood_sum sum = {0};
    rlt_match phrase = {.token = 0};
    bool found = rlt_text_find(lexicon->phrases, doc, 0, &phrase);
    for (uint32_t at = 0; at < doc->n_tokens; at++) {
        const rlt_token *token = &doc->tokens[at];
        if (found && at == phrase.token) {
            bool counts = add_phrase(lexicon, doc, language, &phrase, &sum);
            at += counts ? phrase.n_tokens - 1 : 0;
            found = rlt_text_find(lexicon->phrases, doc, at + 1, &phrase);
            if (counts)
                continue;
        }
        if (at < sum.negated_until && rlt_stands_apart(doc, at))
            sum.negated_until = at;
        const mood_entry *word = entry_of(lexicon, token->text, token->hash);
        const mood_entry *mood = find_mood(lexicon, work, language, token, word);
        if (mood)
            add(&sum, at, mood->value[language], mood->anger[language], token->flags);
        sum.ironic |= token->kind == RLT_EMOJI && is_eye_roll(token->text);
        if (word->does[TURNS] >> language & 1u)
            sum.value *= 0.6; /* "bonito, pero llegó roto" */
        if (word->does[NEGATES] >> language & 1u)
            sum.negated_until = at + 1 + NEGATION_REACH;
        if (word->does[BOOSTS] >> language & 1u)
            sum.boosted = at + 1;
    }
    return squash(&sum, doc);
}
