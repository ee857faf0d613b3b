/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation's state: the blob in Postgres. Must never hold what is a column beside it: one truth for
   each thing. */
#include "wire/get.h"
#include "wire/put.h"
#include "wire/read.h"

enum { TURN_BY, TURN_AT, TURN_MESSAGE_ID, TURN_TEXT, TURN_FIELDS };
enum { SLOT_NAME, SLOT_VALUE, SLOT_MESSAGE_ID, SLOT_WAS, SLOT_FIELDS };
enum { COOLING_TRIGGER, COOLING_UNTIL, COOLING_FIELDS };
enum { MEMORY_PLUGIN, MEMORY_BYTES, MEMORY_FIELDS };
enum { SERVED_AT, SERVED_PRIORITY, SERVED_SCORE, SERVED_TRIGGER, SERVED_REASON, SERVED_EVIDENCE, SERVED_FIELDS };
enum { PAST_AT, PAST_ENDED_AT, PAST_ENDED, PAST_TRIGGER, PAST_REASON, PAST_AGENT, PAST_NOTE, PAST_SCORE, PAST_FIELDS };
enum {
    HELD_MESSAGES,
    HELD_EPOCH,
    HELD_SINCE,
    HELD_DUE,
    HELD_EFFECT,
    HELD_BY,
    HELD_MESSAGE_ID,
    HELD_TYPE,
    HELD_TEXT,
    HELD_REPLY_ID,
    HELD_MEDIA_ID,
    HELD_SENT,
    HELD_WORDLESS,
    HELD_FIELDS
};

static const struct rlv_field turn_fields[TURN_FIELDS] = {
    [TURN_BY] = {"by", 'i'},
    [TURN_AT] = {"at_ms", 'i'},
    [TURN_MESSAGE_ID] = {"message_id", 's'},
    [TURN_TEXT] = {"text", 's'},
};
static const struct rlv_field slot_fields[SLOT_FIELDS] = {
    [SLOT_NAME] = {"name", 's'},
    [SLOT_VALUE] = {"value", 's'},
    [SLOT_MESSAGE_ID] = {"message_id", 's'},
    [SLOT_WAS] = {"was", 's'},
};
static const struct rlv_field cooling_fields[COOLING_FIELDS] = {
    [COOLING_TRIGGER] = {"trigger", 's'},
    [COOLING_UNTIL] = {"until_ms", 'i'},
};
static const struct rlv_field memory_fields[MEMORY_FIELDS] = {
    [MEMORY_PLUGIN] = {"plugin", 's'},
    [MEMORY_BYTES] = {"bytes", 'b'},
};
static const struct rlv_field held_fields[HELD_FIELDS] = {
    [HELD_MESSAGES] = {"messages", 'i'},
    [HELD_EPOCH] = {"epoch", 'i'},
    [HELD_SINCE] = {"since_ms", 'i'},
    [HELD_DUE] = {"due_ms", 'i'},
    [HELD_EFFECT] = {"effect", 's'},
    [HELD_BY] = {"by", 'a'},
    [HELD_MESSAGE_ID] = {"message_id", 's'},
    [HELD_TYPE] = {"type", 's'},
    [HELD_TEXT] = {"text", 's'},
    [HELD_REPLY_ID] = {"reply_id", 's'},
    [HELD_MEDIA_ID] = {"media_id", 's'},
    [HELD_SENT] = {"sent_ms", 'i'},
    [HELD_WORDLESS] = {"wordless", 's'},
};

static const struct rlv_field served_fields[SERVED_FIELDS] = {
    [SERVED_AT] = {"at_ms", 'i'},
    [SERVED_PRIORITY] = {"priority", 'i'},
    [SERVED_SCORE] = {"score", 'd'},
    [SERVED_TRIGGER] = {"trigger", 's'},
    [SERVED_REASON] = {"reason", 's'},
    [SERVED_EVIDENCE] = {"evidence", 's'},
};
static const struct rlv_field past_fields[PAST_FIELDS] = {
    [PAST_AT] = {"at_ms", 'i'},
    [PAST_ENDED_AT] = {"ended_ms", 'i'},
    [PAST_ENDED] = {"ended", 'i'},
    [PAST_TRIGGER] = {"trigger", 's'},
    [PAST_REASON] = {"reason", 's'},
    [PAST_AGENT] = {"agent", 's'},
    [PAST_NOTE] = {"note", 's'},
    [PAST_SCORE] = {"score", 'i'},
};

