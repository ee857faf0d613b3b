/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Business hours as people write them, and the clocks of their place as a table, so that the core can tell the time
 * without asking anybody; see draft.h. The system's time zones are read here and nowhere else.
 */
#include <glib.h>
#include <stdio.h>

#include "config/draft.h"

#define DAY_MS (24 * 3600 * INT64_C(1000))

/* The years that a table covers. Before them and after them the clocks stand as at its ends. */
enum {
    FIRST_YEAR = 2020,
    LAST_YEAR = 2060,
    CHANGES_MAX = 2 * (LAST_YEAR - FIRST_YEAR) + 2,
    SHOWN_MAX = 60
};

/* ---- the clocks of a place --------------------------------------------------------------------------------------- */

static int32_t offset_at(GTimeZone *zone, int64_t ms)
{
    int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, ms / 1000);
    return g_time_zone_get_offset(zone, interval) * 1000;
}

/* The moment between two at which the offset changes. */
static int64_t change_between(GTimeZone *zone, int64_t from, int64_t to)
{
    int32_t before = offset_at(zone, from);
    while (to - from > 1000) {
        int64_t middle = from + (to - from) / 2000 * 1000;
        if (offset_at(zone, middle) == before)
            from = middle;
        else
            to = middle;
    }
    return to;
}

static bool clocks(rlv_draft *draft, const char *name, rlv_hours *hours)
{
    GTimeZone *zone = g_time_zone_new_identifier(name);
    if (!zone)
        return false;
    rlv_zone_change *changes = rlv_arena_zalloc(draft->arena, CHANGES_MAX, sizeof(*changes));
    if (changes) {
        int64_t at = (FIRST_YEAR - 1970) * 365 * DAY_MS, end = (LAST_YEAR - 1970) * 365 * DAY_MS;
        size_t n = 0;
        changes[n++] = (rlv_zone_change){INT64_MIN, offset_at(zone, at)};
        for (; at < end && n < CHANGES_MAX; at += DAY_MS) {
            int32_t offset = offset_at(zone, at + DAY_MS);
            if (offset != changes[n - 1].offset_ms)
                changes[n++] = (rlv_zone_change){change_between(zone, at, at + DAY_MS), offset};
        }
        hours->zone = changes;
        hours->n_zone = n;
    }
    g_time_zone_unref(zone);
    return true;
}

/* ---- what people write ------------------------------------------------------------------------------------------- */

/* "09:00-14:00". */
static bool parse_span(const char *text, rlv_span *ret)
{
    int h1, m1, h2, m2, end = 0;
    if (sscanf(text, "%2d:%2d-%2d:%2d%n", &h1, &m1, &h2, &m2, &end) != 4 || text[end] || h1 < 0 || m1 < 0 || h2 < 0 ||
        m2 < 0 || m1 > 59 || m2 > 59 || h1 > 23 || h2 > 24 || (h2 == 24 && m2 > 0))
        return false;
    *ret = (rlv_span){h1 * 60 + m1, h2 * 60 + m2};
    return ret->from < ret->to;
}

/* "mon-fri", "sat,sun", "all": 0 when it is no such thing. */
static uint32_t parse_weekdays(rlv_str text)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    if (rlv_str_is(text, "all"))
        return 0x7f;
    uint32_t days = 0;
    int from = -1;
    for (size_t at = 0; at <= text.len; at += 4) {
        int day = 0;
        while (day < 7 && !(text.len >= at + 3 && memcmp(text.ptr + at, names[day], 3) == 0))
            day++;
        if (day == 7)
            return 0;
        char next = at + 3 == text.len ? ',' : text.ptr[at + 3];
        for (int d = from < 0 ? day : from; ; d = (d + 1) % 7) { /* "fri-mon" goes over the weekend */
            days |= 1u << d;
            if (d == day)
                break;
        }
        from = next == '-' ? day : -1;
        if (next != '-' && next != ',')
            return 0;
    }
    return from < 0 ? days : 0;
}

