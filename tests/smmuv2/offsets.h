// Offsets and bits of SMMUv2 registers, by hand from IHI 0062 (Tables 6-1, 9-1, 10-1, 12-1, 16-1, 17-1), so
// that tests and the model can disagree.
#pragma once

#include <cstdint>

namespace smmuvp::smmuv2::offsets {

constexpr std::uint32_t sCR0 = 0x000, SCR1 = 0x004, sCR2 = 0x008, sACR = 0x010;
constexpr std::uint32_t IDR0 = 0x020, IDR1 = 0x024, IDR2 = 0x028, IDR7 = 0x03c;
constexpr std::uint32_t sGFAR = 0x040, sGFSR = 0x048, sGFSRRESTORE = 0x04c;
constexpr std::uint32_t sGFSYNR0 = 0x050, sGFSYNR1 = 0x054, sGFSYNR2 = 0x058;
constexpr std::uint32_t STLBIALL = 0x060, TLBIVMID = 0x064, TLBIALLNSNH = 0x068, TLBIALLH = 0x06c;
constexpr std::uint32_t sTLBGSYNC = 0x070, sTLBGSTATUS = 0x074, TLBIVAH = 0x078;
constexpr std::uint32_t STLBIVALM = 0x0a0, STLBIVAM = 0x0a8, TLBIVALH64 = 0x0b0, TLBIVMIDS1 = 0x0b8;
constexpr std::uint32_t STLBIALLM = 0x0bc, TLBIVAH64 = 0x0c0;
constexpr std::uint32_t sGATS1UR = 0x100, sGATS1UW = 0x108, sGATS1PR = 0x110, sGATS1PW = 0x118;
constexpr std::uint32_t sGATS12UR = 0x120, sGATS12UW = 0x128, sGATS12PR = 0x130, sGATS12PW = 0x138;
constexpr std::uint32_t sGPAR = 0x180, sGATSR = 0x188, SMR0 = 0x800, S2CR0 = 0xc00;
// Of Global Register Space 1
constexpr std::uint32_t CBAR0 = 0x000, CBFRSYNRA0 = 0x400, CBA2R0 = 0x800;
// Of a bank
constexpr std::uint32_t SCTLR = 0x000, ACTLR = 0x004, RESUME = 0x008, TCR2 = 0x010, TTBR0 = 0x020,
                        TTBR1 = 0x028;
constexpr std::uint32_t TCR = 0x030, CONTEXTIDR = 0x034, MAIR0 = 0x038, MAIR1 = 0x03c, PRRR = 0x038,
                        NMRR = 0x03c;
constexpr std::uint32_t PAR = 0x050, FSR = 0x058, FSRRESTORE = 0x05c, FAR = 0x060, FSYNR0 = 0x068;
constexpr std::uint32_t IPAFAR = 0x070, TLBIVA = 0x600, TLBIVAA = 0x608, TLBIASID = 0x610, TLBIALL = 0x618;
constexpr std::uint32_t TLBIVAL = 0x620, TLBIVAAL = 0x628, TLBIIPAS2 = 0x630, TLBIIPAS2L = 0x638;
constexpr std::uint32_t TLBSYNC = 0x7f0, TLBSTATUS = 0x7f4;
constexpr std::uint32_t ATS1PR = 0x800, ATS1PW = 0x808, ATS1UR = 0x810, ATS1UW = 0x818, ATSR = 0x8f0;

constexpr std::uint32_t CR0_CLIENTPD = 1U << 0, CR0_GFRE = 1U << 1, CR0_GFIE = 1U << 2;
constexpr std::uint32_t CR0_EXIDENABLE = 1U << 3, CR0_GCFGFRE = 1U << 4, CR0_GCFGFIE = 1U << 5;
constexpr std::uint32_t CR0_STALLD = 1U << 8, CR0_GSE = 1U << 9, CR0_USFCFG = 1U << 10;
constexpr std::uint32_t CR0_SMCFCFG = 1U << 21, CR0_VMID16EN = 1U << 31;
constexpr std::uint32_t SMR_VALID = 1U << 31;
constexpr std::uint32_t S2CR_translate = 0U << 16, S2CR_bypass = 1U << 16, S2CR_fault = 2U << 16;
constexpr std::uint32_t SCTLR_M = 1U << 0, SCTLR_TRE = 1U << 1, SCTLR_AFE = 1U << 2, SCTLR_E = 1U << 4;
constexpr std::uint32_t SCTLR_CFRE = 1U << 5, SCTLR_CFIE = 1U << 6, SCTLR_CFCFG = 1U << 7,
                        SCTLR_HUPCF = 1U << 8;
constexpr std::uint32_t CBA2R_VA64 = 1U << 0, CBA2R_MONC = 1U << 1;
/// CBAR of TYPE 0b01 whose attributes change nothing (2.4.2).
constexpr std::uint32_t CBAR_stage1 = 1U << 16 | 0xfU << 12 | 3U << 8;
constexpr std::uint32_t CBAR_HYPC = 1U << 10, CBAR_stage2 = 0, CBAR_nested = 3U << 16;

// ---- performance monitors

// Table 12-1
constexpr std::uint32_t PMEVCNTR0 = 0x000, PMEVTYPER0 = 0x400, PMCGCR0 = 0x800, PMCGSMR0 = 0xa00;
constexpr std::uint32_t PMCNTENSET0 = 0xc00, PMCNTENCLR0 = 0xc20, PMINTENSET0 = 0xc40, PMINTENCLR0 = 0xc60;
constexpr std::uint32_t PMOVSCLR0 = 0xc80, PMOVSSET0 = 0xcc0, PMCFGR = 0xe00, PMCR = 0xe04;
constexpr std::uint32_t PMCEID0 = 0xe20, PMCEID1 = 0xe24, PMAUTHSTATUS = 0xfb8, PMDEVTYPE = 0xfcc;
// Table 16-1, of a bank
constexpr std::uint32_t CB_PMEVCNTR0 = 0xe00, CB_PMEVTYPER0 = 0xe80, CB_PMCFGR = 0xf00, CB_PMCR = 0xf04;
constexpr std::uint32_t CB_PMCEID0 = 0xf20, CB_PMCNTENSET = 0xf40, CB_PMCNTENCLR = 0xf44;
constexpr std::uint32_t CB_PMINTENSET = 0xf48, CB_PMINTENCLR = 0xf4c, CB_PMOVSCLR = 0xf50;
constexpr std::uint32_t CB_PMOVSSET = 0xf58, CB_PMAUTHSTATUS = 0xfb8;

constexpr std::uint32_t PMCR_E = 1U << 0, PMCR_P = 1U << 1;
constexpr std::uint32_t PMCGCR_all = 0U << 8, PMCGCR_stream = 1U << 8, PMCGCR_bank = 2U << 8;
constexpr std::uint32_t PMCGCR_CBAEN = 1U << 10, PMCGCR_E = 1U << 11;
constexpr std::uint32_t type_P = 1U << 31, type_U = 1U << 30, type_NSP = 1U << 29, type_NSU = 1U << 28;

// Table 6-1
constexpr std::uint32_t cycles = 0, cycles_by_64 = 1, tlb_allocated = 8, tlb_allocated_read = 9;
constexpr std::uint32_t tlb_allocated_write = 0xa, accessed = 0x10, accessed_read = 0x11;
constexpr std::uint32_t accessed_write = 0x12;

}  // namespace smmuvp::smmuv2::offsets
