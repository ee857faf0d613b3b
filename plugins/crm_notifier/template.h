/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies from a mapping: a JSON object whose texts may hold {{name}}. A text that is one {{name}} and nothing
 * else becomes the value itself (number, object, list, null); elsewhere the value is put into the text. It
 * must never leave a {{ behind. {{a|b}}: the first of them that is there; {{a:80}}: at most 80 characters of it;
 * {{a:html}}: with &, <, > and line ends as HTML writes them.
 */
#ifndef RELEVO_CRM_NOTIFIER_TEMPLATE_H
#define RELEVO_CRM_NOTIFIER_TEMPLATE_H

#include <stddef.h>

#include "crm_notifier/fields.h"

/* Checks every template in the mapping; false with one line in error. also: names that are known besides; may be NULL. */
bool template_check(const json_t *mapping, const json_t *also, char *error, size_t error_size);
/* The same of one text, which is going to be a path. */
bool template_check_path(const char *path, const json_t *also, char *error, size_t error_size);

/* A new body from a checked mapping; NULL: out of memory. Only reads the mapping: from any thread. */
json_t *template_fill(const json_t *mapping, const subject *about);
/* A new path, its values encoded for a URL; to be freed. NULL: out of memory. */
char *template_path(const char *path, const subject *about);

#endif
