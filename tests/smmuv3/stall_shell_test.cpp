// Masters of both styles whose accesses stall.
#include <array>
#include <memory>

#include "at_bench.h"

namespace smmuvp::at {

Bench& bench() {
  static Bench b("bench", [] {
    Params p = Bench::parameters();
    p.set("STALL_MODEL", std::uint64_t{0});
    p.set("STALL_MAX", std::uint64_t{2});
    return p;
  }());
  return b;
}

namespace {

constexpr std::uint64_t va = 0x10000;
constexpr std::uint64_t pa = 0x8000'0000;

class StallShell : public At {
 protected:
  /// A stream of which nothing is mapped yet, and whose faults stall.
  pgtable::Builder& stalling(std::uint32_t sid) {
    pgtable::Builder& builder = b.world.stream(sid, static_cast<std::uint16_t>(sid));
    b.world.put(smmuv3::World::cd_address(sid),
                smmuv3::cd_for(builder.config(), static_cast<std::uint16_t>(sid)).set(44, 1, 1));
    return builder;
  }
  std::uint32_t events() { return static_cast<std::uint32_t>(b.reg(0x100a8)); }
  std::uint64_t stag(unsigned event) {
    return b.world.memory.read(smmuv3::World::eventq + 32 * event + 8, 2);
  }
  void resume(std::uint32_t sid, std::uint64_t stag) {
    b.push(0x44 | 1U << 12 | std::uint64_t{sid} << 32, stag);
  }
  void stall_term(std::uint32_t sid) { b.push(0x45 | std::uint64_t{sid} << 32); }
  /// In the simulation: a blocking access in a process of its own.
  struct Blocked {
    Operation op;
    bool over = false;
    sc_time end;
    Bench::Blocking result;
  };
  std::shared_ptr<Blocked> spawn(Master& master, std::uint32_t sid, std::uint64_t address,
                                 unsigned bytes = 4) {
    auto blocked = std::make_shared<Blocked>();
    blocked->op.address = address;
    blocked->op.stream_id = sid;
    blocked->op.data.assign(bytes, 0xee);
    sc_core::sc_spawn([this, blocked, &master] {
      blocked->result = b.blocking(master, blocked->op);
      wait(blocked->result.delay);
      blocked->over = true;
      blocked->end = sc_core::sc_time_stamp();
    });
    return blocked;
  }
};

TEST_F(StallShell, ABlockingMasterWaitsForSoftwareWhileOthersGoOn) {
  pgtable::Builder& space = stalling(7);
  map(8, va, pa + 0x1000);
  b.world.memory.write(pa, 0x1234'5678, 4);
  b.in_simulation([&] {
    b.set(0x50, smmuv3::IRQ_CTRL_implemented);
    const auto waits = spawn(b.master, 7, va);
    wait(ns(1000));
    EXPECT_FALSE(waits->over);
    EXPECT_EQ(events(), 1U);
    EXPECT_NE(b.event_at, sc_time()) << "software is told";
    Operation other;
    other.address = va;
    other.stream_id = 8;
    other.data.resize(4);
    EXPECT_EQ(b.blocking(b.master, other).status, tlm::TLM_OK_RESPONSE) << "of the same master";
    EXPECT_EQ(b.blocking(b.master1, other).status, tlm::TLM_OK_RESPONSE);
    EXPECT_TRUE(space.map(va, pa, 0x1000));
    const sc_time resumed = sc_core::sc_time_stamp();
    resume(7, stag(0));
    wait(ns(1000));
    EXPECT_TRUE(waits->over);
    EXPECT_GT(waits->end, resumed);
    EXPECT_EQ(waits->result.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(waits->op.data, (std::vector<std::uint8_t>{0x78, 0x56, 0x34, 0x12}));
    EXPECT_EQ(events(), 1U);
  });
}

TEST_F(StallShell, ANonBlockingMasterWaitsWhileItsOtherStreamsGoOn) {
  pgtable::Builder& space = stalling(7);
  map(8, va, pa + 0x1000);
  b.in_simulation([&] {
    const Operation& first = b.master.read(va, 7);
    const Operation& second = b.master.read(va, 8);
    wait(ns(1000));
    EXPECT_FALSE(first.done);
    EXPECT_TRUE(second.done);
    EXPECT_TRUE(space.map(va, pa, 0x1000));
    resume(7, stag(0));
    wait(ns(1000));
    EXPECT_TRUE(first.done);
    EXPECT_EQ(first.status, tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(seen(b.target), (std::vector<std::uint64_t>{pa + 0x1000, pa}));
  });
}

TEST_F(StallShell, ThePartBeforeTheFaultIsDoneOnce) {
  pgtable::Builder& space = stalling(7);
  EXPECT_TRUE(space.map(va, pa, 0x1000));
  b.in_simulation([&] {
    const auto waits = spawn(b.master, 7, va + 0xff0, 0x20);
    wait(ns(1000));
    EXPECT_FALSE(waits->over);
    EXPECT_EQ(seen(b.target), std::vector<std::uint64_t>{pa + 0xff0});
    EXPECT_TRUE(space.map(va + 0x1000, pa + 0x5000, 0x1000));
    resume(7, stag(0));
    wait(ns(1000));
    EXPECT_TRUE(waits->over);
    EXPECT_EQ(seen(b.target), (std::vector<std::uint64_t>{pa + 0xff0, pa + 0x5000}));
  });
}

TEST_F(StallShell, ACmdSyncThatIsAlreadyThereDoesNotWaitForIt) {
  stalling(7);
  b.in_simulation([&] {
    b.tables.latency = [](const Payload&) { return ns(100); };  // the walk is long
    const auto waits = spawn(b.master, 7, va);
    wait(ns(50));
    b.push(0x1046);
    wait(ns(5000));
    EXPECT_NE(b.synced_at, sc_time());
    EXPECT_EQ(b.reg(0x9c), b.reg(0x98));
    EXPECT_FALSE(waits->over);
    stall_term(7);
    wait(ns(1000));
    EXPECT_EQ(waits->result.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
}

TEST_F(StallShell, EveryMasterWakesWhenTheSmmuIsDisabled) {
  stalling(7);
  b.in_simulation([&] {
    std::vector<std::shared_ptr<Blocked>> all;
    for (unsigned i = 0; i < 3; ++i) all.push_back(spawn(b.master, 7, va + 0x1000 * i));  // STALL_MAX is 2
    const Operation& other = b.master1.read(va, 7);
    wait(ns(2000));
    EXPECT_EQ(events(), 2U);
    b.set(0x20, smmuv3::CR0_EVENTQEN | smmuv3::CR0_CMDQEN);
    wait(ns(1000));
    for (const auto& waits : all) {
      EXPECT_TRUE(waits->over);
      EXPECT_EQ(waits->result.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    EXPECT_TRUE(other.done);
    EXPECT_EQ(other.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
}

TEST_F(StallShell, EveryMasterWakesWhenTheSmmuIsReset) {
  stalling(7);
  b.in_simulation([&] {
    const auto waits = spawn(b.master, 7, va);
    const Operation& other = b.master1.read(va, 7);
    wait(ns(2000));
    b.pulse_reset();
    wait(ns(1000));
    EXPECT_TRUE(waits->over);
    EXPECT_EQ(waits->result.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_TRUE(other.done);
  });
}

TEST_F(StallShell, AKilledMasterGivesItsTagBack) {
  stalling(7);
  b.in_simulation([&] {
    for (unsigned i = 0; i < 5; ++i) {
      Operation op;
      op.address = va;
      op.data.resize(4);
      sc_core::sc_process_handle process = sc_core::sc_spawn([&] { b.blocking(b.master, op); });
      wait(ns(1000));
      EXPECT_EQ(events(), i + 1) << "it has found a tag";
      process.kill();
      wait(ns(100));
    }
  });
}

TEST_F(StallShell, ADebugAccessNeverWaits) {
  stalling(7);
  b.in_simulation([&] {
    Payload p;
    std::array<unsigned char, 4> data{};
    p.set_command(tlm::TLM_READ_COMMAND);
    p.set_address(va);
    p.set_data_ptr(data.data());
    p.set_data_length(4);
    EXPECT_EQ(b.master.socket->transport_dbg(p), 0U);
    EXPECT_EQ(events(), 0U);
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
