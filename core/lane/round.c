/* SPDX-License-Identifier: Apache-2.0 */
/* One round of events through the phases; see round.h. Must never know where the events come from. */
#include "lane/round.h"

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
                                         .at_ms = step->event->at_ms,
                                         .handoff = step->handoff,
                                         .decisions = &step->decisions,
                                         .answers = &step->answers};
    }
    return n ? rlv_host_call(r->host, phase, r->wary, r->arena, r->subjects, n, err) : RLV_OK;
}

static int ask_all(rlv_round *r, const enum rlv_phase *phases, size_t n, rlv_error *err)
{
    int rc = RLV_OK;
    for (size_t i = 0; rc == RLV_OK && i < n; i++)
        rc = ask(r, phases[i], err);
    return rc;
}

int rlv_round_run(rlv_round *r, rlv_error *err)
{
    static const enum rlv_phase first[] = {RLV_PHASE_CLASSIFY, RLV_PHASE_RESULT};
    static const enum rlv_phase second[] = {RLV_PHASE_TRIGGER, RLV_PHASE_RESPOND};
    static const enum rlv_phase third[] = {RLV_PHASE_ROUTE, RLV_PHASE_SUMMARIZE, RLV_PHASE_NOTIFY};
    for (size_t i = 0; i < r->n; i++)
        r->wants[i] = rlv_step_open(r->steps[i]);
    int rc = ask_all(r, first, 2, err);
    for (size_t i = 0; rc == RLV_OK && i < r->n; i++)
        r->wants[i] |= rlv_step_read(r->steps[i]);
    if (rc == RLV_OK)
        rc = ask_all(r, second, 2, err);
    for (size_t i = 0; rc == RLV_OK && i < r->n; i++)
        r->wants[i] |= rlv_step_decide(r->steps[i]);
    if (rc == RLV_OK)
        rc = ask_all(r, third, 3, err);
    for (size_t i = 0; rc == RLV_OK && i < r->n; i++)
        rlv_step_close(r->steps[i]);
    return rc;
}
