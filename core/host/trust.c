/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of plugins' files; see trust.h. The formats are signify's (OpenBSD, usr.bin/signify): a line for people, then base64 of a
 * struct of bytes. Must never show a secret key, nor leave one in memory.
 */
#include "host/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ID = 8,
    SALT = 16,
    CHECK = 8,
    COMMENT_MOST = 1024,       /* as signify */
    FILE_MOST = 512 * 1024 * 1024
};
static const char ALGORITHM[2] = {'E', 'd'}, KDF[2] = {'B', 'K'};
static const char COMMENT[] = "untrusted comment: ";

struct public_key {
    char algorithm[2];
    unsigned char id[ID], key[crypto_sign_PUBLICKEYBYTES];
};

struct secret_key {
    char algorithm[2], kdf[2];
    unsigned char rounds[4]; /* of the passphrase; 0: there is none */
    unsigned char salt[SALT], check[CHECK], id[ID], key[crypto_sign_SECRETKEYBYTES];
};

struct signature {
    char algorithm[2];
    unsigned char id[ID], value[crypto_sign_BYTES];
};
_Static_assert(sizeof(struct public_key) == 42 && sizeof(struct secret_key) == 104 && sizeof(struct signature) == 74, "no padding");

/* ---- files ------------------------------------------------------------------------------------------------------ */

/* All of a file, to be freed. */
static int read_file(const char *path, size_t most, unsigned char **ret, size_t *ret_n, rlv_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return rlv_error_set(err, errno == ENOENT ? RLV_E_NOT_FOUND : RLV_E_REFUSED, "%s: cannot be read (%s)", path, strerror(errno));
    size_t n = 0;
    unsigned char *bytes = NULL;
    int code = RLV_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0 || (size_t)st.st_size > most)
        code = rlv_error_set(err, RLV_E_REFUSED, "%s: is no regular file of at most %zu bytes", path, most);
    else if (!(bytes = malloc((size_t)st.st_size + 1)))
        code = rlv_error_set(err, RLV_E_LIMIT, "%s: memory is short", path);
    for (ssize_t got = 1; !code && got > 0 && n < (size_t)st.st_size; n += (size_t)(got > 0 ? got : 0)) {
        got = read(fd, bytes + n, (size_t)st.st_size - n);
        if (got < 0)
            code = rlv_error_set(err, RLV_E_REFUSED, "%s: cannot be read (%s)", path, strerror(errno));
    }
    (void)close(fd);
    if (code) {
        free(bytes);
        return code;
    }
    *ret = bytes;
    *ret_n = n;
    return RLV_OK;
}

/* Whole, or not at all. exclusive: it must not exist yet. */
static int write_file(const char *path, const char *text, mode_t mode, bool exclusive, rlv_error *err)
{
    char temporary[4096];
    size_t n = strlen(text);
    int length = snprintf(temporary, sizeof(temporary), "%s%s", path, exclusive ? "" : ".new");
    if (length < 0 || (size_t)length >= sizeof(temporary))
        return rlv_error_set(err, RLV_E_IO, "%s: the name is too long", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC | (exclusive ? O_EXCL : O_TRUNC), mode);
    if (fd < 0 && errno == EEXIST)
        return rlv_error_set(err, RLV_E_REFUSED, "%s: exists already: keys are never overwritten", path);
    bool written = fd >= 0 && write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0)
        (void)close(fd);
    if (written && !exclusive && rename(temporary, path) != 0) {
        why = errno;
        written = false;
    }
    if (written)
        return RLV_OK;
    if (fd >= 0)
        (void)unlink(temporary);
    return rlv_error_set(err, RLV_E_IO, "%s: cannot be written (%s)", path, strerror(why));
}

/* ---- their text ------------------------------------------------------------------------------------------------- */

static bool decode(rlv_str base64, void *to, size_t n)
{
    size_t got;
    const char *end;
    return sodium_base642bin(to, n, base64.ptr, base64.len, NULL, &got, &end, sodium_base64_VARIANT_ORIGINAL) == 0 && got == n &&
           end == base64.ptr + base64.len && memcmp(to, ALGORITHM, sizeof(ALGORITHM)) == 0;
}

