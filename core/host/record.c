/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plugin said, as records in a response; see ring.h. Both directions walk one table. Reading is the
 * wall between a plugin and us: every length is compared with what is left before it is used, every answer is
 * judged again by the collector, and the first thing that an honest process would not have written voids the
 * whole.
 */
#include "host/ring.h"

#include <stdlib.h>

enum {
    RECORD_LINE = 100,
    RECORD_REFUSALS = 101,
    NUMBERS_MAX = 5,
    INTEGERS_MAX = 2,
    TEXTS_MAX = 6,
    CHOICE_TEXTS = 3,
    ALL_TEXTS_MAX = TEXTS_MAX + (RLV_HOST_SKILLS_MAX > CHOICE_TEXTS * (int)RELEVO_CHOICES_MAX
                                     ? RLV_HOST_SKILLS_MAX
                                     : CHOICE_TEXTS * (int)RELEVO_CHOICES_MAX),
    WHY_MAX = 120,
    COPY_LEAST = 64 * 1024,
    LINE_MAX_BYTES = 1100 /* a little more than the collector writes of a line */
};

/* The head of a record; n_texts lengths (uint32_t) follow, then the texts, then up to 7 bytes to the next
 * one. */
struct record {
    uint32_t size; /* of all of it, a multiple of 8 */
    uint32_t kind; /* RELEVO_ANSWER_* or RECORD_* */
    uint32_t view;
    uint32_t n_texts;
    uint32_t integers[INTEGERS_MAX];
    double numbers[NUMBERS_MAX];
};

#define AT(kind, field) (uint16_t) offsetof(relevo_answer_##kind, field)

/* Where the numbers, integers and texts of each answer lie. A route's skills come behind its texts, and so
   do a reply's choices, three texts each. */
static const struct shape {
    uint16_t size;
    uint8_t n_numbers, n_integers, n_texts;
    uint16_t numbers[NUMBERS_MAX], integers[INTEGERS_MAX], texts[TEXTS_MAX];
} shapes[] = {
    [RELEVO_ANSWER_READING] = {sizeof(relevo_answer_reading),
                               5,
                               0,
                               2,
                               {AT(reading, reading.confidence), AT(reading, reading.out_of_scope),
                                AT(reading, reading.sentiment), AT(reading, reading.anger),
                                AT(reading, reading.wants_person)},
                               {0},
                               {AT(reading, reading.language), AT(reading, reading.intent)}},
    [RELEVO_ANSWER_TRIGGER] = {sizeof(relevo_answer_trigger),
                               2,
                               1,
                               2,
                               {AT(trigger, score), AT(trigger, unless_answered)},
                               {AT(trigger, asked)},
                               {AT(trigger, evidence), AT(trigger, reason)}},
    [RELEVO_ANSWER_REPLY] = {sizeof(relevo_answer_reply),
                             1,
                             1,
                             5,
                             {AT(reply, confidence)},
                             {AT(reply, flags)},
                             {AT(reply, text), AT(reply, source), AT(reply, menu), AT(reply, media_kind),
                              AT(reply, media_url)}},
    [RELEVO_ANSWER_ABSTAIN] =
        {sizeof(relevo_answer_abstain), 1, 0, 1, {AT(abstain, best)}, {0}, {AT(abstain, reason)}},
    [RELEVO_ANSWER_SLOT] = {sizeof(relevo_answer_slot), 0, 1, 2, {0}, {AT(slot, amends)}, {AT(slot, name), AT(slot, value)}},
    [RELEVO_ANSWER_ROUTE] = {sizeof(relevo_answer_route),
                             0,
                             2,
                             3,
                             {0},
                             {AT(route, priority), AT(route, rank)},
                             {AT(route, team), AT(route, language), AT(route, agent)}},
    [RELEVO_ANSWER_CARD] = {sizeof(relevo_answer_card),
                            0,
                            0,
                            3,
                            {0},
                            {0},
                            {AT(card, name), AT(card, text), AT(card, message_id)}},
    [RELEVO_ANSWER_EFFECT] = {sizeof(relevo_answer_effect),
                              0,
                              2,
                              6,
                              {0},
                              {AT(effect, timeout_ms), AT(effect, hold_ms)},
                              {AT(effect, destination), AT(effect, method), AT(effect, path),
                               AT(effect, content_type), AT(effect, body), AT(effect, context)}},
    [RELEVO_ANSWER_MEMORY] = {sizeof(relevo_answer_memory), 0, 0, 1, {0}, {0}, {AT(memory, bytes)}},
};

