/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gateway says, made once and given many times. Must never repeat what a request said, but for the
 * handshake's challenge.
 */
#include <stdio.h>

#include "base/clock.h"
#include "gateway/private.h"

/*
 * Meta sends again, for up to seven days, whatever is not answered with 200. What is wrong with the request
 * itself has a 4xx, so that an operator sees whose mistake it is.
 */
static const struct {
    const char *name;
    unsigned status;
    const char *text;
} rows[RLV_ENDINGS] = {
    [RLV_ENDING_ACCEPTED] = {"accepted", MHD_HTTP_OK, "accepted\n"},
    [RLV_ENDING_VERIFIED] = {"verified", MHD_HTTP_OK, ""},
    [RLV_ENDING_NOT_A_WEBHOOK] = {"not_a_webhook", MHD_HTTP_BAD_REQUEST,
                                  "this is no webhook of WhatsApp's\n"},
    [RLV_ENDING_BAD_HANDSHAKE] =
        {"bad_handshake", MHD_HTTP_BAD_REQUEST,
         "Meta's handshake has hub.mode=subscribe, hub.verify_token and hub.challenge\n"},
    [RLV_ENDING_WRONG_TOKEN] = {"wrong_token", MHD_HTTP_FORBIDDEN,
                                "hub.verify_token is not the one agreed upon\n"},
    [RLV_ENDING_NO_SIGNATURE] = {"no_signature", MHD_HTTP_FORBIDDEN, "X-Hub-Signature-256 is missing\n"},
    [RLV_ENDING_WRONG_SIGNATURE] = {"wrong_signature", MHD_HTTP_FORBIDDEN,
                                    "X-Hub-Signature-256 is not made with the app's secret\n"},
    [RLV_ENDING_WRONG_PATH] = {"wrong_path", MHD_HTTP_NOT_FOUND, "not here\n"},
    [RLV_ENDING_WRONG_METHOD] = {"wrong_method", MHD_HTTP_METHOD_NOT_ALLOWED,
                                 "only GET and POST are answered here\n"},
    [RLV_ENDING_TOO_LARGE] = {"too_large", MHD_HTTP_CONTENT_TOO_LARGE, "a webhook has at most 3 MB\n"},
    [RLV_ENDING_TOO_MUCH] = {"too_much", MHD_HTTP_SERVICE_UNAVAILABLE, "too much at once: send it again\n"},
    [RLV_ENDING_KAFKA_AWAY] = {"kafka_away", MHD_HTTP_SERVICE_UNAVAILABLE, "not stored yet: send it again\n"},
    [RLV_ENDING_KAFKA_REFUSED] = {"kafka_refused", MHD_HTTP_INTERNAL_SERVER_ERROR,
                                  "not stored: send it again\n"},
    [RLV_ENDING_STOPPING] = {"stopping", MHD_HTTP_SERVICE_UNAVAILABLE, "going down: send it again\n"},
    [RLV_ENDING_BROKEN] = {"broken", MHD_HTTP_INTERNAL_SERVER_ERROR, "not stored: send it again\n"},
};

const char *rlv_ending_name(enum rlv_ending ending)
{
    return rows[ending].name;
}

unsigned rlv_ending_status(enum rlv_ending ending)
{
    return rows[ending].status;
}

static struct MHD_Response *make(enum rlv_ending ending, bool closes)
{
    const char *text = rows[ending].text;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    bool fine =
        response && MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8") == MHD_YES;
    if (fine && rows[ending].status == MHD_HTTP_METHOD_NOT_ALLOWED)
        fine = MHD_add_response_header(response, "Allow", "GET, POST") == MHD_YES;
    if (fine && rows[ending].status == MHD_HTTP_SERVICE_UNAVAILABLE)
        fine = MHD_add_response_header(response, "Retry-After", "1") == MHD_YES;
    if (fine && closes)
        fine = MHD_add_response_header(response, "Connection", "close") == MHD_YES;
    if (fine)
        return response;
    if (response)
        MHD_destroy_response(response);
    return NULL;
}

bool rlv_endings_make(rlv_gateway *gateway)
{
    for (int i = 0; i < RLV_ENDINGS; i++) {
        for (int closes = 0; closes < 2; closes++) {
            gateway->responses[closes][i] = make((enum rlv_ending)i, closes != 0);
            if (!gateway->responses[closes][i])
                return false;
        }
        char labels[64];
        (void)snprintf(labels, sizeof(labels), "answer=\"%s\",status=\"%u\"", rows[i].name, rows[i].status);
        gateway->answers[i] =
            rlv_metric_counter("relevo_gateway_requests_total", "Requests by what was answered.", labels);
    }
    return true;
}

void rlv_endings_free(rlv_gateway *gateway)
{
    for (int closes = 0; closes < 2; closes++)
        for (int i = 0; i < RLV_ENDINGS; i++)
            if (gateway->responses[closes][i])
                MHD_destroy_response(gateway->responses[closes][i]);
}

static void count(rlv_request *request, enum rlv_ending ending)
{
    rlv_gateway *g = request->gateway;
    rlv_metric_add(g->answers[ending], 1);
    rlv_metric_observe(g->seconds, (double)(rlv_clock_mono_us() - request->begun_us) / 1e6);
}

enum MHD_Result rlv_ending_give(rlv_request *request, enum rlv_ending ending)
{
    rlv_gateway *g = request->gateway;
    count(request, ending);
    return MHD_queue_response(request->connection, rows[ending].status,
                              g->responses[atomic_load(&g->draining) ? 1 : 0][ending]);
}

enum MHD_Result rlv_ending_challenge(rlv_request *request, const char *challenge)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(challenge), (void *)(uintptr_t)challenge, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    enum MHD_Result ok = MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    if (ok == MHD_YES)
        ok = MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (ok == MHD_YES) {
        count(request, RLV_ENDING_VERIFIED);
        ok = MHD_queue_response(request->connection, MHD_HTTP_OK, response);
    }
    MHD_destroy_response(response);
    return ok;
}
