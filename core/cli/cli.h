/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tools behind `relevo <command>`. Each is a function of (argc, argv), argv[0] being the command's name,
 * that returns an exit code of sysexits.h: 0, 64 usage, 65 bad data, 66 no such input, 69 unavailable, 71
 * system, 74 I/O, 75 try again, 78 configuration. Results go to stdout, everything else to stderr.
 */
#ifndef RLV_CLI_CLI_H
#define RLV_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sysexits.h>

#include "base/error.h"
#include "config/config.h"

typedef struct rlv_cli_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help; /* half a line for `relevo --help` */
} rlv_cli_command;

/* Finds the command in argv[1] and runs it: one of the table, a plugin's tool, or --help and --version. */
int rlv_cli_main(int argc, char **argv, const rlv_cli_command *commands, size_t n);

int rlv_cli_account(int argc, char **argv);
int rlv_cli_check(int argc, char **argv);
int rlv_cli_config(int argc, char **argv);
int rlv_cli_consume(int argc, char **argv); /* the role, in consume.c */
int rlv_cli_deliver(int argc, char **argv); /* the role, in deliver.c */
int rlv_cli_desk(int argc, char **argv); /* the role, in desk.c */
int rlv_cli_dlq(int argc, char **argv);
int rlv_cli_erase(int argc, char **argv);
int rlv_cli_expire(int argc, char **argv);
int rlv_cli_export(int argc, char **argv);
int rlv_cli_gateway(int argc, char **argv); /* the role, in gateway.c */
int rlv_cli_lag(int argc, char **argv);
int rlv_cli_migrate(int argc, char **argv);
int rlv_cli_plugin(int argc, char **argv);
int rlv_cli_repair(int argc, char **argv);
int rlv_cli_replay(int argc, char **argv);
int rlv_cli_report(int argc, char **argv);
int rlv_cli_sandbox(int argc, char **argv); /* in sandbox.c */
int rlv_cli_timeline(int argc, char **argv);
int rlv_cli_topics(int argc, char **argv);
int rlv_cli_webhook(int argc, char **argv);

/* ---- shared by the tools
 * ------------------------------------------------------------------------------------------- */

/* One long option of a tool. Exactly one of value, given is set. */
typedef struct rlv_cli_flag {
    const char *name;   /* without the dashes */
    const char **value; /* takes an argument, kept here, borrowed from argv */
    bool *given;        /* takes none */
} rlv_cli_flag;

/*
 * Reads the options of a tool, by getopt_long; -h, --help and a wrong option are handled here. *ret_first is
 * the index of the first other argument (argv is reordered). Returns -1 to go on, else the exit code to leave
 * with.
 */
int rlv_cli_parse(int argc, char **argv, const char *help, const rlv_cli_flag *flags, size_t n,
                  int *ret_first);

/* Writes "relevo: message" to stderr and returns the exit code for the error. */
int rlv_cli_fail(const rlv_error *err);
/* The exit code for an error's code. */
int rlv_cli_exit_code(int code);
/* Writes "relevo NAME: what; see `relevo NAME --help`" and returns EX_USAGE. */
int rlv_cli_usage(const char *name, const char *fmt, ...) RLV_PRINTF(2, 3);
/* Loads a configuration as a command reads it (rlv_config_load), and sets up the log; on failure every mistake is on stderr. 0, or the
   exit code. */
int rlv_cli_load(const char *command, const char *path, rlv_config **ret);

/*
 * The beginning of a command that takes options and nothing else, --config besides the n given: reads them and loads the
 * configuration. Returns -1 to go on, else the exit code to leave with.
 */
int rlv_cli_configured(int argc, char **argv, const char *help, const rlv_cli_flag *flags, size_t n,
                       rlv_config **ret);

/* Writes what a tool's --json says to stdout, one line; takes `whole` over, NULL being what memory did not suffice for. EX_OK, or
   EX_OSERR. */
int rlv_cli_put_json(json_t *whole);

/* A moment: so long ago ("36h", "7d"), or a day or minute of this place ("2026-03-01", "2026-03-01T14:30"; with a Z at its end, of
   UTC). Milliseconds since 1970; false, and *ret_ms untouched, for anything else. */
bool rlv_cli_moment(const char *text, int64_t *ret_ms);

/* A bar on stderr for work that takes a while, `done` of `all` things, or a count where nobody knows how many there are (all 0); nothing where
   stderr is no terminal. Erased when all are done, and by 0 of 0. */
void rlv_cli_bar(const char *what, size_t done, size_t all);

/* True when colours may be written to stdout: a terminal, and neither NO_COLOR nor TERM=dumb. */
bool rlv_cli_colour(void);
/* Columns of the terminal on stdout, $COLUMNS, else 100; 40 to 120. */
int rlv_cli_columns(void);
/* Makes every control character of a text a space, C1's two-byte ones too, so that what customers wrote cannot command a
   terminal; lines stay lines when keep_lines. In place. */
void rlv_cli_tame(char *text, size_t len, bool keep_lines);
/* Columns that a text takes on a terminal. */
int rlv_cli_width(rlv_str s);

#endif
