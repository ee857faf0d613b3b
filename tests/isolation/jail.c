/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program where less of the kernel is allowed, as in a container: jail [no-namespaces] [no-landlock]
 * [no-seccomp] [no-pidfd] -- PROGRAM ARGUMENT...
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int forbid(scmp_filter_ctx filter, const char *word)
{
    if (strcmp(word, "no-namespaces") == 0)
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 0);
    if (strcmp(word, "no-landlock") == 0)
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0);
    if (strcmp(word, "no-pidfd") == 0)
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(pidfd_open), 0);
    if (strcmp(word, "no-seccomp") == 0)
        return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0) ||
               seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                                SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
    return 1;
}

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int i = 1;
    for (; filter && i < argc && strcmp(argv[i], "--") != 0; i++)
        if (forbid(filter, argv[i]))
            return 64;
    if (!filter || i + 1 >= argc || seccomp_load(filter) != 0) {
        (void)fprintf(stderr, "jail: the filter cannot be loaded\n");
        return 71;
    }
    (void)execv(argv[i + 1], argv + i + 1);
    (void)fprintf(stderr, "jail: %s: %s\n", argv[i + 1], strerror(errno));
    return 71;
}
