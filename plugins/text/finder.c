/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of data by patterns; see data.h. They stand in the order of their certainty: what one took, the next ones
   leave alone. It must never change what was written. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/data.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_LIMIT 100000u
#define CURRENCY "US[$]|MX[$]|AR[$]|R[$]|[$€£]|\\b(?:USD|MXN|ARS|COP|CLP|PEN|BRL|EUR)"
#define CURRENCIES                                                                                           \
    "€|(?:pesos|d[oó]lares|reais|reales|euros|soles|dollars|USD|MXN|ARS|COP|CLP|PEN|BRL|EUR)\\b"
#define NUMBER "\\d(?:[\\d.,]*\\d)?"

/* The value is the first group. */
static const struct {
    const char *name, *pattern;
} kinds[] = {
    {"email", "(?<![\\w.+-])([\\w.+-]{1,64}@[\\w-]{1,63}(?:\\.[\\w-]{1,63}){1,4})"},
    {"amount", "((?:" CURRENCY ")\\s?" NUMBER "|(?<![\\d.,])" NUMBER "\\s?(?:" CURRENCIES "))"},
    /* "pedido 48213", "mi orden es la #A-1234", "número de pedido: 48213"; filler words only, so that "mi
       pedido de 20 cajas" is none. */
    {"order_number",
     "\\b(?:pedido|orden|order|encomenda|compra|folio|ticket)\\b"
     "(?:[\\s#:]|n[°º]|\\b(?:n|nro|no|num|numero|número|number|es|is|é|el|la|o|the|mi|my)\\b|[.])*"
     "((?:[A-Z]{1,4}-?)?\\d{3,14})\\b(?![.,]?\\d)"},
    {"order_number", "(?<!\\w)#\\s?(\\d{3,14})\\b"},
    /* At least 9 digits, as dates have 8; not the inside of a longer number such as a card's; not a CPF. */
    {"phone", "(?<![\\w@.+-])(?<!\\d\\s)(?!\\d{3}\\.\\d{3}\\.\\d{3}-)(?!\\d{1,4}-\\d{1,2}-\\d{1,4}\\b)"
              "(\\+?\\(?\\d(?:[\\s().-]{0,2}\\d){8,14}+)(?!\\w)(?![\\s().-]{0,2}\\d)"},
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct rlt_finder {
    pcre2_code *codes[N_KINDS];
    pcre2_match_context *limits;
};

rlt_finder *rlt_finder_new(void)
{
    rlt_finder *made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    made->limits = pcre2_match_context_create(NULL);
    bool fine = made->limits != NULL;
    for (size_t i = 0; i < N_KINDS && fine; i++) {
        int code = 0;
        PCRE2_SIZE offset = 0;
        made->codes[i] = pcre2_compile((PCRE2_SPTR)kinds[i].pattern, PCRE2_ZERO_TERMINATED,
                                       PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS, &code, &offset, NULL);
        fine = made->codes[i] != NULL;
    }
    if (!fine) {
        rlt_finder_free(made);
        return NULL;
    }
    pcre2_set_match_limit(made->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(made->limits, 1024);
    return made;
}

void rlt_finder_free(rlt_finder *finder)
{
    if (finder == NULL) {
        return;
    }
    for (size_t i = 0; i < N_KINDS; i++) {
        pcre2_code_free(finder->codes[i]);
    }
    pcre2_match_context_free(finder->limits);
    free(finder);
}

static bool overlaps(const rlt_piece *found, size_t n, const char *from, const char *to)
{
    for (size_t i = 0; i < n; i++) {
        if (from < found[i].written.ptr + found[i].written.len && to > found[i].written.ptr) {
            return true;
        }
    }
    return false;
}

/* Whether the text has what any match of that kind must have, which most messages lack: an "@", or a digit. Digits of other scripts
   begin with U+0660, whose first byte is 0xd9. */
static bool may_have(size_t kind, relevo_str text)
{
    if (strcmp(kinds[kind].name, "email") == 0)
        return memchr(text.ptr, '@', text.len) != NULL;
    for (uint64_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c >= '0' && c <= '9') || c >= 0xd9)
            return true;
    }
    return false;
}

size_t rlt_find_pieces(const rlt_finder *finder, relevo_str text, rlt_piece *ret_found, size_t max)
{
    pcre2_match_data *data = pcre2_match_data_create(2, NULL);
    size_t n = 0;
    for (size_t i = 0; i < N_KINDS && data != NULL && text.len > 0; i++) {
        PCRE2_SIZE at = 0;
        if (!may_have(i, text))
            continue;
        while (n < max && pcre2_match(finder->codes[i], (PCRE2_SPTR)text.ptr, (PCRE2_SIZE)text.len, at, 0,
                                      data, finder->limits) > 1) {
            const PCRE2_SIZE *span = pcre2_get_ovector_pointer(data);
            const char *from = text.ptr + span[2], *to = text.ptr + span[3];
            if (!overlaps(ret_found, n, from, to)) {
                ret_found[n++] = (rlt_piece){kinds[i].name, {from, (uint64_t)(to - from)}};
            }
            at = span[1]; /* no pattern matches the empty text: this moves on */
        }
    }
    pcre2_match_data_free(data);
    return n;
}
