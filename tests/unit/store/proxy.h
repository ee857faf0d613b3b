/* SPDX-License-Identifier: Apache-2.0 */
/* A wire between one client and the server that can be frozen: nothing passes any more, and nobody is told.
 */
#ifndef SHELF_PROXY_H
#define SHELF_PROXY_H

#include "shelf.h"

typedef struct proxy proxy;

/* Listens on a free port of 127.0.0.1, for one connection to where the shelf's plain connection leads. */
proxy *proxy_start(const shelf *s);
int proxy_port(const proxy *p);
void proxy_freeze(proxy *p);
void proxy_stop(proxy *p);

#endif
