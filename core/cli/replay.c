/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `relevo replay`: what was decided once goes through another configuration, or another .so, by the lane's own steps, and the
 * handoffs of then and now are put side by side. What customers wrote is judged anew; what people, clocks and the world did stays
 * as it was. It reads the history and nothing else. Must never write anything anywhere.
 */
#include "cli/replay.h"

#include <stdlib.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/rebuild.h"
#include "lane/round.h"
#include "store/history.h"

enum {
    CHUNK = 128, /* conversations at once */
    SQL_TIMEOUT_MS = 600000
};
static const size_t CHUNK_BYTES = (size_t)1 << 30, FOUND_BYTES = (size_t)256 << 20;

static const char help[] =
    "Usage: relevo replay [options]\n\n"
    "  --config FILE        the configuration to try; it also says where Postgres is\n"
    "  --plugin NAME=FILE   tries FILE as the .so of the plugin NAME\n"
    "  --since MOMENT       from here on: 24h (the default), 7d, 2026-03-01, 2026-03-01T14:30\n"
    "  --until MOMENT       up to here; default: now\n"
    "  --conversation ID    only this conversation, or this customer's (its UUID, or the customer's number or id)\n"
    "  --all                lists the handoffs that stay as they were too\n"
    "  --json               for machines\n\n"
    "Shows which conversations would have been handed over to people, and which not, and why: the way to try a trigger\n"
    "before it is used. What customers wrote is judged again from the first message of each conversation on; what people,\n"
    "clocks and other systems did stays as it was, a handoff by what a system answered, too. What was answered as one is judged as one; what waited for another system is judged\n"
    "without it. Each stretch of the bot counts once: a handoff that is gained or lost, or comes\n"
    "earlier or later. A silence that triggers were asked about is judged again, too; others are not looked for. It reads the history, and\n"
    "changes nothing.\n";

/* ---- a conversation of the past ---------------------------------------------------------------------------------- */

enum standing {
    TOGETHER, /* then and now tell the same so far */
    AHEAD,    /* now it was handed over, and then the bot went on */
    BEHIND    /* then it was handed over, and now the bot goes on, until a person answered */
};

struct past {
    const rlv_past *events; /* of this conversation */
    size_t n, at;
    bool begun;
    bool waits; /* a message waited for an effect's result then */
    rlv_conversation conv; /* as it would be now */
    enum standing standing;
    rlv_replay_case open; /* while they differ */
    rlv_outcome outcome;  /* of then, about the message that is being judged */
    rlv_event event;
    rlv_step step;
};

struct replay {
    const rlv_config *config;
    const rlv_host *host;
    rlv_wire *wire;
    rlv_store *store;
    rlv_arena *arena; /* of the chunk */
    unsigned has;
    rlv_replay_findings found;
};

static bool inside(const rlv_replay_findings *f, int64_t at_ms)
{
    return at_ms >= f->since_ms && at_ms < f->until_ms;
}

/* ---- findings ---------------------------------------------------------------------------------------------------- */

static rlv_replay_total *total_of(rlv_replay_findings *f, rlv_str trigger)
{
    for (size_t i = 0; i < f->n_totals; i++)
        if (rlv_str_eq(f->totals[i].trigger, trigger))
            return &f->totals[i];
    if (f->n_totals == f->cap_totals) {
        size_t cap = f->cap_totals ? f->cap_totals * 2 : 16;
        rlv_replay_total *grown = rlv_arena_zalloc(f->arena, cap, sizeof(*grown));
        if (!grown)
            return NULL; /* the arena remembers that it overflowed */
        if (f->n_totals)
            memcpy(grown, f->totals, f->n_totals * sizeof(*grown));
        f->totals = grown;
        f->cap_totals = cap;
    }
    rlv_replay_total *t = &f->totals[f->n_totals++];
    t->trigger = rlv_arena_copy(f->arena, trigger);
    return t;
}

static void count(rlv_replay_findings *f, const rlv_replay_case *c)
{
    bool by_now = c->verdict == RLV_GAINED || c->verdict == RLV_EARLIER;
    rlv_replay_total *t;
    f->verdicts[c->verdict]++;
    if (c->then.handed && (t = total_of(f, c->then.trigger))) {
        t->then++;
        t->verdicts[c->verdict] += !by_now;
    }
    if (c->now.handed && (t = total_of(f, c->now.trigger))) {
        t->now++;
        t->verdicts[c->verdict] += by_now;
    }
}

