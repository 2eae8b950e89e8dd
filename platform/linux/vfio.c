// SPDX-License-Identifier: MIT
/*
 * What `./vp linux` does with an endpoint of PCI that keeps translations: a
 * process of Linux without any library, which drives it by vfio-pci. Numbers
 * and layouts of the requests are those of include/uapi/linux/vfio.h; the
 * endpoint is that of docs/pcie.md.
 *
 *	vfio GROUP FUNCTION	exit code 0: what it did had the right results
 */

#include "process.h"

#define REQUEST(nr) ((long)(';' << 8 | (100 + (nr))))
enum { SET_IOMMU = 2, SET_CONTAINER = 4, GET_DEVICE_FD = 6,
       GET_REGION_INFO = 8, MAP_DMA = 13, UNMAP_DMA = 14 };
enum { TYPE1V2_IOMMU = 3, BAR0 = 0, CONFIG = 7, READ = 1, WRITE = 2 };

struct region_info {
	u32 argsz;
	u32 flags;
	u32 index;
	u32 cap_offset;
	u64 size;
	u64 offset;
};

struct dma_map {
	u32 argsz;
	u32 flags;
	u64 vaddr;
	u64 iova;
	u64 size;
};

struct dma_unmap {
	u32 argsz;
	u32 flags;
	u64 iova;
	u64 size;
};

/* docs/testdev.md, and docs/pcie.md: Jobs with PASID and ATS */
enum { CTRL = 0x08, RING_BASE = 0x10, RING_SIZE = 0x18, PROD = 0x1c,
       CONS = 0x20, ATC_USED = 0x4c };
enum { COPY = 3, UNTRANSLATED = 1 << 12 };
enum { OK = 1, NO_RIGHTS = 7 };

struct descriptor {
	u32 flags;
	u32 stream;
	u32 substream;
	u32 seed;
	u64 src;
	u64 dst;
	u64 length;
	volatile u32 status;
	u32 response;
	u64 done;
	u64 result;
};

#define PAGE 4096UL
/* More pages than the 63 commands after which Linux has some SMMUs wait. */
enum { PAGES = 100, SLOTS = 16 };
/* As the device sees them, in one process's memory each. */
#define RING_AT 0x10000000UL
#define SRC_AT 0x20000000UL
#define DST_AT 0x30000000UL

static int container;
static volatile u8 *registers;
static volatile struct descriptor *ring;
static u32 made;

static volatile u32 *reg(u32 offset)
{
	return (volatile u32 *)(registers + offset);
}

static int expect(const char *what, u64 found, u64 expected)
{
	if (found == expected)
		return 0;
	say_number(what, found);
	say_number("expected", expected);
	return 1;
}

/* Anonymous memory. @return 0 where there is none */
static u8 *pages(u64 n)
{
	/* PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS */
	long at = call(SYS_mmap, 0, (long)(n * PAGE), 3, 0x22, -1, 0);

	return at < 0 && at > -4096 ? 0 : (u8 *)at;
}

static int map(u8 *at, u64 iova, u64 n)
{
	struct dma_map m = { .argsz = sizeof(m), .flags = READ | WRITE,
			     .vaddr = (u64)at, .iova = iova, .size = n * PAGE };

	return call(SYS_ioctl, container, REQUEST(MAP_DMA), (long)&m, 0, 0,
		    0) != 0;
}

static int unmap(u64 iova, u64 n)
{
	struct dma_unmap u = { .argsz = sizeof(u), .iova = iova,
			       .size = n * PAGE };

	return call(SYS_ioctl, container, REQUEST(UNMAP_DMA), (long)&u, 0, 0,
		    0) != 0;
}

/* One job, from SRC_AT to DST_AT. @return its status, 0 if it does not end */
static u32 copy(u32 flags)
{
	volatile struct descriptor *d = &ring[made % SLOTS];
	const s64 moment[2] = { 0, 100000 };

	d->flags = COPY | flags;
	d->src = SRC_AT;
	d->dst = DST_AT;
	d->length = PAGES * PAGE;
	d->status = 0;
	__asm__ volatile("dsb sy" ::: "memory");
	*reg(PROD) = ++made;
	for (u32 i = 0; i < 100 && *reg(CONS) != made; i++)
		call(SYS_nanosleep, (long)moment, 0, 0, 0, 0, 0);
	return d->status;
}

