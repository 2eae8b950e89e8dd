// SPDX-License-Identifier: MIT
/* dmatest: data, and faults, through testdev. Results are KTAP. */

#include "testdev-dma.h"

#include <delay.h>
#include <irqflags.h>
#include <ktap.h>
#include <shell.h>
#include <sizes.h>
#include <slab.h>

#define FAULT_TIMEOUT_MS	1000
/* No event comes: so long is enough to be sure. */
#define QUIET_MS		5
/* The DMA API works down from 4 GiB; here it does not come. */
#define FREE_IOVA		0x10000000UL
#define MAX_SIZE_MIB		160

struct test_args {
	struct testdev *td;
	size_t size;
};

/* Each test has its own patterns, so stale data of another cannot pass. */
static u32 next_seed(void)
{
	static u32 seed = 1;

	seed = (seed + 0x01000193u) & 0x7fffffff;
	return seed;
}

static void fill(void *buf, size_t len, u64 first)
{
	u64 *p = buf, *end = p + len / 8;
	u64 v = first;

	for (; p < end; p++, v += TD_PATTERN)
		*p = v;
}

/* Compare with the pattern; accumulates differences, the common case. */
static bool matches(const void *buf, size_t len, u64 first)
{
	const u64 *p = buf, *end = p + len / 8;
	u64 v = first, diff = 0;

	for (; p < end; p += 4) {
		diff |= p[0] ^ v;
		diff |= p[1] ^ (v + TD_PATTERN);
		diff |= p[2] ^ (v + 2 * TD_PATTERN);
		diff |= p[3] ^ (v + 3 * TD_PATTERN);
		v += 4 * TD_PATTERN;
	}
	return !diff;
}

static u8 pattern_byte(u32 seed, u64 i)
{
	return (u8)(((seed + i / 8) * TD_PATTERN) >> (8 * (i % 8)));
}

static bool run_one(struct testdev *td, struct td_desc *desc)
{
	int ret = td_run(td, desc, 1);

	if (ret)
		ktap_diag("the device did not finish (%d)", ret);
	return !ret;
}

static bool expect_status(const struct td_desc *desc, u32 status)
{
	if (desc->status == status)
		return true;
	ktap_diag("status %u, expected %u (response %u, done %#llx, result %#llx)",
		  desc->status, status, desc->response, desc->done,
		  desc->result);
	return false;
}

static bool run_expect(struct testdev *td, struct td_desc *desc, u32 status)
{
	return run_one(td, desc) && expect_status(desc, status);
}

static u32 stream_id(const struct testdev *td, u32 index)
{
	return td->dev->iommu->ids[index];
}

/* The IOMMU driver must report exactly this. */
static bool expect_fault(struct testdev *td, enum iommu_fault_type type,
			 u32 sid, u64 iova, bool write)
{
	const struct iommu_fault *f = &td->fault;

	if (!td_wait_fault(td, FAULT_TIMEOUT_MS)) {
		ktap_diag("no fault was reported");
		return false;
	}
	if (f->type == type && f->sid == sid && f->iova == iova &&
	    f->write == write && td->faults == 1)
		return true;
	ktap_diag("fault %u (%#x) sid %#x iova %#llx %s, %u in all; expected %u sid %#x iova %#llx %s, one",
		  f->type, f->raw_type, f->sid, f->iova,
		  f->write ? "write" : "read", td->faults, type, sid, iova,
		  write ? "write" : "read");
	return false;
}

/* Run a descriptor that must fail with a fault at its address. */
static bool run_expect_fault(struct testdev *td, struct td_desc *desc,
			     enum iommu_fault_type type)
{
	bool write = (desc->flags & 0xff) == TD_OP_WRITE;
	u64 iova = write ? desc->dst : desc->src;

	td_arm_fault(td);
	if (!run_expect(td, desc, write ? TD_WRITE_ERROR : TD_READ_ERROR))
		return false;
	if (desc->done) {
		ktap_diag("%llu bytes went through", desc->done);
		return false;
	}
	return expect_fault(td, type, stream_id(td, desc->stream), iova,
			    write);
}

