/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters; see dead.h. Must never change a byte of the record. */
#include "lane/dead.h"

#include <endian.h>
#include <stdio.h>

enum { BLOB_VERSION = 1 };
static const size_t ABSENT = UINT32_MAX; /* in place of a length: null, which is not empty */

/* Names as Kafka Connect writes them, so that its tools read ours. */
#define HEADER(name) "__connect.errors." name

static size_t put_u32(char *at, size_t v)
{
    uint32_t le = htole32((uint32_t)v);
    memcpy(at, &le, sizeof(le));
    return sizeof(le);
}

static size_t put(char *at, rlv_str s)
{
    size_t n = put_u32(at, s.ptr ? s.len : ABSENT);
    if (s.len)
        memcpy(at + n, s.ptr, s.len);
    return n + s.len;
}

/* Names and values in turn; false behind the last one. */
static bool header_at(rd_kafka_headers_t *list, size_t i, rlv_str *ret_name, rlv_str *ret_value)
{
    const char *name;
    const void *value;
    size_t len;
    if (rd_kafka_header_get_all(list, i, &name, &value, &len))
        return false;
    *ret_name = rlv_str_from(name);
    *ret_value = (rlv_str){value, value ? len : 0};
    return true;
}

int rlv_dead_headers(rlv_arena *arena, const rd_kafka_message_t *message, rlv_str *ret, rlv_error *err)
{
    rd_kafka_headers_t *list;
    rlv_str name, value;
    size_t size = 0;
    if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        *ret = (rlv_str){NULL, 0};
        return RLV_OK;
    }
    for (size_t i = 0; header_at(list, i, &name, &value); i++)
        size += 4 + name.len + 4 + value.len;
    char *packed = rlv_arena_alloc(arena, size + 1), *at = packed;
    if (!packed)
        return rlv_error_set(err, RLV_E_LIMIT, "headers of %zu bytes do not fit in the batch's memory", size);
    for (size_t i = 0; header_at(list, i, &name, &value); i++) {
        at += put(at, name);
        at += put(at, value);
    }
    *ret = (rlv_str){packed, size};
    return RLV_OK;
}

int rlv_dead_pack(rlv_arena *arena, const rlv_batch_item *item, rlv_str *ret_blob, rlv_error *err)
{
    const rlv_source *src = &item->event.source;
    rlv_str topic = rlv_str_from(rlv_arena_printf(arena, "%.*s.dlq", RLV_STR_ARG(src->topic)));
    rlv_str partition = rlv_str_from(rlv_arena_printf(arena, "%d", src->partition));
    rlv_str offset = rlv_str_from(rlv_arena_printf(arena, "%lld", (long long)src->offset));
    const rlv_str record[] = {topic, item->key, item->value}, reasons[] = {
        RLV_STR(HEADER("topic")), src->topic,
        RLV_STR(HEADER("partition")), partition,
        RLV_STR(HEADER("offset")), offset,
        RLV_STR(HEADER("connector.name")), RLV_STR("relevo"),
        RLV_STR(HEADER("task.id")), partition,
        RLV_STR(HEADER("stage")), RLV_STR("VALUE_CONVERTER"),
        RLV_STR(HEADER("class.name")), RLV_STR("lane"),
        RLV_STR(HEADER("exception.class.name")), rlv_str_from(item->dead_class),
        RLV_STR(HEADER("exception.message")), rlv_str_from(item->dead),
    };
    size_t n_record = sizeof(record) / sizeof(*record), n_reasons = sizeof(reasons) / sizeof(*reasons);
    size_t size = item->headers.len;
    for (size_t i = 0; i < n_record; i++)
        size += 4 + record[i].len;
    for (size_t i = 0; i < n_reasons; i++)
        size += 4 + reasons[i].len;
    char *blob = rlv_arena_alloc(arena, 6 + size);
    if (!blob)
        return rlv_error_set(err, RLV_E_LIMIT, "a dead letter of %zu bytes does not fit in the batch's memory", size);
    blob[0] = BLOB_VERSION;
    blob[1] = (char)RLV_TOPIC_DEAD;
    char *at = blob + 2;
    at += put_u32(at, size);
    for (size_t i = 0; i < n_record; i++)
        at += put(at, record[i]);
    if (item->headers.len) /* its own ones first: of two of a name readers take the last */
        memcpy(at, item->headers.ptr, item->headers.len);
    at += item->headers.len;
    for (size_t i = 0; i < n_reasons; i++)
        at += put(at, reasons[i]);
    *ret_blob = (rlv_str){blob, 6 + size};
    return RLV_OK;
}

static bool take(rlv_str *rest, rlv_str *ret)
{
    uint32_t le;
    if (rest->len < sizeof(le))
        return false;
    memcpy(&le, rest->ptr, sizeof(le));
    size_t len = le32toh(le);
    bool absent = len == ABSENT;
    if (absent)
        len = 0;
    if (len > rest->len - sizeof(le))
        return false;
    *ret = (rlv_str){absent ? NULL : rest->ptr + sizeof(le), len};
    rest->ptr += sizeof(le) + len;
    rest->len -= sizeof(le) + len;
    return true;
}

int rlv_dead_publish(rlv_publisher *publisher, rlv_arena *arena, rlv_str bytes, rlv_error *err)
{
    rlv_str topic, key, value, name, ignored;
    size_t n = 0, most = 0;
    if (!take(&bytes, &topic) || !take(&bytes, &key) || !take(&bytes, &value))
        return rlv_error_set(err, RLV_E_REFUSED, "the stored dead letter is damaged");
    for (rlv_str rest = bytes; rest.len; most++)
        if (!take(&rest, &name) || !name.ptr || !take(&rest, &ignored))
            return rlv_error_set(err, RLV_E_REFUSED, "the stored dead letter is damaged");
    rlv_str(*headers)[2] = rlv_arena_zalloc(arena, most + 1, sizeof(*headers));
    for (; headers && n < most; n++)
        if (!take(&bytes, &headers[n][0]) || !take(&bytes, &headers[n][1]))
            return rlv_error_set(err, RLV_E_REFUSED, "the stored dead letter is damaged");
    rlv_str named = rlv_arena_copy(arena, topic);
    if (!headers || !named.ptr)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for a dead letter");
    return rlv_publisher_add_dead(publisher, named.ptr, key, value, (const rlv_str(*)[2])headers, n, err);
}
