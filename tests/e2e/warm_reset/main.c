// SPDX-License-Identifier: MIT
// Resets the processor by PSCI SYSTEM_RESET2 while a device's DMA goes through the SMMU. What starts then finds the
// SMMU enabled, reads back what the first start wrote, waits for the device, and takes the SMMU over with queues of
// its own, as a kernel after a crash does (IHI 0070 6.3.9, 6.3.24 to 6.3.30).

#define main example_main
#include "../../../examples/bare-metal/main.c"
#undef main

#define PIECES 8
#define PIECE (512ul << 10)
#define WORDS (PIECES * PIECE / 8)

static volatile u64 from[WORDS] SHARED(2 << 20), to[WORDS] SHARED(2 << 20);
static volatile u64 long_ring[PIECES][8] SHARED(4096);
static volatile u64 new_commands[1 << QUEUE_LOG2][2] SHARED(16 << QUEUE_LOG2);
static volatile u64 new_events[1 << QUEUE_LOG2][4] SHARED(32 << QUEUE_LOG2);
// What the first start has written, and where the processor was reset: of memory that outlasts it.
static volatile u64 left[16] SHARED(4096);

#define RA (1ul << 62)
#define CR1_ALL 0xd75	// Inner Shareable, Write-Back: tables and queues
#define RECINVSID (1 << 1)
#define IRQ_CTRL 0x50
#define WRITE_ERROR 3
#define ALL (CMDQEN | EVENTQEN | SMMUEN)

// An IOVA for each address of RAM, by blocks of 2 MiB: AttrIndx 0, AP = read and write at any privilege, AF, nG.
#define IOVA_OF(p) (0x1000000000ul + (u64)(p))

static void map_ram(void)
{
	level1[IOVA_OF(0x40000000ul) >> 30 & 511] = (u64)level2 | 3;
	for (u64 i = 0; i < 32; i++)
		level2[i] = (0x40000000ul + (i << 21)) | 1 << 11 | 1 << 10 | 1 << 6 | 1;
}

static u64 word(u64 i) { return (i + 1) * 0x9e3779b97f4a7c15ul; }

static int start_first(u32 stream)
{
	map_ram();
	context_descriptor[0] = 25 | 1ul << 30 | 1ul << 31 | 1ul << 41 | 1ul << 45 | 1ul << 46 | 1ul << 48;
	context_descriptor[1] = (u64)level1;
	context_descriptor[3] = 0x44;
	stream_table[stream][0] = 1 | 5 << 1 | (u64)context_descriptor;
	write32(SMMU + CR1, CR1_ALL);
	write32(SMMU + CR2, RECINVSID);
	write64(SMMU + STRTAB_BASE, RA | (u64)stream_table);
	write32(SMMU + STRTAB_BASE_CFG, STREAMS_LOG2);
	write64(SMMU + CMDQ_BASE, RA | (u64)commands | QUEUE_LOG2);
	write64(SMMU + EVENTQ_BASE, RA | (u64)events | QUEUE_LOG2);
	write32(SMMU + IRQ_CTRL, 5);
	barrier();
	if (!enable(CMDQEN))
		return 0;
	command(CMD_CFGI_ALL, 31);
	command(CMD_TLBI_NSNH_ALL, 0);
	return sync() && enable(CMDQEN | EVENTQEN) && enable(ALL);
}

// PSCI SYSTEM_RESET2, SYSTEM_WARM_RESET; it does not return.
static void reset_processor(void)
{
	register u64 x0 __asm__("x0") = 0x84000012ul;
	register u64 x1 __asm__("x1") = 0;
	register u64 x2 __asm__("x2") = 0;

	__asm__ volatile("hvc #0" : "+r"(x0) : "r"(x1), "r"(x2) : "memory");
	print("Bail out! SYSTEM_RESET2 came back: ");
	print_hex(x0);
	print("\n");
}

static void first(u32 stream)
{
	print("# the first start\n");
	if (!start_first(stream))
		print("Bail out! the SMMU is not set up\n");
	for (u64 i = 0; i < WORDS; i++)
		from[i] = word(i);
	write64(DMA + 0x010, IOVA_OF(long_ring));
	write32(DMA + 0x018, PIECES);
	write32(DMA + 0x008, 1);
	for (u64 n = 0; n < PIECES; n++) {
		const u64 words[8] = {OP_COPY, 0, IOVA_OF(from) + n * PIECE, IOVA_OF(to) + n * PIECE, PIECE};
		for (int i = 0; i < 8; i++)
			long_ring[n][i] = words[i];
	}
	barrier();
	write32(DMA + 0x01c, PIECES);
	while (!read32(DMA + 0x020))	// CONS
		;
	left[0] = read32(SMMU + CMDQ_PROD);
	left[1] = 1;
	barrier();
	reset_processor();
}

