/* SPDX-License-Identifier: MIT */
/* Waiting. udelay/ndelay spin with YIELD, the rest sleep. */
#ifndef DELAY_H
#define DELAY_H

void ndelay(unsigned long ns);
void udelay(unsigned long us);
void mdelay(unsigned long ms);
void msleep(unsigned int ms);
void usleep_range(unsigned long min_us, unsigned long max_us);
#define fsleep(us)	usleep_range(us, us)
#define ssleep(s)	msleep((s) * 1000)

#endif
