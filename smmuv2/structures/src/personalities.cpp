// What real SMMUs read as.
#include "smmuvp/smmuv2/id_fields.h"

namespace smmuvp::smmuv2 {

namespace {

// MMU-500's identification (ARM DDI 0517 3.9): part 0x481 of Arm, r2.
constexpr std::uint64_t PIDR_mmu500_r2 = 0x00000004'001bb481;

IdRegisters words(std::uint32_t IDR0, std::uint32_t IDR1, std::uint32_t IDR2, std::uint32_t IDR7,
                  std::uint64_t PIDR = 0) {
  IdRegisters id;
  id.IDR0 = IDR0;
  id.IDR1 = IDR1;
  id.IDR2 = IDR2;
  id.IDR7 = IDR7;
  for (unsigned i = 0; i < 8; ++i) id.PIDR[i] = static_cast<std::uint8_t>(PIDR >> (8 * i));
  return id;
}

// Zynq UltraScale+'s register reference: SCR0 and SCR1 with what is read-only in them, and what the
// specification leaves open. sCR0.SMCFCFG, GSE, STALLD, GCFGFIE and GCFGFRE are read-only.
void mmu500(Features& f) {
  f.mmu500_registers = true;
  f.CAF = false;
  f.GSE = f.STALLD = false;
  f.SMCFCFG = FixedBit::one;
  f.SCR1_GEFRO = FixedBit::programmable_one;
  f.SCR1_NSCAFRO = FixedBit::zero;
}

void mmu400(Features& f) {
  f.version = 1;
  f.UBS = f.IAS;  // reserved in IDR2
  f.CBFIXED = true;
  f.NSNUMCBO_fixed = true;
}

void mmu401(Features& f) {
  mmu400(f);
  f.aarch64_in_v1 = f.PTFSv8_64kB = true;  // no ID bit says so
}

void nothing(Features&) {}

}  // namespace

const std::vector<Personality>& personalities() {
  static const std::vector<Personality> all = {
      {"generic-smmuv2", "everything of IHI 0062 that is built, in a map of 256 KiB",
       "sizes: 32 context banks, 64 stream mapping register groups", "arm,smmu-v2", false,
       id_registers(Features{}), nothing},
      {"arm-mmu-500",
       "ARM DDI 0517 (r2p1), with the largest sizes that it may be configured to; granules and address sizes "
       "as "
       "in Intel's Stratix 10",
       "NUMCB and NUMSMRG: an integrator's choice, the most here", "arm,mmu-500", true,
       words(0xfc013e80, 0x60001f80, 0x00005555, 0x21, PIDR_mmu500_r2), mmu500},
      {"intel-stratix10",
       "reset values of the SMMU of Intel's Stratix 10 (HPS register map), an MMU-500 r2p1",
       "PIDR: as in Zynq UltraScale+", "arm,mmu-500", true,
       words(0xfc013e40, 0x40001f20, 0x00005555, 0x21, PIDR_mmu500_r2), mmu500},
      {"intel-agilex7",
       "fields of SIDR0 and SIDR2 of the SMMU of Intel's Agilex 7 (HPS register map), an MMU-500",
       "IDR1, IDR7 and PIDR: as in Stratix 10", "arm,mmu-500", true,
       words(0xfc013e40, 0x40001f20, 0x00005555, 0x21, PIDR_mmu500_r2), mmu500},
      {"xilinx-zynqmp",
       "reset values of the SMMU of Xilinx's Zynq UltraScale+ (register reference UG1087), an MMU-500 r2p1",
       "", "arm,mmu-500", true, words(0xfc013e30, 0x30000f10, 0x00005555, 0x21, PIDR_mmu500_r2), mmu500},
      // Stage 2 alone, 32 groups, 4 banks; 16 pages of 4 KiB; IPAs and PAs of 40 bits
      {"arm-mmu-401",
       "what Linux tells of the SMMU of PCI Express in Arm's Juno (2b500000.iommu), an MMU-401, in boot logs",
       "NUMSIDB, NUMIRPT, SMCD, PTFS, SES, no SSD table", "arm,mmu-401", true,
       words(1U << 29 | 1U << 27 | 1U << 24 | 1U << 16 | 1U << 14 | 15U << 9 | 32U, 2U << 28 | 4U << 16 | 4U,
             0x22, 0),
       mmu401},
      {"arm-mmu-400", "that MMU-400 is SMMUv1 with stage 2 alone, in Linux's drivers and bindings",
       "all sizes: as MMU-401 in Arm's Juno; NUMSIDB, NUMIRPT, SMCD, PTFS, CTTW, SES", "arm,mmu-400", true,
       words(1U << 29 | 1U << 27 | 1U << 24 | 1U << 16 | 1U << 14 | 15U << 9 | 32U, 2U << 28 | 4U << 16 | 4U,
             0x22, 0),
       mmu400},
      // Stage 1 alone, all formats; 5 groups, 5 banks; 16 pages of 4 KiB; VAs of 48 bits, PAs of 36
      {"qcom-adreno-smmu",
       "what Linux tells of the SMMU of the GPU in Qualcomm's SM6350 (3d40000.iommu), in a boot log, as its "
       "hypervisor shows it",
       "NUMSIDB, NUMIRPT, SMCD, HADS, VMID16S, IDR7, SES", "qcom,adreno-smmu", true,
       words(1U << 30 | 1U << 27 | 1U << 16 | 1U << 14 | 15U << 9 | 5U, 2U << 28 | 5U, 0x7511, 0), nothing},
  };
  return all;
}

const Personality* find_personality(const std::string& name) {
  for (const Personality& p : personalities()) {
    if (name == p.name) return &p;
  }
  return nullptr;
}

}  // namespace smmuvp::smmuv2
