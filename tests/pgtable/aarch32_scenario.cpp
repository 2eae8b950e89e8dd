#include "aarch32_scenario.h"

#include <algorithm>
#include <array>
#include <sstream>

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t ones(unsigned n) { return (std::uint64_t{1} << n) - 1; }
constexpr std::uint64_t bits(unsigned high, unsigned low) { return ones(high + 1) & ~ones(low); }

// A chooser over words that rapidcheck made: one generated container instead of one generator a field keeps a
// scenario cheap.
class Choices {
 public:
  using Words = std::array<std::uint64_t, 48>;
  explicit Choices(const Words& words) : m_words(words) {}
  std::uint64_t word() { return mix(m_words[m_next++ % m_words.size()]); }
  unsigned below(unsigned n) { return static_cast<unsigned>(word() % n); }
  bool once_in(unsigned n) { return n != 0 && below(n) == 0; }
  template <class T, std::size_t N>
  T one_of(const T (&values)[N]) {
    return values[below(N)];
  }

 private:
  Words m_words;
  std::size_t m_next = 0;
};

void make_short(Choices& c, AArch32Scenario& s, bool nested) {
  Stage1Config& s1 = s.config.stage1;
  s1.format = Format::v7s;
  V7sConfig& v = s1.v7s;
  v.N = c.once_in(2) ? 0 : static_cast<std::uint8_t>(c.below(8));
  v.AFE = c.once_in(2);
  v.TRE = c.once_in(2);
  v.PRRR = static_cast<std::uint32_t>(c.word());
  v.NMRR = static_cast<std::uint32_t>(c.word());
  static constexpr std::uint32_t uniform[] = {0x55555555, 0x55555555, 0xffffffff};
  v.DACR = c.once_in(2) ? c.one_of(uniform) : static_cast<std::uint32_t>(c.word());
  // Domain faults have no code in a 64-bit PAR, and end Unicorn; nor does what may be written show there.
  if (nested) v.DACR |= 0x55555555;
  if (nested) s1.WXN = s1.UWXN = false;
  for (TableConfig& t : s1.tables) {
    t.EPD = c.once_in(16);
    t.base = c.word() & ones(std::min(32U, s.stage1_bits));
  }
}

void make_long(Choices& c, AArch32Scenario& s, bool legal) {
  Stage1Config& s1 = s.config.stage1;
  const bool pl2 = s.config.regime == Regime::el2;
  s1.format = Format::lpae32;
  s1.MAIR = c.word();
  // Half of the bytes of a kind that means something to both stages.
  for (unsigned i = 0; i < 8; i += 2) {
    static constexpr std::uint8_t common[] = {0x00, 0x04, 0x08, 0x0c, 0x44, 0xff, 0xbb, 0x4f, 0xf4, 0xaa};
    s1.MAIR = (s1.MAIR & ~(std::uint64_t{0xff} << (8 * i))) | std::uint64_t{c.one_of(common)} << (8 * i);
  }
  for (TableConfig& t : s1.tables) {
    t.TxSZ = c.once_in(2) ? static_cast<std::uint8_t>(c.below(2)) : static_cast<std::uint8_t>(c.below(8));
    t.EPD = !pl2 && c.once_in(16);
    t.HPD = pl2 && c.once_in(4);
    t.base = c.word() & ones(s.stage1_bits);
    if (!legal && c.once_in(16)) t.base |= c.word() & bits(47, 40);
  }
}

void make_stage2(Choices& c, AArch32Scenario& s, bool legal, int most_T0SZ) {
  Stage2Config& s2 = s.config.stage2;
  s2.format = Format::lpae32;
  s2.output_size = 40;
  s2.T0SZ =
      static_cast<std::int8_t>(most_T0SZ - static_cast<int>(c.below(static_cast<unsigned>(most_T0SZ) + 9)));
  // Table G5-5
  const bool both = s2.T0SZ >= -2 && s2.T0SZ <= 1;
  s2.start_level = static_cast<std::int8_t>(both ? 1 + c.below(2) : (s2.T0SZ < -2 ? 1 : 2));
  s2.PTW = c.once_in(8);
  s2.base = c.word() & ones(40);
  if (!legal && c.once_in(16)) s2.base |= c.word() & bits(47, 40);
  // Unicorn's 32-bit engine cuts IPAs to 32 bits. Now and then they are too large for stage 2.
  s.stage1_bits = std::min(32U, static_cast<unsigned>(32 - s2.T0SZ) + (c.once_in(4) ? 1 : 0));
}

