/* SPDX-License-Identifier: Apache-2.0 */
/* The writers' schemas of a lane; see writers.h. Must never take a registry that is away for one that knows
 * nothing. */
#include "lane/writers.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    SAY_AFTER_US = 1000000,
    SAY_AGAIN_US = 60000000
};

static void say(const rlv_writers *w, enum rlv_log_level level, const char *what, const char *why)
{
    char name[24];
    (void)snprintf(name, sizeof(name), "lane %d", w->lane);
    rlv_log(level, name, "%s%s", what, why);
}

static void still_waiting(rlv_writers *w, const rlv_error *why)
{
    int64_t now_us = rlv_clock_mono_us();
    if (!w->since_us) {
        w->since_us = now_us;
        w->say_us = now_us + SAY_AFTER_US;
    }
    if (now_us < w->say_us)
        return;
    w->say_us = now_us + SAY_AGAIN_US;
    w->said = true;
    say(w, RLV_LOG_WARN, "waits for a writer's schema: ", why->message);
}

static void no_longer(rlv_writers *w)
{
    if (w->said)
        say(w, RLV_LOG_INFO, "goes on: the schema registry has answered", "");
    w->said = false;
    w->since_us = 0;
}

bool rlv_writers_known(const rlv_writers *w, rlv_str record)
{
    uint32_t id;
    return !w->registry || !rlv_wire_framed(record, &id) || rlv_wire_knows(w->wire, id);
}

int rlv_writers_ready(rlv_writers *w, rlv_str record, int wait_ms, rlv_error *err)
{
    uint32_t id;
    rlv_str schema;
    if (rlv_writers_known(w, record) || !rlv_wire_framed(record, &id))
        return RLV_OK;
    int rc = rlv_registry_get(w->registry, id, wait_ms, &schema, err);
    if (rc == RLV_OK) {
        rc = rlv_wire_learn_id(w->wire, id, schema, err);
        if (rc == RLV_E_INVALID)
            rc = RLV_OK; /* wire remembers why, and says so of every record */
        else if (rc == RLV_E_LIMIT)
            rc = err->code = RLV_E_UNAVAILABLE; /* memory is short now */
    } else if (rc == RLV_E_INVALID) {
        rc = err->code = RLV_E_REFUSED;
    }
    if (rc == RLV_E_UNAVAILABLE)
        still_waiting(w, err);
    else
        no_longer(w);
    return rc;
}

int64_t rlv_writers_wait_ms(const rlv_writers *w)
{
    return w->since_us ? (rlv_clock_mono_us() - w->since_us) / 1000 : 0;
}

bool rlv_writers_stuck(const rlv_writers *w)
{
    return w->said;
}
