// Stage 1 permissions of VMSAv8-64 (DDI 0487 D8.4): leaf, hierarchical, WXN and PAN.
#include <gtest/gtest.h>

#include "table_memory.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t AP1 = bit(6);
constexpr std::uint64_t AP2 = bit(7);
constexpr std::uint64_t PXN = bit(53);
constexpr std::uint64_t UXN = bit(54);
constexpr std::uint64_t PXNTable = bit(59);
constexpr std::uint64_t UXNTable = bit(60);
constexpr std::uint64_t APTable0 = bit(61);
constexpr std::uint64_t APTable1 = bit(62);

constexpr unsigned PR = Rights::privileged_read;
constexpr unsigned PW = Rights::privileged_write;
constexpr unsigned PX = Rights::privileged_execute;
constexpr unsigned UR = Rights::unprivileged_read;
constexpr unsigned UW = Rights::unprivileged_write;
constexpr unsigned UX = Rights::unprivileged_execute;

// A page at VA 0 with the given leaf bits, table bits in the level 1 descriptor.
struct PermissionBench : TableBench {
  explicit PermissionBench(std::uint64_t leaf, std::uint64_t table = 0) {
    builder.set_descriptor(0, 3, 0x5000 | bit(10) | 3 | leaf);
    change_descriptor(0, 1, 0, table);
  }
  // The rights, found by trying each access; the reported rights have to say the same.
  unsigned rights() {
    unsigned found = 0;
    for (const bool privileged : {true, false}) {
      const unsigned shift = privileged ? 0 : 3;
      if (granted(AccessType::read, privileged)) found |= PR << shift;
      if (granted(AccessType::write, privileged)) found |= PW << shift;
      if (granted(AccessType::execute, privileged)) found |= PX << shift;
    }
    EXPECT_EQ(translate(0, AccessType::none).rights.bits, found);
    return found;
  }
  bool granted(AccessType access, bool privileged) {
    const Result r = translate(0, access, privileged);
    if (r.ok()) return true;
    EXPECT_EQ(r.fault.kind, FaultKind::permission);
    EXPECT_EQ(r.fault.level, 3);
    EXPECT_EQ(r.fault.access, access);
    EXPECT_EQ(r.fault.privileged, privileged);
    return false;
  }
};

TEST(Vmsa64Permission, APGrantsDataAccess) {
  constexpr std::uint64_t XN = PXN | UXN;
  EXPECT_EQ(PermissionBench(XN).rights(), PR | PW);
  EXPECT_EQ(PermissionBench(XN | AP1).rights(), PR | PW | UR | UW);
  EXPECT_EQ(PermissionBench(XN | AP2).rights(), PR);
  EXPECT_EQ(PermissionBench(XN | AP1 | AP2).rights(), PR | UR);
}

TEST(Vmsa64Permission, PXNAndUXNEachForbidTheirOwnExecution) {
  EXPECT_EQ(PermissionBench(AP1 | AP2).rights(), PR | UR | PX | UX);
  EXPECT_EQ(PermissionBench(AP1 | AP2 | PXN).rights(), PR | UR | UX);
  EXPECT_EQ(PermissionBench(AP1 | AP2 | UXN).rights(), PR | UR | PX);
}

TEST(Vmsa64Permission, UnprivilegedExecutionNeedsNoReadRight) {
  EXPECT_EQ(PermissionBench(AP2).rights(), PR | PX | UX);
}

TEST(Vmsa64Permission, WhatUnprivilegedCodeCanWritePrivilegedCodeCannotExecute) {
  EXPECT_EQ(PermissionBench(AP1).rights(), PR | PW | UR | UW | UX);
  EXPECT_EQ(PermissionBench(AP1, APTable1).rights(), PR | UR | PX | UX);
  EXPECT_EQ(PermissionBench(AP1, APTable0).rights(), PR | PW | PX | UX);
}

TEST(Vmsa64Permission, APTableTakesRightsAway) {
  constexpr std::uint64_t leaf = AP1 | PXN | UXN;
  EXPECT_EQ(PermissionBench(leaf, APTable0).rights(), PR | PW);
  EXPECT_EQ(PermissionBench(leaf, APTable1).rights(), PR | UR);
  EXPECT_EQ(PermissionBench(leaf, APTable0 | APTable1).rights(), PR);
}

TEST(Vmsa64Permission, PXNTableAndUXNTableForbidExecution) {
  EXPECT_EQ(PermissionBench(AP1 | AP2, PXNTable).rights(), PR | UR | UX);
  EXPECT_EQ(PermissionBench(AP1 | AP2, UXNTable).rights(), PR | UR | PX);
}

TEST(Vmsa64Permission, TableBitsOfAllLevelsAddUp) {
  PermissionBench bench(AP1);
  bench.change_descriptor(0, 0, 0, APTable0);
  bench.change_descriptor(0, 1, 0, APTable1);
  bench.change_descriptor(0, 2, 0, PXNTable | UXNTable);
  EXPECT_EQ(bench.rights(), PR);
}

TEST(Vmsa64Permission, HPDDisablesTableBitsOfItsRangeOnly) {
  PermissionBench bench(AP1, APTable0 | APTable1 | PXNTable | UXNTable);
  bench.config.stage1.tables[1].HPD = true;
  EXPECT_EQ(bench.rights(), PR);
  bench.config.stage1.tables[0].HPD = true;
  EXPECT_EQ(bench.rights(), PR | PW | UR | UW | UX);
}

