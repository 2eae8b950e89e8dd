// CMD_SYNCs of Enhanced Command queues (IHI 0070 3.5.6.1, 4.7.3).
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

#include "ecmdq_world.h"
#include "smmuvp/base/archive.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Step;

TEST(EcmdqSync, OfOneQueueWaitsForAccessesAndOthersGoOn) {
  EcmdqWorld w;
  pgtable::Builder& b = w.stream(2);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, {}));
  w.start();
  w.enable(0);
  w.enable(1);
  std::optional<Access> access(std::in_place, w.smmu, World::request(2, 0x1000));
  ASSERT_EQ(access->step(), Step::need);
  w.push_to(0, 0x30);  // CMD_TLBI_NSNH_ALL
  w.push_to(0, CMD_SYNC);
  w.push_to(1, 3 | of_stream(7), 1);
  w.work();
  EXPECT_EQ(w.cons(0), ECMDQ_EN | 1U) << "it waits for the access";
  EXPECT_TRUE(w.done(1));
  w.finish(*access);
  access.reset();
  w.work();
  EXPECT_TRUE(w.done(0));
}

TEST(EcmdqSync, MsisOfSeveralQueuesAreAllSent) {
  EcmdqWorld w;
  w.start();
  for (unsigned n = 0; n < 8; ++n) {
    w.enable(n);
    w.push_to(n, sync_with_msi(0x100 + n), doorbell + 8ULL * n);
  }
  w.push(sync_with_msi(0x200), doorbell + 0x80);
  w.work_without_msis();
  for (unsigned n = 0; n < 8; ++n) EXPECT_TRUE(w.done(n)) << "no queue waits for the MSI of another";
  EXPECT_TRUE(w.commands_done());
  w.work();
  for (unsigned n = 0; n < 8; ++n) EXPECT_EQ(w.memory.read(doorbell + 8ULL * n, 4), 0x100U + n);
  EXPECT_EQ(w.memory.read(doorbell + 0x80, 4), 0x200U);
}

TEST(EcmdqSync, WaitsForTheMsiOfItsPredecessorInItsQueue) {
  EcmdqWorld w;
  w.start();
  w.enable(3);
  w.push_to(3, sync_with_msi(1), doorbell);
  w.push_to(3, sync_with_msi(2), doorbell + 4);
  w.work_without_msis();
  EXPECT_EQ(w.cons(3), ECMDQ_EN | 1U);
  w.work();
  EXPECT_TRUE(w.done(3));
  EXPECT_EQ(w.memory.read(doorbell + 4, 4), 2U);
}

TEST(EcmdqSync, AnAbortOfItsMsiIsMsiCmdqAbtErr) {
  EcmdqWorld w;
  w.start();
  w.enable(0);
  w.push_to(0, sync_with_msi(1), doorbell);
  w.work_without_msis();
  ASSERT_EQ(w.msis().step(w.now), Step::need);
  smmu::MemoryAnswer abort;
  abort.status = smmu::MemoryStatus::external_abort;
  w.msis().complete(abort);
  EXPECT_EQ(w.read(0x60), GERROR_MSI_CMDQ_ABT_ERR);
}

TEST(EcmdqSync, AFullQueueThatBecomesNonFullIsAWakeUpEvent) {
  EcmdqWorld w;
  w.put_at(w.place(0), w.memory_of(0) | 0, 8);  // one entry
  w.memory.write(w.memory_of(0), CMD_SYNC);
  w.set_prod(0, ECMDQ_EN | 1);
  w.work();
  EXPECT_EQ(w.irqs.event, 1);
}

/// CMD_ATC_INV of a page of a stream.
constexpr std::uint64_t atc_inv(std::uint32_t sid) { return 0x40 | of_stream(sid); }

