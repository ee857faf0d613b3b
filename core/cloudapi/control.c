/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /sandbox/...: what tests and the phone's page use, and the real Cloud API does not have.
 *
 *   GET  /sandbox/log?after=N        sends that were accepted, in order, from the one after N
 *   GET  /sandbox/webhooks?after=N   webhooks that were taken
 *   GET  /sandbox/state              counts, and what is still on its way
 *   GET  /sandbox/chats              everybody; /sandbox/chat?wa_id=W&after=N: one chat's messages
 *   GET  /sandbox/settings, POST     how it behaves
 *   POST /sandbox/say                {"wa_id", "name", "user_id", "hidden", "message" or "text"}: the
 * customer writes POST /sandbox/read               {"wa_id"}: the customer looks POST /sandbox/webhook
 * {"field", "value"}: any webhook POST /sandbox/reset              forgets everything but the settings
 *   POST /sandbox/crm/...            a CRM that takes everything; GET /sandbox/crm?after=N: what it was asked
 */
#include <stdlib.h>

#include "base/trace.h"
#include "cloudapi/private.h"

static void bad(rlv_exchange *x, const char *details)
{
    rlv_exchange_refuse(x, 400, 100, "(#100) Invalid parameter", details);
}

/* The elements of a list behind the first N, and how many there are now. */
static json_t *after(rlv_exchange *x, const char *name, const json_t *list)
{
    const char *text = MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, "after");
    size_t from = text ? (size_t)strtoull(text, NULL, 10) : 0, n = json_array_size(list);
    json_t *out = json_array();
    for (size_t i = from; i < n; i++)
        (void)json_array_append(out, json_array_get(list, i));
    return json_pack("{s:o, s:I}", name, out, "next", (json_int_t)n);
}

static json_t *state(const rlv_cloudapi *api)
{
    json_t *out = json_deep_copy(api->counts);
    (void)json_object_set_new(out, "accepted", json_integer((json_int_t)json_array_size(api->log)));
    (void)json_object_set_new(out, "on_the_way", json_integer((json_int_t)api->n_queue));
    (void)json_object_set_new(out, "webhook_url", json_string(api->webhook));
    (void)json_object_set_new(out, "phone_number_id", json_string(api->config->sandbox.phone_number_id));
    (void)json_object_set_new(out, "display_phone_number", json_string(api->config->sandbox.display_phone_number));
    return out;
}

static json_t *chats(const rlv_cloudapi *api)
{
    json_t *out = json_array(), *chat;
    const char *key;
    json_object_foreach(api->chats, key, chat)
    {
        json_t *copy = json_copy(chat);
        (void)json_object_set_new(
            copy, "messages", json_integer((json_int_t)json_array_size(json_object_get(chat, "messages"))));
        (void)json_array_append_new(out, copy);
    }
    return json_pack("{s:o}", "chats", out);
}

static void show_chat(rlv_cloudapi *api, rlv_exchange *x)
{
    const char *wa_id = MHD_lookup_connection_value(x->connection, MHD_GET_ARGUMENT_KIND, "wa_id");
    if (!wa_id || !*wa_id)
        bad(x, "wa_id is missing");
    else
        x->json = after(x, "messages", json_object_get(rlv_phone_chat(api, wa_id), "messages"));
}

static void get(rlv_cloudapi *api, rlv_exchange *x, const char *what)
{
    if (strcmp(what, "log") == 0)
        x->json = after(x, "sends", api->log);
    else if (strcmp(what, "webhooks") == 0)
        x->json = after(x, "webhooks", api->hooks);
    else if (strcmp(what, "state") == 0)
        x->json = state(api);
    else if (strcmp(what, "chats") == 0)
        x->json = chats(api);
    else if (strcmp(what, "chat") == 0)
        show_chat(api, x);
    else if (strcmp(what, "settings") == 0)
        x->json = rlv_settings_json(&api->settings);
    else if (strcmp(what, "crm") == 0)
        x->json = after(x, "requests", api->crm);
    else if (strncmp(what, "media/", 6) == 0)
        rlv_cloudapi_media_give(api, x, what + 6);
    else
        rlv_exchange_refuse(x, 404, 100, "there is no such thing in the sandbox", what);
}

/* ---- what the customer does ---- */

