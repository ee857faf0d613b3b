/* SPDX-License-Identifier: Apache-2.0 */
/* Where every field of the ABI lies, as two headers have it. It must list all that version 1.0 has. */
#ifndef RELEVO_TESTS_ABI_LAYOUT_H
#define RELEVO_TESTS_ABI_LAYOUT_H

#include <stddef.h>

typedef struct abi_field {
    const char *name;
    size_t at, size; /* of a constant: its value, and 0 */
} abi_field;

/* Both have the same entries in the same order, up to one whose name is NULL. */
extern const abi_field abi_layout_current[]; /* relevo/plugin.h */
extern const abi_field abi_layout_frozen[];  /* frozen/plugin_v1.h */

#endif
