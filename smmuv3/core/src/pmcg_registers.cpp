#include "smmuvp/smmuv3/pmcg_registers.h"

#include <array>
#include <iterator>

namespace smmuvp::smmuv3 {

namespace {

constexpr const char* id_clause = "IHI 0070 10.5.2.29";

std::uint32_t cfgr(const PmcgFeatures& p) {
  return (p.SID_FILTER_TYPE ? 1U << 23 : 0U) | (p.CAPTURE ? 1U << 22 : 0U) | (p.MSI ? 1U << 21 : 0U) |
         (p.RELOC_CTRS ? 1U << 20 : 0U) | (p.bits - 1U) << 8 | (p.counters - 1U);
}

// 10.5.2.29: the part, its revisions and its designer as in IIDR.
std::array<std::uint32_t, 8> peripheral_ids(std::uint32_t IIDR) {
  const auto field = [IIDR](unsigned low, unsigned width) { return IIDR >> low & ((1U << width) - 1); };
  const std::uint32_t PIDR0 = field(20, 8);
  const std::uint32_t PIDR1 = field(0, 4) << 4 | field(28, 4);
  const std::uint32_t PIDR2 = field(16, 4) << 4 | 1U << 3 | field(4, 3);
  const std::uint32_t PIDR3 = field(12, 4) << 4;
  const std::uint32_t PIDR4 = field(8, 4);
  return {PIDR4, 0, 0, 0, PIDR0, PIDR1, PIDR2, PIDR3};
}

constexpr const char* pidr_names[] = {"SMMU_PMCG_PIDR4", "SMMU_PMCG_PIDR5", "SMMU_PMCG_PIDR6",
                                      "SMMU_PMCG_PIDR7", "SMMU_PMCG_PIDR0", "SMMU_PMCG_PIDR1",
                                      "SMMU_PMCG_PIDR2", "SMMU_PMCG_PIDR3"};
constexpr const char* cidr_names[] = {"SMMU_PMCG_CIDR0", "SMMU_PMCG_CIDR1", "SMMU_PMCG_CIDR2",
                                      "SMMU_PMCG_CIDR3"};
constexpr std::uint32_t component_ids[] = {0x0d, 0x90, 0x05, 0xb1};

}  // namespace

const char* to_string(PmcgEvent event) {
  constexpr const char* names[] = {"clock cycle",
                                   "transaction or request",
                                   "TLB miss",
                                   "configuration cache miss",
                                   "translation table walk access",
                                   "configuration structure access",
                                   "ATS Translation Request received",
                                   "ATS Translated transaction"};
  const auto number = static_cast<std::size_t>(event);
  return number < std::size(names) ? names[number] : "none of the group";
}

std::vector<RegisterInfo> pmcg_register_table(const Features& f, bool of_tcu) {
  const PmcgFeatures& p = f.pmcg;
  const std::uint8_t width = p.bits > 32 ? 8 : 4;
  const std::uint32_t moved = p.RELOC_CTRS ? pmcg_page1 : 0;
  const std::uint64_t value = low_bits(p.bits);
  const std::uint64_t bitmap = low_bits(p.counters);
  const std::uint32_t filters = p.SID_FILTER_TYPE ? 1 : p.counters;
  const std::uint64_t type = PMCG_EVTYPER_EVENT.in_word() | PMCG_EVTYPER_FILTER_SID_SPAN.in_word() |
                             (p.CAPTURE ? PMCG_EVTYPER_OVFCAP.in_word() : 0);
  const std::uint64_t msi_addr = p.MSI ? low_bits(f.OAS) & ~low_bits(2) : 0;

  using enum smmuvp::Access;
  std::vector<RegisterInfo> t = {
      {SMMU_PMCG_EVCNTRn, "SMMU_PMCG_EVCNTRn", moved, width, RW, 0, value, "IHI 0070 10.5.2.1"},
      {SMMU_PMCG_EVTYPERn, "SMMU_PMCG_EVTYPERn", 0x400, 4, RW, 0, type, "IHI 0070 10.5.2.2"},
      {SMMU_PMCG_SVRn, "SMMU_PMCG_SVRn", moved + 0x600, width, RO, 0, 0, "IHI 0070 10.5.2.3"},
      {SMMU_PMCG_SMRn, "SMMU_PMCG_SMRn", 0xa00, 4, RW, 0, low_bits(f.SIDSIZE), "IHI 0070 10.5.2.4"},
      {SMMU_PMCG_CNTENSET0, "SMMU_PMCG_CNTENSET0", 0xc00, 8, RW, 0, bitmap, "IHI 0070 10.5.2.5"},
      {SMMU_PMCG_CNTENCLR0, "SMMU_PMCG_CNTENCLR0", 0xc20, 8, RW, 0, bitmap, "IHI 0070 10.5.2.6"},
      {SMMU_PMCG_INTENSET0, "SMMU_PMCG_INTENSET0", 0xc40, 8, RW, 0, bitmap, "IHI 0070 10.5.2.7"},
      {SMMU_PMCG_INTENCLR0, "SMMU_PMCG_INTENCLR0", 0xc60, 8, RW, 0, bitmap, "IHI 0070 10.5.2.8"},
      {SMMU_PMCG_OVSCLR0, "SMMU_PMCG_OVSCLR0", moved + 0xc80, 8, RW, 0, bitmap, "IHI 0070 10.5.2.9"},
      {SMMU_PMCG_OVSSET0, "SMMU_PMCG_OVSSET0", moved + 0xcc0, 8, RW, 0, bitmap, "IHI 0070 10.5.2.10"},
      {SMMU_PMCG_CAPR, "SMMU_PMCG_CAPR", moved + 0xd88, 4, WO, 0, 0, "IHI 0070 10.5.2.11"},
      {SMMU_PMCG_SCR, "SMMU_PMCG_SCR", 0xdf8, 4, RO, 0, 0, "IHI 0070 10.5.2.12"},
      {SMMU_PMCG_CFGR, "SMMU_PMCG_CFGR", 0xe00, 4, RO, cfgr(p), 0, "IHI 0070 10.5.2.13"},
      {SMMU_PMCG_CR, "SMMU_PMCG_CR", 0xe04, 4, RW, 0, PMCG_CR_E, "IHI 0070 10.5.2.14"},
      {SMMU_PMCG_IIDR, "SMMU_PMCG_IIDR", 0xe08, 4, RO, f.IIDR, 0, "IHI 0070 10.5.2.15"},
      {SMMU_PMCG_CEID0, "SMMU_PMCG_CEID0", 0xe20, 8, RO, countable_events(f, of_tcu), 0,
       "IHI 0070 10.5.2.16"},
      {SMMU_PMCG_CEID1, "SMMU_PMCG_CEID1", 0xe28, 8, RO, 0, 0, "IHI 0070 10.5.2.17"},
      {SMMU_PMCG_ROOTCR, "SMMU_PMCG_ROOTCR", 0xe48, 4, RO, 0, 0, "IHI 0070 10.5.2.18"},
      {SMMU_PMCG_IRQ_CTRL, "SMMU_PMCG_IRQ_CTRL", 0xe50, 4, RW, 0, PMCG_IRQEN, "IHI 0070 10.5.2.19"},
      {SMMU_PMCG_IRQ_CTRLACK, "SMMU_PMCG_IRQ_CTRLACK", 0xe54, 4, AckMirror, 0, 0, "IHI 0070 10.5.2.20"},
      {SMMU_PMCG_IRQ_CFG0, "SMMU_PMCG_IRQ_CFG0", 0xe58, 8, RW, 0, msi_addr, "IHI 0070 10.5.2.21"},
      {SMMU_PMCG_IRQ_CFG1, "SMMU_PMCG_IRQ_CFG1", 0xe60, 4, RW, 0, p.MSI ? low_bits(32) : 0,
       "IHI 0070 10.5.2.22"},
      {SMMU_PMCG_IRQ_CFG2, "SMMU_PMCG_IRQ_CFG2", 0xe64, 4, RW, 0, p.MSI ? low_bits(6) : 0,
       "IHI 0070 10.5.2.23"},
      {SMMU_PMCG_IRQ_STATUS, "SMMU_PMCG_IRQ_STATUS", 0xe68, 4, RO, 0, 0, "IHI 0070 10.5.2.24"},
      {SMMU_PMCG_GMPAM, "SMMU_PMCG_GMPAM", 0xe6c, 4, RO, 0, 0, "IHI 0070 10.5.2.25"},
      {SMMU_PMCG_AIDR, "SMMU_PMCG_AIDR", 0xe70, 4, RO, id_registers(f).AIDR, 0, "IHI 0070 10.5.2.26"},
      {SMMU_PMCG_MPAMIDR, "SMMU_PMCG_MPAMIDR", 0xe74, 4, RO, 0, 0, "IHI 0070 10.5.2.27"},
      {SMMU_PMCG_S_MPAMIDR, "SMMU_PMCG_S_MPAMIDR", 0xe78, 4, RO, 0, 0, "IHI 0070 10.5.2.28"},
      // Offset and value as in Arm's MMU-700 TRM, 101542_0102_09, 3.6 and 3.13: no authentication interface.
      {SMMU_PMCG_PMAUTHSTATUS, "SMMU_PMCG_PMAUTHSTATUS", 0xfb8, 4, RO, 0, 0, id_clause},
      {SMMU_PMCG_PMDEVARCH, "SMMU_PMCG_PMDEVARCH", 0xfbc, 4, RO, 0x4770'2a56, 0, id_clause},
      {SMMU_PMCG_PMDEVTYPE, "SMMU_PMCG_PMDEVTYPE", 0xfcc, 4, RO, 0x56, 0, id_clause},
  };
  for (RegisterInfo& row : t) {
    if (row.id == SMMU_PMCG_EVCNTRn || row.id == SMMU_PMCG_EVTYPERn || row.id == SMMU_PMCG_SVRn) {
      row.count = p.counters;
    }
    if (row.id == SMMU_PMCG_SMRn) {
      row.count = filters;
      if (p.SID_FILTER_TYPE) row.name = "SMMU_PMCG_SMR0";
    }
    // 10.5.2.21: by the acknowledged value too
    if (row.id == SMMU_PMCG_IRQ_CFG0 || row.id == SMMU_PMCG_IRQ_CFG1 || row.id == SMMU_PMCG_IRQ_CFG2) {
      if (!p.MSI) continue;
      row.guard = SMMU_PMCG_IRQ_CTRLACK;
      row.guard_mask = PMCG_IRQEN;
    }
  }
  const std::array<std::uint32_t, 8> pidrs = peripheral_ids(f.IIDR);
  for (std::uint16_t i = 0; i < 8; ++i) {
    t.push_back({static_cast<std::uint16_t>(SMMU_PMCG_PIDRs + i), pidr_names[i], 0xfd0 + 4U * i, 4, RO,
                 pidrs[i], 0, id_clause});
  }
  for (std::uint16_t i = 0; i < 4; ++i) {
    t.push_back({static_cast<std::uint16_t>(SMMU_PMCG_CIDRn + i), cidr_names[i], 0xff0 + 4U * i, 4, RO,
                 component_ids[i], 0, id_clause});
  }
  return t;
}

}  // namespace smmuvp::smmuv3
