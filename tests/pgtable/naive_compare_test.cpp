// Every format, stage and feature against the naive walker of tests/pgtable/naive, which was written from the
// architecture's pseudocode by somebody who had not seen this library.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <sstream>
#include <string>

#include "naive.h"
#include "oracle_scale.h"
#include "random_tables.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t ones(unsigned n) { return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1; }

// One round: registers, and memory whose content is a function of seed and address.
struct Round {
  Config config;
  bool PA52 = true;  // the implementation has 52 physical address bits
  std::uint64_t seed = 0;
  bool tidy = false;  // few reserved encodings, addresses that fit
  bool aborts = false;
  unsigned address_bits = 48;

  bool big_endian() const { return config.stage1.big_endian; }  // of both stages

  std::uint64_t number_at(std::uint64_t address, unsigned size) const {
    return size == 4 ? short_descriptor(address) : long_descriptor(address);
  }
  std::uint64_t raw_at(std::uint64_t address, unsigned size) const {
    const std::uint64_t number = number_at(address, size);
    if (!big_endian()) return number;
    return size == 4 ? __builtin_bswap32(static_cast<std::uint32_t>(number)) : __builtin_bswap64(number);
  }
  bool aborts_at(std::uint64_t address) const { return aborts && mix(seed + address) % 64 == 0; }

 private:
  std::uint64_t long_descriptor(std::uint64_t address) const {
    Random random(seed ^ mix(address));
    std::uint64_t d = random.bits() | 3;
    if (random.once_in(5)) d &= ~std::uint64_t{2};
    if (random.once_in(tidy ? 64 : 12)) d &= ~std::uint64_t{1};
    if (config.stage1.format == Format::mali_lpae && random.once_in(2)) d &= ~std::uint64_t{2};
    d |= std::uint64_t{1} << 10;
    if (random.once_in(6)) d &= ~(std::uint64_t{1} << 10);              // AF
    if (!random.once_in(4)) d |= std::uint64_t{1} << 6;                 // readable
    if (!random.once_in(3)) d &= ~(std::uint64_t{0xf} << 59);           // hierarchical bits
    if (tidy && (d & 3) == 1) d &= ~(std::uint64_t{0x3ffff} << 12);     // address of a block
    if (!random.once_in(tidy ? 128 : 24)) {                             // an address that fits
      d &= ~(ones(50) & ~ones(address_bits < 48 ? address_bits : 48));  // [49:48] count with DS
      if (!random.once_in(3)) d &= ~std::uint64_t{0x300};               // SH, or OA[51:50] with DS
      if (!random.once_in(3)) d &= ~std::uint64_t{0xf000};              // OA[51:48] with LPA
    }
    return d;
  }
  std::uint64_t short_descriptor(std::uint64_t address) const {
    Random random(seed ^ mix(address));
    auto d = static_cast<std::uint32_t>(random.bits());
    if (random.once_in(2)) d = (d & ~3U) | 1;        // tables and large pages more often
    if (random.once_in(2)) d |= 1U << 10 | 1U << 4;  // AP[0] of either level
    return d;
  }
};

// Memory that keeps what a walk writes.
class Overlay : public naive::Memory {
 public:
  explicit Overlay(const Round& round) : m_round(round) {}

  MemoryResponse operator()(const MemoryOp& op) {
    if (m_round.aborts_at(op.address)) return {MemoryStatus::external_abort, 0};
    const std::uint64_t raw = value(op.address, op.size);
    const std::uint64_t number = swap(raw, op.size, op.big_endian);
    if (op.kind == MemoryOpKind::compare_and_swap && number == op.expected) {
      m_written[op.address] = swap(op.desired, op.size, op.big_endian);
    }
    return {MemoryStatus::ok, number};
  }

  std::optional<Bytes> read(std::uint64_t address, unsigned size, naive::Space /*space*/) override {
    if (m_round.aborts_at(address)) return std::nullopt;
    return bytes(value(address, size), size);
  }
  naive::Swap compare_and_swap(std::uint64_t address, unsigned size, naive::Space /*space*/,
                               const Bytes& expected, const Bytes& desired) override {
    if (m_round.aborts_at(address)) return naive::Swap::external_abort;
    if (bytes(value(address, size), size) != expected) return naive::Swap::differs;
    std::uint64_t raw = 0;
    for (unsigned i = 0; i < size; ++i) raw |= std::uint64_t{desired[i]} << (8 * i);
    m_written[address] = raw;
    return naive::Swap::done;
  }

