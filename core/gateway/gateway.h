/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway role: Meta's webhooks over HTTP become events on Kafka. A webhook is answered with 200 only
 * after Kafka has acknowledged every event of it; anything else makes Meta send it again. It keeps nothing
 * between two requests, so that any number of gateways may run.
 */
#ifndef RLV_GATEWAY_GATEWAY_H
#define RLV_GATEWAY_GATEWAY_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

typedef struct rlv_gateway rlv_gateway;

/*
 * Connects to nothing yet, but listens: requests that come before rlv_gateway_run wait in the kernel. config
 * is borrowed until rlv_gateway_free. RLV_E_CONFIG: no app secret, or an option that Kafka's library refuses;
 * RLV_E_UNAVAILABLE: the port is in use.
 */
RLV_MUST_CHECK int rlv_gateway_new(const rlv_config *config, rlv_gateway **ret, rlv_error *err);
/* Serves until *stop is set, then finishes what is open, for gateway.drain at most. */
RLV_MUST_CHECK int rlv_gateway_run(rlv_gateway *gateway, const volatile sig_atomic_t *stop, rlv_error *err);
void rlv_gateway_free(rlv_gateway *gateway);

/* The port that it listens on. */
uint16_t rlv_gateway_port(const rlv_gateway *gateway);
/* For /readyz and /healthz, from any thread. True when webhooks can be accepted; else the reason, in one
 * line. */
bool rlv_gateway_ready(const rlv_gateway *gateway, char *reason, size_t size);
/* Since when its watch has not moved, in milliseconds. */
int64_t rlv_gateway_idle_ms(const rlv_gateway *gateway);

#endif
