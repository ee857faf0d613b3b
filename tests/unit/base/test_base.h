/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, with what it wants included first. */
#ifndef RLV_TEST_BASE_H
#define RLV_TEST_BASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#endif
