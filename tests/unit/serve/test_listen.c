/* SPDX-License-Identifier: Apache-2.0 */
/* A listening socket: at the address that was asked for and at no other, or the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/listen.h"

static int connect_to(const char *address, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    int rc = connect(fd, (struct sockaddr *)&at, sizeof(at));
    (void)close(fd);
    return rc;
}

static void any_port(void **state)
{
    (void)state;
    int fd = -1, other = -1;
    rlv_error err = {0};
    assert_int_equal(rlv_serve_listen("ops.listen", "127.0.0.1:0", &fd, &err), RLV_OK);
    uint16_t port = rlv_serve_port(fd);
    assert_true(port > 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC); /* a plugin's process must not have it */
    assert_int_equal(connect_to("127.0.0.1", port), 0);
    assert_int_not_equal(connect_to("127.0.0.2", port), 0); /* not asked for */
    assert_int_equal(rlv_serve_listen("ops.listen", "127.0.0.1:0", &other, &err), RLV_OK);
    assert_int_not_equal(rlv_serve_port(other), port);
    (void)close(other);

    char where[32];
    (void)snprintf(where, sizeof(where), "127.0.0.1:%u", port);
    other = -7;
    assert_int_equal(rlv_serve_listen("ops.listen", where, &other, &err), RLV_E_UNAVAILABLE);
    assert_int_equal(other, -7);
    assert_non_null(strstr(err.message, "ops.listen"));
    assert_non_null(strstr(err.message, "is in use by another process: stop that one, or choose another port"));
    (void)close(fd);
    assert_int_equal(rlv_serve_listen("ops.listen", where, &fd, &err), RLV_OK); /* at once, whatever was connected */
    assert_int_equal(rlv_serve_port(fd), port);
    (void)close(fd);
}

static void no_address(void **state)
{
    (void)state;
    static const struct {
        const char *where;
        int code;
        const char *says;
    } bad[] = {
        {"9464", RLV_E_CONFIG, "gateway.listen '9464' must be an address and a port, such as 127.0.0.1:9464"},
        {"localhost:", RLV_E_CONFIG, "must be an address and a port"},
        {"localhost:70000", RLV_E_CONFIG, "must be an address and a port"},
        {"", RLV_E_CONFIG, "must be an address and a port"},
        {"no..such.host:1", RLV_E_CONFIG, "no such address"},
        {"192.0.2.1:0", RLV_E_UNAVAILABLE, "gateway.listen '192.0.2.1:0': Cannot assign requested address"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int fd = -7;
        rlv_error err = {0};
        assert_int_equal(rlv_serve_listen("gateway.listen", bad[i].where, &fd, &err), bad[i].code);
        if (!strstr(err.message, bad[i].says))
            fail_msg("'%s': %s", bad[i].where, err.message);
        assert_int_equal(fd, -7);
    }
}

static void no_port_to_tell(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(rlv_serve_port(-1), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(rlv_serve_port(ends[0]), 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_port),
        cmocka_unit_test(no_address),
        cmocka_unit_test(no_port_to_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
