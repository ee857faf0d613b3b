/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers; see id.h. Must never use randomness: replay has to find the same ids. */
#include "base/id.h"

#include <sodium.h>

rlv_id rlv_id_record(int64_t at_ms, int32_t lane, int64_t seq, uint32_t ordinal)
{
    rlv_id id;
    uint64_t high = ((uint64_t)at_ms & 0xFFFFFFFFFFFFu) << 16 | 0x7000u | ((uint64_t)lane & 0xFFFu);
    uint64_t low = 0x8000000000000000u | ((uint64_t)seq & 0x3FFFFFFFFFFFFu) << 12 | (ordinal & 0xFFFu);
    for (int i = 0; i < 8; i++) {
        id.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        id.bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    return id;
}

rlv_id rlv_id_named(rlv_str space, rlv_str name)
{
    rlv_id id;
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof(id.bytes));
    (void)crypto_generichash_update(&state, (const unsigned char *)space.ptr, space.len);
    (void)crypto_generichash_update(&state, (const unsigned char *)"", 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)name.ptr, name.len);
    (void)crypto_generichash_final(&state, id.bytes, sizeof(id.bytes));
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0F) | 0x80);
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3F) | 0x80);
    return id;
}

static bool dash_before(int i)
{
    return i == 4 || i == 6 || i == 8 || i == 10;
}

void rlv_id_text(rlv_id id, char ret_text[RLV_ID_TEXT + 1])
{
    char *p = ret_text;
    for (int i = 0; i < 16; i++) {
        if (dash_before(i))
            *p++ = '-';
        p = rlv_str_put_hex(p, &id.bytes[i], 1);
    }
    *p = '\0';
}

bool rlv_id_parse(rlv_str text, rlv_id *ret)
{
    if (text.len != RLV_ID_TEXT)
        return false;
    rlv_id id;
    const char *p = text.ptr;
    for (int i = 0; i < 16; i++) {
        if (dash_before(i) && *p++ != '-')
            return false;
        int high = rlv_str_hex(p[0]), low = rlv_str_hex(p[1]);
        if (high < 0 || low < 0)
            return false;
        id.bytes[i] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    *ret = id;
    return true;
}
