/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trigger for leads that a salesperson should take: scored well enough, with the data that are required. It reads slots,
 * whoever filled them, and speaks once: at the message with which a lead becomes ready, or at the next one when its slots were filled while
 * that was answered, which triggers do not see. For this it remembers the last message, until a lead is complete: "1 ID".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relevo/plugin.h"
#include "text/text.h"

enum { OPTION_SCORE, OPTION_FIT, OPTION_INTEREST, OPTION_REQUIRED, OPTION_COMPLETE, OPTION_FLOWS, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    [OPTION_SCORE] = {.size = sizeof(relevo_option),
                      .type = RELEVO_OPTION_INTEGER,
                      .name = "score",
                      .initial = "60",
                      .min = 0,
                      .max = 100,
                      .help = "A lead of a lower score is not ready (slot lead.score)."},
    [OPTION_FIT] = {.size = sizeof(relevo_option),
                    .type = RELEVO_OPTION_INTEGER,
                    .name = "fit",
                    .initial = "0",
                    .min = 0,
                    .max = 100,
                    .help = "Nor is one that fits less well (slot lead.fit)."},
    [OPTION_INTEREST] = {.size = sizeof(relevo_option),
                         .type = RELEVO_OPTION_INTEGER,
                         .name = "interest",
                         .initial = "0",
                         .min = 0,
                         .max = 100,
                         .help = "Nor one of less interest (slot lead.interest)."},
    [OPTION_REQUIRED] = {.size = sizeof(relevo_option),
                         .type = RELEVO_OPTION_LIST,
                         .name = "required",
                         .initial = "[]",
                         .help = "Slots that must be filled."},
    [OPTION_COMPLETE] = {.size = sizeof(relevo_option),
                         .type = RELEVO_OPTION_BOOLEAN,
                         .name = "complete",
                         .initial = "true",
                         .help = "Wait until all questions of the flow were answered (slot lead.status)."},
    [OPTION_FLOWS] = {.size = sizeof(relevo_option),
                      .type = RELEVO_OPTION_LIST,
                      .name = "flows",
                      .initial = "[]",
                      .help = "Only leads of these flows (slot lead.flow); none named: of all."},
};

typedef struct trigger {
    long score, fit, interest;
    bool complete;
    relevo_str *required, *flows; /* copies, in one block behind the struct's own */
    uint64_t n_required, n_flows;
} trigger;

static void free_list(relevo_str *list, uint64_t n)
{
    for (uint64_t i = 0; list != NULL && i < n; i++) {
        free((void *)(uintptr_t)list[i].ptr);
    }
    free(list);
}

static void destroy(void *instance)
{
    trigger *t = instance;
    if (t == NULL) {
        return;
    }
    free_list(t->required, t->n_required);
    free_list(t->flows, t->n_flows);
    free(t);
}

static relevo_str *copy_list(const relevo_value *value)
{
    relevo_str *list = calloc((size_t)value->n_list + 1, sizeof(*list));
    for (uint64_t i = 0; list != NULL && i < value->n_list; i++) {
        char *copy = strndup(value->list[i].ptr, (size_t)value->list[i].len);
        if (copy == NULL) {
            free_list(list, i);
            return NULL;
        }
        list[i] = (relevo_str){copy, value->list[i].len};
    }
    return list;
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    trigger *t = calloc(1, sizeof(*t));
    if (t != NULL) {
        t->score = (long)values[OPTION_SCORE].integer;
        t->fit = (long)values[OPTION_FIT].integer;
        t->interest = (long)values[OPTION_INTEREST].integer;
        t->complete = values[OPTION_COMPLETE].integer != 0;
        t->n_required = values[OPTION_REQUIRED].n_list;
        t->n_flows = values[OPTION_FLOWS].n_list;
        t->required = copy_list(&values[OPTION_REQUIRED]);
        t->flows = copy_list(&values[OPTION_FLOWS]);
    }
    if (t == NULL || t->required == NULL || t->flows == NULL) {
        snprintf(error, (size_t)error_size, "out of memory");
        destroy(t);
        return RELEVO_E_FAILED;
    }
    *ret_instance = t;
    return RELEVO_OK;
}

static const relevo_slot *slot_of(const relevo_view *view, relevo_str name)
{
    for (uint32_t i = 0; i < view->n_slots; i++) {
        if (rlt_equal(view->slots[i]->name, name) && view->slots[i]->value.len > 0) {
            return view->slots[i];
        }
    }
    return NULL;
}

/* The number of a slot; -1: it is not filled, or no number. */
static long number_of(const relevo_view *view, const char *name)
{
    const relevo_slot *slot = slot_of(view, rlt_str(name));
    char text[16], *end;
    if (slot == NULL || slot->value.len >= sizeof(text)) {
        return -1;
    }
    memcpy(text, slot->value.ptr, (size_t)slot->value.len);
    text[slot->value.len] = '\0';
    long number = strtol(text, &end, 10);
    return end != text && *end == '\0' ? number : -1;
}

/* The message before this one, when no lead was complete then; absent: one was, or there was none. */
static relevo_str last_message(const relevo_view *view)
{
    relevo_str memory = view->memory;
    bool ours = memory.len > 2 && memcmp(memory.ptr, "1 ", 2) == 0;
    return ours ? (relevo_str){memory.ptr + 2, memory.len - 2} : (relevo_str){NULL, 0};
}

