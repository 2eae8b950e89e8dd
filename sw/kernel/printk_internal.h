#ifndef _PRINTK_INTERNAL_H
#define _PRINTK_INTERNAL_H

#include <types.h>

extern int console_loglevel;
extern bool console_ready;

void dmesg_show(void);

#endif
