/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells a CRM about handoffs: HTTP requests as data, one after the other, made from a mapping that the operator writes or from
 * one that comes with the plugin. It must never know addresses or secrets: the destination has them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crm_notifier/chain.h"
#include "crm_notifier/fields.h"
#include "text/text.h"

#define DEFAULT_MAPPING                                                                                      \
    "{\"event\":\"{{event}}\",\"conversation_id\":\"{{conversation_id}}\",\"at\":\"{{at}}\","                \
    "\"phone_number_id\":\"{{phone_number_id}}\","                                                           \
    "\"customer\":{\"id\":\"{{customer.id}}\",\"name\":\"{{customer.name}}\",\"language\":\"{{language}}\"}" \
    ","                                                                                                      \
    "\"handoff\":{\"trigger\":\"{{handoff.trigger}}\",\"reason\":\"{{handoff.reason}}\","                    \
    "\"evidence\":\"{{handoff.evidence}}\",\"score\":\"{{handoff.score}}\","                                 \
    "\"priority\":\"{{handoff.priority}}\",\"team\":\"{{handoff.team}}\"},"                                  \
    "\"message\":{\"id\":\"{{message.id}}\",\"text\":\"{{message.text}}\"},"                                 \
    "\"open_question\":\"{{card.open_question}}\",\"slots\":\"{{slots}}\",\"turns\":\"{{turns}}\"}"

enum { OPTION_DESTINATION, OPTION_PATH, OPTION_EVENTS, OPTION_LEAD_TRIGGERS, OPTION_MAPPING, OPTION_PRESET, OPTION_STEPS, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    [OPTION_DESTINATION] = {.size = sizeof(relevo_option),
                            .type = RELEVO_OPTION_STRING,
                            .flags = RELEVO_OPTION_REQUIRED,
                            .name = "destination",
                            .help = "Name of an allowed destination in the configuration."},
    [OPTION_PATH] = {.size = sizeof(relevo_option),
                     .type = RELEVO_OPTION_STRING,
                     .name = "path",
                     .initial = "/",
                     .help = "Appended to the destination's address."},
    [OPTION_EVENTS] = {.size = sizeof(relevo_option),
                       .type = RELEVO_OPTION_LIST,
                       .name = "events",
                       .initial = "[\"handoff\"]",
                       .help = "What to tell: handoff (every handoff), lead (those of a lead trigger, handed off or only told), tip (what "
                               "other triggers only tell), closed (a person closed it), amended (the customer put right or completed what was told)."},
    [OPTION_LEAD_TRIGGERS] = {.size = sizeof(relevo_option),
                              .type = RELEVO_OPTION_LIST,
                              .name = "lead_triggers",
                              .initial = "[\"lead_ready\"]",
                              .help = "Triggers that find leads."},
    [OPTION_MAPPING] =
        {.size = sizeof(relevo_option),
         .type = RELEVO_OPTION_JSON,
         .name = "mapping",
         .initial = DEFAULT_MAPPING,
         .help = "The body: JSON whose texts may hold {{customer.id}}, {{handoff.reason}}, {{slots}}, "
                 "..."},
    [OPTION_PRESET] = {.size = sizeof(relevo_option),
                       .type = RELEVO_OPTION_STRING,
                       .name = "preset",
                       .help = "Steps that come with the plugin, instead of path and mapping: hubspot, salesforce, slack, teams, email."},
    [OPTION_STEPS] = {.size = sizeof(relevo_option),
                      .type = RELEVO_OPTION_JSON,
                      .name = "steps",
                      .help = "Several requests, instead of path and mapping: each with path, body, method, keep, unless, only."},
};

/* What the host takes in an effect. */
enum { NAME_LIMIT = 128 };

typedef struct notifier {
    plan plan;
    char *destination;
    json_t *lead_triggers; /* list of texts */
    bool tells[PLAN_EVENTS]; /* which of plan_events */
} notifier;

static void destroy(void *instance)
{
    notifier *n = instance;
    if (n == NULL) {
        return;
    }
    plan_free(&n->plan);
    json_decref(n->lead_triggers);
    free(n->destination);
    free(n);
}

static bool read_events(notifier *n, const relevo_value *list, char *error, size_t size)
{
    for (uint64_t i = 0; i < list->n_list; i++) {
        size_t e = 0;
        while (e < PLAN_EVENTS && !rlt_equal(list->list[i], rlt_str(plan_events[e]))) {
            e++;
        }
        if (e == PLAN_EVENTS) {
            relevo_str shown = rlt_cut(list->list[i], 40);
            snprintf(error, size, "`events`: `%.*s` is not known; use handoff, lead, tip, closed or amended", (int)shown.len, shown.ptr);
            return false;
        }
        n->tells[e] = true;
    }
    if (list->n_list == 0) {
        snprintf(error, size, "`events` is empty: there is nothing to tell; use handoff, lead, tip, closed or amended");
    }
    return list->n_list > 0;
}

static json_t *json_of(const relevo_value *value)
{
    return json_loadb(value->text.ptr, (size_t)value->text.len, JSON_REJECT_DUPLICATES, NULL);
}

