/* SPDX-License-Identifier: Apache-2.0 */
/* The program of a plugin's own process. */
#ifndef RLV_HOST_GUEST_H
#define RLV_HOST_GUEST_H

enum {
    RLV_GUEST_REQUESTS = 3, /* descriptors that it is started with */
    RLV_GUEST_RESPONSES = 4,
    RLV_GUEST_PROGRAM = 5 /* itself; it closes this one */
};

/* Confines itself, loads the plugin that the first request names, and serves until it is killed. Returns only
   when it could not begin; the exit code then. */
int rlv_guest_main(void);

#endif
