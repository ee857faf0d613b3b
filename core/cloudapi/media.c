/* SPDX-License-Identifier: Apache-2.0 */
/* Media: uploaded as a form, described by id, given as bytes. Kept in memory until it is forgotten or
 * deleted. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "cloudapi/private.h"

enum {
    MEDIA_MAX = 16 * 1024 * 1024
};

/* Fields of the form, joined from their pieces, as strings of `upload`; the file as hexadecimal in "file". */
enum MHD_Result rlv_cloudapi_media_field(void *user, enum MHD_ValueKind kind, const char *key,
                                         const char *filename, const char *content_type, const char *encoding,
                                         const char *data, uint64_t off, size_t size)
{
    rlv_exchange *x = user;
    (void)kind;
    (void)filename;
    (void)encoding;
    (void)off;
    if (strcmp(key, "file") == 0) {
        if (x->n_bytes + size > MEDIA_MAX) {
            x->over = true;
            return MHD_YES;
        }
        char *grown = realloc(x->bytes, x->n_bytes + size + 1);
        if (!grown)
            return MHD_NO;
        x->bytes = grown;
        if (size > 0)
            memcpy(x->bytes + x->n_bytes, data, size);
        x->n_bytes += size;
        if (content_type && !json_object_get(x->upload, "content_type"))
            (void)json_object_set_new(x->upload, "content_type", json_string(content_type));
        return MHD_YES;
    }
    const char *before = json_string_value(json_object_get(x->upload, key));
    if (before && strlen(before) > 1024)
        return MHD_YES;
    (void)json_object_set_new(x->upload, key, json_sprintf("%s%.*s", before ? before : "", (int)size, data));
    return MHD_YES;
}

static json_t *digest(const char *bytes, size_t n)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[2 * sizeof(hash) + 1];
    (void)crypto_hash_sha256(hash, (const unsigned char *)(bytes ? bytes : ""), n);
    (void)sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
    return json_string(text);
}

static json_t *base64(const char *bytes, size_t n)
{
    size_t size = sodium_base64_encoded_len(n, sodium_base64_VARIANT_ORIGINAL);
    char *text = malloc(size);
    if (!text)
        return NULL;
    (void)sodium_bin2base64(text, size, (const unsigned char *)(bytes ? bytes : ""), n,
                            sodium_base64_VARIANT_ORIGINAL);
    json_t *out = json_string(text);
    free(text);
    return out;
}

void rlv_cloudapi_media_store(rlv_cloudapi *api, rlv_exchange *x)
{
    const char *product = json_string_value(json_object_get(x->upload, "messaging_product"));
    json_t *type = json_object_get(x->upload, "type");
    char id[64];
    if (!type)
        type = json_object_get(x->upload, "content_type");
    if (!product || strcmp(product, "whatsapp") != 0 || !type || x->n_bytes == 0) {
        rlv_exchange_refuse(x, 400, 100, "(#100) Invalid parameter",
                            "a media upload is a form with messaging_product=whatsapp, type and file");
    } else if (x->over) {
        rlv_exchange_refuse(x, 400, 131053, "(#131053) Media upload error", "the file is larger than 16 MB");
    } else {
        rlv_cloudapi_id(api, "media", id);
        (void)json_object_set_new(api->media, id,
                                  json_pack("{s:O, s:o, s:I, s:o}", "mime_type", type, "sha256",
                                            digest(x->bytes, x->n_bytes), "file_size", (json_int_t)x->n_bytes,
                                            "data", base64(x->bytes, x->n_bytes)));
        x->json = json_pack("{s:s}", "id", id);
    }
    free(x->bytes); /* they were the upload, and are no answer */
    x->bytes = NULL;
    x->n_bytes = 0;
}

void rlv_cloudapi_media_describe(rlv_cloudapi *api, rlv_exchange *x, const char *id, bool erase)
{
    json_t *media = json_object_get(api->media, id);
    char url[160];
    if (!media) {
        rlv_exchange_refuse(x, 400, 100, "Unsupported get request. Object with this ID does not exist", "");
        return;
    }
    if (erase) {
        (void)json_object_del(api->media, id);
        x->json = json_pack("{s:b}", "success", 1);
        return;
    }
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/sandbox/media/%s", api->port, id);
    x->json = json_pack("{s:s, s:s, s:s, s:O, s:O, s:O}", "messaging_product", "whatsapp", "id", id, "url",
                        url, "mime_type", json_object_get(media, "mime_type"), "sha256",
                        json_object_get(media, "sha256"), "file_size", json_object_get(media, "file_size"));
}

void rlv_cloudapi_media_give(rlv_cloudapi *api, rlv_exchange *x, const char *id)
{
    const json_t *media = json_object_get(api->media, id), *data = json_object_get(media, "data");
    size_t size = (size_t)json_integer_value(json_object_get(media, "file_size"));
    if (!media) {
        rlv_exchange_refuse(x, 404, 100, "Media not found", "");
        return;
    }
    x->bytes = malloc(size + 1);
    x->type = strdup(json_string_value(json_object_get(media, "mime_type")));
    if (x->bytes && sodium_base642bin((unsigned char *)x->bytes, size + 1, json_string_value(data),
                                      json_string_length(data), NULL, &x->n_bytes, NULL,
                                      sodium_base64_VARIANT_ORIGINAL) != 0)
        rlv_exchange_refuse(x, 500, 131000, "Something went wrong", "");
}
