/* SPDX-License-Identifier: MIT */
/* Waiting. udelay spins with YIELD, the rest sleep. */
#ifndef DELAY_H
#define DELAY_H

void udelay(unsigned long us);
void msleep(unsigned int ms);
void usleep_range(unsigned long min_us, unsigned long max_us);

#endif
