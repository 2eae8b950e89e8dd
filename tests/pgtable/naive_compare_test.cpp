// The walker against the naive one of tests/pgtable/naive, written from the architecture's pseudocode by
// somebody who had not seen this library: random registers of every regime, with all that Unicorn's MMU
// lacks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>

#include "naive_scenario.h"
#include "oracle_scale.h"
#include "scenario_memory.h"

namespace smmuvp::pgtable::test {
namespace {

using ull = unsigned long long;

struct Counts {
  std::uint64_t cases = 0;
  std::uint64_t translated = 0;
  std::uint64_t updated = 0;
  std::uint64_t faults[3][9] = {};
  std::uint64_t on_table_walk = 0;
  std::uint64_t unpredictable_attributes = 0;

  void print(const char* what) const {
    std::printf(
        "%s: %llu cases, %llu translated, %llu with descriptors updated, %llu faults on a table walk\n", what,
        ull{cases}, ull{translated}, ull{updated}, ull{on_table_walk});
    for (unsigned stage = 1; stage <= 2; ++stage) {
      std::printf("  stage %u:", stage);
      for (unsigned kind = 1; kind < 9; ++kind) {
        if (faults[stage][kind] == 0) continue;
        std::printf(" %s %llu;", to_string(static_cast<FaultKind>(kind)), ull{faults[stage][kind]});
      }
      std::printf("\n");
    }
    std::printf("  attributes that may be anything, not compared: %llu\n", ull{unpredictable_attributes});
  }
};

class NaiveMemory : public naive::Memory {
 public:
  explicit NaiveMemory(const NaiveScenario& scenario) : m_overlay(scenario) {}
  std::optional<Bytes> read(std::uint64_t address, unsigned size, naive::Space) override {
    if (m_overlay.scenario().read_aborts(address)) return std::nullopt;
    return bytes(m_overlay.load(address, size));
  }
  naive::Swap compare_and_swap(std::uint64_t address, unsigned size, naive::Space, const Bytes& expected,
                               const Bytes& desired) override {
    if (m_overlay.scenario().read_aborts(address)) return naive::Swap::external_abort;
    if (m_overlay.scenario().atomic_unsupported(address)) return naive::Swap::unsupported;
    const Bytes now = bytes(m_overlay.load(address, size));
    if (!std::equal(now.begin(), now.begin() + size, expected.begin())) return naive::Swap::differs;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) value |= std::uint64_t{desired[i]} << (8 * i);
    m_overlay.store(address, value);
    return naive::Swap::done;
  }

 private:
  static Bytes bytes(std::uint64_t value) {
    Bytes b{};
    for (unsigned i = 0; i < 8; ++i) b[i] = static_cast<std::uint8_t>(value >> (8 * i));
    return b;
  }
  Overlay m_overlay;
};

FaultKind kind_of(naive::FaultKind kind) {
  switch (kind) {
    case naive::FaultKind::translation:
      return FaultKind::translation;
    case naive::FaultKind::address_size:
      return FaultKind::address_size;
    case naive::FaultKind::access_flag:
      return FaultKind::access_flag;
    case naive::FaultKind::permission:
      return FaultKind::permission;
    case naive::FaultKind::domain:
      return FaultKind::domain;
    case naive::FaultKind::external_abort:
      return FaultKind::external_abort;
    case naive::FaultKind::unsupported_atomic:
      break;
  }
  return FaultKind::unsupported_atomic;
}

unsigned rights_of(const naive::Permissions& p) {
  return (p.privileged.read ? Rights::privileged_read : 0U) |
         (p.privileged.write ? Rights::privileged_write : 0U) |
         (p.privileged.execute ? Rights::privileged_execute : 0U) |
         (p.unprivileged.read ? Rights::unprivileged_read : 0U) |
         (p.unprivileged.write ? Rights::unprivileged_write : 0U) |
         (p.unprivileged.execute ? Rights::unprivileged_execute : 0U);
}

AddressSpace space_of(naive::Space space) {
  return space == naive::Space::secure ? AddressSpace::secure : AddressSpace::non_secure;
}

// What differs, one line each.
class Differences {
 public:
  template <class A, class B>
  void check(const char* what, const A& ours, const B& theirs) {
    if (ours == theirs) return;
    m_text << "\n  " << what << ": " << std::hex << number(ours) << " here, " << number(theirs) << " there";
  }
  std::string text() const { return m_text.str(); }

