/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose file a plugin is: Ed25519 signatures in the formats of OpenBSD's signify, so that its keys and its program may be used as well. The
 * signature of FILE.so lies beside it, in FILE.so.sig. Nothing here loads or runs anything of the file.
 */
#ifndef RLV_HOST_TRUST_H
#define RLV_HOST_TRUST_H

#include "base/error.h"
#include "base/str.h"
#include "host/file.h"

enum {
    RLV_TRUST_ID = 17,    /* of a key, in hex: which of several it is; no secret, and no proof */
    RLV_TRUST_PUBLIC = 57 /* a public key as people write it: base64, begins with RW */
};

/*
 * Verifies FILE.sig beside the file by one of n public keys (base64), and that the signed bytes are those with this SHA-256 (hex). *ret_id: the
 * key's. RLV_E_NOT_FOUND: the file is not there; RLV_E_REFUSED: there is no signature, or none that holds; RLV_E_CONFIG: a key is none. err begins with the
 * path. Any thread.
 */
RLV_MUST_CHECK int rlv_trust_verify(const char *path, const char sha256[RLV_FILE_SHA256], const char *const *keys, size_t n,
                                    char ret_id[RLV_TRUST_ID], rlv_error *err);

/* Writes FILE.sig, by the secret key in a file (signify's format, without a passphrase). *ret_id: the key's. RLV_E_NOT_FOUND, RLV_E_REFUSED,
   RLV_E_IO: err begins with the path of what could not be read or written; an older signature is then as it was. */
RLV_MUST_CHECK int rlv_trust_sign(const char *path, const char *secret_path, char ret_id[RLV_TRUST_ID], rlv_error *err);

/* A new pair of keys: NAME.pub, and NAME.sec that its owner alone may read. Neither may exist. *ret_public: what is in the first one. RLV_E_REFUSED,
   RLV_E_IO. */
RLV_MUST_CHECK int rlv_trust_make(const char *name, char ret_public[RLV_TRUST_PUBLIC], rlv_error *err);

/* The public key of a NAME.pub. RLV_E_NOT_FOUND, RLV_E_REFUSED: it holds none. */
RLV_MUST_CHECK int rlv_trust_public(const char *path, char ret_public[RLV_TRUST_PUBLIC], rlv_error *err);

#endif
