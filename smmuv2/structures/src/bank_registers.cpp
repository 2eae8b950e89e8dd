// Translation context banks (IHI 0062 16.1, 17.2): stage 1 and stage 2 formats as one.
#include "smmuvp/smmuv2/register_fields.h"
#include "table_builder.h"
#include "write_masks.h"

namespace smmuvp::smmuv2 {

namespace {

class BankRegisters {
 public:
  BankRegisters(const Features& features, std::vector<RegisterInfo>& table)
      : m_f(features), m_b(features, table) {}

  void add() {
    m_b.at(m_f.window_bytes() / 2, m_f.NUMCB);  // 8.1.2
    control();
    faults();
    maintenance();
    translation();
    if (m_f.counters() != 0) monitors();
  }

 private:
  void control() {
    RegisterInfo& SCTLR =
        m_b.rw(SMMU_CBn_SCTLR, "SMMU_CBn_SCTLR", 0x0, mask::SCTLR(m_f), "IHI 0062 16.5.29, 17.3.3");
    if (m_f.mmu500_registers) SCTLR.reset = SCTLR_HUPCF.in_word();
    RegisterInfo& ACTLR = m_b.rw(SMMU_CBn_ACTLR, "SMMU_CBn_ACTLR", 0x4, mask::ACTLR(m_f), "IHI 0062 16.5.1");
    ACTLR.reset = mask::ACTLR(m_f);
    m_b.wo(SMMU_CBn_RESUME, "SMMU_CBn_RESUME", 0x8, "IHI 0062 16.5.28", m_f.stalls);
    m_b.rw(SMMU_CBn_TCR2, "SMMU_CBn_TCR2", 0x10, mask::TCR2(m_f), "IHI 0062 16.5.39");
    m_b.rw(SMMU_CBn_TTBR0, "SMMU_CBn_TTBR0", 0x20, mask::TTBR(m_f), "IHI 0062 16.5.40, 17.3.9", 8);
    m_b.rw(SMMU_CBn_TTBR1, "SMMU_CBn_TTBR1", 0x28, m_f.S1TS ? mask::TTBR(m_f) : 0, "IHI 0062 16.5.40", 8);
    m_b.rw(SMMU_CBn_TCR, m_f.version == 1 ? "SMMU_CBn_TTBCR" : "SMMU_CBn_TCR", 0x30, mask::TCR(m_f),
           "IHI 0062 16.5.38, 17.3.8");
    stage1_rw(SMMU_CBn_CONTEXTIDR, "SMMU_CBn_CONTEXTIDR", 0x34, "IHI 0062 16.5.7");
    stage1_rw(SMMU_CBn_PRRR_MAIR0, "SMMU_CBn_PRRR/SMMU_CBn_MAIR0", 0x38, "IHI 0062 16.5.12, 16.5.27");
    stage1_rw(SMMU_CBn_NMRR_MAIR1, "SMMU_CBn_NMRR/SMMU_CBn_MAIR1", 0x3c, "IHI 0062 16.5.12, 16.5.13");
  }

