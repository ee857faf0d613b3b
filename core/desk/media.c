/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that customers sent and agents send. They stay with WhatsApp: what is shown is read from there when it is looked at, what an agent sends
 * goes there first and then out by `desk.reply`, as every answer does. Must never show a file that is not of a message that the agent may see, nor
 * give a browser something to run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "desk/private.h"
#include "desk/sees.h"

enum { FILE_MAX = 16 << 20, IMAGE_MAX = 5 << 20, FILES_MAX = 8, TIMEOUT_MS = 20000, TURN_MS = 200, URL_SIZE = 1024, NAME_MAX_BYTES = 240 };

/* What agents may send: what WhatsApp takes, told by its first bytes, not by its name. */
static const struct kind {
    const char *type, *word; /* word: WhatsApp's kind of message */
    size_t at;
    const char *magic;
    size_t len;
    bool image;
} kinds[] = {
    {"image/jpeg", "image", 0, "\xFF\xD8\xFF", 3, true},   {"image/png", "image", 0, "\x89PNG\r\n\x1A\n", 8, true},
    {"application/pdf", "document", 0, "%PDF-", 5, false}, {"audio/ogg", "audio", 0, "OggS", 4, false},
    {"audio/mpeg", "audio", 0, "ID3", 3, false},           {"audio/mpeg", "audio", 0, "\xFF\xFB", 2, false},
    {"audio/mp4", "audio", 4, "ftypM4A", 7, false},        {"video/mp4", "video", 4, "ftyp", 4, false},
};

/* What is shown in the page; anything else is only saved. */
static const char *const shown[] = {"image/jpeg", "image/png", "image/webp", "image/gif", "audio/ogg", "audio/mpeg", "audio/mp4",
                                    "audio/aac",  "audio/amr", "video/mp4",  "video/3gpp"};

/* ---- one request to WhatsApp, waited for ---- */

struct answer {
    rlv_request *request;
    bool over, cut;
    int status;
    rlv_str body;
};

static void take(void *user, const rlv_http_answer *got)
{
    struct answer *a = user;
    a->over = true;
    a->status = got->status;
    a->cut = got->cut;
    a->body = rlv_arena_copy(a->request->arena, got->body);
}

/* False: the request's answer is made. */
static bool ask(rlv_request *request, rlv_http *http, rlv_http_request *q, struct answer *a)
{
    const rlv_config *config = request->desk->config;
    const char *headers[2] = {rlv_arena_printf(request->arena, "Authorization: Bearer %s", config->deliver.token)};
    rlv_error err;
    if (q->n_headers)
        headers[1] = q->headers[0];
    q->n_headers = q->n_headers ? 2 : 1;
    q->headers = headers;
    q->timeout_ms = TIMEOUT_MS;
    q->private_ok = config->deliver.api_private;
    *a = (struct answer){.request = request};
    if (rlv_http_start(http, q, take, a, &err) != RLV_OK) {
        rlv_request_fail(request, MHD_HTTP_BAD_GATEWAY, "whatsapp", "WhatsApp cannot be asked: %s", err.message);
        return false;
    }
    while (!a->over)
        rlv_http_poll(http, -1, TURN_MS);
    if (a->status == 200 && !a->cut && !rlv_arena_overflowed(request->arena))
        return true;
    if (a->cut)
        rlv_request_fail(request, MHD_HTTP_BAD_GATEWAY, "too_large", "the file is larger than 16 MB");
    else if (a->status == 404 || a->status == 400)
        rlv_request_fail(request, MHD_HTTP_NOT_FOUND, "gone", "WhatsApp no longer has this file: it keeps them for 30 days");
    else
        rlv_request_fail(request, MHD_HTTP_BAD_GATEWAY, "whatsapp", "WhatsApp did not give or take the file (%d)", a->status);
    return false;
}

static const char *place(rlv_request *request, const char *what)
{
    const rlv_config *config = request->desk->config;
    return rlv_arena_printf(request->arena, "%s/%s/%s", config->deliver.api_url, config->deliver.api_version, what);
}