 private:
  static std::uint64_t swap(std::uint64_t v, unsigned size, bool big_endian) {
    if (!big_endian) return v;
    return size == 4 ? __builtin_bswap32(static_cast<std::uint32_t>(v)) : __builtin_bswap64(v);
  }
  static Bytes bytes(std::uint64_t raw, unsigned size) {
    Bytes b{};
    for (unsigned i = 0; i < size; ++i) b[i] = static_cast<std::uint8_t>(raw >> (8 * i));
    return b;
  }
  std::uint64_t value(std::uint64_t address, unsigned size) const {
    const auto found = m_written.find(address);
    return found != m_written.end() ? found->second : m_round.raw_at(address, size);
  }

  const Round& m_round;
  std::map<std::uint64_t, std::uint64_t> m_written;
};

template <class T, std::size_t N>
T one_of(Random& random, const T (&values)[N]) {
  return values[random.below(N)];
}

// A MAIR byte without reserved encodings: those the SMMU has replaced before a walk sees them.
std::uint8_t random_mair_byte(Random& random) {
  static constexpr std::uint8_t common[] = {0x00, 0x04, 0x08, 0x0c, 0x44, 0xff, 0xbb, 0x4f, 0xf4, 0x77};
  if (random.once_in(2)) return one_of(random, common);
  return static_cast<std::uint8_t>((1 + random.below(15)) << 4 | (1 + random.below(15)));
}

// Whether the base register has its 52-bit form; else it holds 48 bits.
bool is_wide(Granule granule, bool DS, unsigned output_size) {
  return granule == Granule::size_64k ? output_size == 52 : DS;
}

constexpr Granule granules[] = {Granule::size_4k, Granule::size_16k, Granule::size_64k};
constexpr std::uint8_t sizes[] = {52, 52, 52, 48, 48, 44, 42, 40, 36, 32};

void random_stage1(Random& random, Round& r, Format format) {
  Stage1Config& s1 = r.config.stage1;
  const bool vmsa64 = format == Format::vmsa64;
  s1.format = format;
  for (unsigned i = 0; i < 8; ++i) s1.MAIR |= std::uint64_t{random_mair_byte(random)} << (8 * i);
  do {
    s1.output_size = vmsa64 ? one_of(random, sizes) : std::uint8_t{40};
  } while (s1.output_size == 52 && !r.PA52);
  s1.LPA = r.PA52;
  s1.DS = vmsa64 && r.PA52 && random.once_in(2);
  s1.WXN = random.once_in(4) && format != Format::mali_lpae;
  s1.UWXN = random.once_in(4);
  s1.PAN = random.once_in(3);
  s1.big_endian = random.once_in(6) && format != Format::mali_lpae;
  s1.AFFD = random.once_in(4) && format != Format::mali_lpae;
  s1.HA = vmsa64 && random.once_in(2);
  s1.HD = s1.HA && random.once_in(2);
  s1.v7s.N = static_cast<std::uint8_t>(random.below(8));
  s1.v7s.DACR = static_cast<std::uint32_t>(random.bits()) | (random.once_in(2) ? 0x55555555U : 0);
  s1.v7s.AFE = random.once_in(2);
  s1.v7s.TRE = random.once_in(2);
  s1.v7s.PRRR = static_cast<std::uint32_t>(random.bits());
  s1.v7s.NMRR = static_cast<std::uint32_t>(random.bits());
  for (TableConfig& t : s1.tables) {
    if (vmsa64) t.granule = one_of(random, granules);
    const bool large = t.granule == Granule::size_64k;
    const unsigned from = (large && r.PA52) || (s1.DS && !large) ? 12 : 16;
    t.TxSZ = static_cast<std::uint8_t>(format == Format::lpae32 ? random.below(8)
                                       : vmsa64 ? from + random.below((large ? 48 : 49) - from)
                                                : 16);
    t.EPD = random.once_in(24) && format != Format::mali_lpae;
    t.TBI = vmsa64 && random.once_in(2);
    t.HPD = random.once_in(4) && format != Format::mali_lpae;
    t.E0PD = vmsa64 && random.once_in(8);
    t.NS = format != Format::v7s && random.once_in(4);
    t.walk_attributes.SH = static_cast<Shareability>(random.below(4));
    t.base =
        random.bits() & ones(random.once_in(16) ? 48U : std::min<unsigned>(s1.output_size, r.address_bits));
    t.base &= format == Format::v7s ? 0xffffffff : ~std::uint64_t{0x3f};
    if (!is_wide(t.granule, s1.DS, s1.output_size)) t.base &= ones(48);
    if (format == Format::mali_lpae) t.base &= ~std::uint64_t{0xfff} & ones(40);
    if (format == Format::lpae32) t.base &= ones(40);
  }
}

