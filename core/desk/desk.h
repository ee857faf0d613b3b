/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk role: the page that human agents work in, the HTTP API behind it, and the stream of what happens. It acts through the
 * functions of the schema `desk` and reads its views, as any other desktop does; what it adds is accounts, sessions and pushes. It
 * keeps nothing that another desk would need, so that any number of them may run.
 */
#ifndef RLV_DESK_DESK_H
#define RLV_DESK_DESK_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

typedef struct rlv_desk rlv_desk;

/*
 * Listens, connects to nothing yet: requests that come before rlv_desk_run wait in the kernel. config is borrowed until
 * rlv_desk_free. RLV_E_CONFIG: an option that Kafka's library refuses; RLV_E_UNAVAILABLE: the port is in use.
 */
RLV_MUST_CHECK int rlv_desk_new(const rlv_config *config, rlv_desk **ret, rlv_error *err);
/* Serves until *stop is set. Kafka or Postgres away: it goes on, and says so to whoever asks. */
RLV_MUST_CHECK int rlv_desk_run(rlv_desk *desk, const volatile sig_atomic_t *stop, rlv_error *err);
void rlv_desk_free(rlv_desk *desk);

/* The port that it listens on. */
uint16_t rlv_desk_port(const rlv_desk *desk);
/* For /readyz and /healthz, from any thread: true when pages can be served; else the reason, in one line. */
bool rlv_desk_ready(const rlv_desk *desk, char *reason, size_t size);
/* Since when its loop has not moved, in milliseconds. */
int64_t rlv_desk_idle_ms(const rlv_desk *desk);

#endif