/* "2026-12-25": days since 1970-01-01. */
static bool parse_day(const char *text, size_t len, int64_t *ret)
{
    int year, month, day, end = 0;
    char copy[11];
    if (len != 10)
        return false;
    memcpy(copy, text, 10);
    copy[10] = '\0';
    if (sscanf(copy, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != 10 || year < 1970 || month < 1 ||
        month > 12 || day < 1 || !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return false;
    GDate date, epoch;
    g_date_clear(&date, 1);
    g_date_clear(&epoch, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    g_date_set_dmy(&epoch, 1, G_DATE_JANUARY, 1970);
    *ret = g_date_days_between(&epoch, &date);
    return true;
}

static bool parse_opening(const char *text, struct rlv_opening *ret)
{
    const char *space = strchr(text, ' ');
    if (!space)
        return false;
    ret->weekdays = parse_weekdays((rlv_str){text, (size_t)(space - text)});
    return ret->weekdays && parse_span(space + 1, &ret->span);
}

/* A day or two with ".." between, and perhaps a span. */
static bool parse_closing(const char *text, struct rlv_closing *ret)
{
    size_t n = strcspn(text, " ");
    const char *dots = memmem(text, n, "..", 2);
    size_t first = dots ? (size_t)(dots - text) : n;
    ret->span = (rlv_span){0, 24 * 60};
    if (!parse_day(text, first, &ret->first))
        return false;
    ret->last = ret->first;
    if (dots && !parse_day(dots + 2, n - first - 2, &ret->last))
        return false;
    return ret->first <= ret->last && (!text[n] || parse_span(text + n + 1, &ret->span));
}

static void spans(rlv_draft *draft, int32_t line, struct rlv_hours_values *values)
{
    struct rlv_opening *open = rlv_arena_zalloc(draft->arena, values->open.n + 1, sizeof(*open));
    struct rlv_closing *closed = rlv_arena_zalloc(draft->arena, values->closed.n + 1, sizeof(*closed));
    if (!open || !closed)
        return;
    for (size_t i = 0; i < values->open.n; i++)
        if (!parse_opening(values->open.items[i], &open[i]))
            rlv_draft_mistake(draft, line,
                              "'%.*s' are no opening hours: write them as 'mon-fri 09:00-14:00', and a night as two days",
                              SHOWN_MAX, values->open.items[i]);
    for (size_t i = 0; i < values->closed.n; i++)
        if (!parse_closing(values->closed.items[i], &closed[i]))
            rlv_draft_mistake(draft, line,
                              "'%.*s' is no holiday: write 2026-12-25, 2026-12-24..2027-01-02 or 2026-12-31 14:00-24:00",
                              SHOWN_MAX, values->closed.items[i]);
    values->entry.open = open;
    values->entry.n_open = values->open.n;
    values->entry.closed = closed;
    values->entry.n_closed = values->closed.n;
}

void rlv_draft_hours(rlv_draft *draft)
{
    const struct rlv_draft_list *list = &draft->lists[RLV_SCOPE_HOURS];
    for (size_t i = 0; i < list->n; i++) {
        struct rlv_hours_values *values = rlv_draft_item(draft, RLV_SCOPE_HOURS, i);
        int32_t line = list->lines[i];
        if (!clocks(draft, values->timezone, &values->entry))
            rlv_draft_mistake(draft, line, "there is no time zone '%.*s': write it as America/Mexico_City", SHOWN_MAX,
                              values->timezone);
        spans(draft, line, values);
        for (size_t j = 0; j < i && values->entry.name.len; j++) {
            const struct rlv_hours_values *other = rlv_draft_item(draft, RLV_SCOPE_HOURS, j);
            if (rlv_str_eq(values->entry.name, other->entry.name))
                rlv_draft_mistake(draft, line, "two hours are called '%s' (first on line %d): rename one",
                                  values->entry.name.ptr, list->lines[j]);
        }
    }
}
