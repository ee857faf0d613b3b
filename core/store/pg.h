/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq with deadlines, errors as values and binary parameters: what the files of this room share.
 */
#ifndef RLV_STORE_PG_H
#define RLV_STORE_PG_H

#include <libpq-fe.h>

#include "store/store.h"

/* Type OIDs, stable since ever (pg_type.dat). */
enum rlv_pg_type {
    RLV_PG_BYTEA = 17,
    RLV_PG_INT8 = 20,
    RLV_PG_INT2 = 21,
    RLV_PG_INT4 = 23,
    RLV_PG_TEXT = 25,
    RLV_PG_TIMESTAMPTZ = 1184,
    RLV_PG_UUID = 2950
};

enum { RLV_PG_PARAMS_MAX = 24 };

struct rlv_store {
    PGconn *conn;
    char *conninfo;
    int timeout_ms;
    bool broken;   /* a deadline was missed: nothing is known any more */
    bool notified; /* a notification was seen while waiting for something else */
    int64_t month; /* the ten days for which the months of history were made; 0: none yet */
    int32_t listening; /* lane whose commands are announced here; -1: none */
    rlv_buf params[RLV_PG_PARAMS_MAX];
    int n_params;
    rlv_buf copy;     /* rows on their way to a COPY */
    bool copy_failed; /* the connection did not take them */
};

/* Parameters of the next statement, in order. Their memory is kept for the statement after. A value past 256 MiB
   marks the statement failed: RLV_E_LIMIT when it is sent. */
void rlv_pg_begin(rlv_store *store);
void rlv_pg_int4(rlv_store *store, int32_t v);
void rlv_pg_int8(rlv_store *store, int64_t v);
void rlv_pg_bytea(rlv_store *store, rlv_str v);
void rlv_pg_text(rlv_store *store, const char *v);

/* An array parameter: begin, then each element, then end with their number. */
rlv_buf *rlv_pg_array_begin(rlv_store *store);
void rlv_pg_array_end(rlv_buf *a, enum rlv_pg_type type, size_t n);
void rlv_pg_put_null(rlv_buf *a);
void rlv_pg_put_int2(rlv_buf *a, int16_t v);
void rlv_pg_put_int4(rlv_buf *a, int32_t v);
void rlv_pg_put_int8(rlv_buf *a, int64_t v);
void rlv_pg_put_float4(rlv_buf *a, float v);
void rlv_pg_put_uuid(rlv_buf *a, rlv_id id);
void rlv_pg_put_bytes(rlv_buf *a, rlv_str v);
/* NUL cannot be in Postgres's text: it becomes U+FFFD. Absent text becomes NULL. */
void rlv_pg_put_text(rlv_buf *a, rlv_str v);
/* Milliseconds since 1970 as timestamptz. */
void rlv_pg_put_time(rlv_buf *a, int64_t ms);

/* Runs a prepared statement with the parameters begun, waits, gives the result (text-less binary rows). */
int rlv_pg_run(rlv_store *store, const char *statement, PGresult **ret, rlv_error *err);
/* Sends it in pipeline mode, without waiting. */
int rlv_pg_send(rlv_store *store, const char *statement, rlv_error *err);
/* The next result within the deadline; *ret NULL at the end of a statement's results. */
int rlv_pg_next(rlv_store *store, int64_t deadline_us, PGresult **ret, rlv_error *err);
/* The one result of a statement that was sent outside a pipeline, within the deadline; whatever follows it is drained. A
   failed one is an error. ret may be NULL. */
int rlv_pg_collect(rlv_store *store, int64_t deadline_us, PGresult **ret, rlv_error *err);
/* The same for SQL that is not prepared: sends it, without waiting; or runs it as rlv_pg_run does. */
int rlv_pg_send_sql(rlv_store *store, const char *sql, rlv_error *err);
int rlv_pg_ask(rlv_store *store, const char *sql, PGresult **ret, rlv_error *err);
/* Runs plain SQL without parameters (several statements allowed). */
int rlv_pg_exec(rlv_store *store, const char *sql, PGresult **ret, rlv_error *err);
/* Until the server has all that was sent. */
int rlv_pg_flush(rlv_store *store, rlv_error *err);
/* COPY ... FROM STDIN (FORMAT binary), outside a pipeline: begin, then for every row its columns into what copy_row
   gives (by rlv_pg_put_...), then send, which does not wait for the answer; end does. */
int rlv_pg_copy_begin(rlv_store *store, const char *sql, rlv_error *err);
rlv_buf *rlv_pg_copy_row(rlv_store *store, int columns);
int rlv_pg_copy_send(rlv_store *store, rlv_error *err);
int rlv_pg_copy_end(rlv_store *store, rlv_error *err);
/* An error for a failed result, by its SQLSTATE. */
int rlv_pg_error(rlv_store *store, const PGresult *result, rlv_error *err);
int64_t rlv_pg_deadline(const rlv_store *store);
/* Marks the connection broken and says so. */
int rlv_pg_lost(rlv_store *store, const char *what, int code, rlv_error *err);

/* Binary fields of a row. */
bool rlv_pg_is_null(const PGresult *r, int row, int col);
int64_t rlv_pg_get_int(const PGresult *r, int row, int col); /* int2, int4 or int8 */
rlv_id rlv_pg_get_uuid(const PGresult *r, int row, int col);
rlv_str rlv_pg_get_str(const PGresult *r, int row, int col, rlv_arena *arena); /* text or bytea; NULL: absent */
int64_t rlv_pg_get_time(const PGresult *r, int row, int col); /* ms */
rlv_trace rlv_pg_get_trace(const PGresult *r, int row, int col); /* NULL: none */

/* Prepares every statement of the lane; see statements.c. */
int rlv_store_prepare(rlv_store *store, rlv_error *err);

#endif
