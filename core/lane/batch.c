/* SPDX-License-Identifier: Apache-2.0 */
/* The stages load and step; see batch.h. Must never touch Kafka, nor Postgres but to load. */
#include "lane/batch.h"

#include <stdlib.h>
#include <uthash.h>

#include "base/rehearse.h"
#include "lane/dead.h"
#include "lane/round.h"

enum { ROOM_FIRST = 32 };

rlv_batch *rlv_batch_new(size_t arena_ceiling)
{
    rlv_batch *batch = calloc(1, sizeof(*batch));
    if (!batch)
        return NULL;
    batch->arena = rlv_arena_new(arena_ceiling);
    if (!batch->arena) {
        free(batch);
        return NULL;
    }
    return batch;
}

void rlv_batch_free(rlv_batch *batch)
{
    if (!batch)
        return;
    rlv_arena_free(batch->arena);
    free(batch);
}

void rlv_batch_reset(rlv_batch *batch, size_t max)
{
    rlv_arena *arena = batch->arena;
    rlv_arena_reset(arena);
    *batch = (rlv_batch){.arena = arena, .max = max};
}

/* Room for all that it may take would be megabytes, to be cleared for a batch of one, too. */
rlv_batch_item *rlv_batch_next(rlv_batch *batch)
{
    if (batch->n == batch->room) {
        size_t room = batch->room ? 4 * batch->room : ROOM_FIRST;
        if (batch->room < batch->max && batch->max < room)
            room = batch->max;
        rlv_batch_item *items = rlv_arena_alloc(batch->arena, room * sizeof(*items));
        if (!items)
            return NULL;
        if (batch->n)
            memcpy(items, batch->items, batch->n * sizeof(*items));
        batch->items = items;
        batch->room = room;
    }
    return &batch->items[batch->n];
}

/* ---- load ------------------------------------------------------------------------------------------------------ */

/* A conversation of the batch by id, while it is being loaded. */
struct slot {
    rlv_id id;
    rlv_batch_entry *entry;
    int64_t at_least;  /* a command saw this version: an older copy will not do */
    int64_t commanded; /* the last generation of ownership that a command of the batch made */
    UT_hash_handle hh;
};

struct loading {
    rlv_batch *batch;
    const rlv_stages *s;
    struct slot *table;
    rlv_id *missing; /* to be asked for */
    size_t n_missing, cap;
};

static bool touches(const rlv_batch_item *item)
{
    if (item->dead)
        return false;
    switch (item->event.kind) {
    case RLV_EVENT_STATUS:
    case RLV_EVENT_ERROR:
        return false;
    case RLV_EVENT_UNKNOWN: /* unless it tells that a customer has another identity now */
        return item->event.previous_user_id.len || item->event.previous_wa_id.len;
    default:
        return true;
    }
}

static int no_memory(rlv_error *err)
{
    return rlv_error_set(err, RLV_E_LIMIT, "the batch does not fit in its memory");
}

static int thaw(rlv_batch_entry *entry, const rlv_stored *stored, rlv_batch *batch, const rlv_stages *s, rlv_error *err)
{
    rlv_conversation *conv = &entry->conversation;
    int rc = rlv_wire_decode_state(s->wire, batch->arena, stored->state, conv, err);
    if (rc != RLV_OK) {
        char id[RLV_ID_TEXT + 1];
        rlv_id_text(stored->id, id);
        if (rc == RLV_E_DECODE)
            err->code = rc = RLV_E_REFUSED; /* ours, and unreadable: a person must look */
        (void)rlv_error_wrap(err, "the stored state of conversation %s", id);
        return rc;
    }
    rlv_stored_columns(stored, conv);
    /* The cache's memory may go while the batch lives. */
    conv->agent_id = rlv_arena_copy(batch->arena, stored->agent_id);
    conv->team = rlv_arena_copy(batch->arena, stored->team);
    conv->tags = rlv_arena_copy(batch->arena, stored->tags);
    entry->timer_was_ms = conv->idle_timer_ms;
    entry->held_timer_was_ms = conv->held_timer_ms;
    entry->known = true;
    return RLV_OK;
}

