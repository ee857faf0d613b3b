/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo classifier train | classify | texts`: making models and trying them, for admins and for measuring. */
#include "classifier.h"

#include "reader.h"
#include "whole.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] = "relevo classifier train     makes a model from examples\n"
                           "relevo classifier classify  reads messages with a model\n"
                           "relevo classifier texts     prints the examples, for embed.py\n"
                           "\n"
                           "Each says more with --help.\n";

static const char train_help[] =
    "relevo classifier train --intents FILE -o MODEL\n"
    "relevo classifier train --csv FILE --text COLUMN --label COLUMN -o MODEL\n"
    "\n"
    "Makes a model. The same examples give the same bytes.\n"
    "\n"
    "  --intents FILE   intents and their example messages, in YAML\n"
    "  --csv FILE       the same as a table: a message a row; the first line names the columns\n"
    "  --text COLUMN    the column of the messages\n"
    "  --label COLUMN   the column of the intents\n"
    "  --oos LABEL      rows of this label are of no intent: what is out of scope is learned from them; may be given\n"
    "                   several times\n"
    "  --vectors FILE   the table of word vectors (default: RELEVO_VECTORS, else what './dev vectors' made); '' uses none\n"
    "  --embeddings FILE  embeddings of the examples, made by plugins/semantic/embed.py of `relevo classifier texts`: the model\n"
    "                   then understands messages that come with one better\n"
    "  --cost N         how closely to follow the examples (default 1; 0.1 for noisy labels)\n"
    "  -o MODEL         the file to write\n";

static const char classify_help[] =
    "relevo classifier classify --model MODEL [--json]\n"
    "relevo classifier classify --intents FILE [--json]\n"
    "\n"
    "Reads messages from standard input, one a line, and prints what it reads in each, one a line.\n"
    "\n"
    "  --model MODEL        a model made by train\n"
    "  --intents FILE       train on these first instead\n"
    "  --person-intent NAME the intent that asks for a person (default: " RLC_PERSON_INTENT ")\n"
    "  --vectors FILE       as in train\n"
    "  --embeddings FILE    embeddings of messages, made by plugins/semantic/embed.py\n"
    "  --sure N             uses them only for messages whose intent is less sure than this (default " RLC_SURE "; 1: for all)\n"
    "  --moods MODEL        one made by train of messages labelled negative, neutral and positive (default: the one that comes with\n"
    "                       the plugin); '': the lexicon alone says the sentiment\n"
    "  --times              says at the end how much processor time a message took, on standard error\n"
    "  --json               one JSON object a line: intent, confidence, out_of_scope, language, sentiment,\n"
    "                       sentiment_score, anger, wants_person\n";

static const char texts_help[] =
    "relevo classifier texts --intents FILE\n"
    "relevo classifier texts --csv FILE --text COLUMN --label COLUMN [--oos LABEL]\n"
    "\n"
    "Prints the examples, a line of JSON each. plugins/semantic/embed.py adds an embedding to each line, for train's --embeddings.\n";

typedef struct tool_arguments {
    const char *intents, *csv, *text, *label, *model, *output, *person_intent, *vectors, *cost, *moods, *embeddings, *sure;
    const char *outside[RLC_OUTSIDE_MAX];
    uint32_t n_outside;
    bool json, times, help;
} tool_arguments;

static bool parse(int32_t argc, const char *const *argv, tool_arguments *ret, rlt_error *error)
{
    tool_arguments parsed = {.person_intent = RLC_PERSON_INTENT, .sure = RLC_SURE};
    const struct {
        const char *name;
        const char **value;
    } known[] = {{"--intents", &parsed.intents}, {"--csv", &parsed.csv},
                 {"--text", &parsed.text},       {"--label", &parsed.label},
                 {"--model", &parsed.model},     {"-o", &parsed.output},
                 {"--output", &parsed.output},   {"--person-intent", &parsed.person_intent},
                 {"--vectors", &parsed.vectors}, {"--cost", &parsed.cost},
                 {"--moods", &parsed.moods},     {"--embeddings", &parsed.embeddings},
                 {"--sure", &parsed.sure}};
    bool classifies = strcmp(argv[1], "classify") == 0; /* what these say of its output is no matter of train or texts */
    for (int32_t i = 2; i < argc; i++) {
        const char **value = NULL;
        if (classifies && strcmp(argv[i], "--json") == 0) {
            parsed.json = true;
            continue;
        }
        if (classifies && strcmp(argv[i], "--times") == 0) {
            parsed.times = true;
            continue;
        }
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            parsed.help = true;
            continue;
        }
        if (strcmp(argv[i], "--oos") == 0 && parsed.n_outside < RLC_OUTSIDE_MAX)
            value = &parsed.outside[parsed.n_outside++];
        for (size_t j = 0; j < sizeof known / sizeof *known; j++)
            if (strcmp(argv[i], known[j].name) == 0)
                value = known[j].value;
        if (!value || i + 1 == argc)
            return rlt_fail_as(error, EX_USAGE, "%s '%s'; see relevo classifier %s --help",
                               value ? "a value is missing after" : "unknown argument", argv[i], argv[1]);
        *value = argv[++i];
    }
    *ret = parsed;
    return true;
}

static void show_progress(double done)
{
    char bar[] = "------------------------------";
    memset(bar, '#', (size_t)(done * (sizeof bar - 1)));
    fprintf(stderr, "\r[%s] %3.0f %%%s", bar, 100 * done, done < 1 ? "" : "\n");
}

/* A table that someone wrote has its rare labels, and learning from one example is better than to refuse it. */
static bool load_examples(const tool_arguments *arguments, rlc_examples *examples, rlt_error *error)
{
    const char *path = arguments->intents ? arguments->intents : arguments->csv;
    const rlc_columns columns = {arguments->text, arguments->label, arguments->outside, arguments->n_outside};
    bool good = arguments->intents ? rlc_examples_load_intents(path, examples, error)
                                   : rlc_examples_load_csv(path, &columns, examples, error);
    return good && rlc_examples_check(examples, arguments->intents ? 2 : 1, path, error);
}

/* *ret_vectors stays NULL when there is none to use. */
static bool open_vectors(const tool_arguments *arguments, rlt_vectors **ret_vectors, rlt_error *error)
{
    char usual[4096];
    const char *path = arguments->vectors;
    if (!path && rlt_vectors_usual(usual, sizeof usual))
        path = usual;
    return !path || !*path || rlt_vectors_open(path, ret_vectors, error);
}

static bool train_model(const tool_arguments *arguments, const rlt_vectors *vectors, rlc_model **ret_model,
                        rlc_examples *examples, rlt_error *error)
{
    rlc_training how = {.vectors = vectors, .progress = isatty(STDERR_FILENO) ? show_progress : NULL};
    char *end = NULL;
    if (arguments->cost && (!((how.cost = strtod(arguments->cost, &end)) > 0) || *end))
        return rlt_fail_as(error, EX_USAGE, "--cost needs a number above 0");
    rlc_wholes *wholes = NULL;
    float *whole = NULL;
    bool good = load_examples(arguments, examples, error);
    if (good && arguments->embeddings) {
        good = rlc_wholes_load(arguments->embeddings, &wholes, error) && (whole = rlc_wholes_of(wholes, examples, error));
        how.whole = whole;
        how.whole_dims = good ? rlc_wholes_dims(wholes) : 0;
        how.whole_recipe = good ? rlc_wholes_recipe(wholes) : 0;
        rlc_wholes_free(wholes);
    }
    good = good && rlc_train(examples, &how, ret_model, error);
    free(whole);
    return good;
}

static void tell_of_lonely(const rlc_examples *examples)
{
    for (uint32_t label = 0; label < examples->n_labels; label++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < examples->n && n < 2; i++)
            n += examples->items[i].label == label;
        if (n < 2)
            fprintf(stderr, "relevo classifier: intent '%s' has one example; it will hardly be recognised\n",
                    examples->labels[label]);
    }
}

/* What of a table is not as it was meant, perhaps. */
static void tell_of_rows(const rlc_examples *examples, const char *path)
{
    if (examples->n_empty)
        fprintf(stderr, "relevo classifier: %s: %u rows without a text or a label are left out, the first at line %u\n", path,
                examples->n_empty, examples->empty_line);
    if (examples->n_broken)
        fprintf(stderr, "relevo classifier: %s: %u texts are no UTF-8, the first at line %u; save the table as UTF-8\n", path,
                examples->n_broken, examples->broken_line);
    if (examples->no_row)
        fprintf(stderr, "relevo classifier: %s: no row has the label '%s' that --oos names\n", path, examples->no_row);
}

static void tell_of_contradictions(const rlc_examples *examples)
{
    const rlc_example *one, *other;
    uint32_t n = rlc_examples_contradictions(examples, &one, &other);
    if (n)
        fprintf(stderr, "relevo classifier: %u examples stand under another intent too, which teaches nothing; one is '%.200s', of '%s' and of '%s'\n",
                n, one->text, examples->labels[one->label], examples->labels[other->label]);
}

static bool run_train(const tool_arguments *arguments, rlt_error *error)
{
    bool from_csv = arguments->csv && arguments->text && arguments->label && !arguments->intents;
    if ((!arguments->intents || arguments->csv) && !from_csv)
        return rlt_fail_as(error, EX_USAGE, "train needs --intents FILE, or --csv FILE --text COLUMN --label COLUMN");
    if (!arguments->output)
        return rlt_fail_as(error, EX_USAGE, "train needs -o MODEL, the file to write");
    rlc_model *model = NULL;
    rlt_vectors *vectors = NULL;
    rlc_examples examples = {0};
    bool good = open_vectors(arguments, &vectors, error) && train_model(arguments, vectors, &model, &examples, error);
    good = good && rlc_model_save(model, arguments->output, error);
    if (good) {
        tell_of_rows(&examples, arguments->csv);
        tell_of_lonely(&examples);
        tell_of_contradictions(&examples);
        printf("%s: %u intents from %u examples", arguments->output, model->n_labels, examples.n);
        if (examples.n_outside)
            printf(", and %u of none", examples.n_outside);
        printf("%s\n", vectors ? ", with word vectors" : "");
    }
    rlc_examples_clear(&examples);
    rlc_model_free(model);
    rlt_vectors_free(vectors);
    return good;
}

static bool print_json(const rlc_reading *reading)
{
    relevo_str language = rlt_language_code(reading->language);
    json_t *line =
        json_pack("{s:s?, s:f, s:f, s:s?, s:s, s:f, s:f, s:f}", "intent", reading->intent, "confidence",
                  reading->confidence, "out_of_scope", reading->out_of_scope, "language", language.ptr,
                  "sentiment", reading->mood.name, "sentiment_score", reading->mood.sentiment,
                  "anger", reading->mood.anger, "wants_person", reading->wants_person);
    bool good = line && json_dumpf(line, stdout, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) == 0;
    json_decref(line);
    return good && putchar('\n') != EOF;
}

static bool print_line(const rlc_reading *reading)
{
    relevo_str language = rlt_language_code(reading->language);
    return printf("%-24s %.2f  out of scope %.2f  %-2s  %-8s %+.2f  anger %.2f  wants a person %.2f\n",
                  reading->intent ? reading->intent : "-", reading->confidence, reading->out_of_scope,
                  language.len ? language.ptr : "-", reading->mood.name,
                  reading->mood.sentiment, reading->mood.anger, reading->wants_person) > 0;
}

/* Of this thread's processor time: what else runs on the machine does not count, though it takes caches away. */
static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The processor time that each message took to be read; nothing is kept unless wanted. */
typedef struct stopwatch {
    bool wanted;
    double *us;
    size_t n, room;
} stopwatch;

static bool note(stopwatch *watch, double us)
{
    if (watch->n == watch->room) {
        size_t room = watch->room ? 2 * watch->room : 4096;
        double *grown = realloc(watch->us, room * sizeof *grown);
        if (!grown)
            return false;
        watch->us = grown;
        watch->room = room;
    }
    watch->us[watch->n++] = us;
    return true;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static void tell_times(const stopwatch *watch)
{
    if (watch->n == 0)
        return;
    qsort(watch->us, watch->n, sizeof *watch->us, by_size);
    fprintf(stderr, "%zu messages: p50 %.1f us, p99 %.1f us\n", watch->n, watch->us[watch->n / 2],
            watch->us[watch->n * 99 / 100]);
}

/* The message's embedding where it is of use. */
static const float *whole_of(const tool_arguments *arguments, const rlc_wholes *wholes, relevo_str text, const rlc_reading *reading)
{
    return wholes && !rlc_is_sure(reading, strtod(arguments->sure, NULL)) ? rlc_wholes_find(wholes, text) : NULL;
}

static bool classify_lines(const rlc_reader *reader, const rlc_wholes *wholes, const tool_arguments *arguments, rlt_error *error)
{
    stopwatch watch = {.wanted = arguments->times};
    rlc_scratch scratch = {0};
    rlt_work *work = rlt_work_new();
    char *line = NULL;
    size_t room = 0, embedded = 0;
    bool good = work && rlc_scratch_make(reader->model, &scratch);
    for (ssize_t len; good && (len = getline(&line, &room, stdin)) >= 0;) {
        rlc_reading reading;
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        const relevo_str text = {line, (uint64_t)len};
        double started = watch.wanted ? now_us() : 0;
        good = rlc_reader_read(reader, work, &scratch, text, RLT_UNKNOWN, NULL, &reading);
        const float *whole = good ? whole_of(arguments, wholes, text, &reading) : NULL;
        embedded += whole != NULL;
        good = good && (!whole || rlc_reader_read(reader, work, &scratch, text, RLT_UNKNOWN, whole, &reading)) &&
               (!watch.wanted || note(&watch, now_us() - started)) &&
               (arguments->json ? print_json(&reading) : print_line(&reading)) &&
               fflush(stdout) == 0; /* who asks by a pipe waits for it */
    }
    tell_times(&watch);
    if (watch.wanted && wholes)
        fprintf(stderr, "%zu of them by their embeddings\n", embedded);
    free(watch.us);
    free(line);
    rlc_scratch_clear(&scratch);
    rlt_work_free(work);
    return good || rlt_fail_as(error, EX_IOERR, "out of memory, or standard output cannot be written");
}

/* Those that one of the models was trained with. */
static bool load_wholes(const tool_arguments *arguments, const rlc_reader *reader, rlc_wholes **ret_wholes, rlt_error *error)
{
    if (!rlc_wholes_load(arguments->embeddings, ret_wholes, error))
        return false;
    return rlc_reader_takes(reader, rlc_wholes_dims(*ret_wholes), rlc_wholes_recipe(*ret_wholes)) ||
           rlt_fail(error, "--embeddings: the model was not trained with embeddings of that model, see train's --embeddings");
}

static bool run_classify(const tool_arguments *arguments, rlt_error *error)
{
    if (!arguments->model == !arguments->intents)
        return rlt_fail_as(error, EX_USAGE, "classify needs --model MODEL, or --intents FILE");
    char *end;
    const double sure = strtod(arguments->sure, &end);
    if (*end || !(sure >= 0 && sure <= 1))
        return rlt_fail_as(error, EX_USAGE, "--sure is a number from 0 to 1");
    rlc_model *model = NULL;
    rlt_vectors *vectors = NULL;
    rlc_wholes *wholes = NULL;
    rlc_examples examples = {0};
    rlc_reader reader;
    if (!open_vectors(arguments, &vectors, error))
        return false;
    bool good = arguments->model ? rlc_model_load(arguments->model, &model, error)
                                 : train_model(arguments, vectors, &model, &examples, error);
    rlc_examples_clear(&examples);
    if (!good) {
        rlt_vectors_free(vectors);
        return false;
    }
    if (!rlc_reader_make(model, vectors, arguments->person_intent, &reader))
        return rlt_fail_memory(error, "classify");
    good = rlc_reader_add_moods(&reader, arguments->moods, error) &&
           (!arguments->embeddings || load_wholes(arguments, &reader, &wholes, error)) &&
           classify_lines(&reader, wholes, arguments, error);
    rlc_wholes_free(wholes);
    rlc_reader_clear(&reader);
    return good;
}

static bool print_texts(const rlc_example *items, uint32_t n)
{
    bool good = true;
    for (uint32_t i = 0; good && i < n; i++) {
        json_t *line = json_pack("{s:s%}", "text", items[i].text, (size_t)items[i].len);
        good = line && json_dumpf(line, stdout, 0) == 0 && putchar('\n') != EOF;
        json_decref(line);
    }
    return good;
}

static bool run_texts(const tool_arguments *arguments, rlt_error *error)
{
    rlc_examples examples = {0};
    if (!arguments->intents && !(arguments->csv && arguments->text && arguments->label))
        return rlt_fail_as(error, EX_USAGE, "texts needs --intents FILE, or --csv FILE --text COLUMN --label COLUMN");
    bool good = load_examples(arguments, &examples, error);
    good = good && ((print_texts(examples.items, examples.n) && print_texts(examples.outside, examples.n_outside)) ||
                    rlt_fail(error, "standard output cannot be written, or a text is no UTF-8"));
    rlc_examples_clear(&examples);
    return good;
}

static bool run(int32_t argc, const char *const *argv, rlt_error *error)
{
    tool_arguments arguments;
    const char *command = argc > 1 ? argv[1] : "--help";
    bool train = strcmp(command, "train") == 0, texts = strcmp(command, "texts") == 0;
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
        return fputs(help, stdout) != EOF || rlt_fail_output(error);
    if (!train && !texts && strcmp(command, "classify") != 0)
        return rlt_fail_as(error, EX_USAGE, "unknown command '%s'; there is train, classify and texts", command);
    if (!parse(argc, argv, &arguments, error))
        return false;
    if (arguments.help)
        return fputs(train ? train_help : texts ? texts_help : classify_help, stdout) != EOF || rlt_fail_output(error);
    return train ? run_train(&arguments, error) : texts ? run_texts(&arguments, error) : run_classify(&arguments, error);
}

int32_t rlc_tool(int32_t argc, const char *const *argv)
{
    rlt_error error;
    return rlt_tool_end("classifier", run(argc, argv, &error), &error);
}
