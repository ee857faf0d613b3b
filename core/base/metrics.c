/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics; see metrics.h. Updates must never take a lock: they run once an event. */
#include "base/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum type { COUNTER, GAUGE, HISTOGRAM };
enum { MAX_BUCKETS = 20 };

static const double second_bounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                       0.25,   0.5,     1,      2.5,   5,      10,    30,   60};
static const double size_bounds[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000};

struct rlv_metric {
    struct rlv_metric *next; /* within the family */
    char *labels;
    enum type type;
    const double *bounds;
    size_t n_bounds;
    atomic_bool dropped;
    _Atomic uint64_t count; /* counter's value, histogram's count */
    _Atomic double value;   /* gauge's value, histogram's sum */
    _Atomic uint64_t buckets[MAX_BUCKETS];
};

struct family {
    struct family *next;
    char *name, *help;
    enum type type;
    struct rlv_metric *first;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct family *families;

static void take(void)
{
    (void)pthread_mutex_lock(&lock);
}

static void give(void)
{
    (void)pthread_mutex_unlock(&lock);
}

/* A copy of this process (base/rehearse.h) must not find the lock in the hands of a thread that it does not have. */
static void outlive_forks(void)
{
    (void)pthread_atfork(take, give, give);
}

static struct family *family_get(const char *name, const char *help, enum type type)
{
    struct family **at = &families;
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    struct family *f = calloc(1, sizeof(*f));
    if (!f)
        return NULL;
    f->name = strdup(name);
    f->help = strdup(help);
    f->type = type;
    if (!f->name || !f->help) {
        free(f->name);
        free(f->help);
        free(f);
        return NULL;
    }
    *at = f;
    return f;
}

static rlv_metric *metric_get(const char *name, const char *help, const char *labels, enum type type,
                              const double *bounds, size_t n_bounds)
{
    rlv_metric *m = NULL;
    (void)pthread_once(&once, outlive_forks);
    (void)pthread_mutex_lock(&lock);
    struct family *f = family_get(name, help, type);
    if (!f || f->type != type)
        goto out;
    struct rlv_metric **at = &f->first;
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->labels, labels) == 0) {
            m = *at;
            atomic_store(&m->dropped, false);
            goto out;
        }
    m = calloc(1, sizeof(*m));
    if (!m)
        goto out;
    m->labels = strdup(labels);
    if (!m->labels) {
        free(m);
        m = NULL;
        goto out;
    }
    m->type = type;
    m->bounds = bounds;
    m->n_bounds = n_bounds;
    *at = m;
out:
    (void)pthread_mutex_unlock(&lock);
    return m;
}

void rlv_metric_label(rlv_buf *buf, const char *name, const char *value)
{
    rlv_buf_printf(buf, "%s%s=\"", buf->len ? "," : "", name);
    for (const char *p = value; *p; p++) {
        if (*p == '\n' || *p == '\\' || *p == '"')
            rlv_buf_str(buf, RLV_STR("\\"));
        rlv_buf_str(buf, *p == '\n' ? RLV_STR("n") : (rlv_str){p, 1});
    }
    rlv_buf_str(buf, RLV_STR("\""));
}

rlv_metric *rlv_metric_counter(const char *name, const char *help, const char *labels)
{
    return metric_get(name, help, labels, COUNTER, NULL, 0);
}

rlv_metric *rlv_metric_gauge(const char *name, const char *help, const char *labels)
{
    return metric_get(name, help, labels, GAUGE, NULL, 0);
}

rlv_metric *rlv_metric_seconds(const char *name, const char *help, const char *labels)
{
    return metric_get(name, help, labels, HISTOGRAM, second_bounds, sizeof(second_bounds) / sizeof(*second_bounds));
}

rlv_metric *rlv_metric_sizes(const char *name, const char *help, const char *labels)
{
    return metric_get(name, help, labels, HISTOGRAM, size_bounds, sizeof(size_bounds) / sizeof(*size_bounds));
}

void rlv_metric_add(rlv_metric *metric, uint64_t n)
{
    if (metric)
        atomic_fetch_add_explicit(&metric->count, n, memory_order_relaxed);
}

void rlv_metric_set(rlv_metric *metric, double value)
{
    if (metric)
        atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void rlv_metric_observe(rlv_metric *metric, double value)
{
    if (!metric)
        return;
    size_t i = 0;
    while (i < metric->n_bounds && value > metric->bounds[i])
        i++;
    atomic_fetch_add_explicit(&metric->buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&metric->count, 1, memory_order_relaxed);
    double sum = atomic_load_explicit(&metric->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&metric->value, &sum, sum + value, memory_order_relaxed,
                                                  memory_order_relaxed)) {
    }
}

double rlv_metric_value(const rlv_metric *metric)
{
    if (!metric)
        return 0;
    return metric->type == GAUGE ? atomic_load(&metric->value) : (double)atomic_load(&metric->count);
}

void rlv_metric_drop(rlv_metric *metric)
{
    if (metric)
        atomic_store(&metric->dropped, true);
}

static void render_histogram(rlv_buf *buf, const struct family *f, const struct rlv_metric *m)
{
    const char *comma = m->labels[0] ? "," : "";
    uint64_t sum = 0;
    for (size_t i = 0; i < m->n_bounds; i++) {
        sum += atomic_load(&m->buckets[i]);
        rlv_buf_printf(buf, "%s_bucket{%s%sle=\"%g\"} %llu\n", f->name, m->labels, comma, m->bounds[i],
                       (unsigned long long)sum);
    }
    sum += atomic_load(&m->buckets[m->n_bounds]);
    rlv_buf_printf(buf, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", f->name, m->labels, comma, (unsigned long long)sum);
    const char *open = m->labels[0] ? "{" : "", *close = m->labels[0] ? "}" : "";
    rlv_buf_printf(buf, "%s_sum%s%s%s %.9g\n", f->name, open, m->labels, close, atomic_load(&m->value));
    rlv_buf_printf(buf, "%s_count%s%s%s %llu\n", f->name, open, m->labels, close, (unsigned long long)sum);
}

static void render_series(rlv_buf *buf, const struct family *f, const struct rlv_metric *m)
{
    if (m->type == HISTOGRAM) {
        render_histogram(buf, f, m);
        return;
    }
    rlv_buf_printf(buf, "%s%s%s%s ", f->name, m->labels[0] ? "{" : "", m->labels, m->labels[0] ? "}" : "");
    if (m->type == COUNTER)
        rlv_buf_printf(buf, "%llu\n", (unsigned long long)atomic_load(&m->count));
    else
        rlv_buf_printf(buf, "%.15g\n", atomic_load(&m->value));
}

void rlv_metrics_render(rlv_buf *buf)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    (void)pthread_mutex_lock(&lock);
    for (struct family *f = families; f; f = f->next) {
        bool headed = false;
        for (struct rlv_metric *m = f->first; m; m = m->next) {
            if (atomic_load(&m->dropped) || isnan(atomic_load(&m->value)))
                continue;
            if (!headed)
                rlv_buf_printf(buf, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, types[f->type]);
            headed = true;
            render_series(buf, f, m);
        }
    }
    (void)pthread_mutex_unlock(&lock);
}
