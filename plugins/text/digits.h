/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as written, digit by digit: what a model says is compared with what was said before. Threads: any. */
#ifndef RELEVO_TEXT_DIGITS_H
#define RELEVO_TEXT_DIGITS_H

#include <relevo/plugin.h>
#include <stdbool.h>

/* 0 to 9, whatever the locale. */
bool rlt_is_digit(char c);
/* The digits that stand in a row from `at` on (at most text.len); empty where there is none. Borrowed from the text. */
relevo_str rlt_digits_at(relevo_str text, uint64_t at);
/* Whether these digits stand in the text, and are no part of a longer number there. */
bool rlt_holds_digits(relevo_str text, relevo_str digits);

#endif