static struct slot *find(const struct loading *l, rlv_id id)
{
    struct slot *slot;
    HASH_FIND(hh, l->table, id.bytes, sizeof(id.bytes), slot);
    return slot;
}

/* The slot of an id, a new one if need be; NULL: the arena is full. */
static struct slot *slot_of(struct loading *l, rlv_id id)
{
    rlv_batch *batch = l->batch;
    struct slot *slot = find(l, id);
    if (slot || batch->n_entries == l->cap)
        return slot;
    slot = rlv_arena_zalloc(batch->arena, 1, sizeof(*slot));
    rlv_batch_entry *entry = rlv_arena_zalloc(batch->arena, 1, sizeof(*entry));
    if (!slot || !entry)
        return NULL;
    slot->id = entry->id = id;
    slot->entry = entry;
    batch->entries[batch->n_entries++] = entry;
    HASH_ADD(hh, l->table, id, sizeof(slot->id), slot);
    return slot;
}

static int collect(struct loading *l, rlv_error *err)
{
    rlv_batch *batch = l->batch;
    for (size_t i = 0; i < batch->n; i++) {
        rlv_batch_item *item = &batch->items[i];
        item->entry = NULL;
        item->round = 0;
        item->n_joins = 0;
        item->owner_was = (enum rlv_owner)0;
        item->epoch_was = item->since_was_ms = 0;
        item->elsewhere = false;
        if (!touches(item))
            continue;
        if (rlv_id_none(item->named))
            item->named = item->event.conversation_id;
        item->event.conversation_id = item->named;
        struct slot *slot = slot_of(l, item->named);
        if (!slot)
            return no_memory(err);
        if (item->event.kind == RLV_EVENT_COMMAND) {
            if (item->event.version > slot->at_least)
                slot->at_least = item->event.version;
            if (item->event.epoch > slot->commanded)
                slot->commanded = item->event.epoch;
        }
        item->entry = slot->entry;
    }
    return RLV_OK;
}

/* From the cache; what it lacks is missing. */
static int recall(struct loading *l, rlv_error *err)
{
    int rc = RLV_OK;
    for (struct slot *slot = l->table; rc == RLV_OK && slot; slot = slot->hh.next) {
        const rlv_stored *cached = rlv_cache_get(l->s->cache, slot->id);
        if (cached && cached->version >= slot->at_least)
            rc = thaw(slot->entry, cached, l->batch, l->s, err);
        else
            l->missing[l->n_missing++] = slot->id;
    }
    return rc;
}

/* The customer's other identities are looked up with the rest; not when the conversation is at hand and knows them. */
static int add_aliases(struct loading *l, rlv_error *err)
{
    rlv_batch *batch = l->batch;
    for (size_t i = 0; i < batch->n; i++) {
        const rlv_batch_item *item = &batch->items[i];
        const rlv_event *ev = &item->event;
        if (!item->entry || (item->entry->known && ev->kind != RLV_EVENT_UNKNOWN &&
                             rlv_str_eq(item->entry->conversation.wa_id, ev->wa_id)))
            continue;
        rlv_alias aliases[RLV_ALIASES_MAX];
        int n = rlv_event_aliases(ev, aliases);
        for (int k = 0; k < n; k++) {
            size_t before = batch->n_entries;
            if (!slot_of(l, aliases[k].id))
                return no_memory(err);
            if (batch->n_entries > before)
                l->missing[l->n_missing++] = aliases[k].id;
        }
    }
    return RLV_OK;
}

