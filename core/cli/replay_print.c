/* SPDX-License-Identifier: Apache-2.0 */
/* What a replay found, as a table and as JSON; see replay.h. Must never pass a control character of a customer on. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/replay.h"

enum { EVIDENCE_MAX = 160, WHO_WIDTH = 20 };

const char *rlv_verdict_name(enum rlv_verdict verdict)
{
    static const char *const names[RLV_VERDICTS] = {"same", "other", "gained", "lost", "earlier", "later"};
    return names[verdict];
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static rlv_str name_of(rlv_str trigger)
{
    return trigger.len ? trigger : RLV_STR("(a plugin failed)");
}

static void put_tame(FILE *out, rlv_str s)
{
    char text[EVIDENCE_MAX + 1];
    s = rlv_str_cut(s, EVIDENCE_MAX);
    if (s.len)
        memcpy(text, s.ptr, s.len);
    rlv_cli_tame(text, s.len, false);
    (void)fwrite(text, 1, s.len, out);
}

static void put_side(FILE *out, const char *when, const rlv_replay_side *side)
{
    (void)fprintf(out, "           %-5s", when);
    if (side->handed)
        (void)fprintf(out, "handed over by %.*s", RLV_STR_ARG(name_of(side->trigger)));
    else
        (void)fprintf(out, "the bot goes on");
    if (side->scored)
        (void)fprintf(out, "%s %.2f, needs %.2f%s", side->handed ? ":" : ": it scored", side->score, side->threshold,
                      side->observed ? ", only observed" : "");
    else if (!side->handed && side->trigger.len)
        (void)fprintf(out, ": it scored nothing");
    if (side->evidence.len) {
        (void)fprintf(out, "; ");
        put_tame(out, side->evidence);
    }
    (void)fputc('\n', out);
}

static void put_case(FILE *out, const rlv_replay_case *c)
{
    char id[RLV_ID_TEXT + 1], at[32] = "-";
    const rlv_replay_side *shown = c->verdict == RLV_LOST || c->verdict == RLV_LATER ? &c->then : &c->now;
    time_t seconds = (time_t)(shown->at_ms / 1000);
    struct tm tm;
    if (localtime_r(&seconds, &tm))
        (void)strftime(at, sizeof(at), "%Y-%m-%d %H:%M:%S", &tm);
    rlv_id_text(c->conversation, id);
    (void)fprintf(out, "%-9s  %s  ", rlv_verdict_name(c->verdict), at);
    put_tame(out, c->customer);
    (void)fprintf(out, "%*s  %s\n", c->customer.len < WHO_WIDTH ? (int)(WHO_WIDTH - c->customer.len) : 0, "", id);
    put_side(out, "then", &c->then);
    put_side(out, "now", &c->now);
}

static int by_name(const void *a, const void *b)
{
    const rlv_replay_total *x = a, *y = b;
    size_t n = x->trigger.len < y->trigger.len ? x->trigger.len : y->trigger.len;
    int order = n ? memcmp(x->trigger.ptr, y->trigger.ptr, n) : 0;
    return order ? order : (x->trigger.len > y->trigger.len) - (x->trigger.len < y->trigger.len);
}

static void put_totals(FILE *out, const rlv_replay_findings *f)
{
    if (!f->n_totals)
        return;
    qsort(f->totals, f->n_totals, sizeof(*f->totals), by_name);
    (void)fprintf(out, "%-24s %8s %8s %8s %8s %8s %8s %8s\n", "TRIGGER", "THEN", "NOW", "GAINED", "LOST", "EARLIER",
                  "LATER", "OTHER");
    for (size_t i = 0; i < f->n_totals; i++) {
        const rlv_replay_total *t = &f->totals[i];
        (void)fprintf(out, "%-24.*s", RLV_STR_ARG(name_of(t->trigger)));
        const int64_t columns[] = {t->then,
                                   t->now,
                                   t->verdicts[RLV_GAINED],
                                   t->verdicts[RLV_LOST],
                                   t->verdicts[RLV_EARLIER],
                                   t->verdicts[RLV_LATER],
                                   t->verdicts[RLV_OTHER]};
        for (size_t k = 0; k < sizeof(columns) / sizeof(*columns); k++)
            (void)fprintf(out, " %8" PRId64, columns[k]);
        (void)fputc('\n', out);
    }
    (void)fputc('\n', out);
}

static int64_t differences(const rlv_replay_findings *f)
{
    int64_t n = 0;
    for (int v = 0; v < RLV_VERDICTS; v++)
        n += v == RLV_SAME ? 0 : f->verdicts[v];
    return n;
}

static int written(FILE *out)
{
    return fflush(out) == 0 && !ferror(out) ? EX_OK : EX_IOERR;
}

int rlv_replay_print(const rlv_replay_findings *f, FILE *out)
{
    for (const rlv_replay_case *c = f->first; c; c = c->next)
        put_case(out, c);
    if (f->first)
        (void)fputc('\n', out);
    put_totals(out, f);
    (void)fprintf(out, "%" PRId64 " messages of %" PRId64 " conversations were judged again: ", f->messages,
                  f->conversations);
    if (differences(f))
        (void)fprintf(out, "%" PRId64 " handoffs gained, %" PRId64 " lost, %" PRId64 " earlier, %" PRId64
                           " later, %" PRId64 " by another trigger; %" PRId64 " as they were\n",
                      f->verdicts[RLV_GAINED], f->verdicts[RLV_LOST], f->verdicts[RLV_EARLIER], f->verdicts[RLV_LATER],
                      f->verdicts[RLV_OTHER], f->verdicts[RLV_SAME]);
    else
        (void)fprintf(out, "no difference, %" PRId64 " handoffs as they were\n", f->verdicts[RLV_SAME]);
    return written(out);
}

/* ---- for machines ------------------------------------------------------------------------------------------------ */

