#include "oracle_scenario.h"

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
  using Words = std::array<std::uint64_t, 64>;
  explicit Choices(const Words& words) : m_words(words) {}
  std::uint64_t word() { return m_words[m_next++ % m_words.size()]; }
  unsigned below(unsigned n) { return static_cast<unsigned>(mix(word()) % n); }
  bool once_in(unsigned n) { return n != 0 && below(n) == 0; }
  template <class T, std::size_t N>
  T one_of(const T (&values)[N]) {
    return values[below(N)];
  }

 private:
  Words m_words;
  std::size_t m_next = 0;
};

constexpr Granule granules[] = {Granule::size_4k, Granule::size_16k, Granule::size_64k};
constexpr std::uint8_t output_sizes[] = {48, 48, 48, 48, 44, 42, 40, 36, 32};

std::uint64_t random_base(Choices& c, unsigned address_bits, bool far) {
  return mix(c.word()) & ones(far ? 48 : address_bits) & ~std::uint64_t{1};
}

// Start levels that T0SZ allows (DDI 0487 D8.2): the first lookup resolves 1 bit at least, and 4 bits more
// than a table at most; level 0 with 4 KiB only, level 3 with 16 and 64 KiB only, as far as Unicorn knows.
int random_start_level(Choices& c, Granule granule, int input_bits) {
  const int page = static_cast<int>(granule);
  const int stride = page - 3;
  int legal[4] = {};
  unsigned count = 0;
  for (int level = granule == Granule::size_4k ? 0 : 1; level <= (granule == Granule::size_4k ? 2 : 3);
       ++level) {
    const int first = input_bits - page - stride * (3 - level);
    if (first >= 1 && first <= stride + 4) legal[count++] = level;
  }
  return legal[c.below(count)];
}

Scenario make(const Choices::Words& words, Stages stages, Regime regime, bool may_be_big_endian) {
  Choices c(words);
  Scenario s;
  s.seed = c.word();
  s.config.stages = stages;
  s.config.regime = regime;
  const bool legal = c.once_in(2);
  const bool big_endian = may_be_big_endian && c.once_in(8);
  Stage1Config& s1 = s.config.stage1;
  Stage2Config& s2 = s.config.stage2;
  unsigned address_bits = 48;

  if (stages != Stages::stage2) {
    s1.output_size = c.one_of(output_sizes);
    s1.MAIR = mix(c.word());
    // Half of the bytes of a kind that means something to both stages.
    for (unsigned i = 0; i < 8; i += 2) {
      static constexpr std::uint8_t common[] = {0x00, 0x04, 0x08, 0x0c, 0x44, 0xff, 0xbb, 0x4f, 0xf4, 0xaa};
      s1.MAIR = (s1.MAIR & ~(std::uint64_t{0xff} << (8 * i))) | std::uint64_t{c.one_of(common)} << (8 * i);
    }
    s1.WXN = c.once_in(4);
    s1.big_endian = big_endian;
    address_bits = s1.output_size;
  }
  if (stages != Stages::stage1) {
    s2.granule = c.one_of(granules);
    s2.T0SZ = static_cast<std::int8_t>(20 + c.below(20));
    s2.start_level = static_cast<std::int8_t>(random_start_level(c, s2.granule, 64 - s2.T0SZ));
    s2.output_size = c.one_of(output_sizes);
    s2.big_endian = big_endian;
    s2.PTW = c.once_in(8);
    // A walk goes on where stage 1 stays within the input of stage 2.
    if (stages == Stages::nested) address_bits = std::min(address_bits, static_cast<unsigned>(64 - s2.T0SZ));
    if (stages == Stages::stage2) address_bits = s2.output_size;
    address_bits = std::min<unsigned>(address_bits, s2.output_size);
    s2.base = random_base(c, s2.output_size, !legal && c.once_in(16));
    s.normal_input = c.once_in(2);
  }
  for (TableConfig& t : s1.tables) {
    t.granule = c.one_of(granules);
    t.TxSZ = static_cast<std::uint8_t>(16 + c.below(24));
    t.EPD = (regime == Regime::el1_0 && c.once_in(16)) || stages == Stages::stage2;
    t.TBI = c.once_in(2);
    t.HPD = c.once_in(4);
    t.base = random_base(c, address_bits, !legal && c.once_in(16));
  }

  DescriptorMix& m = s.mix;
  static constexpr unsigned blocks[] = {0, 4, 16};
  static constexpr unsigned rare[] = {0, 32, 128};
  static constexpr unsigned often[] = {6, 12, 0};
  m.block = c.one_of(blocks);
  m.invalid = legal ? c.one_of(rare) : c.one_of(often);
  m.not_accessed = legal ? c.one_of(rare) : c.one_of(often);
  static constexpr unsigned restrictions[] = {0, 3, 16};
  m.restricted = c.one_of(restrictions);
  m.unreadable = stages == Stages::stage1 ? 2 : (legal ? c.one_of(rare) : c.one_of(often));
  m.far = legal ? 0 : 24;
  m.RES0 = legal ? 0 : 4;
  m.aligned_blocks = stages == Stages::nested || c.once_in(2);
  m.address_bits = address_bits;
  return s;
}

}  // namespace

