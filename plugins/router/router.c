/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says whom a handed-off conversation needs: the first rule that holds, else the default. It states
 * requirements and an order; it must never choose among agents by itself, as it cannot know who is free: the
 * assignment does that.
 */
#include "router/rules.h"

enum { OPTION_ROUTES, OPTION_DEFAULT, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    [OPTION_ROUTES] =
        {.size = sizeof(relevo_option),
         .type = RELEVO_OPTION_JSON,
         .name = "routes",
         .initial = "[]",
         .help = "Rules in order, the first that holds wins: {when: {trigger, intent, language, slot}, "
                 "team, skills, language, priority, rank, agent}."},
    [OPTION_DEFAULT] = {.size = sizeof(relevo_option),
                        .type = RELEVO_OPTION_JSON,
                        .flags = RELEVO_OPTION_REQUIRED,
                        .name = "default",
                        .help =
                            "Who takes what no route does: {team, skills, language, priority, rank, agent}."},
};

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    rule_set *made = NULL;
    if (!rules_new(values[OPTION_ROUTES].text, values[OPTION_DEFAULT].text, &made, error,
                   (size_t)error_size)) {
        return RELEVO_E_FAILED;
    }
    *ret_instance = made;
    return RELEVO_OK;
}

static void destroy(void *instance)
{
    rules_free(instance);
}

/* The team that the policy asks for goes before the rule's, as its agent and skills do when the core takes the
   answer. There the larger of the two priorities counts, so a rule's can only raise the policy's (5 unless it says
   otherwise). */
static int32_t route_one(const rule_set *rules, const relevo_view *view, uint32_t i, const relevo_sink *sink)
{
    const target *to = rules_find(rules, view);
    const relevo_handoff *handoff = view->handoff;
    uint32_t asked = handoff != NULL ? handoff->priority : 0;
    const relevo_answer_route answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_ROUTE},
        .priority = to->has_priority ? to->priority : asked,
        .rank = to->rank,
        .team = handoff != NULL && handoff->team.len > 0 ? handoff->team : to->team,
        .language = to->of_customer ? rules_language(view) : to->language,
        .skills = to->skills.items,
        .n_skills = to->skills.n,
        .agent = to->agent,
    };
    return sink->emit(sink, i, &answer.head);
}

static int32_t route(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    for (uint32_t i = 0; i < n; i++) {
        int32_t result = route_one(instance, views[i], i, sink);
        if (result != RELEVO_OK) {
            return result;
        }
    }
    return RELEVO_OK;
}

static void intents(void *instance, const relevo_intents *to)
{
    rules_intents(instance, to);
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "router",
    .version = RELEVO_VERSION,
    .summary = "Says which team, skills and language a handed-off conversation needs.",
    .kind = RELEVO_KIND_ROUTER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .route = route,
    .intents = intents,
};
