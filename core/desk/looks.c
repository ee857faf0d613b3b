/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who looks at conversations that they do not have, and who searches, noted (schemas/sql/221_looks.sql) before the answer goes out. Must never let
 * one out that could not be noted.
 */
#include "base/clock.h"
#include "desk/private.h"

enum { AGAIN_US = 60000000 }; /* then Postgres is asked anew: whose it is may have changed */

/* True when this very look was noted, or judged not to need it, a moment ago. */
static bool known(rlv_desk *desk, uint64_t key)
{
    int64_t now_us = rlv_clock_mono_us();
    (void)pthread_mutex_lock(&desk->lock);
    rlv_look *look = &desk->looks[key % RLV_LOOKS_MAX];
    bool is = look->key == key && now_us - look->at_us < AGAIN_US;
    (void)pthread_mutex_unlock(&desk->lock);
    return is;
}

static void remember(rlv_desk *desk, uint64_t key)
{
    (void)pthread_mutex_lock(&desk->lock);
    desk->looks[key % RLV_LOOKS_MAX] = (rlv_look){key, rlv_clock_mono_us()};
    (void)pthread_mutex_unlock(&desk->lock);
}

void rlv_look_note(rlv_request *request, rlv_str conversation)
{
    const rlv_session *s = &request->session;
    const rlv_str args[] = {s->login, s->agent_id, conversation};
    const char *what = rlv_arena_printf(request->arena, "%.*s\n%.*s", RLV_STR_ARG(s->login), RLV_STR_ARG(conversation));
    uint64_t key = rlv_str_hash(rlv_str_from(what));
    char state[RLV_ASK_STATE];
    rlv_error err;
    rlv_str ignored;
    if (what && known(request->desk, key))
        return;
    if (rlv_desk_ask(request->desk, "SELECT relevo.note_look($1, $2, nullif($3, '')::uuid)::text", args, 3, request->arena, &ignored, state, &err) != RLV_OK)
        rlv_request_postgres(request, state, &err);
    else
        remember(request->desk, key);
}
