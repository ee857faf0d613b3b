/* SPDX-License-Identifier: Apache-2.0 */
/* The front door: finding the command, reading options, exit codes, and the words of every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/role.h"
#include "common.h"

/* ---- dispatch
 * ------------------------------------------------------------------------------------------------------ */

static int fake(int argc, char **argv)
{
    (void)printf("%s %d\n", argv[0], argc);
    return 7;
}

static const rlv_cli_command commands[] = {{"check", fake, "checks"}, {"consume", fake, "consumes"}};

static int front(int argc, char **argv)
{
    return rlv_cli_main(argc, argv, commands, 2);
}

static void finding_the_command(void **state)
{
    (void)state;
    assert_int_equal(run(front, "relevo check --config x"), 7);
    assert_string_equal(out, "check 3\n");
    assert_int_equal(run(front, "relevo --help"), EX_OK);
    assert_non_null(strstr(out, "  check      checks\n"));
    assert_int_equal(run(front, "relevo"), EX_USAGE);
    assert_int_equal(run(front, "relevo --version"), EX_OK);
    assert_string_equal(out, "relevo " RELEVO_VERSION ", plugin ABI 1.7\n");
    assert_int_equal(run(front, "relevo chekc"), EX_USAGE);
    assert_string_equal(
        err, "relevo: there is no command 'chekc', did you mean 'check'? `relevo --help` lists them\n");
    assert_int_equal(run(front, "relevo ../../etc/passwd"), EX_USAGE);
    assert_string_equal(
        err, "relevo: there is no command and no plugin '../../etc/passwd': `relevo --help` lists the "
             "commands\n");
}

static int to_full_disk(int argc, char **argv)
{
    /* stdout is replaced once more, by a device that is always full */
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), kept = dup(STDOUT_FILENO);
    assert_true(full >= 0 && dup2(full, STDOUT_FILENO) >= 0);
    int rc = front(argc, argv);
    clearerr(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    (void)close(full);
    (void)close(kept);
    return rc;
}

static void output_that_is_lost(void **state)
{
    (void)state;
    assert_int_equal(run(to_full_disk, "relevo --help"), EX_IOERR);
    assert_string_equal(err, "relevo: the output could not be written\n");
}

/* ---- options
 * ------------------------------------------------------------------------------------------------------- */

static const char *file, *rest;
static bool json;

static int tool(int argc, char **argv)
{
    const rlv_cli_flag flags[] = {{"config", &file, NULL}, {"json", NULL, &json}};
    int first;
    file = rest = NULL;
    json = false;
    int rc = rlv_cli_parse(argc, argv, "the help\n", flags, 2, &first);
    if (rc < 0)
        rest = first < argc ? "some" : "none";
    return rc;
}

