// Non-blocking transactions of either SMMU: slots, order, fetches, responses.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "at_bench.h"  // of the SMMU at hand

namespace smmuvp::at {
namespace {

// ---- slots and the request phase

TEST_F(At, ARequestIsAcceptedAfterThePortsLatency) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    const Operation& op = b.master.read(0x10000);
    wait(ns(1000));
    EXPECT_EQ(op.accepted - op.begun, ns(1));
    EXPECT_TRUE(op.done);
  });
}

TEST_F(At, SeveralTransactionsOfATbuAreOutstandingAtATime) {
  map(7, 0x10000, 0x8000'0000);
  b.target.held = [](std::uint64_t) { return true; };
  b.in_simulation([&] {
    for (unsigned i = 0; i < slots; ++i) b.master.read(0x10000 + 16 * i);
    wait(ns(1000));
    EXPECT_EQ(b.above.open(), slots);
    EXPECT_EQ(b.below.open(), slots);
    b.target.release();
    wait(ns(1000));
  });
}

TEST_F(At, ARequestIsHeldBackWhileAllSlotsAreTakenUntilAnEndResp) {
  map(7, 0x10000, 0x8000'0000);
  b.target.held = [](std::uint64_t) { return true; };
  b.master.end = Master::End::later;
  b.master.end_delay = ns(7);
  b.in_simulation([&] {
    warm(0x10000);
    for (unsigned i = 0; i <= slots; ++i) b.master.read(0x10000 + 16 * i);
    wait(ns(1000));
    const Operation& first = b.master.operations.front();
    const Operation& last = b.master.operations.back();
    EXPECT_NE(last.begun, sc_time());
    EXPECT_EQ(last.accepted, sc_time());
    b.target.release();
    wait(ns(1000));
    EXPECT_EQ(last.accepted, first.answered + ns(7) + ns(1)) << "a slot is free, and the port takes its time";
  });
}

TEST_F(At, ABlockingTransactionWaitsForASlotToo) {
  map(7, 0x10000, 0x8000'0000);
  b.target.latency = [](const Payload&) { return ns(500); };
  b.in_simulation([&] {
    warm(0x10000);
    Operation op;
    op.address = 0x10000;
    op.data.resize(4);
    for (unsigned i = 0; i < slots; ++i) {
      EXPECT_LT(b.blocking(b.master, op).delay, ns(520)) << "the port, the caches and the memory";
    }
    EXPECT_EQ(b.blocking(b.master, op).delay, 2 * ns(502));
  });
}

TEST_F(At, BlockingTransactionsTakeSlotsFromNonBlockingOnesOfTheirTbu) {
  map(7, 0x10000, 0x8000'0000);
  b.target.latency = [](const Payload&) { return ns(500); };
  b.in_simulation([&] {
    warm(0x10000);
    Operation op;
    op.address = 0x10000;
    op.data.resize(4);
    for (unsigned i = 0; i < slots; ++i) b.blocking(b.master, op);
    const Operation& sent = b.master.read(0x10000);
    wait(ns(3000));
    EXPECT_EQ(sent.accepted - sent.begun, ns(502 + 1));
  });
}

// ---- order

TEST_F(At, AHitOfOneStreamOvertakesAMissOfAnother) {
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  b.in_simulation([&] {
    warm(0x10000, 9);
    const Operation& miss = b.master.read(0x10000, 7);
    const Operation& hit = b.master.read(0x10010, 9);
    wait(ns(1000));
    EXPECT_EQ(b.master.order, (std::vector<const Operation*>{&hit, &miss}));
    EXPECT_EQ(seen(b.target), (std::vector<std::uint64_t>{0x9000'0010, 0x8000'0000}));
    EXPECT_EQ(hit.answered - hit.begun, hit_time()) << "as if nothing else were there";
  });
}

TEST_F(At, AHitStaysBehindAMissOfItsStream) {
  ASSERT_TRUE(map(7, 0x10000, 0x8000'0000).map(0x20000, 0x9000'0000, 0x1000));
  b.in_simulation([&] {
    warm(0x20000);
    const Operation& miss = b.master.read(0x10000);
    const Operation& hit = b.master.read(0x20010);
    wait(ns(1000));
    EXPECT_EQ(b.master.order, (std::vector<const Operation*>{&miss, &hit}));
    EXPECT_EQ(seen(b.target), (std::vector<std::uint64_t>{0x8000'0000, 0x9000'0010}));
  });
}

TEST_F(At, AHitStaysBehindAllPartsOfItsStreamsTransactionBefore) {
  ASSERT_TRUE(map(7, 0x10000, 0x8000'0000).map(0x11000, 0x9000'0000, 0x1000));
  b.in_simulation([&] {
    warm(0x10000);
    b.master.issue(0x10ff0, std::vector<std::uint8_t>(32), true);
    b.master.read(0x10010);
    wait(ns(1000));
    EXPECT_EQ(seen(b.target), (std::vector<std::uint64_t>{0x8000'0ff0, 0x9000'0000, 0x8000'0010}));
  });
}

TEST_F(At, ResponsesOfAStreamKeepTheirOrderWhateverDownstreamDoes) {
  ASSERT_TRUE(map(7, 0x10000, 0x8000'0000).map(0x20000, 0x9000'0000, 0x1000));
  b.target.latency = [](const Payload& p) { return ns(p.get_address() < 0x9000'0000 ? 300 : 20); };
  b.in_simulation([&] {
    warm(0x10000);
    warm(0x20000);
    const Operation& slow = b.master.read(0x10000);
    const Operation& quick = b.master.read(0x20000);
    wait(ns(1000));
    EXPECT_EQ(b.below.of(tlm::BEGIN_RESP).front().address, 0x9000'0000U);
    EXPECT_EQ(b.master.order, (std::vector<const Operation*>{&slow, &quick}));
    EXPECT_EQ(quick.answered, slow.answered);
  });
}

TEST_F(At, AFaultIsAnsweredAfterWhatItsStreamSentBefore) {
  map(7, 0x10000, 0x8000'0000);
  b.target.latency = [](const Payload&) { return ns(3000); };
  b.in_simulation([&] {
    const Operation& good = b.master.read(0x10000);
    const Operation& bad = b.master.read(0x90000);
    wait(ns(9000));
    EXPECT_EQ(b.master.order, (std::vector<const Operation*>{&good, &bad}));
    EXPECT_EQ(bad.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
}

TEST_F(At, AHookGivesAnotherOrder) {
  ASSERT_TRUE(map(7, 0x10000, 0x8000'0000).map(0x20000, 0x9000'0000, 0x1000));
  b.tbu(0).set_order_hook(
      [](const Payload& p, const Identity&) { return p.get_extension<AccessExtension>()->tag; });
  b.in_simulation([&] {
    warm(0x20000);
    const Operation& miss = b.master.issue(0x10000, std::vector<std::uint8_t>(4), false, 7, 1);
    const Operation& hit = b.master.issue(0x20000, std::vector<std::uint8_t>(4), false, 7, 2);
    wait(ns(1000));
    EXPECT_EQ(b.master.order, (std::vector<const Operation*>{&hit, &miss}));
  });
  b.tbu(0).set_order_hook(nullptr);
}

// ---- the SMMU's own operations

TEST_F(At, FetchesOfSeveralTransactionsAreOutstandingAndAnsweredInAnyOrder) {
  for (std::uint32_t sid : {7U, 9U, 10U}) map(sid, 0x10000, 0x8000'0000 + (std::uint64_t{sid} << 16));
  // Each table read is quicker than the one before: later ones overtake.
  double takes = 400;
  b.tables.latency = [&takes](const Payload&) { return ns(takes = std::max(10.0, takes * 0.8)); };
  b.in_simulation([&] {
    for (std::uint32_t sid : {7U, 9U, 10U}) b.master.read(0x10000, sid);
    wait(ns(5000));
  });
  EXPECT_EQ(b.walks.most, 3U);
  EXPECT_EQ(b.tables.seen.size(), 3 * fetches);
  const auto begun = b.walks.of(tlm::BEGIN_REQ);
  const auto ended = b.walks.of(tlm::BEGIN_RESP);
  EXPECT_NE(begun[0].payload, ended[0].payload) << "answered out of order";
  for (const Operation& op : b.master.operations) EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
}

TEST_F(At, AFetchWaitsForTheEndReqOfTheOneBefore) {
  for (std::uint32_t sid : {7U, 9U}) map(sid, 0x10000, 0x8000'0000);
  b.tables.accept = ns(15);
  b.in_simulation([&] {
    for (std::uint32_t sid : {7U, 9U}) b.master.read(0x10000, sid);
    wait(ns(1000));
  });
  const auto begun = b.walks.of(tlm::BEGIN_REQ);
  ASSERT_GE(begun.size(), 2U);
  EXPECT_EQ(begun[1].at - begun[0].at, ns(15));
}

TEST_F(At, PayloadsOfFetchesAreUsedAgain) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    b.master.read(0x10000);
    wait(ns(1000));
  });
  std::set<const Payload*> payloads;
  for (const Checker::Entry& e : b.walks.of(tlm::BEGIN_REQ)) payloads.insert(e.payload);
  EXPECT_EQ(payloads.size(), 1U);
}

TEST_F(At, FetchesArePrivilegedDataWhateverWasFetchedBefore) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    b.master.read(0x10000);
    wait(ns(1000));
  });
  for (const Target::Seen& s : b.tables.seen) {
    EXPECT_TRUE(s.extension.privileged);
    EXPECT_FALSE(s.extension.instruction);
  }
}

// ---- masters of both styles

TEST_F(At, MastersOfBothStylesShareTheSmmu) {
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  b.in_simulation([&] {
    for (unsigned i = 0; i < 8; ++i) b.master.issue(0x10000 + i, {static_cast<std::uint8_t>(i)}, true);
    for (unsigned i = 0; i < 8; ++i) {
      Operation op;
      op.address = 0x10000 + i;
      op.data = {static_cast<std::uint8_t>(0x10 + i)};
      op.write = true;
      op.stream_id = 9;
      const Bench::Blocking result = b.blocking(b.master1, op);
      EXPECT_EQ(result.status, tlm::TLM_OK_RESPONSE);
      wait(result.delay);
    }
    wait(ns(1000));
  });
  EXPECT_EQ(b.memory.read(0x8000'0000, 8), 0x0706050403020100U);
  EXPECT_EQ(b.memory.read(0x9000'0000, 8), 0x1716151413121110U);
}

// ---- the response phase

class Ends : public At, public ::testing::WithParamInterface<Master::End> {};

TEST_P(Ends, OneResponseIsOutstandingAtATime) {
  const std::vector<std::uint32_t> streams{7, 9, 10};
  for (std::uint32_t sid : streams) map(sid, 0x10000, 0x8000'0000);
  b.master.end = GetParam();
  b.master.end_delay = ns(50);
  b.in_simulation([&] {
    for (std::uint32_t sid : streams) warm(0x10000, sid);
    for (std::uint32_t sid : streams) b.master.read(0x10000, sid);
    wait(ns(1000));
    const sc_time between = b.master.operations[1].answered - b.master.operations[0].answered;
    EXPECT_EQ(between, GetParam() == Master::End::completed ? ns(2) : ns(50));
  });
}

std::string end_name(const ::testing::TestParamInfo<Master::End>& info) {
  const char* const names[] = {"Completed", "Updated", "Later"};
  return names[static_cast<std::size_t>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Masters, Ends,
                         ::testing::Values(Master::End::completed, Master::End::updated, Master::End::later),
                         end_name);

}  // namespace
}  // namespace smmuvp::at
