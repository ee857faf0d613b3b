/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas of others: Confluent's framing, evolution of every kind in both framings, and schemas that are
 * bombs. */
#include "fixture.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

#include "wire/put.h"
#include "wire/schema.h"

#define KINDS                                                                                                \
    "{\"type\":\"enum\",\"name\":\"WhatsAppKind\",\"symbols\":[\"message\",\"status\",\"echo\","             \
    "\"handover\",\"error\","                                                                                \
    "\"unknown\"]}"
#define KIND      "{\"name\":\"kind\",\"type\":" KINDS "}"
#define NUMBER    "{\"name\":\"phone_number_id\",\"type\":\"string\"}"
#define OPT(name) "{\"name\":\"" name "\",\"type\":[\"null\",\"string\"],\"default\":null}"
#define EVENT(fields)                                                                                        \
    "{\"type\":\"record\",\"name\":\"WhatsAppEvent\",\"namespace\":\"relevo.v1\",\"fields\":[" fields "]}"

/* The smallest writer that is enough, and its values. */
#define SMALL EVENT(KIND "," NUMBER "," OPT("wa_id") "," OPT("message_id") "," OPT("text"))

static void put_frame(rlv_buf *out, uint32_t id)
{
    const char head[] = {0, (char)(id >> 24), (char)(id >> 16), (char)(id >> 8), (char)id};
    rlv_buf_reset(out);
    rlv_buf_append(out, head, sizeof(head));
}

static void put_small(rlv_buf *out)
{
    rlv_put_long(out, 0);
    rlv_put_str(out, RLV_STR("555"));
    rlv_put_opt_str(out, RLV_STR("34600"));
    rlv_put_opt_str(out, RLV_STR("wamid.1"));
    rlv_put_opt_str(out, RLV_STR("hola"));
}

static void learn(struct fixture *f, uint32_t id, const char *schema)
{
    assert_false(rlv_wire_knows(f->wire, id));
    assert_ok(rlv_wire_learn_id(f->wire, id, rlv_str_from(schema), &f->err), f);
    assert_true(rlv_wire_knows(f->wire, id));
}

static void assert_decodes(struct fixture *f, const char *text)
{
    rlv_event ev;
    rlv_arena_reset(f->arena);
    assert_ok(rlv_wire_decode_event(f->wire, f->arena, rlv_buf_view(&f->buf), &ev, &f->err), f);
    assert_str(ev.phone_number_id, "555");
    assert_str(ev.wa_id, "34600");
    assert_str(ev.text, text);
}

static void assert_fails(struct fixture *f, int code, const char *words)
{
    rlv_event ev;
    rlv_arena_reset(f->arena);
    assert_int_equal(rlv_wire_decode_event(f->wire, f->arena, rlv_buf_view(&f->buf), &ev, &f->err), code);
    assert_says(f, words);
}

static void assert_dead(struct fixture *f, const char *words)
{
    assert_fails(f, RLV_E_DECODE, words);
}

static void the_frame_is_told_from_the_mark(void **state)
{
    (void)state;
    uint32_t id = 42;
    assert_false(rlv_wire_framed((rlv_str){NULL, 0}, &id));
    assert_false(rlv_wire_framed(RLV_STR("\0\0\0\1"), &id));
    assert_false(rlv_wire_framed(RLV_STR("\xC3\x01\0\0\0"), &id));
    assert_false(rlv_wire_framed(RLV_STR("\1\0\0\0\7"), &id));
    assert_int_equal(id, 42);
    assert_true(rlv_wire_framed(RLV_STR("\0\x81\2\3\4"), &id));
    assert_true(id == 0x81020304);
}

