// SPDX-License-Identifier: MIT
//
// Context bank registers as the walker wants them, and the attributes of its fetches: IHI
// 0062 16.5.29, 16.5.38 to 16.5.40, 17.3.3, 17.3.8, 17.3.9.
#include "bits.h"
#include "model.h"

namespace naive_smmuv2 {

namespace {

// 16.5.39, TCR2.PASize; 6 and 7 are 48 bits
unsigned pasize_bits(unsigned PASize) {
  switch (PASize) {
    case 0:
      return 32;
    case 1:
      return 36;
    case 2:
      return 40;
    case 3:
      return 42;
    case 4:
      return 44;
    default:
      return 48;
  }
}

// The same encoding, from a number of bits that it has
unsigned pasize_of(unsigned size) {
  unsigned code = 0;
  while (pasize_bits(code) < size) code++;
  return code;
}

/// Domains do not exist (2.7.2): every one is a client.
constexpr uint32_t ALL_CLIENTS = 0x55555555;

/// Does this address of an AArch32 bank belong to TTBR1? 1.5.1, Table 1-7
bool upper_short(uint32_t TCR, uint64_t address) {
  const unsigned N = TCR & 7;
  return N != 0 && bits(address, 31, 32 - N) != 0;
}
bool upper_long(uint32_t TCR, uint64_t address) {
  const unsigned T0SZ = TCR & 7;
  const unsigned T1SZ = field(TCR, 18, 16);
  if (T0SZ != 0) return bits(address, 31, 32 - T0SZ) != 0;
  return T1SZ != 0 && bits(address, 31, 32 - T1SZ) == ones(T1SZ);
}

}  // namespace

// 16.5.38: reserved or absent sizes. 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB
unsigned Smmu::granule(unsigned TG0) const {
  const Parameters& p = m_parameters;
  const bool there[4] = {p.PTFSv8_4KB, p.PTFSv8_64KB, p.PTFSv8_16KB, false};
  if (there[TG0]) return TG0;
  if (m_choices.granule_instead < 3 && there[m_choices.granule_instead]) return m_choices.granule_instead;
  if (there[0]) return 0;
  return there[2] ? 2 : 1;
}

// 1.6.1, Table 3-3, M = 1
unsigned Smmu::stage1_output_bits(const Banks& banks) const {
  const unsigned ias = m_parameters.ias_bits();
  const unsigned effective = banks.second.has_value() ? ias : minimum(ias, m_parameters.oas_bits());
  if (VA64(banks.first)) return minimum(effective, pasize_bits(field(m_banks[banks.first].TCR2, 2, 0)));
  return minimum(effective, 40);
}

// Table 3-4, M = 1
unsigned Smmu::stage2_output_bits(unsigned n) const {
  const unsigned oas = m_parameters.oas_bits();
  if (VA64(n)) return minimum(oas, pasize_bits(field(m_banks[n].TCR, 18, 16)));
  return minimum(oas, 40);
}

void Smmu::configure_stage1(const Question& question, uint64_t address,
                            naive::Configuration& configuration) const {
  const unsigned n = question.banks.first;
  const Bank& bank = m_banks[n];
  const bool secure = question.secure;
  const naive::Space space = secure ? naive::Space::secure : naive::Space::non_secure;
  const uint32_t SCTLR = bank.SCTLR;
  const unsigned output_bits = stage1_output_bits(question.banks);

  if (VA64(n)) {
    const uint32_t TCR = bank.TCR;
    const uint32_t TCR2 = bank.TCR2 & tcr2_mask();
    naive::Stage1_64 stage;
    if (MONC(n)) {
      stage.regime = naive::Regime::el3;
    } else if (HYPC(n)) {
      stage.regime = naive::Regime::el2;
    }
    stage.space = space;
    stage.NSCFG0 = bit(TCR2, 14);
    stage.NSCFG1 = bit(TCR2, 30);
    stage.T0SZ = field(TCR, 5, 0);
    stage.T1SZ = field(TCR, 21, 16);
    stage.TG0 = granule(field(TCR, 15, 14));
    static constexpr unsigned of_TG1[4] = {3, 2, 0, 1};  // 01 = 16 KiB, 10 = 4 KiB, 11 = 64 KiB, 00 reserved
    static constexpr unsigned to_TG1[3] = {2, 3, 1};
    stage.TG1 = to_TG1[granule(of_TG1[field(TCR, 31, 30)])];
    stage.EPD0 = bit(TCR, 7);
    stage.EPD1 = bit(TCR, 23);
    const bool TBI = question.operation || m_choices.TBI_for_transactions;
    stage.TBI0 = TBI && bit(TCR2, 5);
    stage.TBI1 = TBI && bit(TCR2, 6);
    stage.HPD0 = bit(TCR2, 8);
    stage.HPD1 = bit(TCR2, 9);
    stage.IPS = pasize_of(output_bits);
    stage.TTBR0 = bank.TTBR0;
    stage.TTBR1 = bank.TTBR1;
    stage.MAIR = (uint64_t{bank.MAIR1} << 32) | bank.MAIR0;
    stage.WXN = bit(SCTLR, 9);
    stage.HA = bit(TCR2, 10);
    stage.HD = bit(TCR2, 11) && m_parameters.HAFDBS == 3;
    stage.AFFD = bit(SCTLR, 3);
    stage.EE = bit(SCTLR, 4);
    stage.DIPAN = question.DIPAN;
    configuration.stage1 = stage;
    return;
  }

  const uint32_t TCR = bank.TCR;
  if (EAE(n)) {
    naive::Stage1_LD stage;
    if (HYPC(n)) stage.regime = naive::Regime::el2;
    stage.space = space;
    stage.NSCFG0 = bit(TCR, 14);
    stage.NSCFG1 = bit(TCR, 30);
    stage.T0SZ = field(TCR, 2, 0);
    stage.T1SZ = field(TCR, 18, 16);
    stage.EPD0 = bit(TCR, 7);
    stage.EPD1 = bit(TCR, 23);
    const uint64_t mask =
        m_choices.aarch32_stage1_TTBR_47_40_counts ? ~uint64_t{0} : ~keep(~uint64_t{0}, 47, 40);
    stage.TTBR0 = bank.TTBR0 & mask;
    stage.TTBR1 = bank.TTBR1 & mask;
    stage.MAIR0 = bank.MAIR0;
    stage.MAIR1 = bank.MAIR1;
    stage.WXN = bit(SCTLR, 9);
    stage.UWXN = bit(SCTLR, 10);
    stage.AFFD = bit(SCTLR, 3);
    stage.EE = bit(SCTLR, 4);
    stage.DIPAN = question.DIPAN;
    stage.output_bits = output_bits;
    configuration.stage1 = stage;
    return;
  }
  naive::Stage1_SD stage;
  // 7.3.3: what is reached from a Non-secure table is Non-secure
  const bool NSCFG = bit(TCR, upper_short(TCR, address) ? 30 : 14);
  stage.space = secure && !NSCFG ? naive::Space::secure : naive::Space::non_secure;
  stage.N = field(TCR, 2, 0);
  stage.PD0 = bit(TCR, 4);
  stage.PD1 = bit(TCR, 5);
  stage.TTBR0 = static_cast<uint32_t>(bank.TTBR0);
  stage.TTBR1 = static_cast<uint32_t>(bank.TTBR1);
  stage.DACR = ALL_CLIENTS;
  stage.AFE = bit(SCTLR, 2);
  stage.TRE = bit(SCTLR, 1);
  stage.AFFD = bit(SCTLR, 3);
  stage.PRRR = bank.MAIR0;
  stage.NMRR = bank.MAIR1;
  stage.WXN = bit(SCTLR, 9);
  stage.UWXN = bit(SCTLR, 10);
  stage.EE = bit(SCTLR, 4);
  stage.DIPAN = question.DIPAN;
  stage.output_bits = output_bits;
  configuration.stage1 = stage;
}

void Smmu::configure_stage2(unsigned n, naive::Configuration& configuration) const {
  const Bank& bank = m_banks[n];
  const uint32_t SCTLR = bank.SCTLR;
  const uint32_t TCR = bank.TCR;
  const bool PTW = m_parameters.NTS && bit(SCTLR, 13);
  if (VA64(n)) {
    naive::Stage2_64 stage;
    stage.T0SZ = field(TCR, 5, 0);
    stage.TG0 = granule(field(TCR, 15, 14));
    stage.SL0 = field(TCR, 7, 6);
    stage.PS = pasize_of(stage2_output_bits(n));
    stage.VTTBR = bank.TTBR0;
    stage.HA = bit(TCR, 21) && m_parameters.HAFDBS != 0;
    stage.HD = bit(TCR, 22) && m_parameters.HAFDBS == 3;
    stage.AFFD = bit(SCTLR, 3);
    stage.PTW = PTW;
    stage.EE = bit(SCTLR, 4);
    stage.XNX = false;
    configuration.stage2 = stage;
    return;
  }
  naive::Stage2_LD stage;
  const unsigned T0SZ = field(TCR, 3, 0);
  stage.T0SZ = T0SZ >= 8 ? int(T0SZ) - 16 : int(T0SZ);
  stage.SL0 = field(TCR, 7, 6);
  stage.VTTBR = m_choices.aarch32_stage2_TTBR_47_40_counts ? bank.TTBR0 : truncate(bank.TTBR0, 40);
  stage.AFFD = bit(SCTLR, 3);
  stage.PTW = PTW;
  stage.EE = bit(SCTLR, 4);
  stage.output_bits = stage2_output_bits(n);
  configuration.stage2 = stage;
}

// ---- attributes of fetches

namespace {

// Table 16-7
Half cached(unsigned RGN) {
  Half half;
  half.type = MemoryType::non_cacheable;
  if (RGN == 0) return half;
  half.type = RGN == 2 ? MemoryType::write_through : MemoryType::write_back;
  half.read_allocate = true;
  half.write_allocate = RGN == 1;
  return half;
}

/// SH, ORGN and IRGN of one table base register in the long and AArch64 formats: 6 bits from `low` on
Attributes walk_attributes(uint32_t TCR, unsigned low) {
  Attributes attributes;
  attributes.inner = cached(field(TCR, low + 1, low));
  attributes.outer = cached(field(TCR, low + 3, low + 2));
  const unsigned SH = field(TCR, low + 5, low + 4);
  attributes.shareability = SH == 1 ? Shareability::non_shareable : Shareability{SH};  // 01: UNPREDICTABLE
  normalise(attributes);
  return attributes;
}

// 16.5.40: TTBR of the short format
Attributes walk_attributes_short(uint32_t TTBR) {
  Attributes attributes;
  attributes.inner = cached((unsigned(bit(TTBR, 0)) << 1) | unsigned(bit(TTBR, 6)));
  attributes.outer = cached(field(TTBR, 4, 3));
  if (bit(TTBR, 1)) {
    attributes.shareability = bit(TTBR, 5) ? Shareability::inner_shareable : Shareability::outer_shareable;
  }
  normalise(attributes);
  return attributes;
}

}  // namespace

// 1.5.2: what stage 2 says of stage 1's output, it says of its fetches
void Smmu::list_fetches(const Question& question, uint64_t address, const naive::Answer& answer,
                        Lookup& lookup) const {
  const Banks& banks = question.banks;
  const unsigned n = banks.first;
  const Bank& bank = m_banks[n];
  Attributes of_stage1, of_stage2;
  if (!stage2_format(n)) {
    if (VA64(n)) {
      const bool upper = !HYPC(n) && !MONC(n) && bit(address, 55);
      of_stage1 = walk_attributes(bank.TCR, upper ? 24 : 8);
    } else if (EAE(n)) {
      of_stage1 = walk_attributes(bank.TCR, !HYPC(n) && upper_long(bank.TCR, address) ? 24 : 8);
    } else {
      of_stage1 = walk_attributes_short(
          static_cast<uint32_t>(upper_short(bank.TCR, address) ? bank.TTBR1 : bank.TTBR0));
    }
  }
  const unsigned second = banks.second.value_or(n);
  of_stage2 = walk_attributes(m_banks[second].TCR, 8);

  std::optional<uint64_t> stage2_descriptor;
  for (const naive::DescriptorRead& read : answer.reads) {
    Fetch fetch;
    fetch.address = read.address;
    fetch.NS = read.space == naive::Space::non_secure;
    fetch.stage = read.stage;
    fetch.level = read.level;
    Attributes attributes = of_stage2;
    if (read.stage == 1) {
      attributes = combine(of_stage1, second_attributes(question, stage2_descriptor));
    } else {
      stage2_descriptor = read.value;
    }
    fetch.attributes = mair_of(attributes);
    fetch.shareability = attributes.shareability;
    lookup.fetches.push_back(fetch);
  }
}

}  // namespace naive_smmuv2
