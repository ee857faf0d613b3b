/* SPDX-License-Identifier: Apache-2.0 */
/* What deliver reads is what the lanes pack; what it answers is what the lanes read. */
#include "fixture.h"

/* The records of one outcome: a bot's answer and an effect. */
static rlv_record *packed(struct fixture *f, size_t *n)
{
    static rlv_event ev;
    static rlv_conversation c;
    static rlv_decision said, asked;
    ev = (rlv_event){.kind = RLV_EVENT_MESSAGE,
                     .at_ms = 1700000000000,
                     .conversation_id = {{7}},
                     .phone_number_id = RLV_STR("555"),
                     .wa_id = RLV_STR("34600"),
                     .message_id = RLV_STR("wamid.1")};
    c = (rlv_conversation){.id = ev.conversation_id,
                           .phone_number_id = ev.phone_number_id,
                           .wa_id = ev.wa_id,
                           .user_id = RLV_STR("ES.1"),
                           .owner = RLV_OWNER_BOT,
                           .epoch = 3};
    asked = (rlv_decision){.kind = RLV_DECIDED_NOTIFIED,
                           .ordinal = 1,
                           .owner = RLV_OWNER_BOT,
                           .epoch = 3,
                           .as.effect = {.plugin = RLV_STR("crm"),
                                         .effect = {.timeout_ms = 1500,
                                                    .destination = RLV_STR("hub"),
                                                    .method = RLV_STR("POST"),
                                                    .path = RLV_STR("/contacts"),
                                                    .content_type = RLV_STR("application/json"),
                                                    .body = RLV_STR("{\0}"),
                                                    .context = RLV_STR("ctx")}}};
    said = (rlv_decision){.next = &asked,
                          .kind = RLV_DECIDED_REPLIED,
                          .owner = RLV_OWNER_BOT,
                          .epoch = 3,
                          .as.said = {.text = RLV_STR("Abrimos a las 9"),
                                      .source = RLV_STR("horario"),
                                      .to_message = RLV_STR("wamid.1")}};
    const rlv_outcome o = {
        .lane = 4, .seq = 9, .event = &ev, .conversation = &c, .decisions = {&said, &asked, 2}};
    rlv_str blob;
    rlv_record *records;
    assert_ok(rlv_wire_pack(f->wire, f->arena, &o, &blob, &f->err), f);
    assert_ok(rlv_wire_unpack(blob, f->arena, &records, n, &f->err), f);
    return records;
}

static rlv_str record_of(struct fixture *f, enum rlv_topic topic)
{
    size_t n;
    const rlv_record *records = packed(f, &n);
    for (size_t i = 0; i < n; i++)
        if (records[i].topic == topic)
            return records[i].bytes;
    fail_msg("nothing was packed for topic %d", topic);
    return (rlv_str){NULL, 0};
}

static void a_message_is_read(void **state)
{
    struct fixture *f = *state;
    rlv_outbound m;
    assert_ok(rlv_wire_decode_outbound(f->wire, f->arena, record_of(f, RLV_TOPIC_OUTBOUND), &m, &f->err), f);
    assert_true(rlv_id_eq(m.id, rlv_id_record(1700000000000, 4, 9, 0)));
    assert_true(rlv_id_eq(m.conversation_id, (rlv_id){{7}}));
    assert_str(m.phone_number_id, "555");
    assert_str(m.wa_id, "34600");
    assert_str(m.user_id, "ES.1");
    assert_int_equal(m.lane, 4);
    assert_int_equal(m.seq, 9);
    assert_int_equal(m.epoch, 3);
    assert_int_equal(m.author, RLV_AUTHOR_BOT);
    assert_str(m.type, "text");
    assert_str(m.text, "Abrimos a las 9");
    assert_str(m.context_id, "wamid.1");
    assert_int_equal(m.content.len, 0);
    rlv_effect_request q;
    assert_int_equal(rlv_wire_decode_effect(f->wire, f->arena, record_of(f, RLV_TOPIC_OUTBOUND), &q, &f->err),
                     RLV_E_DECODE);
}

static void an_effect_is_read(void **state)
{
    struct fixture *f = *state;
    rlv_effect_request q;
    assert_ok(rlv_wire_decode_effect(f->wire, f->arena, record_of(f, RLV_TOPIC_EFFECTS), &q, &f->err), f);
    assert_true(rlv_id_eq(q.id, rlv_id_record(1700000000000, 4, 9, 1)));
    assert_int_equal(q.lane, 4);
    assert_int_equal(q.epoch, 3);
    assert_str(q.plugin, "crm");
    assert_str(q.effect.destination, "hub");
    assert_str(q.effect.method, "POST");
    assert_str(q.effect.path, "/contacts");
    assert_int_equal(q.effect.body.len, 3);
    assert_str(q.effect.context, "ctx");
    assert_int_equal(q.effect.timeout_ms, 1500);
}

static void a_send_result_comes_back(void **state)
{
    struct fixture *f = *state;
    const rlv_event in = {.kind = RLV_EVENT_UNDELIVERED,
                          .conversation_id = {{7}},
                          .phone_number_id = RLV_STR("555"),
                          .wa_id = RLV_STR("34600"),
                          .epoch = 3,
                          .agent_id = RLV_STR("ana"),
                          .type = RLV_STR("unknown"),
                          .error_code = 131026,
                          .error_title = RLV_STR("no answer"),
                          .callback_data = RLV_STR("018bcfe5-6800-7004-8000-000000000009/2")};
    rlv_event out;
    rlv_buf_reset(&f->buf);
    assert_ok(rlv_wire_encode_send_result(f->wire, &in, &f->buf, &f->err), f);
    assert_ok(rlv_wire_decode_result(f->wire, f->arena, rlv_buf_view(&f->buf), &out, &f->err), f);
    assert_int_equal(out.kind, RLV_EVENT_UNDELIVERED);
    assert_true(rlv_id_eq(out.conversation_id, in.conversation_id));
    assert_str(out.type, "unknown");
    assert_str(out.agent_id, "ana");
    assert_str(out.error_title, "no answer");
    assert_str(out.callback_data, "018bcfe5-6800-7004-8000-000000000009/2");
    assert_int_equal(out.error_code, 131026);
    assert_int_equal(out.epoch, 3);

    rlv_event nameless = in;
    nameless.callback_data = RLV_STR("x/1");
    rlv_buf_reset(&f->buf);
    assert_int_equal(rlv_wire_encode_send_result(f->wire, &nameless, &f->buf, &f->err), RLV_E_INVALID);
    rlv_buf_reset(&f->buf);
    nameless = in;
    nameless.wa_id = (rlv_str){NULL, 0};
    assert_ok(rlv_wire_encode_send_result(f->wire, &nameless, &f->buf, &f->err), f);
    assert_int_equal(rlv_wire_decode_result(f->wire, f->arena, rlv_buf_view(&f->buf), &out, &f->err),
                     RLV_E_DECODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_is_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_effect_is_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_send_result_comes_back, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
