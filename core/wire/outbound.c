/* SPDX-License-Identifier: Apache-2.0 */
/* What deliver reads and answers: OutboundMessage, EffectRequest, SendResult. Must never accept a record that
   cannot be told from another: every one has an id. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/put.h"
#include "wire/read.h"

/* ---- OutboundMessage ---- */

enum {
    TYPES = 13,
    OTHER_TYPE = 12,
    AUTHORS = 3
};

static const char *type_word(int type)
{
    static const char *const words[TYPES] = {"text",     "interactive", "template", "image",    "audio",
                                             "video",    "document",    "sticker",  "location", "contacts",
                                             "reaction", "read",        "other"};
    return words[type];
}

static const char *author_word(int author)
{
    static const char *const words[AUTHORS] = {"bot", "agent", "system"};
    return words[author];
}

enum outbound_field {
    OU_ID,
    OU_CONVERSATION_ID,
    OU_PHONE_NUMBER_ID,
    OU_WA_ID,
    OU_USER_ID,
    OU_LANE,
    OU_SEQ,
    OU_EPOCH,
    OU_AUTHOR,
    OU_AGENT_ID,
    OU_TYPE,
    OU_TEXT,
    OU_CONTEXT_ID,
    OU_CONTENT,
    OU_FIELDS
};

static const struct rlv_field outbound_fields[OU_FIELDS] = {
    [OU_ID] = {"id", 's'},
    [OU_CONVERSATION_ID] = {"conversation_id", 's'},
    [OU_PHONE_NUMBER_ID] = {"phone_number_id", 's'},
    [OU_WA_ID] = {"wa_id", 's'},
    [OU_USER_ID] = {"user_id", 's'},
    [OU_LANE] = {"lane", 'i'},
    [OU_SEQ] = {"seq", 'i'},
    [OU_EPOCH] = {"epoch", 'i'},
    [OU_AUTHOR] = {"author", 'e', .word = author_word, .words = AUTHORS, .other = 2, .map = 0},
    [OU_AGENT_ID] = {"agent_id", 's'},
    [OU_TYPE] = {"type", 'e', .word = type_word, .words = TYPES, .other = OTHER_TYPE, .map = 1},
    [OU_TEXT] = {"text", 's'},
    [OU_CONTEXT_ID] = {"context_id", 's'},
    [OU_CONTENT] = {"content", 's'},
};

const struct rlv_shape rlv_shape_outbound = {"OutboundMessage", outbound_fields, OU_FIELDS, 0};

/* Both ids, and somebody to talk to. */
static int check_names(rlv_str id, rlv_str conversation, rlv_str wa_id, rlv_str user_id, rlv_id *ret_id,
                       rlv_id *ret_conversation, rlv_error *err)
{
    if (!rlv_id_parse(id, ret_id) || !rlv_id_parse(conversation, ret_conversation))
        return rlv_error_set(err, RLV_E_DECODE, "its id or conversation_id is no UUID");
    if (wa_id.len == 0 && user_id.len == 0)
        return rlv_error_set(err, RLV_E_DECODE, "it has neither wa_id nor user_id: who is the customer?");
    return RLV_OK;
}

int rlv_wire_decode_outbound(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_outbound *ret,
                             rlv_error *err)
{
    struct rlv_take t;
    int rc = rlv_read(wire, arena, bytes, RLV_TYPE_OUTBOUND, &rlv_shape_outbound, &t, err);
    if (rc)
        return rc;
    rlv_str id = rlv_take_text(&t, OU_ID), conversation = rlv_take_text(&t, OU_CONVERSATION_ID);
    rlv_outbound m = {
        .phone_number_id = rlv_take_text(&t, OU_PHONE_NUMBER_ID),
        .wa_id = rlv_take_text(&t, OU_WA_ID),
        .user_id = rlv_take_text(&t, OU_USER_ID),
        .lane = (int32_t)rlv_take_int(&t, OU_LANE),
        .seq = rlv_take_int(&t, OU_SEQ),
        .epoch = rlv_take_int(&t, OU_EPOCH),
        .author = (enum rlv_author)(RLV_AUTHOR_BOT + rlv_take_enum(&t, OU_AUTHOR)),
        .agent_id = rlv_take_text(&t, OU_AGENT_ID),
        .type = rlv_str_from(type_word(rlv_take_enum(&t, OU_TYPE))),
        .text = rlv_take_text(&t, OU_TEXT),
        .context_id = rlv_take_text(&t, OU_CONTEXT_ID),
        .content = rlv_take_text(&t, OU_CONTENT),
    };
    rc = rlv_read_end(&t, err);
    if (rc == RLV_OK)
        rc = check_names(id, conversation, m.wa_id, m.user_id, &m.id, &m.conversation_id, err);
    if (rc == RLV_OK && m.phone_number_id.len == 0)
        rc = rlv_error_set(err, RLV_E_DECODE, "it has no phone_number_id: who sends it?");
    if (rc == RLV_OK)
        *ret = m;
    return rc;
}

