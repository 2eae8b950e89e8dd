// SPDX-License-Identifier: MIT
/* pantest: who reaches which memory. */
#include "panfrost-test.h"

#define ELSEWHERE		(PAN_VA_END - PAN_BLOCK)

/* One copy, of which one end is at @addr: it fails there. */
static bool faults(const struct pan_args *args, struct pan_chain *chain,
		   struct pan_buffer *b, u64 addr, bool write, u32 kind)
{
	u64 before = args->c->faults;

	pan_chain_next(chain);
	return pan_chain_copy(chain, write ? addr : b->addr,
			      write ? b->addr : addr, 8) &&
	       pan_chain_fails(chain, write ? PAN_EXC_JOB_WRITE_FAULT :
					      PAN_EXC_JOB_READ_FAULT, 0) &&
	       pan_expect_fault(args->c, before, addr,
				write ? PAN_ACCESS_WRITE : PAN_ACCESS_READ,
				kind);
}

static bool works(const struct pan_args *args, struct pan_chain *chain,
		  struct pan_buffer *b, u32 value)
{
	pan_chain_next(chain);
	return pan_chain_value(chain, b->addr, PAN_VALUE_32, value) &&
	       pan_chain_run(chain, pan_first_slot(args->pan)) &&
	       pan_expect(b, 0, value, 4);
}

/* Data, the null pointer, and a chain that is not there. */
bool pan_test_hole(const struct pan_args *args)
{
	struct pan_buffer *b = pan_make(args->c, 0, PAGE_SIZE, 0, 0);
	struct pan_chain chain;
	struct pan_job job;
	u64 before;
	bool ok = b && pan_chain_init(&chain, args->c, 16) &&
		  works(args, &chain, b, 1) &&
		  faults(args, &chain, b, ELSEWHERE + 8, true,
			 PAN_EXC_TRANSLATION_FAULT) &&
		  works(args, &chain, b, 2) &&
		  faults(args, &chain, b, 0, false,
			 PAN_EXC_TRANSLATION_FAULT) &&
		  works(args, &chain, b, 3);

	before = args->c->faults;
	if (!ok || pan_job_run(args->c, ELSEWHERE, pan_first_slot(args->pan),
			       &job) != -EIO)
		return false;
	return pan_expect_fault(args->c, before, ELSEWHERE, PAN_ACCESS_READ,
				PAN_EXC_TRANSLATION_FAULT) &&
	       works(args, &chain, b, 4);
}

bool pan_test_readonly(const struct pan_args *args)
{
	struct pan_buffer *r = pan_make(args->c, 0, PAGE_SIZE, 0,
					PAN_BUFFER_READONLY);
	struct pan_buffer *b = pan_make(args->c, 0, PAGE_SIZE, 0, 0);
	struct pan_chain chain;
	bool ok = r && b && pan_fill(r, 5) &&
		  pan_chain_init(&chain, args->c, 8) &&
		  pan_chain_copy(&chain, b->addr, r->addr, PAGE_SIZE) &&
		  pan_chain_run(&chain, pan_first_slot(args->pan));

	return ok && pan_filled(b, 0, PAGE_SIZE, 5, 0) &&
	       faults(args, &chain, b, r->addr + 64, true,
		      PAN_EXC_PERMISSION_FAULT) &&
	       pan_filled(r, 0, PAGE_SIZE, 5, 0) &&
	       works(args, &chain, b, 1);
}

/* The same addresses in both, and one that only the other has. */
static bool isolated(const struct pan_args *args, struct pan_client *other)
{
	const u64 common = PAN_VA_START + 64 * PAN_BLOCK;
	const u64 theirs = common + PAN_BLOCK;
	struct pan_buffer *a = pan_make(args->c, common, PAGE_SIZE, 0, 0);
	struct pan_buffer *b = pan_make(other, common, PAGE_SIZE, 0, 0);
	struct pan_buffer *secret = pan_make(other, theirs, PAGE_SIZE, 0, 0);
	struct pan_chain mine, chain;
	bool ok = a && b && secret && pan_fill(secret, 6) &&
		  pan_chain_init(&mine, args->c, 16) &&
		  pan_chain_init(&chain, other, 16);

	return ok && works(args, &mine, a, 1) && works(args, &chain, b, 2) &&
	       pan_expect(a, 0, 1, 4) && works(args, &mine, a, 3) &&
	       pan_expect(b, 0, 2, 4) &&
	       faults(args, &mine, a, theirs, false,
		      PAN_EXC_TRANSLATION_FAULT) &&
	       faults(args, &mine, a, theirs, true,
		      PAN_EXC_TRANSLATION_FAULT) &&
	       pan_filled(secret, 0, PAGE_SIZE, 6, 0) &&
	       works(args, &chain, b, 4) && pan_expect(a, 0, 3, 4);
}

