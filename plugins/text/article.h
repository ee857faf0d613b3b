/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of an article that have a form of their own; inside kb.c's reading only. */
#ifndef RELEVO_TEXT_ARTICLE_H
#define RELEVO_TEXT_ARTICLE_H

#include "text/kb.h"

/* A copy in the knowledge base; ptr NULL: out of memory. */
relevo_str rlt_keep(rlt_kb *kb, relevo_str text);
size_t rlt_characters(relevo_str text);

/* Each takes its keys of the mapping, if there are any. False: *error says file, line and what to do. */
bool rlt_take_buttons(rlt_kb *kb, const rlt_node *map, const char *path, rlt_article *article, rlt_error *error);
bool rlt_take_media(rlt_kb *kb, const rlt_node *map, const char *path, rlt_article *article, rlt_error *error);
bool rlt_take_validity(const rlt_node *map, const char *path, rlt_article *article, rlt_error *error);

/* Buttons lead to articles that exist. */
bool rlt_check_buttons(const rlt_kb *kb, rlt_error *error);

#endif