static const struct rlv_shape turn = {"Turn", turn_fields, TURN_FIELDS, 1};
static const struct rlv_shape slot = {"Slot", slot_fields, SLOT_FIELDS, 2};
static const struct rlv_shape cooling = {"Cooling", cooling_fields, COOLING_FIELDS, 3};
static const struct rlv_shape memory = {"Memory", memory_fields, MEMORY_FIELDS, 4};
static const struct rlv_shape held = {"Held", held_fields, HELD_FIELDS, 5};
static const struct rlv_shape served = {"Served", served_fields, SERVED_FIELDS, 6};
static const struct rlv_shape past = {"Past", past_fields, PAST_FIELDS, 7};

enum {
    ST_PHONE_NUMBER_ID,
    ST_WA_ID,
    ST_USER_ID,
    ST_CUSTOMER_NAME,
    ST_OWNER_SINCE,
    ST_DECIDED_OWNER,
    ST_DECIDED_EPOCH,
    ST_OPENED,
    ST_LAST_IN,
    ST_IDLE_TIMER,
    ST_CASES,
    ST_STRETCH,
    ST_LANGUAGE,
    ST_MESSAGES,
    ST_MISSES,
    ST_REPEATS,
    ST_LAST_QUESTION,
    ST_OPEN_QUESTION,
    ST_TRIED,
    ST_TREND,
    ST_TURNS,
    ST_SLOTS,
    ST_COOLING,
    ST_MEMORIES,
    ST_RECENT,
    ST_ASKED,
    ST_HELD,
    ST_HELD_TIMER,
    ST_SERVED,
    ST_PAST,
    ST_FIELDS
};

static const struct rlv_field state_fields[ST_FIELDS] = {
    [ST_PHONE_NUMBER_ID] = {"phone_number_id", 's'},
    [ST_WA_ID] = {"wa_id", 's'},
    [ST_USER_ID] = {"user_id", 's'},
    [ST_CUSTOMER_NAME] = {"customer_name", 's'},
    [ST_OWNER_SINCE] = {"owner_since_ms", 'i'},
    [ST_DECIDED_OWNER] = {"decided_owner", 'i'},
    [ST_DECIDED_EPOCH] = {"decided_epoch", 'i'},
    [ST_OPENED] = {"opened_ms", 'i'},
    [ST_LAST_IN] = {"last_in_ms", 'i'},
    [ST_IDLE_TIMER] = {"idle_timer_ms", 'i'},
    [ST_CASES] = {"cases", 'i'},
    [ST_STRETCH] = {"stretch", 'i'},
    [ST_LANGUAGE] = {"language", 's'},
    [ST_MESSAGES] = {"messages", 'i'},
    [ST_MISSES] = {"misses", 'i'},
    [ST_REPEATS] = {"repeats", 'i'},
    [ST_LAST_QUESTION] = {"last_question", 'i'},
    [ST_OPEN_QUESTION] = {"open_question", 's'},
    [ST_TRIED] = {"tried", 'a'},
    [ST_TREND] = {"trend", 'a'},
    [ST_TURNS] = {"turns", 'a', .items = &turn},
    [ST_SLOTS] = {"slots", 'a', .items = &slot},
    [ST_COOLING] = {"cooling", 'a', .items = &cooling},
    [ST_MEMORIES] = {"memories", 'a', .items = &memory},
    [ST_RECENT] = {"recent", 'b'},
    [ST_ASKED] = {"asked", 'i'},
    [ST_HELD] = {"held", 'a', .items = &held},
    [ST_HELD_TIMER] = {"held_timer_ms", 'i'},
    [ST_SERVED] = {"served", 'a', .items = &served},
    [ST_PAST] = {"past", 'a', .items = &past},
};

