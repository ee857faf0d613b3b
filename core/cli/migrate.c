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
    "Usage: relevo migrate [--json] [--config FILE]\n\n"
    "Applies the migrations that the database lacks, each in its own transaction. Does nothing when\n"
    "there are none. Daemons refuse a database that lacks one of theirs, and one from which a newer release\n"
    "has taken away what they need.\n\n"
    "  --json   what was applied, for machines\n";

static int applied;
static json_t *names; /* NULL: told as they are applied */

static void told(const char *name)
{
    applied++;
    if (names) {
        (void)json_array_append_new(names, json_string(name));
        return;
    }
    (void)printf("applied %s\n", name);
    (void)fflush(stdout);
}

int rlv_cli_migrate(int argc, char **argv)
{
    bool json = false;
    const rlv_cli_flag flags[] = {{"json", NULL, &json}};
    rlv_config *config;
    int rc = rlv_cli_configured(argc, argv, help, flags, 1, &config);
    if (rc >= 0)
        return rc;
    rlv_store *store = NULL;
    rlv_error err;
    applied = 0;
    names = json ? json_array() : NULL;
    rc = EX_OK;
    if (rlv_store_open(config->postgres, "relevo migrate", STATEMENT_MS, &store, &err) ||
        rlv_store_migrate(store, told, &err))
        rc = rlv_cli_fail(&err);
    else if (!json)
        (void)printf(applied ? "the schema is complete\n" : "the schema is complete already\n");
    if (json) { /* also what came before a failure */
        int put = rlv_cli_put_json(json_pack("{s:o}", "applied", names));
        rc = rc ? rc : put;
    }
    names = NULL;
    rlv_store_close(store);
    rlv_config_free(config);
    return rc;
}