class EcmdqAtc : public ::testing::Test {
 protected:
  EcmdqAtc() : w(features()) {
    w.smmu.interface().atc_messages().connect(true);
    w.start();
    for (const unsigned n : {0U, 1U}) w.enable(n);
  }
  static Features features() {
    Features f = with_ecmdqs();
    f.ATS = true;
    return f;
  }
  AtcMessages& messages() { return w.smmu.interface().atc_messages(); }
  /// The first message ends. @return its StreamID
  std::uint32_t carry(AtcMessageEnd end = AtcMessageEnd::completed) {
    const auto taken = messages().take(w.now);
    EXPECT_TRUE(taken.has_value());
    if (!taken) return ~0U;
    messages().ended(taken->number, end, w.now);
    w.work();
    return taken->message.StreamID;
  }
  std::uint32_t reason(unsigned n) { return w.cons(n) >> 24 & 7; }

  EcmdqWorld w;
};

TEST_F(EcmdqAtc, ASyncWaitsForTheInvalidationsOfItsOwnQueue) {
  for (const auto& [n, sid] : {std::pair{0U, 10U}, {1U, 20U}, {0U, 11U}}) {
    w.push_to(n, atc_inv(sid));
    w.work();
  }
  w.push_to(0, CMD_SYNC);
  w.push_to(1, CMD_SYNC);
  w.push(CMD_SYNC);
  w.work();
  EXPECT_TRUE(w.commands_done()) << "the Command queue has asked for none";
  EXPECT_EQ(carry(), 10U);
  EXPECT_FALSE(w.done(0));
  EXPECT_FALSE(w.done(1));
  EXPECT_EQ(carry(), 20U);
  EXPECT_TRUE(w.done(1));
  EXPECT_FALSE(w.done(0));
  EXPECT_EQ(carry(), 11U);
  EXPECT_TRUE(w.done(0));
}

TEST_F(EcmdqAtc, ATimeoutIsToldByTheNextSyncOfTheQueueThatAsked) {
  w.push_to(0, atc_inv(10));
  w.push_to(1, atc_inv(20));
  w.work();
  carry(AtcMessageEnd::failed);
  carry();
  w.push_to(1, CMD_SYNC);
  w.push(CMD_SYNC);
  w.work();
  EXPECT_TRUE(w.done(1));
  EXPECT_TRUE(w.commands_done());
  w.push_to(0, CMD_SYNC);
  w.work();
  EXPECT_EQ(w.cons(0), ECMDQ_EN | ECMDQ_ERR | 3U << 24 | 1U) << "CERROR_ATC_INV_SYNC";
  EXPECT_EQ(w.read(0x60), CMDQP_ERR);
  w.set_prod(0, ECMDQ_EN | ECMDQ_ERR | 2);
  w.work();
  EXPECT_TRUE(w.done(0)) << "told once";
}

TEST_F(EcmdqAtc, TimeoutsOfTwoQueuesAreToldByBoth) {
  w.push_to(0, atc_inv(10));
  w.push_to(1, atc_inv(20));
  w.work();
  carry(AtcMessageEnd::failed);
  carry(AtcMessageEnd::failed);
  for (const unsigned n : {0U, 1U}) w.push_to(n, CMD_SYNC);
  w.work();
  for (const unsigned n : {0U, 1U}) EXPECT_EQ(reason(n), 3U) << n;
}

TEST_F(EcmdqAtc, WhoAskedIsSaved) {
  w.push_to(0, atc_inv(10));
  w.push_to(1, atc_inv(20));
  w.work();
  carry(AtcMessageEnd::failed);
  ArchiveWriter writer;
  w.smmu.visit(writer);
  EcmdqWorld v(features());
  v.smmu.interface().atc_messages().connect(true);
  v.memory = w.memory;
  ArchiveReader reader(writer.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete());
  for (const unsigned n : {0U, 1U}) v.push_to(n, CMD_SYNC);
  v.work();
  EXPECT_EQ(v.cons(0) >> 24 & 7, 3U);
  EXPECT_FALSE(v.done(1)) << "its message is still to leave";
}

}  // namespace
}  // namespace smmuvp::smmuv3
