// The order in which software enables an SMMUv3, and what it does with the overflow of its Event queue.
#include "script.h"

namespace smmuvp::checker {
namespace {

constexpr std::uint64_t SMMUEN = 1, EVENTQEN = 4, CMDQEN = 8;

void enable_queues(Script& s, std::uint64_t queues = CMDQEN | EVENTQEN) {
  s.write("SMMU_CR0", queues);
  s.read("SMMU_CR0ACK", queues);
}
void invalidate_configuration(Script& s) { s.command(0x04, 31); }
void invalidate_translations(Script& s) { s.command(0x30); }
void close(Script& s) { s.write("SMMU_GBPA", 1U << 20 | 1U << 31); }

TEST(Enable, AnSmmuIsEnabledWithEmptyCachesAndItsEventQueue) {
  struct Case {
    Told told;
    void (*software)(Script&);
  };
  const Case cases[] = {
      {{},
       [](Script& s) {
         enable_queues(s), invalidate_configuration(s), invalidate_translations(s), s.sync();
         s.write("SMMU_CR0", CMDQEN | EVENTQEN | SMMUEN);
       }},
      {{"enable.caches"},
       [](Script& s) {
         enable_queues(s), invalidate_configuration(s), s.sync();
         s.write("SMMU_CR0", CMDQEN | EVENTQEN | SMMUEN);
       }},
      {{"enable.caches"},
       [](Script& s) {
         enable_queues(s), invalidate_translations(s), s.sync();
         s.write("SMMU_CR0", CMDQEN | EVENTQEN | SMMUEN);
       }},
      {{"enable.caches"},  // nobody has waited
       [](Script& s) {
         enable_queues(s), invalidate_configuration(s), invalidate_translations(s), s.command(0x46);
         s.write("SMMU_CR0", CMDQEN | EVENTQEN | SMMUEN);
       }},
      {{"enable.caches"},  // of EL2 alone
       [](Script& s) {
         enable_queues(s), invalidate_configuration(s), s.command(0x20), s.sync();
         s.write("SMMU_CR0", CMDQEN | EVENTQEN | SMMUEN);
       }},
      {{"enable.events"},
       [](Script& s) {
         enable_queues(s, CMDQEN), invalidate_configuration(s), invalidate_translations(s), s.sync();
         s.write("SMMU_CR0", CMDQEN | SMMUEN);
       }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(&c - cases);
    Script s;
    close(s);
    c.software(s);
    EXPECT_EQ(s.told(), c.told);
  }
}

TEST(Enable, WhatIsEnabledAlreadyNeedsNothingOfThat) {
  Script s;
  close(s);
  enable_queues(s);
  invalidate_configuration(s);
  invalidate_translations(s);
  s.sync();
  enable_queues(s, CMDQEN | EVENTQEN | SMMUEN);
  s.write("SMMU_CR0", CMDQEN | EVENTQEN | SMMUEN);
  s.write("SMMU_CR0", CMDQEN | SMMUEN);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Enable, AFieldIsChangedAgainOnlyWhenItsUpdateIsComplete) {
  for (const bool acknowledged : {false, true}) {
    Script s;
    s.write("SMMU_CR0", EVENTQEN);
    if (acknowledged) s.read("SMMU_CR0ACK", EVENTQEN);
    s.write("SMMU_CR0", 0);
    EXPECT_EQ(s.told(), acknowledged ? Told{} : Told{"enable.ack"});
  }
  Script s;  // another field while one is under way (6.3.9)
  s.write("SMMU_CR0", EVENTQEN);
  s.write("SMMU_CR0", EVENTQEN | CMDQEN);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Enable, CommandsAreIssuedWhenTheQueueIsKnownToBeOn) {
  for (const bool acknowledged : {false, true}) {
    Script s;
    s.write("SMMU_CR0", CMDQEN);
    if (acknowledged) s.read("SMMU_CR0ACK", CMDQEN);
    s.write("SMMU_CMDQ_PROD", 1);
    s.write("SMMU_CMDQ_PROD", 2);
    EXPECT_EQ(s.told(), acknowledged ? Told{} : Told{"enable.ack"}) << "once";
  }
  Script s;  // it is given its first value before it is enabled
  s.write("SMMU_CMDQ_PROD", 0);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Enable, StreamsThatNobodyHasSetUpAreAborted) {
  for (const bool closed : {false, true}) {
    Script s;
    s.write("SMMU_GBPA", 1U << 31);
    if (closed) close(s);
    enable_queues(s);
    invalidate_configuration(s);
    invalidate_translations(s);
    s.sync();
    enable_queues(s, CMDQEN | EVENTQEN | SMMUEN);
    s.write("SMMU_CR0", CMDQEN | EVENTQEN);
    EXPECT_EQ(s.told(), closed ? Told{} : Told{"bypass.open"}) << "once";
  }
}

TEST(Enable, AnOverflowIsAcknowledgedWithTheRecordsThatAreRead) {
  constexpr std::uint64_t OVFLG = 1ULL << 31;
  struct Case {
    const char* what;
    Told told;
    std::uint64_t CONS;
    std::uint64_t PROD_then;
    bool again = false;  // CONS is written again, with OVACKFLG
  };
  const Case cases[] = {
      {"nothing is acknowledged", {"queue.overflow"}, 8, OVFLG | 8},
      {"it is", {}, OVFLG | 8, OVFLG | 8},
      {"it is, with records that follow", {}, 8, OVFLG | 9, true},
      {"not all were read", {}, 7, OVFLG | 8},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s;
    s.read("SMMU_EVENTQ_PROD", OVFLG | 8);
    s.write("SMMU_EVENTQ_CONS", c.CONS);
    if (c.again) s.read("SMMU_EVENTQ_PROD", c.PROD_then), s.write("SMMU_EVENTQ_CONS", c.PROD_then);
    for (unsigned i = 0; i < 3; ++i) s.read("SMMU_EVENTQ_PROD", c.PROD_then);
    EXPECT_EQ(s.told(), c.told);
  }
}

}  // namespace
}  // namespace smmuvp::checker
