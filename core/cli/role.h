/* SPDX-License-Identifier: Apache-2.0 */
/* What the long-running commands share: how they are told to stop. */
#ifndef RLV_CLI_ROLE_H
#define RLV_CLI_ROLE_H

#include <signal.h>

#include "base/error.h"

/* Set by the first SIGTERM or SIGINT. A second one ends the process at once, with EX_TEMPFAIL. */
extern volatile sig_atomic_t rlv_role_stop;

RLV_MUST_CHECK int rlv_role_catch_signals(rlv_error *err);

#endif
