// Overflow, capture and the interrupt of performance monitors (IHI 0070 10.2.1, 10.5.2.9 to 10.5.2.24).
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pmcg_world.h"
#include "smmuvp/base/archive.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr unsigned tcu = PmcgWorld::tcu;
constexpr unsigned tbu0 = PmcgWorld::tbu0;
constexpr std::uint64_t va = PmcgWorld::va;
constexpr std::uint64_t doorbell = 0x7000'0040;

PmcgFeatures with_msi(bool MSI = true) {
  PmcgFeatures f;
  f.MSI = MSI;
  return f;
}

class PmcgOverflow : public testing::Test {
 protected:
  explicit PmcgOverflow(const PmcgFeatures& f = {}) : w(PmcgWorld::with(f)) {
    w.start();
    w.stream_with_page(1);
  }
  /// Runs the group's worker for a millisecond: cycles overflow again and again. @return how many edges there
  /// were
  int edges(unsigned group) {
    Pmcg& g = w.group(group);
    const std::uint64_t end = w.now + 1'000'000'000;
    int n = g.take_edge() ? 1 : 0;
    while (g.waiting() || (g.due() && *g.due() < end)) {
      w.work_on(g);
      n += g.take_edge() ? 1 : 0;
    }
    return n;
  }
  PmcgWorld w;
};

