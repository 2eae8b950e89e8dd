// SPDX-License-Identifier: MIT
/*
 * What must hold before any device is let loose on tables of this format:
 * a matrix of input sizes, output sizes and leaf sizes, on tables that no
 * walker sees. The checks use the format's operations only.
 */
#define pr_fmt(fmt) "io-pgtable-arm: " fmt

#include "io-pgtable-arm.h"

#include <errno.h>
#include <iommu.h>
#include <printk.h>

#define SZ_4K	0x1000UL
#define SZ_2M	0x200000UL
#define SZ_1G	0x40000000UL
#define PROT	(IOMMU_READ | IOMMU_WRITE)

/* What the format asked of the "TLB" since the last look. */
struct flushes {
	unsigned int walks;
	unsigned int pages;
	size_t walk_bytes;
};

struct selftest {
	const struct io_pgtable_init_fns_node *node;
	struct io_pgtable_cfg cfg;
	struct io_pgtable *iop;
	struct io_pgtable_ops *ops;
	struct flushes flushes;
	unsigned int checks_failed;
};

static void count_all(void *cookie)
{
	(void)cookie;
}

static void count_walk(unsigned long iova, size_t size, size_t granule,
		       void *cookie)
{
	struct selftest *t = cookie;

	(void)iova;
	(void)granule;
	t->flushes.walks++;
	t->flushes.walk_bytes += size;
}

static void count_page(struct iommu_iotlb_gather *gather,
		       unsigned long iova, size_t granule, void *cookie)
{
	struct selftest *t = cookie;

	(void)gather;
	(void)iova;
	(void)granule;
	t->flushes.pages++;
}

static const struct iommu_flush_ops count_ops = {
	.tlb_flush_all = count_all,
	.tlb_flush_walk = count_walk,
	.tlb_add_page = count_page,
};

static void check_failed(struct selftest *t, int line, const char *what)
{
	t->checks_failed++;
	pr_err("selftest: line %d: %s does not hold (ias %u oas %u pgsizes %#lx)\n",
	       line, what, t->cfg.ias, t->cfg.oas, t->cfg.pgsize_bitmap);
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
				 &mapped);
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

static void test_empty(struct selftest *t)
{
	int ret;

	CHECK(t, lookup(t, 0) == 0);
	CHECK(t, lookup(t, SZ_1G - 1) == 0);
	CHECK(t, do_unmap(t, 0, SZ_4K, 1) == 0);
	CHECK(t, do_map(t, SZ_4K + 1, SZ_4K, SZ_4K, 1, &ret) == 0 && ret);
	CHECK(t, do_map(t, SZ_4K, SZ_4K + 1, SZ_4K, 1, &ret) == 0 && ret);
	CHECK(t, do_map(t, 0, 0, 3 * SZ_4K, 1, &ret) == 0 && ret == -EINVAL);
	CHECK(t, do_map(t, 1UL << t->cfg.ias, 0, SZ_4K, 1, &ret) == 0 &&
		 ret == -ERANGE);
	CHECK(t, do_map(t, (1UL << t->cfg.ias) - SZ_4K, 0, SZ_4K, 2,
			&ret) == 0 && ret == -ERANGE);
	CHECK(t, do_map(t, 0, 1UL << t->cfg.oas, SZ_4K, 1, &ret) == 0 &&
		 ret == -ERANGE);
}

