// SPDX-License-Identifier: MIT
/*
 * What must hold of tables of any format: a matrix of page sizes, input sizes
 * and output sizes. The checks use the format's operations only, and what it
 * asks of the TLB.
 */
#define pr_fmt(fmt) "io-pgtable: " fmt

#include "io-pgtable-selftest.h"

#include "io-pgtable-pages.h"

#include <err.h>
#include <errno.h>
#include <iommu.h>
#include <printk.h>
#include <sizes.h>

#define PROT	(IOMMU_READ | IOMMU_WRITE)

/* What the format asked of the "TLB" since the last look. */
struct flushes {
	unsigned int walks;
	unsigned int pages;
	size_t walk_bytes;
};

struct selftest {
	const struct io_pgtable_init_fns_node *format;
	struct io_pgtable_cfg cfg;
	struct io_pgtable_ops *ops;
	struct flushes flushes;
	unsigned long base;	/* the first input address */
	size_t page;		/* the smallest leaf */
	unsigned int small_oas;
	unsigned int checks_failed;
};

static void count_walk(unsigned long iova, size_t size, size_t granule,
		       void *cookie)
{
	struct selftest *t = cookie;

	t->flushes.walks++;
	t->flushes.walk_bytes += size;
}

static void count_page(struct iommu_iotlb_gather *gather,
		       unsigned long iova, size_t granule, void *cookie)
{
	struct selftest *t = cookie;

	t->flushes.pages++;
}

static const struct iommu_flush_ops count_ops = {
	.tlb_flush_walk = count_walk,
	.tlb_add_page = count_page,
};

static void check_failed(struct selftest *t, int line, const char *what)
{
	t->checks_failed++;
	pr_err("selftest: %s, line %d: %s does not hold (ias %u oas %u pgsizes %#lx quirks %#lx)\n",
	       t->format->name, line, what, t->cfg.ias, t->cfg.oas,
	       t->cfg.pgsize_bitmap, t->cfg.quirks);
}

#define CHECK(t, cond) do { \
	if (!(cond)) \
		check_failed(t, __LINE__, #cond); \
} while (0)

static size_t do_map(struct selftest *t, unsigned long iova,
		     phys_addr_t paddr, size_t size, size_t count, int *ret)
{
	size_t mapped;

	*ret = t->ops->map_pages(t->ops, iova, paddr, size, count, PROT,
				 GFP_KERNEL, &mapped);
	return mapped;
}

static size_t do_unmap(struct selftest *t, unsigned long iova, size_t size,
		       size_t count)
{
	return t->ops->unmap_pages(t->ops, iova, size, count, NULL);
}

static phys_addr_t lookup(struct selftest *t, unsigned long iova)
{
	return t->ops->iova_to_phys(t->ops, iova);
}

static size_t input_size(const struct selftest *t)
{
	return 1UL << t->cfg.ias;
}

/* Output bits of leaves of that size. */
static unsigned int leaf_oas(const struct selftest *t, size_t size)
{
	return t->small_oas && size < SZ_16M ? t->small_oas : t->cfg.oas;
}

/* The next larger leaf size, or 0. */
static size_t next_size(const struct selftest *t, size_t size)
{
	unsigned long larger = t->cfg.pgsize_bitmap & ~(2 * size - 1);

	return larger & -larger;
}

/* Nothing is mapped, and what is out of range or askew is refused. */
static void test_refusals(struct selftest *t)
{
	const unsigned long end = t->base + input_size(t);
	const size_t page = t->page;
	const unsigned int oas = leaf_oas(t, page);
	int ret;

	CHECK(t, lookup(t, t->base) == 0);
	CHECK(t, lookup(t, end - 1) == 0);
	CHECK(t, lookup(t, end) == 0);
	CHECK(t, do_unmap(t, t->base, page, 1) == 0);
	CHECK(t, !do_map(t, t->base + 1, 0, page, 1, &ret) &&
		 ret == -EINVAL);
	CHECK(t, !do_map(t, t->base, 1, page, 1, &ret) && ret == -EINVAL);
	CHECK(t, !do_map(t, t->base, 0, 3 * page, 1, &ret) &&
		 ret == -EINVAL);
	CHECK(t, !do_map(t, t->base, 0, page, 0, &ret) && ret == -EINVAL);
	CHECK(t, !do_map(t, end, 0, page, 1, &ret) && ret == -ERANGE);
	CHECK(t, !do_map(t, end - page, 0, page, 2, &ret) && ret == -ERANGE);
	CHECK(t, !do_map(t, t->base - page, 0, page, 2, &ret) &&
		 ret == -ERANGE);
	CHECK(t, !do_map(t, t->base, 1UL << oas, page, 1, &ret) &&
		 ret == -ERANGE);
	CHECK(t, !do_map(t, t->base, (1UL << oas) - page, page, 2, &ret) &&
		 ret == -ERANGE);
	CHECK(t, do_unmap(t, end, page, 1) == 0);
}

