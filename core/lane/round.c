/* SPDX-License-Identifier: Apache-2.0 */
/* One round of events through the phases; see round.h. Must never know where the events come from. */
#include "lane/round.h"

#include "base/point.h"
#include "base/rehearse.h"

int rlv_round_init(rlv_round *round, const rlv_host *host, rlv_arena *arena, size_t max, rlv_error *err)
{
    rlv_round r = {.host = host,
                   .arena = arena,
                   .steps = rlv_arena_zalloc(arena, max + 1, sizeof(*r.steps)),
                   .wants = rlv_arena_zalloc(arena, max + 1, sizeof(*r.wants)),
                   .subjects = rlv_arena_zalloc(arena, max + 1, sizeof(*r.subjects))};
    if (!r.steps || !r.wants || !r.subjects)
        return rlv_error_set(err, RLV_E_LIMIT, "the batch does not fit in its memory");
    *round = r;
    return RLV_OK;
}

unsigned rlv_round_phases(const rlv_host *host)
{
    unsigned has = 0;
    for (int phase = 0; phase < RLV_PHASES; phase++)
        if (rlv_host_has(host, (enum rlv_phase)phase))
            has |= RLV_WANTS(phase);
    return has;
}

static int ask(rlv_round *r, enum rlv_phase phase, rlv_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        rlv_step *step = r->steps[i];
        if (!(r->wants[i] & RLV_WANTS(phase)))
            continue;
        r->subjects[n++] = (rlv_subject){.conversation = step->conversation,
                                         .event = step->event,
                                         .message = step->message,
                                         .may_hold = step->may_hold,
                                         .held = &step->was,
                                         .at_ms = step->event->at_ms,
                                         .handoff = step->handoff,
                                         .amended = step->amended,
                                         .ending = step->ending,
                                         .decisions = &step->decisions,
                                         .answers = &step->answers};
    }
    return n ? rlv_host_call(r->host, phase, r->caller, r->arena, r->subjects, n, err) : RLV_OK;
}

static int ask_all(rlv_round *r, const enum rlv_phase *phases, size_t n, rlv_error *err)
{
    int rc = RLV_OK;
    for (size_t i = 0; rc == RLV_OK && i < n; i++)
        rc = ask(r, phases[i], err);
    return rc;
}

static void open_one(void *round, size_t i)
{
    const rlv_round *r = round;
    RLV_POINT_ABOUT(r->steps[i]->event->text, "stepping");
    r->wants[i] = rlv_step_open(r->steps[i]);
}

static void read_one(void *round, size_t i)
{
    const rlv_round *r = round;
    r->wants[i] |= rlv_step_read(r->steps[i]);
}

static void decide_one(void *round, size_t i)
{
    const rlv_round *r = round;
    r->wants[i] |= rlv_step_decide(r->steps[i]);
}

static void close_one(void *round, size_t i)
{
    rlv_step_close(((const rlv_round *)round)->steps[i]);
}

/* Our own code, a step after the other. */
static int all(rlv_round *r, void (*one)(void *round, size_t i), rlv_error *err)
{
    if (r->caller && !rlv_scout_part(r->caller->scout, RLV_ROUND_PART_US, false)) {
        size_t died = rlv_rehearse_each(one, r, r->n, RLV_ROUND_PART_US, err);
        if (died < r->n) {
            r->died = r->steps[died];
            return err->code = RLV_E_DIED;
        }
    }
    for (size_t i = 0; i < r->n; i++)
        one(r, i);
    return RLV_OK;
}

int rlv_round_run(rlv_round *r, rlv_error *err)
{
    static const enum rlv_phase first[] = {RLV_PHASE_RESULT, RLV_PHASE_CLASSIFY}; /* of two readings the first counts */
    static const enum rlv_phase second[] = {RLV_PHASE_TRIGGER, RLV_PHASE_RESPOND};
    static const enum rlv_phase third[] = {RLV_PHASE_ROUTE, RLV_PHASE_SUMMARIZE, RLV_PHASE_NOTIFY};
    int rc = all(r, open_one, err);
    if (rc == RLV_OK)
        rc = ask_all(r, first, 2, err);
    if (rc == RLV_OK)
        rc = all(r, read_one, err);
    if (rc == RLV_OK)
        rc = ask_all(r, second, 2, err);
    if (rc == RLV_OK)
        rc = all(r, decide_one, err);
    if (rc == RLV_OK)
        rc = ask_all(r, third, 3, err);
    if (rc == RLV_OK)
        rc = all(r, close_one, err);
    return rc;
}