static void options(void **state)
{
    (void)state;
    assert_int_equal(run(tool, "tool --config a.yaml --json"), -1);
    assert_true(json);
    assert_string_equal(rest, "none");
    assert_int_equal(run(tool, "tool word --config=b.yaml"), -1);
    assert_false(json);
    assert_string_equal(rest, "some");
    assert_int_equal(run(tool, "tool -h"), EX_OK);
    assert_string_equal(out, "the help\n");
    static const char *const wrong[][2] = {
        {"tool --confg x",
         "relevo tool: unknown option '--confg', did you mean '--config'?; see `relevo tool --help`\n"},
        {"tool --zebra", "relevo tool: unknown option '--zebra'; see `relevo tool --help`\n"},
        {"tool -z", "relevo tool: unknown option '-z'; see `relevo tool --help`\n"},
        {"tool --config", "relevo tool: option '--config' needs a value; see `relevo tool --help`\n"},
        {"tool --json=1", "relevo tool: option '--json' takes no value; see `relevo tool --help`\n"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(run(tool, wrong[i][0]), EX_USAGE);
        assert_string_equal(err, wrong[i][1]);
    }
}

static void exit_codes(void **state)
{
    (void)state;
    assert_int_equal(rlv_cli_exit_code(RLV_OK), 0);
    assert_int_equal(rlv_cli_exit_code(RLV_E_CONFIG), 78);
    assert_int_equal(rlv_cli_exit_code(RLV_E_UNAVAILABLE), 69);
    assert_int_equal(rlv_cli_exit_code(RLV_E_DECODE), 65);
    assert_int_equal(rlv_cli_exit_code(RLV_E_NOT_FOUND), 66);
    assert_int_equal(rlv_cli_exit_code(RLV_E_IO), 74);
    assert_int_equal(rlv_cli_exit_code(RLV_E_FENCED), 75);
    assert_int_equal(rlv_cli_exit_code(RLV_E_LIMIT), 71);
    assert_int_equal(rlv_cli_exit_code(999), EX_SOFTWARE);
}

static int failing(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return rlv_cli_fail(&(rlv_error){RLV_E_UNAVAILABLE, "Kafka is away"});
}

static void failures(void **state)
{
    (void)state;
    assert_int_equal(run(failing, "x"), EX_UNAVAILABLE);
    assert_string_equal(err, "relevo: Kafka is away\n");
}

/* ---- tools that need no server
 * ------------------------------------------------------------------------------------- */

static void config_reference(void **state)
{
    (void)state;
    assert_int_equal(run(rlv_cli_config, "config reference"), EX_OK);
    assert_non_null(strstr(out, "| `consume.batch_max` |"));
    assert_int_equal(run(rlv_cli_config, "config"), EX_USAGE);
    assert_int_equal(run(rlv_cli_config, "config refrence"), EX_USAGE);
}

static void check(void **state)
{
    (void)state;
    char name[] = "/tmp/relevo-check-XXXXXX", line[256];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)close(fd);
    (void)snprintf(line, sizeof(line), "check --offline --config %s", name);
    put(name, "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: 'postgresql://u:hunter2@h/d'}\n");
    assert_int_equal(run(rlv_cli_check, line), EX_OK);
    assert_non_null(strstr(out, "OK     kafka     k:9092\nOK     postgres  h/d\n"));
    put(name,
        "kafka: {bootstrap.servers: 'k:9092', no.such: 1}\npostgres: {url: 'postgresql://u:hunter2@[h/d'}\n"
        "plugins: [{name: nowhere, path: /nowhere.so}]\n");
    assert_int_equal(run(rlv_cli_check, line), EX_CONFIG);
    assert_non_null(strstr(out, "FAIL   kafka"));
    assert_non_null(strstr(out, "no.such"));
    assert_non_null(strstr(out, "FAIL   postgres"));
    assert_non_null(strstr(out, "/nowhere.so"));
    assert_null(strstr(out, "hunter2"));
    put(name, "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url_file: /nowhere}\nplugins: [{name: nowhere, path: /nowhere.so}]\n");
    assert_int_equal(run(rlv_cli_check, line), EX_CONFIG);
    (void)snprintf(line, sizeof(line), "check --offline --for gateway --config %s", name);
    assert_int_equal(run(rlv_cli_check, line), EX_OK); /* it has neither Postgres nor plugins */
    assert_non_null(strstr(out, "OK     kafka     k:9092\n"));
    assert_null(strstr(out, "postgres"));
    (void)snprintf(line, sizeof(line), "check --offline --for gatway --config %s", name);
    assert_int_equal(run(rlv_cli_check, line), EX_USAGE);
    (void)snprintf(line, sizeof(line), "check --offline --config %s", name);
    put(name, "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p}\ncolor: 1\nlog: {level: x}\n");
    assert_int_equal(run(rlv_cli_check, line), EX_CONFIG);
    assert_non_null(strstr(err, ":3: unknown key 'color'"));
    assert_non_null(strstr(err, ":4: 'log.level' is 'x'"));
    assert_int_equal(unlink(name), 0);
    assert_int_equal(run(rlv_cli_check, line), EX_CONFIG);
    assert_non_null(strstr(err, "No such file or directory"));
}

/* A part is in the list whatever bytes it names. */
static void check_json_keeps_every_part(void **state)
{
    (void)state;
    char name[] = "/tmp/relevo-\xff\xc3\xb1\xe2\x82-XXXXXX", line[256];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)close(fd);
    (void)snprintf(line, sizeof(line), "check --offline --json --config %s", name);
    put(name, "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p}\n");
    assert_int_equal(run(rlv_cli_check, line), EX_OK);
    assert_non_null(strstr(out, "{\"ok\":true,\"part\":\"config\",\"text\":\"/tmp/relevo-?\xc3\xb1?\?-"));
    assert_int_equal(unlink(name), 0);
}

static void every_tool_explains_itself(void **state)
{
    (void)state;
    static int (*const tools[])(int, char **) = {
        rlv_cli_check,    rlv_cli_config, rlv_cli_lag,     rlv_cli_migrate, rlv_cli_plugin, rlv_cli_timeline,
        rlv_cli_topics,   rlv_cli_repair, rlv_cli_consume, rlv_cli_deliver, rlv_cli_erase,  rlv_cli_expire,
        rlv_cli_export,   rlv_cli_gateway, rlv_cli_replay, rlv_cli_report,  rlv_cli_sandbox, rlv_cli_account,
        rlv_cli_desk};
    assert_int_equal(run(rlv_cli_webhook, "webhook --help"), EX_OK);
    assert_int_equal(run(rlv_cli_webhook, "webhook --nonsense"), EX_USAGE);
    for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++) {
        assert_int_equal(run(tools[i], "x --help"), EX_OK);
        assert_true(strncmp(out, "Usage: relevo ", 14) == 0);
        assert_int_equal(run(tools[i], "x --nonsense"), EX_USAGE);
        assert_int_equal(run(tools[i], "x surplus words"), EX_USAGE);
    }
}

