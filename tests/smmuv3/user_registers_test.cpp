// A processor that runs ahead of simulated time and polls registers.
#include <systemc>

#include <tlm_utils/tlm_quantumkeeper.h>

#include <sstream>

#include "smmuvp/base/archive.h"
#include "user_bench.h"

namespace smmuvp::user {
namespace {

/// A processor with a quantum of 1 ms. Each access takes what the SMMU annotates, and nothing of its own.
class Processor {
 public:
  explicit Processor(Soc& soc) : m_soc(soc) {
    tlm_utils::tlm_quantumkeeper::set_global_quantum(sc_time(1, sc_core::SC_MS));
    m_keeper.reset();
  }
  std::uint64_t access(bool write, std::uint32_t offset, std::uint64_t value = 0) {
    sc_time ahead = m_keeper.get_local_time();
    EXPECT_EQ(m_soc.access(write, offset, value, 4, ahead), tlm::TLM_OK_RESPONSE);
    m_keeper.set(ahead);
    if (m_keeper.need_sync()) m_keeper.sync();
    return value;
  }
  /// @return how many reads it took, at most `most`
  unsigned poll(std::uint32_t offset, std::uint64_t expected, unsigned most) {
    for (unsigned n = 1; n < most; ++n) {
      if (access(false, offset) == expected) return n;
    }
    return most;
  }

 private:
  Soc& m_soc;
  tlm_utils::tlm_quantumkeeper m_keeper;
};

/// Puts a CMD_SYNC into the queue and polls CONS.
unsigned polls_of_a_sync(Soc& soc, unsigned most) {
  soc.memory.write(smmuv3::World::cmdq, 0x46);
  soc.memory.write(smmuv3::World::cmdq + 8, 0);
  Processor cpu(soc);
  cpu.access(true, 0x98, 1);
  return cpu.poll(0x9c, 1, most);
}

TEST_F(User, APollOfCmdqConsSeesTheCmdSyncCompleteAtItsTimeWhateverTheQuantum) {
  b.run([&] {
    const sc_time begin = sc_core::sc_time_stamp();
    // A clock a read; fetch 1 + 20, command 10
    EXPECT_LE(polls_of_a_sync(b.edge, 1000), 40U);
    EXPECT_LT(sc_core::sc_time_stamp() - begin, ns(100));
  });
}

TEST_F(User, WithoutSyncRegistersAPollSeesNothingBeforeItsInitiatorWaits) {
  b.run([&] {
    const sc_time begin = sc_core::sc_time_stamp();
    EXPECT_EQ(polls_of_a_sync(b.free, 1000), 1000U);
    EXPECT_EQ(sc_core::sc_time_stamp(), begin);
    wait(ns(1000));
    EXPECT_EQ(b.free.get(0x9c), 1U);
  });
}

TEST_F(User, APollOfAnSmmuThatTakesNoTimeLetsItGoOn) {
  b.run([&] {
    const sc_time begin = sc_core::sc_time_stamp();
    EXPECT_LE(polls_of_a_sync(b.untimed, 1000), 40U);
    EXPECT_LE(sc_core::sc_time_stamp() - begin, ns(40)) << "20 of memory, for the command";
  });
}

// 4.7.3: what begins after a CMD_SYNC is none of its business, whoever was served first.
TEST_F(User, ACmdSyncDoesNotWaitForAMasterThatIsAhead) {
  b.map(7, 0x10000, 0x8000'0000);
  b.run([&] {
    std::uint32_t v = 0;
    Payload p;
    test::Master::fill(p, tlm::TLM_READ_COMMAND, 0x10000, &v, 4);
    for (const double ahead : {0.0, 500'000.0, 500'100.0}) {  // a miss, and hits
      sc_time delay = ns(ahead);
      b.wide.socket->b_transport(p, delay);
      ASSERT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    }
    const sc_time begin = sc_core::sc_time_stamp();
    EXPECT_LE(polls_of_a_sync(b.edge, 1000), 400U);
    EXPECT_LT(sc_core::sc_time_stamp() - begin, ns(500)) << "no more than the longest access";
  });
}

TEST_F(User, APollOfEventqProdSeesTheEvent) {
  b.run([&] {
    std::uint32_t v = 0;
    Payload p;
    test::Master::fill(p, tlm::TLM_READ_COMMAND, 0x90000, &v, 4);
    sc_time delay;
    b.wide.socket->b_transport(p, delay);
    EXPECT_LE(Processor(b.edge).poll(0x100a8, 1, 1000), 500U);
  });
}

TEST_F(User, ARegisterAccessTakesEffectAtTheTimeOfItsInitiator) {
  b.run([&] {
    const sc_time begin = sc_core::sc_time_stamp();
    std::uint64_t value = smmuv3::CR0_CMDQEN;
    sc_time delay = ns(500);
    EXPECT_EQ(b.edge.access(true, 0x20, value, 4, delay), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(sc_core::sc_time_stamp() - begin, ns(500));
    EXPECT_EQ(delay, ns(1)) << "a clock, of the access itself";
  });
}

TEST_F(User, ARegisterAccessOutsideOfAThreadTakesEffectAtOnceAndIsTold) {
  std::uint64_t value = 0;
  sc_time delay = ns(500);
  EXPECT_EQ(b.edge.access(false, 0x20, value, 4, delay), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(value, smmuv3::CR0_implemented);
  EXPECT_EQ(delay, ns(501));
  ASSERT_EQ(b.host.diagnostics.size(), 1U);
  EXPECT_EQ(b.host.diagnostics[0].kind, DiagKind::HostError);
  EXPECT_EQ(b.host.diagnostics[0].site, "registers.sync");
  EXPECT_NE(b.host.diagnostics[0].text.find("500 ns"), std::string::npos);

  delay = sc_core::SC_ZERO_TIME;  // nothing to wait for
  EXPECT_EQ(b.edge.access(false, 0x20, value, 4, delay), tlm::TLM_OK_RESPONSE);
  delay = ns(500);
  EXPECT_EQ(b.free.access(false, 0x20, value, 4, delay), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.host.diagnostics.size(), 1U);
}

TEST_F(User, AStateIsNotSavedWhileARegisterAccessWaitsForItsTime) {
  b.run([&] {
    sc_core::sc_spawn([&] {
      std::uint64_t value = 0;
      sc_time delay = ns(500);
      b.edge.access(false, 0x20, value, 4, delay);
    });
    wait(ns(100));
    std::stringstream state;
    const auto error = b.edge.smmu.save(state);
    ASSERT_TRUE(error);
    EXPECT_NE(to_text(*error).find("a register access is under way"), std::string::npos) << to_text(*error);
    wait(ns(1000));
    EXPECT_FALSE(b.edge.smmu.save(state));
  });
}

}  // namespace
}  // namespace smmuvp::user