const struct rlv_shape rlv_shape_state = {"ConversationState", state_fields, ST_FIELDS, 0};

/* ---- reading ---- */

/* An array of which we keep at most max items: the newest, which are last. A later version may have kept
   more. */
static size_t newest(const struct rlv_take *t, int i, size_t max, avro_value_t *ret_array, int32_t *ret_n)
{
    size_t n = rlv_take_array(t, i, ret_array);
    *ret_n = (int32_t)(n < max ? n : max);
    return n - (size_t)*ret_n;
}

static void read_digest(struct rlv_take *t, rlv_conversation *c)
{
    avro_value_t array;
    size_t skip = newest(t, ST_TRIED, RLV_TRIED_MAX, &array, &c->n_tried);
    for (size_t k = 0; k < (size_t)c->n_tried; k++)
        c->tried[k] = rlv_item_text(t, ST_TRIED, &array, skip + k);
    skip = newest(t, ST_TREND, RLV_TREND_MAX, &array, &c->n_trend);
    for (size_t k = 0; k < (size_t)c->n_trend; k++)
        c->trend[k] = rlv_item_double(&array, skip + k);
}

static void read_turns(struct rlv_take *t, rlv_conversation *c)
{
    avro_value_t array;
    size_t skip = newest(t, ST_TURNS, RLV_TURNS_MAX, &array, &c->n_turns);
    for (size_t k = 0; k < (size_t)c->n_turns; k++) {
        struct rlv_take item = rlv_take_item(t, ST_TURNS, &array, skip + k);
        c->turns[k] = (rlv_turn){
            .by = (int32_t)rlv_take_int(&item, TURN_BY),
            .at_ms = rlv_take_int(&item, TURN_AT),
            .message_id = rlv_take_text(&item, TURN_MESSAGE_ID),
            .text = rlv_take_text(&item, TURN_TEXT),
        };
        t->bad = item.bad;
    }
}

static void read_slots(struct rlv_take *t, rlv_conversation *c)
{
    avro_value_t array;
    size_t skip = newest(t, ST_SLOTS, RLV_SLOTS_MAX, &array, &c->n_slots);
    for (size_t k = 0; k < (size_t)c->n_slots; k++) {
        struct rlv_take item = rlv_take_item(t, ST_SLOTS, &array, skip + k);
        c->slots[k] = (rlv_slot){
            .name = rlv_take_text(&item, SLOT_NAME),
            .value = rlv_take_text(&item, SLOT_VALUE),
            .message_id = rlv_take_text(&item, SLOT_MESSAGE_ID),
            .was = rlv_take_text(&item, SLOT_WAS),
        };
        t->bad = item.bad;
    }
}

static void read_plugins(struct rlv_take *t, rlv_conversation *c)
{
    avro_value_t array;
    size_t skip = newest(t, ST_COOLING, RLV_COOLING_MAX, &array, &c->n_cooling);
    for (size_t k = 0; k < (size_t)c->n_cooling; k++) {
        struct rlv_take item = rlv_take_item(t, ST_COOLING, &array, skip + k);
        c->cooling[k].trigger = rlv_take_text(&item, COOLING_TRIGGER);
        c->cooling[k].until_ms = rlv_take_int(&item, COOLING_UNTIL);
        t->bad = item.bad;
    }
    skip = newest(t, ST_MEMORIES, RLV_MEMORIES_MAX, &array, &c->n_memories);
    for (size_t k = 0; k < (size_t)c->n_memories; k++) {
        struct rlv_take item = rlv_take_item(t, ST_MEMORIES, &array, skip + k);
        c->memories[k].plugin = rlv_take_text(&item, MEMORY_PLUGIN);
        c->memories[k].bytes = rlv_take_bytes(&item, MEMORY_BYTES);
        t->bad = item.bad;
    }
}

