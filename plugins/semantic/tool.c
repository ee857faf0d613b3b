/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo semantic texts | ask`: what is to be embedded, a line of JSON each (embed.py does that), and what would be found. It never
   uses the network. */
#include "tool.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "find.h"

static const char help[] =
    "relevo semantic texts --kb DIR [--answers] [--missing FILE]\n"
    "\n"
    "Prints titles and questions of the articles, and of those without questions the answer, a line of JSON each: {\"id\", \"language\",\n"
    "\"text\"}. plugins/semantic/embed.py adds an \"embedding\" to each; the plugin's option `vectors` names that file. --answers prints the\n"
    "answers alone, for models that embed them another way than questions. --missing leaves out what FILE, made so before, holds: what\n"
    "embed.py makes of the rest is added to it.\n"
    "\n"
    "relevo semantic ask --kb DIR --vectors FILE [--least N] [--margin N] [--words N]\n"
    "\n"
    "Shows what is found for questions, for whoever sets the limits: reads a line of JSON for each from standard input, {\"text\",\n"
    "\"embedding\"}, as embed.py makes them, and prints one for each: article (the nearest, also when it is no answer), score (its cosine),\n"
    "lead (by how much the next one is farther), answer (null: none), why, language of the article.\n"
    "\n"
    "  --least N    smallest cosine of an answer (default " SEM_LEAST ")\n"
    "  --margin N   by how much the next article must be farther (default " SEM_MARGIN ")\n"
    "  --words N    what words that fit as well as any could are worth in cosines (default " SEM_WORDS ")\n";

typedef struct tool_arguments {
    const char *kb, *vectors, *missing;
    bool answers;
    sem_limits limits;
} tool_arguments;

/* ---- texts ---- */

/* "id", a line's end, and the text; to be freed. NULL: out of memory. */
static char *key_of(const char *id, relevo_str text)
{
    char *key = NULL;
    return asprintf(&key, "%s\n%.*s", id, (int)text.len, text.ptr) < 0 ? NULL : key;
}

/* The keys of what a file of embeddings holds; NULL: it cannot be read, or a line is none of embed.py's. */
static json_t *read_known(const char *path, rlt_error *error)
{
    char *text = NULL;
    size_t len = 0, line = 0;
    json_t *known = json_object();
    bool good = rlt_file_load(path, &text, &len, error);
    for (const char *at = text, *end = text + len; good && at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        json_t *row = json_loadb(at, (size_t)(stop - at), JSON_REJECT_DUPLICATES, NULL);
        const json_t *id = json_object_get(row, "id"), *of = json_object_get(row, "text");
        char *key = json_is_string(id) && json_is_string(of) && json_object_get(row, "embedding")
                        ? key_of(json_string_value(id), (relevo_str){json_string_value(of), json_string_length(of)})
                        : NULL;
        good = key && json_object_set_new(known, key, json_true()) == 0;
        if (!good)
            (void)rlt_fail(error, "%s:%zu: no object of id, text and embedding; make the file anew", path, line + 1);
        free(key);
        json_decref(row);
        at = stop + 1;
    }
    free(text);
    if (good)
        return known;
    json_decref(known);
    return NULL;
}

static bool put(const json_t *known, const rlt_article *article, relevo_str text)
{
    char *key = key_of(article->id.ptr, text);
    bool there = key && json_object_get(known, key);
    free(key);
    if (!key || there)
        return there;
    relevo_str code = rlt_language_code(article->language);
    json_t *row = json_pack("{ss% ss% ss%}", "id", article->id.ptr, (size_t)article->id.len, "language", code.ptr ? code.ptr : "",
                            (size_t)code.len, "text", text.ptr, (size_t)text.len);
    char *line = row ? json_dumps(row, JSON_COMPACT) : NULL;
    bool good = line && puts(line) >= 0;
    free(line);
    json_decref(row);
    return good;
}

static bool put_texts(const rlt_kb *kb, bool answers, const char *missing, rlt_error *error)
{
    json_t *known = missing ? read_known(missing, error) : json_object();
    bool good = true;
    if (!known)
        return false;
    for (uint32_t i = 0; good && i < kb->n; i++) {
        const rlt_article *article = &kb->articles[i];
        if (article->smalltalk)
            continue;
        good = answers || put(known, article, article->title);
        for (size_t k = 0; good && !answers && k < article->n_questions; k++)
            good = put(known, article, article->questions[k]);
        if (good && (answers || article->n_questions == 0))
            good = put(known, article, article->answer);
    }
    json_decref(known);
    return good || rlt_fail_as(error, EX_IOERR, "the texts could not be written");
}

/* ---- ask ---- */

static bool print_found(const sem_found *found, rlt_error *error)
{
    const rlt_article *article = found->article;
    json_t *line = json_pack("{s:s?, s:f, s:f, s:s?, s:s, s:s?}", "article", article ? article->id.ptr : NULL, "score", found->cosine, "lead",
                             found->lead, "answer", article && !found->why ? article->answer.ptr : NULL, "why",
                             found->why ? found->why : "it means much the same", "language",
                             article ? rlt_language_code(article->language).ptr : NULL);
    bool good = line && json_dumpf(line, stdout, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) == 0 && putchar('\n') != EOF;
    json_decref(line);
    return good || rlt_fail_output(error);
}

/* Names the two models where a question was embedded by another one than the articles: once. */
static void tell_of_model(const sem_table *table, const json_t *row, bool *told)
{
    const char *made = json_string_value(json_object_get(row, "model")), *space = made ? strrchr(made, ' ') : NULL;
    for (size_t i = 0; made && !*told && i < table->n_models; i++)
        if (!sem_made_by(table->models[i], "", space ? space + 1 : made)) {
            *told = true;
            (void)fprintf(stderr, "relevo semantic: '%s' embedded the questions, '%s' the articles: unless that is one model, the scores mean nothing\n",
                          made, table->models[i]);
        }
}

static bool ask_line(const tool_arguments *arguments, const sem_shelf *shelf, rlt_work *work, const char *line, size_t len, float *vector,
                     bool *told, rlt_error *error)
{
    rlt_doc doc;
    sem_found found;
    json_t *row = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *text = json_object_get(row, "text");
    rlt_work_reset(work);
    tell_of_model(shelf->table, row, told);
    bool good = (json_is_string(text) && rlt_embedding_take(json_object_get(row, "embedding"), shelf->table->dimensions, vector)) ||
                rlt_fail(error, "a line has no \"text\" and no \"embedding\" as long as those of the articles");
    good = good && ((rlt_read(work, (relevo_str){json_string_value(text), json_string_length(text)}, &doc) == RLT_OK &&
                     sem_find(shelf, &arguments->limits, work, &doc, rlt_language_guess(&doc, NULL), (int64_t)(time(NULL) / 86400), vector,
                              &found)) ||
                    rlt_fail_memory(error, "ask"));
    good = good && print_found(&found, error) && (fflush(stdout) == 0 || rlt_fail_output(error)); /* who asks by a pipe waits for it */
    json_decref(row);
    return good;
}

static bool ask_lines(const tool_arguments *arguments, const sem_shelf *shelf, rlt_error *error)
{
    char *line = NULL;
    size_t room = 0;
    bool told = false;
    rlt_work *work = rlt_work_new();
    float *vector = calloc(shelf->table->dimensions, sizeof *vector);
    bool good = (work && vector) || rlt_fail_memory(error, "ask");
    for (ssize_t len; good && (len = getline(&line, &room, stdin)) >= 0;)
        good = line[strspn(line, " \r\n")] == '\0' || ask_line(arguments, shelf, work, line, (size_t)len, vector, &told, error);
    free(vector);
    free(line);
    rlt_work_free(work);
    return good;
}

static bool ask(const tool_arguments *arguments, const rlt_kb *kb, rlt_error *error)
{
    sem_table table = {.n = 0};
    sem_shelf shelf = {.kb = NULL};
    rlt_index *index = rlt_index_new(kb);
    bool good = sem_table_load(arguments->vectors, &table, error) &&
                ((index && sem_shelf_make(kb, index, &table, &shelf)) || rlt_fail_memory(error, arguments->vectors)) &&
                ask_lines(arguments, &shelf, error);
    sem_shelf_clear(&shelf);
    sem_table_clear(&table);
    rlt_index_free(index);
    return good;
}

/* ---- both ---- */

static bool parse_number(const char *text, double *ret, rlt_error *error)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0 && value <= 1))
        return rlt_fail_as(error, EX_USAGE, "a limit is a number from 0 to 1, not '%s'", text);
    *ret = value;
    return true;
}

static bool parse(int32_t argc, const char *const *argv, tool_arguments *ret, rlt_error *error)
{
    tool_arguments parsed = {.kb = NULL};
    bool good = parse_number(SEM_LEAST, &parsed.limits.least, error) && parse_number(SEM_MARGIN, &parsed.limits.margin, error) &&
                parse_number(SEM_WORDS, &parsed.limits.words, error);
    for (int32_t i = 2; good && i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--answers") == 0) {
            parsed.answers = true;
            i--; /* it has no value */
        } else if (value && strcmp(argv[i], "--kb") == 0)
            parsed.kb = value;
        else if (value && strcmp(argv[i], "--vectors") == 0)
            parsed.vectors = value;
        else if (value && strcmp(argv[i], "--missing") == 0)
            parsed.missing = value;
        else if (value && strcmp(argv[i], "--least") == 0)
            good = parse_number(value, &parsed.limits.least, error);
        else if (value && strcmp(argv[i], "--margin") == 0)
            good = parse_number(value, &parsed.limits.margin, error);
        else if (value && strcmp(argv[i], "--words") == 0)
            good = parse_number(value, &parsed.limits.words, error);
        else
            good = rlt_fail_as(error, EX_USAGE, "'%s' is not understood, or its value is missing; see relevo semantic --help", argv[i]);
    }
    *ret = parsed;
    return good && (parsed.kb || rlt_fail_as(error, EX_USAGE, "it needs --kb DIR"));
}

static bool run(int32_t argc, const char *const *argv, rlt_error *error)
{
    tool_arguments arguments;
    rlt_kb kb;
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || (argc > 2 && strcmp(argv[2], "--help") == 0))
        return fputs(help, stdout) != EOF || rlt_fail_output(error);
    bool asks = strcmp(argv[1], "ask") == 0;
    if (!asks && strcmp(argv[1], "texts") != 0)
        return rlt_fail_as(error, EX_USAGE, "unknown command '%s'; there is texts and ask", argv[1]);
    if (!parse(argc, argv, &arguments, error))
        return false;
    if (asks && !arguments.vectors)
        return rlt_fail_as(error, EX_USAGE, "ask needs --vectors FILE");
    if (!rlt_kb_load(arguments.kb, &kb, error))
        return false;
    bool good = asks ? ask(&arguments, &kb, error) : put_texts(&kb, arguments.answers, arguments.missing, error);
    rlt_kb_clear(&kb);
    return good;
}

int32_t sem_tool(int32_t argc, const char *const *argv)
{
    rlt_error error;
    return rlt_tool_end("semantic", run(argc, argv, &error), &error);
}