void random_stage2(Random& random, Round& r, bool lpae32) {
  Stage2Config& s2 = r.config.stage2;
  s2.format = lpae32 ? Format::lpae32 : Format::vmsa64;
  if (!lpae32) s2.granule = one_of(random, granules);
  do {
    s2.output_size = lpae32 ? std::uint8_t{40} : one_of(random, sizes);
  } while (s2.output_size == 52 && !r.PA52);
  s2.LPA = r.PA52;
  s2.DS = !lpae32 && r.PA52 && random.once_in(2);
  do {
    s2.T0SZ = static_cast<std::int8_t>(lpae32 ? static_cast<int>(random.below(16)) - 8
                                              : 12 + static_cast<int>(random.below(37)));
    s2.start_level = static_cast<std::int8_t>(static_cast<int>(random.below(5)) - 1);
  } while (!is_walkable(r.config) || (!lpae32 && s2.T0SZ < (r.PA52 ? 12 : 16)));
  s2.big_endian = r.config.stage1.big_endian;
  s2.AFFD = random.once_in(4);
  s2.HA = !lpae32 && random.once_in(2);
  s2.HD = s2.HA && random.once_in(2);
  s2.PTW = random.once_in(6);
  s2.FWB = !lpae32 && random.once_in(2);
  s2.XNX = random.once_in(2);
  s2.walk_attributes.SH = static_cast<Shareability>(random.below(4));
  s2.base = random.bits() & ones(random.once_in(16) ? 48 : s2.output_size) & ~std::uint64_t{0x3f};
  if (!is_wide(s2.granule, s2.DS, s2.output_size)) s2.base &= ones(48);
  if (lpae32) s2.base &= ones(40);
}

Round random_round(std::uint64_t seed) {
  Random random(seed);
  Round r;
  r.seed = random.bits();
  r.PA52 = random.once_in(2);
  r.tidy = random.once_in(2);
  r.aborts = random.once_in(6);
  static constexpr Format formats[] = {Format::vmsa64, Format::vmsa64, Format::vmsa64,
                                       Format::lpae32, Format::v7s,    Format::mali_lpae};
  const Format format = one_of(random, formats);
  Config& c = r.config;
  c.stages = format == Format::mali_lpae ? Stages::stage1 : static_cast<Stages>(random.below(3));
  if (format == Format::vmsa64 && c.stages == Stages::stage1) c.regime = static_cast<Regime>(random.below(4));
  if (format == Format::lpae32 && c.stages == Stages::stage1 && random.once_in(4)) c.regime = Regime::el2;
  if (c.stages == Stages::stage1 && format != Format::mali_lpae && random.once_in(4)) {
    c.space = AddressSpace::secure;
  }
  // A walk goes on where stage 1 stays within the input of stage 2.
  const Stages stages = c.stages;
  if (stages != Stages::stage1) {
    const bool lpae32 =
        stages == Stages::stage2 ? random.once_in(4) : format != Format::vmsa64 && random.once_in(2);
    c.stages = Stages::stage2;
    random_stage2(random, r, lpae32);
    const auto input_bits = static_cast<unsigned>((lpae32 ? 32 : 64) - c.stage2.T0SZ);
    r.address_bits = std::min<unsigned>(c.stage2.output_size, stages == Stages::nested ? input_bits : 52);
    c.stages = stages;
  }
  if (stages != Stages::stage2) {
    random_stage1(random, r, format);
    r.address_bits = std::min<unsigned>(r.address_bits, c.stage1.output_size);
    c.stage2.big_endian = c.stage1.big_endian;
  }
  return r;
}

