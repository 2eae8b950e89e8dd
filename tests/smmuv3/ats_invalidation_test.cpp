// CMD_ATC_INV, the messages it sends, and the CMD_SYNC that waits for them (IHI 0070 3.9.1.4, 3.9.1.5, 4.5.1,
// 7.1).
#include "ats_world.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint64_t sync = 0x46;
constexpr std::uint32_t CERROR_ATC_INV_SYNC = 3;

/// CMD_ATC_INV.
struct AtcInv {
  std::uint32_t StreamID = 1;
  std::uint32_t SubstreamID = 0;
  bool SSV = false;
  bool Global = false;
  std::uint64_t Address = 0x1234'5000;
  unsigned Size = 0;
  std::uint64_t low() const {
    return 0x40 | std::uint64_t{Global} << 9 | std::uint64_t{SSV} << 11 | std::uint64_t{SubstreamID} << 12 |
           std::uint64_t{StreamID} << 32;
  }
  std::uint64_t high() const { return Address | Size; }
};

class AtcInvalidation : public ::testing::Test {
 protected:
  void push(const AtcInv& c) { w.push(c.low(), c.high()); }
  void command(const AtcInv& c) { w.command(c.low(), c.high()); }
  std::uint32_t error() { return w.read(0x9c) >> 24 & 0x7f; }
  bool active() { return ((w.read(0x60) ^ w.read(0x64)) & GERROR_CMDQ_ERR) != 0; }
  void acknowledge() {
    w.write(0x64, w.read(0x60));
    w.work();
  }
  static AtcMessageEnd times_out(const AtcMessage&) { return AtcMessageEnd::failed; }

  AtsWorld w;
};

TEST_F(AtcInvalidation, CommandsWaitForRoomAmongTheMessages) {
  Features f = ats_features();
  f.PRI = true;
  AtsWorld v(f);
  const AtcInv c;
  for (std::size_t i = 0; i < AtcMessages::capacity; ++i) {
    v.command(c.low(), c.high());
    ASSERT_TRUE(v.commands_done()) << i;
  }
  v.command(c.low(), c.high());
  v.command(0x41 | 1ULL << 32);  // CMD_PRI_RESP
  EXPECT_FALSE(v.commands_done());
  EXPECT_EQ(v.smmu.interface().atc_messages().pending().size(), AtcMessages::capacity);
  v.carry(AtsWorld::completes);
  EXPECT_TRUE(v.commands_done());
  v.carry(AtsWorld::completes);
  EXPECT_EQ(v.messages.size(), AtcMessages::capacity + 2);
}

