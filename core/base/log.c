/* SPDX-License-Identifier: Apache-2.0 */
/* The log; see log.h. Must never block on anything but stderr, and never fail its caller. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum rlv_log_level max_level = RLV_LOG_INFO;
static bool as_json = false;

void rlv_log_setup(enum rlv_log_level level, bool json)
{
    max_level = level;
    as_json = json;
}

/* Appends s to a JSON string; control characters become \u escapes, so that a line stays a line. */
static size_t put_json(char *out, size_t cap, const char *s)
{
    size_t n = 0;
    for (; *s && n + 7 < cap; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            out[n++] = '\\';
            out[n++] = (char)c;
        } else if (c < 0x20) {
            n += (size_t)snprintf(out + n, cap - n, "\\u%04x", c);
        } else {
            out[n++] = (char)c;
        }
    }
    out[n] = '\0';
    return n;
}

static void log_line(enum rlv_log_level level, const char *room, const rlv_trace *trace, const char *fmt, va_list ap)
{
    static const char *const names[] = {"", "error", "warn", "info", "debug"};
    char message[2048];
    (void)vsnprintf(message, sizeof(message), fmt, ap);

    struct timespec ts;
    struct tm tm;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    (void)gmtime_r(&ts.tv_sec, &tm);
    char when[32];
    (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);

    char id[RLV_TRACE_ID_TEXT + 1] = "";
    if (trace && !rlv_trace_none(trace))
        rlv_trace_id_text(trace, id);
    char line[4600];
    size_t n;
    if (as_json) {
        char text[4200], where[200];
        (void)put_json(text, sizeof(text), message);
        (void)put_json(where, sizeof(where), room);
        n = (size_t)snprintf(line, sizeof(line),
                             "{\"time\":\"%s.%03ldZ\",\"level\":\"%s\",\"room\":\"%s\",\"message\":\"%s\"%s%s%s}\n", when,
                             ts.tv_nsec / 1000000, names[level], where, text, *id ? ",\"trace_id\":\"" : "", id, *id ? "\"" : "");
    } else {
        for (char *p = message; *p; p++)
            if ((unsigned char)*p < 0x20)
                *p = ' ';
        n = (size_t)snprintf(line, sizeof(line), "%s.%03ldZ %-5s %s: %s%s%s\n", when, ts.tv_nsec / 1000000, names[level],
                             room, message, *id ? " trace_id=" : "", id);
    }
    if (n >= sizeof(line)) {
        n = sizeof(line) - 1;
        line[n - 1] = '\n';
    }
    /* Nobody is left to be told when stderr itself fails. */
    ssize_t ignored = write(STDERR_FILENO, line, n);
    (void)ignored;
}

void rlv_log(enum rlv_log_level level, const char *room, const char *fmt, ...)
{
    if (level > max_level)
        return;
    va_list ap;
    va_start(ap, fmt);
    log_line(level, room, NULL, fmt, ap);
    va_end(ap);
}

void rlv_log_about(enum rlv_log_level level, const char *room, const rlv_trace *trace, const char *fmt, ...)
{
    if (level > max_level)
        return;
    va_list ap;
    va_start(ap, fmt);
    log_line(level, room, trace, fmt, ap);
    va_end(ap);
}
