/* SPDX-License-Identifier: Apache-2.0 */
/* The reference, as a page and as JSON, made from the option table so that it cannot say anything else. */
#include <stdlib.h>

#include "config/draft.h"
#include "config/options.h"
#include "config/value.h"

static const char head[] =
    "# Configuration\n"
    "\n"
    "Made from the option table by `relevo config reference`; do not edit.\n"
    "\n"
    "One YAML file: `--config FILE`, else `$RELEVO_CONFIG`, else `/etc/relevo/relevo.yaml`. `relevo check` "
    "reports every\n"
    "mistake in it with line and remedy. Times are written `5ms 10s 2m 24h 7d`, sizes `512KiB 32MiB 1GiB`. A "
    "key that is\n"
    "left empty keeps its default. Anchors, aliases and tags are refused.\n"
    "\n"
    "**Environment.** A variable overrides its key. Lists are written with commas. A secret (S) may be read "
    "from a file:\n"
    "`<key>_file` in YAML, `<VARIABLE>_FILE` in the environment. A command opens only the files of secrets that it uses:\n"
    "`relevo check --for NAME` asks for those alone. `RELEVO_KAFKA` sets the brokers,\n"
    "`RELEVO_KAFKA_SASL_USERNAME` Kafka's `sasl.username`, and so on. An unknown variable of one of our "
    "sections is a mistake.\n"
    "\n"
    "**Notices** are texts to the customer; a language without one falls back to the first that has one, and "
    "where all three\n"
    "are `\"\"` nothing is said.\n"
    "\n"
    "Flags: **R** required; **S** secret, never printed; **L** holds nothing that outlives a batch, so a "
    "restart is all that\n"
    "changing it needs, in any order of processes.\n";

static void put_cell(rlv_buf *out, const char *s)
{
    for (; *s; s++)
        rlv_buf_printf(out, "%s%c", *s == '|' ? "\\" : "", *s);
}

static const char *const type_names[] = {
    "text", "text", "whole number", "number",  "true or false",    "time",   "size",
    "path", "list", "word",         "mapping", "list of mappings", "mapping"};

static void put_range(rlv_buf *out, const rlv_option *option)
{
    char low[32], high[32];
    if (option->type == RLV_OPTION_CHOICE) {
        rlv_buf_printf(out, ": ");
        put_cell(out, option->unit);
        return;
    }
    if (option->min >= option->max)
        return;
    if (option->type == RLV_OPTION_DURATION) {
        rlv_value_duration_text((int64_t)option->min, low);
        rlv_value_duration_text((int64_t)option->max, high);
        rlv_buf_printf(out, ", %s to %s", low, high);
    } else if (option->type == RLV_OPTION_SIZE) {
        rlv_buf_printf(out, ", %gMiB to %gMiB", option->min / 1048576, option->max / 1048576);
    } else {
        rlv_buf_printf(out, ", %g to %g%s%s", option->min, option->max, option->unit ? " " : "",
                       option->unit ? option->unit : "");
    }
}

static void put_row(rlv_buf *out, const rlv_option *option)
{
    char variable[64];
    rlv_buf_printf(out, "| `%s` | ", option->path);
    rlv_buf_printf(out, "%s", type_names[option->type]);
    put_range(out, option);
    if (option->initial && *option->initial) {
        rlv_buf_printf(out, " | `");
        put_cell(out, option->initial);
        rlv_buf_printf(out, "` | ");
    } else {
        rlv_buf_printf(out, " | | ");
    }
    rlv_buf_printf(out, "%s%s%s | ", option->flags & RLV_FLAG_REQUIRED ? "R" : "",
                   option->flags & RLV_FLAG_SECRET ? "S" : "",
                   option->flags & RLV_FLAG_RELOADABLE ? "L" : "");
    put_cell(out, option->help);
    if (rlv_option_variable(option, variable))
        rlv_buf_printf(out, " `%s`", variable);
    rlv_buf_printf(out, " |\n");
}

/* "consume" of consume.batch_max, "plugins" of plugins[].name, "" of what lies at the top. */
static rlv_str section_of(const rlv_option *option)
{
    size_t n = strcspn(option->path, ".[");
    bool alone = !option->path[n] && option->type != RLV_OPTION_ENTRIES && option->type != RLV_OPTION_KAFKA;
    return (rlv_str){option->path, alone ? 0 : n};
}

/* The words of a choice, or the range of a number, a time (ms) or a size (bytes). */
static void put_limits(rlv_buf *out, const rlv_option *option)
{
    if (option->type == RLV_OPTION_CHOICE) {
        const char *word = option->unit;
        rlv_buf_printf(out, ",\"words\":");
        for (size_t n; n = strcspn(word, "|"), n > 0; word += n + (word[n] == '|')) {
            rlv_buf_append(out, word == option->unit ? "[" : ",", 1);
            rlv_draft_quote(out, (rlv_str){word, n});
        }
        rlv_buf_append(out, "]", 1);
    } else if (option->min < option->max) {
        const char *unit = option->type == RLV_OPTION_DURATION ? "ms" : option->type == RLV_OPTION_SIZE ? "bytes" : option->unit;
        rlv_buf_printf(out, ",\"min\":%.15g,\"max\":%.15g", option->min, option->max);
        if (unit) {
            rlv_buf_printf(out, ",\"unit\":");
            rlv_draft_quote(out, rlv_str_from(unit));
        }
    }
}

static void put_object(rlv_buf *out, const rlv_option *option)
{
    char variable[64];
    rlv_buf_printf(out, "{\"key\":\"%s\",\"type\":\"%s\"", option->path, type_names[option->type]);
    put_limits(out, option);
    if (option->initial && *option->initial) {
        rlv_buf_printf(out, ",\"default\":");
        rlv_draft_quote(out, rlv_str_from(option->initial));
    }
    if (rlv_option_variable(option, variable))
        rlv_buf_printf(out, ",\"variable\":\"%s\"", variable);
    rlv_buf_printf(out, ",\"required\":%s,\"secret\":%s,\"local\":%s,\"help\":", option->flags & RLV_FLAG_REQUIRED ? "true" : "false",
                   option->flags & RLV_FLAG_SECRET ? "true" : "false", option->flags & RLV_FLAG_RELOADABLE ? "true" : "false");
    rlv_draft_quote(out, rlv_str_from(option->help));
    rlv_buf_append(out, "}", 1);
}

static void put_json(rlv_buf *out)
{
    rlv_buf_printf(out, "{\"options\":[");
    for (size_t i = 0; i < rlv_options_n; i++) {
        rlv_buf_printf(out, "%s", i ? "," : "");
        put_object(out, &rlv_options[i]);
    }
    rlv_buf_printf(out, "]}\n");
}

void rlv_config_reference(bool json, rlv_buf *out)
{
    if (json) {
        put_json(out);
        return;
    }
    rlv_buf_printf(out, "%s", head);
    for (size_t i = 0; i < rlv_options_n; i++) {
        rlv_str section = section_of(&rlv_options[i]);
        if (i == 0 || !rlv_str_eq(section, section_of(&rlv_options[i - 1]))) {
            rlv_str title = section.len ? section : RLV_STR("top level");
            rlv_buf_printf(out, "\n## %.*s\n\n", RLV_STR_ARG(title));
            rlv_buf_printf(out, "| key | value | default | | what it is for |\n|---|---|---|---|---|\n");
        }
        put_row(out, &rlv_options[i]);
    }
}
