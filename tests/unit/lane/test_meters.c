/* SPDX-License-Identifier: Apache-2.0 */
/* The longest names that the configuration lets through, whole in a lane's metrics; and no lag that nobody knows. */
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

static bool rendered(const char *line)
{
    rlv_buf page = RLV_BUF_INIT(1 << 20);
    rlv_metrics_render(&page);
    assert_false(page.failed);
    bool there = strstr(page.data, line) != NULL;
    rlv_buf_free(&page);
    return there;
}

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
    rlv_metric_set(meters.lag_seconds[0], 0);
    assert_true(rendered(line));
    rlv_meters_drop(&meters);
}

static void a_lag_that_nobody_knows(void **state)
{
    (void)state;
    const char *const topics[] = {"events"};
    rlv_config config = {.consume.group = "g"};
    const rlv_lane_env env = {.config = &config, .topics = topics, .n_topics = 1};
    static const char seconds[] = "\nrelevo_lag_seconds{topic=\"events\",partition=\"7\",group=\"g\"} ",
                      messages[] = "\nrelevo_lag_messages{topic=\"events\",partition=\"7\",group=\"g\"} ";
    static rlv_lane_meters meters;
    for (int i = 0; i < 2; i++) { /* the second time it knew something once */
        rlv_meters_take(&meters, &env, 7);
        assert_false(rendered(seconds));
        assert_false(rendered(messages));
        rlv_metric_set(meters.lag[0], 5000);
        rlv_metric_set(meters.lag_seconds[0], 60);
        assert_true(rendered(seconds));
        assert_true(rendered(messages));
        rlv_meters_drop(&meters);
        assert_false(rendered(seconds));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(longest_names), cmocka_unit_test(a_lag_that_nobody_knows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
