/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP to the outside; see http.h. Must never let libcurl send a request a second time by itself. */
#include "http/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

enum {
    CONNECT_TIMEOUT_MS = 10000,
    RETRY_AFTER_MOST_S = 7 * 24 * 3600 /* a server may write any number, or date */
};

typedef struct transfer {
    struct transfer *next, **at;
    rlv_http *http;
    CURL *curl;
    struct curl_slist *headers;
    char *body; /* a copy */
    size_t body_len;
    rlv_buf answer;
    bool asked; /* the request was begun on a connection */
    bool cut, private_ok, refused_address;
    char error[CURL_ERROR_SIZE];
    rlv_http_done done;
    void *user;
} transfer;

struct rlv_http {
    CURLM *multi;
    transfer *transfers;
    size_t n;
};

rlv_http *rlv_http_new(int connections)
{
    /* Not safe beside other threads in old libcurls; since 7.84 it is, and a process calls it when it starts.
     */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NULL;
    rlv_http *http = calloc(1, sizeof(*http));
    if (!http)
        return NULL;
    http->multi = curl_multi_init();
    if (!http->multi) {
        free(http);
        return NULL;
    }
    (void)curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)connections);
    (void)curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    return http;
}

static void free_transfer(transfer *t)
{
    if (t->at) {
        *t->at = t->next;
        if (t->next)
            t->next->at = t->at;
        t->http->n--;
    }
    if (t->curl) {
        (void)curl_multi_remove_handle(t->http->multi, t->curl);
        curl_easy_cleanup(t->curl);
    }
    curl_slist_free_all(t->headers);
    free(t->body);
    rlv_buf_free(&t->answer);
    free(t);
}

void rlv_http_free(rlv_http *http)
{
    if (!http)
        return;
    while (http->transfers)
        free_transfer(http->transfers);
    (void)curl_multi_cleanup(http->multi);
    free(http);
}

/* ---- who may be talked to
 * -------------------------------------------------------------------------------------- */

/* Loopback, private, link-local (cloud metadata lives there), multicast, reserved. RFC 6890. */
static bool public_v4(uint32_t a)
{
    static const struct {
        uint32_t net;
        int bits;
    } special[] = {{0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
                   {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0586300, 24}, {0xC0A80000, 16},
                   {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 3}};
    for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
        if (((a ^ special[i].net) >> (32 - special[i].bits)) == 0)
            return false;
    return true;
}

static bool public_v6(const uint8_t a[16])
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF}, nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    uint32_t v4 = (uint32_t)a[12] << 24 | (uint32_t)a[13] << 16 | (uint32_t)a[14] << 8 | a[15];
    if (memcmp(a, mapped, sizeof(mapped)) == 0 || memcmp(a, nat64, sizeof(nat64)) == 0)
        return public_v4(v4);
    if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 carries an IPv4 address */
        return public_v4((uint32_t)a[2] << 24 | (uint32_t)a[3] << 16 | (uint32_t)a[4] << 8 | a[5]);
    bool documentation = a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0D && a[3] == 0xB8;
    bool teredo_and_kin = a[0] == 0x20 && a[1] == 0x01 && a[2] < 0x02;
    return (a[0] & 0xE0) == 0x20 && !documentation && !teredo_and_kin; /* global unicast is 2000::/3 */
}

static bool public_address(const struct sockaddr *sa, size_t len)
{
    if (sa->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        return public_v4(ntohl(in.sin_addr.s_addr));
    }
    if (sa->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof(in6));
        return public_v6(in6.sin6_addr.s6_addr);
    }
    return false;
}

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *t = user;
    (void)purpose;
    if (!t->private_ok && !public_address(&address->addr, address->addrlen)) {
        t->refused_address = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- one transfer
 * ---------------------------------------------------------------------------------------------- */

static bool public_text(const char *ip)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    return inet_pton(AF_INET, ip, &v4.sin_addr) == 1    ? public_address((const struct sockaddr *)&v4, sizeof(v4))
           : inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1 ? public_address((const struct sockaddr *)&v6, sizeof(v6))
                                                         : false;
}

/* Called when a connection stands, before the request leaves: also one that stood already, made for a request that may go where this one may not. libcurl repeats a request by itself when a kept-alive connection dies before
   the first byte of the answer, and the first one may have arrived: there is no second. */
