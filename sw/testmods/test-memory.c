// SPDX-License-Identifier: MIT
/* Memory functions and allocators. */
#include <kernel.h>
#include <ktap.h>
#include <mm.h>
#include <slab.h>
#include "test-core.h"

#define SPAN	700

static u8 ref[SPAN], got[SPAN];

static void fill(struct rnd_state *r, u8 *p, size_t n)
{
	while (n--)
		*p++ = (u8)prandom_u32_state(r);
}

static void naive_move(u8 *d, const u8 *s, size_t n)
{
	size_t i;

	if (d < s)
		for (i = 0; i < n; i++)
			*(volatile u8 *)&d[i] = s[i];
	else
		for (i = n; i; i--)
			*(volatile u8 *)&d[i - 1] = s[i - 1];
}

static bool same(void)
{
	size_t i;

	for (i = 0; i < SPAN; i++)
		if (ref[i] != got[i])
			return false;
	return true;
}

static void test_move(void)
{
	bool copy_ok = true, move_ok = true, set_ok = true, cmp_ok = true;
	struct rnd_state r;
	int i;

	prandom_seed_state(&r, 1);
	for (i = 0; i < 3000; i++) {
		size_t n = prandom_u32_state(&r) % 300;
		size_t a = prandom_u32_state(&r) % 400;
		size_t b = prandom_u32_state(&r) % 400;
		u8 c = (u8)prandom_u32_state(&r);
		int k;

		fill(&r, ref, SPAN);
		memcpy(got, ref, SPAN);
		copy_ok &= same();
		naive_move(ref + a, ref + b, n);
		memmove(got + a, got + b, n);
		move_ok &= same();
		memset(got + a, c, n);
		for (k = 0; k < (int)n; k++)
			*(volatile u8 *)&ref[a + (size_t)k] = c;
		set_ok &= same();
		cmp_ok &= !memcmp(ref, got, SPAN);
		got[b] ^= 1;
		k = memcmp(ref, got, SPAN);
		cmp_ok &= (k < 0) == (ref[b] < got[b]) && k;
	}
	ktap_ok(copy_ok, "memcpy copies every byte");
	ktap_ok(move_ok, "memmove copes with overlap in both directions");
	ktap_ok(set_ok, "memset fills exactly its range");
	ktap_ok(cmp_ok, "memcmp orders by the first byte that differs");
}

static void test_slab(void)
{
	static void *p[400];
	size_t o0, b0, o1, b1, i;
	bool ok = true, aligned = true;
	struct rnd_state r;
	int round;

	slab_usage(&o0, &b0);
	prandom_seed_state(&r, 2);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < ARRAY_SIZE(p); i++) {
			size_t n = prandom_u32_state(&r) % 5000 + 1;

			p[i] = kmalloc(n, GFP_KERNEL);
			ok &= p[i] && ksize(p[i]) >= n;
			aligned &= IS_ALIGNED((unsigned long)p[i],
					      min(rounddown_pow_of_two(n),
						  PAGE_SIZE));
			memset(p[i], (int)i, n);
		}
		for (i = 0; i < ARRAY_SIZE(p); i++) {
			ok &= *(u8 *)p[i] == (u8)i;
			kfree(p[i]);
		}
	}
	slab_usage(&o1, &b1);
	ktap_ok(ok && o0 == o1 && b0 == b1,
		"kmalloc gives disjoint objects and kfree takes them back");
	ktap_ok(aligned, "kmalloc aligns to the power of two below the size");
}

static void test_pages(void)
{
	unsigned long before = nr_free_pages();
	struct page *p[MAX_ORDER + 1];
	bool ok = true;
	unsigned int o;
	void *x, *v;

	for (o = 0; o <= MAX_ORDER; o++) {
		p[o] = alloc_pages(GFP_KERNEL | __GFP_ZERO, o);
		ok &= p[o] && IS_ALIGNED(page_to_phys(p[o]), PAGE_SIZE << o) &&
		      !memchr_inv(page_address(p[o]), 0, PAGE_SIZE << o);
	}
	for (o = 0; o <= MAX_ORDER; o++)
		__free_pages(p[o], o);
	ktap_ok(ok && nr_free_pages() == before,
		"blocks of pages are aligned, cleared and taken back");
	x = alloc_pages_exact(5 * PAGE_SIZE, GFP_KERNEL);
	ok = x && nr_free_pages() == before - 5;
	free_pages_exact(x, 5 * PAGE_SIZE);
	ktap_ok(ok && nr_free_pages() == before,
		"an exact allocation gives its tail back");
	ktap_ok(!alloc_pages_exact(0, GFP_KERNEL) &&
		!alloc_pages_exact(SIZE_MAX, GFP_KERNEL) &&
		!alloc_pages_exact((PAGE_SIZE << MAX_ORDER) + 1, GFP_KERNEL) &&
		!kmalloc(SIZE_MAX, GFP_KERNEL) && !vmalloc(0) &&
		!vmalloc(SIZE_MAX) && nr_free_pages() == before,
		"nothing is allocated for no size or an absurd one");
	v = vmalloc(100 * PAGE_SIZE + 1);
	ok = v && is_vmalloc_addr(v);
	if (v)
		memset(v, 0x5a, 100 * PAGE_SIZE + 1);
	vfree(v);
	/* Tables of the range may stay. */
	ktap_ok(ok && nr_free_pages() + 4 >= before,
		"vmalloc maps pages and vfree returns them");
}

void test_memory(void)
{
	test_move();
	test_slab();
	test_pages();
}
