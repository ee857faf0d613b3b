/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views into a request; waiting and waking. See ring.h. A view is copied struct by struct, with its pointers
 * turned into those of the reader's mapping: so the plugin's process decodes nothing, and a plugin sees what
 * it would see here.
 */
#include "host/ring.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Shared between processes: no FUTEX_PRIVATE_FLAG. Whatever it returns, the caller looks at the word again.
 */
void rlv_ring_wait(const _Atomic uint32_t *word, uint32_t seen, int64_t max_us)
{
    struct timespec most = {.tv_sec = max_us / 1000000, .tv_nsec = max_us % 1000000 * 1000};
    (void)syscall(SYS_futex, word, FUTEX_WAIT, seen, max_us < 0 ? NULL : &most, NULL, 0);
}

void rlv_ring_wake(_Atomic uint32_t *word)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Room for len bytes; NULL, and the writer full, when there is none. */
static char *room(rlv_ring_writer *w, size_t len, size_t align, uint64_t *ret_there)
{
    size_t at = (w->len + align - 1) & ~(align - 1);
    if (w->full || at > w->max || len > w->max - at) {
        w->full = true;
        return NULL;
    }
    w->len = at + len;
    *ret_there = w->there + at;
    return w->bytes + at;
}

uint64_t rlv_ring_put(rlv_ring_writer *w, const void *bytes, size_t len)
{
    uint64_t there;
    char *to = room(w, len, 8, &there);
    if (!to)
        return 0;
    if (len)
        memcpy(to, bytes, len);
    return there;
}

/* The text's bytes, and the pointer turned to them. */
static void move_str(rlv_ring_writer *w, relevo_str *s)
{
    uint64_t there;
    char *to = s->len ? room(w, (size_t)s->len, 1, &there) : NULL;
    if (to)
        memcpy(to, s->ptr, (size_t)s->len);
    *s = (relevo_str){to ? (const char *)(uintptr_t)there : NULL, to ? s->len : 0};
}

static uint64_t put_message(rlv_ring_writer *w, const relevo_message *message)
{
    relevo_message m = *message;
    move_str(w, &m.id);
    move_str(w, &m.type);
    move_str(w, &m.text);
    move_str(w, &m.reply);
    move_str(w, &m.media);
    move_str(w, &m.wordless);
    return rlv_ring_put(w, &m, sizeof(m));
}

static uint64_t put_reading(rlv_ring_writer *w, const relevo_reading *reading)
{
    relevo_reading r = *reading;
    move_str(w, &r.language);
    move_str(w, &r.intent);
    return rlv_ring_put(w, &r, sizeof(r));
}

static uint64_t put_digest(rlv_ring_writer *w, const relevo_digest *digest)
{
    relevo_digest d = *digest;
    for (size_t i = 0; i < RELEVO_TRIED_MAX; i++)
        move_str(w, &d.tried[i]);
    move_str(w, &d.open_question);
    return rlv_ring_put(w, &d, sizeof(d));
}

static uint64_t put_handoff(rlv_ring_writer *w, const relevo_handoff *handoff)
{
    relevo_handoff h = *handoff;
    move_str(w, &h.trigger);
    move_str(w, &h.reason);
    move_str(w, &h.evidence);
    move_str(w, &h.team);
    return rlv_ring_put(w, &h, sizeof(h));
}

static uint64_t put_ending(rlv_ring_writer *w, const relevo_ending *ending)
{
    relevo_ending e = *ending;
    move_str(w, &e.agent);
    move_str(w, &e.agent_name);
    move_str(w, &e.note);
    return rlv_ring_put(w, &e, sizeof(e));
}

static uint64_t put_turn(rlv_ring_writer *w, const void *turn)
{
    relevo_turn t = *(const relevo_turn *)turn;
    move_str(w, &t.text);
    return rlv_ring_put(w, &t, sizeof(t));
}

static uint64_t put_slot(rlv_ring_writer *w, const void *slot)
{
    relevo_slot s = *(const relevo_slot *)slot;
    move_str(w, &s.name);
    move_str(w, &s.value);
    move_str(w, &s.message_id);
    move_str(w, &s.was);
    return rlv_ring_put(w, &s, sizeof(s));
}

