/* SPDX-License-Identifier: Apache-2.0 */
/* A trigger that fires when a customer SHOUTS: when most letters of a message are capitals. */
#include <relevo/plugin.h>

#include <stdio.h>
#include <stdlib.h>

/* 1. What an operator may set. The host parses, checks and documents it. */
enum { OPTION_SHARE, OPTION_LETTERS, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    [OPTION_SHARE] = {.size = sizeof(relevo_option),
                      .type = RELEVO_OPTION_REAL,
                      .name = "share",
                      .initial = "0.8",
                      .min = 0,
                      .max = 1,
                      .help = "Fire when this part of the letters are capitals."},
    [OPTION_LETTERS] = {.size = sizeof(relevo_option),
                        .type = RELEVO_OPTION_INTEGER,
                        .name = "letters",
                        .initial = "10",
                        .min = 1,
                        .max = 1000,
                        .help = "Messages with fewer letters are left alone: OK is not shouting."},
};

/* 2. An instance: made once, never changed, used by many threads at the same time. */
typedef struct shouting {
    double share;
    uint64_t letters;
} shouting;

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    shouting *self = malloc(sizeof(*self));
    if (self == NULL) {
        snprintf(error, (size_t)error_size, "out of memory");
        return RELEVO_E_FAILED;
    }
    self->share = values[OPTION_SHARE].real;
    self->letters = (uint64_t)values[OPTION_LETTERS].integer;
    *ret_instance = self;
    return RELEVO_OK;
}

static void destroy(void *instance)
{
    free(instance);
}

/* 3. The work. Texts have a length and no NUL. In UTF-8, À to Þ are C3 80 to C3 9E, and à to þ are C3 A0 to
   C3 BE. */
static void count(relevo_str text, uint64_t *ret_letters, uint64_t *ret_capitals)
{
    uint64_t letters = 0, capitals = 0;
    for (uint64_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        unsigned char last = i > 0 ? (unsigned char)text.ptr[i - 1] : 0;
        int capital = (c >= 'A' && c <= 'Z') || (last == 0xc3 && c >= 0x80 && c <= 0x9e && c != 0x97);
        int small = (c >= 'a' && c <= 'z') || (last == 0xc3 && c >= 0xa0 && c <= 0xbe && c != 0xb7);
        letters += capital || small ? 1 : 0;
        capitals += capital ? 1 : 0;
    }
    *ret_letters = letters;
    *ret_capitals = capitals;
}

/* At most max bytes, never half a character: bytes 10xxxxxx continue one. */
static relevo_str cut(relevo_str text, uint64_t max)
{
    if (text.len > max) {
        text.len = max;
        while (text.len > 0 && ((unsigned char)text.ptr[text.len] & 0xc0) == 0x80) {
            text.len--;
        }
    }
    return text;
}

/* 4. The operation: n views in, any number of answers out. A score and the evidence; whether it hands off is
   the policy's to say. */
static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const shouting *self = instance;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t letters = 0, capitals = 0;
        if (views[i]->message == NULL) {
            continue;
        }
        count(views[i]->message->text, &letters, &capitals);
        if (letters < self->letters || (double)capitals < self->share * (double)letters) {
            continue; /* nothing to say: no answer */
        }
        const relevo_answer_trigger answer = {
            .head = {sizeof(answer), RELEVO_ANSWER_TRIGGER},
            .score = (double)capitals / (double)letters,
            .evidence = cut(views[i]->message->text, 120),
            .reason = RELEVO_STR("The customer is shouting."),
        };
        int32_t result = sink->emit(sink, i, &answer.head);
        if (result != RELEVO_OK) {
            return result;
        }
    }
    return RELEVO_OK;
}

/* 5. The one symbol that the host looks for. */
RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "shouting",
    .version = "1.0.0",
    .summary = "Fires when most letters of a message are capitals.",
    .kind = RELEVO_KIND_TRIGGER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .trigger = trigger,
};
