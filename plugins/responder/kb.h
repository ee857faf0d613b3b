/* SPDX-License-Identifier: Apache-2.0 */
/* The knowledge base: a folder of articles, read once and then immutable. */
#ifndef RELEVO_RESPONDER_KB_H
#define RELEVO_RESPONDER_KB_H

#include "text/text.h"
#include "text/yaml.h"

#define RLR_ANSWER_MAX 4096u /* characters: what WhatsApp takes in one text */
#define RLR_ID_MAX     63u   /* bytes */
#define RLR_CAPTION_MAX 1024u /* characters of an answer with buttons or media */
#define RLR_NEVER      INT64_MAX

/* What an answer offers to choose: another article, or something of another plugin. */
typedef struct rlr_button {
    relevo_str title; /* 20 characters at most, 24 of more than three */
    relevo_str id;    /* "kb:<article>", or any other plugin's */
} rlr_button;

/* One article in one language. Texts belong to the knowledge base and are NUL-terminated besides. */
typedef struct rlr_article {
    relevo_str id;
    relevo_str title;
    relevo_str answer; /* sent as it is */
    relevo_str *questions;
    size_t n_questions;
    rlt_language language;
    bool smalltalk;   /* greetings and such: has the tag `smalltalk` */
    relevo_str topic; /* the built-in article that it stands for: a tag like `greeting`; absent: none */
    rlr_button *buttons;
    size_t n_buttons;
    relevo_str media_kind, media_url; /* "image", "video", "document"; both or none */
    int64_t from, until; /* days since 1970-01-01 between which it is valid, both included */
    const char *path; /* where it was read, for messages */
    uint32_t line;
} rlr_article;

typedef struct rlr_kb {
    rlt_work *work; /* holds all texts */
    rlr_article *articles;
    uint32_t n, room;
} rlr_kb;

/* Reads all *.md, *.yaml and *.yml below a folder, in the order of their names (format in README.md). False:
 *error says file, line and what to do. */
bool rlr_kb_load(const char *folder, rlr_kb *ret_kb, rlt_error *error);
void rlr_kb_clear(rlr_kb *kb);

/* Adds the articles of small talk that come with the plugin (smalltalk.c), but for those that the business wrote itself: of the same id,
   or with the id as a tag, in that language. After rlr_kb_load. False: *error says why. */
bool rlr_kb_add_smalltalk(rlr_kb *kb, rlt_error *error);

static inline bool rlr_is_valid(const rlr_article *article, int64_t day)
{
    return article->from <= day && day <= article->until;
}

/* The article of that id in that language; NULL: there is none. */
const rlr_article *rlr_kb_find(const rlr_kb *kb, relevo_str id, rlt_language language);

#endif
