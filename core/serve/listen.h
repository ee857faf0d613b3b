/* SPDX-License-Identifier: Apache-2.0 */
/* A listening TCP socket of our own rather than the library's, so that a failure has its reason. */
#ifndef RLV_SERVE_LISTEN_H
#define RLV_SERVE_LISTEN_H

#include <stdint.h>

#include "base/error.h"

/*
 * Listens on `where`, "host:port" (port 0: any). option: the name of the setting, for the message. The socket
 * is the caller's to close. RLV_E_UNAVAILABLE: in use, or not this machine's address; RLV_E_CONFIG: no
 * address.
 */
RLV_MUST_CHECK int rlv_serve_listen(const char *option, const char *where, int *ret_fd, rlv_error *err);
/* The port that a socket listens on; 0 when it cannot be told. */
uint16_t rlv_serve_port(int fd);

#endif
