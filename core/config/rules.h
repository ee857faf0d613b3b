/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for texts in the option table: each says why a value will not do, NULL when it does. Internal to the
 * room. */
#ifndef RLV_CONFIG_RULES_H
#define RLV_CONFIG_RULES_H

#include "base/str.h"

const char *rlv_rule_filled(rlv_str value);
const char *rlv_rule_cluster(rlv_str value);
const char *rlv_rule_group(rlv_str value);
const char *rlv_rule_topic(rlv_str value);
const char *rlv_rule_prefix(rlv_str value);
const char *rlv_rule_address(rlv_str value);
const char *rlv_rule_network(rlv_str value);
const char *rlv_rule_url_path(rlv_str value);
const char *rlv_rule_url(rlv_str value);
const char *rlv_rule_entry(rlv_str value);
const char *rlv_rule_isolation(rlv_str value);
const char *rlv_rule_sha256(rlv_str value);
const char *rlv_rule_public_key(rlv_str value);
const char *rlv_rule_template(rlv_str value);
const char *rlv_rule_language(rlv_str value);

#endif
