/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trigger for words and phrases (folded: case, accents and stretched letters do not matter) and for regular
 * expressions. A pattern of an operator must never cost the batch: every match runs under limits, and a match
 * that hits them counts as none and is logged once per call.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relevo/plugin.h"
#include "text/text.h"

#define MATCH_LIMIT 100000u /* backtracks: under 10 ms */
#define HEAP_LIMIT 1024u    /* KiB */
#define EVIDENCE_MAX 160u   /* bytes of all matches together */
#define WORDS_MAX 80u       /* bytes of them that a reason shows */
#define PATTERN_SHOWN 120   /* bytes of a pattern that an error shows */

enum { OPTION_PHRASES, OPTION_PATTERNS, OPTION_FUZZY, OPTION_SCORE, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    [OPTION_PHRASES] = {.size = sizeof(relevo_option),
                        .type = RELEVO_OPTION_LIST,
                        .name = "phrases",
                        .help = "Words or phrases, found whole; case and accents do not matter."},
    [OPTION_PATTERNS] = {.size = sizeof(relevo_option),
                         .type = RELEVO_OPTION_LIST,
                         .name = "patterns",
                         .help = "Regular expressions (PCRE2, Unicode, case does not matter)."},
    [OPTION_FUZZY] = {.size = sizeof(relevo_option),
                      .type = RELEVO_OPTION_BOOLEAN,
                      .name = "fuzzy",
                      .initial = "false",
                      .help = "Let words of 5 characters or more in `phrases` differ by one typing mistake."},
    [OPTION_SCORE] = {.size = sizeof(relevo_option),
                      .type = RELEVO_OPTION_REAL,
                      .name = "score",
                      .initial = "1",
                      .min = 0,
                      .max = 1,
                      .help = "Score of a match."},
};

typedef struct trigger {
    double score;
    rlt_phrases *phrases; /* NULL: none */
    pcre2_match_context *limits;
    uint64_t n_patterns;
    pcre2_code *patterns[];
} trigger;

static void destroy(void *instance)
{
    trigger *t = instance;
    if (t == NULL) {
        return;
    }
    for (uint64_t i = 0; i < t->n_patterns; i++) {
        pcre2_code_free(t->patterns[i]);
    }
    pcre2_match_context_free(t->limits);
    rlt_phrases_free(t->phrases);
    free(t);
}

/* Compiles one pattern; NULL with a line in error. A pattern that finds the empty text would find every
   message. */
static pcre2_code *compile(relevo_str pattern, const pcre2_match_context *limits, char *error, size_t size)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    relevo_str shown = rlt_cut(pattern, PATTERN_SHOWN);
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)pattern.ptr, (PCRE2_SIZE)pattern.len,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &code, &offset, NULL);
    if (compiled == NULL) {
        PCRE2_UCHAR message[160] = "";
        pcre2_get_error_message(code, message, sizeof(message));
        snprintf(error, size, "`patterns`: `%.*s` is not a regular expression: %s, at byte %zu",
                 (int)shown.len, shown.ptr, (const char *)message, (size_t)offset);
        return NULL;
    }
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int found = data == NULL ? PCRE2_ERROR_NOMEMORY
                             : pcre2_match(compiled, (PCRE2_SPTR) "", 0, 0, 0, data,
                                           (pcre2_match_context *)(uintptr_t)limits);
    pcre2_match_data_free(data);
    if (found == PCRE2_ERROR_NOMATCH) {
        return compiled;
    }
    snprintf(error, size,
             found >= 0
                 ? "`patterns`: `%.*s` finds every message, even an empty one: make it ask for something"
                 : "`patterns`: `%.*s` cannot be tried: out of memory, or too costly",
             (int)shown.len, shown.ptr);
    pcre2_code_free(compiled);
    return NULL;
}

static bool compile_phrases(trigger *t, const relevo_value *values, char *error, size_t size)
{
    const relevo_value *list = &values[OPTION_PHRASES];
    uint64_t bad = 0;
    if (list->n_list == 0) {
        return true;
    }
    int result = rlt_phrases_new(list->list, list->n_list, values[OPTION_FUZZY].integer != 0 ? RLT_FUZZY : 0,
                                 &t->phrases, &bad);
    if (result == RLT_E_EMPTY) {
        snprintf(error, size, "`phrases`: entry %llu has no word in it: write one or remove it",
                 (unsigned long long)bad + 1);
    } else if (result != RLT_OK) {
        snprintf(error, size, "out of memory");
    }
    return result == RLT_OK;
}

