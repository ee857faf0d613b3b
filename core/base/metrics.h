/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics in Prometheus's text format. A series is made once and then updated without a lock; making, dropping and
 * rendering take one. A series handle stays valid for the process's life, also after it was dropped.
 */
#ifndef RLV_BASE_METRICS_H
#define RLV_BASE_METRICS_H

#include <stdint.h>

#include "base/buf.h"

typedef struct rlv_metric rlv_metric;

/* labels: rendered, `lane="3",topic="x"`, or "" . The same name and labels give the same series again (and revive
   it when dropped). Names end in their unit (_total, _seconds, _bytes). NULL when memory is short; every function
   accepts NULL. */
rlv_metric *rlv_metric_counter(const char *name, const char *help, const char *labels);
rlv_metric *rlv_metric_gauge(const char *name, const char *help, const char *labels);
/* Buckets for durations, 100 µs to 60 s; observe seconds. */
rlv_metric *rlv_metric_seconds(const char *name, const char *help, const char *labels);
/* Buckets for counts, 1 to 10,000. */
rlv_metric *rlv_metric_sizes(const char *name, const char *help, const char *labels);

/* Appends name="value" as `labels` takes it, whatever the value holds; before it a comma when buf holds labels already. */
void rlv_metric_label(rlv_buf *buf, const char *name, const char *value);

void rlv_metric_add(rlv_metric *metric, uint64_t n);
/* NAN: not known; the series is not rendered until it is. */
void rlv_metric_set(rlv_metric *metric, double value);
void rlv_metric_observe(rlv_metric *metric, double value);
/* The value of a counter or gauge; the count of a histogram. */
double rlv_metric_value(const rlv_metric *metric);
/* No longer rendered: what this process no longer owns must not linger in a dashboard. */
void rlv_metric_drop(rlv_metric *metric);

/* Appends everything in the text format, version 0.0.4. Sets buf->failed when it does not fit. */
void rlv_metrics_render(rlv_buf *buf);

#endif
