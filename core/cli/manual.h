/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is made from the table of commands and what each says of itself with --help, so that nothing has to be kept beside them: man
 * pages, and completions for shells.
 */
#ifndef RLV_CLI_MANUAL_H
#define RLV_CLI_MANUAL_H

#include "cli/cli.h"

/* `relevo completion bash|zsh|fish`: the script, to stdout. */
int rlv_cli_completion(const rlv_cli_command *commands, size_t n, int argc, char **argv);
/* `relevo man [COMMAND]`: relevo(1), or relevo-COMMAND(1), as roff. */
int rlv_cli_man(const rlv_cli_command *commands, size_t n, int argc, char **argv);

#endif
