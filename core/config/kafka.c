/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `kafka:`, librdkafka's properties passed through. Must never let through one that the protocol of the lanes
 * depends on: each of those is refused with the reason.
 */
#include <stdlib.h>

#include "config/draft.h"

enum {
    PROPERTIES_MAX = 200
};

static const struct {
    const char *name, *why;
} owned[] = {
    {"enable.auto.commit", "offsets live in Postgres, and the lane commits them"},
    {"enable.auto.offset.store", "offsets live in Postgres, and the lane commits them"},
    {"isolation.level", "the lanes always read what is committed"},
    {"transactional.id", "it is made of `cluster` and the lane's number"},
    {"auto.offset.reset", "a lane never jumps: an offset that is gone stops it"},
    {"partition.assignment.strategy", "the lanes need `range`"},
    {"enable.idempotence", "it is always on"},
    {"group.id", "it is `consume.group`"},
    {"group.instance.id", "it is `consume.instance`"},
    {"session.timeout.ms", "it is `consume.session`"},
    {"transaction.timeout.ms", "it is `consume.transaction_timeout`"},
    {"metadata.broker.list", "write it as `bootstrap.servers`"},
};

static bool refused(rlv_draft *draft, int32_t line, rlv_str name)
{
    for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++) {
        if (rlv_str_is(name, owned[i].name)) {
            rlv_draft_mistake(draft, line, "'kafka.%s' cannot be set here: %s; remove it", owned[i].name,
                              owned[i].why);
            return true;
        }
    }
    return false;
}

void rlv_draft_kafka_set(rlv_draft *draft, int32_t line, rlv_str name, rlv_str value)
{
    rlv_config *config = &draft->values->config;
    if (refused(draft, line, name))
        return;
    if (!config->kafka)
        config->kafka = rlv_arena_zalloc(draft->arena, PROPERTIES_MAX, sizeof(*config->kafka));
    size_t i = 0;
    while (config->kafka && i < config->n_kafka && !rlv_str_is(name, config->kafka[i].name))
        i++;
    if (!config->kafka || i == PROPERTIES_MAX) {
        rlv_draft_mistake(draft, line, "'kafka' holds more than %d properties", PROPERTIES_MAX);
        return;
    }
    const char *text = value.len ? rlv_arena_copy(draft->arena, value).ptr : "";
    config->kafka[i] = (rlv_config_property){rlv_arena_copy(draft->arena, name).ptr, text, line};
    if (i == config->n_kafka)
        config->n_kafka++;
}

/* Lists are written with commas for librdkafka. */
static void set_list(rlv_draft *draft, const rlv_yaml_node *node)
{
    rlv_buf joined = RLV_BUF_INIT(RLV_YAML_BYTES_MAX);
    for (const rlv_yaml_node *item = node->first; item; item = item->next) {
        if (item->kind != RLV_YAML_SCALAR)
            rlv_draft_mistake(draft, item->line, "'kafka.%s' must be a single value or a list of them",
                              node->key.ptr);
        rlv_buf_printf(&joined, "%s%.*s", joined.len ? "," : "", RLV_STR_ARG(item->text));
    }
    rlv_draft_kafka_set(draft, node->line, node->key, rlv_buf_view(&joined));
    rlv_buf_free(&joined);
}

static bool is_file_of(rlv_str key, rlv_str *ret_name)
{
    rlv_str suffix = RLV_STR("_file");
    if (key.len <= suffix.len || !rlv_str_eq((rlv_str){key.ptr + key.len - suffix.len, suffix.len}, suffix))
        return false;
    *ret_name = (rlv_str){key.ptr, key.len - suffix.len};
    return true;
}

void rlv_draft_kafka(rlv_draft *draft, const rlv_yaml_node *node)
{
    if (node->kind != RLV_YAML_MAP) {
        rlv_draft_mistake(draft, node->line,
                          "'kafka' must be a mapping of properties ('bootstrap.servers: host:9092'), "
                          "not %s",
                          rlv_yaml_kind_name(node));
        return;
    }
    for (const rlv_yaml_node *item = node->first; item; item = item->next) {
        rlv_str name;
        if (item->repeated)
            rlv_draft_mistake(draft, item->key_line,
                              "key '%s' is given twice in 'kafka' (first on line %d): remove one",
                              item->key.ptr, rlv_yaml_get(node, item->key.ptr)->key_line);
        else if (item->kind == RLV_YAML_MAP)
            rlv_draft_mistake(draft, item->key_line,
                              "'kafka.%s' must be a single value: write properties with dots, "
                              "'%s.%s: ...'",
                              item->key.ptr, item->key.ptr, item->first ? item->first->key.ptr : "name");
        else if (item->kind == RLV_YAML_LIST)
            set_list(draft, item);
        else if (rlv_yaml_empty(item))
            continue;
        else if (is_file_of(item->key, &name)) {
            const char *what = rlv_arena_printf(draft->arena, "'kafka.%s'", item->key.ptr);
            rlv_str text = rlv_draft_secret(draft, item->line, "kafka", what, item->text);
            if (text.len)
                rlv_draft_kafka_set(draft, item->line, name, text);
        } else {
            rlv_draft_kafka_set(draft, item->line, item->key, item->text);
        }
    }
}
