/* SPDX-License-Identifier: Apache-2.0 */
/* What the long-running commands share: how they are told to stop, and to begin anew. */
#ifndef RLV_CLI_ROLE_H
#define RLV_CLI_ROLE_H

#include <signal.h>
#include <stdbool.h>

#include "base/error.h"

/* Set by the first SIGTERM or SIGINT, and by a SIGHUP whose configuration is good. A second SIGTERM or SIGINT ends the process at once,
   with EX_TEMPFAIL. */
extern volatile sig_atomic_t rlv_role_stop;

/*
 * To be called before any thread is made. On SIGHUP `relevo check <how> --for ROLE` judges the files as they are by now, in a process of its own:
 * what it refuses changes nothing, else the role stops as by SIGTERM and rlv_role_end begins anew. argv: the role's own, which must
 * live as long as the process. RLV_E_IO, RLV_E_LIMIT: signals, or a thread, are not to be had.
 */
RLV_MUST_CHECK int rlv_role_catch_signals(char **argv, const char *how, rlv_error *err);

/*
 * The role listens: a service manager that waits for that (systemd's Type=notify) is told, and from then on, where it wants to hear of the
 * process again and again (WatchdogSec=), as long as alive says so. alive: as in rlv_ops_callbacks, called from another thread until
 * rlv_role_quiet; NULL: always.
 */
void rlv_role_ready(bool (*alive)(void *user, double *ret_seconds), void *user);
/* The role ends: what alive looks at may be freed afterwards. */
void rlv_role_quiet(void);

/*
 * The last call of a role, everything being freed. After a SIGHUP, and when code is 0, the process becomes the same role anew, with
 * new configuration, secrets and plugins, under its old id: it does not return then. Else code.
 */
int rlv_role_end(char **argv, int code);

#endif
