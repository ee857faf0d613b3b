/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the language plugins share: reading a message into folded tokens, telling es, pt and en apart, stems,
 * stop words, phrase search and hashed n-gram features. A static library: each plugin that wants it links its
 * own copy.
 *
 * It never does I/O, keeps no global state that changes and never fails because of what a customer wrote:
 * bytes that are not UTF-8 separate words, and what lies beyond RLT_TEXT_MAX is not read.
 *
 * Threads: an rlt_work belongs to one thread at a time (make one per call over a batch, reset it per
 * message); everything else that is taken as const may be shared freely.
 */
#ifndef RELEVO_TEXT_H
#define RELEVO_TEXT_H

#include <relevo/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RLT_TEXT_MAX                                                                                         \
    16384u /* bytes of a text that are read; a WhatsApp message has at most 4096 characters */

enum {
    RLT_OK = 0,
    RLT_E_MEMORY = -1, /* out of memory */
    RLT_E_EMPTY = -2   /* a phrase without a single word, number or emoji */
};

/* ---- the work area: memory and tools of one thread, reused from message to message ---- */

typedef struct rlt_work rlt_work;

/* Makes a work area (32 KiB; more for long texts, and once it stems, 60 KiB for stems found before). NULL: out of memory. */
rlt_work *rlt_work_new(void);
/* Frees it with all that was made in it. Accepts NULL. */
void rlt_work_free(rlt_work *work);
/* Forgets all that was made in it: documents, stems, features. Call it before the next message. */
void rlt_work_reset(rlt_work *work);
/* Memory until the next reset, aligned to 16. NULL: out of memory. */
void *rlt_work_alloc(rlt_work *work, size_t size);

/* ---- reading: a message as folded tokens ---- */

enum {
    RLT_WORD = 1,
    RLT_NUMBER = 2,
    RLT_EMOJI = 3
};

enum {
    RLT_UPPER = 1,    /* two letters or more, all upper case, as written */
    RLT_STRETCHED = 2 /* "hooolaaa": a letter three times or more; folded to "hola" */
};

/*
 * A word (letters, maybe with digits), a number (digits alone) or an emoji. `text` is folded: compatibility
 * forms, accents, case and stretched letters are gone, apostrophes within words too ("Don't" is "dont");
 * emoticons like ":(" are the emoji they mean.
 */
typedef struct rlt_token {
    relevo_str text;
    uint32_t hash;      /* of text */
    uint32_t source_at; /* where it stands in the source, in bytes */
    uint32_t source_len;
    uint8_t kind;  /* RLT_WORD ... */
    uint8_t flags; /* RLT_UPPER, RLT_STRETCHED */
} rlt_token;

typedef struct rlt_doc {
    relevo_str source; /* borrowed */
    relevo_str folded; /* the tokens' texts with one space between them */
    const rlt_token *tokens;
    uint32_t n_tokens;
    uint32_t n_letters;   /* letters as written */
    uint32_t n_upper;     /* of which upper case */
    uint32_t n_exclaims;  /* "!" and "¡" */
    uint32_t n_questions; /* "?" and "¿" */
} rlt_doc;

/* Reads `source` into tokens. The document lives in `work` until its next reset and borrows `source`.
   RLT_E_MEMORY. */
int rlt_read(rlt_work *work, relevo_str source, rlt_doc *ret_doc);

/* The piece of the source, as written, from token `first` to the end of token `first + n - 1`. n >= 1. */
relevo_str rlt_written(const rlt_doc *doc, uint32_t first, uint32_t n);
/* A mark that parts clauses (comma, full stop, "?", new line, ...) stands between this token, not the first, and the one before it. */
bool rlt_stands_apart(const rlt_doc *doc, uint32_t token);

/* The longest beginning of `text` with at most `max` bytes that does not cut a character. */
relevo_str rlt_cut(relevo_str text, size_t max);

/* The hash of a folded word, as in rlt_token. */
uint32_t rlt_hash(relevo_str text);

static inline relevo_str rlt_str(const char *text)
{
    relevo_str str = {text, text ? (uint64_t)__builtin_strlen(text) : 0};
    return str;
}

bool rlt_equal(relevo_str a, relevo_str b);

/* ---- languages ---- */

typedef enum rlt_language {
    RLT_UNKNOWN = 0,
    RLT_ES = 1,
    RLT_PT = 2,
    RLT_EN = 3
} rlt_language;

#define RLT_LANGUAGES 4 /* size of a table indexed by rlt_language */

/* "es", "pt", "en"; RLT_UNKNOWN: an absent text. */
relevo_str rlt_language_code(rlt_language language);
/* From "es", "es-MX", "pt_BR", ...; RLT_UNKNOWN for anything else. */
rlt_language rlt_language_from(relevo_str code);
/* The same for what people read (a trigger's reason, a card): Spanish instead of RLT_UNKNOWN. */
rlt_language rlt_language_shown(relevo_str code);
/* A message's: as it was read, else as its words say, else as it was before. `read` and `before` are codes and may be absent; doc NULL: it has no
   words. */
rlt_language rlt_language_of(relevo_str read, const rlt_doc *doc, relevo_str before);

/* What stands around a value in a sentence of one language. */
typedef struct rlt_frame {
    const char *before, *after;
} rlt_frame;

/*
 * Guesses the language from function words, common words and letters. RLT_UNKNOWN when there is no evidence
 * ("ok", "48213"): use the conversation's language then. `ret_confidence` (may be NULL) gets 0 to 1; little where only the
 * spelling of unknown words tells it, as that of names does.
 */
rlt_language rlt_language_guess(const rlt_doc *doc, double *ret_confidence);