static rlv_replay_side keep_side(rlv_arena *arena, rlv_replay_side side)
{
    side.message = rlv_arena_copy(arena, side.message);
    side.trigger = rlv_arena_copy(arena, side.trigger);
    side.evidence = rlv_arena_copy(arena, side.evidence);
    return side;
}

static enum rlv_verdict verdict_of(const struct past *p)
{
    const rlv_replay_case *c = &p->open;
    if (p->standing == AHEAD)
        return c->then.handed ? RLV_EARLIER : RLV_GAINED;
    if (p->standing == BEHIND)
        return c->now.handed ? RLV_LATER : RLV_LOST;
    return rlv_str_eq(c->then.trigger, c->now.trigger) ? RLV_SAME : RLV_OTHER;
}

/* The stretch of the bot is over, or both have handed it over: what is open is told. */
static void settle(struct replay *r, struct past *p)
{
    rlv_replay_findings *f = &r->found;
    rlv_replay_case *c = &p->open;
    bool told = (c->then.handed && inside(f, c->then.at_ms)) || (c->now.handed && inside(f, c->now.at_ms));
    c->verdict = verdict_of(p);
    p->standing = TOGETHER;
    if (told)
        count(f, c);
    if (told && (f->all || c->verdict != RLV_SAME)) {
        rlv_replay_case *kept = rlv_arena_zalloc(f->arena, 1, sizeof(*kept));
        if (kept) {
            *kept = (rlv_replay_case){.verdict = c->verdict, .conversation = p->conv.id};
            kept->customer = rlv_arena_copy(f->arena, p->conv.user_id.len ? p->conv.user_id : p->conv.wa_id);
            kept->then = keep_side(f->arena, c->then);
            kept->now = keep_side(f->arena, c->now);
            if (f->last)
                f->last->next = kept;
            else
                f->first = kept;
            f->last = kept;
        }
    }
    p->open = (rlv_replay_case){0};
}

static const rlv_decision *handoff_of(const rlv_decisions *decisions)
{
    const rlv_decision *d = decisions->first;
    while (d && d->kind != RLV_DECIDED_HANDED_OFF)
        d = d->next;
    return d;
}

static const rlv_decision *score_of(const rlv_decisions *decisions, rlv_str trigger)
{
    const rlv_decision *d = decisions->first;
    while (d && !(d->kind == RLV_DECIDED_TRIGGERED && rlv_str_eq(d->as.trigger.trigger, trigger)))
        d = d->next;
    return d;
}

/* handed, or of what the trigger scored without handing over. */
static rlv_replay_side side_of(const rlv_decisions *decisions, const rlv_event *ev, const rlv_decision *handoff,
                               rlv_str trigger)
{
    rlv_replay_side side = {.handed = handoff != NULL, .at_ms = ev->at_ms, .message = ev->message_id, .trigger = trigger};
    const rlv_decision *d = score_of(decisions, trigger);
    if (d) {
        side.scored = true;
        side.observed = d->as.trigger.observed;
        side.score = d->as.trigger.score;
        side.threshold = d->as.trigger.threshold;
        side.evidence = d->as.trigger.evidence.len ? d->as.trigger.evidence : d->as.trigger.reason;
    }
    return side;
}

/* ---- one event --------------------------------------------------------------------------------------------------- */

/* The ownership of then, as the event found it. */
static void align(rlv_conversation *conv, const rlv_decision *first)
{
    bool change = rlv_decision_is_change(first->kind);
    conv->owner = conv->decided_owner = change ? first->as.change.from : first->owner;
    conv->epoch = conv->decided_epoch = change ? first->epoch - 1 : first->epoch;
    conv->stretch = change && first->owner == RLV_OWNER_BOT ? first->stretch - 1 : first->stretch;
    conv->agent_id = first->agent_id;
    conv->team = first->team;
}

static void align_after(rlv_conversation *conv, const rlv_decision *last)
{
    conv->owner = conv->decided_owner = last->owner;
    conv->epoch = conv->decided_epoch = last->epoch;
    conv->stretch = last->stretch;
    conv->agent_id = last->agent_id;
    conv->team = last->team;
}