TEST_F(PmcgOverflow, SetsItsStatusAndGoesOn) {
  w.count(tbu0, 2, PmcgEvent::transaction);
  w.set_counter(tbu0, 2, 0xffff'fffe);
  w.access(1, va);
  EXPECT_EQ(w.overflows(tbu0), 0U);
  w.access(1, va);
  EXPECT_EQ(w.counter(tbu0, 2), 0U);
  EXPECT_EQ(w.overflows(tbu0), 4U);
  EXPECT_EQ(w.pmcg(tbu0, 0xcc0, 8), 4U);
  w.access(1, va);
  EXPECT_EQ(w.counter(tbu0, 2), 1U);
  w.set_pmcg(tbu0, 0xc80, 4, 8);
  EXPECT_EQ(w.overflows(tbu0), 0U);
}

TEST(PmcgCounters, OverflowBehindTheLastOfTheirBits) {
  for (const unsigned bits : {32U, 36U, 40U, 44U, 48U, 64U}) {
    PmcgFeatures f;
    f.bits = static_cast<std::uint8_t>(bits);
    PmcgWorld w(PmcgWorld::with(f));
    w.count(tbu0, 0, PmcgEvent::transaction);
    w.count(tcu, 1, PmcgEvent::cycle);
    w.set_counter(tbu0, 0, ~std::uint64_t{0});
    w.set_counter(tcu, 1, ~std::uint64_t{0});
    w.access(1, va);
    w.now += 3000;
    EXPECT_EQ(w.counter(tbu0, 0), 0U) << bits;
    EXPECT_EQ(w.overflows(tbu0), 1U) << bits;
    EXPECT_EQ(w.counter(tcu, 1), 2U) << bits;
    EXPECT_EQ(w.overflows(tcu), 2U) << bits;
  }
}

TEST_F(PmcgOverflow, RaisesTheInterruptWhereBothEnablesAreSet) {
  for (unsigned enables = 0; enables < 4; ++enables) {
    w.smmu.reset();
    w.count(tbu0, 0, PmcgEvent::transaction);
    w.set_counter(tbu0, 0, 0xffff'ffff);
    w.set_pmcg(tbu0, 0xc40, enables & 1U);
    w.set_pmcg(tbu0, 0xe50, enables >> 1U);
    w.access(1, va);
    EXPECT_EQ(w.overflows(tbu0), 1U);
    EXPECT_EQ(edges(tbu0), enables == 3 ? 1 : 0) << enables;
    EXPECT_EQ(edges(tcu), 0) << "each group has its own";
  }
}

TEST_F(PmcgOverflow, RaisesTheInterruptAgainWhateverItsStatusIs) {
  w.count(tbu0, 0, PmcgEvent::transaction);
  w.set_pmcg(tbu0, 0xc40, 1);
  w.set_pmcg(tbu0, 0xe50, 1);
  for (unsigned i = 0; i < 3; ++i) {
    w.set_counter(tbu0, 0, 0xffff'ffff);
    w.access(1, va);
    EXPECT_EQ(w.overflows(tbu0), 1U) << "not cleared";
    EXPECT_EQ(edges(tbu0), 1) << i;
  }
}

TEST_F(PmcgOverflow, SetBySoftwareHasNoConsequences) {
  w.count(tbu0, 0, PmcgEvent::transaction, PmcgWorld::all_streams, PmcgWorld::span | PmcgWorld::OVFCAP);
  w.set_counter(tbu0, 0, 5);
  w.set_pmcg(tbu0, 0xc40, 1);
  w.set_pmcg(tbu0, 0xe50, 1);
  w.set_pmcg(tbu0, 0xcc0, 1, 8);
  EXPECT_EQ(w.overflows(tbu0), 1U);
  EXPECT_EQ(edges(tbu0), 0);
  EXPECT_EQ(w.captured(tbu0, 0), 0U);
}

TEST_F(PmcgOverflow, OfAnAccessAheadOfTimeInterruptsAtTheTimeOfTheAccess) {
  w.count(tbu0, 0, PmcgEvent::transaction);
  w.set_pmcg(tbu0, 0xc40, 1);
  w.set_pmcg(tbu0, 0xe50, 1);
  w.set_counter(tbu0, 0, 0xffff'ffff);
  smmu::AccessRequest r = World::request(1, va);
  r.time = w.now + 50'000;
  smmu::AccessAnswer a;
  if (!w.smmu.translate_fast(r, a)) {
    Access object(w.smmu, r);
    w.finish(object);
  }
  EXPECT_FALSE(w.group(tbu0).take_edge());
  EXPECT_EQ(w.group(tbu0).due(), r.time);
  w.group(tbu0).step(r.time - 1);
  EXPECT_FALSE(w.group(tbu0).take_edge());
  w.group(tbu0).step(r.time);
  EXPECT_TRUE(w.group(tbu0).take_edge());
}

TEST_F(PmcgOverflow, OfCyclesInterruptsAtTheirMoment) {
  w.count(tcu, 0, PmcgEvent::cycle);
  w.set_counter(tcu, 0, 0xffff'ff00);
  EXPECT_FALSE(w.group(tcu).due()) << "nobody wants to know";
  w.set_pmcg(tcu, 0xc40, 1);
  w.set_pmcg(tcu, 0xe50, 1);
  const std::uint64_t begin = w.now / 1000;
  ASSERT_TRUE(w.group(tcu).due());
  EXPECT_EQ(*w.group(tcu).due(), (begin + 0x100) * 1000);
  EXPECT_EQ(edges(tcu), 1);
  EXPECT_EQ(w.now, (begin + 0x100) * 1000);
  EXPECT_EQ(w.counter(tcu, 0), 0U);
  EXPECT_EQ(w.overflows(tcu), 1U);
}

TEST_F(PmcgOverflow, OfCyclesIsSeenByWhoeverLooks) {
  w.count(tcu, 0, PmcgEvent::cycle);
  w.set_counter(tcu, 0, 0xffff'ff00);
  w.now += 1'000'000;
  EXPECT_EQ(w.overflows(tcu), 1U);
  EXPECT_EQ(w.counter(tcu, 0), 1000U - 0x100);
}

TEST_F(PmcgOverflow, TimesBeyondReachAreNoMoments) {
  w.count(tcu, 0, PmcgEvent::cycle, 0, PmcgWorld::OVFCAP);
  w.set_pmcg(tcu, 0xc40, 1);
  w.set_pmcg(tcu, 0xe50, 1);
  w.now = ~std::uint64_t{0} - 5000;
  w.counter(tcu, 0);
  EXPECT_NE(w.overflows(tcu), 0U);
  EXPECT_FALSE(w.group(tcu).due() && *w.group(tcu).due() > w.now) << "no later moment can be told";
}

// ---- capture

TEST_F(PmcgOverflow, CaprCapturesAllCountersAtOnce) {
  w.count(tbu0, 0, PmcgEvent::transaction);
  w.count(tbu0, 1, PmcgEvent::cycle);
  w.set_counter(tbu0, 3, 33);
  w.access(1, va);
  w.now = 10'000'000;
  w.set_counter(tbu0, 1, 0);
  w.now += 5'000;
  w.set_pmcg(tbu0, 0xd88, 0);
  EXPECT_EQ(w.captured(tbu0, 0), 0U);
  w.set_pmcg(tbu0, 0xd88, 1);
  w.now += 5'000;
  w.access(1, va);
  EXPECT_EQ(w.captured(tbu0, 0), 1U);
  EXPECT_EQ(w.captured(tbu0, 1), 5U);
  EXPECT_EQ(w.captured(tbu0, 2), 0U);
  EXPECT_EQ(w.captured(tbu0, 3), 33U) << "enabled or not";
  EXPECT_EQ(w.pmcg(tbu0, 0xd88), 0U) << "it is write-only";
  w.set_pmcg(tbu0, 0x600, 9);
  EXPECT_EQ(w.captured(tbu0, 0), 1U) << "SVRn is read-only";
}

TEST_F(PmcgOverflow, WithOvfcapCapturesTheValuesOfTheMoment) {
  w.count(tbu0, 0, PmcgEvent::transaction, PmcgWorld::all_streams, PmcgWorld::span | PmcgWorld::OVFCAP);
  w.count(tbu0, 1, PmcgEvent::tlb_miss);
  w.count(tbu0, 2, PmcgEvent::cycle);
  w.count(tbu0, 3, PmcgEvent::transaction);
  w.set_counter(tbu0, 0, 0xffff'fff0);
  w.now = 1'000'000;
  w.set_counter(tbu0, 2, 0);
  for (unsigned i = 0; i < 20; ++i) {
    w.now += 2'000;
    w.access_by(0, 1, va + 4 * i);
  }
  EXPECT_EQ(w.captured(tbu0, 0), 0U) << "the value after the overflow";
  EXPECT_EQ(w.captured(tbu0, 1), 1U);
  EXPECT_EQ(w.captured(tbu0, 2), 32U) << "16 accesses of 2 cycles";
  EXPECT_EQ(w.captured(tbu0, 3), 16U) << "with the event that captures";
  EXPECT_EQ(w.counter(tbu0, 3), 20U);
}

TEST_F(PmcgOverflow, OfCyclesWithOvfcapCapturesAtItsMoment) {
  w.count(tbu0, 0, PmcgEvent::cycle, 0, PmcgWorld::OVFCAP);
  w.count(tbu0, 1, PmcgEvent::cycle);
  w.set_counter(tbu0, 0, 0xffff'ffff - 99);
  w.set_counter(tbu0, 1, 0);
  w.now += 1'000'000;
  EXPECT_EQ(w.counter(tbu0, 1), 1000U);
  EXPECT_EQ(w.captured(tbu0, 1), 100U);
  EXPECT_EQ(w.captured(tbu0, 0), 0U);
}

// ---- IRQ_CTRL and MSIs

struct PmcgMsi : PmcgOverflow {
  PmcgMsi() : PmcgOverflow(with_msi()) {}
  void configure(std::uint64_t address = doorbell, std::uint32_t attributes = 0x3f) {
    w.set_pmcg(tbu0, 0xe50, 0);
    w.set_pmcg(tbu0, 0xe58, address, 8);
    w.set_pmcg(tbu0, 0xe60, 0xcafe'0017);
    w.set_pmcg(tbu0, 0xe64, attributes);
    w.set_pmcg(tbu0, 0xe50, 1);
    w.set_pmcg(tbu0, 0xc40, 1);
    w.count(tbu0, 0, PmcgEvent::transaction);
  }
  void overflow() {
    w.set_counter(tbu0, 0, 0xffff'ffff);
    smmu::AccessAnswer a;
    if (w.smmu.translate_fast(World::request(1, va), a)) return;
    Access object(w.smmu, World::request(1, va));
    w.finish(object);
  }
  smmu::MemoryOp begin() {
    const auto due = w.group(tbu0).due();
    EXPECT_TRUE(due);
    w.now = std::max(w.now, due.value_or(0));
    EXPECT_EQ(w.group(tbu0).step(w.now), smmu::Step::need);
    return w.group(tbu0).op();
  }
  std::uint64_t IRQ_CTRLACK() { return w.pmcg(tbu0, 0xe54); }
  std::uint64_t IRQ_STATUS() { return w.pmcg(tbu0, 0xe68); }
};

TEST_F(PmcgMsi, WritesDataToTheAddressWithTheAttributesAndRaisesTheWireToo) {
  configure();
  overflow();
  const smmu::MemoryOp op = begin();
  EXPECT_EQ(op.kind, smmu::MemoryOpKind::write);
  EXPECT_EQ(op.address, doorbell);
  EXPECT_EQ(op.size, 4U);
  EXPECT_EQ(smmu::load_word(op.data, 0), 0xcafe'0017U);
  EXPECT_EQ(op.space, smmu::AddressSpace::non_secure);
  EXPECT_EQ(op.attributes.memory, 0xffU);
  EXPECT_EQ(op.attributes.SH, smmu::Shareability::inner);
  EXPECT_EQ(w.overflows(tbu0), 1U) << "before the interrupt";
  EXPECT_TRUE(w.group(tbu0).take_edge());
  w.group(tbu0).complete(w.memory.carry_out(op));
  EXPECT_EQ(w.memory.read(doorbell, 4), 0xcafe'0017U);
  EXPECT_EQ(w.smmu.statistics().msis, 1U);
}

// 10.6: of a group that does not support Secure state, whoever has configured it.
TEST(PmcgMsis, AreNonSecureWritesBesideASecureSmmu) {
  PmcgFeatures pmcg;
  pmcg.MSI = true;
  Features f = PmcgWorld::with(pmcg);
  f.SECURE_IMPL = true;
  PmcgWorld w(f);
  w.start();
  w.stream_with_page(1);
  const auto set_secure = [&](std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    const std::uint32_t at = w.at(tbu0, offset);
    w.smmu.window().at(at).write(at, bytes, AccessSecurity::Secure, w.now, value);
  };
  set_secure(0xe58, doorbell, 8);
  set_secure(0xe50, 1);
  set_secure(0xc40, 1);
  w.count(tbu0, 0, PmcgEvent::transaction);
  w.set_counter(tbu0, 0, 0xffff'ffff);
  Access object(w.smmu, World::request(1, va));
  w.finish(object);
  const auto due = w.group(tbu0).due();
  ASSERT_TRUE(due);
  ASSERT_EQ(w.group(tbu0).step(std::max(w.now, *due)), smmu::Step::need);
  EXPECT_EQ(w.group(tbu0).op().address, doorbell);
  EXPECT_EQ(w.group(tbu0).op().space, smmu::AddressSpace::non_secure);
}

TEST_F(PmcgMsi, OfDeviceTypesAreOuterShareable) {
  configure(doorbell, 0x01);
  overflow();
  const smmu::MemoryOp op = begin();
  EXPECT_EQ(op.attributes.memory, 0x04U);
  EXPECT_EQ(op.attributes.SH, smmu::Shareability::outer);
}

TEST_F(PmcgMsi, IsNotSentToAddress0) {
  configure(0);
  overflow();
  EXPECT_EQ(edges(tbu0), 1) << "the wire has it";
  EXPECT_EQ(w.smmu.statistics().msis, 0U);
}

TEST_F(PmcgMsi, RegistersAreGuardedWhileTheInterruptIsEnabled) {
  configure();
  w.set_pmcg(tbu0, 0xe58, 0, 8);
  w.set_pmcg(tbu0, 0xe60, 0);
  w.set_pmcg(tbu0, 0xe64, 0);
  EXPECT_EQ(w.pmcg(tbu0, 0xe58, 8), doorbell);
  EXPECT_EQ(w.pmcg(tbu0, 0xe60), 0xcafe'0017U);
  EXPECT_EQ(w.pmcg(tbu0, 0xe64), 0x3fU);
  EXPECT_EQ(w.diag.all.size(), 3U);
  w.set_pmcg(tbu0, 0xe50, 0);
  w.set_pmcg(tbu0, 0xe58, ~0ULL, 8);
  EXPECT_EQ(w.pmcg(tbu0, 0xe58, 8), 0x0fff'ffff'fffcULL) << "ADDR [55:2], of the 44 bits that OAS has";
}

TEST_F(PmcgMsi, IsCompleteBeforeADisableIsAcknowledged) {
  configure();
  overflow();
  w.set_pmcg(tbu0, 0xe50, 0);
  EXPECT_EQ(IRQ_CTRLACK(), 1U) << "still to be sent";
  const smmu::MemoryOp op = begin();
  EXPECT_EQ(IRQ_CTRLACK(), 1U) << "under way";
  EXPECT_FALSE(w.group(tbu0).take_edge()) << "no edge after the disable";
  w.set_counter(tbu0, 0, 0xffff'ffff);
  w.access(1, va);  // overflows once more, and is not told
  EXPECT_EQ(IRQ_CTRLACK(), 0U);
  EXPECT_EQ(op.address, doorbell);
  EXPECT_FALSE(w.group(tbu0).due());
  EXPECT_EQ(w.smmu.statistics().msis, 1U);
}

TEST_F(PmcgMsi, ThatMeetsAnAbortSetsIrqAbtUntilTheNextEnable) {
  configure();
  w.memory.make_abort(doorbell);
  overflow();
  EXPECT_EQ(edges(tbu0), 1);
  EXPECT_EQ(IRQ_STATUS(), 1U);
  EXPECT_EQ(w.read(0x60), w.read(0x64)) << "GERROR is the SMMU's own";
  w.set_pmcg(tbu0, 0xe50, 0);
  EXPECT_EQ(IRQ_STATUS(), 1U) << "a disable leaves it";
  w.set_pmcg(tbu0, 0xe50, 1);
  EXPECT_EQ(IRQ_STATUS(), 0U);
}

TEST(PmcgMsis, IrqStatusIsRes0InSmmuv30) {
  Features f = PmcgWorld::with(with_msi());
  f.HAD = false;
  PmcgWorld w(f);
  EXPECT_EQ(w.pmcg(tbu0, 0xe70), 0U) << "SMMUv3.0";
  w.set_pmcg(tbu0, 0xe58, doorbell, 8);
  w.set_pmcg(tbu0, 0xe50, 1);
  w.set_pmcg(tbu0, 0xc40, 1);
  w.count(tbu0, 0, PmcgEvent::transaction);
  w.set_counter(tbu0, 0, 0xffff'ffff);
  w.memory.make_abort(doorbell);
  w.access(1, va);
  EXPECT_EQ(w.smmu.statistics().msis, 1U);
  EXPECT_EQ(w.pmcg(tbu0, 0xe68), 0U);
}

TEST(PmcgMsis, AreNotThereWithoutCfgrMsi) {
  Features f = PmcgWorld::with_groups();
  f.MSI = true;
  PmcgWorld w(f);
  EXPECT_EQ(w.pmcg(0, 0xe00) >> 21 & 1, 0U) << "whatever IDR0.MSI says";
  for (const std::uint32_t offset : {0xe58U, 0xe5cU, 0xe60U, 0xe64U}) {
    w.set_pmcg(0, offset, ~0U);
    EXPECT_EQ(w.pmcg(0, offset), 0U);
  }
}

TEST_F(PmcgMsi, OfBeforeAResetIsForgotten) {
  configure();
  overflow();
  begin();
  w.smmu.reset();
  EXPECT_FALSE(w.group(tbu0).waiting());
  EXPECT_FALSE(w.group(tbu0).due());
  w.group(tbu0).complete({});
  EXPECT_EQ(w.smmu.statistics().msis, 0U);
}

// ---- saved states

std::vector<std::uint8_t> saved(Smmu& smmu) {
  ArchiveWriter writer;
  smmu.visit(writer);
  EXPECT_TRUE(writer.ok());
  return writer.data();
}

TEST_F(PmcgMsi, AndAllElseIsInASavedState) {
  configure();
  w.count(tbu0, 1, PmcgEvent::cycle);
  w.count(tcu, 0, PmcgEvent::walk_access, 1, 0);
  w.now = 7'777'000;
  w.counter(tbu0, 1);
  overflow();
  begin();
  w.set_counter(tbu0, 0, 0xffff'ffff);
  smmu::AccessAnswer a;
  ASSERT_TRUE(w.smmu.translate_fast(World::request(1, va), a));  // one is under way, and another is due
  const auto state = saved(w.smmu);

  PmcgWorld v(PmcgWorld::with(with_msi()));
  ArchiveReader reader(state);
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.ok());
  v.now = w.now;
  v.memory = w.memory;
  EXPECT_EQ(saved(v.smmu), state);
  EXPECT_TRUE(v.smmu.engine().monitored());
  for (PmcgWorld* x : {&w, &v}) {
    x->work();
    x->access(1, va + 8);
    x->now += 4'000;
  }
  EXPECT_EQ(v.smmu.statistics().msis, w.smmu.statistics().msis);
  for (unsigned n = 0; n < 2; ++n) EXPECT_EQ(v.counter(tbu0, n), w.counter(tbu0, n)) << n;
  EXPECT_EQ(v.counter(tbu0, 0), 1U);
  EXPECT_EQ(v.counter(tcu, 0), w.counter(tcu, 0));
  EXPECT_EQ(saved(v.smmu), saved(w.smmu));
}

}  // namespace
}  // namespace smmuvp::smmuv3