 private:
  template <class T>
  static unsigned long long number(const T& value) {
    return static_cast<unsigned long long>(value);
  }
  std::ostringstream m_text;
};

void compare_fault(const Fault& ours, const naive::Fault& theirs, Differences& d) {
  d.check("fault kind", ours.kind, kind_of(theirs.kind));
  d.check("fault stage", static_cast<unsigned>(ours.stage), theirs.stage);
  d.check("fault level", static_cast<int>(ours.level), theirs.level);
  d.check("on table walk", ours.on_table_walk, theirs.s2fs1walk);
  d.check("fault va", ours.va, theirs.va);
  if (theirs.ipa) d.check("fault ipa", ours.ipa, *theirs.ipa);
  if (theirs.domain) d.check("fault domain", static_cast<unsigned>(ours.domain), *theirs.domain);
}

void compare_leaf(const Leaf& ours, const naive::StageResult& theirs, unsigned input_bits,
                  unsigned output_size, std::uint64_t input, Differences& d) {
  d.check("leaf level", static_cast<int>(ours.level), theirs.leaf_level);
  d.check("leaf size", static_cast<unsigned>(ours.block_shift), theirs.shift);
  d.check("leaf descriptor", ours.descriptor, theirs.descriptor);
  // The hint is used only where one entry for the whole range would say the same.
  unsigned range = theirs.shift;
  if (theirs.contiguous) {
    const std::uint64_t middle =
        ((std::uint64_t{1} << theirs.contiguous_shift) - 1) & ~((std::uint64_t{1} << theirs.shift) - 1);
    const bool fits = theirs.contiguous_shift <= input_bits && theirs.contiguous_shift <= output_size;
    if (fits && ((theirs.output ^ input) & middle) == 0) range = theirs.contiguous_shift;
  }
  d.check("contiguous range", static_cast<unsigned>(ours.range_shift), range);
}

unsigned effective_output_size(unsigned output_size, Granule granule, bool LPA, bool DS) {
  const bool wide = granule == Granule::size_64k ? LPA : DS;
  return wide ? output_size : std::min(output_size, 48U);
}

void compare_translation(const NaiveScenario& s, const Result& ours, const naive::Translation& theirs,
                         Counts& counts, Differences& d) {
  const Config& c = s.config;
  d.check("output", ours.output, theirs.address);
  d.check("space", ours.space, space_of(theirs.space));
  unsigned rights = rights_of(theirs.permissions);
  // E0PD: the second walker refuses the request at hand, ours also what a cache would let pass.
  const bool two_privileges = c.regime == Regime::el1_0 || c.regime == Regime::el2_0;
  if (theirs.stage1 && two_privileges && c.stage1.tables[ours.range].E0PD) {
    rights &= ~(Rights::unprivileged_read | Rights::unprivileged_write | Rights::unprivileged_execute);
  }
  const bool clean =
      (theirs.stage1 && theirs.stage1->writable_clean) || (theirs.stage2 && theirs.stage2->writable_clean);
  if (clean && (rights & (Rights::privileged_write | Rights::unprivileged_write)) != 0) {
    rights |= Rights::write_needs_update;
  }
  d.check("rights", static_cast<unsigned>(ours.rights.bits), rights);
  if (theirs.attributes_unpredictable) {
    ++counts.unpredictable_attributes;
  } else {
    d.check("memory attributes", ours.attributes.memory, theirs.attributes);
    const Shareability SH =
        s.family == Family::mali ? ours.attributes.SH : effective_shareability(ours.attributes);
    if (s.family != Family::mali || SH != Shareability::reserved) {
      d.check("shareability", static_cast<unsigned>(SH), static_cast<unsigned>(theirs.shareability));
    }
  }
  d.check("nG", ours.nG, theirs.nG);
  if (theirs.domain) d.check("domain", static_cast<unsigned>(ours.domain), *theirs.domain);
  unsigned shift = theirs.shift;
  d.check("stage 1 leaf", ours.stage1.valid, theirs.stage1.has_value());
  d.check("stage 2 leaf", ours.stage2.valid, theirs.stage2.has_value());
  if (theirs.stage1 && ours.stage1.valid) {
    const TableConfig& t = c.stage1.tables[ours.range];
    unsigned size = c.stage1.output_size;
    unsigned input_bits = 32;
    if (c.stage1.format == Format::vmsa64) {
      size = effective_output_size(size, t.granule, c.stage1.LPA, c.stage1.DS);
      input_bits = 64U - t.TxSZ;
    } else if (c.stage1.format == Format::lpae32) {
      input_bits = 32U - t.TxSZ;
    } else if (c.stage1.format == Format::mali_lpae) {
      input_bits = 64U - t.TxSZ;
    }
    compare_leaf(ours.stage1, *theirs.stage1, input_bits, size, ours.va, d);
    shift = std::min(shift, size);
    if (c.stages == Stages::nested) d.check("ipa", ours.ipa, theirs.stage1->output);
  }
  if (theirs.stage2 && ours.stage2.valid) {
    const Stage2Config& s2 = c.stage2;
    const bool vmsa64 = s2.format == Format::vmsa64;
    const unsigned size = vmsa64 ? effective_output_size(s2.output_size, s2.granule, s2.LPA, s2.DS) : 40;
    compare_leaf(ours.stage2, *theirs.stage2, static_cast<unsigned>((vmsa64 ? 64 : 32) - s2.T0SZ), size,
                 c.stages == Stages::nested ? ours.ipa : ours.va, d);
    shift = std::min(shift, size);
  }
  d.check("size of the translation", static_cast<unsigned>(ours.block_shift), shift);
}

std::string compare(const NaiveScenario& s, const WalkRequest& request, const WalkSetup& setup,
                    const naive::Configuration& configuration, Counts& counts) {
  Overlay overlay(s);
  std::vector<MemoryOp> reads;
  const Result ours = walk(setup, request, [&](const MemoryOp& op) {
    if (op.kind == MemoryOpKind::read) reads.push_back(op);
    return respond(overlay, op);
  });
  NaiveMemory memory(s);
  const naive::Answer theirs = naive::translate(configuration, to_naive(request), memory);

  ++counts.cases;
  ++counts.faults[static_cast<unsigned>(ours.fault.stage)][static_cast<unsigned>(ours.fault.kind)];
  if (ours.ok()) ++counts.translated;
  if (ours.fault.on_table_walk) ++counts.on_table_walk;
  if (!ours.updates.empty()) ++counts.updated;

  Differences d;
  d.check("number of reads", reads.size(), theirs.reads.size());
  d.check("descriptors recorded", ours.descriptors.size(), reads.size());
  for (std::size_t i = 0; i < std::min(reads.size(), theirs.reads.size()); ++i) {
    d.check("read address", reads[i].address, theirs.reads[i].address);
    d.check("read level", static_cast<int>(reads[i].level), theirs.reads[i].level);
    d.check("read stage", static_cast<unsigned>(reads[i].stage), theirs.reads[i].stage);
    d.check("read space", reads[i].space, space_of(theirs.reads[i].space));
  }
  std::size_t n = 0;
  for (const naive::DescriptorUpdate& u : theirs.updates) {
    if (u.result != naive::Swap::done) continue;
    if (n == ours.updates.size()) {
      d.check("number of updates", ours.updates.size(), n + 1);
      break;
    }
    const DescriptorUpdate o = ours.updates[n++];
    d.check("update address", o.address, u.address);
    d.check("update stage", static_cast<unsigned>(o.stage), u.stage);
    d.check("update before", o.before, u.old_value);
    d.check("update after", o.after, u.new_value);
  }
  d.check("number of updates", ours.updates.size(), n);
  d.check("translated", ours.ok(), theirs.translation() != nullptr);
  if (ours.ok() && theirs.translation() != nullptr) {
    compare_translation(s, ours, *theirs.translation(), counts, d);
  } else if (!ours.ok() && theirs.fault() != nullptr) {
    compare_fault(ours.fault, *theirs.fault(), d);
  }
  std::string text = d.text();
  if (text.empty()) return text;
  std::ostringstream out;
  out << text << "\n  " << describe(s, request) << "\n  here: ";
  if (ours.ok()) {
    out << "output " << std::hex << ours.output;
  } else {
    out << to_string(ours.fault.kind) << " stage " << static_cast<int>(ours.fault.stage) << " level "
        << int{ours.fault.level} << " on table walk " << ours.fault.on_table_walk;
  }
  for (const naive::DescriptorRead& r : theirs.reads) {
    out << std::hex << "\n  there: stage " << r.stage << " level " << std::dec << r.level << std::hex << " "
        << r.address << ": " << r.value;
  }
  for (const MemoryOp& r : reads) {
    out << std::hex << "\n  here: stage " << static_cast<int>(r.stage) << " level " << std::dec
        << int{r.level} << std::hex << " " << r.address;
  }
  return out.str();
}

void compare_family(Family family, std::uint64_t cases) {
  Random random(100 + static_cast<unsigned>(family));
  Counts counts;
  while (counts.cases < cases * oracle_scale()) {
    const NaiveScenario scenario = random_naive_scenario(family, random);
    const auto problems = validate(scenario.config);
    ASSERT_TRUE(problems.empty()) << problems[0].field << " " << problems[0].reason << describe(scenario, {});
    const WalkSetup setup(scenario.config);
    const naive::Configuration configuration = to_naive(scenario.config);
    for (unsigned i = 0; i < 32; ++i) {
      const WalkRequest request = scenario.request(random);
      ASSERT_EQ(compare(scenario, request, setup, configuration, counts), "") << "case " << counts.cases;
    }
  }
  counts.print(to_string(family));
  EXPECT_GT(counts.translated, counts.cases / 30);
}

TEST(NaiveComparison, Stage1WalksAsTheSecondWalkerDoes) { compare_family(Family::stage1, 250000); }
TEST(NaiveComparison, Stage2WalksAsTheSecondWalkerDoes) { compare_family(Family::stage2, 150000); }
TEST(NaiveComparison, NestedStagesWalkAsTheSecondWalkerDoes) { compare_family(Family::nested, 300000); }
TEST(NaiveComparison, AArch32LongDescriptorsWalkAsTheSecondWalkerDoes) {
  compare_family(Family::lpae32, 150000);
}
TEST(NaiveComparison, ShortDescriptorsWalkAsTheSecondWalkerDoes) { compare_family(Family::v7s, 150000); }
TEST(NaiveComparison, MaliTablesWalkAsTheSecondWalkerDoes) { compare_family(Family::mali, 50000); }

}  // namespace
}  // namespace smmuvp::pgtable::test
