// Enhanced Command queues consume commands (IHI 0070 3.5.6.1, 3.5.6.2).
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ecmdq_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Step;

TEST(Ecmdq, ConsumesCommandsWithCmdqenAndSmmuen0) {
  EcmdqWorld w;
  w.enable(5);
  EXPECT_EQ(w.prod(5), ECMDQ_EN);
  EXPECT_EQ(w.cons(5), ECMDQ_EN) << "ENACK";
  for (int i = 0; i < 20; ++i) {  // around the end
    w.push_to(5, CMD_SYNC);
    w.work();
    ASSERT_TRUE(w.done(5)) << i;
  }
  EXPECT_EQ(w.cons(5), ECMDQ_EN | 4U);
  EXPECT_EQ(w.at(0x60), 0U);
  EXPECT_TRUE(w.diag.all.empty());
}

TEST(Ecmdq, ADisabledOneConsumesNothing) {
  EcmdqWorld w;
  w.put_at(w.place(0), w.memory_of(0) | 3, 8);
  w.set_prod(0, 2);
  w.work();
  EXPECT_EQ(w.cons(0), 0U);
  EXPECT_FALSE(w.commands_of(0).due());
}

TEST(Ecmdq, ItsCommandsActAsThoseOfTheCommandQueueDo) {
  EcmdqWorld w;
  pgtable::Builder& b = w.stream(2);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, {}));
  w.start();
  w.enable(1);
  ASSERT_EQ(w.access(2, 0x1000).output, 0x8000'0000U);
  w.put_ste(2, ste_abort());
  EXPECT_EQ(w.access(2, 0x1000).outcome, smmu::Outcome::forward) << "the STE is cached";
  w.push_to(1, 3 | of_stream(2), 1);  // CMD_CFGI_STE
  w.push_to(1, CMD_SYNC);
  w.work();
  EXPECT_EQ(w.access(2, 0x1000).outcome, smmu::Outcome::abort);
}

