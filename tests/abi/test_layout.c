/* SPDX-License-Identifier: Apache-2.0 */
/* Today's header keeps every field and constant of version 1.0 where it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "layout.h"

static void nothing_moved(void **state)
{
    (void)state;
    size_t n = 0;
    for (; abi_layout_frozen[n].name != NULL; n++) {
        const abi_field *then = &abi_layout_frozen[n], *now = &abi_layout_current[n];
        assert_string_equal(now->name, then->name);
        if (now->at != then->at || now->size != then->size) {
            fail_msg("%s was %zu (%zu bytes) in version 1.0 and is %zu (%zu) now: append instead", then->name,
                     then->at, then->size, now->at, now->size);
        }
    }
    assert_null(abi_layout_current[n].name);
    assert_true(n > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_moved)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
