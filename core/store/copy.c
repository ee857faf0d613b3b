/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY ... FROM STDIN (FORMAT binary): rows as a stream. For new rows it is the cheapest way into Postgres:
 * they are put into pages many at a time, with one WAL record a page. libpq allows it outside a pipeline
 * only. Must never wait without a deadline.
 */
#include <endian.h>

#include "base/point.h"
#include "store/pg.h"

enum {
    CHUNK = 64 * 1024
};

static void give_chunk(rlv_store *store)
{
    rlv_buf *b = &store->copy;
    if (b->failed || store->copy_failed)
        return;
    /* Never blocks: what the socket does not take stays with libpq. A broken connection is seen at the end.
     */
    if (PQputCopyData(store->conn, b->data, (int)b->len) != 1)
        store->copy_failed = true;
    rlv_buf_reset(b);
}

int rlv_pg_copy_begin(rlv_store *store, const char *sql, rlv_error *err)
{
    static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* no flags, no extension */
    int64_t deadline_us = rlv_pg_deadline(store);
    if (store->broken)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "Postgres: the connection was lost");
    if (PQsendQuery(store->conn, sql) != 1)
        return rlv_pg_lost(store, "cannot send", RLV_E_UNAVAILABLE, err);
    PGresult *r;
    int rc = rlv_pg_next(store, deadline_us, &r, err);
    if (rc != RLV_OK)
        return rc;
    if (!r)
        return rlv_pg_lost(store, "no result", RLV_E_UNAVAILABLE, err);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COPY_IN) {
        rc = rlv_pg_error(store, r, err);
        PQclear(r);
        rlv_error ignored; /* the first error is the one that tells */
        while (!store->broken && rlv_pg_next(store, deadline_us, &r, &ignored) == RLV_OK && r)
            PQclear(r);
        return rc;
    }
    PQclear(r);
    store->copy_failed = false;
    rlv_buf_reset(&store->copy);
    rlv_buf_append(&store->copy, header, 19);
    return RLV_OK;
}

rlv_buf *rlv_pg_copy_row(rlv_store *store, int columns)
{
    if (store->copy.len >= CHUNK)
        give_chunk(store);
    uint16_t be = htobe16((uint16_t)columns);
    rlv_buf_append(&store->copy, &be, sizeof(be));
    return &store->copy;
}

int rlv_pg_copy_send(rlv_store *store, rlv_error *err)
{
    uint16_t trailer = 0xFFFF;
    rlv_buf_append(&store->copy, &trailer, sizeof(trailer));
    bool whole = !store->copy.failed;
    give_chunk(store);
    RLV_POINT_AFTER((void)PQflush(store->conn), "copying");
    /* Told of a mistake the server throws the rows away; its answer is then that of rlv_pg_copy_end. */
    if (store->copy_failed || PQputCopyEnd(store->conn, whole ? NULL : "a row does not fit in memory") != 1)
        return rlv_pg_lost(store, "cannot send", RLV_E_UNAVAILABLE, err);
    return rlv_pg_flush(store, err);
}

int rlv_pg_copy_end(rlv_store *store, rlv_error *err)
{
    return rlv_pg_collect(store, rlv_pg_deadline(store), NULL, err);
}
