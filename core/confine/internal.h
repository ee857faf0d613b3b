/* SPDX-License-Identifier: Apache-2.0 */
/* landlock, for confine.c. Private to this room. */
#ifndef RLV_CONFINE_INTERNAL_H
#define RLV_CONFINE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

/* Only what lies below n paths, and the system's libraries, can be read from now on; nothing else of the file
   system can be used. Paths that do not exist are left out. False: this kernel has no landlock. One thread;
   no_new_privs is set. */
bool rlv_landlock_enter(const char *const *paths, size_t n);

#endif
