// SPDX-License-Identifier: MIT
// Programs an SMMUv3 by hand and has a device do DMA through it. Written from Arm IHI 0070 (SMMUv3), DDI 0183
// (PL011) and docs/testdev.md; the addresses are those of platform.toml. The MMU is off, so the processor's
// accesses are not cached, and the SMMU is told to make its own Non-cacheable too (CR1 = 0).

typedef unsigned int u32;
typedef unsigned long u64;

#define UART 0x09000000ul
#define SMMU 0x09050000ul
#define DMA 0x0a000000ul

static void write32(u64 at, u32 value) { *(volatile u32 *)at = value; }
static void write64(u64 at, u64 value) { *(volatile u64 *)at = value; }
static u32 read32(u64 at) { return *(volatile u32 *)at; }
// Writes to memory are observed before the register write that follows (DDI 0487, DSB).
static void barrier(void) { __asm__ volatile("dsb sy" ::: "memory"); }

// ---- Console

static void print(const char *text)
{
	for (; *text; text++) {
		while (read32(UART + 0x018) & 1 << 5)	// UARTFR.TXFF
			;
		write32(UART + 0x000, (u32)*text);	// UARTDR
	}
}

static void print_hex(u64 value)
{
	char digits[19] = "0x";
	for (int i = 0; i < 16; i++)
		digits[2 + i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
	print(digits);
}

void exception(u64 esr, u64 elr, u64 far)
{
	print("Bail out! exception: ESR ");
	print_hex(esr);
	print(" ELR ");
	print_hex(elr);
	print(" FAR ");
	print_hex(far);
	print("\n");
}

// KTAP, which the program that runs this understands: a result that fails or is missing fails the run.
static void result(int ok, const char *number_and_name)
{
	print(ok ? "ok " : "not ok ");
	print(number_and_name);
	print("\n");
}

// ---- What SMMU and device read and write: zero at the start, in .shared (link.ld)

#define SHARED(bytes) __attribute__((section(".shared"), aligned(bytes)))

#define STREAMS_LOG2 6
#define QUEUE_LOG2 4
// A Stream table and a queue are aligned to their size (IHI 0070 6.3.24 to 6.3.26).
static volatile u64 stream_table[1 << STREAMS_LOG2][8] SHARED(64 << STREAMS_LOG2);
static volatile u64 commands[1 << QUEUE_LOG2][2] SHARED(16 << QUEUE_LOG2);
static volatile u64 events[1 << QUEUE_LOG2][4] SHARED(32 << QUEUE_LOG2);
static volatile u64 context_descriptor[8] SHARED(64);
static volatile u64 level1[512] SHARED(4096), level2[512] SHARED(4096), level3[512] SHARED(4096);
static volatile u64 source[512] SHARED(4096), target[512] SHARED(4096);
static volatile u64 ring[4][8] SHARED(4096);

// ---- SMMU

enum {
	IDR0 = 0x0, IDR5 = 0x14, CR0 = 0x20, CR0ACK = 0x24, CR1 = 0x28, CR2 = 0x2c, GERROR = 0x60,
	STRTAB_BASE = 0x80, STRTAB_BASE_CFG = 0x88, CMDQ_BASE = 0x90, CMDQ_PROD = 0x98, CMDQ_CONS = 0x9c,
	EVENTQ_BASE = 0xa0, EVENTQ_PROD = 0x100a8, EVENTQ_CONS = 0x100ac,
	SMMUEN = 1 << 0, EVENTQEN = 1 << 2, CMDQEN = 1 << 3,
	CMD_CFGI_ALL = 0x04, CMD_TLBI_NSNH_ALL = 0x30, CMD_SYNC = 0x46, F_TRANSLATION = 0x10,
};

// 39 bits of input address, of which these three pages are mapped.
#define IOVA 0x1234567000ul
#define IOVA_RING IOVA
#define IOVA_SOURCE (IOVA + 0x1000)
#define IOVA_TARGET (IOVA + 0x2000)
#define IOVA_NOTHING (IOVA + 0x3000)

// Each bit takes effect when CR0ACK shows it (IHI 0070 6.3.10).
static int enable(u32 bits)
{
	write32(SMMU + CR0, bits);
	for (int i = 0; i < 100000; i++)
		if (read32(SMMU + CR0ACK) == bits)
			return 1;
	return 0;
}

// PROD and CONS hold an index and, above it, a bit that flips with each wrap (IHI 0070 3.5.1).
static void command(u64 word0, u64 word1)
{
	u32 prod = read32(SMMU + CMDQ_PROD);
	commands[prod & ((1 << QUEUE_LOG2) - 1)][0] = word0;
	commands[prod & ((1 << QUEUE_LOG2) - 1)][1] = word1;
	barrier();
	write32(SMMU + CMDQ_PROD, (prod + 1) & ((2 << QUEUE_LOG2) - 1));
}

// Everything before it has been done once CMD_SYNC has been consumed. ERR is CONS[30:24].
static int sync(void)
{
	command(CMD_SYNC, 0);
	for (int i = 0; i < 100000; i++)
		if (read32(SMMU + CMDQ_CONS) == read32(SMMU + CMDQ_PROD))
			return 1;
	return 0;
}

static void map(u64 iova, volatile void *page)
{
	level1[iova >> 30 & 511] = (u64)level2 | 3;
	level2[iova >> 21 & 511] = (u64)level3 | 3;
	// Valid page, AttrIndx 0, AP = read and write at any privilege, AF, nG (DDI 0487 D5.3.3)
	level3[iova >> 12 & 511] = (u64)page | 1 << 11 | 1 << 10 | 1 << 6 | 3;
}

static int start_smmu(u32 stream)
{
	map(IOVA_RING, ring);
	map(IOVA_SOURCE, source);
	map(IOVA_TARGET, target);

	// CD (IHI 0070 5.4): T0SZ 25, 4 KiB granule, EPD1, V, IPS 32 bits, AA64, R, A, ASID 1; TTB0; MAIR
	context_descriptor[0] = 25 | 1ul << 30 | 1ul << 31 | 1ul << 41 | 1ul << 45 | 1ul << 46 | 1ul << 48;
	context_descriptor[1] = (u64)level1;
	context_descriptor[3] = 0x44;	// AttrIndx 0: Normal, Non-cacheable
	// STE (IHI 0070 5.2): V, Config 0b101 is stage 1 alone, S1ContextPtr
	stream_table[stream][0] = 1 | 5 << 1 | (u64)context_descriptor;

	write32(SMMU + CR1, 0);
	write32(SMMU + CR2, 0);
	write64(SMMU + STRTAB_BASE, (u64)stream_table);
	write32(SMMU + STRTAB_BASE_CFG, STREAMS_LOG2);	// FMT 0: linear
	write64(SMMU + CMDQ_BASE, (u64)commands | QUEUE_LOG2);
	write32(SMMU + CMDQ_PROD, 0);
	write32(SMMU + CMDQ_CONS, 0);
	write64(SMMU + EVENTQ_BASE, (u64)events | QUEUE_LOG2);
	write32(SMMU + EVENTQ_PROD, 0);
	write32(SMMU + EVENTQ_CONS, 0);
	barrier();

	// Nothing that was cached before counts (IHI 0070 3.11): first the commands, then translation.
	if (!enable(CMDQEN))
		return 0;
	command(CMD_CFGI_ALL, 31);	// CMD_CFGI_STE_RANGE of all 2^32 StreamIDs
	command(CMD_TLBI_NSNH_ALL, 0);
	return sync() && enable(CMDQEN | EVENTQEN) && enable(CMDQEN | EVENTQEN | SMMUEN);
}

// ---- DMA device

enum { OP_READ = 1, OP_COPY = 3, OK = 1, READ_ERROR = 2 };

static void start_dma(void)
{
	write64(DMA + 0x010, IOVA_RING);	// RING_BASE
	write32(DMA + 0x018, 4);		// RING_SIZE
	write32(DMA + 0x008, 1);		// CTRL.ENABLE
}

// Returns the descriptor's status.
static u32 dma(u32 op, u64 from, u64 to, u64 bytes)
{
	u32 n = read32(DMA + 0x01c);	// PROD
	volatile u64 *d = ring[n & 3];
	const u64 words[8] = {op, 0, from, to, bytes};
	for (int i = 0; i < 8; i++)
		d[i] = words[i];
	barrier();
	write32(DMA + 0x01c, n + 1);
	for (int i = 0; i < 100000 && !(u32)d[5]; i++)
		read32(DMA + 0x00c);	// a register, so that time passes
	barrier();
	return (u32)d[5];
}

void main(void)
{
	u32 stream = read32(DMA + 0x030);	// SID_BASE
	int i;

	write32(UART + 0x030, 0x101);	// UARTCR: UARTEN, TXE
	print("KTAP version 1\n1..4\n");

	// IDR0.S1P, IDR0.TTF has AArch64, IDR5.GRAN4K
	result((read32(SMMU + IDR0) & 0xa) == 0xa && read32(SMMU + IDR5) & 1 << 4 && stream < 1 << STREAMS_LOG2 &&
	       start_smmu(stream), "1 - the SMMU is set up for the device's stream");

	for (i = 0; i < 512; i++)
		source[i] = 0x0123456789abcdefull * (u64)(i + 1);
	start_dma();
	int ok = dma(OP_COPY, IOVA_SOURCE + 8, IOVA_TARGET + 16, 2048) == OK;
	for (i = 0; i < 256; i++)
		ok &= target[i + 2] == source[i + 1];
	result(ok && !target[1] && !target[258], "2 - DMA reads and writes where the tables say");

	// F_TRANSLATION (IHI 0070 7.3.12): StreamID, InputAddr, RnW, and CLASS IN
	ok = dma(OP_READ, IOVA_NOTHING + 0x18, 0, 8) == READ_ERROR && read32(SMMU + EVENTQ_PROD) == 1 &&
	     events[0][0] == ((u64)stream << 32 | F_TRANSLATION) && events[0][2] == IOVA_NOTHING + 0x18 &&
	     events[0][1] >> 35 & 1 && (events[0][1] >> 40 & 3) == 2;
	write32(SMMU + EVENTQ_CONS, 1);
	result(ok, "3 - an address that is not mapped gives an event record");

	result(dma(OP_COPY, IOVA_SOURCE, IOVA_TARGET, 4096) == OK && !read32(SMMU + GERROR),
	       "4 - DMA goes on, and there is no global error");
}
