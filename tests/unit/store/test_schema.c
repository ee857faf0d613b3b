/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations, and what is refused of a schema that is not ours. */
#include <pthread.h>
#include <stdio.h>

#include "shelf.h"

static char told[256];

static void tell(const char *name)
{
    size_t len = strlen(told);
    (void)snprintf(told + len, sizeof(told) - len, "%s ", name);
}

static int setup(void **state)
{
    shelf_empty_setup(state);
    shelf *s = *state;
    s->store = shelf_open(s, SHELF_TIMEOUT_MS);
    told[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    shelf *s = *state;
    rlv_store_close(s->store);
    return shelf_group_teardown(state);
}

static void migrate(shelf *s)
{
    rlv_error err;
    int rc = rlv_store_migrate(s->store, tell, &err);
    assert_ok(rc, err);
}

static void test_migrating_twice(void **state)
{
    shelf *s = *state;
    rlv_error err;
    migrate(s);
    assert_non_null(strstr(told, "001_relevo"));
    assert_non_null(strstr(told, "002_desk"));
    assert_ok(rlv_store_check_schema(s->store, &err), err);
    told[0] = '\0';
    migrate(s);
    assert_string_equal(told, "");
    assert_ok(rlv_store_check_schema(s->store, &err), err);
    assert_ok(rlv_store_migrate(s->store, NULL, &err), err);
    assert_ask(s, "0",
               "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
               "(SELECT oid FROM pg_database WHERE datname = current_database())");
}

static void test_no_schema(void **state)
{
    shelf *s = *state;
    rlv_error err;
    assert_int_equal(rlv_store_check_schema(s->store, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "run relevo migrate"));
}

static void test_an_older_schema(void **state)
{
    shelf *s = *state;
    rlv_error err;
    migrate(s);
    shelf_run(s->sql, "DELETE FROM relevo_migration WHERE name LIKE '002%%'");
    assert_int_equal(rlv_store_check_schema(s->store, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "002_desk"));
    assert_non_null(strstr(err.message, "run relevo migrate"));
}

static void test_a_newer_schema(void **state)
{
    shelf *s = *state;
    rlv_error err;
    migrate(s);
    shelf_run(s->sql, "INSERT INTO relevo_migration (name, hash) VALUES ('998_future.sql', 'x')");
    assert_ok(rlv_store_check_schema(s->store, &err), err); /* it adds, and the release before goes on */
    assert_ok(rlv_store_migrate(s->store, tell, &err), err);
    shelf_run(s->sql, "INSERT INTO relevo_migration (name, hash) VALUES ('999_future.contract.sql', 'x')");
    assert_int_equal(rlv_store_check_schema(s->store, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "999_future.contract.sql"));
    assert_non_null(strstr(err.message, "newer relevo"));
}

static void test_a_changed_migration(void **state)
{
    shelf *s = *state;
    rlv_error err;
    migrate(s);
    shelf_run(s->sql, "UPDATE relevo_migration SET hash = 'x' WHERE name LIKE '001%%'");
    assert_int_equal(rlv_store_check_schema(s->store, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "001_relevo"));
    assert_int_equal(rlv_store_migrate(s->store, tell, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "001_relevo"));
}

/* A migration that fails leaves nothing of itself, and those before it stay. */
static void test_a_failing_migration(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_run(s->sql, "CREATE SCHEMA desk");
    assert_int_not_equal(rlv_store_migrate(s->store, tell, &err), RLV_OK);
    assert_non_null(strstr(err.message, "migration 002_desk"));
    assert_non_null(strstr(told, "001_relevo"));
    assert_null(strstr(told, "002_desk"));
    assert_ask(s, "1", "SELECT count(*) FROM relevo_migration");
    assert_ask(s, "0", "SELECT count(*) FROM pg_proc WHERE pronamespace = 'desk'::regnamespace");
    shelf_run(s->sql, "DROP SCHEMA desk");
    migrate(s);
    assert_non_null(strstr(told, "002_desk"));
    assert_ok(rlv_store_check_schema(s->store, &err), err);
}

static void *migrate_too(void *arg)
{
    rlv_store *store = shelf_open(arg, SHELF_TIMEOUT_MS);
    rlv_error err;
    int rc = rlv_store_migrate(store, NULL, &err);
    rlv_store_close(store);
    return rc == RLV_OK ? arg : NULL;
}

static void test_many_at_once(void **state)
{
    pthread_t threads[4];
    shelf *s = *state;
    rlv_error err;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_too, s), 0);
    for (int i = 0; i < 4; i++) {
        void *done = NULL;
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_non_null(done);
    }
    assert_ok(rlv_store_check_schema(s->store, &err), err);
}

static void test_no_server(void **state)
{
    (void)state;
    rlv_store *store = NULL;
    rlv_error err;
    assert_int_equal(rlv_store_open("host=127.0.0.1 port=1 dbname=x user=x", "unit", 500, &store, &err),
                     RLV_E_UNAVAILABLE);
    assert_null(store);
    assert_null(strchr(err.message, '\n'));
    assert_int_equal(rlv_store_open("=no conninfo", "unit", 500, &store, &err), RLV_E_UNAVAILABLE);
    assert_null(store);
    rlv_store_close(NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_migrating_twice),     TEST(test_no_schema),
        TEST(test_an_older_schema),     TEST(test_a_newer_schema),
        TEST(test_a_changed_migration), TEST(test_a_failing_migration),
        TEST(test_many_at_once),        cmocka_unit_test(test_no_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
