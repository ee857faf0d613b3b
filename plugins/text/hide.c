/* SPDX-License-Identifier: Apache-2.0 */
/* See hide.h. Must never let a number through that it took for a card, a telephone, a tax id or a code, nor write one anywhere else. */
#include "text/hide.h"

#include <stdlib.h>
#include <string.h>

#include "text/digits.h"

enum {
    CARD_MIN = 13, /* digits */
    CARD_MAX = 19,
    NUMBER_MIN = 7,      /* digits: a telephone without its area */
    CODE_MIN = 8,        /* letters and digits: a passport, a CURP, an order */
    CODE_DIGITS_MIN = 4, /* of which digits */
    NAME_MIN = 3
};

/* What is to be hidden of a text: a piece of it. */
typedef struct span {
    size_t at, len;
    const char *kind;
} span;

typedef struct spans {
    span *items; /* room for as many as the text may have: none is let through for want of it */
    size_t n;
} spans;

static void push(spans *s, relevo_str text, relevo_str piece, const char *kind)
{
    if (piece.len)
        s->items[s->n++] = (span){(size_t)(piece.ptr - text.ptr), (size_t)piece.len, kind};
}

static bool luhn(const char *digits, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        int d = digits[n - 1 - i] - '0';
        if (i % 2)
            d = d * 2 > 9 ? d * 2 - 9 : d * 2;
        sum += d;
    }
    return sum % 10 == 0;
}

/* Runs of digits with spaces, dots and dashes between: a long one is nobody's business, whatever it is. */
static void find_numbers(relevo_str text, spans *s)
{
    for (size_t i = 0; i < text.len;) {
        char digits[64];
        size_t n = 0, end = i, at = i;
        if (!rlt_is_digit(text.ptr[i])) {
            i++;
            continue;
        }
        for (; at < text.len && (rlt_is_digit(text.ptr[at]) || strchr(" .-()/", text.ptr[at])) && text.ptr[at]; at++) {
            if (!rlt_is_digit(text.ptr[at]))
                continue;
            if (n < sizeof digits)
                digits[n++] = text.ptr[at];
            end = at + 1;
        }
        relevo_str piece = {text.ptr + i, end - i};
        if (n >= CARD_MIN && n <= CARD_MAX && luhn(digits, n))
            push(s, text, piece, "CARD");
        else if (n >= NUMBER_MIN)
            push(s, text, piece, "NUMBER");
        i = at;
    }
}

/* Bytes of the letter or digit at `at`, 0: there is another character. Latin letters with accents have two. */
static size_t code_character(relevo_str text, size_t at)
{
    char c = text.ptr[at];
    if (rlt_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return 1;
    return (unsigned char)c == 0xC3 && at + 1 < text.len ? 2 : 0;
}

/* Letters and digits in one word, with dashes within: the numbers of identity papers, orders and accounts, in whichever country. */
static void find_codes(relevo_str text, spans *s)
{
    for (size_t i = 0; i < text.len;) {
        size_t characters = 0, digits = 0, at = i, end = i;
        while (at < text.len) {
            size_t width = code_character(text, at);
            if (width == 0 && !(text.ptr[at] == '-' && at > i))
                break;
            characters += width > 0;
            digits += rlt_is_digit(text.ptr[at]);
            at += width ? width : 1;
            end = width ? at : end;
        }
        if (characters >= CODE_MIN && digits >= CODE_DIGITS_MIN && digits < characters)
            push(s, text, (relevo_str){text.ptr + i, end - i}, "CODE");
        i = at > i ? at : i + 1;
    }
}

static void find_tax_ids(relevo_str text, spans *s)
{
    char value[RLT_VALUE_MAX];
    relevo_str rest = text, written;
    while (rest.len && rlt_find_tax_id(rest, "", value, &written, NULL)) {
        push(s, text, written, "TAX");
        size_t used = (size_t)(written.ptr - rest.ptr) + written.len;
        rest = (relevo_str){rest.ptr + used, rest.len - used};
    }
}

static bool find_names(const rlt_hidden *hidden, relevo_str text, spans *s)
{
    bool any = false;
    for (int k = 0; k < hidden->n; k++)
        any = any || hidden->items[k].folded;
    if (!any)
        return true;
    rlt_work *work = rlt_work_new();
    rlt_doc doc;
    bool good = work && rlt_read(work, text, &doc) == RLT_OK;
    for (uint32_t i = 0; good && i < doc.n_tokens; i++)
        for (int k = 0; k < hidden->n; k++)
            if (hidden->items[k].folded && rlt_equal(doc.tokens[i].text, rlt_str(hidden->items[k].folded))) {
                push(s, text, rlt_written(&doc, i, 1), hidden->items[k].placeholder);
                break;
            }
    rlt_work_free(work);
    return good;
}

static int by_place(const void *a, const void *b)
{
    const span *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->len == y->len ? 0 : x->len > y->len ? -1 : 1; /* the longer one, where two begin together */
}

/* Pieces in order: what begins within another one and goes beyond it is one with it, so that the whole comes back. */
static void join_overlapping(spans *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        span *last = n ? &s->items[n - 1] : NULL;
        const span next = s->items[i];
        if (!last || next.at >= last->at + last->len) {
            s->items[n++] = next;
        } else if (next.at + next.len > last->at + last->len) {
            last->len = next.at + next.len - last->at;
            last->kind = next.kind[0] == '[' ? last->kind : next.kind; /* a name's placeholder stands for the name alone */
        }
    }
    s->n = n;
}

