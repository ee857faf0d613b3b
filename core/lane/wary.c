/* SPDX-License-Identifier: Apache-2.0 */
/* See wary.h. Must never blame an item for anything but a death that was seen. */
#include "lane/wary.h"

#include "base/log.h"
#include "base/rehearse.h"

enum { STEP_BUDGET_US = 120000000 }; /* plugins' own budgets end sooner */

void rlv_wary_begin(rlv_wary *w, int32_t deaths, int64_t batch_max)
{
    /* One batch may have been stepped while the next one was decoded. */
    *w = (rlv_wary){.deaths = deaths, .left = 2 * batch_max};
}

bool rlv_wary_over(rlv_wary *w, size_t n, bool all_seen)
{
    w->left -= (int64_t)n;
    if (!w->deaths || (w->left > 0 && !all_seen))
        return false;
    w->deaths = 0;
    return true;
}

struct rehearsal {
    rlv_batch *batch;
    const rlv_stages *stages;
    int64_t first_seq;
    size_t n;
};

static void play(void *context)
{
    const struct rehearsal *r = context;
    rlv_error err;
    r->batch->n = r->n; /* the copy's own */
    int ignored = rlv_batch_step(r->batch, r->stages, r->first_seq, &err);
    (void)ignored;
}

/* Whether stepping the first n items is survived; only a death that was seen counts. */
static bool survived(struct rehearsal *r, size_t n, rlv_error *ret_how)
{
    r->n = n;
    return rlv_rehearse(play, r, STEP_BUDGET_US, ret_how) != RLV_REHEARSED_DIED;
}

int rlv_wary_rehearse(rlv_batch *batch, const rlv_stages *s, int64_t first_seq, const char *room, bool *ret_found,
                      rlv_error *err)
{
    struct rehearsal r = {.batch = batch, .stages = s, .first_seq = first_seq};
    rlv_error how, ignored;
    size_t good = 0, bad = batch->n;
    *ret_found = false;
    if (survived(&r, bad, &how))
        return RLV_OK;
    /* Items of one conversation build on each other, in this order: so what is begun is tried, not what is left out. */
    while (bad - good > 1) {
        size_t middle = good + (bad - good) / 2;
        if (survived(&r, middle, &ignored))
            good = middle;
        else
            bad = middle;
    }
    rlv_batch_item *item = &batch->items[good];
    if (item->dead || item->given_up)
        return RLV_OK; /* not even that is survived: there is nothing else to be done about it */
    const rlv_source *source = &item->event.source;
    const char *why = rlv_arena_printf(batch->arena, RLV_WARY_DIED, how.message);
    if (!why[0])
        return rlv_error_set(err, RLV_E_LIMIT, "the batch does not fit in its memory");
    if (source->kind == RLV_SOURCE_TOPIC) {
        rlv_log(RLV_LOG_ERROR, room, "event %.*s[%d]@%lld is a dead letter: %s", RLV_STR_ARG(source->topic), source->partition,
                (long long)source->offset, why);
        rlv_batch_bury(item, "relevo_died", why);
    } else {
        rlv_log(RLV_LOG_ERROR, room, "%s %lld is taken out of the way without a word to anybody: %s",
                source->kind == RLV_SOURCE_COMMAND ? "command" : "timer", (long long)source->offset, why);
        item->given_up = why;
    }
    *ret_found = true;
    return RLV_OK;
}