/* What is missing, and then what that forwards to: a second query only where two conversations had become one. */
static int fill(struct loading *l, rlv_store *store, rlv_error *err)
{
    rlv_batch *batch = l->batch;
    int rc = RLV_OK;
    while (rc == RLV_OK && l->n_missing) {
        rlv_stored *stored;
        size_t n;
        rc = rlv_store_load(store, l->missing, l->n_missing, batch->arena, &stored, &n, err);
        l->n_missing = 0;
        for (size_t i = 0; rc == RLV_OK && i < n; i++) {
            struct slot *slot = find(l, stored[i].id);
            if (!slot)
                continue;
            rc = thaw(slot->entry, &stored[i], batch, l->s, err);
            if (rlv_id_none(stored[i].forward))
                continue;
            size_t before = batch->n_entries;
            struct slot *into = slot_of(l, stored[i].forward);
            if (!into)
                return no_memory(err);
            slot->entry->into = into->entry;
            if (batch->n_entries > before)
                l->missing[l->n_missing++] = into->id;
        }
    }
    return rc;
}

/* A row may be ahead of the batch: a desktop changed its owner after the commands were read. Its command waits by now, and
   comes first: else a message could change the owner again, and the topics would tell generations out of order. */
static int check_commands(const struct loading *l, rlv_error *err)
{
    for (const struct slot *slot = l->table; slot; slot = slot->hh.next) {
        const rlv_conversation *conv = &slot->entry->conversation;
        if (conv->lane != l->s->lane)
            continue; /* another lane decides its commands */
        if (slot->entry->known && conv->epoch > conv->decided_epoch && conv->epoch > slot->commanded)
            return rlv_error_set(err, RLV_E_CONFLICT, "a command came in between");
    }
    return RLV_OK;
}

static bool begins_conversation(const rlv_event *ev)
{
    return ev->kind == RLV_EVENT_MESSAGE || ev->kind == RLV_EVENT_ECHO || ev->kind == RLV_EVENT_HANDOVER ||
           ev->kind == RLV_EVENT_UNKNOWN; /* of another identity: it has a conversation, or is about to */
}

static rlv_batch_entry *root_of(rlv_batch_entry *entry)
{
    while (entry->into)
        entry = entry->into;
    return entry;
}

/* An identity that nobody had: from now on it is this customer's. */
static void begin_alias(rlv_batch_entry *entry, const rlv_alias *alias, const rlv_batch_item *item, int32_t lane)
{
    rlv_conversation *conv = &entry->conversation;
    rlv_event as = {.conversation_id = alias->id,
                    .phone_number_id = item->event.phone_number_id,
                    .wa_id = alias->wa_id,
                    .user_id = alias->user_id,
                    .at_ms = item->event.at_ms};
    rlv_conversation_begin(conv, &as, lane);
    conv->owner = conv->decided_owner = RLV_OWNER_CLOSED;
    conv->forward = item->entry->id;
    entry->known = entry->changed = true;
    entry->into = item->entry;
}

/* The customer's other identities lead to this conversation from here on. */
static void join(const struct loading *l, rlv_batch_item *item)
{
    rlv_alias aliases[RLV_ALIASES_MAX];
    int n = rlv_event_aliases(&item->event, aliases);
    rlv_batch_entry *kept = item->entry;
    for (int k = 0; k < n; k++) {
        const struct slot *slot = find(l, aliases[k].id);
        if (!slot)
            continue; /* known already */
        rlv_batch_entry *other = slot->entry, *root = root_of(other);
        if (root == kept)
            continue;
        kept->changed = true; /* its version is compared: it must not have been joined elsewhere meanwhile */
        if (!other->known) {
            begin_alias(other, &aliases[k], item, l->s->lane);
            continue;
        }
        /* A former identity brings its conversation along. A number that leads elsewhere was somebody else's: it changes hands. */
        if (aliases[k].before && root->known)
            other = root;
        bool live = rlv_id_none(other->conversation.forward) && !other->joined;
        l->batch->joined[l->batch->n_joins++] = (rlv_batch_join){other, kept, other->joined++, item};
        other->into = kept;
        if (live) {
            item->joins[item->n_joins++] = other;
            if (kept->events < other->events)
                kept->events = other->events; /* a later round than what comes before it there */
        }
    }
}

