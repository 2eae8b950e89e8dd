// Errors of Enhanced Command queues (IHI 0070 3.5.6.3).
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "ecmdq_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Step;

TEST(EcmdqError, StopsThatQueueAloneAndIsToldInConsAndGerror) {
  EcmdqWorld w;
  w.start();
  w.enable(1);
  w.enable(6);
  w.push_to(1, CMD_SYNC);
  w.push_to(1, illegal_command);
  w.push_to(1, CMD_SYNC);
  w.work();
  EXPECT_EQ(w.cons(1), ECMDQ_EN | ECMDQ_ERR | 1U << 24 | 1U) << "RD is the command, ERR_REASON CERROR_ILL";
  EXPECT_EQ(w.read(0x60), CMDQP_ERR);
  EXPECT_EQ(w.irqs.gerror, 1);
  w.push_to(6, CMD_SYNC);
  w.push(CMD_SYNC);
  w.work();
  EXPECT_TRUE(w.done(6));
  EXPECT_TRUE(w.commands_done());
}

TEST(EcmdqError, IsAcknowledgedByErrackAndNotByGerrorn) {
  EcmdqWorld w;
  w.start();
  w.enable(0);
  w.push_to(0, illegal_command);
  w.work();
  w.write(0x64, CMDQP_ERR);
  w.work();
  EXPECT_EQ(w.cons(0), ECMDQ_EN | ECMDQ_ERR | 1U << 24) << "GERROR has no effect on the queue";
  w.memory.write(w.memory_of(0), CMD_SYNC);
  w.set_prod(0, ECMDQ_EN | ECMDQ_ERR | 1);
  w.work();
  EXPECT_EQ(w.cons(0) & 0xfffff, 1U) << "the command is read again";
  w.push_to(0, illegal_command);
  w.work();
  EXPECT_EQ(w.cons(0) & (ECMDQ_ERR | 0xfffff), 1U) << "ECMDQ_ERR toggles back";
  EXPECT_EQ(w.read(0x60), 0U) << "and GERROR.CMDQP_ERR is active again";
  EXPECT_EQ(w.irqs.gerror, 2);
}

TEST(EcmdqError, OfASecondQueueIsToldInItsConsAlone) {
  EcmdqWorld w;
  w.start();
  for (const unsigned n : {2U, 3U}) {
    w.enable(n);
    w.push_to(n, illegal_command);
  }
  w.work();
  for (const unsigned n : {2U, 3U}) EXPECT_EQ(w.cons(n), ECMDQ_EN | ECMDQ_ERR | 1U << 24);
  EXPECT_EQ(w.read(0x60), CMDQP_ERR) << "a bit is not toggled while its error is active";
  EXPECT_EQ(w.irqs.gerror, 1);
}

TEST(EcmdqError, AFetchAbortIsCerrorAbtAndIsRecoverable) {
  EcmdqWorld w;
  w.start();
  w.enable(4);
  w.push_to(4, CMD_SYNC);
  ASSERT_EQ(w.commands_of(4).step(w.now), Step::need);
  smmu::MemoryAnswer abort;
  abort.status = smmu::MemoryStatus::external_abort;
  w.commands_of(4).complete(abort);
  EXPECT_EQ(w.cons(4), ECMDQ_EN | ECMDQ_ERR | 2U << 24);
  w.work();
  EXPECT_EQ(w.cons(4), ECMDQ_EN | ECMDQ_ERR | 2U << 24);
  w.set_prod(4, ECMDQ_EN | ECMDQ_ERR | 1);
  w.work();
  EXPECT_TRUE(w.done(4));
}

TEST(EcmdqError, OfTheCommandQueueStopsNoEcmdq) {
  EcmdqWorld w;
  w.start();
  w.enable(0);
  w.push(illegal_command);
  w.work();
  EXPECT_EQ(w.read(0x60), GERROR_CMDQ_ERR);
  w.push_to(0, CMD_SYNC);
  w.work();
  EXPECT_TRUE(w.done(0));
}

TEST(EcmdqError, EnackFollowsEnWhileOneIsActive) {
  EcmdqWorld w;
  w.enable(0);
  w.push_to(0, illegal_command);
  w.work();
  w.set_prod(0, 1);
  EXPECT_EQ(w.cons(0), ECMDQ_ERR | 1U << 24);
  w.put_at(w.place(0) + 12, 0);  // as drivers begin
  w.memory.write(w.memory_of(0), CMD_SYNC);
  w.set_prod(0, ECMDQ_EN | 1);
  w.work();
  EXPECT_TRUE(w.done(0));
}

TEST(EcmdqError, OneThatIsEnabledWithErrackUnlikeErrConsumesNothing) {
  EcmdqWorld w;
  w.enable(0);
  w.set_prod(0, 0);
  w.set_prod(0, ECMDQ_EN | ECMDQ_ERR | 1);
  w.work();
  EXPECT_EQ(w.cons(0), ECMDQ_EN);
  ASSERT_FALSE(w.diag.all.empty());
  w.set_prod(0, ECMDQ_ERR);
  w.put_at(w.place(0) + 12, ECMDQ_ERR);
  w.memory.write(w.memory_of(0), CMD_SYNC);
  w.set_prod(0, ECMDQ_EN | ECMDQ_ERR | 1);
  w.work();
  EXPECT_EQ(w.cons(0), ECMDQ_EN | ECMDQ_ERR | 1U);
}

TEST(EcmdqError, InconsistentIndexesConsumeNothing) {
  EcmdqWorld w;
  w.enable(0);
  w.set_prod(0, ECMDQ_EN | 9);
  w.work();
  EXPECT_EQ(w.cons(0), ECMDQ_EN);
  EXPECT_FALSE(w.diag.all.empty());
}

}  // namespace
}  // namespace smmuvp::smmuv3
