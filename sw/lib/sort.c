// SPDX-License-Identifier: MIT
/* Heap sort: what comes from a file can make it slow in no way. */
#include <sort.h>

static void swap(u8 *a, u8 *b, size_t size)
{
	while (size--) {
		u8 t = *a;

		*a++ = *b;
		*b++ = t;
	}
}

void sort_r(void *base, size_t num, size_t size,
	    int (*cmp)(const void *a, const void *b, const void *priv),
	    const void *priv)
{
	size_t build = num / 2, end = num, i, child;
	u8 *p = base;

	while (end > 1) {
		if (build)
			build--;
		else
			swap(p, p + --end * size, size);
		for (i = build; (child = 2 * i + 1) < end; i = child) {
			if (child + 1 < end &&
			    cmp(p + child * size, p + (child + 1) * size,
				priv) < 0)
				child++;
			if (cmp(p + i * size, p + child * size, priv) >= 0)
				break;
			swap(p + i * size, p + child * size, size);
		}
	}
}