static json_t *text(rlv_str s)
{
    return s.len ? json_stringn(s.ptr, s.len) : json_null();
}

static json_t *side_json(const rlv_replay_side *s)
{
    return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "handed_over", s->handed, "at",
                     s->handed ? json_integer(s->at_ms) : json_null(), "message_id", s->handed ? text(s->message) : json_null(),
                     "trigger", text(s->trigger), "score", s->scored ? json_real(s->score) : json_null(), "threshold",
                     s->scored ? json_real(s->threshold) : json_null(), "evidence", text(s->evidence), "observed",
                     s->observed);
}

static json_t *case_json(const rlv_replay_case *c)
{
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(c->conversation, id);
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "verdict", rlv_verdict_name(c->verdict), "conversation_id", id,
                     "customer_id", text(c->customer), "then", side_json(&c->then), "now", side_json(&c->now));
}

static void set_verdicts(json_t *object, const int64_t *verdicts)
{
    for (int v = 0; v < RLV_VERDICTS; v++)
        (void)json_object_set_new(object, rlv_verdict_name((enum rlv_verdict)v), json_integer(verdicts[v]));
}

int rlv_replay_print_json(const rlv_replay_findings *f, FILE *out)
{
    json_t *cases = json_array(), *triggers = json_array();
    for (const rlv_replay_case *c = f->first; c; c = c->next)
        (void)json_array_append_new(cases, case_json(c));
    if (f->n_totals)
        qsort(f->totals, f->n_totals, sizeof(*f->totals), by_name);
    for (size_t i = 0; i < f->n_totals; i++) {
        const rlv_replay_total *t = &f->totals[i];
        json_t *one = json_pack("{s:o, s:I, s:I}", "trigger", text(t->trigger), "then", (json_int_t)t->then, "now",
                                (json_int_t)t->now);
        set_verdicts(one, t->verdicts);
        (void)json_array_append_new(triggers, one);
    }
    json_t *all = json_pack("{s:I, s:I, s:I, s:I, s:I}", "since", (json_int_t)f->since_ms, "until",
                            (json_int_t)f->until_ms, "conversations", (json_int_t)f->conversations, "messages",
                            (json_int_t)f->messages, "differences", (json_int_t)differences(f));
    set_verdicts(all, f->verdicts);
    (void)json_object_set_new(all, "triggers", triggers);
    (void)json_object_set_new(all, "handoffs", cases);
    char *dumped = all ? json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    if (dumped)
        (void)fprintf(out, "%s\n", dumped);
    free(dumped);
    json_decref(all);
    return dumped ? written(out) : EX_OSERR;
}
