/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the answer to a callback's question; see callback.h. Must never take for one what asks something, or complains of the wait. */
#include "conversation/callback.h"

#include <stdbool.h>

#include "conversation/words.h"

enum {
    SHORT = 12, /* words of a message that tells a time and nothing else */
    YES_NO = 4, /* of one that says yes or no */
    PHONE_MIN = 7,
    PHONE_MAX = 15
};

static const char *const yes[] = {"si", "claro", "vale", "dale", "sim", "yes", "yeah", "sure", NULL};
static const char *const no[] = {"no", "nao", "nope", NULL};
/* What may stand beside them. */
static const char *const polite[] = {"por", "favor", "gracias", "ok", "obrigado", "obrigada", "please", "thanks", "thank", "you", NULL};
static const char *const times[] = {
    "hoy",      "manana",  "tarde",   "noche",    "mediodia", "lunes",   "martes",   "miercoles", "jueves",  "viernes", "sabado", "domingo", "hoje",
    "amanha",   "manha",   "noite",   "segunda",  "terca",   "quarta",   "quinta",    "sexta",   "today",   "tomorrow", "morning",
    "afternoon", "evening", "tonight", "noon",     "monday",   "tuesday", "wednesday", "thursday", "friday",  "saturday", "sunday", "anytime", NULL};
/* Before a number they make it an hour, */
static const char *const at[] = {"las", "as", "at", "after", "before", NULL};
/* or behind it, */
static const char *const hours[] = {"am", "pm", "h", "hs", "hrs", "horas", "hora", "oclock", NULL};
/* or between two of them. */
static const char *const to[] = {"a", "y", "e", "to", "and", "ate", NULL};
/* "Buenas tardes" names no time, and who has waited all morning offers none. */
static const char *const greets[] = {"buenas", "buenos", "buen", "boa", "bom", "good", NULL};
static const char *const waits[] = {"llevo", "llevamos", "espero", "esperando", "esperar", "waiting", "waited", "desde", "since", NULL};

static bool among(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(word, *list) == 0)
            return true;
    return false;
}

/* A number with nothing between its digits but what people put there. */
static bool has_phone(rlv_str text)
{
    int digits = 0;
    for (size_t i = 0; i <= text.len; i++) {
        char c = i < text.len ? text.ptr[i] : 'x';
        if (c >= '0' && c <= '9')
            digits++;
        else if (c && strchr(" -.()+", c) == NULL) {
            if (digits >= PHONE_MIN && digits <= PHONE_MAX)
                return true;
            digits = 0;
        }
    }
    return false;
}

static bool has_address(rlv_str text)
{
    const char *sign = memchr(text.ptr, '@', text.len);
    const char *end = text.ptr + text.len;
    return sign && sign > text.ptr && sign[-1] != ' ' && sign + 1 < end && sign[1] != ' ' && memchr(sign, '.', (size_t)(end - sign)) != NULL;
}

/* "9", "17", "17:30": an hour of the day; what follows the digits ("9am", "17h"), or NULL. */
static const char *hour_of(const char *word)
{
    int n = 0;
    const char *s = word;
    while (*s >= '0' && *s <= '9' && s - word < 3)
        n = n * 10 + (*s++ - '0');
    return s > word && s - word < 3 && n <= 24 ? s : NULL;
}

static bool has_time(const rlv_words *w)
{
    for (int i = 0; i < w->n; i++)
        if (among(w->word[i], waits))
            return false;
    for (int i = 0; i < w->n; i++) {
        const char *before = i ? w->word[i - 1] : "", *behind = i + 1 < w->n ? w->word[i + 1] : "";
        const char *unit = hour_of(w->word[i]);
        bool until = among(behind, to) && i + 2 < w->n && hour_of(w->word[i + 2]);
        if (unit && (*unit == ':' || among(unit, hours) || (!*unit && (among(before, at) || among(behind, hours) || until || w->n == 1))))
            return true;
        if (among(w->word[i], times) && !among(before, greets))
            return true;
    }
    return false;
}

/* One of them, and nothing but courtesy beside it. */
static bool only(const rlv_words *w, const char *const *list)
{
    bool any = false;
    for (int i = 0; i < w->n; i++) {
        if (!among(w->word[i], list) && !among(w->word[i], polite))
            return false;
        any = any || among(w->word[i], list);
    }
    return any && w->n <= YES_NO;
}

enum rlv_callback rlv_callback_read(rlv_str text)
{
    rlv_words w;
    if (has_phone(text) || (text.len && has_address(text)))
        return RLV_CALLBACK_SAID;
    rlv_words_read(text, &w);
    if (w.asks || w.n > SHORT)
        return RLV_CALLBACK_NONE;
    if (has_time(&w))
        return RLV_CALLBACK_SAID;
    return only(&w, no) ? RLV_CALLBACK_NO : only(&w, yes) ? RLV_CALLBACK_YES : RLV_CALLBACK_NONE;
}