/* What a command asks for before it touches anything: a wrong line is EX_USAGE and says what is right. */
static void wrong_lines(void **state)
{
    (void)state;
    char name[] = "/tmp/relevo-lines-XXXXXX", line[256];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)close(fd);
    put(name, "kafka: {bootstrap.servers: '127.0.0.1:1'}\npostgres: {url: 'postgresql://127.0.0.1:1/d'}\n");
    static const struct {
        int (*tool)(int, char **);
        const char *words, *says;
    } wrong[] = {
        {rlv_cli_erase, "erase", "give --customer and --by, or --pending alone"},
        {rlv_cli_erase, "erase --customer 34600 --pending", "give --customer and --by, or --pending alone"},
        {rlv_cli_export, "export", "whose? --customer"},
        {rlv_cli_replay, "replay --since soon", "a moment is written 24h, 7d, 2026-03-01"},
        {rlv_cli_replay, "replay --since 1h --until 2h", "--since is not before --until"},
        {rlv_cli_replay, "replay --plugin x.so", "--plugin is written NAME=FILE"},
        {rlv_cli_report, "report containmant", "there is no report 'containmant'"},
        {rlv_cli_report, "report --csv", "--csv is for one report: name it"},
        {rlv_cli_report, "report --csv --json containment", "--csv and --json exclude each other"},
        {rlv_cli_dlq, "dlq show a:0:1 --raw --json", "--raw is the bytes alone: it has no --json"},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        (void)snprintf(line, sizeof(line), "%s --config %s", wrong[i].words, name);
        assert_int_equal(run(wrong[i].tool, line), EX_USAGE);
        if (!strstr(err, wrong[i].says) || !strstr(err, "; see `relevo "))
            fail_msg("%s: %s", line, err);
        assert_string_equal(out, "");
    }
    /* every role and tool refuses a configuration that is not there, before it does anything else */
    static int (*const tools[])(int, char **) = {rlv_cli_consume, rlv_cli_deliver, rlv_cli_gateway, rlv_cli_sandbox,
                                                 rlv_cli_replay,  rlv_cli_report,  rlv_cli_expire,  rlv_cli_desk};
    for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++) {
        assert_int_equal(run(tools[i], "x --config /nowhere/relevo.yaml"), EX_CONFIG);
        assert_non_null(strstr(err, "/nowhere/relevo.yaml"));
    }
    /* and those that take webhooks one without a secret */
    (void)snprintf(line, sizeof(line), "gateway --config %s", name);
    assert_int_equal(run(rlv_cli_gateway, line), EX_CONFIG);
    assert_non_null(strstr(err, "'gateway.app_secrets' is missing"));
    (void)snprintf(line, sizeof(line), "sandbox --config %s", name);
    assert_int_equal(run(rlv_cli_sandbox, line), EX_CONFIG);
    assert_non_null(strstr(err, "'gateway.app_secrets' is missing"));
    assert_int_equal(unlink(name), 0);
}

/* ---- plugins
 * ------------------------------------------------------------------------------------------------------- */

static const char *built_folder(void)
{
    static char whole[PATH_MAX];
    const char *folder = getenv("RELEVO_BUILD_DIR");
    if (!folder || !realpath(folder, whole))
        fail_msg("RELEVO_BUILD_DIR does not say where the build is: run this test by ctest");
    return whole;
}

/* The file's SHA-256 as another program says it. */
static void sum_of(const char *path, char ret_sum[static 65])
{
    char line[PATH_MAX + 200];
    (void)snprintf(line, sizeof(line), "sha256sum '%s'", path);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    assert_int_equal(fread(ret_sum, 1, 64, pipe), 64);
    ret_sum[64] = '\0';
    while (fgetc(pipe) != EOF) {
    }
    assert_int_equal(pclose(pipe), 0);
}

static void plugin_info(void **state)
{
    (void)state;
    char line[PATH_MAX + 200], path[PATH_MAX + 100], sum[65], want[PATH_MAX + 1000];
    (void)snprintf(path, sizeof(path), "%s/plugins/triggers/keyword.so", built_folder());
    sum_of(path, sum);
    (void)snprintf(line, sizeof(line), "plugin info %s", path);
    assert_int_equal(run(rlv_cli_plugin, line), EX_OK);
    (void)snprintf(want, sizeof(want),
                   "keyword " RELEVO_VERSION ": Fires on words, phrases and regular expressions in the message.\n\n"
                   "  kind    trigger\n  does    trigger\n  file    %s\n  sha256  %s\n  ABI     1.7\n  held by ",
                   path, sum);
    if (strncmp(out, want, strlen(want)) != 0)
        fail_msg("it begins\n%s\nnot\n%s", out, want);
    const char *options = strstr(out, "\nOptions, below");
    assert_non_null(options);
    assert_string_equal(options,
                        "\nOptions, below `options:` of its entry:\n"
                        "\n  phrases: list\n      Words or phrases, found whole; case and accents do not matter.\n"
                        "\n  patterns: list\n      Regular expressions (PCRE2, Unicode, case does not matter).\n"
                        "\n  fuzzy: boolean, default false\n"
                        "      Let words of 5 characters or more in `phrases` differ by one typing mistake.\n"
                        "\n  score: real, 0 to 1, default 1\n      Score of a match.\n");

    /* A name is looked for in the plugin folder, triggers among the rest. */
    char found[sizeof(out)];
    (void)snprintf(found, sizeof(found), "%s", out);
    (void)snprintf(path, sizeof(path), "%s/plugins", built_folder());
    assert_int_equal(setenv("RELEVO_PLUGIN_DIR", path, 1), 0);
    assert_int_equal(run(rlv_cli_plugin, "plugin info keyword --config /nowhere.yaml"), EX_OK);
    assert_int_equal(unsetenv("RELEVO_PLUGIN_DIR"), 0);
    assert_string_equal(out, found);

    (void)snprintf(line, sizeof(line), "plugin info --json %s/triggers/keyword.so", path);
    assert_int_equal(run(rlv_cli_plugin, line), EX_OK);
    json_t *told = json_loads(out, 0, NULL), *option = json_array_get(json_object_get(told, "options"), 0);
    assert_string_equal(json_string_value(json_object_get(told, "name")), "keyword");
    assert_string_equal(json_string_value(json_object_get(told, "sha256")), sum);
    assert_non_null(json_string_value(json_object_get(option, "help")));
    json_decref(told);

    assert_int_equal(run(rlv_cli_plugin, "plugin info kayword --config /nowhere.yaml"), EX_NOINPUT);
    assert_string_equal(out, "");
    assert_non_null(strstr(err, "no plugin 'kayword' in the configuration or the plugin folder"));
}

