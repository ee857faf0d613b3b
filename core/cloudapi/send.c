/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /<version>/<phone number id>/messages: accepted or refused as the real one does, and what becomes of
 * it. What was accepted is in the log, in order, before it is answered: a lost answer changes nothing about
 * that.
 *
 * Recipients with a meaning: 999<six digits of an error code>... is refused with it, 998<code>... is accepted
 * and fails with it, 997... is accepted and never answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/trace.h"
#include "cloudapi/private.h"

static void refuse(rlv_cloudapi *api, rlv_exchange *x, int code, const char *details)
{
    char message[160];
    (void)snprintf(message, sizeof(message), "(#%d) %s", code, rlv_error_words(code));
    rlv_exchange_refuse(x, rlv_error_status(code), code, message, details);
    rlv_cloudapi_count(api, "refused");
}

/* The code that a magic recipient carries behind its prefix; 0: it is none. */
static int magic(const char *to, const char *prefix)
{
    char digits[7] = "";
    if (strncmp(to, prefix, 3) != 0 || strlen(to) < 9)
        return 0;
    memcpy(digits, to + 3, 6);
    return (int)strtol(digits, NULL, 10);
}

/* ---- limits ---- */

static bool within_number(rlv_cloudapi *api)
{
    double rate = (double)api->settings.per_second;
    int64_t now_us = rlv_clock_mono_us();
    if (rate <= 0)
        return true;
    api->tokens += (double)(now_us - api->tokens_us) / 1e6 * rate;
    api->tokens_us = now_us;
    if (api->tokens > rate)
        api->tokens = rate;
    if (api->tokens < 1)
        return false;
    api->tokens -= 1;
    return true;
}

static bool within_pair(const rlv_cloudapi *api, json_t *chat)
{
    int64_t each_ms = api->settings.pair_ms, burst = api->settings.pair_burst,
            now_ms = rlv_clock_mono_us() / 1000;
    if (each_ms == 0 || burst == 0)
        return true;
    /* When the last one that was taken would have been due, had they come one each pair_ms. */
    int64_t due_ms = json_integer_value(json_object_get(chat, "pair_due"));
    if (due_ms < now_ms)
        due_ms = now_ms;
    if (due_ms - now_ms > (burst - 1) * each_ms)
        return false;
    (void)json_object_set_new(chat, "pair_due", json_integer(due_ms + each_ms));
    return true;
}

static bool window_open(const rlv_cloudapi *api, const json_t *chat)
{
    int64_t hours = api->settings.window_hours,
            last_ms = json_integer_value(json_object_get(chat, "last_in"));
    return hours == 0 || (last_ms > 0 && rlv_clock_wall_ms() - last_ms < hours * 3600000);
}

/* ---- what becomes of it ---- */

/* Keeps what the customer sees, and plans its statuses. fails: the code of a message that will. */
static void follow(rlv_cloudapi *api, json_t *chat, json_t *message, int fails)
{
    int64_t ms = 20;
    (void)json_array_append(json_object_get(chat, "messages"), message);
    (void)json_object_set(api->by_id, json_string_value(json_object_get(message, "id")), message);
    if (fails) {
        rlv_phone_status(api, message, "failed", fails, ms);
        return;
    }
    rlv_phone_status(api, message, "sent", 0, ms);
    if (!rlv_cloudapi_chance(api, api->settings.deliver))
        return;
    ms += rlv_cloudapi_between(api, api->settings.delivered_ms);
    rlv_phone_status(api, message, "delivered", 0, ms);
    if (rlv_cloudapi_chance(api, api->settings.read))
        rlv_phone_status(api, message, "read", 0, ms + rlv_cloudapi_between(api, api->settings.read_ms));
}

/* One write, so that a kill leaves a whole line or none. */
static void write_line(const rlv_cloudapi *api, const json_t *entry)
{
    char *text = json_dumps(entry, JSON_COMPACT);
    size_t len = text ? strlen(text) : 0;
    if (text)
        text[len] = '\n';
    if (!text || write(api->log_fd, text, len + 1) != (ssize_t)(len + 1))
        rlv_log(RLV_LOG_ERROR, "sandbox", "%s lacks a send: it cannot be written", api->config->sandbox.log);
    free(text);
}

static void keep(rlv_cloudapi *api, rlv_exchange *x, const json_t *send, const char *to, const char *id)
{
    json_t *entry = json_pack("{s:I, s:I, s:s, s:s, s:O}", "n", (json_int_t)json_array_size(api->log) + 1,
                              "at", (json_int_t)rlv_clock_wall_ms(), "to", to, "id", id, "body", send);
    const json_t *data = json_object_get(send, "biz_opaque_callback_data");
    if (data)
        (void)json_object_set(entry, "biz_opaque_callback_data", (json_t *)(uintptr_t)data);
    const char *trace = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, RLV_TRACE_HEADER);
    if (trace)
        (void)json_object_set_new(entry, RLV_TRACE_HEADER, json_string(trace));
    if (api->log_fd >= 0)
        write_line(api, entry);
    (void)json_array_append_new(api->log, entry);
}

static json_t *answer(const json_t *send, const char *to, const char *id)
{
    const json_t *recipient = json_object_get(send, "to") ? NULL : json_object_get(send, "recipient");
    json_t *who = recipient ? json_pack("{s:O, s:O}", "input", recipient, "user_id", recipient)
                            : json_pack("{s:O, s:s}", "input", json_object_get(send, "to"), "wa_id", to);
    json_t *out = json_pack("{s:s, s:[o], s:[{s:s}]}", "messaging_product", "whatsapp", "contacts", who,
                            "messages", "id", id);
    const json_t *type = json_object_get(send, "type");
    if (out && rlv_str_is(rlv_str_from(json_string_value(type)), "template"))
        (void)json_object_set_new(json_array_get(json_object_get(out, "messages"), 0), "message_status",
                                  json_string("accepted"));
    return out;
}

