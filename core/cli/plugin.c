/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo plugin list|info|release|key|sign|verify`: what is loaded, what one plugin is and takes, the end of a
 * quarantine; signatures are in plugin_sign.c. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/plugin_sign.h"
#include "confine/confine.h"
#include "config/value.h"
#include "host/host.h"
#include "ops/ops.h"

enum {
    ARENA_MAX = 8 * 1024 * 1024,
    REPLY_MAX = 500,
    RELEASE_TIMEOUT_MS = 10000
};

static const char help[] =
    "Usage: relevo plugin list [--json] [--config FILE]\n"
    "       relevo plugin info NAME|FILE.so [--json] [--config FILE]\n"
    "       relevo plugin release NAME [--ops HOST:PORT] [--json] [--config FILE]\n"
    "       relevo plugin key NAME [--json]\n"
    "       relevo plugin sign FILE.so --key NAME.sec [--json]\n"
    "       relevo plugin verify FILE.so [--key NAME.pub] [--json] [--config FILE]\n\n"
    "  list      the plugins of the configuration, loaded and checked, in the order of calls\n"
    "  info      one of them, one of the plugin folder, or any file: what it does, its options, what holds "
    "its process\n"
    "  release   ends its quarantine in the consumer on this machine (in its pod), which answers at "
    "ops.listen\n"
    "  key       makes a pair of keys, NAME.sec to sign with and NAME.pub, and shows what the configuration wants of it\n"
    "  sign      writes FILE.so.sig (Ed25519, as OpenBSD's signify does)\n"
    "  verify    whether FILE.so is what was signed, by that key or one of trust.keys; nothing of it is loaded\n"
    "  --json    for machines\n";

static const char *operations(const rlv_host_plugin_info *info, char text[static 128])
{
    size_t n = 0;
    text[0] = '\0';
    for (int phase = 0; phase < RLV_PHASES; phase++)
        if (info->operations & 1u << phase)
            n += (size_t)snprintf(text + n, 128 - n, "%s%s", n ? " " : "",
                                  rlv_phase_name((enum rlv_phase)phase));
    return text;
}

/* ---- list
 * ----------------------------------------------------------------------------------------------------------
 */

static json_t *operations_json(const rlv_host_plugin_info *info)
{
    json_t *list = json_array();
    for (int phase = 0; phase < RLV_PHASES; phase++)
        if (info->operations & 1u << phase)
            (void)json_array_append_new(list, json_string(rlv_phase_name((enum rlv_phase)phase)));
    return list;
}

static int list(const rlv_config *config, bool json)
{
    int found = 0;
    json_t *all = json ? json_array() : NULL;
    if (!json)
        (void)printf("%-20s %-12s %-9s %-28s %s\n", "NAME", "KIND", "VERSION", "DOES", "FILE");
    for (size_t i = 0; i < config->n_plugins; i++) {
        rlv_config one = *config; /* alone, so that one bad plugin does not hide the next */
        one.plugins = &config->plugins[i];
        one.n_plugins = 1;
        rlv_host *host;
        rlv_error err;
        char text[128];
        if (rlv_host_new(&one, &host, &err)) {
            (void)fflush(stdout);
            (void)rlv_cli_fail(&err);
            (void)json_array_append_new(all, json_pack("{s:s, s:s}", "name", config->plugins[i].name, "wrong", err.message));
            found++;
            continue;
        }
        const rlv_host_plugin_info *info = rlv_host_info(host, 0);
        if (json)
            (void)json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:o, s:s}", "name", info->entry, "kind", rlv_host_kind_name(info->kind),
                                                       "version", info->version, "does", operations_json(info), "file", info->path));
        else
            (void)printf("%-20s %-12s %-9s %-28s %s\n", info->entry, rlv_host_kind_name(info->kind),
                     info->version, operations(info, text), info->path);
        rlv_host_free(host);
    }
    if (json && rlv_cli_put_json(json_pack("{s:o}", "plugins", all)))
        return EX_OSERR;
    return found ? EX_CONFIG : EX_OK;
}

/* ---- info
 * ----------------------------------------------------------------------------------------------------------
 */

static void print_range(const relevo_option *option)
{
    char low[32], high[32];
    if (option->min >= option->max)
        return;
    if (option->type == RELEVO_OPTION_DURATION) {
        rlv_value_duration_text((int64_t)option->min, low);
        rlv_value_duration_text((int64_t)option->max, high);
        (void)printf(", %s to %s", low, high);
    } else {
        (void)printf(", %g to %g", option->min, option->max);
    }
}

static void print_option(const relevo_option *option)
{
    (void)printf("\n  %s: %s", option->name, rlv_host_option_type_name(option->type));
    print_range(option);
    if (option->unit && *option->unit)
        (void)printf(" %s", option->unit);
    if (option->flags & RELEVO_OPTION_REQUIRED)
        (void)printf(", required");
    else if (option->initial && *option->initial)
        (void)printf(", default %s", option->initial);
    if (option->flags & RELEVO_OPTION_SECRET)
        (void)printf(", secret (or %s_file)", option->name);
    (void)printf("\n      %s\n", option->help ? option->help : "");
}

static void print_info(const rlv_host_plugin_info *info, unsigned enforced)
{
    char text[128], held[200];
    rlv_confine_words(enforced, held, sizeof(held));
    (void)printf("%s %s: %s\n\n", info->name, info->version, info->summary);
    (void)printf("  kind    %s\n  does    %s\n  file    %s\n  sha256  %s\n  ABI     %u.%u\n"
                 "  held by %s (in a process of its own)\n",
                 rlv_host_kind_name(info->kind), operations(info, text), info->path, info->sha256,
                 info->abi_major, info->abi_minor, held);
    if (enforced != RLV_CONFINED_ALL) {
        char words[200];
        rlv_confine_words(RLV_CONFINED_ALL & ~enforced, words, sizeof(words));
        (void)printf("  not by  %s: this kernel, or this container, does not allow it\n", words);
    }
    if (info->has_tool)
        (void)printf("  tool    relevo %s --help\n", info->name);
    (void)printf(info->n_options ? "\nOptions, below `options:` of its entry:\n" : "\nIt has no options.\n");
    for (size_t i = 0; i < info->n_options; i++)
        print_option(info->options[i]);
}

static int put_info(const rlv_host_plugin_info *info, unsigned enforced)
{
    char held[200];
    rlv_confine_words(enforced, held, sizeof(held));
    json_t *options = json_array();
    for (size_t i = 0; i < info->n_options; i++) {
        const relevo_option *option = info->options[i];
        json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "name", option->name, "type", rlv_host_option_type_name(option->type),
                                "unit", option->unit ? option->unit : "", "default", option->initial ? option->initial : "", "help",
                                option->help ? option->help : "", "required", (option->flags & RELEVO_OPTION_REQUIRED) != 0, "secret",
                                (option->flags & RELEVO_OPTION_SECRET) != 0);
        if (option->min < option->max) {
            (void)json_object_set_new(one, "min", json_real(option->min));
            (void)json_object_set_new(one, "max", json_real(option->max));
        }
        (void)json_array_append_new(options, one);
    }
    char abi[32];
    (void)snprintf(abi, sizeof(abi), "%u.%u", info->abi_major, info->abi_minor);
    return rlv_cli_put_json(json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:b, s:o}", "name", info->name, "version", info->version,
                                      "summary", info->summary, "kind", rlv_host_kind_name(info->kind), "does", operations_json(info), "file",
                                      info->path, "sha256", info->sha256, "abi", abi, "held_by", held, "tool", (int)info->has_tool, "options",
                                      options));
}

/* The file of a word: itself, the entry of the configuration, or one of the plugin folder. *ret_unconfined: it may run without a filter of
   system calls in a consumer, too. */
static bool find(const char *word, const char *config_path, char *path, size_t size, bool *ret_unconfined)
{
    *ret_unconfined = false;
    if (strchr(word, '/') || strstr(word, ".so")) {
        (void)snprintf(path, size, "%s", word);
        return true;
    }
    rlv_config *config = NULL;
    rlv_error err;
    bool found = false;
    /* A configuration with mistakes must not keep its plugins from being explained. */
    if (rlv_config_load(config_path, "plugin", &config, &err) == RLV_OK)
        for (size_t i = 0; i < config->n_plugins && !found; i++)
            if (strcmp(config->plugins[i].name, word) == 0) {
                (void)snprintf(path, size, "%s", config->plugins[i].path);
                *ret_unconfined = config->plugins[i].isolation != RLV_ISOLATION_PROCESS;
                found = true;
            }
    rlv_config_free(config);
    return found || rlv_config_find_plugin(word, path, size);
}

static int info(const char *word, const char *config_path, bool json)
{
    char path[4096];
    bool unconfined;
    if (!find(word, config_path, path, sizeof(path), &unconfined)) {
        (void)fprintf(
            stderr,
            "relevo: no plugin '%s' in the configuration or the plugin folder: `relevo plugin list` shows "
            "them, or name a file\n",
            word);
        return EX_NOINPUT;
    }
    rlv_arena *arena = rlv_arena_new(ARENA_MAX);
    if (!arena)
        return EX_OSERR;
    rlv_host_plugin_info found;
    rlv_error err;
    unsigned enforced;
    int rc = rlv_host_inspect(path, unconfined || rlv_config_ours(path), arena, &found, &enforced, &err);
    if (rc)
        rc = rlv_cli_fail(&err);
    else if (json)
        rc = put_info(&found, enforced);
    else
        print_info(&found, enforced);
    rlv_arena_free(arena);
    return rc;
}

/* ---- release
 * -------------------------------------------------------------------------------------------------------
 */

/* The first line of an answer. */
struct reply {
    char text[REPLY_MAX];
    size_t len;
};

static size_t take_reply(char *bytes, size_t size, size_t n, void *user)
{
    struct reply *reply = user;
    for (size_t i = 0; i < size * n && reply->len + 1 < sizeof(reply->text) && bytes[i] != '\n'; i++)
        reply->text[reply->len++] = bytes[i];
    return size * n;
}

/* A process that listens on all addresses is asked at this machine's own. */
static const char *local(const char *listen, char *text, size_t size)
{
    bool all = strncmp(listen, "0.0.0.0:", 8) == 0 || strncmp(listen, "[::]:", 5) == 0;
    if (!all)
        return listen;
    (void)snprintf(text, size, "127.0.0.1%s", strrchr(listen, ':'));
    return text;
}

static int post(const char *url, struct reply *reply, long *ret_status, rlv_error *err)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl ? curl_slist_append(NULL, RLV_OPS_COMMAND_HEADER ": 1") : NULL;
    if (!headers) {
        curl_easy_cleanup(curl);
        return rlv_error_set(err, RLV_E_LIMIT, "memory is short");
    }
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)RELEASE_TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_reply);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, reply);
    CURLcode said = curl_easy_perform(curl);
    if (said == CURLE_OK)
        (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (said != CURLE_OK)
        return rlv_error_set(
            err, RLV_E_UNAVAILABLE,
            "no consumer answers at %s (%s): run this where it runs, or name its ops.listen with --ops", url,
            curl_easy_strerror(said));
    return RLV_OK;
}

static int release(const char *name, const char *ops, const char *config_path, bool json)
{
    rlv_config *config = NULL;
    if (!ops) {
        int rc = rlv_cli_load("plugin", config_path, &config);
        if (rc)
            return rc;
        ops = config->ops.listen;
    }
    char at[64], url[400];
    int n = snprintf(url, sizeof(url), "http://%s/plugins/%s/release", local(ops, at, sizeof(at)), name);
    rlv_config_free(config);
    if (n >= (int)sizeof(url))
        return rlv_cli_usage("plugin", "'%.40s...' is no plugin's name", name);
    struct reply reply = {.len = 0};
    long status = 0;
    rlv_error err;
    if (post(url, &reply, &status, &err))
        return rlv_cli_fail(&err);
    if (status == 200 && json)
        return rlv_cli_put_json(json_pack("{s:s, s:s}", "released", name, "text", reply.text));
    (void)fprintf(status == 200 ? stdout : stderr, "%s%s\n", status == 200 ? "" : "relevo: ", reply.text);
    return status == 200 ? EX_OK : EX_NOINPUT;
}

int rlv_cli_plugin(int argc, char **argv)
{
    const char *path = NULL, *ops = NULL, *key = NULL;
    bool json = false;
    const rlv_cli_flag flags[] = {{"config", &path, NULL}, {"ops", &ops, NULL}, {"key", &key, NULL}, {"json", NULL, &json}};
    int first, rc = rlv_cli_parse(argc, argv, help, flags, sizeof(flags) / sizeof(*flags), &first);
    if (rc >= 0)
        return rc;
    int words = argc - first;
    if (words == 2 && strcmp(argv[first], "info") == 0)
        return info(argv[first + 1], path, json);
    if (words == 2 && strcmp(argv[first], "release") == 0)
        return release(argv[first + 1], ops, path, json);
    if (words == 2 && strcmp(argv[first], "key") == 0)
        return rlv_plugin_key(argv[first + 1], json);
    if (words == 2 && strcmp(argv[first], "sign") == 0)
        return rlv_plugin_sign(argv[first + 1], key, json);
    if (words == 2 && strcmp(argv[first], "verify") == 0)
        return rlv_plugin_verify(argv[first + 1], key, path, json);
    if (words != 1 || strcmp(argv[first], "list") != 0)
        return rlv_cli_usage(
            "plugin", "say what: list, info NAME, release NAME, key NAME, sign FILE.so or verify FILE.so");
    rlv_config *config;
    rc = rlv_cli_load("plugin", path, &config);
    if (rc)
        return rc;
    rc = list(config, json);
    rlv_config_free(config);
    return rc;
}
