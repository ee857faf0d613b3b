/* SPDX-License-Identifier: Apache-2.0 */
/* What people and monitors see: the log, the metrics; and the clocks. */
#include "test_base.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/str.h"

/* ---- log: stderr goes to a file meanwhile ---- */

static char logged[65536];
static FILE *log_file;
static int saved_stderr;

static void log_begin(void)
{
    log_file = tmpfile();
    assert_non_null(log_file);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0 && dup2(fileno(log_file), STDERR_FILENO) >= 0);
}

static const char *log_end(void)
{
    assert_true(dup2(saved_stderr, STDERR_FILENO) >= 0);
    (void)close(saved_stderr);
    rewind(log_file);
    size_t n = fread(logged, 1, sizeof(logged) - 1, log_file);
    logged[n] = '\0';
    (void)fclose(log_file);
    return logged;
}

static size_t count(const char *text, const char *piece)
{
    size_t n = 0;
    for (const char *p = strstr(text, piece); p; p = strstr(p + 1, piece))
        n++;
    return n;
}

static void a_line_is_a_line(void **state)
{
    (void)state;
    rlv_log_setup(RLV_LOG_INFO, false);
    log_begin();
    rlv_log(RLV_LOG_WARN, "lane 3", "two\nlines %d", 7);
    rlv_log(RLV_LOG_DEBUG, "lane 3", "not shown");
    const char *text = log_end();
    assert_int_equal(count(text, "\n"), 1);
    assert_non_null(strstr(text, "Z warn  lane 3: two lines 7\n"));
    assert_int_equal(text[4], '-');
    assert_int_equal(text[10], 'T');
}

static void json_lines_are_escaped(void **state)
{
    (void)state;
    rlv_log_setup(RLV_LOG_DEBUG, true);
    log_begin();
    rlv_log(RLV_LOG_DEBUG, "a\"b", "x\\\n\x01 ñ");
    const char *text = log_end();
    rlv_log_setup(RLV_LOG_INFO, false);
    assert_non_null(
        strstr(text, "\"level\":\"debug\",\"room\":\"a\\\"b\",\"message\":\"x\\\\\\u000a\\u0001 ñ\"}\n"));
    assert_int_equal(text[0], '{');
}

static void long_lines_are_cut(void **state)
{
    (void)state;
    static char text[8192];
    memset(text, '"', sizeof(text) - 1); /* every character doubles in JSON */
    for (int json = 0; json < 2; json++) {
        rlv_log_setup(RLV_LOG_INFO, json);
        log_begin();
        rlv_log(RLV_LOG_INFO, "r", "%s", text);
        const char *line = log_end();
        assert_in_range(strlen(line), 1000, 4700);
        assert_int_equal(line[strlen(line) - 1], '\n');
        assert_int_equal(count(line, "\n"), 1);
    }
    rlv_log_setup(RLV_LOG_INFO, false);
}

/* ---- metrics ---- */

static void assert_rendered(const char *piece)
{
    rlv_buf buf = RLV_BUF_INIT(1 << 20);
    rlv_metrics_render(&buf);
    assert_false(buf.failed);
    if (!strstr(buf.data, piece))
        fail_msg("%s\nlacks\n%s", buf.data, piece);
    rlv_buf_free(&buf);
}

static void assert_not_rendered(const char *piece)
{
    rlv_buf buf = RLV_BUF_INIT(1 << 20);
    rlv_metrics_render(&buf);
    assert_null(strstr(buf.data, piece));
    rlv_buf_free(&buf);
}

static void counters_and_gauges(void **state)
{
    (void)state;
    rlv_metric *events = rlv_metric_counter("test_events_total", "Events.", "lane=\"3\"");
    rlv_metric *other = rlv_metric_counter("test_events_total", "Events.", "lane=\"4\"");
    rlv_metric *lag = rlv_metric_gauge("test_lag_seconds", "Lag.", "");
    assert_non_null(events);
    assert_ptr_not_equal(events, other);
    assert_ptr_equal(events, rlv_metric_counter("test_events_total", "Events.", "lane=\"3\""));
    assert_null(rlv_metric_gauge("test_events_total", "Events.", "lane=\"3\"")); /* another type */
    rlv_metric_add(events, 5);
    rlv_metric_add(events, 2);
    rlv_metric_set(lag, -1.5);
    assert_true(rlv_metric_value(events) == 7 && rlv_metric_value(other) == 0 &&
                rlv_metric_value(lag) == -1.5);
    assert_rendered("# HELP test_events_total Events.\n# TYPE test_events_total counter\n"
                    "test_events_total{lane=\"3\"} 7\ntest_events_total{lane=\"4\"} 0\n");
    assert_rendered("# TYPE test_lag_seconds gauge\ntest_lag_seconds -1.5\n");
}

static void labels_may_hold_anything(void **state)
{
    (void)state;
    rlv_buf labels = RLV_BUF_INIT(1000);
    rlv_metric_label(&labels, "lane", "3");
    rlv_metric_label(&labels, "destination", "el \"CRM\"\nde C:\\ventas");
    rlv_metric_add(rlv_metric_counter("test_named_total", "Named.", labels.data), 1);
    assert_rendered("test_named_total{lane=\"3\",destination=\"el \\\"CRM\\\"\\nde C:\\\\ventas\"} 1\n");
    rlv_buf_free(&labels);
}

