/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin of version 1.0, with every operation and every kind of answer, compiled against the frozen header.
 * It must never be changed to suit a newer one: it stands for the plugins that others have built.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin_v1.h"

enum { OPTION_WORD, OPTION_SCORE, OPTION_WAIT, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    {sizeof(relevo_option), RELEVO_OPTION_STRING, RELEVO_OPTION_REQUIRED, 0, "word", NULL, 0, 0, NULL,
     "Fires."},
    {sizeof(relevo_option), RELEVO_OPTION_REAL, 0, 0, "score", "0.5", 0, 1, NULL, "Of the word."},
    {sizeof(relevo_option), RELEVO_OPTION_DURATION, 0, 0, "wait", "90s", 1, 3600000, "ms", "Of the effect."},
};

typedef struct frozen {
    char word[64];
    double score;
    uint32_t wait_ms;
} frozen;

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    if (values[OPTION_WORD].text.len >= sizeof(((frozen *)0)->word)) {
        snprintf(error, (size_t)error_size, "`word` is longer than 63 bytes: choose a shorter one");
        return RELEVO_E_FAILED;
    }
    frozen *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        snprintf(error, (size_t)error_size, "out of memory");
        return RELEVO_E_FAILED;
    }
    memcpy(made->word, values[OPTION_WORD].text.ptr, (size_t)values[OPTION_WORD].text.len);
    made->score = values[OPTION_SCORE].real;
    made->wait_ms = (uint32_t)values[OPTION_WAIT].integer;
    *ret_instance = made;
    return RELEVO_OK;
}

static void destroy(void *instance)
{
    free(instance);
}

static relevo_str text(const char *s)
{
    relevo_str made = {s, strlen(s)};
    return made;
}

static int32_t classify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    for (uint32_t i = 0; i < n; i++) {
        relevo_answer_reading reading = {
            {sizeof(reading), RELEVO_ANSWER_READING},
            {sizeof(relevo_reading), 0, text("es"), text("frozen"), 0.9, 0.1, -0.5, 0.25, 0}};
        relevo_answer_slot slot = {{sizeof(slot), RELEVO_ANSWER_SLOT}, text("ice"), text("thick")};
        if (sink->emit(sink, i, &reading.head) != RELEVO_OK || sink->emit(sink, i, &slot.head) != RELEVO_OK) {
            return RELEVO_E_FAILED;
        }
    }
    return RELEVO_OK;
}

/* Fires on the word; remembers how often it saw a message of this conversation. */
static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const frozen *self = instance;
    for (uint32_t i = 0; i < n; i++) {
        char seen = views[i]->memory.len == 1 ? views[i]->memory.ptr[0] : '0';
        char next[1] = {(char)(seen + 1)};
        relevo_answer_memory memory = {{sizeof(memory), RELEVO_ANSWER_MEMORY}, {next, 1}};
        relevo_str message = views[i]->message->text;
        const char *found = memmem(message.ptr, (size_t)message.len, self->word, strlen(self->word));
        relevo_answer_trigger fired = {{sizeof(fired), RELEVO_ANSWER_TRIGGER},
                                       self->score,
                                       text(self->word),
                                       text("The word is there.")};
        if (sink->emit(sink, i, &memory.head) != RELEVO_OK ||
            (found != NULL && sink->emit(sink, i, &fired.head) != RELEVO_OK)) {
            return RELEVO_E_FAILED;
        }
    }
    return RELEVO_OK;
}

static int32_t respond(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        relevo_answer_reply reply = {
            {sizeof(reply), RELEVO_ANSWER_REPLY}, 0.75, text("Brrr."), text("frozen")};
        relevo_answer_abstain abstain = {{sizeof(abstain), RELEVO_ANSWER_ABSTAIN}, 0.1, text("Too warm.")};
        const relevo_answer *head = views[i]->n_slots > 0 ? &reply.head : &abstain.head;
        if (sink->emit(sink, i, head) != RELEVO_OK) {
            return RELEVO_E_FAILED;
        }
    }
    return RELEVO_OK;
}

static int32_t route(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    const relevo_str skills[] = {RELEVO_STR("ice"), RELEVO_STR("snow")};
    for (uint32_t i = 0; i < n; i++) {
        relevo_answer_route answer = {{sizeof(answer), RELEVO_ANSWER_ROUTE},
                                      views[i]->handoff->priority,
                                      RELEVO_RANK_LONGEST_IDLE,
                                      text("arctic"),
                                      text("es"),
                                      skills,
                                      2,
                                      text("olaf")};
        if (sink->emit(sink, i, &answer.head) != RELEVO_OK) {
            return RELEVO_E_FAILED;
        }
    }
    return RELEVO_OK;
}

static int32_t summarize(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        relevo_str last = {NULL, 0};
        if (views[i]->n_turns > 0) {
            last = views[i]->turns[views[i]->n_turns - 1]->text;
        }
        relevo_answer_card answer = {{sizeof(answer), RELEVO_ANSWER_CARD}, text("last"), last, {NULL, 0}};
        if (sink->emit(sink, i, &answer.head) != RELEVO_OK) {
            return RELEVO_E_FAILED;
        }
    }
    return RELEVO_OK;
}

static int32_t notify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const frozen *self = instance;
    for (uint32_t i = 0; i < n; i++) {
        relevo_answer_effect effect = {{sizeof(effect), RELEVO_ANSWER_EFFECT},
                                       self->wait_ms,
                                       0,
                                       text("igloo"),
                                       text("POST"),
                                       text("/v1"),
                                       text("text/plain"),
                                       views[i]->handoff->reason,
                                       text("v1")};
        if (sink->emit(sink, i, &effect.head) != RELEVO_OK) {
            return RELEVO_E_FAILED;
        }
    }
    return RELEVO_OK;
}

static int32_t on_result(void *instance, const relevo_view *const *views, const relevo_result *const *results,
                         uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    for (uint32_t i = 0; i < n; i++) {
        if (results[i]->status != 200) {
            sink->log(sink, RELEVO_LOG_WARN, text("the igloo is cold"));
        }
    }
    return RELEVO_OK;
}

static int32_t tool(int32_t argc, const char *const *argv)
{
    return argc == 2 && strcmp(argv[1], "melt") == 0 ? 0 : 2;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    RELEVO_PLUGIN_MAGIC,
    RELEVO_ABI_MAJOR,
    RELEVO_ABI_MINOR,
    sizeof(relevo_plugin),
    "frozen",
    "1.0.0",
    "A plugin of version 1.0.",
    RELEVO_KIND_TRIGGER,
    N_OPTIONS,
    options,
    create,
    destroy,
    classify,
    trigger,
    respond,
    route,
    summarize,
    notify,
    on_result,
    tool,
};
