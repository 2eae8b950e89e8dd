/* SPDX-License-Identifier: MIT */
/* What nearly every file needs. */
#ifndef KERNEL_H
#define KERNEL_H

#include <barrier.h>
#include <bitops.h>
#include <bug.h>
#include <byteorder.h>
#include <compiler.h>
#include <err.h>
#include <errno.h>
#include <math.h>
#include <printk.h>
#include <string.h>
#include <types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

/* Formats as printk()'s. @size 0 is allowed. Return the full length. */
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
/* Return what was really written. */
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* Whole-string conversions; @base 0 takes 0x and 0 prefixes. 0 or -EINVAL,
 * -ERANGE.
 */
int kstrtoull(const char *s, unsigned int base, unsigned long long *res);
int kstrtoll(const char *s, unsigned int base, long long *res);
int kstrtoul(const char *s, unsigned int base, unsigned long *res);
int kstrtouint(const char *s, unsigned int base, unsigned int *res);
int kstrtoint(const char *s, unsigned int base, int *res);
int kstrtobool(const char *s, bool *res);

/* Deterministic pseudo-random numbers (xorshift, seeded). */
struct rnd_state {
	u64 s;
};

void prandom_seed_state(struct rnd_state *st, u64 seed);
u64 prandom_u64_state(struct rnd_state *st);
u32 prandom_u32_state(struct rnd_state *st);

#define might_sleep()	do { } while (0)

#endif