TEST(Vmsa64Permission, HPDOfTheHighRangeActsOnTheHighRange) {
  constexpr std::uint64_t va = 0xffff000000000000;
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(va, 0x5000, KiB4));
  bench.change_descriptor(va, 1, 0, APTable0 | APTable1);
  bench.config.stage1.tables[0].HPD = true;
  EXPECT_EQ(bench.translate(va, AccessType::write, false).fault.kind, FaultKind::permission);
  bench.config.stage1.tables[0].HPD = false;
  bench.config.stage1.tables[1].HPD = true;
  EXPECT_TRUE(bench.translate(va, AccessType::write, false).ok());
}

TEST(Vmsa64Permission, WXNForbidsExecutionOfWhatIsWritable) {
  const struct {
    std::uint64_t leaf;
    unsigned rights;
  } rows[] = {
      {0, PR | PW | UX},  // not writable by unprivileged code
      {AP1, PR | PW | UR | UW},
      {AP2, PR | PX | UX},
      {AP1 | AP2, PR | UR | PX | UX},
  };
  for (const auto& row : rows) {
    PermissionBench bench(row.leaf);
    bench.config.stage1.WXN = true;
    EXPECT_EQ(bench.rights(), row.rights) << row.leaf;
  }
}

TEST(Vmsa64Permission, WXNLooksAtRightsAfterAPTable) {
  PermissionBench bench(AP1, APTable1);
  bench.config.stage1.WXN = true;
  EXPECT_EQ(bench.rights(), PR | UR | PX | UX);
}

TEST(Vmsa64Permission, PANForbidsPrivilegedDataAccessToWhatUnprivilegedCodeCanAccess) {
  const struct {
    std::uint64_t leaf;
    std::uint64_t table;
    unsigned rights;
  } rows[] = {
      {PXN | UXN, 0, PR | PW},
      {AP1 | PXN | UXN, 0, UR | UW},
      {AP1 | AP2 | PXN | UXN, 0, UR},
      {AP1 | PXN | UXN, APTable0, PR | PW},  // no unprivileged access left
  };
  for (const auto& row : rows) {
    PermissionBench bench(row.leaf, row.table);
    bench.config.stage1.PAN = true;
    EXPECT_EQ(bench.rights(), row.rights) << row.leaf;
  }
}

TEST(Vmsa64Permission, EPANCountsWhatUnprivilegedCodeCanExecute) {
  for (const bool EPAN : {false, true}) {
    for (const bool PAN : {false, true}) {
      PermissionBench bench(PXN);
      bench.config.stage1.PAN = PAN;
      bench.config.stage1.EPAN = EPAN;
      EXPECT_EQ(bench.rights(), PAN && EPAN ? UX : UX | PR | PW);
      PermissionBench own(PXN | UXN);
      own.config.stage1.PAN = PAN;
      own.config.stage1.EPAN = EPAN;
      EXPECT_EQ(own.rights(), PR | PW);
    }
  }
}

TEST(Vmsa64Permission, PANDoesNotConcernFetches) {
  PermissionBench bench(AP1 | AP2);
  bench.config.stage1.PAN = true;
  EXPECT_EQ(bench.rights(), UR | PX | UX);
}

TEST(Vmsa64Permission, BlocksObeyTheSameRules) {
  for (const int level : {1, 2}) {
    TableBench bench;
    ASSERT_EQ(bench.builder.set_descriptor(0, level, bit(10) | AP2 | 1), BuildStatus::ok);
    EXPECT_TRUE(bench.translate(0).ok());
    const Result r = bench.translate(0, AccessType::write);
    EXPECT_EQ(r.fault.kind, FaultKind::permission);
    EXPECT_EQ(r.fault.level, level);
    EXPECT_EQ(bench.translate(0, AccessType::read, false).fault.kind, FaultKind::permission);
  }
}

TEST(Vmsa64Permission, AtomicAccessNeedsReadAndWrite) {
  EXPECT_TRUE(PermissionBench(0).translate(0, AccessType::read_write).ok());
  EXPECT_EQ(PermissionBench(AP2).translate(0, AccessType::read_write).fault.kind, FaultKind::permission);
}

TEST(CheckPermission, AnswersEveryAccessFromTheRightsAlone) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    const Rights rights{static_cast<std::uint8_t>(bits)};
    const auto allowed = [&](AccessType access, bool privileged) {
      return check_permission(rights, access, privileged) == PermissionCheck::allowed;
    };
    EXPECT_EQ(allowed(AccessType::read, true), (bits & PR) != 0);
    EXPECT_EQ(allowed(AccessType::write, true), (bits & PW) != 0);
    EXPECT_EQ(allowed(AccessType::execute, true), (bits & PX) != 0);
    EXPECT_EQ(allowed(AccessType::read, false), (bits & UR) != 0);
    EXPECT_EQ(allowed(AccessType::write, false), (bits & UW) != 0);
    EXPECT_EQ(allowed(AccessType::execute, false), (bits & UX) != 0);
    EXPECT_EQ(allowed(AccessType::read_write, true), (bits & PR) != 0 && (bits & PW) != 0);
    EXPECT_EQ(allowed(AccessType::read_write, false), (bits & UR) != 0 && (bits & UW) != 0);
    EXPECT_TRUE(allowed(AccessType::none, false));
  }
}

TEST(CheckPermission, SendsAWriteToACleanPageBackToTheWalk) {
  const Rights rights{static_cast<std::uint8_t>(PR | PW | Rights::write_needs_update)};
  EXPECT_EQ(check_permission(rights, AccessType::read, true), PermissionCheck::allowed);
  EXPECT_EQ(check_permission(rights, AccessType::write, true), PermissionCheck::needs_update);
  EXPECT_EQ(check_permission(rights, AccessType::read_write, true), PermissionCheck::needs_update);
  EXPECT_EQ(check_permission(rights, AccessType::write, false), PermissionCheck::denied);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
