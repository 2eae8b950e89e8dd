// What the translation regime of VMSAv8-64 stage 1 changes: EL2, EL3, and unprivileged accesses (DDI 0487
// D8).
#include <gtest/gtest.h>

#include "hand_tables.h"

namespace smmuvp::pgtable::test {
namespace {

TEST(Vmsa64Regime, EL2AndEL3HaveOneRange) {
  for (const Regime regime : {Regime::el2, Regime::el3}) {
    Stage1Bench bench;
    bench.config.regime = regime;
    bench.config.stage1.tables[1] = bench.config.stage1.tables[0];
    EXPECT_TRUE(bench.translate(0).ok());
    for (const std::uint64_t va : {bit(39), bit(55), ~std::uint64_t{0} << 39}) {
      expect_fault(bench.translate(va), FaultKind::translation, Stage::stage1, 0);
      EXPECT_TRUE(bench.memory.ops.empty());
    }
    EXPECT_FALSE(bench.translate(bit(63)).ok());
    bench.config.stage1.tables[0].TBI = true;
    EXPECT_TRUE(bench.translate(bit(63) | bit(56)).ok());
    EXPECT_FALSE(bench.translate(bit(55)).ok());
  }
}

TEST(Vmsa64Regime, EL2AndEL3HaveNoUnprivilegedAccesses) {
  for (const Regime regime : {Regime::el2, Regime::el3}) {
    for (const bool privileged : {false, true}) {
      Stage1Bench bench;
      bench.config.regime = regime;
      bench.config.stage1.PAN = true;
      bench.config.stage1.tables[0].E0PD = true;
      std::uint64_t& d = bench.memory[Stage1Bench::leaf];
      const std::uint64_t page = d;
      bench.memory[0x10000] |= bit(59) | bit(61);  // PXNTable and APTable[0] have no meaning
      for (const std::uint64_t AP_1 : {std::uint64_t{0}, AP1}) {
        d = page | AP_1 | bit(53);  // nor has PXN
        EXPECT_TRUE(bench.translate(0, AccessType::write, privileged).ok());
        EXPECT_TRUE(bench.translate(0, AccessType::execute, privileged).ok());
        d |= AP2;
        EXPECT_TRUE(bench.translate(0, AccessType::read, privileged).ok());
        EXPECT_FALSE(bench.translate(0, AccessType::write, privileged).ok());
        d |= bit(54);
        EXPECT_FALSE(bench.translate(0, AccessType::execute, privileged).ok());
      }
    }
  }
}

TEST(Vmsa64Regime, EL2AndEL3ObeyTheTableBitsThatTheyHave) {
  Stage1Bench bench;
  bench.config.regime = Regime::el2;
  bench.memory[0x10000] |= bit(60) | bit(62);  // XNTable, APTable[1]
  EXPECT_EQ(bench.translate(0, AccessType::none).rights.bits,
            Rights::privileged_read | Rights::unprivileged_read);
  bench.config.stage1.tables[0].HPD = true;
  EXPECT_TRUE(bench.translate(0, AccessType::execute).ok());
  bench.config.stage1.WXN = true;
  EXPECT_FALSE(bench.translate(0, AccessType::execute).ok());
}

TEST(Vmsa64Regime, NothingIsNonGlobalAtEL2AndEL3) {
  Stage1Bench bench;
  bench.memory[Stage1Bench::leaf] |= bit(11);
  EXPECT_TRUE(bench.translate(0).nG);
  bench.config.regime = Regime::el2;
  EXPECT_FALSE(bench.translate(0).nG);
  bench.config.regime = Regime::el3;
  EXPECT_FALSE(bench.translate(0).nG);
  bench.config.regime = Regime::el2_0;
  EXPECT_TRUE(bench.translate(0).nG);
}

TEST(Vmsa64Regime, E0PDIsATranslationFaultAtLevel0ForUnprivilegedAccessesOfItsRange) {
  Stage1Bench bench;
  bench.config.stage1.tables[1] = bench.config.stage1.tables[0];
  bench.memory[Stage1Bench::leaf] |= AP1;
  const std::uint64_t high = ~std::uint64_t{0} << 39;
  for (const unsigned range : {0U, 1U}) {
    bench.config.stage1.tables[range].E0PD = true;
    bench.config.stage1.tables[1 - range].E0PD = false;
    for (const AccessType access : {AccessType::read, AccessType::write, AccessType::execute}) {
      const Result r = bench.translate(range == 0 ? 0 : high, access, false);
      expect_fault(r, FaultKind::translation, Stage::stage1, 0);
      EXPECT_TRUE(bench.memory.ops.empty());
    }
    const Result privileged = bench.translate(range == 0 ? 0 : high, AccessType::read, true);
    EXPECT_TRUE(privileged.ok());
    const unsigned unprivileged =
        Rights::unprivileged_read | Rights::unprivileged_write | Rights::unprivileged_execute;
    EXPECT_EQ(privileged.rights.bits & unprivileged, 0U) << "caches may not let pass what a walk refuses";
    EXPECT_TRUE(bench.translate(range == 0 ? high : 0, AccessType::read, false).ok());
  }
}

}  // namespace
}  // namespace smmuvp::pgtable::test