/* The round that docs/plugins.md shows: a pair of keys, a signature, and what the configuration makes of it. */
static void plugin_signatures(void **state)
{
    (void)state;
    char folder[] = "/tmp/relevo-sign-XXXXXX", line[600], text[1500], shell[PATH_MAX + 200];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(shell, sizeof(shell), "cp '%s/plugins/triggers/keyword.so' %s/mine.so", built_folder(), folder);
    assert_int_equal(system(shell), 0);
    (void)snprintf(line, sizeof(line), "plugin key %s/acme", folder);
    assert_int_equal(run(rlv_cli_plugin, line), EX_OK);
    const char *trust = strstr(out, "trust:\n  require_signature: true\n  keys: [\"RW");
    assert_non_null(trust);
    (void)snprintf(text, sizeof(text), "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p}\n%splugins:\n"
                   "- {name: mine, path: %s/mine.so, options: {phrases: [hola]}}\n", trust, folder);
    char config[100], check[200], verify[400];
    (void)snprintf(config, sizeof(config), "%s/relevo.yaml", folder);
    put(config, text);
    (void)snprintf(check, sizeof(check), "check --offline --config %s", config);
    (void)snprintf(verify, sizeof(verify), "plugin verify %s/mine.so --key %s/acme.pub", folder, folder);

    assert_int_equal(run(rlv_cli_check, check), EX_CONFIG);
    assert_non_null(strstr(out, "/mine.so: is not signed, there is no "));
    assert_int_equal(run(rlv_cli_plugin, verify), EX_DATAERR);
    (void)snprintf(line, sizeof(line), "plugin sign %s/mine.so", folder);
    assert_int_equal(run(rlv_cli_plugin, line), EX_USAGE);
    (void)snprintf(line, sizeof(line), "plugin sign %s/mine.so --key %s/acme.sec", folder, folder);
    assert_int_equal(run(rlv_cli_plugin, line), EX_OK);
    assert_int_equal(run(rlv_cli_plugin, verify), EX_OK);
    assert_non_null(strstr(out, "/mine.so: is what was signed with key "));
    (void)snprintf(line, sizeof(line), "plugin sign %s/mine.so --key %s/acme.sec --json", folder, folder);
    assert_int_equal(run(rlv_cli_plugin, line), EX_OK);
    json_t *made = json_loads(out, 0, NULL);
    (void)snprintf(line, sizeof(line), "%s/mine.so.sig", folder);
    assert_string_equal(json_string_value(json_object_get(made, "signature")), line);
    (void)snprintf(verify, sizeof(verify), "plugin verify %s/mine.so --key %s/acme.pub --json", folder, folder);
    assert_int_equal(run(rlv_cli_plugin, verify), EX_OK);
    json_t *verified = json_loads(out, 0, NULL);
    assert_int_equal(json_string_length(json_object_get(verified, "sha256")), 64);
    assert_true(json_equal(json_object_get(verified, "key"), json_object_get(made, "key")));
    json_decref(verified);
    json_decref(made);
    (void)snprintf(line, sizeof(line), "plugin key %s/other --json", folder);
    assert_int_equal(run(rlv_cli_plugin, line), EX_OK);
    made = json_loads(out, 0, NULL);
    (void)snprintf(line, sizeof(line), "%s/other.sec", folder);
    assert_string_equal(json_string_value(json_object_get(made, "secret_file")), line);
    assert_int_equal(strncmp(json_string_value(json_object_get(made, "key")), "RW", 2), 0);
    assert_int_equal(access(line, F_OK), 0);
    json_decref(made);
    (void)snprintf(line, sizeof(line), "plugin verify %s/mine.so --config %s", folder, config);
    assert_int_equal(run(rlv_cli_plugin, line), EX_OK);
    assert_int_equal(run(rlv_cli_check, check), EX_OK);
    (void)snprintf(shell, sizeof(shell), "cp %s/mine.so %s/new && printf x >> %s/new && mv %s/new %s/mine.so", folder, folder, folder, folder, folder);
    assert_int_equal(system(shell), 0);
    assert_int_equal(run(rlv_cli_check, check), EX_CONFIG);
    assert_non_null(strstr(out, "/mine.so: its signature does not hold"));
    (void)snprintf(shell, sizeof(shell), "rm -r %s", folder);
    assert_int_equal(system(shell), 0);
}

