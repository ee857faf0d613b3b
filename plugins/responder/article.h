/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an article that have a form of their own; inside kb.c's reading only. */
#ifndef RELEVO_RESPONDER_ARTICLE_H
#define RELEVO_RESPONDER_ARTICLE_H

#include "kb.h"

/* A copy in the knowledge base; ptr NULL: out of memory. */
relevo_str rlr_keep(rlr_kb *kb, relevo_str text);
size_t rlr_characters(relevo_str text);

/* Each takes its keys of the mapping, if there are any. False: *error says file, line and what to do. */
bool rlr_take_buttons(rlr_kb *kb, const rlt_node *map, const char *path, rlr_article *article, rlt_error *error);
bool rlr_take_media(rlr_kb *kb, const rlt_node *map, const char *path, rlr_article *article, rlt_error *error);
bool rlr_take_validity(const rlt_node *map, const char *path, rlr_article *article, rlt_error *error);

/* YAML: the articles that come with the plugin (smalltalk.c). */
extern const char rlr_smalltalk[];

/* Buttons lead to articles that exist. */
bool rlr_check_buttons(const rlr_kb *kb, rlt_error *error);

#endif
