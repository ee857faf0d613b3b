/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: conversations, commands, timers, what is not yet published. Must never change anything. */
#include <jansson.h>

#include "store/pg.h"

void rlv_stored_columns(const rlv_stored *stored, rlv_conversation *conv)
{
    conv->id = stored->id;
    conv->lane = stored->lane;
    conv->version = stored->version;
    conv->forward = stored->forward;
    conv->owner = stored->owner;
    conv->epoch = stored->epoch;
    conv->owner_since_ms = stored->owner_since_ms;
    conv->agent_id = stored->agent_id;
    conv->team = stored->team;
    conv->tags = stored->tags;
}

int rlv_store_load(rlv_store *store, const rlv_id *ids, size_t n, rlv_arena *arena, rlv_stored **ret, size_t *ret_n,
                   rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_buf *a = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n; i++)
        rlv_pg_put_uuid(a, ids[i]);
    rlv_pg_array_end(a, RLV_PG_UUID, n);
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, "load", &r, err);
    if (rc != RLV_OK)
        return rc;
    int rows = PQntuples(r);
    rlv_stored *list = rlv_arena_zalloc(arena, (size_t)rows + 1, sizeof(*list));
    for (int i = 0; list && i < rows; i++)
        list[i] = (rlv_stored){.id = rlv_pg_get_uuid(r, i, 0),
                               .lane = (int32_t)rlv_pg_get_int(r, i, 1),
                               .version = rlv_pg_get_int(r, i, 2),
                               .owner = (enum rlv_owner)rlv_pg_get_int(r, i, 3),
                               .epoch = rlv_pg_get_int(r, i, 4),
                               .owner_since_ms = rlv_pg_get_int(r, i, 5),
                               .agent_id = rlv_pg_get_str(r, i, 6, arena),
                               .team = rlv_pg_get_str(r, i, 7, arena),
                               .state = rlv_pg_get_str(r, i, 8, arena),
                               .forward = rlv_pg_get_uuid(r, i, 9),
                               .tags = rlv_pg_get_str(r, i, 10, arena)};
    PQclear(r);
    if (rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "%d conversations do not fit in the batch's memory", rows);
    *ret = list;
    *ret_n = (size_t)rows;
    return RLV_OK;
}

/* Identity columns, the same in commands and timers. */
static void take_identity(const PGresult *r, int row, int first, rlv_arena *arena, rlv_event *ev)
{
    ev->phone_number_id = rlv_pg_get_str(r, row, first, arena);
    ev->wa_id = rlv_pg_get_str(r, row, first + 1, arena);
    rlv_str customer = rlv_pg_get_str(r, row, first + 2, arena);
    if (!rlv_str_eq(customer, ev->wa_id))
        ev->user_id = customer;
}

static rlv_str member(const json_t *object, const char *name, rlv_arena *arena)
{
    const json_t *v = json_object_get(object, name);
    return json_string_length(v) ? rlv_arena_copy(arena, (rlv_str){json_string_value(v), json_string_length(v)}) : (rlv_str){NULL, 0};
}

/* What a reply or a follow-up is besides its text, as desk.reply and relevo.follow_up wrote it into the note. A follow-up's of before 033 is the
   template's name alone. */
static void take_extras(rlv_event *ev, rlv_arena *arena)
{
    json_t *extra = json_loadb(ev->note.ptr, ev->note.len, 0, NULL);
    if (!json_is_object(extra)) {
        json_decref(extra);
        return;
    }
    const json_t *parameters = json_object_get(extra, "parameters");
    size_t n = json_array_size(parameters);
    rlv_str *list = n ? rlv_arena_zalloc(arena, n, sizeof(*list)) : NULL;
    for (size_t i = 0; list && i < n; i++) {
        const json_t *v = json_array_get(parameters, i);
        list[i] = rlv_arena_copy(arena, (rlv_str){json_string_value(v), json_string_length(v)});
    }
    bool follow_up = ev->command == RLV_COMMAND_FOLLOW_UP;
    if (json_is_object(extra) || follow_up) {
        ev->extras = (rlv_extras){.template = extra ? member(extra, "template", arena) : ev->note,
                                  .language = member(extra, "language", arena),
                                  .parameters = list,
                                  .n_parameters = list ? n : 0,
                                  .media_kind = member(extra, "media_kind", arena),
                                  .media_id = member(extra, "media_id", arena),
                                  .media_name = member(extra, "media_name", arena)};
        ev->context_id = member(extra, "to", arena);
        ev->reply_id = member(extra, "begin", arena);
        ev->note = (rlv_str){NULL, 0};
    }
    json_decref(extra);
}