AArch32Scenario make(const Choices::Words& words, AArch32Kind kind, bool may_be_big_endian) {
  Choices c(words);
  AArch32Scenario s;
  s.seed = c.word();
  Config& config = s.config;
  const bool legal = c.once_in(2);
  const bool nested = kind == AArch32Kind::short_nested || kind == AArch32Kind::long_nested;
  config.regime = kind == AArch32Kind::long_pl2 ? Regime::el2 : Regime::el1_0;
  config.stages = kind == AArch32Kind::stage2 ? Stages::stage2 : nested ? Stages::nested : Stages::stage1;
  config.stage1.output_size = 40;
  config.stage1.big_endian = may_be_big_endian && c.once_in(8);
  config.stage1.WXN = c.once_in(4);
  config.stage1.UWXN = c.once_in(4);
  if (config.stages != Stages::stage1) {
    make_stage2(c, s, legal, kind == AArch32Kind::stage2 ? 7 : 2);
    config.stage2.big_endian = may_be_big_endian && c.once_in(8);
  }
  if (kind == AArch32Kind::short_stage1 || kind == AArch32Kind::short_nested) {
    make_short(c, s, nested);
  } else if (kind != AArch32Kind::stage2) {
    make_long(c, s, legal);
  }

  static constexpr unsigned blocks[] = {0, 4, 2};
  static constexpr unsigned rare[] = {0, 32, 128};
  static constexpr unsigned often[] = {6, 12, 0};
  static constexpr unsigned restrictions[] = {0, 3, 16};
  s.block = c.one_of(blocks);
  s.invalid = legal ? c.one_of(rare) : c.one_of(often);
  s.not_accessed = legal ? c.one_of(rare) : c.one_of(often);
  s.restricted = c.one_of(restrictions);
  s.forbidden = legal ? c.one_of(rare) : c.one_of(often);
  s.far = legal ? 0 : 24;
  s.RES0 = legal ? 0 : 4;
  s.aligned_blocks = nested;
  return s;
}

// Once in n by eight bits of a word; 0 for never
bool once_in(std::uint64_t dice, unsigned shift, unsigned n) {
  return n != 0 && ((dice >> shift) & 0xff) % n == 0;
}

std::uint32_t short_descriptor(const AArch32Scenario& s, int level, std::uint64_t random,
                               std::uint64_t dice) {
  auto d = static_cast<std::uint32_t>(random);
  const bool leaf = level == 2 || once_in(dice, 0, s.block);
  const bool accessed = s.config.stage1.v7s.AFE && !once_in(dice, 16, s.not_accessed);
  if (level == 1 && leaf) {
    d |= 2;  // bit 0 is PXN, bit 18 a supersection
    if (accessed) d |= 1U << 10;
  } else if (level == 1) {
    d = (d & ~3U) | 1U;
  } else {
    d &= ~3U;
    d |= once_in(dice, 0, s.block) ? 1U : 2U | static_cast<std::uint32_t>(random >> 32 & 1);  // bit 0 is XN
    if (accessed) d |= 1U << 4;
  }
  if (once_in(dice, 8, s.invalid)) d &= ~3U;
  if (s.stage1_bits < 40) {
    d &= static_cast<std::uint32_t>(ones(s.stage1_bits));
    const bool super = level == 1 && (d & 2) != 0 && (d & 1U << 18) != 0;
    if (super) d &= ~(0xfU << 5 | 0xfU << 20);  // below 4 GiB
  }
  return d;
}

