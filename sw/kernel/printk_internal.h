/* SPDX-License-Identifier: MIT */
#ifndef PRINTK_INTERNAL_H
#define PRINTK_INTERNAL_H

#include <types.h>

extern int console_loglevel;
extern bool console_ready;

void dmesg_show(void);
/* The whole buffer, in pieces. */
void log_read(void (*write)(const char *s, size_t n));

#endif
