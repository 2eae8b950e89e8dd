// Saved states that no SMMU can be in: each is refused by name, and leaves an SMMU that works.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/test/core.h"
#include "smmuvp/test/edited_archive.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

Features features() {
  Features f;
  f.MSI = f.ATOS = true;
  f.STALL_MODEL = 0;
  f.STALL_MAX = 4;
  return f;
}

class DamagedState : public testing::Test {
 protected:
  static constexpr std::uint64_t doorbell = 0x7000'0040;

  void SetUp() override { w.start(); }
  /// What is said of the state of `w` with another value of this name.
  std::string error_with(const std::string& path, std::uint64_t value) {
    World v{features()};
    test::EditedReader reader(test::save(w.smmu), {{path, value}});
    v.smmu.visit(reader);
    EXPECT_TRUE(reader.edited()) << "nothing has the name " << path;
    v.work();
    v.smmu.reset();
    v.start();
    v.command(0x46);
    EXPECT_TRUE(v.commands_done()) << "after " << reader.error();
    return reader.error();
  }
  void expect_refused(const std::string& path, std::uint64_t value, const std::string& why) {
    const std::string error = error_with(path, value);
    EXPECT_NE(error.find(why), std::string::npos) << path << " " << value << ": '" << error << "'";
  }
  /// Begins the next operation of a worker, and leaves it unanswered.
  void begin(smmu::Worker& worker) {
    const auto due = worker.due();
    ASSERT_TRUE(due);
    w.now = std::max(w.now, *due);
    ASSERT_EQ(worker.step(w.now), smmu::Step::need);
  }
  World w{features()};
};

