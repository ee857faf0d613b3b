/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `relevo check`: is everything there that `relevo consume` needs? The file, every plugin with its options,
 * Kafka with its topics, Postgres with its schema, the rights on both, the schema registry. It reports all
 * that is wrong, not only the first, and changes nothing.
 */
#include "cli/check.h"

#include <jansson.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/broker.h"
#include "cli/cli.h"
#include "confine/confine.h"
#include "host/host.h"
#include "registry/registry.h"

static const char help[] =
    "Usage: relevo check [--offline | --print] [--for NAME] [--json] [--config FILE]\n\n"
    "Is all there that `relevo consume` needs? One line for each part: OK, or FAIL with what is wrong and "
    "what to do.\n\n"
    "  --offline   connects to nothing: the file, and every plugin with its options\n"
    "  --print     only prints the configuration in force: file, environment and defaults, and which of them each value\n"
    "              is from; secrets are hidden\n"
    "  --for NAME  only what `relevo NAME` uses: servers, secrets and plugins of others need not be there\n"
    "  --json      for machines: one line with all parts, or with all options\n\n"
    "Else it also asks Kafka (topics, partition counts, settings, rights), Postgres (schema, rights) and the "
    "schema\n"
    "registry, if there is one. It changes nothing. Exit code 0; 78: something is wrong; 69: only that a "
    "server did not\n"
    "answer.\n";

enum {
    REGISTRY_WAIT_MS = 5000,
    PAGE_MAX = 8 * 1024 * 1024,
    UTF8_MAX = 4 /* bytes of a character */
};

/* ---- lines
 * ----------------------------------------------------------------------------------------------------- */

static bool waiting;
static json_t *parts; /* with --json: what is printed at the end; else NULL */
static bool lost;     /* a part could not be kept in it */

static void clear_waiting(void)
{
    if (waiting)
        (void)fprintf(stderr, "\r\033[K");
    waiting = false;
}

/* JSON takes nothing else, and names of files and words of servers may be anything: what is none becomes '?'. */
static void only_utf8(char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0, n; i < len; i += n) {
        for (n = 1; n <= UTF8_MAX && n <= len - i && !rlv_str_utf8((rlv_str){text + i, n}); n++) {
        }
        if (n <= UTF8_MAX && n <= len - i)
            continue;
        text[i] = '?';
        n = 1;
    }
}

static void line(const char *verdict, const char *part, const char *fmt, va_list ap)
{
    clear_waiting();
    if (parts) {
        char text[2048];
        (void)vsnprintf(text, sizeof(text), fmt, ap);
        only_utf8(text);
        lost |= json_array_append_new(parts, json_pack("{s:b, s:s, s:s}", "ok", strcmp(verdict, "OK") == 0, "part", part, "text", text)) != 0;
        return;
    }
    (void)printf("%-6s %-9s ", verdict, part);
    (void)vprintf(fmt, ap);
    (void)putchar('\n');
    (void)fflush(stdout);
}

void rlv_check_ok(const char *part, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    line("OK", part, fmt, ap);
    va_end(ap);
}

void rlv_check_fail(rlv_check *check, const char *part, const char *fmt, ...)
{
    va_list ap;
    check->wrong++;
    va_start(ap, fmt);
    line("FAIL", part, fmt, ap);
    va_end(ap);
}

void rlv_check_waiting(const char *fmt, ...)
{
    va_list ap;
    if (!isatty(STDERR_FILENO))
        return;
    clear_waiting();
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fprintf(stderr, " ...");
    (void)fflush(stderr);
    waiting = true;
}

/* ---- without a connection
 * -------------------------------------------------------------------------------------- */

static void check_properties(rlv_check *check)
{
    rlv_error err;
    rd_kafka_conf_t *conf = rlv_broker_conf(check->config, "check", NULL, 0, &err);
    if (!conf) {
        rlv_check_fail(check, "kafka", "%s", err.message);
        return;
    }
    rd_kafka_conf_destroy(conf);
    rlv_check_ok("kafka", "%s", rlv_config_kafka(check->config, "bootstrap.servers"));
}

/* Where Postgres is, without user or password. True when its address can be read. */
static bool check_address(rlv_check *check, bool offline)
{
    char *why = NULL;
    PQconninfoOption *words = PQconninfoParse(check->config->postgres, &why);
    if (!words) {
        /* libpq quotes what it could not read, and that may be the password: it is not repeated here. */
        PQfreemem(why);
        rlv_check_fail(check, "postgres",
                       "postgres.url cannot be read: write postgresql://user@host:5432/database, with "
                       "special characters "
                       "as %%40 and so on");
        return false;
    }
    const char *host = "", *database = "";
    for (const PQconninfoOption *word = words; word->keyword; word++) {
        if (word->val && strcmp(word->keyword, "host") == 0)
            host = word->val;
        if (word->val && strcmp(word->keyword, "dbname") == 0)
            database = word->val;
    }
    if (offline)
        rlv_check_ok("postgres", "%s/%s", *host ? host : "local socket",
                     *database ? database : "default database");
    PQconninfoFree(words);
    return true;
}

