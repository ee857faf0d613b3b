/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: what holds, and everything that does not; and that a host loads nothing without. */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/trust.h"

static char folder[] = "/tmp/relevo-trust-XXXXXX";
static char so[300], sig[310], ours[300], theirs[300];
static char our_key[RLV_TRUST_PUBLIC], their_key[RLV_TRUST_PUBLIC];

static const char *in_folder(const char *name)
{
    static char path[400];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void RLV_PRINTF(1, 2) shell(const char *format, ...)
{
    char command[900];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(command, sizeof(command), format, ap);
    va_end(ap);
    assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
    (void)state;
    rlv_error err;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(so, sizeof(so), "%s/probe.so", folder);
    (void)snprintf(sig, sizeof(sig), "%s.sig", so);
    (void)snprintf(ours, sizeof(ours), "%s/ours", folder);
    (void)snprintf(theirs, sizeof(theirs), "%s/theirs", folder);
    return rlv_trust_make(ours, our_key, &err) || rlv_trust_make(theirs, their_key, &err);
}

static int teardown(void **state)
{
    (void)state;
    char command[100];
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static int fresh(void **state)
{
    (void)state;
    shell("rm -rf %s %s; cp %s %s", so, sig, built("tests/host/probe.so"), so); /* another file: what is loaded of it stays */
    return 0;
}

static int verify_by(const char *const *keys, size_t n, rlv_error *err)
{
    char sha256[RLV_FILE_SHA256], id[RLV_TRUST_ID];
    assert_int_equal(rlv_file_check(so, sha256, err), RLV_OK);
    return rlv_trust_verify(so, sha256, keys, n, id, err);
}

static void refused(const char *key, const char *why)
{
    rlv_error err;
    assert_int_equal(verify_by(&key, 1, &err), RLV_E_REFUSED);
    assert_memory_equal(err.message, so, strlen(so));
    if (!strstr(err.message, why))
        fail_msg("%s, not %s", err.message, why);
}

static void sign_with(const char *pair)
{
    char secret[320], id[RLV_TRUST_ID];
    rlv_error err;
    (void)snprintf(secret, sizeof(secret), "%s.sec", pair);
    if (rlv_trust_sign(so, secret, id, &err))
        fail_msg("%s", err.message);
    assert_int_equal(strlen(id), RLV_TRUST_ID - 1);
}

static void test_keys(void **state)
{
    (void)state;
    char public[RLV_TRUST_PUBLIC] = "";
    struct stat st;
    rlv_error err;
    assert_int_equal(stat(in_folder("ours.sec"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(rlv_trust_public(in_folder("ours.pub"), public, &err), RLV_OK);
    assert_string_equal(public, our_key);
    assert_memory_equal(our_key, "RW", 2);
    assert_string_not_equal(our_key, their_key);
    assert_int_equal(rlv_trust_make(ours, public, &err), RLV_E_REFUSED); /* never over an older one */
    assert_non_null(strstr(err.message, "ours.sec: exists already: keys are never overwritten"));
    assert_int_equal(rlv_trust_make("/nowhere/at/all", public, &err), RLV_E_IO);
    assert_int_equal(rlv_trust_public(in_folder("ours.sec"), public, &err), RLV_E_REFUSED);
    assert_int_equal(rlv_trust_public(in_folder("none.pub"), public, &err), RLV_E_NOT_FOUND);
    assert_string_equal(public, our_key);
}

static void test_what_holds(void **state)
{
    (void)state;
    const char *keys[] = {their_key, our_key};
    rlv_error err;
    sign_with(ours);
    assert_int_equal(verify_by(keys, 2, &err), RLV_OK); /* any of several */
    assert_int_equal(verify_by(keys + 1, 1, &err), RLV_OK);
    sign_with(theirs); /* over the one before */
    assert_int_equal(verify_by(keys, 1, &err), RLV_OK);
}

static void test_what_does_not(void **state)
{
    (void)state;
    rlv_error err;
    refused(our_key, ": is not signed, there is no ");
    sign_with(theirs);
    refused(our_key, "which is not among the 1 that are trusted");
    assert_int_equal(verify_by(NULL, 0, &err), RLV_E_REFUSED);
    sign_with(ours);
    const char *no_key = "RWshort";
    assert_int_equal(verify_by(&no_key, 1, &err), RLV_E_CONFIG);
    shell("printf x >> %s", so);
    refused(our_key, ": its signature does not hold");
    shell("truncate -s -2 %s", so); /* one byte less than what was signed */
    refused(our_key, ": its signature does not hold");
    (void)fresh(NULL);
    sign_with(ours);
    shell("sed -i '2s/.\\{20\\}$/AAAAAAAAAAAAAAAAAAA=/' %s", sig);
    refused(our_key, ": its signature does not hold");
    shell("echo nonsense > %s", sig);
    refused(our_key, "is no signature");
    shell("rm %s; mkdir %s", sig, sig);
    refused(our_key, ": is not signed: ");
    shell("rmdir %s", sig);
    char sha256[RLV_FILE_SHA256] = "0000000000000000000000000000000000000000000000000000000000000000", id[RLV_TRUST_ID];
    const char *key = our_key;
    sign_with(ours);
    assert_int_equal(rlv_trust_verify(so, sha256, &key, 1, id, &err), RLV_E_REFUSED); /* not the bytes that were looked at */
    assert_non_null(strstr(err.message, "changed while it was looked at"));
}

static void test_secret_keys(void **state)
{
    (void)state;
    char id[RLV_TRUST_ID];
    rlv_error err;
    assert_int_equal(rlv_trust_sign(so, in_folder("none.sec"), id, &err), RLV_E_NOT_FOUND);
    assert_int_equal(rlv_trust_sign(so, in_folder("ours.pub"), id, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "is no secret key"));
    /* Another byte in the key itself, near the end. */
    shell("awk 'NR==2{$0=substr($0,1,100) (substr($0,101,1)==\"A\"?\"B\":\"A\") substr($0,102)}1' %s.sec > %s/bad.sec", ours, folder);
    assert_int_equal(rlv_trust_sign(so, in_folder("bad.sec"), id, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "is damaged"));
    shell("awk 'NR==2{$0=substr($0,1,5) \"AAAQ\" substr($0,10)}1' %s.sec > %s/passphrase.sec", ours, folder);
    assert_int_equal(rlv_trust_sign(so, in_folder("passphrase.sec"), id, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "has a passphrase"));
    assert_int_equal(access(sig, F_OK), -1); /* nothing was written */
}

/* A pair, a file and a signature made by OpenBSD's signify (signify-openbsd 31, Debian): `signify-openbsd -S -s k.sec -m m`. */
static void test_signify(void **state)
{
    (void)state;
    static const char key[] = "RWR4i4gI7iNwqscPuTQRIPLcJbUKQnzXy2LwIYuQsoJmN4gZu1vAg1ZT",
                      value[] = "RWR4i4gI7iNwqvnlDEAFhnaRW2Venfraq7IHv4Bg3jhj5r1rZUW9qepltcZaO75F1/9oO/+XiqlbY6H2TLiev/Huh3mmOqRDuQg=";
    const char *keys[] = {key};
    char message[320], sha256[RLV_FILE_SHA256] = "", id[RLV_TRUST_ID], line[300] = "";
    rlv_error err;
    (void)snprintf(message, sizeof(message), "%s", in_folder("m"));
    shell("printf 'hola\\n' > %s", message);
    shell("sha256sum < %s > %s/sum", message, folder);
    FILE *file = fopen(in_folder("sum"), "re");
    assert_non_null(file);
    assert_int_equal(fread(sha256, 1, 64, file), 64);
    assert_int_equal(fclose(file), 0);
    file = fopen(in_folder("m.sig"), "we");
    assert_non_null(file);
    assert_true(fprintf(file, "untrusted comment: verify with k.pub\n%s\n", value) > 0);
    assert_int_equal(fclose(file), 0);
    file = fopen(in_folder("k.sec"), "we");
    assert_non_null(file);
    assert_true(fputs("untrusted comment: x secret key\nRWRCSwAAAAA6IKYGtkYoPhK5u3nf2MQ20EeaFgVEzr94i4gI7iNwqnG1soQDWTXiKG2hgG7cakS4+MT7Z8MpxEGahMZMJi"
                      "Spxw+5NBEg8twltQpCfNfLYvAhi5CygmY3iBm7W8CDVlM=\n", file) > 0);
    assert_int_equal(fclose(file), 0);
    if (rlv_trust_verify(message, sha256, keys, 1, id, &err))
        fail_msg("%s", err.message);
    char secret[400];
    (void)snprintf(secret, sizeof(secret), "%s", in_folder("k.sec"));
    if (rlv_trust_sign(message, secret, id, &err))
        fail_msg("%s", err.message);
    file = fopen(in_folder("m.sig"), "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    assert_non_null(fgets(line, sizeof(line), file));
    assert_int_equal(fclose(file), 0);
    line[strcspn(line, "\n")] = '\0';
    assert_string_equal(line, value); /* the very same signature */
}

static int open_host(const char *sha256, bool require, const char *key, bool mine, rlv_error *err)
{
    test_config c;
    config_open(&c, "probe", "{label: x}", NULL);
    c.plugins[0].path = so;
    c.plugins[0].sha256 = sha256;
    c.plugins[0].ours = mine;
    c.config.trust.require_signature = require;
    c.config.trust.keys = &key;
    c.config.trust.n_keys = 1;
    rlv_host *host = NULL;
    int code = rlv_host_new(&c.config, &host, err);
    rlv_host_free(host);
    config_close(&c);
    return code;
}

static void hosts(void)
{
    char sha256[RLV_FILE_SHA256];
    rlv_error err;
    assert_int_equal(rlv_file_check(so, sha256, &err), RLV_OK);
    assert_int_equal(open_host(sha256, false, our_key, false, &err), RLV_OK);
    assert_int_equal(open_host("", false, our_key, false, &err), RLV_OK);
    sha256[0] = sha256[0] == '0' ? '1' : '0';
    assert_int_equal(open_host(sha256, false, our_key, false, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "plugin 'probe'"));
    assert_non_null(strstr(err.message, "probe.so: its SHA-256 is "));
    assert_int_equal(open_host(NULL, true, our_key, false, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, ": is not signed, there is no "));
    assert_int_equal(open_host(NULL, true, our_key, true, &err), RLV_OK); /* relevo's own */
    sign_with(ours);
    assert_int_equal(open_host(NULL, true, our_key, false, &err), RLV_OK);
    assert_int_equal(open_host(NULL, true, their_key, false, &err), RLV_E_REFUSED);
}

static void test_inline(void **state)
{
    (void)state;
    test_isolation = RLV_ISOLATION_INLINE;
    hosts();
}

static void test_process(void **state)
{
    (void)state;
    test_isolation = RLV_ISOLATION_PROCESS;
    hosts();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test_setup(test_what_holds, fresh),
        cmocka_unit_test_setup(test_what_does_not, fresh),
        cmocka_unit_test_setup(test_secret_keys, fresh),
        cmocka_unit_test(test_signify),
        cmocka_unit_test_setup(test_inline, fresh),
        cmocka_unit_test_setup(test_process, fresh),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
