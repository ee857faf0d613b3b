/* SPDX-License-Identifier: Apache-2.0 */
/* How the stand-in behaves, as one table; see private.h. Must never take a misspelt setting silently. */
#include <stddef.h>
#include <stdio.h>

#include "cloudapi/private.h"

static const struct {
    const char *name;
    char kind; /* i: integer, d: share from 0 to 1, r: [from, to] in ms, or one number for both, b: boolean */
    size_t offset;
} rows[] = {
    {"seed", 'i', offsetof(rlv_settings, seed)},
    {"answer_ms", 'r', offsetof(rlv_settings, answer_ms)},
    {"answer_lose", 'd', offsetof(rlv_settings, answer_lose)},
    {"answer_fail", 'd', offsetof(rlv_settings, answer_fail)},
    {"fail_code", 'i', offsetof(rlv_settings, fail_code)},
    {"webhook_ms", 'r', offsetof(rlv_settings, webhook_ms)},
    {"webhook_lose", 'd', offsetof(rlv_settings, webhook_lose)},
    {"webhook_duplicate", 'd', offsetof(rlv_settings, webhook_duplicate)},
    {"delivered_ms", 'r', offsetof(rlv_settings, delivered_ms)},
    {"read_ms", 'r', offsetof(rlv_settings, read_ms)},
    {"deliver", 'd', offsetof(rlv_settings, deliver)},
    {"read", 'd', offsetof(rlv_settings, read)},
    {"window_hours", 'i', offsetof(rlv_settings, window_hours)},
    {"window_at_once", 'b', offsetof(rlv_settings, window_at_once)},
    {"per_second", 'i', offsetof(rlv_settings, per_second)},
    {"pair_burst", 'i', offsetof(rlv_settings, pair_burst)},
    {"pair_ms", 'i', offsetof(rlv_settings, pair_ms)},
};

enum {
    ROWS = sizeof(rows) / sizeof(*rows)
};

void rlv_settings_defaults(rlv_settings *settings)
{
    *settings = (rlv_settings){
        .seed = 1,
        .fail_code = 131000,
        .delivered_ms = {150, 400},
        .read_ms = {300, 1500},
        .deliver = 1,
        .window_hours = 24,
        .per_second = 80,
        .pair_burst = 45,
        .pair_ms = 6000,
    };
}

json_t *rlv_settings_json(const rlv_settings *settings)
{
    json_t *out = json_object();
    for (size_t i = 0; i < ROWS; i++) {
        const void *at = (const char *)settings + rows[i].offset;
        const int64_t *n = at;
        json_t *value = rows[i].kind == 'i'   ? json_integer(*n)
                        : rows[i].kind == 'd' ? json_real(*(const double *)at)
                        : rows[i].kind == 'b' ? json_boolean(*(const bool *)at)
                                              : json_pack("[I, I]", (json_int_t)n[0], (json_int_t)n[1]);
        (void)json_object_set_new(out, rows[i].name, value);
    }
    return out;
}

static bool whole(const json_t *value, int64_t *ret)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *ret = json_integer_value(value);
    return true;
}

static bool set(void *at, char kind, const json_t *value)
{
    int64_t *n = at;
    double share = json_number_value(value);
    switch (kind) {
    case 'i':
        return whole(value, n);
    case 'b':
        *(bool *)at = json_is_true(value);
        return json_is_boolean(value);
    case 'd':
        *(double *)at = share;
        return json_is_number(value) && share >= 0 && share <= 1;
    default:
        if (json_is_integer(value))
            return whole(value, &n[0]) && whole(value, &n[1]);
        return json_array_size(value) == 2 && whole(json_array_get(value, 0), &n[0]) &&
               whole(json_array_get(value, 1), &n[1]);
    }
}

bool rlv_settings_change(rlv_settings *settings, const json_t *wanted, char details[200])
{
    rlv_settings fresh = *settings;
    const char *key;
    json_t *value;
    if (!json_is_object(wanted)) {
        (void)snprintf(details, 200, "settings are an object: {\"answer_ms\": [0, 500]}");
        return false;
    }
    json_object_foreach((json_t *)wanted, key, value)
    {
        size_t i = 0;
        while (i < ROWS && strcmp(rows[i].name, key) != 0)
            i++;
        if (i == ROWS || !set((char *)&fresh + rows[i].offset, rows[i].kind, value)) {
            (void)snprintf(details, 200, "'%.100s' %s", key,
                           i == ROWS ? "is no setting: GET /sandbox/settings shows them"
                                     : "cannot have this value");
            return false;
        }
    }
    *settings = fresh;
    return true;
}
