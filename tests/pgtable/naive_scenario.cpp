#include "naive_scenario.h"

#include <algorithm>
#include <sstream>

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t ones(unsigned n) { return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1; }
constexpr std::uint64_t bits(unsigned high, unsigned low) { return ones(high + 1) & ~ones(low); }

template <class T, std::size_t N>
T one_of(Random& random, const T (&values)[N]) {
  return values[random.below(N)];
}

constexpr Granule granules[] = {Granule::size_4k, Granule::size_16k, Granule::size_64k};
constexpr std::uint8_t output_sizes[] = {52, 52, 48, 48, 48, 44, 42, 40, 36, 32};

bool has_52_bit_base(Granule granule, bool LPA, bool DS, unsigned output_size) {
  return granule == Granule::size_64k ? LPA && output_size == 52 : DS;
}

// A base that its register can hold.
std::uint64_t random_base(Random& random, unsigned address_bits, bool wide) {
  const std::uint64_t base = random.bits() & ones(random.once_in(32) ? 52 : address_bits);
  return wide ? base & ~ones(6) : base & bits(47, 1);
}

WalkAttributes random_walk_attributes(Random& random) {
  return {static_cast<std::uint8_t>(random.below(4)), static_cast<std::uint8_t>(random.below(4)),
          static_cast<Shareability>(random.below(4))};
}

std::uint8_t random_TxSZ(Random& random, Granule granule, bool DS, unsigned lowest) {
  const bool large = granule == Granule::size_64k;
  const unsigned from = std::max(large || DS ? 12U : 16U, lowest);
  const unsigned to = large ? 47 : 48;
  return static_cast<std::uint8_t>(from + random.below(to - from + 1));
}

void make_vmsa64_stage1(NaiveScenario& s, Random& random, bool LPA) {
  Config& c = s.config;
  Stage1Config& s1 = c.stage1;
  s1.LPA = LPA;
  s1.DS = LPA && random.once_in(2);
  do s1.output_size = one_of(random, output_sizes);
  while (s1.output_size == 52 && !LPA);
  s1.MAIR = random.bits();
  s1.WXN = random.once_in(4);
  s1.PAN = random.once_in(4);
  s1.AFFD = random.once_in(8);
  s1.HA = random.once_in(2);
  s1.HD = s1.HA && random.once_in(2);
  for (TableConfig& t : s1.tables) {
    t.granule = one_of(random, granules);
    t.TxSZ = random_TxSZ(random, t.granule, s1.DS, 12);
    t.EPD = (c.regime == Regime::el1_0 || c.regime == Regime::el2_0) && random.once_in(16);
    t.TBI = random.once_in(2);
    t.HPD = random.once_in(4);
    t.E0PD = random.once_in(8);
    t.NS = random.once_in(2);
    t.walk_attributes = random_walk_attributes(random);
  }
}

// Start levels that T0SZ allows: 1 bit at least for the first lookup, 4 more than a table resolves at most.
int random_start_level(Random& random, Granule granule, int input_bits, bool DS) {
  const int page = static_cast<int>(granule);
  const int stride = page - 3;
  const int first =
      granule == Granule::size_4k ? (DS ? -1 : 0) : (granule == Granule::size_16k && DS ? 0 : 1);
  int legal[5] = {};
  unsigned count = 0;
  for (int level = first; level <= 3; ++level) {
    const int resolved = input_bits - page - stride * (3 - level);
    if (resolved >= 1 && resolved <= stride + 4) legal[count++] = level;
  }
  return count == 0 ? 3 : legal[random.below(count)];
}

void make_vmsa64_stage2(NaiveScenario& s, Random& random, bool LPA) {
  Stage2Config& s2 = s.config.stage2;
  s2.LPA = LPA;
  s2.DS = LPA && random.once_in(2);
  do s2.output_size = one_of(random, output_sizes);
  while (s2.output_size == 52 && !LPA);
  s2.granule = one_of(random, granules);
  // Small inputs leave little for stage 1 to hit.
  s2.T0SZ = static_cast<std::int8_t>(random_TxSZ(random, s2.granule, s2.DS, s2.LPA || s2.DS ? 12 : 16));
  if (random.once_in(2)) s2.T0SZ = static_cast<std::int8_t>(std::min<int>(s2.T0SZ, 24));
  s2.start_level = static_cast<std::int8_t>(random_start_level(random, s2.granule, 64 - s2.T0SZ, s2.DS));
  s2.AFFD = random.once_in(8);
  s2.HA = random.once_in(2);
  s2.HD = s2.HA && random.once_in(2);
  s2.PTW = random.once_in(8);
  s2.FWB = random.once_in(2);
  s2.XNX = random.once_in(2);
  s2.walk_attributes = random_walk_attributes(random);
}

