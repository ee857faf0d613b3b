/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical forms and fingerprints, against the vectors of Avro's own share/test/data/schema-tests.txt. */
#include "fixture.h"

#include <stdlib.h>

#include "wire/canonical.h"

static const struct {
    const char *schema, *form;
    int64_t fingerprint;
} vectors[] = {
    {"\"null\"", "\"null\"", 7195948357588979594},
    {"{\"type\":\"null\"}", "\"null\"", 7195948357588979594},
    {"\"boolean\"", "\"boolean\"", -6970731678124411036},
    {"\"int\"", "\"int\"", 8247732601305521295},
    {"\"long\"", "\"long\"", -3434872931120570953},
    {"\"float\"", "\"float\"", 5583340709985441680},
    {"\"double\"", "\"double\"", -8181574048448539266},
    {"\"bytes\"", "\"bytes\"", 5746618253357095269},
    {"\"string\"", "\"string\"", -8142146995180207161},
    {"[  ]", "[]", -1241056759729112623},
    {"[ \"int\"  ]", "[\"int\"]", -5232228896498058493},
    {"{\"fields\":[], \"type\":\"record\", \"name\":\"foo\"}",
     "{\"name\":\"foo\",\"type\":\"record\",\"fields\":[]}", -4824392279771201922},
    {"{\"fields\":[], \"type\":\"record\", \"name\":\"foo\", \"namespace\":\"x.y\"}",
     "{\"name\":\"x.y.foo\",\"type\":\"record\",\"fields\":[]}", 5916914534497305771},
};

static void official_vectors_hold(void **state)
{
    (void)state;
    rlv_buf out = RLV_BUF_INIT(4096);
    rlv_error err;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        rlv_buf_reset(&out);
        assert_int_equal(rlv_canonical_form(rlv_str_from(vectors[i].schema), &out, &err), RLV_OK);
        assert_string_equal(out.data, vectors[i].form);
        assert_true((int64_t)rlv_canonical_crc64(rlv_buf_view(&out)) == vectors[i].fingerprint);
    }
    rlv_buf_free(&out);
}

static void names_types_and_order_are_normalised(void **state)
{
    (void)state;
    rlv_buf out = RLV_BUF_INIT(4096);
    rlv_error err;
    const char *schema =
        "{\"doc\":\"x\",\"type\":\"record\",\"aliases\":[\"q\"],\"fields\":["
        "{\"default\":0,\"type\":{\"logicalType\":\"timestamp-millis\",\"type\":\"long\"},\"name\":\"at\","
        "\"doc\":\"d\"},"
        "{\"name\":\"e\",\"type\":{\"symbols\":[\"A\",\"B\"],\"default\":\"A\",\"name\":\"E\",\"type\":"
        "\"enum\"}},"
        "{\"name\":\"o\",\"type\":[\"null\",\"E\"]},"
        "{\"name\":\"f\",\"type\":{\"type\":\"fixed\",\"size\":16,\"name\":\"o.F\"}},"
        "{\"name\":\"m\",\"type\":{\"values\":{\"items\":\"o.F\",\"type\":\"array\"},\"type\":\"map\"}}"
        "],\"namespace\":\"n\",\"name\":\"R\"}";
    const char *form =
        "{\"name\":\"n.R\",\"type\":\"record\",\"fields\":["
        "{\"name\":\"at\",\"type\":\"long\"},"
        "{\"name\":\"e\",\"type\":{\"name\":\"n.E\",\"type\":\"enum\",\"symbols\":[\"A\",\"B\"]}},"
        "{\"name\":\"o\",\"type\":[\"null\",\"n.E\"]},"
        "{\"name\":\"f\",\"type\":{\"name\":\"o.F\",\"type\":\"fixed\",\"size\":16}},"
        "{\"name\":\"m\",\"type\":{\"type\":\"map\",\"values\":{\"type\":\"array\",\"items\":\"o.F\"}}}]}";
    assert_int_equal(rlv_canonical_form(rlv_str_from(schema), &out, &err), RLV_OK);
    assert_string_equal(out.data, form);
    rlv_buf_free(&out);
}

static void what_is_no_schema_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "7",
        "{}",
        "{\"type\":\"record\",\"name\":\"R\"}",
        "{\"type\":\"record\",\"fields\":[]}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"type\":\"int\"}]}",
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"a\"}]}",
        "{\"type\":\"enum\",\"name\":\"E\"}",
        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[1]}",
        "{\"type\":\"array\"}",
        "[null]",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        rlv_buf out = RLV_BUF_INIT(4096);
        rlv_error err = {0};
        assert_int_equal(rlv_canonical_form(rlv_str_from(bad[i]), &out, &err), RLV_E_INVALID);
        assert_non_null(strstr(err.message, "not an Avro schema"));
        rlv_buf_free(&out);
    }
}

static void depth_and_size_have_ceilings(void **state)
{
    (void)state;
    rlv_buf deep = RLV_BUF_INIT(65536), out = RLV_BUF_INIT(65536), small = RLV_BUF_INIT(8);
    rlv_error err;
    for (int i = 0; i < 100; i++)
        rlv_buf_printf(&deep, "{\"type\":\"array\",\"items\":");
    rlv_buf_printf(&deep, "\"int\"");
    for (int i = 0; i < 100; i++)
        rlv_buf_printf(&deep, "}");
    assert_int_equal(rlv_canonical_form(rlv_buf_view(&deep), &out, &err), RLV_E_INVALID);
    assert_int_equal(rlv_canonical_form(RLV_STR("[\"int\",\"string\"]"), &small, &err), RLV_E_LIMIT);
    rlv_buf_free(&deep);
    rlv_buf_free(&out);
    rlv_buf_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(official_vectors_hold),
        cmocka_unit_test(names_types_and_order_are_normalised),
        cmocka_unit_test(what_is_no_schema_is_refused),
        cmocka_unit_test(depth_and_size_have_ceilings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
