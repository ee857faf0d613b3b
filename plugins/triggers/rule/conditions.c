/* SPDX-License-Identifier: Apache-2.0 */
/* See conditions.h. */
#include "conditions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/data.h"

enum { LIST_LIMIT = 32, WORD_LIMIT = 128 };

/* How each subject is written, and what it takes. */
static const struct {
    const char *key;
    bool counts; /* its value is the least count; else one text or a list of them */
} subjects[SUBJECTS] = {
    [SUBJECT_SLOT] = {"slot", false},         [SUBJECT_TYPE] = {"type", false},
    [SUBJECT_SILENCE] = {"silence", false},   [SUBJECT_RESULT] = {"result", false},
    [SUBJECT_INTENT] = {"intent", false},     [SUBJECT_LANGUAGE] = {"language", false},
    [SUBJECT_CUSTOMER] = {"customer", false}, [SUBJECT_TAG] = {"tag", false},
    [SUBJECT_MISSES] = {"misses", true},      [SUBJECT_REPEATS] = {"repeats", true},
    [SUBJECT_MESSAGES] = {"messages", true},  [SUBJECT_BOT_REPEATS] = {"bot_repeats", true},
};

/* Where a mistake is told. */
typedef struct place {
    const char *key;
    size_t entry;
    char *error;
    size_t size;
} place;

static bool refuse(const place *at, const char *why)
{
    snprintf(at->error, at->size, "`%s` entry %zu: %s", at->key, at->entry, why);
    return false;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool words_fine(const json_t *list)
{
    size_t n = json_array_size(list);
    for (size_t i = 0; i < n; i++) {
        size_t len = json_string_length(json_array_get(list, i)); /* 0 for what is no text, too */
        if (len == 0 || len > WORD_LIMIT) {
            return false;
        }
    }
    return n > 0 && n <= LIST_LIMIT;
}

/* A text stands for a list of one: the entry is changed to it, so that the list lives with the JSON. */
static bool take_words(json_t *entry, const char *key, condition *c, const place *at)
{
    json_t *value = json_object_get(entry, key);
    if (json_is_string(value) && json_object_set_new(entry, key, json_pack("[O]", value)) == 0) {
        value = json_object_get(entry, key);
    }
    if (!json_is_array(value) || !words_fine(value)) {
        char why[96];
        snprintf(why, sizeof(why), "`%s` must be a text or a list of 1 to 32 texts (numbers in quotes)", key);
        return refuse(at, why);
    }
    c->words = value;
    return true;
}

static bool take_number(const json_t *entry, const char *key, double *ret, bool *ret_given, const place *at)
{
    const json_t *value = json_object_get(entry, key);
    if (value == NULL) {
        return true;
    }
    if (!json_is_number(value)) {
        char why[64];
        snprintf(why, sizeof(why), "`%s` must be a number", key);
        return refuse(at, why);
    }
    *ret = json_number_value(value);
    *ret_given = true;
    return true;
}

static bool take_range(const json_t *entry, condition *c, const place *at)
{
    c->least = -INFINITY;
    c->most = INFINITY;
    return take_number(entry, "at_least", &c->least, &c->number, at) && take_number(entry, "at_most", &c->most, &c->number, at);
}

static bool take_slot(json_t *entry, condition *c, const place *at)
{
    const json_t *name = json_object_get(entry, "slot");
    size_t len = json_string_length(name);
    if (len == 0 || len > WORD_LIMIT) {
        return refuse(at, "`slot` must be the name of a slot");
    }
    c->name = (relevo_str){json_string_value(name), len};
    if ((json_object_get(entry, "is") != NULL && !take_words(entry, "is", c, at)) || !take_range(entry, c, at)) {
        return false;
    }
    return c->words == NULL || !c->number ? true : refuse(at, "`is` and a number are both given: write two conditions");
}

static bool take_subject(json_t *entry, condition *c, const place *at)
{
    const char *key = subjects[c->subject].key;
    if (c->subject == SUBJECT_SLOT) {
        return take_slot(entry, c, at);
    }
    if (c->subject == SUBJECT_SILENCE) {
        return json_is_true(json_object_get(entry, key)) ? true
                                                          : refuse(at, "`silence` must be true: for how long is `policy.silence`");
    }
    if (subjects[c->subject].counts) {
        const json_t *value = json_object_get(entry, key);
        if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > 1000) {
            char why[64];
            snprintf(why, sizeof(why), "`%s` must be a whole number from 1 to 1000", key);
            return refuse(at, why);
        }
        c->least = (double)json_integer_value(value);
        return true;
    }
    if (c->subject == SUBJECT_RESULT) {
        return take_words(entry, key, c, at) && take_range(entry, c, at);
    }
    bool given = false;
    return take_words(entry, key, c, at) &&
           (c->subject != SUBJECT_INTENT || take_number(entry, "confidence", &c->least, &given, at));
}

/* Which keys may stand beside a subject. */
static bool belongs(subject about, const char *key)
{
    return strcmp(key, subjects[about].key) == 0 ||
           (about == SUBJECT_INTENT && strcmp(key, "confidence") == 0) ||
           (about == SUBJECT_SLOT && strcmp(key, "is") == 0) ||
           ((about == SUBJECT_SLOT || about == SUBJECT_RESULT) && (strcmp(key, "at_least") == 0 || strcmp(key, "at_most") == 0));
}