void make_lpae32_stage1(NaiveScenario& s, Random& random) {
  Stage1Config& s1 = s.config.stage1;
  s1.format = Format::lpae32;
  s1.output_size = 40;
  s1.MAIR = random.bits();
  s1.WXN = random.once_in(4);
  s1.UWXN = random.once_in(4);
  s1.PAN = random.once_in(4);
  s1.AFFD = random.once_in(8);
  for (TableConfig& t : s1.tables) {
    t.TxSZ = static_cast<std::uint8_t>(random.once_in(2) ? 0 : random.below(8));
    t.EPD = s.config.regime == Regime::el1_0 && random.once_in(16);
    t.HPD = random.once_in(4);
    t.NS = random.once_in(2);
    t.walk_attributes = random_walk_attributes(random);
  }
}

void make_lpae32_stage2(NaiveScenario& s, Random& random) {
  Stage2Config& s2 = s.config.stage2;
  s2.format = Format::lpae32;
  s2.output_size = 40;
  s2.T0SZ = static_cast<std::int8_t>(static_cast<int>(random.below(16)) - 8);
  do s2.start_level = static_cast<std::int8_t>(1 + random.below(2));
  while (!is_walkable(s.config));
  s2.AFFD = random.once_in(8);
  s2.PTW = random.once_in(8);
  s2.XNX = random.once_in(2);
  s2.walk_attributes = random_walk_attributes(random);
}

void make_v7s(NaiveScenario& s, Random& random) {
  Stage1Config& s1 = s.config.stage1;
  s1.format = Format::v7s;
  s1.output_size = 40;
  s1.WXN = random.once_in(4);
  s1.UWXN = random.once_in(4);
  s1.PAN = random.once_in(4);
  s1.AFFD = random.once_in(8);
  s1.v7s.N = static_cast<std::uint8_t>(random.below(8));
  // Mostly clients
  s1.v7s.DACR = static_cast<std::uint32_t>(random.bits());
  if (!random.once_in(3)) s1.v7s.DACR = 0x55555555;
  s1.v7s.AFE = random.once_in(2);
  s1.v7s.TRE = random.once_in(2);
  s1.v7s.PRRR = static_cast<std::uint32_t>(random.bits());
  s1.v7s.NMRR = static_cast<std::uint32_t>(random.bits());
  for (TableConfig& t : s1.tables) {
    t.EPD = random.once_in(16);
    t.walk_attributes = random_walk_attributes(random);
    t.base = random.bits() & 0xfffffffe;
  }
}

unsigned stage2_input_bits(const Stage2Config& s2) {
  return static_cast<unsigned>((s2.format == Format::lpae32 ? 32 : 64) - s2.T0SZ);
}

}  // namespace

const char* to_string(Family family) {
  static constexpr const char* names[] = {"stage 1", "stage 2", "nested", "lpae32", "v7s", "Mali"};
  return names[static_cast<unsigned>(family)];
}

