/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for texts; see rules.h. Each must say what would do, not only that this does not. */
#include "config/rules.h"

#include "config/value.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Room for the prefix of a transactional id, and for the ".dlq" that Kafka's limit of 249 must hold too. */
enum {
    CLUSTER_MAX = 100,
    TOPIC_MAX = 245,
    GROUP_MAX = 200,
    URL_MAX = 1000,
    ENTRY_MAX = 31
};

static bool only(rlv_str s, const char *allowed)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == '\0' || !strchr(allowed, s.ptr[i]))
            return false;
    return true;
}

const char *rlv_rule_filled(rlv_str value)
{
    return value.len ? NULL : "must not be empty";
}

const char *rlv_rule_cluster(rlv_str value)
{
    bool fine = value.len >= 1 && value.len <= CLUSTER_MAX && only(value, LOWER DIGITS ".-");
    return fine ? NULL : "must be 1 to 100 of a-z 0-9 . -";
}

/* Kafka would take anything; it is a label of metrics, and these are written as they are. */
const char *rlv_rule_group(rlv_str value)
{
    bool fine = value.len >= 1 && value.len <= GROUP_MAX && only(value, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "._-");
    return fine ? NULL : "must be 1 to 200 of a-z A-Z 0-9 . _ -";
}

const char *rlv_rule_prefix(rlv_str value)
{
    bool fine = value.len <= 100 && only(value, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "._-");
    return fine ? NULL : "may hold up to 100 of a-z A-Z 0-9 . _ -";
}

const char *rlv_rule_topic(rlv_str value)
{
    bool fine = value.len >= 1 && value.len <= TOPIC_MAX &&
                only(value, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "._-") && !rlv_str_is(value, ".") &&
                !rlv_str_is(value, "..");
    return fine ? NULL : "must be a topic's name: 1 to 245 of a-z A-Z 0-9 . _ -";
}

const char *rlv_rule_address(rlv_str value)
{
    rlv_str host;
    uint16_t port;
    return rlv_value_address(value, &host, &port) ? NULL
                                                  : "must be an address and a port, such as 127.0.0.1:9464";
}

const char *rlv_rule_network(rlv_str value)
{
    unsigned char address[16];
    unsigned bits;
    return rlv_value_network(value, address, &bits) ? NULL : "must be an address or a network, such as 10.0.0.7 or 10.0.0.0/24";
}

const char *rlv_rule_url(rlv_str value)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        size_t n = strlen(schemes[i]);
        if (value.len <= n || memcmp(value.ptr, schemes[i], n) != 0)
            continue;
        bool fine = value.len <= URL_MAX && value.ptr[n] != '/';
        for (size_t j = n; j < value.len; j++)
            fine = fine && value.ptr[j] > ' ' && value.ptr[j] < 0x7f && !strchr("?#\"<>\\", value.ptr[j]);
        if (fine)
            return NULL;
    }
    return "must be a URL such as https://host:8081";
}

const char *rlv_rule_entry(rlv_str value)
{
    bool fine = value.len >= 1 && value.len <= ENTRY_MAX && only(value, LOWER DIGITS "_") &&
                strchr(LOWER, value.ptr[0]);
    return fine ? NULL : "must be 1 to 31 of a-z 0-9 _, beginning with a letter";
}

const char *rlv_rule_sha256(rlv_str value)
{
    bool fine = value.len == 0 || (value.len == 64 && only(value, "abcdef" DIGITS));
    return fine ? NULL : "must be 64 of 0-9 a-f, as `relevo plugin info` and sha256sum show it";
}

const char *rlv_rule_public_key(rlv_str value)
{
    /* The 42 bytes of signify's format, of which the first two say "Ed". */
    bool fine = value.len == 56 && memcmp(value.ptr, "RW", 2) == 0 && only(value, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "+/");
    return fine ? NULL : "must be a public key as `relevo plugin key` shows it: 56 characters that begin with RW";
}

const char *rlv_rule_isolation(rlv_str value)
{
    static const char *const words[] = {"", "inline", "process", "process_unconfined"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (rlv_str_is(value, words[i]))
            return NULL;
    return "must be 'process', 'inline' or 'process_unconfined'";
}

const char *rlv_rule_template(rlv_str value)
{
    return value.len >= 1 && value.len <= 512 && only(value, LOWER DIGITS "_") ? NULL : "must be the template's name: a-z 0-9 _";
}

const char *rlv_rule_language(rlv_str value)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    rlv_str country = {NULL, 0};
    const char *bar = value.len ? memchr(value.ptr, '_', value.len) : NULL;
    if (bar) {
        country = (rlv_str){bar + 1, value.len - (size_t)(bar + 1 - value.ptr)};
        value.len = (size_t)(bar - value.ptr);
    }
    bool fine = value.len >= 2 && value.len <= 3 && only(value, LOWER) && (!bar || (country.len == 2 && only(country, upper)));
    return fine ? NULL : "must be a language as WhatsApp writes it, such as es, es_MX or pt_BR";
}

const char *rlv_rule_url_path(rlv_str value)
{
    bool fine = value.len >= 1 && value.len <= 200 && value.ptr[0] == '/' &&
                only(value, LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "._~/-");
    return fine ? NULL : "must be a path such as /webhook: up to 200 of a-z A-Z 0-9 . _ ~ - /";
}
