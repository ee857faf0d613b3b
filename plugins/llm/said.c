/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See said.h. The model is a stranger that read what a customer wrote: its output is one of three actions and a text. Must never
 * believe a number, a link or an article that it was not given.
 */
#include "said.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "text/article.h"
#include "text/digits.h"

const char *const llm_actions[LLM_ACTIONS] = {"answer", "ask", "handoff"};

static relevo_str str_of(const json_t *value)
{
    return (relevo_str){json_string_value(value), json_string_length(value)};
}

void llm_said_usage(relevo_str body, int64_t *ret_in, int64_t *ret_out)
{
    json_t *root = body.len ? json_loadb(body.ptr, (size_t)body.len, 0, NULL) : NULL;
    const json_t *usage = json_object_get(root, "usage");
    const json_t *in = json_object_get(usage, "prompt_tokens"), *out = json_object_get(usage, "completion_tokens");
    if (json_is_integer(in) && json_integer_value(in) >= 0 && json_is_integer(out) && json_integer_value(out) >= 0) {
        *ret_in = json_integer_value(in);
        *ret_out = json_integer_value(out);
    }
    json_decref(root);
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
        if (*ret_n < LLM_ARTICLES_MAX)
            cited[(*ret_n)++] = article;
    }
    return true;
}

static bool number_given(const llm_given *given, const rlt_article *const *cited, size_t n, relevo_str number)
{
    for (size_t i = 0; i < n; i++) {
        if (rlt_holds_digits(cited[i]->answer, number) || rlt_holds_digits(cited[i]->title, number))
            return true;
        for (size_t k = 0; k < cited[i]->n_questions; k++)
            if (rlt_holds_digits(cited[i]->questions[k], number))
                return true;
    }
    return rlt_holds_digits(given->message, number);
}

static bool link_given(const rlt_article *const *cited, size_t n, relevo_str link)
{
    for (size_t i = 0; i < n; i++)
        if (memmem(cited[i]->answer.ptr, cited[i]->answer.len, link.ptr, link.len))
            return true;
    return false;
}

/* Prices, dates, addresses: every number and every link stands in an article that it names, or the customer wrote the number. */
static bool grounded(const llm_given *given, const rlt_article *const *cited, size_t n, relevo_str text)
{
    for (size_t i = 0; i < text.len;) {
        if (text.ptr[i] == '[') { /* a placeholder, which has a number of its own */
            const char *close = memchr(text.ptr + i, ']', text.len - i);
            if (close && close - (text.ptr + i) < RLT_PLACEHOLDER_MAX) {
                i = (size_t)(close - text.ptr) + 1;
                continue;
            }
        }
        relevo_str number = rlt_digits_at(text, i);
        if (number.len && !number_given(given, cited, n, number))
            return false;
        i += number.len ? number.len : 1;
    }
    for (size_t i = 0, begin = 0; i <= text.len; i++) {
        if (i < text.len && !strchr(" \n\t()<>\"", text.ptr[i]))
            continue;
        relevo_str word = {text.ptr + begin, i - begin};
        while (word.len && strchr(".,;:!?", word.ptr[word.len - 1]))
            word.len--;
        bool link = word.len > 3 && (memmem(word.ptr, word.len, "://", 3) || memmem(word.ptr, word.len, "www.", 4) ||
                                     memchr(word.ptr, '@', word.len));
        if (link && !link_given(cited, n, word))
            return false;
        begin = i + 1;
    }
    return true;
}

static bool fit_to_say(relevo_str text)
{
    bool any = false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < ' ' && c != '\n') || c == 0x7F)
            return false;
        any = any || c > ' ';
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
        return refuse(ret_why, "its text is empty, longer than 1024 characters, or holds control characters");
    if (!grounded(given, cited, n, str_of(text)))
        return refuse(ret_why, "its text holds a number, an address or a link that stands in no article that it names");
    if (!spoken(given->language, str_of(text)))
        return refuse(ret_why, "its text is in another language than the customer's");
    FILE *out = open_memstream(&said->text, &size);
    bool whole = out && rlt_unhide(&given->hidden, str_of(text), out);
    if (!out || fclose(out) != 0)
        whole = false;
    if (!whole)
        return refuse(ret_why, "its text holds a placeholder that stands for nothing");
    said->cited = n ? cited[0] : NULL;
    return true;
}

bool llm_said_read(relevo_str body, const llm_given *given, llm_said *ret, const char **ret_why)
{
    llm_said said = {.text = NULL};
    json_t *root = body.len ? json_loadb(body.ptr, (size_t)body.len, 0, NULL) : NULL;
    const json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    const json_t *content = json_object_get(json_object_get(choice, "message"), "content");
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