NaiveScenario random_naive_scenario(Family family, Random& random) {
  NaiveScenario s;
  s.family = family;
  s.seed = random.bits();
  Config& c = s.config;
  Stage1Config& s1 = c.stage1;
  Stage2Config& s2 = c.stage2;
  const bool LPA = random.once_in(2);
  switch (family) {
    case Family::stage1: {
      static constexpr Regime regimes[] = {Regime::el1_0, Regime::el1_0, Regime::el2_0, Regime::el2,
                                           Regime::el3};
      c.regime = one_of(random, regimes);
      if (random.once_in(4)) c.space = AddressSpace::secure;
      make_vmsa64_stage1(s, random, LPA);
      break;
    }
    case Family::stage2:
      c.stages = Stages::stage2;
      make_vmsa64_stage2(s, random, LPA);
      break;
    case Family::nested:
      c.stages = Stages::nested;
      make_vmsa64_stage1(s, random, LPA);
      make_vmsa64_stage2(s, random, LPA);
      break;
    case Family::lpae32: {
      const unsigned kind = random.below(4);
      c.regime = kind == 0 && random.once_in(3) ? Regime::el2 : Regime::el1_0;
      if (kind == 0 && random.once_in(4)) c.space = AddressSpace::secure;
      make_lpae32_stage1(s, random);
      if (kind == 0) break;
      c.stages = kind == 1 ? Stages::stage2 : Stages::nested;
      if (kind == 3) {
        make_vmsa64_stage2(s, random, LPA);
      } else {
        make_lpae32_stage2(s, random);
      }
      break;
    }
    case Family::v7s: {
      const unsigned kind = random.below(4);
      if (kind < 2 && random.once_in(4)) c.space = AddressSpace::secure;
      make_v7s(s, random);
      if (kind < 2) break;
      c.stages = Stages::nested;
      if (kind == 2) {
        make_lpae32_stage2(s, random);
      } else {
        make_vmsa64_stage2(s, random, LPA);
      }
      break;
    }
    case Family::mali:
    case Family::count:
      s1.format = Format::mali_lpae;
      s1.output_size = 40;
      s1.MAIR = random.bits();
      s1.tables[0].EPD = false;
      s1.tables[0].TxSZ = static_cast<std::uint8_t>(random.once_in(2) ? 16 : 16 + random.below(24));
      break;
  }

  const bool stage1 = c.stages != Stages::stage2;
  const bool stage2 = c.stages != Stages::stage1;
  const bool big_endian = family != Family::mali && random.once_in(8);
  if (stage1) s1.big_endian = big_endian;
  if (stage2) s2.big_endian = random.once_in(32) ? !big_endian : big_endian;
  unsigned address_bits = 52;
  if (stage1) address_bits = s1.output_size;
  if (stage2) address_bits = std::min<unsigned>(address_bits, s2.output_size);
  if (c.stages == Stages::nested) address_bits = std::min(address_bits, stage2_input_bits(s2));
  s.address_bits = address_bits;
  if (stage1 && s1.format != Format::v7s) {
    for (TableConfig& t : s1.tables) {
      t.base = random_base(
          random, address_bits,
          s1.format == Format::vmsa64 && has_52_bit_base(t.granule, s1.LPA, s1.DS, s1.output_size));
    }
  }
  if (stage2) {
    s2.base = random_base(
        random, s2.output_size,
        s2.format == Format::vmsa64 && has_52_bit_base(s2.granule, s2.LPA, s2.DS, s2.output_size));
  }

  const bool legal = random.once_in(2);
  static constexpr unsigned rare[] = {0, 32, 128};
  static constexpr unsigned often[] = {6, 12, 0};
  static constexpr unsigned blocks[] = {3, 6, 16};
  const auto pick = [&] { return legal ? one_of(random, rare) : one_of(random, often); };
  s.block = one_of(random, blocks);
  s.invalid = pick();
  s.not_accessed = s1.HA || s2.HA ? 3 : pick();
  s.restricted = pick();
  s.unreadable = stage2 ? pick() : 2;
  s.far = legal ? 0 : 24;
  s.aborts = random.once_in(4) ? 40 : 0;
  s.no_atomics = random.once_in(4) ? 4 : 0;
  return s;
}

