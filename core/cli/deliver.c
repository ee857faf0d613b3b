/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo deliver`: the role that talks to WhatsApp, CRMs and models. It works until told to stop. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/role.h"
#include "deliver/deliver.h"
#include "ops/ops.h"

static const char help[] = "Usage: relevo deliver [--config FILE]\n\n"
                           "Sends what was decided: messages through WhatsApp's Cloud API, each attempt "
                           "claimed in Postgres so that no bot\n"
                           "message leaves after a person took over; and effects to deliver.destinations. "
                           "Several may run. Runs until SIGTERM\n"
                           "or SIGINT, then finishes the requests under way; a second signal ends it at "
                           "once, and what was under way then is of\n"
                           "unknown outcome.\n";

/* The loop turns twenty times a second; a statement or a rebalance may hold it for some seconds. */
enum {
    STUCK_MS = 60000
};

static bool alive(void *user, double *ret_seconds)
{
    int64_t idle_ms = rlv_deliver_idle_ms(user);
    *ret_seconds = (double)idle_ms / 1e3;
    return idle_ms < STUCK_MS;
}

static bool ready(void *user, char *reason, size_t size)
{
    bool is = rlv_deliver_ready(user, reason, size);
    if (is)
        (void)snprintf(reason, size, "working");
    return is;
}

int rlv_cli_deliver(int argc, char **argv)
{
    rlv_config *config;
    int code = rlv_cli_configured(argc, argv, help, NULL, 0, &config);
    if (code >= 0)
        return code;
    rlv_error err = {0};
    rlv_deliver *deliver = NULL;
    rlv_ops *ops = NULL;
    int rc = rlv_role_catch_signals(argv, "--print", &err);
    if (rc == RLV_OK)
        rc = rlv_deliver_new(config, &deliver, &err);
    if (rc == RLV_OK) {
        const rlv_ops_callbacks callbacks = {.user = deliver, .alive = alive, .ready = ready};
        rc = rlv_ops_start(config->ops.listen, &callbacks, &ops, &err);
    }
    if (rc == RLV_OK) {
        rlv_log(RLV_LOG_INFO, "deliver",
                "relevo " RELEVO_VERSION ": %s/%s, %zu destinations, metrics on port %u",
                config->deliver.api_url, config->deliver.api_version, config->deliver.n_destinations,
                rlv_ops_port(ops));
        rlv_role_ready(alive, deliver);
        rc = rlv_deliver_run(deliver, &rlv_role_stop, &err);
        rlv_role_quiet();
    }
    rlv_ops_stop(ops);
    rlv_deliver_free(deliver);
    rlv_config_free(config);
    if (rc != RLV_OK)
        return rlv_cli_fail(&err);
    rlv_log(RLV_LOG_INFO, "deliver", "left in order");
    return rlv_role_end(argv, 0);
}