static bool any_names(const rlv_condition *conditions, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (rlv_str_is(conditions[i].trigger, name))
            return true;
    return false;
}

/* Whether entries of the policy that name this plugin can ever see a score of it. A result may bring one, which only its own code
   knows: that is told, and no mistake. */
static void check_policy(rlv_check *check, const rlv_host_plugin_info *info)
{
    const char *file = check->config->file, *entry = info->entry, *kind = rlv_host_kind_name(info->kind);
    const rlv_policy *policy = &check->config->policy;
    if (info->operations & 1u << RLV_PHASE_TRIGGER)
        return;
    bool by_result = info->operations & 1u << RLV_PHASE_RESULT;
    for (size_t i = 0; i < policy->n_triggers; i++) {
        const rlv_trigger_policy *t = &policy->triggers[i];
        if (!rlv_str_is(t->trigger, entry))
            continue;
        if (by_result)
            rlv_check_ok("policy", "%s:%d: policy.triggers names '%s', a %s, which can score only when a result comes back to it", file,
                         t->line, entry, kind);
        else
            rlv_check_fail(check, "policy", "%s:%d: policy.triggers names '%s', a %s, which never scores: name a trigger", file, t->line,
                           entry, kind);
    }
    for (size_t i = 0; i < policy->n_rules; i++) {
        const rlv_trigger_policy *r = &policy->rules[i];
        if (!any_names(r->all, r->n_all, entry) && !any_names(r->any, r->n_any, entry) && !any_names(r->none, r->n_none, entry))
            continue;
        if (by_result)
            rlv_check_ok("policy", "%s:%d: a condition of rule '%.*s' names '%s', a %s, which can score only when a result comes back to it",
                         file, r->line, RLV_STR_ARG(r->trigger), entry, kind);
        else
            rlv_check_fail(check, "policy",
                           "%s:%d: a condition of rule '%.*s' names '%s', a %s, which never scores, so it never holds: name a trigger",
                           file, r->line, RLV_STR_ARG(r->trigger), entry, kind);
    }
}

/* Alone, so that one bad plugin does not hide the next. NULL: it is one. */
static rlv_host *check_plugin(rlv_check *check, size_t i)
{
    const rlv_config *config = check->config;
    rlv_config one = *config;
    one.plugins = &config->plugins[i];
    one.n_plugins = 1;
    rlv_host *host;
    rlv_error err;
    if (rlv_host_new(&one, &host, &err)) {
        rlv_check_fail(check, "plugin", "%s", err.message);
        return NULL;
    }
    const rlv_host_plugin_info *info = rlv_host_info(host, 0);
    rlv_check_ok("plugin", "%s: %s %s, %s", info->entry, info->name, info->version, info->path);
    check_policy(check, info);
    return host;
}

static void fail_intent(void *check, const char *text)
{
    rlv_check_fail(check, "intents", "%s", text);
}

static void fail_flow(void *check, const char *text)
{
    rlv_check_fail(check, "policy", "%s", text);
}

/* What shows only of all plugins together: intents that are awaited and never read, question flows that none has, and what they are all decided under. */
static void check_together(rlv_check *check, rlv_host *const *hosts, size_t n)
{
    const rlv_host_plugin_info **infos = calloc(n + 1, sizeof(const rlv_host_plugin_info *));
    rlv_error err = {.message = "memory is short"};
    for (size_t i = 0; infos && i < n; i++)
        infos[i] = rlv_host_info(hosts[i], 0);
    if (!infos || rlv_host_lost_intents(infos, n, fail_intent, check, &err) ||
        rlv_host_lost_flows(check->config, infos, n, fail_flow, check, &err))
        rlv_check_fail(check, "plugin", "%s", err.message);
    else
        rlv_check_ok("decisions", "are marked with hash %016llx, of policy, plugins, their options and the files that these name",
                     (unsigned long long)rlv_host_hash(check->config->hash, infos, n));
    free(infos);
}

static void check_plugins(rlv_check *check)
{
    size_t n = check->config->n_plugins, good = 0;
    rlv_host **hosts = calloc(n + 1, sizeof(rlv_host *));
    for (size_t i = 0; hosts && i < n; i++)
        if ((hosts[good] = check_plugin(check, i)))
            good++;
    if (!hosts)
        rlv_check_fail(check, "plugin", "memory is short");
    else if (good == n)
        check_together(check, hosts, n);
    for (size_t i = good; i > 0; i--)
        rlv_host_free(hosts[i - 1]);
    free(hosts);
}

/* What holds plugins that have processes of their own; that something does not is no mistake of the configuration. Said also when none
   has: whoever wants to add one asks here first. */