/* Whether a folded word says nothing about the subject in that language. RLT_UNKNOWN: in none. */
bool rlt_is_stop(rlt_language language, relevo_str word);
/* The same of all languages at once: bit 1 << rlt_language for each in which it is a stop word. */
uint32_t rlt_stop_languages(relevo_str word);

/*
 * The stem of a folded word by the Snowball stemmer of that language; RLT_UNKNOWN: the word itself. Lives
 * until the work area's reset. Out of memory: the word itself.
 */
relevo_str rlt_stem(rlt_work *work, rlt_language language, relevo_str word);

/* ---- search ---- */

/* Whether a folded word of at most 28 bytes stands in a list like " uno one ", each word between two spaces. */
bool rlt_is_among(const char *list, relevo_str word);

#define RLT_NEAR_MIN 5u

/* Whether two folded words are equal or, when both have RLT_NEAR_MIN characters or more and begin alike (a silent h
   aside), one insertion, deletion, change or swap of neighbours apart. */
bool rlt_near(relevo_str a, relevo_str b);

/* Folded words to be looked up by words that may be misspelt; immutable, to be shared between threads. */
typedef struct rlt_vocabulary rlt_vocabulary;

#define RLT_NO_WORD UINT32_MAX

/* Borrows the array and the texts. What is shorter than near_min bytes is only found as it is. NULL: out of memory. */
rlt_vocabulary *rlt_vocabulary_new(const relevo_str *words, uint32_t n, size_t near_min);
/* Accepts NULL. */
void rlt_vocabulary_free(rlt_vocabulary *vocabulary);
/* The number of a word, of the first where it is there twice; RLT_NO_WORD: it is not there. hash: rlt_hash(word). */
uint32_t rlt_vocabulary_find(const rlt_vocabulary *vocabulary, relevo_str word, uint32_t hash);
/* The number of the first word that is rlt_near; RLT_NO_WORD: none is. */
uint32_t rlt_vocabulary_near(const rlt_vocabulary *vocabulary, relevo_str word);

/* A compiled list of words and phrases; immutable, to be shared between threads. */
typedef struct rlt_phrases rlt_phrases;

enum {
    RLT_FUZZY = 1 /* words of 5 characters or more also match when rlt_near */
};

/*
 * Compiles n phrases. They match whole tokens, folded, in a row, whatever stands between the tokens ("hablar
 * con alguien" finds "HABLAR, con alguién"). RLT_E_MEMORY, or RLT_E_EMPTY with the phrase's number in
 * *ret_bad (may be NULL).
 */
int rlt_phrases_new(const relevo_str *phrases, uint64_t n, uint32_t flags, rlt_phrases **ret_phrases,
                    uint64_t *ret_bad);
/* Accepts NULL. */
void rlt_phrases_free(rlt_phrases *phrases);

typedef struct rlt_match {
    uint32_t phrase; /* number of the phrase in the list */
    uint32_t token;  /* first token of the match; the next search may begin at token + n_tokens */
    uint32_t n_tokens;
    uint32_t fuzzy;     /* words that were only near */
    relevo_str written; /* the words as the customer wrote them: a piece of the document's source */
} rlt_match;

/* Finds the first match at token `from` or later; where several begin, the longest, then the least fuzzy.
   False: none; *ret_match untouched. */
bool rlt_text_find(const rlt_phrases *phrases, const rlt_doc *doc, uint32_t from, rlt_match *ret_match);

/* ---- questions ---- */

/* Whether a question begins with this token, in whichever language: "cuánto", "a qué", "do". */
bool rlt_question_at(const rlt_doc *doc, uint32_t token);
/* The document asks something: it has a question mark, or begins like a question. */
bool rlt_is_question(const rlt_doc *doc);
/* A short message that leans on what was said before: "¿y los domingos?", "e para Recife?". */
bool rlt_leans(const rlt_doc *doc);
/* "No quiero una persona, solo dime el horario": the piece of the source that is wanted instead of what is refused before it. False: there is
   none. */
bool rlt_instead(const rlt_doc *doc, relevo_str *ret);
/* Whether a message does nothing but refuse: "no quiero cancelar mi pedido". What was wanted and is no more is none ("ya no quiero el
   pedido"), nor is what asks something or goes on. */
bool rlt_refuses(const rlt_doc *doc);
/* Takes a message apart where sentences end and where another question begins ("... y cuánto tarda"): at most `max` pieces of
   the source, in order; the last one has the rest. Returns how many; 0: no token. */
size_t rlt_sentences(const rlt_doc *doc, relevo_str *ret, size_t max);
/* Takes a list apart, at each "y", "e", "and", and at its commas where all items are short: pieces of the source, in order. Returns how
   many; 0: no token, or more than `max`. */
size_t rlt_list_items(const rlt_doc *doc, relevo_str *ret, size_t max);

/* ---- features ---- */

#define RLT_BUCKETS 32768u

/* Raised whenever the same text begins to give other features: models trained with another one are refused.
 */
#define RLT_FEATURES_VERSION 1u

typedef struct rlt_feature {
    uint32_t bucket; /* 0 to RLT_BUCKETS - 1 */
    float value;     /* > 0 */
} rlt_feature;

/*
 * Hashed n-grams: words 1-2, and characters 2-5 within words (with their ends marked). Each of the two blocks
 * has length 1, so the sum of squares is about 2. Each bucket comes once, in the order of first appearance;
 * the same text gives the same features for ever (per RLT_FEATURES_VERSION). Digits of numbers do not matter,
 * only how many there are. The array lives in `work` until its reset; a text without tokens has none.
 * RLT_E_MEMORY.
 */
int rlt_features(rlt_work *work, const rlt_doc *doc, const rlt_feature **ret_features, uint32_t *ret_n);

#endif
