/* SPDX-License-Identifier: Apache-2.0 */
/* What `relevo plugin` does about signatures. Each returns an exit code, and says what it did or why it did not; json: says it so. Private to this room. */
#ifndef RLV_CLI_PLUGIN_SIGN_H
#define RLV_CLI_PLUGIN_SIGN_H

#include <stdbool.h>

/* Makes NAME.pub and NAME.sec. */
int rlv_plugin_key(const char *name, bool json);
/* Writes path.sig; key: of a NAME.sec, NULL: it was not said. */
int rlv_plugin_sign(const char *path, const char *key, bool json);
/* key: of a NAME.pub; NULL: by the keys of the configuration. */
int rlv_plugin_verify(const char *path, const char *key, const char *config_path, bool json);

#endif
