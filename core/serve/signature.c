/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA256 of a webhook's body; see signature.h. Must never end early on the first byte that differs. */
#include "serve/signature.h"

#include <sodium.h>

#define PREFIX "sha256="

static void digest(rlv_str secret, rlv_str body, unsigned char mac[crypto_auth_hmacsha256_BYTES])
{
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret.ptr, secret.len);
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)(body.len ? body.ptr : ""), body.len);
    (void)crypto_auth_hmacsha256_final(&state, mac);
}

void rlv_signature_make(rlv_str secret, rlv_str body, char ret_text[RLV_SIGNATURE_TEXT + 1])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    digest(secret, body, mac);
    memcpy(ret_text, PREFIX, sizeof(PREFIX) - 1);
    (void)sodium_bin2hex(ret_text + sizeof(PREFIX) - 1, 2 * sizeof(mac) + 1, mac, sizeof(mac));
}

bool rlv_signature_matches(const char *const *secrets, size_t n, rlv_str body, rlv_str header)
{
    unsigned char claimed[crypto_auth_hmacsha256_BYTES], mac[crypto_auth_hmacsha256_BYTES];
    size_t prefix = sizeof(PREFIX) - 1, len = 0;
    const char *end = NULL;
    if (header.len != RLV_SIGNATURE_TEXT || memcmp(header.ptr, PREFIX, prefix) != 0 ||
        sodium_hex2bin(claimed, sizeof(claimed), header.ptr + prefix, header.len - prefix, NULL, &len,
                       &end) ||
        len != sizeof(claimed) || end != header.ptr + header.len)
        return false;
    unsigned matches = 0;
    for (size_t i = 0; i < n; i++) {
        rlv_str secret = rlv_str_from(secrets[i]);
        if (secret.len == 0)
            continue; /* anybody can make the one of an empty key */
        digest(secret, body, mac);
        matches |= sodium_memcmp(mac, claimed, sizeof(mac)) == 0;
    }
    return matches != 0;
}

bool rlv_signature_same(rlv_str a, rlv_str b)
{
    return a.len == b.len && a.len > 0 && sodium_memcmp(a.ptr, b.ptr, a.len) == 0;
}
