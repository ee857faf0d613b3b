/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mood from words, as VADER does it (Hutto and Gilbert, 2014): the values of the words are added up, turned
 * round by negations, raised by emphasis, and squashed; beside it, patterns over several words tell of irony, impatience, scorn and
 * of what went wrong. Fast and explainable.
 */
#include "mood.h"

#include "pattern.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NEGATION_REACH 3u /* words */
#define DEGREE_REACH   8u /* words: "nunca había probado un café TAN rico" */
#define SWEAR_REACH    2u /* words: "bom pra caralho" */
#define LEXICON_ROOM   8192u
#define STEM_MIN       4u
#define SQUASH         12.0 /* sum / sqrt(sum² + SQUASH): one word of value 2 gives 0.5 */
#define ANGER_SCALE    2.5  /* 1 - e^(-anger / scale): one insult gives 0.8 */
#define VEXED          1.2  /* anger of who is impatient, or mocks */
#define FURIOUS        3    /* the least anger and, below 0, the least value of scorn */
#define BAD            2    /* below 0, the least value of impatience, and of what went wrong */
#define MOCKING        1.5  /* below 0, the least value of irony */
#define LAVISH         3    /* the praise that nobody means who is impatient */

/* What a word does to the values of others. */
enum {
    NEGATES,
    BOOSTS,
    TURNS,
    SUPPOSES,
    ASKED_ABOUT,
    SWEARS,
    NEVER,
    DEGREE,
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
    rlc_patterns *tones;
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

static const char *const *const effects[EFFECTS] = {
    [NEGATES] = rlc_negations,   [BOOSTS] = rlc_boosters, [TURNS] = rlc_turns,  [SUPPOSES] = rlc_conditions,
    [ASKED_ABOUT] = rlc_matters, [SWEARS] = rlc_swears,   [NEVER] = rlc_nevers, [DEGREE] = rlc_degrees,
};

rlc_lexicon *rlc_lexicon_new(void)
{
    rlc_lexicon *lexicon = calloc(1, sizeof *lexicon);
    if (!lexicon)
        return NULL;
    lexicon->room = LEXICON_ROOM;
    lexicon->work = rlt_work_new();
    lexicon->entries = calloc(lexicon->room, sizeof *lexicon->entries);
    lexicon->tones = rlc_patterns_new(&rlc_tone_table);
    bool good = lexicon->work && lexicon->entries && lexicon->tones && add_words(lexicon, false) && add_words(lexicon, true) && add_phrases(lexicon);
    for (int effect = 0; good && effect < EFFECTS; effect++)
        good = add_effects(lexicon, effects[effect], effect);
    if (good)
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
    rlc_patterns_free(lexicon->tones);
    free(lexicon->phrase_words);
    free(lexicon->entries);
    free(lexicon);
}

/* ---- reading ---- */

typedef struct mood_sum {
    double value, anger;
    double praise, blame; /* of value, what is good, and what is bad, below 0 */
    bool ironic, rolled, clapped, turned, settled;
    bool asks;                       /* the message asks something */
    uint32_t negated_until, boosted, supposed_until; /* token numbers */
    uint32_t courteous;                              /* tokens in phrases that carry no mood: "buenas tardes" */
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
    *(value > 0 ? &sum->praise : &sum->blame) += value * emphasis;
    sum->anger += anger * emphasis;
}

/* Who rolls their eyes does not mean the praise: "genial, otra vez 🙄". */
static bool is_eye_roll(relevo_str emoji)
{
    return rlt_is_among(" 🙄 😒 🤡 ", emoji);
}

/* Who claps, or smiles upside down, at what went wrong does not mean it either; at anything else it is meant. */
static bool is_clap(relevo_str emoji)
{
    return rlt_is_among(" 👏 🙃 ", emoji);
}

/* Whether a word stands alone between quotes, and as no name: a "rápido" delivery was not, a café "Bueno" may be called so. */
static bool is_doubted(const rlt_doc *doc, const rlt_token *token)
{
    static const char *const quotes[][2] = {{"\"", "\""}, {"“", "”"}, {"«", "»"}};
    uint64_t end = token->source_at + token->source_len;
    if (doc->source.ptr[token->source_at] >= 'A' && doc->source.ptr[token->source_at] <= 'Z')
        return false;
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
        size_t opens = strlen(quotes[i][0]), closes = strlen(quotes[i][1]);
        if (token->source_at >= opens && end + closes <= doc->source.len &&
            memcmp(doc->source.ptr + token->source_at - opens, quotes[i][0], opens) == 0 &&
            memcmp(doc->source.ptr + end, quotes[i][1], closes) == 0)
            return true;
    }
    return false;
}

