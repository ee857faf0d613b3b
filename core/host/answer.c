/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks and copies answers; see answer.h. What passes here is stored in Postgres and published in Avro, so
 * it must be storable there: UTF-8 without NUL, finite numbers in their ranges, bounded lengths. A bad answer
 * is refused alone and never mended: a clamped score or a cut reply would be our words and not the plugin's.
 * Nothing of the plugin's memory may be kept.
 */
#include "host/answer.h"

#include <math.h>

#define BIT(phase)          (1u << (phase))
#define V1_SIZE(type, last) ((uint32_t)(offsetof(type, last) + sizeof(((type *)0)->last)))
#define KNOWS(answer, field) /* its writer knew this field, which came after version 1.0 */ \
    ((answer)->head.size >= (uint32_t)((const char *)(&(answer)->field + 1) - (const char *)(answer)))

enum {
    MEMORY_PHASES = (1 << RLV_PHASES) - 1,
    LOG_LINE_MAX = 1024
};

/* By kind: the size of version 1.0, and the phases that it belongs to. */
static const struct {
    uint32_t size, phases;
} kinds[] = {
    [RELEVO_ANSWER_READING] = {V1_SIZE(relevo_answer_reading, reading.wants_person),
                               BIT(RLV_PHASE_CLASSIFY) | BIT(RLV_PHASE_RESULT)},
    [RELEVO_ANSWER_TRIGGER] = {V1_SIZE(relevo_answer_trigger, reason), BIT(RLV_PHASE_TRIGGER) | BIT(RLV_PHASE_RESULT)},
    [RELEVO_ANSWER_REPLY] = {V1_SIZE(relevo_answer_reply, source),
                             BIT(RLV_PHASE_RESPOND) | BIT(RLV_PHASE_RESULT)},
    [RELEVO_ANSWER_ABSTAIN] = {V1_SIZE(relevo_answer_abstain, reason), BIT(RLV_PHASE_RESPOND) | BIT(RLV_PHASE_RESULT)},
    [RELEVO_ANSWER_SLOT] = {V1_SIZE(relevo_answer_slot, value),
                            BIT(RLV_PHASE_CLASSIFY) | BIT(RLV_PHASE_RESPOND) | BIT(RLV_PHASE_RESULT)},
    [RELEVO_ANSWER_ROUTE] = {V1_SIZE(relevo_answer_route, agent), BIT(RLV_PHASE_ROUTE)},
    [RELEVO_ANSWER_CARD] = {V1_SIZE(relevo_answer_card, message_id), BIT(RLV_PHASE_SUMMARIZE)},
    [RELEVO_ANSWER_EFFECT] = {V1_SIZE(relevo_answer_effect, context),
                              BIT(RLV_PHASE_CLASSIFY) | BIT(RLV_PHASE_RESPOND) | BIT(RLV_PHASE_NOTIFY) |
                                  BIT(RLV_PHASE_RESULT)},
    [RELEVO_ANSWER_MEMORY] = {V1_SIZE(relevo_answer_memory, bytes), MEMORY_PHASES},
};

_Static_assert((int)RLV_ANSWER_READING == (int)RELEVO_ANSWER_READING &&
                   (int)RLV_ANSWER_MEMORY == (int)RELEVO_ANSWER_MEMORY,
               "kinds are taken over as numbers");
_Static_assert((int)RLV_REPLY_ALSO == (int)RELEVO_REPLY_ALSO && (int)RLV_BUTTONS_MAX == (int)RELEVO_BUTTONS_MAX,
               "and so are flags");

/* The answer being taken. */
struct taking {
    rlv_collector *c;
    rlv_tally *tally;
    int32_t code; /* RELEVO_OK until something is wrong */
};

static int32_t refuse(rlv_collector *c, int32_t code, const char *why)
{
    if (!c->refused[-code]++)
        c->why[-code] = why;
    return code;
}

static bool wrong(struct taking *t, int32_t code, const char *why)
{
    t->code = refuse(t->c, code, why);
    return false;
}

static bool full(struct taking *t)
{
    t->c->full = true;
    t->code = RELEVO_E_LIMIT;
    return false;
}

