/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro bytes to model and back. What crosses is Avro single-object encoding: C3 01, the schema's fingerprint
 * (CRC-64-AVRO, little endian), the value. The schemas are those of schemas/avro, carried in the binary with
 * their whole history, so that every version ever published can be read and no registry is needed. Where one is
 * used, writers' schemas are taught, and Confluent's framing is read besides. Must never
 * do I/O and never trust the bytes it reads.
 */
#ifndef RLV_WIRE_WIRE_H
#define RLV_WIRE_WIRE_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/decision.h"
#include "model/outbound.h"

/* The parsed schemas and scratch memory. One for each thread that uses wire; making one is slow (some ms),
   using it fast. */
typedef struct rlv_wire rlv_wire;

/* NULL, and err filled, when an embedded schema cannot be parsed or lacks a field that the code knows (a
   broken build), or memory is short. Any thread. The first call takes over avro-c's process-wide allocator,
   see wire/README.md. */
rlv_wire *rlv_wire_new(rlv_error *err);
void rlv_wire_free(rlv_wire *wire);

/* Teaches one more writer's schema (JSON), as a registry or a newer release may have it: from now on bytes
   with its fingerprint are read too. Its record's name says what it is. RLV_E_INVALID when it is none of ours
   or cannot be read. */
int rlv_wire_learn(rlv_wire *wire, rlv_str schema, rlv_error *err) RLV_MUST_CHECK;

/* Confluent's framing: a zero byte, a registry's id of the writer's schema in four (big endian), the value. All readers
   take it besides single-object encoding, once its id was taught. True when the bytes begin like that. */
bool rlv_wire_framed(rlv_str bytes, uint32_t *ret_id);
/* True when nothing need be asked about this id: it was taught, or refused. */
bool rlv_wire_knows(rlv_wire *wire, uint32_t id);
/* Teaches the schema (JSON) of an id. RLV_E_INVALID when it cannot be read, and remembered: bytes with this id are then
   RLV_E_REFUSED with the same reason. RLV_E_LIMIT: memory is short, teach it again. */
int rlv_wire_learn_id(rlv_wire *wire, uint32_t id, rlv_str schema, rlv_error *err) RLV_MUST_CHECK;

/*
 * Reading. Texts in the result point into the arena, which bounds what one message may cost. RLV_E_DECODE for
 * bytes that are not what they claim to be, with a reason fit for a dead letter; RLV_E_LIMIT when the arena
 * is full (the bytes may be fine).
 */

/* A WhatsAppEvent: fills everything but source and at_ms. Requires phone_number_id, one identity, UTF-8
   without NULs and, for messages, echoes and statuses, the message_id. */
int rlv_wire_decode_event(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_event *ret,
                          rlv_error *err) RLV_MUST_CHECK;
/* A record of relevo.results.v1. A WhatsAppEvent is one that another lane forwarded, read as above. A SendResult is an event of kind UNDELIVERED: type, callback_data ("<message>/<part>"), epoch,
   agent_id, status, error_code, error_title. An EffectResult is an event of kind RESULT: effect_id, plugin, epoch, http_status, body, context; the error
   is in error_title. Fills everything but source and at_ms. */
int rlv_wire_decode_result(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_event *ret,
                           rlv_error *err) RLV_MUST_CHECK;
/* What deliver reads: an OutboundMessage, an EffectRequest. */
int rlv_wire_decode_outbound(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_outbound *ret,
                             rlv_error *err) RLV_MUST_CHECK;
int rlv_wire_decode_effect(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_effect_request *ret,
                           rlv_error *err) RLV_MUST_CHECK;
/* A Progress record of this cluster: another one's is RLV_E_REFUSED. */
int rlv_wire_decode_progress(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_str cluster,
                             int32_t *ret_lane, int64_t *ret_seq, rlv_error *err) RLV_MUST_CHECK;
/* A conversation's state: sets every field of *into but those that are columns (id, lane, version, owner,
   epoch, agent_id, team). On failure *into is unusable. */
int rlv_wire_decode_state(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_conversation *into,
                          rlv_error *err) RLV_MUST_CHECK;

/* Writing: appends to *out. RLV_E_LIMIT when it does not fit; *out then holds a part and is marked failed. */

/* An event as the gateway publishes it; only the kinds that come from WhatsApp, else RLV_E_INVALID. */
int rlv_wire_encode_event(rlv_wire *wire, const rlv_event *ev, rlv_buf *out, rlv_error *err) RLV_MUST_CHECK;
int rlv_wire_encode_result(rlv_wire *wire, const rlv_event *ev, rlv_buf *out, rlv_error *err) RLV_MUST_CHECK;
int rlv_wire_encode_send_result(rlv_wire *wire, const rlv_event *ev, rlv_buf *out, rlv_error *err) RLV_MUST_CHECK;
int rlv_wire_encode_progress(rlv_wire *wire, rlv_str cluster, int32_t lane, int64_t seq, int64_t at_ms,
                             rlv_buf *out, rlv_error *err) RLV_MUST_CHECK;
/* The state as bytes in the arena, for Postgres. */
int rlv_wire_encode_state(rlv_wire *wire, const rlv_conversation *conv, rlv_arena *arena, rlv_str *ret,
                          rlv_error *err) RLV_MUST_CHECK;

/* ---- what an outcome publishes ---- */

/* Where a record goes. Stored: numbers never change. The record's key is its conversation's id, its partition
   the lane. */
enum rlv_topic {
    RLV_TOPIC_DECISIONS = 1, /* Decision: one for each decision */
    RLV_TOPIC_OWNERSHIP = 2, /* Ownership: one for each change of ownership */
    RLV_TOPIC_OUTBOUND = 3,  /* OutboundMessage: for REPLIED, for ANSWERED unless it is an echo, and a receipt for what is `read` */
    RLV_TOPIC_EFFECTS = 4,   /* EffectRequest: for NOTIFIED; its id is the decision's */
    RLV_TOPIC_RESULTS = 5,   /* an event forwarded to another lane: its number (4 bytes, little endian), and the record as it came */
    RLV_TOPIC_DEAD = 6       /* not Avro: a dead letter, packed by the lane (lane/dead.h) */
};

typedef struct rlv_record {
    enum rlv_topic topic;
    rlv_str bytes; /* Avro, ready to be produced */
} rlv_record;

/* Every record that this outcome publishes, in order, as one blob in the arena: version byte 1, then for each
   record u8 topic, u32 length little endian, bytes. It is what the history row keeps, so that publishing
   again is verbatim. */
int rlv_wire_pack(rlv_wire *wire, rlv_arena *arena, const rlv_outcome *outcome, rlv_str *ret_blob,
                  rlv_error *err) RLV_MUST_CHECK;
/* The way back: an array in the arena, its bytes borrowed from the blob. RLV_E_DECODE for anything but such a
   blob. */
int rlv_wire_unpack(rlv_str blob, rlv_arena *arena, rlv_record **ret, size_t *ret_n,
                    rlv_error *err) RLV_MUST_CHECK;

/* ---- for people ---- */

/* Any record of ours as one line of JSON in the arena: absent fields left out, times as milliseconds, bytes
   as text where they are UTF-8, else as {"base64": "..."}. */
int rlv_wire_to_json(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_str *ret,
                     rlv_error *err) RLV_MUST_CHECK;

#endif
