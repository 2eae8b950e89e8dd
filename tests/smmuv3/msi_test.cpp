// Message signalled interrupts (IHI 0070 3.18, 4.7.3, 6.3.16, 6.3.21 to 6.3.23, 6.3.30 to 6.3.32, 7.5).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Step;

constexpr std::uint64_t doorbell = 0x7000'0040;
constexpr std::uint32_t payload = 0xcafe'0017;
constexpr std::uint32_t gerror_cfg = 0x68;
constexpr std::uint32_t eventq_cfg = 0xb0;

Features with_msis() {
  Features f;
  f.MSI = true;
  return f;
}

class MsiWorld : public World {
 public:
  explicit MsiWorld(const Features& features = with_msis(), const Structures& structures = untimed())
      : World(features, structures) {}

  /// Configures the MSI of a source, whose interrupts are off meanwhile.
  void configure(std::uint32_t cfg, std::uint64_t address, std::uint32_t data = payload,
                 std::uint32_t attributes = 0x3f) {
    const std::uint32_t enables = read(0x50);
    write(0x50, 0);
    write(cfg, address, 8);
    write(cfg + 8, data);
    write(cfg + 12, attributes);
    write(0x50, enables);
  }
  std::uint64_t read64(std::uint32_t offset) {
    std::uint64_t v = 0;
    smmu.interface().read(offset, 8, AccessSecurity::NonSecure, now, v);
    return v;
  }
  /// CMD_SYNC with SIG_IRQ.
  static std::uint64_t sync(std::uint32_t data, unsigned MSH = 3, unsigned MSIAttr = 0xf) {
    return std::uint64_t{data} << 32 | std::uint64_t{MSIAttr} << 24 | std::uint64_t{MSH} << 22 | 1U << 12 |
           0x46U;
  }
  smmu::Worker& msis() { return smmu.interface().msis(); }
  /// Runs everything but the MSIs.
  void work_without_msis() {
    for (bool worked = true; worked;) {
      worked = false;
      for (smmu::Worker* worker : smmu.workers()) {
        if (worker != &msis()) worked = work_on(*worker) || worked;
      }
    }
  }
  /// The next MSI's write, unanswered.
  smmu::MemoryOp begin_msi() {
    const auto due = msis().due();
    EXPECT_TRUE(due);
    now = std::max(now, due.value_or(0));
    EXPECT_EQ(msis().step(now), Step::need);
    return msis().op();
  }
  void fault() { access(9, 0x1000); }  // STE 9 is all zero: C_BAD_STE
};

TEST(MsiRegisters, AreRes0WithoutIdr0Msi) {
  World w;
  for (const std::uint32_t cfg : {gerror_cfg, eventq_cfg}) {
    w.write(cfg, ~0ULL, 8);
    w.write(cfg + 8, ~0U);
    w.write(cfg + 12, ~0U);
    for (std::uint32_t i = 0; i < 16; i += 4) EXPECT_EQ(w.read(cfg + i), 0U) << std::hex << cfg + i;
  }
  EXPECT_EQ(w.read(0) >> 13 & 1, 0U);
}

