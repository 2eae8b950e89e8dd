// Non-blocking transactions of an SMMUv3, and the program of their tests.
#include "at_bench.h"

namespace smmuvp::at {

Bench& bench() {
  static Bench b("bench");
  return b;
}

namespace {

TEST_F(At, AnMsiGoesOutWhileTransactionsAreOpenThatBeganAfterItsCmdSync) {
  map(7, 0x10000, 0x8000'0000);
  sc_time delay;
  b.in_simulation([&] {
    warm(0x10000);
    b.target.latency = [](const Payload&) { return ns(5000); };
    b.push(6ULL << 32 | 1U << 12 | 0x46, 0x7000'0040);
    wait(ns(100));
    b.master.read(0x10000);
    wait(ns(1000));
    EXPECT_EQ(b.world.memory.read(0x7000'0040, 4), 6U);
    EXPECT_FALSE(b.master.all_done());
    wait(ns(10000));
  });
}

TEST_F(At, AMissOfOneStyleDelaysAMissOfTheOtherWhereTheyShareAStructure) {
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  b.in_simulation([&] {
    b.master.read(0x10000);
    wait(ns(4));  // its configuration lookup is over, and its fetch takes the walk port
    Operation op;
    op.address = 0x10000;
    op.data.resize(4);
    op.stream_id = 9;
    const sc_time alone = miss_time();
    EXPECT_GE(b.blocking(b.master1, op).delay, alone);
    wait(ns(1000));
    EXPECT_GE(b.master.operations.front().answered - b.master.operations.front().begun, alone);
  });
}

}  // namespace
}  // namespace smmuvp::at

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::at::bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
