/* SPDX-License-Identifier: Apache-2.0 */
/* How values are written; see value.h. Must never allocate, and never accept a value that it only half read.
 */
#include "config/value.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit sizes[] = {{"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};

bool rlv_value_bool(rlv_str s, bool *ret)
{
    static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {"false", "no", "off"};
    for (size_t i = 0; i < 3; i++) {
        if (rlv_str_is(s, yes[i]) || rlv_str_is(s, no[i])) {
            *ret = rlv_str_is(s, yes[i]);
            return true;
        }
    }
    return false;
}

bool rlv_value_real(rlv_str s, double *ret)
{
    char text[64];
    if (s.len == 0 || s.len >= sizeof(text))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("+-.0123456789eE", s.ptr[i]))
            return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    char *end;
    double v = strtod(text, &end);
    if (*end || !isfinite(v))
        return false;
    *ret = v;
    return true;
}

/* A whole number of one of the units. */
static bool with_unit(rlv_str s, const struct unit *units, size_t n, int64_t *ret)
{
    size_t digits = 0;
    while (digits < s.len && s.ptr[digits] >= '0' && s.ptr[digits] <= '9')
        digits++;
    int64_t v;
    if (!rlv_str_int((rlv_str){s.ptr, digits}, &v))
        return false;
    for (size_t i = 0; i < n; i++)
        if (rlv_str_is((rlv_str){s.ptr + digits, s.len - digits}, units[i].name))
            return !__builtin_mul_overflow(v, units[i].factor, ret);
    return false;
}

bool rlv_value_duration(rlv_str s, int64_t *ret_ms)
{
    if (rlv_str_is(s, "0")) {
        *ret_ms = 0;
        return true;
    }
    int64_t ms;
    if (!with_unit(s, durations, sizeof(durations) / sizeof(*durations), &ms))
        return false;
    *ret_ms = ms;
    return true;
}

bool rlv_value_size(rlv_str s, size_t *ret)
{
    int64_t bytes;
    if (!with_unit(s, sizes, sizeof(sizes) / sizeof(*sizes), &bytes))
        return false;
    *ret = (size_t)bytes;
    return true;
}

bool rlv_value_address(rlv_str s, rlv_str *ret_host, uint16_t *ret_port)
{
    size_t colon = s.len;
    while (colon > 0 && s.ptr[colon - 1] != ':')
        colon--;
    int64_t port;
    if (colon < 2 || !rlv_str_int((rlv_str){s.ptr + colon, s.len - colon}, &port) || port < 0 ||
        port > UINT16_MAX)
        return false;
    rlv_str host = {s.ptr, colon - 1};
    if (host.ptr[0] == '[') {
        if (host.len < 3 || host.ptr[host.len - 1] != ']')
            return false;
        host = (rlv_str){host.ptr + 1, host.len - 2};
    } else if (memchr(host.ptr, ':', host.len)) {
        return false; /* an IPv6 address without brackets: where it ends would be a guess */
    }
    *ret_host = host;
    *ret_port = (uint16_t)port;
    return true;
}

bool rlv_value_network(rlv_str s, unsigned char ret_address[static 16], unsigned *ret_bits)
{
    char host[INET6_ADDRSTRLEN];
    const char *slash = s.len ? memchr(s.ptr, '/', s.len) : NULL;
    size_t len = slash ? (size_t)(slash - s.ptr) : s.len;
    if (len == 0 || len >= sizeof(host) || memchr(s.ptr, '\0', len))
        return false;
    memcpy(host, s.ptr, len);
    host[len] = '\0';
    unsigned char address[16] = {[10] = 0xff, [11] = 0xff};
    bool v4 = inet_pton(AF_INET, host, address + 12) == 1;
    if (!v4 && inet_pton(AF_INET6, host, address) != 1)
        return false;
    int64_t bits = v4 ? 32 : 128, most = bits;
    if (slash && (!rlv_str_int((rlv_str){slash + 1, s.len - len - 1}, &bits) || bits < 0 || bits > most))
        return false;
    memcpy(ret_address, address, sizeof(address));
    *ret_bits = (unsigned)(bits + (v4 ? 96 : 0));
    return true;
}

const char *rlv_value_nearest(rlv_str word, const char *const *names, size_t n)
{
    /* A third of the word may differ, else any short name would look like any other. */
    size_t best = word.len < 3 ? 1 : word.len / 3 + 1;
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t distance = rlv_str_distance(word, rlv_str_from(names[i]), best);
        if (distance <= best && (!found || distance < best)) {
            found = names[i];
            best = distance;
        }
    }
    return found;
}

void rlv_value_duration_text(int64_t ms, char text[static 32])
{
    size_t i = sizeof(durations) / sizeof(*durations) - 1;
    while (i > 0 && ms % durations[i].factor != 0)
        i--;
    if (ms == 0)
        (void)snprintf(text, 32, "0");
    else
        (void)snprintf(text, 32, "%lld%s", (long long)(ms / durations[i].factor), durations[i].name);
}
