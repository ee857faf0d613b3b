/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo config reference`: the reference page, as docs/configuration.md keeps it. */
#include <stdio.h>

#include "cli/cli.h"

enum {
    PAGE_MAX = 1024 * 1024
};

static const char help[] =
    "Usage: relevo config reference\n\n"
    "Prints the reference of all options as Markdown, made from the table that reads them.\n";

int rlv_cli_config(int argc, char **argv)
{
    int first, rc = rlv_cli_parse(argc, argv, help, NULL, 0, &first);
    if (rc >= 0)
        return rc;
    if (argc - first != 1 || strcmp(argv[first], "reference") != 0)
        return rlv_cli_usage("config", "say `relevo config reference`");
    rlv_buf page = RLV_BUF_INIT(PAGE_MAX);
    rlv_config_reference(&page);
    bool ok = !page.failed && fputs(page.data, stdout) >= 0;
    rlv_buf_free(&page);
    return ok ? EX_OK : EX_OSERR;
}
