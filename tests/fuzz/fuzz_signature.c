/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a signature's header and a body that it is for, and as secrets: no header but the right one passes, and the right one does, in
 * any case of its digits and with any number of secrets before it; changed by one bit it does not. The first line is the header, the second a
 * secret, the rest the body.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "serve/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static rlv_str take_line(rlv_str *rest)
{
    const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    rlv_str line = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};
    size_t taken = line.len + (end != NULL);
    *rest = (rlv_str){rest->ptr + taken, rest->len - taken};
    return line;
}

/* A copy of its own size, so that a byte too far is seen. */
static char *copy(rlv_str s, bool end)
{
    char *own = malloc(s.len + end + (s.len + end == 0));
    if (!own)
        abort();
    if (s.len)
        memcpy(own, s.ptr, s.len);
    if (end)
        own[s.len] = '\0';
    return own;
}

static void check(const char *secret, rlv_str header, rlv_str body)
{
    const char *const secrets[] = {"another one", secret};
    char made[RLV_SIGNATURE_TEXT + 1];
    rlv_signature_make(rlv_str_from(secret), body, made);
    /* Hexadecimal may be in capitals; nothing else about it may differ. */
    bool same = header.len == RLV_SIGNATURE_TEXT && strncasecmp(header.ptr, made, header.len) == 0;
    if (rlv_signature_matches(secrets, 2, body, header) && !same)
        abort();
    if (!rlv_signature_matches(secrets, 2, body, rlv_str_from(made)) || !rlv_signature_matches(secrets + 1, 1, body, rlv_str_from(made)))
        abort();
    if (strcmp(secret, secrets[0]) != 0 && rlv_signature_matches(secrets, 1, body, rlv_str_from(made)))
        abort();
    if (rlv_signature_matches(secrets, 0, body, rlv_str_from(made)))
        abort();
    made[header.len % RLV_SIGNATURE_TEXT] ^= (char)(1 << (body.len % 5)); /* not bit 5: that is the case of a letter */
    if (rlv_signature_matches(secrets, 2, body, rlv_str_from(made)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rlv_str rest = {(const char *)data, size};
    rlv_str header = take_line(&rest), secret = take_line(&rest);
    char *h = copy(header, false), *s = copy(secret, true), *b = copy(rest, false);
    if (*s) /* an empty one is no secret: the configuration refuses it */
        check(s, (rlv_str){h, header.len}, (rlv_str){b, rest.len});
    free(h);
    free(s);
    free(b);
    return 0;
}
