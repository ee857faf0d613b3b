/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `relevo report`: the report functions of the schema desk, to read, for a spreadsheet or for a machine. What the figures mean is said
 * where they are made (schemas/sql/007_reports.sql). Must never write.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "store/history.h"

enum { SQL_TIMEOUT_MS = 600000, WIDTHS_MAX = 64, CELL_MAX = 60 };
static const size_t ARENA_MAX = (size_t)64 << 20;

static const char help[] =
    "Usage: relevo report [NAME ...] [options]\n\n"
    "  containment   cases that the bot saw through alone\n"
    "  triggers      why conversations went to people, and how that went\n"
    "  answers       from the handoff to the first word of a person\n"
    "  waits         from the handoff until a person had it, by priority\n"
    "  resolution    from people's first moment until it was closed, or back with the bot\n"
    "  gaps          what the bot had said before it handed over: what to add to the knowledge base\n"
    "  agents        who answered and ended how many, and has how many now\n"
    "  surveys       what customers said afterwards, by agent and by trigger\n"
    "  observed      of triggers that only watch: how often they fired, and who went to people all the same\n\n"
    "  --since MOMENT  from here on: 30d (the default), 24h, 2026-03-01, 2026-03-01T14:30\n"
    "  --until MOMENT  up to here; default: now\n"
    "  --csv, --json   for a spreadsheet (one report), for machines; durations are then ISO 8601 (PT1M20S)\n"
    "  --config FILE   the configuration\n\n"
    "Without a name: all of them. Counted is what began in that time, with what became of it until now. Each is a function of\n"
    "the schema desk too (docs/desk.md).\n";

static const struct report {
    const char *name, *title;
} reports[] = {{"containment", "Containment"},
               {"triggers", "Handoffs by trigger"},
               {"answers", "Time to the first human answer"},
               {"waits", "Wait by priority"},
               {"resolution", "Time with people"},
               {"gaps", "What the bot had said before"},
               {"agents", "Agents"},
               {"surveys", "Surveys"},
               {"observed", "Triggers that only watch"}};
enum { REPORTS = sizeof(reports) / sizeof(*reports) };

enum form { TABLE, CSV, JSON };

/* ---- forms ------------------------------------------------------------------------------------------------------- */

/* The cell as one line of bounded width. */
static rlv_str tame(const char *cell, rlv_arena *arena)
{
    rlv_str cut = rlv_str_cut(rlv_str_from(cell ? cell : "-"), CELL_MAX * 4);
    char *copy = rlv_arena_alloc(arena, cut.len + 1);
    if (!copy)
        return RLV_STR("?");
    memcpy(copy, cut.ptr, cut.len);
    rlv_cli_tame(copy, cut.len, false);
    cut.ptr = copy;
    while (rlv_cli_width(cut) > CELL_MAX)
        cut = rlv_str_cut(cut, cut.len - 1);
    return cut;
}

static void put_table(const rlv_table *t, rlv_arena *arena)
{
    int widths[WIDTHS_MAX] = {0};
    size_t columns = t->columns < WIDTHS_MAX ? t->columns : WIDTHS_MAX;
    for (size_t i = 0; i < columns; i++)
        widths[i] = (int)strlen(t->names[i]);
    for (size_t i = 0; i < t->rows * columns; i++) {
        int width = rlv_cli_width(tame(t->cells[i / columns * t->columns + i % columns], arena));
        if (width > widths[i % columns])
            widths[i % columns] = width;
    }
    for (size_t i = 0; i < columns; i++)
        (void)printf("%s%-*s", i ? "  " : "", i + 1 < columns ? widths[i] : 0, t->names[i]);
    for (size_t i = 0; i < t->rows * columns; i++) {
        size_t c = i % columns;
        rlv_str text = tame(t->cells[i / columns * t->columns + c], arena);
        int pad = c + 1 < columns ? widths[c] - rlv_cli_width(text) : 0;
        (void)printf("%s%.*s%*s", c ? "  " : "\n", RLV_STR_ARG(text), pad, "");
    }
    (void)putchar('\n');
    if (!t->rows)
        (void)puts("(nothing in this time)");
}

static void put_field(const char *cell)
{
    if (!cell)
        return;
    if (!strpbrk(cell, ",\"\r\n")) {
        (void)fputs(cell, stdout);
        return;
    }
    (void)putchar('"');
    for (; *cell; cell++) {
        if (*cell == '"')
            (void)putchar('"');
        (void)putchar(*cell);
    }
    (void)putchar('"');
}

