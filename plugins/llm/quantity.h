/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with their units, as they stand in a text. */
#ifndef RELEVO_LLM_QUANTITY_H
#define RELEVO_LLM_QUANTITY_H

#include "text/text.h"

enum { LLM_QUANTITIES_MAX = 128, LLM_UNIT_MAX = 12 };

typedef struct llm_quantity {
    relevo_str written;      /* the number alone, a piece of the text */
    size_t end;              /* byte where it ends with all that is a part of it: "2 mil", "8:30" */
    double value;            /* in the unit; a time of day in hours from midnight; of a date the day of the month */
    char unit[LLM_UNIT_MAX]; /* "$" (local money), "USD", "%", "clock" (a time), "hour", "h" (either), "day", "kg", "month 3", ...; "": none;
                                LLM_OTHER: a thing that is counted */
    bool in_words;           /* "treinta" */
} llm_quantity;

#define LLM_OTHER "other"

/* The numbers of a document, in order; those of a range ("3 a 5 días") have its unit. Returns how many there are: more than `max` where there was
   no room for all. */
size_t llm_quantities(const rlt_doc *doc, llm_quantity *ret, size_t max);
/* The unit that follows byte `at` of the document's source, as above; where there is none: "". */
void llm_unit_behind(const rlt_doc *doc, size_t at, char ret[LLM_UNIT_MAX]);

/* Whether a folded word is a unit: "pesos", "dia", "kg". */
bool llm_is_unit(relevo_str word);

#endif
