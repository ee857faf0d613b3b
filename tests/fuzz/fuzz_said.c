/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a language model's answer, bare and wrapped as an endpoint wraps it; and as a text whose personal data is hidden. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "llm/said.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT(s) {(s), sizeof(s) - 1}

static void read_one(relevo_str body, const llm_given *given)
{
    llm_said said = {.text = NULL};
    const char *why = NULL;
    int64_t in = 0, out = 0;
    llm_said_usage(body, &in, &out);
    if (in < 0 || out < 0)
        abort();
    if (!llm_said_read(body, given, &said, &why)) {
        if (!why)
            abort();
        return;
    }
    if (said.action != LLM_HANDOFF && (!said.text || !*said.text))
        abort();
    free(said.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static relevo_str questions[] = {TEXT("¿Cuánto tarda?")};
    static const rlt_article article = {.id = TEXT("envios"),
                                        .title = TEXT("Envíos"),
                                        .language = RLT_ES,
                                        .questions = questions,
                                        .n_questions = 1,
                                        .answer = TEXT("De 3 a 5 días por $120, gratis desde 800; de 9:00 a 18 h: https://a.example")};
    static rlt_finder *finder;
    if (!finder && !(finder = rlt_finder_new()))
        abort();
    relevo_str bytes = {(const char *)data, size};
    llm_given given = {.articles = {&article}, .n = 1, .message = TEXT("pedido 48213"), .asking = {.language = RLT_ES}, .hidden = {.finder = finder}};
    if (!rlt_hide_name(&given.hidden, (relevo_str)TEXT("Eva Luz")))
        abort();
    read_one(bytes, &given);
    json_t *body = json_pack("{s[{s{ss%}}]}", "choices", "message", "content", (const char *)data, size);
    char *wrapped = body ? json_dumps(body, 0) : NULL; /* not for bytes that are no UTF-8 */
    if (wrapped)
        read_one((relevo_str){wrapped, strlen(wrapped)}, &given);
    free(wrapped);
    json_decref(body);
    char *made = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&made, &len);
    if (!out || !rlt_hide(&given.hidden, bytes, out) || fclose(out) != 0)
        abort();
    free(made);
    rlt_hidden_clear(&given.hidden);
    return 0;
}
