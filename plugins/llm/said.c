/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See said.h. The model is a stranger that read what a customer wrote: its output is one of three actions and a text. Must never
 * believe a number, a link or an article that it was not given.
 */
#include "said.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "ground.h"
#include "text/article.h"

enum { TOKENS_MAX = 1000000000 /* of one request and its answer; an endpoint that counts more does not know what it says */ };

const char *const llm_actions[LLM_ACTIONS] = {"answer", "ask", "handoff"};

static relevo_str str_of(const json_t *value)
{
    return (relevo_str){json_string_value(value), json_string_length(value)};
}

static bool is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= TOKENS_MAX;
}

void llm_said_usage(relevo_str body, int64_t *ret_in, int64_t *ret_out)
{
    json_t *root = body.len ? json_loadb(body.ptr, (size_t)body.len, 0, NULL) : NULL;
    const json_t *usage = json_object_get(root, "usage");
    const json_t *in = json_object_get(usage, "prompt_tokens"), *out = json_object_get(usage, "completion_tokens");
    if (is_count(in) && is_count(out)) {
        *ret_in = json_integer_value(in);
        *ret_out = json_integer_value(out);
    }
    json_decref(root);
}

static const json_t *content_of(const json_t *root)
{
    return json_object_get(json_object_get(json_array_get(json_object_get(root, "choices"), 0), "message"), "content");
}

size_t llm_said_content(relevo_str body)
{
    json_t *root = body.len ? json_loadb(body.ptr, (size_t)body.len, 0, NULL) : NULL;
    size_t len = json_string_length(content_of(root));
    json_decref(root);
    return len;
}

/* ---- what it must be ---- */

static const rlt_article *offered(const llm_given *given, relevo_str id)
{
    for (size_t i = 0; i < given->n; i++)
        if (rlt_equal(given->articles[i]->id, id))
            return given->articles[i];
    return NULL;
}

/* The articles that it names are among those that it got. */
static bool take_articles(const json_t *list, const llm_given *given, const rlt_article *cited[LLM_ARTICLES_MAX], size_t *ret_n)
{
    *ret_n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const rlt_article *article = offered(given, str_of(json_array_get(list, i)));
        if (!article || !json_is_string(json_array_get(list, i)))
            return false;
        size_t k = 0;
        while (k < *ret_n && cited[k] != article)
            k++;
        if (k == *ret_n) /* no more than were given: there is room */
            cited[(*ret_n)++] = article;
    }
    return true;
}

/* Without what a reader does not see (controls, marks that turn the direction of writing), and without digits of other scripts, fractions and
   superscripts, which no number here is compared with. */
static bool fit_to_say(relevo_str text)
{
    enum { JOINS_EMOJI = 0x200D };
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.ptr;
    bool any = false;
    for (size_t i = 0; i < text.len;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t width = utf8proc_iterate(bytes + i, (utf8proc_ssize_t)(text.len - i), &c);
        if (width <= 0)
            return false;
        utf8proc_category_t is = utf8proc_category(c);
        if ((is == UTF8PROC_CATEGORY_CC && c != '\n') || (is == UTF8PROC_CATEGORY_CF && c != JOINS_EMOJI) ||
            (is == UTF8PROC_CATEGORY_ND && c > 0x7F) || is == UTF8PROC_CATEGORY_NL || is == UTF8PROC_CATEGORY_NO)
            return false;
        any = any || c > ' ';
        i += (size_t)width;
    }
    return any && rlt_characters(text) <= LLM_TEXT_MAX;
}

/* Where both are sure which language it is. */
static bool spoken(rlt_language wanted, relevo_str text)
{
    enum { WORDS_MIN = 5 };
    rlt_work *work = rlt_work_new();
    rlt_doc doc;
    double sure = 0;
    rlt_language is = RLT_UNKNOWN;
    if (work && rlt_read(work, text, &doc) == RLT_OK && doc.n_tokens >= WORDS_MIN)
        is = rlt_language_guess(&doc, &sure);
    rlt_work_free(work);
    return wanted == RLT_UNKNOWN || is == RLT_UNKNOWN || is == wanted || sure < 0.8;
}

