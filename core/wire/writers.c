/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writers' schemas by a registry's ids: what Confluent's framing points at; see wire.h and foreign.h.
 * Must never grow without end: ids are made up at will by whoever may produce.
 */
#include <stdio.h>
#include <stdlib.h>

#include "wire/foreign.h"

enum {
    WRITERS_MAX = 1024, /* ids, refused ones included */
    LEARNED_MAX = 64    /* schemas that came from outside; parsed again when they were forgotten */
};

bool rlv_wire_framed(rlv_str bytes, uint32_t *ret_id)
{
    if (bytes.len < RLV_FRAME_LEN || bytes.ptr[0] != 0)
        return false;
    uint32_t id = 0;
    for (size_t i = 1; i < RLV_FRAME_LEN; i++)
        id = id << 8 | (unsigned char)bytes.ptr[i];
    *ret_id = id;
    return true;
}

/* Almost always the one before: a topic has one writer, or two while it is upgraded. */
static const struct rlv_writer *find(rlv_wire *wire, uint32_t id)
{
    if (wire->last_writer < wire->n_writers && wire->writers[wire->last_writer].id == id)
        return &wire->writers[wire->last_writer];
    for (size_t i = 0; i < wire->n_writers; i++)
        if (wire->writers[i].id == id) {
            wire->last_writer = i;
            return &wire->writers[i];
        }
    return NULL;
}

bool rlv_wire_knows(rlv_wire *wire, uint32_t id)
{
    return find(wire, id) != NULL;
}

int rlv_foreign_find(rlv_wire *wire, uint32_t id, size_t *ret, rlv_error *err)
{
    const struct rlv_writer *writer = find(wire, id);
    if (!writer)
        return rlv_error_set(err, RLV_E_DECODE,
                             "Confluent's framing (schema id %u), and no registry to ask: set registry.url",
                             id);
    if (writer->why)
        return rlv_error_set(err, RLV_E_REFUSED, "schema %u of the registry: %s", id, writer->why);
    *ret = writer->schema;
    return RLV_OK;
}

/* The registry keeps the texts, so that what is forgotten here is soon learned again. */
static void forget(rlv_wire *wire)
{
    for (size_t i = 0; i < wire->n_writers; i++)
        free(wire->writers[i].why);
    wire->n_writers = 0;
    while (wire->n_schemas > wire->n_own)
        rlv_schema_drop(&wire->schemas[--wire->n_schemas]);
}

static int remember(rlv_wire *wire, uint32_t id, size_t schema, const char *why, rlv_error *err)
{
    if (!wire->writers)
        wire->writers = calloc(WRITERS_MAX, sizeof(*wire->writers));
    char *copy = why ? strdup(why) : NULL;
    if (!wire->writers || (why && !copy)) {
        free(copy);
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for schemas");
    }
    wire->writers[wire->n_writers++] = (struct rlv_writer){.id = id, .schema = schema, .why = copy};
    return RLV_OK;
}

void rlv_writers_free(rlv_wire *wire)
{
    forget(wire);
    free(wire->writers);
    wire->writers = NULL;
}

int rlv_writers_learn(rlv_wire *wire, uint32_t id, rlv_str json, rlv_error *err)
{
    size_t schema = 0;
    if (wire->n_writers == WRITERS_MAX || wire->n_schemas - wire->n_own == LEARNED_MAX)
        forget(wire);
    int rc = rlv_foreign_check(json, err);
    if (rc == RLV_OK)
        rc = rlv_schema_add(wire, json, false, &schema, err);
    if (rc == RLV_E_LIMIT)
        return rc; /* memory is short now: nothing is known about the schema */
    char why[sizeof(err->message)] = "";
    if (rc != RLV_OK)
        (void)snprintf(why, sizeof(why), "%s", err->message);
    int kept = remember(wire, id, schema, rc == RLV_OK ? NULL : why, err);
    return kept == RLV_OK ? rc : kept;
}
