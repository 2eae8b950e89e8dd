#include "smmuvp/pgtable/setup.h"

#include <algorithm>
#include <tuple>

#include "descriptor.h"
#include "short_descriptor.h"
#include "smmuvp/pgtable/attributes.h"

namespace smmuvp::pgtable {
namespace {

using namespace detail;

// Levels at which 0b01 is a block, one bit each from level 0 (DDI 0487 D8.3, pseudocode BlockDescSupported).
unsigned block_levels(Granule granule, bool LPA, bool DS) {
  switch (granule) {
    case Granule::size_4k:
      return 0b0110 | (DS ? 0b0001 : 0);
    case Granule::size_16k:
      return 0b0100 | (DS ? 0b0010 : 0);
    case Granule::size_64k:
      return 0b0100 | (LPA ? 0b0010 : 0);
  }
  return 0;
}

std::uint64_t make_kinds(Format format, unsigned blocks) {
  std::uint64_t kinds = 0;
  const auto set = [&](int level, unsigned type, Kind kind) {
    kinds |= std::uint64_t{static_cast<std::uint8_t>(kind)} << kind_shift(level, type);
  };
  for (int level = first_level; level < last_level; ++level) {
    set(level, 0b11, Kind::table);
    if (level >= 0 && ((blocks >> level) & 1) != 0) set(level, 0b01, Kind::leaf);
  }
  // Level 3: 0b11 is a page and 0b01 reserved; on a Mali the other way round.
  set(last_level, format == Format::mali_lpae ? 0b01 : 0b11, Kind::leaf);
  return kinds;
}

struct Input {
  Format format;
  Granule granule;
  unsigned input_bits;
  int start_level;
  unsigned output_size;
  bool LPA;
  bool DS;
};

unsigned stride_of(Granule granule) { return static_cast<unsigned>(granule) - descriptor_size_shift; }

// Level at which a table tree without concatenation starts (DDI 0487 D8.2).
int natural_start_level(Granule granule, unsigned input_bits) {
  return last_level -
         static_cast<int>((input_bits - static_cast<unsigned>(granule) - 1) / stride_of(granule));
}

Lookup make_lookup(const Input& in, std::uint64_t base) {
  Lookup l;
  const bool large = in.granule == Granule::size_64k;
  const bool wide = large ? in.LPA : in.DS;  // descriptors hold 52 bits
  l.format = in.format;
  l.granule_shift = static_cast<std::uint8_t>(in.granule);
  l.stride = static_cast<std::uint8_t>(stride_of(in.granule));
  l.input_bits = static_cast<std::uint8_t>(in.input_bits);
  l.output_size = static_cast<std::uint8_t>(wide ? in.output_size : std::min(in.output_size, 48U));
  l.start_level = static_cast<std::int8_t>(in.start_level);
  l.DS = !large && in.DS;
  // A Mali's first table is whole, however small the input: as Linux's io-pgtable makes it.
  l.first_index_bits = in.format == Format::mali_lpae
                           ? l.stride
                           : static_cast<std::uint8_t>(in.input_bits - level_shift(l, in.start_level));
  l.kinds = make_kinds(in.format, block_levels(in.granule, in.LPA, in.DS));

  // DDI 0487 D8.3: OA[47:x] stands in place. 64 KiB: OA[51:48] is in [15:12]. DS: OA[49:48] stands in place
  // and OA[51:50] is in [9:8].
  l.address_mask = low_bits(l.DS ? 50 : 48) & ~low_bits(l.granule_shift);
  if (wide) {
    l.high_mask = large ? low_bits(16) & ~low_bits(12) : low_bits(10) & ~low_bits(8);
    l.high_shift = large ? 36 : 42;
  }

  // DDI 0487 D8.2: a first table is aligned to its size. IHI 0070 5.4, CD.TTB0 and 5.2, STE.S2TTB: to 64
  // bytes at least where the effective output size is 52 bits, whatever the granule.
  const unsigned size_shift = l.first_index_bits + descriptor_size_shift;
  const unsigned alignment = in.output_size == 52 ? std::max(size_shift, 6U) : size_shift;
  l.base_beyond_output = exceeds(base, l.output_size);
  l.base = base & ~low_bits(alignment);

  // DDI 0487 D8.7.1: entries of a contiguous range. Nothing says that a Mali knows the bit.
  if (in.format == Format::mali_lpae) return l;
  switch (in.granule) {
    case Granule::size_4k:
      l.contiguous = {0, 4, 4, 4};
      break;
    case Granule::size_16k:
      l.contiguous = {0, 0, 5, 7};
      break;
    case Granule::size_64k:
      l.contiguous = {0, 0, 5, 5};
      break;
  }
  return l;
}

Lookup make_stage1(const Config& config, const TableConfig& t, bool EPD) {
  const Stage1Config& s1 = config.stage1;
  Lookup l;
  l.format = s1.format;
  if (!EPD && s1.format != Format::v7s) {
    const bool aarch32 = s1.format == Format::lpae32;
    Input in;
    in.format = s1.format;
    in.granule = s1.format == Format::vmsa64 ? t.granule : Granule::size_4k;
    in.input_bits = (aarch32 ? 32U : 64U) - t.TxSZ;
    // A Mali walks four levels whatever its input size: as Linux's io-pgtable makes it.
    in.start_level = s1.format == Format::mali_lpae ? 0 : natural_start_level(in.granule, in.input_bits);
    in.output_size = s1.output_size;
    in.LPA = s1.LPA && s1.format == Format::vmsa64;
    in.DS = s1.DS && s1.format == Format::vmsa64;
    l = make_lookup(in, t.base);
  }
  if (s1.format == Format::v7s) l.output_size = s1.output_size;
  l.input_fault_level = s1.format == Format::lpae32 || s1.format == Format::v7s ? 1 : 0;
  l.walk_attributes = t.walk_attributes;
  l.memory = structure_attributes(t.walk_attributes);
  l.big_endian = s1.big_endian;
  l.AFFD = s1.AFFD || s1.format == Format::mali_lpae;  // a Mali has no Access flag
  l.HA = s1.HA;
  l.HD = s1.HD;
  l.EPD = EPD;
  l.TBI = t.TBI;
  l.HPD = t.HPD;
  l.E0PD = t.E0PD;
  l.NS = t.NS;
  return l;
}

// DDI 0487 G5.4.4, G5.4.5.1: what TTBCR.N leaves of the address indexes TTBR0's table, all of it TTBR1's.
// Registers hold addresses below 4 GiB.
void set_v7s_table(Lookup& l, std::uint64_t base, unsigned N) {
  namespace sd = short_descriptor;
  l.input_bits = static_cast<std::uint8_t>(sd::input_bits - N);
  l.first_index_bits = static_cast<std::uint8_t>(sd::input_bits - sd::section_shift - N);
  l.base = base & low_bits(32) & ~low_bits(sd::level1_table_shift - N);
}

Lookup make_stage2(const Stage2Config& s2, AddressSpace table_space, AddressSpace output_space) {
  const bool aarch32 = s2.format == Format::lpae32;
  Input in;
  in.format = s2.format;
  in.granule = aarch32 ? Granule::size_4k : s2.granule;
  in.input_bits = static_cast<unsigned>((aarch32 ? 32 : 64) - s2.T0SZ);
  in.start_level = s2.start_level;
  in.output_size = s2.output_size;
  in.LPA = s2.LPA && !aarch32;
  in.DS = s2.DS && !aarch32;
  Lookup l = make_lookup(in, s2.base);
  l.input_fault_level = aarch32 ? 1 : 0;
  l.walk_attributes = s2.walk_attributes;
  l.memory = structure_attributes(s2.walk_attributes);
  l.big_endian = s2.big_endian;
  l.AFFD = s2.AFFD;
  l.HA = s2.HA;
  l.HD = s2.HD;
  l.PTW = s2.PTW;
  l.PTWNNC = s2.PTWNNC;
  l.FWB = s2.FWB;
  l.XNX = s2.XNX;
  l.SMMUv2 = s2.SMMUv2;
  l.table_space = table_space;
  l.output_space = output_space;
  return l;
}

constexpr AddressSpace space_by_NS(bool NS) { return NS ? AddressSpace::non_secure : AddressSpace::secure; }

// IHI 0070 3.10.2.2: what is Non-secure of Secure IPAs is so of Non-secure ones as well.
AddressSpace output_space(const SecureStage2Config& s, bool secure_ipa) {
  const bool of_secure = s.SW || s.SA;
  return space_by_NS(secure_ipa ? of_secure : of_secure || s.NSW || s.NSA);
}

// All members, by names that have to be as many as there are.

auto members(const WalkAttributes& w) {
  const auto& [IRGN, ORGN, SH] = w;
  return std::tie(IRGN, ORGN, SH);
}
auto members(const V7sConfig& v) {
  const auto& [N, DACR, AFE, TRE, PRRR, NMRR] = v;
  return std::tie(N, DACR, AFE, TRE, PRRR, NMRR);
}
auto members(const Stage1Rules& r) {
  const auto& [mair, space, unprivileged, wxn, uwxn, pan, epan, sif] = r;
  return std::tie(mair, space, unprivileged, wxn, uwxn, pan, epan, sif);
}
bool same(const Lookup& a, const Lookup& b) {
  const auto numbers = [](const Lookup& l) {
    const auto& [base, address_mask, high_mask, kinds, high_shift, granule_shift, stride, input_bits,
                 first_index_bits, output_size, start_level, input_fault_level, contiguous, format,
                 walk_attributes, memory, base_beyond_output, big_endian, AFFD, HA, HD, DS, EPD, TBI, HPD,
                 E0PD, NS, PTW, PTWNNC, FWB, XNX, SMMUv2, table_space, output_space] = l;
    return std::tuple_cat(
        std::tie(base, address_mask, high_mask, kinds, high_shift, granule_shift, stride, input_bits,
                 first_index_bits, output_size, start_level, input_fault_level, contiguous, format, memory,
                 base_beyond_output, big_endian, AFFD, HA, HD, DS, EPD, TBI, HPD, E0PD, NS, PTW, PTWNNC, FWB,
                 XNX, SMMUv2, table_space, output_space),
        members(walk_attributes));
  };
  return numbers(a) == numbers(b);
}

}  // namespace

bool operator==(const WalkSetup& a, const WalkSetup& b) {
  return a.m_ok == b.m_ok && a.m_stages == b.m_stages && a.m_two_ranges == b.m_two_ranges &&
         a.m_txsz == b.m_txsz && members(a.m_rules) == members(b.m_rules) &&
         members(a.m_v7s) == members(b.m_v7s) && same(a.m_stage1[0], b.m_stage1[0]) &&
         same(a.m_stage1[1], b.m_stage1[1]) && same(a.m_stage2, b.m_stage2) &&
         same(a.m_secure_stage2, b.m_secure_stage2);
}

WalkSetup::WalkSetup(const Config& config) : m_ok(is_walkable(config)) {
  if (!m_ok) return;
  m_stages = config.stages;
  const bool secure = config.space == AddressSpace::secure;
  m_rules.space = config.space;
  if (m_stages != Stages::stage1 && secure) {
    const SecureStage2Config& s = config.secure_stage2;
    m_stage2 = make_stage2(config.stage2, space_by_NS(s.NSW), output_space(s, false));
    m_secure_stage2 = make_stage2(of_secure_ipas(config), space_by_NS(s.SW), output_space(s, true));
  } else if (m_stages != Stages::stage1) {
    m_stage2 = make_stage2(config.stage2, AddressSpace::non_secure, AddressSpace::non_secure);
  }
  if (m_stages == Stages::stage2) return;
  const Stage1Config& s1 = config.stage1;
  const bool el1_0 = config.regime == Regime::el1_0 || config.regime == Regime::el2_0;
  m_rules.unprivileged = el1_0 && s1.format != Format::mali_lpae;
  m_two_ranges = m_rules.unprivileged;
  m_rules.wxn = s1.WXN;
  m_rules.uwxn = s1.UWXN;
  m_rules.pan = s1.PAN && m_rules.unprivileged;
  m_rules.epan = s1.EPAN;
  m_rules.sif = s1.SIF && secure;
  m_rules.mair = s1.MAIR;
  if (s1.format != Format::mali_lpae) {
    m_rules.mair = 0;
    for (unsigned i = 0; i < 64; i += 8) {
      m_rules.mair |= std::uint64_t{effective_memory(static_cast<std::uint8_t>(s1.MAIR >> i))} << i;
    }
  }
  m_v7s = s1.v7s;
  for (unsigned i = 0; i < (m_two_ranges ? 2U : 1U); ++i) {
    m_txsz[i] = s1.tables[i].TxSZ & 7;
    m_stage1[i] = make_stage1(config, s1.tables[i], m_two_ranges && s1.tables[i].EPD);
    if (s1.format == Format::v7s) set_v7s_table(m_stage1[i], s1.tables[i].base, i == 0 ? s1.v7s.N : 0);
  }
}

}  // namespace smmuvp::pgtable
