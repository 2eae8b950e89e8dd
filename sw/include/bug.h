/* SPDX-License-Identifier: MIT */
/* Things that must not happen. A WARN makes a plain poweroff exit non-zero;
 * a BUG is an oops, which halts the machine with a non-zero status.
 */
#ifndef BUG_H
#define BUG_H

#include <compiler.h>
#include <types.h>

void __warn(const char *file, int line, const char *cond, const char *fmt,
	    ...) __printf(4, 5);
void __noreturn __bug(const char *file, int line, const char *cond);
void __noreturn panic(const char *fmt, ...) __printf(1, 2);

/* WARNs since boot. */
extern unsigned int warn_count;

#define WARN(c, fmt, ...) ({					\
	bool _c = !!(c);					\
	if (unlikely(_c))					\
		__warn(__FILE__, __LINE__, NULL, fmt,		\
		       ##__VA_ARGS__);				\
	unlikely(_c); })
#define WARN_ON(c) ({						\
	bool _c = !!(c);					\
	if (unlikely(_c))					\
		__warn(__FILE__, __LINE__, #c, NULL);		\
	unlikely(_c); })
#define BUG()		__bug(__FILE__, __LINE__, "BUG")
#define BUG_ON(c)	do { if (unlikely(c)) \
				__bug(__FILE__, __LINE__, #c); } while (0)

#endif