bool pan_test_isolation(const struct pan_args *args)
{
	struct pan_client *other;
	bool ok;

	if (pan_client_open(args->pan, &other))
		return false;
	ok = isolated(args, other);
	pan_client_close(other);
	return ok;
}

/* Three more than there are, each with its value at the same address. */
bool pan_test_turns(const struct pan_args *args)
{
	const u64 addr = PAN_VA_START + PAN_BLOCK;
	struct pan_client *c[PAN_MAX_AS + 3];
	struct pan_buffer *b[PAN_MAX_AS + 3];
	struct pan_chain chain[PAN_MAX_AS + 3];
	unsigned int want = hweight32(args->pan->as.present) + 3, n, i, round;
	u64 evictions = args->pan->stats.evictions;
	bool ok = true;

	for (n = 0; ok && n < want; n += ok) {
		ok = !pan_client_open(args->pan, &c[n]);
		if (!ok)
			break;
		b[n] = pan_make(c[n], addr, PAGE_SIZE, 0, 0);
		if (!b[n] || !pan_chain_init(&chain[n], c[n], 4)) {
			pan_client_close(c[n]);
			ok = false;
		}
	}
	for (round = 0; ok && round < 3; round++)
		for (i = 0; ok && i < n; i++)
			ok = works(args, &chain[i], b[i], 100 * round + i);
	for (i = 0; ok && i < n; i++)
		ok = pan_expect(b[i], 0, 200 + i, 4);
	for (i = 0; i < n; i++)
		pan_client_close(c[i]);
	if (ok && args->pan->stats.evictions == evictions) {
		ktap_diag("nobody had to give an address space away");
		return false;
	}
	return ok;
}

/* Both ends of a buffer, by a chain each: they work, and when it is gone they
 * fault. From the cache they would still work.
 */
static bool unmapped(const struct pan_args *args, struct pan_chain *chain,
		     struct pan_buffer *b, size_t size)
{
	struct pan_buffer *gone = pan_make(args->c, 0, size, 0, 0);
	struct pan_chain ends[2];
	u64 before, addr[2];
	unsigned int i;
	bool ok = gone;

	for (i = 0; ok && i < 2; i++) {
		addr[i] = gone->addr + (i ? size - 64 : 0);
		pan_chain_next(chain);
		ok = pan_chain_copy(chain, b->addr, addr[i], 64) &&
		     pan_chain_run(chain, pan_first_slot(args->pan));
		ends[i] = *chain;
	}
	pan_buffer_destroy(gone);
	for (i = 0; ok && i < 2; i++) {
		before = args->c->faults;
		ok = pan_chain_fails(&ends[i], PAN_EXC_JOB_READ_FAULT, 0) &&
		     pan_expect_fault(args->c, before, addr[i],
				      PAN_ACCESS_READ,
				      PAN_EXC_TRANSLATION_FAULT);
	}
	return ok;
}

bool pan_test_unmap(const struct pan_args *args)
{
	struct pan_buffer *b = pan_make(args->c, 0, PAGE_SIZE, 0, 0);
	struct pan_chain chain;

	/* One page, such as cross the borders of regions, and one leaf. */
	return b && pan_chain_init(&chain, args->c, 8) &&
	       unmapped(args, &chain, b, PAGE_SIZE) &&
	       unmapped(args, &chain, b, 25 * PAGE_SIZE) &&
	       unmapped(args, &chain, b, PAN_BLOCK);
}

/* Pages, then one leaf of 2 MiB in place of their table, then pages again. */
bool pan_test_remap(const struct pan_args *args)
{
	const u64 addr = PAN_VA_START + 8 * PAN_BLOCK;
	const size_t chunks[] = { PAGE_SIZE, PAGE_SIZE, PAN_BLOCK, PAGE_SIZE };
	struct pan_buffer *b = pan_make(args->c, 0, PAGE_SIZE, 0, 0);
	struct pan_buffer *other;
	struct pan_chain chain;
	unsigned int i;
	bool ok = b && pan_chain_init(&chain, args->c, 1) &&
		  pan_chain_copy(&chain, b->addr, addr + 256, PAGE_SIZE - 256);

	for (i = 0; ok && i < ARRAY_SIZE(chunks); i++) {
		other = pan_make(args->c, addr, chunks[i], chunks[i], 0);
		ok = other && pan_fill(other, 10 + i) &&
		     pan_chain_run(&chain, pan_first_slot(args->pan)) &&
		     pan_filled(b, 0, PAGE_SIZE - 256, 10 + i, 256);
		pan_buffer_destroy(other);
	}
	return ok;
}

