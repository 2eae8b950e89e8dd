/* SPDX-License-Identifier: MIT */
#ifndef PRINTK_INTERNAL_H
#define PRINTK_INTERNAL_H

#include <spinlock.h>
#include <types.h>

extern int console_loglevel;
extern bool console_ready;

/* With interrupts disabled: take @l, unless this CPU has it already, or the
 * machine ends and another does not let go. False: not taken, go on without.
 */
bool lock_for_text(spinlock_t *l);
void dmesg_show(void);
/* The whole buffer, in pieces. */
void log_read(void (*write)(const char *s, size_t n));

#endif
