/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo migrate`: brings the database's schema to what this build knows. It may run while another one does.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "store/store.h"

/* An index over a large history takes its time; nobody waits at a screen for it. */
enum {
    STATEMENT_MS = 30 * 60 * 1000
};

static const char help[] =
    "Usage: relevo migrate [--config FILE]\n\n"
    "Applies the migrations that the database lacks, each in its own transaction. Does nothing when\n"
    "there are none. Daemons refuse a database that lacks one of theirs, and one from which a newer release\n"
    "has taken away what they need.\n";

static int applied;

static void told(const char *name)
{
    applied++;
    (void)printf("applied %s\n", name);
    (void)fflush(stdout);
}

int rlv_cli_migrate(int argc, char **argv)
{
    rlv_config *config;
    int rc = rlv_cli_configured(argc, argv, help, NULL, 0, &config);
    if (rc >= 0)
        return rc;
    rlv_store *store = NULL;
    rlv_error err;
    applied = 0;
    rc = EX_OK;
    if (rlv_store_open(config->postgres, "relevo migrate", STATEMENT_MS, &store, &err) ||
        rlv_store_migrate(store, told, &err))
        rc = rlv_cli_fail(&err);
    else
        (void)printf(applied ? "the schema is complete\n" : "the schema is complete already\n");
    rlv_store_close(store);
    rlv_config_free(config);
    return rc;
}
