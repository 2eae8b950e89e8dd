// SPDX-License-Identifier: MIT
/*
 * What `./vp linux` does with a GPU: a process of Linux without any library,
 * which talks to Debian's panfrost. Numbers and layouts of the requests are
 * those of include/uapi/drm/drm.h and panfrost_drm.h; jobs are those of
 * docs/mali.md.
 *
 *	gpu NAME	does one test; exit code 0: it passed
 */

#include "process.h"

/* ---- panfrost_drm.h */

#define IOW(nr, type) (1UL << 30 | sizeof(type) << 16 | 'd' << 8 | (nr))
#define IOWR(nr, type) (3UL << 30 | sizeof(type) << 16 | 'd' << 8 | (nr))
enum { SUBMIT = 0x40, WAIT_BO, CREATE_BO, MMAP_BO, GET_PARAM };
enum { BO_NOEXEC = 1, BO_HEAP = 2 };
enum { PARAM_GPU_PROD_ID, PARAM_GPU_REVISION };

struct submit {
	u64 jc;
	u64 in_syncs;
	u32 in_sync_count;
	u32 out_sync;
	u64 bo_handles;
	u32 bo_handle_count;
	u32 requirements;
};

struct wait_bo {
	u32 handle;
	u32 pad;
	s64 timeout_ns;
};

struct create_bo {
	u32 size;
	u32 flags;
	u32 handle;
	u32 pad;
	u64 offset;
};

struct mmap_bo {
	u32 handle;
	u32 flags;
	u64 offset;
};

struct get_param {
	u32 param;
	u32 pad;
	u64 value;
};

struct buffer {
	u32 handle;
	u64 va;			/* in the GPU's address space */
	volatile u8 *at;	/* in ours */
};

static int gpu;

static long request(u64 number, void *argument)
{
	return call(SYS_ioctl, gpu, (long)number, (long)argument, 0, 0, 0);
}

static int create(struct buffer *b, u32 size, u32 flags)
{
	struct create_bo c = { .size = size, .flags = flags };
	struct mmap_bo m = { 0 };
	long at;

	if (request(IOWR(CREATE_BO, c), &c))
		return -1;
	b->handle = c.handle;
	b->va = c.offset;
	b->at = 0;
	if (flags & BO_HEAP)
		return 0;
	m.handle = c.handle;
	if (request(IOWR(MMAP_BO, m), &m))
		return -1;
	/* PROT_READ | PROT_WRITE, MAP_SHARED */
	at = call(SYS_mmap, 0, size, 3, 1, gpu, (long)m.offset);
	if (at < 0 && at > -4096)
		return -1;
	b->at = (volatile u8 *)at;
	return 0;
}

/* Submits the chain at the start of the first buffer, waits for its end. */
static int submit(struct buffer *buffers, u32 n)
{
	u32 handles[4] = { 0 };
	struct submit s = { .jc = buffers[0].va, .bo_handle_count = n };
	struct wait_bo w = { .handle = buffers[0].handle };

	for (u32 i = 0; i < n; i++)
		handles[i] = buffers[i].handle;
	s.bo_handles = (u64)handles;
	w.timeout_ns = (s64)(~0UL >> 1);
	if (request(IOW(SUBMIT, s), &s))
		return -1;
	return request(IOW(WAIT_BO, w), &w) ? -1 : 0;
}

/* ---- docs/mali.md, Jobs */

enum { WRITE_VALUE = 2, COPY = 31 };
enum { CYCLES = 1, TIMESTAMP, ZERO, IMMEDIATE_8, IMMEDIATE_16, IMMEDIATE_32,
       IMMEDIATE_64 };

static volatile u32 *word(struct buffer *b, u32 offset)
{
	return (volatile u32 *)(b->at + offset);
}

static volatile u64 *dword(struct buffer *b, u32 offset)
{
	return (volatile u64 *)(b->at + offset);
}

/* Job `i` of a buffer; three doublewords of payload. */
static void job(struct buffer *b, u32 i, u32 type, u64 next, u64 a, u64 c,
		u64 e)
{
	u32 at = 64 * i;

	for (u32 k = 0; k < 64; k += 8)
		*dword(b, at + k) = 0;
	*word(b, at + 16) = 1 | type << 1;
	*dword(b, at + 24) = next;
	*dword(b, at + 32) = a;
	*dword(b, at + 40) = c;
	*dword(b, at + 48) = e;
}

static int expect(const char *what, u64 found, u64 expected)
{
	if (found == expected)
		return 0;
	say_number(what, found);
	say_number("expected", expected);
	return 1;
}

/* ---- tests */

static int identity(void)
{
	struct get_param p = { .param = PARAM_GPU_PROD_ID };

	if (request(IOWR(GET_PARAM, p), &p))
		return 1;
	say_number("GPU_PROD_ID is", p.value);
	return 0;
}

