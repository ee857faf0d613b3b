/* SPDX-License-Identifier: Apache-2.0 */
/* Joining; see join.h. Must never forget a message id of the last ones of either side: Meta sends again under both identities. */
#include "conversation/join.h"

#include "conversation/decide.h"
#include "conversation/digest.h"
#include "conversation/held.h"
#include "conversation/served.h"

/* How near to people. */
static int nearness(enum rlv_owner owner)
{
    return owner == RLV_OWNER_HUMAN ? 3 : owner == RLV_OWNER_QUEUED ? 2 : owner == RLV_OWNER_BOT ? 1 : 0;
}

/* Of two people the later one: somebody just turned to the customer, while the earlier may have gone. Of two that wait the earlier: the
   customer has waited since then. */
static bool takes_over(const rlv_conversation *kept, const rlv_conversation *loser)
{
    if (nearness(kept->owner) != nearness(loser->owner))
        return nearness(loser->owner) > nearness(kept->owner);
    if (kept->owner == RLV_OWNER_HUMAN)
        return loser->owner_since_ms > kept->owner_since_ms;
    return kept->owner == RLV_OWNER_QUEUED && loser->owner_since_ms < kept->owner_since_ms;
}

/* By time, the newest that fit. */
static void join_turns(rlv_conversation *kept, const rlv_conversation *loser)
{
    rlv_turn mine[RLV_TURNS_MAX];
    int32_t n = kept->n_turns, a = 0, b = 0;
    memcpy(mine, kept->turns, sizeof(mine));
    kept->n_turns = 0;
    while (a < n || b < loser->n_turns) {
        bool other = a == n || (b < loser->n_turns && loser->turns[b].at_ms <= mine[a].at_ms);
        const rlv_turn *t = other ? &loser->turns[b++] : &mine[a++];
        rlv_digest_turn(kept, t->by, t->at_ms, t->message_id, t->text);
    }
}

/* The newest of both, no side crowding out the other. */
static void join_recent(rlv_conversation *kept, const rlv_conversation *loser)
{
    enum { HALF = RLV_RECENT_MAX / 2 };
    int32_t mine = kept->n_recent, theirs = loser->n_recent;
    if (mine + theirs > RLV_RECENT_MAX) {
        if (theirs <= HALF)
            mine = RLV_RECENT_MAX - theirs;
        else if (mine > HALF)
            mine = HALF;
        theirs = RLV_RECENT_MAX - mine;
    }
    uint64_t both[RLV_RECENT_MAX];
    memcpy(both, loser->recent + (loser->n_recent - theirs), (size_t)theirs * sizeof(*both));
    memcpy(both + theirs, kept->recent + (kept->n_recent - mine), (size_t)mine * sizeof(*both));
    memcpy(kept->recent, both, sizeof(both));
    kept->n_recent = mine + theirs;
}

/* What both say is told by the one that heard of the customer last. */
static void join_lists(rlv_conversation *kept, const rlv_conversation *loser, bool loser_later)
{
    for (int32_t i = 0; i < loser->n_slots; i++) {
        int32_t k = 0;
        while (k < kept->n_slots && !rlv_str_eq(kept->slots[k].name, loser->slots[i].name))
            k++;
        if (k == kept->n_slots || loser_later)
            (void)rlv_digest_slot(kept, loser->slots[i].name, loser->slots[i].value, loser->slots[i].message_id);
    }
    for (int32_t i = 0; i < loser->n_memories; i++) {
        int32_t k = 0;
        while (k < kept->n_memories && !rlv_str_eq(kept->memories[k].plugin, loser->memories[i].plugin))
            k++;
        if (loser_later || (k == kept->n_memories && k < RLV_MEMORIES_MAX))
            rlv_digest_memory(kept, loser->memories[i].plugin, loser->memories[i].bytes);
    }
    for (int32_t i = 0; i < loser->n_cooling; i++) {
        const rlv_cooling *c = &loser->cooling[i];
        int32_t k = 0;
        while (k < kept->n_cooling && !rlv_str_eq(kept->cooling[k].trigger, c->trigger))
            k++;
        if (k == kept->n_cooling && k < RLV_COOLING_MAX)
            kept->cooling[kept->n_cooling++] = *c;
        else if (k < kept->n_cooling && kept->cooling[k].until_ms < c->until_ms)
            kept->cooling[k].until_ms = c->until_ms;
    }
    for (int32_t i = 0; i < loser->n_tried; i++) {
        int32_t k = 0;
        while (k < kept->n_tried && !rlv_str_eq(kept->tried[k], loser->tried[i]))
            k++;
        if (k == kept->n_tried && k < RLV_TRIED_MAX)
            kept->tried[kept->n_tried++] = loser->tried[i];
    }
    if (kept->n_trend == 0) {
        memcpy(kept->trend, loser->trend, sizeof(kept->trend));
        kept->n_trend = loser->n_trend;
    }
}