/* A leaf of each size that the tables take, side by side and not. */
static void test_sizes(struct selftest *t)
{
	static const size_t sizes[] = { SZ_4K, SZ_2M, SZ_1G };
	unsigned int i;
	int ret;

	for (i = 0; i < 3; i++) {
		size_t size = sizes[i];
		/* Two leaves at the last place that has room for them. */
		unsigned long iova = (1UL << t->cfg.ias) - 2 * size;
		phys_addr_t pa = (1UL << t->cfg.oas) - 3 * size;

		if (!(t->cfg.pgsize_bitmap & size) ||
		    1UL << t->cfg.ias < 4 * size)
			continue;
		CHECK(t, do_map(t, iova, pa, size, 2, &ret) == 2 * size &&
			 !ret);
		CHECK(t, lookup(t, iova) == pa);
		CHECK(t, lookup(t, iova + 42) == pa + 42);
		CHECK(t, lookup(t, iova + 2 * size - 1) ==
			 pa + 2 * size - 1);
		CHECK(t, lookup(t, iova - 1) == 0);
		CHECK(t, do_map(t, iova, pa, size, 1, &ret) == 0 &&
			 ret == -EEXIST);
		CHECK(t, do_map(t, iova, pa, SZ_4K, 1, &ret) == 0 &&
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
	const unsigned long iova = SZ_2M - 4 * SZ_4K;
	int ret;

	CHECK(t, do_map(t, iova, 0, SZ_4K, 8, &ret) == 8 * SZ_4K && !ret);
	CHECK(t, lookup(t, SZ_2M) == 4 * SZ_4K);
	CHECK(t, do_map(t, iova - 2 * SZ_4K, 0, SZ_4K, 8, &ret) ==
		 2 * SZ_4K && ret == -EEXIST);
	CHECK(t, lookup(t, iova) == 0);
	CHECK(t, lookup(t, iova - SZ_4K) == SZ_4K);
	CHECK(t, do_unmap(t, iova - 2 * SZ_4K, SZ_4K, 16) == 10 * SZ_4K);
	CHECK(t, lookup(t, SZ_2M) == 0);
}

/* Part of a block goes, the rest stays; break before make is asked for. */
static void test_split(struct selftest *t)
{
	const unsigned long iova = 4 * SZ_2M;
	int ret;

	if (!(t->cfg.pgsize_bitmap & SZ_2M))
		return;
	CHECK(t, do_map(t, iova, SZ_2M, SZ_2M, 1, &ret) == SZ_2M && !ret);
	t->flushes = (struct flushes){ 0 };
	CHECK(t, do_unmap(t, iova + 5 * SZ_4K, SZ_4K, 1) == SZ_4K);
	CHECK(t, t->flushes.walks == 1 && t->flushes.walk_bytes == SZ_2M);
	CHECK(t, lookup(t, iova + 5 * SZ_4K) == 0);
	CHECK(t, lookup(t, iova + 4 * SZ_4K + 7) == SZ_2M + 4 * SZ_4K + 7);
	CHECK(t, lookup(t, iova + SZ_2M - 1) == 2 * SZ_2M - 1);

	/* With a hole in it, the 2 MiB are not all there to remove. */
	CHECK(t, do_unmap(t, iova, SZ_2M, 1) == 0);
	CHECK(t, do_map(t, iova + 5 * SZ_4K, 0, SZ_4K, 1, &ret) == SZ_4K);
	t->flushes = (struct flushes){ 0 };
	CHECK(t, do_unmap(t, iova, SZ_2M, 1) == SZ_2M);
	CHECK(t, t->flushes.walks == 1 && t->flushes.walk_bytes == SZ_2M);
	CHECK(t, lookup(t, iova) == 0);
}

/* An empty table yields to a block, one in use does not. */
static void test_replace(struct selftest *t)
{
	const unsigned long iova = 4 * SZ_2M;
	unsigned long tables;
	int ret;

	if (!(t->cfg.pgsize_bitmap & SZ_2M))
		return;
	CHECK(t, do_map(t, iova, 0, SZ_4K, 1, &ret) == SZ_4K && !ret);
	CHECK(t, do_map(t, iova, 0, SZ_2M, 1, &ret) == 0 && ret == -EEXIST);
	CHECK(t, do_unmap(t, iova, SZ_4K, 1) == SZ_4K);

	tables = io_pgtable_arm_nr_tables(t->ops);
	t->flushes = (struct flushes){ 0 };
	CHECK(t, do_map(t, iova, SZ_2M, SZ_2M, 1, &ret) == SZ_2M && !ret);
	CHECK(t, t->flushes.walks == 1);
	CHECK(t, io_pgtable_arm_nr_tables(t->ops) == tables - 1);
	CHECK(t, lookup(t, iova + 1) == SZ_2M + 1);
	CHECK(t, do_unmap(t, iova, SZ_2M, 1) == SZ_2M);
}

static void run_one(struct selftest *t, unsigned int ias, unsigned int oas,
		    unsigned long pgsizes, unsigned int *passed,
		    unsigned int *failed)
{
	t->cfg = (struct io_pgtable_cfg){
		.pgsize_bitmap = pgsizes,
		.ias = ias,
		.oas = oas,
		.coherent_walk = true,
		.tlb = &count_ops,
	};
	t->checks_failed = 0;
	t->iop = t->node->alloc(&t->cfg, t);
	if (!t->iop) {
		check_failed(t, __LINE__, "allocation of the tables");
		++*failed;
		return;
	}
	t->ops = &t->iop->ops;

	CHECK(t, t->cfg.arm_lpae_s1_cfg.tcr.tsz == 64 - ias);
	test_empty(t);
	test_sizes(t);
	test_runs(t);
	test_split(t);
	test_replace(t);
	t->node->free(t->iop);

	if (t->checks_failed)
		++*failed;
	else
		++*passed;
}

int io_pgtable_arm_selftest(const struct io_pgtable_init_fns_node *node)
{
	static const unsigned int bits[] = { 32, 36, 40, 42, 44, 48 };
	static const unsigned long pgsizes[] = {
		SZ_4K | SZ_2M | SZ_1G, SZ_4K | SZ_2M, SZ_4K,
	};
	struct selftest t = { .node = node };
	unsigned int passed = 0, failed = 0;
	unsigned int i, j, k;

	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		for (j = 0; j < sizeof(bits) / sizeof(bits[0]); j++)
			for (k = 0; k < 3; k++)
				run_one(&t, bits[i], bits[j], pgsizes[k],
					&passed, &failed);
	/* The smallest tables, which have no room for 1 GiB leaves. */
	run_one(&t, 25, 36, pgsizes[0], &passed, &failed);
	run_one(&t, 30, 36, pgsizes[0], &passed, &failed);
	run_one(&t, 39, 36, pgsizes[0], &passed, &failed);

	pr_info("selftest: %u passed, %u failed\n", passed, failed);
	return failed ? -EFAULT : 0;
}
