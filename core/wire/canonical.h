/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro's Parsing Canonical Form and its CRC-64-AVRO fingerprint, which avro-c lacks (Avro specification,
 * "Parsing Canonical Form for Schemas" and "Schema Fingerprints"). Must never depend on the order of a JSON
 * object's members.
 */
#ifndef RLV_WIRE_CANONICAL_H
#define RLV_WIRE_CANONICAL_H

#include "base/buf.h"

/* Appends the canonical form of a schema (JSON text). RLV_E_INVALID for what is no schema. */
int rlv_canonical_form(rlv_str schema, rlv_buf *out, rlv_error *err) RLV_MUST_CHECK;

/* CRC-64-AVRO of the bytes: of a canonical form, its fingerprint. */
uint64_t rlv_canonical_crc64(rlv_str bytes);

#endif
