/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages that are no batches: what a plugin's process is told when it starts, how it describes
 * the plugin, and why it refuses. The first is ours; the others may be anything, and are checked as a descriptor is.
 */
#ifndef RLV_HOST_START_H
#define RLV_HOST_START_H

#include "host/intents.h"
#include "host/ring.h"

enum rlv_start_mode {
    RLV_START_PROBE = 1,    /* confine yourself, load nothing: what does this kernel enforce? */
    RLV_START_DESCRIBE = 2, /* load, describe, end */
    RLV_START_RUN = 3       /* load, create, serve */
};

enum {
    RLV_START_VERSION = 1
};

typedef struct rlv_start {
    enum rlv_start_mode mode;
    uint32_t slots;
    bool unconfined; /* go on where system calls cannot be filtered */
    int32_t parent;
    uint64_t memory, load_s;
    const char *path;
    const char *sha256; /* the file must still be the one that was looked at; "": any */
    const char *const *readable;
    size_t n_readable;
    const relevo_value *values; /* RUN */
    size_t n_values;
} rlv_start;

void rlv_start_put(rlv_ring_writer *w, const rlv_start *start);
/* Everything is copied into arena. RLV_E_INVALID: another version's, or damaged; RLV_E_LIMIT. */
RLV_MUST_CHECK int rlv_start_take(rlv_str bytes, rlv_arena *arena, rlv_start *ret, rlv_error *err);

/* What a process refused with: its own code and text, if they are any, safe for a line of ours; RLV_E_REFUSED, if not. Always an error. */
RLV_MUST_CHECK int rlv_refusal_take(const rlv_ring_response *response, rlv_error *err);

void rlv_described_put(rlv_ring_writer *w, const rlv_host_plugin_info *info);
/* Everything but `entry`, and `sha256`, which is not its to say, is copied into arena. RLV_E_REFUSED with a line that begins with path. */
RLV_MUST_CHECK int rlv_described_take(const char *path, rlv_str bytes, rlv_arena *arena,
                                      rlv_host_plugin_info *ret, rlv_error *err);

/* What an instance told of its intents, as far as there is room; and what of it can be read, into the parent's. */
void rlv_intents_put(rlv_ring_writer *w, const rlv_intents *intents);
void rlv_intents_take(rlv_str bytes, rlv_arena *scratch, rlv_intents *intents);

#endif
