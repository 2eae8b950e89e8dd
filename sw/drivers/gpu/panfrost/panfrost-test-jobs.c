// SPDX-License-Identifier: MIT
/* pantest: what jobs and chains do. */
#include "panfrost-test.h"

#define FILL			0xa5a5a5a5a5a5a5a5ULL

static const enum pan_value_kind immediates[] = {
	PAN_VALUE_ZERO, PAN_VALUE_8, PAN_VALUE_16, PAN_VALUE_32, PAN_VALUE_64,
};

/* Each into the middle of 24 bytes that are something else. */
bool pan_test_values(const struct pan_args *args)
{
	const u64 value = 0x1122334455667788ULL, fill = FILL;
	struct pan_buffer *b = pan_make(args->c, 0, PAGE_SIZE, 0, 0);
	struct pan_chain chain;
	unsigned int i, size;
	u64 mask, want;
	bool ok = b && pan_chain_init(&chain, args->c, 8);

	for (i = 0; ok && i < PAGE_SIZE / 8; i++)
		ok = !pan_buffer_write(b, i * 8, &fill, 8);
	for (i = 0; ok && i < ARRAY_SIZE(immediates); i++)
		ok = pan_chain_value(&chain, b->addr + 24 * i + 8,
				     immediates[i], value);
	ok = ok && pan_chain_run(&chain, pan_first_slot(args->pan));
	for (i = 0; ok && i < ARRAY_SIZE(immediates); i++) {
		size = pan_value_size(immediates[i]);
		mask = size == 8 ? U64_MAX : (1ULL << 8 * size) - 1;
		want = immediates[i] == PAN_VALUE_ZERO ? 0 : value;
		ok = pan_expect(b, 24 * i, FILL, 8) &&
		     pan_expect(b, 24 * i + 8, (want & mask) | (FILL & ~mask),
				8) &&
		     pan_expect(b, 24 * i + 16, FILL, 8);
	}
	return ok;
}

/* Twice each, and the time between two readings of the CPU's. */
bool pan_test_times(const struct pan_args *args)
{
	struct pan_buffer *b = pan_make(args->c, 0, PAGE_SIZE, 0, 0);
	struct pan_chain chain;
	u64 before, after, v[4];
	bool ok = b && pan_chain_init(&chain, args->c, 4);

	ok = ok && pan_chain_value(&chain, b->addr, PAN_VALUE_TIME, 0) &&
	     pan_chain_value(&chain, b->addr + 8, PAN_VALUE_CYCLES, 0) &&
	     pan_chain_value(&chain, b->addr + 16, PAN_VALUE_TIME, 0) &&
	     pan_chain_value(&chain, b->addr + 24, PAN_VALUE_CYCLES, 0);
	before = pan_read64(args->pan, GPU_TIMESTAMP_LO);
	ok = ok && pan_chain_run(&chain, pan_first_slot(args->pan));
	after = pan_read64(args->pan, GPU_TIMESTAMP_LO);
	if (!ok || pan_buffer_read(b, 0, v, sizeof(v)))
		return false;
	if (before <= v[0] && v[0] <= v[2] && v[2] <= after && v[1] &&
	    v[1] <= v[3])
		return true;
	ktap_diag("times %llu and %llu between %llu and %llu, cycles %llu and %llu",
		  v[0], v[2], before, after, v[1], v[3]);
	return false;
}

/* From, to and length in pages and bytes: across one border, both, and many. */
static const struct {
	size_t to;
	size_t from;
	size_t size;
} copies[] = {
	{ 0, 0, 1 },
	{ 3, 5, 250 },
	{ 4090, 1, 13 },
	{ 8191, 4095, 2 },
	{ 12289, 8187, 9001 },
	{ 24576, 24576, 8192 },
};

bool pan_test_copy(const struct pan_args *args)
{
	const size_t size = 16 * PAGE_SIZE;
	struct pan_buffer *from = pan_make(args->c, 0, size, 0, 0);
	struct pan_buffer *to = pan_make(args->c, 0, size, 0, 0);
	struct pan_chain chain;
	unsigned int i;
	bool ok = from && to && pan_fill(from, 1) && pan_fill(to, 2) &&
		  pan_chain_init(&chain, args->c, ARRAY_SIZE(copies));

	for (i = 0; ok && i < ARRAY_SIZE(copies); i++)
		ok = pan_chain_copy(&chain, to->addr + copies[i].to,
				    from->addr + copies[i].from,
				    copies[i].size);
	ok = ok && pan_chain_run(&chain, pan_first_slot(args->pan));
	for (i = 0; ok && i < ARRAY_SIZE(copies); i++)
		ok = pan_filled(to, copies[i].to, copies[i].size, 1,
				copies[i].from);
	/* Around the third: it lies alone. */
	return ok && pan_filled(to, 4080, 10, 2, 4080) &&
	       pan_filled(to, 4103, 100, 2, 4103) &&
	       pan_filled(from, 0, size, 1, 0);
}

