// SPDX-License-Identifier: MIT
/* msmtest: what its tests share, and the command. Results are KTAP. */

#include "msm-test.h"

#include <module.h>
#include <shell.h>

static bool open_bo(struct msm_gpu *gpu, struct msm_client *c,
		    struct msm_bo *bo, u64 iova)
{
	int ret = msm_bo_alloc(gpu, bo, gpu->page);

	if (!ret)
		ret = msm_map(c->p, iova, bo, IOMMU_READ | IOMMU_WRITE);
	if (ret)
		ktap_diag("no memory at %#llx: -%s", iova, errname(ret));
	return !ret;
}

bool msm_client_open(struct msm_gpu *gpu, struct msm_client *c)
{
	memset(c, 0, sizeof(*c));
	c->p = msm_process_create(gpu);
	if (IS_ERR(c->p)) {
		ktap_diag("no process: -%s", errname((int)PTR_ERR(c->p)));
		c->p = NULL;
		return false;
	}
	if (open_bo(gpu, c, &c->code, CODE_IOVA) &&
	    open_bo(gpu, c, &c->data, DATA_IOVA)) {
		msm_begin(c);
		return true;
	}
	msm_client_close(gpu, c);
	return false;
}

bool msm_client_close(struct msm_gpu *gpu, struct msm_client *c)
{
	int ret = 0;

	if (c->p)
		ret = msm_process_destroy(c->p);
	c->p = NULL;
	if (ret) {
		/* The GPU may still use it. */
		memset(c, 0, sizeof(*c));
		ktap_diag("not ended: -%s", errname(ret));
		return false;
	}
	msm_bo_free(gpu, &c->code);
	msm_bo_free(gpu, &c->data);
	return true;
}

int msm_client_submit(struct msm_client *c, struct msm_job *job)
{
	if (c->s.overflow) {
		ktap_diag("more packets than fit");
		return -ENOSPC;
	}
	return msm_submit(c->p, job, CODE_IOVA, c->s.at);
}

int msm_client_run(struct msm_client *c, struct msm_job *job)
{
	int ret = msm_client_submit(c, job);

	return ret ? ret : msm_wait(job);
}

bool msm_expect(struct msm_client *c, int status)
{
	struct msm_job job;
	int ret = msm_client_run(c, &job);

	if (ret == status)
		return true;
	ktap_diag("the job ends with %d, expected %d", ret, status);
	return false;
}

bool msm_is(const char *what, u64 value, u64 expected)
{
	if (value == expected)
		return true;
	ktap_diag("%s is %#llx, expected %#llx", what, value, expected);
	return false;
}

const char *msm_skip_stalls(struct msm_gpu *gpu)
{
	return gpu->stalling ? NULL : "faults of the SMMU do not wait";
}

/*
 * Extra tests run when they are named, or all are asked for: packets that break
 * the device's rules, which a model may hold against the guest.
 */
