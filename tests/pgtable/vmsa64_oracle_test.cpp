// The walker against Unicorn's AArch64 MMU, on random registers and random tables.
//
// Where Unicorn is known to differ from the architecture, the difference is predicted, checked against the
// prediction and counted; everything else has to be equal.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "random_tables.h"
#include "smmuvp/pgtable/walk.h"
#include "unicorn_oracle.h"

namespace smmuvp::pgtable::test {
namespace {

struct Counts {
  std::uint64_t cases = 0;
  std::uint64_t translated = 0;
  std::uint64_t faults[8] = {};
  std::uint64_t output_size_unchecked = 0;
  std::uint64_t level_0_block = 0;
  std::uint64_t RES0_in_output = 0;
};

// Both sides see the same memory.
TableStyle current_style;
std::uint64_t memory_value(std::uint64_t address) { return random_memory(current_style, address); }

MemoryResponse table_access(const MemoryOp& op) {
  MemoryResponse response;
  const std::uint64_t value = memory_value(op.address);
  response.data = op.big_endian ? byte_swap(value) : value;
  return response;
}

Config with_unlimited_output(Config config) {
  config.stage1.output_size = 48;
  return config;
}

bool reserved_level_0_block(const Result& r) {
  if (r.fault.kind != FaultKind::translation || r.fault.level != 0 || r.descriptors.size() != 1) return false;
  return (random_descriptor(current_style, r.descriptors[0]) & 3) == 1;
}

// Unicorn never checks the output size, but goes on to read what lies beyond it. So its reads tell at which
// level an Address size fault has to come first: nothing, or the level.
std::optional<int> predicted_address_size_level(const Config& config, std::uint64_t va,
                                                const std::vector<std::uint64_t>& reads) {
  if (reads.empty()) return std::nullopt;  // the address is outside its range, or EPD
  const unsigned size = config.stage1.output_size;
  const TableConfig& t = config.stage1.tables[(va >> 55) & 1];
  if ((t.base >> size) != 0) return 0;
  int level = t.TxSZ <= 24 ? 0 : t.TxSZ <= 33 ? 1 : 2;
  for (const std::uint64_t address : reads) {
    const std::uint64_t d = random_descriptor(current_style, address);
    const bool reserved = (d & 3) == 1 && (level == 0 || level == 3);
    if ((d & 1) == 0 || reserved) return std::nullopt;
    if (((d & 0xfffffffff000) >> size) != 0) return level;
    ++level;
  }
  return std::nullopt;
}

std::string describe(const Config& config, const WalkRequest& request, const Result& ours,
                     std::uint64_t par) {
  std::ostringstream s;
  s << std::hex << "va " << request.va << " access " << static_cast<int>(request.access) << " privileged "
    << request.privileged << " PAR " << par;
  for (const TableConfig& t : config.stage1.tables) {
    s << " [base " << t.base << " TxSZ " << std::dec << int{t.TxSZ} << std::hex << " EPD " << t.EPD << " TBI "
      << t.TBI << " HPD " << t.HPD << "]";
  }
  s << " fault " << to_string(ours.fault.kind) << " level " << int{ours.fault.level} << " output "
    << ours.output;
  for (const std::uint64_t a : ours.descriptors) s << " " << a << ":" << random_descriptor(current_style, a);
  return s.str();
}

// PAR_EL1.FST of a fault (DDI 0487 D17, PAR_EL1)
unsigned fault_status(const Fault& fault) {
  const unsigned level = static_cast<std::uint8_t>(fault.level);
  switch (fault.kind) {
    case FaultKind::address_size:
      return 0x00 + level;
    case FaultKind::translation:
      return 0x04 + level;
    case FaultKind::access_flag:
      return 0x08 + level;
    case FaultKind::permission:
      return 0x0c + level;
    default:
      return 0x3f;
  }
}

void compare(const Config& config, const WalkRequest& request, Translator& oracle, Counts& counts) {
  oracle.forget();
  const std::uint64_t par =
      oracle.at(request.privileged, request.access == AccessType::write, config.stage1.PAN, request.va);
  Result ours = walk(config, request, table_access);
  ++counts.cases;
  ++counts.faults[static_cast<unsigned>(ours.fault.kind) & 7];
  const std::optional<int> address_size = predicted_address_size_level(config, request.va, oracle.reads());
  ASSERT_EQ(ours.fault.kind == FaultKind::address_size, address_size.has_value())
      << describe(config, request, ours, par);
  if (address_size) {
    ASSERT_EQ(ours.fault.level, *address_size) << describe(config, request, ours, par);
    ++counts.output_size_unchecked;  // from here on: what the walk gives with 48 bits
    ours = walk(with_unlimited_output(config), request, table_access);
  }
  if (reserved_level_0_block(ours)) {
    ++counts.level_0_block;  // Unicorn takes 0b01 at level 0 for a block: it is done after one descriptor
    ASSERT_EQ(oracle.reads().size(), 1U) << describe(config, request, ours, par);
    return;
  }

  const std::vector<std::uint64_t> ours_read(ours.descriptors.begin(), ours.descriptors.end());
  ASSERT_EQ(ours_read, oracle.reads()) << describe(config, request, ours, par);
  ASSERT_EQ(ours.ok(), (par & 1) == 0) << describe(config, request, ours, par);
  if (!ours.ok()) {
    ASSERT_EQ(fault_status(ours.fault), (par >> 1) & 0x3f) << describe(config, request, ours, par);
    return;
  }
  ++counts.translated;
  constexpr std::uint64_t page_address = 0xfffffffff000;
  // Unicorn ORs RES0 bits of a block's address field into the result.
  const std::uint64_t below_block = ((std::uint64_t{1} << ours.block_shift) - 1) & page_address;
  const std::uint64_t RES0 = ours.stage1.descriptor & below_block;
  if (RES0 != 0) ++counts.RES0_in_output;
  ASSERT_EQ((ours.output & page_address) | RES0, par & page_address) << describe(config, request, ours, par);
  ASSERT_EQ(ours.attributes.memory, par >> 56) << describe(config, request, ours, par);
  // Unicorn does not make Device and Non-cacheable memory Outer Shareable: SH is the descriptor's on both
  // sides.
  ASSERT_EQ(static_cast<unsigned>(ours.attributes.SH), (par >> 7) & 3)
      << describe(config, request, ours, par);
}

void print(const char* what, const Counts& c) {
  std::printf(
      "%s: %llu cases, %llu translated; faults: translation %llu, address size %llu, access flag %llu, "
      "permission %llu\n"
      "excused: output size unchecked %llu, level 0 block %llu, RES0 bits in the output %llu\n",
      what, static_cast<unsigned long long>(c.cases), static_cast<unsigned long long>(c.translated),
      static_cast<unsigned long long>(c.faults[1]), static_cast<unsigned long long>(c.faults[2]),
      static_cast<unsigned long long>(c.faults[3]), static_cast<unsigned long long>(c.faults[4]),
      static_cast<unsigned long long>(c.output_size_unchecked),
      static_cast<unsigned long long>(c.level_0_block), static_cast<unsigned long long>(c.RES0_in_output));
}

TEST(Vmsa64Oracle, DataTranslationsEqualThoseOfAnIndependentMmu) {
  Random random(1);
  Translator oracle(memory_value);
  Counts counts;
  while (counts.cases < 330000) {
    Config config = random_config(random, current_style);
    oracle.set_registers(config);
    for (unsigned i = 0; i < 32; ++i) {
      WalkRequest request;
      request.va = random_va(random, config);
      for (const AccessType access : {AccessType::read, AccessType::write}) {
        request.access = access;
        for (const bool privileged : {true, false}) {
          request.privileged = privileged;
          config.stage1.PAN = false;
          compare(config, request, oracle, counts);
          if (HasFatalFailure()) return;
        }
        request.privileged = true;
        config.stage1.PAN = true;
        compare(config, request, oracle, counts);
        if (HasFatalFailure()) return;
      }
    }
  }
  print("data", counts);
  // The comparison is worth something only if every outcome is met often.
  EXPECT_GT(counts.translated, counts.cases / 20);
  EXPECT_GT(counts.faults[static_cast<unsigned>(FaultKind::permission)], counts.cases / 50);
  EXPECT_GT(counts.faults[static_cast<unsigned>(FaultKind::access_flag)], counts.cases / 50);
}

TEST(Vmsa64Oracle, FetchPermissionsEqualThoseOfAnIndependentMmu) {
  Random random(2);
  Fetcher el1(memory_value, true);
  Fetcher el0(memory_value, false);
  Counts counts;
  while (counts.cases < 60000) {
    Config config = random_config(random, current_style);
    // Data endianness is part of the engine's cached state.
    current_style.big_endian = false;
    config.stage1.big_endian = false;
    el1.set_registers(config);
    el0.set_registers(config);
    for (unsigned i = 0; i < 32; ++i) {
      WalkRequest request;
      request.va = random_va(random, config) & ~std::uint64_t{3};
      // Untagged only: the engine strips tags from the program counter before the MMU sees it.
      if (((request.va >> 55) & 1) != 0) {
        request.va |= std::uint64_t{0xff} << 56;
      } else {
        request.va &= ~(std::uint64_t{0xff} << 56);
      }
      request.access = AccessType::execute;
      for (Fetcher* oracle : {&el1, &el0}) {
        request.privileged = oracle == &el1;
        const bool allowed = oracle->allowed(request.va);
        Result ours = walk(config, request, table_access);
        ++counts.cases;
        ++counts.faults[static_cast<unsigned>(ours.fault.kind) & 7];
        if (ours.fault.kind == FaultKind::address_size) {
          ++counts.output_size_unchecked;
          ours = walk(with_unlimited_output(config), request, table_access);
        }
        if (reserved_level_0_block(ours)) {
          ++counts.level_0_block;
          continue;
        }
        if (ours.ok()) ++counts.translated;
        ASSERT_EQ(ours.ok(), allowed) << describe(config, request, ours, 0);
      }
    }
  }
  print("fetch", counts);
  EXPECT_GT(counts.translated, counts.cases / 50);
  EXPECT_GT(counts.faults[static_cast<unsigned>(FaultKind::permission)], counts.cases / 50);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
