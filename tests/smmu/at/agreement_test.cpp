// Non-blocking transactions of either SMMU do what blocking ones do, and take as long, whatever the targets'
// style.
#include <random>
#include <string>
#include <vector>

#include "agreement.h"

namespace smmuvp::at {
namespace {

// ---- with one transaction outstanding, both styles agree

TEST_F(Agreement, AHitTakesTheSameTimeInBothStyles) {
  const Result r = agree(
      [this] {
        map(7, 0x10000, 0x8000'0000);
        warm(0x10000);
      },
      0x10010);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.takes, hit_time());
}

TEST_F(Agreement, AMissTakesTheSameTimeInBothStyles) {
  const Result r = agree([this] { map(7, 0x10000, 0x8000'0000); }, 0x10010, 8, true);
  EXPECT_EQ(r.takes, miss_time());
  EXPECT_EQ(r.fetched.size(), fetches);
}

TEST_F(Agreement, ATransactionOfTwoPagesTakesTheSameTimeInBothStyles) {
  const Result r =
      agree([this] { ASSERT_TRUE(map(7, 0x10000, 0x8000'0000).map(0x11000, 0x9000'0000, 0x1000)); }, 0x10fe0,
            64, true);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.downstream, (std::vector<std::uint64_t>{0x8000'0fe0, 0x9000'0000}));
  EXPECT_EQ(b.memory.at(0x9000'001f), 64);
}

TEST_F(Agreement, AFaultTakesTheSameTimeInBothStyles) {
  const Result r = agree([this] { map(7, 0x10000, 0x8000'0000); }, 0x90000);
  EXPECT_EQ(r.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_TRUE(r.downstream.empty());
}

TEST_F(Agreement, AnErrorFromDownstreamIsTheResponseInBothStyles) {
  const Result r = agree([this] { map(7, 0x10000, 0xbad0'0000); }, 0x10010);
  EXPECT_EQ(r.status, tlm::TLM_GENERIC_ERROR_RESPONSE);
}

TEST_F(Agreement, APartThatFailsDownstreamIsTheLastInBothStyles) {
  const Result r =
      agree([this] { ASSERT_TRUE(map(7, 0x10000, 0xbad0'0000).map(0x11000, 0x9000'0000, 0x1000)); }, 0x10fe0,
            64, true);
  EXPECT_EQ(r.status, tlm::TLM_GENERIC_ERROR_RESPONSE);
  EXPECT_EQ(r.downstream, std::vector<std::uint64_t>{0xbad0'0fe0});
}

// ---- targets of every style

class Styles : public At, public ::testing::WithParamInterface<Target::Style> {};

TEST_P(Styles, ATransactionGoesThroughATargetThatAnswersInAnyWay) {
  map(7, 0x10000, 0x8000'0000);
  b.target.style = GetParam();
  b.tables.style = GetParam();
  b.in_simulation([&] {
    const Operation& op = b.master.issue(0x10000, {1, 2, 3, 4}, true);
    wait(ns(1000));
    EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(op.answered - op.begun, miss_time());
  });
  EXPECT_EQ(b.memory.read(0x8000'0000, 4), 0x04030201U);
}

TEST_P(Styles, ManyRandomTransactionsEndAsTheyDoOneByOne) {
  struct Random {
    std::uint64_t address;
    std::uint32_t stream_id;
    std::vector<std::uint8_t> data;
    bool write;
  };
  std::mt19937 random(1 + static_cast<unsigned>(GetParam()));
  std::vector<Random> all(300);
  for (Random& r : all) {
    r.stream_id = 7 + random() % 4;
    r.address = 0x10000 + random() % 0x5000;  // the pages from 0x14000 on are not mapped
    r.data.resize(1 + random() % 96);
    for (std::uint8_t& d : r.data) d = static_cast<std::uint8_t>(random());
    r.write = (random() & 1) != 0;
  }
  const auto prepare = [this] {
    for (std::uint32_t sid = 7; sid < 11; ++sid) {
      pgtable::Builder& t = map(sid, 0x10000, 0x8000'0000 + (std::uint64_t{sid} << 20));
      for (std::uint64_t page = 1; page < 4; ++page) {  // not next to each other
        ASSERT_TRUE(
            t.map(0x10000 + page * 0x1000, 0x8000'0000 + (std::uint64_t{sid} << 20) + page * 0x5000, 0x1000));
      }
    }
  };
  const auto memory = [this] {
    std::vector<std::uint8_t> bytes;
    for (std::uint32_t sid = 7; sid < 11; ++sid) {
      for (std::uint64_t i = 0; i < 0x10000; ++i) {
        bytes.push_back(b.memory.at(0x8000'0000 + (std::uint64_t{sid} << 20) + i));
      }
    }
    return bytes;
  };
  std::vector<Operation> expected;
  std::vector<std::uint8_t> expected_memory;
  std::uint64_t faults = 0;
  b.in_simulation([&] {
    prepare();
    const std::uint64_t before = b.statistic("faults");
    for (const Random& r : all) {
      Operation op;
      op.address = r.address;
      op.stream_id = r.stream_id;
      op.data = r.data;
      op.write = r.write;
      const Bench::Blocking result = b.blocking(b.master, op);
      op.status = result.status;
      expected.push_back(op);
      wait(result.delay);
    }
    wait(ns(1000));
    expected_memory = memory();
    faults = b.statistic("faults") - before;
    b.fresh();
    b.host.sink.all.clear();
    prepare();
  });
  EXPECT_GT(faults, 20U);
  const auto spread = [](const Payload& p) {
    return ns(5.0 + static_cast<double>(p.get_address() * 7 % 61));
  };
  b.target.latency = b.tables.latency = spread;
  b.target.style = b.tables.style = GetParam();
  b.in_simulation([&] {
    const std::uint64_t before = b.statistic("faults");
    for (const Random& r : all) b.master.issue(r.address, r.data, r.write, r.stream_id);
    wait(ns(200000));
    EXPECT_EQ(b.statistic("faults") - before, faults);
  });
  ASSERT_TRUE(b.master.all_done());
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(b.master.operations[i].status, expected[i].status) << i;
    EXPECT_EQ(b.master.operations[i].data, expected[i].data) << i;
  }
  EXPECT_TRUE(memory() == expected_memory);
  EXPECT_EQ(b.above.most, slots + 1) << "and one that waits for a slot";
  if (GetParam() == Target::Style::accepted || GetParam() == Target::Style::updated_request) {
    EXPECT_GT(b.walks.most, 1U) << "the other styles end a fetch where they begin it, or keep the socket";
  }
}

std::string style_name(const ::testing::TestParamInfo<Target::Style>& info) {
  const char* const names[] = {"Accepted", "UpdatedRequest", "UpdatedResponse", "Completed", "EarlyResponse"};
  return names[static_cast<std::size_t>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Targets, Styles,
                         ::testing::Values(Target::Style::accepted, Target::Style::updated_request,
                                           Target::Style::updated_response, Target::Style::completed,
                                           Target::Style::early_response),
                         style_name);

TEST_F(At, ATransactionGoesThroughATargetThatKnowsOnlyBlockingTransport) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    const Operation& op = b.master2.issue(0x10000, {1, 2, 3, 4}, true);
    b.master2.issue(0x10004, {5, 6, 7, 8}, true);
    wait(ns(1000));
    EXPECT_EQ(op.answered - op.begun, miss_time());
  });
  EXPECT_EQ(b.memory.read(0x8000'0000, 8), 0x0807060504030201U);
}

}  // namespace
}  // namespace smmuvp::at