/* What the policy waits for in vain is named by the policy's own line. */
/* An intent that is misspelt somewhere is told, and what plugins read from files is in the hash. */
static void check_intents(void **state)
{
    (void)state;
    char name[] = "/tmp/relevo-check-XXXXXX", examples[] = "/tmp/relevo-examples-XXXXXX", line[256], text[4 * PATH_MAX], want[400], hash[64];
    const char *folder = built_folder();
    int fd = mkstemp(name), other = mkstemp(examples);
    assert_true(fd >= 0 && other >= 0);
    (void)close(fd);
    (void)close(other);
    (void)snprintf(line, sizeof(line), "check --offline --config %s", name);
    static const char *const form = "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p}\nplugins:\n"
                                    "- {name: classifier, path: %s/plugins/classifier.so, options: {intents: %s}}\n"
                                    "- {name: intent, path: %s/plugins/triggers/intent.so, options: {intents: [%s, order]}}\n";
    put(examples, "intents: {refund: {en: [my money back, a refund please]}, order: {en: [where is my order, order status]}}\n");
    (void)snprintf(text, sizeof(text), form, folder, examples, folder, "refnud");
    put(name, text);
    assert_int_equal(run(rlv_cli_check, line), EX_CONFIG);
    (void)snprintf(want, sizeof(want),
                   "FAIL   intents   %s:5: plugin 'intent' waits for the intent 'refnud', which none reads, so it never comes: did you mean 'refund'? "
                   "There are refund, order\n",
                   name);
    assert_non_null(strstr(out, want));
    (void)snprintf(text, sizeof(text), form, folder, examples, folder, "refund");
    put(name, text);
    assert_int_equal(run(rlv_cli_check, line), EX_OK);
    const char *said = strstr(out, "decisions are marked with hash ");
    assert_non_null(said);
    (void)snprintf(hash, sizeof(hash), "%.48s", said);
    assert_int_equal(run(rlv_cli_check, line), EX_OK);
    assert_non_null(strstr(out, hash));
    put(examples, "intents: {refund: {en: [my money back, a refund now]}, order: {en: [where is my order, order status]}}\n");
    assert_int_equal(run(rlv_cli_check, line), EX_OK);
    assert_null(strstr(out, hash));
    assert_int_equal(unlink(name), 0);
    assert_int_equal(unlink(examples), 0);
}

/* A flow that the policy names and no plugin has. */
static void check_flows(void **state)
{
    (void)state;
    char name[] = "/tmp/relevo-check-XXXXXX", flows[] = "/tmp/relevo-flows-XXXXXX", line[256], text[4 * PATH_MAX], want[400];
    const char *folder = built_folder();
    int fd = mkstemp(name), other = mkstemp(flows);
    assert_true(fd >= 0 && other >= 0);
    (void)close(fd);
    (void)close(other);
    (void)snprintf(line, sizeof(line), "check --offline --config %s", name);
    put(flows, "flows:\n- id: order\n  start: {choices: ['flow:order']}\n  done: {en: Thank you.}\n  slots:\n"
               "  - {name: number, type: text, ask: {en: Which order?}}\n");
    static const char *const form = "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p}\nplugins:\n"
                                    "- {name: greets, path: %s/plugins/triggers/keyword.so, options: {phrases: [hola]}}\n"
                                    "- {name: asks, path: %s/plugins/lead_qualifier.so, options: {flows: %s}}\n"
                                    "policy:\n  triggers: [{trigger: greets, flows: [%s]}]\n  queue:\n    collect: '%s'\n";
    (void)snprintf(text, sizeof(text), form, folder, folder, flows, "ordre", "flow:orden");
    put(name, text);
    assert_int_equal(run(rlv_cli_check, line), EX_CONFIG);
    (void)snprintf(want, sizeof(want),
                   "FAIL   policy    %s:9: policy.queue.collect names 'flow:orden', which begins nothing of any plugin: did you mean 'flow:order'? There "
                   "are flow:order\n"
                   "FAIL   policy    %s:7: the trigger 'greets' names 'ordre', which is no question flow of any plugin: did you mean 'order'? There are "
                   "order\n",
                   name, name);
    if (!strstr(out, want))
        fail_msg("it says\n%s\nand not\n%s", out, want);
    (void)snprintf(text, sizeof(text), form, folder, folder, flows, "order", "flow:order");
    put(name, text);
    assert_int_equal(run(rlv_cli_check, line), EX_OK);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(unlink(flows), 0);
}

