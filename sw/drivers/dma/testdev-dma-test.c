// SPDX-License-Identifier: MIT
/* dmatest: what its tests share, and the command. Results are KTAP. */

#include "testdev-dma-test.h"

#include <shell.h>

#define MAX_SIZE_MIB		160

u32 td_next_seed(void)
{
	static u32 seed = 1;

	seed = (seed + 0x01000193u) & 0x7fffffff;
	return seed;
}

void td_fill(void *buf, size_t len, u64 first)
{
	u64 *p = buf, *end = p + len / 8;
	u64 v = first;

	for (; p < end; p += 4) {
		p[0] = v;
		p[1] = v + TD_PATTERN;
		p[2] = v + 2 * TD_PATTERN;
		p[3] = v + 3 * TD_PATTERN;
		v += 4 * TD_PATTERN;
	}
}

/* Over all of the data: four words a turn, and no branch on any of them. */
bool td_matches(const void *buf, size_t len, u64 first)
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

u8 td_pattern_byte(u32 seed, u64 i)
{
	return (u8)(((seed + i / 8) * TD_PATTERN) >> (8 * (i % 8)));
}

bool td_run_one(struct testdev *td, struct td_desc *desc)
{
	int ret = td_run(td, desc, 1);

	if (ret)
		ktap_diag("the device did not finish (%d)", ret);
	return !ret;
}

bool td_expect_status(const struct td_desc *desc, u32 status)
{
	if (desc->status == status)
		return true;
	ktap_diag("status %u, expected %u (response %u, done %#llx, result %#llx)",
		  desc->status, status, desc->response, desc->done,
		  desc->result);
	return false;
}

bool td_run_expect(struct testdev *td, struct td_desc *desc, u32 status)
{
	return td_run_one(td, desc) && td_expect_status(desc, status);
}

static int move(struct testdev *td, struct iommu_domain *domain,
		int (*fn)(struct iommu_domain *domain,
			  struct iommu_group *group))
{
	struct iommu_group *group = iommu_group_get(td->dev);
	int ret = group ? fn(domain, group) : -ENODEV;

	iommu_group_put(group);
	return ret;
}

int td_attach(struct testdev *td, struct iommu_domain *domain)
{
	return move(td, domain, iommu_attach_group);
}

int td_detach(struct testdev *td, struct iommu_domain *domain)
{
	return move(td, domain, iommu_detach_group);
}

u32 td_stream_id(const struct testdev *td, u32 index)
{
	const struct iommu_fwspec *fwspec = td->dev->iommu;
	u32 id;

	/* Of the IDs that a PCI device's requests may have, a bridge above gives
	 * the last, and it is the one that is seen.
	 */
	id = fwspec->ids[td->plain ? fwspec->num_ids - 1 : index];
	return td_iommu_is_smmuv3(td) ? id : id & 0xffff;
}

