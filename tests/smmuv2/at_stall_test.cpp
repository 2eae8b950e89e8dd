// Non-blocking transactions that stall in an SMMUv2, and go on in another one that loads its state. Masters,
// targets and memory are saved beside it, as a whole system is.
#include <sstream>
#include <string>
#include <vector>

#include "at_bench.h"

namespace smmuvp::at {

Bench& bench() {
  static Bench b("bench");
  return b;
}

namespace {

/// Where states are loaded that bench() has saved.
Bench& other() {
  static Bench b("other");
  return b;
}

/// Stream 7 has nothing mapped at `va`, and its bank stalls; stream 9 translates, in a bank of its own.
class Stalled : public At {
 protected:
  static constexpr std::uint64_t va = 0x50000, pa = 0x8000'0000;

  void SetUp() override {
    At::SetUp();
    for (Target* t : {&o.target, &o.target1, &o.tables}) t->defaults();
    for (Master* m : {&o.master, &o.master1, &o.master2}) m->defaults();
    o.in_simulation([this] { o.fresh(); });
    for (Checker* c : o.checkers()) c->clear();
    tables = &b.stream(7, SCTLR_CFCFG);
    map(9, 0x10000, 0x9000'0000);
  }
  void TearDown() override {
    At::TearDown();
    for (const Checker* c : o.checkers()) c->expect_idle();
    for (const Master* m : {&o.master, &o.master1}) {
      EXPECT_TRUE(m->all_done());
      EXPECT_EQ(m->references(), 0);
    }
  }
  std::uint32_t FSR_of(Bench& of) { return static_cast<std::uint32_t>(of.regs.reg(b.of(7, FSR))); }
  /// Software clears the fault and answers (16.5.28).
  void answer(Bench& of, std::uint32_t RESUME_value) {
    of.regs.set(b.of(7, FSR), ~0U);
    of.regs.set(b.of(7, RESUME), RESUME_value);
    wait(ns(1000));
  }
  enum : std::uint32_t { retry, terminate };

  Bench& o = other();
  pgtable::Builder* tables = nullptr;
};

TEST_F(Stalled, ATransactionWaitsForResumeAndIsTranslatedAfresh) {
  b.in_simulation([&] {
    const Operation& op = b.master.read(va);
    wait(ns(1000));
    EXPECT_FALSE(op.done);
    EXPECT_NE(op.accepted, sc_time()) << "its END_REQ does not wait";
    EXPECT_EQ(FSR_of(b) & (SS | TF), SS | TF);
    EXPECT_TRUE(b.context[0].read());
    ASSERT_TRUE(tables->map(va, pa, 0x1000));
    b.regs.set(b.of(7, FSR), TF);
    wait(ns(1000));
    EXPECT_FALSE(b.context[0].read()) << "SS alone is no interrupt (3.6.3)";
    EXPECT_FALSE(op.done) << "before RESUME";
    answer(b, retry);
    EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(FSR_of(b) & SS, 0U);
  });
  EXPECT_EQ(seen(b.target), std::vector<std::uint64_t>{pa});
}

TEST_F(Stalled, ATransactionThatIsTerminatedIsAnsweredAsCfreSays) {  // 3.7.4
  b.in_simulation([&] {
    const Operation& reported = b.master.read(va);
    wait(ns(1000));
    answer(b, terminate);
    EXPECT_EQ(reported.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    b.regs.set(b.of(7, SCTLR), SCTLR_M | SCTLR_TRE | SCTLR_AFE | SCTLR_CFCFG);
    const Operation& razwi = b.master.issue(va, {1, 2, 3, 4}, false);
    wait(ns(1000));
    answer(b, terminate);
    EXPECT_EQ(razwi.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(razwi.data, std::vector<std::uint8_t>(4, 0));
  });
  EXPECT_TRUE(b.target.seen.empty());
}

TEST_F(Stalled, WhatIsRetriedInVainStallsAgain) {
  b.in_simulation([&] {
    const Operation& op = b.master.read(va);
    wait(ns(1000));
    answer(b, retry);
    EXPECT_FALSE(op.done);
    EXPECT_EQ(FSR_of(b) & (SS | TF), SS | TF);
    EXPECT_TRUE(b.context[0].read());
    answer(b, terminate);
    EXPECT_TRUE(op.done);
  });
}

// 5.4.2: it is complete without who stays behind a stalled one, whose translation is void then.
TEST_F(Stalled, WhatStaysBehindItIsTranslatedAfreshWhenItsTranslationHasBeenTakenAway) {
  ASSERT_TRUE(tables->map(0x10000, pa + 0x1000, 0x1000));
  b.in_simulation([&] {
    warm(0x10000);
    b.master.read(va);
    const Operation& behind = b.master.read(0x10000);
    wait(ns(1000));
    EXPECT_FALSE(behind.done);
    tables->unmap(0x10000, 0x1000);
    ASSERT_TRUE(tables->map(0x10000, pa + 0x5000, 0x1000));
    b.regs.set(b.of(7, TLBIALL), 0);
    b.regs.set(b.of(7, TLBSYNC), 0);
    wait(ns(1000));
    EXPECT_EQ(b.regs.reg(b.of(7, TLBSTATUS)), 0U);
    answer(b, terminate);
    EXPECT_EQ(behind.status, tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(seen(b.target), std::vector<std::uint64_t>{pa + 0x5000});
}

TEST_F(Stalled, OfItsStreamAllStayBehindItAndAnotherStreamOvertakes) {
  ASSERT_TRUE(tables->map(0x10000, pa + 0x1000, 0x1000));
  b.in_simulation([&] {
    warm(0x10000, 7);
    const Operation& first = b.master.read(va, 7);
    const Operation& second = b.master.read(0x10000, 7);
    const Operation& foreign = b.master.read(0x10000, 9);
    wait(ns(1000));
    EXPECT_TRUE(foreign.done);
    EXPECT_FALSE(second.done);
    EXPECT_EQ(seen(b.target), std::vector<std::uint64_t>{0x9000'0000});
    ASSERT_TRUE(tables->map(va, pa, 0x1000));
    answer(b, retry);
    EXPECT_EQ(b.master.order, (std::vector<const Operation*>{&foreign, &first, &second}));
    EXPECT_EQ(seen(b.target), (std::vector<std::uint64_t>{0x9000'0000, pa, pa + 0x1000}));
  });
}

TEST_F(Stalled, OfTheBankAllTbusAndStylesWaitAndRecordNothingAndGoOn) {  // 3.7.3, HUPCF 0
  ASSERT_TRUE(tables->map(0x10000, pa + 0x1000, 0x1000));
  b.in_simulation([&] {
    warm(0x10000, 7);
    const Operation& recorded = b.master.read(va, 7);
    wait(ns(1000));
    const Operation& behind = b.master1.read(va + 0x1000, 7);
    const Operation& good = b.master2.read(0x10000, 7);
    Bench::Blocking blocking{tlm::TLM_INCOMPLETE_RESPONSE, {}};
    sc_core::sc_spawn([&] {
      Operation op;
      op.address = 0x10000;
      op.data.resize(4);
      blocking = b.blocking(b.master, op);
    });
    wait(ns(1000));
    EXPECT_FALSE(behind.done || good.done);
    EXPECT_EQ(blocking.status, tlm::TLM_INCOMPLETE_RESPONSE);
    EXPECT_EQ(b.regs.reg(b.of(7, FAR), 8), va);
    answer(b, terminate);
    EXPECT_EQ(recorded.status, tlm::TLM_ADDRESS_ERROR_RESPONSE) << "the one in FSR";
    EXPECT_EQ(b.regs.reg(b.of(7, FAR), 8), va + 0x1000) << "that stalls now";
    EXPECT_EQ(FSR_of(b) & (SS | TF), SS | TF);
    EXPECT_FALSE(behind.done);
    answer(b, terminate);
    EXPECT_EQ(behind.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(good.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(blocking.status, tlm::TLM_OK_RESPONSE);
  });
}

TEST_F(Stalled, OfATransactionThatIsCutTheSecondPartStallsByItself) {
  ASSERT_TRUE(tables->map(va - 0x1000, pa, 0x1000));
  b.in_simulation([&] {
    const Operation& op = b.master.issue(va - 8, std::vector<std::uint8_t>(16, 0x5a), true);
    wait(ns(1000));
    EXPECT_EQ(seen(b.target), std::vector<std::uint64_t>{pa + 0xff8});
    EXPECT_EQ(b.regs.reg(b.of(7, FAR), 8), va);
    ASSERT_TRUE(tables->map(va, pa + 0x4000, 0x1000));
    answer(b, retry);
    EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(seen(b.target), (std::vector<std::uint64_t>{pa + 0xff8, pa + 0x4000}));
  });
}

TEST_F(Stalled, AResetAnswersItAndClearsItsInterrupt) {
  b.in_simulation([&] {
    const Operation& op = b.master.read(va);
    const Operation& behind = b.master.read(va + 8);
    wait(ns(1000));
    b.pulse_reset();
    wait(ns(100));
    EXPECT_EQ(op.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(behind.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_FALSE(b.context[0].read());
    b.start();
    EXPECT_EQ(FSR_of(b) & (SS | TF), 0U);
  });
}

// ---- in a saved state

struct Snapshot {
  sc_time at;
  std::string smmu;
  smmu::TestMemory memory;
  std::vector<std::vector<Master::Saved>> masters;
  std::vector<std::vector<Target::Saved>> targets;
};

std::vector<Master*> masters_of(Bench& b) { return {&b.master, &b.master1}; }
std::vector<Target*> targets_of(Bench& b) { return {&b.target, &b.target1, &b.tables}; }

Snapshot save(Bench& b) {
  std::ostringstream out;
  const auto error = b.smmu.save(out);
  EXPECT_FALSE(error) << to_text(*error);
  Snapshot s{sc_time_stamp(), out.str(), b.memory, {}, {}};
  for (const Master* m : masters_of(b)) s.masters.push_back(m->save());
  for (const Target* t : targets_of(b)) s.targets.push_back(t->save());
  return s;
}

/// In the simulation.
void load(Bench& b, const Snapshot& s) {
  b.memory = s.memory;
  std::istringstream in(s.smmu);
  const auto error = b.smmu.load(in);
  EXPECT_FALSE(error) << to_text(*error);
  for (Checker* c : b.checkers()) c->clear();
  for (std::size_t i = 0; i < s.targets.size(); ++i) targets_of(b)[i]->load(s.targets[i]);
  for (std::size_t i = 0; i < s.masters.size(); ++i) masters_of(b)[i]->load(s.masters[i]);
}

/// What masters were answered after a moment, in times since then.
std::vector<std::string> answers(Bench& b, const sc_time& from) {
  std::vector<std::string> all;
  for (const Master* m : masters_of(b)) {
    for (const Operation* op : m->order) {
      if (op->answered <= from) continue;
      std::ostringstream line;
      line << m->basename() << " 0x" << std::hex << op->address << " status " << op->status << " at "
           << op->answered - from << " data";
      for (const std::uint8_t byte : op->data) line << ' ' << unsigned{byte};
      all.push_back(line.str());
    }
  }
  return all;
}

TEST_F(Stalled, ItWaitsOnInTheSmmuThatLoadsItsStateAndIsResumedThere) {
  ASSERT_TRUE(tables->map(0x10000, pa + 0x1000, 0x1000));
  Snapshot s;
  b.in_simulation([&] {
    warm(0x10000, 7);
    b.master.read(va, 7).id = 1;
    b.master.read(0x10000, 7).id = 2;
    b.master1.read(va + 0x1000, 7).id = 3;
    wait(ns(1000));
    s = save(b);
    b.pulse_reset();
    wait(ns(1000));
  });
  ASSERT_TRUE(tables->map(va, pa, 0x1000));
  s.memory = b.memory;
  o.in_simulation([&] {
    load(o, s);
    wait(ns(1000));
    EXPECT_FALSE(o.master.operations[0].done);
    EXPECT_TRUE(o.context[0].read());
    EXPECT_EQ(FSR_of(o) & (SS | TF), SS | TF);
    answer(o, retry);
    EXPECT_EQ(o.master.operations[0].status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(o.master.operations[1].status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(o.master.order.front(), &o.master.operations[0]);
    EXPECT_FALSE(o.master1.operations[0].done) << "which was behind it, and stalls by itself now";
    EXPECT_EQ(o.regs.reg(b.of(7, FAR), 8), va + 0x1000);
    answer(o, terminate);
    EXPECT_EQ(o.master1.operations[0].status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
}

TEST_F(Stalled, AtEachMomentOfACourseItGoesOnAsIfNothingHadBeenSaved) {
  for (double at = 0.5; at < 1400 && !HasFailure(); at += 23) {
    SCOPED_TRACE(at);
    Snapshot s;
    std::vector<std::string> whole, rest;
    const auto software = [this](Bench& of, const sc_time& begin) {  // answers 700 ns after the beginning
      if (sc_time_stamp() < begin + ns(700)) wait(begin + ns(700) - sc_time_stamp());
      of.regs.set(b.of(7, FSR), ~0U);
      of.regs.set(b.of(7, RESUME), terminate);
      wait(ns(3000));
      answer(of, terminate);
    };
    for (Master* m : masters_of(b)) m->clear();
    b.in_simulation([&] {
      b.fresh();
      b.stream(7, SCTLR_CFCFG).map(0x10000, pa, 0x1000);
      map(9, 0x10000, 0x9000'0000);
      const sc_time begin = sc_time_stamp();
      b.master.read(0x10000, 7).id = 1;
      b.master.read(va, 7).id = 2;
      b.master.read(0x10008, 7).id = 3;
      b.master.read(0x10000, 9).id = 4;
      wait(ns(0.25));
      b.master1.read(va + 0x1000, 7).id = 5;
      if (at < 700) {
        wait(begin + ns(at) - sc_time_stamp());
        s = save(b);
        software(b, begin);
      } else {
        wait(begin + ns(700) - sc_time_stamp());
        b.regs.set(b.of(7, FSR), ~0U);
        b.regs.set(b.of(7, RESUME), terminate);
        wait(begin + ns(at) - sc_time_stamp());
        s = save(b);
        wait(begin + ns(3700) - sc_time_stamp());
        answer(b, terminate);
      }
      wait(ns(2000));
      whole = answers(b, s.at);
      EXPECT_TRUE(b.master.all_done() && b.master1.all_done());
    });
    for (Master* m : masters_of(o)) m->clear();
    o.in_simulation([&] {
      const sc_time from = sc_time_stamp();
      load(o, s);
      const sc_time begin = from - ns(at);
      if (at < 700) {
        software(o, begin);
      } else {
        wait(begin + ns(3700) - sc_time_stamp());
        answer(o, terminate);
      }
      wait(ns(2000));
      rest = answers(o, from);
    });
    EXPECT_EQ(rest, whole);
  }
}

}  // namespace
}  // namespace smmuvp::at

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::at::bench();
  smmuvp::at::other();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
