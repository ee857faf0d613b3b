/* SPDX-License-Identifier: Apache-2.0 */
/* The longest names that the configuration lets through, whole in a lane's metrics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lane/meters.h"

enum {
    TOPIC = 245, /* core/config/rules.c */
    GROUP = 200
};

static void longest_names(void **state)
{
    (void)state;
    char topic[TOPIC + 1] = "", group[GROUP + 1] = "", line[2 * (TOPIC + GROUP)];
    memset(topic, 't', TOPIC);
    memset(group, 'g', GROUP);
    const char *const topics[] = {topic};
    rlv_config config = {.consume.group = group};
    const rlv_lane_env env = {.config = &config, .topics = topics, .n_topics = 1};
    static rlv_lane_meters meters;
    rlv_meters_take(&meters, &env, INT32_MAX);
    (void)snprintf(line, sizeof(line), "\nrelevo_lag_seconds{topic=\"%s\",partition=\"%d\",group=\"%s\"} 0\n", topic, INT32_MAX, group);
    rlv_buf page = RLV_BUF_INIT(1 << 20);
    rlv_metrics_render(&page);
    assert_false(page.failed);
    assert_non_null(strstr(page.data, line));
    rlv_buf_free(&page);
    rlv_meters_drop(&meters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(longest_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
