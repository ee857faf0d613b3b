/* SPDX-License-Identifier: Apache-2.0 */
/* Buttons, media and validity of an article; see article.h. */
#include "text/article.h"

#include <stdio.h>
#include <string.h>

#include "text/data.h"

relevo_str rlt_keep(rlt_kb *kb, relevo_str text)
{
    char *copy = rlt_work_alloc(kb->work, text.len + 1);
    if (!copy)
        return (relevo_str){NULL, 0};
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (relevo_str){copy, text.len};
}

size_t rlt_characters(relevo_str text)
{
    size_t n = 0;
    for (uint64_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return n;
}

static relevo_str scalar(const rlt_node *node)
{
    return node && rlt_node_kind(node) == RLT_SCALAR ? rlt_node_text(node) : (relevo_str){NULL, 0};
}

static bool take_button(rlt_kb *kb, const rlt_node *node, size_t title_max, const char *path, rlt_button *ret,
                        rlt_error *error)
{
    relevo_str title = {NULL, 0}, id = {NULL, 0}, article = {NULL, 0};
    char text[RLT_ID_MAX + 8];
    if (rlt_node_kind(node) == RLT_MAPPING) {
        title = scalar(rlt_node_get(node, "title"));
        id = scalar(rlt_node_get(node, "id"));
        article = scalar(rlt_node_get(node, "article"));
    }
    if (title.len == 0 || (id.len == 0) == (article.len == 0) || rlt_node_count(node) != 2)
        return rlt_fail(error, "%s:%u: a button is {title: ..., article: ...}, or with the 'id' of another plugin's choice",
                        path, rlt_node_line(node));
    if (rlt_characters(title) > title_max)
        return rlt_fail(error, "%s:%u: a title has at most 20 characters on a button, 24 where there are more than three",
                        path, rlt_node_line(node));
    if (id.len > 200 || article.len > RLT_ID_MAX)
        return rlt_fail(error, "%s:%u: the id is too long", path, rlt_node_line(node));
    if (article.len > 0) {
        (void)snprintf(text, sizeof text, "kb:%s", article.ptr);
        id = rlt_str(text);
    }
    *ret = (rlt_button){rlt_keep(kb, title), rlt_keep(kb, id)};
    return (ret->title.ptr && ret->id.ptr) || rlt_fail_memory(error, path);
}

bool rlt_take_buttons(rlt_kb *kb, const rlt_node *map, const char *path, rlt_article *article, rlt_error *error)
{
    const rlt_node *node = rlt_node_get(map, "buttons");
    if (!node)
        return true;
    size_t n = rlt_node_kind(node) == RLT_SEQUENCE ? rlt_node_count(node) : 0;
    if (n < 1 || n > RELEVO_CHOICES_MAX)
        return rlt_fail(error, "%s:%u: 'buttons' must be a list of 1 to 10", path, rlt_node_line(node));
    article->buttons = rlt_work_alloc(kb->work, n * sizeof *article->buttons);
    if (!article->buttons)
        return rlt_fail_memory(error, path);
    for (size_t i = 0; i < n; i++) {
        if (!take_button(kb, rlt_node_at(node, i), n > RELEVO_BUTTONS_MAX ? 24 : 20, path, &article->buttons[i], error))
            return false;
        for (size_t k = 0; k < i; k++)
            if (rlt_equal(article->buttons[k].title, article->buttons[i].title) || rlt_equal(article->buttons[k].id, article->buttons[i].id))
                return rlt_fail(error, "%s:%u: two buttons have the same title or lead to the same, which WhatsApp refuses; change one", path,
                                rlt_node_line(rlt_node_at(node, i)));
    }
    article->n_buttons = n;
    return true;
}

/* With a host, and without what an address cannot hold: WhatsApp would fetch nothing. */
static bool is_address(relevo_str url)
{
    static const char *const schemes[] = {"https://", "http://"};
    size_t host = 0;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes && !host; i++)
        if (url.len > strlen(schemes[i]) && memcmp(url.ptr, schemes[i], strlen(schemes[i])) == 0)
            host = strlen(schemes[i]);
    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.ptr[i] <= ' ' || url.ptr[i] == '\x7f')
            return false;
    return host && url.len <= 2048 && !strchr("/?#:@", url.ptr[host]);
}

bool rlt_take_media(rlt_kb *kb, const rlt_node *map, const char *path, rlt_article *article, rlt_error *error)
{
    static const char *const kinds[] = {"image", "video", "document"};
    const rlt_node *node = rlt_node_get(map, "media");
    if (!node)
        return true;
    bool one = rlt_node_kind(node) == RLT_MAPPING && rlt_node_count(node) == 1;
    relevo_str kind = one ? rlt_node_text(rlt_node_key(node, 0)) : (relevo_str){NULL, 0};
    relevo_str url = one ? scalar(rlt_node_at(node, 0)) : (relevo_str){NULL, 0};
    bool known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known |= rlt_equal(kind, rlt_str(kinds[i]));
    if (!known)
        return rlt_fail(error, "%s:%u: 'media' is one of image, video, document with its address: {image: https://...}", path,
                        rlt_node_line(node));
    if (!is_address(url))
        return rlt_fail(error, "%s:%u: the address of 'media' is one like https://cafe.example/zonas.png, with %%20 for a blank", path,
                        rlt_node_line(node));
    if (article->n_buttons > RELEVO_BUTTONS_MAX)
        return rlt_fail(error, "%s:%u: WhatsApp shows no media with more than three buttons", path, rlt_node_line(node));
    article->media_kind = rlt_keep(kb, kind);
    article->media_url = rlt_keep(kb, url);
    return (article->media_kind.ptr && article->media_url.ptr) || rlt_fail_memory(error, path);
}

bool rlt_day_read(relevo_str text, int64_t *ret_day)
{
    int year, month, day, end = 0;
    return text.len > 0 && sscanf(text.ptr, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && (size_t)end == text.len &&
           rlt_day_of(year, month, day, ret_day);
}

static bool take_day(const rlt_node *map, const char *key, const char *path, int64_t *ret, rlt_error *error)
{
    const rlt_node *node = rlt_node_get(map, key);
    return !node || rlt_day_read(scalar(node), ret) ||
           rlt_fail(error, "%s:%u: '%s' is a day like 2026-12-24", path, rlt_node_line(node), key);
}

bool rlt_take_validity(const rlt_node *map, const char *path, rlt_article *article, rlt_error *error)
{
    article->from = INT64_MIN;
    article->until = RLT_NEVER;
    if (!take_day(map, "from", path, &article->from, error) || !take_day(map, "until", path, &article->until, error))
        return false;
    return article->from <= article->until ||
           rlt_fail(error, "%s:%u: 'until' is before 'from'", path, rlt_node_line(map));
}

static bool exists(const rlt_kb *kb, relevo_str id)
{
    for (uint32_t i = 0; i < kb->n; i++)
        if (rlt_equal(kb->articles[i].id, id))
            return true;
    return false;
}

bool rlt_check_buttons(const rlt_kb *kb, rlt_error *error)
{
    for (uint32_t i = 0; i < kb->n; i++)
        for (size_t k = 0; k < kb->articles[i].n_buttons; k++) {
            relevo_str id = kb->articles[i].buttons[k].id;
            if (id.len > 3 && memcmp(id.ptr, "kb:", 3) == 0 && !exists(kb, (relevo_str){id.ptr + 3, id.len - 3}))
                return rlt_fail(error, "%s:%u: a button leads to the article '%s', which does not exist", kb->articles[i].path,
                                kb->articles[i].line, id.ptr + 3);
        }
    return true;
}
