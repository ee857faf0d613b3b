/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a plugin's tool where people see it, on a terminal, and where a program asks it, between two pipes. In a child, as a tool may leave
   anything behind. */
#include <poll.h>
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

/* To the end of the first line, and no longer than it takes to be said. */
static void read_line(int from, char shown[TK_SHOWN_SIZE])
{
    size_t used = 0;
    struct pollfd ready = {.fd = from, .events = POLLIN};
    while (used + 1 < TK_SHOWN_SIZE && (used == 0 || shown[used - 1] != '\n')) {
        if (poll(&ready, 1, 10000) != 1)
            fail_msg("nothing is said for ten seconds, while the pipe is open");
        if (read(from, shown + used, 1) != 1)
            break;
        used++;
    }
    shown[used] = '\0';
}

int tk_by_pipe(tk *kit, int32_t argc, const char *const *argv, const char *line, char shown[TK_SHOWN_SIZE])
{
    int to[2], from[2], status;
    (void)fflush(NULL);
    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(to[0], STDIN_FILENO);
        (void)dup2(from[1], STDOUT_FILENO);
        (void)close(to[0]);
        (void)close(to[1]); /* else its input would never end */
        (void)close(from[0]);
        (void)close(from[1]);
        status = kit->plugin->tool(argc, argv);
        _exit(status);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    assert_true(dprintf(to[1], "%s\n", line) > 0);
    read_line(from[0], shown);
    (void)close(to[1]);
    (void)close(from[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
