/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data that a business asks for, found in what a customer wrote: e-mail addresses, telephone numbers, amounts, order
 * numbers, tax ids, dates. What is found is a piece of the message as written; a value is made of it only by a check
 * that it passed, and never completed by guessing. A library of its own (relevo_text_data), as it needs PCRE2.
 *
 * Threads: everything here is immutable or the caller's.
 */
#ifndef RELEVO_TEXT_DATA_H
#define RELEVO_TEXT_DATA_H

#include "text/text.h"

#define RLT_VALUE_MAX 96u /* bytes of a normalised value, its NUL included */

/* ---- pieces: by patterns ---- */

typedef struct rlt_finder rlt_finder;

/* Compiles the patterns. NULL: out of memory. */
rlt_finder *rlt_finder_new(void);
/* Accepts NULL. */
void rlt_finder_free(rlt_finder *finder);

typedef struct rlt_piece {
    const char *name;   /* "order_number", "email", "amount", "phone" */
    relevo_str written; /* a piece of the text */
} rlt_piece;

/* Finds at most `max` pieces, the surest kind first, none overlapping another; returns how many. An amount has a
   currency, an order number a word or a # before it, a telephone number at least 9 digits. A text that costs too much
   has none. */
size_t rlt_find_pieces(const rlt_finder *finder, relevo_str text, rlt_piece *ret_found, size_t max);

/* ---- countries: what numbers look like there ---- */

/* The country ("MX", ...) of a number in international form, with or without +; "": not one of those known, which are
   AR BO BR CL CO CR EC ES GT MX PE PT PY US UY VE. */
const char *rlt_country_of_phone(relevo_str digits);
/* "MX" and the like in upper case, as this library keeps it; "": not known. */
const char *rlt_country_from(relevo_str code);
/* The currency of a country as ISO 4217 names it; "": not known. */
const char *rlt_country_currency(const char *country);
/* Hours from UTC in the most populous zone of the country, without summer time. */
double rlt_country_utc_offset(const char *country);

/* ---- values: a piece checked and in one form. False: it is none, *ret untouched. ---- */

/* The address in lower case. */
bool rlt_email_value(relevo_str written, char ret[RLT_VALUE_MAX]);

/* E.164, "+525512345678": as written with + or 00, else by the country's numbering ("" : only with + or 00). */
bool rlt_phone_value(relevo_str written, const char *country, char ret[RLT_VALUE_MAX]);

/* "1250.50 MXN", "80": number and, when written, currency; "$" is the country's. */
bool rlt_amount_value(relevo_str written, const char *country, char ret[RLT_VALUE_MAX]);

/* The number with which a value begins, before it at most a sign and a currency: "1250.50 MXN", "5,000", "1.250,50", "-$ 80". "1,250" and
   "1.250" are a thousand and more. False, and *ret untouched: it begins with something else, or with more than 15 digits before the fraction. */
bool rlt_leading_number(relevo_str value, double *ret);

/* The next number of a document, from token *at on, which is moved behind it: digits ("1.500", "2 mil", "30") or words
   ("treinta y cinco", "cem mil"); what is part of 15/03 or of a longer code is none. `ret_written`: where it stands. */
bool rlt_find_number(const rlt_doc *doc, uint32_t *at, double *ret, relevo_str *ret_written);

/* The place in a list of `n` that a message of few words names: "2", "la segunda", "the first one"; *ret counts from 0. */
bool rlt_find_place(const rlt_doc *doc, uint32_t n, uint32_t *ret);

/*
 * The first tax id whose check digits are right: RFC (MX), CPF, CNPJ (BR), NIF, NIE and company NIF (ES), NIF (PT),
 * CUIT (AR). Of a known country only its own are looked for. `ret` gets it in upper case without separators.
 * `ret_kind` (may be NULL) its name: "rfc", "cpf", ....
 */
bool rlt_find_tax_id(relevo_str text, const char *country, char ret[RLT_VALUE_MAX], relevo_str *ret_written,
                     const char **ret_kind);

/*
 * The first date: "15/03/2026", "15-3", "2026-03-15", "15 de marzo", "March 15th", "mañana", "ayer", "depois de amanhã", "el
 * viernes", "next friday", "el último sábado de enero", "en dos semanas". `today`: days since 1970-01-01 at the business. Without a year the next such day; a day
 * that no calendar has is none. `country` decides 3/4: US is month first. `ret`: "2026-03-15".
 */
bool rlt_find_date(const rlt_doc *doc, int64_t today, const char *country, char ret[RLT_VALUE_MAX],
                   relevo_str *ret_written);

/* The next day of the month that the message's only number names: "el 20", "dia 20", "the 20th"; *ret_named: it is called a day. What counts something
   ("20 kilos") is none. */
bool rlt_find_day(const rlt_doc *doc, int64_t today, char ret[RLT_VALUE_MAX], relevo_str *ret_written, bool *ret_named);

/* Whether a month stands at a token, as it does behind a day: "de enero", "February"; also of a day that no calendar has. */
bool rlt_is_month(const rlt_doc *doc, uint32_t token);

/* Days since 1970-01-01 of a day of the Gregorian calendar; false when there is none such. */
bool rlt_day_of(int year, int month, int day, int64_t *ret);

#endif