static void join_digest(rlv_conversation *kept, const rlv_conversation *loser)
{
    bool later = loser->last_in_ms > kept->last_in_ms || kept->n_recent == 0;
    bool open = kept->owner != RLV_OWNER_CLOSED, loser_open = loser->owner != RLV_OWNER_CLOSED;
    join_turns(kept, loser);
    join_recent(kept, loser);
    join_lists(kept, loser, later);
    if (later) {
        kept->misses = loser->misses;
        kept->repeats = loser->repeats;
        kept->asked = loser->asked;
        kept->last_question = loser->last_question;
        kept->open_question = loser->open_question;
    }
    if (loser->language.len && (later || !kept->language.len))
        kept->language = loser->language;
    if (!kept->wa_id.len)
        kept->wa_id = loser->wa_id;
    if (!kept->user_id.len)
        kept->user_id = loser->user_id;
    if (!kept->customer_name.len)
        kept->customer_name = loser->customer_name;
    if (loser_open && (!open || loser->opened_ms < kept->opened_ms))
        kept->opened_ms = loser->opened_ms;
    if (loser->last_in_ms > kept->last_in_ms)
        kept->last_in_ms = loser->last_in_ms;
    kept->messages += loser->messages;
    kept->cases += loser->cases - (open && loser_open);
    if (loser->stretch > kept->stretch)
        kept->stretch = loser->stretch;
}

bool rlv_conversation_join(rlv_step *step, const rlv_conversation *loser)
{
    rlv_conversation *kept = step->conversation;
    bool taken = takes_over(kept, loser);
    rlv_str agent = taken ? loser->agent_id : kept->agent_id, team = taken ? loser->team : kept->team;
    enum rlv_owner owner = taken ? loser->owner : kept->owner;
    int64_t since = taken ? loser->owner_since_ms : kept->owner_since_ms;
    rlv_conversation fresh;
    if (loser->owner == RLV_OWNER_BOT && loser->epoch > loser->decided_epoch) {
        /* Somebody gave it back to the bot, and its lane has not decided that yet: what was said before must not steer here either. */
        fresh = *loser;
        rlv_digest_new_stretch(&fresh);
        loser = &fresh;
    }
    join_digest(kept, loser);
    rlv_held_join(kept, loser, step->arena);
    if (loser->tags.len) /* until it is loaded again, which says the same */
        kept->tags = rlv_str_from(rlv_arena_printf(step->arena, "%.*s%s%.*s", RLV_STR_ARG(kept->tags), kept->tags.len ? "\n" : "",
                                                   RLV_STR_ARG(loser->tags)));
    if (loser->epoch > kept->epoch)
        kept->epoch = loser->epoch;
    kept->team = team;
    rlv_served_join(kept, loser, taken);
    rlv_decision *d = rlv_decide_joined(step, owner, agent);
    if (kept->owner == RLV_OWNER_BOT)
        kept->held.epoch = kept->epoch;
    else
        rlv_digest_end_held(kept);
    kept->owner_since_ms = since; /* the customer waits since then, whoever they are known as */
    if (d) {
        char other[RLV_ID_TEXT + 1];
        rlv_id_text(loser->id, other);
        d->as.change.other = rlv_arena_copy(step->arena, (rlv_str){other, RLV_ID_TEXT});
    }
    return taken;
}