  void stage1_rw(Reg id, const char* name, std::uint32_t offset, const char* clause) {
    m_b.rw(id, name, offset, m_f.S1TS ? 0xffff'ffff : 0, clause);
  }

  void faults() {
    m_b.add(SMMU_CBn_FSR, "SMMU_CBn_FSR", 0x58, 4, Access::W1C, mask::FSR(m_f), "IHI 0062 16.5.9");
    m_b.wo(SMMU_CBn_FSRRESTORE, "SMMU_CBn_FSRRESTORE", 0x5c, "IHI 0062 16.5.10");
    m_b.rw(SMMU_CBn_FAR, "SMMU_CBn_FAR", 0x60, mask::FAR(m_f), "IHI 0062 16.5.8", 8);
    m_b.rw(SMMU_CBn_FSYNR0, "SMMU_CBn_FSYNR0", 0x68, mask::FSYNR0(m_f), "IHI 0062 16.5.11, 17.3.1");
    m_b.rw(SMMU_CBn_FSYNR1, "SMMU_CBn_FSYNR1", 0x6c, 0, "IHI 0062 16.5.11");  // IMPLEMENTATION DEFINED
    // 17.3.2: without both stages it shows FAR.
    const bool shows_FAR = m_f.version != 1 && m_f.S2TS && !m_f.NTS;
    RegisterInfo& IPAFAR = m_b.rw(SMMU_CBn_IPAFAR, "SMMU_CBn_IPAFAR", 0x70, shows_FAR ? 0 : mask::IPAFAR(m_f),
                                  "IHI 0062 17.3.2", 8);
    if (shows_FAR) IPAFAR.alias_of = SMMU_CBn_FAR;
  }

  void maintenance() {
    const bool v2 = m_f.version != 1;
    const bool stage1 = m_f.S1TS;
    m_b.wo(SMMU_CBn_TLBIVA, "SMMU_CBn_TLBIVA", 0x600, "IHI 0062 16.5.32", stage1, 8);
    m_b.wo(SMMU_CBn_TLBIVAA, "SMMU_CBn_TLBIVAA", 0x608, "IHI 0062 16.5.33", stage1, 8);
    m_b.wo(SMMU_CBn_TLBIASID, "SMMU_CBn_TLBIASID", 0x610, "IHI 0062 16.5.31", stage1);
    m_b.wo(SMMU_CBn_TLBIALL, "SMMU_CBn_TLBIALL", 0x618, "IHI 0062 16.5.30", stage1);
    m_b.wo(SMMU_CBn_TLBIVAL, "SMMU_CBn_TLBIVAL", 0x620, "IHI 0062 16.5.35", stage1, 8);
    m_b.wo(SMMU_CBn_TLBIVAAL, "SMMU_CBn_TLBIVAAL", 0x628, "IHI 0062 16.5.34", stage1, 8);
    m_b.wo(SMMU_CBn_TLBIIPAS2, "SMMU_CBn_TLBIIPAS2", 0x630, "IHI 0062 17.3.4", v2 && m_f.S2TS, 8);
    m_b.wo(SMMU_CBn_TLBIIPAS2L, "SMMU_CBn_TLBIIPAS2L", 0x638, "IHI 0062 17.3.5", v2 && m_f.S2TS, 8);
    // SMMUv1 has no synchronisation in stage 2 format banks (17.2).
    m_b.wo(SMMU_CBn_TLBSYNC, "SMMU_CBn_TLBSYNC", 0x7f0, "IHI 0062 16.5.37, 17.3.7", v2 || stage1);
    m_b.ro(SMMU_CBn_TLBSTATUS, "SMMU_CBn_TLBSTATUS", 0x7f4, "IHI 0062 16.5.36, 17.3.6");
  }

  void translation() {
    const bool there = m_f.address_translation_operations();
    const unsigned bytes = m_f.version == 1 ? 4 : 8;
    m_b.rw(SMMU_CBn_PAR, "SMMU_CBn_PAR", 0x50, mask::PAR(m_f), "IHI 0062 16.5.14", 8);
    m_b.wo(SMMU_CBn_ATS1PR, "SMMU_CBn_ATS1PR", 0x800, "IHI 0062 16.5.2", there, bytes);
    m_b.wo(SMMU_CBn_ATS1PW, "SMMU_CBn_ATS1PW", 0x808, "IHI 0062 16.5.3", there, bytes);
    m_b.wo(SMMU_CBn_ATS1UR, "SMMU_CBn_ATS1UR", 0x810, "IHI 0062 16.5.4", there, bytes);
    m_b.wo(SMMU_CBn_ATS1UW, "SMMU_CBn_ATS1UW", 0x818, "IHI 0062 16.5.5", there, bytes);
    m_b.ro(SMMU_CBn_ATSR, "SMMU_CBn_ATSR", 0x8f0, "IHI 0062 16.5.6");
  }

  // Storage is the global registers'; these show what CBAEN reveals (6.7), which the device looks up.
  void monitors() {
    static constexpr const char* PMEVCNTR[15] = {
        "SMMU_CBn_PMEVCNTR0",  "SMMU_CBn_PMEVCNTR1",  "SMMU_CBn_PMEVCNTR2",  "SMMU_CBn_PMEVCNTR3",
        "SMMU_CBn_PMEVCNTR4",  "SMMU_CBn_PMEVCNTR5",  "SMMU_CBn_PMEVCNTR6",  "SMMU_CBn_PMEVCNTR7",
        "SMMU_CBn_PMEVCNTR8",  "SMMU_CBn_PMEVCNTR9",  "SMMU_CBn_PMEVCNTR10", "SMMU_CBn_PMEVCNTR11",
        "SMMU_CBn_PMEVCNTR12", "SMMU_CBn_PMEVCNTR13", "SMMU_CBn_PMEVCNTR14"};
    static constexpr const char* PMEVTYPER[15] = {
        "SMMU_CBn_PMEVTYPER0",  "SMMU_CBn_PMEVTYPER1",  "SMMU_CBn_PMEVTYPER2",  "SMMU_CBn_PMEVTYPER3",
        "SMMU_CBn_PMEVTYPER4",  "SMMU_CBn_PMEVTYPER5",  "SMMU_CBn_PMEVTYPER6",  "SMMU_CBn_PMEVTYPER7",
        "SMMU_CBn_PMEVTYPER8",  "SMMU_CBn_PMEVTYPER9",  "SMMU_CBn_PMEVTYPER10", "SMMU_CBn_PMEVTYPER11",
        "SMMU_CBn_PMEVTYPER12", "SMMU_CBn_PMEVTYPER13", "SMMU_CBn_PMEVTYPER14"};
    constexpr std::uint64_t all = 0xffff'ffff;
    const auto shown = [this](Reg id, const char* name, std::uint32_t offset, const char* clause) {
      m_b.rw(id, name, offset, all, clause);
    };
    for (std::uint32_t m = 0; m < 15; ++m) {
      shown(static_cast<Reg>(SMMU_CBn_PMEVCNTR0 + m), PMEVCNTR[m], 0xe00 + 4 * m, "IHI 0062 16.5.21");
      shown(static_cast<Reg>(SMMU_CBn_PMEVTYPER0 + m), PMEVTYPER[m], 0xe80 + 4 * m, "IHI 0062 16.5.22");
    }
    m_b.ro(SMMU_CBn_PMCFGR, "SMMU_CBn_PMCFGR", 0xf00, "IHI 0062 16.5.17");
    shown(SMMU_CBn_PMCR, "SMMU_CBn_PMCR", 0xf04, "IHI 0062 16.5.20");
    m_b.ro(SMMU_CBn_PMCEID0, "SMMU_CBn_PMCEID0", 0xf20, "IHI 0062 16.5.16");
    m_b.ro(SMMU_CBn_PMCEID1, "SMMU_CBn_PMCEID1", 0xf24, "IHI 0062 16.5.16");
    shown(SMMU_CBn_PMCNTENSET, "SMMU_CBn_PMCNTENSET", 0xf40, "IHI 0062 16.5.19");
    shown(SMMU_CBn_PMCNTENCLR, "SMMU_CBn_PMCNTENCLR", 0xf44, "IHI 0062 16.5.18");
    shown(SMMU_CBn_PMINTENSET, "SMMU_CBn_PMINTENSET", 0xf48, "IHI 0062 16.5.24");
    shown(SMMU_CBn_PMINTENCLR, "SMMU_CBn_PMINTENCLR", 0xf4c, "IHI 0062 16.5.23");
    shown(SMMU_CBn_PMOVSCLR, "SMMU_CBn_PMOVSCLR", 0xf50, "IHI 0062 16.5.25");
    shown(SMMU_CBn_PMOVSSET, "SMMU_CBn_PMOVSSET", 0xf58, "IHI 0062 16.5.26");
    m_b.ro(SMMU_CBn_PMAUTHSTATUS, "SMMU_CBn_PMAUTHSTATUS", 0xfb8, "IHI 0062 16.5.15");
  }

  const Features& m_f;
  TableBuilder m_b;
};

}  // namespace

void add_bank_registers(const Features& features, std::vector<RegisterInfo>& table) {
  if (features.NUMCB != 0) BankRegisters(features, table).add();
}

}  // namespace smmuvp::smmuv2
