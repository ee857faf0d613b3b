/* SPDX-License-Identifier: Apache-2.0 */
/* The digest; see digest.h. Must never grow with the history. */
#include "conversation/digest.h"

#include "conversation/words.h"

enum { BY_CUSTOMER = 1 };    /* RELEVO_BY_CUSTOMER */
enum { LANGUAGE_WORDS = 4 }; /* that show another language than the one before */

/* Makes room at the end of a full list by dropping its first element. */
#define SHIFT(list, n) memmove((list), (list) + 1, ((size_t)(n) - 1) * sizeof(*(list)))

bool rlv_digest_new_message(rlv_conversation *conv, rlv_str message_id)
{
    uint64_t hash = rlv_str_hash(message_id);
    for (int32_t i = 0; i < conv->n_recent; i++)
        if (conv->recent[i] == hash)
            return false;
    if (conv->n_recent == RLV_RECENT_MAX) {
        SHIFT(conv->recent, RLV_RECENT_MAX);
        conv->n_recent--;
    }
    conv->recent[conv->n_recent++] = hash;
    return true;
}

bool rlv_digest_counts(const rlv_event *message)
{
    static const char *const silent[] = {"reaction", "revoke", "system", "unsupported"};
    bool counts = true;
    for (size_t i = 0; i < sizeof(silent) / sizeof(*silent); i++)
        counts = counts && !rlv_str_is(message->type, silent[i]);
    return counts;
}

void rlv_digest_turn(rlv_conversation *conv, int32_t by, int64_t at_ms, rlv_str message_id, rlv_str text)
{
    if (conv->n_turns == RLV_TURNS_MAX) {
        SHIFT(conv->turns, RLV_TURNS_MAX);
        conv->n_turns--;
    }
    conv->turns[conv->n_turns++] = (rlv_turn){
        .by = by, .at_ms = at_ms, .message_id = message_id, .text = rlv_str_cut(text, RLV_TURN_TEXT_MAX)};
}

bool rlv_digest_slot(rlv_conversation *conv, rlv_str name, rlv_str value, rlv_str message_id)
{
    value = rlv_str_cut(value, RLV_SLOT_VALUE_MAX);
    rlv_slot slot = {.name = name, .value = value, .message_id = message_id};
    for (int32_t i = 0; i < conv->n_slots; i++) {
        if (!rlv_str_eq(conv->slots[i].name, name))
            continue;
        if (rlv_str_eq(conv->slots[i].value, value))
            return false;
        slot.was = conv->slots[i].value;
        conv->slots[i] = slot;
        return true;
    }
    if (conv->n_slots == RLV_SLOTS_MAX)
        return false;
    conv->slots[conv->n_slots++] = slot;
    return true;
}

void rlv_digest_language(rlv_conversation *conv, rlv_str language, rlv_str text)
{
    rlv_words words;
    bool first = true;
    for (int32_t i = 0; i < conv->n_turns; i++)
        first = first && conv->turns[i].by != BY_CUSTOMER;
    rlv_words_read(text, &words);
    if (language.len && (first || !conv->language.len || words.n >= LANGUAGE_WORDS))
        conv->language = language;
}

void rlv_digest_sentiment(rlv_conversation *conv, double sentiment)
{
    if (conv->n_trend == RLV_TREND_MAX) {
        SHIFT(conv->trend, RLV_TREND_MAX);
        conv->n_trend--;
    }
    conv->trend[conv->n_trend++] = sentiment;
}

void rlv_digest_tried(rlv_conversation *conv, rlv_str source)
{
    if (source.len == 0)
        return;
    int32_t i = 0;
    while (i < conv->n_tried && !rlv_str_eq(conv->tried[i], source))
        i++;
    if (i < conv->n_tried) { /* once in the list, newest last */
        memmove(conv->tried + i, conv->tried + i + 1, (size_t)(conv->n_tried - i - 1) * sizeof(rlv_str));
        conv->n_tried--;
    }
    if (conv->n_tried == RLV_TRIED_MAX) {
        SHIFT(conv->tried, RLV_TRIED_MAX);
        conv->n_tried--;
    }
    conv->tried[conv->n_tried++] = source;
}

void rlv_digest_memory(rlv_conversation *conv, rlv_str plugin, rlv_str bytes)
{
    int32_t i = 0;
    while (i < conv->n_memories && !rlv_str_eq(conv->memories[i].plugin, plugin))
        i++;
    if (i < conv->n_memories) { /* taken out, so that the list stays oldest first */
        memmove(conv->memories + i, conv->memories + i + 1, (size_t)(conv->n_memories - i - 1) * sizeof(rlv_memory));
        conv->n_memories--;
    }
    if (bytes.len == 0)
        return;
    if (conv->n_memories == RLV_MEMORIES_MAX) {
        SHIFT(conv->memories, RLV_MEMORIES_MAX);
        conv->n_memories--;
    }
    conv->memories[conv->n_memories++] = (rlv_memory){.plugin = plugin, .bytes = bytes};
}

void rlv_digest_new_stretch(rlv_conversation *conv)
{
    /* Cool-downs go on: they are meant for the words that follow a return. */
    conv->stretch++;
    conv->messages = conv->misses = conv->repeats = 0;
    conv->asked = false;
    conv->last_question = 0;
    conv->open_question = (rlv_str){NULL, 0};
    conv->n_tried = conv->n_trend = 0;
    conv->n_turns = 0;
    conv->n_memories = 0;
    for (int32_t i = 0; i < conv->n_slots; i++)
        conv->slots[i].was = (rlv_str){NULL, 0};
}

void rlv_digest_end_held(rlv_conversation *conv)
{
    if (conv->held.messages)
        rlv_digest_turn(conv, 1 /* RELEVO_BY_CUSTOMER */, conv->held.since_ms, conv->held.message_id, conv->held.text);
    conv->held = (rlv_held_message){0};
}