TEST(Ecmdq, BaseAndConsAreReadOnlyWhileItIsEnabled) {
  EcmdqWorld w;
  w.enable(2);
  w.put_at(w.place(2), 0x1234'0000, 8);
  w.put_at(w.place(2) + 4, 1);
  w.put_at(w.place(2) + 12, 5);
  EXPECT_EQ(w.at(w.place(2), 8), w.memory_of(2) | 3);
  EXPECT_EQ(w.cons(2), ECMDQ_EN);
  EXPECT_EQ(w.diag.all.size(), 3U);
}

TEST(Ecmdq, Cr1QueueFieldsAreReadOnlyWhileOneIsEnabled) {
  EcmdqWorld w;
  w.write(0x28, 0x15);
  w.enable(7);
  w.write(0x28, 0x3f);
  EXPECT_EQ(w.read(0x28), 0x15U);
  w.set_prod(7, 0);
  w.write(0x28, 0x3f);
  EXPECT_EQ(w.read(0x28), 0x3fU);
}

TEST(Ecmdq, IsReadWithTheAttributesOfCr1AndTheHintOfItsBase) {
  for (const bool RA : {false, true}) {
    EcmdqWorld w;
    w.write(0x28, 0x35);  // write-back, inner shareable
    w.put_at(w.place(0), w.memory_of(0) | 3 | (RA ? 1ULL << 62 : 0), 8);
    w.set_prod(0, ECMDQ_EN | 1);
    ASSERT_EQ(w.commands_of(0).step(w.now), Step::need);
    EXPECT_EQ(w.commands_of(0).op().attributes.memory, RA ? 0xffU : 0xccU);
    EXPECT_EQ(w.commands_of(0).op().attributes.SH, pgtable::Shareability::inner);
    EXPECT_EQ(w.commands_of(0).op().address, w.memory_of(0));
    EXPECT_EQ(w.commands_of(0).op().size, 16U);
  }
}

TEST(Ecmdq, EnackFollowsEnWhenTheCommandInProgressIsConsumed) {
  EcmdqWorld w;
  w.enable(0);
  w.push_to(0, CMD_SYNC);
  ASSERT_EQ(w.commands_of(0).step(w.now), Step::need);
  w.set_prod(0, 1);
  EXPECT_EQ(w.cons(0) & ECMDQ_EN, ECMDQ_EN) << "a read is under way";
  w.set_prod(0, ECMDQ_EN | 1);
  EXPECT_EQ(w.prod(0), 1U) << "PROD is read-only until ENACK is as EN";
  w.commands_of(0).complete(w.memory.carry_out(w.commands_of(0).op()));
  w.work();
  EXPECT_EQ(w.cons(0), 0U) << "what was fetched is discarded";
  w.set_prod(0, ECMDQ_EN | 1);
  w.work();
  EXPECT_TRUE(w.done(0));
}

// 3.5.6.1: the rules of the Command queue.
TEST(Ecmdq, TheSameCommandsAreLegalAsOnTheCommandQueue) {
  Features f = with_ecmdqs();
  f.ATS = f.PRI = f.Hyp = f.RIL = true;
  f.STALL_MODEL = 0;
  f.STALL_MAX = 4;
  EcmdqWorld w(f);
  w.start();
  unsigned illegal = 0;
  for (std::uint64_t opcode = 0; opcode < 256; ++opcode) {
    w.enable(2);
    w.push_to(2, opcode);
    w.push(opcode);
    w.work();
    const bool stopped = (w.cons(2) & ECMDQ_ERR) != 0;
    EXPECT_EQ(stopped, !w.commands_done()) << std::hex << opcode;
    illegal += stopped ? 1 : 0;
    if (!stopped) {
      EXPECT_TRUE(w.done(2)) << std::hex << opcode;
      w.set_prod(2, 0);
      continue;
    }
    EXPECT_EQ(w.cons(2) >> 24 & 7, w.read(0x9c) >> 24) << std::hex << opcode;
    w.set_prod(2, 0);
    w.memory.write(World::cmdq + 16ULL * (w.read(0x9c) & 31), CMD_SYNC);
    w.write(0x64, w.read(0x60));
    w.work();
  }
  EXPECT_GT(illegal, 200U);
  EXPECT_LT(illegal, 240U);
}

TEST(Ecmdq, WhatIsDueAtOneTimeGoesOnInTheOrderOfNumbersWhoeverIsSteppedFirst) {
  std::string out;
  TextTraceSink sink{{"smmu.command"},
                     [](void* to, std::string_view line) { static_cast<std::string*>(to)->append(line); },
                     &out};
  EcmdqWorld w(with_ecmdqs(), &sink);
  w.start();
  for (const unsigned n : {6U, 1U, 3U}) {
    w.enable(n);
    for (unsigned i = 0; i < 3; ++i) w.push_to(n, 0x30);
  }
  for (unsigned i = 0; i < 3; ++i) w.push(0x30);
  const std::vector<smmu::Worker*>& workers = w.smmu.workers();
  for (bool worked = true; worked;) {
    worked = false;
    for (std::size_t i = workers.size(); i-- > 0;) worked = w.work_on(*workers[i]) || worked;
  }
  std::string order;
  for (std::size_t at = out.find("queue=0x"); at != std::string::npos; at = out.find("queue=0x", at + 1)) {
    order += out[at + 8];
  }
  EXPECT_EQ(order, "024702470247") << out;
}

TEST(Ecmdq, EachTakesItsOwnTimeForItsCommands) {
  const auto time_of = [](unsigned queues) {
    Structures s;
    s.timing = true;
    s.command.latency = 100'000;
    EcmdqWorld w(with_ecmdqs(), nullptr, s);
    w.start();
    for (unsigned n = 0; n < queues; ++n) w.enable(n);
    for (unsigned i = 0; i < 7; ++i) {
      for (unsigned n = 0; n < queues; ++n) w.push_to(n, 0x30);
    }
    w.work();
    for (unsigned n = 0; n < queues; ++n) EXPECT_TRUE(w.done(n));
    return w.now;
  };
  const std::uint64_t one = time_of(1);
  EXPECT_GE(one, 700'000U);
  EXPECT_LT(time_of(8), one + 50'000) << "beside one another, but for the walk port that they share";
}

// 4.2: it is a hint, and there is room for one.
TEST(Ecmdq, APrefetchDuringThatOfAnotherIsNotWaitedFor) {
  EcmdqWorld w;
  for (const std::uint32_t sid : {2U, 3U}) ASSERT_TRUE(w.stream(sid).map(0x1000, 0x8000'0000, 0x1000, {}));
  w.start();
  for (const unsigned n : {0U, 1U}) {
    w.enable(n);
    w.push_to(n, 1 | of_stream(2 + n));  // CMD_PREFETCH_CONFIG
    w.push_to(n, CMD_SYNC);
  }
  w.work();
  for (const unsigned n : {0U, 1U}) EXPECT_TRUE(w.done(n));
  EXPECT_EQ(w.smmu.statistics().prefetches, 1U);
}

TEST(Ecmdq, ADiagnosticNamesIt) {
  EcmdqWorld w;
  w.enable(5);
  w.push_to(5, illegal_command);
  w.work();
  ASSERT_FALSE(w.diag.all.empty());
  EXPECT_NE(w.diag.all.front().text.find("illegal command of ECMDQ 5"), std::string::npos)
      << w.diag.all.front().text;
}

TEST(Ecmdq, AQueueThatIsNotAsItHasToBeIsDiagnosedWhenItIsEnabled) {
  EcmdqWorld w;
  w.put_at(w.place(0), (w.memory_of(0) + 0x20) | 3, 8);
  w.put_at(w.place(1), w.memory_of(1) | 19, 8);
  EXPECT_TRUE(w.diag.all.empty());
  w.set_prod(0, ECMDQ_EN);
  w.set_prod(1, ECMDQ_EN);
  ASSERT_EQ(w.diag.all.size(), 3U);
  EXPECT_EQ(w.diag.all[0].site, "ECMDQ_BASE.ADDR");
  EXPECT_EQ(w.diag.all[1].site, "ECMDQ_BASE.LOG2SIZE");
  EXPECT_EQ(w.diag.all[2].site, "ECMDQ_BASE.ADDR");
}

}  // namespace
}  // namespace smmuvp::smmuv3
