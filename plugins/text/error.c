/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as lines, and as exit codes. It must never end the process: the plugins share theirs with the daemon. */
#include "text/error.h"

#include <stdarg.h>
#include <stdio.h>

#define NO_OUTPUT "standard output cannot be written"

static void put(rlt_error *error, int32_t exit, const char *format, va_list arguments)
{
    (void)vsnprintf(error->line, sizeof error->line, format, arguments);
    error->exit = exit;
}

bool rlt_fail(rlt_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put(error, EX_DATAERR, format, arguments);
    va_end(arguments);
    return false;
}

bool rlt_fail_as(rlt_error *error, int32_t exit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put(error, exit, format, arguments);
    va_end(arguments);
    return false;
}

bool rlt_fail_memory(rlt_error *error, const char *what)
{
    return rlt_fail_as(error, EX_OSERR, "%s: out of memory", what);
}

bool rlt_fail_output(rlt_error *error)
{
    return rlt_fail_as(error, EX_IOERR, NO_OUTPUT);
}

int32_t rlt_tool_end(const char *name, bool good, const rlt_error *error)
{
    bool flushed = fflush(stdout) == 0;
    if (good && flushed)
        return EX_OK;
    (void)fprintf(stderr, "relevo %s: %s\n", name, good ? NO_OUTPUT : error->line);
    return good ? EX_IOERR : error->exit;
}