static void framed_bytes_are_read_once_taught(void **state)
{
    struct fixture *f = *state;
    put_frame(&f->buf, 7);
    put_small(&f->buf);
    assert_dead(f, "no registry to ask: set registry.url");
    learn(f, 7, SMALL);
    assert_decodes(f, "hola");
    put_frame(&f->buf, 0xFFFFFFFF);
    put_small(&f->buf);
    assert_dead(f, "schema id 4294967295");
    learn(f, 0xFFFFFFFF, SMALL); /* the same schema again, under another id */
    assert_decodes(f, "hola");
    for (size_t n = 0; n < f->buf.len; n++) { /* truncated at every byte */
        rlv_event ev;
        rlv_arena_reset(f->arena);
        assert_int_equal(rlv_wire_decode_event(f->wire, f->arena, (rlv_str){f->buf.data, n}, &ev, &f->err),
                         RLV_E_DECODE);
    }
    rlv_buf_append(&f->buf, "\0", 1);
    assert_dead(f, "bytes follow");
}

/* A writer's schema, the value that it writes (a function), and the text that must arrive. */
static void added(rlv_buf *out)
{
    rlv_put_long(out, 3); /* new: before all others */
    put_small(out);
    rlv_put_long(out, 2); /* new: a list of two texts and its end */
    rlv_put_str(out, RLV_STR("a"));
    rlv_put_str(out, RLV_STR("b"));
    rlv_put_long(out, 0);
    rlv_put_long(out, 1); /* new: a map */
    rlv_put_str(out, RLV_STR("k"));
    rlv_put_long(out, 9);
    rlv_put_long(out, 0);
}

static void reordered(rlv_buf *out)
{
    rlv_put_opt_str(out, RLV_STR("hola"));
    rlv_put_opt_str(out, RLV_STR("wamid.1"));
    rlv_put_str(out, RLV_STR("34600")); /* and no longer a union */
    rlv_put_long(out, 0);
    rlv_put_str(out, RLV_STR("555"));
}

static void promoted(rlv_buf *out)
{
    put_small(out);
    rlv_put_some(out);
    rlv_put_long(out, 77); /* sent_at as an int */
}

static void renumbered(rlv_buf *out)
{
    rlv_put_long(out, 1); /* "message" in the writer's order */
    rlv_put_str(out, RLV_STR("555"));
    rlv_put_opt_str(out, RLV_STR("34600"));
    rlv_put_opt_str(out, RLV_STR("wamid.1"));
    rlv_put_opt_str(out, RLV_STR("hola"));
}

static const struct {
    const char *schema;
    void (*put)(rlv_buf *);
} evolutions[] = {
    {SMALL, put_small},
    {EVENT("{\"name\":\"new\",\"type\":\"int\"}," KIND "," NUMBER
           "," OPT("wa_id") "," OPT("message_id") "," OPT(
               "text") ",{\"name\":\"list\",\"type\":{\"type\":\"array\",\"items\":\"string\"}}"
                       ",{\"name\":\"map\",\"type\":{\"type\":\"map\",\"values\":\"long\"}}"),
     added},
    {EVENT(OPT("text") "," OPT("message_id") ",{\"name\":\"wa_id\",\"type\":\"string\"}," KIND "," NUMBER),
     reordered},
    {EVENT(KIND "," NUMBER "," OPT("wa_id") "," OPT("message_id") "," OPT(
         "text") ",{\"name\":\"sent_at\",\"type\":[\"null\",\"int\"]}"),
     promoted},
    {EVENT(KIND "," NUMBER
                ",{\"name\":\"wa_id\",\"type\":[\"null\",\"bytes\"]}," OPT("message_id") "," OPT("text")),
     put_small},
    {EVENT("{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"K\",\"symbols\":[\"novelty\","
           "\"message\"]}}," NUMBER "," OPT("wa_id") "," OPT("message_id") "," OPT("text")),
     renumbered},
};