/* Copies bytes; what is copied counts against the view's ceiling also when the answer is refused later on. */
static bool take_bytes(struct taking *t, relevo_str in, size_t max, rlv_str *ret)
{
    if (in.len == 0) {
        *ret = (rlv_str){NULL, 0};
        return true;
    }
    if (in.len > max)
        return wrong(t, RELEVO_E_LIMIT, "a text is too long");
    if (!in.ptr)
        return wrong(t, RELEVO_E_TEXT, "a text has a length and no address");
    t->tally->bytes += (uint32_t)in.len;
    if (t->tally->bytes > RLV_HOST_BYTES_MAX)
        return wrong(t, RELEVO_E_LIMIT, "the answers about one view are too long together");
    *ret = rlv_arena_copy(t->c->arena, (rlv_str){in.ptr, (size_t)in.len});
    return ret->ptr ? true : full(t);
}

static bool take(struct taking *t, relevo_str in, size_t max, rlv_str *ret)
{
    if (!take_bytes(t, in, max, ret))
        return false;
    if (!ret->len)
        return true;
    /* Checked in our copy, which nobody can change in between. Postgres stores no NUL in a text. */
    if (memchr(ret->ptr, '\0', ret->len))
        return wrong(t, RELEVO_E_TEXT, "a text holds a NUL");
    if (!rlv_str_utf8(*ret))
        return wrong(t, RELEVO_E_TEXT, "a text is not UTF-8");
    return true;
}

/* A text that must be there. */
static bool need(struct taking *t, relevo_str in, size_t max, rlv_str *ret)
{
    if (in.len == 0)
        return wrong(t, RELEVO_E_TEXT, "a text that must be there is empty");
    return take(t, in, max, ret);
}

static bool take_number(struct taking *t, double in, double min, double *ret)
{
    if (!isfinite(in) || in < min || in > 1)
        return wrong(t, RELEVO_E_TEXT, "a number is not finite or out of its range");
    *ret = in;
    return true;
}

