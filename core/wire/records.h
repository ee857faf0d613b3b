/* SPDX-License-Identifier: Apache-2.0 */
/* The records that a decision publishes, each as the Avro bytes of its current schema. Only wire/pack.c calls
   these. */
#ifndef RLV_WIRE_RECORDS_H
#define RLV_WIRE_RECORDS_H

#include "wire/schema.h"

/* What all records of one outcome repeat. */
struct rlv_names {
    char conversation[RLV_ID_TEXT + 1];
    char config[17];
    rlv_str phone_number_id, wa_id, user_id, customer;
};

/* What one record is about. */
struct rlv_subject {
    rlv_wire *wire;
    const rlv_outcome *outcome;
    const struct rlv_names *names;
    const rlv_decision *decision;
    char id[RLV_ID_TEXT + 1];
};

void rlv_names_of(const rlv_outcome *outcome, struct rlv_names *ret);

/* Each appends one record. */
void rlv_put_decision(rlv_buf *out, const struct rlv_subject *s);
void rlv_put_ownership(rlv_buf *out, const struct rlv_subject *s);
void rlv_put_outbound(rlv_buf *out, const struct rlv_subject *s);
void rlv_put_receipt(rlv_buf *out, const struct rlv_subject *s);
void rlv_put_effect(rlv_buf *out, const struct rlv_subject *s);

#endif
