// Enhanced Command queues are saved, reset and dumped.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "ecmdq_world.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/smmuv3/dump.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Step;

TEST(EcmdqState, GoesOnFromASavedState) {
  EcmdqWorld w;
  w.start();
  w.enable(1);
  w.enable(2);
  w.push_to(1, CMD_SYNC);
  w.push_to(1, illegal_command);
  w.push_to(2, sync_with_msi(7), doorbell);
  ASSERT_EQ(w.commands_of(1).step(w.now), Step::need);
  while (w.work_on(w.commands_of(2))) {
  }
  ArchiveWriter writer;
  w.smmu.visit(writer);
  EcmdqWorld v;
  v.memory = w.memory;
  ArchiveReader reader(writer.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete());
  for (EcmdqWorld* x : {&w, &v}) {
    x->work();
    EXPECT_EQ(x->cons(1), ECMDQ_EN | ECMDQ_ERR | 1U << 24 | 1U);
    EXPECT_TRUE(x->done(2));
    EXPECT_EQ(x->memory.read(doorbell, 4), 7U);
    EXPECT_EQ(x->read(0x60), CMDQP_ERR);
  }
  ArchiveWriter a;
  w.smmu.visit(a);
  ArchiveWriter b;
  v.smmu.visit(b);
  EXPECT_EQ(a.data(), b.data());
}

TEST(EcmdqState, ResetDisablesAllAndForgetsWhatIsUnderWay) {
  EcmdqWorld w;
  w.enable(0);
  w.push_to(0, illegal_command);
  w.work();
  w.enable(1);
  w.push_to(1, CMD_SYNC);
  ASSERT_EQ(w.commands_of(1).step(w.now), Step::need);
  w.smmu.reset();
  EXPECT_FALSE(w.commands_of(1).waiting());
  for (const unsigned n : {0U, 1U}) {
    EXPECT_EQ(w.prod(n), 0U);
    EXPECT_EQ(w.cons(n), 0U);
    EXPECT_FALSE(w.commands_of(n).due());
  }
}

TEST(EcmdqState, NoCommandIsReadWhileTheSmmuIsHeldInReset) {
  EcmdqWorld w;
  w.enable(0);
  w.push_to(0, CMD_SYNC);
  w.smmu.hold(true);
  EXPECT_FALSE(w.commands_of(0).due());
  w.smmu.hold(false);
  EXPECT_TRUE(w.commands_of(0).due());
}

TEST(EcmdqState, IsDumpedWithItsCommands) {
  EcmdqWorld w;
  w.enable(5);
  w.push_to(5, 0x30);
  const std::string text =
      to_text(dump(w.smmu, "smmu", [&w](const smmu::MemoryOp& op) { return w.memory.carry_out(op); }));
  EXPECT_NE(text.find("Enhanced Command queue 5"), std::string::npos);
  EXPECT_EQ(text.find("Enhanced Command queue 4"), std::string::npos) << "it is not enabled";
  EXPECT_NE(text.find("CMD_TLBI_NSNH_ALL"), std::string::npos);
  EXPECT_NE(text.find("SMMU_ECMDQ_PROD5"), std::string::npos);
}

}  // namespace
}  // namespace smmuvp::smmuv3
