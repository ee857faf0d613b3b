/* SPDX-License-Identifier: Apache-2.0 */
/* See shelf.h. */
#include "shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const topics[] = {"a", "b"};

/* The same server, another database: as keywords, whatever form RELEVO_POSTGRES has. */
static void conninfo_for(const char *database, char *out, size_t size)
{
    const char *from = getenv("RELEVO_POSTGRES");
    if (!from)
        fail_msg("RELEVO_POSTGRES is not set: run ./dev test, or eval \"$(./dev env)\" first");
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(from, &why);
    if (!options)
        fail_msg("RELEVO_POSTGRES is no conninfo: %s", why ? why : "out of memory");
    rlv_buf b = RLV_BUF_INIT(size - 1);
    for (PQconninfoOption *o = options; o->keyword; o++) {
        const char *value = strcmp(o->keyword, "dbname") == 0 ? database : o->val;
        if (!value)
            continue;
        rlv_buf_printf(&b, "%s='", o->keyword);
        for (; *value; value++)
            rlv_buf_printf(&b, "%s%c", *value == '\'' || *value == '\\' ? "\\" : "", *value);
        rlv_buf_printf(&b, "' ");
    }
    assert_false(b.failed);
    memcpy(out, b.data, b.len + 1);
    rlv_buf_free(&b);
    PQconninfoFree(options);
}

static PGconn *connect_to(const char *conninfo, const char *name)
{
    const char *const keys[] = {"dbname", "application_name", NULL};
    const char *const values[] = {conninfo, name, NULL};
    PGconn *sql = PQconnectdbParams(keys, values, 1);
    if (PQstatus(sql) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(sql));
    shelf_run(sql, "SET client_min_messages = warning");
    return sql;
}

void shelf_run(PGconn *sql, const char *fmt, ...)
{
    char line[4096];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    PGresult *r = PQexec(sql, line);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", line, PQerrorMessage(sql));
    PQclear(r);
}