static void check_policy(void **state)
{
    (void)state;
    char name[] = "/tmp/relevo-policy-XXXXXX", line[256], text[4 * PATH_MAX], want[400];
    const char *folder = built_folder();
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)close(fd);
    (void)snprintf(line, sizeof(line), "check --offline --config %s", name);
    (void)snprintf(text, sizeof(text),
                   "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p}\nplugins:\n"
                   "- {name: greets, path: %s/plugins/triggers/keyword.so, options: {phrases: [hola]}}\n"
                   "- {name: card, path: %s/plugins/summarizer.so}\n"
                   "- {name: writes, path: %s/plugins/polish.so, options: {destination: llm, model: m}}\n"
                   "policy:\n  triggers:\n  - {trigger: greets}\n  - {trigger: card}\n  - {trigger: writes}\n  rules:\n"
                   "  - {rule: right, all: [greets >= 0.5]}\n"
                   "  - {rule: never, all: [greets, card >= 0.5]}\n"
                   "  - {rule: either, any: [card, greets]}\n"
                   "  - {rule: always, all: [greets], none: [card]}\n"
                   "  - {rule: asked, all: [greets], none: [writes]}\n",
                   folder, folder, folder);
    put(name, text);
    assert_int_equal(run(rlv_cli_check, line), EX_CONFIG);
    (void)snprintf(want, sizeof(want),
                   "FAIL   policy    %s:10: policy.triggers names 'card', a summarizer, which never scores: name a trigger\n", name);
    assert_non_null(strstr(out, want));
    static const char *const rules[] = {"never", "either", "always"};
    for (int i = 0; i < 3; i++) {
        (void)snprintf(want, sizeof(want),
                       "FAIL   policy    %s:%d: a condition of rule '%s' names 'card', a summarizer, which never scores, so it never holds: "
                       "name a trigger\n",
                       name, 14 + i, rules[i]);
        assert_non_null(strstr(out, want));
    }
    /* a result may bring a score: no mistake, but told */
    (void)snprintf(want, sizeof(want),
                   "OK     policy    %s:11: policy.triggers names 'writes', a summarizer, which can score only when a result comes back to it\n",
                   name);
    assert_non_null(strstr(out, want));
    (void)snprintf(want, sizeof(want),
                   "OK     policy    %s:17: a condition of rule 'asked' names 'writes', a summarizer, which can score only when a result comes "
                   "back to it\n",
                   name);
    assert_non_null(strstr(out, want));
    assert_null(strstr(out, "names 'greets'"));
    assert_int_equal(unlink(name), 0);
}

/* In the order of calls, which is the configuration's; one that is bad hides none behind it. */
static void plugin_list(void **state)
{
    (void)state;
    char name[] = "/tmp/relevo-list-XXXXXX", line[256], text[2 * PATH_MAX], want[4 * PATH_MAX];
    const char *folder = built_folder();
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)close(fd);
    (void)snprintf(line, sizeof(line), "plugin list --config %s", name);
    static const char begin[] = "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p}\n";
    (void)snprintf(text, sizeof(text),
                   "%splugin_dir: %s/plugins\nplugins:\n- {name: summarizer}\n- {name: words, path: triggers/keyword.so, options: {phrases: [hola]}}\n"
                   "- {name: nowhere, path: /nowhere.so}\n- {name: keyword, options: {phrases: [queja]}}\n",
                   begin, folder);
    put(name, text);
    assert_int_equal(run(rlv_cli_plugin, line), EX_CONFIG);
    int n = snprintf(want, sizeof(want), "%-20s %-12s %-9s %-28s %s\n", "NAME", "KIND", "VERSION", "DOES", "FILE");
    n += snprintf(want + n, sizeof(want) - (size_t)n, "%-20s %-12s %-9s %-28s %s/plugins/summarizer.so\n", "summarizer",
                  "summarizer", RELEVO_VERSION, "summarize", folder);
    static const char *const names[] = {"words", "keyword"};
    for (size_t i = 0; i < 2; i++)
        n += snprintf(want + n, sizeof(want) - (size_t)n, "%-20s %-12s %-9s %-28s %s/plugins/triggers/keyword.so\n", names[i],
                      "trigger", RELEVO_VERSION, "trigger", folder);
    assert_string_equal(out, want);
    assert_non_null(strstr(err, ":7: plugin 'nowhere'"));
    assert_null(strstr(err, "keyword"));
    (void)snprintf(line, sizeof(line), "plugin list --json --config %s", name);
    assert_int_equal(run(rlv_cli_plugin, line), EX_CONFIG);
    json_t *listed = json_loads(out, 0, NULL), *plugins = json_object_get(listed, "plugins");
    assert_int_equal(json_array_size(plugins), 4);
    assert_string_equal(json_string_value(json_object_get(json_array_get(plugins, 1), "name")), "words");
    assert_string_equal(json_string_value(json_array_get(json_object_get(json_array_get(plugins, 1), "does"), 0)), "trigger");
    assert_non_null(strstr(json_string_value(json_object_get(json_array_get(plugins, 2), "wrong")), "plugin 'nowhere'"));
    json_decref(listed);
    (void)snprintf(line, sizeof(line), "plugin list --config %s", name);
    put(name, begin);
    assert_int_equal(run(rlv_cli_plugin, line), EX_OK);
    strchr(want, '\n')[1] = '\0'; /* the head alone */
    assert_string_equal(out, want);
    assert_int_equal(unlink(name), 0);
}

static rlv_config *loaded;
static bool worded;