static void writers_evolve_in_both_framings(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < sizeof(evolutions) / sizeof(*evolutions); i++) {
        learn(f, i, evolutions[i].schema);
        put_frame(&f->buf, i);
        evolutions[i].put(&f->buf);
        assert_decodes(f, "hola");
        /* The fingerprint of the same schema is known since then. */
        const struct rlv_schema *s = &f->wire->schemas[f->wire->n_schemas - 1];
        rlv_buf_reset(&f->buf);
        rlv_buf_append(&f->buf, "\xC3\x01", 2);
        for (int b = 0; b < 8; b++) {
            char byte = (char)(s->fingerprint >> (8 * b));
            rlv_buf_append(&f->buf, &byte, 1);
        }
        evolutions[i].put(&f->buf);
        assert_decodes(f, "hola");
    }
}

static void a_new_kind_is_unknown(void **state)
{
    struct fixture *f = *state;
    rlv_event ev;
    learn(f, 1, evolutions[5].schema);
    put_frame(&f->buf, 1);
    rlv_put_long(&f->buf, 0); /* "novelty" */
    rlv_put_str(&f->buf, RLV_STR("555"));
    rlv_put_opt_str(&f->buf, RLV_STR("34600"));
    rlv_put_null(&f->buf);
    rlv_put_null(&f->buf);
    assert_ok(rlv_wire_decode_event(f->wire, f->arena, rlv_buf_view(&f->buf), &ev, &f->err), f);
    assert_int_equal(ev.kind, RLV_EVENT_UNKNOWN);
    for (int64_t stray = -1; stray < 70; stray += 3 + 60 * (stray > 0)) { /* -1, 2, 65: no symbols of its */
        put_frame(&f->buf, 1);
        rlv_put_long(&f->buf, stray);
        rlv_put_str(&f->buf, RLV_STR("555"));
        rlv_put_opt_str(&f->buf, RLV_STR("34600"));
        rlv_put_opt_str(&f->buf, RLV_STR("wamid.1"));
        rlv_put_null(&f->buf);
        assert_dead(f, "WhatsAppEvent.kind holds a number that is none of its symbols");
    }
}

static const struct {
    const char *schema, *words;
} unfit[] = {
    {"", "line 1"},
    {"{", "line 1"},
    {"\"string\"", "is no record of Relevo's"},
    {"{\"type\":\"record\",\"name\":\"Other\",\"fields\":[]}", "\"Other\" is no record of Relevo's"},
    {EVENT(NUMBER "," OPT("wa_id")), "has no field kind, which has no default"},
    {EVENT(KIND "," OPT("wa_id")), "has no field phone_number_id"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"text\",\"type\":\"int\"}"),
     "WhatsAppEvent.text has a type that cannot be read"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"text\",\"type\":[\"null\",\"string\",\"int\"]}"),
     "WhatsAppEvent.text has a type"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"sent_at\",\"type\":\"double\"}"),
     "WhatsAppEvent.sent_at has a type"},
    {EVENT("{\"name\":\"kind\",\"type\":\"string\"}," NUMBER), "WhatsAppEvent.kind has a type"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\",\"type\":\"Nothing\"}"), "\"Nothing\" that it does not define"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\",\"type\":[\"null\",\"WhatsAppEvent\"]}"), "contains itself"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\",\"type\":{\"type\":\"array\",\"items\":\"WhatsAppEvent\"}}"),
     "contains itself"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\",\"type\":{\"type\":\"array\",\"items\":\"null\"}}"),
     "items without bytes"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":0}}"),
     "a size that cannot be"},
    {EVENT(KIND "," NUMBER
                ",{\"name\":\"x\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":2147483647}}"),
     "a size that"},
    {EVENT(KIND "," NUMBER
                ",{\"name\":\"x\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"E\","
                "\"fields\":[]}}}"),
     "items without bytes"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\",\"type\":" KINDS "}"), "twice"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\"}"), "a type is missing"},
    {EVENT(KIND "," NUMBER ",{\"type\":\"int\"}"), "a field without a name"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\",\"type\":{\"type\":\"enum\",\"name\":\"Y\"}}"),
     "an enum without symbols"},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\",\"type\":{\"type\":\"record\",\"name\":\"Y\"}}"),
     "without \"fields\""},
    {EVENT(KIND "," NUMBER ",{\"name\":\"x\",\"type\":\"int\"},{\"name\":\"x\",\"type\":\"int\"}"),
     "two fields are called \"x\""},
    {EVENT(KIND "," NUMBER ",{\"name\":\"a b\",\"type\":\"int\"}"), "avro-c refuses it"},
};

