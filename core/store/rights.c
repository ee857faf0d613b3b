/* SPDX-License-Identifier: Apache-2.0 */
/* See rights.h. What is listed here is what the migrations grant to relevo_lane, and a lane uses. */
#include "store/rights.h"

#include <stdio.h>

#include "store/pg.h"

/* Without the schema's USAGE not even the questions below may be asked. */
static const char role[] = "SELECT current_user, pg_is_in_recovery(), "
                           "CASE WHEN to_regnamespace('relevo') IS NULL THEN true "
                           "ELSE has_schema_privilege(to_regnamespace('relevo'), 'USAGE') END";

static const char rights[] =
    "SELECT string_agg(n.right || ' on ' || n.what, ', ' ORDER BY n.i) FROM (VALUES "
    "(1, 'public.relevo_migration', 'SELECT'), "
    "(2, 'relevo.lane', 'SELECT'), (3, 'relevo.lane', 'INSERT'), (4, 'relevo.lane', 'UPDATE'), "
    "(5, 'relevo.conversation', 'SELECT'), (6, 'relevo.conversation', 'INSERT'), "
    "(7, 'relevo.conversation', 'UPDATE'), "
    "(8, 'relevo.history', 'SELECT'), (9, 'relevo.history', 'INSERT'), "
    "(10, 'relevo.command', 'SELECT'), (11, 'relevo.command', 'INSERT'), (12, 'relevo.command', 'DELETE'), "
    "(13, 'relevo.timer', 'SELECT'), (14, 'relevo.timer', 'INSERT'), (15, 'relevo.timer', 'UPDATE'), "
    "(16, 'relevo.timer', 'DELETE'), (17, 'relevo.agent', 'SELECT'), (18, 'relevo.agent', 'UPDATE'), "
    "(19, 'relevo.team', 'SELECT'), (20, 'relevo.given', 'SELECT'), (21, 'relevo.given', 'INSERT'), (22, 'relevo.given', 'DELETE')"
    ") AS n(i, what, \"right\") "
    "WHERE to_regclass(n.what) IS NOT NULL AND NOT has_table_privilege(to_regclass(n.what), n.right)";

static const char functions[] =
    "SELECT string_agg('EXECUTE on ' || p.oid::regprocedure, ', ' ORDER BY p.proname) FROM pg_proc p "
    "WHERE p.pronamespace = to_regnamespace('relevo') "
    "AND p.proname IN ('lane_assign', 'lane_advance', 'expect', 'assign_waiting', 'look_after', 'tell_waiting', 'follow_up', 'ensure_months') "
    "AND NOT has_function_privilege(p.oid, 'EXECUTE')";

/* One text, appended after what is there. */
static int append(rlv_store *store, const char *sql, rlv_buf *out, rlv_error *err)
{
    PGresult *r = NULL;
    int rc = rlv_pg_exec(store, sql, &r, err);
    if (rc == RLV_OK && PQgetlength(r, 0, 0))
        rlv_buf_printf(out, "%s%s", out->len ? ", " : "", PQgetvalue(r, 0, 0));
    PQclear(r);
    return rc;
}

int rlv_store_rights(rlv_store *store, rlv_buf *missing, char ret_role[64], bool *ret_standby, rlv_error *err)
{
    PGresult *r = NULL;
    int rc = rlv_pg_exec(store, role, &r, err);
    if (rc != RLV_OK)
        return rc;
    (void)snprintf(ret_role, 64, "%s", PQgetvalue(r, 0, 0));
    *ret_standby = PQgetvalue(r, 0, 1)[0] == 't';
    bool usage = PQgetvalue(r, 0, 2)[0] == 't';
    PQclear(r);
    if (!usage) {
        rlv_buf_printf(missing, "USAGE on schema relevo");
        return RLV_OK;
    }
    rc = append(store, rights, missing, err);
    return rc ? rc : append(store, functions, missing, err);
}