std::uint64_t long_descriptor(const AArch32Scenario& s, Stage stage, int level, std::uint64_t d,
                              std::uint64_t dice) {
  d |= 3;
  const bool leaf = level == 3 || once_in(dice, 0, s.block);
  if (once_in(dice, 0, s.block) && (level < 3 || (s.RES0 != 0 && once_in(dice, 24, s.RES0)))) {
    d &= ~std::uint64_t{2};
  }
  if (once_in(dice, 8, s.invalid)) d &= ~std::uint64_t{1};
  d |= std::uint64_t{1} << 10;
  if (once_in(dice, 16, s.not_accessed)) d &= ~(std::uint64_t{1} << 10);
  const bool RES0 = once_in(dice, 32, s.RES0);
  if (!RES0) d &= ~bits(51, 48);
  if ((!RES0 || s.aligned_blocks) && leaf && level < 3) d &= ~bits(level == 1 ? 29 : 20, 12);
  if (!once_in(dice, 40, s.far)) d &= ~bits(47, 40);
  if (stage == Stage::stage1) {
    d &= ~bits(39, 12) | ones(s.stage1_bits);
    if (!once_in(dice, 48, s.restricted)) d &= ~bits(62, 59);
  } else if (!once_in(dice, 48, s.forbidden)) {
    d |= bits(7, 6);
  }
  return d;
}

}  // namespace

std::uint64_t AArch32Scenario::descriptor(const MemoryOp& op) const {
  Random random(seed ^ mix(op.address ^ static_cast<std::uint64_t>(op.stage) << 60 ^
                           static_cast<std::uint64_t>(op.level) << 56));
  const std::uint64_t d = random.bits();
  const std::uint64_t dice = random.bits();
  if (op.size == 4) return short_descriptor(*this, op.level, d, dice);
  return long_descriptor(*this, op.stage, op.level, d, dice);
}

std::uint64_t AArch32Scenario::address(Random& random) const {
  const std::uint64_t a = random.bits() & 0xffffffff;
  const unsigned kind = random.below(16);
  if (config.stages == Stages::stage2) {
    return kind == 0 ? a : a & ones(std::min(stage1_bits, 32U));
  }
  // Low and high ranges of any size alike, and their edges
  const unsigned size = 25 + random.below(8);
  if (kind == 1) return (std::uint64_t{1} << size) & 0xffffffff;
  if (kind == 2) return ((std::uint64_t{1} << size) - 1) & 0xffffffff;
  if (kind == 3) return -(std::uint64_t{1} << size) & 0xffffffff;
  if (kind == 4) return (-(std::uint64_t{1} << size) - 1) & 0xffffffff;
  if (kind < 10) return a & ones(size);
  if (kind < 15) return (a | ~ones(size)) & 0xffffffff;
  return a;
}

rc::Gen<AArch32Scenario> aarch32_scenarios(AArch32Kind kind, bool big_endian) {
  return rc::gen::map(rc::gen::container<Choices::Words>(rc::gen::arbitrary<std::uint64_t>()),
                      [=](const Choices::Words& words) { return make(words, kind, big_endian); });
}

std::string describe(const AArch32Scenario& scenario) {
  const Config& c = scenario.config;
  const Stage1Config& s1 = c.stage1;
  std::ostringstream s;
  s << "stages " << static_cast<int>(c.stages) << " regime " << static_cast<int>(c.regime);
  if (c.stages != Stages::stage2) {
    s << " stage 1: WXN " << s1.WXN << " UWXN " << s1.UWXN << " EE " << s1.big_endian << std::hex;
    if (s1.format == Format::v7s) {
      s << " short, N " << int{s1.v7s.N} << " DACR " << s1.v7s.DACR << " AFE " << s1.v7s.AFE;
    } else {
      s << " long, MAIR " << s1.MAIR;
    }
    for (const TableConfig& t : s1.tables) {
      s << " [base " << t.base << " TxSZ " << int{t.TxSZ} << " EPD " << t.EPD << " HPD " << t.HPD << "]";
    }
  }
  if (c.stages != Stages::stage1) {
    const Stage2Config& s2 = c.stage2;
    s << " stage 2: [base " << std::hex << s2.base << std::dec << " T0SZ " << int{s2.T0SZ} << " start "
      << int{s2.start_level} << " PTW " << s2.PTW << " EE " << s2.big_endian << "]";
  }
  return s.str();
}

}  // namespace smmuvp::pgtable::test