void rlv_batch_bury(rlv_batch_item *item, const char *class, const char *why)
{
    item->dead = why;
    item->dead_class = class;
    item->entry = NULL;
    item->event = (rlv_event){.kind = RLV_EVENT_DEAD, .source = item->event.source, .at_ms = item->event.at_ms,
                              .trace = item->event.trace};
}

/* In the order of the events: finds where each goes on, begins new conversations, joins, and counts rounds. An item without a
   conversation becomes a dead letter (an effect's result behind an erasure; the message that comes after it begins a new one). */
static void settle(const struct loading *l)
{
    rlv_batch *batch = l->batch;
    int32_t lane = l->s->lane;
    for (size_t i = 0; i < batch->n; i++) {
        rlv_batch_item *item = &batch->items[i];
        if (!item->entry)
            continue;
        bool travels = item->event.source.kind == RLV_SOURCE_TOPIC; /* commands and timers are decided where they are */
        rlv_batch_entry *entry = travels ? root_of(item->entry) : item->entry;
        if (travels && entry->known && entry->conversation.lane != lane) {
            item->elsewhere = true;
            item->lane = entry->conversation.lane;
            item->entry = NULL;
            continue;
        }
        item->entry = entry;
        item->event.conversation_id = entry->id;
        if (!entry->known && begins_conversation(&item->event)) {
            rlv_conversation_begin(&entry->conversation, &item->event, lane);
            entry->known = true;
        }
        if (!entry->known) {
            rlv_batch_bury(item, "no_conversation", "there is no such conversation");
            continue;
        }
        if (travels)
            join(l, item);
        item->round = entry->events++;
    }
}

int rlv_batch_load(rlv_batch *batch, const rlv_stages *s, rlv_store *store, rlv_error *err)
{
    /* An item's own conversation and its aliases, and what each leads to. */
    struct loading l = {.batch = batch, .s = s, .cap = (batch->n + 1) * (1 + RLV_ALIASES_MAX) * 2};
    batch->entries = rlv_arena_zalloc(batch->arena, l.cap, sizeof(*batch->entries));
    l.missing = rlv_arena_zalloc(batch->arena, l.cap, sizeof(*l.missing));
    batch->joined = rlv_arena_zalloc(batch->arena, l.cap, sizeof(*batch->joined));
    batch->n_entries = batch->n_joins = 0;
    batch->stepped = false;
    if (!batch->entries || !l.missing || !batch->joined)
        return no_memory(err);
    int rc = collect(&l, err);
    if (rc == RLV_OK)
        rc = recall(&l, err);
    if (rc == RLV_OK)
        rc = add_aliases(&l, err);
    if (rc == RLV_OK)
        rc = fill(&l, store, err);
    if (rc == RLV_OK)
        rc = check_commands(&l, err);
    if (rc == RLV_OK)
        settle(&l);
    HASH_CLEAR(hh, l.table);
    return rc;
}

/* ---- step ------------------------------------------------------------------------------------------------------ */

/* What the round left of an item. */
static void note(rlv_batch_item *item)
{
    rlv_batch_entry *entry = item->entry;
    if (!entry)
        return;
    entry->changed |= item->step.changed;
    for (int k = 0; k < item->n_joins; k++)
        if (item->step.taken == &item->joins[k]->conversation) {
            item->joins[k]->taken = true;
            entry->handoff = entry->card = NULL; /* what the queue needs is the other's */
        }
    if (item->event.kind == RLV_EVENT_TIMER) /* it fired: whatever is set now is a new one */
        *(rlv_str_is(item->event.timer, "held") ? &entry->held_timer_was_ms : &entry->timer_was_ms) = 0;
    for (const rlv_decision *d = item->step.decisions.first; d; d = d->next) {
        if (rlv_decision_hands_off(d))
            entry->handoff = d;
        if (d->kind == RLV_DECIDED_SUMMARIZED)
            entry->card = d;
    }
}

