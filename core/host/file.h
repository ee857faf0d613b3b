/* SPDX-License-Identifier: Apache-2.0 */
/* What can be known of a plugin's file before any of it is loaded. */
#ifndef RLV_HOST_FILE_H
#define RLV_HOST_FILE_H

#include "base/error.h"

enum {
    RLV_FILE_SHA256 = 65
};

/*
 * Checks that path is a regular file, readable, not writable by everybody, a whole shared object for this
 * machine, and writes its SHA-256 in hex. RLV_E_NOT_FOUND or RLV_E_REFUSED with a line that begins with the
 * path.
 */
RLV_MUST_CHECK int rlv_file_check(const char *path, char ret_sha256[RLV_FILE_SHA256], rlv_error *err);

#endif
