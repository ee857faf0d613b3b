/* SPDX-License-Identifier: Apache-2.0 */
/* See trouble.h. */
#include "lane/trouble.h"

#include <string.h>

enum { BACKOFF_FIRST_MS = 100, BACKOFF_MOST_MS = 5000, AGAIN_US = 60000000, FLAPPING_US = 5000000 };

/* The one of this kind, else the one said longest ago. */
static struct rlv_trouble_kind *find(rlv_trouble *trouble, const rlv_error *err)
{
    struct rlv_trouble_kind *oldest = trouble->kinds;
    for (int i = 0; i < RLV_TROUBLE_KINDS; i++) {
        struct rlv_trouble_kind *k = &trouble->kinds[i];
        if (k->code == err->code && strncmp(k->begin, err->message, sizeof(k->begin)) == 0)
            return k;
        if (k->at_us < oldest->at_us)
            oldest = k;
    }
    *oldest = (struct rlv_trouble_kind){0};
    return oldest;
}

bool rlv_trouble_news(rlv_trouble *trouble, const rlv_error *err, int64_t now_us)
{
    struct rlv_trouble_kind *k = find(trouble, err);
    if (k->code && now_us - k->at_us < (k->before ? FLAPPING_US : AGAIN_US))
        return false;
    k->code = err->code;
    memcpy(k->begin, err->message, strnlen(err->message, sizeof(k->begin)));
    k->at_us = now_us;
    k->before = false;
    trouble->said = true;
    return true;
}

int rlv_trouble_wait(rlv_trouble *trouble, int code)
{
    if (code == RLV_E_REFUSED)
        return BACKOFF_MOST_MS;
    if (code == RLV_E_LIMIT)
        return BACKOFF_FIRST_MS; /* the next try is a smaller one */
    trouble->backoff_ms = trouble->backoff_ms ? trouble->backoff_ms * 2 : BACKOFF_FIRST_MS;
    if (trouble->backoff_ms > BACKOFF_MOST_MS)
        trouble->backoff_ms = BACKOFF_MOST_MS;
    return trouble->backoff_ms;
}

bool rlv_trouble_over(rlv_trouble *trouble)
{
    bool said = trouble->said;
    trouble->said = false;
    trouble->backoff_ms = 0;
    for (int i = 0; i < RLV_TROUBLE_KINDS; i++)
        trouble->kinds[i].before = true;
    return said;
}