static void what_cannot_be_resolved_is_refused_for_ever(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < sizeof(unfit) / sizeof(*unfit); i++) {
        put_frame(&f->buf, i);
        put_small(&f->buf);
        if (rlv_wire_learn_id(f->wire, i, rlv_str_from(unfit[i].schema), &f->err) != RLV_E_INVALID)
            fail_msg("it was taught: %s", unfit[i].schema);
        assert_says(f, unfit[i].words);
        assert_true(rlv_wire_knows(f->wire, i));
        assert_fails(f, RLV_E_REFUSED, unfit[i].words);
    }
}

/* ---- bombs ---- */

/* "before", a number, "after"; without an after only "before". */
static void put_repeated(rlv_buf *out, const char *before, const char *after, int n)
{
    for (int i = 0; i < n; i++)
        if (after)
            rlv_buf_printf(out, "%s%d%s", before, i, after);
        else
            rlv_buf_printf(out, "%s", before);
}

static void bomb(struct fixture *f, int which, rlv_buf *out)
{
    rlv_buf_reset(out);
    rlv_buf_printf(out, "%s", "{\"type\":\"record\",\"name\":\"WhatsAppEvent\",\"fields\":[" KIND "," NUMBER);
    switch (which) {
    case 0: /* thousands of fields */
        put_repeated(out, ",{\"name\":\"f", "\",\"type\":\"int\"}", 5000);
        break;
    case 1: /* a gigantic enum */
        rlv_buf_printf(out, ",{\"name\":\"x\",\"type\":{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"s\"");
        put_repeated(out, ",\"s", "\"", 20000);
        rlv_buf_printf(out, "]}}");
        break;
    case 2: /* deeply nested */
        rlv_buf_printf(out, ",{\"name\":\"x\",\"type\":");
        put_repeated(out, "{\"type\":\"array\",\"items\":", NULL, 5000);
        rlv_buf_printf(out, "\"int\"");
        put_repeated(out, "}", NULL, 5000);
        rlv_buf_printf(out, "}");
        break;
    case 3: /* each record ten times in the next: a thousand million laughs */
        rlv_buf_printf(out, ",{\"name\":\"r0\",\"type\":{\"type\":\"record\",\"name\":\"R0\",\"fields\":["
                            "{\"name\":\"a\",\"type\":\"int\"}]}}");
        for (int i = 1; i < 10; i++) {
            rlv_buf_printf(
                out, ",{\"name\":\"r%d\",\"type\":{\"type\":\"record\",\"name\":\"R%d\",\"fields\":[", i, i);
            for (int k = 0; k < 10; k++)
                rlv_buf_printf(out, "%s{\"name\":\"a%d\",\"type\":\"R%d\"}", k ? "," : "", k, i - 1);
            rlv_buf_printf(out, "]}}");
        }
        break;
    case 4: /* huge */
        rlv_buf_printf(out, ",{\"name\":\"x\",\"type\":\"int\",\"doc\":\"");
        put_repeated(out, "aaaaaaaaaaaaaaaaaaaa", NULL, 20000);
        rlv_buf_printf(out, "\"}");
        break;
    case 5: /* brackets only */
        rlv_buf_reset(out);
        put_repeated(out, "[", NULL, 200000);
        return;
    case 6: /* thousands of types */
        for (int i = 0; i < 500; i++)
            rlv_buf_printf(
                out, ",{\"name\":\"x%d\",\"type\":{\"type\":\"enum\",\"name\":\"E%d\",\"symbols\":[\"s\"]}}",
                i, i);
        break;
    default: /* a name without end */
        rlv_buf_printf(out, ",{\"name\":\"x\",\"type\":{\"type\":\"enum\",\"name\":\"");
        put_repeated(out, "n", NULL, 1000);
        rlv_buf_printf(out, "\",\"symbols\":[\"s\"]}}");
        break;
    }
    rlv_buf_printf(out, "]}");
    (void)f;
}

