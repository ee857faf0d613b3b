/* SPDX-License-Identifier: Apache-2.0 */
/* See standing.h. Must never take a Kafka that does not answer for an open transaction. */
#include "lane/standing.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    LOOK_US = 1000000,
    SAY_AGAIN_US = 60000000,
    ASK_MS = 1000
};

static void say(enum rlv_log_level level, int32_t lane, const char *what, const char *more)
{
    char name[24];
    (void)snprintf(name, sizeof(name), "lane %d", lane);
    rlv_log(level, name, "%s%s", what, more);
}

static void ask(struct rlv_standing_input *input, const rlv_lane_env *env, const char *topic, int32_t lane)
{
    rlv_error err;
    input->ask_us = rlv_clock_mono_us() + env->config->consume.transaction_timeout_ms * 1000;
    if (rlv_broker_obstructed(env->broker, topic, lane, ASK_MS, &err) != 1)
        return;
    input->ask_us = rlv_clock_mono_us() + SAY_AGAIN_US;
    input->said = true;
    say(RLV_LOG_WARN, lane, "an input does not go on: ", err.message);
}

void rlv_standing_look(rlv_standing *standing, const rlv_lane_env *env, const rlv_feed *feed, int32_t lane, const int64_t *next)
{
    int64_t now_us = rlv_clock_mono_us();
    if (now_us < standing->look_us)
        return;
    standing->look_us = now_us + LOOK_US;
    for (size_t i = 0; i < env->n_topics; i++) {
        struct rlv_standing_input *input = &standing->inputs[i];
        bool stands = input->ask_us && next[i] == input->at && rlv_feed_lag(feed, i, next[i]) > 0;
        if (stands && now_us >= input->ask_us)
            ask(input, env, env->topics[i], lane);
        if (stands)
            continue;
        if (input->said)
            say(RLV_LOG_INFO, lane, "an input goes on: ", env->topics[i]);
        *input = (struct rlv_standing_input){.at = next[i],
                                             .ask_us = now_us + env->config->consume.transaction_timeout_ms * 1000};
    }
}

bool rlv_standing_stuck(const rlv_standing *standing)
{
    for (size_t i = 0; i < RLV_INPUTS_MAX; i++)
        if (standing->inputs[i].said)
            return true;
    return false;
}
