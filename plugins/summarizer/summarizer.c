/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the handover card: what an agent reads before the first word. It extracts and quotes; it must never
 * invent: every value on the card is a piece of the view.
 */
#include <stdio.h>

#include "summarizer/card.h"

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    (void)values;
    rlt_finder *made = rlt_finder_new();
    if (made == NULL) {
        snprintf(error, (size_t)error_size, "out of memory");
        return RELEVO_E_FAILED;
    }
    *ret_instance = made;
    return RELEVO_OK;
}

static void destroy(void *instance)
{
    rlt_finder_free(instance);
}

/* The first of the view's turns that belongs to this stretch: what was said before a return to the bot is not
   this case. */
static uint32_t first_turn_of_stretch(const relevo_view *view)
{
    uint32_t customers =
        view->digest->messages - (view->message != NULL && view->digest->messages > 0 ? 1 : 0);
    uint32_t first = view->n_turns;
    for (uint32_t i = view->n_turns; i > 0 && customers > 0; i--) {
        if (view->turns[i - 1]->by == RELEVO_BY_CUSTOMER) {
            first = i - 1;
            customers--;
        }
    }
    return first;
}

static int32_t write_card(const relevo_view *view, uint32_t i, const rlt_finder *patterns, rlt_work *work,
                          const relevo_sink *sink)
{
    card_writer card = {.view = view,
                        .sink = sink,
                        .patterns = patterns,
                        .work = work,
                        .index = i,
                        .first_turn = first_turn_of_stretch(view),
                        .language = rlt_language_shown(view->language)};
    card_why(&card);
    card_wants(&card);
    card_data(&card);
    card_changed(&card);
    card_tried(&card);
    card_open_question(&card);
    card_sentiment(&card);
    card_confidence(&card);
    card_customer(&card);
    card_previous(&card);
    card_window(&card);
    card_outcome(&card);
    return card.result;
}

static int32_t summarize(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    rlt_work *work = rlt_work_new();
    int32_t result = work != NULL ? RELEVO_OK : RELEVO_E_FAILED;
    for (uint32_t i = 0; i < n && result == RELEVO_OK; i++) {
        result = write_card(views[i], i, instance, work, sink);
    }
    rlt_work_free(work);
    return result;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "summarizer",
    .version = RELEVO_VERSION,
    .summary = "Writes the handover card from what is in the conversation, and nothing else.",
    .kind = RELEVO_KIND_SUMMARIZER,
    .create = create,
    .destroy = destroy,
    .summarize = summarize,
};
