/* SPDX-License-Identifier: Apache-2.0 */
/* What a lane's role lacks is said, all at once and by name; what it has is not. */
#include "store/rights.h"

#include <stdio.h>

#include "shelf.h"

/* What somebody with this role lacks. */
static const char *lacks(shelf *s, const char *role, char ret_role[64], bool *ret_standby)
{
    static char said[4096];
    rlv_error err;
    rlv_buf missing = RLV_BUF_INIT(sizeof(said));
    shelf_run(s->sql, "ALTER DATABASE %s SET role = %s", s->name, role);
    rlv_store *store = shelf_open(s, SHELF_TIMEOUT_MS);
    shelf_run(s->sql, "ALTER DATABASE %s RESET role", s->name);
    assert_ok(rlv_store_rights(store, &missing, ret_role, ret_standby, &err), err);
    (void)snprintf(said, sizeof(said), "%.*s", RLV_STR_ARG(rlv_buf_view(&missing)));
    rlv_buf_free(&missing);
    rlv_store_close(store);
    return said;
}

static void test_what_is_missing(void **state)
{
    shelf *s = *state;
    char role[64] = "", name[64];
    bool standby = true;
    assert_string_equal(lacks(s, "relevo_lane", role, &standby), "");
    assert_string_equal(role, "relevo_lane");
    assert_false(standby);

    (void)snprintf(name, sizeof(name), "%s_poor", s->name);
    shelf_run(s->sql, "CREATE ROLE %s", name);
    assert_string_equal(lacks(s, name, role, &standby), "USAGE on schema relevo"); /* not even asked further */
    assert_string_equal(role, name);
    shelf_run(s->sql, "GRANT relevo_lane TO %s", name);
    assert_string_equal(lacks(s, name, role, &standby), ""); /* by whatever way it has them */
    shelf_run(s->sql, "REVOKE relevo_lane FROM %s", name);
    shelf_run(s->sql,
              "GRANT USAGE ON SCHEMA relevo TO %s; GRANT ALL ON ALL TABLES IN SCHEMA relevo, public TO %s; "
              "REVOKE INSERT, DELETE ON relevo.command FROM %s; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA relevo TO %s; "
              "REVOKE EXECUTE ON FUNCTION relevo.ensure_months(bigint) FROM PUBLIC, %s",
              name, name, name, name, name);
    assert_string_equal(lacks(s, name, role, &standby),
                        "INSERT on relevo.command, DELETE on relevo.command, EXECUTE on relevo.ensure_months(bigint)");
    shelf_run(s->sql, "DROP OWNED BY %s; DROP ROLE %s", name, name);
}

/* On a connection that is gone nothing is said to be missing. */
static void test_nobody_to_ask(void **state)
{
    shelf *s = *state;
    char role[64] = "untouched";
    bool standby = true;
    rlv_error err;
    rlv_buf missing = RLV_BUF_INIT(4096);
    rlv_store *store = shelf_open(s, SHELF_TIMEOUT_MS);
    shelf_run(s->sql, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                      "AND pid <> pg_backend_pid()");
    assert_int_equal(rlv_store_rights(store, &missing, role, &standby, &err), RLV_E_UNAVAILABLE);
    assert_int_equal(missing.len, 0);
    assert_string_equal(role, "untouched");
    assert_true(standby);
    rlv_store_close(store);
    rlv_buf_free(&missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_missing),
        cmocka_unit_test(test_nobody_to_ask),
    };
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
