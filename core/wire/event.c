/* SPDX-License-Identifier: Apache-2.0 */
/* Events as they travel: WhatsAppEvent, EffectResult, Progress. Must never accept an event that names no
   conversation. */
#include <limits.h>

#include "wire/put.h"
#include "wire/read.h"

enum { KINDS = RLV_EVENT_UNKNOWN + 1, STATUSES = RLV_STATUS_OTHER + 1 };

static const char *kind_word(int kind)
{
    return rlv_event_kind_name((enum rlv_event_kind)kind);
}

static const char *status_word(int status)
{
    return rlv_status_name((enum rlv_status)status);
}

enum event_field {
    EV_KIND,
    EV_PHONE_NUMBER_ID,
    EV_WA_ID,
    EV_USER_ID,
    EV_CUSTOMER_NAME,
    EV_SENT_AT,
    EV_MESSAGE_ID,
    EV_TYPE,
    EV_TEXT,
    EV_REPLY_ID,
    EV_MEDIA_ID,
    EV_MIME_TYPE,
    EV_CONTEXT_ID,
    EV_STATUS,
    EV_ERROR_CODE,
    EV_ERROR_TITLE,
    EV_CALLBACK_DATA,
    EV_NOTE,
    EV_RAW,
    EV_PREVIOUS_USER_ID,
    EV_PREVIOUS_WA_ID,
    EV_FIELDS
};

static const struct rlv_field event_fields[EV_FIELDS] = {
    [EV_KIND] = {"kind", 'e', .word = kind_word, .words = KINDS, .other = RLV_EVENT_UNKNOWN, .map = 0,
                 .required = true},
    [EV_PHONE_NUMBER_ID] = {"phone_number_id", 's', .required = true},
    [EV_WA_ID] = {"wa_id", 's'},
    [EV_USER_ID] = {"user_id", 's'},
    [EV_CUSTOMER_NAME] = {"customer_name", 's'},
    [EV_SENT_AT] = {"sent_at", 'i'},
    [EV_MESSAGE_ID] = {"message_id", 's'},
    [EV_TYPE] = {"type", 's'},
    [EV_TEXT] = {"text", 's'},
    [EV_REPLY_ID] = {"reply_id", 's'},
    [EV_MEDIA_ID] = {"media_id", 's'},
    [EV_MIME_TYPE] = {"mime_type", 's'},
    [EV_CONTEXT_ID] = {"context_id", 's'},
    [EV_STATUS] = {"status", 'e', .word = status_word, .words = STATUSES, .other = RLV_STATUS_OTHER,
                   .map = 1},
    [EV_ERROR_CODE] = {"error_code", 'i'},
    [EV_ERROR_TITLE] = {"error_title", 's'},
    [EV_CALLBACK_DATA] = {"callback_data", 's'},
    [EV_NOTE] = {"note", 's'},
    [EV_RAW] = {"raw", 's'},
    [EV_PREVIOUS_USER_ID] = {"previous_user_id", 's'},
    [EV_PREVIOUS_WA_ID] = {"previous_wa_id", 's'},
};

const struct rlv_shape rlv_shape_event = {"WhatsAppEvent", event_fields, EV_FIELDS, 0};

/* Whose conversation it is; without that an event cannot be decided. */
static int name_conversation(rlv_event *ev, rlv_error *err)
{
    if (ev->phone_number_id.len == 0)
        return rlv_error_set(err, RLV_E_DECODE,
                             "the event has no phone_number_id: whose number is it about?");
    rlv_str identity = rlv_event_identity(ev);
    if (identity.len == 0)
        return rlv_error_set(err, RLV_E_DECODE,
                             "the event has neither wa_id nor user_id: whose conversation is it?");
    ev->conversation_id = rlv_conversation_id(ev->phone_number_id, identity);
    return RLV_OK;
}