static void dropped_series_are_not_shown(void **state)
{
    (void)state;
    rlv_metric *m = rlv_metric_counter("test_dropped_total", "Dropped.", "lane=\"9\"");
    rlv_metric_add(m, 1);
    rlv_metric_drop(m);
    assert_not_rendered("test_dropped_total");
    assert_ptr_equal(m, rlv_metric_counter("test_dropped_total", "Dropped.", "lane=\"9\""));
    assert_rendered("test_dropped_total{lane=\"9\"} 1\n");
}

static void what_is_not_known_is_not_shown(void **state)
{
    (void)state;
    rlv_metric *m = rlv_metric_gauge("test_unknown", "Unknown.", "");
    rlv_metric_set(m, NAN);
    assert_not_rendered("test_unknown");
    rlv_metric_set(m, 0);
    assert_rendered("test_unknown 0\n");
}

static void histograms_are_cumulative(void **state)
{
    (void)state;
    rlv_metric *t = rlv_metric_seconds("test_step_seconds", "Step.", "stage=\"load\"");
    rlv_metric *n = rlv_metric_sizes("test_batch_size", "Batch.", "");
    rlv_metric_observe(t, 0.0001); /* on the bound: in */
    rlv_metric_observe(t, 0.3);
    rlv_metric_observe(t, 1000);
    rlv_metric_observe(n, 500);
    assert_true(rlv_metric_value(t) == 3);
    assert_rendered("test_step_seconds_bucket{stage=\"load\",le=\"0.0001\"} 1\n");
    assert_rendered("test_step_seconds_bucket{stage=\"load\",le=\"0.25\"} 1\n");
    assert_rendered("test_step_seconds_bucket{stage=\"load\",le=\"0.5\"} 2\n");
    assert_rendered("test_step_seconds_bucket{stage=\"load\",le=\"60\"} 2\n");
    assert_rendered("test_step_seconds_bucket{stage=\"load\",le=\"+Inf\"} 3\n");
    assert_rendered("test_step_seconds_count{stage=\"load\"} 3\n");
    assert_rendered("test_step_seconds_sum{stage=\"load\"} 1000.3001\n");
    assert_rendered("test_batch_size_bucket{le=\"200\"} 0\ntest_batch_size_bucket{le=\"500\"} 1\n");
}

static void no_metric_is_fine(void **state)
{
    (void)state;
    rlv_metric_add(NULL, 1);
    rlv_metric_set(NULL, 1);
    rlv_metric_observe(NULL, 1);
    rlv_metric_drop(NULL);
    assert_true(rlv_metric_value(NULL) == 0);
    rlv_buf small = RLV_BUF_INIT(10);
    rlv_metrics_render(&small);
    assert_true(small.failed);
    rlv_buf_free(&small);
}

static void *count_up(void *unused)
{
    (void)unused;
    rlv_metric *c = rlv_metric_counter("test_shared_total", "Shared.", "");
    rlv_metric *h = rlv_metric_seconds("test_shared_seconds", "Shared.", "");
    for (int i = 0; i < 20000; i++) {
        rlv_metric_add(c, 1);
        rlv_metric_observe(h, 0.5);
    }
    return NULL;
}

static void threads_count_together(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_rendered("test_shared_total 80000\n");
    assert_rendered("test_shared_seconds_sum 40000\n");
}

/* ---- clocks ---- */

static void clocks_move_on(void **state)
{
    (void)state;
    int64_t before = rlv_clock_mono_us();
    rlv_clock_sleep_ms(20);
    int64_t passed = rlv_clock_mono_us() - before;
    assert_true(passed >= 20000 && passed < 10000000);
    assert_true(rlv_clock_wall_ms() > 1700000000000); /* 2023 */
}

static void lines_about_an_event_name_its_trace(void **state)
{
    (void)state;
    rlv_trace trace, none = {.flags = 0};
    assert_true(rlv_trace_parse(RLV_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), &trace));
    rlv_log_setup(RLV_LOG_INFO, false);
    log_begin();
    rlv_log_about(RLV_LOG_WARN, "deliver", &trace, "a message %s", "failed");
    rlv_log_about(RLV_LOG_WARN, "deliver", &none, "another one");
    rlv_log_about(RLV_LOG_WARN, "deliver", NULL, "and another");
    rlv_log_about(RLV_LOG_DEBUG, "deliver", &trace, "not shown");
    rlv_log_setup(RLV_LOG_INFO, true);
    rlv_log_about(RLV_LOG_WARN, "deliver", &trace, "as JSON");
    rlv_log_about(RLV_LOG_WARN, "deliver", &none, "as JSON");
    const char *text = log_end();
    rlv_log_setup(RLV_LOG_INFO, false);
    assert_non_null(strstr(text, "deliver: a message failed trace_id=4bf92f3577b34da6a3ce929d0e0e4736\n"));
    assert_non_null(strstr(text, "deliver: another one\n"));
    assert_non_null(strstr(text, "deliver: and another\n"));
    assert_non_null(strstr(text, "\"message\":\"as JSON\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}\n"));
    assert_non_null(strstr(text, "\"message\":\"as JSON\"}\n"));
    assert_int_equal(count(text, "\n"), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_a_line),
        cmocka_unit_test(json_lines_are_escaped),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(lines_about_an_event_name_its_trace),
        cmocka_unit_test(counters_and_gauges),
        cmocka_unit_test(labels_may_hold_anything),
        cmocka_unit_test(dropped_series_are_not_shown),
        cmocka_unit_test(what_is_not_known_is_not_shown),
        cmocka_unit_test(histograms_are_cumulative),
        cmocka_unit_test(no_metric_is_fine),
        cmocka_unit_test(threads_count_together),
        cmocka_unit_test(clocks_move_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