static void put_csv(const rlv_table *t)
{
    for (size_t i = 0; i < t->columns; i++)
        (void)printf("%s%s", i ? "," : "", t->names[i]);
    (void)fputs("\r\n", stdout);
    for (size_t i = 0; i < t->rows * t->columns; i++) {
        put_field(t->cells[i]);
        (void)fputs((i + 1) % t->columns ? "," : "\r\n", stdout);
    }
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int print_one(rlv_store *store, const struct report *report, enum form form, int64_t since_ms, int64_t until_ms,
                     bool first, rlv_error *err)
{
    char call[200], sql[400];
    rlv_table table;
    rlv_arena *arena = rlv_arena_new(ARENA_MAX);
    if (!arena)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    (void)snprintf(call, sizeof(call), "desk.report_%s(to_timestamp(%lld / 1000.0), to_timestamp(%lld / 1000.0))", report->name,
                   (long long)since_ms, (long long)until_ms);
    (void)snprintf(sql, sizeof(sql), form == JSON ? "SELECT coalesce(json_agg(r), '[]'::json) FROM %s r" : "SELECT * FROM %s",
                   call);
    int rc = rlv_history_table(store, sql, arena, &table, err);
    if (rc == RLV_OK && form == TABLE) {
        (void)printf("%s%s\n", first ? "" : "\n", report->title);
        put_table(&table, arena);
    } else if (rc == RLV_OK && form == CSV) {
        put_csv(&table);
    } else if (rc == RLV_OK) {
        (void)printf("%s\"%s\": %s", first ? "{" : ",\n", report->name, table.cells[0]);
    }
    rlv_arena_free(arena);
    return rc;
}

static int run(const rlv_config *config, const bool *wanted, enum form form, int64_t since_ms, int64_t until_ms)
{
    rlv_store *store = NULL;
    rlv_error err;
    bool first = true;
    int rc = rlv_store_open(config->postgres, "relevo report", SQL_TIMEOUT_MS, &store, &err);
    if (rc == RLV_OK)
        rc = rlv_store_check_schema(store, &err);
    if (rc == RLV_OK)
        rc = rlv_history_begin(store, &err);
    rlv_table nothing;
    rlv_arena *arena = rlv_arena_new(4096);
    if (rc == RLV_OK && form != TABLE)
        rc = arena ? rlv_history_table(store, "SET intervalstyle = iso_8601", arena, &nothing, &err)
                   : rlv_error_set(&err, RLV_E_LIMIT, "out of memory");
    rlv_arena_free(arena);
    for (size_t i = 0; rc == RLV_OK && i < REPORTS; i++) {
        if (!wanted[i])
            continue;
        rc = print_one(store, &reports[i], form, since_ms, until_ms, first, &err);
        first = false;
    }
    rlv_store_close(store);
    if (rc != RLV_OK)
        return rlv_cli_fail(&err);
    if (form == JSON)
        (void)puts("}");
    return fflush(stdout) == 0 && !ferror(stdout) ? EX_OK : EX_IOERR;
}

/* The reports that are named; all when none is. EX_USAGE: one is unknown, and said so. */
static int choose(int argc, char **argv, int first, bool *wanted, size_t *ret_n)
{
    *ret_n = 0;
    for (int i = first; i < argc; i++) {
        size_t k = 0;
        while (k < REPORTS && strcmp(argv[i], reports[k].name) != 0)
            k++;
        if (k == REPORTS)
            return rlv_cli_usage("report", "there is no report '%s'", argv[i]);
        wanted[k] = true;
    }
    for (size_t k = 0; k < REPORTS; k++) {
        wanted[k] = wanted[k] || first == argc;
        *ret_n += wanted[k];
    }
    return EX_OK;
}

int rlv_cli_report(int argc, char **argv)
{
    const char *path = NULL, *since = "30d", *until = NULL;
    bool csv = false, json = false, wanted[REPORTS] = {false};
    const rlv_cli_flag flags[] = {
        {"config", &path, NULL}, {"since", &since, NULL}, {"until", &until, NULL}, {"csv", NULL, &csv}, {"json", NULL, &json}};
    int first, rc = rlv_cli_parse(argc, argv, help, flags, sizeof(flags) / sizeof(*flags), &first);
    if (rc >= 0)
        return rc;
    size_t n = 0;
    int64_t since_ms = 0, until_ms = rlv_clock_wall_ms();
    rc = choose(argc, argv, first, wanted, &n);
    if (rc != EX_OK)
        return rc;
    if (csv && json)
        return rlv_cli_usage("report", "--csv and --json exclude each other");
    if (csv && n != 1)
        return rlv_cli_usage("report", "--csv is for one report: name it");
    if (!rlv_cli_moment(since, &since_ms) || (until && !rlv_cli_moment(until, &until_ms)))
        return rlv_cli_usage("report", "a moment is written 24h, 30d, 2026-03-01 or 2026-03-01T14:30");
    if (since_ms >= until_ms)
        return rlv_cli_usage("report", "--since is not before --until");
    rlv_config *config;
    rc = rlv_cli_load(argv[0], path, &config);
    if (rc)
        return rc;
    rc = run(config, wanted, csv ? CSV : json ? JSON : TABLE, since_ms, until_ms);
    rlv_config_free(config);
    return rc;
}
