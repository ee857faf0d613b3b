/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How values are written, for files, the environment and plugins' options alike: `10s`, `32MiB`, `yes`,
 * `127.0.0.1:9464`. Each returns false, and leaves *ret untouched, on anything else. Must never allocate.
 */
#ifndef RLV_CONFIG_VALUE_H
#define RLV_CONFIG_VALUE_H

#include "base/str.h"

/* true yes on / false no off. */
bool rlv_value_bool(rlv_str s, bool *ret);
/* A finite decimal number; no hexadecimal, no "inf". */
bool rlv_value_real(rlv_str s, double *ret);
/* A whole number with its unit: ms s m h d. "0" needs none. Milliseconds. */
bool rlv_value_duration(rlv_str s, int64_t *ret_ms);
/* A whole number with KiB, MiB, GiB, or B or nothing for bytes. */
bool rlv_value_size(rlv_str s, size_t *ret);
/* "host:port" or "[::1]:port"; the host is returned without brackets, borrowed from s. Port 0 asks for any
 * free one. */
bool rlv_value_address(rlv_str s, rlv_str *ret_host, uint16_t *ret_port);

/* An address, or a network such as 10.0.0.0/8 or fd00::/8: as IPv6, IPv4 as ::ffff:10.0.0.0, and how many of its bits
 * count, 0 to 128, all of an address'. */
bool rlv_value_network(rlv_str s, unsigned char ret_address[static 16], unsigned *ret_bits);

/* Of n names the nearest to word, for "did you mean"; NULL when none is near. */
const char *rlv_value_nearest(rlv_str word, const char *const *names, size_t n);

/* Writes ms as people write it, "90s" as 90s, 3600000 as 1h, into text. */
void rlv_value_duration_text(int64_t ms, char text[static 32]);

#endif
