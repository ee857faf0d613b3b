/* SPDX-License-Identifier: Apache-2.0 */
/* See asker.h. It must never ask about a message that a person is wanted for. */
#include "text/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MS_PER_DAY = 86400000, MS_PER_HOUR = 3600000, INTENT_MAX = 200 };
static const double WANTS_PERSON = 0.5;

void rlt_asker_clear(rlt_asker *asker)
{
    rlt_index_free(asker->index);
    rlt_kb_clear(&asker->kb);
    free(asker->destination);
    free(asker->model);
    free(asker->path);
    *asker = (rlt_asker){.index = NULL};
}

bool rlt_asker_make(const relevo_value *values, rlt_asker *ret, rlt_error *error)
{
    *ret = (rlt_asker){.wait_ms = values[RLT_ASKER_WAIT].integer,
                       .offset_ms = (int64_t)(values[RLT_ASKER_UTC_OFFSET].real * MS_PER_HOUR)};
    if (!rlt_kb_load(values[RLT_ASKER_KB].text.ptr, &ret->kb, error))
        return false;
    ret->index = rlt_index_new(&ret->kb);
    ret->destination = strdup(values[RLT_ASKER_DESTINATION].text.ptr);
    ret->model = strdup(values[RLT_ASKER_MODEL].text.ptr);
    ret->path = strdup(values[RLT_ASKER_PATH].text.ptr);
    if (ret->index && ret->destination && ret->model && ret->path)
        return true;
    rlt_asker_clear(ret);
    return rlt_fail(error, "out of memory");
}

bool rlt_asker_may(const relevo_view *view)
{
    return RELEVO_HAS(view, may_hold) && view->may_hold && view->message && view->message->text.len && !view->message->reply.len &&
           !(view->reading && view->reading->wants_person >= WANTS_PERSON);
}

bool rlt_asker_awaited(const relevo_view *view, rlt_work *work)
{
    static const relevo_str lead = RELEVO_STR("lead.status"), data = RELEVO_STR("data.status"), open = RELEVO_STR("open");
    rlt_doc doc;
    bool awaited = false;
    if (!RELEVO_HAS(view->digest, asked) || !view->digest->asked)
        return false;
    for (uint32_t i = 0; i < view->n_slots && !awaited; i++)
        awaited = (rlt_equal(view->slots[i]->name, lead) || rlt_equal(view->slots[i]->name, data)) &&
                  rlt_equal(view->slots[i]->value, open);
    rlt_work_reset(work);
    return awaited && rlt_read(work, view->message->text, &doc) == RLT_OK && !rlt_is_question(&doc);
}

static int64_t day_of(const rlt_asker *asker, const relevo_view *view)
{
    return (view->at_ms + asker->offset_ms) / MS_PER_DAY;
}

rlt_asking rlt_asker_asking(const rlt_asker *asker, const relevo_view *view, const rlt_doc *doc)
{
    const relevo_str read = view->reading ? view->reading->language : (relevo_str){NULL, 0};
    return rlt_asking_of(rlt_language_of(read, doc, view->language), day_of(asker, view), view->reading);
}

/* "es 0.930000 order_status", or the language alone. */
static relevo_str write_asking(const rlt_asking *asking, char *text, size_t size)
{
    relevo_str code = rlt_language_code(asking->language);
    if (asking->intent.len == 0 || asking->intent.len > INTENT_MAX)
        return code;
    (void)snprintf(text, size, "%s %.6f %.*s", code.len > 0 ? code.ptr : "-", asking->certainty, (int)asking->intent.len, asking->intent.ptr);
    return rlt_str(text);
}

rlt_asking rlt_asker_asked(const rlt_asker *asker, const relevo_view *view, relevo_str context)
{
    char text[RELEVO_CONTEXT_MAX + 1] = "", language[3] = "";
    int behind = 0;
    rlt_asking asking = {.day = day_of(asker, view)};
    if (context.len > 0 && context.len < sizeof text)
        memcpy(text, context.ptr, context.len);
    if (sscanf(text, "%2s %lf %n", language, &asking.certainty, &behind) == 2 && behind > 0)
        asking.intent = (relevo_str){context.ptr + behind, context.len - (uint64_t)behind};
    asking.language = rlt_language_from(rlt_str(language));
    return asking;
}

int32_t rlt_asker_ask(const rlt_asker *asker, const char *body, const rlt_asking *asking, uint32_t view, const relevo_sink *sink)
{
    char context[RELEVO_CONTEXT_MAX];
    const relevo_answer_effect effect = {.head = {sizeof effect, RELEVO_ANSWER_EFFECT},
                                         .timeout_ms = (uint32_t)asker->wait_ms,
                                         .destination = rlt_str(asker->destination),
                                         .method = RELEVO_STR("POST"),
                                         .path = rlt_str(asker->path),
                                         .content_type = RELEVO_STR("application/json"),
                                         .body = rlt_str(body),
                                         .context = asking ? write_asking(asking, context, sizeof context) : (relevo_str){NULL, 0},
                                         .hold_ms = (uint32_t)asker->wait_ms};
    return sink->emit(sink, view, &effect.head);
}
