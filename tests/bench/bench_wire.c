/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What wire costs one event of a lane: a text comes in, is classified and answered (three decisions and a
 * message out), and the conversation's state is written. `./dev bench wire`
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "wire/wire.h"

enum { ROUNDS = 200000, BATCH = 500, CEILING = 64 * 1024 * 1024 };

static rlv_event event = {
    .kind = RLV_EVENT_MESSAGE,
    .at_ms = 1754000000000,
    .sent_ms = 1754000000000,
    .source = {RLV_SOURCE_TOPIC, {"whatsapp.events.v1", 18}, 3, 900},
    .phone_number_id = {"106540352242922", 15},
    .wa_id = {"34600111222", 11},
    .customer_name = {"Maria", 5},
    .message_id = {"wamid.HBgLMzQ2MDAxMTEyMjIVAgASGBQzQTdBRUQ4OUY0RkE1", 50},
    .type = {"text", 4},
    .text = {"Hola, quiero saber donde esta mi pedido A-1001, por favor", 57},
};
static rlv_conversation conversation = {
    .phone_number_id = {"106540352242922", 15},
    .wa_id = {"34600111222", 11},
    .owner_since_ms = 1754000000000,
    .language = {"es", 2},
    .stretch = 1,
    .cases = 1,
    .n_turns = 6,
    .n_slots = 2,
    .n_trend = 3,
    .n_recent = 6,
};

static void die(const rlv_error *err)
{
    fprintf(stderr, "bench_wire: %s\n", err->message);
    exit(1);
}

static rlv_decisions decide(rlv_decision d[3])
{
    d[0] = (rlv_decision){
        .next = &d[1], .kind = RLV_DECIDED_RECEIVED, .owner = RLV_OWNER_BOT, .epoch = 1, .as.event = &event};
    d[1] = (rlv_decision){.next = &d[2],
                          .kind = RLV_DECIDED_CLASSIFIED,
                          .ordinal = 1,
                          .owner = RLV_OWNER_BOT,
                          .epoch = 1,
                          .as.reading = {RLV_STR("es"), RLV_STR("order_status"), 0.9, 0.1, 0.2, 0, 0}};
    d[2] = (rlv_decision){
        .kind = RLV_DECIDED_REPLIED,
        .ordinal = 2,
        .owner = RLV_OWNER_BOT,
        .epoch = 1,
        .as.said = {.text = RLV_STR("Tu pedido A-1001 sale hoy y llega manana antes de las 14 h."),
                    .source = RLV_STR("envios.md#plazos"),
                    .confidence = 0.8}};
    return (rlv_decisions){d, &d[2], 3};
}

/* Of this thread's processor time: what it costs, whatever else the machine does. */
static int64_t cpu_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

struct costs {
    double decode, pack, encode_state, decode_state;
    size_t event_bytes, blob_bytes, state_bytes;
};

/* Microseconds of each part. */
static struct costs measure(rlv_wire *wire, rlv_arena *arena)
{
    struct costs c = {0};
    int64_t spent[4] = {0};
    rlv_error err;
    rlv_buf buf = RLV_BUF_INIT(65536);
    rlv_decision d[3];
    rlv_outcome outcome = {
        .lane = 3, .seq = 1, .event = &event, .conversation = &conversation, .decisions = decide(d)};
    static rlv_conversation loaded;
    rlv_str blob = {0}, state = {0};
    rlv_event in;
    if (rlv_wire_encode_event(wire, &event, &buf, &err) != RLV_OK)
        die(&err);
    for (int round = 0; round < ROUNDS / BATCH; round++) {
        rlv_arena_reset(arena);
        int rc = RLV_OK;
        int64_t t0 = cpu_ns();
        for (int i = 0; i < BATCH && !rc; i++)
            rc = rlv_wire_decode_event(wire, arena, rlv_buf_view(&buf), &in, &err);
        int64_t t1 = cpu_ns();
        for (int i = 0; i < BATCH && !rc; i++)
            rc = rlv_wire_pack(wire, arena, &outcome, &blob, &err);
        int64_t t2 = cpu_ns();
        for (int i = 0; i < BATCH && !rc; i++)
            rc = rlv_wire_encode_state(wire, &conversation, arena, &state, &err);
        int64_t t3 = cpu_ns();
        for (int i = 0; i < BATCH && !rc; i++)
            rc = rlv_wire_decode_state(wire, arena, state, &loaded, &err);
        int64_t t4 = cpu_ns();
        if (rc)
            die(&err);
        const int64_t took[4] = {t1 - t0, t2 - t1, t3 - t2, t4 - t3};
        for (int k = 0; k < 4; k++)
            spent[k] += took[k];
    }
    c.decode = (double)spent[0] / 1000 / ROUNDS;
    c.pack = (double)spent[1] / 1000 / ROUNDS;
    c.encode_state = (double)spent[2] / 1000 / ROUNDS;
    c.decode_state = (double)spent[3] / 1000 / ROUNDS;
    c.event_bytes = buf.len;
    c.blob_bytes = blob.len;
    c.state_bytes = state.len;
    rlv_buf_free(&buf);
    return c;
}

int main(void)
{
    rlv_error err;
    rlv_wire *wire = rlv_wire_new(&err);
    rlv_arena *arena = rlv_arena_new(CEILING);
    if (!wire || !arena)
        die(&err);
    for (int i = 0; i < conversation.n_turns; i++)
        conversation.turns[i] = (rlv_turn){1 + i % 2, event.at_ms, event.message_id, event.text};
    for (int i = 0; i < conversation.n_slots; i++)
        conversation.slots[i] = (rlv_slot){.name = RLV_STR("pedido"), .value = RLV_STR("A-1001"), .message_id = event.message_id};
    struct costs c = measure(wire, arena);
    printf("decode an event of %zu bytes        %6.2f us\n", c.event_bytes, c.decode);
    printf("pack 4 records into %zu bytes      %6.2f us\n", c.blob_bytes, c.pack);
    printf("write a state of %zu bytes         %6.2f us\n", c.state_bytes, c.encode_state);
    printf("read it, when it is not cached     %6.2f us\n", c.decode_state);
    printf("figure wire_event_us %.2f 5\n", c.decode + c.pack + c.encode_state);
    rlv_arena_free(arena);
    rlv_wire_free(wire);
    return 0;
}
