// SPDX-License-Identifier: MIT
/* pantest: what its tests share, and the command. Results are KTAP. */
#include "panfrost-test.h"

#include <shell.h>

#define SEED			1

/* A buffer, or a line that says why there is none. */
struct pan_buffer *pan_make(struct pan_client *c, u64 addr, size_t size,
			    size_t chunk, unsigned int flags)
{
	struct pan_buffer *b = pan_buffer_create(c, addr, size, chunk, flags);

	if (!IS_ERR(b))
		return b;
	ktap_diag("no buffer of %zu bytes: %ld", size, PTR_ERR(b));
	return NULL;
}

/* A buffer with room for so many jobs, and no chain in it. */
bool pan_chain_init(struct pan_chain *chain, struct pan_client *c,
		    unsigned int room)
{
	memset(chain, 0, sizeof(*chain));
	chain->b = pan_make(c, 0, (size_t)room * PAN_DESC_SIZE, PAGE_SIZE, 0);
	return chain->b;
}

/* Another chain, behind the one that is there. */
void pan_chain_next(struct pan_chain *chain)
{
	chain->first += chain->count;
	chain->count = 0;
}

static u64 place(const struct pan_chain *chain, unsigned int number)
{
	return (u64)(chain->first + number) * PAN_DESC_SIZE;
}

static bool put(struct pan_chain *chain, unsigned int number,
		const struct pan_desc *d)
{
	int ret = pan_buffer_write(chain->b, place(chain, number), d,
				   sizeof(*d));

	if (ret)
		ktap_diag("no room for job %u: %d", number, ret);
	return !ret;
}

bool pan_chain_add(struct pan_chain *chain, const struct pan_desc *d)
{
	if (!put(chain, chain->count, d))
		return false;
	if (chain->count) {
		pan_desc_link(&chain->last,
			      chain->b->addr + place(chain, chain->count));
		if (!put(chain, chain->count - 1, &chain->last))
			return false;
	}
	chain->last = *d;
	chain->count++;
	return true;
}

bool pan_chain_value(struct pan_chain *chain, u64 addr,
		     enum pan_value_kind kind, u64 value)
{
	struct pan_desc d;

	pan_desc_write_value(&d, (u16)(chain->count + 1), addr, kind, value);
	return pan_chain_add(chain, &d);
}

bool pan_chain_copy(struct pan_chain *chain, u64 dst, u64 src, u64 size)
{
	struct pan_desc d;

	return !pan_desc_copy(&d, (u16)(chain->count + 1), dst, src, size) &&
	       pan_chain_add(chain, &d);
}

/* The last job leads to the first: it does not end. */
bool pan_chain_loop(struct pan_chain *chain)
{
	pan_desc_link(&chain->last, pan_chain_head(chain));
	return put(chain, chain->count - 1, &chain->last);
}

u64 pan_chain_head(const struct pan_chain *chain)
{
	return chain->b->addr + place(chain, 0);
}

/* Runs it, and looks whether the GPU says of each job that it is done. */
bool pan_chain_run(struct pan_chain *chain, unsigned int slot)
{
	struct pan_desc d;
	struct pan_job job;
	unsigned int i;
	int ret = pan_job_run(chain->b->client, pan_chain_head(chain), slot,
			      &job);

	if (ret) {
		ktap_diag("a chain of %u jobs: %d, %s %#x at %#llx",
			  chain->count, ret, pan_exception_name(job.status),
			  job.status, job.stopped_at);
		return false;
	}
	for (i = 0; i < chain->count; i++) {
		pan_buffer_read(chain->b, place(chain, i), &d, sizeof(d));
		if (d.status == PAN_EXC_DONE)
			continue;
		ktap_diag("job %u of %u says %s %#x", i, chain->count,
			  pan_exception_name(d.status), d.status);
		return false;
	}
	return true;
}

/* What words 0 to 3 of a job cannot say: its address space is off. */
static bool is_by_fault(u32 exception)
{
	return exception == PAN_EXC_JOB_READ_FAULT ||
	       exception == PAN_EXC_JOB_WRITE_FAULT;
}

/* Runs it: @number is the job that fails, by @exception. Those before it are
 * done, those behind it not.
 */
bool pan_chain_fails(struct pan_chain *chain, u32 exception,
		     unsigned int number)
{
	u64 at = chain->b->addr + place(chain, number);
	struct pan_desc d;
	struct pan_job job;
	unsigned int i;
	u32 want;
	int ret = pan_job_run(chain->b->client, pan_chain_head(chain),
			      pan_first_slot(chain->b->client->pan), &job);

	if (ret != -EIO || job.status != exception || job.stopped_at != at) {
		ktap_diag("%d, %s %#x at %#llx, expected %s at %#llx", ret,
			  pan_exception_name(job.status), job.status,
			  job.stopped_at, pan_exception_name(exception), at);
		return false;
	}
	for (i = 0; i < chain->count; i++) {
		if (i == number && is_by_fault(exception))
			continue;
		pan_buffer_read(chain->b, place(chain, i), &d, sizeof(d));
		want = i < number ? PAN_EXC_DONE : i > number ? 0 : exception;
		if (d.status == want)
			continue;
		ktap_diag("job %u of %u says %s %#x, expected %#x", i,
			  chain->count, pan_exception_name(d.status), d.status,
			  want);
		return false;
	}
	return true;
}

