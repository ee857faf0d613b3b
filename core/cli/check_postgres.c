/* SPDX-License-Identifier: Apache-2.0 */
/* Postgres as `relevo check` looks at it: does it answer, is the schema this build's, may this role do a
 * lane's work. */
#include <libpq-fe.h>
#include <stdio.h>

#include "cli/check.h"
#include "store/rights.h"

enum {
    WAIT_MS = 8000,
    MISSING_MAX = 16384
};

static void check_rights(rlv_check *check, rlv_store *store)
{
    rlv_buf missing = RLV_BUF_INIT(MISSING_MAX);
    char role[64] = "";
    bool standby = false;
    rlv_error err;
    if (rlv_store_rights(store, &missing, role, &standby, &err))
        rlv_check_fail(check, "rights", "%s", err.message);
    else if (missing.len)
        rlv_check_fail(check, "rights", "Postgres: role %s lacks %s: GRANT relevo_lane TO %s", role,
                       missing.data, role);
    else
        rlv_check_ok("rights", "Postgres: role %s may do all that a lane does", role);
    if (standby)
        rlv_check_fail(check, "postgres",
                       "this server is a standby and takes no writes: name the primary in postgres.url");
    rlv_buf_free(&missing);
}

void rlv_check_postgres(rlv_check *check)
{
    rlv_store *store = NULL;
    rlv_error err;
    rlv_check_waiting("asking Postgres");
    int rc = rlv_store_open(check->config->postgres, "relevo check", WAIT_MS, &store, &err);
    if (rc != RLV_OK) {
        rlv_check_fail(check, "postgres", "%s: is it running, and is postgres.url right?", err.message);
        check->away += rc == RLV_E_UNAVAILABLE || rc == RLV_E_TIMEOUT;
        return;
    }
    rlv_check_ok("postgres", "it answers");
    if (rlv_store_check_schema(store, &err) == RLV_OK) {
        rlv_check_ok("schema", "as this version wants it");
        check_rights(check, store);
    } else {
        rlv_check_fail(check, "schema", "%s", err.message);
    }
    rlv_store_close(store);
}