static size_t count_points(rlv_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

static bool take_reading(struct taking *t, const relevo_reading *in, rlv_reading *out)
{
    return take(t, in->language, RLV_HOST_NAME_MAX, &out->language) &&
           take(t, in->intent, RLV_HOST_NAME_MAX, &out->intent) &&
           take_number(t, in->confidence, 0, &out->confidence) &&
           take_number(t, in->out_of_scope, 0, &out->out_of_scope) &&
           take_number(t, in->sentiment, -1, &out->sentiment) && take_number(t, in->anger, 0, &out->anger) &&
           take_number(t, in->wants_person, 0, &out->wants_person);
}

static bool take_choice(struct taking *t, const relevo_choice *in, bool row, rlv_choice *out)
{
    if (!in || in->size < V1_SIZE(relevo_choice, description))
        return wrong(t, RELEVO_E_SIZE, "a choice is missing, or shorter than version 1.1 of the struct");
    if (!need(t, in->id, RLV_HOST_CHOICE_ID_MAX, &out->id) ||
        !need(t, in->title, (size_t)RLV_HOST_ROW_POINTS_MAX * 4, &out->title) ||
        !take(t, in->description, (size_t)RLV_HOST_DESCRIPTION_POINTS_MAX * 4, &out->description))
        return false;
    if (count_points(out->title) > (size_t)(row ? RLV_HOST_ROW_POINTS_MAX : RLV_HOST_BUTTON_POINTS_MAX))
        return wrong(t, RELEVO_E_LIMIT, "a title has more than 20 characters on a button, or 24 in a list");
    if (count_points(out->description) > (size_t)(row ? RLV_HOST_DESCRIPTION_POINTS_MAX : 0))
        return wrong(t, RELEVO_E_LIMIT, "a description has more than 72 characters, or stands on a button");
    return true;
}

static bool take_choices(struct taking *t, const relevo_answer_reply *in, rlv_extras *out)
{
    size_t n = in->n_choices;
    if (n > RELEVO_CHOICES_MAX)
        return wrong(t, RELEVO_E_LIMIT, "a reply has more than 10 choices");
    if (n && !in->choices)
        return wrong(t, RELEVO_E_TEXT, "a reply's choices have a number and no address");
    rlv_choice *choices = rlv_arena_zalloc(t->c->arena, n, sizeof(*choices));
    if (!choices)
        return full(t);
    for (size_t i = 0; i < n; i++) {
        if (!take_choice(t, in->choices[i], n > RELEVO_BUTTONS_MAX, &choices[i]))
            return false;
        for (size_t k = 0; k < i; k++)
            if (rlv_str_eq(choices[k].id, choices[i].id))
                return wrong(t, RELEVO_E_TEXT, "two choices of a reply have the same id");
            else if (n <= RELEVO_BUTTONS_MAX && rlv_str_eq(choices[k].title, choices[i].title))
                return wrong(t, RELEVO_E_TEXT, "two buttons of a reply have the same title, which WhatsApp refuses");
    }
    out->choices = choices;
    out->n_choices = n;
    return true;
}

static bool starts(rlv_str s, rlv_str with)
{
    return s.len > with.len && memcmp(s.ptr, with.ptr, with.len) == 0;
}

static bool take_media(struct taking *t, const relevo_answer_reply *in, rlv_extras *out)
{
    static const char *const kinds_of_media[] = {"image", "video", "document"};
    if (!take(t, in->media_kind, RLV_HOST_NAME_MAX, &out->media_kind) ||
        !take(t, in->media_url, RLV_HOST_PATH_MAX, &out->media_url))
        return false;
    bool known = !out->media_kind.len;
    for (size_t i = 0; i < sizeof(kinds_of_media) / sizeof(*kinds_of_media); i++)
        known |= rlv_str_is(out->media_kind, kinds_of_media[i]);
    if (!known || !out->media_kind.len != !out->media_url.len)
        return wrong(t, RELEVO_E_TEXT, "media need a kind (image, video, document) and an address");
    if (out->media_url.len && !starts(out->media_url, RLV_STR("http://")) &&
        !starts(out->media_url, RLV_STR("https://")))
        return wrong(t, RELEVO_E_TEXT, "an address of media begins with http:// or https://");
    if (out->media_kind.len && out->n_choices > RELEVO_BUTTONS_MAX)
        return wrong(t, RELEVO_E_LIMIT, "WhatsApp shows no media with a list");
    return true;
}

static bool take_extras(struct taking *t, const relevo_answer_reply *in, rlv_answer *out)
{
    const uint32_t flags = RELEVO_REPLY_ASKS | RELEVO_REPLY_RESUMES | RELEVO_REPLY_ALSO;
    rlv_extras *extras = &out->as.reply.extras;
    if (in->flags & ~flags)
        return wrong(t, RELEVO_E_TEXT, "a reply has a flag that is no RELEVO_REPLY_*");
    out->as.reply.flags = in->flags;
    if (!take_choices(t, in, extras) ||
        !take(t, in->menu, (size_t)RLV_HOST_BUTTON_POINTS_MAX * 4, &extras->menu) || !take_media(t, in, extras))
        return false;
    if (count_points(extras->menu) > RLV_HOST_BUTTON_POINTS_MAX)
        return wrong(t, RELEVO_E_LIMIT, "what opens a list has more than 20 characters");
    bool small = extras->media_kind.len || (extras->n_choices && extras->n_choices <= RELEVO_BUTTONS_MAX);
    if (small && count_points(out->as.reply.text) > RLV_HOST_CAPTION_POINTS_MAX)
        return wrong(t, RELEVO_E_LIMIT, "a reply with buttons or media has more than 1024 characters");
    return true;
}

static bool take_reply(struct taking *t, const relevo_answer_reply *in, rlv_answer *out)
{
    if (!take_number(t, in->confidence, 0, &out->as.reply.confidence) ||
        !need(t, in->text, (size_t)RLV_HOST_REPLY_POINTS_MAX * 4, &out->as.reply.text) ||
        !take(t, in->source, RLV_HOST_NAME_MAX, &out->as.reply.source))
        return false;
    if (count_points(out->as.reply.text) > RLV_HOST_REPLY_POINTS_MAX)
        return wrong(t, RELEVO_E_LIMIT, "a reply has more than 4096 characters");
    /* A plugin of 1.0 says no more; one in between says nothing of the rest either. */
    return in->head.size < V1_SIZE(relevo_answer_reply, media_url) || take_extras(t, in, out);
}

static bool take_skills(struct taking *t, const relevo_answer_route *in, rlv_route *out)
{
    if (in->n_skills > RLV_HOST_SKILLS_MAX)
        return wrong(t, RELEVO_E_LIMIT, "a route names too many skills");
    if (in->n_skills && !in->skills)
        return wrong(t, RELEVO_E_TEXT, "a route's skills have a number and no address");
    rlv_str *skills = rlv_arena_zalloc(t->c->arena, (size_t)in->n_skills, sizeof(*skills));
    if (!skills)
        return full(t);
    for (size_t i = 0; i < in->n_skills; i++)
        if (!need(t, in->skills[i], RLV_HOST_NAME_MAX, &skills[i]))
            return false;
    out->skills = skills;
    out->n_skills = (size_t)in->n_skills;
    return true;
}

static bool take_route(struct taking *t, const relevo_answer_route *in, rlv_route *out)
{
    if (in->priority > 9)
        return wrong(t, RELEVO_E_TEXT, "a route's priority is above 9");
    if (in->rank != RELEVO_RANK_LEAST_LOADED && in->rank != RELEVO_RANK_LONGEST_IDLE)
        return wrong(t, RELEVO_E_TEXT, "a route's rank is no RELEVO_RANK_*");
    out->priority = (int32_t)in->priority;
    out->rank = (int32_t)in->rank;
    return take(t, in->team, RLV_HOST_NAME_MAX, &out->team) &&
           take(t, in->language, RLV_HOST_NAME_MAX, &out->language) &&
           take(t, in->agent, RLV_HOST_NAME_MAX, &out->agent) && take_skills(t, in, out);
}

static bool take_effect(struct taking *t, const relevo_answer_effect *in, rlv_effect *out)
{
    out->timeout_ms = in->timeout_ms;
    out->hold_ms = KNOWS(in, hold_ms) ? in->hold_ms : 0;
    bool early = t->c->phase == RLV_PHASE_CLASSIFY || t->c->phase == RLV_PHASE_RESPOND;
    if (out->hold_ms && !early)
        return wrong(t, RELEVO_E_KIND, "an effect holds a message in classify and respond only");
    if (t->c->phase == RLV_PHASE_CLASSIFY && !out->hold_ms)
        return wrong(t, RELEVO_E_KIND, "an effect of classify holds the message: its hold_ms is 0");
    if (out->hold_ms > RLV_HOST_HOLD_MS_MAX)
        return wrong(t, RELEVO_E_LIMIT, "an effect holds a message for more than 60 seconds");
    return need(t, in->destination, RLV_HOST_NAME_MAX, &out->destination) &&
           need(t, in->method, RLV_HOST_NAME_MAX, &out->method) &&
           take(t, in->path, RLV_HOST_PATH_MAX, &out->path) &&
           take(t, in->content_type, RLV_HOST_NAME_MAX, &out->content_type) &&
           take(t, in->body, RLV_HOST_BODY_MAX, &out->body) &&
           take(t, in->context, RELEVO_CONTEXT_MAX, &out->context);
}

static bool take_any(struct taking *t, const relevo_answer *head, rlv_answer *out)
{
    const void *in = head;
    switch (out->kind) {
    case RLV_ANSWER_READING:
        return take_reading(t, &((const relevo_answer_reading *)in)->reading, &out->as.reading);
    case RLV_ANSWER_TRIGGER: {
        const relevo_answer_trigger *a = in;
        out->as.trigger.asked = KNOWS(a, asked) && a->asked;
        return take_number(t, a->score, 0, &out->as.trigger.score) &&
               take_number(t, KNOWS(a, unless_answered) ? a->unless_answered : 0, 0, &out->as.trigger.unless_answered) &&
               take(t, a->evidence, RLV_HOST_TEXT_MAX, &out->as.trigger.evidence) &&
               take(t, a->reason, RLV_HOST_TEXT_MAX, &out->as.trigger.reason);
    }
    case RLV_ANSWER_REPLY:
        return take_reply(t, in, out);
    case RLV_ANSWER_ABSTAIN: {
        const relevo_answer_abstain *a = in;
        return take_number(t, a->best, 0, &out->as.abstain.best) &&
               take(t, a->reason, RLV_HOST_TEXT_MAX, &out->as.abstain.reason);
    }
    case RLV_ANSWER_SLOT: {
        const relevo_answer_slot *a = in;
        out->as.slot.amends = KNOWS(a, amends) && a->amends;
        return need(t, a->name, RLV_HOST_NAME_MAX, &out->as.slot.name) &&
               take(t, a->value, RLV_SLOT_VALUE_MAX, &out->as.slot.value);
    }
    case RLV_ANSWER_ROUTE:
        return take_route(t, in, &out->as.route);
    case RLV_ANSWER_CARD: {
        const relevo_answer_card *a = in;
        return need(t, a->name, RLV_HOST_NAME_MAX, &out->as.card.name) &&
               take(t, a->text, RLV_HOST_TEXT_MAX, &out->as.card.text) &&
               take(t, a->message_id, RLV_HOST_NAME_MAX, &out->as.card.message_id);
    }
    case RLV_ANSWER_EFFECT:
        return take_effect(t, in, &out->as.effect);
    default: /* MEMORY: the plugin's own bytes */
        return take_bytes(t, ((const relevo_answer_memory *)in)->bytes, RELEVO_MEMORY_MAX, &out->as.memory);
    }
}

/* What can be known of an answer without reading behind its head. */
static int32_t check_head(rlv_collector *c, uint32_t view, const relevo_answer *answer)
{
    uint32_t kind = answer->kind;
    if (kind < RELEVO_ANSWER_READING || kind > RELEVO_ANSWER_MEMORY || !(kinds[kind].phases & BIT(c->phase)))
        return refuse(c, RELEVO_E_KIND, "this kind of answer does not belong to this phase");
    if (view >= c->n)
        return refuse(c, RELEVO_E_VIEW, "there is no such view in this call");
    if (answer->size < kinds[kind].size)
        return refuse(c, RELEVO_E_SIZE, "its size is shorter than version 1.0 of the struct");
    if (++c->tallies[view].answers > RLV_HOST_ANSWERS_MAX) {
        c->tallies[view].answers = RLV_HOST_ANSWERS_MAX + 1; /* never wraps */
        return refuse(c, RELEVO_E_LIMIT, "too many answers about one view");
    }
    return RELEVO_OK;
}

static int32_t emit(const relevo_sink *sink, uint32_t view, const relevo_answer *answer)
{
    rlv_collector *c = (rlv_collector *)(uintptr_t)sink; /* ours, and not const: the plugin's view of it is */
    int32_t code = check_head(c, view, answer);
    if (code)
        return code;
    rlv_tally before = c->tallies[view];
    if (before.bytes > RLV_HOST_BYTES_MAX)
        return refuse(c, RELEVO_E_LIMIT, "the answers about one view are too long together");
    struct taking t = {.c = c, .tally = &c->tallies[view]};
    rlv_collected *kept = rlv_arena_zalloc(c->arena, 1, sizeof(*kept));
    rlv_answer *out = rlv_arena_zalloc(c->arena, 1, sizeof(*out));
    if (!kept || !out) {
        (void)full(&t);
        return t.code;
    }
    out->kind = (enum rlv_answer_kind)answer->kind;
    out->plugin = c->entry;
    if (!take_any(&t, answer, out))
        return t.code;
    *kept = (rlv_collected){.view = view, .answer = out};
    if (c->last)
        c->last->next = kept;
    else
        c->first = kept;
    c->last = kept;
    return RELEVO_OK;
}

static void log_line(const relevo_sink *sink, uint32_t level, relevo_str line)
{
    rlv_collector *c = (rlv_collector *)(uintptr_t)sink;
    if (c->log_lines > RLV_HOST_LOG_LINES_MAX)
        return;
    enum rlv_log_level to =
        level >= RELEVO_LOG_ERROR && level <= RELEVO_LOG_DEBUG ? (enum rlv_log_level)level : RLV_LOG_INFO;
    if (c->log_lines++ == RLV_HOST_LOG_LINES_MAX) {
        rlv_log(RLV_LOG_WARN, c->room, "logged more than %d lines in one call; the rest is left out",
                RLV_HOST_LOG_LINES_MAX);
        return;
    }
    /* The byte after the cut is looked at, so the length is bounded first. */
    rlv_str text = {line.ptr, line.len > LOG_LINE_MAX + 1 ? LOG_LINE_MAX + 1 : (size_t)line.len};
    if (!text.ptr)
        text.len = 0;
    text = rlv_str_cut(text, LOG_LINE_MAX);
    if (rlv_str_utf8(text))
        rlv_log(to, c->room, "%.*s", RLV_STR_ARG(text));
    else
        rlv_log(to, c->room, "(a line that is not UTF-8)");
}

bool rlv_collector_init(rlv_collector *collector, rlv_arena *arena, enum rlv_phase phase, rlv_str entry,
                        const char *room, uint32_t n)
{
    *collector = (rlv_collector){.sink = {.size = sizeof(relevo_sink), .emit = emit, .log = log_line},
                                 .arena = arena,
                                 .phase = phase,
                                 .entry = entry,
                                 .room = room,
                                 .n = n,
                                 .tallies = rlv_arena_zalloc(arena, n, sizeof(rlv_tally))};
    return collector->tallies != NULL;
}

const char *rlv_refusal_name(int index)
{
    static const char *const names[RLV_REFUSALS] = {"", "kind", "view", "limit", "size", "text"};
    return index > 0 && index < RLV_REFUSALS ? names[index] : "unknown";
}