static int write_value(void)
{
	struct buffer b;
	u64 v;

	if (create(&b, 8192, 0))
		return 1;
	v = b.va + 4096;
	for (u32 i = 0; i < 5; i++)
		*dword(&b, 4096 + 8 * i) = 0xa5a5a5a5a5a5a5a5;
	job(&b, 0, WRITE_VALUE, b.va + 64, v, ZERO, 0);
	job(&b, 1, WRITE_VALUE, b.va + 128, v + 8, IMMEDIATE_8, 0x11);
	job(&b, 2, WRITE_VALUE, b.va + 192, v + 16, IMMEDIATE_16, 0x2211);
	job(&b, 3, WRITE_VALUE, b.va + 256, v + 24, IMMEDIATE_32, 0x44332211);
	job(&b, 4, WRITE_VALUE, 0, v + 32, IMMEDIATE_64, 0x8877665544332211);
	if (submit(&b, 1))
		return 1;
	for (u32 i = 0; i < 5; i++) {
		if (expect("exception status", *word(&b, 64 * i), 1))
			return 1;
	}
	return expect("zero", *dword(&b, 4096), 0xa5a5a5a500000000) ||
	       expect("8 bits", *dword(&b, 4104), 0xa5a5a5a5a5a5a511) ||
	       expect("16 bits", *dword(&b, 4112), 0xa5a5a5a5a5a52211) ||
	       expect("32 bits", *dword(&b, 4120), 0xa5a5a5a544332211) ||
	       expect("64 bits", *dword(&b, 4128), 0x8877665544332211);
}

static int copy(void)
{
	struct buffer b[2];
	const u32 bytes = 300000;

	if (create(&b[0], 512 << 10, 0) || create(&b[1], 512 << 10, BO_NOEXEC))
		return 1;
	for (u32 i = 0; i < bytes; i++)
		b[0].at[4096 + i] = (u8)(i * 7 + (i >> 8));
	job(&b[0], 0, COPY, 0, b[0].va + 4096, b[1].va + 5, bytes);
	if (submit(b, 2))
		return 1;
	for (u32 i = 0; i < bytes; i++) {
		if (b[1].at[5 + i] != (u8)(i * 7 + (i >> 8)))
			return expect("byte", i, ~0UL);
	}
	return 0;
}

/* Nothing of a heap is mapped until the GPU meets it. */
static int heap(void)
{
	struct buffer b[2];
	u64 far;

	if (create(&b[0], 8192, 0) ||
	    create(&b[1], 16 << 20, BO_NOEXEC | BO_HEAP))
		return 1;
	far = b[1].va + (10 << 20) + 0x120;
	*dword(&b[0], 4096) = 0;
	job(&b[0], 0, WRITE_VALUE, b[0].va + 64, b[1].va, IMMEDIATE_32, 1);
	job(&b[0], 1, WRITE_VALUE, b[0].va + 128, far, IMMEDIATE_32, 0xf00d);
	job(&b[0], 2, COPY, 0, far, b[0].va + 4096, 4);
	if (submit(b, 2))
		return 1;
	return expect("from the heap", *dword(&b[0], 4096), 0xf00d);
}

/* Three that fail. Linux has to put the GPU in order again. */

static int bad_job(void)
{
	struct buffer b;

	if (create(&b, 8192, 0))
		return 1;
	*dword(&b, 4096) = 0;
	job(&b, 0, 99, b.va + 64, 0, 0, 0);
	job(&b, 1, WRITE_VALUE, 0, b.va + 4096, IMMEDIATE_32, 1);
	if (submit(&b, 1))
		return 1;
	return expect("exception status", *word(&b, 0), 0x40) ||
	       expect("what comes behind it", *dword(&b, 4096), 0);
}

static int bad_address(void)
{
	struct buffer b;

	if (create(&b, 8192, 0))
		return 1;
	*dword(&b, 4096) = 0;
	job(&b, 0, WRITE_VALUE, b.va + 64, 0x76543210, IMMEDIATE_32, 1);
	job(&b, 1, WRITE_VALUE, 0, b.va + 4096, IMMEDIATE_32, 1);
	if (submit(&b, 1))
		return 1;
	return expect("what comes behind it", *dword(&b, 4096), 0);
}

static int endless(void)
{
	struct buffer b;

	if (create(&b, 8192, 0))
		return 1;
	job(&b, 0, WRITE_VALUE, b.va, b.va + 4096, IMMEDIATE_32, 1);
	if (submit(&b, 1))
		return 1;
	return expect("what it wrote", *word(&b, 4096), 1);
}

static int test(const char *name)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} tests[] = {
		{ "identity", identity }, { "write-value", write_value },
		{ "copy", copy }, { "heap", heap }, { "bad-job", bad_job },
		{ "bad-address", bad_address }, { "endless", endless },
	};

	gpu = open_file("/dev/dri/renderD128");
	if (gpu < 0)
		return 2;
	for (u32 i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (same(name, tests[i].name))
			return tests[i].run();
	}
	return 2;
}

static int run(int argc, char **argv)
{
	return argc == 2 ? test(argv[1]) : 2;
}