/* What waited for more: it waits here too, and is judged as one with it when it was decided. */
static void hold(struct replay *r, struct past *p)
{
    rlv_policy patient = r->config->policy;
    patient.pause_ms = INT32_MAX; /* whatever the pause is now: as long as it was held */
    align(&p->conv, p->outcome.decisions.first);
    p->step = (rlv_step){.policy = &patient, .arena = r->arena, .conversation = &p->conv, .event = p->outcome.event};
    (void)rlv_step_open(&p->step);
    rlv_step_close(&p->step);
}

static bool was_held(const rlv_decisions *decisions)
{
    const rlv_decision *d = decisions->first;
    while (d && !(d->kind == RLV_DECIDED_HELD && !d->as.failure.plugin.len))
        d = d->next;
    return d != NULL;
}

/* What answered a survey is no message to be judged: who asked, and when, is not rebuilt. */
static bool answered_survey(const rlv_decisions *decisions)
{
    static const char *const slots[] = {"csat", "nps", "survey_comment"};
    for (const rlv_decision *d = decisions->first; d; d = d->next)
        for (size_t i = 0; d->kind == RLV_DECIDED_SLOT_FILLED && i < sizeof(slots) / sizeof(*slots); i++)
            if (rlv_str_is(d->as.slot.name, slots[i]))
                return true;
    return false;
}

/* Whether a note of desk.tag ("tags: +vip, -new") says the sign of the tag. */
static bool notes(rlv_str note, char sign, rlv_str tag)
{
    for (size_t i = 0; i + tag.len < note.len; i++) {
        size_t end = i + 1 + tag.len;
        if (note.ptr[i] == sign && i >= 2 && strchr(":,", note.ptr[i - 2]) && memcmp(note.ptr + i + 1, tag.ptr, tag.len) == 0 &&
            (end == note.len || note.ptr[end] == ','))
            return true;
    }
    return false;
}

/* The tags as they were from here on. */
static void retag(struct replay *r, rlv_conversation *conv, rlv_str note)
{
    static const char head[] = "tags: ";
    rlv_str kept = {NULL, 0}, was = conv->tags;
    while (was.len) {
        const char *end = memchr(was.ptr, '\n', was.len);
        rlv_str tag = {was.ptr, end ? (size_t)(end - was.ptr) : was.len};
        was = end ? (rlv_str){end + 1, was.len - tag.len - 1} : (rlv_str){NULL, 0};
        if (!notes(note, '-', tag) && !notes(note, '+', tag))
            kept = rlv_str_from(rlv_arena_printf(r->arena, "%.*s%s%.*s", RLV_STR_ARG(kept), kept.len ? "\n" : "", RLV_STR_ARG(tag)));
    }
    for (size_t i = sizeof(head) - 1; i < note.len;) {
        const char *at = note.ptr + i, *end = memchr(at, ',', note.len - i);
        size_t len = end ? (size_t)(end - at) : note.len - i;
        if (*at == '+')
            kept = rlv_str_from(rlv_arena_printf(r->arena, "%.*s%s%.*s", RLV_STR_ARG(kept), kept.len ? "\n" : "", (int)len - 1, at + 1));
        i += len + 2; /* behind ", " */
    }
    conv->tags = kept;
}

/* What was not said by the customer: as it was. A person, or the clock, ends what is open. */
static void relive(struct replay *r, struct past *p)
{
    const rlv_event *ev = p->outcome.event;
    for (const rlv_decision *d = p->outcome.decisions.first; d; d = d->next)
        if (p->standing != TOGETHER && rlv_decision_is_change(d->kind) && d->owner != RLV_OWNER_QUEUED)
            settle(r, p);
    for (const rlv_decision *d = p->outcome.decisions.first; d; d = d->next)
        if (d->kind == RLV_DECIDED_NOTED && rlv_str_is(d->as.said.source, "tags"))
            retag(r, &p->conv, d->as.said.text);
    if (p->standing == TOGETHER)
        align(&p->conv, p->outcome.decisions.first);
    /* A handoff that came of an effect's result, or of its absence: a message that waited for it was judged without it here; where none
       did, it stays as it was, like all that other systems did. */
    const rlv_decision *then = ev->kind == RLV_EVENT_TIMER || ev->kind == RLV_EVENT_RESULT ? handoff_of(&p->outcome.decisions) : NULL;
    if (then && p->standing != BEHIND)
        p->open.then = side_of(&p->outcome.decisions, ev, then, then->as.change.trigger);
    bool waited = p->waits || ev->kind == RLV_EVENT_TIMER;
    if (then && p->standing == TOGETHER && !waited)
        p->open.now = p->open.then;
    if (then && p->standing == TOGETHER && waited) {
        p->standing = BEHIND; /* the bot's, as it was */
        return;
    }
    if (p->standing != BEHIND)
        (void)rlv_rebuild_apply(&p->conv, &p->outcome);
    if (then && p->standing != BEHIND)
        settle(r, p);
}