static int configured(int argc, char **argv)
{
    const char *word = NULL;
    const rlv_cli_flag flags[] = {{"word", &word, NULL}};
    int rc = rlv_cli_configured(argc, argv, "the help\n", flags, 1, &loaded);
    worded = word && strcmp(word, "w") == 0; /* borrowed from argv, which ends with the run */
    return rc;
}

static int load_named(int argc, char **argv)
{
    assert_int_equal(argc, 2);
    return rlv_cli_load(argv[0], argv[1], &loaded);
}

static int misused(int argc, char **argv)
{
    (void)argc;
    return rlv_cli_usage(argv[0], "%d is too many", 7);
}

static int put_json(int argc, char **argv)
{
    (void)argv;
    return rlv_cli_put_json(argc == 2 ? json_pack("{s:f, s:[s]}", "share", 1.0 / 3, "names", "ñ") : NULL);
}

static void json_in_a_line(void **state)
{
    (void)state;
    assert_int_equal(run(put_json, "tool some"), EX_OK);
    assert_string_equal(out, "{\"share\":0.333333,\"names\":[\"ñ\"]}\n");
    assert_int_equal(run(put_json, "tool"), EX_OSERR); /* memory did not suffice */
    assert_string_equal(out, "");
}

static void beginnings(void **state)
{
    (void)state;
    char name[] = "/tmp/relevo-begin-XXXXXX", line[256];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)close(fd);
    put(name, "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p}\n");
    (void)snprintf(line, sizeof(line), "tool --word w --config %s", name);
    assert_int_equal(run(configured, line), -1);
    assert_true(worded);
    assert_string_equal(loaded->postgres, "host=p");
    rlv_config_free(loaded);
    loaded = NULL;
    (void)snprintf(line, sizeof(line), "tool --config %s surplus", name);
    assert_int_equal(run(configured, line), EX_USAGE);
    assert_string_equal(err, "relevo tool: unexpected 'surplus'; see `relevo tool --help`\n");
    assert_int_equal(run(configured, "tool --help"), EX_OK);
    assert_string_equal(out, "the help\n");
    assert_int_equal(run(misused, "tool"), EX_USAGE);
    assert_string_equal(err, "relevo tool: 7 is too many; see `relevo tool --help`\n");

    (void)snprintf(line, sizeof(line), "load %s", name);
    put(name, "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: host=p}\ncolor: 1\nlog: {level: loud}\n");
    assert_int_equal(run(load_named, line), EX_CONFIG);
    assert_non_null(strstr(err, ":3: unknown key 'color'")); /* every mistake, not the first */
    assert_non_null(strstr(err, ":4: 'log.level' is 'loud'"));
    assert_null(loaded);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(run(load_named, line), EX_CONFIG);
    assert_null(loaded);
}

static void moments(void **state)
{
    (void)state;
    int64_t at = -7, now = rlv_clock_wall_ms();
    assert_true(rlv_cli_moment("36h", &at));
    assert_in_range(at, now - 36 * 3600000LL, rlv_clock_wall_ms() - 36 * 3600000LL);
    assert_int_equal(setenv("TZ", "America/Bogota", 1), 0); /* five hours behind, always */
    tzset();
    assert_true(rlv_cli_moment("2026-03-01", &at));
    assert_true(at == 1772341200000);
    assert_true(rlv_cli_moment("2026-03-01T14:30", &at));
    assert_true(at == 1772341200000 + (14 * 60 + 30) * 60000);
    assert_true(rlv_cli_moment("2026-03-01T14:30Z", &at));
    assert_true(at == 1772341200000 + (9 * 60 + 30) * 60000);
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
    at = -7;
    static const char *const none[] = {"", "soon", "2026-13-01", "2026-03-01T", "2026-03-01T14:30+01", "36", "-1h"};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        if (rlv_cli_moment(none[i], &at) || at != -7)
            fail_msg("'%s' is a moment", none[i]);
}

