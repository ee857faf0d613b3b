/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's tests share; see common.h. */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>

enum rlv_isolation test_isolation = RLV_ISOLATION_INLINE;
bool test_wary = false;

int call_host(const rlv_host *host, enum rlv_phase phase, rlv_arena *arena, rlv_subject *subjects, size_t n, rlv_error *err)
{
    rlv_scout scout = {.ahead = 0};
    rlv_host_caller caller = {.scout = test_wary ? &scout : NULL};
    int code = rlv_host_call(host, phase, &caller, arena, subjects, n, err);
    rlv_scout_stop(&scout);
    return code;
}

const char *built(const char *path)
{
    static char whole[4096];
    const char *folder = getenv("RELEVO_BUILD_DIR");
    if (!folder)
        fail_msg("RELEVO_BUILD_DIR does not say where the build is: run this test by ctest");
    (void)snprintf(whole, sizeof(whole), "%s/%s", folder, path);
    return whole;
}

void config_open(test_config *c, ...)
{
    *c = (test_config){.arena = rlv_arena_new(1 << 20)};
    assert_non_null(c->arena);
    c->config = (rlv_config){.file = "relevo.yaml", .folder = "/etc/relevo", .plugins = c->plugins};
    const char *path = rlv_arena_printf(c->arena, "%s", built("tests/host/probe.so"));
    va_list ap;
    va_start(ap, c);
    for (const char *name = va_arg(ap, const char *); name; name = va_arg(ap, const char *)) {
        rlv_config_plugin *p = &c->plugins[c->config.n_plugins++];
        *p = (rlv_config_plugin){.name = name, .path = path, .line = 7, .isolation = test_isolation};
        int32_t line;
        rlv_error err;
        const rlv_yaml_node *options = NULL;
        if (rlv_yaml_parse(c->arena, rlv_str_from(va_arg(ap, const char *)), &options, &line, &err))
            fail_msg("options of %s: %s", name, err.message);
        p->options = options;
    }
    va_end(ap);
}

void config_close(test_config *c)
{
    rlv_arena_free(c->arena);
}

void subject_init(test_subject *s)
{
    *s = (test_subject){.event = {.kind = RLV_EVENT_MESSAGE,
                                  .sent_ms = 900,
                                  .phone_number_id = RLV_STR("5550"),
                                  .wa_id = RLV_STR("34600"),
                                  .message_id = RLV_STR("wamid.2"),
                                  .type = RLV_STR("text"),
                                  .text = RLV_STR("¿y mi dinero?"),
                                  .wordless = RLV_STR("audio")}};
    rlv_conversation *c = &s->conversation;
    c->id = rlv_conversation_id(RLV_STR("5550"), RLV_STR("34600"));
    c->phone_number_id = RLV_STR("5550");
    c->wa_id = RLV_STR("34600");
    c->customer_name = RLV_STR("Ana");
    c->owner = RLV_OWNER_BOT;
    c->epoch = 1;
    c->language = RLV_STR("es");
    c->messages = 2;
    c->misses = 1;
    c->open_question = RLV_STR("¿cuándo llega?");
    c->tried[0] = RLV_STR("kb#7");
    c->n_tried = 1;
    c->trend[0] = -0.25;
    c->n_trend = 1;
    c->turns[0] = (rlv_turn){.by = 1, .at_ms = 500, .text = RLV_STR("hola")};
    c->turns[1] = (rlv_turn){.by = 2, .at_ms = 600, .text = RLV_STR("dígame")};
    c->n_turns = 2;
    c->slots[0] = (rlv_slot){.name = RLV_STR("order"), .value = RLV_STR("1"), .message_id = RLV_STR("wamid.0")};
    c->slots[1] = (rlv_slot){.name = RLV_STR("email"), .value = RLV_STR("ana@example.com"), .message_id = RLV_STR("wamid.1")};
    c->n_slots = 2;
    c->memories[0] = (rlv_memory){RLV_STR("other"), RLV_STR("not yours")};
    c->memories[1] = (rlv_memory){RLV_STR("a"), RLV_STR("12345")};
    c->n_memories = 2;
    c->past[0] = (rlv_bygone){.at_ms = 10,
                              .ended_ms = 20,
                              .ended = RLV_OWNER_CLOSED,
                              .trigger = RLV_STR("s"),
                              .reason = RLV_STR("cross"),
                              .agent = RLV_STR("ana"),
                              .note = RLV_STR("done"),
                              .score = 4};
    c->n_past = 1;
    c->tags = RLV_STR("mayorista\nvip");
}

rlv_subject subject_of(test_subject *s)
{
    return (rlv_subject){.conversation = &s->conversation,
                         .event = &s->event,
                         .message = s->event.kind == RLV_EVENT_MESSAGE ? &s->event : NULL,
                         .at_ms = 1000,
                         .decisions = &s->decisions,
                         .answers = &s->answers};
}

const rlv_answer *nth_answer(const rlv_answers *answers, enum rlv_answer_kind kind, unsigned nth)
{
    for (const rlv_answer *a = answers->first; a; a = a->next)
        if (a->kind == kind && nth-- == 0)
            return a;
    return NULL;
}

unsigned count_answers(const rlv_answers *answers)
{
    unsigned n = 0;
    for (const rlv_answer *a = answers->first; a; a = a->next)
        n++;
    return n;
}

void assert_str(rlv_str text, const char *expected)
{
    if (!rlv_str_is(text, expected))
        fail_msg("found `%.*s`, expected `%s`", RLV_STR_ARG(text), expected);
}
