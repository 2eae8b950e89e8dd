// SPDX-License-Identifier: MIT
// The processor and a device behind the SMMU use one translation table and one ASID. What the processor changes
// in it and invalidates by TLBI ...IS and DSB, the device sees, if the SMMU takes part (IHI 0070 3.17); if not, it
// goes on with what the SMMU has cached, until a command takes that.

#define main example_main
#include "../../../examples/bare-metal/main.c"
#undef main

#define TEST_VA IOVA_TARGET

static volatile u64 pages[2][512] SHARED(4096);
static volatile u64 device_blocks[512] SHARED(4096);

// 2 MiB and 1 GiB blocks of this program and its devices, privileged (DDI 0487 D5.3): AttrIndx, AF.
#define BLOCK(attribute) (1ul << 10 | (attribute) << 2 | 1)

static void enable_mmu(void)
{
	for (u64 at = 0; at < 1ul << 30; at += 2ul << 20)
		device_blocks[at >> 21] = at | BLOCK(at >> 29 ? 0ul : 1ul);
	level1[0] = (u64)device_blocks | 3;
	level1[1] = 1ul << 30 | BLOCK(0ul);
	// AttrIndx 0 as the CD has it, 1: Device. T0SZ 25, EPD1, IPS 32 bits, 16-bit ASIDs; ASID 1 with TTBR0_EL1.
	__asm__ volatile("msr mair_el1, %0" :: "r"(0x0044ul));
	__asm__ volatile("msr tcr_el1, %0" :: "r"(25ul | 1ul << 23 | 1ul << 36));
	__asm__ volatile("msr ttbr0_el1, %0" :: "r"((u64)level1 | 1ul << 48));
	__asm__ volatile("dsb sy\n\tisb\n\ttlbi vmalle1\n\tdsb sy\n\tisb");
	__asm__ volatile("msr sctlr_el1, %0\n\tisb" :: "r"(0x30d00801ul));
}

#define TLBI(name, operand)								\
	__asm__ volatile("dsb ishst\n\ttlbi " name ", %0\n\tdsb ish\n\tisb" :: "r"(operand) : "memory")
#define VA_AND_ASID(va, asid) ((va) >> 12 | (u64)(asid) << 48)

static volatile u64 *const shared_va = (volatile u64 *)TEST_VA;

// The device writes one doubleword by the table; where it arrives is where the SMMU believes the page to be.
static int device_writes_to(int page, u64 value)
{
	source[0] = value;
	pages[0][0] = pages[1][0] = 0;
	barrier();
	return dma(OP_COPY, IOVA_SOURCE, TEST_VA, 8) == OK && pages[page][0] == value && !pages[!page][0];
}

void main(void)
{
	u32 stream = read32(DMA + 0x030);	// SID_BASE
	int takes_part = read32(SMMU + IDR0) >> 5 & 1;	// IDR0.BTM; start_smmu() writes CR2.PTM = 0

	write32(UART + 0x030, 0x101);	// UARTCR: UARTEN, TXE
	print("KTAP version 1\n1..6\n");
	result(start_smmu(stream), "1 - the SMMU is set up for the device's stream");
	map(TEST_VA, pages[0]);
	enable_mmu();
	start_dma();
	*shared_va = 1;
	result(pages[0][0] == 1 && device_writes_to(0, 2) && *shared_va == 2,
	       "2 - processor and device reach one page by one table");

	map(TEST_VA, pages[1]);
	TLBI("vae1is", VA_AND_ASID(TEST_VA, 2));
	result(device_writes_to(0, 3), "3 - a TLBI of another ASID leaves the device's translation");

	TLBI("vae1is", VA_AND_ASID(TEST_VA, 1));
	*shared_va = 4;
	int ok = pages[1][0] == 4;
	result(ok && device_writes_to(takes_part, 5),
	       takes_part ? "4 - TLBI VAE1IS and DSB make the device see the new page"
			  : "4 - without BTM the device goes on with the old page");

	command(0x12 | 1ul << 48, TEST_VA);	// CMD_TLBI_NH_VA of ASID 1
	result(sync() && device_writes_to(1, 6), "5 - a command makes it see the new page in any case");

	level3[TEST_VA >> 12 & 511] = 0;
	TLBI("vale1is", VA_AND_ASID(TEST_VA, 1));
	u32 status = dma(OP_COPY, IOVA_SOURCE, TEST_VA, 8);
	result(takes_part ? status != OK && read32(SMMU + EVENTQ_PROD) == 1 && (events[0][0] & 255) == F_TRANSLATION
			  : status == OK && !read32(SMMU + EVENTQ_PROD),
	       takes_part ? "6 - TLBI VALE1IS and DSB take the page from the device"
			  : "6 - without BTM the device keeps the page");
}