static bool not_made(struct pan_client *c, u64 addr, size_t size, size_t chunk,
		     long error)
{
	struct pan_buffer *b = pan_buffer_create(c, addr, size, chunk, 0);

	if (IS_ERR(b) && PTR_ERR(b) == error)
		return true;
	ktap_diag("%zu bytes at %#llx by %#zx: %ld, expected %ld", size, addr,
		  chunk, IS_ERR(b) ? PTR_ERR(b) : 0, error);
	return false;
}

bool pan_test_places(const struct pan_args *args)
{
	const u64 addr = PAN_VA_START + PAN_BLOCK;
	struct pan_client *c = args->c;
	struct pan_buffer *a, *b, *low, *high;
	bool ok;

	a = pan_make(c, addr, 4 * PAGE_SIZE, PAGE_SIZE, 0);
	b = pan_make(c, addr + 8 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, 0);
	ok = a && b && a->addr == addr &&
	     not_made(c, addr, PAGE_SIZE, PAGE_SIZE, -EEXIST) &&
	     not_made(c, addr + 3 * PAGE_SIZE, 2 * PAGE_SIZE, PAGE_SIZE,
		      -EEXIST) &&
	     not_made(c, addr + 4 * PAGE_SIZE, 5 * PAGE_SIZE, PAGE_SIZE,
		      -EEXIST) &&
	     not_made(c, PAN_VA_START, 2 * PAN_BLOCK, PAN_BLOCK, -EEXIST) &&
	     not_made(c, addr + 5, PAGE_SIZE, PAGE_SIZE, -EINVAL) &&
	     not_made(c, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, -EINVAL) &&
	     not_made(c, PAN_VA_END, PAGE_SIZE, PAGE_SIZE, -EINVAL) &&
	     not_made(c, ~0ULL << 12, PAGE_SIZE, PAGE_SIZE, -EINVAL) &&
	     not_made(c, 0, 0, PAGE_SIZE, -EINVAL) &&
	     not_made(c, 0, PAGE_SIZE, PAGE_SIZE - 1, -EINVAL) &&
	     not_made(c, 0, PAGE_SIZE, 2 * PAN_BLOCK, -EINVAL) &&
	     not_made(c, 0, SIZE_MAX, PAGE_SIZE, -EINVAL);
	/* The lowest hole, and the one between the two. */
	low = pan_make(c, 0, PAN_BLOCK, PAGE_SIZE, PAN_BUFFER_HEAP);
	high = pan_make(c, 0, 4 * PAGE_SIZE, PAGE_SIZE, 0);
	if (ok && low && high && low->addr == PAN_VA_START &&
	    high->addr == addr + 4 * PAGE_SIZE)
		return true;
	ktap_diag("buffers at %#llx and %#llx", low ? low->addr : 0,
		  high ? high->addr : 0);
	return false;
}

#define HEAP_PAGES		2500u

/* A value into each page of a heap, and @grown faults for it. */
static bool grows(const struct pan_args *args, struct pan_buffer *heap,
		  u64 grown)
{
	u64 before = args->pan->stats.grown;
	struct pan_chain chain;
	unsigned int i, pages = (unsigned int)(heap->size / PAGE_SIZE);
	bool ok = pan_chain_init(&chain, args->c, pages);

	for (i = 0; ok && i < pages; i++)
		ok = pan_chain_value(&chain, heap->addr + i * PAGE_SIZE + 8,
				     PAN_VALUE_32, i + 1);
	/* Longer than a job may take; faults are answered one by one. */
	ok = ok && pan_chain_run(&chain, pan_first_slot(args->pan));
	for (i = 0; ok && i < pages; i++)
		ok = pan_expect(heap, i * PAGE_SIZE, (u64)0, 8) &&
		     pan_expect(heap, i * PAGE_SIZE + 8, i + 1, 8);
	if (!ok || args->pan->stats.grown - before == grown)
		return ok;
	ktap_diag("%llu faults were answered, expected %llu",
		  args->pan->stats.grown - before, grown);
	return false;
}