std::uint64_t random_input(Random& random, const Config& c) {
  std::uint64_t a = random.bits();
  if (random.once_in(24)) return a;
  if (c.stages == Stages::stage2) {
    const int whole = c.stage2.format == Format::lpae32 ? 32 : 64;
    return a & ones(static_cast<unsigned>(whole - c.stage2.T0SZ) + (random.once_in(16) ? 1 : 0));
  }
  switch (c.stage1.format) {
    case Format::vmsa64:
      break;
    case Format::mali_lpae:
      return a & ones(48);
    default: {
      a &= ones(32);
      const unsigned narrow = random.below(8);
      return random.once_in(2) ? a & ones(32 - narrow) : a | (ones(narrow) << (32 - narrow));
    }
  }
  const bool two = c.regime == Regime::el1_0 || c.regime == Regime::el2_0;
  const unsigned range = two ? random.below(2) : 0;
  const std::uint64_t inside = ones(64U - c.stage1.tables[range].TxSZ);
  a = range != 0 ? a | ~inside : a & inside;
  if (random.once_in(16)) a ^= inside + 1;
  if (random.once_in(8)) a = (a & ones(56)) | random.bits() << 56;
  return a;
}

// --- the same registers for the naive walker

unsigned encoded_size(unsigned bits) {
  static constexpr unsigned all[] = {32, 36, 40, 42, 44, 48, 52};
  for (unsigned i = 0; i < 7; ++i) {
    if (all[i] == bits) return i;
  }
  return 0;
}

unsigned encoded_TG0(Granule g) { return g == Granule::size_4k ? 0 : (g == Granule::size_64k ? 1 : 2); }
unsigned encoded_TG1(Granule g) { return g == Granule::size_4k ? 2 : (g == Granule::size_64k ? 3 : 1); }

std::uint64_t register_of(std::uint64_t base, Granule granule, bool DS, unsigned output_size) {
  return naive::ttbr_of_address(base, is_wide(granule, DS, output_size));
}

naive::Space space_of(AddressSpace s) {
  return s == AddressSpace::secure ? naive::Space::secure : naive::Space::non_secure;
}

naive::Stage1_64 naive_vmsa64(const Config& c) {
  const Stage1Config& s1 = c.stage1;
  naive::Stage1_64 n;
  n.regime = static_cast<naive::Regime>(c.regime);
  n.space = space_of(c.space);
  const TableConfig& t0 = s1.tables[0];
  const TableConfig& t1 = s1.tables[1];
  n.NSCFG0 = t0.NS;
  n.NSCFG1 = t1.NS;
  n.T0SZ = t0.TxSZ;
  n.T1SZ = t1.TxSZ;
  n.TG0 = encoded_TG0(t0.granule);
  n.TG1 = encoded_TG1(t1.granule);
  n.SH0 = static_cast<unsigned>(t0.walk_attributes.SH);
  n.SH1 = static_cast<unsigned>(t1.walk_attributes.SH);
  n.EPD0 = t0.EPD;
  n.EPD1 = t1.EPD;
  n.TBI0 = t0.TBI;
  n.TBI1 = t1.TBI;
  n.HPD0 = t0.HPD;
  n.HPD1 = t1.HPD;
  n.E0PD0 = t0.E0PD;
  n.E0PD1 = t1.E0PD;
  n.IPS = encoded_size(s1.output_size);
  n.TTBR0 = register_of(t0.base, t0.granule, s1.DS, s1.output_size);
  n.TTBR1 = register_of(t1.base, t1.granule, s1.DS, s1.output_size);
  n.MAIR = s1.MAIR;
  n.WXN = s1.WXN;
  n.PAN = s1.PAN;
  n.HA = s1.HA;
  n.HD = s1.HD;
  n.AFFD = s1.AFFD;
  n.DS = s1.DS;
  n.EE = s1.big_endian;
  return n;
}

