// SPDX-License-Identifier: MIT
/* Text to numbers, pseudo-random numbers, names of errors, bit arrays. */
#include <export.h>
#include <kernel.h>
#include <irqflags.h>
#include <slab.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower(c);
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

/* Consumes what fits; @s moves behind it. */
static int parse(const char **s, unsigned int base, unsigned long long *res)
{
	unsigned long long v = 0;
	bool any = false, over = false;
	const char *p = *s;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X') &&
	    (base == 0 || base == 16) && digit(p[2]) < 16) {
		p += 2;
		base = 16;
	} else if (base == 0) {
		base = p[0] == '0' ? 8 : 10;
	}
	for (; digit(*p) < (int)base; p++) {
		any = true;
		over |= check_mul_overflow(v, base, &v);
		over |= check_add_overflow(v, (unsigned int)digit(*p), &v);
	}
	*s = p;
	*res = v;
	return !any ? -EINVAL : over ? -ERANGE : 0;
}

int kstrtoull(const char *s, unsigned int base, unsigned long long *res)
{
	unsigned long long v;
	int ret;

	if (*s == '+')
		s++;
	ret = parse(&s, base, &v);
	if (ret)
		return ret;
	if (*s == '\n')
		s++;
	if (*s)
		return -EINVAL;
	*res = v;
	return 0;
}
EXPORT_SYMBOL(kstrtoull);

int kstrtoll(const char *s, unsigned int base, long long *res)
{
	bool neg = *s == '-';
	unsigned long long v;
	int ret = kstrtoull(s + neg, base, &v);

	if (ret)
		return ret;
	if (v > (unsigned long long)LONG_MAX + neg)
		return -ERANGE;
	*res = neg ? (long long)(0 - v) : (long long)v;
	return 0;
}
EXPORT_SYMBOL(kstrtoll);

int kstrtoul(const char *s, unsigned int base, unsigned long *res)
{
	unsigned long long v;
	int ret = kstrtoull(s, base, &v);

	if (!ret)
		*res = v;
	return ret;
}
EXPORT_SYMBOL(kstrtoul);

int kstrtouint(const char *s, unsigned int base, unsigned int *res)
{
	unsigned long long v;
	int ret = kstrtoull(s, base, &v);

	if (ret)
		return ret;
	if (v > UINT_MAX)
		return -ERANGE;
	*res = (unsigned int)v;
	return 0;
}
EXPORT_SYMBOL(kstrtouint);

int kstrtoint(const char *s, unsigned int base, int *res)
{
	long long v;
	int ret = kstrtoll(s, base, &v);

	if (ret)
		return ret;
	if (v > INT_MAX || v < INT_MIN)
		return -ERANGE;
	*res = (int)v;
	return 0;
}
EXPORT_SYMBOL(kstrtoint);

int kstrtobool(const char *s, bool *res)
{
	if (!strcmp(s, "1") || !strcmp(s, "y") || !strcmp(s, "on"))
		*res = true;
	else if (!strcmp(s, "0") || !strcmp(s, "n") || !strcmp(s, "off"))
		*res = false;
	else
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL(kstrtobool);

void prandom_seed_state(struct rnd_state *st, u64 seed)
{
	st->s = seed * 0x9e3779b97f4a7c15ULL + 0x2545f4914f6cdd1dULL;
	if (!st->s)
		st->s = 1;
}
EXPORT_SYMBOL(prandom_seed_state);

u64 prandom_u64_state(struct rnd_state *st)
{
	st->s ^= st->s >> 12;
	st->s ^= st->s << 25;
	st->s ^= st->s >> 27;
	return st->s * 0x2545f4914f6cdd1dULL;
}
EXPORT_SYMBOL(prandom_u64_state);

u32 prandom_u32_state(struct rnd_state *st)
{
	return (u32)(prandom_u64_state(st) >> 32);
}
EXPORT_SYMBOL(prandom_u32_state);

#define E(n)	{ n, #n }
static const struct {
	int err;
	const char *name;
} err_names[] = {
	E(EPERM), E(ENOENT), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC),
	E(EBADF), E(EAGAIN), E(ENOMEM), E(EACCES), E(EFAULT), E(EBUSY),
	E(EEXIST), E(EXDEV), E(ENODEV), E(ENOTDIR), E(EISDIR), E(EINVAL),
	E(EFBIG), E(ENOSPC), E(EROFS), E(EPIPE), E(EDOM), E(ERANGE),
	E(EDEADLK), E(ENAMETOOLONG), E(ENOSYS), E(ELOOP), E(ENODATA),
	E(ETIME), E(EPROTO), E(EBADMSG), E(EOVERFLOW), E(EILSEQ),
	E(EOPNOTSUPP), E(ETIMEDOUT), E(EALREADY), E(EINPROGRESS),
	E(ECANCELED), E(EKEYREJECTED), E(ENOTSUPP), E(EPROBE_DEFER),
};