/* What stands in the second line, behind the comment. */
static bool parse(const unsigned char *text, size_t n, void *to, size_t size)
{
    const char *at = (const char *)text, *end = at + n;
    if (n < sizeof(COMMENT) || memcmp(at, COMMENT, sizeof(COMMENT) - 1) != 0)
        return false;
    const char *line = memchr(at, '\n', n);
    const char *last = line ? memchr(line + 1, '\n', (size_t)(end - line - 1)) : NULL;
    return last && decode((rlv_str){line + 1, (size_t)(last - line - 1)}, to, size);
}

static int read_parsed(const char *path, const char *what, void *to, size_t size, rlv_error *err)
{
    unsigned char *text;
    size_t n;
    int code = read_file(path, COMMENT_MOST * 2, &text, &n, err);
    if (code)
        return code;
    if (!parse(text, n, to, size))
        code = rlv_error_set(err, RLV_E_REFUSED, "%s: is no %s: the first line is a comment, the second base64 that begins with RW", path, what);
    sodium_memzero(text, n);
    free(text);
    return code;
}

static int write_encoded(const char *path, const char *comment, const void *from, size_t size, mode_t mode, bool exclusive, rlv_error *err)
{
    char base64[200], text[COMMENT_MOST];
    (void)sodium_bin2base64(base64, sizeof(base64), from, size, sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(text, sizeof(text), "%s%s\n%s\n", COMMENT, comment, base64);
    int code = write_file(path, text, mode, exclusive, err);
    sodium_memzero(base64, sizeof(base64));
    sodium_memzero(text, sizeof(text));
    return code;
}

static void show_id(const unsigned char id[ID], char ret[RLV_TRUST_ID])
{
    (void)sodium_bin2hex(ret, RLV_TRUST_ID, id, ID);
}

/* ---- verify ----------------------------------------------------------------------------------------------------- */

static int sig_path(const char *path, char ret[static 4096], rlv_error *err)
{
    int n = snprintf(ret, 4096, "%s.sig", path);
    return n > 0 && n < 4096 ? RLV_OK : rlv_error_set(err, RLV_E_REFUSED, "%s: the name is too long", path);
}

/* The signed bytes, if they are those with this SHA-256. */
static int read_signed(const char *path, const char *sha256, unsigned char **ret, size_t *ret_n, rlv_error *err)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    char hex[RLV_FILE_SHA256];
    int code = read_file(path, FILE_MOST, ret, ret_n, err);
    if (code)
        return code;
    (void)crypto_hash_sha256(digest, *ret, *ret_n);
    (void)sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
    if (strcmp(hex, sha256) == 0)
        return RLV_OK;
    free(*ret);
    return rlv_error_set(err, RLV_E_REFUSED, "%s: changed while it was looked at: try again", path);
}

int rlv_trust_verify(const char *path, const char sha256[RLV_FILE_SHA256], const char *const *keys, size_t n, char ret_id[RLV_TRUST_ID],
                     rlv_error *err)
{
    char beside[4096], id[RLV_TRUST_ID];
    struct signature sig;
    struct public_key key;
    rlv_error why;
    int code = sig_path(path, beside, err);
    if (code)
        return code;
    code = read_parsed(beside, "signature", &sig, sizeof(sig), &why);
    if (code == RLV_E_NOT_FOUND)
        return rlv_error_set(err, RLV_E_REFUSED, "%s: is not signed, there is no %s.sig: `relevo plugin sign` makes it", path, path);
    if (code)
        return rlv_error_set(err, RLV_E_REFUSED, "%s: is not signed: %s", path, why.message);
    show_id(sig.id, id);
    for (size_t i = 0; i < n; i++) {
        if (!decode(rlv_str_from(keys[i]), &key, sizeof(key)))
            return rlv_error_set(err, RLV_E_CONFIG, "%s: cannot be verified: '%s' is no public key", path, keys[i]);
        if (memcmp(key.id, sig.id, ID) != 0)
            continue;
        unsigned char *bytes;
        size_t size;
        code = read_signed(path, sha256, &bytes, &size, err);
        if (code)
            return code;
        bool holds = crypto_sign_verify_detached(sig.value, bytes, size, key.key) == 0;
        free(bytes);
        if (!holds)
            return rlv_error_set(err, RLV_E_REFUSED, "%s: its signature does not hold: it, or %s.sig, is not what was signed with key %s", path,
                                 path, id);
        memcpy(ret_id, id, sizeof(id));
        return RLV_OK;
    }
    return rlv_error_set(err, RLV_E_REFUSED, "%s: is signed with key %s, which is not among the %zu that are trusted", path, id, n);
}

