/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See said.h. The model is a stranger that read what a customer wrote: its output is one of three actions and a text. Must never
 * believe a number, a link or an article that it was not given.
 */
#include "said.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "text/article.h"
#include "text/digits.h"

enum {
    TOKENS_MAX = 1000000000, /* of one request and its answer; an endpoint that counts more does not know what it says */
    PRICES_MAX = 64,
    ASIDE_MAX = 3 /* words that may stand beside a question: "¡Claro que sí!" */
};

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

/* ---- numbers ---- */

static bool number_given(const rlt_article *const *cited, size_t n, relevo_str number)
{
    for (size_t i = 0; i < n; i++) {
        if (rlt_holds_number(cited[i]->answer, number) || rlt_holds_number(cited[i]->title, number))
            return true;
        for (size_t k = 0; k < cited[i]->n_questions; k++)
            if (rlt_holds_number(cited[i]->questions[k], number))
                return true;
    }
    return false;
}

/* Whether a number is one of money, or a share. What customers write of those is a wish. */
static bool is_price(relevo_str text, relevo_str number, const rlt_piece *pieces, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(pieces[i].name, "amount") == 0 && pieces[i].written.ptr < number.ptr + number.len &&
            number.ptr < pieces[i].written.ptr + pieces[i].written.len)
            return true;
    const char *at = number.ptr + number.len, *end = text.ptr + text.len;
    while (at < end && *at == ' ')
        at++;
    return at < end && *at == '%';
}

/* A placeholder that was given out; 0: none stands there. */
static size_t placeholder_at(const rlt_hidden *hidden, relevo_str text, size_t at)
{
    for (int i = 0; i < hidden->n; i++) {
        size_t len = strlen(hidden->items[i].placeholder);
        if (text.len - at >= len && memcmp(text.ptr + at, hidden->items[i].placeholder, len) == 0)
            return len;
    }
    return 0;
}

static bool numbers_given(const llm_given *given, const rlt_article *const *cited, size_t n, relevo_str text)
{
    rlt_piece pieces[PRICES_MAX];
    size_t n_pieces = rlt_find_pieces(given->hidden.finder, text, pieces, PRICES_MAX);
    for (size_t i = 0; i < text.len;) {
        size_t placeholder = placeholder_at(&given->hidden, text, i); /* has a number of its own */
        relevo_str number = rlt_number_at(text, i);
        bool said = !placeholder && number.len;
        bool may_be_theirs = said && n_pieces < PRICES_MAX && !is_price(text, number, pieces, n_pieces);
        if (said && !number_given(cited, n, number) && !(may_be_theirs && rlt_holds_number(given->message, number)))
            return false;
        i += placeholder ? placeholder : number.len ? number.len : 1;
    }
    return true;
}

/* Whether from this token on a currency or a share is named, in words. */
static bool is_money_at(const rlt_doc *doc, uint32_t i)
{
    static const char money[] = " peso pesos real reais reales dolar dolares dollar dollars euro euros sol soles percent porcento ";
    if (i >= doc->n_tokens)
        return false;
    return rlt_is_among(money, doc->tokens[i].text) || (i + 1 < doc->n_tokens && rlt_is_among(" por per ", doc->tokens[i].text) &&
                                                        rlt_is_among(" ciento cento cent ", doc->tokens[i + 1].text));
}

/* Whether an article names the number, by digits or by a word. */
static bool value_given(rlt_work *work, const rlt_article *const *cited, size_t n, double value)
{
    for (size_t i = 0; i < n; i++) {
        rlt_doc doc;
        relevo_str written;
        double is;
        if (rlt_read(work, cited[i]->answer, &doc) != RLT_OK)
            return false;
        for (uint32_t at = 0; rlt_find_number(&doc, &at, &is, &written);)
            if (fabs(is - value) < 1e-6)
                return true;
    }
    return false;
}

/* "Cincuenta pesos", "7 mil pesos": money and shares that are said in words stand in an article, too. */
static bool words_given(const rlt_article *const *cited, size_t n, relevo_str text)
{
    rlt_work *work = rlt_work_new();
    rlt_doc doc;
    relevo_str written;
    double value;
    bool given = work && rlt_read(work, text, &doc) == RLT_OK;
    for (uint32_t at = 0; given && rlt_find_number(&doc, &at, &value, &written);)
        given = !is_money_at(&doc, at) || value_given(work, cited, n, value);
    rlt_work_free(work);
    return given;
}

