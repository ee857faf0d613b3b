/* SPDX-License-Identifier: Apache-2.0 */
/* See call.h. */
#include "call.h"

#include <stdio.h>
#include <string.h>

#include "http/http.h"

char call_answer[65536];

static void take(void *user, const rlv_http_answer *answer)
{
    *(int *)user = answer->status;
    (void)snprintf(call_answer, sizeof(call_answer), "%.*s", RLV_STR_ARG(answer->body));
}

int call(uint16_t port, const char *method, const char *path, const char *const *headers, const char *body)
{
    char url[512];
    int status = -1;
    rlv_error err;
    size_t n = 0;
    while (headers && headers[n])
        n++;
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    const rlv_http_request request = {.method = method,
                                      .url = url,
                                      .headers = headers,
                                      .n_headers = n,
                                      .body = body ? rlv_str_from(body) : (rlv_str){NULL, 0},
                                      .timeout_ms = 60000,
                                      .answer_max = sizeof(call_answer) - 1,
                                      .private_ok = true};
    rlv_http *http = rlv_http_new(1);
    assert_non_null(http);
    call_answer[0] = '\0';
    if (rlv_http_start(http, &request, take, &status, &err) != 0)
        fail_msg("%s", err.message);
    while (rlv_http_busy(http))
        rlv_http_poll(http, -1, 100);
    rlv_http_free(http);
    return status;
}
