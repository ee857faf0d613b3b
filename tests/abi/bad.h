/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bad plugins share: a descriptor with one thing wrong, and a trigger that shows what emit said. It
 * must stay right in everything that a plugin does not change on purpose.
 */
#ifndef RELEVO_TESTS_ABI_BAD_H
#define RELEVO_TESTS_ABI_BAD_H

#include "relevo/plugin.h"

/* The first fields of a descriptor, to be followed by the rest. */
#define ABI_HEAD(magic_, major_, minor_, size_, name_)                                                       \
    .magic = (magic_), .abi_major = (major_), .abi_minor = (minor_), .size = (size_), .name = (name_),       \
    .version = "1.0.0", .summary = "A plugin of the tests.", .kind = RELEVO_KIND_TRIGGER

/* A head without a mistake. */
#define ABI_GOOD_HEAD(name_)                                                                                 \
    ABI_HEAD(RELEVO_PLUGIN_MAGIC, RELEVO_ABI_MAJOR, RELEVO_ABI_MINOR, sizeof(relevo_plugin), name_)

/* Answers about views[0]: score 1, and as evidence the name of the code that a bad answer got from emit. */
static inline int32_t abi_report(const relevo_sink *sink, int32_t code)
{
    static const relevo_str names[] = {
        [0] = RELEVO_STR("RELEVO_OK"),
        [-RELEVO_E_KIND] = RELEVO_STR("RELEVO_E_KIND"),
        [-RELEVO_E_VIEW] = RELEVO_STR("RELEVO_E_VIEW"),
        [-RELEVO_E_LIMIT] = RELEVO_STR("RELEVO_E_LIMIT"),
        [-RELEVO_E_SIZE] = RELEVO_STR("RELEVO_E_SIZE"),
        [-RELEVO_E_TEXT] = RELEVO_STR("RELEVO_E_TEXT"),
    };
    const int32_t n = (int32_t)(sizeof(names) / sizeof(names[0]));
    const relevo_str unknown = RELEVO_STR("a code that plugin.h does not know");
    const relevo_answer_trigger answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_TRIGGER},
        .score = 1,
        .evidence = code <= 0 && code > -n ? names[-code] : unknown,
        .reason = RELEVO_STR("This is what emit said."),
    };
    return sink->emit(sink, 0, &answer.head);
}

/* Nothing to say. */
static inline int32_t abi_silent(void *instance, const relevo_view *const *views, uint32_t n,
                                 const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    (void)n;
    (void)sink;
    return RELEVO_OK;
}

#endif