/* ---- EffectRequest ---- */

enum effect_field {
    EF_ID,
    EF_CONVERSATION_ID,
    EF_PHONE_NUMBER_ID,
    EF_WA_ID,
    EF_USER_ID,
    EF_LANE,
    EF_EPOCH,
    EF_PLUGIN,
    EF_DESTINATION,
    EF_METHOD,
    EF_PATH,
    EF_CONTENT_TYPE,
    EF_BODY,
    EF_CONTEXT,
    EF_TIMEOUT,
    EF_HOLD,
    EF_FIELDS
};

static const struct rlv_field effect_fields[EF_FIELDS] = {
    [EF_ID] = {"id", 's'},
    [EF_CONVERSATION_ID] = {"conversation_id", 's'},
    [EF_PHONE_NUMBER_ID] = {"phone_number_id", 's'},
    [EF_WA_ID] = {"wa_id", 's'},
    [EF_USER_ID] = {"user_id", 's'},
    [EF_LANE] = {"lane", 'i'},
    [EF_EPOCH] = {"epoch", 'i'},
    [EF_PLUGIN] = {"plugin", 's'},
    [EF_DESTINATION] = {"destination", 's'},
    [EF_METHOD] = {"method", 's'},
    [EF_PATH] = {"path", 's'},
    [EF_CONTENT_TYPE] = {"content_type", 's'},
    [EF_BODY] = {"body", 'b'},
    [EF_CONTEXT] = {"context", 'b'},
    [EF_TIMEOUT] = {"timeout_ms", 'i'},
    [EF_HOLD] = {"hold_ms", 'i'},
};

const struct rlv_shape rlv_shape_effect = {"EffectRequest", effect_fields, EF_FIELDS, 0};

int rlv_wire_decode_effect(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_effect_request *ret,
                           rlv_error *err)
{
    struct rlv_take t;
    int rc = rlv_read(wire, arena, bytes, RLV_TYPE_EFFECT, &rlv_shape_effect, &t, err);
    if (rc)
        return rc;
    rlv_str id = rlv_take_text(&t, EF_ID), conversation = rlv_take_text(&t, EF_CONVERSATION_ID);
    int64_t timeout_ms = rlv_take_int(&t, EF_TIMEOUT), hold_ms = rlv_take_int(&t, EF_HOLD);
    rlv_effect_request q = {
        .phone_number_id = rlv_take_text(&t, EF_PHONE_NUMBER_ID),
        .wa_id = rlv_take_text(&t, EF_WA_ID),
        .user_id = rlv_take_text(&t, EF_USER_ID),
        .lane = (int32_t)rlv_take_int(&t, EF_LANE),
        .epoch = rlv_take_int(&t, EF_EPOCH),
        .plugin = rlv_take_text(&t, EF_PLUGIN),
        .effect = {.destination = rlv_take_text(&t, EF_DESTINATION),
                   .method = rlv_take_text(&t, EF_METHOD),
                   .path = rlv_take_text(&t, EF_PATH),
                   .content_type = rlv_take_text(&t, EF_CONTENT_TYPE),
                   .body = rlv_take_bytes(&t, EF_BODY),
                   .context = rlv_take_bytes(&t, EF_CONTEXT),
                   .timeout_ms = timeout_ms > 0 && timeout_ms <= INT32_MAX ? (uint32_t)timeout_ms : 0,
                   .hold_ms = hold_ms > 0 && hold_ms <= INT32_MAX ? (uint32_t)hold_ms : 0},
    };
    rc = rlv_read_end(&t, err);
    if (rc == RLV_OK)
        rc = check_names(id, conversation, q.wa_id, q.user_id, &q.id, &q.conversation_id, err);
    if (rc == RLV_OK && (q.plugin.len == 0 || q.effect.destination.len == 0 || q.effect.method.len == 0))
        rc = rlv_error_set(err, RLV_E_DECODE, "it names no plugin, destination or method");
    if (rc == RLV_OK)
        *ret = q;
    return rc;
}

/* ---- SendResult ---- */

enum {
    OUTCOMES = 4,
    OUTCOME_OTHER = 3
};
static const char *const outcomes[OUTCOMES] = {"failed", "suppressed", "unknown", "other"};

static const char *outcome_word(int outcome)
{
    return outcomes[outcome];
}

enum send_result_field {
    SR_SEND_ID,
    SR_PART,
    SR_CONVERSATION_ID,
    SR_PHONE_NUMBER_ID,
    SR_WA_ID,
    SR_USER_ID,
    SR_EPOCH,
    SR_AGENT_ID,
    SR_OUTCOME,
    SR_ERROR_CODE,
    SR_ERROR,
    SR_FIELDS
};