naive::Stage1_LD naive_lpae32(const Config& c) {
  const Stage1Config& s1 = c.stage1;
  naive::Stage1_LD n;
  n.regime = static_cast<naive::Regime>(c.regime);
  n.space = space_of(c.space);
  n.NSCFG0 = s1.tables[0].NS;
  n.NSCFG1 = s1.tables[1].NS;
  n.T0SZ = s1.tables[0].TxSZ;
  n.T1SZ = s1.tables[1].TxSZ;
  n.EPD0 = s1.tables[0].EPD;
  n.EPD1 = s1.tables[1].EPD;
  n.HPD0 = s1.tables[0].HPD;
  n.HPD1 = s1.tables[1].HPD;
  n.TTBR0 = s1.tables[0].base;
  n.TTBR1 = s1.tables[1].base;
  n.MAIR0 = static_cast<std::uint32_t>(s1.MAIR);
  n.MAIR1 = static_cast<std::uint32_t>(s1.MAIR >> 32);
  n.WXN = s1.WXN;
  n.UWXN = s1.UWXN;
  n.PAN = s1.PAN;
  n.AFFD = s1.AFFD;
  n.EE = s1.big_endian;
  return n;
}

naive::Stage1_SD naive_v7s(const Config& c) {
  const Stage1Config& s1 = c.stage1;
  naive::Stage1_SD n;
  n.space = space_of(c.space);
  n.N = s1.v7s.N;
  n.PD0 = s1.tables[0].EPD;
  n.PD1 = s1.tables[1].EPD;
  n.TTBR0 = static_cast<std::uint32_t>(s1.tables[0].base);
  n.TTBR1 = static_cast<std::uint32_t>(s1.tables[1].base);
  n.DACR = s1.v7s.DACR;
  n.AFE = s1.v7s.AFE;
  n.TRE = s1.v7s.TRE;
  n.AFFD = s1.AFFD;
  n.PRRR = s1.v7s.PRRR;
  n.NMRR = s1.v7s.NMRR;
  n.WXN = s1.WXN;
  n.UWXN = s1.UWXN;
  n.PAN = s1.PAN;
  n.EE = s1.big_endian;
  return n;
}

naive::Stage2_64 naive_stage2(const Stage2Config& s2) {
  naive::Stage2_64 n;
  n.T0SZ = static_cast<unsigned>(s2.T0SZ);
  n.TG0 = encoded_TG0(s2.granule);
  if (s2.granule == Granule::size_4k) {
    static constexpr unsigned SL0[] = {0, 2, 1, 0, 3};  // by level, from -1
    n.SL0 = SL0[s2.start_level + 1];
    n.SL2 = s2.start_level == -1;
  } else {
    n.SL0 = static_cast<unsigned>(3 - s2.start_level);
  }
  n.SH0 = static_cast<unsigned>(s2.walk_attributes.SH);
  n.PS = encoded_size(s2.output_size);
  n.VTTBR = register_of(s2.base, s2.granule, s2.DS, s2.output_size);
  n.HA = s2.HA;
  n.HD = s2.HD;
  n.AFFD = s2.AFFD;
  n.PTW = s2.PTW;
  n.FWB = s2.FWB;
  n.DS = s2.DS;
  n.EE = s2.big_endian;
  n.XNX = s2.XNX;
  return n;
}

naive::Stage2_LD naive_stage2_lpae32(const Stage2Config& s2) {
  naive::Stage2_LD n;
  n.T0SZ = s2.T0SZ;
  n.SL0 = s2.start_level == 1 ? 1 : 0;
  n.VTTBR = s2.base;
  n.PTW = s2.PTW;
  n.AFFD = s2.AFFD;
  n.EE = s2.big_endian;
  n.XNX = s2.XNX;
  return n;
}

