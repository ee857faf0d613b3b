/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo desk`: the role that serves the page in which human agents work. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/role.h"
#include "desk/desk.h"
#include "ops/ops.h"

static const char help[] =
    "Usage: relevo desk [--config FILE]\n\n"
    "Serves the page in which agents and supervisors work, its API and its stream of events, at desk.listen. Who may log in:\n"
    "`relevo account`. Runs until SIGTERM or SIGINT; a second signal ends it at once.\n";

/* Its loop turns ten times a second. */
enum {
    STUCK_MS = 30000
};

static bool alive(void *user, double *ret_seconds)
{
    int64_t idle_ms = rlv_desk_idle_ms(user);
    *ret_seconds = (double)idle_ms / 1e3;
    return idle_ms < STUCK_MS;
}

static bool ready(void *user, char *reason, size_t size)
{
    return rlv_desk_ready(user, reason, size);
}

int rlv_cli_desk(int argc, char **argv)
{
    rlv_config *config;
    int code = rlv_cli_configured(argc, argv, help, NULL, 0, &config);
    if (code >= 0)
        return code;
    rlv_error err = {0};
    rlv_desk *desk = NULL;
    rlv_ops *ops = NULL;
    int rc = rlv_role_catch_signals(argv, "--print", &err);
    if (rc == RLV_OK)
        rc = rlv_desk_new(config, &desk, &err);
    if (rc == RLV_OK) {
        const rlv_ops_callbacks callbacks = {.user = desk, .alive = alive, .ready = ready};
        rc = rlv_ops_start(config->ops.listen, &callbacks, &ops, &err);
    }
    if (rc == RLV_OK) {
        rlv_log(RLV_LOG_INFO, "desk",
                "relevo " RELEVO_VERSION ": pages on port %u, metrics on port %u",
                rlv_desk_port(desk), rlv_ops_port(ops));
        rlv_role_ready(alive, desk);
        rc = rlv_desk_run(desk, &rlv_role_stop, &err);
        rlv_role_quiet();
    }
    rlv_ops_stop(ops);
    rlv_desk_free(desk);
    rlv_config_free(config);
    if (rc != RLV_OK)
        return rlv_cli_fail(&err);
    rlv_log(RLV_LOG_INFO, "desk", "left in order");
    return rlv_role_end(argv, 0);
}
