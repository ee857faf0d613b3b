/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points of tests; see point.h. Empty in what is shipped. Must never allocate or lock: it is passed by every
 * thread, in every state.
 */
#include "base/point.h"

#ifdef RELEVO_TEST_POINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum action {
    KILL,
    STOP,
    SLEEP,
    CRASH,
    LOOP
};
enum {
    POINTS_MAX = 8,
    NAME_SIZE = 32,
    NAP_MS = 5
};

static struct armed {
    char name[NAME_SIZE];
    enum action action;
    char text[NAME_SIZE]; /* of CRASH and LOOP; of the others empty */
    int sleep_ms, after;
    bool every; /* the after-th passing, and each after-th from then on */
    atomic_int passed;
} armed[POINTS_MAX];
static size_t n_armed; /* written before main, read by all, as this is: */
static char go[256];

static _Noreturn void refuse(const char *text)
{
    (void)fprintf(stderr, "relevo: RELEVO_POINT: '%s' is not name:kill|stop|sleepN[:after], with / before it for each so many, nor name:crash=TEXT or name:loop=TEXT\n", text);
    _exit(2);
}

static bool about(struct armed *a, const char *text)
{
    size_t len = strlen(text);
    if (len > 0 && len < NAME_SIZE)
        memcpy(a->text, text, len + 1);
    return len > 0 && len < NAME_SIZE;
}

static void arm(const char *text, char *word)
{
    struct armed *a = &armed[n_armed];
    char *rest = NULL;
    const char *name = strtok_r(word, ":", &rest), *action = strtok_r(NULL, ":", &rest);
    const char *after = strtok_r(NULL, ":", &rest);
    if (n_armed == POINTS_MAX || !name || strlen(name) >= NAME_SIZE || !action)
        refuse(text);
    memcpy(a->name, name, strlen(name) + 1);
    if (strcmp(action, "kill") == 0)
        a->action = KILL;
    else if (strcmp(action, "stop") == 0)
        a->action = STOP;
    else if (strncmp(action, "sleep", 5) == 0 && (a->sleep_ms = (int)strtol(action + 5, NULL, 10)) > 0)
        a->action = SLEEP;
    else if (strncmp(action, "crash=", 6) == 0 && about(a, action + 6))
        a->action = CRASH;
    else if (strncmp(action, "loop=", 5) == 0 && about(a, action + 5))
        a->action = LOOP;
    else
        refuse(text);
    a->every = after && *after == '/';
    a->after = after ? (int)strtol(after + a->every, NULL, 10) : 1;
    if (a->after < 1)
        refuse(text);
    n_armed++;
}

/* Before main, so that the configuration never meets a variable which it would have to refuse. */
__attribute__((constructor)) static void read_environment(void)
{
    const char *value = getenv("RELEVO_POINT");
    if (!value)
        return;
    char text[512], words[512], *rest = NULL;
    if (strlen(value) >= sizeof(words))
        refuse("what is longer than 511 characters");
    memcpy(text, value, strlen(value) + 1);
    memcpy(words, value, strlen(value) + 1);
    for (char *word = strtok_r(words, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
        arm(text, word);
    (void)unsetenv("RELEVO_POINT");
    const char *file = getenv("RELEVO_POINT_GO");
    if (file && snprintf(go, sizeof(go), "%s", file) >= (int)sizeof(go))
        refuse(file);
    (void)unsetenv("RELEVO_POINT_GO");
}

int rlv_point_pass(const char *name)
{
    int handle = -1;
    for (size_t i = 0; i < n_armed; i++) {
        struct armed *a = &armed[i];
        if (strcmp(a->name, name) != 0 || a->text[0])
            continue;
        int passed = atomic_fetch_add(&a->passed, 1) + 1;
        if (a->every ? passed % a->after == 0 : passed == a->after)
            handle = (int)i;
    }
    return handle;
}

int rlv_point_pass_about(rlv_str text, const char *name)
{
    for (size_t i = 0; i < n_armed; i++)
        if (armed[i].text[0] && strcmp(armed[i].name, name) == 0 && text.len &&
            memmem(text.ptr, text.len, armed[i].text, strlen(armed[i].text)))
            return (int)i;
    return rlv_point_pass(name);
}

void rlv_point_act(int handle)
{
    const struct armed *a = &armed[handle];
    char line[64];
    int len = snprintf(line, sizeof(line), "relevo: at point %s\n", a->name);
    if (write(STDERR_FILENO, line, (size_t)len) != len)
        abort(); /* a point that nobody can see proves nothing */
    switch (a->action) {
    case KILL: /* raised in this very thread, so that it does not take another step */
        (void)raise(SIGKILL);
        break;
    case STOP:
        (void)raise(SIGSTOP);
        break;
    case CRASH:
        abort();
    case LOOP:
        for (volatile unsigned n = 0;; n++)
            ;
    case SLEEP:
        for (int ms = 0; ms < a->sleep_ms && (!go[0] || access(go, F_OK) != 0); ms += NAP_MS)
            (void)nanosleep(&(struct timespec){0, NAP_MS * 1000000L}, NULL);
        break;
    }
}

#else

/* ISO C wants something in every file. */
typedef int rlv_point_none;

#endif