static void read_recent(const struct rlv_take *t, rlv_conversation *c)
{
    rlv_str bytes = rlv_take_bytes(t, ST_RECENT);
    size_t n = bytes.len / 8, skip = n > RLV_RECENT_MAX ? n - RLV_RECENT_MAX : 0;
    c->n_recent = (int32_t)(n - skip);
    for (size_t k = 0; k < n - skip; k++) {
        const unsigned char *p = (const unsigned char *)bytes.ptr + 8 * (skip + k);
        c->recent[k] = 0;
        for (int i = 7; i >= 0; i--)
            c->recent[k] = c->recent[k] << 8 | p[i];
    }
}

static void read_held(struct rlv_take *t, rlv_conversation *c)
{
    avro_value_t array, names;
    int32_t n;
    size_t skip = newest(t, ST_HELD, 1, &array, &n);
    if (n == 0)
        return;
    struct rlv_take item = rlv_take_item(t, ST_HELD, &array, skip);
    rlv_held_message *h = &c->held;
    h->messages = (int32_t)rlv_take_int(&item, HELD_MESSAGES);
    h->epoch = rlv_take_int(&item, HELD_EPOCH);
    h->since_ms = rlv_take_int(&item, HELD_SINCE);
    h->due_ms = rlv_take_int(&item, HELD_DUE);
    rlv_str effect = rlv_take_text(&item, HELD_EFFECT);
    if (effect.len && !rlv_id_parse(effect, &h->effect) && !item.bad)
        item.bad = "effect";
    skip = newest(&item, HELD_BY, RLV_HELD_BY_MAX, &names, &h->n_by);
    for (size_t k = 0; k < (size_t)h->n_by; k++)
        h->by[k] = rlv_item_text(&item, HELD_BY, &names, skip + k);
    h->message_id = rlv_take_text(&item, HELD_MESSAGE_ID);
    h->type = rlv_take_text(&item, HELD_TYPE);
    h->text = rlv_take_text(&item, HELD_TEXT);
    h->reply_id = rlv_take_text(&item, HELD_REPLY_ID);
    h->media_id = rlv_take_text(&item, HELD_MEDIA_ID);
    h->sent_ms = rlv_take_int(&item, HELD_SENT);
    h->wordless = rlv_take_text(&item, HELD_WORDLESS);
    t->bad = item.bad;
}

static void read_served(struct rlv_take *t, rlv_conversation *c)
{
    avro_value_t array;
    int32_t n;
    size_t skip = newest(t, ST_SERVED, 1, &array, &n);
    if (n == 0)
        return;
    struct rlv_take item = rlv_take_item(t, ST_SERVED, &array, skip);
    c->served = (rlv_served){
        .at_ms = rlv_take_int(&item, SERVED_AT),
        .priority = (int32_t)rlv_take_int(&item, SERVED_PRIORITY),
        .score = rlv_take_double(&item, SERVED_SCORE),
        .trigger = rlv_take_text(&item, SERVED_TRIGGER),
        .reason = rlv_take_text(&item, SERVED_REASON),
        .evidence = rlv_take_text(&item, SERVED_EVIDENCE),
    };
    t->bad = item.bad;
}

static void read_past(struct rlv_take *t, rlv_conversation *c)
{
    avro_value_t array;
    size_t skip = newest(t, ST_PAST, RLV_PAST_MAX, &array, &c->n_past);
    for (size_t k = 0; k < (size_t)c->n_past; k++) {
        struct rlv_take item = rlv_take_item(t, ST_PAST, &array, skip + k);
        c->past[k] = (rlv_bygone){
            .at_ms = rlv_take_int(&item, PAST_AT),
            .ended_ms = rlv_take_int(&item, PAST_ENDED_AT),
            .ended = (enum rlv_owner)rlv_take_int(&item, PAST_ENDED),
            .trigger = rlv_take_text(&item, PAST_TRIGGER),
            .reason = rlv_take_text(&item, PAST_REASON),
            .agent = rlv_take_text(&item, PAST_AGENT),
            .note = rlv_take_text(&item, PAST_NOTE),
            .score = (int32_t)rlv_take_int(&item, PAST_SCORE),
        };
        t->bad = item.bad;
    }
}