bool pan_expect(struct pan_buffer *b, size_t offset, u64 value,
		unsigned int size)
{
	u64 found = 0;
	int ret = pan_buffer_read(b, offset, &found, size);

	if (!ret && found == value)
		return true;
	ktap_diag("%#llx at %#zx of the buffer at %#llx (%d), expected %#llx",
		  found, offset, b->addr, ret, value);
	return false;
}

static u8 pattern(u64 seed, size_t i)
{
	return (u8)((seed + i / 7) * 0x9e3779b97f4a7c15ULL >> 8 * (i % 7));
}

/* All of it, with what pan_filled() knows. */
bool pan_fill(struct pan_buffer *b, u64 seed)
{
	u8 piece[256];
	size_t at, i;

	for (at = 0; at < b->size; at += sizeof(piece)) {
		for (i = 0; i < sizeof(piece); i++)
			piece[i] = pattern(seed, at + i);
		if (pan_buffer_write(b, at, piece, sizeof(piece)))
			return false;
	}
	return true;
}

/* Are these the bytes that pan_fill() puts at @from? */
bool pan_filled(struct pan_buffer *b, size_t offset, size_t size, u64 seed,
		size_t from)
{
	u8 piece[256];
	size_t i, n;

	for (; size; offset += n, from += n, size -= n) {
		n = min(size, sizeof(piece));
		if (pan_buffer_read(b, offset, piece, n))
			return false;
		for (i = 0; i < n; i++) {
			if (piece[i] == pattern(seed, from + i))
				continue;
			ktap_diag("%#x at %#zx, expected %#x", piece[i],
				  offset + i, pattern(seed, from + i));
			return false;
		}
	}
	return true;
}

/* One fault since there were @before, and that one. */
bool pan_expect_fault(const struct pan_client *c, u64 before, u64 addr,
		      enum pan_access access, u32 kind)
{
	char text[128];

	if (c->faults == before + 1 && c->fault.addr == addr &&
	    c->fault.access == access && !c->fault.bus &&
	    pan_exception_is(c->fault.exception, kind))
		return true;
	pan_fault_format(text, sizeof(text), &c->fault);
	ktap_diag("%llu faults, the last %s; expected one, %s, access %u of %#llx",
		  c->faults - before, text, pan_exception_name(kind), access,
		  addr);
	return false;
}

bool pan_has_copy(const struct pan_args *args)
{
	return args->pan->features.types & 1u << PAN_TYPE_COPY;
}

unsigned int pan_first_slot(const struct pan_device *pan)
{
	return (unsigned int)__ffs(pan->features.js_present);
}

/* The next one; @slot itself where there is one. */
unsigned int pan_other_slot(const struct pan_device *pan, unsigned int slot)
{
	u32 others = pan->features.js_present & ~(u32)BIT(slot);
	u32 above = others & ~(u32)GENMASK(slot, 0);

	return others ? (unsigned int)__ffs(above ? above : others) : slot;
}

/* Extra tests run when they are named, or all are asked for: those that break
 * the GPU's rules, which a model may hold against the guest.
 */
