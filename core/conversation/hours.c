/* SPDX-License-Identifier: Apache-2.0 */
/* Business hours; see hours.h. Must never ask the system for a time or a time zone. */
#include "conversation/hours.h"

#include <time.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MS    (1440 * MINUTE_MS)

enum {
    DAYS_AHEAD = 31,
    STEP = 15 /* minutes; nobody closes for less */
};

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

static int64_t local(const rlv_hours *h, int64_t at_ms)
{
    size_t i = h->n_zone - 1;
    while (i > 0 && h->zone[i].from_ms > at_ms)
        i--;
    return at_ms + h->zone[i].offset_ms;
}

/* The moment at which the clocks show this; where they show it twice the later one. */
static int64_t moment(const rlv_hours *h, int64_t local_ms)
{
    for (size_t i = h->n_zone; i-- > 0;)
        if (local(h, local_ms - h->zone[i].offset_ms) == local_ms)
            return local_ms - h->zone[i].offset_ms;
    return local_ms - h->zone[0].offset_ms; /* clocks skip it: at the edge */
}

static bool within(rlv_span span, int64_t minute)
{
    return minute >= span.from && minute < span.to;
}

static bool open_locally(const rlv_hours *h, int64_t local_ms)
{
    int64_t day = floor_div(local_ms, DAY_MS), minute = (local_ms - day * DAY_MS) / MINUTE_MS;
    int64_t weekday = (day + 3) - 7 * floor_div(day + 3, 7); /* 1970-01-01 was a Thursday; Monday is 0 */
    for (size_t i = 0; i < h->n_closed; i++)
        if (day >= h->closed[i].first && day <= h->closed[i].last && within(h->closed[i].span, minute))
            return false;
    for (size_t i = 0; i < h->n_open; i++)
        if ((h->open[i].weekdays >> weekday & 1) && within(h->open[i].span, minute))
            return true;
    return false;
}

bool rlv_hours_open(const rlv_hours *h, int64_t at_ms)
{
    return open_locally(h, local(h, at_ms));
}

/* The earlier of best and what minute of this day may open, if it does. */
static int64_t sooner(const rlv_hours *h, int64_t now, int64_t best, int64_t day, int32_t minute)
{
    int64_t at = day * DAY_MS + minute * MINUTE_MS;
    return at > now && at < best && open_locally(h, at) ? at : best;
}

int64_t rlv_hours_after(const rlv_hours *h, int64_t at_ms, int64_t open_ms)
{
    for (bool open; !(open = rlv_hours_open(h, at_ms)) || open_ms > 0;) {
        if (!open) {
            at_ms = rlv_hours_next(h, at_ms);
            if (!at_ms)
                return 0;
            continue;
        }
        int64_t step = open_ms >= STEP * MINUTE_MS && rlv_hours_open(h, at_ms + STEP * MINUTE_MS) ? STEP * MINUTE_MS
                                                                                                 : MINUTE_MS - at_ms % MINUTE_MS;
        step = step < open_ms ? step : open_ms;
        at_ms += step;
        open_ms -= step;
    }
    return at_ms;
}

int64_t rlv_hours_since(const rlv_hours *h, int64_t at_ms)
{
    int64_t since = at_ms - at_ms % MINUTE_MS, end = at_ms - 7 * DAY_MS;
    while (since > end && rlv_hours_open(h, since - STEP * MINUTE_MS))
        since -= STEP * MINUTE_MS;
    while (since > end && rlv_hours_open(h, since - MINUTE_MS))
        since -= MINUTE_MS;
    return since;
}

int64_t rlv_hours_next(const rlv_hours *h, int64_t at_ms)
{
    int64_t now = local(h, at_ms), today = floor_div(now, DAY_MS), best = INT64_MAX;
    for (int64_t day = today; day <= today + DAYS_AHEAD && best == INT64_MAX; day++) {
        for (size_t i = 0; i < h->n_open; i++)
            best = sooner(h, now, best, day, h->open[i].span.from);
        for (size_t i = 0; i < h->n_closed; i++) /* a holiday that ends in the middle of a span opens too */
            best = sooner(h, now, best, day, h->closed[i].span.to);
    }
    return best == INT64_MAX ? 0 : moment(h, best);
}

rlv_str rlv_hours_say(const rlv_hours *h, int64_t at_ms, rlv_str language, rlv_arena *arena)
{
    static const char *const es[] = {"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"};
    static const char *const pt[] = {"no domingo",      "na segunda-feira", "na terça-feira", "na quarta-feira",
                                     "na quinta-feira", "na sexta-feira",   "no sábado"};
    static const char *const en[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    time_t seconds = (time_t)floor_div(local(h, at_ms), 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm)) /* local time already */
        return (rlv_str){NULL, 0};
    const char *text;
    if (rlv_str_is(language, "pt"))
        text = rlv_arena_printf(arena, "%s %02d/%02d às %02d:%02d", pt[tm.tm_wday], tm.tm_mday, tm.tm_mon + 1, tm.tm_hour,
                                tm.tm_min);
    else if (rlv_str_is(language, "en"))
        text = rlv_arena_printf(arena, "on %s %d %s at %02d:%02d", en[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
                                tm.tm_hour, tm.tm_min);
    else
        text = rlv_arena_printf(arena, "el %s %02d/%02d a las %02d:%02d", es[tm.tm_wday], tm.tm_mday, tm.tm_mon + 1,
                                tm.tm_hour, tm.tm_min);
    return rlv_str_from(text);
}
