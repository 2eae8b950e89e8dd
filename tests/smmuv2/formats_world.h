// Banks of the AArch32 formats and pairs of banks, and what faults leave in registers, for tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "world.h"

namespace smmuvp::smmuv2 {

/// Bits of SMMU_CBn_FSR, by hand (16.5.9).
namespace fsr_bit {
constexpr std::uint32_t TF = 1U << 1, AFF = 1U << 2, PF = 1U << 3, EF = 1U << 4, ASF = 1U << 7, UUT = 1U << 8;
constexpr std::uint32_t Format_short = 0U << 9, Format_long = 1U << 9, Format_64 = 2U << 9, Format = 3U << 9;
constexpr std::uint32_t SS = 1U << 30, MULTI = 1U << 31;
}  // namespace fsr_bit

/// Bits of SMMU_CBn_FSYNR0, by hand (16.5.11, 17.3.1).
namespace fsynr_bit {
constexpr std::uint32_t NESTED = 1U << 2, S1PTWF = 1U << 3, WNR = 1U << 4, PNU = 1U << 5, IND = 1U << 6;
constexpr std::uint32_t NSATTR = 1U << 8, ATOF = 1U << 9, PTWF = 1U << 10;
}  // namespace fsynr_bit

/// Bits of SMMU_sGFSR and SMMU_sGFSYNR0, by hand (9.6.15, 9.6.17).
namespace gfsr_bit {
constexpr std::uint32_t ICF = 1U << 0, USF = 1U << 1, SMCF = 1U << 2, UCBF = 1U << 3, UCIF = 1U << 4;
constexpr std::uint32_t CAF = 1U << 5, EF = 1U << 6, PF = 1U << 7, UUT = 1U << 8, MULTI = 1U << 31;
constexpr std::uint32_t Nested = 1U << 0, WNR = 1U << 1, PNU = 1U << 2, IND = 1U << 3, NSSTATE = 1U << 4,
                        NSATTR = 1U << 5;
}  // namespace gfsr_bit

class FormatsWorld : public World {
 public:
  using World::World;

  // ---- configurations

  /// AArch32 Short-descriptor. PRRR: {TEX[0], C, B} 0 is Strongly-ordered, 1 Device, others Normal; NMRR: 2
  /// Non-cacheable, 3 Write-Back Write-Allocate, 4 Write-Through, 5 and 7 Write-Back no Write-Allocate.
  static pgtable::Config config_short(std::uint8_t N = 0, bool TRE = true, bool AFE = true) {
    pgtable::Config c;
    c.stage1.format = pgtable::Format::v7s;
    c.stage1.output_size = 40;
    c.stage1.v7s.N = N;
    c.stage1.v7s.DACR = 0x5555'5555;
    c.stage1.v7s.TRE = TRE;
    c.stage1.v7s.AFE = AFE;
    c.stage1.v7s.PRRR = 0xff00'0000U | 1U << 19 | 0xaaa4U;
    c.stage1.v7s.NMRR = 0xce40'ce40U;
    c.stage1.tables[0].EPD = false;
    c.stage1.tables[1].EPD = N == 0;
    return c;
  }
  /// AArch32 Long-descriptor.
  static pgtable::Config config_long(std::uint8_t T0SZ = 0, std::uint8_t T1SZ = 0) {
    pgtable::Config c;
    c.stage1.format = pgtable::Format::lpae32;
    c.stage1.output_size = 40;
    c.stage1.MAIR = 0xff440400'00000000ULL | 0x00ff;
    c.stage1.tables[0].EPD = false;
    c.stage1.tables[0].TxSZ = T0SZ;
    c.stage1.tables[1].EPD = T0SZ == 0 && T1SZ == 0;
    c.stage1.tables[1].TxSZ = T1SZ;
    return c;
  }
  static pgtable::Config config_stage2_32(std::int8_t T0SZ = -8, std::int8_t start_level = 1) {
    pgtable::Config c;
    c.stages = pgtable::Stages::stage2;
    c.stage2.format = pgtable::Format::lpae32;
    c.stage2.T0SZ = T0SZ;
    c.stage2.start_level = start_level;
    c.stage2.output_size = 40;
    return c;
  }

  // ---- banks

