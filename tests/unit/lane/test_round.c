/* SPDX-License-Identifier: Apache-2.0 */
/* A round with a real plugin: every conversation's event through all phases, one call per plugin and phase. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "lane/round.h"

enum {
    MOST = 8
};

typedef struct track {
    rlv_config config;
    rlv_config_plugin plugin;
    rlv_trigger_policy trigger;
    rlv_host *host;
    rlv_arena *arena;
    rlv_round round;
    rlv_conversation conversations[MOST];
    rlv_event events[MOST];
    rlv_step steps[MOST];
} track;

static int setup(void **state)
{
    static char path[4096];
    rlv_error err;
    track *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    const char *folder = getenv("RELEVO_BUILD_DIR");
    if (!folder)
        fail_msg("RELEVO_BUILD_DIR does not say where the build is: run this test by ctest");
    (void)snprintf(path, sizeof(path), "%s/tests/plugins/scripted.so", folder);
    t->plugin = (rlv_config_plugin){.name = "scripted", .path = path, .line = 1};
    t->trigger = (rlv_trigger_policy){.trigger = RLV_STR("scripted"), .threshold = 0.5, .weight = 1, .alone = true};
    t->config = (rlv_config){.file = "relevo.yaml",
                             .plugins = &t->plugin,
                             .n_plugins = 1,
                             .policy = {.combined = 2, .idle_close_ms = 60000, .triggers = &t->trigger, .n_triggers = 1}};
    if (rlv_host_new(&t->config, &t->host, &err) != RLV_OK)
        fail_msg("%s", err.message);
    t->arena = rlv_arena_new((size_t)4 << 20);
    assert_non_null(t->arena);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    track *t = *state;
    rlv_host_free(t->host);
    rlv_arena_free(t->arena);
    free(t);
    return 0;
}

/* A message of another customer. */
static void add(track *t, const char *text)
{
    size_t i = t->round.n++;
    assert_true(i < MOST);
    rlv_str who = rlv_str_from(rlv_arena_printf(t->arena, "3460%zu", i));
    t->events[i] = (rlv_event){.kind = RLV_EVENT_MESSAGE,
                               .at_ms = 1700000000000,
                               .phone_number_id = RLV_STR("555"),
                               .wa_id = who,
                               .conversation_id = rlv_conversation_id(RLV_STR("555"), who),
                               .message_id = RLV_STR("wamid.1"),
                               .type = RLV_STR("text"),
                               .text = rlv_str_from(text)};
    rlv_conversation_begin(&t->conversations[i], &t->events[i], 0);
    t->steps[i] = (rlv_step){.policy = &t->config.policy,
                             .arena = t->arena,
                             .conversation = &t->conversations[i],
                             .event = &t->events[i],
                             .has = rlv_round_phases(t->host)};
    t->round.steps[i] = &t->steps[i];
}

static const rlv_decision *decided(const track *t, size_t i, enum rlv_decision_kind kind)
{
    for (const rlv_decision *d = t->steps[i].decisions.first; d; d = d->next)
        if (d->kind == kind)
            return d;
    return NULL;
}

static double calls(const char *phase)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "plugin=\"scripted\",phase=\"%s\"", phase);
    return rlv_metric_value(rlv_metric_seconds("relevo_plugin_seconds", "", labels));
}

static void test_phases(void **state)
{
    track *t = *state;
    rlv_error err;
    rlv_host *bare;
    const rlv_config none = {.file = "relevo.yaml"};
    assert_int_equal(rlv_host_new(&none, &bare, &err), RLV_OK);
    assert_int_equal(rlv_round_phases(bare), 0);
    rlv_host_free(bare);
    unsigned has = rlv_round_phases(t->host);
    for (int phase = 0; phase < RLV_PHASES; phase++)
        assert_int_equal((has & RLV_WANTS(phase)) != 0, rlv_host_has(t->host, (enum rlv_phase)phase));
    assert_true(has & RLV_WANTS(RLV_PHASE_CLASSIFY) && has & RLV_WANTS(RLV_PHASE_RESPOND));
}

static void test_a_round(void **state)
{
    track *t = *state;
    rlv_error err;
    if (rlv_round_init(&t->round, t->host, t->arena, MOST, &err) != RLV_OK)
        fail_msg("%s", err.message);
    assert_int_equal(t->round.n, 0);
    double classified = calls("classify"), triggered = calls("trigger"), summarized = calls("summarize");
    add(t, "say buenas");
    add(t, "person ya");
    add(t, "miss it");
    add(t, ""); /* a status: no conversation */
    t->events[3].kind = RLV_EVENT_STATUS;
    t->events[3].status = RLV_STATUS_READ;
    t->steps[3].conversation = NULL;
    if (rlv_round_run(&t->round, &err) != RLV_OK)
        fail_msg("%s", err.message);
    assert_false(rlv_arena_overflowed(t->arena));
    const rlv_decision *d = decided(t, 0, RLV_DECIDED_REPLIED);
    assert_true(d && rlv_str_is(d->as.said.text, "buenas")); /* its own answer, not another's */
    assert_non_null(decided(t, 0, RLV_DECIDED_CLASSIFIED));
    assert_null(decided(t, 0, RLV_DECIDED_HANDED_OFF));
    assert_non_null(decided(t, 1, RLV_DECIDED_HANDED_OFF));
    assert_non_null(decided(t, 1, RLV_DECIDED_SUMMARIZED)); /* who was handed off is asked further about */
    assert_null(decided(t, 2, RLV_DECIDED_HANDED_OFF));
    assert_int_equal(t->conversations[1].owner, RLV_OWNER_QUEUED);
    assert_int_equal(t->conversations[0].owner, RLV_OWNER_BOT);
    assert_int_equal(t->steps[3].decisions.n, 1);
    assert_int_equal(t->steps[3].decisions.first->kind, RLV_DECIDED_STATUS);
    assert_int_equal((int)(calls("classify") - classified), 1); /* three views, one call */
    assert_int_equal((int)(calls("trigger") - triggered), 1);
    assert_int_equal((int)(calls("summarize") - summarized), 1);
}

static void test_nobody_in_it(void **state)
{
    track *t = *state;
    rlv_error err;
    double classified = calls("classify");
    assert_int_equal(rlv_round_init(&t->round, t->host, t->arena, 0, &err), RLV_OK);
    assert_int_equal(rlv_round_run(&t->round, &err), RLV_OK);
    assert_int_equal((int)(calls("classify") - classified), 0);
}

/* Memory ends in the middle: it is said, and nothing is taken for decided. */
static void test_no_room(void **state)
{
    track *t = *state;
    rlv_error err = {0};
    rlv_round untouched = {.n = 77};
    rlv_arena *small = rlv_arena_new(64);
    assert_int_equal(rlv_round_init(&untouched, t->host, small, 1000, &err), RLV_E_LIMIT);
    assert_int_equal(untouched.n, 77);
    rlv_arena_free(small);

    assert_int_equal(rlv_round_init(&t->round, t->host, t->arena, MOST, &err), RLV_OK);
    add(t, "say buenas");
    while (rlv_arena_alloc(t->arena, 64)) {
    }
    int rc = rlv_round_run(&t->round, &err);
    assert_true(rc == RLV_E_LIMIT || (rc == RLV_OK && rlv_arena_overflowed(t->arena)));
    assert_null(decided(t, 0, RLV_DECIDED_REPLIED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_phases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_round, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_in_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