static int step_rounds(rlv_batch *batch, rlv_stages *s, rlv_error *err)
{
    rlv_round r;
    int rc = rlv_round_init(&r, s->host, batch->arena, batch->n, err);
    r.caller = &s->caller;
    for (uint32_t round = 0; rc == RLV_OK; round++) {
        bool found = false;
        r.n = 0;
        for (size_t i = 0; i < batch->n; i++) {
            rlv_batch_item *item = &batch->items[i];
            if (item->dead || item->elsewhere || item->round != round)
                continue;
            item->step = (rlv_step){.policy = &s->config->policy,
                                    .arena = batch->arena,
                                    .conversation = item->entry ? &item->entry->conversation : NULL,
                                    .event = &item->event,
                                    .n_joins = item->n_joins,
                                    .has = s->has,
                                    .seq = batch->first_seq + (int64_t)i};
            for (int k = 0; k < item->n_joins; k++)
                item->step.joins[k] = &item->joins[k]->conversation;
            if (item->n_joins) {
                item->owner_was = item->entry->conversation.owner;
                item->epoch_was = item->entry->conversation.epoch;
                item->since_was_ms = item->entry->conversation.owner_since_ms;
            }
            found = true;
            if (item->given_up) {
                if (!rlv_scout_part(s->caller.scout, RLV_ROUND_PART_US, false) && rlv_rehearsed_deadly(s->caller.scout->outcome)) {
                    batch->died = item;
                    return rlv_error_set(err, RLV_E_DIED, "not even without what it says");
                }
                rlv_step_give_up(&item->step, rlv_str_from(item->given_up), !item->untold);
                continue;
            }
            r.steps[r.n++] = &item->step;
        }
        if (!found && round > 0)
            break;
        rc = rlv_round_run(&r, err);
        for (size_t i = 0; rc == RLV_E_DIED && i < batch->n; i++)
            if (&batch->items[i].step == r.died)
                batch->died = &batch->items[i];
        for (size_t i = 0; rc == RLV_OK && i < batch->n; i++)
            if (!batch->items[i].dead && !batch->items[i].elsewhere && batch->items[i].round == round)
                note(&batch->items[i]);
    }
    return rc;
}

/* The record, as it came, for the lane that has its conversation: one more record of its row. */
static int forward(rlv_batch_item *item, rlv_arena *arena, rlv_str *blob, rlv_error *err)
{
    size_t size = 4 + item->value.len;
    char *both = rlv_arena_alloc(arena, blob->len + 5 + size), *at = both;
    if (!both)
        return no_memory(err);
    memcpy(at, blob->ptr, blob->len);
    at += blob->len;
    *at++ = (char)RLV_TOPIC_RESULTS;
    for (int i = 0; i < 4; i++)
        *at++ = (char)(size >> (8 * i) & 0xFF);
    for (int i = 0; i < 4; i++)
        *at++ = (char)((uint32_t)item->lane >> (8 * i) & 0xFF);
    if (item->value.len)
        memcpy(at, item->value.ptr, item->value.len);
    *blob = (rlv_str){both, blob->len + 5 + size};
    return RLV_OK;
}

/* An event that a plugin's process did not survive is decided like any other, and is a dead letter besides: somebody should
   look at what it holds. The letter is one more record of its row. */