/* Whether a message waits for a result from here on; of what is about messages alone. */
static bool waits_now(const rlv_outcome *outcome)
{
    const rlv_decision *d = outcome->decisions.first;
    while (d && !(d->kind == RLV_DECIDED_HELD && d->as.failure.plugin.len))
        d = d->next;
    return d != NULL;
}

/* A message while now somebody has it and then the bot went on: did it hand over later? */
static void wait_for_then(struct replay *r, struct past *p)
{
    const rlv_decision *then = handoff_of(&p->outcome.decisions);
    (void)rlv_rebuild_apply(&p->conv, &p->outcome);
    if (!then)
        return;
    p->open.then = side_of(&p->outcome.decisions, p->outcome.event, then, then->as.change.trigger);
    settle(r, p);
}

/* A question flow, say, that a person wanted begun: what the customer then writes is judged as said to it. */
static bool begins(const rlv_outcome *outcome)
{
    return outcome->event->kind == RLV_EVENT_COMMAND && outcome->event->command == RLV_COMMAND_FOLLOW_UP &&
           outcome->decisions.first->kind == RLV_DECIDED_RECEIVED;
}

/* True: the message is to be judged. Both stand where its stretch began, unless one is ahead. */
static bool prepare(struct replay *r, struct past *p)
{
    const rlv_decision *first = p->outcome.decisions.first;
    enum rlv_owner owner = first->owner;
    if ((p->standing == AHEAD && owner != RLV_OWNER_BOT) || (p->standing == BEHIND && owner != RLV_OWNER_QUEUED))
        settle(r, p);
    if (p->standing == AHEAD) {
        wait_for_then(r, p);
        return false;
    }
    if (p->standing == TOGETHER)
        align(&p->conv, first);
    if (p->outcome.event->kind == RLV_EVENT_COMMAND) { /* in the generation of then */
        p->event = *p->outcome.event;
        p->event.epoch = p->conv.epoch;
        p->outcome.event = &p->event;
    }
    p->conv.held.epoch = p->conv.epoch;
    p->conv.held.due_ms = 0;
    p->step = (rlv_step){.policy = &r->config->policy,
                         .arena = r->arena,
                         .conversation = &p->conv,
                         .event = p->outcome.event,
                         .has = r->has,
                         .at_once = true};
    return true;
}

/* After the step. */
static void compare(struct replay *r, struct past *p)
{
    const rlv_decisions *was = &p->outcome.decisions, *is = &p->step.decisions;
    const rlv_event *ev = p->step.message ? p->step.message : p->outcome.event;
    const rlv_decision *then = p->standing == BEHIND ? NULL : handoff_of(was), *now = handoff_of(is);
    r->found.messages += ev->kind == RLV_EVENT_MESSAGE && inside(&r->found, ev->at_ms);
    if (p->standing == BEHIND) {
        if (!now)
            return;
        p->open.now = side_of(is, ev, now, now->as.change.trigger);
        settle(r, p);
        align_after(&p->conv, was->last);
        return;
    }
    if (then || now) {
        rlv_str trigger = now ? now->as.change.trigger : then->as.change.trigger;
        p->open.then = side_of(was, ev, then, then ? then->as.change.trigger : trigger);
        p->open.now = side_of(is, ev, now, trigger);
    }
    p->standing = then && !now ? BEHIND : now && !then ? AHEAD : TOGETHER;
    if (then && now)
        settle(r, p);
    if (p->standing != BEHIND)
        align_after(&p->conv, was->last);
}

/* ---- a chunk ----------------------------------------------------------------------------------------------------- */

