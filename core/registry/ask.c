/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP, by libcurl; see ask.h. Must never follow a redirect (it would carry the password to whoever is named
 * there), never put a password or a token into a message, and never take an answer that no registry gives for
 * one.
 */
#include "registry/ask.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "registry/answer.h"

/* A schema as JSON text inside JSON: each character may take six. */
enum {
    BODY_MAX = 6 * RLV_REGISTRY_SCHEMA_MAX + 64 * 1024,
    URL_MAX_BYTES = 2048
};

struct rlv_ask {
    const rlv_registry_options *options;
    const atomic_bool *stop;
    CURL *curl;
    struct curl_slist *headers;
    rlv_buf body;
    char trouble[CURL_ERROR_SIZE];
};

static void init_curl(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows as a handle that cannot be made */
}

static size_t take_body(char *data, size_t size, size_t n, void *user)
{
    rlv_ask *ask = user;
    rlv_buf_append(&ask->body, data, size * n);
    return ask->body.failed ? 0 : size * n; /* 0 ends the transfer */
}

static int look_up(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const rlv_ask *ask = user;
    (void)a, (void)b, (void)c, (void)d;
    return ask->stop && atomic_load(ask->stop);
}

static bool set(const char *text)
{
    return text && *text;
}

static bool configure(rlv_ask *ask)
{
    const rlv_registry_options *o = ask->options;
    CURL *c = ask->curl;
    bool ok = curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_ERRORBUFFER, ask->trouble) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_USERAGENT, "relevo") == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_HTTPHEADER, ask->headers) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_WRITEDATA, ask) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look_up) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_XFERINFODATA, ask) == CURLE_OK;
    if (ok && set(o->ca_file))
        ok = curl_easy_setopt(c, CURLOPT_CAINFO, o->ca_file) == CURLE_OK;
    if (ok && set(o->user))
        ok = curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
             curl_easy_setopt(c, CURLOPT_USERNAME, o->user) == CURLE_OK &&
             curl_easy_setopt(c, CURLOPT_PASSWORD, o->password ? o->password : "") == CURLE_OK;
    if (ok && set(o->token))
        ok = curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER) == CURLE_OK &&
             curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, o->token) == CURLE_OK;
    return ok;
}

int rlv_ask_new(const rlv_registry_options *options, const atomic_bool *stop, rlv_ask **ret, rlv_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_curl);
    rlv_ask *ask = calloc(1, sizeof(*ask));
    if (!ask)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    *ask = (rlv_ask){.options = options, .stop = stop, .body = RLV_BUF_INIT(BODY_MAX)};
    ask->curl = curl_easy_init();
    ask->headers =
        curl_slist_append(NULL, "Accept: application/vnd.schemaregistry.v1+json, application/json");
    if (!ask->curl || !ask->headers || !configure(ask)) {
        rlv_ask_free(ask);
        return rlv_error_set(err, RLV_E_LIMIT, "libcurl cannot be prepared for the schema registry");
    }
    *ret = ask;
    return RLV_OK;
}

void rlv_ask_free(rlv_ask *ask)
{
    if (!ask)
        return;
    curl_easy_cleanup(ask->curl);
    curl_slist_free_all(ask->headers);
    rlv_buf_free(&ask->body);
    free(ask);
}

static int no_answer(const rlv_ask *ask, CURLcode code, rlv_error *err)
{
    return rlv_error_set(err, RLV_E_UNAVAILABLE, "the schema registry at %s does not answer (%s)",
                         ask->options->url, ask->trouble[0] ? ask->trouble : curl_easy_strerror(code));
}

/* What an HTTP status says that is neither a schema nor a registry's own "there is none". */
static int no_schema(const rlv_ask *ask, long status, rlv_error *err)
{
    const char *url = ask->options->url, *there = NULL;
    (void)curl_easy_getinfo(ask->curl, CURLINFO_REDIRECT_URL, &there);
    if (status == 401 || status == 403)
        return rlv_error_set(err, RLV_E_UNAVAILABLE,
                             "the schema registry at %s refuses us (status %ld): look at registry.user and "
                             "registry.password, or registry.token",
                             url, status);
    if (there)
        return rlv_error_set(
            err, RLV_E_UNAVAILABLE,
            "the schema registry at %s points elsewhere, to %.200s: redirects are not followed, "
            "set registry.url",
            url, there);
    if (status < 500 && status != 429)
        return rlv_error_set(err, RLV_E_UNAVAILABLE,
                             "%s does not answer as a schema registry (status %ld): look at registry.url",
                             url, status);
    return rlv_error_set(err, RLV_E_UNAVAILABLE, "the schema registry at %s cannot answer now (status %ld)",
                         url, status);
}

int rlv_ask_schema(rlv_ask *ask, uint32_t id, char **ret, size_t *ret_len, rlv_error *err)
{
    char url[URL_MAX_BYTES];
    size_t n = strlen(ask->options->url);
    while (n > 0 && ask->options->url[n - 1] == '/')
        n--;
    int len = snprintf(url, sizeof(url), "%.*s/schemas/ids/%u", (int)n, ask->options->url, id);
    if (len < 0 || (size_t)len >= sizeof(url))
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "registry.url is too long");
    rlv_buf_reset(&ask->body);
    ask->trouble[0] = '\0';
    if (curl_easy_setopt(ask->curl, CURLOPT_URL, url) != CURLE_OK)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "out of memory for the schema registry");
    CURLcode code = curl_easy_perform(ask->curl);
    if (ask->body.failed)
        return rlv_error_set(err, RLV_E_INVALID, "schema %u of the registry is larger than %d bytes", id,
                             RLV_REGISTRY_SCHEMA_MAX);
    if (code != CURLE_OK)
        return no_answer(ask, code, err);
    long status = 0;
    (void)curl_easy_getinfo(ask->curl, CURLINFO_RESPONSE_CODE, &status);
    int rc = RLV_E_UNAVAILABLE;
    if (status == 200 || status == 404)
        rc = rlv_answer_read(rlv_buf_view(&ask->body), status == 200, id, ret, ret_len, err);
    /* A proxy's 404, or a page instead of an answer, is no word of the registry's. */
    return rc == RLV_E_UNAVAILABLE ? no_schema(ask, status, err) : rc;
}
