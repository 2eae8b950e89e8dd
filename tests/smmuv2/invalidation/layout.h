// The little system that invalidation schedules run in: banks, streams, and what registers they are made of.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "invalidation/translations.h"

namespace smmuvp::smmuv2::invalidation {

using namespace smmu::invalidation;

// ---- banks. The stream of the same number goes to each.

constexpr unsigned banks = 9;
constexpr unsigned guest_banks = 4;              ///< 0 to 3: stage 1 with stage 2, or without
constexpr unsigned hyp_bank = 4;                 ///< HYPC
constexpr std::array<unsigned, 2> stage2{5, 6};  ///< of AArch64, of AArch32
constexpr unsigned secure_bank = 7;
constexpr unsigned monitor_bank = 8;  ///< MONC
constexpr bool is_secure(unsigned bank) { return bank >= secure_bank; }
constexpr bool is_stage2(unsigned bank) { return bank == stage2[0] || bank == stage2[1]; }

/// Translation regimes that entries are tagged with (IHI 0062 Table 2-5), as Coverage::regime.
enum class Regime : std::uint8_t { NonSecure, Secure, Hyp, Monitor };
constexpr Regime regime_of(unsigned bank) {
  return bank == hyp_bank       ? Regime::Hyp
         : bank == secure_bank  ? Regime::Secure
         : bank == monitor_bank ? Regime::Monitor
                                : Regime::NonSecure;
}
/// Without ASIDs, and with one range of addresses.
constexpr bool is_special(unsigned bank) { return bank == hyp_bank || bank == monitor_bank; }

/// AArch64 of each granule, and AArch32.
enum class Scheme : std::uint8_t { AArch64, Granule16, Granule64, Long, Short };

/// What software makes of a bank.
struct BankValue {
  Scheme scheme = Scheme::AArch64;
  bool M = true;
  bool nested = false;
  std::uint8_t second = 0;  ///< of nested: which of `stage2`
  std::array<std::uint8_t, 2> spaces{};
  std::uint16_t asid = 1;
  std::uint8_t vmid = 0;

  bool VA64() const { return scheme <= Scheme::Granule64; }
  /// Its tables have two levels.
  bool two_levels() const { return scheme != Scheme::AArch64 && scheme != Scheme::Long; }
};
std::string to_string(const BankValue& value);
/// VMIDs with stage 2 are those of its banks, and no others (IHI 0062 2.5).
constexpr std::uint8_t vmid_of_stage2(unsigned which) { return static_cast<std::uint8_t>(2 + which); }
constexpr bool has_two_ranges(unsigned bank, const BankValue& v) {
  return v.scheme == Scheme::AArch64 && !is_special(bank) && !is_stage2(bank);
}
constexpr unsigned two_level_spaces = 2;
std::array<std::uint64_t, 2> roots(unsigned bank, const BankValue& value);
/// Calls write(offset, value, bytes) for each register: offsets in the bank.
template <class Write>
void bank_registers(unsigned bank, const BankValue& value, Write write);

// ---- tables of two levels: Short-descriptors (DDI 0406 B3.5.1), and Long ones of 16 and of 64 KiB granules

/// The level 2 table of a place, or the level 1 table. Levels count from 1.
std::uint64_t two_level_table(Scheme scheme, unsigned space, unsigned level, unsigned copy,
                              const Place& place);
std::uint64_t two_level_descriptor(Scheme scheme, unsigned space, unsigned level, unsigned copy,
                                   unsigned bank, const Place& place);
Word two_level_leaf(Scheme scheme, unsigned level, const Leaf& leaf);
Word two_level_pointer(Scheme scheme, std::uint64_t table);

// ---- memory

constexpr unsigned images = 16;
/// What lies in memory when a schedule begins. A few variants, made once.
const Image& image(unsigned variant);

// ---- what an access reads

enum class StepKind : std::uint8_t {
  short_level1,
  short_level2,
  large_granule_level1,
  large_granule_level2,
  stage1_level1,
  stage1_level2,
  stage1_level3,
  stage2_of_table,
  stage2_of_output,
  count,
};
constexpr unsigned step_kinds = static_cast<unsigned>(StepKind::count);
const char* to_string(StepKind kind);
StepKind step_kind(std::uint64_t address);
/// The same as table_read(), where tables of two levels may lie there, too.
TableRead descriptor_read(std::uint64_t address);

// ---- registers of a bank (IHI 0062 chapters 16 and 17)

template <class Write>
void bank_registers(unsigned bank, const BankValue& v, Write write) {
  constexpr std::uint32_t SCTLR = 0x000, TCR2 = 0x010, TTBR0 = 0x020, TTBR1 = 0x028, TCR = 0x030;
  constexpr std::uint32_t CONTEXTIDR = 0x034, MAIR0 = 0x038, MAIR1 = 0x03c;
  constexpr std::uint32_t walks = 1U << 8 | 1U << 10 | 3U << 12;  // Write-Back, Inner Shareable
  const std::array<std::uint64_t, 2> ttb = roots(bank, v);
  if (is_stage2(bank)) {
    // T0SZ: 40 bits; SL0: level 1; PASize 48 bits
    write(TCR, walks | 1U << 6 | (v.VA64() ? 24U | 5U << 16 : 8U), 4);
    write(TTBR0, ttb[0], 8);
  } else if (v.scheme == Scheme::Short) {
    write(TCR, 1U << 5, 4);  // PD1
    write(TTBR0, ttb[0] | 0x6a, 8);
    write(CONTEXTIDR, 0xabcd'ef00U | v.asid, 4);
    write(MAIR0, 0xff00'0000U | 1U << 19 | 0xaaa4U, 4);  // PRRR
    write(MAIR1, 0xce40'ce40U, 4);                       // NMRR
  } else {
    write(TCR2, 5U | 1U << 4 | 7U << 15, 4);  // PASize 48, 16-bit ASIDs, SEP 7
    const std::uint32_t upper = 25U << 16 | walks << 16 | 2U << 30, EPD1 = 1U << 23;
    const std::uint32_t TCR_value = v.scheme == Scheme::AArch64     ? 25U | walks | upper
                                    : v.scheme == Scheme::Granule16 ? 28U | walks | 2U << 14 | EPD1
                                    : v.scheme == Scheme::Granule64 ? 25U | walks | 1U << 14 | EPD1
                                                                    : 1U << 31 | walks | EPD1;  // EAE
    write(TCR, TCR_value, 4);
    write(TTBR0, ttb[0] | std::uint64_t{v.asid} << 48, 8);
    write(TTBR1, ttb[1], 8);
    write(MAIR0, 0xff, 4);
    write(MAIR1, 0, 4);
  }
  // M, TRE, AFE, CFRE, HUPCF: faults of others change nothing
  write(SCTLR, (v.M ? 1U : 0U) | 3U << 1 | 1U << 5 | 1U << 8, 4);
}

}  // namespace smmuvp::smmuv2::invalidation