naive::Configuration naive_configuration(const Round& r) {
  const Config& c = r.config;
  naive::Configuration n;
  n.system.PAMax = r.PA52 ? 52 : 48;
  n.system.have_52bit_va = true;
  n.system.have_aarch32 = true;
  // Each descriptor of a contiguous range is read on its own (Leaf::range_shift).
  n.choices.contiguous_extends_output = false;
  if (c.stages != Stages::stage2) {
    switch (c.stage1.format) {
      case Format::vmsa64:
        n.stage1 = naive_vmsa64(c);
        break;
      case Format::lpae32:
        n.stage1 = naive_lpae32(c);
        break;
      case Format::v7s:
        n.stage1 = naive_v7s(c);
        break;
      case Format::mali_lpae:
        n.stage1 = naive::Mali{c.stage1.tables[0].base, c.stage1.MAIR};
        break;
    }
  }
  if (c.stages != Stages::stage1) {
    if (c.stage2.format == Format::lpae32) {
      n.stage2 = naive_stage2_lpae32(c.stage2);
    } else {
      n.stage2 = naive_stage2(c.stage2);
    }
  }
  return n;
}

// --- both answers as text: what differs is then seen at once

const char* name(naive::FaultKind kind) {
  switch (kind) {
    case naive::FaultKind::translation:
      return "translation";
    case naive::FaultKind::address_size:
      return "address size";
    case naive::FaultKind::access_flag:
      return "access flag";
    case naive::FaultKind::permission:
      return "permission";
    case naive::FaultKind::domain:
      return "domain";
    case naive::FaultKind::external_abort:
      return "external abort on a table access";
    case naive::FaultKind::unsupported_atomic:
      return "unsupported atomic update of a table";
  }
  return "?";
}

std::string rights_text(bool pr, bool pw, bool px, bool ur, bool uw, bool ux) {
  std::string s;
  s += pr ? 'r' : '-';
  s += pw ? 'w' : '-';
  s += px ? 'x' : '-';
  s += ur ? 'r' : '-';
  s += uw ? 'w' : '-';
  s += ux ? 'x' : '-';
  return s;
}

struct Facts {
  std::string outcome;
  std::string course;  // reads and updates
};

bool has_domain(const Config& c, Stage stage) {
  return stage == Stage::stage1 && c.stage1.format == Format::v7s;
}

// A Mali's memory attributes are no MAIR byte, so they say nothing of shareability.
Shareability shareability_of(const Config& c, Attributes attributes) {
  if (c.stages == Stages::stage2 || c.stage1.format != Format::mali_lpae)
    return effective_shareability(attributes);
  return attributes.SH == Shareability::reserved ? Shareability::non_shareable : attributes.SH;
}

Facts facts_of(const Config& c, const WalkRequest& request, const Result& r, bool compare_attributes) {
  std::ostringstream o;
  o << std::hex;
  if (!r.ok()) {
    const Fault& f = r.fault;
    o << to_string(f.kind) << " fault, stage " << static_cast<int>(f.stage) << " level " << int{f.level};
    if (f.stage == Stage::stage2) o << " ipa " << f.ipa << (f.on_table_walk ? " on a walk" : "");
    if (has_domain(c, f.stage) && f.kind != FaultKind::translation) o << " domain " << int{f.domain};
  } else {
    const Rights& q = r.rights;
    o << "output " << r.output << (r.space == AddressSpace::secure ? " secure" : "") << " rights "
      << rights_text(q.has(1), q.has(2), q.has(4), q.has(8), q.has(16), q.has(32));
    if (request.side_effects) o << (q.has(Rights::write_needs_update) ? " clean" : "");
    o << " nG " << r.nG << " shift " << std::dec << int{r.block_shift} << std::hex;
    if (c.stages != Stages::stage2 && c.stage1.format == Format::v7s) o << " domain " << int{r.domain};
    if (compare_attributes) {
      o << " memory " << int{r.attributes.memory} << " SH "
        << static_cast<int>(shareability_of(c, r.attributes));
    }
    if (r.stage1.valid)
      o << " leaf 1 at level " << int{r.stage1.level} << " of " << int{r.stage1.block_shift};
    if (r.stage2.valid)
      o << " leaf 2 at level " << int{r.stage2.level} << " of " << int{r.stage2.block_shift};
  }
  std::ostringstream course;
  course << std::hex;
  for (const std::uint64_t a : r.descriptors) course << a << ' ';
  for (const DescriptorUpdate& u : r.updates)
    course << "[" << u.address << ": " << u.before << " -> " << u.after << "]";
  return {o.str(), course.str()};
}