/* One page and its mapping. */
struct buffer {
	void *mem;
	dma_addr_t dma;
	size_t size;
	enum dma_data_direction dir;
};

static bool buffer_map(struct testdev *td, struct buffer *b, size_t size,
		       enum dma_data_direction dir, unsigned long attrs)
{
	b->size = size;
	b->dir = dir;
	b->mem = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
	if (!b->mem) {
		ktap_diag("no memory");
		return false;
	}
	b->dma = dma_map_single_attrs(td->dev, b->mem, size, dir, attrs);
	if (dma_mapping_error(td->dev, b->dma)) {
		ktap_diag("not mapped");
		free_pages_exact(b->mem, size);
		b->mem = NULL;
		return false;
	}
	return true;
}

static void buffer_unmap(struct testdev *td, struct buffer *b)
{
	if (!b->mem)
		return;
	dma_unmap_single(td->dev, b->dma, b->size, b->dir);
	free_pages_exact(b->mem, b->size);
	b->mem = NULL;
}

/*
 * A buffer of scattered memory: pages in random order, and blocks of 2 MiB.
 */
struct scattered {
	struct scatterlist *sg;
	unsigned int nents;
	unsigned int mapped;
};

static void scattered_free(struct scattered *s)
{
	unsigned int i;

	if (!s->sg)
		return;
	for (i = 0; i < s->nents; i++)
		if (s->sg[i].length)
			free_pages((unsigned long)phys_to_virt(s->sg[i].phys),
				   (unsigned int)get_order(s->sg[i].length));
	kvfree(s->sg);
	s->sg = NULL;
}

static void shuffle(struct scatterlist *sg, unsigned int n,
		    struct rnd_state *rnd)
{
	unsigned int i;

	for (i = n; i > 1; i--) {
		unsigned int j = prandom_u32_state(rnd) % i;

		swap(sg[i - 1], sg[j]);
	}
}

/* Half of it pages, half of it blocks; which half comes first is told. */
static int scattered_alloc(struct scattered *s, size_t size,
			   bool blocks_first, u64 seed)
{
	const unsigned int blocks = (unsigned int)(size / 2 / SZ_2M);
	const unsigned int pages =
		(unsigned int)((size - blocks * SZ_2M) / PAGE_SIZE);
	const unsigned int first_block = blocks_first ? 0 : pages;
	struct rnd_state rnd;
	unsigned int i;

	s->nents = blocks + pages;
	s->sg = kvzalloc(s->nents * sizeof(*s->sg), GFP_KERNEL);
	if (!s->sg)
		return -ENOMEM;
	for (i = 0; i < s->nents; i++) {
		bool block = i - first_block < blocks;
		size_t len = block ? SZ_2M : PAGE_SIZE;
		unsigned long mem =
			__get_free_pages(GFP_KERNEL,
					 (unsigned int)get_order(len));

		if (!mem) {
			scattered_free(s);
			return -ENOMEM;
		}
		sg_set_buf(&s->sg[i], (void *)mem, len);
	}
	prandom_seed_state(&rnd, seed);
	shuffle(s->sg + first_block, blocks, &rnd);
	shuffle(s->sg + (blocks_first ? blocks : 0), pages, &rnd);
	return 0;
}

static bool scattered_map(struct testdev *td, struct scattered *s,
			  enum dma_data_direction dir, size_t size)
{
	s->mapped = (unsigned int)dma_map_sg(td->dev, s->sg, s->nents, dir);
	if (!s->mapped) {
		ktap_diag("a list of %u pieces was not mapped", s->nents);
		return false;
	}
	if (device_iommu_mapped(td->dev) &&
	    (s->mapped != 1 || sg_dma_len(&s->sg[0]) != size)) {
		ktap_diag("%u ranges, the first of %zu bytes: not contiguous",
			  s->mapped, sg_dma_len(&s->sg[0]));
		return false;
	}
	return true;
}

static void scattered_fill(const struct scattered *s, u32 seed)
{
	u64 first = seed * TD_PATTERN;
	unsigned int i;

	for (i = 0; i < s->nents; i++) {
		fill(phys_to_virt(s->sg[i].phys), s->sg[i].length, first);
		first += s->sg[i].length / 8 * TD_PATTERN;
	}
}

