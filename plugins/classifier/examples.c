/* SPDX-License-Identifier: Apache-2.0 */
/* Reading examples. It must never skip a line silently: a typing error would become a model that is quietly
 * worse. */
#include "examples.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

void rlc_examples_clear(rlc_examples *examples)
{
    for (uint32_t i = 0; i < examples->n; i++)
        free(examples->items[i].text);
    for (uint32_t i = 0; i < examples->n_outside; i++)
        free(examples->outside[i].text);
    for (uint32_t i = 0; i < examples->n_labels; i++)
        free(examples->labels[i]);
    free(examples->items);
    free(examples->outside);
    free(examples->labels);
    memset(examples, 0, sizeof *examples);
}

/* The number of a label, new when unknown; RLC_LABELS_MAX: too many or out of memory. */
static uint32_t label_number(rlc_examples *examples, relevo_str label)
{
    for (uint32_t i = examples->n_labels; i-- > 0;) /* the last is the likeliest */
        if (strlen(examples->labels[i]) == label.len &&
            memcmp(examples->labels[i], label.ptr, label.len) == 0)
            return i;
    if (examples->n_labels == RLC_LABELS_MAX)
        return RLC_LABELS_MAX;
    char **labels = realloc(examples->labels, (examples->n_labels + 1) * sizeof *labels);
    if (!labels)
        return RLC_LABELS_MAX;
    examples->labels = labels;
    if (!(labels[examples->n_labels] = strndup(label.ptr, label.len)))
        return RLC_LABELS_MAX;
    return examples->n_labels++;
}

static bool append(rlc_example **items, uint32_t *n, uint32_t *room, relevo_str text, uint32_t label)
{
    if (*n == *room) {
        uint32_t more = *room ? 2 * *room : 256;
        rlc_example *grown = realloc(*items, more * sizeof *grown);
        if (!grown)
            return false;
        *items = grown;
        *room = more;
    }
    text = rlt_cut(text, RLT_TEXT_MAX);
    char *copy = strndup(text.ptr, text.len);
    if (!copy)
        return false;
    (*items)[(*n)++] = (rlc_example){copy, (uint32_t)strlen(copy), label};
    return true;
}

static bool add(rlc_examples *examples, const char *path, uint32_t line, relevo_str text, relevo_str label,
                bool outside, rlt_error *error)
{
    if (label.len == 0 || label.len > RLC_LABEL_MAX)
        return rlt_fail(error, "%s:%u: a label has 1 to %u bytes", path, line, RLC_LABEL_MAX);
    if (text.len == 0)
        return rlt_fail(error, "%s:%u: an example without text; write one or remove it", path, line);
    uint32_t number = outside ? 0 : label_number(examples, label);
    if (number == RLC_LABELS_MAX)
        return rlt_fail(error, "%s:%u: more than %u labels, or out of memory", path, line, RLC_LABELS_MAX);
    if (outside ? append(&examples->outside, &examples->n_outside, &examples->outside_room, text, 0)
                : append(&examples->items, &examples->n, &examples->room, text, number))
        return true;
    return rlt_fail_memory(error, path);
}

bool rlc_examples_check(const rlc_examples *examples, uint32_t least, const char *path, rlt_error *error)
{
    if (examples->n_labels < 2)
        return rlt_fail(error, "%s: %s; a classifier needs two to tell apart", path,
                        examples->n_labels ? "only one intent" : "no intents");
    for (uint32_t label = 0; label < examples->n_labels; label++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < examples->n && n < least; i++)
            n += examples->items[i].label == label;
        if (n < least)
            return rlt_fail(error, "%s: intent '%s' has %u example; write at least two, better ten", path,
                            examples->labels[label], n);
    }
    return true;
}

static int by_text(const void *a, const void *b)
{
    const rlc_example *x = *(const rlc_example *const *)a, *y = *(const rlc_example *const *)b;
    int order = strcmp(x->text, y->text);
    return order ? order : (x->label > y->label) - (x->label < y->label);
}

uint32_t rlc_examples_contradictions(const rlc_examples *examples, const rlc_example **ret_one, const rlc_example **ret_other)
{
    const rlc_example **sorted = calloc((size_t)examples->n + 1, sizeof *sorted);
    uint32_t n = 0;
    for (uint32_t i = 0; sorted && i < examples->n; i++)
        sorted[i] = &examples->items[i];
    if (sorted)
        qsort(sorted, examples->n, sizeof *sorted, by_text);
    for (uint32_t i = 1; sorted && i < examples->n; i++) {
        if (sorted[i]->label == sorted[i - 1]->label || strcmp(sorted[i]->text, sorted[i - 1]->text) != 0)
            continue;
        if (n++ == 0) {
            *ret_one = sorted[i - 1];
            *ret_other = sorted[i];
        }
    }
    free(sorted);
    return n;
}