/* What identifies and names is short; an event that says otherwise could make a decision that no topic takes. */
static int check_lengths(const rlv_event *ev, rlv_error *err)
{
    enum { NAME_MAX_BYTES = 512 };
    const struct {
        const char *name;
        rlv_str text;
    } names[] = {{"phone_number_id", ev->phone_number_id}, {"wa_id", ev->wa_id}, {"user_id", ev->user_id},
                 {"customer_name", ev->customer_name}, {"message_id", ev->message_id}, {"type", ev->type},
                 {"reply_id", ev->reply_id}, {"media_id", ev->media_id}, {"mime_type", ev->mime_type},
                 {"context_id", ev->context_id}, {"callback_data", ev->callback_data},
                 {"previous_user_id", ev->previous_user_id}, {"previous_wa_id", ev->previous_wa_id}};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].text.len > NAME_MAX_BYTES)
            return rlv_error_set(err, RLV_E_DECODE, "the event's %s has %zu bytes: it has at most %d", names[i].name,
                                 names[i].text.len, NAME_MAX_BYTES);
    return RLV_OK;
}

static bool needs_message_id(enum rlv_event_kind kind)
{
    return kind == RLV_EVENT_MESSAGE || kind == RLV_EVENT_ECHO || kind == RLV_EVENT_STATUS;
}

int rlv_wire_decode_event(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_event *ret, rlv_error *err)
{
    struct rlv_take t;
    int rc = rlv_read(wire, arena, bytes, RLV_TYPE_EVENT, &rlv_shape_event, &t, err);
    if (rc)
        return rc;
    rlv_event ev = {
        .kind = (enum rlv_event_kind)rlv_take_enum(&t, EV_KIND),
        .sent_ms = rlv_take_int(&t, EV_SENT_AT),
        .phone_number_id = rlv_take_text(&t, EV_PHONE_NUMBER_ID),
        .wa_id = rlv_take_text(&t, EV_WA_ID),
        .user_id = rlv_take_text(&t, EV_USER_ID),
        .customer_name = rlv_take_text(&t, EV_CUSTOMER_NAME),
        .message_id = rlv_take_text(&t, EV_MESSAGE_ID),
        .type = rlv_take_text(&t, EV_TYPE),
        .text = rlv_take_text(&t, EV_TEXT),
        .reply_id = rlv_take_text(&t, EV_REPLY_ID),
        .media_id = rlv_take_text(&t, EV_MEDIA_ID),
        .mime_type = rlv_take_text(&t, EV_MIME_TYPE),
        .context_id = rlv_take_text(&t, EV_CONTEXT_ID),
        .status = (enum rlv_status)rlv_take_enum(&t, EV_STATUS),
        .error_code = rlv_take_int(&t, EV_ERROR_CODE),
        .error_title = rlv_take_text(&t, EV_ERROR_TITLE),
        .callback_data = rlv_take_text(&t, EV_CALLBACK_DATA),
        .note = rlv_take_text(&t, EV_NOTE),
        .raw = rlv_take_text(&t, EV_RAW),
        .previous_user_id = rlv_take_text(&t, EV_PREVIOUS_USER_ID),
        .previous_wa_id = rlv_take_text(&t, EV_PREVIOUS_WA_ID),
    };
    rc = rlv_read_end(&t, err);
    if (rc == RLV_OK)
        rc = check_lengths(&ev, err);
    if (rc == RLV_OK)
        rc = name_conversation(&ev, err);
    if (rc == RLV_OK && needs_message_id(ev.kind) && ev.message_id.len == 0)
        rc = rlv_error_set(err, RLV_E_DECODE,
                           "the %s has no message_id: it could not be told from a repetition",
                           rlv_event_kind_name(ev.kind));
    if (rc == RLV_OK)
        *ret = ev;
    return rc;
}

static int finish(const rlv_buf *out, rlv_error *err)
{
    if (!out->failed)
        return RLV_OK;
    return rlv_error_set(err, RLV_E_LIMIT, "the record does not fit into %zu bytes", out->ceiling);
}

