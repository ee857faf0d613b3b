/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relevo-plugin-host, the program of a plugin's own process. A program of its own and not a subcommand,
 * because it holds nothing that a plugin could want: no Kafka, no Postgres, no TLS; and because it starts in
 * a tenth of the time.
 */
#include <stdio.h>

#include "host/guest.h"

int main(int argc, char **argv)
{
    (void)argv;
    if (argc == 2)
        return rlv_guest_main();
    (void)fprintf(
        stderr,
        "relevo-plugin-host: this is started by relevo, for each plugin that runs in a process of its own\n");
    return 64;
}
