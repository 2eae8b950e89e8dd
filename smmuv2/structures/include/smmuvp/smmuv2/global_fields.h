// Fields of the registers of Global Register Space 0 (IHI 0062 9.6).
#pragma once

#include "smmuvp/smmuv2/field_values.h"

namespace smmuvp::smmuv2 {

inline constexpr Field sCR0_CLIENTPD{"CLIENTPD", 0, 0, "IHI 0062 9.6.3",
                                     "client transactions bypass the SMMU"};
inline constexpr Field sCR0_GFRE{"GFRE", 1, 1, "IHI 0062 9.6.3", "global faults abort"};
inline constexpr Field sCR0_GFIE{"GFIE", 2, 2, "IHI 0062 9.6.3", "global faults interrupt"};
inline constexpr Field sCR0_EXIDENABLE{"EXIDENABLE", 3, 3, "IHI 0062 9.6.3",
                                       "SMRs have the Extended ID format"};
inline constexpr Field sCR0_GCFGFRE{"GCFGFRE", 4, 4, "IHI 0062 9.6.3", "configuration faults abort"};
inline constexpr Field sCR0_GCFGFIE{"GCFGFIE", 5, 5, "IHI 0062 9.6.3", "configuration faults interrupt"};
inline constexpr Field sCR0_TRANSIENTCFG =
    Field{"TRANSIENTCFG", 7, 6, "IHI 0062 9.6.3", ""}.one_of(transient_values);
inline constexpr Field sCR0_STALLD{"STALLD", 8, 8, "IHI 0062 9.6.3", "contexts do not stall"};
inline constexpr Field sCR0_GSE{"GSE", 9, 9, "IHI 0062 9.6.3", "a stalled context stalls all"};
inline constexpr Field sCR0_USFCFG{"USFCFG", 10, 10, "IHI 0062 9.6.3", "transactions without a match fault"};
inline constexpr Field sCR0_PTM{"PTM", 12, 12, "IHI 0062 9.6.3", "TLBs are managed privately: a hint"};
inline constexpr Field sCR0_FB{"FB", 13, 13, "IHI 0062 9.6.3",
                               "maintenance is broadcast to the Inner Shareable domain"};
inline constexpr Field sCR0_BSU = Field{"BSU", 15, 14, "IHI 0062 9.6.3", ""}.one_of(barrier_values);
inline constexpr Field sCR0_MemAttr =
    Field{"MemAttr", 19, 16, "IHI 0062 9.6.3", "memory attributes of bypasses, with MTCFG"}.as(
        FieldUse::code);
inline constexpr Field sCR0_MTCFG{"MTCFG", 20, 20, "IHI 0062 9.6.3", "MemAttr counts"};
inline constexpr Field sCR0_SMCFCFG{"SMCFCFG", 21, 21, "IHI 0062 9.6.3",
                                    "transactions with several matches fault"};
inline constexpr Field sCR0_SHCFG = Field{"SHCFG", 23, 22, "IHI 0062 9.6.3", ""}.one_of(shareability_values);
inline constexpr Field sCR0_RACFG = Field{"RACFG", 25, 24, "IHI 0062 9.6.3", ""}.one_of(read_allocate_values);
inline constexpr Field sCR0_WACFG =
    Field{"WACFG", 27, 26, "IHI 0062 9.6.3", ""}.one_of(write_allocate_values);
inline constexpr Field CR0_VMIDPNE{"VMIDPNE", 11, 11, "IHI 0062 9.6.3",
                                   "VMIDs are a private namespace: a hint"};
inline constexpr Field CR0_HYPMODE{"HYPMODE", 30, 30, "IHI 0062 9.6.3",
                                   "CBAR bit 10 is E2HC, which is not built"};
inline constexpr Field CR0_VMID16EN{"VMID16EN", 31, 31, "IHI 0062 9.6.3", "VMIDs have 16 bits"};
inline constexpr Field SCR0_NSCFG = Field{"NSCFG", 29, 28, "IHI 0062 9.6.3", ""}.one_of(non_secure_values);
inline constexpr const Field* SCR0_fields[] = {
    &sCR0_CLIENTPD, &sCR0_GFRE,         &sCR0_GFIE,   &sCR0_EXIDENABLE, &sCR0_GCFGFRE,
    &sCR0_GCFGFIE,  &sCR0_TRANSIENTCFG, &sCR0_STALLD, &sCR0_GSE,        &sCR0_USFCFG,
    &sCR0_PTM,      &sCR0_FB,           &sCR0_BSU,    &sCR0_MemAttr,    &sCR0_MTCFG,
    &sCR0_SMCFCFG,  &sCR0_SHCFG,        &sCR0_RACFG,  &sCR0_WACFG,      &SCR0_NSCFG};
inline constexpr StructureInfo SCR0_format{"SMMU_SCR0", "Secure Configuration Register 0", "IHI 0062 9.6.3",
                                           4, SCR0_fields};
inline constexpr const Field* CR0_fields[] = {
    &sCR0_CLIENTPD,     &sCR0_GFRE,   &sCR0_GFIE,    &sCR0_EXIDENABLE, &sCR0_GCFGFRE, &sCR0_GCFGFIE,
    &sCR0_TRANSIENTCFG, &sCR0_STALLD, &sCR0_GSE,     &sCR0_USFCFG,     &CR0_VMIDPNE,  &sCR0_PTM,
    &sCR0_FB,           &sCR0_BSU,    &sCR0_MemAttr, &sCR0_MTCFG,      &sCR0_SMCFCFG, &sCR0_SHCFG,
    &sCR0_RACFG,        &sCR0_WACFG,  &CR0_HYPMODE,  &CR0_VMID16EN};
inline constexpr StructureInfo CR0_format{"SMMU_CR0", "Non-secure Configuration Register 0", "IHI 0062 9.6.3",
                                          4, CR0_fields};

inline constexpr Field SCR1_NSNUMCBO{"NSNUMCBO", 7, 0, "IHI 0062 9.6.24",
                                     "context banks left to Non-secure software"};
inline constexpr Field SCR1_NSNUMSMRGO{"NSNUMSMRGO", 15, 8, "IHI 0062 9.6.24",
                                       "stream mapping register groups left to it"};
inline constexpr Field SCR1_NSNUMIRPTO{"NSNUMIRPTO", 23, 16, "IHI 0062 9.6.24",
                                       "context interrupts left to it"};
inline constexpr Field SCR1_GASRAE{"GASRAE", 24, 24, "IHI 0062 9.6.24",
                                   "the global address space is for Secure accesses alone"};
inline constexpr Field SCR1_GEFRO{"GEFRO", 25, 25, "IHI 0062 9.6.24",
                                  "external faults are recorded as Secure ones; also named GEFFS"};
inline constexpr Field SCR1_SIF{"SIF", 26, 26, "IHI 0062 9.6.24",
                                "Secure instruction fetches from Non-secure memory fault"};
inline constexpr Field SCR1_SPMEN{"SPMEN", 27, 27, "IHI 0062 9.6.24", "monitors count Secure events"};
inline constexpr Field SCR1_NSCAFRO{
    "NSCAFRO", 28, 28, "IHI 0062 9.6.24",
    "Non-secure configuration access faults are recorded as such; also named NSCAFnFS"};
inline constexpr Field SCR1_NSCOMPINDEXDISABLE{"NSCOMPINDEXDISABLE", 29, 29, "IHI 0062 9.6.24",
                                               "compressed indexing is Secure; not built"};
inline constexpr const Field* SCR1_fields[] = {&SCR1_NSNUMCBO, &SCR1_NSNUMSMRGO, &SCR1_NSNUMIRPTO,
                                               &SCR1_GASRAE,   &SCR1_GEFRO,      &SCR1_SIF,
                                               &SCR1_SPMEN,    &SCR1_NSCAFRO,    &SCR1_NSCOMPINDEXDISABLE};
inline constexpr StructureInfo SCR1_format{"SMMU_SCR1", "Secure Configuration Register 1", "IHI 0062 9.6.24",
                                           4, SCR1_fields};

inline constexpr Field sCR2_BPVMID =
    Field{"BPVMID", 7, 0, "IHI 0062 9.6.4", "VMID of bypasses: IMPLEMENTATION DEFINED, not built"}.as(
        FieldUse::implementation_defined);
inline constexpr Field sCR2_EXNSNUMSMRGO{"EXNSNUMSMRGO", 26, 16, "IHI 0062 9.6.4",
                                         "extended groups left to Non-secure software; not built"};
inline constexpr Field sCR2_COMPINDEXENABLE{"COMPINDEXENABLE", 29, 29, "IHI 0062 9.6.4",
                                            "compressed indexing; not built"};
inline constexpr Field sCR2_EXNSSMRGDISABLE{"EXNSSMRGDISABLE", 30, 30, "IHI 0062 9.6.4",
                                            "no extended groups for Non-secure software; not built"};
inline constexpr Field sCR2_EXSMRGENABLE{"EXSMRGENABLE", 31, 31, "IHI 0062 9.6.4",
                                         "extended stream matching; not built"};
inline constexpr const Field* sCR2_fields[] = {&sCR2_BPVMID, &sCR2_EXNSNUMSMRGO, &sCR2_COMPINDEXENABLE,
                                               &sCR2_EXNSSMRGDISABLE, &sCR2_EXSMRGENABLE};
inline constexpr StructureInfo sCR2_format{"SMMU_sCR2", "Configuration Register 2", "IHI 0062 9.6.4", 4,
                                           sCR2_fields};

// MMU-500 (ARM DDI 0517 3.5.1; bits as in public register headers of SoCs that have it)
inline constexpr Field sACR_S1WC2EN{"S1WC2EN", 2, 2, "IHI 0062 9.6.2", "stage 1 walk cache"};
inline constexpr Field sACR_S2WC2EN{"S2WC2EN", 3, 3, "IHI 0062 9.6.2", "stage 2 walk cache"};
inline constexpr Field sACR_IPA2PA_CEN{"IPA2PA_CEN", 4, 4, "IHI 0062 9.6.2", "IPA cache"};
inline constexpr Field sACR_SMTNMB_TLBEN{"SMTNMB_TLBEN", 8, 8, "IHI 0062 9.6.2",
                                         "TLBs hold bypasses of streams without a match"};
inline constexpr Field sACR_MMUDISB_TLBEN{"MMUDISB_TLBEN", 9, 9, "IHI 0062 9.6.2",
                                          "TLBs hold bypasses of disabled contexts"};
inline constexpr Field sACR_S2CRB_TLBEN{"S2CRB_TLBEN", 10, 10, "IHI 0062 9.6.2",
                                        "TLBs hold bypasses of S2CRs"};
inline constexpr Field sACR_PAGESIZE{"PAGESIZE", 16, 16, "IHI 0062 9.6.2",
                                     "pages of the register map are of 64 KiB"};
inline constexpr Field sACR_DP4K_TCUDISB{"DP4K_TCUDISB", 24, 24, "IHI 0062 9.6.2", ""};
inline constexpr Field sACR_DP4K_TBUDISB{"DP4K_TBUDISB", 25, 25, "IHI 0062 9.6.2", ""};
inline constexpr Field sACR_CACHE_LOCK{"CACHE_LOCK", 26, 26, "IHI 0062 9.6.2", "ACTLR ignores writes"};
inline constexpr const Field* sACR_mmu500_fields[] = {
    &sACR_S1WC2EN,     &sACR_S2WC2EN,  &sACR_IPA2PA_CEN,   &sACR_SMTNMB_TLBEN, &sACR_MMUDISB_TLBEN,
    &sACR_S2CRB_TLBEN, &sACR_PAGESIZE, &sACR_DP4K_TCUDISB, &sACR_DP4K_TBUDISB, &sACR_CACHE_LOCK};
inline constexpr StructureInfo sACR_mmu500_format{"SMMU_sACR", "Auxiliary Configuration Register of MMU-500",
                                                  "IHI 0062 9.6.2", 4, sACR_mmu500_fields};

inline constexpr Field IDR0_NUMSMRG{"NUMSMRG", 7, 0, "IHI 0062 9.6.1", "stream mapping register groups"};
inline constexpr Field IDR0_EXIDS{"EXIDS", 8, 8, "IHI 0062 9.6.1", "16-bit StreamIDs"};
inline constexpr Field IDR0_NUMSIDB{"NUMSIDB", 12, 9, "IHI 0062 9.6.1", "StreamID bits"};
inline constexpr Field IDR0_BTM{"BTM", 13, 13, "IHI 0062 9.6.1", "broadcast TLB maintenance"};
inline constexpr Field IDR0_CTTW{"CTTW", 14, 14, "IHI 0062 9.6.1", "coherent table walks"};
inline constexpr Field IDR0_EXSMRGS{"EXSMRGS", 15, 15, "IHI 0062 9.6.1", "extended stream matching"};
inline constexpr Field IDR0_NUMIRPT{"NUMIRPT", 23, 16, "IHI 0062 9.6.1", "context interrupts"};
inline constexpr Field IDR0_PTFS = Field{"PTFS", 25, 24, "IHI 0062 9.6.1", ""}.one_of(PTFS_values);
inline constexpr Field IDR0_ATOSNS{"ATOSNS", 26, 26, "IHI 0062 9.6.1", "no address translation operations"};
inline constexpr Field IDR0_SMS{"SMS", 27, 27, "IHI 0062 9.6.1", "stream matching"};
inline constexpr Field IDR0_NTS{"NTS", 28, 28, "IHI 0062 9.6.1", "stage 1 followed by stage 2"};
inline constexpr Field IDR0_S2TS{"S2TS", 29, 29, "IHI 0062 9.6.1", "stage 2"};
inline constexpr Field IDR0_S1TS{"S1TS", 30, 30, "IHI 0062 9.6.1", "stage 1"};
inline constexpr Field IDR0_SES{"SES", 31, 31, "IHI 0062 9.6.1", "two Security states"};
inline constexpr const Field* IDR0_fields[] = {
    &IDR0_NUMSMRG, &IDR0_EXIDS,  &IDR0_NUMSIDB, &IDR0_BTM, &IDR0_CTTW, &IDR0_EXSMRGS, &IDR0_NUMIRPT,
    &IDR0_PTFS,    &IDR0_ATOSNS, &IDR0_SMS,     &IDR0_NTS, &IDR0_S2TS, &IDR0_S1TS,    &IDR0_SES};
inline constexpr StructureInfo IDR0_format{"SMMU_IDR0", "Identification register 0", "IHI 0062 9.6.1", 4,
                                           IDR0_fields};
inline constexpr Field IDR1_NUMCB{"NUMCB", 7, 0, "IHI 0062 9.6.1", "context banks"};
inline constexpr Field IDR1_NUMSSDNDXB{"NUMSSDNDXB", 11, 8, "IHI 0062 9.6.1", "SSD_Index bits"};
inline constexpr Field IDR1_SSDTP = Field{"SSDTP", 13, 12, "IHI 0062 9.6.1", ""}.one_of(SSDTP_values);
inline constexpr Field IDR1_SMCD{"SMCD", 15, 15, "IHI 0062 9.6.1", "every stream match conflict is detected"};
inline constexpr Field IDR1_NUMS2CB{"NUMS2CB", 23, 16, "IHI 0062 9.6.1", "context banks for stage 2 alone"};
inline constexpr Field IDR1_HAFDBS = Field{"HAFDBS", 25, 24, "IHI 0062 9.6.1", ""}.one_of(HAFDBS_values);
inline constexpr Field IDR1_NUMPAGENDXB{"NUMPAGENDXB", 30, 28, "IHI 0062 9.6.1",
                                        "2^(NUMPAGENDXB + 1) pages in each half of the register map"};
inline constexpr Field IDR1_PAGESIZE{"PAGESIZE", 31, 31, "IHI 0062 9.6.1", "pages of 64 KiB"};
inline constexpr const Field* IDR1_fields[] = {&IDR1_NUMCB,       &IDR1_NUMSSDNDXB, &IDR1_SSDTP,
                                               &IDR1_SMCD,        &IDR1_NUMS2CB,    &IDR1_HAFDBS,
                                               &IDR1_NUMPAGENDXB, &IDR1_PAGESIZE};
inline constexpr StructureInfo IDR1_format{"SMMU_IDR1", "Identification register 1", "IHI 0062 9.6.1", 4,
                                           IDR1_fields};
inline constexpr Field IDR2_IAS = Field{"IAS", 3, 0, "IHI 0062 9.6.1", ""}.one_of(size_values);
inline constexpr Field IDR2_OAS = Field{"OAS", 7, 4, "IHI 0062 9.6.1", ""}.one_of(size_values);
inline constexpr Field IDR2_UBS = Field{"UBS", 11, 8, "IHI 0062 9.6.1", ""}.one_of(bus_size_values);
inline constexpr Field IDR2_PTFSv8_4kB{"PTFSv8_4kB", 12, 12, "IHI 0062 9.6.1", "4 KiB granule"};
inline constexpr Field IDR2_PTFSv8_16kB{"PTFSv8_16kB", 13, 13, "IHI 0062 9.6.1", "16 KiB granule"};
inline constexpr Field IDR2_PTFSv8_64kB{"PTFSv8_64kB", 14, 14, "IHI 0062 9.6.1", "64 KiB granule"};
inline constexpr Field IDR2_VMID16S{"VMID16S", 15, 15, "IHI 0062 9.6.1", "16-bit VMIDs"};
inline constexpr Field IDR2_EXNUMSMRG{"EXNUMSMRG", 26, 16, "IHI 0062 9.6.1", "extended groups"};
inline constexpr Field IDR2_E2HS{"E2HS", 27, 27, "IHI 0062 9.6.1", "E2H contexts"};
inline constexpr Field IDR2_HADS{"HADS", 28, 28, "IHI 0062 9.6.1", "TCR2.HAD0 and HAD1"};
inline constexpr Field IDR2_COMPINDEXS{"COMPINDEXS", 29, 29, "IHI 0062 9.6.1", "compressed indexing"};
inline constexpr Field IDR2_DIPANS{"DIPANS", 30, 30, "IHI 0062 9.6.1",
                                   "Data and Instruction Privileged Access Never"};
inline constexpr const Field* IDR2_fields[] = {
    &IDR2_IAS,     &IDR2_OAS,       &IDR2_UBS,  &IDR2_PTFSv8_4kB, &IDR2_PTFSv8_16kB, &IDR2_PTFSv8_64kB,
    &IDR2_VMID16S, &IDR2_EXNUMSMRG, &IDR2_E2HS, &IDR2_HADS,       &IDR2_COMPINDEXS,  &IDR2_DIPANS};
inline constexpr StructureInfo IDR2_format{"SMMU_IDR2", "Identification register 2", "IHI 0062 9.6.1", 4,
                                           IDR2_fields};
inline constexpr Field IDR7_MINOR{"MINOR", 3, 0, "IHI 0062 9.6.1", "minor revision"};
inline constexpr Field IDR7_MAJOR{"MAJOR", 7, 4, "IHI 0062 9.6.1", "major revision"};
inline constexpr const Field* IDR7_fields[] = {&IDR7_MINOR, &IDR7_MAJOR};
inline constexpr StructureInfo IDR7_format{"SMMU_IDR7", "Identification register 7", "IHI 0062 9.6.1", 4,
                                           IDR7_fields};

inline constexpr Field sGFSR_ICF{"ICF", 0, 0, "IHI 0062 9.6.15", "invalid context fault"};
inline constexpr Field sGFSR_USF{"USF", 1, 1, "IHI 0062 9.6.15", "unidentified stream fault"};
inline constexpr Field sGFSR_SMCF{"SMCF", 2, 2, "IHI 0062 9.6.15", "stream match conflict fault"};
inline constexpr Field sGFSR_UCBF{"UCBF", 3, 3, "IHI 0062 9.6.15", "unimplemented context bank fault"};
inline constexpr Field sGFSR_UCIF{"UCIF", 4, 4, "IHI 0062 9.6.15", "unimplemented context interrupt fault"};
inline constexpr Field sGFSR_CAF{"CAF", 5, 5, "IHI 0062 9.6.15", "configuration access fault"};
inline constexpr Field sGFSR_EF{"EF", 6, 6, "IHI 0062 9.6.15", "external fault"};
inline constexpr Field sGFSR_PF{"PF", 7, 7, "IHI 0062 9.6.15", "permission fault by SCR1.SIF; SGFSR only"};
inline constexpr Field sGFSR_UUT{"UUT", 8, 8, "IHI 0062 9.6.15", "unsupported upstream transaction"};
inline constexpr Field sGFSR_MULTI{"MULTI", 31, 31, "IHI 0062 9.6.15", "a fault while GFSR was not 0"};
inline constexpr const Field* SGFSR_fields[] = {&sGFSR_ICF,  &sGFSR_USF,  &sGFSR_SMCF, &sGFSR_UCBF,
                                                &sGFSR_UCIF, &sGFSR_CAF,  &sGFSR_EF,   &sGFSR_PF,
                                                &sGFSR_UUT,  &sGFSR_MULTI};
inline constexpr StructureInfo SGFSR_format{"SMMU_SGFSR", "Secure Global Fault Status Register",
                                            "IHI 0062 9.6.15", 4, SGFSR_fields};
inline constexpr const Field* GFSR_fields[] = {&sGFSR_ICF, &sGFSR_USF, &sGFSR_SMCF, &sGFSR_UCBF, &sGFSR_UCIF,
                                               &sGFSR_CAF, &sGFSR_EF,  &sGFSR_UUT,  &sGFSR_MULTI};
inline constexpr StructureInfo GFSR_format{"SMMU_GFSR", "Non-secure Global Fault Status Register",
                                           "IHI 0062 9.6.15", 4, GFSR_fields};
inline constexpr Field sGFSYNR0_Nested{"Nested", 0, 0, "IHI 0062 9.6.17",
                                       "in the second context bank; GFSYNR0 only"};
inline constexpr Field sGFSYNR0_WNR{"WNR", 1, 1, "IHI 0062 9.6.17", "a write"};
inline constexpr Field sGFSYNR0_PNU{"PNU", 2, 2, "IHI 0062 9.6.17", "privileged"};
inline constexpr Field sGFSYNR0_IND{"IND", 3, 3, "IHI 0062 9.6.17", "an instruction fetch"};
inline constexpr Field sGFSYNR0_NSSTATE{"NSSTATE", 4, 4, "IHI 0062 9.6.17",
                                        "of a Non-secure device; SGFSYNR0 only"};
inline constexpr Field sGFSYNR0_NSATTR{"NSATTR", 5, 5, "IHI 0062 9.6.17",
                                       "with the Non-secure attribute; SGFSYNR0 only"};
inline constexpr Field sGFSYNR0_ATS{"ATS", 6, 6, "IHI 0062 9.6.17",
                                    "in an address translation operation of a context bank"};
inline constexpr Field sGFSYNR0_IMP =
    Field{"IMPLEMENTATION DEFINED", 15, 8, "IHI 0062 9.6.17", ""}.as(FieldUse::implementation_defined);
inline constexpr const Field* SGFSYNR0_fields[] = {&sGFSYNR0_WNR,     &sGFSYNR0_PNU,    &sGFSYNR0_IND,
                                                   &sGFSYNR0_NSSTATE, &sGFSYNR0_NSATTR, &sGFSYNR0_ATS,
                                                   &sGFSYNR0_IMP};
inline constexpr StructureInfo SGFSYNR0_format{"SMMU_SGFSYNR0", "Secure Global Fault Syndrome Register 0",
                                               "IHI 0062 9.6.17", 4, SGFSYNR0_fields};
inline constexpr const Field* GFSYNR0_fields[] = {&sGFSYNR0_Nested, &sGFSYNR0_WNR, &sGFSYNR0_PNU,
                                                  &sGFSYNR0_IND,    &sGFSYNR0_ATS, &sGFSYNR0_IMP};
inline constexpr StructureInfo GFSYNR0_format{"SMMU_GFSYNR0", "Non-secure Global Fault Syndrome Register 0",
                                              "IHI 0062 9.6.17", 4, GFSYNR0_fields};
inline constexpr Field sGFSYNR1_StreamID =
    Field{"StreamID", 15, 0, "IHI 0062 9.6.18", ""}.as(FieldUse::identifier);
inline constexpr Field sGFSYNR1_SSD_Index =
    Field{"SSD_Index", 31, 16, "IHI 0062 9.6.18", "for Secure software only"}.as(FieldUse::identifier);
inline constexpr const Field* sGFSYNR1_fields[] = {&sGFSYNR1_StreamID, &sGFSYNR1_SSD_Index};
inline constexpr StructureInfo sGFSYNR1_format{"SMMU_sGFSYNR1", "Global Fault Syndrome Register 1",
                                               "IHI 0062 9.6.18", 4, sGFSYNR1_fields};

inline constexpr Field sGATS_NDX{"NDX", 7, 0, "IHI 0062 9.6.5", "context bank of stage 1"};
inline constexpr Field sGATS_Addr =
    Field{"Addr", 63, 12, "IHI 0062 9.6.5", "input address; in SMMUv1 up to bit 31"}.address_from(12);
inline constexpr const Field* sGATS_fields[] = {&sGATS_NDX, &sGATS_Addr};
inline constexpr StructureInfo sGATS_format{"SMMU_sGATS", "Global address translation operations",
                                            "IHI 0062 9.6.5", 8, sGATS_fields};
inline constexpr Field sGATSR_ACTIVE{"ACTIVE", 0, 0, "IHI 0062 9.6.13", "GPAR is yet to be written"};
inline constexpr const Field* sGATSR_fields[] = {&sGATSR_ACTIVE};
inline constexpr StructureInfo sGATSR_format{"SMMU_sGATSR", "Global Address Translation Status Register",
                                             "IHI 0062 9.6.13", 4, sGATSR_fields};
inline constexpr Field sTLBGSTATUS_GSACTIVE{"GSACTIVE", 0, 0, "IHI 0062 9.6.21",
                                            "a global synchronisation is active"};
inline constexpr const Field* sTLBGSTATUS_fields[] = {&sTLBGSTATUS_GSACTIVE};
inline constexpr StructureInfo sTLBGSTATUS_format{"SMMU_sTLBGSTATUS", "Global TLB Status register",
                                                  "IHI 0062 9.6.21", 4, sTLBGSTATUS_fields};

// What global and bank address translation operations answer (PAR: 16.5.14).
inline constexpr Field PAR_F{"F", 0, 0, "IHI 0062 9.6.20", "a fault"};
inline constexpr Field PAR_SS{"SS", 1, 1, "IHI 0062 9.6.20", "a supersection"};
inline constexpr Field PAR_Outer =
    Field{"Outer", 3, 2, "IHI 0062 9.6.20", "outer attributes: 9.6.20 and 16.5.14 differ on codes 1 and 2"}
        .as(FieldUse::code);
inline constexpr Field PAR_Inner = Field{"Inner", 6, 4, "IHI 0062 9.6.20", ""}.one_of(PAR_inner_values);
inline constexpr Field PAR_SH_short{"SH", 7, 7, "IHI 0062 9.6.20", "Shareable"};
inline constexpr Field PAR_IMP =
    Field{"IMP", 8, 8, "IHI 0062 9.6.20", ""}.as(FieldUse::implementation_defined);
inline constexpr Field PAR_NS{"NS", 9, 9, "IHI 0062 9.6.20", "the NS attribute, of a Secure context bank"};
inline constexpr Field PAR_NOS{"NOS", 10, 10, "IHI 0062 9.6.20", "not Outer Shareable"};
inline constexpr Field PAR_PA_short =
    Field{"PA", 31, 12, "IHI 0062 9.6.20", "physical address"}.address_from(12);
inline constexpr Field PAR_SH = Field{"SH", 8, 7, "IHI 0062 9.6.20", ""}.one_of(PAR_shareability_values);
inline constexpr Field PAR_IMP_long =
    Field{"IMP", 10, 10, "IHI 0062 9.6.20", ""}.as(FieldUse::implementation_defined);
inline constexpr Field PAR_one{"1", 11, 11, "IHI 0062 9.6.20", "reads as 1 in SMMUv2"};
inline constexpr Field PAR_PA = Field{"PA", 47, 12, "IHI 0062 9.6.20", "physical address"}.address_from(12);
inline constexpr Field PAR_MATTR =
    Field{"MATTR", 63, 56, "IHI 0062 9.6.20", "as a byte of MAIR"}.as(FieldUse::memory_types);
inline constexpr Field PAR_TF{"TF", 1, 1, "IHI 0062 9.6.20", "translation fault"};
inline constexpr Field PAR_AFF{"AFF", 2, 2, "IHI 0062 9.6.20", "Access flag fault"};
inline constexpr Field PAR_PF{"PF", 3, 3, "IHI 0062 9.6.20", "permission fault"};
inline constexpr Field PAR_EF{"EF", 4, 4, "IHI 0062 9.6.20", "external fault"};
inline constexpr Field PAR_TLBMCF{"TLBMCF", 5, 5, "IHI 0062 9.6.20", "TLB match conflict fault"};
inline constexpr Field PAR_TLBLKF{"TLBLKF", 6, 6, "IHI 0062 9.6.20", "TLB lock fault"};
inline constexpr Field PAR_ASF{"ASF", 7, 7, "IHI 0062 9.6.20", "address size fault"};
inline constexpr Field PAR_Format = Field{"Format", 9, 8, "IHI 0062 9.6.20", ""}.one_of(scheme_values);
inline constexpr Field PAR_ICF{"ICF", 29, 29, "IHI 0062 9.6.20", "invalid context fault"};
inline constexpr Field PAR_UCBF{"UCBF", 30, 30, "IHI 0062 9.6.20",
                                "unimplemented context bank fault; GPAR only"};
inline constexpr Field PAR_ATOT{"ATOT", 31, 31, "IHI 0062 16.5.14", "the operation was terminated; PAR only"};
inline constexpr Field PAR_PLVL{"PLVL", 33, 32, "IHI 0062 9.6.20", "level"};
inline constexpr Field PAR_STAGE{"STAGE", 35, 35, "IHI 0062 9.6.20", "in stage 2"};
inline constexpr const Field* sGPAR_short_fields[] = {
    &PAR_F, &PAR_SS, &PAR_Outer, &PAR_Inner, &PAR_SH_short, &PAR_IMP, &PAR_NS, &PAR_NOS, &PAR_PA_short};
inline constexpr StructureInfo sGPAR_short_format{"SMMU_sGPAR",
                                                  "Global Physical Address Register, short descriptors",
                                                  "IHI 0062 9.6.20", 8, sGPAR_short_fields};
inline constexpr const Field* sGPAR_long_fields[] = {&PAR_F,   &PAR_SH, &PAR_NS,   &PAR_IMP_long,
                                                     &PAR_one, &PAR_PA, &PAR_MATTR};
inline constexpr StructureInfo sGPAR_long_format{
    "SMMU_sGPAR", "Global Physical Address Register, long descriptors and AArch64", "IHI 0062 9.6.20", 8,
    sGPAR_long_fields};
inline constexpr const Field* sGPAR_fault_fields[] = {
    &PAR_F,   &PAR_TF,     &PAR_AFF, &PAR_PF,   &PAR_EF,   &PAR_TLBMCF, &PAR_TLBLKF,
    &PAR_ASF, &PAR_Format, &PAR_ICF, &PAR_UCBF, &PAR_PLVL, &PAR_STAGE};
inline constexpr StructureInfo sGPAR_fault_format{"SMMU_sGPAR", "Global Physical Address Register, fault",
                                                  "IHI 0062 9.6.20", 8, sGPAR_fault_fields};
inline constexpr const Field* PAR_short_fields[] = {
    &PAR_F, &PAR_SS, &PAR_Outer, &PAR_Inner, &PAR_SH_short, &PAR_IMP, &PAR_NS, &PAR_NOS, &PAR_PA_short};
inline constexpr StructureInfo PAR_short_format{
    "SMMU_CBn_PAR", "Physical Address Register, short descriptors", "IHI 0062 16.5.14", 8, PAR_short_fields};
inline constexpr const Field* PAR_long_fields[] = {&PAR_F,   &PAR_SH, &PAR_NS,   &PAR_IMP_long,
                                                   &PAR_one, &PAR_PA, &PAR_MATTR};
inline constexpr StructureInfo PAR_long_format{"SMMU_CBn_PAR",
                                               "Physical Address Register, long descriptors and AArch64",
                                               "IHI 0062 16.5.14", 8, PAR_long_fields};
inline constexpr const Field* PAR_fault_fields[] = {
    &PAR_F,   &PAR_TF,     &PAR_AFF, &PAR_PF,   &PAR_EF,   &PAR_TLBMCF, &PAR_TLBLKF,
    &PAR_ASF, &PAR_Format, &PAR_ICF, &PAR_ATOT, &PAR_PLVL, &PAR_STAGE};
inline constexpr StructureInfo PAR_fault_format{"SMMU_CBn_PAR", "Physical Address Register, fault",
                                                "IHI 0062 16.5.14", 8, PAR_fault_fields};

// Arguments of TLB maintenance in the global address space.
inline constexpr Field TLBIVMID_VMID =
    Field{"VMID", 15, 0, "IHI 0062 9.6.35", "with 8-bit VMIDs bits [7:0]"}.as(FieldUse::identifier);
inline constexpr const Field* TLBIVMID_fields[] = {&TLBIVMID_VMID};
inline constexpr StructureInfo TLBIVMID_format{"SMMU_TLBIVMID", "TLB Invalidate by VMID", "IHI 0062 9.6.35",
                                               4, TLBIVMID_fields};
inline constexpr Field TLBIVAH_Address =
    Field{"Address", 31, 12, "IHI 0062 9.6.32", "virtual address"}.address_from(12);
inline constexpr const Field* TLBIVAH_fields[] = {&TLBIVAH_Address};
inline constexpr StructureInfo TLBIVAH_format{"SMMU_TLBIVAH", "Invalidate Hyp TLB by VA", "IHI 0062 9.6.32",
                                              4, TLBIVAH_fields};
/// # Also TLBIVALH64, STLBIVAM and STLBIVALM.
inline constexpr Field TLBIVAH64_Address =
    Field{"Address", 43, 0, "IHI 0062 9.6.33", "virtual address, extended from bit 55"}.address_from(12);
inline constexpr const Field* TLBIVAH64_fields[] = {&TLBIVAH64_Address};
inline constexpr StructureInfo TLBIVAH64_format{"SMMU_TLBIVAH64", "Invalidate TLB by VA, AArch64",
                                                "IHI 0062 9.6.33", 8, TLBIVAH64_fields};

}  // namespace smmuvp::smmuv2
