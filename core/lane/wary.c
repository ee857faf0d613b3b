/* SPDX-License-Identifier: Apache-2.0 */
/* See wary.h. Must never blame an item for anything but a death, or a loop, that was seen. */
#include "lane/wary.h"

#include "base/log.h"

void rlv_wary_begin(rlv_wary *w, int32_t deaths, int64_t batch_max)
{
    /* One batch may have been on its way to Postgres while the next one was decoded, or stepped. */
    *w = (rlv_wary){.deaths = deaths, .left = 2 * batch_max, .scout = {.all = deaths > 1, .told = w->scout.told}};
}

bool rlv_wary_over(rlv_wary *w, size_t n, bool all_seen)
{
    w->left -= (int64_t)n;
    if (!w->deaths || (w->left > 0 && !all_seen))
        return false;
    w->deaths = 0;
    return true;
}

int rlv_wary_blame(rlv_batch *batch, const char *room, const rlv_error *how, rlv_error *err)
{
    rlv_batch_item *item = batch->died;
    const rlv_source *source = &item->event.source;
    const char *why = rlv_arena_printf(batch->arena, RLV_WARY_DIED, how->message);
    if (!why[0])
        return rlv_error_set(err, RLV_E_LIMIT, "the batch does not fit in its memory");
    bool tells = item->given_up && !item->untold && source->kind == RLV_SOURCE_COMMAND;
    if (item->dead || (item->given_up && !tells))
        return rlv_error_set(err, RLV_E_DIED, "%s", why);
    if (tells) {
        rlv_log(RLV_LOG_ERROR, room, "command %lld: not even the ownership that it made can be told: %s", (long long)source->offset, why);
        item->untold = true;
    } else if (source->kind == RLV_SOURCE_TOPIC) {
        rlv_log_about(RLV_LOG_ERROR, room, &item->event.trace, "event %.*s[%d]@%lld is a dead letter: %s", RLV_STR_ARG(source->topic),
                      source->partition, (long long)source->offset, why);
        rlv_batch_bury(item, "relevo_died", why);
    } else {
        rlv_log(RLV_LOG_ERROR, room, "%s %lld is taken out of the way: %s",
                source->kind == RLV_SOURCE_COMMAND ? "command" : "timer", (long long)source->offset, why);
        item->given_up = why;
    }
    return RLV_OK;
}
