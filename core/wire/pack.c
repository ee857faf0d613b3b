/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blob of an outcome: every record that it publishes, verbatim, in a frame of our own. Must stay readable
 * for ever: it is the history. Version 1: a byte 1, then for each record u8 topic, u32 length little endian,
 * bytes.
 */
#include "wire/records.h"

enum { VERSION = 1, FRAME = 5 };

struct frame {
    rlv_buf *out;
    size_t start;
};

static struct frame frame_begin(rlv_buf *out, enum rlv_topic topic)
{
    char head[FRAME] = {(char)topic};
    rlv_buf_append(out, head, sizeof(head));
    return (struct frame){out, out->len};
}

static void frame_end(const struct frame *frame)
{
    if (frame->out->failed)
        return;
    size_t len = frame->out->len - frame->start;
    for (size_t i = 0; i < 4; i++)
        frame->out->data[frame->start - 4 + i] = (char)(len >> (8 * i) & 0xFF);
}

/* An echo is a message that the business's phone has sent already. */
static bool is_sent_by_us(const rlv_outcome *outcome, const rlv_decision *d)
{
    return d->kind == RLV_DECIDED_REPLIED ||
           (d->kind == RLV_DECIDED_ANSWERED && outcome->event->kind != RLV_EVENT_ECHO);
}

static void put_frames(rlv_wire *wire, const rlv_outcome *outcome, const struct rlv_names *names,
                       const rlv_decision *d)
{
    rlv_buf *out = &wire->scratch;
    struct rlv_subject s = {wire, outcome, names, d, {0}};
    rlv_id_text(rlv_id_record(outcome->event->at_ms, outcome->lane, outcome->seq, d->ordinal), s.id);
    struct frame frame = frame_begin(out, RLV_TOPIC_DECISIONS);
    rlv_put_decision(out, &s);
    frame_end(&frame);
    if (rlv_decision_is_change(d->kind)) {
        frame = frame_begin(out, RLV_TOPIC_OWNERSHIP);
        rlv_put_ownership(out, &s);
        frame_end(&frame);
    }
    if (is_sent_by_us(outcome, d)) {
        frame = frame_begin(out, RLV_TOPIC_OUTBOUND);
        rlv_put_outbound(out, &s);
        frame_end(&frame);
    }
    if (d->read) {
        frame = frame_begin(out, RLV_TOPIC_OUTBOUND);
        rlv_put_receipt(out, &s);
        frame_end(&frame);
    }
    if (d->kind == RLV_DECIDED_NOTIFIED) {
        frame = frame_begin(out, RLV_TOPIC_EFFECTS);
        rlv_put_effect(out, &s);
        frame_end(&frame);
    }
}

int rlv_wire_pack(rlv_wire *wire, rlv_arena *arena, const rlv_outcome *outcome, rlv_str *ret_blob,
                  rlv_error *err)
{
    rlv_buf *out = &wire->scratch;
    struct rlv_names names;
    rlv_names_of(outcome, &names);
    rlv_buf_reset(out);
    rlv_buf_append(out, "\1", 1);
    for (const rlv_decision *d = outcome->decisions.first; d; d = d->next)
        put_frames(wire, outcome, &names, d);
    rlv_str blob = out->failed ? (rlv_str){NULL, 0} : rlv_arena_copy(arena, rlv_buf_view(out));
    if (blob.len == 0)
        return rlv_error_set(err, RLV_E_LIMIT,
                             "no room left in the batch for what event %lld of lane %d publishes",
                             (long long)outcome->seq, outcome->lane);
    *ret_blob = blob;
    return RLV_OK;
}

/* The record at *at, which is moved behind it; false when the blob is damaged. */
static bool next_record(rlv_str blob, size_t *at, rlv_record *ret)
{
    if (blob.len - *at < FRAME)
        return false;
    const unsigned char *p = (const unsigned char *)blob.ptr + *at;
    size_t len = (size_t)p[1] | (size_t)p[2] << 8 | (size_t)p[3] << 16 | (size_t)p[4] << 24;
    if (p[0] < RLV_TOPIC_DECISIONS || p[0] > RLV_TOPIC_DEAD || len > blob.len - *at - FRAME)
        return false;
    *ret = (rlv_record){(enum rlv_topic)p[0], {blob.ptr + *at + FRAME, len}};
    *at += FRAME + len;
    return true;
}

int rlv_wire_unpack(rlv_str blob, rlv_arena *arena, rlv_record **ret, size_t *ret_n, rlv_error *err)
{
    if (blob.len == 0 || blob.ptr[0] != VERSION)
        return rlv_error_set(err, RLV_E_DECODE,
                             "not a blob of records of version 1: written by a newer Relevo, or damaged");
    rlv_record record;
    size_t n = 0;
    for (size_t at = 1; at < blob.len; n++)
        if (!next_record(blob, &at, &record))
            return rlv_error_set(err, RLV_E_DECODE, "a blob of records is damaged at byte %zu", at);
    rlv_record *records = rlv_arena_zalloc(arena, n, sizeof(*records));
    if (n > 0 && !records)
        return rlv_error_set(err, RLV_E_LIMIT, "no room left in the batch for %zu records", n);
    size_t at = 1;
    for (size_t i = 0; i < n; i++)
        if (!next_record(blob, &at, &records[i]))
            return rlv_error_set(err, RLV_E_DECODE, "a blob of records changed while it was read");
    *ret = records;
    *ret_n = n;
    return RLV_OK;
}
