/* SPDX-License-Identifier: Apache-2.0 */
/* Everything about an outcome as text, field by field; and deep copies. See talk.h. */
#include "talk.h"

#define TEXT(name, s) rlv_buf_printf(out, " " name "=[%.*s]", RLV_STR_ARG(s))
#define INT(name, v)  rlv_buf_printf(out, " " name "=%lld", (long long)(v))
#define REAL(name, v) rlv_buf_printf(out, " " name "=%.17g", (double)(v))

static void render_change(const rlv_decision *d, rlv_buf *out)
{
    const rlv_route *r = &d->as.change.route;
    INT("from", d->as.change.from);
    INT("cause", d->as.change.cause);
    TEXT("trigger", d->as.change.trigger);
    TEXT("reason", d->as.change.reason);
    TEXT("evidence", d->as.change.evidence);
    REAL("score", d->as.change.score);
    TEXT("by", d->as.change.by);
    INT("priority", r->priority);
    INT("rank", r->rank);
    TEXT("team", r->team);
    TEXT("language", r->language);
    TEXT("prefer", r->agent);
    for (size_t i = 0; i < r->n_skills; i++)
        TEXT("skill", r->skills[i]);
}

static void render_trigger(const rlv_decision *d, rlv_buf *out)
{
    TEXT("trigger", d->as.trigger.trigger);
    TEXT("evidence", d->as.trigger.evidence);
    TEXT("reason", d->as.trigger.reason);
    REAL("score", d->as.trigger.score);
    REAL("threshold", d->as.trigger.threshold);
    INT("observed", d->as.trigger.observed);
    INT("chosen", d->as.trigger.chosen);
}

static void render_reading(const rlv_reading *r, rlv_buf *out)
{
    TEXT("language", r->language);
    TEXT("intent", r->intent);
    REAL("confidence", r->confidence);
    REAL("out_of_scope", r->out_of_scope);
    REAL("sentiment", r->sentiment);
    REAL("anger", r->anger);
    REAL("wants_person", r->wants_person);
}

static void render_said(const rlv_decision *d, rlv_buf *out)
{
    TEXT("text", d->as.said.text);
    TEXT("source", d->as.said.source);
    REAL("confidence", d->as.said.confidence);
    TEXT("agent", d->as.said.agent_id);
    TEXT("to", d->as.said.to_message);
}

static void render_details(const rlv_decision *d, rlv_buf *out)
{
    switch (d->kind) {
    case RLV_DECIDED_RECEIVED:
    case RLV_DECIDED_STATUS:
    case RLV_DECIDED_DUPLICATE:
        TEXT("message", d->as.event->message_id);
        break;
    case RLV_DECIDED_CLASSIFIED:
        render_reading(&d->as.reading, out);
        break;
    case RLV_DECIDED_TRIGGERED:
        render_trigger(d, out);
        break;
    case RLV_DECIDED_REPLIED:
    case RLV_DECIDED_ANSWERED:
    case RLV_DECIDED_NOTED:
        render_said(d, out);
        break;
    case RLV_DECIDED_SLOT_FILLED:
        TEXT("name", d->as.slot.name);
        TEXT("value", d->as.slot.value);
        TEXT("message", d->as.slot.message_id);
        break;
    case RLV_DECIDED_SUMMARIZED:
        for (size_t i = 0; i < d->as.card.n_fields; i++) {
            TEXT("field", d->as.card.fields[i].name);
            TEXT("text", d->as.card.fields[i].text);
            TEXT("message", d->as.card.fields[i].message_id);
        }
        break;
    case RLV_DECIDED_NOTIFIED:
        TEXT("plugin", d->as.effect.plugin);
        TEXT("destination", d->as.effect.effect.destination);
        TEXT("path", d->as.effect.effect.path);
        TEXT("body", d->as.effect.effect.body);
        break;
    case RLV_DECIDED_FAILED:
    case RLV_DECIDED_IGNORED:
    case RLV_DECIDED_HELD:
        TEXT("plugin", d->as.failure.plugin);
        TEXT("reason", d->as.failure.reason);
        INT("phase", d->as.failure.phase);
        break;
    default:
        render_change(d, out);
        break;
    }
}