std::uint64_t Scenario::descriptor(std::uint64_t address) const {
  Random random(seed ^ mix.address_bits ^ test::mix(address));
  std::uint64_t d = random.bits();
  const std::uint64_t dice = random.bits();
  // Independent dice from one word: primes do not matter, the fields are disjoint.
  const auto once_in = [&](unsigned shift, unsigned n) {
    return n != 0 && ((dice >> shift) & 0xff) % n == 0;
  };
  d |= 3;
  if (once_in(0, mix.block)) d &= ~std::uint64_t{2};
  if (once_in(8, mix.invalid)) d &= ~std::uint64_t{1};
  d |= std::uint64_t{1} << 10;
  if (once_in(16, mix.not_accessed)) d &= ~(std::uint64_t{1} << 10);
  if (!once_in(24, mix.restricted)) d &= ~bits(62, 59);
  d |= std::uint64_t{1} << 6;
  if (once_in(32, mix.unreadable)) d &= ~(std::uint64_t{1} << 6);
  if (!once_in(40, mix.far)) d &= ~(ones(48) & ~ones(mix.address_bits));
  if (!once_in(48, mix.RES0)) d &= ~bits(50, 48);
  if (mix.aligned_blocks && (d & 3) == 1) d &= ~bits(29, 12);
  return d;
}

std::uint64_t Scenario::address(Random& random) const {
  std::uint64_t a = random.bits();
  if (config.stages == Stages::stage2) {
    // Beyond 44 bits Unicorn, with stage 1 off, reports its own address size.
    const unsigned input_bits = static_cast<unsigned>(64 - config.stage2.T0SZ);
    return a & ones(random.once_in(16) ? 44 : input_bits);
  }
  const bool single = config.regime == Regime::el2 || config.regime == Regime::el3;
  const unsigned range = single ? 0 : random.below(2);
  const std::uint64_t inside = ones(64U - config.stage1.tables[range].TxSZ);
  const unsigned kind = random.below(16);
  if (kind == 0) return a;
  a = range != 0 ? a | ~inside : a & inside;
  if (kind == 1) a ^= inside + 1;                                  // just outside
  if (kind == 2) a ^= std::uint64_t{1} << (56 + random.below(8));  // one tag bit
  if (kind == 3) a = (a & ones(56)) | random.bits() << 56;
  return a;
}

rc::Gen<Scenario> scenarios(Stages stages, Regime regime, bool big_endian) {
  return rc::gen::map(rc::gen::container<Choices::Words>(rc::gen::arbitrary<std::uint64_t>()),
                      [=](const Choices::Words& words) { return make(words, stages, regime, big_endian); });
}

std::string describe(const Scenario& scenario) {
  const Config& c = scenario.config;
  std::ostringstream s;
  s << "stages " << static_cast<int>(c.stages) << " regime " << static_cast<int>(c.regime);
  const Stage1Config& s1 = c.stage1;
  if (c.stages != Stages::stage2) {
    s << " stage 1: output " << int{s1.output_size} << " WXN " << s1.WXN << " EE " << s1.big_endian
      << std::hex << " MAIR " << s1.MAIR << std::dec;
    for (const TableConfig& t : s1.tables) {
      s << " [base " << std::hex << t.base << std::dec << " TxSZ " << int{t.TxSZ} << " granule "
        << static_cast<int>(t.granule) << " EPD " << t.EPD << " TBI " << t.TBI << " HPD " << t.HPD << "]";
    }
  }
  const Stage2Config& s2 = c.stage2;
  if (c.stages != Stages::stage1) {
    s << " stage 2: [base " << std::hex << s2.base << std::dec << " T0SZ " << int{s2.T0SZ} << " start "
      << int{s2.start_level} << " granule " << static_cast<int>(s2.granule) << " output "
      << int{s2.output_size} << " PTW " << s2.PTW << " EE " << s2.big_endian << " normal input "
      << scenario.normal_input << "]";
  }
  return s.str();
}

}  // namespace smmuvp::pgtable::test
