/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo gateway`: the role that takes Meta's webhooks. It listens, for Meta and for operators, until told
 * to stop. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/role.h"
#include "gateway/gateway.h"
#include "ops/ops.h"

static const char help[] = "Usage: relevo gateway [--config FILE]\n\n"
                           "Takes the webhooks of WhatsApp's Cloud API at gateway.listen and puts their "
                           "events on the first topic of\n"
                           "topics.events. A webhook is answered with 200 when Kafka has all of it; while "
                           "Kafka is away with 503, so that\n"
                           "Meta sends it again. Runs until SIGTERM or SIGINT, then answers what is open; a "
                           "second signal ends it at once.\n";

/* The watch turns forty times a second; looking for Kafka may hold it for one. */
enum {
    STUCK_MS = 30000
};

static bool alive(void *user, double *ret_seconds)
{
    int64_t idle_ms = rlv_gateway_idle_ms(user);
    *ret_seconds = (double)idle_ms / 1e3;
    return idle_ms < STUCK_MS;
}

static bool ready(void *user, char *reason, size_t size)
{
    return rlv_gateway_ready(user, reason, size);
}

int rlv_cli_gateway(int argc, char **argv)
{
    rlv_config *config;
    int code = rlv_cli_configured(argc, argv, help, NULL, 0, &config);
    if (code >= 0)
        return code;
    rlv_error err = {0};
    rlv_gateway *gateway = NULL;
    rlv_ops *ops = NULL;
    int rc = rlv_role_catch_signals(argv, "--print", &err);
    if (rc == RLV_OK)
        rc = rlv_gateway_new(config, &gateway, &err);
    if (rc == RLV_OK) {
        const rlv_ops_callbacks callbacks = {.user = gateway, .alive = alive, .ready = ready};
        rc = rlv_ops_start(config->ops.listen, &callbacks, &ops, &err);
    }
    if (rc == RLV_OK) {
        rlv_log(RLV_LOG_INFO, "gateway",
                "relevo " RELEVO_VERSION ": webhooks on port %u%s, metrics on port %u",
                rlv_gateway_port(gateway), config->gateway.path, rlv_ops_port(ops));
        rlv_role_ready(alive, gateway);
        rc = rlv_gateway_run(gateway, &rlv_role_stop, &err);
        rlv_role_quiet();
    }
    rlv_ops_stop(ops);
    rlv_gateway_free(gateway);
    rlv_config_free(config);
    if (rc != RLV_OK)
        return rlv_cli_fail(&err);
    rlv_log(RLV_LOG_INFO, "gateway", "left in order");
    return rlv_role_end(argv, 0);
}
