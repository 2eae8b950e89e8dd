/* SPDX-License-Identifier: MIT */
#ifndef SORT_H
#define SORT_H

#include <types.h>

/**
 * sort_r() - Sort in place, in time n log n whatever the content.
 * @base: @num elements of @size bytes
 * @cmp: <0, 0 or >0 as @a comes before @b, is equal or comes behind it; equal
 *	elements end in no particular order
 * @priv: handed to @cmp
 */
void sort_r(void *base, size_t num, size_t size,
	    int (*cmp)(const void *a, const void *b, const void *priv),
	    const void *priv);

#endif
