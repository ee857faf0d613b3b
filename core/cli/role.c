/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of the long-running commands; see role.h. Must never do more in a handler than set a flag, or end.
 */
#include "cli/role.h"

#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

volatile sig_atomic_t rlv_role_stop;

static void on_signal(int number)
{
    (void)number;
    if (rlv_role_stop)
        _exit(EX_TEMPFAIL); /* the second one: at once */
    rlv_role_stop = 1;
}

int rlv_role_catch_signals(rlv_error *err)
{
    struct sigaction act = {.sa_handler = on_signal};
    (void)sigemptyset(&act.sa_mask);
    if (sigaction(SIGTERM, &act, NULL) != 0 || sigaction(SIGINT, &act, NULL) != 0)
        return rlv_error_set(err, RLV_E_IO, "cannot catch signals: errno %d", errno);
    act.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &act, NULL);
    return RLV_OK;
}
