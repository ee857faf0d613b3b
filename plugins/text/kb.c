/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading articles. It must never guess what an author meant: what is malformed is refused with its file and
 * line, before a customer sees it.
 */
#include "text/article.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX 8
#define PATH_SIZE 4096u

void rlt_kb_clear(rlt_kb *kb)
{
    rlt_work_free(kb->work);
    free(kb->articles);
    memset(kb, 0, sizeof *kb);
}

const rlt_article *rlt_kb_find(const rlt_kb *kb, relevo_str id, rlt_language language)
{
    for (uint32_t i = 0; i < kb->n; i++)
        if (kb->articles[i].language == language && rlt_equal(kb->articles[i].id, id))
            return &kb->articles[i];
    return NULL;
}

static relevo_str trim(relevo_str text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* ---- one article ---- */

static bool take_text(rlt_kb *kb, const rlt_node *map, const char *key, const char *path, relevo_str *ret,
                      rlt_error *error)
{
    const rlt_node *node = rlt_node_get(map, key);
    if (!node || rlt_node_kind(node) != RLT_SCALAR || trim(rlt_node_text(node)).len == 0)
        return rlt_fail(error, "%s:%u: the article has no '%s'; add a line '%s: ...'", path,
                        rlt_node_line(node ? node : map), key, key);
    *ret = rlt_keep(kb, trim(rlt_node_text(node)));
    if (!ret->ptr)
        return rlt_fail_memory(error, path);
    return rlt_text_check(path, rlt_node_line(node), *ret, error); /* YAML writes control characters as "\\0" */
}

static bool take_list(rlt_kb *kb, const rlt_node *map, const char *key, const char *path, relevo_str **ret, size_t *ret_n, rlt_error *error)
{
    const rlt_node *node = rlt_node_get(map, key);
    if (!node)
        return true;
    if (!rlt_node_is_texts(node))
        return rlt_fail(error, "%s:%u: '%s' must be a list of texts, each after '- '", path, rlt_node_line(node), key);
    *ret_n = rlt_node_n_texts(node);
    *ret = rlt_work_alloc(kb->work, (*ret_n + 1) * sizeof(relevo_str));
    for (size_t i = 0; *ret && i < *ret_n; i++)
        if (trim(rlt_node_text_at(node, i)).len == 0)
            return rlt_fail(error, "%s:%u: '%s' holds an empty text; write it, or take it out", path,
                            rlt_node_line(rlt_node_kind(node) == RLT_SCALAR ? node : rlt_node_at(node, i)), key);
        else if (!((*ret)[i] = rlt_keep(kb, rlt_node_text_at(node, i))).ptr)
            *ret = NULL;
    return *ret || rlt_fail_memory(error, path);
}

/* The built-in article of that id; absent: it is none. */
static relevo_str topic_of(relevo_str id)
{
    static const char *const topics[] = {"greeting", "thanks", "goodbye", "robot", "how_are_you"};
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (rlt_equal(id, rlt_str(topics[i])))
            return rlt_str(topics[i]);
    return (relevo_str){NULL, 0};
}

/* An article stands for a built-in one whose id it has, or has as a tag. */
static bool take_tags(const rlt_node *map, const char *path, rlt_article *article, rlt_error *error)
{
    const rlt_node *node = rlt_node_get(map, "tags");
    article->topic = topic_of(article->id);
    if (!node)
        return true;
    if (!rlt_node_is_texts(node))
        return rlt_fail(error, "%s:%u: 'tags' must be a list, like [envíos, pagos]", path,
                        rlt_node_line(node));
    for (size_t i = 0; i < rlt_node_n_texts(node); i++) {
        relevo_str topic = topic_of(rlt_node_text_at(node, i));
        article->smalltalk |= strcmp(rlt_node_text_at(node, i).ptr, "smalltalk") == 0;
        article->topic = topic.len > 0 ? topic : article->topic;
    }
    return true;
}

static bool check_keys(const rlt_node *map, const char *path, rlt_error *error)
{
    static const char *const known[] = {"id",   "title", "language", "questions", "intents", "tags",
                                        "from", "until", "buttons",  "media",     "answer"};
    for (size_t i = 0; i < rlt_node_count(map); i++) {
        const rlt_node *key = rlt_node_key(map, i);
        bool found = false;
        for (size_t j = 0; j < sizeof known / sizeof *known; j++)
            found |= strcmp(rlt_node_text(key).ptr, known[j]) == 0;
        if (!found)
            return rlt_fail(
                error,
                "%s:%u: unknown key '%s'; known are id, title, language, questions, intents, tags, from, until, buttons, media and "
                "answer",
                path, rlt_node_line(key), rlt_node_text(key).ptr);
    }
    return true;
}

static bool check_article(const rlt_kb *kb, const rlt_article *article, rlt_error *error)
{
    const rlt_article *other = rlt_kb_find(kb, article->id, article->language);
    if (memchr(article->id.ptr, ' ', article->id.len) || memchr(article->id.ptr, '\n', article->id.len))
        return rlt_fail(error, "%s:%u: an id is one word, like 'envios_rapidos'", article->path, article->line);
    if (article->id.len > RLT_ID_MAX)
        return rlt_fail(error, "%s:%u: the id is longer than %u bytes; shorten it", article->path,
                        article->line, RLT_ID_MAX);
    if (other)
        return rlt_fail(error, "%s:%u: '%s' in '%s' is already in %s:%u; change one id or language",
                        article->path, article->line, article->id.ptr,
                        rlt_language_code(article->language).ptr, other->path, other->line);
    if (rlt_characters(article->answer) > RLT_ANSWER_MAX)
        return rlt_fail(error,
                        "%s:%u: the answer has more than %u characters, which WhatsApp refuses; shorten it",
                        article->path, article->line, RLT_ANSWER_MAX);
    bool small = article->media_kind.len || (article->n_buttons && article->n_buttons <= RELEVO_BUTTONS_MAX);
    if (small && rlt_characters(article->answer) > RLT_CAPTION_MAX)
        return rlt_fail(error, "%s:%u: with buttons or media an answer has at most %u characters; shorten it", article->path,
                        article->line, RLT_CAPTION_MAX);
    return true;
}

static bool push(rlt_kb *kb, const rlt_article *article, rlt_error *error)
{
    if (kb->n == kb->room) {
        uint32_t room = kb->room ? 2 * kb->room : 64;
        rlt_article *articles = realloc(kb->articles, room * sizeof *articles);
        if (!articles)
            return rlt_fail_memory(error, article->path);
        kb->articles = articles;
        kb->room = room;
    }
    kb->articles[kb->n++] = *article;
    return true;
}

/* Adds the article of a mapping; `body` is the answer, unless it is absent: then the key `answer` is. */
static bool add_article(rlt_kb *kb, const char *path, const rlt_node *map, relevo_str body, rlt_error *error)
{
    rlt_article article = {.path = path, .line = rlt_node_line(map)};
    relevo_str language;
    if (rlt_node_kind(map) != RLT_MAPPING)
        return rlt_fail(error, "%s:%u: an article is written as 'key: value' lines, beginning with 'id: ...'",
                        path, article.line);
    if (!check_keys(map, path, error) || !take_text(kb, map, "id", path, &article.id, error) ||
        !take_text(kb, map, "title", path, &article.title, error) ||
        !take_text(kb, map, "language", path, &language, error) ||
        !take_list(kb, map, "questions", path, &article.questions, &article.n_questions, error) ||
        !take_list(kb, map, "intents", path, &article.intents, &article.n_intents, error) || !take_tags(map, path, &article, error) ||
        !rlt_take_buttons(kb, map, path, &article, error) || !rlt_take_media(kb, map, path, &article, error) ||
        !rlt_take_validity(map, path, &article, error))
        return false;
    if ((article.language = rlt_language_from(language)) == RLT_UNKNOWN)
        return rlt_fail(error, "%s:%u: language '%s' is not known; use es, pt or en", path,
                        rlt_node_line(rlt_node_get(map, "language")), language.ptr);
    if (body.ptr && rlt_node_get(map, "answer"))
        return rlt_fail(error,
                        "%s:%u: the answer stands below the second '---' here; remove the key 'answer'", path,
                        rlt_node_line(rlt_node_get(map, "answer")));
    if (!body.ptr && !take_text(kb, map, "answer", path, &article.answer, error))
        return false;
    if (body.ptr && trim(body).len == 0)
        return rlt_fail(error, "%s:%u: the article has no answer; write it below the second '---'", path,
                        article.line);
    if (body.ptr && !(article.answer = rlt_keep(kb, trim(body))).ptr)
        return rlt_fail_memory(error, path);
    return check_article(kb, &article, error) && push(kb, &article, error);
}

/* ---- files ---- */

/* The end of the line that begins at `at`, behind its newline. */
static const char *after_line(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline ? newline + 1 : end;
}

static bool is_fence(const char *at, const char *end)
{
    relevo_str line = trim((relevo_str){at, (uint64_t)(after_line(at, end) - at)});
    return line.len == 3 && memcmp(line.ptr, "---", 3) == 0 && *at == '-';
}

static bool add_markdown(rlt_kb *kb, const char *path, relevo_str text, rlt_error *error)
{
    const char *at = text.ptr, *end = at + text.len;
    if (text.len >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    if (!rlt_text_check(path, 1, (relevo_str){at, (uint64_t)(end - at)}, error))
        return false;
    if (at == end || !is_fence(at, end))
        return rlt_fail(error,
                        "%s:1: an article begins with a line '---', then id, title and language, then '---'",
                        path);
    const char *head = at = after_line(at, end);
    while (at < end && !is_fence(at, end))
        at = after_line(at, end);
    if (at == end)
        return rlt_fail(error, "%s:1: the '---' that ends the article's head is missing", path);
    const char *body = after_line(at, end);
    rlt_yaml *yaml;
    if (!rlt_yaml_parse(path, 2, (relevo_str){head, (uint64_t)(at - head)}, &yaml, error))
        return false;
    bool good = add_article(kb, path, rlt_yaml_root(yaml), (relevo_str){body, (uint64_t)(end - body)}, error);
    rlt_yaml_free(yaml);
    return good;
}

/* Whether the business wrote this built-in article itself. */
static bool is_written(const rlt_kb *kb, const rlt_article *article)
{
    for (uint32_t i = 0; i < kb->n; i++)
        if (kb->articles[i].language == article->language &&
            (rlt_equal(kb->articles[i].id, article->id) || rlt_equal(kb->articles[i].topic, article->id)))
            return true;
    return false;
}

static bool add_list(rlt_kb *kb, const char *path, relevo_str text, rlt_error *error)
{
    rlt_yaml *yaml;
    if (!rlt_yaml_parse(path, 1, text, &yaml, error))
        return false;
    const rlt_node *root = rlt_yaml_root(yaml);
    bool good =
        rlt_node_kind(root) == RLT_SEQUENCE ||
        rlt_fail(error, "%s:%u: a YAML file here is a list of articles, each beginning with '- id: ...'",
                 path, rlt_node_line(root));
    for (size_t i = 0; good && i < rlt_node_count(root); i++)
        good = add_article(kb, path, rlt_node_at(root, i), (relevo_str){NULL, 0}, error);
    rlt_yaml_free(yaml);
    return good;
}

static bool ends_with(const char *name, const char *ending)
{
    size_t len = strlen(name), end = strlen(ending);
    return len > end && strcmp(name + len - end, ending) == 0;
}

static bool add_text(rlt_kb *kb, const char *path, relevo_str text, rlt_error *error)
{
    return ends_with(path, ".md") ? add_markdown(kb, path, text, error) : add_list(kb, path, text, error);
}

static bool add_file(rlt_kb *kb, const char *path, bool regular, rlt_error *error)
{
    char *text;
    size_t len;
    if (!ends_with(path, ".md") && !ends_with(path, ".yaml") && !ends_with(path, ".yml"))
        return true;
    if (!regular) /* reading a pipe would wait for somebody who writes */
        return rlt_fail(error, "%s: is no regular file; take it out of the folder", path);
    relevo_str kept = rlt_keep(kb, rlt_str(path)); /* articles point to it */
    if (!kept.ptr)
        return rlt_fail_memory(error, path);
    if (!rlt_file_load(path, &text, &len, error))
        return false;
    bool good = add_text(kb, kept.ptr, (relevo_str){text, len}, error);
    free(text);
    return good;
}

static bool add_folder(rlt_kb *kb, const char *folder, int depth, rlt_error *error);

static bool add_entry(rlt_kb *kb, const char *folder, const char *name, int depth, rlt_error *error)
{
    char path[PATH_SIZE];
    struct stat status;
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return rlt_fail(error, "%s/%s: the path is too long", folder, name);
    if (stat(path, &status) != 0)
        return rlt_fail_as(error, EX_NOINPUT, "%s: %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return add_folder(kb, path, depth + 1, error);
    return add_file(kb, path, S_ISREG(status.st_mode), error);
}

static bool add_folder(rlt_kb *kb, const char *folder, int depth, rlt_error *error)
{
    struct dirent **names;
    if (depth > DEPTH_MAX)
        return rlt_fail(error, "%s: folders nested deeper than %d", folder, DEPTH_MAX);
    int n = scandir(folder, &names, NULL, alphasort);
    if (n < 0)
        return rlt_fail_as(error, EX_NOINPUT, "%s: %s; 'kb' must be a folder of articles", folder, strerror(errno));
    bool good = true;
    for (int i = 0; i < n; i++) {
        if (good && names[i]->d_name[0] != '.') /* hidden: editors' and version control's */
            good = add_entry(kb, folder, names[i]->d_name, depth, error);
        free(names[i]);
    }
    free(names);
    return good;
}

/* What an article is about is the same in every language: where it names no intents, another one of its id speaks for it. */
static void share_intents(rlt_kb *kb)
{
    for (uint32_t i = 0; i < kb->n; i++)
        for (uint32_t k = 0; k < kb->n && kb->articles[i].n_intents == 0; k++)
            if (rlt_equal(kb->articles[k].id, kb->articles[i].id)) {
                kb->articles[i].intents = kb->articles[k].intents;
                kb->articles[i].n_intents = kb->articles[k].n_intents;
            }
}

bool rlt_kb_load(const char *folder, rlt_kb *ret_kb, rlt_error *error)
{
    rlt_kb kb = {.work = rlt_work_new()};
    bool good = kb.work ? add_folder(&kb, folder, 0, error) : rlt_fail_memory(error, folder);
    if (good)
        good = rlt_check_buttons(&kb, error);
    if (good && kb.n == 0)
        good = rlt_fail(error, "%s: no articles; add a file like envios.md", folder);
    share_intents(&kb);
    if (good)
        *ret_kb = kb;
    else
        rlt_kb_clear(&kb);
    return good;
}

bool rlt_kb_add(rlt_kb *kb, const char *name, relevo_str text, rlt_error *error)
{
    rlt_kb own = {.work = kb->work};
    bool good = add_text(&own, name, text, error);
    for (uint32_t i = 0; good && i < own.n; i++)
        good = is_written(kb, &own.articles[i]) || push(kb, &own.articles[i], error);
    free(own.articles);
    return good;
}
