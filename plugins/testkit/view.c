/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds views. Texts are put into blocks of exactly their length, never NUL-terminated: what a real view
 * promises and not more. It must never fill in what a test did not ask for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testkit/testkit_internal.h"

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01, so that a printed view reads well */

typedef struct block {
    struct block *next;
    void *data;
    tk_pool *child;
} block;

struct tk_pool {
    block *first;
};

/* Tests have no way to go on without memory. */
static void *get(size_t n)
{
    void *p = calloc(1, n > 0 ? n : 1);
    if (p == NULL) {
        fprintf(stderr, "testkit: out of memory\n");
        abort();
    }
    return p;
}

tk_pool *tk_pool_new(void)
{
    return get(sizeof(tk_pool));
}

void *tk_pool_get(tk_pool *pool, size_t n)
{
    block *head = get(sizeof(*head));
    head->data = get(n);
    head->next = pool->first;
    pool->first = head;
    return head->data;
}

void tk_pool_own(tk_pool *pool, tk_pool *child)
{
    block *head = get(sizeof(*head));
    head->child = child;
    head->next = pool->first;
    pool->first = head;
}

void tk_pool_free(tk_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    while (pool->first != NULL) {
        block *head = pool->first;
        pool->first = head->next;
        tk_pool_free(head->child);
        free(head->data);
        free(head);
    }
    free(pool);
}

relevo_str tk_pool_text(tk_pool *pool, const char *ptr, uint64_t len)
{
    char *copy = tk_pool_get(pool, (size_t)len + 1);
    if (len > 0) {
        memcpy(copy, ptr, (size_t)len);
    }
    return (relevo_str){copy, len};
}

relevo_str tk_text(tk *kit, const char *text)
{
    if (text == NULL) {
        return (relevo_str){NULL, 0};
    }
    size_t n = strlen(text);
    char *copy = tk_pool_get(kit->pool, n);
    memcpy(copy, text, n);
    return (relevo_str){copy, n};
}

tk_view *tk_message(tk *kit, const char *text)
{
    tk_view *v = tk_pool_get(kit->pool, sizeof(*v));
    v->kit = kit;
    v->digest.size = sizeof(v->digest);
    v->view = (relevo_view){
        .size = sizeof(v->view),
        .owner = RELEVO_OWNER_BOT,
        .conversation_id = tk_text(kit, "0198c0de-0000-7000-8000-000000000001"),
        .phone_number_id = tk_text(kit, "15550001111"),
        .customer_id = tk_text(kit, "5215512345678"),
        .customer_name = tk_text(kit, "Lucía Ñandú"),
        .at_ms = NOW_MS,
        .digest = &v->digest,
        .turns = v->turns,
        .slots = v->slots,
        .fired = v->fired,
    };
    if (text != NULL) {
        v->digest.messages = 1;
        v->message = (relevo_message){.size = sizeof(v->message),
                                      .id = tk_text(kit, "wamid.now"),
                                      .type = tk_text(kit, "text"),
                                      .text = tk_text(kit, text),
                                      .sent_ms = NOW_MS};
        v->view.message = &v->message;
    }
    return v;
}

relevo_reading *tk_read(tk_view *view, const char *intent, double confidence)
{
    view->reading = (relevo_reading){
        .size = sizeof(view->reading), .intent = tk_text(view->kit, intent), .confidence = confidence};
    view->view.reading = &view->reading;
    return &view->reading;
}

void tk_turn(tk_view *view, uint32_t by, const char *text)
{
    uint32_t n = view->view.n_turns;
    if (n == RELEVO_TURNS_MAX) { /* the oldest goes, as in the core */
        memmove(&view->turns[0], &view->turns[1], (RELEVO_TURNS_MAX - 1) * sizeof(view->turns[0]));
        n--;
    }
    relevo_turn *turn = tk_pool_get(view->kit->pool, sizeof(*turn));
    *turn = (relevo_turn){.size = sizeof(*turn), .by = by, .text = tk_text(view->kit, text)};
    view->turns[n] = turn;
    view->view.n_turns = n + 1;
    for (uint32_t i = 0; i <= n; i++) {
        relevo_turn *moved = (relevo_turn *)(uintptr_t)view->turns[i]; /* made above, by us */
        moved->at_ms = view->view.at_ms - INT64_C(60000) * (int64_t)(n + 1 - i);
    }
}

void tk_slot(tk_view *view, const char *name, const char *value, const char *message_id)
{
    assert_true(view->view.n_slots < TK_SLOTS_MAX);
    relevo_slot *slot = tk_pool_get(view->kit->pool, sizeof(*slot));
    *slot = (relevo_slot){.size = sizeof(*slot),
                          .name = tk_text(view->kit, name),
                          .value = tk_text(view->kit, value),
                          .message_id = tk_text(view->kit, message_id)};
    view->slots[view->view.n_slots++] = slot;
}

void tk_fired(tk_view *view, bool chosen, const char *trigger, double score, const char *evidence,
              const char *reason)
{
    assert_true(view->view.n_fired < TK_FIRED_MAX);
    relevo_fired *fired = tk_pool_get(view->kit->pool, sizeof(*fired));
    *fired = (relevo_fired){.size = sizeof(*fired),
                            .chosen = chosen ? 1 : 0,
                            .trigger = tk_text(view->kit, trigger),
                            .score = score,
                            .evidence = tk_text(view->kit, evidence),
                            .reason = tk_text(view->kit, reason)};
    view->fired[view->view.n_fired++] = fired;
}

relevo_handoff *tk_handoff(tk_view *view, const char *trigger, double score, const char *evidence,
                           const char *reason)
{
    view->view.owner = RELEVO_OWNER_QUEUED;
    view->handoff = (relevo_handoff){.size = sizeof(view->handoff),
                                     .trigger = tk_text(view->kit, trigger),
                                     .reason = tk_text(view->kit, reason),
                                     .evidence = tk_text(view->kit, evidence),
                                     .score = score};
    view->view.handoff = &view->handoff;
    return &view->handoff;
}

void tk_tried(tk_view *view, const char *source)
{
    assert_true(view->digest.n_tried < RELEVO_TRIED_MAX);
    view->digest.tried[view->digest.n_tried++] = tk_text(view->kit, source);
}

void tk_trend(tk_view *view, double sentiment)
{
    assert_true(view->digest.n_trend < RELEVO_TREND_MAX);
    view->digest.trend[view->digest.n_trend++] = sentiment;
}