static bool take_condition(json_t *entry, condition *c, const place *at)
{
    if (!json_is_object(entry)) {
        return refuse(at, "must be a mapping such as {slot: total, at_least: 5000}");
    }
    c->subject = SUBJECTS;
    for (subject s = 0; s < SUBJECTS; s++) {
        if (json_object_get(entry, subjects[s].key) == NULL) {
            continue;
        }
        if (c->subject != SUBJECTS) {
            return refuse(at, "it is about two things: write two conditions");
        }
        c->subject = s;
    }
    if (c->subject == SUBJECTS) {
        return refuse(at, "must be about one of slot, type, intent, language, customer, tag, misses, repeats, messages, "
                          "bot_repeats, silence, result");
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(entry, key, value)
    {
        if (!belongs(c->subject, key)) {
            char why[128];
            relevo_str shown = rlt_cut(rlt_str(key), 40);
            snprintf(why, sizeof(why), "`%.*s` does not belong beside `%s`", (int)shown.len, shown.ptr,
                     subjects[c->subject].key);
            return refuse(at, why);
        }
    }
    return take_subject(entry, c, at);
}

bool conditions_read(const char *key, relevo_str text, conditions *ret, char *error, size_t error_size)
{
    place at = {.key = key, .error = error, .size = error_size};
    ret->json = text.len > 0 ? json_loadb(text.ptr, (size_t)text.len, 0, NULL) : json_array();
    if (!json_is_array(ret->json)) {
        snprintf(error, error_size, "`%s` must be a list of conditions such as {slot: total, at_least: 5000}", key);
        return false;
    }
    size_t n = json_array_size(ret->json);
    ret->items = calloc(n + 1, sizeof(*ret->items));
    if (ret->items == NULL) {
        snprintf(error, error_size, "out of memory");
        return false;
    }
    for (; ret->n < n; ret->n++) {
        at.entry = ret->n + 1;
        if (!take_condition(json_array_get(ret->json, ret->n), &ret->items[ret->n], &at)) {
            return false;
        }
    }
    return true;
}

void conditions_free(conditions *list)
{
    free(list->items);
    json_decref(list->json);
}

void conditions_intents(const conditions *list, const relevo_intents *to)
{
    for (size_t i = 0; i < list->n; i++) {
        const condition *c = &list->items[i];
        for (size_t k = 0; k < json_array_size(c->words); k++) {
            const json_t *word = json_array_get(c->words, k);
            relevo_str text = {json_string_value(word), json_string_length(word)};
            if (c->subject == SUBJECT_INTENT) {
                to->awaits(to, text, (relevo_str){NULL, 0});
            } else if (c->subject == SUBJECT_RESULT && RELEVO_HAS(to, hears)) {
                to->hears(to, text);
            }
        }
    }
}

/* ---- holding ----------------------------------------------------------------------------------------------------- */

static bool one_of(const json_t *words, relevo_str text)
{
    for (size_t i = 0; i < json_array_size(words); i++) {
        const json_t *word = json_array_get(words, i);
        if (rlt_equal(text, (relevo_str){json_string_value(word), json_string_length(word)})) {
            return true;
        }
    }
    return false;
}

static bool slot_holds(const condition *c, relevo_str value)
{
    double number;
    if (c->words != NULL) {
        return one_of(c->words, value);
    }
    if (!c->number) {
        return value.len > 0;
    }
    return rlt_leading_number(value, &number) && number >= c->least && number <= c->most;
}

/* Whether an agent marked the customer with one of them; tags are kept in small letters. */
static bool tagged(const json_t *words, const relevo_view *view)
{
    for (uint32_t i = 0; RELEVO_HAS(view, n_tags) && i < view->n_tags; i++) {
        for (size_t k = 0; k < json_array_size(words); k++) {
            const json_t *word = json_array_get(words, k);
            if (json_string_length(word) == view->tags[i].len &&
                strncasecmp(json_string_value(word), view->tags[i].ptr, (size_t)view->tags[i].len) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* How often the bot has said its last words, among the turns that are shown. */
static double bot_repeats(const relevo_view *view)
{
    const relevo_turn *last = NULL;
    uint32_t n = 0;
    for (uint32_t i = view->n_turns; i-- > 0;) {
        const relevo_turn *turn = view->turns[i];
        if (turn->by != RELEVO_BY_BOT) {
            continue;
        }
        last = last != NULL ? last : turn;
        n += rlt_equal(turn->text, last->text);
    }
    return n;
}

bool condition_holds(const condition *c, const relevo_view *view)
{
    const relevo_str none = {NULL, 0};
    switch (c->subject) {
    case SUBJECT_SLOT:
        for (uint32_t i = 0; i < view->n_slots; i++) {
            if (rlt_equal(view->slots[i]->name, c->name)) {
                return slot_holds(c, view->slots[i]->value);
            }
        }
        return false;
    case SUBJECT_SILENCE:
        return view->message == NULL && view->result == NULL;
    case SUBJECT_RESULT:
        return view->result != NULL && one_of(c->words, view->result_of) && view->result->status >= c->least && view->result->status <= c->most;
    case SUBJECT_TYPE:
        return view->message != NULL && one_of(c->words, view->message->type);
    case SUBJECT_INTENT:
        return view->reading != NULL && view->reading->confidence >= c->least &&
               one_of(c->words, view->reading->intent);
    case SUBJECT_LANGUAGE:
        return one_of(c->words, view->reading != NULL && view->reading->language.len > 0 ? view->reading->language
                                : view->language.len > 0                                 ? view->language
                                                                                         : none);
    case SUBJECT_CUSTOMER:
        return one_of(c->words, view->customer_id);
    case SUBJECT_TAG:
        return tagged(c->words, view);
    case SUBJECT_MISSES:
        return view->digest->misses >= c->least;
    case SUBJECT_REPEATS:
        return view->digest->repeats >= c->least;
    case SUBJECT_MESSAGES:
        return view->digest->messages >= c->least;
    case SUBJECT_BOT_REPEATS:
        return bot_repeats(view) >= c->least;
    case SUBJECTS:
        break;
    }
    return false;
}
