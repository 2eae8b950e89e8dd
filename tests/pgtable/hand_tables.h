// Tables written by hand in a small memory that can update, refuse and change descriptors.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk.h"
#include "table_memory.h"

namespace smmuvp::pgtable::test {

constexpr std::uint64_t AF = bit(10);
constexpr std::uint64_t DBM = bit(51);
constexpr std::uint64_t AP1 = bit(6);  // unprivileged access
constexpr std::uint64_t AP2 = bit(7);  // read-only
constexpr std::uint64_t S2R = bit(6);
constexpr std::uint64_t S2W = bit(7);
constexpr std::uint64_t normal_MemAttr = std::uint64_t{0xf} << 2;  // Write-Back, without FWB
constexpr std::uint64_t table_type = 3;
constexpr std::uint64_t page_type = 3;
constexpr std::uint64_t block_type = 1;

/// Little-endian descriptors; those nobody wrote are zero.
class HandMemory {
 public:
  MemoryResponse operator()(const MemoryOp& op) {
    ops.push_back(op);
    if (aborts.count(op.address) != 0) return {MemoryStatus::external_abort, 0};
    if (op.kind == MemoryOpKind::compare_and_swap) {
      if (no_atomics) return {MemoryStatus::unsupported_atomic, 0};
      if (interfere) interfere(op);
    }
    const std::uint64_t before = words[op.address];
    if (op.kind == MemoryOpKind::compare_and_swap && before == op.expected) words[op.address] = op.desired;
    return {MemoryStatus::ok, before};
  }
  std::uint64_t& operator[](std::uint64_t address) { return words[address]; }

  std::map<std::uint64_t, std::uint64_t> words;
  std::set<std::uint64_t> aborts;
  bool no_atomics = false;
  std::function<void(const MemoryOp&)> interfere;  ///< somebody else, just before a compare-and-swap
  std::vector<MemoryOp> ops;
};

struct HandBench {
  Config config;
  HandMemory memory;

  Result translate(std::uint64_t va, AccessType access = AccessType::read, bool privileged = true,
                   bool side_effects = true) {
    EXPECT_TRUE(is_walkable(config));
    memory.ops.clear();
    WalkRequest request;
    request.va = va;
    request.access = access;
    request.privileged = privileged;
    request.side_effects = side_effects;
    return walk(config, request, [this](const MemoryOp& op) { return memory(op); });
  }
};

inline void expect_fault(const Result& r, FaultKind kind, Stage stage, int level,
                         bool on_table_walk = false) {
  EXPECT_STREQ(to_string(r.fault.kind), to_string(kind));
  EXPECT_EQ(r.fault.stage, stage);
  EXPECT_EQ(r.fault.level, level);
  EXPECT_EQ(r.fault.on_table_walk, on_table_walk);
  const bool abort = kind == FaultKind::external_abort || kind == FaultKind::unsupported_atomic;
  const bool table = on_table_walk || (abort && stage == Stage::stage1);
  EXPECT_EQ(r.fault.fault_class, table ? FaultClass::table : FaultClass::input);
}

/// Stage 1 alone: 39-bit input, a page of VA 0 at 0x20000, tables at 0x10000 (level 1), 0x11000, 0x12000.
struct Stage1Bench : HandBench {
  static constexpr std::uint64_t leaf = 0x12000;
  Stage1Bench() {
    config.stage1.tables[0].EPD = false;
    config.stage1.tables[0].TxSZ = 25;
    config.stage1.tables[0].base = 0x10000;
    config.stage1.MAIR = 0xff;
    memory[0x10000] = 0x11000 | table_type;
    memory[0x11000] = 0x12000 | table_type;
    memory[leaf] = 0x20000 | AF | page_type;
  }
};

/// Stage 2 of the first 2 MiB, page by page to 256 MiB above: tables at 0x100000 (level 1), 0x101000,
/// 0x102000.
struct Stage2Bench : HandBench {
  static constexpr std::uint64_t offset = 0x10000000;
  /// Where the page of an IPA is described.
  static constexpr std::uint64_t page_of(std::uint64_t ipa) { return 0x102000 + (ipa >> 12) * 8; }

  explicit Stage2Bench(Stages stages = Stages::stage2) {
    config.stages = stages;
    config.stage2.T0SZ = 25;
    config.stage2.start_level = 1;
    config.stage2.base = 0x100000;
    memory[0x100000] = 0x101000 | table_type;
    memory[0x101000] = 0x102000 | table_type;
    for (std::uint64_t ipa = 0; ipa < MiB2; ipa += KiB4) {
      memory[page_of(ipa)] = (ipa + offset) | AF | S2R | S2W | normal_MemAttr | page_type;
    }
  }
};

/// Both: stage 1 as in Stage1Bench, at IPAs that stage 2 as in Stage2Bench translates.
struct NestedBench : Stage2Bench {
  static constexpr std::uint64_t leaf = offset + 0x12000;  // PA of the stage 1 leaf
  NestedBench() : Stage2Bench(Stages::nested) {
    config.stage1 = Stage1Bench().config.stage1;
    memory[offset + 0x10000] = 0x11000 | table_type;
    memory[offset + 0x11000] = 0x12000 | table_type;
    memory[leaf] = 0x20000 | AF | page_type;
  }
};

}  // namespace smmuvp::pgtable::test
