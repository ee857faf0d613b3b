/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading flows. It must never guess what an author meant: what is malformed is refused with its file and line, before a
 * customer is asked anything.
 */
#include "flows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PHRASES_MAX 256u /* of one slot's choices, or of one list of words; plurals included */

#define DAYS_MAX    36500. /* of within_days */
#define POINTS_MAX  100. /* of a rule: sums are cut to it */

/* What is being read, for messages and memory. */
typedef struct flow_reader {
    const char *path;
    rlt_work *work;
    rlt_error *error;
    const lq_flow *flow; /* the one at hand, to find slots by name */
    const lq_slot *slot; /* the one at hand; NULL: none */
} flow_reader;

static const struct {
    const char *name;
    bool keep; /* it is the customer's, not the request's: known from one flow to the next */
} types[LQ_TYPES] = {
    [LQ_NAME] = {"name", true},       [LQ_EMAIL] = {"email", true},     [LQ_PHONE] = {"phone", true},
    [LQ_TAX_ID] = {"tax_id", true},   [LQ_DATE] = {"date", false},      [LQ_AMOUNT] = {"amount", false},
    [LQ_CHOICE] = {"choice", false},  [LQ_CITY] = {"city", true},       [LQ_TEXT] = {"text", false},
    [LQ_ORDER_NUMBER] = {"order_number", false},
};

/* ---- small parts ---- */

static bool fail(const flow_reader *in, const rlt_node *node, const char *what, const char *name)
{
    return rlt_fail(in->error, "%s:%u: `%s`: %s", in->path, rlt_node_line(node), name, what);
}

static void *get(const flow_reader *in, size_t n, size_t size)
{
    void *memory = rlt_work_alloc(in->work, (n ? n : 1) * size);
    if (memory)
        memset(memory, 0, (n ? n : 1) * size);
    else
        (void)rlt_fail_memory(in->error, in->path);
    return memory;
}