/* Two leaves of each size, at the last place that has room for them. */
static void test_sizes(struct selftest *t)
{
	const size_t page = t->page;
	size_t size;
	int ret;

	for (size = page; size; size = next_size(t, size)) {
		unsigned long iova = t->base + input_size(t) - 2 * size;
		phys_addr_t pa = (1UL << leaf_oas(t, size)) - 3 * size;

		if (input_size(t) < 4 * size ||
		    1UL << leaf_oas(t, size) < 4 * size)
			continue;
		CHECK(t, do_map(t, iova, pa, size, 2, &ret) == 2 * size &&
			 !ret);
		CHECK(t, lookup(t, iova) == pa);
		CHECK(t, lookup(t, iova + 42) == pa + 42);
		CHECK(t, lookup(t, iova + 2 * size - 1) ==
			 pa + 2 * size - 1);
		CHECK(t, lookup(t, iova - 1) == 0);
		CHECK(t, !do_map(t, iova, 0, size, 1, &ret) &&
			 ret == -EEXIST);
		CHECK(t, !do_map(t, iova + size - page, 0, page, 1, &ret) &&
			 ret == -EEXIST);

		t->flushes = (struct flushes){ 0 };
		CHECK(t, do_unmap(t, iova, size, 2) == 2 * size);
		CHECK(t, t->flushes.pages == 2);
		CHECK(t, lookup(t, iova) == 0);
		CHECK(t, lookup(t, iova + size) == 0);

		/* And again, elsewhere. */
		CHECK(t, do_map(t, iova, 0, size, 1, &ret) == size && !ret);
		CHECK(t, lookup(t, iova + 42) == 42);
		CHECK(t, do_unmap(t, iova, size, 1) == size);
	}
}

/* A request of many pages crosses tables, and stops at what is there. */
static void test_runs(struct selftest *t)
{
	const size_t page = t->page;
	/* Every format's lowest tables end at multiples of this. */
	const size_t table = page == SZ_4K ? SZ_2M : page * (page / 8);
	const unsigned long iova = t->base + table - 4 * page;
	int ret;

	if (input_size(t) < 2 * table)
		return;
	CHECK(t, do_map(t, iova, 0, page, 8, &ret) == 8 * page && !ret);
	CHECK(t, lookup(t, t->base + table) == 4 * page);
	CHECK(t, do_map(t, iova - 2 * page, 0, page, 8, &ret) == 2 * page &&
		 ret == -EEXIST);
	CHECK(t, lookup(t, iova) == 0);
	CHECK(t, lookup(t, iova - page) == page);
	CHECK(t, do_unmap(t, iova - 2 * page, page, 16) == 10 * page);
	CHECK(t, lookup(t, t->base + table) == 0);
}

/* Pages fill a block but for one: its removal ends at the hole. */
static void test_holes(struct selftest *t)
{
	const size_t page = t->page, size = next_size(t, page);
	const unsigned long iova = t->base + 2 * size;
	const size_t count = size / page, hole = count - 3;
	int ret;

	if (!size || input_size(t) < 4 * size)
		return;
	CHECK(t, do_map(t, iova, 0, page, hole, &ret) == hole * page);
	CHECK(t, do_map(t, iova + (hole + 1) * page, 0, page, 2, &ret) ==
		 2 * page);
	CHECK(t, do_unmap(t, iova, size, 1) == hole * page);
	CHECK(t, lookup(t, iova) == 0);
	CHECK(t, lookup(t, iova + (hole - 1) * page) == 0);
	CHECK(t, lookup(t, iova + (hole + 2) * page) == page);
	CHECK(t, do_unmap(t, iova + (hole + 1) * page, page, 2) == 2 * page);
	CHECK(t, do_unmap(t, iova, size, 1) == 0);
}

/* Part of a block goes, the rest stays; break before make is asked for. */
static void test_split(struct selftest *t)
{
	const size_t page = t->page;
	size_t size;
	int ret;

	for (size = next_size(t, page); size; size = next_size(t, size)) {
		const unsigned long iova = t->base + 2 * size;
		const unsigned long hole = iova + 5 * page;

		if (input_size(t) < 4 * size ||
		    1UL << leaf_oas(t, page) < 4 * size)
			continue;
		CHECK(t, do_map(t, iova, size, size, 1, &ret) == size);
		t->flushes = (struct flushes){ 0 };
		CHECK(t, do_unmap(t, hole, page, 1) == page);
		CHECK(t, t->flushes.walks && t->flushes.walk_bytes >= size);
		CHECK(t, lookup(t, hole) == 0);
		CHECK(t, lookup(t, hole - page + 7) == size + 4 * page + 7);
		CHECK(t, lookup(t, hole + page) == size + 6 * page);
		CHECK(t, lookup(t, iova + size - 1) == 2 * size - 1);

		CHECK(t, do_unmap(t, iova, size, 1) == 5 * page);
		CHECK(t, do_unmap(t, hole + page, page, size / page - 6) ==
			 size - 6 * page);
		CHECK(t, lookup(t, iova + size - 1) == 0);
	}
}