static bool scattered_matches(const struct scattered *s, u32 seed)
{
	u64 first = seed * TD_PATTERN;
	u64 offset = 0;
	unsigned int i;

	for (i = 0; i < s->nents; i++) {
		if (!matches(phys_to_virt(s->sg[i].phys), s->sg[i].length,
			     first)) {
			ktap_diag("wrong data in piece %u of %u, offset %#llx, physical %#llx",
				  i, s->nents, offset, s->sg[i].phys);
			return false;
		}
		first += s->sg[i].length / 8 * TD_PATTERN;
		offset += s->sg[i].length;
	}
	return true;
}

static bool test_copy(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct scattered src = { 0 }, dst = { 0 };
	u32 seed = next_seed();
	struct td_desc desc = {
		.flags = TD_OP_COPY,
		.length = args->size,
	};
	bool ok = false;
	u64 start;

	if (!device_iommu_mapped(td->dev)) {
		ktap_diag("scattered memory needs an IOMMU");
		return false;
	}
	if (scattered_alloc(&src, args->size, true, seed) ||
	    scattered_alloc(&dst, args->size, false, seed + 1)) {
		ktap_diag("no memory for twice %zu MiB", args->size / SZ_1M);
		goto out_free;
	}
	scattered_fill(&src, seed);
	if (!scattered_map(td, &src, DMA_TO_DEVICE, args->size))
		goto out_free;
	if (!scattered_map(td, &dst, DMA_FROM_DEVICE, args->size))
		goto out_unmap_src;

	desc.src = sg_dma_address(&src.sg[0]);
	desc.dst = sg_dma_address(&dst.sg[0]);
	start = ktime_get_ns();
	ok = run_expect(td, &desc, TD_OK);
	if (ok)
		ktap_diag("%zu MiB, %u and %u pieces, from iova %#llx to %#llx in %llu us",
			  args->size / SZ_1M, src.nents, dst.nents, desc.src,
			  desc.dst, (ktime_get_ns() - start) / 1000);

	dma_unmap_sg(td->dev, dst.sg, dst.nents, DMA_FROM_DEVICE);
	if (ok)
		ok = scattered_matches(&dst, seed);
out_unmap_src:
	dma_unmap_sg(td->dev, src.sg, src.nents, DMA_TO_DEVICE);
out_free:
	scattered_free(&src);
	scattered_free(&dst);
	return ok;
}

static bool test_read(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = { .flags = TD_OP_READ, .length = 3 * PAGE_SIZE };
	struct buffer b;
	u64 sum = 0;
	bool ok;
	size_t i;

	if (!buffer_map(td, &b, desc.length, DMA_TO_DEVICE, 0))
		return false;
	fill(b.mem, b.size, next_seed() * TD_PATTERN);
	for (i = 0; i < b.size; i++)
		sum += ((u8 *)b.mem)[i];
	dma_sync_single_for_device(td->dev, b.dma, b.size, b.dir);
	desc.src = b.dma;
	ok = run_expect(td, &desc, TD_OK);
	if (ok && desc.result != sum) {
		ktap_diag("sum %#llx, expected %#llx", desc.result, sum);
		ok = false;
	}
	buffer_unmap(td, &b);
	return ok;
}

static bool test_write(const struct test_args *args)
{
	struct testdev *td = args->td;
	u32 seed = next_seed();
	struct td_desc desc = {
		.flags = TD_OP_WRITE,
		.seed = seed,
		.length = 2 * PAGE_SIZE,
	};
	struct buffer b;
	bool ok;

	if (!buffer_map(td, &b, desc.length, DMA_FROM_DEVICE, 0))
		return false;
	desc.dst = b.dma;
	ok = run_expect(td, &desc, TD_OK);
	dma_sync_single_for_cpu(td->dev, b.dma, b.size, b.dir);
	if (ok && !matches(b.mem, b.size, seed * TD_PATTERN)) {
		ktap_diag("wrong data");
		ok = false;
	}
	buffer_unmap(td, &b);
	return ok;
}