std::uint64_t NaiveScenario::long_descriptor(std::uint64_t address) const {
  Random random(seed ^ mix(address));
  std::uint64_t d = random.bits();
  const std::uint64_t dice = random.bits();
  const auto once_in = [&](unsigned shift, unsigned n) {
    return n != 0 && ((dice >> shift) & 0xff) % n == 0;
  };
  d |= 3;
  if (once_in(0, block)) d &= ~std::uint64_t{2};
  // Level 3 of a Mali has its leaves at 0b01.
  if (family == Family::mali && once_in(56, 3)) d &= ~std::uint64_t{2};
  if (once_in(8, invalid)) d &= ~std::uint64_t{1};
  d |= bits(10, 10);
  if (once_in(16, not_accessed)) d &= ~bits(10, 10);
  if (!once_in(24, restricted)) d &= ~bits(62, 59);
  d |= bits(6, 6);
  if (once_in(32, unreadable)) d &= ~bits(6, 6);
  if (!once_in(40, far)) {
    d &= ~(ones(50) & ~ones(std::min(address_bits, 50U)));
    const bool DS = config.stage1.DS || config.stage2.DS;
    const bool LPA = config.stage1.LPA || config.stage2.LPA;
    // Bits that are address bits 51 and 50 with DS, 51 to 48 with the 64 KiB granule
    if (DS && address_bits < 52) d &= ~bits(9, 8);
    if (LPA && address_bits < 52) d &= ~bits(15, 12);
  }
  return d;
}

std::uint32_t NaiveScenario::short_descriptor(std::uint64_t address) const {
  Random random(seed ^ mix(address));
  auto d = static_cast<std::uint32_t>(random.bits());
  const std::uint64_t dice = random.bits();
  const auto once_in = [&](unsigned shift, unsigned n) {
    return n != 0 && ((dice >> shift) & 0xff) % n == 0;
  };
  if ((d & 3) == 0 && !once_in(0, invalid)) d |= 1;
  // AP[0] at both levels, as the Access flag
  if (config.stage1.v7s.AFE && !once_in(8, not_accessed)) d |= 1U << 10 | 1U << 4;
  // Supersections with a 40-bit output now and then
  if ((d >> 18 & 1) != 0 && !once_in(16, 4)) d &= ~(0xfU << 20 | 0xfU << 5);
  return d;
}

std::uint64_t NaiveScenario::memory(std::uint64_t address, unsigned size) const {
  if (size == 4) {
    const std::uint32_t d = short_descriptor(address);
    return config.stage1.big_endian ? __builtin_bswap32(d) : d;
  }
  const bool big_endian =
      config.stages == Stages::stage1 ? config.stage1.big_endian : config.stage2.big_endian;
  const std::uint64_t d = long_descriptor(address);
  return big_endian ? __builtin_bswap64(d) : d;
}

WalkRequest NaiveScenario::request(Random& random) const {
  WalkRequest r;
  static constexpr AccessType accesses[] = {AccessType::read,       AccessType::write,   AccessType::read,
                                            AccessType::write,      AccessType::execute, AccessType::execute,
                                            AccessType::read_write, AccessType::none};
  r.access = one_of(random, accesses);
  r.privileged = random.once_in(2);
  r.side_effects = !random.once_in(8);
  std::uint64_t va = random.bits();
  const unsigned kind = random.below(16);
  const Stage1Config& s1 = config.stage1;
  if (config.stages == Stages::stage2) {
    const unsigned input = stage2_input_bits(config.stage2);
    va &= ones(kind == 0 ? std::min(input + 1, 64U) : input);
    if (kind == 1) va = random.bits();
  } else if (s1.format == Format::v7s || s1.format == Format::lpae32) {
    va &= ones(kind == 0 ? 40 : 32);
    if (kind > 8) va = kind % 2 == 0 ? va & ones(26) : va | bits(31, 27);
  } else {
    const bool single =
        config.regime == Regime::el2 || config.regime == Regime::el3 || s1.format == Format::mali_lpae;
    const unsigned range = single ? 0 : random.below(2);
    const std::uint64_t inside = ones(64U - s1.tables[range].TxSZ);
    // The naive walker's Mali has inputs of 48 bits.
    if (kind != 0 || s1.format == Format::mali_lpae) va = range != 0 ? va | ~inside : va & inside;
    if (kind == 1 && (s1.format != Format::mali_lpae || inside == ones(48)))
      va ^= inside + 1;                                               // just outside
    if (kind == 2) va ^= std::uint64_t{1} << (56 + random.below(8));  // one tag bit
    if (kind == 3) va = (va & ones(56)) | random.bits() << 56;
  }
  r.va = va;
  return r;
}

}  // namespace smmuvp::pgtable::test