static bool compile_patterns(trigger *t, const relevo_value *list, char *error, size_t size)
{
    t->limits = pcre2_match_context_create(NULL);
    if (t->limits == NULL) {
        snprintf(error, size, "out of memory");
        return false;
    }
    pcre2_set_match_limit(t->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(t->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(t->limits, HEAP_LIMIT);
    for (uint64_t i = 0; i < list->n_list; i++) {
        t->patterns[i] = compile(list->list[i], t->limits, error, size);
        if (t->patterns[i] == NULL) {
            return false;
        }
        t->n_patterns++;
    }
    return true;
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    const relevo_value *patterns = &values[OPTION_PATTERNS];
    if (values[OPTION_PHRASES].n_list == 0 && patterns->n_list == 0) {
        snprintf(error, (size_t)error_size, "nothing to look for: give `phrases`, `patterns` or both");
        return RELEVO_E_FAILED;
    }
    trigger *t = calloc(1, sizeof(*t) + (size_t)patterns->n_list * sizeof(t->patterns[0]));
    if (t == NULL) {
        snprintf(error, (size_t)error_size, "out of memory");
        return RELEVO_E_FAILED;
    }
    t->score = values[OPTION_SCORE].real;
    if (!compile_phrases(t, values, error, (size_t)error_size) ||
        !compile_patterns(t, patterns, error, (size_t)error_size)) {
        destroy(t);
        return RELEVO_E_FAILED;
    }
    *ret_instance = t;
    return RELEVO_OK;
}

/* The words found in one message, as written, ", " between them. */
typedef struct words {
    char text[EVIDENCE_MAX];
    size_t len;
    bool found;
} words;

static bool has(const words *w, relevo_str piece)
{
    return memmem(w->text, w->len, piece.ptr, (size_t)piece.len) != NULL;
}

/* Adds a match unless it is there already; what no longer fits is left out, the first one is cut instead. */
static void add(words *w, relevo_str piece)
{
    w->found = true;
    if (w->len == 0) {
        piece = rlt_cut(piece, sizeof(w->text));
    }
    size_t separator = w->len > 0 ? 2 : 0;
    if (piece.len == 0 || has(w, piece) || w->len + separator + piece.len > sizeof(w->text)) {
        return;
    }
    memcpy(w->text + w->len, ", ", separator);
    memcpy(w->text + w->len + separator, piece.ptr, (size_t)piece.len);
    w->len += separator + (size_t)piece.len;
}

/* What one call over a batch works with. */
typedef struct tools {
    rlt_work *work;
    pcre2_match_data *data;
    bool limited; /* a match hit its limits */
} tools;

static bool find_phrases(const trigger *t, tools *with, relevo_str text, words *w)
{
    rlt_doc doc;
    rlt_match match;
    rlt_work_reset(with->work);
    if (rlt_read(with->work, text, &doc) != RLT_OK) {
        return false;
    }
    for (uint32_t from = 0; rlt_text_find(t->phrases, &doc, from, &match);
         from = match.token + match.n_tokens) {
        add(w, match.written);
    }
    return true;
}

/* The first match of each pattern: one is enough to fire, and the evidence stays short. */
static void find_patterns(const trigger *t, tools *with, relevo_str text, words *w)
{
    for (uint64_t i = 0; i < t->n_patterns; i++) {
        int found = pcre2_match(t->patterns[i], (PCRE2_SPTR)text.ptr, (PCRE2_SIZE)text.len, 0, 0, with->data,
                                t->limits);
        if (found >= 0) {
            const PCRE2_SIZE *span = pcre2_get_ovector_pointer(with->data);
            bool whole = span[1] > span[0]; /* look-arounds and \K may find no text of their own */
            add(w, whole ? (relevo_str){text.ptr + span[0], span[1] - span[0]} : text);
        } else if (found != PCRE2_ERROR_NOMATCH) {
            with->limited = true;
        }
    }
}

static int32_t judge(const trigger *t, tools *with, const relevo_view *view, uint32_t i,
                     const relevo_sink *sink)
{
    static const rlt_frame contains[RLT_LANGUAGES] = {[RLT_ES] = {"El mensaje contiene «", "»."},
                                                  [RLT_PT] = {"A mensagem contém «", "»."},
                                                  [RLT_EN] = {"The message contains “", "”."}};
    words w = {.len = 0};
    relevo_str text = view->message->text;
    if (t->phrases != NULL && !find_phrases(t, with, text, &w)) {
        return RELEVO_E_FAILED;
    }
    find_patterns(t, with, text, &w);
    if (!w.found) {
        return RELEVO_OK;
    }
    relevo_str evidence = {w.text, w.len};
    relevo_str shown = rlt_cut(evidence, WORDS_MAX);
    char reason[WORDS_MAX + 64];
    const rlt_frame *f = &contains[rlt_language_shown(view->language)];
    snprintf(reason, sizeof(reason), "%s%.*s%s", f->before, (int)shown.len, shown.ptr, f->after);
    const relevo_answer_trigger answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_TRIGGER},
        .score = t->score,
        .evidence = evidence,
        .reason = rlt_str(reason),
    };
    return sink->emit(sink, i, &answer.head);
}

static int32_t run(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const trigger *t = instance;
    tools with = {.work = rlt_work_new(), .data = pcre2_match_data_create(1, NULL)};
    int32_t result = with.work != NULL && with.data != NULL ? RELEVO_OK : RELEVO_E_FAILED;
    for (uint32_t i = 0; i < n && result == RELEVO_OK; i++) {
        if (views[i]->message != NULL && views[i]->message->text.len > 0) {
            result = judge(t, &with, views[i], i, sink);
        }
    }
    if (with.limited) {
        sink->log(sink, RELEVO_LOG_WARN,
                  rlt_str("a pattern was given up on a message: it backtracks too much"));
    }
    pcre2_match_data_free(with.data);
    rlt_work_free(with.work);
    return result;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "keyword",
    .version = RELEVO_VERSION,
    .summary = "Fires on words, phrases and regular expressions in the message.",
    .kind = RELEVO_KIND_TRIGGER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .trigger = run,
};
