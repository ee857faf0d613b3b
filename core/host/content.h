/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the files that a plugin's options name: articles, intents, flows, models. */
#ifndef RLV_HOST_CONTENT_H
#define RLV_HOST_CONTENT_H

#include <relevo/plugin.h>

#include "base/error.h"

/*
 * Takes the files that the values of PATH options name into *hash, which the caller began: their bytes, of folders all files in the order of
 * their names, with those. Not where they lie, nor hidden files, nor secrets; what is not there counts as such. The same on every machine.
 * RLV_E_REFUSED: one cannot be read; RLV_E_LIMIT: more than 100,000 files, or folders nested deeper than 16.
 */
RLV_MUST_CHECK int rlv_content_hash(const relevo_option *const *options, const relevo_value *values, size_t n, uint64_t *hash, rlv_error *err);

#endif