static void check_confinement(rlv_check *check)
{
    bool any = false;
    for (size_t i = 0; i < check->config->n_plugins; i++)
        any = any || check->config->plugins[i].isolation != RLV_ISOLATION_INLINE;
    unsigned enforced;
    rlv_error err;
    char held[200], lacks[200];
    if (rlv_host_confinement(&enforced, &err)) {
        if (any)
            rlv_check_fail(check, "isolation", "%s", err.message);
        else
            rlv_check_ok("isolation", "all plugins run inline, and none could have a process of its own here: %s", err.message);
        return;
    }
    rlv_confine_words(enforced, held, sizeof(held));
    rlv_confine_words(RLV_CONFINED_ALL & ~enforced, lacks, sizeof(lacks));
    rlv_check_ok("isolation", "%s held by %s%s%s", any ? "plugins' processes are" : "all plugins run inline; a process of one would be", held,
                 enforced == RLV_CONFINED_ALL ? "" : "; this kernel, or this container, does not allow ",
                 enforced == RLV_CONFINED_ALL ? "" : lacks);
}

/* ---- the registry
 * ---------------------------------------------------------------------------------------------- */

static void check_registry(rlv_check *check)
{
    const rlv_config *config = check->config;
    if (!config->registry.url)
        return;
    rlv_check_waiting("asking the schema registry");
    const rlv_registry_options options = {.url = config->registry.url,
                                          .user = config->registry.user,
                                          .password = config->registry.password,
                                          .token = config->registry.token,
                                          .ca_file = config->registry.ca_file,
                                          .timeout_ms = config->registry.timeout_ms < REGISTRY_WAIT_MS
                                                            ? config->registry.timeout_ms
                                                            : REGISTRY_WAIT_MS};
    rlv_error err;
    int rc = rlv_registry_probe(&options, &err);
    if (rc != RLV_OK)
        rlv_check_fail(check, "registry", "%s", err.message);
    else
        rlv_check_ok("registry", "%s", config->registry.url);
    check->away += rc == RLV_E_UNAVAILABLE;
}

/* ---- the command
 * ----------------------------------------------------------------------------------------------- */

static int run(const rlv_config *config, const char *command, bool offline)
{
    rlv_check check = {.config = config};
    rlv_check_ok("config", "%s: %zu plugins, %zu triggers and %zu rules in the policy", config->file, config->n_plugins,
                 config->policy.n_triggers, config->policy.n_rules);
    if (rlv_config_uses(command, "plugins")) {
        check_plugins(&check);
        check_confinement(&check);
    }
    if (rlv_config_uses(command, "kafka"))
        offline ? check_properties(&check) : rlv_check_kafka(&check);
    if (rlv_config_uses(command, "postgres") && check_address(&check, offline) && !offline)
        rlv_check_postgres(&check);
    if (rlv_config_uses(command, "registry") && !offline)
        check_registry(&check);
    return check.wrong == 0 ? EX_OK : check.wrong == check.away ? EX_UNAVAILABLE : EX_CONFIG;
}

static int print(const char *path, const char *command, bool json)
{
    rlv_buf page = RLV_BUF_INIT(PAGE_MAX);
    rlv_error err;
    int rc = rlv_config_print(path, command, json, &page, &err);
    if (rc == RLV_OK)
        rc = fputs(page.data, stdout) >= 0 ? EX_OK : EX_IOERR;
    else
        rc = rlv_cli_fail(&err);
    rlv_buf_free(&page);
    return rc;
}

/* Ends --json: the exit code stays what it is. A list that lacks a part is not shown: what is wrong may be what it lacks. */
static int put_parts(int code)
{
    if (lost) {
        json_decref(parts);
        parts = NULL;
        lost = false;
        return rlv_cli_fail(&(rlv_error){RLV_E_LIMIT, "memory is short"});
    }
    int put = rlv_cli_put_json(json_pack("{s:b, s:i, s:o}", "ok", code == EX_OK, "exit_code", code, "parts", parts));
    parts = NULL;
    return put == EX_OK ? code : put;
}

int rlv_cli_check(int argc, char **argv)
{
    const char *path = NULL, *command = NULL;
    bool offline = false, printed = false, json = false;
    const rlv_cli_flag flags[] = {
        {"config", &path, NULL},     {"for", &command, NULL}, {"offline", NULL, &offline},
        {"print", NULL, &printed}, {"json", NULL, &json}};
    int first, rc = rlv_cli_parse(argc, argv, help, flags, sizeof(flags) / sizeof(*flags), &first);
    if (rc >= 0)
        return rc;
    if (first != argc)
        return rlv_cli_usage("check", "unexpected '%s'", argv[first]);
    if (command && !rlv_config_known_command(command))
        return rlv_cli_usage("check", "--for is for a command that needs a configuration, not '%s'", command);
    rlv_config *config;
    rc = rlv_cli_load(command, path, &config);
    if (rc)
        return rc;
    parts = json && !printed ? json_array() : NULL;
    rc = printed ? print(path, command, json) : run(config, command, offline);
    if (parts)
        rc = put_parts(rc);
    rlv_config_free(config);
    return rc;
}