/* Room for any answer of version 1, aligned as the strictest of them. */
union any_answer {
    relevo_answer head;
    relevo_answer_reading reading;
    relevo_answer_trigger trigger;
    relevo_answer_reply reply;
    relevo_answer_abstain abstain;
    relevo_answer_slot slot;
    relevo_answer_route route;
    relevo_answer_card card;
    relevo_answer_effect effect;
    relevo_answer_memory memory;
};

/* ---- writing
 * ---------------------------------------------------------------------------------------------------- */

static void put_record(rlv_ring_writer *w, struct record *r, const relevo_str *texts)
{
    size_t size = sizeof(*r) + r->n_texts * sizeof(uint32_t);
    for (uint32_t i = 0; i < r->n_texts; i++)
        size += texts[i].len > RLV_RING_RESPONSE ? RLV_RING_RESPONSE : (size_t)texts[i].len;
    size = (size + 7) & ~(size_t)7;
    if (w->full || size > w->max - w->len) {
        w->full = true;
        return;
    }
    r->size = (uint32_t)size;
    char *at = w->bytes + w->len;
    memcpy(at, r, sizeof(*r));
    at += sizeof(*r);
    for (uint32_t i = 0; i < r->n_texts; i++, at += sizeof(uint32_t)) {
        uint32_t len = (uint32_t)texts[i].len;
        memcpy(at, &len, sizeof(len));
    }
    for (uint32_t i = 0; i < r->n_texts; i++) {
        if (texts[i].len)
            memcpy(at, texts[i].ptr, (size_t)texts[i].len);
        at += texts[i].len;
    }
    w->len += size;
}

/* A field that its writer's version of the struct has not is left as zero. */
static void copy_field(void *to, const relevo_answer *answer, size_t at, size_t size)
{
    if (at + size <= answer->size)
        memcpy(to, (const char *)answer + at, size);
}

/* Of a checked answer: kind and lengths are in their bounds. */
void rlv_ring_put_answer(rlv_ring_writer *w, uint32_t view, const relevo_answer *answer)
{
    const struct shape *shape = &shapes[answer->kind];
    struct record r = {.kind = answer->kind, .view = view, .n_texts = shape->n_texts};
    relevo_str texts[ALL_TEXTS_MAX] = {{NULL, 0}};
    /* What a reply grew by is taken whole or not at all, as the collector takes it. */
    bool part = r.kind == RELEVO_ANSWER_REPLY && answer->size < sizeof(relevo_answer_reply);
    for (size_t i = 0; i < shape->n_numbers; i++)
        copy_field(&r.numbers[i], answer, shape->numbers[i], sizeof(double));
    for (size_t i = 0; i < shape->n_integers && !part; i++)
        copy_field(&r.integers[i], answer, shape->integers[i], sizeof(uint32_t));
    for (size_t i = 0; i < shape->n_texts; i++)
        if (!part || shape->texts[i] < offsetof(relevo_answer_reply, flags))
            copy_field(&texts[i], answer, shape->texts[i], sizeof(relevo_str));
    if (r.kind == RELEVO_ANSWER_ROUTE) {
        const relevo_answer_route *route = (const void *)answer;
        for (size_t i = 0; i < route->n_skills && i < RLV_HOST_SKILLS_MAX; i++)
            texts[r.n_texts++] = route->skills[i];
    } else if (r.kind == RELEVO_ANSWER_REPLY && !part) {
        const relevo_answer_reply *reply = (const void *)answer;
        for (size_t i = 0; i < reply->n_choices && i < RELEVO_CHOICES_MAX; i++) {
            texts[r.n_texts++] = reply->choices[i]->id;
            texts[r.n_texts++] = reply->choices[i]->title;
            texts[r.n_texts++] = reply->choices[i]->description;
        }
    }
    put_record(w, &r, texts);
}

