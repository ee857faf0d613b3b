/* SPDX-License-Identifier: Apache-2.0 */
/* What a reply carries besides its text, as WhatsApp wants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/content.h"

static const rlv_choice scores[] = {{{"survey:5", 8}, {"5", 1}, {NULL, 0}},
                                    {{"survey:4", 8}, {"4", 1}, {"good", 4}},
                                    {{"survey:3", 8}, {"3", 1}, {NULL, 0}},
                                    {{"survey:2", 8}, {"2", 1}, {NULL, 0}}};

static const rlv_str parameters[] = {{"Ana \"A\"", 7}, {"48213", 5}};

static void each_kind(void **state)
{
    (void)state;
    static const struct {
        rlv_extras extras;
        enum rlv_outbound_type type;
        const char *content;
    } cases[] = {
        {{0}, RLV_OUTBOUND_TEXT, NULL},
        {{.choices = scores, .n_choices = 1},
         RLV_OUTBOUND_INTERACTIVE,
         "{\"type\":\"button\",\"body\":{\"text\":\"\\\"hi\\\"\"},\"action\":{\"buttons\":[{\"type\":\"reply\",\"reply\":{\"id\":\"survey:5\","
         "\"title\":\"5\"}}]}}"},
        {{.choices = scores, .n_choices = 4, .menu = {"1 - 5", 5}},
         RLV_OUTBOUND_INTERACTIVE,
         "{\"type\":\"list\",\"body\":{\"text\":\"\\\"hi\\\"\"},\"action\":{\"button\":\"1 - 5\",\"sections\":[{\"rows\":[{\"id\":\"survey:5\","
         "\"title\":\"5\"},{\"id\":\"survey:4\",\"title\":\"4\",\"description\":\"good\"},{\"id\":\"survey:3\",\"title\":\"3\"},"
         "{\"id\":\"survey:2\",\"title\":\"2\"}]}]}}"},
        {{.media_kind = {"video", 5}, .media_url = {"https://x/v", 11}}, RLV_OUTBOUND_VIDEO, "{\"link\":\"https://x/v\",\"caption\":\"\\\"hi\\\"\"}"},
        {{.template = {"como_te_fue", 11}, .language = {"pt_BR", 5}}, RLV_OUTBOUND_TEMPLATE, "{\"name\":\"como_te_fue\",\"language\":{\"code\":\"pt_BR\"}}"},
        {{.template = {"como_te_fue", 11}, .language = {"es", 2}, .parameters = parameters, .n_parameters = 2}, RLV_OUTBOUND_TEMPLATE,
         "{\"name\":\"como_te_fue\",\"language\":{\"code\":\"es\"},\"components\":[{\"type\":\"body\",\"parameters\":["
         "{\"type\":\"text\",\"text\":\"Ana \\\"A\\\"\"},{\"type\":\"text\",\"text\":\"48213\"}]}]}"},
        {{.media_kind = {"document", 8}, .media_id = {"77", 2}, .media_name = {"a.pdf", 5}},
         RLV_OUTBOUND_DOCUMENT,
         "{\"id\":\"77\",\"caption\":\"\\\"hi\\\"\",\"filename\":\"a.pdf\"}"},
        {{.media_kind = {"audio", 5}, .media_id = {"78", 2}, .media_name = {"a.ogg", 5}}, RLV_OUTBOUND_AUDIO, "{\"id\":\"78\"}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rlv_buf out = RLV_BUF_INIT(4096);
        assert_int_equal(rlv_content_type(&cases[i].extras), cases[i].type);
        if (cases[i].content) {
            rlv_content_put(&out, RLV_STR("\"hi\""), &cases[i].extras);
            rlv_buf_append(&out, "", 1);
            assert_string_equal(out.data, cases[i].content);
        }
        rlv_buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_kind)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