TEST(MsiRegisters, HoldAddressDataAndAttributes) {
  MsiWorld w;
  EXPECT_EQ(w.read(0) >> 13 & 1, 1U) << "IDR0.MSI";
  for (const std::uint32_t cfg : {gerror_cfg, eventq_cfg}) {
    w.write(cfg, ~0ULL, 8);
    w.write(cfg + 8, ~0U);
    w.write(cfg + 12, ~0U);
    EXPECT_EQ(w.read64(cfg), 0x0fff'ffff'fffcULL) << "ADDR [55:2], of the 44 bits that OAS has";
    EXPECT_EQ(w.read(cfg + 8), ~0U);
    EXPECT_EQ(w.read(cfg + 12), 0x3fU);
    w.write(cfg, 0x1234'5678);
    w.write(cfg + 4, 0x9ab);
    EXPECT_EQ(w.read64(cfg), 0x9ab'1234'5678ULL) << "by its halves";
  }
  EXPECT_TRUE(w.diag.all.empty());
}

TEST(MsiRegisters, IgnoreWritesWhileTheirOwnSourceIsEnabled) {
  for (const std::uint32_t cfg : {gerror_cfg, eventq_cfg}) {
    const std::uint32_t own = cfg == gerror_cfg ? IRQ_CTRL_GERROR_IRQEN : IRQ_CTRL_EVENTQ_IRQEN;
    for (const std::uint32_t offset : {0U, 8U, 12U}) {
      MsiWorld w;
      w.write(0x50, own);
      w.write(cfg + offset, 0x14, offset == 0 ? 8 : 4);
      EXPECT_EQ(w.read(cfg + offset), 0U);
      ASSERT_EQ(w.diag.all.size(), 1U);
      EXPECT_NE(w.diag.all[0].text.find("while IRQ_CTRL enables"), std::string::npos);
      w.write(0x50, IRQ_CTRL_implemented & ~own);
      w.write(cfg + offset, 0x14, offset == 0 ? 8 : 4);
      EXPECT_EQ(w.read(cfg + offset), 0x14U) << "the other source does not guard it";
    }
  }
}

TEST(MsiRegisters, AreClearAfterReset) {
  MsiWorld w;
  w.configure(eventq_cfg, doorbell);
  w.smmu.reset();
  EXPECT_EQ(w.read64(eventq_cfg), 0U);
}

TEST(EventqMsi, FollowsTheRecordAndProd) {
  MsiWorld w;
  w.start();
  w.configure(eventq_cfg, doorbell);
  {
    Access a(w.smmu, World::request(9, 0x1000));
    w.finish(a);
  }
  EXPECT_FALSE(w.msis().due()) << "the record is not written";
  ASSERT_EQ(w.events().step(w.now), Step::need);
  EXPECT_FALSE(w.msis().due());
  w.events().complete(w.memory.carry_out(w.events().op()));
  EXPECT_EQ(w.read(0x100a8), 1U);
  const smmu::MemoryOp op = w.begin_msi();
  EXPECT_EQ(op.kind, smmu::MemoryOpKind::write);
  EXPECT_EQ(op.address, doorbell);
  EXPECT_EQ(op.size, 4U);
  EXPECT_EQ(smmu::load_word(op.data, 0), payload) << "and no byte beyond";
  EXPECT_EQ(op.space, smmu::AddressSpace::non_secure);
  EXPECT_EQ(op.attributes.memory, 0xffU);
  EXPECT_EQ(op.attributes.SH, smmu::Shareability::inner);
}

TEST(EventqMsi, IsSentWhenTheQueueBecomesNonEmptyOnly) {
  MsiWorld w;
  w.start();
  w.configure(eventq_cfg, doorbell);
  for (int i = 0; i < 3; ++i) w.fault();
  EXPECT_EQ(w.smmu.statistics().msis, 1U);
  EXPECT_EQ(w.memory.read(doorbell, 4), payload);
  EXPECT_EQ(w.irqs.eventq, 1) << "the wire, too";
  while (w.pop_event()) {
  }
  w.fault();
  EXPECT_EQ(w.smmu.statistics().msis, 2U);
}

TEST(EventqMsi, ToAddress0IsNotSentAndTheWireIsAsserted) {
  MsiWorld w;
  w.start();
  w.configure(eventq_cfg, 0);
  w.fault();
  EXPECT_EQ(w.smmu.statistics().msis, 0U);
  EXPECT_EQ(w.irqs.eventq, 1);
}

TEST(EventqMsi, IsNotSentForWhatHappenedWhileItWasDisabled) {
  MsiWorld w;
  w.start();
  w.configure(eventq_cfg, doorbell);
  w.write(0x50, IRQ_CTRL_GERROR_IRQEN);
  w.fault();
  w.write(0x50, IRQ_CTRL_implemented);
  w.work();
  EXPECT_EQ(w.smmu.statistics().msis, 0U);
  while (w.pop_event()) {
  }
  w.fault();
  EXPECT_EQ(w.smmu.statistics().msis, 1U) << "the next transition is told";
}

TEST(EventqMsi, ThatIsAbortedIsMsiEventqAbtErrAndTheNextIsSent) {
  MsiWorld w;
  w.start();
  w.configure(eventq_cfg, doorbell);
  w.memory.make_abort(doorbell);
  w.fault();
  EXPECT_EQ(w.read(0x60), GERROR_MSI_EVENTQ_ABT_ERR);
  EXPECT_EQ(w.irqs.gerror, 1);
  EXPECT_EQ(w.read(0x100a8), 1U) << "the record is there all the same";
  w.memory.make_ok(doorbell);
  while (w.pop_event()) {
  }
  w.fault();
  EXPECT_EQ(w.memory.read(doorbell, 4), payload) << "an active error does not affect it";
  w.write(0x64, GERROR_MSI_EVENTQ_ABT_ERR);
  EXPECT_EQ(w.read(0x64), GERROR_MSI_EVENTQ_ABT_ERR);
}

TEST(EventqMsi, ThatIsStillToBeSentStandsForTheNextTransitionToo) {
  MsiWorld w;
  w.start();
  w.configure(eventq_cfg, doorbell);
  const auto fault = [&w] {
    Access a(w.smmu, World::request(9, 0x1000));
    w.finish(a);
    w.work_without_msis();
  };
  fault();
  while (w.pop_event()) {
  }
  fault();
  w.begin_msi();
  while (w.pop_event()) {
  }
  fault();
  w.msis().complete(w.memory.carry_out(w.msis().op()));
  EXPECT_TRUE(w.msis().due()) << "what happened after it left is told by another";
  w.work();
  EXPECT_EQ(w.smmu.statistics().msis, 2U);
}

TEST(GerrorMsi, FollowsGerror) {
  MsiWorld w;
  w.start();
  w.configure(gerror_cfg, doorbell, 3, 1);
  w.push(0x00);
  w.work_without_msis();
  EXPECT_EQ(w.read(0x60), GERROR_CMDQ_ERR);
  const smmu::MemoryOp op = w.begin_msi();
  EXPECT_EQ(op.address, doorbell);
  EXPECT_EQ(op.attributes.memory, 0x04U) << "Device-nGnRE";
  w.work();
  EXPECT_EQ(w.memory.read(doorbell, 4), 3U);
  EXPECT_EQ(w.irqs.gerror, 1);
}

TEST(GerrorMsi, ThatIsAbortedRaisesNoFurtherInterrupt) {
  MsiWorld w;
  w.start();
  w.configure(gerror_cfg, doorbell);
  w.memory.make_abort(doorbell);
  w.command(0x00);
  EXPECT_EQ(w.read(0x60), GERROR_CMDQ_ERR | GERROR_MSI_GERROR_ABT_ERR);
  EXPECT_EQ(w.smmu.statistics().msis, 1U);
  EXPECT_EQ(w.irqs.gerror, 1) << "that of CMDQ_ERR";
}

TEST(GerrorMsi, TellsOfAnAbortedMsiOfAnotherSource) {
  MsiWorld w;
  w.start();
  w.configure(eventq_cfg, doorbell);
  w.configure(gerror_cfg, doorbell + 0x1000, 9);
  w.memory.make_abort(doorbell);
  w.fault();
  EXPECT_EQ(w.read(0x60), GERROR_MSI_EVENTQ_ABT_ERR);
  EXPECT_EQ(w.memory.read(doorbell + 0x1000, 4), 9U);
  EXPECT_EQ(w.smmu.statistics().msis, 2U);
}

TEST(SyncMsi, IsOne32BitWriteAfterConsShowsTheCommandConsumed) {
  MsiWorld w;
  w.start();
  w.memory.write(doorbell + 4, 0x5555'5555, 4);
  w.push(MsiWorld::sync(0x1234), doorbell);
  w.work_without_msis();
  EXPECT_EQ(w.read(0x9c), 1U);
  EXPECT_EQ(w.memory.read(doorbell, 4), 0U);
  w.work();
  EXPECT_EQ(w.memory.read(doorbell, 8), 0x5555'5555'0000'1234ULL);
  EXPECT_EQ(w.irqs.cmdq_sync, 1) << "the wire, too";
}

TEST(SyncMsi, MayClearTheCommandThatAsksForIt) {
  MsiWorld w;
  w.start();
  w.push(MsiWorld::sync(0), World::cmdq);
  ASSERT_NE(w.memory.read(World::cmdq, 4), 0U);
  w.work();
  EXPECT_EQ(w.memory.read(World::cmdq, 4), 0U);
  EXPECT_TRUE(w.diag.all.empty());
}

TEST(SyncMsi, ToAddress0IsNotSent) {
  MsiWorld w;
  w.start();
  w.command(MsiWorld::sync(7), 0);
  EXPECT_EQ(w.smmu.statistics().msis, 0U);
  EXPECT_EQ(w.irqs.cmdq_sync, 1);
}

TEST(SyncMsi, AddressIsTruncatedToOasAfterItIsFoundNotToBeZero) {
  MsiWorld w;
  w.start();
  w.command(MsiWorld::sync(7), 1ULL << 50);
  EXPECT_EQ(w.smmu.statistics().msis, 1U);
  EXPECT_EQ(w.memory.read(0, 4), 7U);
  w.command(MsiWorld::sync(8), 1ULL << 50 | doorbell | 3);
  EXPECT_EQ(w.memory.read(doorbell, 4), 8U) << "bits [1:0] are not part of it";
}

TEST(SyncMsi, IsNotSentForTheOtherSignals) {
  MsiWorld w;
  w.start();
  for (const unsigned CS : {0U, 2U}) w.command(std::uint64_t{7} << 32 | CS << 12 | 0x46, doorbell);
  EXPECT_EQ(w.smmu.statistics().msis, 0U);
}

TEST(SyncMsi, IsSentWhateverIrqCtrlSays) {
  MsiWorld w;
  w.start();
  w.write(0x50, 0);
  w.command(MsiWorld::sync(7), doorbell);
  EXPECT_EQ(w.memory.read(doorbell, 4), 7U);
}

TEST(SyncMsi, IsCompleteBeforeTheNextCmdSyncIs) {
  MsiWorld w;
  w.start();
  w.push(MsiWorld::sync(1), doorbell);
  w.push(MsiWorld::sync(2), doorbell + 8);
  w.work_without_msis();
  EXPECT_EQ(w.read(0x9c), 1U) << "the second waits";
  w.begin_msi();
  w.work_without_msis();
  EXPECT_EQ(w.read(0x9c), 1U);
  w.msis().complete(w.memory.carry_out(w.msis().op()));
  w.work();
  EXPECT_EQ(w.read(0x9c), 2U);
  EXPECT_EQ(w.memory.read(doorbell + 8, 4), 2U);
}

TEST(SyncMsi, ThatIsAbortedIsReportedBeforeTheNextCmdSyncCompletes) {
  MsiWorld w;
  w.start();
  w.memory.make_abort(doorbell);
  w.push(MsiWorld::sync(1), doorbell);
  w.push(0x46);
  w.work_without_msis();
  EXPECT_EQ(w.read(0x60), 0U);
  EXPECT_EQ(w.read(0x9c), 1U);
  w.work();
  EXPECT_EQ(w.read(0x60), GERROR_MSI_CMDQ_ABT_ERR);
  EXPECT_EQ(w.read(0x9c), 2U) << "commands go on";
}

TEST(SyncMsi, ThatIsAbortedAgainTogglesNothingWhileItsErrorIsActive) {
  MsiWorld w;
  w.start();
  w.memory.make_abort(doorbell);
  for (std::uint32_t n = 0; n < 2; ++n) {
    w.push(MsiWorld::sync(n), doorbell);
    w.work();
    EXPECT_EQ(w.read(0x60), GERROR_MSI_CMDQ_ABT_ERR) << n;
  }
}

TEST(SyncMsi, DoesNotHoldCmdqenBack) {
  MsiWorld w;
  w.start();
  w.push(MsiWorld::sync(1), doorbell);
  w.work_without_msis();
  w.write(0x20, CR0_SMMUEN);
  EXPECT_EQ(w.read(0x24), CR0_SMMUEN);
  w.work();
  EXPECT_EQ(w.memory.read(doorbell, 4), 1U);
}

struct AttributeRow {
  unsigned MemAttr, SH;
  std::uint8_t memory;
  smmu::Shareability shareability;
};
class MsiAttributes : public testing::TestWithParam<AttributeRow> {};

TEST_P(MsiAttributes, AreThoseOfTheConfigurationMadeConsistent) {
  const AttributeRow& row = GetParam();
  MsiWorld w;
  w.start();
  w.configure(eventq_cfg, doorbell, payload, row.SH << 4 | row.MemAttr);
  {
    Access a(w.smmu, World::request(9, 0x1000));
    w.finish(a);
  }
  w.work_without_msis();
  const smmu::MemoryOp of_register = w.begin_msi();
  w.work();
  w.push(MsiWorld::sync(1, row.SH, row.MemAttr), doorbell);
  w.work_without_msis();
  const smmu::MemoryOp of_command = w.begin_msi();
  for (const smmu::MemoryOp& op : {of_register, of_command}) {
    EXPECT_EQ(op.attributes.memory, row.memory);
    EXPECT_EQ(op.attributes.SH, row.shareability);
  }
}
INSTANTIATE_TEST_SUITE_P(Encodings, MsiAttributes,
                         testing::Values(AttributeRow{0x0, 0, 0x00, smmu::Shareability::outer},
                                         AttributeRow{0x1, 3, 0x04, smmu::Shareability::outer},
                                         AttributeRow{0x2, 0, 0x08, smmu::Shareability::outer},
                                         AttributeRow{0x3, 0, 0x0c, smmu::Shareability::outer},
                                         AttributeRow{0x5, 3, 0x44, smmu::Shareability::outer},
                                         AttributeRow{0xa, 2, 0xbb, smmu::Shareability::outer},
                                         AttributeRow{0xf, 0, 0xff, smmu::Shareability::non_shareable},
                                         AttributeRow{0xf, 1, 0xff, smmu::Shareability::non_shareable},
                                         AttributeRow{0xf, 3, 0xff, smmu::Shareability::inner}));

TEST(IrqCtrlack, FollowsADisableWhenTheMsisOfBeforeAreComplete) {
  for (const bool abort : {false, true}) {
    MsiWorld w;
    w.start();
    w.configure(eventq_cfg, doorbell);
    if (abort) w.memory.make_abort(doorbell);
    {
      Access a(w.smmu, World::request(9, 0x1000));
      w.finish(a);
    }
    w.work_without_msis();
    w.write(0x50, IRQ_CTRL_GERROR_IRQEN);
    EXPECT_EQ(w.read(0x54), IRQ_CTRL_implemented);
    w.write(eventq_cfg, 0x4000, 8);
    EXPECT_EQ(w.read64(eventq_cfg), doorbell) << "still guarded";
    w.begin_msi();
    EXPECT_EQ(w.read(0x54), IRQ_CTRL_implemented);
    w.msis().complete(w.memory.carry_out(w.msis().op()));
    EXPECT_EQ(w.read(0x54), IRQ_CTRL_GERROR_IRQEN);
    EXPECT_EQ(w.read(0x60), abort ? GERROR_MSI_EVENTQ_ABT_ERR : 0U) << "and an abort is recorded by then";
  }
}

TEST(IrqCtrlack, SaysThatNoMsiOfTheSourceComesAnyMore) {
  MsiWorld w;
  w.start();
  w.configure(eventq_cfg, doorbell);
  const auto fault = [&w] {
    Access a(w.smmu, World::request(9, 0x1000));
    w.finish(a);
    w.work_without_msis();
  };
  fault();
  w.begin_msi();
  w.write(0x50, 0);
  while (w.pop_event()) {
  }
  fault();  // while the disable is under way
  w.work();
  EXPECT_EQ(w.read(0x54), 0U);
  EXPECT_EQ(w.smmu.statistics().msis, 1U);
}

TEST(IrqCtrlack, OfASourceThatIsEnabledAgainBeforeIsThatOfNoChange) {
  MsiWorld w;
  w.start();
  w.configure(gerror_cfg, doorbell);
  w.push(0x00);
  w.work_without_msis();
  w.write(0x50, 0);
  w.write(0x50, IRQ_CTRL_implemented);
  w.work();
  EXPECT_EQ(w.read(0x54), IRQ_CTRL_implemented);
  EXPECT_EQ(w.memory.read(doorbell, 4), payload);
}

TEST(MsiTime, PassesTheWalkPortAfterItsCause) {
  Structures s;
  s.walk_port = {1000, 1000, 1};
  s.command = {5000, 0, 1};
  MsiWorld w(with_msis(), s);
  w.memory.latency = 20'000;
  w.start();
  w.push(MsiWorld::sync(1), doorbell);
  w.work_without_msis();
  // 1 clock to send the fetch, 20 for memory, 5 for the command; then 1 to send the MSI
  EXPECT_EQ(w.begin_msi().time, 27'000U);
  w.push(0x46);
  w.work_without_msis();
  EXPECT_LT(w.now, 100'000U);
  w.memory.latency = 100'000;
  w.work();
  EXPECT_EQ(w.now, 127'000U) << "a CMD_SYNC that follows is complete after it";
}

TEST(MsiReset, DropsWhatIsDueAndWhatIsUnderWay) {
  for (const bool begun : {false, true}) {
    MsiWorld w;
    w.start();
    w.push(MsiWorld::sync(1), doorbell);
    w.work_without_msis();
    if (begun) w.begin_msi();
    const smmu::MemoryOp op = begun ? w.msis().op() : smmu::MemoryOp();
    w.smmu.reset();
    EXPECT_FALSE(w.msis().waiting());
    if (begun) w.msis().complete(w.memory.carry_out(op));
    w.work();
    EXPECT_EQ(w.smmu.statistics().msis, 0U);
    EXPECT_EQ(w.read(0x60), 0U);
  }
}

TEST(MsiReset, IsQuietWhileItIsHeld) {
  MsiWorld w;
  w.start();
  w.push(MsiWorld::sync(1), doorbell);
  w.work_without_msis();
  w.smmu.hold(true);
  EXPECT_FALSE(w.msis().due());
}

std::vector<std::uint8_t> saved(Smmu& smmu) {
  ArchiveWriter writer;
  smmu.visit(writer);
  EXPECT_TRUE(writer.ok()) << writer.error();
  return writer.data();
}

TEST(MsiArchive, KeepsWhatIsDueAndWhatIsUnderWay) {
  for (const bool begun : {false, true}) {
    MsiWorld w;
    w.start();
    w.configure(gerror_cfg, doorbell + 8, 5);
    w.push(MsiWorld::sync(1), doorbell);
    w.push(0x00);
    w.work_without_msis();
    if (begun) w.begin_msi();
    MsiWorld v;
    v.memory = w.memory;
    ArchiveReader reader(saved(w.smmu));
    v.smmu.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    EXPECT_EQ(v.msis().waiting(), begun);
    EXPECT_EQ(saved(v.smmu), saved(w.smmu));
    v.work();
    w.work();
    EXPECT_EQ(v.memory.read(doorbell, 4), 1U);
    EXPECT_EQ(v.memory.read(doorbell + 8, 4), 5U);
    EXPECT_EQ(saved(v.smmu), saved(w.smmu));
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
