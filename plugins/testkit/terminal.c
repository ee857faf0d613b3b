/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a plugin's tool where people see it: on a terminal. In a child, as a tool may leave anything behind. */
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testkit/testkit.h"

int tk_on_terminal(tk *kit, int32_t argc, const char *const *argv, char shown[TK_SHOWN_SIZE])
{
    int terminal, status;
    size_t used = 0;
    (void)fflush(NULL); /* what the test has written itself */
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    assert_true(child >= 0);
    if (child == 0) {
        status = kit->plugin->tool(argc, argv);
        (void)fflush(stdout);
        _exit(status);
    }
    for (ssize_t n = 1; n > 0;) { /* when the child has left, reading a terminal fails */
        char bytes[4096];
        n = read(terminal, bytes, sizeof bytes);
        for (ssize_t i = 0; i < n && used + 1 < TK_SHOWN_SIZE; i++)
            shown[used++] = bytes[i];
    }
    shown[used] = '\0';
    assert_int_equal(waitpid(child, &status, 0), child);
    (void)close(terminal);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