/* ---- intents.yaml ---- */

static bool add_intent(rlc_examples *examples, const char *path, relevo_str name, const rlt_node *intent,
                       rlt_error *error)
{
    if (name.len > RLC_INTENT_MAX)
        return rlt_fail(error, "%s:%u: an intent's name has at most %u bytes", path, rlt_node_line(intent), RLC_INTENT_MAX);
    if (rlt_node_kind(intent) != RLT_MAPPING)
        return rlt_fail(error, "%s:%u: intent '%s' needs its examples by language, like 'es: [...]'", path,
                        rlt_node_line(intent), name.ptr);
    for (size_t i = 0; i < rlt_node_count(intent); i++) {
        const rlt_node *key = rlt_node_key(intent, i), *list = rlt_node_at(intent, i);
        if (rlt_language_from(rlt_node_text(key)) == RLT_UNKNOWN)
            return rlt_fail(error, "%s:%u: intent '%s': '%s' is not a language; use es, pt or en", path,
                            rlt_node_line(key), name.ptr, rlt_node_text(key).ptr);
        if (!rlt_node_is_texts(list))
            return rlt_fail(error, "%s:%u: intent '%s': the examples must be a list of texts", path,
                            rlt_node_line(key), name.ptr);
        for (size_t j = 0; j < rlt_node_n_texts(list); j++)
            if (!add(examples, path, rlt_node_line(list), rlt_node_text_at(list, j), name, false, error))
                return false;
    }
    return label_number(examples, name) <
               RLC_LABELS_MAX || /* one without examples is complained of at the end */
           rlt_fail(error, "%s:%u: more than %u intents, or out of memory", path, rlt_node_line(intent),
                    RLC_LABELS_MAX);
}

static bool add_intents(rlc_examples *examples, const char *path, const rlt_node *root, rlt_error *error)
{
    const rlt_node *intents = rlt_node_get(root, "intents");
    for (size_t i = 0; rlt_node_kind(root) == RLT_MAPPING && i < rlt_node_count(root); i++) {
        const rlt_node *key = rlt_node_key(root, i);
        if (strcmp(rlt_node_text(key).ptr, "intents") != 0)
            return rlt_fail(error, "%s:%u: unknown key '%s'; only 'intents:' is known here", path,
                            rlt_node_line(key), rlt_node_text(key).ptr);
    }
    if (!intents || rlt_node_kind(intents) != RLT_MAPPING)
        return rlt_fail(error, "%s:%u: no 'intents:' with one key per intent below it", path,
                        rlt_node_line(root));
    for (size_t i = 0; i < rlt_node_count(intents); i++)
        if (!add_intent(examples, path, rlt_node_text(rlt_node_key(intents, i)), rlt_node_at(intents, i),
                        error))
            return false;
    return true;
}

bool rlc_examples_load_intents(const char *path, rlc_examples *examples, rlt_error *error)
{
    rlt_yaml *yaml;
    if (!rlt_yaml_load(path, &yaml, error))
        return false;
    bool good = add_intents(examples, path, rlt_yaml_root(yaml), error);
    if (!good)
        rlc_examples_clear(examples);
    rlt_yaml_free(yaml);
    return good;
}

/* ---- CSV ---- */

typedef struct csv_reader {
    const char *path;
    char *at, *end;
    char separator;
    uint32_t line;     /* of what comes next */
    char *fields[256]; /* of the current row; NUL-terminated in place */
    uint32_t n_fields;
} csv_reader;

/* Reads one field in place; sets *ret_last when it ended its row. */
static bool next_field(csv_reader *csv, char **ret_field, bool *ret_last, rlt_error *error)
{
    uint32_t started = csv->line;
    bool quoted = csv->at < csv->end && *csv->at == '"';
    char *from = csv->at += quoted, *to = from;
    for (;; csv->at++) {
        if (csv->at == csv->end) {
            if (quoted)
                return rlt_fail(error, "%s:%u: a quote is opened here and never closed", csv->path, started);
            break;
        }
        if (quoted && *csv->at == '"') {
            if (csv->at + 1 == csv->end || csv->at[1] != '"') {
                quoted = false; /* what follows up to the separator is taken as it is */
                continue;
            }
            csv->at++; /* "" is one quote */
        } else if (!quoted && (*csv->at == csv->separator || *csv->at == '\n')) {
            break;
        }
        csv->line += *csv->at == '\n';
        *to++ = *csv->at;
    }
    *ret_last = csv->at == csv->end || *csv->at == '\n';
    if (csv->at < csv->end) {
        csv->line += *csv->at == '\n';
        csv->at++;
    }
    if (*ret_last && to > from && to[-1] == '\r')
        to--;
    *to = '\0'; /* at most where the separator stood */
    *ret_field = from;
    return true;
}

