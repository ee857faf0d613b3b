/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in of WhatsApp's Cloud API for development and tests, with a phone-like page on which one chats as
 * the customer. It refuses what the real one refuses, tells of deliveries by signed webhooks, and can be made
 * slow, lossy, duplicating and out of order. Everything is kept in memory. It must never talk to Meta.
 */
#ifndef RLV_CLOUDAPI_CLOUDAPI_H
#define RLV_CLOUDAPI_CLOUDAPI_H

#include <signal.h>
#include <stdint.h>

#include "config/config.h"

typedef struct rlv_cloudapi rlv_cloudapi;

/* Listens and answers from now on. config is borrowed until rlv_cloudapi_free. RLV_E_CONFIG: no app secret to
   sign webhooks with; RLV_E_UNAVAILABLE: the port is in use. */
RLV_MUST_CHECK int rlv_cloudapi_new(const rlv_config *config, rlv_cloudapi **ret, rlv_error *err);
/* Delivers webhooks, on the caller's thread, until *stop is set. */
void rlv_cloudapi_run(rlv_cloudapi *api, const volatile sig_atomic_t *stop);
void rlv_cloudapi_free(rlv_cloudapi *api);

/* The port that it listens on. */
uint16_t rlv_cloudapi_port(const rlv_cloudapi *api);

#endif
