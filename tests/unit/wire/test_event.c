/* SPDX-License-Identifier: Apache-2.0 */
/* Events, results and progress: out and back, and every refusal. */
#include "fixture.h"

static rlv_str encoded(struct fixture *f, const rlv_event *ev)
{
    rlv_buf_reset(&f->buf);
    assert_ok(rlv_wire_encode_event(f->wire, ev, &f->buf, &f->err), f);
    return rlv_buf_view(&f->buf);
}

static int decode(struct fixture *f, rlv_str bytes, rlv_event *ret)
{
    return rlv_wire_decode_event(f->wire, f->arena, bytes, ret, &f->err);
}

static void assert_refused(struct fixture *f, rlv_str bytes, const char *words)
{
    rlv_event ev = {.at_ms = 42};
    assert_int_equal(decode(f, bytes, &ev), RLV_E_DECODE);
    assert_says(f, words);
    assert_int_equal(ev.at_ms, 42);
}

static void event_comes_back_whole(void **state)
{
    struct fixture *f = *state;
    const rlv_event in = full_event();
    rlv_event out;
    assert_ok(decode(f, encoded(f, &in), &out), f);
    assert_int_equal(out.kind, RLV_EVENT_STATUS);
    assert_int_equal(out.status, RLV_STATUS_READ);
    assert_true(out.sent_ms == in.sent_ms && out.error_code == in.error_code);
    const size_t texts[] = {offsetof(rlv_event, phone_number_id),
                            offsetof(rlv_event, wa_id),
                            offsetof(rlv_event, user_id),
                            offsetof(rlv_event, customer_name),
                            offsetof(rlv_event, message_id),
                            offsetof(rlv_event, type),
                            offsetof(rlv_event, text),
                            offsetof(rlv_event, reply_id),
                            offsetof(rlv_event, media_id),
                            offsetof(rlv_event, mime_type),
                            offsetof(rlv_event, context_id),
                            offsetof(rlv_event, error_title),
                            offsetof(rlv_event, callback_data),
                            offsetof(rlv_event, note),
                            offsetof(rlv_event, raw)};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        rlv_str a, b;
        memcpy(&a, (const char *)&in + texts[i], sizeof(a));
        memcpy(&b, (const char *)&out + texts[i], sizeof(b));
        assert_true(a.len > 0 && rlv_str_eq(a, b));
    }
    assert_true(rlv_id_eq(out.conversation_id, rlv_conversation_id(in.phone_number_id, in.user_id)));
}

static void every_kind_and_status_comes_back(void **state)
{
    struct fixture *f = *state;
    for (int kind = RLV_EVENT_MESSAGE; kind <= RLV_EVENT_UNKNOWN; kind++)
        for (int status = RLV_STATUS_SENT; status <= RLV_STATUS_OTHER; status++) {
            rlv_event in = full_event(), out;
            in.kind = (enum rlv_event_kind)kind;
            in.status = (enum rlv_status)status;
            assert_ok(decode(f, encoded(f, &in), &out), f);
            assert_int_equal(out.kind, kind);
            assert_int_equal(out.status, kind == RLV_EVENT_STATUS ? status : RLV_STATUS_OTHER);
        }
}

static void absent_fields_stay_absent(void **state)
{
    struct fixture *f = *state;
    const rlv_event in = {.kind = RLV_EVENT_UNKNOWN, .phone_number_id = RLV_STR("1"), .wa_id = RLV_STR("2")};
    rlv_event out;
    rlv_str bytes = encoded(f, &in);
    assert_true(bytes.len < 40);
    assert_ok(decode(f, bytes, &out), f);
    assert_int_equal(out.text.len, 0);
    assert_int_equal(out.sent_ms, 0);
    assert_true(rlv_id_eq(out.conversation_id, rlv_conversation_id(in.phone_number_id, in.wa_id)));
}

static void only_whatsapp_kinds_are_written(void **state)
{
    struct fixture *f = *state;
    rlv_event ev = full_event();
    ev.kind = RLV_EVENT_COMMAND;
    assert_int_equal(rlv_wire_encode_event(f->wire, &ev, &f->buf, &f->err), RLV_E_INVALID);
    assert_says(f, "command");
}