/* ---- links ---- */

/* What stands between two spaces, brackets or quotes, without the marks around it. *at moves behind it. */
static relevo_str next_word(relevo_str text, size_t *at)
{
    size_t begin = *at;
    while (*at < text.len && !strchr(" \n\t()<>\"", text.ptr[*at]))
        ++*at;
    relevo_str word = {text.ptr + begin, *at - begin};
    *at += *at < text.len;
    while (word.len && strchr(".,;:!?*_~`'", word.ptr[word.len - 1]))
        word.len--;
    while (word.len && strchr("*_~`'", word.ptr[0]))
        word = (relevo_str){word.ptr + 1, word.len - 1};
    return word;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* An e-mail address, or what WhatsApp shows as a link: "https://cafe.example", and "cafe.example" too. */
static bool is_link(relevo_str word)
{
    for (size_t i = 1; i + 2 < word.len; i++)
        if (word.ptr[i] == '.' && (is_letter(word.ptr[i - 1]) || rlt_is_digit(word.ptr[i - 1])) && is_letter(word.ptr[i + 1]) &&
            is_letter(word.ptr[i + 2]))
            return true;
    return memmem(word.ptr, word.len, "://", 3) || memchr(word.ptr, '@', word.len);
}

static relevo_str without_scheme(relevo_str link)
{
    const char *mark = memmem(link.ptr, link.len, "://", 3);
    size_t used = mark ? (size_t)(mark - link.ptr) + 3 : 0;
    return (relevo_str){link.ptr + used, link.len - used};
}

/* The whole link, not a piece of one: "cafe.ex" is somebody else's. */
static bool link_given(const rlt_article *const *cited, size_t n, relevo_str link)
{
    link = without_scheme(link);
    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; at < cited[i]->answer.len;)
            if (rlt_equal(without_scheme(next_word(cited[i]->answer, &at)), link))
                return true;
    return false;
}

static bool links_given(const rlt_article *const *cited, size_t n, relevo_str text)
{
    for (size_t at = 0; at < text.len;) {
        relevo_str word = next_word(text, &at);
        if (word.len && is_link(word) && !link_given(cited, n, word))
            return false;
    }
    return true;
}

/* Without what a reader does not see (controls, marks that turn the direction of writing), and without digits of other scripts, which
   no number here is compared with. */
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
            (is == UTF8PROC_CATEGORY_ND && c > 0x7F))
            return false;
        any = any || c > ' ';
        i += (size_t)width;
    }
    return any && rlt_characters(text) <= LLM_TEXT_MAX;
}

/* Whether it does nothing but ask: beside its questions, and before a "¿" in the same sentence, stand only a few words. */
static bool only_asks(relevo_str text)
{
    bool asked = false;
    for (size_t i = 0, words = 0; i <= text.len; i++) {
        char c = i < text.len ? text.ptr[i] : '\n';
        bool ends = c == '?' || c == '!' || c == '\n' || (c == '.' && (i + 1 >= text.len || text.ptr[i + 1] == ' ' || text.ptr[i + 1] == '\n'));
        bool opens = text.len - i > 2 && memcmp(text.ptr + i, "¿", 2) == 0;
        words += i > 0 && (c == ' ' || ends || opens) && !strchr(" \n.?!", text.ptr[i - 1]);
        if (!ends && !opens)
            continue;
        if (c != '?' && words > ASIDE_MAX)
            return false;
        asked = asked || c == '?';
        words = 0;
    }
    return asked;
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
    if (is == LLM_ASK && n == 0 && !only_asks(str_of(text)))
        return refuse(ret_why, "its question states something and names no article");
    if (!fit_to_say(str_of(text)))
        return refuse(ret_why, "its text is empty, longer than 1024 characters, or holds control characters or foreign digits");
    FILE *out = open_memstream(&said->text, &size);
    bool whole = out && rlt_unhide(&given->hidden, str_of(text), out);
    if (!out || fclose(out) != 0)
        whole = false;
    if (!whole)
        return refuse(ret_why, "its text holds a placeholder that stands for nothing");
    if (!numbers_given(given, cited, n, str_of(text)) || !words_given(cited, n, str_of(text)) || !links_given(cited, n, str_of(text)))
        return refuse(ret_why, "its text holds a number, an address or a link that stands in no article that it names");
    if (!spoken(given->asking.language, str_of(text)))
        return refuse(ret_why, "its text is in another language than the customer's");
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
