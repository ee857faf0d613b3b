/* SPDX-License-Identifier: Apache-2.0 */
/* `relevo account`: who may log in at the desk. A password is read, never given as an argument: those are seen by everybody on the machine. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "desk/account.h"
#include "store/history.h"

enum { SQL_TIMEOUT_MS = 10000 };

static const char help[] =
    "Usage: relevo account list [--json]\n"
    "       relevo account put LOGIN [--role ROLE] [--agent AGENT] [--no-password] [--json]\n"
    "       relevo account drop LOGIN [--json]\n\n"
    "  list                who may log in at the desk\n"
    "  put LOGIN           makes an account, or changes one; whoever uses it is logged out. The password is asked for, or read\n"
    "                      from the standard input: 10 to 200 bytes\n"
    "    --role ROLE       agent (the default), supervisor (sees all teams and the reports) or admin (and the configuration)\n"
    "    --agent AGENT     in whose name it acts (desk.put_agent makes agents); without it, it only looks\n"
    "    --no-password     asks for none: as it was; a new account can then only be used through desk.proxy_header\n"
    "  drop LOGIN          takes it away, at once\n"
    "  --json              for machines: the accounts; of put and drop the one that was meant\n"
    "  --config FILE       the configuration\n";

/* One line, without echo at a terminal. False: there was none. */
static bool read_password(char *ret, size_t size)
{
    struct termios was, silent;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;
    if (terminal) {
        (void)fputs("Password: ", stderr);
        silent = was;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool got = fgets(ret, (int)size, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        (void)fputs("\n", stderr);
    }
    if (got)
        ret[strcspn(ret, "\r\n")] = '\0';
    return got;
}

/* One line, an object each. */
static int put_json(const rlv_table *t)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < t->rows; i++) {
        const char *const *row = (const char *const *)t->cells + i * t->columns;
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s?, s:b}", "login", row[0], "role", row[1], "agent",
                                                    strcmp(row[2], "-") == 0 ? NULL : row[2], "password", strcmp(row[3], "password") == 0));
    }
    return rlv_cli_put_json(json_pack("{s:o}", "accounts", rows));
}

static int list(rlv_store *store, bool json, rlv_error *err)
{
    rlv_arena *arena = rlv_arena_new((size_t)16 << 20);
    rlv_table t;
    if (!arena)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    int rc = rlv_history_table(store,
                               "SELECT login, role, coalesce(agent_id, '-'), CASE WHEN password IS NULL THEN 'proxy only' ELSE 'password' END "
                               "FROM relevo.account ORDER BY login",
                               arena, &t, err);
    if (rc == RLV_OK && json)
        rc = put_json(&t) == EX_OK ? RLV_OK : rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    else if (rc == RLV_OK && t.rows == 0)
        (void)puts("There are no accounts yet: relevo account put LOGIN --agent AGENT");
    for (size_t i = 0; rc == RLV_OK && !json && i < t.rows; i++)
        (void)printf("%-24s %-12s %-16s %s\n", t.cells[i * t.columns], t.cells[i * t.columns + 1], t.cells[i * t.columns + 2],
                     t.cells[i * t.columns + 3]);
    rlv_arena_free(arena);
    return rc;
}

int rlv_cli_account(int argc, char **argv)
{
    const char *path = NULL, *role = "agent", *agent = "";
    bool no_password = false, json = false;
    const rlv_cli_flag flags[] = {
        {"config", &path, NULL}, {"role", &role, NULL}, {"agent", &agent, NULL}, {"no-password", NULL, &no_password}, {"json", NULL, &json}};
    int first;
    int code = rlv_cli_parse(argc, argv, help, flags, sizeof(flags) / sizeof(*flags), &first);
    if (code >= 0)
        return code;
    const char *verb = first < argc ? argv[first] : "", *login = first + 1 < argc ? argv[first + 1] : "";
    bool is_list = strcmp(verb, "list") == 0, is_put = strcmp(verb, "put") == 0, is_drop = strcmp(verb, "drop") == 0;
    if (!is_list && !is_put && !is_drop)
        return rlv_cli_usage("account", "list, put or drop?");
    if (argc - first != (is_list ? 1 : 2))
        return rlv_cli_usage("account", is_list ? "list takes no login" : "%s takes one login", verb);
    char password[RLV_PASSWORD_MAX + 3] = "";
    if (is_put && !no_password && !read_password(password, sizeof(password)))
        return rlv_cli_usage("account", "no password was given; --no-password to make do without");
    rlv_config *config;
    code = rlv_cli_load(argv[0], path, &config);
    if (code)
        return code;
    rlv_error err = {0};
    rlv_store *store = NULL;
    int rc = rlv_store_open(config->postgres, "relevo account", SQL_TIMEOUT_MS, &store, &err);
    if (rc == RLV_OK && is_list)
        rc = list(store, json, &err);
    else if (rc == RLV_OK && is_put)
        rc = rlv_account_put(store, rlv_str_from(login), rlv_str_from(role), rlv_str_from(agent),
                             no_password ? (rlv_str){NULL, 0} : rlv_str_from(password), &err);
    else if (rc == RLV_OK)
        rc = rlv_account_drop(store, rlv_str_from(login), &err);
    explicit_bzero(password, sizeof(password));
    rlv_store_close(store);
    rlv_config_free(config);
    if (rc != RLV_OK)
        return rlv_cli_fail(&err);
    return json && !is_list ? rlv_cli_put_json(json_pack("{s:s}", is_put ? "put" : "dropped", login)) : EX_OK;
}