/* From one of: a preset, a list of steps, or a path and a mapping, which are a list of one. */
static bool read_plan(notifier *n, const relevo_value *values, char *error, size_t size)
{
    bool preset = values[OPTION_PRESET].given != 0, steps = values[OPTION_STEPS].given != 0;
    bool one = values[OPTION_PATH].given != 0 || values[OPTION_MAPPING].given != 0;
    if (preset + steps + one > 1) {
        snprintf(error, size, "`preset`, `steps`, and `path` with `mapping` exclude each other: keep one");
        return false;
    }
    if (preset || steps) {
        json_t *list = preset ? plan_preset(values[OPTION_PRESET].text.ptr, error, size) : json_of(&values[OPTION_STEPS]);
        return (list != NULL || steps) && plan_read(&n->plan, list, error, size);
    }
    json_t *single = json_pack("{s:s, s:o}", "path", values[OPTION_PATH].text.ptr, "body", json_of(&values[OPTION_MAPPING]));
    return plan_read(&n->plan, json_pack("[o]", single), error, size);
}

static bool read_options(notifier *n, const relevo_value *values, char *error, size_t size)
{
    const relevo_value *triggers = &values[OPTION_LEAD_TRIGGERS];
    n->lead_triggers = json_array();
    n->destination = strdup(values[OPTION_DESTINATION].text.ptr);
    bool memory = n->lead_triggers != NULL && n->destination != NULL;
    for (uint64_t i = 0; i < triggers->n_list && memory; i++) {
        json_t *name = json_stringn(triggers->list[i].ptr, (size_t)triggers->list[i].len);
        memory = json_array_append_new(n->lead_triggers, name) == 0;
    }
    if (!memory) {
        snprintf(error, size, "out of memory");
        return false;
    }
    if (n->destination[0] == '\0' || strlen(n->destination) > NAME_LIMIT) {
        snprintf(error, size, "`destination` must be the name of an allowed destination, 1 to %d bytes",
                 NAME_LIMIT);
        return false;
    }
    if (!read_plan(n, values, error, size) || !read_events(n, &values[OPTION_EVENTS], error, size)) {
        return false;
    }
    n->plan.amends = n->tells[PLAN_AMENDED];
    return true;
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    notifier *n = calloc(1, sizeof(*n));
    if (n == NULL) {
        snprintf(error, (size_t)error_size, "out of memory");
        return RELEVO_E_FAILED;
    }
    if (!read_options(n, values, error, (size_t)error_size)) {
        destroy(n);
        return RELEVO_E_FAILED;
    }
    *ret_instance = n;
    return RELEVO_OK;
}

static bool is_lead(const notifier *n, relevo_str trigger)
{
    bool lead = false;
    for (size_t i = 0; i < json_array_size(n->lead_triggers); i++) {
        const json_t *name = json_array_get(n->lead_triggers, i);
        lead = lead || rlt_equal(trigger, rlt_str(json_string_value(name)));
    }
    return lead;
}

/* One of plan_events, or NULL when there is nothing to tell. */
static const char *event_of(const notifier *n, const relevo_view *view)
{
    const relevo_fired *told = fields_told(view);
    const relevo_handoff *handoff = view->amended ? NULL : view->handoff; /* that of before is told already */
    relevo_str trigger = handoff != NULL ? handoff->trigger : told != NULL ? told->trigger : (relevo_str){NULL, 0};
    size_t event = handoff != NULL ? PLAN_HANDOFF : PLAN_TIP;
    if (view->ending != NULL) {
        event = PLAN_CLOSED;
    } else if (handoff == NULL && told == NULL) {
        return NULL;
    } else if (n->tells[PLAN_LEAD] && is_lead(n, trigger)) {
        event = PLAN_LEAD;
    }
    return n->tells[event] ? plan_events[event] : NULL;
}

/* What was told is put right where it stands: a lead that is ready once more, by what was put right, is no second one. */
static bool is_amended(const notifier *n, const relevo_view *view, const char *event)
{
    return n->tells[PLAN_AMENDED] && view->amended && view->memory.len > 0 && (event == NULL || event == plan_events[PLAN_LEAD]);
}

static int32_t notify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    for (uint32_t i = 0; i < n; i++) {
        const notifier *me = instance;
        const char *event = event_of(me, views[i]);
        int32_t result = is_amended(me, views[i], event) ? chain_amend(&me->plan, me->destination, views[i], i, sink)
                         : event != NULL                 ? chain_begin(&me->plan, me->destination, event, views[i], i, sink)
                                                         : RELEVO_OK;
        if (result != RELEVO_OK) {
            return result;
        }
    }
    return RELEVO_OK;
}

/* The handoff stands whatever the CRM says: a failure is for the log, and for those who watch it. */
static int32_t on_result(void *instance, const relevo_view *const *views, const relevo_result *const *results,
                         uint32_t n, const relevo_sink *sink)
{
    const notifier *me = instance;
    for (uint32_t i = 0; i < n; i++) {
        int32_t code = chain_go_on(&me->plan, me->destination, views[i], results[i], i, sink);
        if (code != RELEVO_OK) {
            return code;
        }
    }
    return RELEVO_OK;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "crm_notifier",
    .version = RELEVO_VERSION,
    .summary = "Tells a CRM about handoffs and leads: HubSpot, Salesforce, or by a mapping of your own.",
    .kind = RELEVO_KIND_NOTIFIER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .notify = notify,
    .on_result = on_result,
};
