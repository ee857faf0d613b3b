/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings from endpoints: what is asked, what is taken, what is refused. */
#include "test.h"

#include <math.h>

#include "embedding.h"

static void test_asks(void **state)
{
    (void)state;
    char *body = rlt_embedding_ask("e5", "query: ", rlt_str("¿\"envío\"?"));
    assert_string_equal(body, "{\"model\":\"e5\",\"input\":\"query: ¿\\\"envío\\\"?\"}");
    free(body);
    static char longest[4000];
    memset(longest, 'a', sizeof longest - 1);
    body = rlt_embedding_ask("e5", "", rlt_str(longest));
    assert_true(strlen(body) < 1100);
    free(body);
}

static void test_takes(void **state)
{
    (void)state;
    const char *why;
    float *vector = rlt_embedding_read(rlt_str("{\"data\":[{\"embedding\":[30,40]}]}"), 2, &why);
    assert_non_null(vector);
    assert_true(fabs((double)vector[0] - 0.6) < 1e-6 && fabs((double)vector[1] - 0.8) < 1e-6);
    free(vector);
}

static void test_refuses(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "x", "{}", "{\"data\":[]}", "{\"data\":[{\"embedding\":\"AAAA\"}]}",
                                         "{\"data\":[{\"embedding\":[1]}]}", "{\"data\":[{\"embedding\":[1,2,3]}]}",
                                         "{\"data\":[{\"embedding\":[1,null]}]}", "{\"data\":[{\"embedding\":[0,0]}]}",
                                         "{\"data\":[{\"embedding\":[1,1e300]}]}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const char *why = NULL;
        assert_null(rlt_embedding_read(rlt_str(bodies[i]), 2, &why));
        assert_non_null(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_asks), cmocka_unit_test(test_takes), cmocka_unit_test(test_refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