/* Whether a word that may begin what is only supposed does: a "sí" agrees, and a "se" within a Portuguese clause is "oneself". */
static bool supposes(const rlt_doc *doc, uint32_t at, rlt_language language)
{
    const rlt_token *token = &doc->tokens[at];
    if (language == RLT_ES)
        return token->source_len == token->text.len;
    return language == RLT_EN || at == 0 || rlt_stands_apart(doc, at) || rlt_is_among(" e que mas saber ", doc->tokens[at - 1].text) ||
           (at + 1 < doc->n_tokens && rlt_is_among(" vier vierem chegar chegarem for estiver tiver der quiser precisar nao eu ", doc->tokens[at + 1].text));
}

/* The token behind the clause in which `at` stands. */
static uint32_t clause_end(const rlt_doc *doc, uint32_t at)
{
    do
        at++;
    while (at < doc->n_tokens && !rlt_stands_apart(doc, at));
    return at;
}

/* Whether "nunca" at this place praises: "nunca probé un café tan rico", but not "nunca es tan rico como dicen". */
static bool is_topped(const rlc_lexicon *lexicon, const rlt_doc *doc, uint32_t at, rlt_language language)
{
    uint32_t end = clause_end(doc, at);
    for (uint32_t i = at + 1; i < end && i <= at + DEGREE_REACH; i++)
        if (entry_of(lexicon, doc->tokens[i].text, doc->tokens[i].hash)->does[DEGREE] & 1u << language) {
            for (uint32_t j = i + 1; j < end && j <= i + 3; j++)
                if (rlt_is_among(" como as quanto ", doc->tokens[j].text))
                    return false;
            return true;
        }
    return false;
}

/* Whether one of some words negates, in any language. */
static bool negates(const rlc_lexicon *lexicon, const rlt_token *tokens, uint32_t n)
{
    bool found = false;
    for (uint32_t i = 0; i < n; i++)
        found |= entry_of(lexicon, tokens[i].text, tokens[i].hash)->does[NEGATES] != 0;
    return found;
}

/* Whether what is praised stands beside a swear word, which then means no harm: "bom pra caralho", not "no está bueno, carajo". */
static bool swears_in_praise(const rlc_lexicon *lexicon, rlt_work *work, const rlt_doc *doc, uint32_t at, rlt_language language)
{
    uint32_t end = clause_end(doc, at);
    for (uint32_t i = at > SWEAR_REACH ? at - SWEAR_REACH : 0; i < end && i <= at + SWEAR_REACH; i++) {
        const rlt_token *token = &doc->tokens[i];
        const mood_entry *mood = i == at ? NULL : find_mood(lexicon, work, language, token, entry_of(lexicon, token->text, token->hash));
        uint32_t before = i > NEGATION_REACH ? i - NEGATION_REACH : 0;
        if (mood && mood->value[language] >= 2 && (i > at || clause_end(doc, i) > at) && !negates(lexicon, doc->tokens + before, i - before))
            return true;
    }
    return false;
}

/* Whether what is bad is not told but asked about: "¿qué pasa si llega roto?", "¿dónde hago un reclamo?". Threats and insults are meant. */
static bool is_supposed(const mood_sum *sum, uint32_t at, double value, double anger)
{
    return sum->asks && at < sum->supposed_until && (value < 0 || at < sum->negated_until) && anger < FURIOUS;
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
        if (is_supposed(sum, phrase->token, words->value, words->anger)) {
            sum->settled = true;
            return true;
        }
        sum->courteous += words->value == 0 ? phrase->n_tokens : 0;
        add(sum, UINT32_MAX, words->value, words->anger, token->flags);
        sum->settled |= denied;
    }
    return true;
}

/* What the patterns found, where no word has said as much already. */
static void add_tones(const rlc_lexicon *lexicon, const rlt_doc *doc, mood_sum *sum)
{
    rlc_found found[RLC_TONES];
    rlc_patterns_find(lexicon->tones, doc, found);
    double impatient = found[RLC_IMPATIENT].value, least = fmax(BAD * impatient, FURIOUS * found[RLC_SCORN].value);
    if (sum->supposed_until == 0 || !sum->asks)
        least = fmax(least, BAD * found[RLC_TROUBLE].value);
    if (sum->blame > -least) {
        sum->value -= sum->blame + least;
        sum->blame = -least;
    }
    sum->anger = fmax(sum->anger, fmax(VEXED * impatient, FURIOUS * found[RLC_SCORN].value));
    sum->ironic |= sum->praise > 0 && (sum->rolled || (sum->clapped && sum->blame <= -BAD && !sum->turned));
    sum->ironic |= sum->praise >= LAVISH && impatient == 1 && !sum->turned;
    sum->ironic |= found[RLC_IRONIC].value > 0 && !found[RLC_IRONIC].denied;
    if (sum->ironic) {
        sum->anger = fmax(sum->anger, VEXED);
        sum->value = fmin(sum->value - 1.5 * sum->praise, -MOCKING);
        sum->settled = true;
    }
}