bool td_expect_fault(struct testdev *td, enum iommu_fault_type type,
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

bool td_run_expect_fault(struct testdev *td, struct td_desc *desc,
			     enum iommu_fault_type type)
{
	bool write = (desc->flags & 0xff) == TD_OP_WRITE;
	u64 iova = write ? desc->dst : desc->src;

	td_arm_fault(td);
	if (!td_run_expect(td, desc, write ? TD_WRITE_ERROR : TD_READ_ERROR))
		return false;
	if (desc->done) {
		ktap_diag("%llu bytes went through", desc->done);
		return false;
	}
	return td_expect_fault(td, type, td_stream_id(td, desc->stream), iova,
			       write);
}

/* What a fault of the device is like tells how it is translated. */
static const struct iommu_fault *try_fault(struct testdev *td)
{
	struct td_desc desc = {
		.flags = TD_OP_READ,
		.src = FREE_IOVA,
		.length = 64,
	};

	td_arm_fault(td);
	td_run_expect(td, &desc, TD_READ_ERROR);
	td_wait_fault(td, FAULT_TIMEOUT_MS);
	return &td->fault;
}

/* Whether a fault waits that nobody has asked to. */
bool td_always_stalls(struct testdev *td)
{
	return try_fault(td)->stalled;
}

bool td_uses_stage2(struct testdev *td)
{
	return try_fault(td)->stage2;
}

bool td_buffer_map(struct testdev *td, struct buffer *b, size_t size,
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

void td_buffer_unmap(struct testdev *td, struct buffer *b)
{
	if (!b->mem)
		return;
	dma_unmap_single(td->dev, b->dma, b->size, b->dir);
	free_pages_exact(b->mem, b->size);
	b->mem = NULL;
}

/*
 * Extra tests run when they are named, or all are asked for: those that break
 * the device's rules, which a model may hold against the guest, and those
 * that fill the console.
 */
static const struct test {
	const char *name;
	const char *what;
	bool (*run)(const struct test_args *args);
	bool needs_iommu;
	u32 streams;
	bool extra;
	bool two_devices;
	const char *(*skip)(struct testdev *td);
	bool atc;	/* no fault is expected: translations may be kept */
} tests[] = {
	{ "copy", "copied through scattered pages and 2 MiB blocks and verified",
	  td_test_copy, true, 1, .atc = true },
	{ "read", "read and add up", td_test_read, false, 1, .atc = true },
	{ "write", "write a pattern", td_test_write, false, 1, .atc = true },
	{ "check", "find a wrong byte", td_test_check, false, 1, .atc = true },
	{ "unaligned", "copy between odd addresses", td_test_unaligned,
	  false, 1, .atc = true },
	{ "ring", "go round the ring", td_test_ring, false, 1, .atc = true },
	{ "bad-descriptor", "a bad descriptor is refused, those around it are not",
	  td_test_bad_descriptor, false, 1, true },
	{ "fault-read", "read of an unmapped address is a Translation fault",
	  td_test_fault_read, true, 1 },
	{ "fault-write", "write to an unmapped address is a Translation fault",
	  td_test_fault_write, true, 1 },
	{ "fault-midway", "a fault in the middle leaves what came before",
	  td_test_fault_midway, true, 1 },
	{ "fault-readonly", "write to a read-only page is a Permission fault",
	  td_test_fault_readonly, true, 1 },
	{ "fault-privileged", "unprivileged read of a privileged page is a Permission fault",
	  td_test_fault_privileged, true, 1, .skip = td_skip_privileged },
	{ "fault-exec", "fetch from a page without execution is a Permission fault",
	  td_test_fault_exec, true, 1, .skip = td_skip_exec },
	{ "unmap", "an unmapped page faults though it was cached",
	  td_test_unmap, true, 1 },
	{ "remap", "an address mapped anew leads to the new data",
	  td_test_remap, true, 1, .atc = true },
	{ "split", "a page unmapped from 2 MiB faults alone",
	  td_test_split, true, 1 },
	{ "stress", "random mappings lead to their data, and nothing else does",
	  td_test_stress, true, 1, true },
	{ "streams", "a second stream shares the address space and faults as itself",
	  td_test_streams, true, 2 },
	{ "isolation", "two devices use one address for different memory",
	  td_test_isolation, true, 1, .two_devices = true },
	{ "substream", "a substream that is not set up is refused",
	  td_test_substream, true, 1, .skip = td_skip_substream },
	{ "overflow", "faults that nobody takes are lost, later ones are not",
	  td_test_overflow, true, 1, .skip = td_skip_overflow },
	{ "blocked", "a blocked device reaches nothing, silently",
	  td_test_blocked, true, 1, true },
	{ "identity", "an identity domain passes physical addresses",
	  td_test_identity, true, 1 },
	{ "stage2", "stage 2 alone leads to its data, and faults as itself",
	  td_test_stage2, true, 1,
	  .skip = td_skip_stage2 },
	{ "nested", "stage 1 of an owner upon stage 2 follows changes of both",
	  td_test_nested, true, 1,
	  .skip = td_skip_nested },
	{ "switch", "domains that lead to the same change under way unnoticed",
	  td_test_switch, true, 1,
	  .skip = td_skip_switch, .atc = true },
	{ "pasid", "a PASID has an address space of its own",
	  td_test_pasid, true, 1,
	  .skip = td_skip_pasid },
	{ "pasid-identity", "a PASID is translated where nothing else is",
	  td_test_pasid_identity, true, 1,
	  .skip = td_skip_pasid },
	{ "page-fault", "a page is mapped while the access to it waits",
	  td_test_page_fault, true, 1,
	  .skip = td_skip_page_fault },
	{ "page-fault-stage2", "a page of stage 2 is mapped while the access to it waits",
	  td_test_page_fault_stage2, true, 1,
	  .skip = td_skip_page_fault_stage2 },
	{ "page-fault-pasid", "a page of a PASID is mapped while the access to it waits",
	  td_test_page_fault_pasid, true, 1,
	  .skip = td_skip_page_fault_pasid },
	{ "mask", "addresses are such as the device's mask reaches, or are refused",
	  td_test_mask, false, 1 },
};

static void run_test(const struct test *test, const struct test_args *args)
{
	struct testdev *td = args->td;
	const char *why;
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
	if (test->two_devices && !(td_other(td) &&
				   device_iommu_mapped(td_other(td)->dev))) {
		ktap_skip("there is one testdev behind an IOMMU", "%s: %s", test->name,
			  test->what);
		return;
	}
	why = test->skip ? test->skip(td) : NULL;
	if (why) {
		ktap_skip(why, "%s: %s", test->name, test->what);
		return;
	}
	td->via_atc = test->atc;
	ok = test->run(args);
	td->via_atc = false;
	if (test->run == td_test_copy)
		ktap_ok(ok, "%s: %zu MiB %s", test->name, args->size / SZ_1M,
			test->what);
	else
		ktap_ok(ok, "%s: %s", test->name, test->what);
}

static bool is_wanted(const struct test *test, const struct testdev *td,
		      const struct test *only, bool all)
{
	/* Most platforms have one; that is no test left out. */
	if (test->two_devices && !only && !td_other(td))
		return false;
	return only ? test == only : all || !test->extra;
}

static int usage(void)
{
	shell_printf("usage: dmatest [--device NAME] [--size MiB] [--test NAME | --all] [--list]\n");
	return -EINVAL;
}

static void run_tests(const struct test_args *args, const struct test *only,
		      bool all)
{
	unsigned int i, planned = 0;

	if (td_other(args->td))
		shell_printf("# device %s\n", dev_name(args->td->dev));
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		if (is_wanted(&tests[i], args->td, only, all))
			planned++;
	ktap_plan(planned);
	for (i = 0; i < ARRAY_SIZE(tests); i++)
		if (is_wanted(&tests[i], args->td, only, all) &&
		    !shell_interrupted())
			run_test(&tests[i], args);
}

int td_dmatest(int argc, char **argv)
{
	struct test_args args = { .size = 64 * SZ_1M };
	const char *device = NULL;
	const struct test *only = NULL;
	unsigned int before, i, mib;
	bool all = false;
	int arg;

	for (arg = 1; arg < argc; arg++) {
		if (!strcmp(argv[arg], "--list")) {
			for (i = 0; i < ARRAY_SIZE(tests); i++)
				shell_printf("%s - %s\n", tests[i].name,
					     tests[i].what);
			return 0;
		}
		if (!strcmp(argv[arg], "--all")) {
			all = true;
			continue;
		}
		if (arg + 1 == argc)
			return usage();
		if (!strcmp(argv[arg], "--device")) {
			device = argv[++arg];
		} else if (!strcmp(argv[arg], "--size")) {
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

	args.td = device ? td_find(device) : td_next(NULL);
	if (!args.td) {
		shell_printf("dmatest: no testdev %sis bound\n",
			     device ? "of that name " : "");
		return -ENODEV;
	}
	before = ktap_failures();
	for (; args.td && !shell_interrupted();
	     args.td = device ? NULL : td_next(args.td))
		run_tests(&args, only, all);
	if (shell_interrupted())
		return -EINTR;
	return ktap_failures() == before ? 0 : -EIO;
}