/* What was decided about one event. *ret_told false: nothing that could be told, as of who was erased. */
static int decode(struct replay *r, const rlv_past *event, rlv_outcome *ret, bool *ret_told, rlv_error *err)
{
    size_t n = 0;
    json_t **list = rlv_arena_zalloc(r->arena, RLV_REBUILD_DECISIONS_MAX, sizeof(json_t *));
    int rc = list ? rlv_rebuild_decisions(r->wire, r->arena, event->decided, list, &n, err)
                  : rlv_error_set(err, RLV_E_LIMIT, "out of memory for what was decided");
    *ret_told = n > 0;
    if (rc == RLV_OK && n)
        rc = rlv_rebuild_outcome(list, n, (rlv_str){NULL, 0}, (rlv_str){NULL, 0}, r->arena, ret, err);
    for (size_t i = 0; i < n; i++)
        json_decref(list[i]);
    return rc;
}

/* Goes on to the next message that is to be judged; *ret false: there is none. */
static int advance(struct replay *r, struct past *p, bool *ret, rlv_error *err)
{
    for (*ret = false; !*ret && p->at < p->n;) {
        bool told;
        int rc = decode(r, &p->events[p->at++], &p->outcome, &told, err);
        if (rc != RLV_OK)
            return rc;
        const rlv_decision *first = told ? p->outcome.decisions.first : NULL;
        if (!first || first->kind == RLV_DECIDED_DUPLICATE || first->kind == RLV_DECIDED_FORWARDED || !rlv_rebuild_touches(&p->outcome))
            continue;
        if (!p->begun)
            rlv_conversation_begin(&p->conv, p->outcome.event, p->outcome.lane);
        p->begun = true;
        enum rlv_event_kind kind = p->outcome.event->kind;
        bool due = kind == RLV_EVENT_TIMER && p->conv.held.messages && first->kind != RLV_DECIDED_IGNORED;
        bool silence = kind == RLV_EVENT_TIMER && first->kind == RLV_DECIDED_RECEIVED;
        if (kind == RLV_EVENT_MESSAGE && was_held(&p->outcome.decisions) && p->standing == TOGETHER)
            hold(r, p);
        else if (kind == RLV_EVENT_MESSAGE && answered_survey(&p->outcome.decisions))
            relive(r, p);
        else if (kind == RLV_EVENT_MESSAGE || due || silence || begins(&p->outcome))
            *ret = prepare(r, p);
        else
            relive(r, p);
        if (kind == RLV_EVENT_MESSAGE || kind == RLV_EVENT_TIMER || kind == RLV_EVENT_RESULT)
            p->waits = waits_now(&p->outcome);
    }
    if (!*ret && p->standing != TOGETHER)
        settle(r, p);
    return RLV_OK;
}

/* The next message of each conversation at once, until there is none. */
static int judge(struct replay *r, struct past *pasts, size_t n, rlv_error *err)
{
    rlv_round round;
    struct past **in = rlv_arena_zalloc(r->arena, n + 1, sizeof(struct past *));
    int rc = rlv_round_init(&round, r->host, r->arena, n, err);
    if (rc == RLV_OK && !in)
        rc = rlv_error_set(err, RLV_E_LIMIT, "out of memory for what was decided");
    while (rc == RLV_OK) {
        round.n = 0;
        for (size_t i = 0; rc == RLV_OK && i < n; i++) {
            bool ready;
            rc = advance(r, &pasts[i], &ready, err);
            if (rc != RLV_OK || !ready)
                continue;
            in[round.n] = &pasts[i];
            round.steps[round.n++] = &pasts[i].step;
        }
        if (rc != RLV_OK || round.n == 0)
            break;
        rc = rlv_round_run(&round, err);
        for (size_t i = 0; rc == RLV_OK && i < round.n; i++)
            compare(r, in[i]);
    }
    if (rc == RLV_OK && (rlv_arena_overflowed(r->arena) || rlv_arena_overflowed(r->found.arena)))
        rc = rlv_error_set(err, RLV_E_LIMIT, "no memory for so much at once: ask for a shorter time, or one --conversation");
    return rc;
}

