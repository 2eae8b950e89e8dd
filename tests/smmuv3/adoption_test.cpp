// A second kernel takes over an SMMU that the first one has left running, as after a crash: it reads back
// where the Stream table is, keeps translation enabled, and brings queues of its own (IHI 0070 6.3.9, 6.3.24
// to 6.3.30).
#include <gtest/gtest.h>

#include "pri_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

class Adoption : public ::testing::Test {
 protected:
  static Features features() {
    Features f = with_pri();
    f.SIDSIZE = 16;
    f.ST_LEVEL = 1;
    f.STALL_MODEL = 0;
    f.STALL_MAX = 4;
    return f;
  }
  // The first kernel's: a Stream table of two levels, and a stream that translates.
  Adoption() {
    w.start_pri(0);
    w.write(0x80, RA | World::strtab, 8);
    w.write(0x88, CFG);
    w.memory.write(World::strtab, second_level | 9);  // L1STD.Span: 2^8 STEs
    w.memory.write(World::strtab + 8, 0);
    pgtable::Builder& tables = w.space();
    EXPECT_TRUE(tables.map(page, 0x8000'0000, 0x1000));
    w.put(World::cd_address(sid), cd_for(tables.config(), 1));
    w.put(second_level + 64ULL * sid, ste_stage1(World::cd_address(sid)));
    w.write(0x20, CR0_CMDQEN);
    w.command(0x04, 31);
    w.write(0x20, PriWorld::all);
    w.work();
  }
  void expect_translation() {
    const smmu::AccessAnswer a = w.access(sid, page);
    EXPECT_EQ(a.outcome, Outcome::forward);
    EXPECT_EQ(a.output, 0x8000'0000U);
  }
  std::uint64_t read64(std::uint32_t offset) {
    std::uint64_t v = 0;
    w.smmu.interface().read(offset, 8, AccessSecurity::NonSecure, w.now, v);
    return v;
  }
  static constexpr std::uint32_t sid = 7;
  static constexpr std::uint64_t page = 0x1000;
  static constexpr std::uint64_t RA = 1ULL << 62;
  static constexpr std::uint64_t second_level = 0x1100'0000;
  static constexpr std::uint32_t CFG = 1 << 16 | 8 << 6 | 12;  // two levels, SPLIT 8, 2^12 streams
  PriWorld w{features()};
};

TEST_F(Adoption, EachRegisterThatDescribesARunningSmmuReadsBackAsItWasWritten) {
  EXPECT_EQ(read64(0x80), RA | World::strtab);
  EXPECT_EQ(w.read(0x80), static_cast<std::uint32_t>(World::strtab));
  EXPECT_EQ(w.read(0x84), static_cast<std::uint32_t>(RA >> 32));
  EXPECT_EQ(w.read(0x88), CFG);
  EXPECT_EQ(w.read(0x20), PriWorld::all);
  EXPECT_EQ(w.read(0x24), PriWorld::all);
  EXPECT_EQ(w.read(0x28), 0xd75U);
  EXPECT_EQ(w.read(0x2c), std::uint32_t{CR2_RECINVSID});
  EXPECT_EQ(read64(0x90), World::cmdq | World::log2_cmds);
  EXPECT_EQ(read64(0xa0), World::eventq | World::log2_events);
  EXPECT_EQ(read64(0xc0), PriWorld::priq | PriWorld::log2_requests);
  EXPECT_EQ(w.read(0x98), w.read(0x9c));
}

TEST_F(Adoption, TheStreamTableCannotBeMovedWhileTranslationIsEnabled) {
  w.write(0x80, 0x7700'0000, 8);
  w.write(0x88, 8);
  w.write(0x28, 0);
  EXPECT_EQ(read64(0x80), RA | World::strtab);
  EXPECT_EQ(w.read(0x88), CFG);
  EXPECT_EQ(w.read(0x28), 0xd75U);
  expect_translation();
}

TEST_F(Adoption, QueuesStopWhileTranslationGoesOnAndEventsAreDroppedMeanwhile) {
  expect_translation();
  w.write(0x20, CR0_SMMUEN);
  w.work();
  EXPECT_EQ(w.read(0x24), CR0_SMMUEN) << "acknowledged";
  expect_translation();
  const std::uint32_t PROD = w.read(0x100a8);
  EXPECT_EQ(w.access(sid, 0x9000).outcome, Outcome::abort) << "translation still forbids";
  EXPECT_EQ(w.access(sid + 1, page).outcome, Outcome::abort);
  EXPECT_EQ(w.read(0x100a8), PROD) << "no record";
  EXPECT_EQ(w.read(0x60), 0U) << "and no error";
}

TEST_F(Adoption, QueuesOfItsOwnServeTheStreamsThatWereThere) {
  constexpr std::uint64_t commands = 0x6000'0000;
  constexpr std::uint64_t records = 0x6100'0000;
  w.push(0x46);  // the first kernel's last command has not been carried out
  w.write(0x20, CR0_SMMUEN);
  w.work();
  ASSERT_EQ(w.read(0x24), CR0_SMMUEN);
  w.write(0x90, commands | 6, 8);
  w.write(0x98, 0);
  w.write(0x9c, 0);
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN);
  w.work();
  expect_translation();

  // What it invalidates it reads anew, by the old table.
  w.memory.write(commands, 0x03 | std::uint64_t{sid} << 32);  // CMD_CFGI_STE
  w.memory.write(commands + 8, 1);
  w.memory.write(commands + 16, 0x46);
  w.memory.write(commands + 24, 0);
  w.put(second_level + 64ULL * sid, ste_abort());
  w.write(0x98, 2);
  w.work();
  EXPECT_EQ(w.read(0x9c), 2U);
  EXPECT_EQ(w.access(sid, page).outcome, Outcome::abort);

  w.write(0xa0, records | 4, 8);
  w.write(0x100a8, 0);
  w.write(0x100ac, 0);
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN | CR0_EVENTQEN);
  w.work();
  EXPECT_EQ(w.access(sid + 1, page).outcome, Outcome::abort);
  EXPECT_EQ(w.read(0x100a8), 1U);
  EXPECT_EQ(w.memory.read(records, 8) & 0xff, 0x04U) << "C_BAD_STE, and nothing of before";
}

// 7.1: commands wait as long as an error is active, whoever's queue it is.
TEST_F(Adoption, AnErrorOfACommandOfBeforeIsAcknowledgedAndTheNextQueueGoesOn) {
  constexpr std::uint64_t commands = 0x6000'0000;
  w.command(0xff);  // the first kernel's last: no such opcode
  ASSERT_EQ((w.read(0x60) ^ w.read(0x64)) & GERROR_CMDQ_ERR, GERROR_CMDQ_ERR);
  w.write(0x20, CR0_SMMUEN);
  w.work();
  w.write(0x90, commands | 6, 8);
  w.write(0x98, 0);
  w.write(0x9c, 0);
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN);
  w.memory.write(commands, 0x46);
  w.memory.write(commands + 8, 0);
  w.write(0x98, 1);
  w.work();
  EXPECT_EQ(w.read(0x9c) & 0xfffffU, 0U) << "the error is still active";
  expect_translation();
  w.write(0x64, w.read(0x60));
  w.work();
  EXPECT_EQ(w.read(0x9c) & 0xfffffU, 1U);
}

// 4.7.2: stalled transactions outlast the queues in which they were recorded.
TEST_F(Adoption, ATransactionThatIsStalledSinceBeforeIsEndedByTheNextQueue) {
  constexpr std::uint64_t commands = 0x6000'0000;
  w.put(World::cd_address(sid), cd_for(w.builders[0].config(), 1).set(44, 1, 1));  // CD.S
  w.command(0x05 | std::uint64_t{sid} << 32, 1);
  Access stalled(w.smmu, World::request(sid, 0x9000));
  while (stalled.step() == smmu::Step::need) stalled.complete(w.memory.carry_out(stalled.op()));
  w.work();
  ASSERT_EQ(stalled.step(), smmu::Step::stalled);
  ASSERT_TRUE(w.pop_event());
  w.write(0x20, CR0_SMMUEN);
  w.work();
  EXPECT_EQ(stalled.step(), smmu::Step::stalled);
  w.write(0x90, commands | 6, 8);
  w.write(0x98, 0);
  w.write(0x9c, 0);
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN);
  w.memory.write(commands, 0x45 | std::uint64_t{sid} << 32);  // CMD_STALL_TERM
  w.memory.write(commands + 8, 0);
  w.write(0x98, 1);
  w.work();
  EXPECT_EQ(stalled.step(), smmu::Step::done);
  EXPECT_EQ(stalled.answer().outcome, Outcome::abort);
  expect_translation();
}

// 8.2
TEST_F(Adoption, PageRequestsMeanwhileAreAnsweredWithResponseFailure) {
  w.write(0x20, CR0_SMMUEN);
  w.work();
  w.access(w.request_of(PriWorld::page(sid, 0x42)));
  EXPECT_EQ(w.used(), 0U);
  const auto messages = w.messages();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].response, Response::failure);
  EXPECT_EQ(messages[0].PRGI, 0x42U);
  w.write(0x100c8, 0);
  w.write(0x100cc, 0);
  w.write(0xc0, 0x6200'0000 | PriWorld::log2_requests, 8);
  w.write(0x20, CR0_SMMUEN | CR0_PRIQEN);
  w.work();
  w.access(w.request_of(PriWorld::page(sid, 0x43)));
  w.work();
  EXPECT_EQ(w.read(0x100c8), 1U) << "the second kernel's queue";
}

}  // namespace
}  // namespace smmuvp::smmuv3
