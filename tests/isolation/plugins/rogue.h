/* SPDX-License-Identifier: Apache-2.0 */
/* The scripted plugin of tests/pipeline, linked into the rogue under another name. */
#ifndef TESTS_ISOLATION_ROGUE_H
#define TESTS_ISOLATION_ROGUE_H

#include <relevo/plugin.h>
#include <stdbool.h>

extern const relevo_plugin scripted_plugin;

#endif