static void render_conversation(const rlv_conversation *c, rlv_buf *out)
{
    TEXT("wa_id", c->wa_id);
    TEXT("user_id", c->user_id);
    TEXT("name", c->customer_name);
    INT("owner", c->owner);
    INT("epoch", c->epoch);
    TEXT("agent", c->agent_id);
    TEXT("team", c->team);
    INT("since", c->owner_since_ms);
    INT("decided_owner", c->decided_owner);
    INT("decided_epoch", c->decided_epoch);
    INT("opened", c->opened_ms);
    INT("last_in", c->last_in_ms);
    INT("cases", c->cases);
    INT("stretch", c->stretch);
    TEXT("language", c->language);
    INT("messages", c->messages);
    INT("misses", c->misses);
    INT("repeats", c->repeats);
    INT("question", c->last_question);
    TEXT("open", c->open_question);
    INT("idle", c->idle_timer_ms);
    for (int32_t i = 0; i < c->n_tried; i++)
        TEXT("tried", c->tried[i]);
    for (int32_t i = 0; i < c->n_trend; i++)
        REAL("trend", c->trend[i]);
    for (int32_t i = 0; i < c->n_turns; i++)
        rlv_buf_printf(out, " turn=%d/%lld[%.*s][%.*s]", c->turns[i].by, (long long)c->turns[i].at_ms,
                       RLV_STR_ARG(c->turns[i].message_id), RLV_STR_ARG(c->turns[i].text));
    for (int32_t i = 0; i < c->n_slots; i++)
        rlv_buf_printf(out, " slot=[%.*s][%.*s][%.*s][%.*s]", RLV_STR_ARG(c->slots[i].name), RLV_STR_ARG(c->slots[i].value),
                       RLV_STR_ARG(c->slots[i].message_id), RLV_STR_ARG(c->slots[i].was));
    INT("served", c->served.at_ms);
    INT("served_priority", c->served.priority);
    REAL("served_score", c->served.score);
    TEXT("served_trigger", c->served.trigger);
    TEXT("served_reason", c->served.reason);
    TEXT("served_evidence", c->served.evidence);
    for (int32_t i = 0; i < c->n_past; i++)
        rlv_buf_printf(out, " past=%lld-%lld/%d/%d[%.*s][%.*s][%.*s][%.*s]", (long long)c->past[i].at_ms, (long long)c->past[i].ended_ms,
                       (int)c->past[i].ended, c->past[i].score, RLV_STR_ARG(c->past[i].trigger), RLV_STR_ARG(c->past[i].reason),
                       RLV_STR_ARG(c->past[i].agent), RLV_STR_ARG(c->past[i].note));
    for (int32_t i = 0; i < c->n_cooling; i++)
        rlv_buf_printf(out, " cooling=[%.*s]/%lld", RLV_STR_ARG(c->cooling[i].trigger),
                       (long long)c->cooling[i].until_ms);
    for (int32_t i = 0; i < c->n_memories; i++)
        rlv_buf_printf(out, " memory=[%.*s][%.*s]", RLV_STR_ARG(c->memories[i].plugin),
                       RLV_STR_ARG(c->memories[i].bytes));
    for (int32_t i = 0; i < c->n_recent; i++)
        INT("recent", c->recent[i]);
    INT("held", c->held.messages);
    INT("held_epoch", c->held.epoch);
    INT("held_since", c->held.since_ms);
    INT("held_due", c->held.due_ms);
    INT("held_timer", c->held_timer_ms);
    TEXT("held_message", c->held.message_id);
    TEXT("held_type", c->held.type);
    TEXT("held_text", c->held.text);
    TEXT("held_reply", c->held.reply_id);
    TEXT("held_media", c->held.media_id);
    for (int32_t i = 0; i < c->held.n_by; i++)
        TEXT("held_by", c->held.by[i]);
    char effect[RLV_ID_TEXT + 1];
    rlv_id_text(c->held.effect, effect);
    rlv_buf_printf(out, " held_effect=%s", effect);
}

void talk_render(const talk *t, rlv_buf *out)
{
    for (const rlv_decision *d = t->step.decisions.first; d; d = d->next) {
        rlv_buf_printf(out, "%u %s", d->ordinal, rlv_decision_kind_name(d->kind));
        INT("owner", d->owner);
        INT("epoch", d->epoch);
        INT("stretch", d->stretch);
        TEXT("agent", d->agent_id);
        TEXT("team", d->team);
        render_details(d, out);
        rlv_buf_append(out, "\n", 1);
    }
    INT("changed", t->step.changed);
    INT("handoff", t->step.handoff ? t->step.handoff->ordinal : UINT32_MAX);
    render_conversation(&t->conv, out);
    assert_false(out->failed);
}

#define KEEP(field) ret->field = rlv_arena_copy(arena, from->field)

void talk_copy(const rlv_conversation *from, rlv_arena *arena, rlv_conversation *ret)
{
    *ret = *from;
    KEEP(phone_number_id);
    KEEP(wa_id);
    KEEP(user_id);
    KEEP(customer_name);
    KEEP(agent_id);
    KEEP(team);
    KEEP(language);
    KEEP(open_question);
    KEEP(held.message_id);
    KEEP(held.type);
    KEEP(held.text);
    KEEP(held.reply_id);
    KEEP(held.media_id);
    for (int32_t i = 0; i < from->held.n_by; i++)
        KEEP(held.by[i]);
    for (int32_t i = 0; i < from->n_tried; i++)
        KEEP(tried[i]);
    for (int32_t i = 0; i < from->n_turns; i++) {
        KEEP(turns[i].message_id);
        KEEP(turns[i].text);
    }
    for (int32_t i = 0; i < from->n_slots; i++) {
        KEEP(slots[i].name);
        KEEP(slots[i].value);
        KEEP(slots[i].message_id);
        KEEP(slots[i].was);
    }
    KEEP(served.trigger);
    KEEP(served.reason);
    KEEP(served.evidence);
    for (int32_t i = 0; i < from->n_past; i++) {
        KEEP(past[i].trigger);
        KEEP(past[i].reason);
        KEEP(past[i].agent);
        KEEP(past[i].note);
    }
    for (int32_t i = 0; i < from->n_cooling; i++)
        KEEP(cooling[i].trigger);
    for (int32_t i = 0; i < from->n_memories; i++) {
        KEEP(memories[i].plugin);
        KEEP(memories[i].bytes);
    }
}