void rlv_ring_put_line(rlv_ring_writer *w, uint32_t level, relevo_str line)
{
    struct record r = {.kind = RECORD_LINE, .n_texts = 1, .integers = {level}};
    if (line.len > LINE_MAX_BYTES)
        line.len = LINE_MAX_BYTES;
    if (!line.ptr)
        line.len = 0;
    put_record(w, &r, &line);
}

void rlv_ring_put_refusals(rlv_ring_writer *w, uint32_t code, uint32_t n, const char *why)
{
    struct record r = {.kind = RECORD_REFUSALS, .n_texts = 1, .integers = {code, n}};
    const relevo_str text = {why, strnlen(why, WHY_MAX)};
    put_record(w, &r, &text);
}

/* ---- reading
 * ---------------------------------------------------------------------------------------------------- */

/* One record that lies within its bytes. */
struct parsed {
    struct record head;
    relevo_str texts[ALL_TEXTS_MAX];
};

static bool parse(const char *bytes, size_t len, struct parsed *p)
{
    struct record *r = &p->head;
    if (len < sizeof(*r))
        return false;
    memcpy(r, bytes, sizeof(*r));
    if (r->size < sizeof(*r) || r->size > len || r->size % 8 || r->n_texts > ALL_TEXTS_MAX)
        return false;
    size_t left = r->size - sizeof(*r), lengths = r->n_texts * sizeof(uint32_t);
    if (left < lengths)
        return false;
    const char *length = bytes + sizeof(*r), *text = length + lengths;
    left -= lengths;
    for (uint32_t i = 0; i < r->n_texts; i++) {
        uint32_t n;
        memcpy(&n, length + i * sizeof(n), sizeof(n));
        if (n > left)
            return false;
        p->texts[i] = (relevo_str){n ? text : NULL, n};
        text += n;
        left -= n;
    }
    return left < 8;
}

/* The struct that the plugin had given, and the collector's word on it: what it accepted there is accepted
 * here. */
static bool read_answer(const struct parsed *p, rlv_collector *c)
{
    const struct record *r = &p->head;
    const struct shape *shape = &shapes[r->kind];
    bool route = r->kind == RELEVO_ANSWER_ROUTE, reply = r->kind == RELEVO_ANSWER_REPLY;
    if (r->n_texts < shape->n_texts || (!route && !reply && r->n_texts > shape->n_texts))
        return false;
    union any_answer answer = {.head = {shape->size, r->kind}};
    char *to = (char *)&answer;
    for (size_t i = 0; i < shape->n_numbers; i++)
        memcpy(to + shape->numbers[i], &r->numbers[i], sizeof(double));
    for (size_t i = 0; i < shape->n_integers; i++)
        memcpy(to + shape->integers[i], &r->integers[i], sizeof(uint32_t));
    for (size_t i = 0; i < shape->n_texts; i++)
        memcpy(to + shape->texts[i], &p->texts[i], sizeof(relevo_str));
    if (route) {
        answer.route.skills = p->texts + shape->n_texts;
        answer.route.n_skills = r->n_texts - shape->n_texts;
    }
    relevo_choice choices[RELEVO_CHOICES_MAX];
    const relevo_choice *list[RELEVO_CHOICES_MAX];
    if (reply) {
        uint32_t n = r->n_texts - shape->n_texts;
        if (n % CHOICE_TEXTS || n / CHOICE_TEXTS > RELEVO_CHOICES_MAX)
            return false;
        for (uint32_t i = 0; i < n / CHOICE_TEXTS; i++) {
            const relevo_str *texts = p->texts + shape->n_texts + (size_t)i * CHOICE_TEXTS;
            choices[i] = (relevo_choice){
                .size = sizeof(*choices), .id = texts[0], .title = texts[1], .description = texts[2]};
            list[i] = &choices[i];
        }
        answer.reply.choices = list;
        answer.reply.n_choices = n / CHOICE_TEXTS;
    }
    return c->sink.emit(&c->sink, r->view, &answer.head) == RELEVO_OK || c->full;
}

