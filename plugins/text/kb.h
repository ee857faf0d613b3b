/* SPDX-License-Identifier: Apache-2.0 */
/* The knowledge base of a business: a folder of articles (plugins/responder/README.md has the format), read once and then immutable. A
   library of its own with search.h (relevo_text_kb), as it needs libyaml. */
#ifndef RELEVO_TEXT_KB_H
#define RELEVO_TEXT_KB_H

#include "text/text.h"
#include "text/yaml.h"

#define RLT_ANSWER_MAX 4096u /* characters: what WhatsApp takes in one text */
#define RLT_ID_MAX     63u   /* bytes */
#define RLT_CAPTION_MAX 1024u /* characters of an answer with buttons or media */
#define RLT_NEVER      INT64_MAX

/* What an answer offers to choose: another article, or something of another plugin. */
typedef struct rlt_button {
    relevo_str title; /* 20 characters at most, 24 of more than three */
    relevo_str id;    /* "kb:<article>", or any other plugin's */
} rlt_button;

/* One article in one language. Texts belong to the knowledge base and are NUL-terminated besides. */
typedef struct rlt_article {
    relevo_str id;
    relevo_str title;
    relevo_str answer; /* sent as it is */
    relevo_str *questions;
    size_t n_questions;
    relevo_str *intents; /* the classifier's, whose messages it answers; the same for the article in each language */
    size_t n_intents;
    rlt_language language;
    bool smalltalk;   /* greetings and such: has the tag `smalltalk` */
    relevo_str topic; /* the built-in article that it stands for, as its id or a tag says: `greeting`; absent: none */
    rlt_button *buttons;
    size_t n_buttons;
    relevo_str media_kind, media_url; /* "image", "video", "document"; both or none */
    int64_t from, until; /* days since 1970-01-01 between which it is valid, both included */
    const char *path; /* where it was read, for messages */
    uint32_t line;
} rlt_article;

typedef struct rlt_kb {
    rlt_work *work; /* holds all texts */
    rlt_article *articles;
    uint32_t n, room;
} rlt_kb;

/* Reads all *.md, *.yaml and *.yml below a folder, in the order of their names (format in README.md); one that is no regular file is
   refused. False: *error says file, line and what to do. */
bool rlt_kb_load(const char *folder, rlt_kb *ret_kb, rlt_error *error);
void rlt_kb_clear(rlt_kb *kb);

/* Adds what a file of that name would hold (*.md: an article; else a list of them in YAML), but for articles that the business wrote itself:
   of the same id, or with the id as a tag, in that language. `name` is for messages. After rlt_kb_load. False: *error says why. */
bool rlt_kb_add(rlt_kb *kb, const char *name, relevo_str text, rlt_error *error);

/* A day as `from` and `until` have it: 2026-12-24; NUL-terminated besides. False: it is none. */
bool rlt_day_read(relevo_str text, int64_t *ret_day);

static inline bool rlt_is_valid(const rlt_article *article, int64_t day)
{
    return article->from <= day && day <= article->until;
}

/* The article of that id in that language; NULL: there is none. */
const rlt_article *rlt_kb_find(const rlt_kb *kb, relevo_str id, rlt_language language);

#endif
