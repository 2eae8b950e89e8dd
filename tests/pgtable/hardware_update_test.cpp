// Hardware update of the Access flag and dirty state, at both stages (DDI 0487 D8.5, IHI 0070 3.13).
#include <gtest/gtest.h>

#include "hand_tables.h"

namespace smmuvp::pgtable::test {
namespace {

struct Updating1 : Stage1Bench {
  explicit Updating1(bool HD = true) { config.stage1.HA = true, config.stage1.HD = HD; }
  std::uint64_t& d() { return memory[leaf]; }
};
struct Updating2 : Stage2Bench {
  explicit Updating2(bool HD = true) { config.stage2.HA = true, config.stage2.HD = HD; }
  std::uint64_t& d() { return memory[page_of(0)]; }
};
struct UpdatingNested : NestedBench {
  UpdatingNested() {
    config.stage1.HA = config.stage1.HD = true;
    config.stage2.HA = config.stage2.HD = true;
  }
  std::uint64_t& table_page() { return memory[page_of(0x12000)]; }  // stage 2 of the table with the leaf
  std::uint64_t& output_page() { return memory[page_of(0x20000)]; }
};

unsigned count_of(const HandBench& bench, MemoryOpKind kind) {
  unsigned n = 0;
  for (const MemoryOp& op : bench.memory.ops) n += op.kind == kind ? 1 : 0;
  return n;
}

void expect_update(const DescriptorUpdate& u, Stage stage, int level, std::uint64_t address,
                   std::uint64_t before, std::uint64_t after) {
  EXPECT_EQ(u.stage, stage);
  EXPECT_EQ(u.level, level);
  EXPECT_EQ(u.address, address);
  EXPECT_EQ(u.before, before);
  EXPECT_EQ(u.after, after);
}

TEST(HardwareUpdate, AccessFlagIsSetByCompareAndSwap) {
  Updating1 bench(false);
  bench.d() &= ~AF;
  const std::uint64_t before = bench.d();
  const Result r = bench.translate(0);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(bench.d(), before | AF);
  ASSERT_EQ(r.updates.size(), 1U);
  expect_update(r.updates[0], Stage::stage1, 3, Stage1Bench::leaf, before, before | AF);
  EXPECT_EQ(r.stage1.descriptor, before | AF);
  const MemoryOp& op = bench.memory.ops.back();
  EXPECT_EQ(op.kind, MemoryOpKind::compare_and_swap);
  EXPECT_EQ(op.expected, before);
  EXPECT_EQ(op.desired, before | AF);
  EXPECT_TRUE(bench.translate(0).updates.empty());
}

TEST(HardwareUpdate, AccessFlagIsSetInBlocksToo) {
  Updating1 bench(false);
  bench.memory[0x11000] = 0x40000000 | block_type;
  ASSERT_TRUE(bench.translate(0).ok());
  EXPECT_EQ(bench.memory[0x11000], 0x40000000 | AF | block_type);
}

TEST(HardwareUpdate, AFFDIsIgnoredWithHA) {
  Updating1 bench(false);
  bench.config.stage1.AFFD = true;
  bench.d() &= ~AF;
  ASSERT_TRUE(bench.translate(0).ok());
  EXPECT_NE(bench.d() & AF, 0U);
}

TEST(HardwareUpdate, WriteMakesAWritableCleanPageDirty) {
  for (const AccessType access : {AccessType::write, AccessType::read_write}) {
    Updating1 bench;
    bench.d() |= DBM | AP2;
    const std::uint64_t before = bench.d();
    const Result r = bench.translate(0, access);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(bench.d(), before & ~AP2);
    EXPECT_EQ(r.updates.size(), 1U);
    EXPECT_FALSE(r.rights.has(Rights::write_needs_update));
    EXPECT_TRUE(r.rights.has(Rights::privileged_write));
  }
}

TEST(HardwareUpdate, AccessFlagAndDirtyStateAreSetAtOnce) {
  Updating1 bench;
  bench.d() = (bench.d() | DBM | AP2) & ~AF;
  const Result r = bench.translate(0, AccessType::write);
  ASSERT_TRUE(r.ok());
  ASSERT_EQ(r.updates.size(), 1U);
  EXPECT_EQ(r.updates[0].before ^ r.updates[0].after, AF | AP2);
}

TEST(HardwareUpdate, OtherAccessesLeaveAPageCleanAndSaySo) {
  for (const AccessType access : {AccessType::read, AccessType::none}) {
    Updating1 bench;
    bench.d() |= DBM | AP2;
    const Result r = bench.translate(0, access);
    ASSERT_TRUE(r.ok());
    EXPECT_TRUE(r.updates.empty());
    EXPECT_TRUE(r.rights.has(Rights::privileged_write | Rights::write_needs_update));
    EXPECT_EQ(check_permission(r.rights, AccessType::write, true), PermissionCheck::needs_update);
  }
  Updating2 bench;
  bench.d() = (bench.d() | DBM) & ~S2W;
  const Result r = bench.translate(0);
  ASSERT_TRUE(r.ok());
  EXPECT_TRUE(r.updates.empty());
  EXPECT_EQ(check_permission(r.rights, AccessType::write, false), PermissionCheck::needs_update);
}

TEST(HardwareUpdate, DBMHasNoMeaningWithoutHD) {
  Updating1 bench(false);
  bench.d() |= DBM | AP2;
  expect_fault(bench.translate(0, AccessType::write), FaultKind::permission, Stage::stage1, 3);
  EXPECT_FALSE(bench.translate(0).rights.has(Rights::write_needs_update));
  Updating2 stage2(false);
  stage2.d() = (stage2.d() | DBM) & ~S2W;
  expect_fault(stage2.translate(0, AccessType::write), FaultKind::permission, Stage::stage2, 3);
}

TEST(HardwareUpdate, APTableStillForbidsWritingACleanPage) {
  Updating1 bench;
  bench.d() |= DBM | AP2;
  bench.memory[0x10000] |= bit(62);
  expect_fault(bench.translate(0, AccessType::write), FaultKind::permission, Stage::stage1, 3);
  const Result r = bench.translate(0);
  EXPECT_FALSE(r.rights.has(Rights::privileged_write));
  EXPECT_FALSE(r.rights.has(Rights::write_needs_update));
}

TEST(HardwareUpdate, WXNTakesACleanPageForWritable) {
  Updating1 bench;
  bench.config.stage1.WXN = true;
  bench.d() |= AP2;
  EXPECT_TRUE(bench.translate(0, AccessType::execute).ok());
  bench.d() |= DBM;
  expect_fault(bench.translate(0, AccessType::execute), FaultKind::permission, Stage::stage1, 3);
}

TEST(HardwareUpdate, NothingIsUpdatedByAnAccessThatFaults) {
  Updating1 bench;
  bench.d() = (bench.d() | AP2) & ~AF;  // no DBM
  expect_fault(bench.translate(0, AccessType::write), FaultKind::permission, Stage::stage1, 3);
  expect_fault(bench.translate(0, AccessType::read, false), FaultKind::permission, Stage::stage1, 3);
  EXPECT_EQ(bench.d() & AF, 0U);
  bench.config.stage1.output_size = 32;
  bench.d() |= bit(33);
  expect_fault(bench.translate(0), FaultKind::address_size, Stage::stage1, 3);
  EXPECT_EQ(count_of(bench, MemoryOpKind::compare_and_swap), 0U);
}

TEST(HardwareUpdate, AccessWithoutSideEffectsUpdatesNothing) {
  Updating1 bench;
  bench.d() = (bench.d() | DBM | AP2) & ~AF;
  for (const AccessType access : {AccessType::read, AccessType::write, AccessType::none}) {
    const Result r = bench.translate(0, access, true, false);
    EXPECT_TRUE(r.ok());
    EXPECT_TRUE(r.rights.has(Rights::write_needs_update));
    EXPECT_EQ(count_of(bench, MemoryOpKind::compare_and_swap), 0U);
  }
  UpdatingNested nested;
  nested.memory[NestedBench::leaf] &= ~AF;
  nested.table_page() = (nested.table_page() | DBM) & ~(S2W | AF);
  nested.output_page() &= ~AF;
  EXPECT_TRUE(nested.translate(0, AccessType::write, true, false).ok());
  EXPECT_EQ(count_of(nested, MemoryOpKind::compare_and_swap), 0U);
  EXPECT_EQ(count_of(nested, MemoryOpKind::read), 15U);
}

TEST(HardwareUpdate, TranslationWithoutAccessSetsTheAccessFlagOnly) {
  Updating1 bench;
  bench.d() = (bench.d() | DBM | AP2) & ~AF;
  ASSERT_TRUE(bench.translate(0, AccessType::none).ok());
  EXPECT_EQ(bench.d() & (AF | AP2), AF | AP2);
}

TEST(HardwareUpdate, Stage2SetsItsAccessFlagAndS2AP1) {
  Updating2 bench;
  bench.d() = (bench.d() | DBM) & ~(S2W | AF);
  const std::uint64_t before = bench.d();
  ASSERT_TRUE(bench.translate(0).ok());
  EXPECT_EQ(bench.d(), before | AF);
  const Result r = bench.translate(0, AccessType::write);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(bench.d(), before | AF | S2W);
  ASSERT_EQ(r.updates.size(), 1U);
  expect_update(r.updates[0], Stage::stage2, 3, Stage2Bench::page_of(0), before | AF, before | AF | S2W);
}

TEST(HardwareUpdate, BothStagesAreUpdatedInTheOrderOfTheWalk) {
  UpdatingNested bench;
  const std::uint64_t root_page = Stage2Bench::page_of(0x10000);
  bench.memory[root_page] &= ~AF;
  bench.memory[NestedBench::leaf] = (bench.memory[NestedBench::leaf] | DBM | AP2) & ~AF;
  bench.table_page() = (bench.table_page() | DBM) & ~(S2W | AF);
  bench.output_page() = (bench.output_page() | DBM) & ~(S2W | AF);
  const Result r = bench.translate(0, AccessType::write);
  ASSERT_TRUE(r.ok());
  ASSERT_EQ(r.updates.size(), 5U);
  EXPECT_EQ(r.updates[0].address, root_page);  // read: Access flag
  EXPECT_EQ(r.updates[0].before ^ r.updates[0].after, AF);
  EXPECT_EQ(r.updates[1].address, Stage2Bench::page_of(0x12000));  // read: Access flag
  EXPECT_EQ(r.updates[1].before ^ r.updates[1].after, AF);
  EXPECT_EQ(r.updates[2].address, Stage2Bench::page_of(0x12000));  // the leaf is to be written: dirty
  EXPECT_EQ(r.updates[2].before ^ r.updates[2].after, S2W);
  EXPECT_EQ(r.updates[3].address, NestedBench::leaf);
  EXPECT_EQ(r.updates[3].stage, Stage::stage1);
  EXPECT_EQ(r.updates[3].before ^ r.updates[3].after, AF | AP2);
  EXPECT_EQ(r.updates[4].address, Stage2Bench::page_of(0x20000));
  EXPECT_EQ(r.updates[4].before ^ r.updates[4].after, AF | S2W);
  EXPECT_FALSE(r.rights.has(Rights::write_needs_update));
}

TEST(HardwareUpdate, Stage1UpdateNeedsTheRightToWriteAtStage2) {
  UpdatingNested bench;
  bench.memory[NestedBench::leaf] &= ~AF;
  bench.table_page() &= ~S2W;
  const Result r = bench.translate(0x10);
  expect_fault(r, FaultKind::permission, Stage::stage2, 3, true);
  EXPECT_EQ(r.fault.ipa, 0x12000U);
  EXPECT_TRUE(r.fault.table_update);
  EXPECT_EQ(bench.memory[NestedBench::leaf] & AF, 0U);
  bench.memory[NestedBench::leaf] |= AF;  // nothing to update, nothing to write
  EXPECT_TRUE(bench.translate(0x10).ok());
  bench.table_page() &= ~S2R;
  EXPECT_FALSE(bench.translate(0x10).fault.table_update) << "the read is refused";
}

TEST(HardwareUpdate, DescriptorThatOthersUpdatedNeedsNoUpdate) {
  Updating1 bench(false);
  bench.d() &= ~AF;
  bench.memory.interfere = [&](const MemoryOp&) { bench.d() |= AF; };
  const Result r = bench.translate(0);
  ASSERT_TRUE(r.ok());
  EXPECT_TRUE(r.updates.empty());
  EXPECT_EQ(count_of(bench, MemoryOpKind::compare_and_swap), 1U);
}

TEST(HardwareUpdate, DescriptorThatChangedIsLookedAtAfresh) {
  Updating1 bench;
  bench.d() &= ~AF;
  bench.memory.interfere = [&](const MemoryOp&) { bench.d() = 0; };
  expect_fault(bench.translate(0), FaultKind::translation, Stage::stage1, 3);

  bench.d() = 0x20000 | page_type;
  bench.memory.interfere = [&](const MemoryOp&) { bench.d() = 0x30000 | AF | page_type; };
  EXPECT_EQ(bench.translate(0).output, 0x30000U);

  bench.memory[0x11000] = 0x40000000 | block_type;  // a block that becomes a table
  bench.memory.interfere = [&](const MemoryOp&) { bench.memory[0x11000] = 0x12000 | table_type; };
  const Result r = bench.translate(0);
  EXPECT_EQ(r.output, 0x30000U);
  EXPECT_EQ(r.stage1.level, 3);

  Updating2 stage2;
  stage2.d() &= ~AF;
  stage2.memory.interfere = [&](const MemoryOp&) { stage2.d() = 0; };
  expect_fault(stage2.translate(0), FaultKind::translation, Stage::stage2, 3);
}

TEST(HardwareUpdate, DescriptorThatNeverRestsEndsTheWalk) {
  Updating1 bench(false);
  bench.d() &= ~AF;
  bench.memory.interfere = [&](const MemoryOp&) { bench.d() ^= bit(55); };
  const Result r = bench.translate(0);
  expect_fault(r, FaultKind::unsupported_atomic, Stage::stage1, 3);
  EXPECT_EQ(r.fault.table_address, Stage1Bench::leaf);
  EXPECT_EQ(count_of(bench, MemoryOpKind::compare_and_swap), Walk::max_retries + 1);
}

TEST(HardwareUpdate, MemoryWithoutAtomicsIsAFaultOfItsOwn) {
  Updating1 bench(false);
  bench.d() &= ~AF;
  bench.memory.no_atomics = true;
  const Result r = bench.translate(0);
  expect_fault(r, FaultKind::unsupported_atomic, Stage::stage1, 3);
  EXPECT_EQ(r.fault.table_address, Stage1Bench::leaf);

  UpdatingNested nested;
  nested.table_page() &= ~AF;
  nested.memory.no_atomics = true;
  expect_fault(nested.translate(0), FaultKind::unsupported_atomic, Stage::stage2, 3, true);
}

TEST(HardwareUpdate, UpdateOfASecureTableIsASecureAccess) {
  Stage1Bench bench;
  bench.config.space = AddressSpace::secure;
  bench.config.stage1.HA = true;
  bench.memory[Stage1Bench::leaf] &= ~AF;
  ASSERT_TRUE(bench.translate(0).ok());
  EXPECT_EQ(bench.memory.ops.back().kind, MemoryOpKind::compare_and_swap);
  EXPECT_EQ(bench.memory.ops.back().space, AddressSpace::secure);
  EXPECT_EQ(bench.memory.ops.back().size, 8U);
}

TEST(HardwareUpdate, ExternalAbortOnAnUpdateIsOne) {
  Updating1 bench(false);
  bench.d() &= ~AF;
  bench.memory.interfere = [&](const MemoryOp& op) { bench.memory.aborts.insert(op.address); };
  WalkRequest request;
  const Result r = walk(bench.config, request, [&](const MemoryOp& op) {
    if (op.kind == MemoryOpKind::compare_and_swap) return MemoryResponse{MemoryStatus::external_abort, 0};
    return bench.memory(op);
  });
  expect_fault(r, FaultKind::external_abort, Stage::stage1, 3);
  EXPECT_EQ(bench.d() & AF, 0U);
}

// Both stages from level -1, and at each level a block that becomes a table as it is to be updated.
TEST(HardwareUpdate, LongestWalkIsRecordedWhole) {
  Config c;
  c.stages = Stages::nested;
  c.stage1.DS = c.stage2.DS = c.stage1.LPA = c.stage2.LPA = true;
  c.stage1.output_size = c.stage2.output_size = 52;
  c.stage1.HA = c.stage2.HA = c.stage1.HD = c.stage2.HD = true;
  c.stage1.tables[0].EPD = false;
  c.stage1.tables[0].TxSZ = 12;
  c.stage2.T0SZ = 12;
  c.stage2.start_level = -1;
  ASSERT_TRUE(is_walkable(c));
  unsigned reads = 0;
  WalkRequest request;
  request.access = AccessType::write;
  const Result r = walk(c, request, [&](const MemoryOp& op) {
    const bool last = op.level == 3;
    if (op.kind == MemoryOpKind::compare_and_swap && op.stage == Stage::stage1 && !last) {
      return MemoryResponse{MemoryStatus::ok, AF | table_type};
    }
    if (op.kind == MemoryOpKind::compare_and_swap) return MemoryResponse{MemoryStatus::ok, op.expected};
    ++reads;
    const bool block = op.stage == Stage::stage1 && op.level >= 0 && !last;
    return MemoryResponse{MemoryStatus::ok, DBM | S2R | (block ? block_type : table_type)};
  });
  ASSERT_TRUE(r.ok()) << to_string(r.fault.kind);
  EXPECT_EQ(reads, std::size_t{DescriptorTrace::capacity});
  EXPECT_EQ(r.descriptors.size(), reads);
  EXPECT_EQ(r.updates.size(), 11U);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
