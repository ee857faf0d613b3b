/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as written: what a model says is compared with what was said before. Threads: any. */
#ifndef RELEVO_TEXT_DIGITS_H
#define RELEVO_TEXT_DIGITS_H

#include <relevo/plugin.h>
#include <stdbool.h>

/* 0 to 9, whatever the locale. */
bool rlt_is_digit(char c);
/* The number that stands from `at` on (at most text.len): digits, with points and commas between them ("1,500.50"); empty where there is
   none. Borrowed from the text. */
relevo_str rlt_number_at(relevo_str text, uint64_t at);
/* Whether this number stands in the text, as it is written here or with other marks between its digits ("1500"), and is no part of a
   longer one there. */
bool rlt_holds_number(relevo_str text, relevo_str number);

#endif