const char *errname(int err)
{
	unsigned int i;

	if (err < 0)
		err = -err;
	for (i = 0; i < ARRAY_SIZE(err_names); i++)
		if (err_names[i].err == err)
			return err_names[i].name;
	return "E?";
}
EXPORT_SYMBOL(errname);

void set_bit(unsigned int nr, unsigned long *addr)
{
	test_and_set_bit(nr, addr);
}
EXPORT_SYMBOL(set_bit);

void clear_bit(unsigned int nr, unsigned long *addr)
{
	test_and_clear_bit(nr, addr);
}
EXPORT_SYMBOL(clear_bit);

bool test_and_set_bit(unsigned int nr, unsigned long *addr)
{
	return __atomic_fetch_or(&addr[BIT_WORD(nr)], BIT_MASK(nr),
				 __ATOMIC_SEQ_CST) & BIT_MASK(nr);
}
EXPORT_SYMBOL(test_and_set_bit);

bool test_and_clear_bit(unsigned int nr, unsigned long *addr)
{
	return __atomic_fetch_and(&addr[BIT_WORD(nr)], ~BIT_MASK(nr),
				  __ATOMIC_SEQ_CST) & BIT_MASK(nr);
}
EXPORT_SYMBOL(test_and_clear_bit);

static unsigned long find_next(const unsigned long *addr, unsigned long size,
			       unsigned long i, unsigned long invert)
{
	while (i < size) {
		unsigned long w = (addr[BIT_WORD(i)] ^ invert) >>
				  (i % BITS_PER_LONG);

		if (w)
			return min(i + __ffs(w), size);
		i = (i | (BITS_PER_LONG - 1)) + 1;
	}
	return size;
}

unsigned long find_next_bit(const unsigned long *addr, unsigned long size,
			    unsigned long offset)
{
	return find_next(addr, size, offset, 0);
}
EXPORT_SYMBOL(find_next_bit);

unsigned long find_next_zero_bit(const unsigned long *addr,
				 unsigned long size, unsigned long offset)
{
	return find_next(addr, size, offset, ~0UL);
}
EXPORT_SYMBOL(find_next_zero_bit);

unsigned long bitmap_find_next_zero_area(const unsigned long *map,
					 unsigned long size,
					 unsigned long start, unsigned int nr,
					 unsigned long align_mask)
{
	for (;;) {
		unsigned long end;

		start = find_next_zero_bit(map, size, start);
		start = (start + align_mask) & ~align_mask;
		if (start + nr > size)
			return size + 1;
		end = find_next_bit(map, start + nr, start);
		if (end >= start + nr)
			return start;
		start = end + 1;
	}
}
EXPORT_SYMBOL(bitmap_find_next_zero_area);

void bitmap_set(unsigned long *map, unsigned int start, unsigned int nr)
{
	for (; nr && (start % BITS_PER_LONG); start++, nr--)
		__set_bit(start, map);
	for (; nr >= BITS_PER_LONG; start += BITS_PER_LONG,
	     nr -= BITS_PER_LONG)
		map[BIT_WORD(start)] = ~0UL;
	for (; nr; start++, nr--)
		__set_bit(start, map);
}
EXPORT_SYMBOL(bitmap_set);

void bitmap_clear(unsigned long *map, unsigned int start, unsigned int nr)
{
	for (; nr && (start % BITS_PER_LONG); start++, nr--)
		__clear_bit(start, map);
	for (; nr >= BITS_PER_LONG; start += BITS_PER_LONG,
	     nr -= BITS_PER_LONG)
		map[BIT_WORD(start)] = 0;
	for (; nr; start++, nr--)
		__clear_bit(start, map);
}
EXPORT_SYMBOL(bitmap_clear);

unsigned long *bitmap_zalloc(unsigned int bits, gfp_t flags)
{
	return kcalloc(BITS_TO_LONGS((size_t)bits), sizeof(long), flags);
}
EXPORT_SYMBOL(bitmap_zalloc);

void bitmap_free(const unsigned long *map)
{
	kfree(map);
}
EXPORT_SYMBOL(bitmap_free);
