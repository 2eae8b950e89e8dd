#include "registers.h"

#include <fmt/format.h>

#include <initializer_list>

#include "smmuvp/base/error.h"

namespace smmuvp::tables {

using namespace pgtable;

namespace {

constexpr unsigned bits(std::uint64_t value, unsigned high, unsigned low) {
  return static_cast<unsigned>((value >> low) & ((std::uint64_t{1} << (high - low + 1)) - 1));
}
constexpr bool bit(std::uint64_t value, unsigned n) { return ((value >> n) & 1) != 0; }

WalkAttributes walk_attributes(std::uint64_t value, unsigned IRGN) {
  WalkAttributes a;
  a.IRGN = static_cast<std::uint8_t>(bits(value, IRGN + 1, IRGN));
  a.ORGN = static_cast<std::uint8_t>(bits(value, IRGN + 3, IRGN + 2));
  a.SH = static_cast<Shareability>(bits(value, IRGN + 5, IRGN + 4));
  return a;
}

// `encodings`: granules of the values 0 to 3; 0 is a reserved one.
Granule granule(unsigned value, const char* field, std::initializer_list<unsigned> encodings) {
  const unsigned shift = *(encodings.begin() + value);
  if (shift == 0) throw ConfigError(field, fmt::format("{} is {:#04b}, which is reserved", field, value));
  return static_cast<Granule>(shift);
}
Granule granule_of_tg0(unsigned value, const char* field) { return granule(value, field, {12, 16, 14, 0}); }
Granule granule_of_tg1(unsigned value, const char* field) { return granule(value, field, {0, 14, 12, 16}); }

std::uint8_t output_size(unsigned value, const char* field) {
  static constexpr std::uint8_t sizes[] = {32, 36, 40, 42, 44, 48, 52};
  if (value > 6) {
    throw ConfigError(field, fmt::format("{} is {:#05b}: 56-bit addresses are not built", field, value));
  }
  return sizes[value];
}

struct Unmodelled {
  unsigned bit;
  const char* name;
};
void note_unmodelled(std::uint64_t value, std::initializer_list<Unmodelled> list, Notes& notes) {
  for (const Unmodelled& u : list) {
    if (bit(value, u.bit)) notes.push_back(fmt::format("{} is set, and has no effect here", u.name));
  }
}

// With 64 KiB granules descriptors hold 52 bits where the output size is 52 (DDI 0487 D8.3, FEAT_LPA).
void take_lpa(Stage1Config& s1) {
  for (const TableConfig& t : s1.tables) {
    if (!t.EPD && t.granule == Granule::size_64k && s1.output_size == 52) s1.LPA = true;
  }
}

// BADDR; where addresses have 52 bits, [5:2] are address bits [51:48] (DDI 0487 D24, TTBR0_EL1).
std::uint64_t base_address(std::uint64_t value, bool wide) {
  const std::uint64_t low = value & 0x0000'ffff'ffff'fffeU;
  if (!wide) return low;
  return (low & ~std::uint64_t{0x3f}) | std::uint64_t{bits(value, 5, 2)} << 48;
}

}  // namespace

void take_tcr_el1(std::uint64_t value, Config& config, Notes& notes) {
  Stage1Config& s1 = config.stage1;
  for (unsigned i = 0; i < 2; ++i) {
    TableConfig& t = s1.tables[i];
    const unsigned at = 16 * i;
    t.TxSZ = static_cast<std::uint8_t>(bits(value, at + 5, at));
    t.EPD = bit(value, at + 7);
    t.walk_attributes = walk_attributes(value, at + 8);
    t.TBI = bit(value, 37 + i);
    t.HPD = bit(value, 41 + i);
    t.E0PD = bit(value, 55 + i);
  }
  s1.tables[0].granule = granule_of_tg0(bits(value, 15, 14), "TCR.TG0");
  // A reserved encoding matters only where the range is walked.
  if (!s1.tables[1].EPD) s1.tables[1].granule = granule_of_tg1(bits(value, 31, 30), "TCR.TG1");
  s1.output_size = output_size(bits(value, 34, 32), "TCR.IPS");
  s1.HA = bit(value, 39);
  s1.HD = s1.HA && bit(value, 40);
  s1.DS = bit(value, 59);
  take_lpa(s1);
  note_unmodelled(value,
                  {{51, "TCR.TBID0"},
                   {52, "TCR.TBID1"},
                   {53, "TCR.NFD0"},
                   {54, "TCR.NFD1"},
                   {60, "TCR.MTX0"},
                   {61, "TCR.MTX1"}},
                  notes);
}

void take_tcr_el2(std::uint64_t value, Config& config, Notes& notes) {
  Stage1Config& s1 = config.stage1;
  TableConfig& t = s1.tables[0];
  t.EPD = false;
  t.TxSZ = static_cast<std::uint8_t>(bits(value, 5, 0));
  t.walk_attributes = walk_attributes(value, 8);
  t.granule = granule_of_tg0(bits(value, 15, 14), "TCR.TG0");
  s1.output_size = output_size(bits(value, 18, 16), "TCR.PS");
  t.TBI = bit(value, 20);
  s1.HA = bit(value, 21);
  s1.HD = s1.HA && bit(value, 22);
  t.HPD = bit(value, 24);
  s1.DS = bit(value, 32);
  take_lpa(s1);
  note_unmodelled(value, {{29, "TCR.TBID"}, {33, "TCR.MTX"}}, notes);
}

void take_ttbcr(std::uint64_t value, Config& config, Notes& notes) {
  Stage1Config& s1 = config.stage1;
  const bool EAE = bit(value, 31);
  if (s1.format == Format::v7s) {
    if (EAE)
      throw ConfigError("ttbcr", "--ttbcr: EAE is 1, which selects long descriptors: --format lpae32-s1");
    s1.v7s.N = static_cast<std::uint8_t>(bits(value, 2, 0));
    s1.tables[0].EPD = bit(value, 4);
    s1.tables[1].EPD = bit(value, 5);
    return;
  }
  if (!EAE) throw ConfigError("ttbcr", "--ttbcr: EAE is 0, which selects short descriptors: --format v7s");
  for (unsigned i = 0; i < 2; ++i) {
    TableConfig& t = s1.tables[i];
    const unsigned at = 16 * i;
    t.TxSZ = static_cast<std::uint8_t>(bits(value, at + 2, at));
    t.EPD = bit(value, at + 7);
    t.walk_attributes = walk_attributes(value, at + 8);
  }
  if (bit(value, 6)) {
    notes.emplace_back("TTBCR.T2E is set: what TTBCR2 says goes in as --set stage1.tables[0].HPD=true");
  }
}

void take_htcr(std::uint64_t value, Config& config) {
  TableConfig& t = config.stage1.tables[0];
  t.EPD = false;
  t.TxSZ = static_cast<std::uint8_t>(bits(value, 2, 0));
  t.walk_attributes = walk_attributes(value, 8);
  t.HPD = bit(value, 24);
}

void take_vtcr(std::uint64_t value, Config& config, Notes& notes) {
  Stage2Config& s2 = config.stage2;
  s2.walk_attributes = walk_attributes(value, 8);
  const unsigned SL0 = bits(value, 7, 6);
  if (s2.format == Format::lpae32) {
    // T0SZ is a signed number of four bits, S (bit 4) a copy of its sign.
    const unsigned T0SZ = bits(value, 3, 0);
    s2.T0SZ = static_cast<std::int8_t>(static_cast<int>(T0SZ ^ 8U) - 8);
    if (bit(value, 4) != bit(value, 3)) notes.emplace_back("VTCR.S is not the sign of VTCR.T0SZ");
    if (SL0 > 1) throw ConfigError("vtcr", fmt::format("VTCR.SL0 is {:#04b}, which is reserved", SL0));
    s2.start_level = static_cast<std::int8_t>(2 - static_cast<int>(SL0));
    return;
  }
  s2.T0SZ = static_cast<std::int8_t>(bits(value, 5, 0));
  s2.granule = granule_of_tg0(bits(value, 15, 14), "VTCR.TG0");
  s2.output_size = output_size(bits(value, 18, 16), "VTCR.PS");
  s2.HA = bit(value, 21);
  s2.HD = s2.HA && bit(value, 22);
  s2.DS = bit(value, 32);
  s2.LPA = s2.granule == Granule::size_64k && s2.output_size == 52;
  const bool SL2 = bit(value, 33);
  // DDI 0487 D24, VTCR_EL2.SL0: 4 KiB counts 2, 1, 0, 3; the larger granules 3, 2, 1, 0. SL2 is of 4 KiB with
  // DS.
  if (s2.granule == Granule::size_4k) {
    static constexpr std::int8_t levels[] = {2, 1, 0, 3};
    if (SL2 && (SL0 != 0 || !s2.DS)) {
      throw ConfigError("vtcr", fmt::format("VTCR.SL2 is 1 and VTCR.SL0 {:#04b}, which is reserved", SL0));
    }
    s2.start_level = SL2 ? std::int8_t{-1} : levels[SL0];
  } else {
    s2.start_level = static_cast<std::int8_t>(3 - static_cast<int>(SL0));
  }
}

void take_ttbr(std::uint64_t value, unsigned range, Config& config) {
  const Stage1Config& s1 = config.stage1;
  TableConfig& t = config.stage1.tables[range];
  switch (s1.format) {
    case Format::vmsa64: {
      const bool large = t.granule == Granule::size_64k;
      t.base = base_address(value, large ? s1.output_size == 52 : s1.DS);
      return;
    }
    case Format::lpae32:
      t.base = base_address(value, false);
      return;
    case Format::mali_lpae:
      t.base = value & ~std::uint64_t{0xfff};  // below are flags of the MMU
      return;
    case Format::v7s:
      break;
  }
  // DDI 0487 G8, TTBR0 with EAE=0: IRGN[1] is bit 0 and IRGN[0] bit 6, S 1, RGN [4:3], NOS 5
  t.base = value & 0xffff'ff80U;
  t.walk_attributes.IRGN = static_cast<std::uint8_t>(bits(value, 0, 0) << 1 | bits(value, 6, 6));
  t.walk_attributes.ORGN = static_cast<std::uint8_t>(bits(value, 4, 3));
  t.walk_attributes.SH = Shareability::non_shareable;
  if (bit(value, 1)) t.walk_attributes.SH = bit(value, 5) ? Shareability::inner : Shareability::outer;
}

void take_vttbr(std::uint64_t value, Config& config) {
  Stage2Config& s2 = config.stage2;
  const bool large = s2.granule == Granule::size_64k;
  s2.base = base_address(value, s2.format == Format::vmsa64 && (large ? s2.output_size == 52 : s2.DS));
}

}  // namespace smmuvp::tables