/* ---- who it is for ---- */

/* A phone number without its plus and its spaces; the chat's for a user id. False for neither. */
static bool recipient_of(const rlv_cloudapi *api, const json_t *send, char ret[64])
{
    const char *to = json_string_value(json_object_get(send, "to"));
    const char *user_id = json_string_value(json_object_get(send, "recipient"));
    size_t n = 0;
    for (; to && *to && n < 63; to++)
        if (*to >= '0' && *to <= '9')
            ret[n++] = *to;
        else if (!strchr("+ -().", *to))
            return false;
    ret[n] = '\0';
    if (n > 0)
        return n >= 5 && n <= 20;
    const char *key;
    json_t *chat;
    json_object_foreach(api->chats, key, chat)
    {
        const char *theirs = json_string_value(json_object_get(chat, "user_id"));
        if (user_id && theirs && strcmp(theirs, user_id) == 0) {
            (void)snprintf(ret, 64, "%s", key);
            return true;
        }
    }
    return false;
}

/* ---- the endpoint ---- */

/* {"status": "read", "message_id", "typing_indicator"}: the customer's message was seen. */
static void receipt(rlv_cloudapi *api, rlv_exchange *x, const json_t *send)
{
    const char *id = json_string_value(json_object_get(send, "message_id"));
    json_t *message = id ? json_object_get(api->by_id, id) : NULL;
    if (!message) {
        refuse(api, x, 131009, "message_id is not one of a message that was received");
        return;
    }
    (void)json_object_set_new(message, "status", json_string("read"));
    if (json_object_get(send, "typing_indicator"))
        (void)json_object_set_new(message, "typing", json_integer(rlv_clock_wall_ms()));
    keep(api, x, send, "", id);
    x->json = json_pack("{s:b}", "success", 1);
}

/* Why it is refused though it is well-formed; 0: it is not. */
static int refusal(rlv_cloudapi *api, const char *to, json_t *chat, bool outside, const char **details)
{
    int code = magic(to, "999");
    *details = "the recipient's number asked for it";
    if (code == 0 && rlv_cloudapi_chance(api, api->settings.answer_fail)) {
        code = (int)api->settings.fail_code;
        *details = "answer_fail asked for it";
    }
    if (code == 0 && outside && api->settings.window_at_once) {
        code = 131047;
        *details = "more than 24 hours have passed since the recipient last replied";
    }
    if (code == 0 && !within_number(api)) {
        code = 130429;
        *details = "more sends a second than this number may";
    }
    if (code == 0 && !within_pair(api, chat)) {
        code = 131056;
        *details = "too many messages to this recipient in a short time";
    }
    return code;
}

static void accept_send(rlv_cloudapi *api, rlv_exchange *x, json_t *send, const char *to)
{
    json_t *chat = rlv_phone_chat(api, to);
    const char *type = json_string_value(json_object_get(send, "type")), *details;
    bool outside = !window_open(api, chat) && !rlv_str_is(rlv_str_from(type), "template");
    int code = refusal(api, to, chat, outside, &details), fails = magic(to, "998");
    char id[64];
    if (code) {
        refuse(api, x, code, details);
        return;
    }
    rlv_cloudapi_id(api, "wamid.out.", id);
    keep(api, x, send, to, id);
    json_t *message = json_pack("{s:s, s:s, s:s, s:I, s:s, s:O}", "id", id, "from", "business", "to", to,
                                "at", (json_int_t)rlv_clock_wall_ms(), "status", "accepted", "message", send);
    json_t *data = json_object_get(send, "biz_opaque_callback_data");
    if (message && data)
        (void)json_object_set(message, "callback_data", data);
    if (message)
        follow(api, chat, message, fails ? fails : outside ? 131047 : 0);
    json_decref(message);
    x->json = answer(send, to, id);
    x->lose = strncmp(to, "997", 3) == 0 || rlv_cloudapi_chance(api, api->settings.answer_lose);
}

void rlv_cloudapi_send(rlv_cloudapi *api, rlv_exchange *x)
{
    json_error_t why;
    char to[64], details[200] = "";
    json_t *send = json_loadb(x->body ? x->body : "", x->len, 0, &why);
    const char *product = json_string_value(json_object_get(send, "messaging_product"));
    const char *status = json_string_value(json_object_get(send, "status"));
    int64_t ms = rlv_cloudapi_between(api, api->settings.answer_ms);
    if (ms > 0)
        x->due_us = rlv_clock_mono_us() + ms * 1000;
    int code = 0;
    if (!json_is_object(send)) {
        refuse(api, x, 100, "the body is no JSON object");
    } else if (!product || strcmp(product, "whatsapp") != 0) {
        refuse(api, x, 100, "The parameter messaging_product is required.");
    } else if (status) {
        receipt(api, x, send);
    } else if ((code = rlv_send_check(send, api->media, details)) != 0) {
        refuse(api, x, code, details);
    } else if (!recipient_of(api, send, to)) {
        refuse(api, x, 131009,
               "the recipient is neither a phone number nor the user id of somebody who wrote");
    } else {
        accept_send(api, x, send, to);
    }
    json_decref(send);
}
