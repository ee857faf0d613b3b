/* SPDX-License-Identifier: Apache-2.0 */
/* Error values; see error.h. Must never log. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Drops a UTF-8 sequence that the cut left without its end. */
static void trim_partial(char *text, size_t size)
{
    size_t len = strlen(text);
    if (len + 1 < size)
        return;
    size_t i = len;
    while (i > 0 && ((unsigned char)text[i - 1] & 0xC0) == 0x80)
        i--;
    if (i > 0 && ((unsigned char)text[i - 1] & 0x80))
        text[i - 1] = '\0';
}

int rlv_error_set(rlv_error *err, int code, const char *fmt, ...)
{
    if (!err)
        return code;
    va_list ap;
    va_start(ap, fmt);
    err->code = code;
    (void)vsnprintf(err->message, sizeof(err->message), fmt, ap);
    va_end(ap);
    trim_partial(err->message, sizeof(err->message));
    return code;
}

int rlv_error_wrap(rlv_error *err, const char *fmt, ...)
{
    if (!err)
        return RLV_E_INVALID;
    char context[200], whole[sizeof(err->message)];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(context, sizeof(context), fmt, ap);
    va_end(ap);
    trim_partial(context, sizeof(context));
    size_t head = strlen(context), tail = strlen(err->message), room = sizeof(whole) - head - 3;
    if (tail > room)
        tail = room;
    memcpy(whole, context, head);
    memcpy(whole + head, ": ", 2);
    memcpy(whole + head + 2, err->message, tail);
    whole[head + 2 + tail] = '\0';
    memcpy(err->message, whole, head + tail + 3);
    trim_partial(err->message, sizeof(err->message));
    return err->code;
}

const char *rlv_code_name(int code)
{
    switch ((enum rlv_code)code) {
    case RLV_OK: return "ok";
    case RLV_E_INVALID: return "invalid";
    case RLV_E_CONFIG: return "config";
    case RLV_E_LIMIT: return "limit";
    case RLV_E_DECODE: return "decode";
    case RLV_E_IO: return "io";
    case RLV_E_TIMEOUT: return "timeout";
    case RLV_E_FENCED: return "fenced";
    case RLV_E_CONFLICT: return "conflict";
    case RLV_E_UNAVAILABLE: return "unavailable";
    case RLV_E_NOT_FOUND: return "not_found";
    case RLV_E_REFUSED: return "refused";
    case RLV_E_DIED: return "died";
    }
    return "unknown";
}

bool rlv_code_retriable(int code)
{
    return code == RLV_E_TIMEOUT || code == RLV_E_FENCED || code == RLV_E_CONFLICT || code == RLV_E_UNAVAILABLE ||
           code == RLV_E_IO;
}
