/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does an event cost more in a conversation that is long? Counts, by callgrind, the instructions of the
 * lane's own stages (decode, load, step, pack, remember) for an event of a conversation that has had 10,
 * 1,000 and 100,000 messages. No server, no plugin. `./dev bench history`; it runs itself under valgrind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lane/batch.h"

enum {
    MEASURED = 8,
    TOGETHER = 500, /* messages of a batch, while the history grows */
    ARENA = 64 << 20
};

struct bench {
    rlv_config *config;
    rlv_stages stages;
    rlv_batch *batch;
    rlv_buf bytes;
    int64_t seq;
};

void measured(struct bench *b, long events); /* callgrind collects inside it only: not static, not inlined */

static void check(int rc, const rlv_error *err)
{
    if (rc == RLV_OK)
        return;
    fprintf(stderr, "bench_history: %s\n", err->message);
    exit(1);
}

/* The next message of the customer, decoded into the batch. */
static void add(struct bench *b)
{
    rlv_error err = {0};
    char id[64], text[96];
    b->seq++;
    (void)snprintf(id, sizeof(id), "wamid.HBgMNTczMDA%012lldA7AED89F4FA5", (long long)b->seq);
    (void)snprintf(text, sizeof(text), "Hola, quiero saber donde esta mi pedido %06lld",
                   (long long)b->seq % 1000000);
    const rlv_event message = {.kind = RLV_EVENT_MESSAGE,
                               .sent_ms = 1754000000000 + b->seq,
                               .phone_number_id = RLV_STR("106540352242922"),
                               .wa_id = RLV_STR("34600111222"),
                               .customer_name = RLV_STR("Maria"),
                               .message_id = rlv_str_from(id),
                               .type = RLV_STR("text"),
                               .text = rlv_str_from(text)};
    rlv_buf_reset(&b->bytes);
    check(rlv_wire_encode_event(b->stages.wire, &message, &b->bytes, &err), &err);
    rlv_batch_item *item = rlv_batch_next(b->batch);
    *item = (rlv_batch_item){0};
    rlv_event *ev = &item->event;
    b->batch->n++;
    check(rlv_wire_decode_event(b->stages.wire, b->batch->arena, rlv_buf_view(&b->bytes), ev, &err), &err);
    ev->at_ms = ev->sent_ms;
    ev->source = (rlv_source){RLV_SOURCE_TOPIC, RLV_STR("whatsapp.events.v1"), 0, b->seq};
}

/* The conversation before its first message, so that load never asks a store. */
static void begin(struct bench *b, rlv_id id)
{
    rlv_error err = {0};
    rlv_conversation conv = {.id = id,
                             .version = 1,
                             .owner = RLV_OWNER_BOT,
                             .epoch = 1,
                             .decided_owner = RLV_OWNER_BOT,
                             .decided_epoch = 1};
    rlv_stored stored = {.id = id, .version = 1, .owner = RLV_OWNER_BOT, .epoch = 1};
    check(rlv_wire_encode_state(b->stages.wire, &conv, b->batch->arena, &stored.state, &err), &err);
    rlv_cache_put(b->stages.cache, &stored);
}

/* n messages in one batch through the lane's stages, as lane.c calls them; what Postgres would have is in the
 * cache. */
static void together(struct bench *b, long n)
{
    rlv_error err = {0};
    rlv_batch_reset(b->batch, (size_t)n);
    int64_t first = b->seq + 1;
    for (long i = 0; i < n; i++)
        add(b);
    if (first == 1)
        begin(b, b->batch->items[0].event.conversation_id);
    check(rlv_batch_load(b->batch, &b->stages, NULL, &err), &err);
    check(rlv_batch_step(b->batch, &b->stages, first, &err), &err);
    rlv_batch_remember(b->batch, &b->stages);
}

__attribute__((noinline)) void measured(struct bench *b, long events)
{
    for (long i = 0; i < events; i++)
        together(b, 1);
}

static int run(long history)
{
    rlv_error err = {0};
    struct bench b = {
        .config = calloc(1, sizeof(*b.config)), .batch = rlv_batch_new(ARENA), .bytes = RLV_BUF_INIT(65536)};
    b.stages = (rlv_stages){.config = b.config, .wire = rlv_wire_new(&err), .cache = rlv_cache_new()};
    if (!b.config || !b.batch || !b.stages.wire || !b.stages.cache)
        check(RLV_E_LIMIT, &err);
    rlv_cache_limit(b.stages.cache, ARENA);
    for (long left = history; left > 0; left -= TOGETHER)
        together(&b, left < TOGETHER ? left : TOGETHER);
    measured(&b, MEASURED);
    rlv_cache_free(b.stages.cache);
    rlv_wire_free(b.stages.wire);
    rlv_batch_free(b.batch);
    rlv_buf_free(&b.bytes);
    free(b.config);
    return 0;
}

/* Runs this program under callgrind; the instructions of an event. */
static double count(const char *program, long history)
{
    char command[4096], line[512];
    long long collected = 0;
    (void)snprintf(
        command, sizeof(command),
        "valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=measured '%s' %ld 2>&1",
        program, history);
    FILE *out = popen(command, "r");
    while (out && fgets(line, sizeof(line), out)) {
        const char *at = strstr(line, "Collected : ");
        if (at)
            collected = strtoll(at + strlen("Collected : "), NULL, 10);
    }
    if (!out || pclose(out) != 0 || collected == 0) {
        fprintf(stderr, "bench_history: valgrind did not run: is it installed?\n");
        exit(1);
    }
    return (double)collected / MEASURED;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return run(strtol(argv[1], NULL, 10));
    double at_10 = count(argv[0], 10), at_1000 = count(argv[0], 1000), at_100000 = count(argv[0], 100000);
    printf("figure instructions_10 %.0f -\n", at_10);
    printf("figure instructions_1000 %.0f -\n", at_1000);
    printf("figure instructions_100000_vs_1000 %.4f 1.05\n", at_100000 / at_1000);
    printf("figure instructions_100000_vs_10 %.4f 1.05\n", at_100000 / at_10);
    return 0;
}