static bool has_token(rlv_request *request)
{
    if (request->desk->config->deliver.token && *request->desk->config->deliver.token)
        return true;
    rlv_request_fail(request, MHD_HTTP_NOT_IMPLEMENTED, "no_token",
                     "files need deliver.token in the configuration of the desk too (RELEVO_DELIVER_TOKEN): they are read from WhatsApp");
    return false;
}

/* ---- what was sent ---- */

/* Of letters, digits and what file names have; "file" where nothing is left. */
static const char *plain_name(rlv_request *request, rlv_str name)
{
    char *out = rlv_arena_alloc(request->arena, NAME_MAX_BYTES + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < name.len && n < NAME_MAX_BYTES; i++) {
        char c = name.ptr[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("._-() ", c);
        out[n++] = fine && c ? c : '_';
    }
    if (!out || n == 0)
        return "file";
    out[n] = '\0';
    return out;
}

static void show(rlv_request *request, rlv_http *http)
{
    struct answer a;
    char media[128];
    (void)snprintf(media, sizeof(media), "%.*s", RLV_STR_ARG(request->id));
    if (!ask(request, http, &(rlv_http_request){.method = "GET", .url = place(request, media), .answer_max = 16 * 1024}, &a))
        return;
    json_t *j = json_loadb(a.body.ptr, a.body.len, 0, NULL);
    const char *url = json_string_value(json_object_get(j, "url")), *type = json_string_value(json_object_get(j, "mime_type"));
    if (!url) {
        rlv_request_fail(request, MHD_HTTP_BAD_GATEWAY, "whatsapp", "WhatsApp does not say where the file is");
    } else if (ask(request, http, &(rlv_http_request){.method = "GET", .url = url, .answer_max = FILE_MAX}, &a)) {
        size_t n = type ? strcspn(type, "; ") : 0;
        request->status = MHD_HTTP_OK;
        request->text = a.body;
        request->type = "application/octet-stream";
        for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++)
            if (n == strlen(shown[i]) && memcmp(type, shown[i], n) == 0)
                request->type = shown[i];
        const char *name = json_string_value(json_object_get(request->json, "name"));
        if (request->type[0] == 'a' && request->type[1] == 'p') /* nothing that a browser knows how to run, or to show */
            request->name = rlv_arena_printf(request->arena, "attachment; filename=\"%s\"", plain_name(request, rlv_str_from(name)));
    }
    json_decref(j);
}

/* Whether the file is of a message of this conversation, and the agent may see that. */
void rlv_media_show(rlv_request *request, rlv_str id)
{
    rlv_str media = rlv_request_text(request, "media");
    rlv_str args[] = {{NULL, 0}, {NULL, 0}, {NULL, 0}, id, media};
    if (!has_token(request))
        return;
    rlv_route_run(request,
                  "SELECT json_build_object('name', coalesce(h.extra ->> 'filename', h.extra -> 'media' ->> 'name'))::text FROM desk.conversations c "
                  "JOIN desk.history h ON h.conversation_id = c.conversation_id WHERE c.conversation_id = $4::uuid AND $5 ~ '^[A-Za-z0-9_.-]{1,100}$' "
                  "AND $5 IN (h.extra ->> 'media_id', h.extra -> 'media' ->> 'id') AND " SEES " LIMIT 1",
                  args, sizeof(args) / sizeof(*args), false);
    if (request->status != MHD_HTTP_OK)
        return;
    request->json = json_loadb(request->text.ptr, request->text.len, 0, NULL);
    request->id = rlv_arena_copy(request->arena, media);
    rlv_aside_do(request, show);
}

/* ---- what an agent sends ---- */

bool rlv_media_wanted(const rlv_request *request)
{
    size_t n = strlen(request->url);
    return strcmp(request->method, MHD_HTTP_METHOD_POST) == 0 && n > 6 && strcmp(request->url + n - 6, "/media") == 0;
}

bool rlv_media_takes(rlv_request *request, size_t len)
{
    if (request->large)
        return len <= FILE_MAX;
    if (len > FILE_MAX || !rlv_media_wanted(request))
        return false;
    if (!rlv_session_find(request, false) || request->session.role == RLV_ROLE_NOBODY)
        return false; /* a stranger's is not read */
    if (atomic_fetch_add(&request->desk->files, 1) >= FILES_MAX) {
        (void)atomic_fetch_sub(&request->desk->files, 1);
        return false;
    }
    return request->large = true;
}

