/* SPDX-License-Identifier: MIT */
/* Kernel messages: ring buffer, levels, and the console. */
#ifndef PRINTK_H
#define PRINTK_H

#include <compiler.h>
#include <types.h>

typedef __builtin_va_list va_list;
#define va_start(ap, last)	__builtin_va_start(ap, last)
#define va_end(ap)		__builtin_va_end(ap)
#define va_arg(ap, type)	__builtin_va_arg(ap, type)
#define va_copy(d, s)		__builtin_va_copy(d, s)

#define KERN_SOH	"\001"
#define KERN_EMERG	KERN_SOH "0"
#define KERN_ERR	KERN_SOH "3"
#define KERN_WARNING	KERN_SOH "4"
#define KERN_NOTICE	KERN_SOH "5"
#define KERN_INFO	KERN_SOH "6"
#define KERN_DEBUG	KERN_SOH "7"
#define KERN_CONT	KERN_SOH "c"

/**
 * printk() - Log a message.
 * @fmt: KERN_<level>, then a format. Beside C's conversions (no floating
 *	point): %pa phys_addr_t by reference, %pad dma_addr_t by reference,
 *	%pS symbol+offset/size [module], %ps symbol, %pR struct resource,
 *	%pOF device node path, %pe error pointer by name, %pV struct va_format,
 *	%pE string that came from outside: what is not printable ASCII as \xNN,
 *	a backslash twice; width as for %s.
 *
 * Kept in the ring buffer (dmesg); shown on the console when the level is
 * below console_loglevel (7 unless the command line says loglevel=).
 * May be called from any context.
 *
 * Return: the number of characters.
 */
int printk(const char *fmt, ...) __printf(1, 2);
int vprintk(const char *fmt, va_list ap);

struct va_format {
	const char *fmt;
	va_list *va;
};

#ifndef pr_fmt
#define pr_fmt(fmt)	fmt
#endif
#define pr_emerg(fmt, ...)	printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...)	printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)	printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...)	printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)	printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_cont(fmt, ...)	printk(KERN_CONT fmt, ##__VA_ARGS__)
#define pr_debug(fmt, ...)	printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)

/* At most 10 messages in 5 seconds from one place; says what it dropped. */
struct ratelimit_state {
	u64 begin_ns;
	unsigned int printed;
	unsigned int missed;
};

bool __ratelimit(struct ratelimit_state *rs, const char *func);

#endif
