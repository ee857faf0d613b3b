/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <stdlib.h>

enum { CEILING = 8 * 1024 * 1024 };

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    f->buf = RLV_BUF_INIT(CEILING);
    f->arena = rlv_arena_new(CEILING);
    f->wire = rlv_wire_new(&f->err);
    if (!f->wire)
        fail_msg("%s", f->err.message);
    assert_non_null(f->arena);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    rlv_wire_free(f->wire);
    rlv_arena_free(f->arena);
    rlv_buf_free(&f->buf);
    free(f);
    return 0;
}

void assert_str_at(const char *file, int line, rlv_str actual, const char *expected)
{
    if (!rlv_str_is(actual, expected)) {
        print_error("\"%.*s\" instead of \"%s\"\n", RLV_STR_ARG(actual), expected);
        _fail(file, line);
    }
}

void assert_ok_at(const char *file, int line, int rc, const rlv_error *err)
{
    if (rc != RLV_OK) {
        print_error("%s: %s\n", rlv_code_name(rc), err->message);
        _fail(file, line);
    }
}

rlv_event full_event(void)
{
    return (rlv_event){
        .kind = RLV_EVENT_STATUS,
        .sent_ms = 1754000000123,
        .phone_number_id = RLV_STR("106540352242922"),
        .wa_id = RLV_STR("34600111222"),
        .user_id = RLV_STR("ES.1502576394655843"),
        .customer_name = RLV_STR("María José"),
        .message_id = RLV_STR("wamid.HBgLMzQ2MDAxMTEyMjI="),
        .type = RLV_STR("interactive"),
        .text = RLV_STR("¿Dónde está mi pedido? 📦"),
        .reply_id = RLV_STR("row-7"),
        .media_id = RLV_STR("2754859441498128"),
        .mime_type = RLV_STR("image/jpeg"),
        .context_id = RLV_STR("wamid.before"),
        .status = RLV_STATUS_READ,
        .error_code = 131047,
        .error_title = RLV_STR("Re-engagement message"),
        .callback_data = RLV_STR("0198a2b0-0000-7000-8000-000000000001"),
        .note = RLV_STR("to the app"),
        .raw = RLV_STR("{\"id\":\"wamid\"}"),
    };
}

void full_conversation(rlv_conversation *c)
{
    *c = (rlv_conversation){
        .phone_number_id = RLV_STR("106540352242922"),
        .wa_id = RLV_STR("34600111222"),
        .user_id = RLV_STR("ES.1502576394655843"),
        .customer_name = RLV_STR("María José"),
        .owner_since_ms = 1754000000001,
        .decided_owner = RLV_OWNER_HUMAN,
        .decided_epoch = 3,
        .opened_ms = 1754000000002,
        .last_in_ms = 1754000000003,
        .idle_timer_ms = 1754000000004,
        .cases = 5,
        .stretch = 6,
        .language = RLV_STR("es"),
        .messages = 7,
        .misses = 8,
        .asked = true,
        .repeats = 9,
        .last_question = 0xFEDCBA9876543210u,
        .open_question = RLV_STR("¿Y la factura?"),
        .n_tried = RLV_TRIED_MAX,
        .n_trend = RLV_TREND_MAX,
        .n_turns = RLV_TURNS_MAX,
        .n_slots = RLV_SLOTS_MAX,
        .n_cooling = RLV_COOLING_MAX,
        .n_memories = RLV_MEMORIES_MAX,
        .n_recent = RLV_RECENT_MAX,
        .held = {.messages = 2,
                 .epoch = 3,
                 .since_ms = 1754000000005,
                 .due_ms = 1754000000006,
                 .effect = rlv_id_record(1754000000005, 3, 41, 2),
                 .by = {RLV_STR("semantic"), RLV_STR("llm")},
                 .n_by = 2,
                 .message_id = RLV_STR("wamid.z"),
                 .type = RLV_STR("image"),
                 .text = RLV_STR("Mira\nesto"),
                 .reply_id = RLV_STR("si"),
                 .media_id = RLV_STR("77"),
                 .sent_ms = 1754000000000,
                 .wordless = RLV_STR("sticker")},
        .held_timer_ms = 1754000000006,
        .served = {.at_ms = 1754000000007,
                   .priority = 7,
                   .score = 0.75,
                   .trigger = RLV_STR("wants_person"),
                   .reason = RLV_STR("Pide una persona."),
                   .evidence = RLV_STR("una persona")},
        .n_past = RLV_PAST_MAX,
    };
    for (int i = 0; i < RLV_TRIED_MAX; i++)
        c->tried[i] = RLV_STR("envios.md#plazos");
    for (int i = 0; i < RLV_TREND_MAX; i++)
        c->trend[i] = -0.1 * i;
    for (int i = 0; i < RLV_TURNS_MAX; i++)
        c->turns[i] =
            (rlv_turn){1 + i % 4, 1754000000000 + i, RLV_STR("wamid.x"), RLV_STR("Hola, buenos días")};
    for (int i = 0; i < RLV_SLOTS_MAX; i++)
        c->slots[i] = (rlv_slot){RLV_STR("pedido"), RLV_STR("A-1001"), RLV_STR("wamid.y"), RLV_STR("A-1000")};
    for (int i = 0; i < RLV_PAST_MAX; i++)
        c->past[i] = (rlv_bygone){.at_ms = 1753000000000 + i,
                                  .ended_ms = 1753000000010 + i,
                                  .ended = i % 2 ? RLV_OWNER_BOT : RLV_OWNER_CLOSED,
                                  .trigger = RLV_STR("sentiment"),
                                  .reason = RLV_STR("Está enojada."),
                                  .agent = RLV_STR("lucia"),
                                  .note = RLV_STR("listo"),
                                  .score = i - 1};
    for (int i = 0; i < RLV_COOLING_MAX; i++)
        c->cooling[i] = (rlv_cooling){RLV_STR("sentiment"), 1754000000000 + i};
    for (int i = 0; i < RLV_MEMORIES_MAX; i++)
        c->memories[i] = (rlv_memory){RLV_STR("survey"), {"\0\xFF\x01", 3}};
    for (int i = 0; i < RLV_RECENT_MAX; i++)
        c->recent[i] = 0x8000000000000001u + (uint64_t)i;
}