static rlc_mood squash(const mood_sum *sum, const rlt_doc *doc)
{
    double shouting = doc->n_letters >= 12 && doc->n_upper * 10 > doc->n_letters * 7 ? 1 : 0;
    double marks = doc->n_exclaims < 4 ? doc->n_exclaims : 4;
    double value = sum->value * (1 + 0.1 * marks + 0.2 * shouting);
    /* Emphasis alone is no anger, but makes anger worse. */
    double anger = sum->anger > 0 ? sum->anger * (1 + 0.15 * marks) + 0.7 * shouting : 0.4 * shouting;
    double sentiment = value / sqrt(value * value + SQUASH);
    const char *name = sentiment > RLC_NEUTRAL ? "positive" : sentiment < -RLC_NEUTRAL ? "negative" : "neutral";
    return (rlc_mood){sentiment, 1 - exp(-anger / ANGER_SCALE), sum->settled, name};
}

/* What a word says, and what it does to others. */
static void add_word_at(const rlc_lexicon *lexicon, rlt_work *work, const rlt_doc *doc, uint32_t at, rlt_language language, mood_sum *sum)
{
    const rlt_token *token = &doc->tokens[at];
    const mood_entry *word = entry_of(lexicon, token->text, token->hash);
    const mood_entry *mood = find_mood(lexicon, work, language, token, word);
    bool does[EFFECTS];
    for (int effect = 0; effect < EFFECTS; effect++)
        does[effect] = word->does[effect] >> language & 1u;
    if (mood && ((does[SWEARS] && swears_in_praise(lexicon, work, doc, at, language)) || (does[ASKED_ABOUT] && sum->asks) ||
                 is_supposed(sum, at, mood->value[language], mood->anger[language]))) {
        sum->settled = true;
    } else if (mood) {
        if (token->kind == RLT_EMOJI) /* a face denies nothing: "no llega 😡" */
            sum->negated_until = at;
        add(sum, at, mood->value[language], mood->anger[language], token->flags);
        sum->ironic |= mood->value[language] >= 2 && is_doubted(doc, token);
    }
    sum->rolled |= token->kind == RLT_EMOJI && is_eye_roll(token->text);
    sum->clapped |= token->kind == RLT_EMOJI && is_clap(token->text);
    if (does[TURNS]) {
        sum->value *= 0.6; /* "bonito, pero llegó roto" */
        sum->turned = true;
    }
    if (does[SUPPOSES] && supposes(doc, at, language))
        sum->supposed_until = clause_end(doc, at);
    if (does[NEVER] && is_topped(lexicon, doc, at, language))
        sum->settled = true;
    else if (does[NEGATES])
        sum->negated_until = at + 1 + NEGATION_REACH;
    if (does[BOOSTS])
        sum->boosted = at + 1;
}

rlc_mood rlc_mood_read(const rlc_lexicon *lexicon, rlt_work *work, const rlt_doc *doc, rlt_language language)
{
    mood_sum sum = {.asks = rlt_is_question(doc)};
    rlt_match phrase = {.token = 0};
    bool found = rlt_text_find(lexicon->phrases, doc, 0, &phrase);
    for (uint32_t at = 0; at < doc->n_tokens; at++) {
        if (found && at == phrase.token) {
            bool counts = add_phrase(lexicon, doc, language, &phrase, &sum);
            at += counts ? phrase.n_tokens - 1 : 0;
            found = rlt_text_find(lexicon->phrases, doc, at + 1, &phrase);
            if (counts)
                continue;
        }
        if (at < sum.negated_until && rlt_stands_apart(doc, at))
            sum.negated_until = at;
        add_word_at(lexicon, work, doc, at, language, &sum);
    }
    sum.settled |= sum.courteous == doc->n_tokens || (sum.asks && sum.supposed_until > 0 && sum.value == 0);
    add_tones(lexicon, doc, &sum);
    return squash(&sum, doc);
}