/* ---- reading ---- */

static bool refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return false;
}

static void name_sources(const rlt_article *const *cited, size_t n, char ret[LLM_SOURCE_MAX + 1])
{
    size_t used = 0;
    for (size_t i = 0; i < n && used + (used > 0) + cited[i]->id.len <= LLM_SOURCE_MAX; i++)
        used += (size_t)snprintf(ret + used, LLM_SOURCE_MAX + 1 - used, "%s%.*s", used ? " " : "", (int)cited[i]->id.len, cited[i]->id.ptr);
}

static bool take(const json_t *output, const llm_given *given, llm_said *said, const char **ret_why)
{
    const json_t *action = json_object_get(output, "action"), *text = json_object_get(output, "text");
    const json_t *articles = json_object_get(output, "articles");
    const rlt_article *cited[LLM_ARTICLES_MAX];
    size_t n = 0, size = 0;
    if (!json_is_string(action) || !json_is_string(text) || !json_is_array(articles) || json_object_size(output) != 3)
        return refuse(ret_why, "its output is not an object of action, text and articles");
    int is = 0;
    while (is < LLM_ACTIONS && strcmp(json_string_value(action), llm_actions[is]) != 0)
        is++;
    if (is == LLM_ACTIONS)
        return refuse(ret_why, "its action is none of answer, ask, handoff");
    said->action = (llm_action)is;
    if (is == LLM_HANDOFF)
        return true;
    if (!take_articles(articles, given, cited, &n))
        return refuse(ret_why, "it names an article that it was not given");
    if (is == LLM_ANSWER && n == 0)
        return refuse(ret_why, "its answer names no article");
    if (!fit_to_say(str_of(text)))
        return refuse(ret_why, "its text is empty, longer than 1024 characters, or holds control characters, foreign digits or fractions");
    if (is == LLM_ASK && !llm_asks(str_of(text)))
        return refuse(ret_why, "its question asks nothing");
    const llm_ground ground = {.given = given, .cited = cited, .n = n};
    FILE *out = open_memstream(&said->text, &size);
    bool whole = out && rlt_unhide(&given->hidden, str_of(text), out);
    if (!out || fclose(out) != 0)
        whole = false;
    if (!whole)
        return refuse(ret_why, "its text holds a placeholder that stands for nothing");
    if (!llm_numbers_stand(&ground, str_of(text)) || !llm_links_stand(&ground, str_of(text)))
        return refuse(ret_why, "its text holds a number, an address or a link that stands in no article that it names");
    if (!spoken(given->asking.language, str_of(text)))
        return refuse(ret_why, "its text is in another language than the customer's");
    if (!llm_statements_stand(&ground, str_of(text)))
        return refuse(ret_why, "its text states what stands in no article that it names");
    name_sources(cited, n, said->source);
    return true;
}

bool llm_said_read(relevo_str body, const llm_given *given, llm_said *ret, const char **ret_why)
{
    llm_said said = {.text = NULL};
    json_t *root = body.len ? json_loadb(body.ptr, (size_t)body.len, 0, NULL) : NULL;
    const json_t *content = content_of(root);
    bool good = json_is_string(content) && json_string_length(content) <= LLM_CONTENT_MAX;
    json_t *output = good ? json_loadb(json_string_value(content), json_string_length(content), JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!good)
        *ret_why = "it is no answer of /chat/completions";
    else if (!json_is_object(output))
        good = refuse(ret_why, "its output is no JSON object");
    else
        good = take(output, given, &said, ret_why);
    json_decref(output);
    json_decref(root);
    if (good)
        *ret = said;
    else
        free(said.text);
    return good;
}