const char *shelf_ask(shelf *s, const char *fmt, ...)
{
    static char answer[4096];
    char line[4096];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    PGresult *r = PQexec(s->sql, line);
    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", line, PQerrorMessage(s->sql));
    (void)snprintf(answer, sizeof(answer), "%s", PQntuples(r) ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return answer;
}

void shelf_assert_ok(int rc, const rlv_error *err, const char *file, int line)
{
    if (rc != RLV_OK) {
        print_error("%s: %s\n", rlv_code_name(rc), err->message);
        _fail(file, line);
    }
}

int shelf_empty_setup(void **state)
{
    static int serial;
    shelf *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    (void)snprintf(s->name, sizeof(s->name), "unit_store_%d_%d", (int)getpid(), ++serial);
    conninfo_for(s->name, s->conninfo, sizeof(s->conninfo));
    PGconn *admin = connect_to(getenv("RELEVO_POSTGRES"), "unit tests");
    shelf_run(admin, "CREATE DATABASE %s", s->name);
    PQfinish(admin);
    s->sql = connect_to(s->conninfo, "unit tests");
    *state = s;
    return 0;
}

int shelf_group_setup(void **state)
{
    shelf_empty_setup(state);
    shelf *s = *state;
    rlv_store *store = shelf_open(s, SHELF_TIMEOUT_MS);
    rlv_error err;
    int rc = rlv_store_migrate(store, NULL, &err);
    assert_ok(rc, err);
    rlv_store_close(store);
    return 0;
}

int shelf_group_teardown(void **state)
{
    shelf *s = *state;
    if (!s)
        return 0; /* the setup failed, and said why */
    PQfinish(s->sql);
    PGconn *admin = connect_to(getenv("RELEVO_POSTGRES"), "unit tests");
    shelf_run(admin, "DROP DATABASE %s WITH (FORCE)", s->name);
    PQfinish(admin);
    free(s);
    return 0;
}

rlv_store *shelf_open(const shelf *s, int timeout_ms)
{
    rlv_store *store = NULL;
    rlv_error err;
    int rc = rlv_store_open(s->conninfo, "unit test", timeout_ms, &store, &err);
    assert_ok(rc, err);
    return store;
}

rlv_lane_row shelf_assign(rlv_store *store, int32_t lane)
{
    rlv_lane_row row;
    rlv_error err;
    int rc = rlv_store_assign(store, lane, 12, "cluster", topics, 2, NULL, &row, &err);
    assert_ok(rc, err);
    return row;
}

PGconn *shelf_connect(const shelf *s, const char *name)
{
    return connect_to(s->conninfo, name);
}

int shelf_setup(void **state)
{
    shelf *s = *state;
    s->lane++;
    s->arena = rlv_arena_new((size_t)24 << 20);
    s->store = shelf_open(s, SHELF_TIMEOUT_MS);
    s->row = shelf_assign(s->store, s->lane);
    return 0;
}

int shelf_teardown(void **state)
{
    shelf *s = *state;
    rlv_store_close(s->store);
    rlv_arena_free(s->arena);
    return 0;
}

shelf_batch *shelf_batch_new(const shelf *s, const char *name, size_t n, int64_t at_ms)
{
    assert_true(n <= SHELF_ROWS_MAX);
    shelf_batch *b = rlv_arena_zalloc(s->arena, 1, sizeof(*b));
    assert_non_null(b);
    for (size_t i = 0; i < n; i++) {
        rlv_str wa_id = rlv_str_from(rlv_arena_printf(s->arena, "%s-%d-%zu", name, s->lane, i));
        rlv_id id = rlv_conversation_id(RLV_STR("555"), wa_id);
        b->conversations[i] = (rlv_conversation){.id = id,
                                                 .lane = s->lane,
                                                 .phone_number_id = RLV_STR("555"),
                                                 .wa_id = wa_id,
                                                 .customer_name = RLV_STR("María"),
                                                 .language = RLV_STR("es"),
                                                 .owner = RLV_OWNER_BOT,
                                                 .epoch = 1,
                                                 .owner_since_ms = at_ms,
                                                 .opened_ms = at_ms,
                                                 .last_in_ms = at_ms};
        b->events[i] = (rlv_event){.kind = RLV_EVENT_MESSAGE,
                                   .conversation_id = id,
                                   .at_ms = at_ms,
                                   .text = RLV_STR("hola"),
                                   .source = {.kind = RLV_SOURCE_TOPIC,
                                              .topic = RLV_STR("a"),
                                              .partition = s->lane,
                                              .offset = 10 + (int64_t)i},
                                   .message_id = RLV_STR("wamid.1"),
                                   .type = RLV_STR("text")};
        b->decisions[i] = (rlv_decision){.kind = RLV_DECIDED_RECEIVED, .owner = RLV_OWNER_BOT, .epoch = 1};
        b->outcomes[i] =
            (rlv_outcome){.lane = s->lane,
                          .seq = s->row.seq + 1 + (int64_t)i,
                          .config = 42,
                          .event = &b->events[i],
                          .conversation = &b->conversations[i],
                          .decisions = {.first = &b->decisions[i], .last = &b->decisions[i], .n = 1}};
        b->decided[i] = rlv_str_from(rlv_arena_printf(s->arena, "decided %zu", i));
        b->writes[i] = (rlv_write){.conversation = &b->conversations[i], .state = RLV_STR("\001state")};
    }
    b->next[0] = 10 + (int64_t)n;
    b->next[1] = 20;
    b->commit = (rlv_commit){.row = &s->row,
                             .lane_ms = at_ms,
                             .next = b->next,
                             .outcomes = b->outcomes,
                             .decided = b->decided,
                             .n = n,
                             .writes = b->writes,
                             .n_writes = n};
    return b;
}

int shelf_commit(shelf *s, shelf_batch *b, rlv_error *err)
{
    b->commit.row = &s->row;
    return rlv_store_commit(s->store, &b->commit, err);
}

void shelf_follow(shelf *s, shelf_batch *b)
{
    s->row.seq += (int64_t)b->commit.n;
    s->row.lane_ms = b->commit.lane_ms;
    memcpy(s->row.next, b->next, sizeof(b->next));
    for (size_t i = 0; i < b->commit.n_writes; i++)
        b->conversations[i].version++;
    for (size_t i = 0; i < b->commit.n; i++) {
        b->outcomes[i].seq += (int64_t)b->commit.n;
        if (b->events[i].source.kind == RLV_SOURCE_TOPIC)
            b->events[i].source.offset += (int64_t)b->commit.n;
    }
    b->next[0] += (int64_t)b->commit.n;
}

void shelf_command(shelf *s, shelf_batch *b, size_t i)
{
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(b->conversations[i].id, id);
    const char *row = shelf_ask(
        s,
        "INSERT INTO relevo.command (lane, conversation_id, kind, agent_id, agent_name, text, owner, "
        "owner_agent, "
        "epoch, version) VALUES (%d, '%s', 'reply', 'ana', 'Ana', 'Hola', 3, 'ana', 2, 1) RETURNING id",
        s->lane, id);
    b->events[i].kind = RLV_EVENT_COMMAND;
    b->events[i].command = RLV_COMMAND_REPLY;
    b->events[i].source = (rlv_source){.kind = RLV_SOURCE_COMMAND, .offset = strtoll(row, NULL, 10)};
}

void shelf_timer(shelf_batch *b, size_t i, int64_t id)
{
    b->events[i].kind = RLV_EVENT_TIMER;
    b->events[i].timer = RLV_STR("idle");
    b->events[i].source = (rlv_source){.kind = RLV_SOURCE_TIMER, .offset = id};
}
