/* SPDX-License-Identifier: Apache-2.0 */
/* See template.h. */
#include "crm_notifier/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

#define DEPTH_MAX 16
#define FILLED_MAX 8192u /* bytes of one filled text */
#define SHOWN_MAX 60u    /* bytes of a template that an error shows */
#define FORMAT_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6))

/* The next {{name}} in text[from..]; false: there is none. *ret_end is where the text goes on; 0: the braces
   never close. */
static bool next_name(relevo_str text, size_t from, size_t *ret_start, size_t *ret_end, relevo_str *ret_name)
{
    const char *base = text.ptr;
    const char *open = memmem(base + from, (size_t)text.len - from, "{{", 2);
    if (open == NULL) {
        return false;
    }
    size_t start = (size_t)(open - base);
    const char *close = memmem(open + 2, (size_t)text.len - start - 2, "}}", 2);
    *ret_start = start;
    *ret_end = close != NULL ? (size_t)(close - base) + 2 : 0;
    const char *a = open + 2, *b = close != NULL ? close : a;
    while (a < b && *a == ' ') {
        a++;
    }
    while (b > a && b[-1] == ' ') {
        b--;
    }
    *ret_name = (relevo_str){a, (uint64_t)(b - a)};
    return true;
}

/* ---- {{name|name:filter}} ---- */

typedef struct expression {
    relevo_str names; /* one or more, with | between */
    relevo_str filter;
} expression;

static expression parse(relevo_str text)
{
    for (uint64_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ':') {
            return (expression){{text.ptr, i}, {text.ptr + i + 1, text.len - i - 1}};
        }
    }
    return (expression){text, {NULL, 0}};
}

/* The next of the names; false: there is none. */
static bool each_name(relevo_str *rest, relevo_str *ret)
{
    if (rest->len == 0) {
        return false;
    }
    const char *bar = memchr(rest->ptr, '|', (size_t)rest->len);
    uint64_t n = bar != NULL ? (uint64_t)(bar - rest->ptr) : rest->len;
    uint64_t taken = n + (bar != NULL);
    *ret = (relevo_str){rest->ptr, n};
    *rest = (relevo_str){rest->ptr + taken, rest->len - taken};
    return true;
}

/* The most characters that a filter lets through; 0: it is no number. */
static size_t characters_of(relevo_str filter)
{
    size_t n = 0;
    for (uint64_t i = 0; i < filter.len && i < 6; i++) {
        if (filter.ptr[i] < '0' || filter.ptr[i] > '9') {
            return 0;
        }
        n = n * 10 + (size_t)(filter.ptr[i] - '0');
    }
    return n;
}

static bool check_expression(relevo_str text, const json_t *also, char *error, size_t size)
{
    expression e = parse(text);
    relevo_str name, rest = e.names;
    if (e.filter.len > 0 && !rlt_equal(e.filter, rlt_str("html")) && characters_of(e.filter) == 0) {
        relevo_str shown = rlt_cut(text, SHOWN_MAX);
        snprintf(error, size, "`mapping`: {{%.*s}}: behind the : stands html, or a number of characters", (int)shown.len, shown.ptr);
        return false;
    }
    if (rest.len == 0) {
        snprintf(error, size, "`mapping`: {{}} names nothing");
        return false;
    }
    while (each_name(&rest, &name)) {
        if (!fields_know(name, also)) {
            relevo_str shown = rlt_cut(name, SHOWN_MAX);
            snprintf(error, size, "`mapping`: {{%.*s}} is not known; the nearest is {{%s}}", (int)shown.len,
                     shown.len > 0 ? shown.ptr : "", fields_nearest(name));
            return false;
        }
    }
    return true;
}

/* The first value that is there, cut when it is a text and the filter says so. NULL: out of memory. */
static json_t *evaluate(expression e, const subject *about)
{
    relevo_str name, rest = e.names;
    json_t *value = NULL;
    while (each_name(&rest, &name)) {
        json_decref(value);
        value = fields_get(name, about);
        if (value == NULL || !json_is_null(value)) {
            break;
        }
    }
    size_t most = characters_of(e.filter);
    if (most > 0 && json_is_string(value)) {
        const char *text = json_string_value(value);
        size_t i = 0, n = 0, len = json_string_length(value);
        for (; i < len; i++) {
            if (((unsigned char)text[i] & 0xC0) != 0x80 && n++ == most) {
                break;
            }
        }
        json_t *cut = json_stringn(text, i);
        json_decref(value);
        value = cut;
    }
    return value;
}

static bool check_text(relevo_str text, const json_t *also, char *error, size_t size)
{
    size_t start = 0, end = 0;
    relevo_str name;
    while (next_name(text, end, &start, &end, &name)) {
        if (end == 0) {
            relevo_str shown = rlt_cut(text, SHOWN_MAX);
            snprintf(error, size, "`mapping`: `%.*s` opens {{ and does not close it", (int)shown.len,
                     shown.ptr);
            return false;
        }
        if (!check_expression(name, also, error, size)) {
            return false;
        }
    }
    return true;
}

