/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What plugins share that ask an endpoint about a message which the articles do not answer by words alone: the articles and their index,
 * the first options of their table, which messages may be asked about, and the request that holds the message.
 *
 * Threads: an rlt_asker is immutable once made.
 */
#ifndef RELEVO_TEXT_ASKER_H
#define RELEVO_TEXT_ASKER_H

#include "text/option.h"
#include "text/search.h"

/* The options that come first in the table of each. */
enum {
    RLT_ASKER_DESTINATION,
    RLT_ASKER_MODEL,
    RLT_ASKER_KB,
    RLT_ASKER_PATH,
    RLT_ASKER_WAIT,
    RLT_ASKER_UTC_OFFSET,
    RLT_ASKER_OPTIONS
};

/* Their rows, with the defaults of `path` and `wait`. */
#define RLT_ASKER_ROWS(usual_path, usual_wait) \
    [RLT_ASKER_DESTINATION] = RLT_OPTION(STRING, "destination", "Name of the endpoint in deliver.destinations: its address and token stand there.", \
                                         .flags = RELEVO_OPTION_REQUIRED), \
    [RLT_ASKER_MODEL] = RLT_OPTION(STRING, "model", "The model, as the endpoint calls it.", .flags = RELEVO_OPTION_REQUIRED), \
    [RLT_ASKER_KB] = RLT_OPTION(PATH, "kb", "Folder of the articles, the responder's: nothing is said that stands in none of them.", \
                                .flags = RELEVO_OPTION_REQUIRED), \
    [RLT_ASKER_PATH] = RLT_OPTION(STRING, "path", "Path of the request, behind the destination's address.", .initial = usual_path), \
    [RLT_ASKER_WAIT] = RLT_OPTION(DURATION, "wait", "How long a customer's message waits for the answer.", .initial = usual_wait, .min = 100, \
                                  .max = RELEVO_HOLD_MAX), \
    [RLT_ASKER_UTC_OFFSET] = RLT_OPTION(REAL, "utc_offset", "Hours from UTC at the business: when the day of an article's `from` begins.", \
                                        .initial = "0", .min = -12, .max = 14, .unit = "hours")

typedef struct rlt_asker {
    rlt_kb kb;
    rlt_index *index;
    char *destination, *model, *path;
    int64_t wait_ms, offset_ms;
} rlt_asker;

/* From the options' values. False: *error says why, and *ret is as rlt_asker_clear leaves it. */
bool rlt_asker_make(const relevo_value *values, rlt_asker *ret, rlt_error *error);
/* Accepts one of zeros. */
void rlt_asker_clear(rlt_asker *asker);

/* Whether a message may be asked about at all: it may be held, has words, is no choice of a button, and asks for no person. */
bool rlt_asker_may(const relevo_view *view);
/* Whether the message answers what a flow has just asked (a slot `lead.status` or `data.status` is "open", see lead_qualifier), and asks
   nothing besides: a name, a date. `work` is reset. */
bool rlt_asker_awaited(const relevo_view *view, rlt_work *work);
/* In the light of what articles are searched for a message: the language is what was read, else what the words say, else the conversation's;
   the day is that at the business. */
rlt_asking rlt_asker_asking(const rlt_asker *asker, const relevo_view *view, const rlt_doc *doc);

/* Asks by POST with a body of JSON, holding the message; the asking (NULL: of no use) comes back as the result's context, since a result comes
   before its message's reading. Returns what emit does. */
int32_t rlt_asker_ask(const rlt_asker *asker, const char *body, const rlt_asking *asking, uint32_t view, const relevo_sink *sink);
/* The asking of a result's context, into which its intent points. */
rlt_asking rlt_asker_asked(const rlt_asker *asker, const relevo_view *view, relevo_str context);

#endif