static void fill(u8 *at, u8 seed)
{
	for (u64 i = 0; i < PAGES * PAGE; i++)
		at[i] = (u8)(seed + i * 3 + (i >> 8));
}

static int differs(const u8 *a, const u8 *b)
{
	for (u64 i = 0; i < PAGES * PAGE; i++) {
		if (a[i] != b[i])
			return expect("byte", i, ~0UL);
	}
	return 0;
}

static int open_device(const char *group_name, const char *function)
{
	struct region_info bar = { .argsz = sizeof(bar), .index = BAR0 };
	struct region_info config = { .argsz = sizeof(bar), .index = CONFIG };
	char path[64] = "/dev/vfio/";
	u32 n = sizeof("/dev/vfio/") - 1;
	u16 command = 6;	/* memory, bus master */
	int group, device;
	long at;

	while (*group_name && n < sizeof(path) - 1)
		path[n++] = *group_name++;
	container = open_file("/dev/vfio/vfio");
	group = open_file(path);
	if (container < 0 || group < 0)
		return 1;
	if (call(SYS_ioctl, group, REQUEST(SET_CONTAINER), (long)&container, 0,
		 0, 0) ||
	    call(SYS_ioctl, container, REQUEST(SET_IOMMU), TYPE1V2_IOMMU, 0, 0,
		 0))
		return 1;
	device = (int)call(SYS_ioctl, group, REQUEST(GET_DEVICE_FD),
			   (long)function, 0, 0, 0);
	if (device < 0 ||
	    call(SYS_ioctl, device, REQUEST(GET_REGION_INFO), (long)&bar, 0, 0,
		 0) ||
	    call(SYS_ioctl, device, REQUEST(GET_REGION_INFO), (long)&config, 0,
		 0, 0))
		return 1;
	if (call(SYS_pwrite64, device, (long)&command, 2,
		 (long)(config.offset + 4), 0, 0) != 2)
		return 1;
	/* PROT_READ | PROT_WRITE, MAP_SHARED */
	at = call(SYS_mmap, 0, PAGE, 3, 1, device, (long)bar.offset);
	if (at < 0 && at > -4096)
		return 1;
	registers = (volatile u8 *)at;
	return 0;
}

static int jobs(void)
{
	u8 *memory = pages(1), *src = pages(PAGES), *other = pages(PAGES);
	u8 *dst = pages(PAGES);

	if (!memory || !src || !other || !dst)
		return 1;
	fill(src, 1);
	fill(other, 77);
	if (map(memory, RING_AT, 1) || map(src, SRC_AT, PAGES) ||
	    map(dst, DST_AT, PAGES))
		return 1;
	ring = (volatile struct descriptor *)memory;
	*reg(RING_BASE) = (u32)RING_AT;
	*reg(RING_BASE + 4) = 0;
	*reg(RING_SIZE) = SLOTS;
	*reg(CTRL) = 1;

	/* An entry for each page, which the second job finds. */
	for (u32 i = 0; i < 2; i++) {
		memset(dst, 0, PAGES * PAGE);
		if (expect("status", copy(0), OK) || differs(src, dst) ||
		    expect("entries", *reg(ATC_USED), 2 * PAGES))
			return 1;
	}
	/* Untranslated, it leaves the entries alone. */
	memset(dst, 0, PAGES * PAGE);
	if (expect("status", copy(UNTRANSLATED), OK) || differs(src, dst) ||
	    expect("entries", *reg(ATC_USED), 2 * PAGES))
		return 1;
	/* What Linux unmaps is dropped: the addresses lead elsewhere. */
	if (unmap(SRC_AT, PAGES) || expect("entries", *reg(ATC_USED), PAGES) ||
	    map(other, SRC_AT, PAGES))
		return 1;
	if (expect("status", copy(0), OK) || differs(other, dst) ||
	    expect("entries", *reg(ATC_USED), 2 * PAGES))
		return 1;
	/* A translation of what is not mapped gives no rights. */
	if (unmap(SRC_AT, PAGES) || expect("status", copy(0), NO_RIGHTS) ||
	    expect("entries", *reg(ATC_USED), PAGES))
		return 1;
	*reg(CTRL) = 0;
	return 0;
}

static int run(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (open_device(argv[1], argv[2])) {
		say("# vfio-pci does not open the function\n");
		return 1;
	}
	return jobs();
}