int rlv_wire_encode_event(rlv_wire *wire, const rlv_event *ev, rlv_buf *out, rlv_error *err)
{
    if ((int)ev->kind < 0 || (int)ev->kind >= KINDS)
        return rlv_error_set(err, RLV_E_INVALID, "an event of kind %s does not come from WhatsApp",
                             rlv_event_kind_name(ev->kind));
    rlv_buf_append(out, wire->marks[RLV_TYPE_EVENT], RLV_MARK_LEN);
    rlv_put_long(out, ev->kind);
    rlv_put_str(out, ev->phone_number_id);
    rlv_put_opt_str(out, ev->wa_id);
    rlv_put_opt_str(out, ev->user_id);
    rlv_put_opt_str(out, ev->customer_name);
    rlv_put_opt_long(out, ev->sent_ms);
    rlv_put_opt_str(out, ev->message_id);
    rlv_put_opt_str(out, ev->type);
    rlv_put_opt_str(out, ev->text);
    rlv_put_opt_str(out, ev->reply_id);
    rlv_put_opt_str(out, ev->media_id);
    rlv_put_opt_str(out, ev->mime_type);
    rlv_put_opt_str(out, ev->context_id);
    if (ev->kind == RLV_EVENT_STATUS) {
        rlv_put_some(out);
        rlv_put_enum(out, ev->status, STATUSES, RLV_STATUS_OTHER);
    } else {
        rlv_put_null(out);
    }
    rlv_put_opt_long(out, ev->error_code);
    rlv_put_opt_str(out, ev->error_title);
    rlv_put_opt_str(out, ev->callback_data);
    rlv_put_opt_str(out, ev->note);
    rlv_put_opt_str(out, ev->raw);
    rlv_put_opt_str(out, ev->previous_user_id);
    rlv_put_opt_str(out, ev->previous_wa_id);
    return finish(out, err);
}

/* ---- EffectResult ---- */

enum result_field {
    RE_EFFECT_ID,
    RE_CONVERSATION_ID,
    RE_PHONE_NUMBER_ID,
    RE_WA_ID,
    RE_USER_ID,
    RE_EPOCH,
    RE_PLUGIN,
    RE_STATUS,
    RE_BODY,
    RE_ERROR,
    RE_CONTEXT,
    RE_HOLD,
    RE_FIELDS
};

static const struct rlv_field result_fields[RE_FIELDS] = {
    [RE_EFFECT_ID] = {"effect_id", 's', .required = true},
    [RE_CONVERSATION_ID] = {"conversation_id", 's', .required = true},
    [RE_PHONE_NUMBER_ID] = {"phone_number_id", 's', .required = true},
    [RE_WA_ID] = {"wa_id", 's'},
    [RE_USER_ID] = {"user_id", 's'},
    [RE_EPOCH] = {"epoch", 'i', .required = true},
    [RE_PLUGIN] = {"plugin", 's', .required = true},
    [RE_STATUS] = {"status", 'i', .required = true},
    [RE_BODY] = {"body", 'b'},
    [RE_ERROR] = {"error", 's'},
    [RE_CONTEXT] = {"context", 'b'},
    [RE_HOLD] = {"hold_ms", 'i'},
};

const struct rlv_shape rlv_shape_result = {"EffectResult", result_fields, RE_FIELDS, 0};

int rlv_wire_decode_result(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_event *ret, rlv_error *err)
{
    if (rlv_read_type(wire, bytes) == RLV_TYPE_SEND_RESULT)
        return rlv_read_send_result(wire, arena, bytes, ret, err);
    if (rlv_read_type(wire, bytes) == RLV_TYPE_EVENT) /* forwarded by another lane */
        return rlv_wire_decode_event(wire, arena, bytes, ret, err);
    struct rlv_take t;
    int rc = rlv_read(wire, arena, bytes, RLV_TYPE_RESULT, &rlv_shape_result, &t, err);
    if (rc)
        return rc;
    rlv_str conversation = rlv_take_text(&t, RE_CONVERSATION_ID);
    rlv_event ev = {
        .kind = RLV_EVENT_RESULT,
        .phone_number_id = rlv_take_text(&t, RE_PHONE_NUMBER_ID),
        .wa_id = rlv_take_text(&t, RE_WA_ID),
        .user_id = rlv_take_text(&t, RE_USER_ID),
        .epoch = rlv_take_int(&t, RE_EPOCH),
        .effect_id = rlv_take_text(&t, RE_EFFECT_ID),
        .plugin = rlv_take_text(&t, RE_PLUGIN),
        .http_status = (int32_t)rlv_take_int(&t, RE_STATUS),
        .body = rlv_take_bytes(&t, RE_BODY),
        .error_title = rlv_take_text(&t, RE_ERROR),
        .context = rlv_take_bytes(&t, RE_CONTEXT),
        .hold_ms = rlv_take_int(&t, RE_HOLD),
    };
    rc = rlv_read_end(&t, err);
    if (rc)
        return rc;
    if (!rlv_id_parse(conversation, &ev.conversation_id))
        return rlv_error_set(err, RLV_E_DECODE, "the result's conversation_id is no UUID");
    if (ev.effect_id.len == 0 || ev.plugin.len == 0)
        return rlv_error_set(err, RLV_E_DECODE, "the result names no effect_id or no plugin: whose is it?");
    *ret = ev;
    return RLV_OK;
}

