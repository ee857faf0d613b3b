/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo responder ask | index`: what would be answered, and why; for admins who write articles. */
#include "check.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "relevo responder ask --kb FOLDER [--readings FILE] [--day DAY] [--json] [QUESTION]\n"
    "\n"
    "Shows what the articles in FOLDER answer to QUESTION, how well it fits, and why nothing is answered if "
    "so.\n"
    "Without QUESTION it reads questions from standard input, one a line.\n"
    "\n"
    "  --kb FOLDER       the knowledge base\n"
    "  --threshold N     score from which an article is an answer (default " RLR_THRESHOLD ")\n"
    "  --margin N        by how much the second article must be worse (default " RLR_MARGIN ")\n"
    "  --readings FILE   what the classifier reads in the questions: what `relevo classifier classify --json` prints\n"
    "                    for the same lines. Without it no intent is weighed, and the language is guessed\n"
    "  --day YYYY-MM-DD  the day of the question, for articles with `from` and `until` (default: today in UTC)\n"
    "  --json            one JSON object a line: article (the nearest, also when it is no answer), articles (all\n"
    "                    whose answers the customer gets, the first of which it is then), score, answer (null: none),\n"
    "                    why, language of the article, choices (ids of the articles of which the customer is asked to\n"
    "                    choose one; null: not asked)\n"
    "\n"
    "relevo responder index --kb FOLDER [--intents FILE] [--flows FILE]\n"
    "\n"
    "Builds the index as the daemon does at its start, and asks every article its own questions: names those that\n"
    "find another article first, or two about equally well; answers that hold marks of Markdown which WhatsApp does\n"
    "not know; and buttons to an article that is not valid as long, or is in another language. Nothing is written:\n"
    "the index takes less time to build than to load.\n"
    "\n"
    "  --intents FILE    the classifier's examples: an article that names an intent which is not there is refused\n"
    "  --flows FILE      the question flows of lead_qualifier: buttons with an 'id' that begins none of them are named\n";

typedef struct ask_arguments {
    const char *kb, *question, *readings, *intents, *flows;
    double threshold, margin;
    int64_t day; /* since 1970-01-01 */
    bool json;
} ask_arguments;

static bool parse_number(const char *text, double *ret, rlt_error *error)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= 0 && value <= 1))
        return rlt_fail_as(error, EX_USAGE, "a number from 0 to 1 is wanted, not '%s'", text);
    *ret = value;
    return true;
}

static bool refuse(const char *argument, const char *value, bool second, rlt_error *error)
{
    bool known = strcmp(argument, "--kb") == 0 || strcmp(argument, "--threshold") == 0 || strcmp(argument, "--margin") == 0 ||
                 strcmp(argument, "--readings") == 0 || strcmp(argument, "--day") == 0 || strcmp(argument, "--intents") == 0 ||
                 strcmp(argument, "--flows") == 0;
    if (second)
        return rlt_fail_as(error, EX_USAGE, "'%s' is a second question; put one of several words in quotes", argument);
    if (known && !value)
        return rlt_fail_as(error, EX_USAGE, "a value is missing after '%s'", argument);
    return rlt_fail_as(error, EX_USAGE, "'%s' is not understood here; see relevo responder --help", argument);
}

static bool parse(int32_t argc, const char *const *argv, ask_arguments *ret, rlt_error *error)
{
    ask_arguments parsed = {.day = (int64_t)(time(NULL) / 86400)};
    bool asks = strcmp(argv[1], "ask") == 0; /* index has no question, and no JSON */
    bool good = parse_number(RLR_THRESHOLD, &parsed.threshold, error) && parse_number(RLR_MARGIN, &parsed.margin, error);
    for (int32_t i = 2; i < argc && good; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (asks && strcmp(argv[i], "--json") == 0) {
            parsed.json = true;
        } else if (strcmp(argv[i], "--kb") == 0 && value) {
            parsed.kb = value;
            i++;
        } else if (asks && strcmp(argv[i], "--readings") == 0 && value) {
            parsed.readings = value;
            i++;
        } else if (asks && strcmp(argv[i], "--day") == 0 && value) {
            good = rlt_day_read(rlt_str(value), &parsed.day) ||
                   rlt_fail_as(error, EX_USAGE, "a day like 2026-12-24 is wanted, not '%s'", value);
            i++;
        } else if (!asks && strcmp(argv[i], "--intents") == 0 && value) {
            parsed.intents = value;
            i++;
        } else if (!asks && strcmp(argv[i], "--flows") == 0 && value) {
            parsed.flows = value;
            i++;
        } else if (strcmp(argv[i], "--threshold") == 0 && value) {
            good = parse_number(value, &parsed.threshold, error);
            i++;
        } else if (strcmp(argv[i], "--margin") == 0 && value) {
            good = parse_number(value, &parsed.margin, error);
            i++;
        } else if (asks && argv[i][0] != '-' && !parsed.question) {
            parsed.question = argv[i];
        } else {
            good = refuse(argv[i], value, asks && argv[i][0] != '-', error);
        }
    }
    if (good && !parsed.kb)
        good = rlt_fail_as(error, EX_USAGE, "it needs --kb FOLDER");
    *ret = parsed;
    return good;
}

/* All answers as the customer gets them; NULL: none, or out of memory. To be freed. */
static char *joined(const rlr_plan *plan)
{
    char *text = NULL, *longer;
    for (size_t i = 0; i < plan->n_answers; i++) {
        int n = asprintf(&longer, "%s%s%s", text ? text : "", text ? "\n\n" : "", plan->answers[i]->answer.ptr);
        free(text);
        text = n < 0 ? NULL : longer;
    }
    return text;
}

/* Whether the customer is asked which of two is meant. */
static bool asks_which(const rlr_plan *plan)
{
    return plan->n_answers == 0 && plan->whole.clarify;
}

/* The ids of what is answered. NULL: out of memory. */
static json_t *ids(const rlr_plan *plan)
{
    json_t *list = json_array();
    for (size_t i = 0; i < plan->n_answers; i++)
        if (json_array_append_new(list, json_string(plan->answers[i]->id.ptr)) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static bool print_json(const rlr_plan *plan)
{
    const rlt_article *best = plan->n_answers ? plan->answers[0] : plan->whole.found.best;
    char *answer = joined(plan);
    json_t *choices = asks_which(plan) ? json_pack("[ss]", plan->whole.found.best->id.ptr, plan->whole.found.second->id.ptr) : json_null();
    json_t *line = json_pack("{s:s?, s:o, s:f, s:s?, s:s, s:s?, s:o}", "article", best ? best->id.ptr : NULL, "articles", ids(plan), "score",
                             plan->n_answers ? plan->scores[0] : plan->whole.found.score, "answer", answer, "why",
                             plan->whole.why, "language", best ? rlt_language_code(best->language).ptr : NULL, "choices", choices);
    bool good = line && json_dumpf(line, stdout, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6)) == 0;
    json_decref(line);
    free(answer);
    return good && putchar('\n') != EOF;
}

static bool print_text(const rlr_plan *plan)
{
    char *answer = joined(plan);
    int n;
    if (answer)
        n = printf("%s\n  (%s)\n", answer, plan->whole.why);
    else if (asks_which(plan))
        n = printf("the customer is asked which is meant: %s, or %s\n  (%s)\n", plan->whole.found.best->title.ptr,
                   plan->whole.found.second->title.ptr, plan->whole.why);
    else
        n = printf("no answer: %s\n", plan->whole.why);
    free(answer);
    return n > 0;
}

/* What questions are asked of, and what was read in them. */
typedef struct asker {
    const ask_arguments *arguments;
    const rlr_settings *settings;
    uint32_t n_written; /* articles that the business wrote: the first ones; the plugin's own small talk follows */
    rlt_work *work;
    FILE *readings; /* NULL: none */
    uint32_t line;  /* of the last reading */
} asker;

/* The next line of what the classifier printed; *ret_json owns its texts. */
static bool next_reading(asker *a, json_t **ret_json, relevo_reading *ret, rlt_error *error)
{
    json_error_t failure;
    a->line++;
    *ret = (relevo_reading){.size = sizeof *ret};
    *ret_json = json_loadf(a->readings, JSON_DISABLE_EOF_CHECK, &failure);
    if (!*ret_json || json_unpack(*ret_json, "{s:F, s:F}", "confidence", &ret->confidence, "out_of_scope", &ret->out_of_scope) != 0)
        return rlt_fail_as(error, EX_DATAERR, "%s:%u: no reading; there must be a line for each question, as `relevo classifier classify --json` prints it",
                           a->arguments->readings, a->line);
    ret->intent = rlt_str(json_string_value(json_object_get(*ret_json, "intent"))); /* null: absent */
    ret->language = rlt_str(json_string_value(json_object_get(*ret_json, "language")));
    return true;
}

static bool ask_in(const asker *a, relevo_str question, const relevo_reading *reading, rlt_error *error)
{
    rlt_doc doc;
    rlr_plan plan;
    rlt_work_reset(a->work);
    if (rlt_read(a->work, question, &doc) != RLT_OK)
        return rlt_fail_memory(error, "responder");
    const relevo_str none = {NULL, 0};
    rlt_language language = rlt_language_of(reading ? reading->language : none, &doc, none);
    const rlr_context context = {.asking = rlt_asking_of(language, a->arguments->day, reading)};
    if (!rlr_plan_make(a->settings, a->work, &doc, &context, &plan))
        return rlt_fail_memory(error, "responder");
    return (a->arguments->json ? print_json(&plan) : print_text(&plan)) || rlt_fail_output(error);
}

static bool ask(asker *a, relevo_str question, rlt_error *error)
{
    json_t *json = NULL;
    relevo_reading reading;
    bool good = (!a->readings || next_reading(a, &json, &reading, error)) && ask_in(a, question, a->readings ? &reading : NULL, error);
    json_decref(json);
    return good && (fflush(stdout) == 0 || rlt_fail_output(error)); /* who asks by a pipe waits for the answer */
}

static bool ask_lines(asker *a, rlt_error *error)
{
    char *line = NULL;
    size_t room = 0;
    bool good = true;
    for (ssize_t len; good && (len = getline(&line, &room, stdin)) >= 0;) {
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        good = ask(a, (relevo_str){line, (uint64_t)len}, error);
    }
    free(line);
    return good;
}

static bool answer_questions(asker *a, rlt_error *error)
{
    const ask_arguments *arguments = a->arguments;
    if (arguments->readings && !(a->readings = fopen(arguments->readings, "re")))
        return rlt_fail_as(error, EX_NOINPUT, "%s: %s", arguments->readings, strerror(errno));
    bool good = arguments->question ? ask(a, rlt_str(arguments->question), error) : ask_lines(a, error);
    if (a->readings)
        (void)fclose(a->readings); /* it was only read */
    return good;
}

static bool check_articles(asker *a, rlt_error *error)
{
    const rlr_checked checked = {a->settings, a->n_written, a->arguments->kb, a->arguments->intents, a->arguments->flows};
    return rlr_check(&checked, a->work, error);
}

/* ---- both ---- */

typedef bool command(asker *a, rlt_error *error);

static bool run_on(const ask_arguments *arguments, command *what, rlt_error *error)
{
    rlt_kb kb;
    if (!rlt_kb_load(arguments->kb, &kb, error))
        return false;
    const uint32_t n_written = kb.n;
    if (!rlr_kb_add_smalltalk(&kb, error)) {
        rlt_kb_clear(&kb);
        return false;
    }
    rlt_index *index = rlt_index_new(&kb);
    rlt_work *work = rlt_work_new();
    const rlr_settings settings = {&kb, index, arguments->threshold, arguments->margin};
    bool good = (index && work) || rlt_fail_memory(error, arguments->kb);
    asker a = {.arguments = arguments, .settings = &settings, .n_written = n_written, .work = work};
    good = good && what(&a, error);
    rlt_work_free(work);
    rlt_index_free(index);
    rlt_kb_clear(&kb);
    return good;
}

static bool asks_for_help(int32_t argc, const char *const *argv)
{
    for (int32_t i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return argc < 2;
}

static bool run(int32_t argc, const char *const *argv, rlt_error *error)
{
    ask_arguments arguments;
    if (asks_for_help(argc, argv))
        return fputs(help, stdout) != EOF || rlt_fail_output(error);
    bool index = strcmp(argv[1], "index") == 0;
    if (!index && strcmp(argv[1], "ask") != 0)
        return rlt_fail_as(error, EX_USAGE, "unknown command '%s'; there is ask and index", argv[1]);
    return parse(argc, argv, &arguments, error) && run_on(&arguments, index ? check_articles : answer_questions, error);
}

int32_t rlr_tool(int32_t argc, const char *const *argv)
{
    rlt_error error;
    return rlt_tool_end("responder", run(argc, argv, &error), &error);
}