/* Filled with this message, or while the last one was answered. */
static bool is_new(const relevo_view *view, const relevo_slot *slot)
{
    if (slot == NULL || slot->message_id.len == 0)
        return false;
    return rlt_equal(slot->message_id, view->message->id) || rlt_equal(slot->message_id, last_message(view));
}

static bool is_wanted_flow(const trigger *t, const relevo_slot *flow)
{
    for (uint64_t i = 0; i < t->n_flows; i++) {
        if (flow != NULL && rlt_equal(t->flows[i], flow->value)) {
            return true;
        }
    }
    return t->n_flows == 0;
}

/* Ready, and only now: one of what makes it ready is new. */
static bool is_ready(const trigger *t, const relevo_view *view)
{
    const relevo_slot *status = slot_of(view, rlt_str("lead.status"));
    bool complete = status != NULL && rlt_equal(status->value, rlt_str("complete"));
    bool open = status != NULL && rlt_equal(status->value, rlt_str("open"));
    bool now = is_new(view, status) || is_new(view, slot_of(view, rlt_str("lead.score")));
    if (!(complete || (open && !t->complete)) || number_of(view, "lead.score") < t->score ||
        number_of(view, "lead.fit") < t->fit || number_of(view, "lead.interest") < t->interest ||
        !is_wanted_flow(t, slot_of(view, rlt_str("lead.flow")))) {
        return false;
    }
    for (uint64_t i = 0; i < t->n_required; i++) {
        const relevo_slot *slot = slot_of(view, t->required[i]);
        if (slot == NULL) {
            return false;
        }
        now = now || is_new(view, slot);
    }
    return now;
}

static int32_t judge(const trigger *t, const relevo_view *view, uint32_t i, const relevo_sink *sink)
{
    static const struct {
        const char *ready, *fit, *interest;
    } words[RLT_LANGUAGES] = {[RLT_ES] = {"Un cliente potencial está listo", "de 100 (encaje", "interés"},
                              [RLT_PT] = {"Um cliente potencial está pronto", "de 100 (perfil", "interesse"},
                              [RLT_EN] = {"A lead is ready", "of 100 (fit", "interest"}};
    if (!is_ready(t, view)) {
        return RELEVO_OK;
    }
    rlt_language language = rlt_language_shown(view->language);
    const relevo_slot *flow = slot_of(view, rlt_str("lead.flow"));
    relevo_str name = flow != NULL ? rlt_cut(flow->value, 64) : rlt_str("?");
    char reason[256], evidence[1024] = "";
    size_t used = 0;
    snprintf(reason, sizeof(reason), "%s: %.*s, %ld %s %ld, %s %ld).", words[language].ready, (int)name.len, name.ptr,
             number_of(view, "lead.score"), words[language].fit, number_of(view, "lead.fit"), words[language].interest,
             number_of(view, "lead.interest"));
    for (uint64_t k = 0; k < t->n_required; k++) {
        relevo_str value = rlt_cut(slot_of(view, t->required[k])->value, 80);
        if (used + value.len + 3 < sizeof(evidence)) {
            used += (size_t)snprintf(evidence + used, sizeof(evidence) - used, "%s%.*s", used > 0 ? ", " : "",
                                     (int)value.len, value.ptr);
        }
    }
    const relevo_answer_trigger answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_TRIGGER},
        .score = (double)(number_of(view, "lead.score") < 100 ? number_of(view, "lead.score") : 100) / 100,
        .evidence = rlt_str(evidence),
        .reason = rlt_str(reason),
    };
    return sink->emit(sink, i, &answer.head);
}

/* Until a lead is complete each message is remembered: the first may have all that a flow asks. */
static int32_t remember(const relevo_view *view, uint32_t i, const relevo_sink *sink)
{
    const relevo_slot *status = slot_of(view, rlt_str("lead.status"));
    bool complete = status != NULL && rlt_equal(status->value, rlt_str("complete"));
    char text[RELEVO_MEMORY_MAX];
    relevo_answer_memory memory = {.head = {sizeof(memory), RELEVO_ANSWER_MEMORY}};
    if (!complete && view->message->id.len + 3 < sizeof(text)) {
        memory.bytes.len = (uint64_t)snprintf(text, sizeof(text), "1 %.*s", (int)view->message->id.len, view->message->id.ptr);
        memory.bytes.ptr = text;
    }
    bool any = memory.bytes.len > 0 || view->memory.len > 0;
    return any ? sink->emit(sink, i, &memory.head) : RELEVO_OK;
}

static int32_t run(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    for (uint32_t i = 0; i < n; i++) {
        if (views[i]->message != NULL) {
            int32_t result = judge(instance, views[i], i, sink);
            if (result == RELEVO_OK) {
                result = remember(views[i], i, sink);
            }
            if (result != RELEVO_OK) {
                return result;
            }
        }
    }
    return RELEVO_OK;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "lead_ready",
    .version = RELEVO_VERSION,
    .summary = "Fires when a lead is scored well enough and has the data that are required.",
    .kind = RELEVO_KIND_TRIGGER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .trigger = run,
};
