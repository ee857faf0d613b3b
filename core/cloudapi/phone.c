/* SPDX-License-Identifier: Apache-2.0 */
/* The customer's phone: what is said there, what is read there, and the webhooks that tell of it; see
 * private.h. */
#include <stdio.h>

#include "base/clock.h"
#include "cloudapi/private.h"

/* The frame of every change: {"messaging_product", "metadata"}. */
static json_t *frame(const rlv_cloudapi *api)
{
    return json_pack("{s:s, s:{s:s, s:s}}", "messaging_product", "whatsapp", "metadata",
                     "display_phone_number", api->config->sandbox.display_phone_number, "phone_number_id",
                     api->config->sandbox.phone_number_id);
}

/* The customer as `contacts` has them. A hidden number is left out, as it is for those with a username. */
static json_t *contact(const json_t *chat)
{
    const char *user_id = json_string_value(json_object_get(chat, "user_id"));
    json_t *out = json_pack("{s:{s:s}}", "profile", "name", json_string_value(json_object_get(chat, "name")));
    if (!json_is_true(json_object_get(chat, "hidden")))
        (void)json_object_set(out, "wa_id", json_object_get(chat, "wa_id"));
    if (user_id)
        (void)json_object_set_new(out, "user_id", json_string(user_id));
    return out;
}

json_t *rlv_phone_chat(rlv_cloudapi *api, const char *wa_id)
{
    json_t *chat = json_object_get(api->chats, wa_id);
    if (chat)
        return chat;
    chat = json_pack("{s:s, s:s, s:I, s:[]}", "wa_id", wa_id, "name", "Cliente", "last_in", (json_int_t)0,
                     "messages");
    (void)json_object_set_new(api->chats, wa_id, chat);
    return chat;
}

static json_t *seconds_text(int64_t ms)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%lld", (long long)(ms / 1000));
    return json_string(text);
}

const char *rlv_phone_say(rlv_cloudapi *api, json_t *chat, json_t *message)
{
    char id[64];
    int64_t now_ms = rlv_clock_wall_ms();
    rlv_cloudapi_id(api, "wamid.in.", id);
    json_t *kept = json_pack("{s:s, s:s, s:I, s:O}", "id", id, "from", "customer", "at", (json_int_t)now_ms,
                             "message", message);
    json_t *told = json_copy(message), *value = frame(api);
    if (!kept || !told || !value) {
        json_decref(kept);
        json_decref(told);
        json_decref(value);
        return NULL;
    }
    if (!json_is_true(json_object_get(chat, "hidden")))
        (void)json_object_set(told, "from", json_object_get(chat, "wa_id"));
    if (json_object_get(chat, "user_id"))
        (void)json_object_set(told, "from_user_id", json_object_get(chat, "user_id"));
    (void)json_object_set_new(told, "id", json_string(id));
    (void)json_object_set_new(told, "timestamp", seconds_text(now_ms));
    (void)json_object_set_new(value, "contacts", json_pack("[o]", contact(chat)));
    (void)json_object_set_new(value, "messages", json_pack("[o]", told));
    (void)json_object_set_new(chat, "last_in", json_integer(now_ms));
    (void)json_array_append(json_object_get(chat, "messages"), kept);
    (void)json_object_set_new(api->by_id, id, kept);
    rlv_webhook_queue(api, "messages", value, 0);
    return json_string_value(json_object_get(kept, "id"));
}

static json_t *error_of(int code)
{
    return json_pack("[{s:i, s:s, s:s, s:{s:s}}]", "code", code, "title", rlv_error_words(code), "message",
                     rlv_error_words(code), "error_data", "details", rlv_error_words(code));
}

/* Statuses never go back, whatever order they come in. */
static int rank(const char *status)
{
    static const char *const words[] = {"accepted", "sent", "delivered", "read", "failed"};
    for (int i = 0; status && i < 5; i++)
        if (strcmp(words[i], status) == 0)
            return i;
    return 0;
}

void rlv_phone_status(rlv_cloudapi *api, json_t *message, const char *status, int code, int64_t delay_ms)
{
    const char *wa_id = json_string_value(json_object_get(message, "to"));
    const json_t *chat = json_object_get(api->chats, wa_id),
                 *data = json_object_get(message, "callback_data");
    json_t *value = frame(api);
    json_t *told = json_pack("{s:O, s:s, s:o}", "id", json_object_get(message, "id"), "status", status,
                             "timestamp", seconds_text(rlv_clock_wall_ms() + delay_ms));
    if (!value || !told) {
        json_decref(value);
        json_decref(told);
        return;
    }
    if (!json_is_true(json_object_get(chat, "hidden")))
        (void)json_object_set_new(told, "recipient_id", json_string(wa_id));
    if (json_object_get(chat, "user_id"))
        (void)json_object_set(told, "recipient_user_id", json_object_get(chat, "user_id"));
    if (data)
        (void)json_object_set(told, "biz_opaque_callback_data", (json_t *)(uintptr_t)data);
    if (code) {
        (void)json_object_set_new(told, "errors", error_of(code));
        (void)json_object_set_new(message, "error", json_integer(code));
    } else {
        (void)json_object_set_new(told, "pricing",
                                  json_pack("{s:b, s:s, s:s, s:s}", "billable", 0, "pricing_model", "PMP",
                                            "type", "free_customer_service", "category", "service"));
        (void)json_object_set_new(value, "contacts", json_pack("[o]", contact(chat)));
    }
    json_t *states = json_object_get(message, "states"); /* and when each comes true */
    if (!states) {
        states = json_object();
        (void)json_object_set_new(message, "states", states);
    }
    (void)json_object_set_new(states, status, json_integer(rlv_clock_wall_ms() + delay_ms));
    if (rank(status) > rank(json_string_value(json_object_get(message, "status"))))
        (void)json_object_set_new(message, "status", json_string(status));
    (void)json_object_set_new(value, "statuses", json_pack("[o]", told));
    rlv_webhook_queue(api, "messages", value, delay_ms);
}

size_t rlv_phone_read(rlv_cloudapi *api, json_t *chat)
{
    size_t n = 0, i;
    json_t *message;
    json_array_foreach(json_object_get(chat, "messages"), i, message)
    {
        const char *status = json_string_value(json_object_get(message, "status"));
        if (!status || strcmp(status, "delivered") != 0)
            continue;
        int64_t ms = json_integer_value(json_object_get(json_object_get(message, "states"), "delivered")) -
                     rlv_clock_wall_ms();
        rlv_phone_status(api, message, "read", 0, ms > 0 ? ms + 1 : 0); /* not before it was delivered */
        n++;
    }
    return n;
}