static bool read_refusals(const struct parsed *p, rlv_collector *c)
{
    uint32_t code = p->head.integers[0];
    if (p->head.n_texts != 1 || code < 1 || code >= RLV_REFUSALS)
        return false;
    rlv_str why = rlv_str_cut((rlv_str){p->texts[0].ptr, (size_t)p->texts[0].len}, WHY_MAX);
    bool plain = why.len > 0;
    for (size_t i = 0; plain && i < why.len; i++)
        plain = why.ptr[i] >= 0x20 && why.ptr[i] < 0x7f;
    if (!plain)
        return false;
    if (!c->refused[code]) {
        rlv_str copy = rlv_arena_copy(c->arena, why);
        if (!copy.ptr) {
            c->full = true;
            return true;
        }
        c->why[code] = copy.ptr;
    }
    c->refused[code] += p->head.integers[1];
    return true;
}

static bool read_one(struct parsed *p, uint32_t first, uint32_t n, rlv_collector *c, const char **ret_why)
{
    uint32_t kind = p->head.kind;
    if (kind == RECORD_LINE && p->head.n_texts == 1) {
        c->sink.log(&c->sink, p->head.integers[0], p->texts[0]);
        return true;
    }
    if (kind == RECORD_REFUSALS) {
        *ret_why = "it counts refusals that there are none of";
        return read_refusals(p, c);
    }
    *ret_why = "it holds an answer about an event that was not asked about";
    if (p->head.view >= n)
        return false;
    p->head.view += first;
    *ret_why = "it holds an answer that had to be refused";
    return kind >= RELEVO_ANSWER_READING && kind <= RELEVO_ANSWER_MEMORY && read_answer(p, c);
}

bool rlv_ring_read(const char *bytes, size_t len, uint32_t first, uint32_t n, rlv_collector *c,
                   const char **ret_why)
{
    struct parsed p;
    for (size_t at = 0; at < len && !c->full; at += p.head.size) {
        if (!parse(bytes + at, len - at, &p)) {
            *ret_why = "a length in it leads outside";
            return false;
        }
        if (!read_one(&p, first, n, c, ret_why))
            return false;
    }
    return true;
}

/* The answer as it stood at one moment, in memory that only we write. */
static enum rlv_ring_said take_copy(const rlv_ring_response *response, rlv_ring_copy *copy, rlv_ring_response *ret_head)
{
    const volatile rlv_ring_response *now = response; /* each is read once, whatever it is a moment later */
    ret_head->status = now->status;
    ret_head->code = now->code;
    ret_head->used = now->used;
    if (ret_head->used > RLV_RING_RESPONSE_ROOM || ret_head->used % 8)
        return RLV_RING_SAID_GARBAGE;
    if (copy->size < ret_head->used || !copy->bytes) {
        size_t size = ret_head->used > COPY_LEAST ? RLV_RING_RESPONSE_ROOM : COPY_LEAST;
        char *larger = realloc(copy->bytes, size);
        if (!larger)
            return RLV_RING_SAID_SHORT;
        *copy = (rlv_ring_copy){larger, size};
    }
    memcpy(copy->bytes, rlv_ring_body((void *)(uintptr_t)response, sizeof(*response)), ret_head->used);
    return RLV_RING_SAID_ANSWERS;
}

enum rlv_ring_said rlv_ring_take(const rlv_ring_response *response, rlv_ring_copy *copy, uint32_t first, uint32_t n, rlv_collector *c,
                                 int32_t *ret_code, const char **ret_why)
{
    rlv_ring_response head;
    enum rlv_ring_said said = take_copy(response, copy, &head);
    *ret_why = "its length leads outside";
    if (said != RLV_RING_SAID_ANSWERS)
        return said;
    if (head.status == RLV_RING_FULL)
        return RLV_RING_SAID_TOO_MUCH;
    *ret_why = "its state is none that there is";
    if (head.status != RLV_RING_DONE)
        return RLV_RING_SAID_GARBAGE;
    *ret_code = head.code;
    if (head.code != RELEVO_OK)
        return RLV_RING_SAID_ERROR;
    return rlv_ring_read(copy->bytes, head.used, first, n, c, ret_why) ? RLV_RING_SAID_ANSWERS : RLV_RING_SAID_GARBAGE;
}