static int add_letter(rlv_arena *arena, const rlv_batch_item *item, rlv_str *blob, rlv_error *err)
{
    const rlv_answer *a = item->step.answers.first;
    while (a && !(a->kind == RLV_ANSWER_FAILURE && a->as.failure.fatal))
        a = a->next;
    if (!a || item->event.source.kind != RLV_SOURCE_TOPIC)
        return RLV_OK;
    rlv_batch_item copy = *item;
    rlv_str letter;
    copy.dead_class = "plugin_died";
    copy.dead = rlv_arena_printf(arena, "plugin %.*s did not survive it in %s: %.*s", RLV_STR_ARG(a->plugin),
                                 rlv_phase_name(a->as.failure.phase), RLV_STR_ARG(a->as.failure.reason));
    int rc = rlv_dead_pack(arena, &copy, &letter, err);
    if (rc != RLV_OK)
        return rc;
    char *both = rlv_arena_alloc(arena, blob->len + letter.len - 1);
    if (!both)
        return no_memory(err);
    memcpy(both, blob->ptr, blob->len);
    memcpy(both + blob->len, letter.ptr + 1, letter.len - 1); /* a blob's first byte is its version */
    *blob = (rlv_str){both, blob->len + letter.len - 1};
    return RLV_OK;
}

static int pack_one(rlv_batch *batch, const rlv_stages *s, size_t i, rlv_error *err)
{
    rlv_batch_item *item = &batch->items[i];
    rlv_outcome *o = &batch->outcomes[i];
    if (item->elsewhere) {
        item->step = (rlv_step){.arena = batch->arena, .event = &item->event};
        rlv_step_forward(&item->step);
    }
    *o = (rlv_outcome){.lane = s->lane,
                       .seq = batch->first_seq + (int64_t)i,
                       .config = s->config->hash,
                       .event = &item->event,
                       .message = item->step.message,
                       .conversation = item->entry ? &item->entry->conversation : NULL,
                       .decisions = item->step.decisions,
                       .begins = item->entry && item->round == 0 && item->entry->conversation.version == 0};
    int rc = item->dead ? rlv_dead_pack(batch->arena, item, &batch->decided[i], err)
                        : rlv_wire_pack(s->wire, batch->arena, o, &batch->decided[i], err);
    if (rc == RLV_OK && item->elsewhere)
        rc = forward(item, batch->arena, &batch->decided[i], err);
    else if (rc == RLV_OK && !item->dead)
        rc = add_letter(batch->arena, item, &batch->decided[i], err);
    return rc;
}

struct packing {
    rlv_batch *batch;
    const rlv_stages *stages;
};

static void rehearse_packing(void *packing, size_t i)
{
    const struct packing *p = packing;
    rlv_error err;
    const rlv_batch_entry *entry = p->batch->items[i].entry;
    rlv_str state;
    int ignored = pack_one(p->batch, p->stages, i, &err);
    if (entry && entry->changed)
        ignored = rlv_wire_encode_state(p->stages->wire, &entry->conversation, p->batch->arena, &state, &err);
    (void)ignored;
}

static int pack(rlv_batch *batch, const rlv_stages *s, rlv_error *err)
{
    int rc = RLV_OK;
    if (!rlv_scout_part(s->caller.scout, RLV_ROUND_PART_US, false)) {
        struct packing p = {batch, s};
        size_t died = rlv_rehearse_each(rehearse_packing, &p, batch->n, RLV_ROUND_PART_US, err);
        if (died < batch->n) {
            batch->died = &batch->items[died];
            return err->code = RLV_E_DIED;
        }
    }
    for (size_t i = 0; rc == RLV_OK && i < batch->n; i++)
        rc = pack_one(batch, s, i, err);
    for (size_t i = 0; rc == RLV_OK && i < batch->n_entries; i++) {
        rlv_batch_entry *e = batch->entries[i];
        if (!e->changed)
            continue;
        rlv_write *w = &batch->writes[batch->n_writes++];
        *w = (rlv_write){.conversation = &e->conversation,
                         .handoff = e->handoff,
                         .card = e->card,
                         .timer_was_ms = e->timer_was_ms,
                         .held_timer_was_ms = e->held_timer_was_ms};
        rc = rlv_wire_encode_state(s->wire, &e->conversation, batch->arena, &w->state, err);
    }
    return rc;
}