int rlv_wire_encode_result(rlv_wire *wire, const rlv_event *ev, rlv_buf *out, rlv_error *err)
{
    char conversation[RLV_ID_TEXT + 1];
    rlv_id_text(ev->conversation_id, conversation);
    rlv_buf_append(out, wire->marks[RLV_TYPE_RESULT], RLV_MARK_LEN);
    rlv_put_str(out, ev->effect_id);
    rlv_put_str(out, (rlv_str){conversation, RLV_ID_TEXT});
    rlv_put_str(out, ev->phone_number_id);
    rlv_put_opt_str(out, ev->wa_id);
    rlv_put_opt_str(out, ev->user_id);
    rlv_put_long(out, ev->epoch);
    rlv_put_str(out, ev->plugin);
    rlv_put_long(out, ev->http_status);
    rlv_put_opt_str(out, ev->body);
    rlv_put_opt_str(out, ev->error_title);
    rlv_put_opt_str(out, ev->context);
    rlv_put_long(out, ev->hold_ms);
    return finish(out, err);
}

/* ---- Progress ---- */

enum progress_field { PR_CLUSTER, PR_LANE, PR_SEQ, PR_FIELDS };

static const struct rlv_field progress_fields[PR_FIELDS] = {
    [PR_CLUSTER] = {"cluster", 's'},
    [PR_LANE] = {"lane", 'i'},
    [PR_SEQ] = {"seq", 'i'},
};

const struct rlv_shape rlv_shape_progress = {"Progress", progress_fields, PR_FIELDS, 0};

int rlv_wire_encode_progress(rlv_wire *wire, rlv_str cluster, int32_t lane, int64_t seq, int64_t at_ms,
                             rlv_buf *out, rlv_error *err)
{
    rlv_buf_append(out, wire->marks[RLV_TYPE_PROGRESS], RLV_MARK_LEN);
    rlv_put_str(out, cluster);
    rlv_put_long(out, lane);
    rlv_put_long(out, seq);
    rlv_put_long(out, at_ms);
    return finish(out, err);
}

int rlv_wire_decode_progress(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_str cluster,
                             int32_t *ret_lane, int64_t *ret_seq, rlv_error *err)
{
    struct rlv_take t;
    int rc = rlv_read(wire, arena, bytes, RLV_TYPE_PROGRESS, &rlv_shape_progress, &t, err);
    if (rc)
        return rc;
    rlv_str whose = rlv_take_text(&t, PR_CLUSTER);
    int64_t lane = rlv_take_int(&t, PR_LANE), seq = rlv_take_int(&t, PR_SEQ);
    rc = rlv_read_end(&t, err);
    if (rc)
        return rc;
    if (!rlv_str_eq(whose, cluster))
        return rlv_error_set(
            err, RLV_E_REFUSED,
            "the progress topic belongs to the installation \"%.*s\", this is \"%.*s\": give each its own",
            RLV_STR_ARG(whose), RLV_STR_ARG(cluster));
    if (lane < 0 || lane > RLV_LANE_MAX || seq < 0)
        return rlv_error_set(err, RLV_E_DECODE, "a Progress of lane %lld at %lld cannot be", (long long)lane,
                             (long long)seq);
    *ret_lane = (int32_t)lane;
    *ret_seq = seq;
    return RLV_OK;
}