bool pan_test_heap(const struct pan_args *args)
{
	struct pan_buffer *heap = pan_make(args->c, 0, HEAP_PAGES * PAGE_SIZE,
					   PAGE_SIZE, PAN_BUFFER_HEAP);
	unsigned long free;

	if (!heap || heap->present)
		return false;
	free = nr_free_pages();
	if (!grows(args, heap, HEAP_PAGES))
		return false;
	if (heap->present == HEAP_PAGES &&
	    free - nr_free_pages() >= HEAP_PAGES)
		return true;
	ktap_diag("%zu of %u pages are there, %lu fewer are free",
		  heap->present, HEAP_PAGES, free - nr_free_pages());
	return false;
}

bool pan_test_heap_blocks(const struct pan_args *args)
{
	struct pan_buffer *large = pan_make(args->c, 0, 2 * PAN_BLOCK, 0,
					    PAN_BUFFER_HEAP);
	struct pan_buffer *small = pan_make(args->c, 0, 64 * PAGE_SIZE,
					    16 * PAGE_SIZE, PAN_BUFFER_HEAP);

	return large && small && grows(args, large, 2) &&
	       grows(args, small, 4);
}

/* Both slots begin in the same page. */
bool pan_test_heap_shared(const struct pan_args *args)
{
	const unsigned int pages = 100;
	struct pan_device *pan = args->pan;
	struct pan_buffer *heap = pan_make(args->c, 0, pages * PAGE_SIZE,
					   PAGE_SIZE, PAN_BUFFER_HEAP);
	struct pan_job jobs[2] = { };
	struct pan_chain chain[2];
	unsigned int n, i;
	bool ok = heap;

	jobs[0].slot = pan_first_slot(pan);
	jobs[1].slot = pan_other_slot(pan, jobs[0].slot);
	for (n = 0; ok && n < 2; n++) {
		ok = pan_chain_init(&chain[n], args->c, pages);
		for (i = 0; ok && i < pages; i++)
			ok = pan_chain_value(&chain[n], heap->addr +
					     i * PAGE_SIZE + 8 * n,
					     PAN_VALUE_32, 1000 * n + i);
		jobs[n].client = args->c;
		jobs[n].head = ok ? pan_chain_head(&chain[n]) : 0;
	}
	if (!ok || pan_job_submit(&jobs[0]))
		return false;
	ok = !pan_job_submit(&jobs[1]) && !pan_job_wait(&jobs[1]);
	ok &= !pan_job_wait(&jobs[0]);
	for (i = 0; ok && i < pages; i++)
		ok = pan_expect(heap, i * PAGE_SIZE, i, 4) &&
		     pan_expect(heap, i * PAGE_SIZE + 8, 1000 + i, 4);
	return ok && heap->present == pages;
}

/* Each allocation that it takes to make a buffer fails once. */
static bool short_of_memory(const struct pan_args *args, size_t size,
			    size_t chunk)
{
	struct pan_buffer *b;
	unsigned int n;

	for (n = 1; n < 100; n++) {
		alloc_fail_after(n);
		b = pan_buffer_create(args->c, 0, size, chunk, 0);
		if (!IS_ERR(b)) {
			alloc_fail_after(0);
			pan_buffer_destroy(b);
			return n > 3;
		}
		if (PTR_ERR(b) != -ENOMEM) {
			alloc_fail_after(0);
			ktap_diag("allocation %u: %ld", n, PTR_ERR(b));
			return false;
		}
	}
	alloc_fail_after(0);
	ktap_diag("no end of allocations");
	return false;
}

bool pan_test_memory(const struct pan_args *args)
{
	unsigned long before;
	struct pan_client *c;
	struct pan_chain chain;
	unsigned int round;
	bool ok = true;

	/* The first time fills what allocators keep. */
	for (round = 0; ok && round < 2; round++) {
		before = nr_free_pages();
		if (pan_client_open(args->pan, &c))
			return false;
		ok = short_of_memory(&(struct pan_args){ args->pan, c, 0 },
				     20 * PAGE_SIZE, PAGE_SIZE) &&
		     short_of_memory(&(struct pan_args){ args->pan, c, 0 },
				     2 * PAN_BLOCK, PAN_BLOCK) &&
		     pan_make(c, 0, 100 * PAGE_SIZE, PAGE_SIZE,
			      PAN_BUFFER_HEAP) &&
		     pan_chain_init(&chain, c, 4) &&
		     pan_chain_value(&chain, PAN_VA_START, PAN_VALUE_32, 1) &&
		     pan_chain_run(&chain, pan_first_slot(args->pan));
		pan_client_close(c);
	}
	if (ok && nr_free_pages() != before) {
		ktap_diag("%ld pages did not come back",
			  (long)(before - nr_free_pages()));
		return false;
	}
	return ok;
}
