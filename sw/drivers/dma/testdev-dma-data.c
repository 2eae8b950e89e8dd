// SPDX-License-Identifier: MIT
/* dmatest: tests in which data goes where it should. */

#include "testdev-dma-test.h"

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
static int scattered_alloc(struct scattered *s, size_t size, size_t page,
			   bool blocks_first, u64 seed)
{
	const unsigned int blocks = (unsigned int)(size / 2 / SZ_2M);
	const unsigned int pages =
		(unsigned int)((size - blocks * SZ_2M) / page);
	const unsigned int first_block = blocks_first ? 0 : pages;
	struct rnd_state rnd;
	unsigned int i;

	s->nents = blocks + pages;
	s->sg = kvzalloc(s->nents * sizeof(*s->sg), GFP_KERNEL);
	if (!s->sg)
		return -ENOMEM;
	for (i = 0; i < s->nents; i++) {
		bool block = i - first_block < blocks;
		size_t len = block ? SZ_2M : page;
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
		td_fill(phys_to_virt(s->sg[i].phys), s->sg[i].length, first);
		first += s->sg[i].length / 8 * TD_PATTERN;
	}
}

static bool scattered_matches(const struct scattered *s, u32 seed)
{
	u64 first = seed * TD_PATTERN;
	u64 offset = 0;
	unsigned int i;

	for (i = 0; i < s->nents; i++) {
		if (!td_matches(phys_to_virt(s->sg[i].phys), s->sg[i].length,
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

bool td_test_copy(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct scattered src = { 0 }, dst = { 0 };
	u32 seed = td_next_seed();
	struct td_desc desc = {
		.flags = TD_OP_COPY,
		.length = args->size,
	};
	bool ok = false;
	size_t page;
	u64 start;

	if (!device_iommu_mapped(td->dev)) {
		ktap_diag("scattered memory needs an IOMMU");
		return false;
	}
	page = td_page_size(iommu_get_domain(td->dev));
	if (scattered_alloc(&src, args->size, page, true, seed) ||
	    scattered_alloc(&dst, args->size, page, false, seed + 1)) {
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
	ok = td_run_expect(td, &desc, TD_OK);
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

bool td_test_read(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc desc = { .flags = TD_OP_READ, .length = 3 * PAGE_SIZE };
	struct buffer b;
	u64 sum = 0;
	bool ok;
	size_t i;

	if (!td_buffer_map(td, &b, desc.length, DMA_TO_DEVICE, 0))
		return false;
	td_fill(b.mem, b.size, td_next_seed() * TD_PATTERN);
	for (i = 0; i < b.size; i++)
		sum += ((u8 *)b.mem)[i];
	dma_sync_single_for_device(td->dev, b.dma, b.size, b.dir);
	desc.src = b.dma;
	ok = td_run_expect(td, &desc, TD_OK);
	if (ok && desc.result != sum) {
		ktap_diag("sum %#llx, expected %#llx", desc.result, sum);
		ok = false;
	}
	td_buffer_unmap(td, &b);
	return ok;
}

bool td_test_write(const struct test_args *args)
{
	struct testdev *td = args->td;
	u32 seed = td_next_seed();
	struct td_desc desc = {
		.flags = TD_OP_WRITE,
		.seed = seed,
		.length = 2 * PAGE_SIZE,
	};
	struct buffer b;
	bool ok;

	if (!td_buffer_map(td, &b, desc.length, DMA_FROM_DEVICE, 0))
		return false;
	desc.dst = b.dma;
	ok = td_run_expect(td, &desc, TD_OK);
	dma_sync_single_for_cpu(td->dev, b.dma, b.size, b.dir);
	if (ok && !td_matches(b.mem, b.size, seed * TD_PATTERN)) {
		ktap_diag("wrong data");
		ok = false;
	}
	td_buffer_unmap(td, &b);
	return ok;
}

bool td_test_check(const struct test_args *args)
{
	struct testdev *td = args->td;
	const u64 wrong = PAGE_SIZE + 77;
	u32 seed = td_next_seed();
	struct td_desc desc = {
		.flags = TD_OP_CHECK,
		.seed = seed,
		.length = 2 * PAGE_SIZE,
	};
	struct buffer b;
	bool ok;

	if (!td_buffer_map(td, &b, desc.length, DMA_TO_DEVICE, 0))
		return false;
	td_fill(b.mem, b.size, seed * TD_PATTERN);
	dma_sync_single_for_device(td->dev, b.dma, b.size, b.dir);
	desc.src = b.dma;
	ok = td_run_expect(td, &desc, TD_OK);

	((u8 *)b.mem)[wrong] ^= 0x40;
	dma_sync_single_for_device(td->dev, b.dma, b.size, b.dir);
	ok = ok && td_run_expect(td, &desc, TD_MISMATCH);
	if (ok && desc.result != wrong) {
		ktap_diag("mismatch at %#llx, expected %#llx", desc.result,
			  wrong);
		ok = false;
	}
	td_buffer_unmap(td, &b);
	return ok;
}

/* Bursts that split at page boundaries of either side. */
bool td_test_unaligned(const struct test_args *args)
{
	struct testdev *td = args->td;
	const size_t from = 0xffd, to = 0x123, len = 2 * PAGE_SIZE + 5;
	struct td_desc desc = { .flags = TD_OP_COPY, .length = len };
	struct buffer src, dst;
	u32 seed = td_next_seed();
	const u8 *got;
	bool ok = false;
	size_t i;

	if (!td_buffer_map(td, &src, 4 * PAGE_SIZE, DMA_TO_DEVICE, 0))
		return false;
	if (!td_buffer_map(td, &dst, 4 * PAGE_SIZE, DMA_BIDIRECTIONAL, 0))
		goto out_src;
	td_fill(src.mem, src.size, seed * TD_PATTERN);
	dma_sync_single_for_device(td->dev, src.dma, src.size, src.dir);
	desc.src = src.dma + from;
	desc.dst = dst.dma + to;
	ok = td_run_expect(td, &desc, TD_OK);
	dma_sync_single_for_cpu(td->dev, dst.dma, dst.size, dst.dir);
	got = dst.mem;
	for (i = 0; i < dst.size && ok; i++) {
		u8 want = i < to || i >= to + len ? 0 :
			  td_pattern_byte(seed, i - to + from);

		if (got[i] != want) {
			ktap_diag("byte %#zx is %#x, expected %#x", i, got[i],
				  want);
			ok = false;
		}
	}
	td_buffer_unmap(td, &dst);
out_src:
	td_buffer_unmap(td, &src);
	return ok;
}

/* More descriptors than slots. */
bool td_test_ring(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc batch[TD_RING_SIZE];
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		memset(batch, 0, sizeof(batch));
		if (td_run(td, batch, TD_RING_SIZE - 5)) {
			ktap_diag("the device did not finish");
			return false;
		}
		for (i = 0; i < TD_RING_SIZE - 5; i++)
			if (!td_expect_status(&batch[i], TD_OK))
				return false;
	}
	return true;
}

/* One between good ones. */
bool td_test_bad_descriptor(const struct test_args *args)
{
	struct testdev *td = args->td;
	struct td_desc batch[4] = { 0 };
	unsigned int i;

	batch[1].flags = 0x7f;
	batch[2].flags = TD_OP_READ;	/* of no bytes */
	if (td_run(td, batch, ARRAY_SIZE(batch))) {
		ktap_diag("the device did not finish");
		return false;
	}
	for (i = 0; i < ARRAY_SIZE(batch); i++)
		if (!td_expect_status(&batch[i], i == 1 || i == 2 ?
				      TD_BAD_DESCRIPTOR : TD_OK))
			return false;
	return true;
}

/* Of all there are, and of fewer than memory has where nothing translates. */
static const unsigned int mask_bits[] = { 64, 40, 32, 30, 24 };

static bool streams_within(struct testdev *td, u64 mask)
{
	void *mem = alloc_pages_exact(PAGE_SIZE, GFP_KERNEL);
	u32 seed = td_next_seed();
	struct td_desc desc = {
		.flags = TD_OP_CHECK,
		.seed = seed,
		.length = PAGE_SIZE,
	};
	bool ok = false, reaches;
	dma_addr_t dma;

	if (!mem)
		return false;
	td_fill(mem, PAGE_SIZE, seed * TD_PATTERN);
	reaches = device_iommu_mapped(td->dev) ||
		  virt_to_phys(mem) + PAGE_SIZE - 1 <= mask;
	dma = dma_map_single_attrs(td->dev, mem, PAGE_SIZE, DMA_TO_DEVICE, 0);
	if (dma_mapping_error(td->dev, dma)) {
		ok = !reaches;
		if (!ok)
			ktap_diag("mask %#llx: not mapped", mask);
		goto out_free;
	}
	desc.src = dma;
	ok = reaches && dma + PAGE_SIZE - 1 <= mask;
	if (!ok)
		ktap_diag("mask %#llx: mapped at %#llx", mask, dma);
	ok = ok && td_run_expect(td, &desc, TD_OK);
	dma_unmap_single(td->dev, dma, PAGE_SIZE, DMA_TO_DEVICE);
out_free:
	free_pages_exact(mem, PAGE_SIZE);
	return ok;
}

static bool coherent_within(struct testdev *td, u64 mask)
{
	u32 seed = td_next_seed();
	struct td_desc desc = {
		.flags = TD_OP_CHECK,
		.seed = seed,
		.length = PAGE_SIZE,
	};
	dma_addr_t dma;
	void *mem = dma_alloc_coherent(td->dev, PAGE_SIZE, &dma, GFP_KERNEL);
	bool ok;

	if (!mem) {
		/* No memory lies so low. */
		ok = !device_iommu_mapped(td->dev) && mask < DMA_BIT_MASK(32);
		if (!ok)
			ktap_diag("mask %#llx: no coherent memory", mask);
		return ok;
	}
	td_fill(mem, PAGE_SIZE, seed * TD_PATTERN);
	desc.src = dma;
	ok = dma + PAGE_SIZE - 1 <= mask;
	if (!ok)
		ktap_diag("mask %#llx: coherent memory at %#llx", mask, dma);
	ok = ok && td_run_expect(td, &desc, TD_OK);
	dma_free_coherent(td->dev, PAGE_SIZE, mem, dma);
	return ok;
}

/* The ring stays where it is. */
bool td_test_mask(const struct test_args *args)
{
	struct device *dev = args->td->dev;
	bool ok = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mask_bits) && ok; i++) {
		u64 mask = DMA_BIT_MASK(mask_bits[i]);

		ok = !dma_set_mask_and_coherent(dev, mask) &&
		     streams_within(args->td, mask) &&
		     coherent_within(args->td, mask);
	}
	dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	return ok;
}