Facts facts_of(const Config& c, const WalkRequest& request, const naive::Answer& a) {
  std::ostringstream o;
  o << std::hex;
  if (const naive::Fault* f = a.fault()) {
    o << name(f->kind) << " fault, stage " << f->stage << " level " << f->level;
    if (f->stage == 2) o << " ipa " << f->ipa.value_or(0) << (f->s2fs1walk ? " on a walk" : "");
    const auto stage = f->stage == 1 ? Stage::stage1 : Stage::stage2;
    if (has_domain(c, stage) && f->kind != naive::FaultKind::translation)
      o << " domain " << f->domain.value_or(0);
  } else {
    const naive::Translation& t = *a.translation();
    const naive::Permissions& p = t.permissions;
    o << "output " << t.address << (t.space == naive::Space::secure ? " secure" : "") << " rights "
      << rights_text(p.privileged.read, p.privileged.write, p.privileged.execute, p.unprivileged.read,
                     p.unprivileged.write, p.unprivileged.execute);
    const bool clean = (t.stage1 && t.stage1->writable_clean) || (t.stage2 && t.stage2->writable_clean);
    if (request.side_effects) o << (clean && (p.privileged.write || p.unprivileged.write) ? " clean" : "");
    unsigned shift = t.shift;
    if (c.stages != Stages::stage2) shift = std::min<unsigned>(shift, c.stage1.output_size);
    if (c.stages != Stages::stage1) shift = std::min<unsigned>(shift, c.stage2.output_size);
    o << " nG " << t.nG << " shift " << std::dec << shift << std::hex;
    if (c.stages != Stages::stage2 && c.stage1.format == Format::v7s) o << " domain " << t.domain.value_or(0);
    if (!t.attributes_unpredictable) {
      o << " memory " << int{t.attributes} << " SH " << static_cast<int>(t.shareability);
    }
    if (t.stage1) o << " leaf 1 at level " << t.stage1->leaf_level << " of " << t.stage1->shift;
    if (t.stage2) o << " leaf 2 at level " << t.stage2->leaf_level << " of " << t.stage2->shift;
  }
  std::ostringstream course;
  course << std::hex;
  for (const naive::DescriptorRead& r : a.reads) course << r.address << ' ';
  for (const naive::DescriptorUpdate& u : a.updates) {
    if (u.result == naive::Swap::done)
      course << "[" << u.address << ": " << u.old_value << " -> " << u.new_value << "]";
  }
  return {o.str(), course.str()};
}

// Where the library uses the Contiguous hint, it is set, and of that size. (The library drops hints that
// cannot be used; the naive walker reports them all.)
void expect_contiguous(const Leaf& mine, const std::optional<naive::StageResult>& theirs) {
  if (!mine.valid || mine.range_shift == mine.block_shift) return;
  ASSERT_TRUE(theirs.has_value());
  EXPECT_TRUE(theirs->contiguous);
  EXPECT_EQ(unsigned{mine.range_shift}, theirs->contiguous_shift);
}