/* ---- reading our own, of the current schema ---- */

static void get_plugins(struct rlv_get *g, rlv_conversation *c)
{
    c->n_slots = rlv_get_array(g, RLV_SLOTS_MAX);
    for (int k = 0; k < c->n_slots; k++) {
        c->slots[k].name = rlv_get_text(g);
        c->slots[k].value = rlv_get_text(g);
        c->slots[k].message_id = rlv_get_text(g);
        c->slots[k].was = rlv_get_text(g);
    }
    rlv_get_array_end(g, c->n_slots);
    c->n_cooling = rlv_get_array(g, RLV_COOLING_MAX);
    for (int k = 0; k < c->n_cooling; k++) {
        c->cooling[k].trigger = rlv_get_text(g);
        c->cooling[k].until_ms = rlv_get_long(g);
    }
    rlv_get_array_end(g, c->n_cooling);
    c->n_memories = rlv_get_array(g, RLV_MEMORIES_MAX);
    for (int k = 0; k < c->n_memories; k++) {
        c->memories[k].plugin = rlv_get_text(g);
        c->memories[k].bytes = rlv_get_bytes(g);
    }
    rlv_get_array_end(g, c->n_memories);
}

static void get_digest(struct rlv_get *g, rlv_conversation *c)
{
    c->n_tried = rlv_get_array(g, RLV_TRIED_MAX);
    for (int k = 0; k < c->n_tried; k++)
        c->tried[k] = rlv_get_text(g);
    rlv_get_array_end(g, c->n_tried);
    c->n_trend = rlv_get_array(g, RLV_TREND_MAX);
    for (int k = 0; k < c->n_trend; k++)
        c->trend[k] = rlv_get_double(g);
    rlv_get_array_end(g, c->n_trend);
    c->n_turns = rlv_get_array(g, RLV_TURNS_MAX);
    for (int k = 0; k < c->n_turns; k++) {
        c->turns[k].by = rlv_get_int(g);
        c->turns[k].at_ms = rlv_get_long(g);
        c->turns[k].message_id = rlv_get_text(g);
        c->turns[k].text = rlv_get_text(g);
    }
    rlv_get_array_end(g, c->n_turns);
}

static void get_recent(struct rlv_get *g, rlv_conversation *c)
{
    rlv_str bytes = rlv_get_bytes(g);
    g->bad |= bytes.len % 8 != 0 || bytes.len / 8 > RLV_RECENT_MAX;
    c->n_recent = g->bad ? 0 : (int32_t)(bytes.len / 8);
    for (int k = 0; k < c->n_recent; k++) {
        c->recent[k] = 0;
        for (int i = 7; i >= 0; i--)
            c->recent[k] = c->recent[k] << 8 | (unsigned char)bytes.ptr[8 * k + i];
    }
}

static void get_held(struct rlv_get *g, rlv_conversation *c)
{
    rlv_held_message *h = &c->held;
    int32_t n = rlv_get_array(g, 1);
    if (n) {
        h->messages = rlv_get_int(g);
        h->epoch = rlv_get_long(g);
        h->since_ms = rlv_get_long(g);
        h->due_ms = rlv_get_long(g);
        rlv_str effect = rlv_get_text(g);
        g->bad |= effect.len && !rlv_id_parse(effect, &h->effect);
        h->n_by = rlv_get_array(g, RLV_HELD_BY_MAX);
        for (int k = 0; k < h->n_by; k++)
            h->by[k] = rlv_get_text(g);
        rlv_get_array_end(g, h->n_by);
        h->message_id = rlv_get_text(g);
        h->type = rlv_get_text(g);
        h->text = rlv_get_text(g);
        h->reply_id = rlv_get_text(g);
        h->media_id = rlv_get_text(g);
        h->sent_ms = rlv_get_long(g);
        h->wordless = rlv_get_text(g);
    }
    rlv_get_array_end(g, n);
}

