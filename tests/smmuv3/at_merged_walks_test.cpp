// Non-blocking accesses to a page that another is walking for wait for that walk, and judge what it found.
#include <array>
#include <map>
#include <string>
#include <vector>

#include "at_bench.h"

namespace smmuvp::at {
namespace {

class MergedWalks : public At {
 protected:
  /// The TCU knows the stream and its tables, but not the pages from 0x10000 on.
  pgtable::Builder& prepare(std::uint64_t size = 0) {
    pgtable::Builder& t = map(7, 0x1f000, 0x9000'0000);
    if (size != 0) {
      EXPECT_TRUE(t.map(0x10000, 0x8000'0000, size));
    }
    return t;
  }
  /// In the simulation. Counts begin.
  void known() {
    warm(0x1f000);
    for (const char* name : counted) m_before[name] = b.statistic(name);
  }
  std::uint64_t count(const char* name) { return b.statistic(name) - m_before.at(name); }
  /// CONS of the Event queue: how many records there are, one for each fault.
  std::uint64_t records() { return b.reg(0x100a8); }

  static constexpr std::array<const char*, 5> counted = {"walks", "walks_merged", "tlb_misses", "tlb_rewalks",
                                                         "walk_reads"};
  std::map<std::string, std::uint64_t> m_before;
};

TEST_F(MergedWalks, AnyNumberOfAccessesOfOnePageWalkOnce) {
  prepare(0x1000);
  b.in_simulation([&] {
    known();
    for (unsigned i = 0; i < 4; ++i) {
      b.master.read(0x10000 + 0x40 * i);
      b.master1.read(0x10800 + 0x40 * i);
    }
    wait(ns(1000));
    EXPECT_TRUE(b.master.all_done() && b.master1.all_done());
    EXPECT_EQ(count("walks"), 1U);
    EXPECT_EQ(count("walk_reads"), 1U);
    EXPECT_EQ(count("walks_merged"), 7U);
    EXPECT_EQ(count("tlb_misses"), 1U);
    for (const Operation& op : b.master1.operations) EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
  });
}

TEST_F(MergedWalks, OfOneTbuEachHasTheLinkForItself) {
  prepare(0x1000);
  b.in_simulation([&] {
    known();
    b.target.accept = ns(1);
    const Operation& first = b.master.read(0x10000);
    const Operation& second = b.master.read(0x10040);
    wait(ns(1000));
    EXPECT_EQ(count("walks_merged"), 1U);
    EXPECT_EQ(second.answered - first.answered, ns(1)) << "one answer a clock";
  });
}

TEST_F(MergedWalks, WhatIsDeniedByWhatAWalkFoundWalksByItself) {
  pgtable::Builder& t = prepare();
  pgtable::Mapping m;
  m.writable = false;
  ASSERT_TRUE(t.map(0x10000, 0x8000'0000, 0x1000, m));
  b.in_simulation([&] {
    known();
    const Operation& first = b.master.read(0x10000);
    const Operation& second = b.master1.issue(0x10000, std::vector<std::uint8_t>(4), true);
    const Operation& third = b.master2.read(0x10000);
    wait(ns(1000));
    EXPECT_EQ(first.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(second.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(third.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(count("walks"), 2U);
    EXPECT_EQ(count("tlb_rewalks"), 1U);
    EXPECT_EQ(count("walks_merged"), 1U);
    EXPECT_EQ(records(), 1U);
    EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq, 1), 0x13U) << "F_PERMISSION, of its own walk";
  });
}

TEST_F(MergedWalks, FaultsAreNotShared) {
  prepare();
  b.in_simulation([&] {
    known();
    const Operation& first = b.master.read(0x10000);
    const Operation& second = b.master1.read(0x10008);
    wait(ns(1000));
    EXPECT_EQ(first.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(second.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(count("walks"), 2U);
    EXPECT_EQ(count("walks_merged"), 0U);
    EXPECT_EQ(second.answered - first.answered, ns(4 + 1 + 20)) << "walk cache, walk port, memory";
    EXPECT_EQ(records(), 2U);
    EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq + 32 + 16, 8), 0x10008U) << "each has its address";
  });
}

TEST_F(MergedWalks, OtherPagesAndOtherStreamsAreWalkedFor) {
  prepare(0x2000);
  map(9, 0x10000, 0xa000'0000);
  b.in_simulation([&] {
    warm(0x10000, 9);
    known();
    b.set(0x98, 0);
    b.push(0x11 | std::uint64_t{9} << 48);  // CMD_TLBI_NH_ASID
    wait(ns(1000));
    b.master.read(0x10000, 7);
    b.master1.read(0x11000, 7);
    const Operation& other = b.master2.read(0x10000, 9);
    wait(ns(1000));
    EXPECT_EQ(count("walks"), 3U);
    EXPECT_EQ(count("walks_merged"), 0U);
    EXPECT_EQ(other.status, tlm::TLM_OK_RESPONSE);
  });
}

TEST_F(MergedWalks, WhatComesAfterAnInvalidationWaitsForNoWalkFromBefore) {
  prepare(0x1000);
  b.in_simulation([&] {
    known();
    b.tables.held = [](std::uint64_t) { return true; };
    const Operation& first = b.master.read(0x10000);
    wait(ns(100));
    b.push(0x30);  // CMD_TLBI_NSNH_ALL
    wait(ns(200));
    EXPECT_EQ(b.reg(0x9c), 1U);
    b.tables.held = {};
    const Operation& second = b.master1.read(0x10000);
    wait(ns(500));
    EXPECT_FALSE(first.done);
    EXPECT_TRUE(second.done);
    b.tables.release();
    wait(ns(500));
    EXPECT_EQ(count("walks"), 2U);
    EXPECT_EQ(count("walks_merged"), 0U);
  });
}

TEST_F(MergedWalks, AnInvalidationMakesWhoWaitsWalk) {
  pgtable::Builder& t = prepare(0x1000);
  b.in_simulation([&] {
    known();
    b.tables.held = [](std::uint64_t) { return true; };
    b.master.read(0x10000);
    const Operation& second = b.master1.read(0x10000);
    wait(ns(100));
    t.unmap(0x10000, 0x1000);  // the first has read the descriptor
    ASSERT_TRUE(t.map(0x10000, 0x8800'0000, 0x1000));
    b.push(0x30);
    wait(ns(200));
    EXPECT_FALSE(second.done);
    b.tables.release();
    wait(ns(500));
    EXPECT_EQ(b.target.seen.back().address, 0x8000'0000U);
    EXPECT_TRUE(second.done);
    EXPECT_EQ(count("walks"), 2U);
    EXPECT_EQ(count("walks_merged"), 0U);
    EXPECT_EQ(b.target1.seen.back().address, 0x8800'0000U);
  });
}

TEST_F(MergedWalks, CmdSyncWaitsForWhatHasWaited) {
  pgtable::Builder& t = prepare();
  pgtable::Mapping m;
  m.writable = false;
  ASSERT_TRUE(t.map(0x10000, 0x8000'0000, 0x1000, m));
  b.in_simulation([&] {
    known();
    b.target1.latency = [](const Payload&) { return ns(3000); };
    b.master.issue(0x10000, std::vector<std::uint8_t>(4), true);  // ends with its fault
    b.tables.held = [](std::uint64_t) { return true; };
    const Operation& second = b.master1.read(0x10000);
    wait(ns(100));
    b.push(0x46);
    wait(ns(200));
    b.tables.release();
    wait(ns(1000));
    EXPECT_TRUE(b.master.all_done());
    EXPECT_EQ(b.reg(0x9c), 0U);
    wait(ns(4000));
    EXPECT_TRUE(second.done);
    EXPECT_EQ(b.reg(0x9c), 1U);
  });
}

TEST_F(MergedWalks, AResetEndsWhoWaits) {
  prepare(0x1000);
  b.in_simulation([&] {
    known();
    b.tables.latency = [&](const Payload&) { return ns(1000); };
    const Operation& first = b.master.read(0x10000);
    const Operation& second = b.master1.read(0x10000);
    wait(ns(100));
    b.pulse_reset();
    wait(ns(100));
    EXPECT_EQ(first.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(second.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    wait(ns(2000));
  });
}

TEST_F(MergedWalks, ANonBlockingAccessWaitsForTheWalkOfABlockingOne) {
  prepare(0x1000);
  b.in_simulation([&] {
    known();
    sc_core::sc_event walked, done;  // within b_transport
    b.tables.blocked = &walked;
    b.target.blocked = &done;
    b.tables.blocks_reads = b.target.blocks_reads = true;
    sc_core::sc_spawn([&] {
      Operation op;
      op.address = 0x10000;
      op.data.resize(4);
      EXPECT_EQ(b.blocking(b.master, op).status, tlm::TLM_OK_RESPONSE);
    });
    wait(ns(100));
    const Operation& second = b.master1.read(0x10000);
    wait(ns(100));
    EXPECT_FALSE(second.done);
    walked.notify();
    wait(ns(200));
    EXPECT_TRUE(second.done) << "with the end of the walk, not of the access";
    done.notify();
    wait(ns(200));
    EXPECT_EQ(count("walks"), 1U);
    EXPECT_EQ(count("walks_merged"), 1U);
  });
}

}  // namespace
}  // namespace smmuvp::at
