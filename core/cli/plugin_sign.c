/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo plugin key|sign|verify`: whose file a plugin is. Nothing of the file is loaded. */
#include "cli/plugin_sign.h"

#include <stdio.h>

#include "cli/cli.h"
#include "host/trust.h"

int rlv_plugin_key(const char *name, bool json)
{
    char public[RLV_TRUST_PUBLIC];
    rlv_error err;
    if (rlv_trust_make(name, public, &err) != RLV_OK)
        return rlv_cli_fail(&err);
    if (json)
        return rlv_cli_put_json(json_pack("{s:s+, s:s+, s:s}", "secret_file", name, ".sec", "public_file", name, ".pub", "key", public));
    (void)printf("%s.sec   signs, and whoever has it can: keep it where plugins are built, not where they run\n"
                 "%s.pub   verifies; in the configuration:\n\n"
                 "trust:\n"
                 "  require_signature: true\n"
                 "  keys: [\"%s\"]\n",
                 name, name, public);
    return EX_OK;
}

int rlv_plugin_sign(const char *path, const char *key, bool json)
{
    char id[RLV_TRUST_ID];
    rlv_error err;
    if (!key)
        return rlv_cli_usage("plugin", "sign wants --key NAME.sec, which `relevo plugin key NAME` makes");
    if (rlv_trust_sign(path, key, id, &err) != RLV_OK)
        return rlv_cli_fail(&err);
    if (json)
        return rlv_cli_put_json(json_pack("{s:s, s:s+, s:s}", "file", path, "signature", path, ".sig", "key", id));
    (void)printf("%s.sig: signed with key %s; it belongs beside the file\n", path, id);
    return EX_OK;
}

static int verify(const char *path, const char *const *keys, size_t n, bool json)
{
    char sha256[RLV_FILE_SHA256], id[RLV_TRUST_ID];
    rlv_error err;
    int rc = rlv_file_check(path, sha256, &err);
    if (rc == RLV_OK)
        rc = rlv_trust_verify(path, sha256, keys, n, id, &err);
    if (rc != RLV_OK)
        return rlv_cli_fail(&err);
    if (json)
        return rlv_cli_put_json(json_pack("{s:s, s:s, s:s}", "file", path, "key", id, "sha256", sha256));
    (void)printf("%s: is what was signed with key %s\n  sha256 %s\n", path, id, sha256);
    return EX_OK;
}

int rlv_plugin_verify(const char *path, const char *key, const char *config_path, bool json)
{
    if (key) {
        char public[RLV_TRUST_PUBLIC];
        rlv_error err;
        if (rlv_trust_public(key, public, &err) != RLV_OK)
            return rlv_cli_fail(&err);
        return verify(path, &(const char *){public}, 1, json);
    }
    rlv_config *config;
    int rc = rlv_cli_load("plugin", config_path, &config);
    if (rc)
        return rc;
    if (config->trust.n_keys)
        rc = verify(path, config->trust.keys, config->trust.n_keys, json);
    else
        rc = rlv_cli_usage("plugin", "verify wants --key NAME.pub, as %s has no trust.keys", config->file);
    rlv_config_free(config);
    return rc;
}