static uint64_t put_fired(rlv_ring_writer *w, const void *fired)
{
    relevo_fired f = *(const relevo_fired *)fired;
    move_str(w, &f.trigger);
    move_str(w, &f.evidence);
    move_str(w, &f.reason);
    return rlv_ring_put(w, &f, sizeof(f));
}

static uint64_t put_past(rlv_ring_writer *w, const void *past)
{
    relevo_past p = *(const relevo_past *)past;
    move_str(w, &p.trigger);
    move_str(w, &p.reason);
    move_str(w, &p.agent);
    move_str(w, &p.note);
    return rlv_ring_put(w, &p, sizeof(p));
}

static uint64_t put_card(rlv_ring_writer *w, const void *card)
{
    relevo_answer_card c = *(const relevo_answer_card *)card;
    move_str(w, &c.name);
    move_str(w, &c.text);
    move_str(w, &c.message_id);
    return rlv_ring_put(w, &c, sizeof(c));
}

/* An array of n pointers to what put makes of each element. */
static uint64_t put_list(rlv_ring_writer *w, const void *const *list, uint32_t n,
                         uint64_t (*put)(rlv_ring_writer *, const void *))
{
    uint64_t there;
    char *to = room(w, n * sizeof(uint64_t), 8, &there);
    for (uint32_t i = 0; to && i < n; i++) {
        uint64_t element = put(w, list[i]);
        memcpy(to + i * sizeof(element), &element, sizeof(element));
    }
    return to ? there : 0;
}

/* An array of n texts. */
static uint64_t put_texts(rlv_ring_writer *w, const relevo_str *texts, uint32_t n)
{
    uint64_t there;
    char *to = room(w, n * sizeof(relevo_str), 8, &there);
    for (uint32_t i = 0; to && i < n; i++) {
        relevo_str text = texts[i];
        move_str(w, &text);
        memcpy(to + i * sizeof(text), &text, sizeof(text));
    }
    return to ? there : 0;
}

_Static_assert(sizeof(void *) == sizeof(uint64_t),
               "addresses cross as 64 bits: processes of 32 bits need another ring");

static const void *at(uint64_t there)
{
    return (const void *)(uintptr_t)there;
}

uint64_t rlv_ring_put_result(rlv_ring_writer *w, const relevo_result *result)
{
    relevo_result r = *result;
    move_str(w, &r.effect_id);
    move_str(w, &r.context);
    move_str(w, &r.body);
    move_str(w, &r.error);
    return rlv_ring_put(w, &r, sizeof(r));
}

uint64_t rlv_ring_put_view(rlv_ring_writer *w, const relevo_view *view)
{
    relevo_view v = *view;
    move_str(w, &v.conversation_id);
    move_str(w, &v.phone_number_id);
    move_str(w, &v.customer_id);
    move_str(w, &v.customer_name);
    move_str(w, &v.language);
    move_str(w, &v.memory);
    v.message = v.message ? at(put_message(w, v.message)) : NULL;
    v.reading = v.reading ? at(put_reading(w, v.reading)) : NULL;
    v.digest = at(put_digest(w, v.digest));
    v.handoff = v.handoff ? at(put_handoff(w, v.handoff)) : NULL;
    v.turns = at(put_list(w, (const void *const *)v.turns, v.n_turns, put_turn));
    v.slots = at(put_list(w, (const void *const *)v.slots, v.n_slots, put_slot));
    v.fired = at(put_list(w, (const void *const *)v.fired, v.n_fired, put_fired));
    v.past = at(put_list(w, (const void *const *)v.past, v.n_past, put_past));
    v.ending = v.ending ? at(put_ending(w, v.ending)) : NULL;
    v.card = at(put_list(w, (const void *const *)v.card, v.n_card, put_card));
    v.tags = at(put_texts(w, v.tags, v.n_tags));
    v.result = v.result ? at(rlv_ring_put_result(w, v.result)) : NULL;
    move_str(w, &v.result_of);
    return rlv_ring_put(w, &v, sizeof(v));
}