static void get_served(struct rlv_get *g, rlv_conversation *c)
{
    int32_t n = rlv_get_array(g, 1);
    if (n) {
        c->served.at_ms = rlv_get_long(g);
        c->served.priority = rlv_get_int(g);
        c->served.score = rlv_get_double(g);
        c->served.trigger = rlv_get_text(g);
        c->served.reason = rlv_get_text(g);
        c->served.evidence = rlv_get_text(g);
    }
    rlv_get_array_end(g, n);
    c->n_past = rlv_get_array(g, RLV_PAST_MAX);
    for (int k = 0; k < c->n_past; k++) {
        c->past[k].at_ms = rlv_get_long(g);
        c->past[k].ended_ms = rlv_get_long(g);
        c->past[k].ended = (enum rlv_owner)rlv_get_int(g);
        c->past[k].trigger = rlv_get_text(g);
        c->past[k].reason = rlv_get_text(g);
        c->past[k].agent = rlv_get_text(g);
        c->past[k].note = rlv_get_text(g);
        c->past[k].score = rlv_get_int(g);
    }
    rlv_get_array_end(g, c->n_past);
}

/* False when anything is not as put below: then avro-c reads it, and knows what is wrong. */
static bool get_state(const rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_conversation *c)
{
    if (bytes.len < RLV_MARK_LEN || memcmp(bytes.ptr, wire->marks[RLV_TYPE_STATE], RLV_MARK_LEN) != 0)
        return false;
    bytes = rlv_arena_copy(arena, bytes); /* what it gives lives as long as the arena */
    if (!bytes.ptr)
        return false;
    struct rlv_get g = {(const unsigned char *)bytes.ptr + RLV_MARK_LEN, (const unsigned char *)bytes.ptr + bytes.len,
                        false};
    c->phone_number_id = rlv_get_text(&g);
    c->wa_id = rlv_get_text(&g);
    c->user_id = rlv_get_text(&g);
    c->customer_name = rlv_get_text(&g);
    c->owner_since_ms = rlv_get_long(&g);
    c->decided_owner = (enum rlv_owner)rlv_get_int(&g);
    c->decided_epoch = rlv_get_long(&g);
    c->opened_ms = rlv_get_long(&g);
    c->last_in_ms = rlv_get_long(&g);
    c->idle_timer_ms = rlv_get_long(&g);
    c->cases = rlv_get_int(&g);
    c->stretch = rlv_get_int(&g);
    c->language = rlv_get_text(&g);
    c->messages = rlv_get_int(&g);
    c->misses = rlv_get_int(&g);
    c->repeats = rlv_get_int(&g);
    c->last_question = (uint64_t)rlv_get_long(&g);
    c->open_question = rlv_get_text(&g);
    get_digest(&g, c);
    get_plugins(&g, c);
    get_recent(&g, c);
    c->asked = rlv_get_int(&g) != 0;
    get_held(&g, c);
    c->held_timer_ms = rlv_get_long(&g);
    get_served(&g, c);
    return !g.bad && g.at == g.end;
}