static int begin(void *user, char *ip, char *local_ip, int port, int local_port)
{
    transfer *t = user;
    (void)local_ip;
    (void)port;
    (void)local_port;
    if (!t->private_ok && !public_text(ip)) {
        t->refused_address = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (t->asked)
        return CURL_PREREQFUNC_ABORT;
    t->asked = true;
    return CURL_PREREQFUNC_OK;
}

static size_t take_answer(char *bytes, size_t size, size_t n, void *user)
{
    transfer *t = user;
    size_t len = size * n, room = t->answer.ceiling - t->answer.len;
    if (len > room)
        t->cut = true;
    rlv_buf_append(&t->answer, bytes, len < room ? len : room);
    return len;
}

static bool add_header(transfer *t, const char *line)
{
    if (line[strcspn(line, "\r\n")])
        return false; /* a second header would hide in it */
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    if (longer)
        t->headers = longer;
    return longer != NULL;
}

static bool set_up(transfer *t, const rlv_http_request *q)
{
    CURL *c = t->curl;
    bool ok = add_header(t, "Expect:"); /* no 100-continue: it costs a second where nobody answers it */
    for (size_t i = 0; ok && i < q->n_headers; i++)
        ok = add_header(t, q->headers[i]);
    ok = ok && curl_easy_setopt(c, CURLOPT_URL, q->url) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method) == CURLE_OK;
    if (q->ca_file)
        ok = ok && curl_easy_setopt(c, CURLOPT_CAINFO, q->ca_file) == CURLE_OK;
    (void)curl_easy_setopt(c, CURLOPT_PRIVATE, t);
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(c, CURLOPT_PROXY, ""); /* through a proxy the address could not be checked */
    (void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)q->timeout_ms);
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
                           (long)(q->timeout_ms < CONNECT_TIMEOUT_MS ? q->timeout_ms : CONNECT_TIMEOUT_MS));
    (void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
    (void)curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    (void)curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
    (void)curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, begin);
    (void)curl_easy_setopt(c, CURLOPT_PREREQDATA, t);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_answer);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    (void)curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    if (t->body) {
        (void)curl_easy_setopt(c, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, t->body);
    } else if (strcmp(q->method, "GET") != 0) {
        (void)curl_easy_setopt(c, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
    }
    return ok;
}

int rlv_http_start(rlv_http *http, const rlv_http_request *request, rlv_http_done done, void *user,
                   rlv_error *err)
{
    transfer *t = calloc(1, sizeof(*t));
    if (!t)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    t->http = http;
    t->done = done;
    t->user = user;
    t->private_ok = request->private_ok;
    t->answer = RLV_BUF_INIT(request->answer_max);
    t->curl = curl_easy_init();
    if (request->body.len) {
        t->body = malloc(request->body.len);
        t->body_len = request->body.len;
        if (t->body)
            memcpy(t->body, request->body.ptr, request->body.len);
    }
    int rc = RLV_OK;
    if (!t->curl || (request->body.len && !t->body))
        rc = rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    else if (!set_up(t, request))
        rc = rlv_error_set(err, RLV_E_INVALID, "no request can be made of this URL, method and headers");
    else if (curl_multi_add_handle(http->multi, t->curl) != CURLM_OK)
        rc = rlv_error_set(err, RLV_E_LIMIT, "libcurl takes no more requests");
    if (rc != RLV_OK) {
        free_transfer(t);
        return rc;
    }
    t->at = &http->transfers;
    t->next = http->transfers;
    if (t->next)
        t->next->at = &t->next;
    http->transfers = t;
    http->n++;
    return RLV_OK;
}

/* Whether a failed request may have reached the server. By what was begun and what left, not by libcurl's code alone: the same code stands for
   a connection that died before and after, and "could not connect" also for the repetition of a request that had arrived. */
static bool may_have_arrived(const transfer *t, CURLcode code)
{
    long sent = 0;
    (void)curl_easy_getinfo(t->curl, CURLINFO_REQUEST_SIZE, &sent);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return t->asked;
    default:
        return t->asked && sent > 0;
    }
}

static void finish(transfer *t, CURLcode code)
{
    rlv_http_answer a = {.body = rlv_buf_view(&t->answer), .cut = t->cut, .retry_after_ms = -1};
    long status = 0;
    curl_off_t after = 0;
    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK) {
        a.status = (int)status;
        a.sent = true;
        if (curl_easy_getinfo(t->curl, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
            a.retry_after_ms = (int64_t)(after < RETRY_AFTER_MOST_S ? after : RETRY_AFTER_MOST_S) * 1000;
    } else {
        /* Half an answer is none: its end may have said the opposite. */
        a.body = (rlv_str){NULL, 0};
        a.sent = may_have_arrived(t, code);
        a.error = t->refused_address                  ? "its address is not a public one"
                  : code == CURLE_ABORTED_BY_CALLBACK ? "the connection ended without an answer"
                  : t->error[0]                       ? t->error
                                                      : curl_easy_strerror(code);
    }
    t->done(t->user, &a);
}

void rlv_http_poll(rlv_http *http, int fd, int timeout_ms)
{
    int running = 0, left;
    (void)curl_multi_perform(http->multi, &running);
    CURLMsg *m = curl_multi_info_read(http->multi, &left);
    if (!m) {
        struct curl_waitfd extra = {.fd = fd, .events = CURL_WAIT_POLLIN};
        (void)curl_multi_poll(http->multi, fd >= 0 ? &extra : NULL, fd >= 0 ? 1 : 0, timeout_ms, NULL);
        (void)curl_multi_perform(http->multi, &running);
        m = curl_multi_info_read(http->multi, &left);
    }
    for (; m; m = curl_multi_info_read(http->multi, &left)) {
        if (m->msg != CURLMSG_DONE)
            continue;
        transfer *t = NULL;
        CURLcode code = m->data.result;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        finish(t, code);
        free_transfer(t);
    }
}

size_t rlv_http_busy(const rlv_http *http)
{
    return http->n;
}
