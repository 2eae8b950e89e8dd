/* SPDX-License-Identifier: MIT */
/* Memory by the byte. */
#ifndef SLAB_H
#define SLAB_H

#include <gfp.h>
#include <string.h>
#include <types.h>

struct device;

/**
 * kmalloc() - Allocate memory, physically contiguous.
 * @size: 0 gives a valid pointer; up to 2 KiB objects of 8 << n bytes,
 *	above that whole pages; aligned to the power of two at or below @size
 *	(8 at least, a page at most)
 * Return: the memory, or NULL.
 */
void *kmalloc(size_t size, gfp_t gfp);
void kfree(const void *p);
size_t ksize(const void *p);

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

/* NULL when @n * @size overflows. */
static inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc(bytes, gfp);
}

static inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

void *krealloc(const void *p, size_t size, gfp_t gfp);

/* kmalloc for sizes that may need scattered pages. */
void *kvmalloc(size_t size, gfp_t gfp);
void kvfree(const void *p);
#define kvzalloc(s, g)	kvmalloc(s, (g) | __GFP_ZERO)

/* Freed when the driver leaves the device. */
void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp);
void devm_kfree(struct device *dev, const void *p);

static inline void *devm_kzalloc(struct device *dev, size_t size, gfp_t gfp)
{
	return devm_kmalloc(dev, size, gfp | __GFP_ZERO);
}

static inline void *devm_kcalloc(struct device *dev, size_t n, size_t size,
				 gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return devm_kmalloc(dev, bytes, gfp | __GFP_ZERO);
}

char *devm_kstrdup(struct device *dev, const char *s, gfp_t gfp);
char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *fmt, ...)
	__printf(3, 4);

/* Allocations by kmalloc that are not freed yet: count and bytes. */
void slab_usage(size_t *objects, size_t *bytes);

#endif
