// Processors that broadcast TLB maintenance and synchronise, while accesses are under way.
#include <sstream>

#include "shell_bench.h"

namespace smmuvp::shell {
namespace {

constexpr std::uint64_t va = 0x10000, pa = 0x8000'0000, other_pa = 0x9000'0000;

class BroadcastShell : public Shell {
 protected:
  static sc_time ns(double t) { return {t, sc_core::SC_NS}; }
  static BroadcastTlbi by_va(std::uint64_t address, std::uint16_t asid = 1) {
    return decode_tlbi(0, 8, 3, 1, address >> 12U | std::uint64_t{asid} << 48U, {}).value();
  }
  static std::uint32_t read(std::uint64_t address) {
    std::uint32_t v = 0;
    EXPECT_EQ(bench().transport(address, &v, 4, false), tlm::TLM_OK_RESPONSE);
    return v;
  }
  /// In the simulation: a read whose data memory gives when `hold` is notified.
  struct Held {
    sc_core::sc_event hold;
    bool over = false;
    sc_time end;  // which may be ahead of simulated time
  };
  static void spawn(Held& held) {
    Bench& b = bench();
    b.hold = &held.hold;
    sc_core::sc_spawn([&held] {
      std::uint32_t v = 0;
      sc_time delay;
      bench().transport(va, &v, 4, false, nullptr, &delay);
      held.end = sc_core::sc_time_stamp() + delay;
      held.over = true;
    });
    wait(ns(100));
    b.hold = nullptr;
    EXPECT_FALSE(held.over);
  }
  /// Such a read, and somebody who synchronises with it.
  static void wait_for(Held& held, bool& done) {
    spawn(held);
    sc_core::sc_spawn([&done] {
      sc_time delay;
      bench().smmu.complete_tlbis(delay);
      done = true;
    });
    wait(ns(100));
    EXPECT_FALSE(done);
  }
};

TEST_F(BroadcastShell, AnAccessBehindTheMessageUsesTheTableAsItIsThen) {
  Bench& b = bench();
  pgtable::Builder& space = map(7, va, pa, 0x1000);
  b.world.memory.write(pa, 1, 4);
  b.world.memory.write(other_pa, 2, 4);
  b.in_simulation([&] {
    EXPECT_EQ(read(va), 1U);
    EXPECT_TRUE(space.unmap(va, 0x1000));
    EXPECT_TRUE(space.map(va, other_pa, 0x1000));
    EXPECT_EQ(read(va), 1U) << "nobody has invalidated it";
    EXPECT_TRUE(b.smmu.listens_to_tlbi());
    b.smmu.tlbi_arrives(by_va(va, 2));
    EXPECT_EQ(read(va), 1U) << "of another ASID";
    b.smmu.tlbi_arrives(by_va(va));
    EXPECT_EQ(read(va), 2U);
  });
}

TEST_F(BroadcastShell, CompletionTakesNoTimeWhileNothingIsUnderWay) {
  Bench& b = bench();
  map(7, va, pa, 0x1000);
  b.in_simulation([&] {
    read(va);
    wait(ns(1000));
    b.smmu.tlbi_arrives(by_va(va));
    const sc_time before = sc_core::sc_time_stamp();
    sc_time delay = ns(30);
    b.smmu.complete_tlbis(delay);
    EXPECT_EQ(sc_core::sc_time_stamp(), before);
    EXPECT_EQ(delay, ns(30));
  });
}

TEST_F(BroadcastShell, CompletionWaitsForAnAccessByTheOldTranslation) {
  Bench& b = bench();
  map(7, va, pa, 0x1000);
  Held held;
  b.in_simulation([&] {
    read(va);
    spawn(held);
    b.smmu.tlbi_arrives(by_va(va));
    sc_core::sc_spawn([&] {
      wait(ns(500));
      held.hold.notify();
    });
    const sc_time before = sc_core::sc_time_stamp();
    sc_time delay = ns(30);
    b.smmu.complete_tlbis(delay);
    EXPECT_TRUE(held.over);
    EXPECT_EQ(sc_core::sc_time_stamp(), before + ns(500));
    EXPECT_EQ(sc_core::sc_time_stamp() + delay, held.end);
  });
}

TEST_F(BroadcastShell, CompletionDoesNotWaitWherePtmIs1) {
  Bench& b = bench();
  map(7, va, pa, 0x1000);
  Held held;
  b.in_simulation([&] {
    b.set(0x20, 0);
    b.set(0x2c, smmuv3::CR2_RECINVSID | smmuv3::CR2_PTM);
    b.set(0x20, smmuv3::CR0_implemented);
    spawn(held);
    b.smmu.tlbi_arrives(by_va(va));
    sc_time delay;
    b.smmu.complete_tlbis(delay);
    EXPECT_FALSE(held.over);
    held.hold.notify();
  });
}

TEST_F(BroadcastShell, WithoutAClockNobodyWaitsForEver) {
  Bench& b = bench();
  map(7, va, pa, 0x1000);
  Held held;
  bool done = false;
  b.in_simulation([&] {
    wait_for(held, done);
    b.clock.write(false);
    wait(ns(1));
    EXPECT_TRUE(done);
    ASSERT_EQ(b.host.sink.all.size(), 1U);
    EXPECT_EQ(b.host.sink.all[0].site, "broadcast.supply");
    sc_time delay;
    b.smmu.complete_tlbis(delay);
    EXPECT_EQ(b.host.sink.all.size(), 2U);
    b.clock.write(true);
    held.hold.notify();
    wait(ns(1000));
    EXPECT_TRUE(held.over);
  });
}

TEST_F(BroadcastShell, AResetEndsTheWait) {
  Bench& b = bench();
  map(7, va, pa, 0x1000);
  Held held;
  bool done = false;
  b.in_simulation([&] {
    wait_for(held, done);
    std::ostringstream out;
    EXPECT_TRUE(b.smmu.save(out)) << "saved although somebody waits";
    b.reset.write(true);
    wait(ns(1));
    b.reset.write(false);
    wait(ns(1));
    EXPECT_TRUE(done);
    held.hold.notify();
    wait(ns(100));
  });
}

}  // namespace
}  // namespace smmuvp::shell