static const struct test {
	const char *name;
	const char *what;
	msm_test_fn run;
	const char *(*skip)(struct msm_gpu *gpu);
	bool extra;
} tests[] = {
	{ "write", "packets write memory", msm_test_write },
	{ "copy", "packets copy memory", msm_test_copy },
	{ "add", "packets add 64-bit values", msm_test_add },
	{ "nested", "a buffer of packets calls another", msm_test_nested },
	{ "order", "jobs are done in the order of coming", msm_test_order },
	{ "ring", "jobs go round the ring", msm_test_ring },
	{ "switch", "hundreds of switches between processes under load",
	  msm_test_switch },
	{ "threads", "threads submit at the same time, and map what they use",
	  msm_test_threads },
	{ "same-addresses", "processes use the same addresses, each its own memory",
	  msm_test_same_addresses },
	{ "isolation", "a process has no way to another's memory",
	  msm_test_isolation, msm_skip_stalls },
	{ "kernel", "a process has no way to the kernel's half",
	  msm_test_kernel, msm_skip_stalls },
	{ "kernel-unmap", "what is unmapped in the kernel's half is refused, whoever's tag it was cached under",
	  msm_test_kernel_unmap, msm_skip_stalls },
	{ "readonly", "what is mapped for reading is not written",
	  msm_test_readonly, msm_skip_stalls },
	{ "unmap", "what is unmapped is refused, although it was cached",
	  msm_test_unmap, msm_skip_stalls },
	{ "heap", "an access waits for memory, and goes on",
	  msm_test_heap, msm_skip_stalls },
	{ "terminate", "an access that waits is ended, and tells whose it is",
	  msm_test_terminate, msm_skip_stalls },
	{ "no-stall", "faults that do not wait are told, too",
	  msm_test_no_stall, msm_skip_stalls },
	{ "bad-packet", "a bad packet ends its job alone",
	  msm_test_bad_packet, NULL, true },
	{ "protected", "a process cannot write registers",
	  msm_test_protected, NULL, true },
	{ "table-update", "a process cannot switch page tables",
	  msm_test_table_update, NULL, true },
	{ "bad-buffer", "packets that are not there end their job alone",
	  msm_test_bad_buffer, msm_skip_stalls },
	{ "hang", "a job that waits for ever is ended", msm_test_hang },
	{ "watchdog", "a job is ended where the GPU does not find out",
	  msm_test_watchdog },
	{ "reset-in-fault", "a reset lets an access that waits be answered first",
	  msm_test_reset_in_fault, msm_skip_stalls },
	{ "others", "jobs of others are done after a reset",
	  msm_test_others },
	{ "random", "random schedules of processes do what a model in memory does",
	  msm_test_random, msm_skip_stalls },
};

static bool wanted(const struct test *t, const char *only, bool all)
{
	return only ? !strcmp(only, t->name) : all || !t->extra;
}

static void run_on(const struct test *t, struct msm_gpu *gpu, u64 seed)
{
	const char *why = t->skip ? t->skip(gpu) : NULL;

	if (why)
		ktap_skip(why, "%s: %s", t->name, t->what);
	else
		ktap_ok(t->run(gpu, seed), "%s: %s", t->name, t->what);
}

/* Found anew for each: it may have been unbound in between. */
static void run_test(const struct test *t, const char *name, u64 seed)
{
	struct msm_gpu *gpu = msm_get(name);

	if (gpu) {
		run_on(t, gpu, seed);
		msm_put(gpu);
	} else {
		ktap_diag("no GPU is bound any more");
		ktap_ok(false, "%s: %s", t->name, t->what);
	}
}

/* @device: NULL: the first */
static int run_tests(const char *device, const char *only, bool all, u64 seed)
{
	unsigned int i, count = 0, before = ktap_failures();
	struct msm_gpu *gpu = msm_get(device);
	char name[64];

	if (!gpu) {
		shell_printf("msmtest: no GPU%s%s\n", device ? " " : "",
			     device ? device : "");
		return -ENODEV;
	}
	strscpy(name, dev_name(gpu->dev), sizeof(name));
	msm_put(gpu);
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		count += wanted(&tests[i], only, all);
	if (!count) {
		shell_printf("msmtest: no test %s\n", only);
		return -EINVAL;
	}
	ktap_plan(count);
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		if (!wanted(&tests[i], only, all))
			continue;
		if (shell_interrupted())
			return -EINTR;
		run_test(&tests[i], name, seed);
	}
	return ktap_failures() == before ? 0 : -EIO;
}

static int list_tests(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tests); i++)
		shell_printf("%-16s%s\n", tests[i].name, tests[i].what);
	return 0;
}

static int usage(void)
{
	shell_printf("usage: msmtest [--device NAME] [--seed N] [--test NAME | --all] [--list]\n");
	return -EINVAL;
}

int msm_test(int argc, char **argv)
{
	const char *device = NULL, *only = NULL;
	unsigned int seed = 1;
	bool all = false;
	int i;

	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list_tests();
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--all")) {
			all = true;
			continue;
		}
		if (i + 1 == argc)
			return usage();
		if (!strcmp(argv[i], "--device"))
			device = argv[++i];
		else if (!strcmp(argv[i], "--test"))
			only = argv[++i];
		else if (strcmp(argv[i], "--seed") ||
			 kstrtouint(argv[++i], 0, &seed))
			return usage();
	}
	return run_tests(device, only, all, seed);
}