static int all_copied(void)
{
	for (u64 i = 0; i < WORDS; i++)
		if (to[i] != word(i))
			return 0;
	return 1;
}

static int reads_back(void)
{
	return read32(SMMU + CR0) == ALL && read32(SMMU + CR0ACK) == ALL && read32(SMMU + CR1) == CR1_ALL &&
	       read32(SMMU + CR2) == RECINVSID && read32(SMMU + STRTAB_BASE_CFG) == STREAMS_LOG2 &&
	       *(volatile u64 *)(SMMU + STRTAB_BASE) == (RA | (u64)stream_table) &&
	       *(volatile u64 *)(SMMU + CMDQ_BASE) == (RA | (u64)commands | QUEUE_LOG2) &&
	       *(volatile u64 *)(SMMU + EVENTQ_BASE) == (RA | (u64)events | QUEUE_LOG2) &&
	       read32(SMMU + IRQ_CTRL) == 5 && read32(SMMU + IRQ_CTRL + 4) == 5 &&
	       read32(SMMU + CMDQ_PROD) == left[0] && read32(SMMU + CMDQ_CONS) == left[0] &&
	       !read32(SMMU + GERROR) && read32(SMMU + EVENTQ_PROD) == 0;
}

// Translation stays on; the queues stop and begin anew elsewhere, and what the device wrote to is unmapped.
static int take_over(void)
{
	if (!enable(SMMUEN))
		return 0;
	write64(SMMU + CMDQ_BASE, (u64)new_commands | QUEUE_LOG2);
	write32(SMMU + CMDQ_PROD, 0);
	write32(SMMU + CMDQ_CONS, 0);
	write64(SMMU + EVENTQ_BASE, (u64)new_events | QUEUE_LOG2);
	write32(SMMU + EVENTQ_PROD, 0);
	write32(SMMU + EVENTQ_CONS, 0);
	level2[((u64)to - 0x40000000ul) >> 21] = 0;
	new_commands[0][0] = CMD_TLBI_NSNH_ALL;
	new_commands[1][0] = CMD_SYNC;
	barrier();
	if (!enable(ALL))
		return 0;
	write32(SMMU + CMDQ_PROD, 2);
	for (int i = 0; i < 100000; i++)
		if (read32(SMMU + CMDQ_CONS) == 2)
			return 1;
	return 0;
}

void main(void)
{
	u32 stream = read32(DMA + 0x030);	// SID_BASE

	write32(UART + 0x030, 0x101);
	if (!(read32(SMMU + CR0) & SMMUEN)) {
		first(stream);
		return;
	}
	print("KTAP version 1\n1..5\n");
	result(left[1] == 1 && read32(DMA + 0x00c) == 1 && read32(DMA + 0x020) < PIECES,
	       "1 - DMA goes on across the reset of the processor");
	result(reads_back(), "2 - each register of the SMMU reads back as it was written");
	while (read32(DMA + 0x020) != PIECES)
		;
	barrier();
	int ok = 1;
	for (int n = 0; n < PIECES; n++)
		ok &= (u32)long_ring[n][5] == OK && long_ring[n][6] == PIECE;	// DONE
	result(ok && !read32(SMMU + EVENTQ_PROD), "3 - the device was refused nothing");
	result(all_copied(), "4 - no byte is lost");

	ok = take_over();
	const u64 words[8] = {OP_COPY, 0, IOVA_OF(from), IOVA_OF(to), 64};
	for (int i = 0; i < 8; i++)
		long_ring[0][i] = words[i];
	barrier();
	write32(DMA + 0x01c, PIECES + 1);
	for (int i = 0; i < 100000 && read32(DMA + 0x020) != PIECES + 1; i++)
		;
	for (int i = 0; i < 100000 && !read32(SMMU + EVENTQ_PROD); i++)
		;
	barrier();
	result(ok && (u32)long_ring[0][5] == WRITE_ERROR && read32(SMMU + EVENTQ_PROD) == 1 &&
	       new_events[0][0] == ((u64)stream << 32 | F_TRANSLATION) && new_events[0][2] == IOVA_OF(to),
	       "5 - the SMMU is taken over, with queues of one's own");
}