/* NULL: memory is short. */
static char *copy_of(relevo_str text)
{
    char *copy = malloc((size_t)text.len + 1);
    if (copy) {
        memcpy(copy, text.ptr, (size_t)text.len);
        copy[text.len] = '\0';
    }
    return copy;
}

/* The placeholder of a value, a new one if need be; NULL: there is no room. */
static const char *placeholder(rlt_hidden *hidden, relevo_str value, const char *kind, relevo_str folded)
{
    int same = 1;
    if (kind[0] == '[') /* a name's own */
        return kind;
    for (int i = 0; i < hidden->n; i++) {
        if (strlen(hidden->items[i].value) == value.len && strncasecmp(hidden->items[i].value, value.ptr, value.len) == 0)
            return hidden->items[i].placeholder;
        same += strncmp(hidden->items[i].placeholder + 1, kind, strlen(kind)) == 0;
    }
    char *copy = hidden->n < RLT_HIDDEN_MAX ? copy_of(value) : NULL;
    if (!copy)
        return NULL;
    char *word = folded.len ? copy_of(folded) : NULL;
    if (folded.len && !word) {
        free(copy);
        return NULL;
    }
    (void)snprintf(hidden->items[hidden->n].placeholder, RLT_PLACEHOLDER_MAX, "[%s_%d]", kind, same);
    hidden->items[hidden->n].value = copy;
    hidden->items[hidden->n].folded = word;
    return hidden->items[hidden->n++].placeholder;
}

bool rlt_hide_name(rlt_hidden *hidden, relevo_str name)
{
    rlt_work *work = rlt_work_new();
    rlt_doc doc;
    bool good = work && rlt_read(work, name, &doc) == RLT_OK;
    for (uint32_t i = 0; good && i < doc.n_tokens; i++)
        if (doc.tokens[i].kind == RLT_WORD && doc.tokens[i].text.len >= NAME_MIN)
            (void)placeholder(hidden, rlt_written(&doc, i, 1), "NAME", doc.tokens[i].text);
    rlt_work_free(work);
    return good;
}

/* All that is to be hidden, in order, none overlapping another. False: out of memory. */
static bool find_all(const rlt_hidden *hidden, relevo_str text, spans *s)
{
    size_t room = text.len / 2 + 1; /* a piece has two bytes or more, and none overlaps another of its kind */
    rlt_piece *pieces = malloc(room * sizeof *pieces);
    s->items = malloc(5 * room * sizeof *s->items);
    bool good = pieces && s->items;
    size_t n = good ? rlt_find_pieces(hidden->finder, text, pieces, room) : 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(pieces[i].name, "email") == 0)
            push(s, text, pieces[i].written, "EMAIL");
        else if (strcmp(pieces[i].name, "phone") == 0)
            push(s, text, pieces[i].written, "PHONE");
    }
    free(pieces);
    if (!good)
        return false;
    find_tax_ids(text, s);
    find_numbers(text, s);
    find_codes(text, s);
    if (!find_names(hidden, text, s))
        return false;
    qsort(s->items, s->n, sizeof *s->items, by_place);
    join_overlapping(s);
    return true;
}

bool rlt_hide(rlt_hidden *hidden, relevo_str text, FILE *out)
{
    spans s = {.n = 0};
    size_t at = 0;
    if (text.len && !find_all(hidden, text, &s)) {
        free(s.items);
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        const span *one = &s.items[i];
        const char *in_place = placeholder(hidden, (relevo_str){text.ptr + one->at, one->len}, one->kind, (relevo_str){NULL, 0});
        (void)fwrite(text.ptr + at, 1, one->at - at, out);
        (void)fputs(in_place ? in_place : "[...]", out);
        at = one->at + one->len;
    }
    free(s.items);
    if (at < text.len)
        (void)fwrite(text.ptr + at, 1, text.len - at, out);
    return !ferror(out);
}

bool rlt_unhide(const rlt_hidden *hidden, relevo_str text, FILE *out)
{
    for (size_t i = 0; i < text.len;) {
        const char *close = text.ptr[i] == '[' ? memchr(text.ptr + i, ']', text.len - i) : NULL;
        size_t len = close ? (size_t)(close - text.ptr) - i + 1 : 0;
        bool shaped = len > 3 && len < RLT_PLACEHOLDER_MAX && text.ptr[i + 1] >= 'A' && text.ptr[i + 1] <= 'Z' &&
                      memchr(text.ptr + i, '_', len) && rlt_is_digit(text.ptr[i + len - 2]);
        if (!shaped) {
            (void)fputc(text.ptr[i++], out);
            continue;
        }
        int k = 0;
        while (k < hidden->n && (strlen(hidden->items[k].placeholder) != len ||
                                 memcmp(hidden->items[k].placeholder, text.ptr + i, len) != 0))
            k++;
        if (k == hidden->n)
            return false;
        (void)fputs(hidden->items[k].value, out);
        i += len;
    }
    return !ferror(out);
}

void rlt_hidden_clear(rlt_hidden *hidden)
{
    while (hidden->n > 0) {
        free(hidden->items[--hidden->n].value);
        free(hidden->items[hidden->n].folded);
    }
}