static const struct test {
	const char *name;
	const char *what;
	bool (*run)(const struct pan_args *args);
	bool copies;
	bool slots;
	bool extra;
} tests[] = {
	{ "values", "a job writes a value of each kind, and nothing beside it",
	  pan_test_values },
	{ "times", "a job writes the time and the cycle counter",
	  pan_test_times },
	{ "copy", "a job copies across pages, at any alignment",
	  pan_test_copy, true },
	{ "chain", "the jobs of a chain run in its order",
	  pan_test_chain, true },
	{ "slots", "the chains of several slots all end",
	  pan_test_slots, .slots = true },
	{ "types", "jobs that do nothing are done", pan_test_types },
	{ "bad-job", "a bad job is told with its place, and the next chain runs",
	  pan_test_bad_job, .extra = true },
	{ "submit", "what can be no chain is refused", pan_test_submit },
	{ "hole", "a job that leaves its buffers fails, and the next one runs",
	  pan_test_hole, true },
	{ "readonly", "a buffer for reading is read and not written",
	  pan_test_readonly, true },
	{ "isolation", "two clients use one address, and do not see each other",
	  pan_test_isolation, true },
	{ "turns", "more clients than address spaces take turns",
	  pan_test_turns },
	{ "unmap", "a buffer that is gone faults although it was cached",
	  pan_test_unmap, true },
	{ "remap", "an address used anew leads to the new memory",
	  pan_test_remap, true },
	{ "places", "buffers lie where they were asked for, and never overlap",
	  pan_test_places },
	{ "heap", "a heap grows page by page as jobs write to it",
	  pan_test_heap },
	{ "heap-blocks", "a heap of large chunks grows by one fault each",
	  pan_test_heap_blocks },
	{ "heap-shared", "a heap grows under the jobs of two slots at once",
	  pan_test_heap_shared, .slots = true },
	{ "memory", "all memory comes back, also where there is too little",
	  pan_test_memory },
	{ "endless", "a chain without an end is stopped, others go on meanwhile",
	  pan_test_endless, .slots = true },
	{ "hang", "a slot that does not stop costs a reset, and others go on where they were",
	  pan_test_hang, true, true },
	{ "reset", "a reset in the middle repeats no job, and loses none",
	  pan_test_reset, true },
	{ "close", "a client that goes takes its jobs with it",
	  pan_test_close },
	{ "unbind", "the GPU is unbound under a job, and bound again",
	  pan_test_unbind },
	{ "random", "random jobs of random clients leave what a model expects",
	  pan_test_random, true },
	{ "random-bad", "so do they where some break the GPU's rules",
	  pan_test_random_bad, true, .extra = true },
};

static void run_on(const struct test *test, struct pan_device *pan, u64 seed)
{
	struct pan_args args = { .pan = pan, .seed = seed };
	bool ok;

	if (test->copies && !pan_has_copy(&args)) {
		ktap_skip("the GPU has no copy jobs", "%s: %s", test->name,
			  test->what);
		return;
	}
	if (test->slots && hweight32(pan->features.js_present) < 2) {
		ktap_skip("the GPU has one slot", "%s: %s", test->name,
			  test->what);
		return;
	}
	ok = !pan_client_open(pan, &args.c);
	if (ok) {
		ok = test->run(&args);
		pan_client_close(args.c);
	} else {
		ktap_diag("no client");
	}
	ktap_ok(ok, "%s: %s", test->name, test->what);
}

/* Found anew for each: it may have been unbound in between. */
static void run_test(const struct test *test, const char *name, u64 seed)
{
	struct pan_device *pan = pan_get(name);

	if (pan) {
		run_on(test, pan, seed);
		pan_put(pan);
	} else {
		ktap_diag("no GPU is bound any more");
		ktap_ok(false, "%s: %s", test->name, test->what);
	}
}

static int list(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tests); i++)
		shell_printf("%s - %s\n", tests[i].name, tests[i].what);
	return 0;
}

static int usage(void)
{
	shell_printf("usage: pantest [--device NAME] [--test NAME | --all] [--seed N] [--list]\n");
	return -EINVAL;
}

static const struct test *find_test(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tests); i++)
		if (!strcmp(name, tests[i].name))
			return &tests[i];
	shell_printf("pantest: no test %s, see --list\n", name);
	return NULL;
}

static bool is_wanted(const struct test *test, const struct test *only,
		      bool all)
{
	return only ? test == only : all || !test->extra;
}

/* @device: NULL: the first */
static int run_tests(const char *device, const struct test *only, bool all,
		     u64 seed)
{
	struct pan_device *pan = pan_get(device);
	unsigned int before = ktap_failures(), planned = 0, i;
	char name[64];

	if (!pan) {
		shell_printf("pantest: no GPU %sis bound\n",
			     device ? "of that name " : "");
		return -ENODEV;
	}
	strscpy(name, dev_name(pan->dev), sizeof(name));
	pan_put(pan);
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		planned += is_wanted(&tests[i], only, all);
	ktap_plan(planned);
	for (i = 0; i < ARRAY_SIZE(tests) && !shell_interrupted(); i++)
		if (is_wanted(&tests[i], only, all))
			run_test(&tests[i], name, seed);
	if (shell_interrupted())
		return -EINTR;
	return ktap_failures() == before ? 0 : -EIO;
}

int pan_test(int argc, char **argv)
{
	const struct test *only = NULL;
	const char *device = NULL;
	unsigned int seed = SEED;
	bool all = false;
	int arg;

	for (arg = 1; arg < argc; arg++) {
		if (!strcmp(argv[arg], "--list"))
			return list();
		if (!strcmp(argv[arg], "--all")) {
			all = true;
			continue;
		}
		if (arg + 1 == argc)
			return usage();
		if (!strcmp(argv[arg], "--device")) {
			device = argv[++arg];
		} else if (!strcmp(argv[arg], "--test")) {
			only = find_test(argv[++arg]);
			if (!only)
				return -EINVAL;
		} else if (strcmp(argv[arg], "--seed") ||
			   kstrtouint(argv[++arg], 0, &seed)) {
			return usage();
		}
	}
	return run_tests(device, only, all, seed);
}