  void bank_short(unsigned bank, const pgtable::Config& c, std::uint8_t asid = 1, std::uint8_t vmid = 0,
                  std::uint32_t SCTLR_bits = 0, std::uint32_t CBAR = offsets::CBAR_stage1) {
    using namespace offsets;
    const auto& s1 = c.stage1;
    attributes32(bank, CBAR | vmid);
    write_cb(bank, TCR,
             s1.v7s.N | std::uint32_t{s1.tables[0].EPD} << 4 | std::uint32_t{s1.tables[1].EPD} << 5);
    // Inner and outer Write-Back Write-Allocate, Inner Shareable
    write_cb(bank, TTBR0, s1.tables[0].base | 0x6a, 8);
    write_cb(bank, TTBR1, s1.tables[1].base | 0x6a, 8);
    write_cb(bank, CONTEXTIDR, 0xabcd'ef00U | asid);
    write_cb(bank, PRRR, s1.v7s.PRRR);
    write_cb(bank, NMRR, s1.v7s.NMRR);
    switch_on(bank, std::uint32_t{s1.v7s.TRE} << 1 | std::uint32_t{s1.v7s.AFE} << 2 |
                        std::uint32_t{s1.big_endian} << 4 | SCTLR_bits);
  }
  void bank_long(unsigned bank, const pgtable::Config& c, std::uint8_t asid = 1, std::uint8_t vmid = 0,
                 std::uint32_t SCTLR_bits = 0, std::uint32_t CBAR = offsets::CBAR_stage1) {
    using namespace offsets;
    const auto& t = c.stage1.tables;
    attributes32(bank, CBAR | vmid);
    write_cb(bank, TCR,
             1U << 31 | t[0].TxSZ | std::uint32_t{t[0].EPD} << 7 | 1U << 8 | 1U << 10 | 3U << 12 |
                 std::uint32_t{t[1].TxSZ} << 16 | std::uint32_t{t[1].EPD} << 23 | 1U << 24 | 1U << 26 |
                 3U << 28);
    write_cb(bank, TTBR0, t[0].base | std::uint64_t{asid} << 48, 8);
    write_cb(bank, TTBR1, t[1].base, 8);
    write_cb(bank, MAIR0, static_cast<std::uint32_t>(c.stage1.MAIR));
    write_cb(bank, MAIR1, static_cast<std::uint32_t>(c.stage1.MAIR >> 32));
    switch_on(bank, std::uint32_t{c.stage1.big_endian} << 4 | SCTLR_bits);
  }
  void bank_stage2_32(unsigned bank, const pgtable::Config& c, std::uint8_t vmid = 0,
                      std::uint32_t SCTLR_bits = 0) {
    using namespace offsets;
    attributes32(bank, CBAR_stage2 | vmid);
    write_cb(bank, TCR,
             (static_cast<std::uint32_t>(c.stage2.T0SZ) & 0xfU) |
                 static_cast<std::uint32_t>(2 - c.stage2.start_level) << 6 | 1U << 8 | 1U << 10 | 3U << 12);
    write_cb(bank, TTBR0, c.stage2.base, 8);
    switch_on(bank, std::uint32_t{c.stage2.big_endian} << 4 | SCTLR_bits);
  }
  /// Stage 1 in one bank, stage 2 of `second` in another: stage 2 maps the tables onto themselves.
  pgtable::Builder& nested64(unsigned first, unsigned second, pgtable::Builder*& stage2,
                             std::uint32_t SCTLR1 = 0, std::uint32_t SCTLR2 = 0) {
    stage2 = &builder(config_stage2());
    EXPECT_TRUE(stage2->map(World::tables, World::tables, 0x20'0000));
    pgtable::Builder& stage1 = builder(config64());
    bank_stage2(second, stage2->config(), 7, SCTLR2);
    bank64(first, stage1.config(), 1, 7, SCTLR1, offsets::CBAR_nested | second << 8);
    return stage1;
  }
  /// All bits of a bank's register but those of `clear`, and `set`.
  void change_cb(unsigned bank, std::uint32_t offset, std::uint32_t clear, std::uint32_t set) {
    write_cb(bank, offset, (read_cb(bank, offset) & ~std::uint64_t{clear}) | set);
  }

  // ---- what is told

  /// SMMU_CBn_FSR without Format.
  std::uint32_t FSR_of(unsigned bank) {
    return static_cast<std::uint32_t>(read_cb(bank, offsets::FSR)) & ~fsr_bit::Format;
  }
  /// The words of one fault, all bits of them.
  void expect_fault(unsigned bank, std::uint32_t FSR, std::uint64_t FAR, std::uint32_t FSYNR0,
                    std::uint32_t CBFRSYNRA, std::optional<std::uint64_t> IPAFAR = {}) {
    EXPECT_EQ(read_cb(bank, offsets::FSR), FSR);
    EXPECT_EQ(read_cb(bank, offsets::FAR, 8), FAR);
    EXPECT_EQ(read_cb(bank, offsets::FSYNR0), FSYNR0);
    EXPECT_EQ(read(gr1(offsets::CBFRSYNRA0 + 4 * bank), 4, secure_of(bank)), CBFRSYNRA);
    if (IPAFAR) {
      EXPECT_EQ(read_cb(bank, offsets::IPAFAR, 8), *IPAFAR);
    }
  }
  void expect_no_fault(unsigned bank) { EXPECT_EQ(FSR_of(bank), 0U); }
  void expect_global(std::uint32_t GFSR, std::uint64_t GFAR, std::uint32_t GFSYNR0, std::uint32_t GFSYNR1,
                     bool secure = false) {
    using namespace offsets;
    EXPECT_EQ(read(sGFSR, 4, secure), GFSR);
    EXPECT_EQ(read(sGFAR, 8, secure), GFAR);
    EXPECT_EQ(read(sGFSYNR0, 4, secure), GFSYNR0);
    EXPECT_EQ(read(sGFSYNR1, 4, secure), GFSYNR1);
  }

  /// What goes downstream, or the bit of the fault: for messages.
  std::uint64_t output_of(std::uint32_t sid, std::uint64_t address,
                          smmu::AccessKind kind = smmu::AccessKind::read) {
    const smmu::AccessAnswer a = access(sid, address, kind);
    EXPECT_EQ(a.outcome, smmu::Outcome::forward)
        << std::hex << address << ": " << (fault ? std::string(fsr_name(fault->bit)) : "no fault");
    return a.output;
  }
  void clear(unsigned bank) { write_cb(bank, offsets::FSR, ~0U); }

 private:
  void attributes32(unsigned bank, std::uint32_t CBAR) {
    using namespace offsets;
    write(gr1(CBA2R0 + 4 * bank), 0, 4, secure_of(bank));
    write(gr1(CBAR0 + 4 * bank), CBAR, 4, secure_of(bank));
  }
  void switch_on(unsigned bank, std::uint32_t SCTLR_bits) {
    using namespace offsets;
    write_cb(bank, FSR, ~0U);
    write_cb(bank, SCTLR, SCTLR_M | SCTLR_CFRE | SCTLR_CFIE | SCTLR_bits);
  }
};

}  // namespace smmuvp::smmuv2
