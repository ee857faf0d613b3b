/* SPDX-License-Identifier: Apache-2.0 */
/* Making and freeing what a thread needs; see wire.h. Must never parse schemas from two threads at once:
   avro-c counts references to the primitive types without atomics. */
#include "wire/wire.h"

#include <pthread.h>
#include <stdlib.h>

#include "embedded.h"
#include "wire/alloc.h"
#include "wire/foreign.h"
#include "wire/schema.h"

enum { SCRATCH_MAX = 32 * 1024 * 1024, CONTENT_MAX = 256 * 1024 };

static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;

static int add_all(rlv_wire *wire, const struct rlv_embedded *files, bool current, rlv_error *err)
{
    for (; files->name; files++) {
        size_t at;
        int rc = rlv_schema_add(wire, (rlv_str){files->data, files->len}, current, &at, err);
        if (rc) {
            (void)rlv_error_wrap(err, "this build's schema %s", files->name);
            return rc;
        }
    }
    return RLV_OK;
}

static int check_marks(const rlv_wire *wire, rlv_error *err)
{
    for (int i = 0; i < RLV_TYPES; i++)
        if (wire->marks[i][0] == 0)
            return rlv_error_set(err, RLV_E_INVALID, "this build has no schema %s",
                                 rlv_type_name((enum rlv_type)i));
    return RLV_OK;
}

static int fill(rlv_wire *wire, rlv_error *err)
{
    wire->reader = avro_reader_memory("", 0);
    if (!wire->reader)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for the Avro reader");
    int rc = add_all(wire, rlv_embedded_avro, true, err);
    if (rc == RLV_OK)
        rc = add_all(wire, rlv_embedded_avro_history, false, err);
    wire->n_own = wire->n_schemas;
    return rc ? rc : check_marks(wire, err);
}

rlv_wire *rlv_wire_new(rlv_error *err)
{
    rlv_wire *wire = calloc(1, sizeof(*wire));
    if (!wire) {
        (void)rlv_error_set(err, RLV_E_LIMIT, "out of memory for the wire formats");
        return NULL;
    }
    wire->scratch = RLV_BUF_INIT(SCRATCH_MAX);
    wire->content = RLV_BUF_INIT(CONTENT_MAX);
    rlv_avro_install();
    (void)pthread_mutex_lock(&parsing);
    int rc = fill(wire, err);
    (void)pthread_mutex_unlock(&parsing);
    if (rc) {
        rlv_wire_free(wire);
        return NULL;
    }
    return wire;
}

void rlv_wire_free(rlv_wire *wire)
{
    if (!wire)
        return;
    (void)pthread_mutex_lock(&parsing);
    rlv_writers_free(wire);
    for (size_t i = 0; i < wire->n_schemas; i++)
        rlv_schema_drop(&wire->schemas[i]);
    (void)pthread_mutex_unlock(&parsing);
    if (wire->reader)
        avro_reader_free(wire->reader);
    free(wire->schemas);
    rlv_buf_free(&wire->scratch);
    rlv_buf_free(&wire->content);
    free(wire);
}

int rlv_wire_learn(rlv_wire *wire, rlv_str schema, rlv_error *err)
{
    size_t at;
    (void)pthread_mutex_lock(&parsing);
    int rc = rlv_foreign_check(schema, err);
    if (rc == RLV_OK)
        rc = rlv_schema_add(wire, schema, false, &at, err);
    (void)pthread_mutex_unlock(&parsing);
    return rc;
}

int rlv_wire_learn_id(rlv_wire *wire, uint32_t id, rlv_str schema, rlv_error *err)
{
    (void)pthread_mutex_lock(&parsing);
    int rc = rlv_writers_learn(wire, id, schema, err);
    (void)pthread_mutex_unlock(&parsing);
    return rc;
}