static const struct kind *kind_of(const rlv_request *request)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (request->len > kinds[i].at + kinds[i].len && memcmp(request->body + kinds[i].at, kinds[i].magic, kinds[i].len) == 0)
            return &kinds[i];
    return NULL;
}

/* A form with the file, as the Cloud API wants it. */
static rlv_str form(rlv_request *request, const char *type, const char *name, const char *edge)
{
    const char *head = rlv_arena_printf(request->arena,
                                        "--%s\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"
                                        "--%s\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\n%s\r\n"
                                        "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\nContent-Type: %s\r\n\r\n",
                                        edge, edge, type, edge, name, type);
    const char *tail = rlv_arena_printf(request->arena, "\r\n--%s--\r\n", edge);
    size_t n = head ? strlen(head) : 0, m = tail ? strlen(tail) : 0;
    char *all = rlv_arena_alloc(request->arena, n + request->len + m);
    if (!all || !head || !tail)
        return (rlv_str){NULL, 0};
    memcpy(all, head, n);
    memcpy(all + n, request->body, request->len);
    memcpy(all + n + request->len, tail, m);
    return (rlv_str){all, n + request->len + m};
}

static void send_it(rlv_request *request, rlv_http *http)
{
    const struct kind *kind = kind_of(request);
    const char *number = request->text.len ? rlv_arena_printf(request->arena, "%.*s/media", RLV_STR_ARG(request->text)) : NULL;
    const char *name = plain_name(request, rlv_request_text(request, "name"));
    const char *edge = rlv_arena_printf(request->arena, "relevo-%016llx%08zx", (unsigned long long)rlv_clock_mono_us(), request->len);
    const char *type = rlv_arena_printf(request->arena, "Content-Type: multipart/form-data; boundary=%s", edge);
    rlv_str body = form(request, kind->type, name, edge);
    struct answer a;
    if (!number || !body.len) {
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "memory is short: try again in a moment");
        return;
    }
    if (!ask(request, http,
             &(rlv_http_request){.method = "POST", .url = place(request, number), .headers = &type, .n_headers = 1, .body = body,
                                 .answer_max = 16 * 1024},
             &a))
        return;
    json_t *j = json_loadb(a.body.ptr, a.body.len, 0, NULL);
    const char *media = json_string_value(json_object_get(j, "id"));
    rlv_str args[] = {{NULL, 0}, {NULL, 0}, {NULL, 0}, request->id, rlv_request_text(request, "caption"), rlv_str_from(kind->word),
                      rlv_str_from(media), rlv_str_from(name)};
    if (!media)
        rlv_request_fail(request, MHD_HTTP_BAD_GATEWAY, "whatsapp", "WhatsApp did not say that it has the file");
    else
        rlv_route_run(request, ACT("desk.reply(c.conversation_id, $1, $5, p_media_kind => $6, p_media_id => $7, p_media_name => $8)"), args,
                      sizeof(args) / sizeof(*args), true);
    json_decref(j);
}

/* The body is the file; its name and its caption are in the address. */
void rlv_media_send(rlv_request *request, rlv_str id)
{
    const struct kind *kind = kind_of(request);
    rlv_str args[] = {{NULL, 0}, {NULL, 0}, {NULL, 0}, id};
    if (!has_token(request))
        return;
    if (!kind) {
        rlv_request_fail(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "type",
                         "this is none of the files that can be sent: JPEG and PNG pictures, PDF, OGG, MP3 and M4A audio, MP4 video");
        return;
    }
    if (kind->image && request->len > IMAGE_MAX) {
        rlv_request_fail(request, MHD_HTTP_CONTENT_TOO_LARGE, "too_large", "WhatsApp takes pictures of up to 5 MB");
        return;
    }
    rlv_route_run(request, "SELECT c.phone_number_id FROM desk.conversations c WHERE c.conversation_id = $4::uuid AND " SEES, args,
                  sizeof(args) / sizeof(*args), false);
    if (request->status != MHD_HTTP_OK)
        return;
    request->id = id;
    rlv_aside_do(request, send_it);
}
