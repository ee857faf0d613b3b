/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo consume`: the role that decides. It loads, listens for operators, joins the group and works until told
   to stop. */
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/role.h"
#include "lane/consumer.h"
#include "ops/ops.h"

static const char help[] =
    "Usage: relevo consume [--config FILE]\n\n"
    "Reads WhatsApp events from Kafka, decides with the plugins, commits to Postgres and publishes. Runs until\n"
    "SIGTERM or SIGINT, then finishes the batch in hand, publishes it and leaves the group; a second signal leaves\n"
    "at once, which loses nothing either. SIGHUP reads file, secrets and plugins anew, if they are good. Kafka or Postgres\n"
    "being away is waited out.\n";

/* The poll loop turns every 100 ms; a rebalance may hold it for the drain time. No plugin takes that long for a batch. */
enum { STUCK_MS = 60000, PORT_TRIES = 20, PORT_PAUSE_MS = 50 };

/* What operators ask of, and tell to. */
struct role {
    rlv_consumer *consumer;
    const rlv_host *host;
};

static bool alive(void *user, double *ret_seconds)
{
    int64_t idle_ms = rlv_consumer_idle_ms(((const struct role *)user)->consumer);
    *ret_seconds = (double)idle_ms / 1e3;
    return idle_ms < STUCK_MS;
}

static bool ready(void *user, char *reason, size_t size)
{
    bool is = rlv_consumer_ready(((const struct role *)user)->consumer, reason, size);
    if (is)
        (void)snprintf(reason, size, "working");
    return is;
}

/* POST /plugins/NAME/release, from `relevo plugin release NAME`. */
static unsigned command(void *user, const char *path, char *reply, size_t size)
{
    const struct role *role = user;
    char name[64] = "", rest[16] = "";
    bool known = false, released = false;
    if (sscanf(path, "/plugins/%63[a-z0-9_]/%15[a-z]", name, rest) != 2 || strcmp(rest, "release") != 0) {
        (void)snprintf(reply, size, "not here: /plugins/NAME/release is what this process can be told");
        return 404;
    }
    released = rlv_host_release(role->host, name, &known);
    if (released)
        (void)snprintf(reply, size, "plugin '%s' is released and will be asked again", name);
    else if (known)
        (void)snprintf(reply, size, "plugin '%s' is in no quarantine", name);
    else
        (void)snprintf(reply, size, "no plugin is called '%s' here: `relevo plugin list` shows them", name);
    return known ? 200 : 404;
}

/* A lane and its Kafka clients are a dozen threads, most of which sleep. Each would get an arena of glibc's, and keep in it what
   it freed; no more run at once than there are processors. */
static void share_arenas(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    (void)mallopt(M_ARENA_MAX, processors > 2 ? 2 * (int)processors : 4);
}

static void warn_lost(void *unused, const char *line)
{
    (void)unused;
    rlv_log(RLV_LOG_WARN, "consume", "%s", line);
}

/* What shows only of all plugins together: which intents are awaited in vain, which question flows none has, and what decisions are marked with. */
static int take_host(rlv_config *config, const rlv_host *host, rlv_error *err)
{
    size_t n = rlv_host_count(host);
    const rlv_host_plugin_info **infos = calloc(n + 1, sizeof(const rlv_host_plugin_info *));
    if (!infos)
        return rlv_error_set(err, RLV_E_LIMIT, "memory is short");
    for (size_t i = 0; i < n; i++)
        infos[i] = rlv_host_info(host, i);
    config->hash = rlv_host_hash(config->hash, infos, n);
    int rc = rlv_host_lost_intents(infos, n, warn_lost, NULL, err);
    if (rc == RLV_OK)
        rc = rlv_host_lost_flows(config, infos, n, warn_lost, NULL, err);
    free(infos);
    return rc;
}

int rlv_cli_consume(int argc, char **argv)
{
    share_arenas();
    rlv_config *config;
    int code = rlv_cli_configured(argc, argv, help, NULL, 0, &config);
    if (code >= 0)
        return code;
    rlv_error err = {0};
    rlv_host *host = NULL;
    rlv_consumer *consumer = NULL;
    rlv_ops *ops = NULL;
    struct role role;
    int rc = rlv_role_catch_signals(argv, "--offline", &err);
    if (rc == RLV_OK)
        rc = rlv_host_new(config, &host, &err);
    if (rc == RLV_OK)
        rc = take_host(config, host, &err);
    if (rc == RLV_OK)
        rc = rlv_consumer_new(config, host, &consumer, &err);
    if (rc == RLV_OK) {
        role = (struct role){consumer, host};
        const rlv_ops_callbacks callbacks = {.user = &role, .alive = alive, .ready = ready, .command = command};
        /* One that was killed this moment may still be leaving. */
        for (int tries = 0; tries == 0 || (rc == RLV_E_UNAVAILABLE && tries < PORT_TRIES && !rlv_role_stop); tries++) {
            if (tries)
                rlv_clock_sleep_ms(PORT_PAUSE_MS);
            rc = rlv_ops_start(config->ops.listen, &callbacks, &ops, &err);
        }
    }
    if (rc == RLV_OK) {
        rlv_log(RLV_LOG_INFO, "consume",
                "relevo " RELEVO_VERSION ": %zu plugins, configuration %016llx, metrics on port %u", rlv_host_count(host), (unsigned long long)config->hash, rlv_ops_port(ops));
        rlv_role_ready(alive, &role);
        rc = rlv_consumer_run(consumer, &rlv_role_stop, &err);
        rlv_role_quiet();
    }
    rlv_ops_stop(ops);
    bool haunted = consumer && rlv_consumer_haunted(consumer);
    rlv_consumer_free(consumer);
    rlv_host_free(host);
    rlv_config_free(config);
    code = rc == RLV_OK ? 0 : rlv_cli_fail(&err);
    if (rc == RLV_OK)
        rlv_log(RLV_LOG_INFO, "consume", "left in order");
    code = rlv_role_end(argv, code);
    if (haunted)
        _exit(code); /* no clean-up of a library under the feet of its threads */
    return code;
}