static bool next_row(csv_reader *csv, rlt_error *error)
{
    bool last = false;
    for (csv->n_fields = 0; !last;) {
        char *field = NULL;
        if (!next_field(csv, &field, &last, error))
            return false;
        if (csv->n_fields == sizeof csv->fields / sizeof *csv->fields)
            return rlt_fail(error, "%s:%u: more than %u columns", csv->path, csv->line, csv->n_fields);
        csv->fields[csv->n_fields++] = field;
    }
    return true;
}

static bool find_column(const csv_reader *csv, const char *name, uint32_t *ret_column, rlt_error *error)
{
    for (uint32_t i = 0; i < csv->n_fields; i++)
        if (strcmp(csv->fields[i], name) == 0) {
            *ret_column = i;
            return true;
        }
    return rlt_fail(error, "%s: no column '%s' in the first line; the first there is '%s'", csv->path, name,
                    csv->fields[0]);
}

/* Spreadsheets of many countries separate by semicolons, others export tabs: the first by which both columns are there; a comma where
   none is, for the message. False: out of memory. */
static bool choose_separator(csv_reader *csv, const rlc_columns *columns)
{
    static const char separators[] = {',', ';', '\t'};
    size_t len = (size_t)(csv->end - csv->at);
    const char *stop = memchr(csv->at, '\n', len);
    len = stop ? (size_t)(stop - csv->at) : len;
    csv->separator = ',';
    for (size_t i = 0; i < sizeof separators; i++) {
        char *copy = malloc(len + 1);
        csv_reader first = {.path = csv->path, .at = copy, .end = copy + len, .separator = separators[i], .line = 1};
        rlt_error unused;
        uint32_t column;
        if (!copy)
            return false;
        memcpy(copy, csv->at, len);
        bool fits = next_row(&first, &unused) && find_column(&first, columns->text, &column, &unused) &&
                    find_column(&first, columns->label, &column, &unused);
        free(copy);
        if (fits) {
            csv->separator = separators[i];
            return true;
        }
    }
    return true;
}

/* The number of the label among those of what is outside; n_outside: it is none. */
static uint32_t outside_number(const rlc_columns *columns, const char *label)
{
    uint32_t i = 0;
    while (i < columns->n_outside && strcmp(columns->outside[i], label) != 0)
        i++;
    return i;
}

static bool is_utf8(const char *text)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(text), width = 1;
    for (utf8proc_int32_t c; left > 0 && width > 0; at += width, left -= width)
        width = utf8proc_iterate(at, left, &c);
    return width > 0;
}

static bool add_rows(rlc_examples *examples, csv_reader *csv, const rlc_columns *columns, rlt_error *error)
{
    uint32_t text_column = 0, label_column = 0;
    if (!choose_separator(csv, columns))
        return rlt_fail_memory(error, csv->path);
    if (!next_row(csv, error) || !find_column(csv, columns->text, &text_column, error) ||
        !find_column(csv, columns->label, &label_column, error))
        return false;
    uint32_t n_columns = csv->n_fields;
    bool seen[RLC_OUTSIDE_MAX] = {false};
    while (csv->at < csv->end) {
        uint32_t line = csv->line;
        if (!next_row(csv, error))
            return false;
        if (csv->n_fields == 1 && csv->fields[0][0] == '\0')
            continue; /* an empty line */
        if (csv->n_fields != n_columns)
            return rlt_fail(error, "%s:%u: %u columns, but the first line has %u", csv->path, line,
                            csv->n_fields, n_columns);
        const char *text = csv->fields[text_column], *label = csv->fields[label_column];
        if (text[strspn(text, " \t\r\n")] == '\0' || *label == '\0') {
            examples->empty_line = examples->n_empty++ ? examples->empty_line : line;
            continue;
        }
        if (!is_utf8(text))
            examples->broken_line = examples->n_broken++ ? examples->broken_line : line;
        uint32_t outside = outside_number(columns, label);
        if (outside < columns->n_outside)
            seen[outside] = true;
        if (!add(examples, csv->path, line, rlt_str(text), rlt_str(label), outside < columns->n_outside, error))
            return false;
    }
    for (uint32_t i = 0; i < columns->n_outside && !examples->no_row; i++)
        examples->no_row = seen[i] ? NULL : columns->outside[i];
    return true;
}

bool rlc_examples_load_csv(const char *path, const rlc_columns *columns, rlc_examples *examples,
                           rlt_error *error)
{
    char *bytes;
    size_t len;
    if (!rlt_file_load(path, &bytes, &len, error))
        return false;
    size_t mark = len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* as spreadsheets write it */
    csv_reader csv = {.path = path, .at = bytes + mark, .end = bytes + len, .line = 1};
    bool good = add_rows(examples, &csv, columns, error);
    if (!good)
        rlc_examples_clear(examples);
    free(bytes);
    return good;
}
