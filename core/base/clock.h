/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks. Decisions never read one: they use lane time, which travels in the event. */
#ifndef RLV_BASE_CLOCK_H
#define RLV_BASE_CLOCK_H

#include <stdint.h>

/* Microseconds that never move back, from an unspecified start. */
int64_t rlv_clock_mono_us(void);
/* Milliseconds since the Unix epoch. */
int64_t rlv_clock_wall_ms(void);
/* Sleeps; a signal may end it early. */
void rlv_clock_sleep_ms(int64_t ms);

#endif
