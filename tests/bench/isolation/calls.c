/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugins of a configuration, called as a lane calls them, without Kafka and Postgres: calls CONFIG TEXTS
 * SECONDS, for bench_isolation.py. TEXTS is a file with a message on each line. It prints `batch
 * EVENTS_PER_SECOND` of batches of 1000 and `single P50_US P99_US` of events that come alone. It must measure
 * nothing but the calls.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "host/host.h"

enum {
    EVENTS = 1000,
    TURNS = 6,
    SINGLES_MAX = 200000,
    LINE = 1024
};

static struct message {
    char text[LINE];
    rlv_conversation conversation;
    rlv_event event;
    rlv_answers answers;
    rlv_decisions decisions;
} messages[EVENTS];

static rlv_subject subjects[EVENTS];
static double took[SINGLES_MAX];

static void read_texts(const char *path)
{
    FILE *file = fopen(path, "re");
    for (size_t i = 0; i < EVENTS; i++) {
        struct message *m = &messages[i];
        if (!file || !fgets(m->text, sizeof(m->text), file)) {
            (void)fprintf(stderr, "%s: it wants %d lines\n", path, EVENTS);
            exit(66);
        }
        m->text[strcspn(m->text, "\n")] = '\0';
        m->event = (rlv_event){.kind = RLV_EVENT_MESSAGE,
                               .phone_number_id = RLV_STR("106540352242922"),
                               .wa_id = RLV_STR("573000000001"),
                               .message_id = RLV_STR("wamid.HBgMNTczMDAVAgASGBQzA7AED89F4FA5"),
                               .type = RLV_STR("text"),
                               .text = rlv_str_from(m->text)};
        rlv_conversation *c = &m->conversation;
        c->id = rlv_conversation_id(m->event.phone_number_id, rlv_str_from(m->text));
        c->owner = RLV_OWNER_BOT;
        c->epoch = 1;
        c->messages = TURNS / 2 + 1;
        for (c->n_turns = 0; c->n_turns < TURNS; c->n_turns++)
            c->turns[c->n_turns] = (rlv_turn){.by = c->n_turns % 2 ? RELEVO_BY_BOT : RELEVO_BY_CUSTOMER,
                                              .text = rlv_str_from(messages[i / 2].text)};
    }
    (void)fclose(file);
}

/* The phases of a message that nobody hands off. */
static void call(const rlv_host *host, rlv_arena *arena, size_t first, size_t n)
{
    static const enum rlv_phase phases[] = {RLV_PHASE_CLASSIFY, RLV_PHASE_TRIGGER, RLV_PHASE_RESPOND};
    rlv_arena_reset(arena);
    for (size_t i = 0; i < n; i++) {
        struct message *m = &messages[(first + i) % EVENTS];
        m->answers = (rlv_answers){0};
        subjects[i] = (rlv_subject){.conversation = &m->conversation,
                                    .event = &m->event,
                                    .at_ms = 1767225600000,
                                    .decisions = &m->decisions,
                                    .answers = &m->answers};
    }
    for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++) {
        rlv_error err;
        if (rlv_host_call(host, phases[i], NULL, arena, subjects, n, &err)) {
            (void)fprintf(stderr, "%s\n", err.message);
            exit(70);
        }
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int64_t seconds;
    rlv_config *config;
    rlv_host *host;
    rlv_error err;
    if (argc != 4 || !rlv_str_int(rlv_str_from(argv[3]), &seconds))
        return 64;
    if (rlv_config_load(argv[1], NULL, &config, &err) || rlv_host_new(config, &host, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 78;
    }
    read_texts(argv[2]);
    rlv_arena *arena = rlv_arena_new((size_t)256 << 20);
    if (!arena)
        return 71;
    call(host, arena, 0, EVENTS);
    int64_t began = rlv_clock_mono_us(), us = seconds * 1000000, batches = 0, now;
    for (; (now = rlv_clock_mono_us()) - began < us; batches++)
        call(host, arena, 0, EVENTS);
    (void)printf("batch %.1f\n", (double)batches * EVENTS * 1e6 / (double)(now - began));
    size_t n = 0;
    for (began = rlv_clock_mono_us(); n < SINGLES_MAX && rlv_clock_mono_us() - began < us; n++) {
        int64_t before = rlv_clock_mono_us();
        call(host, arena, n, 1);
        took[n] = (double)(rlv_clock_mono_us() - before);
    }
    qsort(took, n, sizeof(*took), by_size);
    (void)printf("single %.1f %.1f\n", took[n / 2], took[n * 99 / 100]);
    rlv_host_free(host);
    rlv_config_free(config);
    rlv_arena_free(arena);
    return 0;
}
