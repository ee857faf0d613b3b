/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which command uses which servers, secrets and plugins. What a command does not use is not demanded of its file, and the files of those
 * secrets are not opened: a process that is reached from outside need not hold what only another one works with.
 */
#include <string.h>

#include "config/config.h"

enum {
    PARTS_MAX = 4
};

/* A part is an option, or a section with all that lies below it. */
static const struct {
    const char *command, *parts[PARTS_MAX];
} uses[] = {
    {"account", {"postgres"}},
    {"consume", {"kafka", "postgres", "registry", "plugins"}},
    {"deliver", {"kafka", "postgres", "deliver"}},
    {"desk", {"kafka", "postgres", "deliver.token"}}, /* customers' files are read from WhatsApp */
    {"dlq", {"kafka"}},
    {"erase", {"kafka", "postgres"}},
    {"expire", {"kafka", "postgres"}},
    {"export", {"postgres"}},
    {"gateway", {"kafka", "gateway"}},
    {"lag", {"kafka", "postgres"}},
    {"migrate", {"postgres"}},
    {"plugin", {"plugins"}},
    {"repair", {"kafka", "postgres", "registry"}},
    {"replay", {"postgres", "plugins"}},
    {"report", {"postgres"}},
    {"sandbox", {"sandbox", "gateway.app_secrets"}},
    {"timeline", {"kafka"}},
    {"topics", {"kafka"}},
    {"webhook", {"kafka"}},
};

static bool lies_in(const char *path, const char *part)
{
    size_t n = strlen(part);
    return strncmp(path, part, n) == 0 && (!path[n] || path[n] == '.' || path[n] == '[');
}

static int row_of(const char *command)
{
    for (int i = 0; command && i < (int)(sizeof(uses) / sizeof(*uses)); i++)
        if (strcmp(uses[i].command, command) == 0)
            return i;
    return -1;
}

bool rlv_config_known_command(const char *command)
{
    return row_of(command) >= 0;
}

bool rlv_config_uses(const char *command, const char *path)
{
    int row = row_of(command);
    for (size_t i = 0; row >= 0 && i < PARTS_MAX && uses[row].parts[i]; i++)
        if (lies_in(path, uses[row].parts[i]))
            return true;
    return row < 0;
}