int rlv_wire_decode_state(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_conversation *into,
                          rlv_error *err)
{
    if (get_state(wire, arena, bytes, into))
        return RLV_OK;
    struct rlv_take t;
    int rc = rlv_read(wire, arena, bytes, RLV_TYPE_STATE, &rlv_shape_state, &t, err);
    if (rc)
        return rc;
    into->phone_number_id = rlv_take_text(&t, ST_PHONE_NUMBER_ID);
    into->wa_id = rlv_take_text(&t, ST_WA_ID);
    into->user_id = rlv_take_text(&t, ST_USER_ID);
    into->customer_name = rlv_take_text(&t, ST_CUSTOMER_NAME);
    into->owner_since_ms = rlv_take_int(&t, ST_OWNER_SINCE);
    into->decided_owner = (enum rlv_owner)rlv_take_int(&t, ST_DECIDED_OWNER);
    into->decided_epoch = rlv_take_int(&t, ST_DECIDED_EPOCH);
    into->opened_ms = rlv_take_int(&t, ST_OPENED);
    into->last_in_ms = rlv_take_int(&t, ST_LAST_IN);
    into->idle_timer_ms = rlv_take_int(&t, ST_IDLE_TIMER);
    into->cases = (int32_t)rlv_take_int(&t, ST_CASES);
    into->stretch = (int32_t)rlv_take_int(&t, ST_STRETCH);
    into->language = rlv_take_text(&t, ST_LANGUAGE);
    into->messages = (int32_t)rlv_take_int(&t, ST_MESSAGES);
    into->misses = (int32_t)rlv_take_int(&t, ST_MISSES);
    into->repeats = (int32_t)rlv_take_int(&t, ST_REPEATS);
    into->last_question = (uint64_t)rlv_take_int(&t, ST_LAST_QUESTION);
    into->open_question = rlv_take_text(&t, ST_OPEN_QUESTION);
    read_digest(&t, into);
    read_turns(&t, into);
    read_slots(&t, into);
    read_plugins(&t, into);
    read_recent(&t, into);
    into->asked = rlv_take_int(&t, ST_ASKED) != 0;
    read_held(&t, into);
    into->held_timer_ms = rlv_take_int(&t, ST_HELD_TIMER);
    read_served(&t, into);
    read_past(&t, into);
    return rlv_read_end(&t, err);
}

/* ---- writing ---- */

static void put_digest(rlv_buf *out, const rlv_conversation *c)
{
    rlv_put_array(out, (size_t)c->n_tried);
    for (int k = 0; k < c->n_tried; k++)
        rlv_put_str(out, c->tried[k]);
    rlv_put_array_end(out);
    rlv_put_array(out, (size_t)c->n_trend);
    for (int k = 0; k < c->n_trend; k++)
        rlv_put_double(out, c->trend[k]);
    rlv_put_array_end(out);
}

static void put_turns(rlv_buf *out, const rlv_conversation *c)
{
    rlv_put_array(out, (size_t)c->n_turns);
    for (int k = 0; k < c->n_turns; k++) {
        rlv_put_long(out, c->turns[k].by);
        rlv_put_long(out, c->turns[k].at_ms);
        rlv_put_str(out, c->turns[k].message_id);
        rlv_put_str(out, c->turns[k].text);
    }
    rlv_put_array_end(out);
}

static void put_slots(rlv_buf *out, const rlv_conversation *c)
{
    rlv_put_array(out, (size_t)c->n_slots);
    for (int k = 0; k < c->n_slots; k++) {
        rlv_put_str(out, c->slots[k].name);
        rlv_put_str(out, c->slots[k].value);
        rlv_put_str(out, c->slots[k].message_id);
        rlv_put_str(out, c->slots[k].was);
    }
    rlv_put_array_end(out);
}

static void put_plugins(rlv_buf *out, const rlv_conversation *c)
{
    rlv_put_array(out, (size_t)c->n_cooling);
    for (int k = 0; k < c->n_cooling; k++) {
        rlv_put_str(out, c->cooling[k].trigger);
        rlv_put_long(out, c->cooling[k].until_ms);
    }
    rlv_put_array_end(out);
    rlv_put_array(out, (size_t)c->n_memories);
    for (int k = 0; k < c->n_memories; k++) {
        rlv_put_str(out, c->memories[k].plugin);
        rlv_put_str(out, c->memories[k].bytes);
    }
    rlv_put_array_end(out);
}

static void put_recent(rlv_buf *out, const rlv_conversation *c)
{
    rlv_put_long(out, 8 * (int64_t)c->n_recent);
    for (int k = 0; k < c->n_recent; k++) {
        char bytes[8];
        for (int i = 0; i < 8; i++)
            bytes[i] = (char)(c->recent[k] >> (8 * i) & 0xFF);
        rlv_buf_append(out, bytes, sizeof(bytes));
    }
}