int rlv_store_commands(rlv_store *store, int32_t lane, int limit, rlv_arena *arena, rlv_event **ret, size_t *ret_n,
                       int64_t *ret_age_ms, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_int8(store, limit);
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, "commands", &r, err);
    if (rc != RLV_OK)
        return rc;
    int rows = PQntuples(r);
    rlv_event *list = rlv_arena_zalloc(arena, (size_t)rows + 1, sizeof(*list));
    for (int i = 0; list && i < rows && rc == RLV_OK; i++) {
        rlv_event *ev = &list[i];
        ev->kind = RLV_EVENT_COMMAND;
        ev->source = (rlv_source){.kind = RLV_SOURCE_COMMAND, .offset = rlv_pg_get_int(r, i, 0)};
        ev->conversation_id = rlv_pg_get_uuid(r, i, 1);
        rlv_str kind = rlv_pg_get_str(r, i, 2, arena);
        if (!rlv_command_kind_parse(kind, &ev->command))
            rc = rlv_error_set(err, RLV_E_REFUSED, "command %lld is a '%.*s', which this build does not know",
                               (long long)ev->source.offset, RLV_STR_ARG(kind));
        ev->agent_id = rlv_pg_get_str(r, i, 3, arena);
        ev->agent_name = rlv_pg_get_str(r, i, 4, arena);
        ev->text = rlv_pg_get_str(r, i, 5, arena);
        ev->note = rlv_pg_get_str(r, i, 6, arena);
        ev->owner = (enum rlv_owner)rlv_pg_get_int(r, i, 7);
        ev->epoch = rlv_pg_get_int(r, i, 8);
        ev->version = rlv_pg_get_int(r, i, 9);
        ev->sent_ms = rlv_pg_get_time(r, i, 10);
        take_identity(r, i, 11, arena, ev);
        ev->owner_agent = rlv_pg_get_str(r, i, 15, arena);
        if ((ev->command == RLV_COMMAND_REPLY || ev->command == RLV_COMMAND_FOLLOW_UP) && ev->note.len)
            take_extras(ev, arena);
    }
    int64_t age = rows ? rlv_pg_get_time(r, 0, 14) - rlv_pg_get_time(r, 0, 10) : 0;
    PQclear(r);
    if (rc == RLV_OK && rlv_arena_overflowed(arena))
        rc = rlv_error_set(err, RLV_E_LIMIT, "%d commands do not fit in the batch's memory", rows);
    if (rc != RLV_OK)
        return rc;
    *ret = list;
    *ret_n = (size_t)rows;
    *ret_age_ms = age > 0 ? age : 0;
    return RLV_OK;
}

int rlv_store_timers(rlv_store *store, int32_t lane, int64_t now_ms, int limit, rlv_arena *arena, rlv_event **ret,
                     size_t *ret_n, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_int8(store, now_ms);
    rlv_pg_int8(store, limit);
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, "timers", &r, err);
    if (rc != RLV_OK)
        return rc;
    int rows = PQntuples(r);
    rlv_event *list = rlv_arena_zalloc(arena, (size_t)rows + 1, sizeof(*list));
    for (int i = 0; list && i < rows; i++) {
        list[i].kind = RLV_EVENT_TIMER;
        list[i].source = (rlv_source){.kind = RLV_SOURCE_TIMER, .offset = rlv_pg_get_int(r, i, 0)};
        list[i].conversation_id = rlv_pg_get_uuid(r, i, 1);
        list[i].timer = rlv_pg_get_str(r, i, 2, arena);
        list[i].at_ms = rlv_pg_get_int(r, i, 3);
        take_identity(r, i, 4, arena, &list[i]);
    }
    PQclear(r);
    if (rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "%d timers do not fit in the batch's memory", rows);
    *ret = list;
    *ret_n = (size_t)rows;
    return RLV_OK;
}

int rlv_store_unpublished(rlv_store *store, int32_t lane, int64_t after_seq, int limit, rlv_arena *arena,
                          rlv_unpublished **ret, size_t *ret_n, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_int8(store, after_seq);
    rlv_pg_int8(store, limit);
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, "unpublished", &r, err);
    if (rc != RLV_OK)
        return rc;
    int rows = PQntuples(r);
    rlv_unpublished *list = rlv_arena_zalloc(arena, (size_t)rows + 1, sizeof(*list));
    for (int i = 0; list && i < rows; i++) {
        list[i] = (rlv_unpublished){.seq = rlv_pg_get_int(r, i, 0),
                                    .at_ms = rlv_pg_get_time(r, i, 1),
                                    .conversation_id = rlv_pg_get_uuid(r, i, 2),
                                    .decided = rlv_pg_get_str(r, i, 3, arena)};
        rlv_trace came = rlv_pg_get_trace(r, i, 4);
        list[i].trace = rlv_trace_of_row(&came, list[i].at_ms, lane, list[i].seq);
    }
    PQclear(r);
    if (rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "%d unpublished rows do not fit in memory", rows);
    *ret = list;
    *ret_n = (size_t)rows;
    return RLV_OK;
}