TEST_F(AtcInvalidation, SendsTheDeviceTheSpanAlignedToItsSize) {
  command({1, 0, false, false, 0x1234'5000, 0});
  command({0, 0, false, false, 0x1234'5000, 4});
  command({2, 7, true, true, ~std::uint64_t{0xfff}, 51});
  command({2, 7, true, false, ~std::uint64_t{0xfff}, 52});
  w.carry(AtsWorld::completes);
  ASSERT_EQ(w.messages.size(), 4U);
  EXPECT_EQ(w.messages[0].StreamID, 1U);
  EXPECT_EQ(w.messages[0].Address, 0x1234'5000U);
  EXPECT_EQ(w.messages[0].size_shift, 12);
  EXPECT_FALSE(w.messages[0].SSV);
  EXPECT_EQ(w.messages[1].StreamID, 0U) << "an ordinary stream";
  EXPECT_EQ(w.messages[1].Address, 0x1234'0000U);
  EXPECT_EQ(w.messages[1].size_shift, 16);
  EXPECT_TRUE(w.messages[2].SSV);
  EXPECT_TRUE(w.messages[2].Global);
  EXPECT_EQ(w.messages[2].SubstreamID, 7U);
  EXPECT_EQ(w.messages[2].Address, 1ULL << 63);
  EXPECT_EQ(w.messages[2].size_shift, 63);
  EXPECT_EQ(w.messages[3].Address, 0U);
  EXPECT_EQ(w.messages[3].size_shift, 64) << "everything";
  EXPECT_EQ(w.smmu.statistics().atc_invalidations, 4U);
}

TEST_F(AtcInvalidation, GlobalIsIgnoredWithoutAPasid) {
  command({1, 7, false, true});
  w.carry(AtsWorld::completes);
  EXPECT_FALSE(w.messages.at(0).Global);
  EXPECT_EQ(w.messages.at(0).SubstreamID, 0U);
}

TEST_F(AtcInvalidation, SsvCountsAsZeroWhereThereAreNoPasids) {
  Features f = ats_features();
  f.SSIDSIZE = 0;
  AtsWorld v(f);
  const AtcInv c{1, 7, true, true};
  v.command(c.low(), c.high());
  v.carry(AtsWorld::completes);
  EXPECT_FALSE(v.messages.at(0).SSV);
  EXPECT_FALSE(v.messages.at(0).Global);
}

TEST_F(AtcInvalidation, IsConsumedBeforeItCompletesAndASyncWaitsForIt) {
  push({});
  w.push(sync);
  w.work();
  EXPECT_EQ(w.read(0x9c), 1U);
  w.carry(AtsWorld::completes);
  EXPECT_TRUE(w.commands_done());
  EXPECT_FALSE(active());
}

TEST_F(AtcInvalidation, ASyncThatCameBeforeDoesNotWaitForIt) {
  w.command(sync);
  EXPECT_TRUE(w.commands_done());
  command({});
  EXPECT_TRUE(w.commands_done());
}

TEST_F(AtcInvalidation, MessagesLeaveInOrderOneAfterTheOther) {
  for (std::uint32_t sid = 1; sid < 5; ++sid) command({sid});
  AtcMessages& m = w.smmu.interface().atc_messages();
  const auto first = m.take(w.now);
  ASSERT_TRUE(first);
  EXPECT_FALSE(m.departure()) << "while one is on its way";
  EXPECT_FALSE(m.take(w.now));
  m.ended(first->number, AtcMessageEnd::completed, w.now);
  w.carry(AtsWorld::completes);
  ASSERT_EQ(w.messages.size(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(w.messages[i].StreamID, i + 2);
}

TEST_F(AtcInvalidation, ThatTimesOutEndsTheSyncWithAnErrorThatLeavesConsAtTheSync) {
  push({});
  push({2});
  w.push(sync);
  w.work();
  w.carry(
      [](const AtcMessage& m) { return m.StreamID == 1 ? AtcMessageEnd::failed : AtcMessageEnd::completed; });
  EXPECT_TRUE(active());
  EXPECT_EQ(error(), CERROR_ATC_INV_SYNC);
  EXPECT_EQ(w.read(0x9c) & 0xfffff, 2U);
  EXPECT_EQ(w.smmu.statistics().atc_timeouts, 1U);
  EXPECT_EQ(w.smmu.statistics().syncs, 0U);
  EXPECT_EQ(w.irqs.gerror, 1);
  acknowledge();
  EXPECT_TRUE(w.commands_done()) << "the CMD_SYNC is retried, and what failed has been told";
  EXPECT_FALSE(active());
  EXPECT_EQ(w.smmu.statistics().syncs, 1U);
}

TEST_F(AtcInvalidation, FailuresOfSeveralAreToldOnce) {
  for (std::uint32_t sid = 1; sid < 4; ++sid) push({sid});
  w.push(sync);
  w.push(sync);
  w.work();
  w.carry(times_out);
  EXPECT_EQ(error(), CERROR_ATC_INV_SYNC);
  acknowledge();
  EXPECT_TRUE(w.commands_done());
  EXPECT_FALSE(active());
}

TEST_F(AtcInvalidation, WithoutASyncAFailureIsToldByTheNextOne) {
  command({});
  w.carry(times_out);
  EXPECT_FALSE(active());
  w.command(sync);
  EXPECT_TRUE(active());
  EXPECT_EQ(error(), CERROR_ATC_INV_SYNC);
}

TEST_F(AtcInvalidation, OfADeviceThatIsNotThereCompletes) {
  push({});
  w.push(sync);
  w.work();
  w.carry([](const AtcMessage&) { return AtcMessageEnd::no_device; });
  EXPECT_TRUE(w.commands_done());
  EXPECT_FALSE(active());
}

TEST_F(AtcInvalidation, WhoseTransportNeverReturnsTimesOutAndHoldsUpNobodyForEver) {
  push({});
  push({2});
  w.push(sync);
  w.work();
  AtcMessages& m = w.smmu.interface().atc_messages();
  const auto taken = m.take(w.now);
  ASSERT_TRUE(taken);
  const std::uint64_t timeout = Structures().atc_timeout;
  const std::uint64_t begin = w.now;
  w.work();  // time passes
  EXPECT_EQ(w.now, begin + 2 * timeout);
  EXPECT_EQ(w.smmu.statistics().atc_timeouts, 2U);
  EXPECT_EQ(error(), CERROR_ATC_INV_SYNC);
  m.ended(taken->number, AtcMessageEnd::completed, w.now);  // too late
  acknowledge();
  EXPECT_TRUE(w.commands_done());
  command({3});
  w.push(sync);
  w.work();
  w.carry(AtsWorld::completes);
  EXPECT_TRUE(w.commands_done());
}

TEST_F(AtcInvalidation, ACompletionAfterItsTimeIsATimeout) {
  push({});
  w.push(sync);
  w.work();
  AtcMessages& m = w.smmu.interface().atc_messages();
  const auto taken = m.take(w.now);
  ASSERT_TRUE(taken);
  m.ended(taken->number, AtcMessageEnd::completed, w.now + Structures().atc_timeout + 1);
  w.work();
  EXPECT_EQ(error(), CERROR_ATC_INV_SYNC);
}

TEST_F(AtcInvalidation, IsIgnoredWhileTheSmmuIsDisabled) {
  w.write(0x20, AtsWorld::enabled & ~CR0_SMMUEN);
  push({});
  w.command(sync);
  EXPECT_TRUE(w.commands_done());
  EXPECT_TRUE(w.smmu.interface().atc_messages().pending().empty());
}

TEST_F(AtcInvalidation, IsIgnoredWhereNobodyCarriesMessages) {
  w.smmu.interface().atc_messages().connect(false);
  push({});
  w.command(sync);
  EXPECT_TRUE(w.commands_done());
}

TEST_F(AtcInvalidation, OfStreamsAndPasidsOutOfRangeReachesNobody) {
  push({0x1'0000});
  push({1, 0x100, true});
  w.command(sync);
  EXPECT_TRUE(w.commands_done());
  EXPECT_EQ(w.diag.all.size(), 2U);
}

TEST_F(AtcInvalidation, IsIllegalWithoutIdr0AtsAndWithASizeThatNoSpanHas) {
  World v;
  v.start();
  v.command(AtcInv().low(), AtcInv().high());
  EXPECT_EQ(v.read(0x9c) >> 24 & 0x7f, 1U);
  command({1, 0, false, false, 0, 53});
  EXPECT_EQ(error(), 1U);
}

// 4.5.1: what was translated by the entry has to be visible before the invalidation is complete.
TEST_F(AtcInvalidation, ASyncWaitsForTranslatedTransactionsThatBeganBeforeItsCompletion) {
  w.stream(1);
  w.put_ste(1, with_ats(ste_stage1(World::cd_address(1)), full_ats));
  push({});
  w.push(sync);
  w.work();
  {
    Access object(w.smmu, AtsWorld::translated(1, 0x8000'0000));  // after the CMD_SYNC has begun to wait
    ASSERT_EQ(object.step(), smmu::Step::need);
    w.carry(AtsWorld::completes);
    EXPECT_FALSE(w.commands_done());
    w.finish(object);
  }
  w.work();
  EXPECT_TRUE(w.commands_done());
}

TEST_F(AtcInvalidation, AResetForgetsWhatIsUnderWay) {
  push({});
  w.push(sync);
  w.work();
  AtcMessages& m = w.smmu.interface().atc_messages();
  const auto taken = m.take(w.now);
  w.smmu.reset();
  m.ended(taken->number, AtcMessageEnd::failed, w.now);
  w.start();
  w.write(0x20, AtsWorld::enabled);
  w.command(sync);
  EXPECT_FALSE(active());
  EXPECT_TRUE(w.commands_done());
}

TEST_F(AtcInvalidation, GoesOnFromASavedStateAtEachMoment) {
  for (int moment = 0; moment < 4; ++moment) {
    SCOPED_TRACE(moment);
    AtsWorld a;
    a.push(AtcInv{1}.low(), AtcInv{1}.high());
    a.push(AtcInv{2}.low(), AtcInv{2}.high());
    a.push(sync);
    a.work();
    AtcMessages& m = a.smmu.interface().atc_messages();
    std::size_t left = 2;
    if (moment >= 1) {
      const auto taken = m.take(a.now);
      if (moment >= 2) {
        m.ended(taken->number, AtcMessageEnd::failed, a.now);
        --left;
      }
    }
    if (moment == 3) {
      const auto taken = m.take(a.now);
      m.ended(taken->number, AtcMessageEnd::completed, a.now);
      --left;
    }
    AtsWorld b;
    ASSERT_EQ(test::load(b.smmu, test::save(a.smmu)), "");
    b.memory = a.memory;
    b.now = a.now;
    b.carry(AtsWorld::completes);
    EXPECT_EQ(b.messages.size(), left);
    if (moment >= 2) {
      EXPECT_EQ(b.read(0x9c) >> 24 & 0x7f, CERROR_ATC_INV_SYNC);
    } else {
      EXPECT_TRUE(b.commands_done());
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