static void what_names_no_conversation_is_refused(void **state)
{
    struct fixture *f = *state;
    rlv_event ev = full_event();
    ev.phone_number_id = (rlv_str){NULL, 0};
    assert_refused(f, encoded(f, &ev), "phone_number_id");
    ev = full_event();
    ev.wa_id = ev.user_id = (rlv_str){NULL, 0};
    assert_refused(f, encoded(f, &ev), "neither wa_id nor user_id");
    const enum rlv_event_kind kinds[] = {RLV_EVENT_MESSAGE, RLV_EVENT_ECHO, RLV_EVENT_STATUS};
    for (size_t i = 0; i < 3; i++) {
        ev = full_event();
        ev.kind = kinds[i];
        ev.message_id = (rlv_str){NULL, 0};
        assert_refused(f, encoded(f, &ev), "no message_id");
    }
}

static void text_must_be_utf8(void **state)
{
    struct fixture *f = *state;
    rlv_event ev = full_event();
    ev.text = RLV_STR("caf\xE9");
    assert_refused(f, encoded(f, &ev), "WhatsAppEvent.text is not UTF-8");
    ev = full_event();
    ev.raw = RLV_STR("\xED\xA0\x80");
    assert_refused(f, encoded(f, &ev), "WhatsAppEvent.raw is not UTF-8");
    ev = full_event();
    ev.customer_name = RLV_STR("a\0b"); /* UTF-8, but Postgres cannot store it */
    assert_refused(f, encoded(f, &ev), "WhatsAppEvent.customer_name");
}

static void strange_bytes_are_refused(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, (rlv_str){NULL, 0}, "C3 01");
    assert_refused(f, RLV_STR("{\"kind\":\"message\"}"), "C3 01");
    assert_refused(f,
                   RLV_STR("\xC3\x01"
                           "abcdefgh"),
                   "unknown schema, fingerprint 6867666564636261");
    const rlv_event ev = full_event();
    rlv_str bytes = encoded(f, &ev);
    for (size_t n = 10; n < bytes.len; n++) {
        rlv_event out;
        assert_int_equal(decode(f, (rlv_str){bytes.ptr, n}, &out), RLV_E_DECODE);
        rlv_arena_reset(f->arena);
    }
}

static void another_record_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_ok(rlv_wire_encode_progress(f->wire, RLV_STR("demo"), 3, 9, 1, &f->buf, &f->err), f);
    assert_refused(f, rlv_buf_view(&f->buf), "a Progress where a WhatsAppEvent belongs");
}

/* A text that announces 16 MiB in four bytes: refused, and next to nothing is taken from the batch. */
static void length_bombs_are_refused(void **state)
{
    struct fixture *f = *state;
    const rlv_event ev = {.kind = RLV_EVENT_UNKNOWN, .phone_number_id = RLV_STR("1"), .wa_id = RLV_STR("2")};
    char bomb[16];
    memcpy(bomb, encoded(f, &ev).ptr, 10);
    memcpy(bomb + 10, "\x0A\xFE\xFF\xFF\x0F", 5); /* kind, then a length of 16 MiB */
    for (int i = 0; i < 200; i++)
        assert_refused(f, (rlv_str){bomb, 15}, "more than they hold");
    assert_true(rlv_arena_used(f->arena) < 200 * 8192);
    assert_int_equal(rlv_arena_overflowed(f->arena), 0);
}

static void a_full_batch_is_not_the_messages_fault(void **state)
{
    struct fixture *f = *state;
    const rlv_event ev = full_event();
    rlv_event out;
    rlv_arena *small = rlv_arena_new(512);
    assert_int_equal(rlv_wire_decode_event(f->wire, small, encoded(f, &ev), &out, &f->err), RLV_E_LIMIT);
    rlv_arena_free(small);
}

static void a_small_buffer_is_an_error(void **state)
{
    struct fixture *f = *state;
    const rlv_event ev = full_event();
    rlv_buf small = RLV_BUF_INIT(64);
    assert_int_equal(rlv_wire_encode_event(f->wire, &ev, &small, &f->err), RLV_E_LIMIT);
    assert_int_equal(rlv_wire_encode_result(f->wire, &ev, &small, &f->err), RLV_E_LIMIT);
    assert_int_equal(rlv_wire_encode_progress(f->wire, ev.text, 0, 0, 0, &small, &f->err), RLV_E_LIMIT);
    rlv_buf_free(&small);
}