/* A block whose parts could not point where it does is left whole. */
static void test_split_refusal(struct selftest *t)
{
	const unsigned long iova = t->base;
	const phys_addr_t pa = 1UL << t->small_oas;
	int ret;

	if (!t->small_oas || !(t->cfg.pgsize_bitmap & SZ_16M) ||
	    t->cfg.oas <= t->small_oas)
		return;
	CHECK(t, do_map(t, iova, pa, SZ_16M, 1, &ret) == SZ_16M && !ret);
	CHECK(t, do_unmap(t, iova, t->page, 1) == 0);
	CHECK(t, lookup(t, iova + SZ_16M - 1) == pa + SZ_16M - 1);
	CHECK(t, do_unmap(t, iova, SZ_16M, 1) == SZ_16M);
}

/* An empty table yields to a block, one in use does not. */
static void test_replace(struct selftest *t)
{
	const size_t page = t->page;
	size_t size;
	int ret;

	for (size = next_size(t, page); size; size = next_size(t, size)) {
		const unsigned long iova = t->base + 2 * size;

		if (input_size(t) < 4 * size ||
		    1UL << leaf_oas(t, size) < 4 * size)
			continue;
		CHECK(t, do_map(t, iova, 0, page, 1, &ret) == page && !ret);
		CHECK(t, !do_map(t, iova, 0, size, 1, &ret) &&
			 ret == -EEXIST);
		CHECK(t, do_unmap(t, iova, page, 1) == page);
		CHECK(t, do_map(t, iova, size, size, 1, &ret) == size &&
			 !ret);
		CHECK(t, lookup(t, iova + 1) == size + 1);
		CHECK(t, do_unmap(t, iova, size, 1) == size);
	}
}

/* What is still mapped goes with the tables. */
static void leave_something(struct selftest *t)
{
	size_t size;
	int ret;

	for (size = t->page; size; size = next_size(t, size))
		do_map(t, t->base + (input_size(t) >> 1), 0, size, 1, &ret);
	do_map(t, t->base, 0, t->page, 1, &ret);
}

static bool run_one(const struct io_pgtable_selftest_case *c,
		    unsigned int ias, unsigned int oas, unsigned long pgsizes)
{
	struct selftest t = {
		.format = c->format,
		.small_oas = c->small_oas,
		.cfg = {
			.quirks = c->quirks,
			.pgsize_bitmap = pgsizes,
			.ias = ias,
			.oas = oas,
			.coherent_walk = true,
			.tlb = &count_ops,
		},
	};
	int held = io_pgtable_pages_held();
	struct io_pgtable *iop = c->format->fns->alloc(&t.cfg, &t);

	if (IS_ERR(iop)) {
		check_failed(&t, __LINE__, "allocation of the tables");
		return false;
	}
	t.ops = &iop->ops;
	t.page = t.cfg.pgsize_bitmap & -t.cfg.pgsize_bitmap;
	if (c->quirks & IO_PGTABLE_QUIRK_ARM_TTBR1)
		t.base = ~0UL << ias;

	test_refusals(&t);
	test_sizes(&t);
	test_runs(&t);
	test_holes(&t);
	test_split(&t);
	test_split_refusal(&t);
	test_replace(&t);
	leave_something(&t);
	c->format->fns->free(iop);
	CHECK(&t, io_pgtable_pages_held() == held);
	return !t.checks_failed;
}

int io_pgtable_selftest(const struct io_pgtable_selftest_case *cases,
			unsigned int count)
{
	const struct io_pgtable_selftest_case *c;
	unsigned int passed = 0, failed = 0;
	const unsigned int *ias, *oas;
	const unsigned long *sizes;

	for (c = cases; c < cases + count; c++)
		for (ias = c->ias; *ias; ias++)
			for (oas = c->oas; *oas; oas++)
				for (sizes = c->pgsizes; *sizes; sizes++)
					if (run_one(c, *ias, *oas, *sizes))
						passed++;
					else
						failed++;
	pr_info("selftest: %u passed, %u failed\n", passed, failed);
	return failed ? -EFAULT : 0;
}