static void put_held(rlv_buf *out, const rlv_conversation *c)
{
    const rlv_held_message *h = &c->held;
    char effect[RLV_ID_TEXT + 1];
    rlv_put_array(out, h->messages > 0);
    if (h->messages > 0) {
        rlv_id_text(h->effect, effect);
        rlv_put_long(out, h->messages);
        rlv_put_long(out, h->epoch);
        rlv_put_long(out, h->since_ms);
        rlv_put_long(out, h->due_ms);
        rlv_put_str(out, (rlv_str){effect, rlv_id_none(h->effect) ? 0 : RLV_ID_TEXT});
        rlv_put_array(out, (size_t)h->n_by);
        for (int k = 0; k < h->n_by; k++)
            rlv_put_str(out, h->by[k]);
        rlv_put_array_end(out);
        rlv_put_str(out, h->message_id);
        rlv_put_str(out, h->type);
        rlv_put_str(out, h->text);
        rlv_put_str(out, h->reply_id);
        rlv_put_str(out, h->media_id);
        rlv_put_long(out, h->sent_ms);
        rlv_put_str(out, h->wordless);
    }
    rlv_put_array_end(out);
}

static void put_served(rlv_buf *out, const rlv_conversation *c)
{
    const rlv_served *s = &c->served;
    rlv_put_array(out, s->at_ms > 0);
    if (s->at_ms > 0) {
        rlv_put_long(out, s->at_ms);
        rlv_put_long(out, s->priority);
        rlv_put_double(out, s->score);
        rlv_put_str(out, s->trigger);
        rlv_put_str(out, s->reason);
        rlv_put_str(out, s->evidence);
    }
    rlv_put_array_end(out);
    rlv_put_array(out, (size_t)c->n_past);
    for (int k = 0; k < c->n_past; k++) {
        const rlv_bygone *p = &c->past[k];
        rlv_put_long(out, p->at_ms);
        rlv_put_long(out, p->ended_ms);
        rlv_put_long(out, (int64_t)p->ended);
        rlv_put_str(out, p->trigger);
        rlv_put_str(out, p->reason);
        rlv_put_str(out, p->agent);
        rlv_put_str(out, p->note);
        rlv_put_long(out, p->score);
    }
    rlv_put_array_end(out);
}

int rlv_wire_encode_state(rlv_wire *wire, const rlv_conversation *conv, rlv_arena *arena, rlv_str *ret,
                          rlv_error *err)
{
    rlv_buf *out = &wire->scratch;
    rlv_buf_reset(out);
    rlv_buf_append(out, wire->marks[RLV_TYPE_STATE], RLV_MARK_LEN);
    rlv_put_str(out, conv->phone_number_id);
    rlv_put_str(out, conv->wa_id);
    rlv_put_str(out, conv->user_id);
    rlv_put_str(out, conv->customer_name);
    rlv_put_long(out, conv->owner_since_ms);
    rlv_put_long(out, conv->decided_owner);
    rlv_put_long(out, conv->decided_epoch);
    rlv_put_long(out, conv->opened_ms);
    rlv_put_long(out, conv->last_in_ms);
    rlv_put_long(out, conv->idle_timer_ms);
    rlv_put_long(out, conv->cases);
    rlv_put_long(out, conv->stretch);
    rlv_put_str(out, conv->language);
    rlv_put_long(out, conv->messages);
    rlv_put_long(out, conv->misses);
    rlv_put_long(out, conv->repeats);
    rlv_put_long(out, (int64_t)conv->last_question);
    rlv_put_str(out, conv->open_question);
    put_digest(out, conv);
    put_turns(out, conv);
    put_slots(out, conv);
    put_plugins(out, conv);
    put_recent(out, conv);
    rlv_put_long(out, conv->asked);
    put_held(out, conv);
    rlv_put_long(out, conv->held_timer_ms);
    put_served(out, conv);
    rlv_str bytes = out->failed ? (rlv_str){NULL, 0} : rlv_arena_copy(arena, rlv_buf_view(out));
    if (bytes.len == 0)
        return rlv_error_set(err, RLV_E_LIMIT, "no room left in the batch for a conversation's state");
    *ret = bytes;
    return RLV_OK;
}
