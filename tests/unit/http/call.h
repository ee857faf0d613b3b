/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a server on this machine, and its answer; over the room's own client. */
#ifndef HTTP_CALL_H
#define HTTP_CALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The last answer's body. */
extern char call_answer[65536];

/* Asks http://127.0.0.1:port + path and waits; headers end with NULL, body NULL: none. Returns the status, 0 when there
   was no answer. */
int call(uint16_t port, const char *method, const char *path, const char *const *headers, const char *body);

#endif