std::string describe(const Round& r, const WalkRequest& q) {
  const Config& c = r.config;
  std::ostringstream s;
  s << std::hex << "stages " << static_cast<int>(c.stages) << " regime " << static_cast<int>(c.regime)
    << " space " << static_cast<int>(c.space) << " PA52 " << r.PA52 << " va " << q.va << " access "
    << static_cast<int>(q.access) << " privileged " << q.privileged << " side effects " << q.side_effects
    << "\n stage 1: format " << static_cast<int>(c.stage1.format) << std::dec << " output "
    << int{c.stage1.output_size} << " DS " << c.stage1.DS << " WXN " << c.stage1.WXN << " UWXN "
    << c.stage1.UWXN << " PAN " << c.stage1.PAN << " AFFD " << c.stage1.AFFD << " HA " << c.stage1.HA
    << " HD " << c.stage1.HD << " AFE " << c.stage1.v7s.AFE << " TRE " << c.stage1.v7s.TRE << " N "
    << int{c.stage1.v7s.N} << " DACR " << std::hex << c.stage1.v7s.DACR << " PRRR " << c.stage1.v7s.PRRR
    << " NMRR " << c.stage1.v7s.NMRR << " MAIR " << c.stage1.MAIR << std::dec;
  for (const TableConfig& t : c.stage1.tables) {
    s << "\n  base " << std::hex << t.base << std::dec << " TxSZ " << int{t.TxSZ} << " granule "
      << static_cast<int>(t.granule) << " EPD " << t.EPD << " TBI " << t.TBI << " HPD " << t.HPD << " E0PD "
      << t.E0PD << " SH " << static_cast<int>(t.walk_attributes.SH);
  }
  const Stage2Config& s2 = c.stage2;
  s << "\n stage 2: format " << static_cast<int>(s2.format) << " base " << std::hex << s2.base << std::dec
    << " T0SZ " << int{s2.T0SZ} << " start " << int{s2.start_level} << " granule "
    << static_cast<int>(s2.granule) << " output " << int{s2.output_size} << " DS " << s2.DS << " AFFD "
    << s2.AFFD << " HA " << s2.HA << " HD " << s2.HD << " PTW " << s2.PTW << " FWB " << s2.FWB << " XNX "
    << s2.XNX << " SH " << static_cast<int>(s2.walk_attributes.SH);
  return s.str();
}

TEST(NaiveWalker, AnswersWhatThisLibraryAnswersInEveryFormatAndStage) {
  constexpr unsigned queries_per_round = 24;
  const std::uint64_t rounds = 50000 * oracle_scale();
  std::map<std::string, std::uint64_t> counts;
  unsigned differences = 0;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    const Round round = random_round(i);
    ASSERT_TRUE(is_walkable(round.config)) << describe(round, {});
    const WalkSetup setup(round.config);
    const naive::Configuration configuration = naive_configuration(round);
    Random random(~i);
    for (unsigned k = 0; k < queries_per_round; ++k) {
      WalkRequest request;
      request.va = random_input(random, round.config);
      request.access = static_cast<AccessType>(random.below(5));
      request.privileged = random.once_in(2);
      request.side_effects = !random.once_in(8);
      static constexpr naive::Access accesses[] = {naive::Access::read, naive::Access::write,
                                                   naive::Access::atomic, naive::Access::execute,
                                                   naive::Access::none};
      naive::Request asked;
      asked.address = request.va;
      asked.access = accesses[static_cast<unsigned>(request.access)];
      asked.privileged = request.privileged;
      // This library's `none` makes updates where its caller asks for side effects; the naive one never.
      if (request.access == AccessType::none) request.side_effects = false;
      asked.side_effects = request.side_effects;

      Overlay memory(round);
      const Result mine = walk(setup, request, memory);
      Overlay naive_memory(round);
      const naive::Answer theirs = naive::translate(configuration, asked, naive_memory);

      const bool compare_attributes =
          theirs.fault() != nullptr || !theirs.translation()->attributes_unpredictable;
      if (!compare_attributes) ++counts["attributes UNPREDICTABLE, not compared"];
      const Facts a = facts_of(round.config, request, mine, compare_attributes);
      const Facts b = facts_of(round.config, request, theirs);
      ++counts[mine.ok() ? "translated" : to_string(mine.fault.kind)];
      if (mine.ok() && theirs.translation() != nullptr) {
        expect_contiguous(mine.stage1, theirs.translation()->stage1);
        expect_contiguous(mine.stage2, theirs.translation()->stage2);
      }
      if (!mine.updates.empty()) ++counts["with hardware updates"];
      if (a.outcome != b.outcome || a.course != b.course) {
        ADD_FAILURE() << "round " << i << " query " << k << "\n library: " << a.outcome
                      << "\n naive:   " << b.outcome << "\n library: " << a.course
                      << "\n naive:   " << b.course << "\n " << describe(round, request);
        if (++differences == 10) FAIL() << "and perhaps more";
      }
    }
  }
  std::printf("naive: %llu cases", static_cast<unsigned long long>(rounds * queries_per_round));
  for (const auto& [what, count] : counts)
    std::printf("; %s %llu", what.c_str(), static_cast<unsigned long long>(count));
  std::printf("\n");
}

}  // namespace
}  // namespace smmuvp::pgtable::test
