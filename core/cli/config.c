/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo config reference`: the reference of all options: the page that docs/configuration.md keeps, or the same for machines. */
#include <stdio.h>

#include "cli/cli.h"

enum {
    PAGE_MAX = 1024 * 1024
};

static const char help[] =
    "Usage: relevo config reference [--json]\n\n"
    "Prints the reference of all options as Markdown, made from the table that reads them.\n\n"
    "  --json   for machines: min and max of times in ms, of sizes in bytes; local: holds nothing that outlives a batch\n";

int rlv_cli_config(int argc, char **argv)
{
    bool json = false;
    const rlv_cli_flag flags[] = {{"json", NULL, &json}};
    int first, rc = rlv_cli_parse(argc, argv, help, flags, 1, &first);
    if (rc >= 0)
        return rc;
    if (argc - first != 1 || strcmp(argv[first], "reference") != 0)
        return rlv_cli_usage("config", "say `relevo config reference`");
    rlv_buf page = RLV_BUF_INIT(PAGE_MAX);
    rlv_config_reference(json, &page);
    bool ok = !page.failed && fputs(page.data, stdout) >= 0;
    rlv_buf_free(&page);
    return ok ? EX_OK : EX_OSERR;
}
