/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions and scores; see score.h. */
#include "score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const lq_condition *c, relevo_str value)
{
    for (size_t i = 0; i < c->n_is; i++)
        if (rlt_equal(c->is[i], value))
            return true;
    return false;
}

static bool in_range(const lq_condition *c, relevo_str value)
{
    char text[32], *end;
    if (!isfinite(c->min) && !isfinite(c->max))
        return true;
    (void)snprintf(text, sizeof text, "%.*s", (int)(value.len < 31 ? value.len : 31), value.ptr);
    double number = strtod(text, &end);
    return end != text && number >= c->min && number <= c->max;
}

static bool is_soon(const lq_condition *c, relevo_str value, int64_t today)
{
    char text[16];
    int year, month, of_month;
    int64_t day;
    if (!isfinite(c->within_days))
        return true;
    (void)snprintf(text, sizeof text, "%.*s", (int)(value.len < 15 ? value.len : 15), value.ptr);
    return sscanf(text, "%d-%d-%d", &year, &month, &of_month) == 3 && rlt_day_of(year, month, of_month, &day) &&
           day >= today && (double)(day - today) <= c->within_days;
}

static relevo_str value_of(const lq_values *values, const lq_condition *c)
{
    const lq_slot *slot = lq_slot_find(values->flow, c->slot);
    return slot ? values->of[slot - values->flow->slots] : (relevo_str){NULL, 0};
}

static bool holds(const lq_values *values, const lq_condition *c)
{
    relevo_str value = value_of(values, c);
    if (c->negated)
        return !is_one_of(c, value);
    return value.len > 0 && (c->n_is == 0 || is_one_of(c, value)) && in_range(c, value) &&
           is_soon(c, value, values->today);
}

bool lq_holds(const lq_values *values, const lq_condition *when, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!holds(values, &when[i]))
            return false;
    return true;
}

bool lq_may_hold(const lq_values *values, const lq_condition *when, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (value_of(values, &when[i]).len > 0 && !holds(values, &when[i]))
            return false;
    return true;
}

static int percent(double sum)
{
    return (int)round(sum < 0 ? 0 : sum > 100 ? 100 : sum);
}

lq_score lq_score_of(const lq_values *values)
{
    double fit = 0, interest = 0;
    for (size_t i = 0; i < values->flow->n_rules; i++) {
        const lq_rule *rule = &values->flow->rules[i];
        if (!lq_holds(values, rule->when, rule->n_when))
            continue;
        fit += rule->fit;
        interest += rule->interest;
    }
    lq_score score = {.fit = percent(fit), .interest = percent(interest)};
    score.score = (score.fit + score.interest + 1) / 2;
    return score;
}
