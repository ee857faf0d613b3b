/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations: numbered SQL files, embedded, each applied once in a transaction of its own. Must never change one
   that was released. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "embedded.h"
#include "store/pg.h"

static void digest(const struct rlv_embedded *m, char ret_hex[65])
{
    unsigned char hash[32];
    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)m->data, m->len, NULL, 0);
    (void)sodium_bin2hex(ret_hex, 65, hash, sizeof(hash));
}

/* Applied migrations by name; a changed text under an applied name is refused. */
static int read_applied(rlv_store *store, PGresult **ret, rlv_error *err)
{
    return rlv_pg_exec(store, "SELECT name, hash FROM public.relevo_migration ORDER BY name", ret, err);
}

static int find_applied(const PGresult *applied, const struct rlv_embedded *m, bool *ret, rlv_error *err)
{
    char hex[65];
    digest(m, hex);
    *ret = false;
    for (int i = 0; i < PQntuples(applied); i++) {
        if (strcmp(PQgetvalue(applied, i, 0), m->name) != 0)
            continue;
        if (strcmp(PQgetvalue(applied, i, 1), hex) != 0)
            return rlv_error_set(err, RLV_E_REFUSED,
                                 "migration %s was applied with another text, so the schema was made by another build: "
                                 "use that build, or a fresh database",
                                 m->name);
        *ret = true;
    }
    return RLV_OK;
}

static int apply(rlv_store *store, const struct rlv_embedded *m, rlv_error *err)
{
    char hex[65];
    digest(m, hex);
    rlv_buf sql = RLV_BUF_INIT((size_t)16 << 20);
    rlv_buf_printf(&sql, "BEGIN; SET LOCAL statement_timeout = 0; ");
    rlv_buf_append(&sql, m->data, m->len);
    rlv_buf_printf(&sql, "; INSERT INTO public.relevo_migration (name, hash) VALUES ('%s', '%s'); COMMIT", m->name,
                   hex);
    int rc = sql.failed ? rlv_error_set(err, RLV_E_LIMIT, "out of memory")
                        : rlv_pg_exec(store, sql.data, NULL, err);
    rlv_buf_free(&sql);
    if (rc == RLV_OK)
        return rc;
    rlv_error ignored;
    (void)rlv_pg_exec(store, "ROLLBACK", NULL, &ignored); /* the first error is the one that is told */
    return rlv_error_wrap(err, "migration %s", m->name);
}

static int migrate_locked(rlv_store *store, void (*told)(const char *), rlv_error *err)
{
    PGresult *applied = NULL;
    int rc = rlv_pg_exec(store,
                         "CREATE TABLE IF NOT EXISTS public.relevo_migration (name text PRIMARY KEY, hash text NOT NULL, "
                         "applied_at timestamptz NOT NULL DEFAULT now())",
                         NULL, err);
    if (rc == RLV_OK)
        rc = read_applied(store, &applied, err);
    for (const struct rlv_embedded *m = rlv_embedded_sql; rc == RLV_OK && m->name; m++) {
        bool done;
        rc = find_applied(applied, m, &done, err);
        if (rc != RLV_OK || done)
            continue;
        rc = apply(store, m, err);
        if (rc == RLV_OK && told)
            told(m->name);
    }
    PQclear(applied);
    return rc;
}

int rlv_store_migrate(rlv_store *store, void (*told)(const char *name), rlv_error *err)
{
    /* Session-level, so that it covers the migrations' own transactions; it goes with the connection. */
    int rc = rlv_pg_exec(store, "SELECT pg_advisory_lock(hashtext('relevo.migrate'))", NULL, err);
    if (rc == RLV_E_TIMEOUT)
        return rlv_error_wrap(err, "another migration is running");
    if (rc != RLV_OK)
        return rc;
    rc = migrate_locked(store, told, err);
    rlv_error ignored;
    (void)rlv_pg_exec(store, "SELECT pg_advisory_unlock(hashtext('relevo.migrate'))", NULL, &ignored);
    return rc;
}

/* A newer build's migration only adds, and this build lives with it, unless its name says that it takes something away. */
static bool takes_away(const char *name)
{
    static const char suffix[] = ".contract.sql";
    size_t len = strlen(name), n = sizeof(suffix) - 1;
    return len >= n && strcmp(name + len - n, suffix) == 0;
}

static bool is_ours(const char *name)
{
    const struct rlv_embedded *m = rlv_embedded_sql;
    while (m->name && strcmp(m->name, name) != 0)
        m++;
    return m->name != NULL;
}

int rlv_store_check_schema(rlv_store *store, rlv_error *err)
{
    PGresult *r = NULL;
    int rc = rlv_pg_exec(store, "SELECT to_regclass('public.relevo_migration') IS NOT NULL", &r, err);
    if (rc != RLV_OK)
        return rc;
    bool exists = PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    r = NULL;
    if (!exists)
        return rlv_error_set(err, RLV_E_REFUSED, "this database has no Relevo schema: run relevo migrate");
    rc = read_applied(store, &r, err);
    if (rc != RLV_OK)
        return rc;
    for (const struct rlv_embedded *m = rlv_embedded_sql; rc == RLV_OK && m->name; m++) {
        bool done;
        rc = find_applied(r, m, &done, err);
        if (rc == RLV_OK && !done)
            rc = rlv_error_set(err, RLV_E_REFUSED, "the database lacks migration %s: run relevo migrate", m->name);
    }
    for (int i = 0; rc == RLV_OK && i < PQntuples(r); i++) {
        const char *name = PQgetvalue(r, i, 0);
        if (takes_away(name) && !is_ours(name))
            rc = rlv_error_set(err, RLV_E_REFUSED, "the database has migration %s, which took away what this build needs: "
                               "run a newer relevo", name);
    }
    PQclear(r);
    return rc;
}