static void bombs_are_refused_in_the_same_memory(void **state)
{
    struct fixture *f = *state;
    rlv_buf text = RLV_BUF_INIT(1024 * 1024);
    size_t before = 0;
    for (uint32_t round = 0; round < 300; round++) {
        bomb(f, (int)(round % 8), &text);
        assert_false(text.failed);
        if (rlv_wire_learn_id(f->wire, round, rlv_buf_view(&text), &f->err) != RLV_E_INVALID)
            fail_msg("bomb %u was taught", round % 8);
        if (round == 20)
            before = mallinfo2().uordblks;
    }
    assert_true(mallinfo2().uordblks < before + 300 * 1024);
    rlv_buf_free(&text);
    learn(f, 1000, SMALL);
    put_frame(&f->buf, 1000);
    put_small(&f->buf);
    assert_decodes(f, "hola");
}

/* As many ids as a producer can make up, each with a schema of its own: no more than a few are kept, all are
 * read. */
static void ids_without_end_take_no_memory(void **state)
{
    struct fixture *f = *state;
    char schema[1000];
    size_t before = 0;
    for (uint32_t id = 1; id <= 3000; id++) {
        (void)snprintf(schema, sizeof(schema),
                       EVENT(KIND "," NUMBER "," OPT("wa_id") "," OPT("message_id") "," OPT("text") "%s"),
                       "");
        if (id % 3 == 0) /* a third of them is refused */
            (void)snprintf(schema, sizeof(schema), "{\"type\":\"record\",\"name\":\"Other%u\",\"fields\":[]}",
                           id);
        else if (id % 3 == 1) {
            char *end = schema + strlen(schema) - 2;
            (void)snprintf(end, sizeof(schema) - (size_t)(end - schema), ",%s%u%s]}", "{\"name\":\"f", id,
                           "\",\"type\":\"null\"}");
        }
        int rc = rlv_wire_learn_id(f->wire, id, rlv_str_from(schema), &f->err);
        assert_int_equal(rc, id % 3 == 0 ? RLV_E_INVALID : RLV_OK);
        put_frame(&f->buf, id);
        put_small(&f->buf);
        if (rc == RLV_OK)
            assert_decodes(f, "hola");
        if (id == 1500)
            before = mallinfo2().uordblks;
    }
    assert_true(mallinfo2().uordblks < before + 2048 * 1024);
}

/* What the code holds for required is what our schema has no default for. */
static void required_is_what_has_no_default(void **state)
{
    (void)state;
    const struct rlv_shape *shapes[] = {&rlv_shape_event, &rlv_shape_result};
    for (size_t s = 0; s < 2; s++) {
        char path[100];
        (void)snprintf(path, sizeof(path), "schemas/avro/%s.avsc", shapes[s]->name);
        json_t *root = json_load_file(path, 0, NULL), *field;
        size_t i, seen = 0;
        assert_non_null(root);
        json_array_foreach(json_object_get(root, "fields"), i, field)
        {
            const char *name = json_string_value(json_object_get(field, "name"));
            for (size_t k = 0; k < shapes[s]->n; k++)
                if (strcmp(shapes[s]->fields[k].name, name) == 0) {
                    assert_int_equal(shapes[s]->fields[k].required,
                                     json_object_get(field, "default") == NULL);
                    seen++;
                }
        }
        assert_int_equal(seen, shapes[s]->n);
        json_decref(root);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(the_frame_is_told_from_the_mark),
        T(framed_bytes_are_read_once_taught),
        T(writers_evolve_in_both_framings),
        T(a_new_kind_is_unknown),
        T(what_cannot_be_resolved_is_refused_for_ever),
        T(bombs_are_refused_in_the_same_memory),
        T(ids_without_end_take_no_memory),
        T(required_is_what_has_no_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