int rlv_trust_public(const char *path, char ret_public[RLV_TRUST_PUBLIC], rlv_error *err)
{
    struct public_key key;
    int code = read_parsed(path, "public key", &key, sizeof(key), err);
    if (!code)
        (void)sodium_bin2base64(ret_public, RLV_TRUST_PUBLIC, (const unsigned char *)&key, sizeof(key), sodium_base64_VARIANT_ORIGINAL);
    return code;
}

/* ---- sign ------------------------------------------------------------------------------------------------------- */

static void check_of(const struct secret_key *key, unsigned char ret[crypto_hash_sha512_BYTES])
{
    (void)crypto_hash_sha512(ret, key->key, sizeof(key->key));
}

static int read_secret(const char *path, struct secret_key *ret, rlv_error *err)
{
    static const unsigned char none[4] = {0};
    unsigned char check[crypto_hash_sha512_BYTES];
    int code = read_parsed(path, "secret key", ret, sizeof(*ret), err);
    if (code)
        return code;
    if (memcmp(ret->kdf, KDF, sizeof(KDF)) != 0 || memcmp(ret->rounds, none, sizeof(none)) != 0)
        code = rlv_error_set(err, RLV_E_REFUSED, "%s: has a passphrase, which is not asked for here: sign with signify itself, or use a key without (signify -G -n)", path);
    check_of(ret, check);
    if (!code && memcmp(check, ret->check, CHECK) != 0)
        code = rlv_error_set(err, RLV_E_REFUSED, "%s: is damaged: restore it from a copy", path);
    return code;
}

int rlv_trust_sign(const char *path, const char *secret_path, char ret_id[RLV_TRUST_ID], rlv_error *err)
{
    char beside[4096];
    struct secret_key key;
    unsigned char *bytes = NULL;
    size_t n;
    int code = sig_path(path, beside, err);
    if (!code)
        code = read_file(path, FILE_MOST, &bytes, &n, err);
    if (!code)
        code = read_secret(secret_path, &key, err);
    if (!code) {
        struct signature sig;
        memcpy(sig.algorithm, ALGORITHM, sizeof(ALGORITHM));
        memcpy(sig.id, key.id, ID);
        (void)crypto_sign_detached(sig.value, NULL, bytes, n, key.key);
        code = write_encoded(beside, "signature of a relevo plugin", &sig, sizeof(sig), 0644, false, err);
    }
    if (!code)
        show_id(key.id, ret_id);
    sodium_memzero(&key, sizeof(key));
    free(bytes);
    return code;
}

int rlv_trust_make(const char *name, char ret_public[RLV_TRUST_PUBLIC], rlv_error *err)
{
    char path[4096];
    struct public_key public;
    struct secret_key secret = {.rounds = {0}};
    unsigned char check[crypto_hash_sha512_BYTES];
    if (strlen(name) > sizeof(path) - 5)
        return rlv_error_set(err, RLV_E_REFUSED, "%s: the name is too long", name);
    (void)crypto_sign_keypair(public.key, secret.key);
    randombytes_buf(public.id, ID);
    randombytes_buf(secret.salt, SALT);
    memcpy(public.algorithm, ALGORITHM, sizeof(ALGORITHM));
    memcpy(secret.algorithm, ALGORITHM, sizeof(ALGORITHM));
    memcpy(secret.kdf, KDF, sizeof(KDF));
    memcpy(secret.id, public.id, ID);
    check_of(&secret, check);
    memcpy(secret.check, check, CHECK);
    (void)snprintf(path, sizeof(path), "%s.sec", name);
    int code = write_encoded(path, "relevo plugin secret key", &secret, sizeof(secret), 0600, true, err);
    sodium_memzero(&secret, sizeof(secret));
    if (code)
        return code;
    (void)snprintf(path, sizeof(path), "%s.pub", name);
    code = write_encoded(path, "relevo plugin public key", &public, sizeof(public), 0644, true, err);
    if (code) { /* half a pair is of no use */
        (void)snprintf(path, sizeof(path), "%s.sec", name);
        (void)unlink(path);
        return code;
    }
    (void)sodium_bin2base64(ret_public, RLV_TRUST_PUBLIC, (const unsigned char *)&public, sizeof(public), sodium_base64_VARIANT_ORIGINAL);
    return RLV_OK;
}