static void result_comes_back_whole(void **state)
{
    struct fixture *f = *state;
    const rlv_event in = {
        .kind = RLV_EVENT_RESULT,
        .conversation_id = rlv_conversation_id(RLV_STR("1"), RLV_STR("2")),
        .phone_number_id = RLV_STR("1"),
        .wa_id = RLV_STR("2"),
        .user_id = RLV_STR("ES.3"),
        .epoch = 4,
        .effect_id = RLV_STR("0198a2b0-0000-7000-8000-000000000001"),
        .plugin = RLV_STR("crm"),
        .http_status = 503,
        .body = {"\xFF\0\x01", 3},
        .error_title = RLV_STR("no answer"),
        .context = {"\0", 1},
    };
    rlv_event out;
    assert_ok(rlv_wire_encode_result(f->wire, &in, &f->buf, &f->err), f);
    assert_ok(rlv_wire_decode_result(f->wire, f->arena, rlv_buf_view(&f->buf), &out, &f->err), f);
    assert_int_equal(out.kind, RLV_EVENT_RESULT);
    assert_true(rlv_id_eq(out.conversation_id, in.conversation_id));
    assert_true(out.epoch == 4 && out.http_status == 503);
    assert_str(out.phone_number_id, "1");
    assert_str(out.wa_id, "2");
    assert_str(out.user_id, "ES.3");
    assert_str(out.effect_id, "0198a2b0-0000-7000-8000-000000000001");
    assert_str(out.plugin, "crm");
    assert_str(out.error_title, "no answer");
    assert_true(rlv_str_eq(out.body, in.body) && rlv_str_eq(out.context, in.context));
}

static void a_result_must_name_its_effect(void **state)
{
    struct fixture *f = *state;
    rlv_event out,
        ev = {.conversation_id = rlv_conversation_id(RLV_STR("1"), RLV_STR("2")), .plugin = RLV_STR("crm")};
    assert_ok(rlv_wire_encode_result(f->wire, &ev, &f->buf, &f->err), f);
    assert_int_equal(rlv_wire_decode_result(f->wire, f->arena, rlv_buf_view(&f->buf), &out, &f->err),
                     RLV_E_DECODE);
    assert_says(f, "effect_id");
}

static void progress_comes_back(void **state)
{
    struct fixture *f = *state;
    int32_t lane = -1;
    int64_t seq = -1;
    assert_ok(rlv_wire_encode_progress(f->wire, RLV_STR("demo"), 11, 1234567890123, 5, &f->buf, &f->err), f);
    rlv_str bytes = rlv_buf_view(&f->buf);
    assert_ok(rlv_wire_decode_progress(f->wire, f->arena, bytes, RLV_STR("demo"), &lane, &seq, &f->err), f);
    assert_true(lane == 11 && seq == 1234567890123);
    assert_int_equal(
        rlv_wire_decode_progress(f->wire, f->arena, bytes, RLV_STR("prod"), &lane, &seq, &f->err),
        RLV_E_REFUSED);
    assert_says(f, "\"demo\"");
    rlv_buf_reset(&f->buf);
    assert_ok(rlv_wire_encode_progress(f->wire, RLV_STR("demo"), -1, 0, 5, &f->buf, &f->err), f);
    assert_int_equal(rlv_wire_decode_progress(f->wire, f->arena, rlv_buf_view(&f->buf), RLV_STR("demo"),
                                              &lane, &seq, &f->err),
                     RLV_E_DECODE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(event_comes_back_whole),
        T(every_kind_and_status_comes_back),
        T(absent_fields_stay_absent),
        T(only_whatsapp_kinds_are_written),
        T(what_names_no_conversation_is_refused),
        T(text_must_be_utf8),
        T(strange_bytes_are_refused),
        T(another_record_is_refused),
        T(length_bombs_are_refused),
        T(a_full_batch_is_not_the_messages_fault),
        T(a_small_buffer_is_an_error),
        T(result_comes_back_whole),
        T(a_result_must_name_its_effect),
        T(progress_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