/* In the order of the events: a later one may join what an earlier one was joined to. */
static int list_joins(rlv_batch *batch, rlv_error *err)
{
    batch->joins = batch->n_joins ? rlv_arena_zalloc(batch->arena, batch->n_joins, sizeof(*batch->joins)) : NULL;
    if (batch->n_joins && !batch->joins)
        return no_memory(err);
    for (size_t i = 0; i < batch->n_joins; i++) {
        const rlv_batch_join *j = &batch->joined[i];
        batch->joins[i] = (rlv_join){.loser = j->loser->id,
                                     .survivor = j->into->id,
                                     .version = j->loser->conversation.version + j->loser->changed + j->nth,
                                     .take = j->loser->taken && j->nth == 0 && !j->into->handoff,
                                     .owner = j->item->owner_was,
                                     .epoch = j->item->epoch_was,
                                     .since_ms = j->item->since_was_ms,
                                     .at_ms = j->item->event.at_ms};
    }
    return RLV_OK;
}

int rlv_batch_step(rlv_batch *batch, rlv_stages *s, int64_t first_seq, rlv_error *err)
{
    batch->first_seq = first_seq;
    batch->died = NULL;
    batch->n_writes = 0;
    batch->outcomes = rlv_arena_zalloc(batch->arena, batch->n + 1, sizeof(*batch->outcomes));
    batch->decided = rlv_arena_zalloc(batch->arena, batch->n + 1, sizeof(*batch->decided));
    batch->writes = rlv_arena_zalloc(batch->arena, batch->n_entries + 1, sizeof(*batch->writes));
    if (!batch->outcomes || !batch->decided || !batch->writes)
        return no_memory(err);
    int rc = step_rounds(batch, s, err);
    if (rc == RLV_OK)
        rc = pack(batch, s, err);
    if (rc == RLV_OK)
        rc = list_joins(batch, err);
    /* The pure core says nothing of a full arena: what it decided is then incomplete. */
    if (rc == RLV_OK && rlv_arena_overflowed(batch->arena))
        rc = no_memory(err);
    rlv_scout_stop(s->caller.scout);
    batch->stepped = rc == RLV_OK;
    return rc;
}

static int compare_with_write(const void *id, const void *write)
{
    return memcmp(id, &((const rlv_write *)write)->conversation->id, sizeof(rlv_id));
}

bool rlv_batch_follows(const rlv_batch *batch, const rlv_batch *before)
{
    if (batch->n_joins || before->n_joins)
        return false;
    for (size_t i = 0; i < batch->n_entries; i++) {
        const rlv_batch_entry *e = batch->entries[i];
        const rlv_write *w = bsearch(&e->id, before->writes, before->n_writes, sizeof(*w), compare_with_write);
        if (w && e->conversation.version != w->conversation->version + 1)
            return false; /* it is not as that one left it */
    }
    return true;
}

/* ---- the cache ------------------------------------------------------------------------------------------------- */

void rlv_batch_remember(const rlv_batch *batch, const rlv_stages *s)
{
    for (size_t i = 0; i < batch->n_writes; i++) {
        const rlv_conversation *conv = batch->writes[i].conversation;
        if (!rlv_id_none(conv->forward)) { /* only an identity; a copy of what it was would be believed by a duplicate */
            rlv_cache_drop(s->cache, conv->id);
            continue;
        }
        rlv_stored stored = {.id = conv->id,
                             .lane = conv->lane,
                             .version = conv->version + 1,
                             .owner = conv->owner,
                             .epoch = conv->epoch,
                             .owner_since_ms = conv->owner_since_ms,
                             .agent_id = conv->agent_id,
                             .team = conv->team,
                             .tags = conv->tags,
                             .state = batch->writes[i].state};
        rlv_cache_put(s->cache, &stored);
    }
    for (size_t i = 0; i < batch->n_joins; i++)
        rlv_cache_drop(s->cache, batch->joins[i].loser);
}

void rlv_batch_forget(rlv_batch *batch, const rlv_stages *s)
{
    batch->stepped = false;
    for (size_t i = 0; i < batch->n_entries; i++)
        rlv_cache_drop(s->cache, batch->entries[i]->id);
}