static const struct rlv_field send_result_fields[SR_FIELDS] = {
    [SR_SEND_ID] = {"send_id", 's'},
    [SR_PART] = {"part", 'i'},
    [SR_CONVERSATION_ID] = {"conversation_id", 's'},
    [SR_PHONE_NUMBER_ID] = {"phone_number_id", 's'},
    [SR_WA_ID] = {"wa_id", 's'},
    [SR_USER_ID] = {"user_id", 's'},
    [SR_EPOCH] = {"epoch", 'i'},
    [SR_AGENT_ID] = {"agent_id", 's'},
    [SR_OUTCOME] = {"outcome", 'e', .word = outcome_word, .words = OUTCOMES, .other = OUTCOME_OTHER,
                    .map = 0},
    [SR_ERROR_CODE] = {"error_code", 'i'},
    [SR_ERROR] = {"error", 's'},
};

const struct rlv_shape rlv_shape_send_result = {"SendResult", send_result_fields, SR_FIELDS, 0};

int rlv_read_send_result(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_event *ret, rlv_error *err)
{
    struct rlv_take t;
    int rc = rlv_read(wire, arena, bytes, RLV_TYPE_SEND_RESULT, &rlv_shape_send_result, &t, err);
    if (rc)
        return rc;
    rlv_str id = rlv_take_text(&t, SR_SEND_ID), conversation = rlv_take_text(&t, SR_CONVERSATION_ID);
    int64_t part = rlv_take_int(&t, SR_PART);
    int outcome = rlv_take_enum(&t, SR_OUTCOME);
    rlv_event ev = {
        .kind = RLV_EVENT_UNDELIVERED,
        .phone_number_id = rlv_take_text(&t, SR_PHONE_NUMBER_ID),
        .wa_id = rlv_take_text(&t, SR_WA_ID),
        .user_id = rlv_take_text(&t, SR_USER_ID),
        .epoch = rlv_take_int(&t, SR_EPOCH),
        .agent_id = rlv_take_text(&t, SR_AGENT_ID),
        .type = rlv_str_from(outcomes[outcome]),
        .status = outcome == 0 ? RLV_STATUS_FAILED : RLV_STATUS_OTHER,
        .error_code = rlv_take_int(&t, SR_ERROR_CODE),
        .error_title = rlv_take_text(&t, SR_ERROR),
    };
    rc = rlv_read_end(&t, err);
    rlv_id message;
    if (rc == RLV_OK)
        rc = check_names(id, conversation, ev.wa_id, ev.user_id, &message, &ev.conversation_id, err);
    if (rc != RLV_OK)
        return rc;
    ev.callback_data = rlv_str_from(rlv_arena_printf(arena, "%.*s/%lld", RLV_STR_ARG(id), (long long)part));
    *ret = ev;
    return RLV_OK;
}

int rlv_wire_encode_send_result(rlv_wire *wire, const rlv_event *ev, rlv_buf *out, rlv_error *err)
{
    rlv_str data = ev->callback_data;
    int outcome = 0;
    while (outcome < OUTCOME_OTHER && !rlv_str_is(ev->type, outcomes[outcome]))
        outcome++;
    int64_t part;
    if (data.len < RLV_ID_TEXT + 2 || data.ptr[RLV_ID_TEXT] != '/' ||
        !rlv_str_int((rlv_str){data.ptr + RLV_ID_TEXT + 1, data.len - RLV_ID_TEXT - 1}, &part))
        return rlv_error_set(err, RLV_E_INVALID, "the result names no message and part");
    char conversation[RLV_ID_TEXT + 1];
    rlv_id_text(ev->conversation_id, conversation);
    rlv_buf_append(out, wire->marks[RLV_TYPE_SEND_RESULT], RLV_MARK_LEN);
    rlv_put_str(out, (rlv_str){data.ptr, RLV_ID_TEXT});
    rlv_put_long(out, part);
    rlv_put_str(out, (rlv_str){conversation, RLV_ID_TEXT});
    rlv_put_str(out, ev->phone_number_id);
    rlv_put_opt_str(out, ev->wa_id);
    rlv_put_opt_str(out, ev->user_id);
    rlv_put_long(out, ev->epoch);
    rlv_put_opt_str(out, ev->agent_id);
    rlv_put_enum(out, outcome, OUTCOMES, OUTCOME_OTHER);
    rlv_put_opt_long(out, ev->error_code);
    rlv_put_opt_str(out, ev->error_title);
    if (out->failed)
        return rlv_error_set(err, RLV_E_LIMIT, "the record does not fit into %zu bytes", out->ceiling);
    return RLV_OK;
}
