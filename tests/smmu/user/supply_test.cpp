// Power and clock of either SMMU: `edge` loses its state without power, `level` retains it.
#include "user_bench.h"  // of the SMMU at hand

#include <random>
#include <sstream>

namespace smmuvp::user {
namespace {

class Supply : public User {
 protected:
  /// What a read of a register is answered. @param soc  of the bench
  static tlm::tlm_response_status poll(Soc& soc) {
    std::uint64_t value = 0;
    sc_time delay;
    return soc.access(false, Soc::CR0, value, 4, delay);
  }
  static void after(sc_core::sc_signal<bool>& line, bool level) {
    line.write(level);
    wait(ns(10));
  }
};

TEST_F(Supply, RegistersOfAnSmmuWithoutAClockAnswerABusErrorAndKeepTheirValues) {
  b.run([&] {
    const std::uint32_t CR0 = b.edge.get(Soc::CR0);
    after(b.clock, false);
    EXPECT_EQ(poll(b.edge), tlm::TLM_GENERIC_ERROR_RESPONSE);
    std::uint64_t value = ~CR0;
    sc_time delay;
    EXPECT_EQ(b.edge.access(true, Soc::CR0, value, 4, delay), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.host.count("register.clock"), 2U);
    after(b.clock, true);
    EXPECT_EQ(b.edge.get(Soc::CR0), CR0);
  });
}

TEST_F(Supply, AnAccessWaitsForTheClockAndIsCarriedOutThen) {
  b.map(7, 0x10000, 0x8000'0000);
  for (const bool blocking : {true, false}) {
    for (const bool known : {false, true}) {
      sc_time ended;
      b.run([&] {
        b.level.invalidate(7);
        if (known) {
          EXPECT_EQ(read(b.level_client, 0x10000), tlm::TLM_OK_RESPONSE);
        }
        after(b.level_clock, false);
        const sc_time began = sc_core::sc_time_stamp();
        const std::size_t walked = b.level.walked.size();
        const std::size_t arrived = b.level.arrived.size();
        auto client = sc_core::sc_spawn([&] {
          EXPECT_EQ(read(b.level_client, 0x10000, blocking), tlm::TLM_OK_RESPONSE);
          ended = sc_core::sc_time_stamp();
        });
        wait(ns(5000));
        EXPECT_EQ(ended, sc_core::SC_ZERO_TIME);
        EXPECT_EQ(b.level.walked.size(), walked) << "nothing is fetched";
        EXPECT_EQ(b.level.arrived.size(), arrived) << "nothing goes on";
        b.level_clock.write(true);
        wait(client.terminated_event());
        EXPECT_GE(ended, began + ns(5000));
        EXPECT_LE(ended, began + ns(6000));
        EXPECT_EQ(b.level.arrived.size(), arrived + 1);
      });
    }
  }
}

TEST_F(Supply, AnAccessThatIsUnderWayWhenTheClockStopsGoesOnWhenItIsBack) {
  b.map(7, 0x10000, 0x8000'0000);
  for (const bool blocking : {true, false}) {
    for (double at = 1; at < 250; at += 7) {
      sc_time ended;
      b.run([&] {
        b.level.invalidate(7);
        const sc_time began = sc_core::sc_time_stamp();
        auto client = sc_core::sc_spawn([&] {
          EXPECT_EQ(read(b.level_client, 0x10000, blocking), tlm::TLM_OK_RESPONSE);
          ended = sc_core::sc_time_stamp();
        });
        wait(ns(at));
        b.level_clock.write(false);
        wait(ns(3000));
        const std::size_t walked = b.level.walked.size();
        wait(ns(1000));
        EXPECT_EQ(b.level.walked.size(), walked);
        b.level_clock.write(true);
        if (ended == sc_core::SC_ZERO_TIME) wait(client.terminated_event());
        EXPECT_TRUE(ended < began + ns(400) || ended >= began + ns(at + 4000)) << ended << " of " << began;
      });
    }
  }
}

TEST_F(Supply, WithoutPowerAccessesAreAbortedAndRegistersAnswerABusError) {
  b.map(7, 0x10000, 0x8000'0000);
  b.run([&] {
    EXPECT_EQ(read(b.level_client, 0x10000), tlm::TLM_OK_RESPONSE);
    after(b.level_power, false);
    b.level.walked.clear();
    for (const bool blocking : {true, false}) {
      EXPECT_EQ(read(b.level_client, 0x10000, blocking), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    EXPECT_TRUE(b.level.walked.empty());
    EXPECT_EQ(poll(b.level), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.host.count("register.power"), 1U);
    EXPECT_NE(b.level.smmu.explain(AccessQuestion{}).text.find("no power"), std::string::npos);
  });
}

TEST_F(Supply, WithRetentionEverythingGoesOnAfterALossOfPower) {
  b.map(7, 0x10000, 0x8000'0000);
  b.run([&] {
    const std::uint32_t CR0 = b.level.get(Soc::CR0);
    after(b.level_power, false);
    after(b.level_power, true);
    EXPECT_EQ(b.level.get(Soc::CR0), CR0);
    EXPECT_FALSE(b.level.has_recorded());
    for (const bool blocking : {true, false}) {
      EXPECT_EQ(read(b.level_client, 0x10000, blocking), tlm::TLM_OK_RESPONSE);
    }
    b.level.invalidate(7);
  });
}

TEST_F(Supply, WithoutRetentionALossOfPowerIsAReset) {
  b.run([&] {
    b.edge.set(Soc::CR0, Soc::CR0_on);
    after(b.power, false);
    after(b.power, true);
    EXPECT_EQ(b.edge.get(Soc::CR0), Soc::CR0_after_reset);
    EXPECT_EQ(read(b.narrow, 0x8000'0000), tlm::TLM_OK_RESPONSE) << "all passes";
  });
}

TEST_F(Supply, AnAccessThatIsUnderWayWhenPowerGoesIsAborted) {
  b.map(7, 0x10000, 0x8000'0000);
  for (const bool blocking : {true, false}) {
    b.run([&] {
      b.level.invalidate(7);
      std::optional<tlm::tlm_response_status> answer;
      b.level_clock.write(false);
      wait(ns(1));
      auto client = sc_core::sc_spawn([&] { answer = read(b.level_client, 0x10000, blocking); });
      wait(ns(100));
      EXPECT_FALSE(answer);
      b.level_power.write(false);
      wait(ns(100));
      ASSERT_TRUE(answer) << "nobody waits for a clock without power";
      EXPECT_EQ(*answer, tlm::TLM_ADDRESS_ERROR_RESPONSE);
      b.level_power.write(true);
      b.level_clock.write(true);
      wait(ns(10));
      EXPECT_EQ(read(b.level_client, 0x10000, blocking), tlm::TLM_OK_RESPONSE);
    });
  }
}

TEST_F(Supply, AResetThatLastsWhilePowerReturnsResetsWhatWasRetained) {
  b.run([&] {
    b.level.set(Soc::CR0, Soc::CR0_on);
    after(b.level_power, false);
    after(b.level_nreset, false);
    after(b.level_power, true);
    EXPECT_EQ(poll(b.level), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.host.count("register.reset"), 1U);
    after(b.level_nreset, true);
    EXPECT_EQ(b.level.get(Soc::CR0), Soc::CR0_after_reset);
  });
}

TEST_F(Supply, AResetWithoutPowerDoesNotReachWhatIsRetained) {
  b.run([&] {
    const std::uint32_t CR0 = b.level.get(Soc::CR0);
    after(b.level_power, false);
    after(b.level_nreset, false);
    after(b.level_nreset, true);
    EXPECT_EQ(poll(b.level), tlm::TLM_GENERIC_ERROR_RESPONSE);
    after(b.level_power, true);
    EXPECT_EQ(b.level.get(Soc::CR0), CR0);
  });
}

TEST_F(Supply, AResetNeedsNoClock) {
  b.run([&] {
    b.edge.set(Soc::CR0, Soc::CR0_on);
    after(b.clock, false);
    after(b.nreset, false);
    after(b.nreset, true);
    after(b.clock, true);
    EXPECT_EQ(b.edge.get(Soc::CR0), Soc::CR0_after_reset);
  });
}

TEST_F(Supply, AStateThatIsLoadedWithoutPowerIsThereWhenPowerIs) {
  b.run([&] {
    b.edge.set(Soc::CR0, Soc::CR0_on);
    std::stringstream state;
    ASSERT_FALSE(b.edge.smmu.save(state));
    after(b.power, false);
    ASSERT_FALSE(b.edge.smmu.load(state));
    EXPECT_EQ(poll(b.edge), tlm::TLM_GENERIC_ERROR_RESPONSE);
    after(b.power, true);
    EXPECT_EQ(b.edge.get(Soc::CR0), Soc::CR0_on);
  });
}

TEST_F(Supply, AnUntiedSupplyIsOn) {
  b.run([&] { EXPECT_EQ(poll(b.free), tlm::TLM_OK_RESPONSE); });
}

// Whatever the edges are, every access ends, and all is well when supply and reset are as at first.
TEST_F(Supply, NoOrderOfEdgesLosesAnAccess) {
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    b.restart();
    b.map(7, 0x10000, 0x8000'0000);
    b.run([&] {
      std::minstd_rand random(seed);
      unsigned ended = 0;
      constexpr unsigned each = 20;
      const auto use = [&](bool blocking, std::uint32_t own) {
        return [&, blocking, own] {
          std::minstd_rand dice(own);
          for (unsigned i = 0; i < each; ++i) {
            wait(ns(static_cast<double>(dice() % 200)));
            const auto answer = read(b.level_client, 0x10000, blocking);
            EXPECT_TRUE(answer == tlm::TLM_OK_RESPONSE || answer == tlm::TLM_ADDRESS_ERROR_RESPONSE)
                << answer;
            ++ended;
          }
        };
      };
      auto one = sc_core::sc_spawn(use(true, seed));
      auto two = sc_core::sc_spawn(use(false, seed + 1));
      for (unsigned i = 0; i < 60; ++i) {
        wait(ns(static_cast<double>(random() % 150)));
        auto& line = random() % 2 != 0 ? b.level_clock : random() % 2 != 0 ? b.level_power : b.level_nreset;
        line.write(random() % 2 != 0);
        if (random() % 4 == 0) poll(b.level);
      }
      b.level_clock.write(true);
      b.level_power.write(true);
      b.level_nreset.write(true);
      wait(ns(20000));
      EXPECT_EQ(ended, 2 * each) << "seed " << seed;
      EXPECT_EQ(poll(b.level), tlm::TLM_OK_RESPONSE);
    });
  }
}

}  // namespace
}  // namespace smmuvp::user
