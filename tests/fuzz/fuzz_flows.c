/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file of question flows, and behind a NUL as a customer's messages, one a line: read or refused in one
   line, and gone through without a crash, with values that are UTF-8 and fit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lead_qualifier/advance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGES_MAX = 8, SLOTS_MAX = 24 };

static void check_values(const lq_turn *turn)
{
    for (size_t i = 0; i < turn->n_taken; i++) {
        size_t len = strlen(turn->taken[i].value);
        if (len == 0 || len > LQ_VALUE_MAX || rlt_cut((relevo_str){turn->taken[i].value, len}, len).len != len)
            abort();
    }
}

static void converse(const lq_business *business, const char *text, size_t len)
{
    relevo_slot slots[SLOTS_MAX];
    const relevo_slot *list[SLOTS_MAX];
    relevo_digest digest = {.size = sizeof digest};
    relevo_message message = {.size = sizeof message, .id = RELEVO_STR("wamid.1")};
    relevo_view view = {.size = sizeof view, .message = &message, .digest = &digest, .slots = list,
                        .customer_id = RELEVO_STR("5215512345678"), .at_ms = INT64_C(1767225600000)};
    char memory[LQ_STATE_MAX];
    rlt_work *work = rlt_work_new();
    lq_turn *turn = malloc(sizeof *turn);
    for (int i = 0; work && turn && len > 0 && i < MESSAGES_MAX; i++) {
        const char *end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : len;
        message.text = (relevo_str){text, line};
        for (int early = 1; early >= 0; early--) {
            rlt_work_reset(work);
            if (!lq_advance(business, work, &view, early, turn))
                abort();
            check_values(turn);
        }
        for (size_t k = 0; k < turn->n_taken && view.n_slots < SLOTS_MAX; k++) {
            slots[view.n_slots] = (relevo_slot){.size = sizeof *slots, .name = turn->taken[k].slot->name, .value = RELEVO_STR("1")};
            list[view.n_slots] = &slots[view.n_slots];
            view.n_slots++;
        }
        view.memory = (relevo_str){memory, lq_state_write(turn->flows, &turn->after, memory)};
        line += end != NULL;
        text += line;
        len -= line;
    }
    free(turn);
    rlt_work_free(work);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *nul = size ? memchr(text, 0, size) : NULL;
    size_t len = nul ? (size_t)(nul - text) : size;
    static lq_business business = {.country = "", .utc_offset = NAN};
    rlt_error error = {""};
    if (!business.finder) {
        business.finder = rlt_finder_new();
        if (!business.finder || !lq_words_make(&business.words))
            abort();
    }
    if (!lq_flows_parse("flows.yaml", (relevo_str){text, len}, &business.flows, &error)) {
        if (error.line[0] == '\0')
            abort();
        return 0;
    }
    converse(&business, nul ? nul + 1 : "", nul ? size - len - 1 : 0);
    lq_flows_clear(&business.flows);
    return 0;
}
