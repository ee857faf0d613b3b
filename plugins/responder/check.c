/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo responder index`: what is to be mended in articles that can be read. It must never refuse what a customer could be answered with, but
   an intent that there is not. */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void show_progress(uint32_t done, uint32_t all)
{
    char bar[] = "------------------------------";
    memset(bar, '#', (size_t)done * (sizeof bar - 1) / all);
    fprintf(stderr, "\r[%s] %3u %%%s", bar, 100 * done / all, done < all ? "" : "\n");
}

/* Says where a question of an article's own does not lead to it. *confused counts them. */
static bool check_question(const rlr_settings *settings, rlt_work *work, const rlt_article *article,
                           relevo_str question, uint32_t *confused, rlt_error *error)
{
    rlt_doc doc;
    rlt_found found;
    const rlt_asking asking = {.language = article->language, .day = article->from};
    rlt_work_reset(work);
    if (rlt_read(work, question, &doc) != RLT_OK ||
        !rlt_search(settings->index, work, &doc, &asking, &found))
        return rlt_fail_memory(error, "responder");
    bool own = found.best && rlt_equal(found.best->id, article->id);
    const rlt_article *other = own ? found.second : found.best;
    if (own && (!other || found.lead >= settings->margin))
        return true;
    ++*confused;
    return printf("%s:%u: '%.*s' finds %s%s%s; give it a question in words of its own\n", article->path, article->line,
                  (int)question.len, question.ptr, own ? "its article and about equally well " : "",
                  other ? other->id.ptr : "nothing", own || !other ? "" : " first") > 0 ||
           rlt_fail_output(error);
}

/* Says where an answer is written in Markdown, which WhatsApp does not know. */
static bool check_marks(const rlt_article *article, rlt_error *error)
{
    static const struct {
        const char *mark, *instead;
    } marks[] = {{"**", "one * on each side is bold there"}, {"](", "write the address alone"}, {"\n# ", "there are no headings"}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strstr(article->answer.ptr, marks[i].mark) &&
            printf("%s:%u: '%s' holds '%s', which WhatsApp shows as it stands: %s\n", article->path, article->line, article->id.ptr,
                   marks[i].mark[0] == '\n' ? marks[i].mark + 1 : marks[i].mark, marks[i].instead) < 0)
            return rlt_fail_output(error);
    return true;
}

/* ---- buttons ---- */

/* What is to be said of a button of ours, if anything: that its article exists is known. */
static const char *doubt(const rlt_kb *kb, const rlt_article *article, relevo_str target)
{
    bool as_long = false;
    for (uint32_t i = 0; i < kb->n; i++) {
        const rlt_article *other = &kb->articles[i];
        if (rlt_equal(other->id, target))
            as_long |= other->from <= article->from && other->until >= article->until;
    }
    if (!as_long)
        return "which is not valid on every day that its own article is; give it the same 'from' and 'until'";
    return rlt_kb_find(kb, target, article->language) ? NULL : "which is in other languages only: customers get one of those";
}

/* Whether a flow has that among the choices that begin it. */
static bool begins(const rlt_node *flows, relevo_str choice)
{
    for (size_t i = 0; i < rlt_node_count(flows); i++) {
        const rlt_node *flow = rlt_node_at(flows, i);
        const rlt_node *start = rlt_node_kind(flow) == RLT_MAPPING ? rlt_node_get(flow, "start") : NULL;
        const rlt_node *choices = start && rlt_node_kind(start) == RLT_MAPPING ? rlt_node_get(start, "choices") : NULL;
        for (size_t k = 0; choices && rlt_node_is_texts(choices) && k < rlt_node_n_texts(choices); k++)
            if (rlt_equal(rlt_node_text_at(choices, k), choice))
                return true;
    }
    return false;
}

/* flows: NULL, where it is not known what begins any. */
static bool check_buttons(const rlr_checked *checked, const rlt_article *article, const rlt_node *flows, rlt_error *error)
{
    for (size_t i = 0; i < article->n_buttons; i++) {
        const rlt_button *button = &article->buttons[i];
        bool ours = button->id.len > 3 && memcmp(button->id.ptr, "kb:", 3) == 0;
        const char *why = ours ? doubt(checked->settings->kb, article, rlt_str(button->id.ptr + 3)) : NULL;
        int n = 1;
        if (why)
            n = printf("%s:%u: the button '%s' leads to '%s', %s\n", article->path, article->line, button->title.ptr, button->id.ptr + 3, why);
        else if (!ours && flows && !begins(flows, button->id))
            n = printf("%s:%u: the button '%s' begins no flow of %s: none has '%s' among its 'choices'\n", article->path, article->line,
                       button->title.ptr, checked->flows, button->id.ptr);
        if (n < 0)
            return rlt_fail_output(error);
    }
    return true;
}

/* ---- files of other plugins ---- */

/* Opens one and finds what stands under `key`, of that kind. False: *error says why. */
static bool open_part(const char *path, const char *key, int kind, const char *what, rlt_yaml **ret_yaml, const rlt_node **ret_part, rlt_error *error)
{
    rlt_yaml *yaml;
    if (!rlt_yaml_load(path, &yaml, error))
        return false;
    const rlt_node *part = rlt_node_kind(rlt_yaml_root(yaml)) == RLT_MAPPING ? rlt_node_get(rlt_yaml_root(yaml), key) : NULL;
    if (!part || rlt_node_kind(part) != kind) {
        rlt_yaml_free(yaml);
        return rlt_fail(error, "%s:1: there is no '%s:' with %s", path, key, what);
    }
    *ret_yaml = yaml;
    *ret_part = part;
    return true;
}

/* Whether the intents that an article names are among those of the classifier. */
static bool check_intents(const rlt_article *article, const rlt_node *known, const char *path, rlt_error *error)
{
    for (size_t i = 0; i < article->n_intents; i++)
        if (!rlt_node_get(known, article->intents[i].ptr))
            return rlt_fail(error, "%s:%u: '%s' names the intent '%s', which %s has not; correct one of them", article->path, article->line,
                            article->id.ptr, article->intents[i].ptr, path);
    return true;
}

static bool check_all_intents(const rlr_checked *checked, rlt_error *error)
{
    rlt_yaml *yaml;
    const rlt_node *known;
    if (!checked->intents)
        return true;
    if (!open_part(checked->intents, "intents", RLT_MAPPING, "examples of each", &yaml, &known, error))
        return false;
    bool good = true;
    for (uint32_t i = 0; good && i < checked->n_written; i++)
        good = check_intents(&checked->settings->kb->articles[i], known, checked->intents, error);
    rlt_yaml_free(yaml);
    return good;
}

static bool check_articles(const rlr_checked *checked, rlt_work *work, const rlt_node *flows, rlt_error *error)
{
    const rlr_settings *settings = checked->settings;
    uint32_t n_questions = 0, confused = 0;
    bool good = true, tty = isatty(STDERR_FILENO);
    for (uint32_t i = 0; good && i < checked->n_written; i++) {
        const rlt_article *article = &settings->kb->articles[i];
        good = check_marks(article, error) && check_buttons(checked, article, flows, error);
        for (size_t j = 0; good && j < article->n_questions && !article->smalltalk; j++, n_questions++)
            good = check_question(settings, work, article, article->questions[j], &confused, error);
        if (tty)
            show_progress(i + 1, checked->n_written);
    }
    return good && (printf("%s: %u articles, %u questions, of which %u do not lead to their own article alone\n", checked->folder,
                           checked->n_written, n_questions, confused) > 0 ||
                    rlt_fail_output(error));
}

bool rlr_check(const rlr_checked *checked, rlt_work *work, rlt_error *error)
{
    rlt_yaml *yaml = NULL;
    const rlt_node *flows = NULL;
    bool good = check_all_intents(checked, error) &&
                (!checked->flows || open_part(checked->flows, "flows", RLT_SEQUENCE, "a list of them", &yaml, &flows, error)) &&
                check_articles(checked, work, flows, error);
    rlt_yaml_free(yaml);
    return good;
}
