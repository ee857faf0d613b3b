/* SPDX-License-Identifier: Apache-2.0 */
/* From argv to a command; see cli.h. A word that is no command may be a plugin with a tool of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/manual.h"
#include "config/value.h"
#include "host/host.h"

enum {
    COMMANDS_MAX = 32
};

static void print_help(const rlv_cli_command *commands, size_t n)
{
    (void)puts("Relevo: AI and people share WhatsApp conversations, on Kafka and Postgres.\n\n"
               "Usage: relevo <command> [options]\n");
    for (size_t i = 0; i < n; i++)
        (void)printf("  %-10s %s\n", commands[i].name, commands[i].help);
    (void)puts(
        "  completion completes these words in bash, zsh or fish\n"
        "  man        the manual, for `man -l -`\n"
        "  <plugin>   a plugin's own tool, as `relevo classifier train`\n\n"
        "  relevo <command> --help   its options\n"
        "  relevo --version          what runs\n\n"
        "The configuration is --config FILE, else $RELEVO_CONFIG, else /etc/relevo/relevo.yaml.\n"
        "Exit codes are those of sysexits.h: 0 done, 64 usage, 69 a server is away, 78 configuration.");
}

static bool is_word(const char *s)
{
    return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(s);
}

/* The tool of a plugin in the plugin folder. False when there is no such plugin. */
static bool run_plugin_tool(int argc, char **argv, int *ret_exit)
{
    char path[4096];
    if (!is_word(argv[0]) || !rlv_config_find_plugin(argv[0], path, sizeof(path)))
        return false;
    rlv_error err;
    if (rlv_host_tool(path, argc, argv, ret_exit, &err))
        *ret_exit = rlv_cli_fail(&err);
    return true;
}

static int unknown_command(const char *word, const rlv_cli_command *commands, size_t n)
{
    const char *names[COMMANDS_MAX];
    size_t known = n < COMMANDS_MAX ? n : COMMANDS_MAX;
    for (size_t i = 0; i < known; i++)
        names[i] = commands[i].name;
    const char *near = rlv_value_nearest(rlv_str_from(word), names, known);
    if (near)
        (void)fprintf(stderr,
                      "relevo: there is no command '%s', did you mean '%s'? `relevo --help` lists them\n",
                      word, near);
    else
        (void)fprintf(stderr,
                      "relevo: there is no command and no plugin '%s': `relevo --help` lists the commands\n",
                      word);
    return EX_USAGE;
}

/* What was printed but could not be written is a failure too: a full disk, a closed pipe. */
static int flushed(int exit_code)
{
    bool failed = fflush(stdout) != 0 || ferror(stdout);
    if (failed && exit_code == EX_OK) {
        (void)fprintf(stderr, "relevo: the output could not be written\n");
        return EX_IOERR;
    }
    return exit_code;
}

int rlv_cli_main(int argc, char **argv, const rlv_cli_command *commands, size_t n)
{
    if (argc < 2) {
        print_help(commands, n);
        return flushed(EX_USAGE);
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        print_help(commands, n);
        return flushed(EX_OK);
    }
    if (strcmp(word, "--version") == 0) {
        (void)printf("relevo %s, plugin ABI %u.%u\n", RELEVO_VERSION, RELEVO_ABI_MAJOR, RELEVO_ABI_MINOR);
        return flushed(EX_OK);
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, commands[i].name) == 0)
            return flushed(commands[i].run(argc - 1, argv + 1));
    if (strcmp(word, "completion") == 0)
        return flushed(rlv_cli_completion(commands, n, argc - 1, argv + 1));
    if (strcmp(word, "man") == 0)
        return flushed(rlv_cli_man(commands, n, argc - 1, argv + 1));
    int exit_code;
    if (run_plugin_tool(argc - 1, argv + 1, &exit_code))
        return flushed(exit_code);
    return unknown_command(word, commands, n);
}
