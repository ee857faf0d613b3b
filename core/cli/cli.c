/* SPDX-License-Identifier: Apache-2.0 */
/* What the tools share; see cli.h. Must never print what a secret says. */
#include "cli/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <utf8proc.h>

#include "base/clock.h"
#include "config/value.h"

enum {
    FLAGS_MAX = 16,
    MISTAKES_MAX = 1024 * 1024
};

int rlv_cli_exit_code(int code)
{
    switch ((enum rlv_code)code) {
    case RLV_OK:
        return EX_OK;
    case RLV_E_CONFIG:
        return EX_CONFIG;
    case RLV_E_INVALID:
    case RLV_E_DECODE:
    case RLV_E_REFUSED:
        return EX_DATAERR;
    case RLV_E_NOT_FOUND:
        return EX_NOINPUT;
    case RLV_E_UNAVAILABLE:
    case RLV_E_TIMEOUT:
        return EX_UNAVAILABLE;
    case RLV_E_FENCED:
    case RLV_E_CONFLICT:
        return EX_TEMPFAIL;
    case RLV_E_LIMIT:
        return EX_OSERR;
    case RLV_E_IO:
        return EX_IOERR;
    case RLV_E_DIED:
        break;
    }
    return EX_SOFTWARE;
}

int rlv_cli_fail(const rlv_error *err)
{
    (void)fprintf(stderr, "relevo: %s\n", err->message);
    return rlv_cli_exit_code(err->code);
}

int rlv_cli_usage(const char *name, const char *fmt, ...)
{
    va_list ap;
    (void)fprintf(stderr, "relevo %s: ", name);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, "; see `relevo %s --help`\n", name);
    return EX_USAGE;
}

/* "unknown option '--confg'; did you mean '--config'?" */
static int unknown_option(const char *tool, const char *word, const rlv_cli_flag *flags, size_t n)
{
    const char *names[FLAGS_MAX];
    for (size_t i = 0; i < n && i < FLAGS_MAX; i++)
        names[i] = flags[i].name;
    rlv_str bare = rlv_str_from(word);
    while (bare.len && bare.ptr[0] == '-')
        bare = (rlv_str){bare.ptr + 1, bare.len - 1};
    bare.len = strcspn(bare.ptr, "=");
    const char *near = rlv_value_nearest(bare, names, n < FLAGS_MAX ? n : FLAGS_MAX);
    if (near)
        return rlv_cli_usage(tool, "unknown option '%s', did you mean '--%s'?", word, near);
    return rlv_cli_usage(tool, "unknown option '%s'", word);
}

int rlv_cli_parse(int argc, char **argv, const char *help, const rlv_cli_flag *flags, size_t n,
                  int *ret_first)
{
    struct option options[FLAGS_MAX + 2] = {{0}};
    size_t i = 0;
    for (; i < n && i < FLAGS_MAX; i++)
        options[i] = (struct option){flags[i].name, flags[i].value ? required_argument : no_argument, NULL,
                                     (int)i + 256};
    options[i] = (struct option){"help", no_argument, NULL, 'h'};
    opterr = 0;
    optind = 0; /* glibc: begin anew, whatever was read before */
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return EX_OK;
        }
        if (c == ':')
            return rlv_cli_usage(argv[0], "option '%s' needs a value", argv[optind - 1]);
        if (c == '?' && optopt >= 256)
            return rlv_cli_usage(argv[0], "option '--%s' takes no value", flags[optopt - 256].name);
        if (c == '?')
            return unknown_option(argv[0], argv[optind - 1], flags, n);
        const rlv_cli_flag *flag = &flags[c - 256];
        if (flag->value)
            *flag->value = optarg;
        else
            *flag->given = true;
    }
    *ret_first = optind;
    return -1;
}

int rlv_cli_load(const char *command, const char *path, rlv_config **ret)
{
    rlv_error err;
    int rc = rlv_config_load(path, command, ret, &err);
    if (rc == RLV_OK) {
        rlv_log_setup((*ret)->log.level, (*ret)->log.json);
        return EX_OK;
    }
    if (rc == RLV_E_CONFIG) {
        rlv_buf lines = RLV_BUF_INIT(MISTAKES_MAX);
        (void)rlv_config_mistakes(path, command, &lines);
        (void)fputs(lines.data ? lines.data : err.message, stderr);
        rlv_buf_free(&lines);
        return EX_CONFIG;
    }
    (void)rlv_cli_fail(&err);
    return rc == RLV_E_NOT_FOUND ? EX_CONFIG : rlv_cli_exit_code(rc);
}

int rlv_cli_configured(int argc, char **argv, const char *help, const rlv_cli_flag *flags, size_t n,
                       rlv_config **ret)
{
    const char *path = NULL;
    rlv_cli_flag all[FLAGS_MAX] = {{"config", &path, NULL}};
    for (size_t i = 0; i < n && i + 1 < FLAGS_MAX; i++)
        all[i + 1] = flags[i];
    int first, code = rlv_cli_parse(argc, argv, help, all, n + 1, &first);
    if (code >= 0)
        return code;
    if (first != argc)
        return rlv_cli_usage(argv[0], "unexpected '%s'", argv[first]);
    code = rlv_cli_load(argv[0], path, ret);
    return code ? code : -1;
}

bool rlv_cli_moment(const char *text, int64_t *ret_ms)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"};
    int64_t ago_ms;
    if (rlv_value_duration(rlv_str_from(text), &ago_ms)) {
        *ret_ms = rlv_clock_wall_ms() - ago_ms;
        return true;
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *rest = strptime(text, forms[i], &tm);
        if (!rest || (*rest && strcmp(rest, "Z") != 0))
            continue;
        time_t at = *rest ? timegm(&tm) : mktime(&tm);
        *ret_ms = (int64_t)at * 1000;
        return true;
    }
    return false;
}

bool rlv_cli_colour(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

int rlv_cli_put_json(json_t *whole)
{
    char *text = whole ? json_dumps(whole, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    if (text)
        (void)puts(text);
    free(text);
    json_decref(whole);
    return text ? EX_OK : EX_OSERR;
}

void rlv_cli_bar(const char *what, size_t done, size_t all)
{
    if (!isatty(STDERR_FILENO))
        return;
    int percent = (int)(all ? done * 100 / all : 100);
    if (!all && done)
        (void)fprintf(stderr, "\r\033[K%zu %s", done, what);
    else if (done < all)
        (void)fprintf(stderr, "\r\033[K%3d%% [%-25.*s] %zu of %zu %s", percent, percent / 4, "#########################", done, all, what);
    else
        (void)fprintf(stderr, "\r\033[K");
    (void)fflush(stderr);
}

int rlv_cli_columns(void)
{
    struct winsize size;
    int64_t columns = 0;
    const char *set = getenv("COLUMNS");
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    else if (!set || !rlv_str_int(rlv_str_from(set), &columns))
        columns = 100;
    return columns < 40 ? 40 : columns > 120 ? 120 : (int)columns;
}

void rlv_cli_tame(char *text, size_t len, bool keep_lines)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        bool control = (c < 0x20 && !(keep_lines && c == '\n')) || c == 0x7f;
        bool c1 = c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0;
        if (control || c1)
            text[i] = ' ';
        if (c1)
            text[++i] = ' ';
    }
}

int rlv_cli_width(rlv_str s)
{
    int width = 0;
    for (size_t i = 0; i < s.len;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)s.ptr + i, (utf8proc_ssize_t)(s.len - i), &point);
        width += n > 0 ? utf8proc_charwidth(point) : 1;
        i += n > 0 ? (size_t)n : 1;
    }
    return width;
}