bool template_check_path(const char *path, const json_t *also, char *error, size_t error_size)
{
    return check_text(rlt_str(path), also, error, error_size);
}

static bool check(const json_t *mapping, const json_t *also, int depth, char *error, size_t size)
{
    if (depth > DEPTH_MAX) {
        snprintf(error, size, "`mapping` is nested deeper than %d: make it flatter", DEPTH_MAX);
        return false;
    }
    if (json_is_string(mapping)) {
        return check_text((relevo_str){json_string_value(mapping), json_string_length(mapping)}, also, error, size);
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)mapping, key, value)
    {
        if (!check(value, also, depth + 1, error, size)) {
            return false;
        }
    }
    for (size_t i = 0; i < json_array_size(mapping); i++) {
        if (!check(json_array_get(mapping, i), also, depth + 1, error, size)) {
            return false;
        }
    }
    return true;
}

bool template_check(const json_t *mapping, const json_t *also, char *error, size_t error_size)
{
    if (json_object_size(mapping) == 0) {
        snprintf(error, error_size, "`mapping` must be field: template pairs");
        return false;
    }
    return check(mapping, also, 0, error, error_size);
}

/* A filled text as it grows; what does not fit is cut at a character. */
typedef struct filled {
    char bytes[FILLED_MAX];
    size_t len;
} filled;

static void add(filled *f, relevo_str piece)
{
    piece = rlt_cut(piece, sizeof(f->bytes) - f->len);
    memcpy(f->bytes + f->len, piece.ptr != NULL ? piece.ptr : "", (size_t)piece.len);
    f->len += (size_t)piece.len;
}

static void add_html(filled *f, relevo_str text)
{
    for (uint64_t i = 0; i < text.len; i++) {
        const char *c = text.ptr + i;
        add(f, *c == '&'    ? rlt_str("&amp;")
               : *c == '<'  ? rlt_str("&lt;")
               : *c == '>'  ? rlt_str("&gt;")
               : *c == '\n' ? rlt_str("<br>")
                            : (relevo_str){c, 1});
    }
}

static void add_encoded(filled *f, relevo_str text)
{
    for (uint64_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
        char code[4];
        snprintf(code, sizeof(code), plain ? "%c" : "%%%02X", c);
        add(f, rlt_str(code));
    }
}

typedef void (*adder)(filled *f, relevo_str piece);

/* A value within a text: text as it is, nothing for null, the rest as JSON writes it. False: out of memory. */
static bool add_value(filled *f, json_t *value, adder how)
{
    if (value == NULL) {
        return false;
    }
    bool fine = true;
    if (json_is_string(value)) {
        how(f, (relevo_str){json_string_value(value), json_string_length(value)});
    } else if (!json_is_null(value)) {
        char *text = json_dumps(value, FORMAT_FLAGS);
        fine = text != NULL;
        how(f, rlt_str(text));
        free(text);
    }
    json_decref(value);
    return fine;
}

/* False: out of memory. how: of values; NULL: as their filter says. */
static bool fill(relevo_str text, const subject *about, adder how, filled *f)
{
    size_t start = 0, end = 0, from = 0;
    relevo_str name;
    f->len = 0;
    while (next_name(text, from, &start, &end, &name)) {
        expression e = parse(name);
        adder as = how != NULL ? how : rlt_equal(e.filter, rlt_str("html")) ? add_html : add;
        add(f, (relevo_str){text.ptr + from, start - from});
        if (!add_value(f, evaluate(e, about), as)) {
            return false;
        }
        from = end;
    }
    add(f, (relevo_str){text.ptr + from, text.len - from});
    return true;
}

static json_t *fill_text(relevo_str text, const subject *about)
{
    size_t start = 0, end = 0;
    relevo_str name;
    filled f;
    if (next_name(text, 0, &start, &end, &name) && start == 0 && end == text.len &&
        !rlt_equal(parse(name).filter, rlt_str("html"))) {
        return evaluate(parse(name), about);
    }
    return fill(text, about, NULL, &f) ? json_stringn(f.bytes, f.len) : NULL;
}

char *template_path(const char *path, const subject *about)
{
    filled f;
    return fill(rlt_str(path), about, add_encoded, &f) ? strndup(f.bytes, f.len) : NULL;
}

static json_t *fill_object(const json_t *mapping, const subject *about)
{
    json_t *object = json_object();
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)mapping, key, value)
    {
        if (json_object_set_new(object, key, template_fill(value, about)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *fill_array(const json_t *mapping, const subject *about)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(mapping); i++) {
        if (json_array_append_new(list, template_fill(json_array_get(mapping, i), about)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *template_fill(const json_t *mapping, const subject *about)
{
    switch (json_typeof(mapping)) {
    case JSON_STRING:
        return fill_text((relevo_str){json_string_value(mapping), json_string_length(mapping)}, about);
    case JSON_OBJECT:
        return fill_object(mapping, about);
    case JSON_ARRAY:
        return fill_array(mapping, about);
    default: /* numbers, true, false, null: a copy, as reference counts are not to be touched from several
                threads */
        return json_deep_copy(mapping);
    }
}