static void say(rlv_cloudapi *api, rlv_exchange *x, const json_t *body)
{
    static const char *const about[] = {"name", "user_id", "hidden"};
    const char *wa_id = json_string_value(json_object_get(body, "wa_id"));
    const json_t *text = json_object_get(body, "text");
    json_t *message = json_is_string(text) ? json_pack("{s:s, s:{s:O}}", "type", "text", "text", "body", text)
                                           : json_incref(json_object_get(body, "message"));
    if (!wa_id || !*wa_id || strlen(wa_id) > 40 || !json_is_string(json_object_get(message, "type"))) {
        json_decref(message);
        bad(x, "say wants wa_id, and text or a message with its type");
        return;
    }
    json_t *chat = rlv_phone_chat(api, wa_id);
    for (size_t i = 0; i < sizeof(about) / sizeof(*about); i++)
        if (json_object_get(body, about[i]))
            (void)json_object_set(chat, about[i], json_object_get(body, about[i]));
    (void)rlv_phone_read(api, chat);
    const char *id = rlv_phone_say(api, chat, message);
    json_decref(message);
    x->json = json_pack("{s:s?}", "id", id);
}

static void look(rlv_cloudapi *api, rlv_exchange *x, const json_t *body)
{
    const char *wa_id = json_string_value(json_object_get(body, "wa_id"));
    json_t *chat = wa_id ? json_object_get(api->chats, wa_id) : NULL;
    if (chat)
        x->json = json_pack("{s:I}", "read", (json_int_t)rlv_phone_read(api, chat));
    else
        bad(x, "nobody with this wa_id has written or got anything");
}

static void any_webhook(rlv_cloudapi *api, rlv_exchange *x, const json_t *body)
{
    const char *field = json_string_value(json_object_get(body, "field"));
    json_t *value = json_object_get(body, "value");
    if (!field || !value) {
        bad(x, "webhook wants field and value");
        return;
    }
    rlv_webhook_queue(api, field, json_incref(value), 0);
    x->json = json_pack("{s:b}", "success", 1);
}

static void change_settings(rlv_cloudapi *api, rlv_exchange *x, const json_t *body)
{
    char details[200] = "";
    if (!rlv_settings_change(&api->settings, body, details)) {
        bad(x, details);
        return;
    }
    if (json_object_get(body, "seed"))
        api->random = (uint64_t)api->settings.seed;
    x->json = rlv_settings_json(&api->settings);
}

/* A CRM to try effects on: keeps what it is asked, answers as if it had made a record of it. */
static void ask_crm(rlv_cloudapi *api, rlv_exchange *x, const char *path)
{
    const char *key = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, "Idempotency-Key");
    const char *trace = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, RLV_TRACE_HEADER);
    json_t *body = json_loadb(x->body ? x->body : "", x->len, JSON_DECODE_ANY, NULL);
    json_int_t number = (json_int_t)json_array_size(api->crm) + 1;
    (void)json_array_append_new(api->crm, json_pack("{s:I, s:s, s:s?, s:s?, s:o?}", "n", number, "path", path, "idempotency_key",
                                                    key, RLV_TRACE_HEADER, trace, "body", body));
    x->status = MHD_HTTP_CREATED;
    x->json = json_pack("{s:I}", "id", number);
}

static void post(rlv_cloudapi *api, rlv_exchange *x, const char *what)
{
    json_error_t why;
    if (strncmp(what, "crm/", 4) == 0) {
        ask_crm(api, x, what + 3);
        return;
    }
    json_t *body = json_loadb(x->body ? x->body : "", x->len, 0, &why);
    if (strcmp(what, "reset") == 0) {
        rlv_cloudapi_forget(api);
        x->json = json_pack("{s:b}", "success", 1);
    } else if (!json_is_object(body)) {
        bad(x, "the body must be a JSON object");
    } else if (strcmp(what, "say") == 0) {
        say(api, x, body);
    } else if (strcmp(what, "read") == 0) {
        look(api, x, body);
    } else if (strcmp(what, "webhook") == 0) {
        any_webhook(api, x, body);
    } else if (strcmp(what, "settings") == 0) {
        change_settings(api, x, body);
    } else {
        rlv_exchange_refuse(x, 404, 100, "there is no such thing in the sandbox", what);
    }
    json_decref(body);
}

void rlv_cloudapi_control(rlv_cloudapi *api, rlv_exchange *x, const char *what, const char *method)
{
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0)
        get(api, x, what);
    else if (strcmp(method, MHD_HTTP_METHOD_POST) == 0)
        post(api, x, what);
    else
        rlv_exchange_refuse(x, 405, 100, "only GET and POST are answered here", method);
}