static bool keep(const flow_reader *in, relevo_str text, relevo_str *ret)
{
    char *copy = get(in, text.len + 1, 1);
    if (!copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    *ret = (relevo_str){copy, text.len};
    return true;
}

static size_t characters(relevo_str text)
{
    size_t n = 0;
    for (uint64_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return n;
}

static bool check_keys(const flow_reader *in, const rlt_node *map, const char *what, const char *const *known)
{
    if (rlt_node_kind(map) != RLT_MAPPING)
        return fail(in, map, "write it as 'key: value' lines", what);
    for (size_t i = 0; i < rlt_node_count(map); i++) {
        relevo_str key = rlt_node_text(rlt_node_key(map, i));
        size_t j = 0;
        while (known[j] && !rlt_equal(key, rlt_str(known[j])))
            j++;
        if (!known[j])
            return rlt_fail(in->error, "%s:%u: `%s` has no key '%s'; see the README of lead_qualifier", in->path,
                            rlt_node_line(rlt_node_key(map, i)), what, key.ptr);
    }
    return true;
}

/* A text in one or several languages; absent is fine. */
static bool take_text(const flow_reader *in, const rlt_node *map, const char *key, size_t max, lq_text *ret)
{
    const rlt_node *node = rlt_node_get(map, key);
    if (!node)
        return true;
    bool plain = rlt_node_kind(node) == RLT_SCALAR;
    if (!plain && rlt_node_kind(node) != RLT_MAPPING)
        return fail(in, node, "write a text, or one for each language: {es: ..., pt: ..., en: ...}", key);
    for (size_t i = 0; i < (plain ? 1 : rlt_node_count(node)); i++) {
        const rlt_node *value = plain ? node : rlt_node_at(node, i);
        rlt_language language = plain ? RLT_ES : rlt_language_from(rlt_node_text(rlt_node_key(node, i)));
        if (language == RLT_UNKNOWN)
            return fail(in, value, "a language is es, pt or en", key);
        if (rlt_node_kind(value) != RLT_SCALAR || rlt_node_text(value).len == 0)
            return fail(in, value, "the text is empty", key);
        if (characters(rlt_node_text(value)) > max)
            return fail(in, value, "the text is too long to be sent as it is meant; shorten it", key);
        if (!keep(in, rlt_node_text(value), &ret->in[language]))
            return false;
    }
    return true;
}

static bool take_texts(const flow_reader *in, const rlt_node *map, const char *key, const relevo_str **ret, size_t *ret_n)
{
    const rlt_node *node = rlt_node_get(map, key);
    if (!node)
        return true;
    if (!rlt_node_is_texts(node))
        return fail(in, node, "write a list of texts, like [one, two]", key);
    size_t n = rlt_node_n_texts(node);
    relevo_str *list = get(in, n, sizeof *list);
    for (size_t i = 0; list && i < n; i++)
        if (!keep(in, rlt_node_text_at(node, i), &list[i]))
            return false;
    *ret = list;
    *ret_n = n;
    return list != NULL;
}

/* The plural of a single word, as es, pt and en make it: customers say "bodas" where the business wrote "boda". len 0: none. */
static bool plural_of(const flow_reader *in, relevo_str word, relevo_str *ret)
{
    char last = word.len > 2 ? word.ptr[word.len - 1] : 's';
    bool letter = (last >= 'a' && last <= 'z') || (last >= 'A' && last <= 'Z');
    *ret = (relevo_str){NULL, 0};
    if (memchr(word.ptr, ' ', word.len) || !letter || last == 's')
        return true;
    char *copy = get(in, word.len + 3, 1);
    if (!copy)
        return false;
    bool vowel = strchr("aeiouy", last) != NULL;
    memcpy(copy, word.ptr, word.len);
    memcpy(copy + word.len, vowel ? "s" : "es", 2);
    *ret = (relevo_str){copy, word.len + (vowel ? 1 : 2)};
    return true;
}

/* Appends a text and its plural to a list of PHRASES_MAX. */
static bool add_phrase(const flow_reader *in, const rlt_node *node, relevo_str text, relevo_str *list, size_t *n)
{
    relevo_str plural;
    if (*n + 2 > PHRASES_MAX)
        return fail(in, node, "there are too many words; 128 are the most", "words");
    if (!plural_of(in, text, &plural))
        return false;
    list[(*n)++] = text;
    if (plural.len > 0)
        list[(*n)++] = plural;
    return true;
}

static bool take_phrases(const flow_reader *in, const rlt_node *map, const char *key, rlt_phrases **ret)
{
    const relevo_str *texts = NULL;
    size_t n_texts = 0, n = 0;
    if (!take_texts(in, map, key, &texts, &n_texts))
        return false;
    if (n_texts == 0)
        return true;
    relevo_str *list = get(in, PHRASES_MAX, sizeof *list);
    for (size_t i = 0; i < n_texts; i++)
        if (!list || !add_phrase(in, rlt_node_get(map, key), texts[i], list, &n))
            return false;
    int code = rlt_phrases_new(list, n, RLT_FUZZY, ret, NULL);
    if (code == RLT_E_EMPTY)
        return fail(in, rlt_node_get(map, key), "one of these has neither a word nor a number", key);
    return code == RLT_OK || rlt_fail_memory(in->error, in->path);
}

static bool take_number(const flow_reader *in, const rlt_node *map, const char *key, double *ret)
{
    const rlt_node *node = rlt_node_get(map, key);
    char *end = NULL;
    if (!node)
        return true;
    double value = rlt_node_kind(node) == RLT_SCALAR ? strtod(rlt_node_text(node).ptr, &end) : 0;
    if (!end || end == rlt_node_text(node).ptr || *end || !isfinite(value))
        return fail(in, node, "write a number", key);
    *ret = value;
    return true;
}

/* Limits that anything can be within. */
static bool check_limits(const flow_reader *in, const rlt_node *map, double min, double max)
{
    return min <= max || fail(in, map, "is more than `max`: nothing would ever do; exchange them", "min");
}

/* A number from min to max. */
static bool take_number_within(const flow_reader *in, const rlt_node *map, const char *key, double min, double max, double *ret)
{
    if (!take_number(in, map, key, ret))
        return false;
    return !rlt_node_get(map, key) || (*ret >= min && *ret <= max) ||
           rlt_fail(in->error, "%s:%u: `%s`: write a number from %g to %g", in->path, rlt_node_line(rlt_node_get(map, key)), key, min, max);
}

/* A key that says something of one type of slot only. */
static bool check_only(const flow_reader *in, const rlt_node *map, const char *key, const lq_slot *slot, lq_type type)
{
    const rlt_node *node = rlt_node_get(map, key);
    return !node || slot->type == type ||
           rlt_fail(in->error, "%s:%u: `%s`: is of a slot of type %s, and '%s' is of type %s; take it out", in->path, rlt_node_line(node), key,
                    types[type].name, slot->name.ptr, types[slot->type].name);
}

static bool take_flag(const flow_reader *in, const rlt_node *map, const char *key, bool *ret)
{
    const rlt_node *node = rlt_node_get(map, key);
    if (!node)
        return true;
    bool yes = rlt_node_kind(node) == RLT_SCALAR && rlt_equal(rlt_node_text(node), rlt_str("true"));
    if (!yes && !(rlt_node_kind(node) == RLT_SCALAR && rlt_equal(rlt_node_text(node), rlt_str("false"))))
        return fail(in, node, "write true or false", key);
    *ret = yes;
    return true;
}

/* One of two words. */
static bool take_word(const flow_reader *in, const rlt_node *map, const char *key, const char *no, const char *yes,
                      bool *ret)
{
    const rlt_node *node = rlt_node_get(map, key);
    if (!node)
        return true;
    bool second = rlt_node_kind(node) == RLT_SCALAR && rlt_equal(rlt_node_text(node), rlt_str(yes));
    if (!second && !(rlt_node_kind(node) == RLT_SCALAR && rlt_equal(rlt_node_text(node), rlt_str(no))))
        return rlt_fail(in->error, "%s:%u: `%s` is %s or %s", in->path, rlt_node_line(node), key, no, yes);
    *ret = second;
    return true;
}

/* An id: it stands in what is remembered, in slots and in buttons. */
static bool take_id(const flow_reader *in, const rlt_node *map, const char *key, relevo_str *ret)
{
    const rlt_node *node = rlt_node_get(map, key);
    relevo_str id = node && rlt_node_kind(node) == RLT_SCALAR ? rlt_node_text(node) : (relevo_str){NULL, 0};
    bool good = id.len > 0 && id.len <= LQ_NAME_MAX;
    for (uint64_t i = 0; i < id.len; i++)
        good = good && ((id.ptr[i] >= 'a' && id.ptr[i] <= 'z') || (id.ptr[i] >= '0' && id.ptr[i] <= '9') || id.ptr[i] == '_');
    if (!good)
        return fail(in, node ? node : map, "is needed: small letters, digits and _, at most 31", key);
    return keep(in, id, ret);
}

/* ---- conditions ---- */

/* What it is compared with can be the slot's value. */
static bool check_compared(const flow_reader *in, const rlt_node *map, const lq_slot *slot, const lq_condition *c)
{
    const char *key = c->negated ? "not" : "is";
    const rlt_node *node = rlt_node_get(map, key);
    if (node && c->n_is == 0)
        return fail(in, node, "names no value; write one or several, or leave it out", key);
    for (size_t i = 0; slot->type == LQ_CHOICE && i < c->n_is; i++)
        if (!lq_choice_find(slot, c->is[i]))
            return rlt_fail(in->error, "%s:%u: `%s`: '%s' is no value of the choices of '%s'; write one as it stands there", in->path,
                            rlt_node_line(node), key, c->is[i].ptr, slot->name.ptr);
    if (c->negated && (rlt_node_get(map, "min") || rlt_node_get(map, "max") || rlt_node_get(map, "within_days")))
        return fail(in, map, "stands alone; leave out `min`, `max` and `within_days`", key);
    return check_only(in, map, "min", slot, LQ_AMOUNT) && check_only(in, map, "max", slot, LQ_AMOUNT) &&
           check_only(in, map, "within_days", slot, LQ_DATE) && check_limits(in, map, c->min, c->max);
}

static bool take_condition(const flow_reader *in, const rlt_node *map, lq_condition *ret)
{
    static const char *const keys[] = {"slot", "is", "not", "min", "max", "within_days", NULL};
    *ret = (lq_condition){.min = -INFINITY, .max = INFINITY, .within_days = INFINITY};
    if (!check_keys(in, map, "when", keys) || !take_id(in, map, "slot", &ret->slot))
        return false;
    const lq_slot *slot = lq_slot_find(in->flow, ret->slot);
    if (!slot && in->slot)
        return fail(in, map, "this flow has no slot of that name before this one; what a question hangs on is asked first", ret->slot.ptr);
    if (!slot)
        return fail(in, map, "this flow has no slot of that name", ret->slot.ptr);
    if (slot == in->slot)
        return fail(in, map, "a slot that waits for itself is never asked; name one before it", ret->slot.ptr);
    ret->negated = rlt_node_get(map, "not") != NULL;
    if (ret->negated && rlt_node_get(map, "is"))
        return fail(in, map, "give either `is` or `not`", "when");
    return take_texts(in, map, ret->negated ? "not" : "is", &ret->is, &ret->n_is) &&
           take_number(in, map, "min", &ret->min) && take_number(in, map, "max", &ret->max) &&
           take_number_within(in, map, "within_days", 0, DAYS_MAX, &ret->within_days) && check_compared(in, map, slot, ret);
}

/* `when`: one condition, or a list of which all must hold. */
static bool take_when(const flow_reader *in, const rlt_node *map, const lq_condition **ret, size_t *ret_n)
{
    const rlt_node *node = rlt_node_get(map, "when");
    if (!node)
        return true;
    bool list = rlt_node_kind(node) == RLT_SEQUENCE;
    size_t n = list ? rlt_node_count(node) : 1;
    lq_condition *conditions = get(in, n, sizeof *conditions);
    for (size_t i = 0; conditions && i < n; i++)
        if (!take_condition(in, list ? rlt_node_at(node, i) : node, &conditions[i]))
            return false;
    *ret = conditions;
    *ret_n = n;
    return conditions != NULL;
}

/* ---- slots ---- */

static bool take_choice(const flow_reader *in, const rlt_node *node, bool row, lq_choice *ret)
{
    static const char *const keys[] = {"value", "title", "words", NULL};
    if (!check_keys(in, node, "choices", keys) || !take_id(in, node, "value", &ret->value) ||
        !take_text(in, node, "title", row ? 24 : 20, &ret->title))
        return false;
    return lq_say(&ret->title, RLT_ES).len > 0 ||
           fail(in, node, "is needed: what the customer sees, at most 20 characters (24 of more than three)", "title");
}

/* What means a choice: its titles, its value, its words. */
static bool add_phrases(const flow_reader *in, const rlt_node *node, const lq_choice *choice, relevo_str *list,
                        uint8_t *of, uint8_t number, size_t *n)
{
    const rlt_node *words = rlt_node_get(node, "words");
    if (words && !rlt_node_is_texts(words))
        return fail(in, words, "write a list of texts, like [one, two]", "words");
    size_t n_words = words ? rlt_node_n_texts(words) : 0;
    for (size_t i = 0; i < n_words + RLT_LANGUAGES; i++) {
        relevo_str text = i < RLT_LANGUAGES ? choice->title.in[i] : rlt_node_text_at(words, i - RLT_LANGUAGES);
        if (i == RLT_UNKNOWN)
            text = choice->value;
        size_t before = *n;
        if (text.len > 0 && !add_phrase(in, node, text, list, n))
            return false;
        for (size_t k = before; k < *n; k++)
            of[k] = number;
    }
    return true;
}

/* Whether no two of them are the same, nor look alike to a customer: WhatsApp refuses such. */
static bool check_differ(const flow_reader *in, const rlt_node *node, const lq_choice *choices, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            if (rlt_equal(choices[k].value, choices[i].value))
                return fail(in, rlt_node_at(node, i), "two choices have the same; change one", "value");
            for (int language = 0; language < RLT_LANGUAGES; language++)
                if (rlt_equal(lq_say(&choices[k].title, (rlt_language)language), lq_say(&choices[i].title, (rlt_language)language)))
                    return fail(in, rlt_node_at(node, i), "two choices have the same in a language, which WhatsApp refuses; change one", "title");
        }
    return true;
}

static bool take_choices(const flow_reader *in, const rlt_node *map, lq_slot *slot)
{
    const rlt_node *node = rlt_node_get(map, "choices");
    size_t n_phrases = 0;
    if (slot->type != LQ_CHOICE)
        return !node || fail(in, node, "only a slot of type choice has them", "choices");
    size_t n = node && rlt_node_kind(node) == RLT_SEQUENCE ? rlt_node_count(node) : 0;
    if (n < 2 || n > RELEVO_CHOICES_MAX)
        return fail(in, node ? node : map, "write 2 to 10, each beginning with '- value: ...'", "choices");
    lq_choice *choices = get(in, n, sizeof *choices);
    relevo_str *list = get(in, PHRASES_MAX, sizeof *list);
    uint8_t *of = get(in, PHRASES_MAX, 1);
    for (size_t i = 0; choices && list && of && i < n; i++)
        if (!take_choice(in, rlt_node_at(node, i), n > RELEVO_BUTTONS_MAX, &choices[i]) ||
            !add_phrases(in, rlt_node_at(node, i), &choices[i], list, of, (uint8_t)i, &n_phrases))
            return false;
    if (!choices || !list || !of || !check_differ(in, node, choices, n))
        return false;
    slot->choices = choices;
    slot->n_choices = n;
    slot->phrase_of = of;
    int code = rlt_phrases_new(list, n_phrases, RLT_FUZZY, &slot->phrases, NULL);
    if (code == RLT_E_EMPTY)
        return fail(in, node, "one of their titles or words has neither a word nor a number", "choices");
    return code == RLT_OK || rlt_fail_memory(in->error, in->path);
}

static bool take_type(const flow_reader *in, const rlt_node *map, lq_slot *slot)
{
    const rlt_node *node = rlt_node_get(map, "type");
    for (int i = 0; node && rlt_node_kind(node) == RLT_SCALAR && i < LQ_TYPES; i++)
        if (rlt_equal(rlt_node_text(node), rlt_str(types[i].name))) {
            slot->type = (lq_type)i;
            slot->keep = types[i].keep;
            return true;
        }
    return fail(in, node ? node : map,
                "is one of name, email, phone, tax_id, date, amount, choice, city, text, order_number", "type");
}

static bool take_slot(const flow_reader *in, const rlt_node *map, lq_slot *slot)
{
    static const char *const keys[] = {"name",     "type",   "ask",        "hint",          "choices", "words",
                                       "min",      "max",    "attempts",   "optional",      "future",  "from_start",
                                       "otherwise", "when",  "from_whatsapp", "keep",       NULL};
    double attempts = LQ_ATTEMPTS;
    *slot = (lq_slot){.min = -INFINITY, .max = INFINITY};
    if (!check_keys(in, map, "slots", keys) || !take_id(in, map, "name", &slot->name) || !take_type(in, map, slot))
        return false;
    if (lq_slot_find(in->flow, slot->name) != slot)
        return fail(in, map, "this flow has two slots of that name", slot->name.ptr);
    if (!take_text(in, map, "ask", LQ_ASK_MAX, &slot->ask) || !take_text(in, map, "hint", LQ_ASK_MAX, &slot->hint) ||
        !take_choices(in, map, slot) || !take_phrases(in, map, "words", &slot->words) ||
        !take_number(in, map, "min", &slot->min) || !take_number(in, map, "max", &slot->max) ||
        !take_number(in, map, "attempts", &attempts) || !take_flag(in, map, "optional", &slot->optional) ||
        !take_flag(in, map, "future", &slot->future) || !take_flag(in, map, "from_start", &slot->from_start) ||
        !take_flag(in, map, "from_whatsapp", &slot->from_whatsapp) || !take_flag(in, map, "keep", &slot->keep) ||
        !take_word(in, map, "otherwise", "skip", "hand_off", &slot->hand_off) ||
        !take_when(in, map, &slot->when, &slot->n_when))
        return false;
    if (lq_say(&slot->ask, RLT_ES).len == 0)
        return fail(in, map, "is needed: the question", "ask");
    if (!check_only(in, map, "min", slot, LQ_AMOUNT) || !check_only(in, map, "max", slot, LQ_AMOUNT) ||
        !check_only(in, map, "future", slot, LQ_DATE) || !check_limits(in, map, slot->min, slot->max))
        return false;
    if (attempts < 1 || attempts > 9 || attempts > floor(attempts))
        return fail(in, rlt_node_get(map, "attempts"), "is a whole number from 1 to 9", "attempts");
    if (slot->from_whatsapp && slot->type != LQ_NAME && slot->type != LQ_PHONE)
        return fail(in, map, "WhatsApp knows only the customer's name and phone", "from_whatsapp");
    slot->attempts = (int)attempts;
    return true;
}

/* ---- flows ---- */

static bool take_rules(const flow_reader *in, const rlt_node *map, lq_flow *flow)
{
    static const char *const keys[] = {"when", "fit", "interest", NULL};
    const rlt_node *node = rlt_node_get(map, "score");
    if (!node)
        return true;
    if (!flow->lead)
        return fail(in, node, "only a flow of kind lead is scored", "score");
    if (rlt_node_kind(node) != RLT_SEQUENCE)
        return fail(in, node, "write a list of rules, each with `fit` or `interest`", "score");
    lq_rule *rules = get(in, rlt_node_count(node), sizeof *rules);
    for (size_t i = 0; rules && i < rlt_node_count(node); i++) {
        const rlt_node *rule = rlt_node_at(node, i);
        if (!check_keys(in, rule, "score", keys) || !take_when(in, rule, &rules[i].when, &rules[i].n_when) ||
            !take_number_within(in, rule, "fit", -POINTS_MAX, POINTS_MAX, &rules[i].fit) ||
            !take_number_within(in, rule, "interest", -POINTS_MAX, POINTS_MAX, &rules[i].interest))
            return false;
        if (!rlt_node_get(rule, "fit") && !rlt_node_get(rule, "interest"))
            return fail(in, rule, "the rule is worth nothing; give it `fit` or `interest`", "score");
    }
    flow->rules = rules;
    flow->n_rules = rlt_node_count(node);
    return rules != NULL;
}

static bool take_where(const flow_reader *in, const rlt_node *node, relevo_str *ret)
{
    size_t size = strlen(in->path) + sizeof ":4294967295";
    char *where = get(in, size, 1);
    if (!where)
        return false;
    int len = snprintf(where, size, "%s:%u", in->path, rlt_node_line(node));
    *ret = (relevo_str){where, (uint64_t)len};
    return true;
}

static bool take_start(const flow_reader *in, const rlt_node *map, lq_flow *flow)
{
    static const char *const keys[] = {"intents", "min_confidence", "keywords", "choices", NULL};
    const rlt_node *node = rlt_node_get(map, "start");
    flow->min_confidence = 0.5;
    if (!node)
        return fail(in, map, "is needed: intents, keywords or choices that begin the flow", "start");
    if (!check_keys(in, node, "start", keys) || !take_texts(in, node, "intents", &flow->intents, &flow->n_intents) ||
        !take_texts(in, node, "choices", &flow->choices, &flow->n_choices) ||
        !take_phrases(in, node, "keywords", &flow->keywords) ||
        !take_number_within(in, node, "min_confidence", 0, 1, &flow->min_confidence))
        return false;
    if (flow->n_intents && !take_where(in, rlt_node_get(node, "intents"), &flow->where))
        return false;
    return flow->n_intents || flow->n_choices || flow->keywords ||
           fail(in, node, "nothing would ever begin this flow; give intents, keywords or choices", "start");
}

/* A {slot} that the flow does not have would be shown to customers as it stands. For when all slots are known. */
static bool check_named(const flow_reader *in, const rlt_node *map, const char *key, const lq_text *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    for (int language = 0; language < RLT_LANGUAGES; language++) {
        const char *at = text->in[language].len ? text->in[language].ptr : "";
        while ((at = strchr(at, '{'))) {
            size_t len = strspn(++at, letters);
            if (len > 0 && at[len] == '}' && !lq_slot_find(in->flow, (relevo_str){at, len}))
                return rlt_fail(in->error, "%s:%u: `%s`: it holds {%.*s}, and this flow has no slot of that name", in->path,
                                rlt_node_line(rlt_node_get(map, key)), key, (int)len, at);
        }
    }
    return true;
}

static bool take_slots(flow_reader *in, const rlt_node *map, lq_flow *flow)
{
    const rlt_node *node = rlt_node_get(map, "slots");
    size_t n = node && rlt_node_kind(node) == RLT_SEQUENCE ? rlt_node_count(node) : 0;
    if (n < 1 || n > LQ_SLOTS_MAX)
        return fail(in, node ? node : map, "write 1 to 16, each beginning with '- name: ...'", "slots");
    lq_slot *slots = get(in, n, sizeof *slots);
    if (!slots)
        return false;
    flow->slots = slots;
    for (size_t i = 0; i < n; i++) {
        flow->n_slots = i + 1; /* conditions look back only */
        in->slot = &slots[i];
        if (!take_slot(in, rlt_node_at(node, i), &slots[i]))
            return false;
    }
    in->slot = NULL;
    for (size_t i = 0; i < n; i++)
        if (!check_named(in, rlt_node_at(node, i), "ask", &slots[i].ask) || !check_named(in, rlt_node_at(node, i), "hint", &slots[i].hint))
            return false;
    return true;
}

static bool take_flow(flow_reader *in, const rlt_node *map, lq_flows *flows, lq_flow *flow)
{
    static const char *const keys[] = {"id",    "kind", "title",     "start",     "intro",  "slots",
                                       "score", "done", "collected", "cancelled", "resume", "then", NULL};
    bool data = false;
    in->flow = flow;
    if (!check_keys(in, map, "flows", keys) || !take_id(in, map, "id", &flow->id))
        return false;
    if (lq_flow_find(flows, flow->id) != flow)
        return fail(in, map, "there are two flows of that id", flow->id.ptr);
    if (!take_word(in, map, "kind", "lead", "data", &data) ||
        !take_word(in, map, "then", "nothing", "hand_off", &flow->hand_off))
        return false;
    flow->lead = !data;
    if (!take_text(in, map, "title", 60, &flow->title) || !take_start(in, map, flow) ||
        !take_text(in, map, "intro", LQ_ASK_MAX, &flow->intro) || !take_text(in, map, "done", LQ_ASK_MAX, &flow->done) ||
        !take_text(in, map, "collected", LQ_ASK_MAX, &flow->collected) || !take_text(in, map, "cancelled", LQ_ASK_MAX, &flow->cancelled) ||
        !take_text(in, map, "resume", 60, &flow->resume) || !take_slots(in, map, flow) || !take_rules(in, map, flow) ||
        !check_named(in, map, "intro", &flow->intro) || !check_named(in, map, "done", &flow->done) ||
        !check_named(in, map, "collected", &flow->collected) || !check_named(in, map, "cancelled", &flow->cancelled))
        return false;
    return lq_say(&flow->done, RLT_ES).len > 0 || fail(in, map, "is needed: what is said when all is known", "done");
}

/* Whether two keywords are the same to who reads messages: "Cotización", "cotizacion". */
static bool is_same_phrase(const rlt_doc *one, const rlt_doc *other)
{
    bool same = one->n_tokens == other->n_tokens;
    for (uint32_t i = 0; i < one->n_tokens && same; i++)
        same = rlt_equal(one->tokens[i].text, other->tokens[i].text);
    return same;
}

/* What begins two flows would only ever begin the first. */
static bool check_begins(const flow_reader *in, const rlt_node *list, size_t at, const char *key, bool words)
{
    const rlt_node *own = rlt_node_get(rlt_node_get(rlt_node_at(list, at), "start"), key);
    for (size_t i = 0; own && i < rlt_node_n_texts(own); i++) {
        relevo_str text = rlt_node_text_at(own, i);
        rlt_doc doc, other;
        if (words && rlt_read(in->work, text, &doc) != RLT_OK)
            return rlt_fail_memory(in->error, in->path);
        for (size_t before = 0; before < at; before++) {
            const rlt_node *theirs = rlt_node_get(rlt_node_get(rlt_node_at(list, before), "start"), key);
            for (size_t k = 0; theirs && k < rlt_node_n_texts(theirs); k++) {
                if (words && rlt_read(in->work, rlt_node_text_at(theirs, k), &other) != RLT_OK)
                    return rlt_fail_memory(in->error, in->path);
                if (words ? is_same_phrase(&doc, &other) : rlt_equal(text, rlt_node_text_at(theirs, k)))
                    return rlt_fail(in->error, "%s:%u: `%s`: '%s' begins the flow of line %u already; leave it to one of them", in->path,
                                    rlt_node_line(own), key, text.ptr, rlt_node_line(rlt_node_at(list, before)));
            }
        }
    }
    return true;
}

bool lq_flows_parse(const char *path, relevo_str text, lq_flows *ret, rlt_error *error)
{
    static const char *const keys[] = {"flows", NULL};
    lq_flows made = {.work = rlt_work_new()};
    flow_reader in = {.path = path, .work = made.work, .error = error};
    rlt_yaml *yaml = NULL;
    bool good = made.work ? rlt_yaml_parse(path, 1, text, &yaml, error) : rlt_fail_memory(error, path);
    const rlt_node *root = good ? rlt_yaml_root(yaml) : NULL, *list = NULL;
    if (good)
        good = check_keys(&in, root, "the file", keys);
    if (good) {
        list = rlt_node_get(root, "flows");
        size_t n = list && rlt_node_kind(list) == RLT_SEQUENCE ? rlt_node_count(list) : 0;
        good = (n >= 1 && n <= LQ_FLOWS_MAX) ||
               fail(&in, list ? list : root, "write 1 to 16, each beginning with '- id: ...'", "flows");
        made.flows = good ? get(&in, n, sizeof *made.flows) : NULL;
        good = good && made.flows;
        for (size_t i = 0; good && i < n; i++) {
            made.n = i + 1;
            good = take_flow(&in, rlt_node_at(list, i), &made, &made.flows[i]) && check_begins(&in, list, i, "keywords", true) &&
                   check_begins(&in, list, i, "choices", false);
        }
    }
    rlt_yaml_free(yaml);
    if (good)
        *ret = made;
    else
        lq_flows_clear(&made);
    return good;
}

bool lq_flows_load(const char *path, lq_flows *ret, rlt_error *error)
{
    char *text;
    size_t len;
    if (!rlt_file_load(path, &text, &len, error))
        return false;
    bool good = lq_flows_parse(path, (relevo_str){text, len}, ret, error);
    free(text);
    return good;
}

void lq_flows_clear(lq_flows *flows)
{
    for (size_t i = 0; i < flows->n; i++) {
        rlt_phrases_free(flows->flows[i].keywords);
        for (size_t k = 0; k < flows->flows[i].n_slots; k++) {
            rlt_phrases_free(flows->flows[i].slots[k].phrases);
            rlt_phrases_free(flows->flows[i].slots[k].words);
        }
    }
    rlt_work_free(flows->work);
    memset(flows, 0, sizeof *flows);
}

const lq_flow *lq_flow_find(const lq_flows *flows, relevo_str id)
{
    for (size_t i = 0; i < flows->n; i++)
        if (rlt_equal(flows->flows[i].id, id))
            return &flows->flows[i];
    return NULL;
}

const lq_slot *lq_slot_find(const lq_flow *flow, relevo_str name)
{
    for (size_t i = 0; i < flow->n_slots; i++)
        if (rlt_equal(flow->slots[i].name, name))
            return &flow->slots[i];
    return NULL;
}

const lq_choice *lq_choice_find(const lq_slot *slot, relevo_str value)
{
    for (size_t i = 0; i < slot->n_choices; i++)
        if (rlt_equal(slot->choices[i].value, value))
            return &slot->choices[i];
    return NULL;
}

relevo_str lq_say(const lq_text *text, rlt_language language)
{
    if (text->in[language].len > 0)
        return text->in[language];
    for (int i = RLT_ES; i < RLT_LANGUAGES; i++)
        if (text->in[i].len > 0)
            return text->in[i];
    return (relevo_str){NULL, 0};
}