/* A value goes from cell to cell. Each needs the one before it. */
bool pan_test_chain(const struct pan_args *args)
{
	const unsigned int jobs = 300;
	struct pan_buffer *b = pan_make(args->c, 0, 2 * PAGE_SIZE, 0, 0);
	struct pan_chain chain;
	unsigned int i;
	bool ok = b && pan_chain_init(&chain, args->c, jobs) &&
		  pan_chain_value(&chain, b->addr, PAN_VALUE_64, args->seed);

	for (i = 1; ok && i < jobs; i++)
		ok = pan_chain_copy(&chain, b->addr + 8 * i,
				    b->addr + 8 * (i - 1), 8);
	ok = ok && pan_chain_run(&chain, pan_first_slot(args->pan));
	return ok && pan_expect(b, 8 * (jobs - 1), args->seed, 8);
}

#define ROUNDS			8

/* Several chains wait in each slot. */
bool pan_test_slots(const struct pan_args *args)
{
	struct pan_device *pan = args->pan;
	struct pan_buffer *b = pan_make(args->c, 0, PAGE_SIZE, 0, 0);
	struct pan_job *jobs = kcalloc(PAN_MAX_SLOTS * ROUNDS, sizeof(*jobs),
				       GFP_KERNEL);
	struct pan_chain chain;
	unsigned int n, round, count = 0, i;
	bool ok = b && jobs &&
		  pan_chain_init(&chain, args->c, PAN_MAX_SLOTS * ROUNDS);

	for (round = 0; ok && round < ROUNDS; round++) {
		for (n = 0; ok && n < PAN_MAX_SLOTS; n++) {
			if (!(pan->features.js_present & BIT(n)))
				continue;
			pan_chain_next(&chain);
			jobs[count].client = args->c;
			jobs[count].slot = n;
			jobs[count].head = pan_chain_head(&chain);
			ok = pan_chain_value(&chain, b->addr + 4 * count,
					     PAN_VALUE_32, count + 1) &&
			     !pan_job_submit(&jobs[count]);
			count += ok;
		}
	}
	for (i = 0; i < count; i++)
		ok &= !pan_job_wait(&jobs[i]) &&
		      pan_expect(b, 4 * i, i + 1, 4);
	kfree(jobs);
	return ok;
}

bool pan_test_types(const struct pan_args *args)
{
	struct pan_chain chain;
	struct pan_desc d;
	unsigned int i;
	bool ok = pan_chain_init(&chain, args->c, 16);

	for (i = 0; ok && i < 8; i++) {
		pan_desc_init(&d, i % 2 ? PAN_TYPE_CACHE_FLUSH : PAN_TYPE_NULL,
			      (u16)(i + 1));
		ok = pan_chain_add(&chain, &d);
	}
	return ok && pan_chain_run(&chain, pan_first_slot(args->pan));
}

/* A chain whose second job is bad; its third would write. */
static bool fails(const struct pan_args *args, struct pan_chain *chain,
		  struct pan_buffer *b, const struct pan_desc *bad,
		  u32 exception)
{
	pan_chain_next(chain);
	return pan_chain_value(chain, b->addr, PAN_VALUE_32, 1) &&
	       pan_chain_add(chain, bad) &&
	       pan_chain_value(chain, b->addr + 4, PAN_VALUE_32, 1) &&
	       pan_chain_fails(chain, exception, 1) &&
	       pan_expect(b, 0, 1, 8);
}

bool pan_test_bad_job(const struct pan_args *args)
{
	struct pan_buffer *b = pan_make(args->c, 0, PAGE_SIZE, 0, 0);
	struct pan_chain chain;
	struct pan_desc d;
	bool ok = b && pan_chain_init(&chain, args->c, 32);

	/* No type at all, one that no slot takes, a value of no kind, and one
	 * that is not aligned.
	 */
	pan_desc_init(&d, (enum pan_job_type)0, 2);
	ok = ok && fails(args, &chain, b, &d, PAN_EXC_JOB_CONFIG_FAULT);
	pan_desc_init(&d, (enum pan_job_type)100, 2);
	ok = ok && fails(args, &chain, b, &d, PAN_EXC_JOB_CONFIG_FAULT);
	pan_desc_write_value(&d, 2, b ? b->addr + 8 : 0,
			     (enum pan_value_kind)0, 1);
	ok = ok && fails(args, &chain, b, &d, PAN_EXC_JOB_CONFIG_FAULT);
	pan_desc_write_value(&d, 2, b ? b->addr + 9 : 0, PAN_VALUE_32, 1);
	ok = ok && fails(args, &chain, b, &d, PAN_EXC_DATA_INVALID_FAULT);

	pan_chain_next(&chain);
	return ok && pan_chain_value(&chain, b->addr + 8, PAN_VALUE_32, 7) &&
	       pan_chain_run(&chain, pan_first_slot(args->pan)) &&
	       pan_expect(b, 8, 7, 4);
}

static bool refused(const struct pan_args *args, u64 head, unsigned int slot)
{
	struct pan_job job;
	int ret = pan_job_run(args->c, head, slot, &job);

	if (ret == -EINVAL)
		return true;
	ktap_diag("a chain at %#llx for slot %u: %d", head, slot, ret);
	return false;
}

bool pan_test_submit(const struct pan_args *args)
{
	unsigned int slot = pan_first_slot(args->pan);
	u32 absent = ~args->pan->features.js_present & 0xffff;

	return refused(args, 0, slot) &&
	       refused(args, PAN_VA_START + 8, slot) &&
	       refused(args, PAN_VA_START, PAN_MAX_SLOTS) &&
	       refused(args, PAN_VA_START, ~0u) &&
	       (!absent || refused(args, PAN_VA_START,
				   (unsigned int)__ffs(absent)));
}