static int replay_chunk(struct replay *r, const rlv_id *ids, size_t n, rlv_error *err)
{
    rlv_past *events;
    size_t n_events, n_pasts = 0;
    rlv_arena_reset(r->arena);
    struct past *pasts = rlv_arena_zalloc(r->arena, n, sizeof(*pasts));
    if (!pasts)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for %zu conversations", n);
    int rc = rlv_history_read(r->store, ids, n, r->found.until_ms, r->arena, &events, &n_events, err);
    for (size_t i = 0; rc == RLV_OK && i < n_events; i++) {
        if (i == 0 || !rlv_id_eq(events[i].conversation_id, events[i - 1].conversation_id))
            pasts[n_pasts++].events = &events[i];
        pasts[n_pasts - 1].n++;
    }
    if (rc == RLV_OK)
        rc = judge(r, pasts, n_pasts, err);
    if (rc == RLV_OK)
        r->found.conversations += (int64_t)n_pasts;
    return rc;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int replay_all(struct replay *r, const char *customer, rlv_error *err)
{
    rlv_id *ids;
    size_t n = 0;
    int rc = rlv_history_begin(r->store, err);
    if (rc == RLV_OK)
        rc = rlv_history_conversations(r->store, r->found.since_ms, r->found.until_ms, customer, r->found.arena, &ids, &n,
                                       err);
    for (size_t i = 0; rc == RLV_OK && i < n; i += CHUNK) {
        size_t some = n - i < CHUNK ? n - i : CHUNK;
        rlv_cli_bar("conversations", i, n);
        rc = replay_chunk(r, ids + i, some, err);
    }
    rlv_cli_bar("conversations", n, n);
    return rc;
}

static int run(const rlv_config *config, struct replay *r, const char *customer, bool json)
{
    rlv_error err;
    rlv_host *host = NULL;
    r->config = config;
    r->arena = rlv_arena_new(CHUNK_BYTES);
    r->found.arena = rlv_arena_new(FOUND_BYTES);
    int rc = r->arena && r->found.arena ? RLV_OK : rlv_error_set(&err, RLV_E_LIMIT, "out of memory");
    if (rc == RLV_OK)
        rc = (r->wire = rlv_wire_new(&err)) ? RLV_OK : err.code;
    if (rc == RLV_OK)
        rc = rlv_host_new(config, &host, &err);
    if (rc == RLV_OK)
        rc = rlv_store_open(config->postgres, "relevo replay", SQL_TIMEOUT_MS, &r->store, &err);
    if (rc == RLV_OK)
        rc = rlv_store_check_schema(r->store, &err);
    if (rc == RLV_OK) {
        r->host = host;
        r->has = rlv_round_phases(host);
        rc = replay_all(r, customer, &err);
    }
    if (rc == RLV_OK)
        rc = json ? rlv_replay_print_json(&r->found, stdout) : rlv_replay_print(&r->found, stdout);
    else
        rc = rlv_cli_fail(&err);
    rlv_store_close(r->store);
    rlv_host_free(host);
    rlv_wire_free(r->wire);
    rlv_arena_free(r->arena);
    rlv_arena_free(r->found.arena);
    return rc;
}

static int replace(rlv_config *config, const char *plugin)
{
    rlv_error err;
    const char *equals = strchr(plugin, '=');
    if (!equals || equals == plugin || !equals[1])
        return rlv_cli_usage("replay", "--plugin is written NAME=FILE");
    int rc = rlv_config_replace_plugin(config, (rlv_str){plugin, (size_t)(equals - plugin)}, equals + 1, &err);
    return rc == RLV_OK ? EX_OK : rlv_cli_fail(&err);
}

int rlv_cli_replay(int argc, char **argv)
{
    const char *plugin = NULL, *since = "24h", *until = NULL, *conversation = NULL;
    bool json = false, all = false;
    const rlv_cli_flag flags[] = {{"plugin", &plugin, NULL}, {"since", &since, NULL},
                                  {"until", &until, NULL},   {"conversation", &conversation, NULL},
                                  {"all", NULL, &all},       {"json", NULL, &json}};
    rlv_config *config;
    int rc = rlv_cli_configured(argc, argv, help, flags, sizeof(flags) / sizeof(*flags), &config);
    if (rc >= 0)
        return rc;
    struct replay r = {.found = {.all = all, .until_ms = rlv_clock_wall_ms()}};
    if (!rlv_cli_moment(since, &r.found.since_ms) || (until && !rlv_cli_moment(until, &r.found.until_ms)))
        rc = rlv_cli_usage("replay", "a moment is written 24h, 7d, 2026-03-01 or 2026-03-01T14:30");
    else if (r.found.since_ms >= r.found.until_ms)
        rc = rlv_cli_usage("replay", "--since is not before --until");
    else
        rc = plugin ? replace(config, plugin) : EX_OK;
    if (rc == EX_OK)
        rc = run(config, &r, conversation, json);
    rlv_config_free(config);
    return rc;
}
