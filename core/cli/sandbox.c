/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo sandbox`: the stand-in of WhatsApp's Cloud API, for development and tests. */
#include "cli/cli.h"
#include "cli/role.h"
#include "cloudapi/cloudapi.h"

static const char help[] =
    "Usage: relevo sandbox [--config FILE]\n\n"
    "A local stand-in of WhatsApp's Cloud API: takes sends at sandbox.listen as the real one would, tells of "
    "deliveries\n"
    "by signed webhooks to the gateway, and has a phone-like page at / to chat as the customer. How it "
    "behaves (slow,\n"
    "lossy, errors) is set at /sandbox/settings: docs/gateway.md. It forgets everything when it ends.\n";

int rlv_cli_sandbox(int argc, char **argv)
{
    rlv_config *config;
    int code = rlv_cli_configured(argc, argv, help, NULL, 0, &config);
    if (code >= 0)
        return code;
    rlv_error err = {0};
    rlv_cloudapi *api = NULL;
    int rc = rlv_role_catch_signals(argv, "--print", &err);
    if (rc == RLV_OK)
        rc = rlv_cloudapi_new(config, &api, &err);
    if (rc == RLV_OK) {
        rlv_log(RLV_LOG_INFO, "sandbox",
                "relevo " RELEVO_VERSION ": a stand-in of WhatsApp on port %u, with a phone at /",
                rlv_cloudapi_port(api));
        rlv_cloudapi_run(api, &rlv_role_stop);
    }
    rlv_cloudapi_free(api);
    rlv_config_free(config);
    return rc == RLV_OK ? rlv_role_end(argv, 0) : rlv_cli_fail(&err);
}
