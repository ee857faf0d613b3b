/* SPDX-License-Identifier: Apache-2.0 */
/* The names of teams, agents and skills that there are, each once. */
#include "store/people.h"

#include "shelf.h"

static void assert_names(const rlv_people *people, enum rlv_people_kind kind, const char *wanted)
{
    char said[256] = "";
    size_t len = 0;
    for (size_t i = 0; i < people->of[kind].n; i++)
        len += (size_t)snprintf(said + len, sizeof(said) - len, "%s%s", i ? " " : "", people->of[kind].names[i]);
    assert_string_equal(said, wanted);
}

static void test_nobody(void **state)
{
    shelf *s = *state;
    rlv_people people;
    rlv_error err;
    assert_ok(rlv_store_people(s->store, s->arena, &people, &err), err);
    for (enum rlv_people_kind kind = 0; kind < RLV_PEOPLE_KINDS; kind++)
        assert_names(&people, kind, "");
}

static void test_who_there_is(void **state)
{
    shelf *s = *state;
    rlv_people people;
    rlv_error err;
    shelf_run(s->sql, "SELECT desk.put_agent('lucia', 'Lucía', '{sales,care}', '{refunds:2,wine}'), desk.put_agent('ana', 'Ana', '{care}', '{refunds}'), "
                      "desk.put_agent('bea', 'Bea'), desk.put_team(''), desk.put_team('legal'), desk.put_team('care')");
    assert_ok(rlv_store_people(s->store, s->arena, &people, &err), err);
    assert_names(&people, RLV_PEOPLE_TEAM, "sales legal care");
    assert_names(&people, RLV_PEOPLE_AGENT, "lucia bea ana");
    assert_names(&people, RLV_PEOPLE_SKILL, "wine:1 wine refunds:2 refunds:1 refunds");
    shelf_run(s->sql, "DELETE FROM relevo.agent; DELETE FROM relevo.team WHERE team <> ''");
}

static void test_no_room(void **state)
{
    shelf *s = *state;
    rlv_people people = {.of = {[RLV_PEOPLE_TEAM] = {.n = 7}}};
    rlv_error err;
    rlv_arena *small = rlv_arena_new(4096);
    shelf_run(s->sql, "INSERT INTO relevo.agent (id, name) SELECT 'agent' || i, 'A' FROM generate_series(1, 1000) i");
    assert_int_equal(rlv_store_people(s->store, small, &people, &err), RLV_E_LIMIT);
    assert_int_equal(people.of[RLV_PEOPLE_TEAM].n, 7); /* untouched */
    rlv_arena_free(small);
    shelf_run(s->sql, "DELETE FROM relevo.agent");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody, shelf_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_who_there_is, shelf_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_no_room, shelf_setup, shelf_teardown),
    };
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