/* However a role is started it is told about its children: those of plugins, and the rehearsal of a configuration. */
static void children_are_waited_for(void **state)
{
    (void)state;
    int status;
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char name[] = "consume", *argv[] = {name, NULL};
        rlv_error error;
        struct sigaction now;
        (void)signal(SIGCHLD, SIG_IGN);
        _exit(rlv_role_catch_signals(argv, "--print", &error) == RLV_OK && sigaction(SIGCHLD, NULL, &now) == 0 &&
                      now.sa_handler == SIG_DFL
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void customers_do_not_command_terminals(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        bool keep_lines;
    } cases[] = {
        {"a\033[2Jb\ac\177", "a [2Jb c ", false},
        {"uno\ndos\tx\r", "uno dos x ", false},
        {"uno\ndos\tx\r", "uno\ndos x ", true},
        {"\xc2\x9b" "31m\xc2\xa0\xc2\xbf", "  31m\xc2\xa0\xc2\xbf", false}, /* C1's CSI; not what is printed */
        {"ñandú 👍", "ñandú 👍", false},
        {"\xc2", "\xc2", false}, /* cut in the middle */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[64];
        (void)snprintf(text, sizeof(text), "%s", cases[i].from);
        rlv_cli_tame(text, strlen(text), cases[i].keep_lines);
        assert_string_equal(text, cases[i].to);
    }
}

static void a_server_that_is_away(void **state)
{
    (void)state;
    char name[] = "/tmp/relevo-away-XXXXXX", line[256];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    (void)close(fd);
    put(name, "kafka: {bootstrap.servers: '127.0.0.1:1'}\npostgres: {url: 'postgresql://127.0.0.1:1/d'}\n");
    (void)snprintf(line, sizeof(line), "migrate --config %s", name);
    assert_int_equal(run(rlv_cli_migrate, line), EX_UNAVAILABLE);
    (void)snprintf(line, sizeof(line), "check --config %s", name);
    assert_int_equal(run(rlv_cli_check, line), EX_UNAVAILABLE); /* and nothing else is wrong */
    assert_non_null(strstr(out, "FAIL   kafka     Kafka at 127.0.0.1:1 does not answer: is it running"));
    assert_non_null(strstr(out, "FAIL   postgres  Postgres: "));
    (void)snprintf(line, sizeof(line), "repair --config %s", name);
    assert_int_equal(run(rlv_cli_repair, line), EX_UNAVAILABLE);
    assert_int_equal(run(rlv_cli_repair, "repair --lane many"), EX_USAGE);
    assert_int_equal(run(rlv_cli_repair, "repair --lane 1 --skip-lost 1"), EX_USAGE);
    (void)snprintf(line, sizeof(line), "topics --config %s list", name);
    assert_int_equal(run(rlv_cli_topics, line), EX_UNAVAILABLE);
    assert_non_null(strstr(err, "relevo: Kafka at 127.0.0.1:1 does not answer"));
    assert_int_equal(unlink(name), 0);
}

/* On a terminal only: what is piped into a file is no bar. */
static void bars(void **state)
{
    (void)state;
    char line[4096] = "";
    int saved = dup(STDERR_FILENO), master = posix_openpt(O_RDWR | O_NOCTTY), terminal;
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0 && dup2(terminal, STDERR_FILENO) >= 0);
    rlv_cli_bar("events", 50, 200);
    rlv_cli_bar("events", 200, 200);
    rlv_cli_bar("sends", 7, 0);
    rlv_cli_bar("events", 0, 0);
    (void)fflush(stderr);
    (void)dup2(saved, STDERR_FILENO);
    /* A terminal hands over what was written piece by piece. */
    for (size_t n = 0; !strstr(line, "7 sends\r\033[K");) {
        struct pollfd fd = {.fd = master, .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 5000), 1);
        ssize_t got = read(master, line + n, sizeof(line) - 1 - n);
        assert_true(got > 0);
        n += (size_t)got;
    }
    const char *shown = strstr(line, " 25% [######                   ] 50 of 200 events");
    assert_non_null(shown);
    assert_non_null(strstr(shown, "\r\033[K\r\033[K7 sends")); /* and it is gone again */
    FILE *plain = tmpfile();
    assert_true(plain && dup2(fileno(plain), STDERR_FILENO) >= 0);
    rlv_cli_bar("events", 50, 200);
    (void)fflush(stderr);
    (void)dup2(saved, STDERR_FILENO);
    assert_int_equal(lseek(fileno(plain), 0, SEEK_END), 0);
    (void)fclose(plain);
    (void)close(terminal);
    (void)close(master);
    (void)close(saved);
}

static void widths(void **state)
{
    (void)state;
    assert_int_equal(rlv_cli_width(RLV_STR("ñandú")), 5);
    assert_int_equal(rlv_cli_width(RLV_STR("👍")), 2);
    assert_int_equal(rlv_cli_width(RLV_STR("\xff")), 1);
    (void)setenv("COLUMNS", "7", 1);
    assert_true(rlv_cli_columns() >= 40 && rlv_cli_columns() <= 120);
    (void)setenv("NO_COLOR", "1", 1);
    assert_false(rlv_cli_colour());
}

int main(void)
{
    (void)unsetenv("RELEVO_KAFKA");
    (void)unsetenv("RELEVO_POSTGRES");
    (void)unsetenv("RELEVO_CONFIG");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finding_the_command),
        cmocka_unit_test(output_that_is_lost),
        cmocka_unit_test(options),
        cmocka_unit_test(exit_codes),
        cmocka_unit_test(failures),
        cmocka_unit_test(config_reference),
        cmocka_unit_test(check),
        cmocka_unit_test(check_json_keeps_every_part),
        cmocka_unit_test(every_tool_explains_itself),
        cmocka_unit_test(wrong_lines),
        cmocka_unit_test(plugin_info),
        cmocka_unit_test(plugin_signatures),
        cmocka_unit_test(check_intents), cmocka_unit_test(check_flows), cmocka_unit_test(check_policy),
        cmocka_unit_test(plugin_list),
        cmocka_unit_test(json_in_a_line), cmocka_unit_test(beginnings),
        cmocka_unit_test(moments),
        cmocka_unit_test(customers_do_not_command_terminals),
        cmocka_unit_test(children_are_waited_for),
        cmocka_unit_test(a_server_that_is_away),
        cmocka_unit_test(bars),
        cmocka_unit_test(widths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