static bool test_check(const struct test_args *args)
{
	struct testdev *td = args->td;
	const u64 wrong = PAGE_SIZE + 77;
	u32 seed = next_seed();
	struct td_desc desc = {
		.flags = TD_OP_CHECK,
		.seed = seed,
		.length = 2 * PAGE_SIZE,
	};
	struct buffer b;
	bool ok;

	if (!buffer_map(td, &b, desc.length, DMA_TO_DEVICE, 0))
		return false;
	fill(b.mem, b.size, seed * TD_PATTERN);
	dma_sync_single_for_device(td->dev, b.dma, b.size, b.dir);
	desc.src = b.dma;
	ok = run_expect(td, &desc, TD_OK);

	((u8 *)b.mem)[wrong] ^= 0x40;
	dma_sync_single_for_device(td->dev, b.dma, b.size, b.dir);
	ok = ok && run_expect(td, &desc, TD_MISMATCH);
	if (ok && desc.result != wrong) {
		ktap_diag("mismatch at %#llx, expected %#llx", desc.result,
			  wrong);
		ok = false;
	}
	buffer_unmap(td, &b);
	return ok;
}

/* Bursts that split at page boundaries of either side. */
static bool test_unaligned(const struct test_args *args)
{
	struct testdev *td = args->td;
	const size_t from = 0xffd, to = 0x123, len = 2 * PAGE_SIZE + 5;
	struct td_desc desc = { .flags = TD_OP_COPY, .length = len };
	struct buffer src, dst;
	u32 seed = next_seed();
	const u8 *got;
	bool ok = false;
	size_t i;

	if (!buffer_map(td, &src, 4 * PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	if (!buffer_map(td, &dst, 4 * PAGE_SIZE, DMA_BIDIRECTIONAL, 0))
		goto out_src;
	fill(src.mem, src.size, seed * TD_PATTERN);
	dma_sync_single_for_device(td->dev, src.dma, src.size, src.dir);
	desc.src = src.dma + from;
	desc.dst = dst.dma + to;
	ok = run_expect(td, &desc, TD_OK);
	dma_sync_single_for_cpu(td->dev, dst.dma, dst.size, dst.dir);
	got = dst.mem;
	for (i = 0; i < dst.size && ok; i++) {
		u8 want = i < to || i >= to + len ? 0 :
			  pattern_byte(seed, i - to + from);

		if (got[i] != want) {
			ktap_diag("byte %#zx is %#x, expected %#x", i, got[i],
				  want);
			ok = false;
		}
	}
	buffer_unmap(td, &dst);
out_src:
	buffer_unmap(td, &src);
	return ok;
}

/* More descriptors than slots, and a bad one between good ones. */
static bool test_ring(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc batch[TD_RING_SIZE];
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		memset(batch, 0, sizeof(batch));
		batch[7].flags = 0x7f;
		if (td_run(td, batch, TD_RING_SIZE - 5)) {
			ktap_diag("the device did not finish");
			return false;
		}
		for (i = 0; i < TD_RING_SIZE - 5; i++)
			if (!expect_status(&batch[i], i == 7 ?
					   TD_BAD_DESCRIPTOR : TD_OK))
				return false;
	}
	return true;
}

static bool test_fault_read(const struct test_args *args)
{
	struct td_desc desc = {
		.flags = TD_OP_READ,
		.src = FREE_IOVA + 0x2345678,
		.length = 64,
	};

	return run_expect_fault(args->td, &desc, IOMMU_FAULT_TRANSLATION);
}

static bool test_fault_write(const struct test_args *args)
{
	struct td_desc desc = {
		.flags = TD_OP_WRITE,
		.dst = FREE_IOVA + 0x3456000,
		.length = PAGE_SIZE,
	};

	return run_expect_fault(args->td, &desc, IOMMU_FAULT_TRANSLATION);
}

/* Good data up to a hole, a fault at the hole, and the right count. */
static bool test_fault_midway(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	struct td_desc desc = {
		.flags = TD_OP_READ,
		.src = FREE_IOVA,
		.length = 3 * PAGE_SIZE,
	};
	unsigned long mem = get_zeroed_page(GFP_KERNEL);
	bool ok = false;

	if (!mem || iommu_map(domain, FREE_IOVA, virt_to_phys((void *)mem),
			      PAGE_SIZE, IOMMU_READ | IOMMU_CACHE)) {
		ktap_diag("not mapped");
		goto out_free;
	}
	td_arm_fault(td);
	ok = run_expect(td, &desc, TD_READ_ERROR) &&
	     expect_fault(td, IOMMU_FAULT_TRANSLATION, stream_id(td, 0),
			  FREE_IOVA + PAGE_SIZE, false);
	if (ok && desc.done != PAGE_SIZE) {
		ktap_diag("%llu bytes done, expected one page", desc.done);
		ok = false;
	}
	iommu_unmap(domain, FREE_IOVA, PAGE_SIZE);
out_free:
	if (mem)
		free_page(mem);
	return ok;
}

static bool test_fault_readonly(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = {
		.flags = TD_OP_WRITE,
		.seed = next_seed(),
		.length = 256,
	};
	struct buffer b;
	bool ok;

	if (!buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	desc.dst = b.dma + 0x100;
	ok = run_expect_fault(td, &desc, IOMMU_FAULT_PERMISSION);
	if (memchr_inv(b.mem, 0, b.size)) {
		ktap_diag("the write went through");
		ok = false;
	}
	buffer_unmap(td, &b);
	return ok;
}

static bool test_fault_privileged(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = { .flags = TD_OP_READ, .length = 64 };
	struct buffer b;
	bool ok;

	if (!buffer_map(td, &b, PAGE_SIZE, DMA_BIDIRECTIONAL,
			DMA_ATTR_PRIVILEGED))
		return false;
	desc.src = b.dma;
	ok = run_expect_fault(td, &desc, IOMMU_FAULT_PERMISSION);
	if (ok && td->fault.priv) {
		ktap_diag("reported as privileged");
		ok = false;
	}
	desc.flags |= TD_FLAG_PRIV;
	ok = ok && run_expect(td, &desc, TD_OK);
	buffer_unmap(td, &b);
	return ok;
}

static bool test_fault_exec(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = {
		.flags = TD_OP_READ | TD_FLAG_INST,
		.length = 64,
	};
	struct buffer b;
	bool ok;

	if (!buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	desc.src = b.dma;
	ok = run_expect_fault(td, &desc, IOMMU_FAULT_PERMISSION);
	if (ok && !td->fault.exec) {
		ktap_diag("not reported as an instruction fetch");
		ok = false;
	}
	desc.flags = TD_OP_READ;
	ok = ok && run_expect(td, &desc, TD_OK);
	buffer_unmap(td, &b);
	return ok;
}

/* The translation was used, and cached; it must be gone after the unmap. */
static bool test_unmap(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = { .flags = TD_OP_READ, .length = 64 };
	struct buffer b;
	bool ok;

	if (!buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	desc.src = b.dma + 0x40;
	ok = run_expect(td, &desc, TD_OK);
	buffer_unmap(td, &b);
	return ok && run_expect_fault(td, &desc, IOMMU_FAULT_TRANSLATION);
}

/* The same address leads elsewhere, by pages and then by a block. */
static bool test_remap(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	const size_t sizes[] = { PAGE_SIZE, PAGE_SIZE, SZ_2M, PAGE_SIZE };
	const int prot = IOMMU_READ | IOMMU_CACHE;
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes) && ok; i++) {
		u32 seed = next_seed();
		struct td_desc desc = {
			.flags = TD_OP_CHECK,
			.seed = seed,
			.src = FREE_IOVA,
			.length = sizes[i],
		};
		/* Kept until the end of the round: the next must differ. */
		void *mem = alloc_pages_exact(SZ_2M, GFP_KERNEL);
		phys_addr_t phys;

		if (!mem) {
			ktap_diag("no memory");
			return false;
		}
		phys = virt_to_phys(mem) + (i == 1 ? PAGE_SIZE : 0);
		fill(phys_to_virt(phys), sizes[i], seed * TD_PATTERN);
		if (iommu_map(domain, FREE_IOVA, phys, sizes[i], prot)) {
			ktap_diag("round %u: not mapped", i);
			ok = false;
		} else {
			ok = iommu_iova_to_phys(domain, FREE_IOVA) == phys &&
			     run_expect(td, &desc, TD_OK);
			ok = iommu_unmap(domain, FREE_IOVA, sizes[i]) ==
			     sizes[i] && ok;
		}
		free_pages_exact(mem, SZ_2M);
		if (!ok)
			ktap_diag("round %u, %zu bytes", i, sizes[i]);
	}
	return ok;
}

/* A page out of the middle of a block: it faults, its neighbours do not. */
static bool test_split(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain = iommu_get_domain(td->dev);
	const unsigned long hole = FREE_IOVA + 100 * PAGE_SIZE;
	u32 seed = next_seed();
	struct td_desc before = {
		.flags = TD_OP_CHECK,
		.seed = seed,
		.src = FREE_IOVA,
		.length = 100 * PAGE_SIZE,
	};
	struct td_desc after = {
		.flags = TD_OP_CHECK,
		.seed = seed + 101 * (u32)PAGE_SIZE / 8,
		.src = hole + PAGE_SIZE,
		.length = SZ_2M - 101 * PAGE_SIZE,
	};
	struct td_desc in = {
		.flags = TD_OP_READ,
		.src = hole,
		.length = 8,
	};
	void *mem = alloc_pages_exact(SZ_2M, GFP_KERNEL);
	bool ok;

	if (!mem || iommu_map(domain, FREE_IOVA, virt_to_phys(mem), SZ_2M,
			      IOMMU_READ | IOMMU_CACHE)) {
		ktap_diag("not mapped");
		if (mem)
			free_pages_exact(mem, SZ_2M);
		return false;
	}
	fill(mem, SZ_2M, seed * TD_PATTERN);
	ok = run_expect(td, &in, TD_OK) &&
	     iommu_unmap(domain, hole, PAGE_SIZE) == PAGE_SIZE &&
	     run_expect_fault(td, &in, IOMMU_FAULT_TRANSLATION) &&
	     run_expect(td, &before, TD_OK) &&
	     run_expect(td, &after, TD_OK);
	iommu_unmap(domain, FREE_IOVA, 100 * PAGE_SIZE);
	iommu_unmap(domain, hole + PAGE_SIZE, SZ_2M - 101 * PAGE_SIZE);
	free_pages_exact(mem, SZ_2M);
	return ok;
}

/* All streams of a device are in one group, and in its address space. */
static bool test_streams(const struct test_args *args)
{
	struct testdev *td = args->td;
	u32 seed = next_seed();
	struct td_desc good = {
		.flags = TD_OP_CHECK,
		.stream = 1,
		.seed = seed,
		.length = PAGE_SIZE,
	};
	struct td_desc bad = {
		.flags = TD_OP_READ,
		.stream = 1,
		.src = FREE_IOVA,
		.length = 8,
	};
	struct buffer b;
	bool ok;

	if (!buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	fill(b.mem, b.size, seed * TD_PATTERN);
	dma_sync_single_for_device(td->dev, b.dma, b.size, b.dir);
	good.src = b.dma;
	ok = run_expect(td, &good, TD_OK) &&
	     run_expect_fault(td, &bad, IOMMU_FAULT_TRANSLATION);
	buffer_unmap(td, &b);
	return ok;
}

/* No substreams are set up: an access that names one is refused. */
static bool test_substream(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = {
		.flags = TD_OP_READ | TD_FLAG_SSV,
		.substream = 5,
		.length = 8,
	};
	struct buffer b;
	bool ok;

	if (!buffer_map(td, &b, PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	desc.src = b.dma;
	td_arm_fault(td);
	ok = run_expect(td, &desc, TD_READ_ERROR);
	if (ok && (!td_wait_fault(td, FAULT_TIMEOUT_MS) ||
		   td->fault.type != IOMMU_FAULT_OTHER ||
		   td->fault.sid != stream_id(td, 0))) {
		ktap_diag("no such event, or another");
		ok = false;
	}
	buffer_unmap(td, &b);
	return ok;
}

/*
 * More faults than the event queue holds, with nobody to take them: some are
 * lost, and that is survived.
 */
static bool test_overflow(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc batch[TD_RING_SIZE];
	struct td_desc desc = {
		.flags = TD_OP_READ,
		.src = FREE_IOVA,
		.length = 8,
	};
	const unsigned int rounds = 6;
	unsigned int i, sent = rounds * TD_RING_SIZE;
	unsigned long flags;
	bool ok = true;

	for (i = 0; i < TD_RING_SIZE; i++)
		batch[i] = desc;
	td_arm_fault(td);
	local_irq_save(flags);
	for (i = 0; i < rounds && ok; i++)
		ok = !td_run_polled(td, batch, TD_RING_SIZE);
	local_irq_restore(flags);
	if (!ok) {
		ktap_diag("the device did not finish");
		return false;
	}
	if (!td_wait_fault(td, FAULT_TIMEOUT_MS)) {
		ktap_diag("no fault was reported");
		return false;
	}
	msleep(QUIET_MS);
	ktap_diag("%u of %u faults were reported", td->faults, sent);
	if (td->faults >= sent) {
		ktap_diag("the event queue holds that many: nothing overflowed");
		return false;
	}
	return run_expect_fault(td, &desc, IOMMU_FAULT_TRANSLATION);
}

/* Blocked: nothing passes, and nothing is reported. */
static bool test_blocked(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain =
		iommu_domain_alloc(td->dev, IOMMU_DOMAIN_BLOCKED);
	struct td_desc desc = { .flags = TD_OP_NOP };
	bool ok;
	int ret;

	if (!domain || iommu_attach_device(domain, td->dev)) {
		ktap_diag("not attached");
		if (domain)
			iommu_domain_free(domain);
		return false;
	}
	td_arm_fault(td);
	/* The ring itself is out of reach. */
	ret = td_run(td, &desc, 1);
	ok = ret == -EIO;
	if (!ok)
		ktap_diag("the ring could be read (%d)", ret);
	if (td_wait_fault(td, QUIET_MS)) {
		ktap_diag("event %#x was reported", td->fault.raw_type);
		ok = false;
	}
	if (iommu_detach_device(domain, td->dev)) {
		ktap_diag("not detached");
		return false;
	}
	iommu_domain_free(domain);
	td_start(td, td->ring_dma);
	return run_expect(td, &desc, TD_OK) && ok;
}

/* Identity: physical addresses, without any mapping. */
static bool test_identity(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct iommu_domain *domain =
		iommu_domain_alloc(td->dev, IOMMU_DOMAIN_IDENTITY);
	u32 seed = next_seed();
	struct td_desc desc = {
		.flags = TD_OP_CHECK,
		.seed = seed,
		.length = PAGE_SIZE,
	};
	struct td_desc nop = { .flags = TD_OP_NOP };
	void *mem = (void *)__get_free_page(GFP_KERNEL);
	bool ok = false;

	if (!mem || !domain || iommu_attach_device(domain, td->dev)) {
		ktap_diag("not attached");
		goto out_free;
	}
	fill(mem, PAGE_SIZE, seed * TD_PATTERN);
	desc.src = virt_to_phys(mem);
	td_start(td, virt_to_phys(td->ring));
	ok = run_expect(td, &desc, TD_OK);
	td_stop(td);
	if (iommu_detach_device(domain, td->dev)) {
		ktap_diag("not detached");
		return false;
	}
	td_start(td, td->ring_dma);
	ok = run_expect(td, &nop, TD_OK) && ok;
out_free:
	if (domain)
		iommu_domain_free(domain);
	if (mem)
		free_page((unsigned long)mem);
	return ok;
}

static const struct test {
	const char *name;
	const char *what;
	bool (*run)(const struct test_args *args);
	bool needs_iommu;
	u32 streams;
} tests[] = {
	{ "copy", "copied through scattered 4 KiB pages and 2 MiB blocks and verified",
	  test_copy, true, 1 },
	{ "read", "read and add up", test_read, false, 1 },
	{ "write", "write a pattern", test_write, false, 1 },
	{ "check", "find a wrong byte", test_check, false, 1 },
	{ "unaligned", "copy between odd addresses", test_unaligned,
	  false, 1 },
	{ "ring", "go round the ring", test_ring, false, 1 },
	{ "fault-read", "read of an unmapped address is F_TRANSLATION",
	  test_fault_read, true, 1 },
	{ "fault-write", "write to an unmapped address is F_TRANSLATION",
	  test_fault_write, true, 1 },
	{ "fault-midway", "a fault in the middle leaves what came before",
	  test_fault_midway, true, 1 },
	{ "fault-readonly", "write to a read-only page is F_PERMISSION",
	  test_fault_readonly, true, 1 },
	{ "fault-privileged", "unprivileged read of a privileged page is F_PERMISSION",
	  test_fault_privileged, true, 1 },
	{ "fault-exec", "fetch from a page without execution is F_PERMISSION",
	  test_fault_exec, true, 1 },
	{ "unmap", "an unmapped page faults though it was cached",
	  test_unmap, true, 1 },
	{ "remap", "an address mapped anew leads to the new data",
	  test_remap, true, 1 },
	{ "split", "a page unmapped from a block faults alone",
	  test_split, true, 1 },
	{ "streams", "a second stream shares the address space and faults as itself",
	  test_streams, true, 2 },
	{ "substream", "a substream that is not set up is refused",
	  test_substream, true, 1 },
	{ "overflow", "faults beyond the event queue are lost, later ones are not",
	  test_overflow, true, 1 },
	{ "blocked", "a blocked device reaches nothing, silently",
	  test_blocked, true, 1 },
	{ "identity", "an identity domain passes physical addresses",
	  test_identity, true, 1 },
};

static void run_test(const struct test *test, const struct test_args *args)
{
	const struct testdev *td = args->td;
	bool ok;

	if (test->needs_iommu && !device_iommu_mapped(td->dev)) {
		ktap_skip("the device is behind no IOMMU", "%s: %s",
			  test->name, test->what);
		return;
	}
	if (test->streams > td->streams ||
	    (td->dev->iommu && test->streams > td->dev->iommu->num_ids)) {
		ktap_skip("the device has too few streams", "%s: %s",
			  test->name, test->what);
		return;
	}
	ok = test->run(args);
	if (test->run == test_copy)
		ktap_ok(ok, "%s: %zu MiB %s", test->name, args->size / SZ_1M,
			test->what);
	else
		ktap_ok(ok, "%s: %s", test->name, test->what);
}

static int usage(void)
{
	shell_printf("usage: dmatest [--size MiB] [--test NAME] [--list]\n");
	return -EINVAL;
}

int td_dmatest(struct testdev *td, int argc, char **argv)
{
	struct test_args args = { .td = td, .size = 64 * SZ_1M };
	const struct test *only = NULL;
	unsigned int before, i, mib;
	int arg;

	for (arg = 1; arg < argc; arg++) {
		if (!strcmp(argv[arg], "--list")) {
			for (i = 0; i < ARRAY_SIZE(tests); i++)
				shell_printf("%s - %s\n", tests[i].name,
					     tests[i].what);
			return 0;
		}
		if (arg + 1 == argc)
			return usage();
		if (!strcmp(argv[arg], "--size")) {
			if (kstrtouint(argv[++arg], 0, &mib) || !mib ||
			    mib > MAX_SIZE_MIB) {
				shell_printf("dmatest: --size %s: 1 to %u MiB\n",
					     argv[arg], MAX_SIZE_MIB);
				return -EINVAL;
			}
			args.size = mib * SZ_1M;
		} else if (!strcmp(argv[arg], "--test")) {
			arg++;
			for (i = 0; i < ARRAY_SIZE(tests); i++)
				if (!strcmp(argv[arg], tests[i].name))
					only = &tests[i];
			if (!only) {
				shell_printf("dmatest: no test %s, see --list\n",
					     argv[arg]);
				return -EINVAL;
			}
		} else {
			return usage();
		}
	}

	before = ktap_failures();
	ktap_plan(only ? 1 : (unsigned int)ARRAY_SIZE(tests));
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		if (!only || only == &tests[i])
			run_test(&tests[i], &args);
	return ktap_failures() == before ? 0 : -EIO;
}