// A PRI queue and its interrupt, where there is no PRI.
TEST_F(DamagedState, EnablesNothingThatIsNotThere) {
  for (const char* name : {"SMMU_CR0", "SMMU_CR0ACK", "SMMU_IRQ_CTRL", "SMMU_IRQ_CTRLACK"}) {
    World v{features()};
    test::EditedReader reader(test::save(w.smmu),
                              {{std::string("programming_interface/registers/") + name, 0xffff'ffff}});
    v.smmu.visit(reader);
    EXPECT_TRUE(reader.edited()) << name;
    EXPECT_EQ(reader.error(), "");
    const ProgrammingInterface& i = v.smmu.interface();
    EXPECT_EQ(i.reg(SMMU_CR0) & ~cr0_fields(features()), 0U);
    EXPECT_EQ(i.reg(SMMU_CR0ACK) & ~cr0_fields(features()), 0U);
    EXPECT_EQ((i.reg(SMMU_IRQ_CTRL) | i.reg(SMMU_IRQ_CTRLACK)) & ~IRQ_CTRL_implemented, 0U);
    EXPECT_FALSE(i.levels().priq);
    v.command(0x46);
    EXPECT_TRUE(v.commands_done());
  }
}

TEST_F(DamagedState, OfACommandQueueThatDoesWhatNoneDoesIsRefused) {
  expect_refused("command_queue/state", 7, "no state of a Command queue");
}

TEST_F(DamagedState, OfACommandQueueThatFetchesByAnythingButAReadIsRefused) {
  w.push(0x46);
  begin(w.commands());
  EXPECT_EQ(error_with("command_queue/state", 1), "") << "as it was";
  expect_refused("command_queue/op/size", 8, "no state of a Command queue");
  expect_refused("command_queue/op/kind", 1, "no state of a Command queue");
}

TEST_F(DamagedState, OfACommandQueueThatExecutesAnIllegalCommandIsRefused) {
  w.push(0x00);  // an opcode that is none (4.1.1)
  begin(w.commands());
  expect_refused("command_queue/state", 2, "no command that is executed");
}

TEST_F(DamagedState, OfALookupThatWaitsForNothingIsRefused) {
  expect_refused("atos/waiting", 1, "can be in this state");
  expect_refused("prefetch/waiting", 1, "can be in this state");
}

TEST_F(DamagedState, OfAnEventQueueThatWritesNoRecordIsRefused) {
  expect_refused("event_queue/waiting", 1, "no record that is written");
  Access a(w.smmu, World::request(9, 0x1000));  // STE 9 is all zero: C_BAD_STE
  w.finish(a);
  begin(w.events());
  EXPECT_EQ(error_with("event_queue/waiting", 1), "") << "as it was";
  expect_refused("event_queue/op/size", 16, "no record that is written");
  expect_refused("event_queue/op/kind", 0, "no record that is written");
}

TEST_F(DamagedState, OfAnMsiOfNoSourceOrThatIsNoWriteOfAWordIsRefused) {
  w.push(std::uint64_t{5} << 32 | 1U << 12 | 0x46U, doorbell);  // CMD_SYNC, SIG_IRQ
  while (w.work_on(w.commands())) {
  }
  begin(w.smmu.interface().msis());
  EXPECT_EQ(error_with("sending/source", 2), "") << "as it was";
  expect_refused("sending/source", 4, "no source of MSIs");
  expect_refused("msi_writer/op/size", 8, "no MSI that is written");
  expect_refused("msi_writer/op/kind", 0, "no MSI that is written");
}

TEST_F(DamagedState, OfAnAddressTranslationOperationThatIsAtNoneOfItsStepsIsRefused) {
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  w.write(0x108, 1, 8);                   // GATOS_SID
  w.write(0x110, 0x1000U | 1U << 10, 8);  // GATOS_ADDR: stage 1
  w.write(0x100, 1);                      // GATOS_CTRL.RUN
  begin(w.smmu.interface().atos());       // of its configuration
  EXPECT_EQ(error_with("atos/state", 2), "") << "as it was";
  for (const std::uint64_t state : {1U, 3U, 4U, 5U}) {
    expect_refused("atos/state", state, "no address translation operation can be in this state");
  }
}

TEST_F(DamagedState, OfATbuThatCountsItsHitsNowhereIsRefused) {
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'0000, 0x1000));
  w.access(1, 0x1000);
  expect_refused("micro_tlb/counter", 0xffff, "no counter has this number");
}

// A fault of a fetch is told at once: none waits to be saved.
TEST_F(DamagedState, OfAConfigurationThatIsFetchedAndFaultsIsRefused) {
  Access a(w.smmu, World::request(1, 0x1000));
  ASSERT_EQ(a.step(), smmu::Step::need);
  ArchiveWriter writer;
  w.smmu.visit(writer);
  a.visit(writer);
  World v{features()};
  test::EditedReader reader(writer.data(), {{"fault/there", 1}});
  v.smmu.visit(reader);
  Access b(v.smmu);
  b.visit(reader);
  EXPECT_TRUE(reader.edited());
  EXPECT_NE(reader.error().find("expected number 'type'"), std::string::npos) << reader.error();
  EXPECT_EQ(b.step(), smmu::Step::done);
  EXPECT_EQ(b.answer().outcome, smmu::Outcome::abort);
}

TEST_F(DamagedState, OfARecordThatNoStalledAccessHasIsRefused) {
  w.put(World::cd_address(1), cd_for(w.space().config(), 1).set(44, 1, 1));  // CD.S
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  Access a(w.smmu, World::request(1, 0x1000));
  smmu::Step step = a.step();
  for (; step == smmu::Step::need; step = a.step()) a.complete(w.memory.carry_out(a.op()));
  ASSERT_EQ(step, smmu::Step::stalled);
  EXPECT_EQ(error_with("records/id", 1), "") << "as it was";
  expect_refused("records/id", 2, "accesses, tags and records that cannot be together");
}

TEST_F(DamagedState, OfAMicroTlbEntryOfNoStreamWorldIsShownByItsNumber) {
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'0000, 0x1000));
  w.access(1, 0x1000);
  World v{features()};
  test::EditedReader reader(test::save(w.smmu), {{"micro_tlb/regime", 77}});
  v.smmu.visit(reader);
  EXPECT_TRUE(reader.edited());
  EXPECT_TRUE(reader.complete()) << reader.error();
  const std::string text =
      to_text(dump(v.smmu, "smmu0", [&](const smmu::MemoryOp& op) { return v.memory.carry_out(op); }));
  EXPECT_NE(text.find("77 "), std::string::npos) << text;
}

}  // namespace
}  // namespace smmuvp::smmuv3
