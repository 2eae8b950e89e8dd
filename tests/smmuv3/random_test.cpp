// Random software, devices and memory, repeatably: a short run of what the fuzzer does.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "../fuzz/smmuv3_driver.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3 {
namespace {

// Most of them with everything enabled, and with tables that map something.
std::vector<std::uint8_t> random_input(test::Random& random, bool plausible) {
  std::vector<std::uint8_t> input(2 + static_cast<std::size_t>(random.below(3000)));
  for (std::uint8_t& b : input) b = static_cast<std::uint8_t>(random.next());
  input[0] = static_cast<std::uint8_t>(input[0] | (plausible ? 192 : 64));
  return input;
}

// The names before the first difference; empty if there is none.
std::string difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  if (at == a.end() && a.size() == b.size()) return "";
  std::string names = "after ";
  for (auto c = at - std::min<std::ptrdiff_t>(at - a.begin(), 200); c != at; ++c) {
    const bool letter = std::isalnum(*c) != 0 || *c == '_';
    if (letter || names.back() != ' ') names += letter ? static_cast<char>(*c) : ' ';
  }
  return names;
}

TEST(Random, NothingThatSoftwareOrDevicesDoBreaksTheSmmu) {
  test::Random random(0x5eed);
  FuzzBench bench;
  for (int run = 0; run < 3000; ++run) {
    const std::vector<std::uint8_t> input = random_input(random, run % 4 != 0);
    SmmuV3Driver(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::many).run();
  }
}

TEST(Random, AnInputFindsTheSmmuAsNewWhateverTheOneBeforeHasDone) {
  test::Random random(0x4e77);
  FuzzBench bench;
  for (int run = 0; run < 300; ++run) {
    std::vector<std::uint8_t> input = random_input(random, true);
    input[0] |= 0x1f;  // but for timing of one set of features: each run follows one of the same SMMU
    input[1] = run % 3 == 0 ? 0x2b : 0x0f;
    SmmuV3Driver used(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::many);
    FuzzBench fresh;
    SmmuV3Driver alone(fresh, input.data(), input.size(), SmmuV3Driver::Checkpoints::many);
    ASSERT_EQ(difference(saved(used.smmu()), saved(alone.smmu())), "") << "run " << run << " begins";
    used.run();
    alone.run();
    ASSERT_EQ(difference(saved(used.smmu()), saved(alone.smmu())), "") << "run " << run << " ends";
  }
}

// Else the fuzzer would tell nothing of them.
TEST(Random, AccessesStallAndAreRetried) {
  test::Random random(0x57a11);
  FuzzBench bench;
  std::uint64_t stalls = 0;
  std::uint64_t retried = 0;
  for (int run = 0; run < 900; ++run) {
    std::vector<std::uint8_t> input = random_input(random, true);
    input[1] = 0x2b;  // both stages, STALL_MODEL 0
    SmmuV3Driver driver(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::none);
    driver.run();
    stalls += driver.smmu().statistics().stalls;
    retried += driver.smmu().statistics().stalls_retried;
  }
  EXPECT_GT(stalls, 100U);
  EXPECT_GT(retried, 10U);
}

TEST(Random, PrefetchesAreCarriedOutAndEventsAreMerged) {
  test::Random random(0x9fe7);
  FuzzBench bench;
  Statistics sum;
  std::uint64_t walks = 0;
  for (int run = 0; run < 900; ++run) {
    const std::vector<std::uint8_t> input = random_input(random, true);
    SmmuV3Driver driver(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::none);
    driver.run();
    sum.prefetches += driver.smmu().statistics().prefetches;
    sum.events_merged += driver.smmu().statistics().events_merged;
    walks += driver.smmu().engine_statistics().walks;
  }
  EXPECT_GT(sum.prefetches, 50U);
  EXPECT_GT(sum.events_merged, 10U);
  EXPECT_GT(walks, 100U);
}

TEST(Random, DevicesAskForTranslationsAndAreToldToForgetThem) {
  test::Random random(0xa75);
  FuzzBench bench;
  Statistics sum;
  for (int run = 0; run < 900; ++run) {
    std::vector<std::uint8_t> input = random_input(random, true);
    input[0] |= 0x10;  // ATS
    SmmuV3Driver driver(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::none);
    driver.run();
    sum.ats_requests += driver.smmu().statistics().ats_requests;
    sum.ats_translated += driver.smmu().statistics().ats_translated;
    sum.atc_invalidations += driver.smmu().statistics().atc_invalidations;
    sum.atc_timeouts += driver.smmu().statistics().atc_timeouts;
  }
  EXPECT_GT(sum.ats_requests, 100U);
  EXPECT_GT(sum.ats_translated, 100U);
  EXPECT_GT(sum.atc_invalidations, 20U);
  EXPECT_GT(sum.atc_timeouts, 10U);
}

TEST(Random, EnhancedCommandQueuesConsumeCommandsAndMeetErrors) {
  test::Random random(0xec3d);
  FuzzBench bench;
  unsigned consumed = 0;
  unsigned failed = 0;
  unsigned secure = 0;
  for (int run = 0; run < 900; ++run) {
    std::vector<std::uint8_t> input = random_input(random, true);
    if (input.size() < 16) continue;
    input[0] |= 0x80;
    input[1] = static_cast<std::uint8_t>(0xc0 | (run % 2 != 0 ? 0x18U : 0U));
    SmmuV3Driver driver(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::none);
    driver.run();
    const auto look_at = [&](const ProgrammingInterface& interface, unsigned& count) {
      ASSERT_NE(interface.control_pages(), nullptr);
      for (unsigned n = 0; n < interface.control_pages()->size(); ++n) {
        const Ecmdq& queue = interface.control_pages()->queue(n);
        count += queue.enabled() && queue.cons() != 0 ? 1 : 0;
      }
    };
    look_at(driver.smmu().interface(), consumed);
    if (driver.smmu().secure_interface() != nullptr) look_at(*driver.smmu().secure_interface(), secure);
    failed += driver.smmu().interface().active(GERROR_CMDQP_ERR) ? 1 : 0;
  }
  EXPECT_GT(consumed, 50U);
  EXPECT_GT(secure, 20U);
  EXPECT_GT(failed, 20U);
}

TEST(Random, PerformanceMonitorsCountEventsAndOverflow) {
  test::Random random(0x9c0);
  FuzzBench bench;
  std::uint64_t counted = 0;
  std::uint64_t overflows = 0;
  for (int run = 0; run < 900; ++run) {
    std::vector<std::uint8_t> input = random_input(random, true);
    if (input.size() < 16) continue;
    input[1] = 0xc0;
    for (unsigned i = 2; i < 10; ++i) input[i] = 0;
    input[10] = input[11] = static_cast<std::uint8_t>(random.next() | 1U);
    SmmuV3Driver driver(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::none);
    driver.run();
    const Pmcgs& groups = driver.smmu().pmcgs();
    ASSERT_EQ(groups.size(), 2U);
    for (unsigned i = 0; i < groups.size(); ++i) {
      counted += groups.group(i).counts_events() ? 1 : 0;
      overflows += groups.group(i).registers().get(SMMU_PMCG_OVSSET0) != 0 ? 1 : 0;
    }
  }
  EXPECT_GT(counted, 20U);
  EXPECT_GT(overflows, 50U);
}

TEST(Random, SoftwareAsksByAllGroupsOfAddressTranslationOperations) {
  test::Random random(0xa705);
  FuzzBench bench;
  std::uint64_t answers[4] = {};
  std::uint64_t successes[4] = {};
  for (int run = 0; run < 900; ++run) {
    std::vector<std::uint8_t> input = random_input(random, true);
    if (input.size() < 16) continue;
    input[1] = 0xff;  // a Secure state with stage 2, and features that follow
    for (unsigned i = 2; i < 12; ++i) input[i] = 0;
    input[10] = input[11] = 0x40;  // VATOS
    SmmuV3Driver driver(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::none);
    driver.run();
    for (unsigned i = 0; i < 4; ++i) {
      const ProgrammingInterface& interface =
          i < 2 ? driver.smmu().interface() : *driver.smmu().secure_interface();
      const std::uint64_t PAR = interface.registers().get(i % 2 == 0 ? SMMU_GATOS_PAR : SMMU_VATOS_PAR);
      answers[i] += PAR != 0 ? 1 : 0;
      successes[i] += PAR != 0 && (PAR & 1) == 0 ? 1 : 0;
    }
  }
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_GT(answers[i], 20U) << i;
    EXPECT_GT(successes[i], 0U) << i;
  }
}

TEST(Random, SoftwareOfBothSecurityStatesHasEventsAndCommands) {
  test::Random random(0x5ec);
  FuzzBench bench;
  std::uint64_t secure_events = 0;
  std::uint64_t secure_commands = 0;
  std::uint64_t walks = 0;
  for (int run = 0; run < 900; ++run) {
    std::vector<std::uint8_t> input = random_input(random, true);
    input[1] = run % 2 == 0 ? 0x1f : 0x3f;  // without Secure stage 2, and with it
    SmmuV3Driver driver(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::none);
    driver.run();
    ASSERT_NE(driver.smmu().secure_interface(), nullptr);
    std::uint64_t v = 0;
    driver.smmu().secure_interface()->peek(0x80a8, 4, v);
    secure_events += v;
    driver.smmu().secure_interface()->peek(0x809c, 4, v);
    secure_commands += v & 0xfffff;
    walks += driver.smmu().engine_statistics().walks;
  }
  EXPECT_GT(secure_events, 100U);
  EXPECT_GT(secure_commands, 100U);
  EXPECT_GT(walks, 100U);
}

TEST(Random, ASmmuThatIsUsedAgainIsAsNew) {
  test::Random random(0x4e78);
  FuzzBench bench;
  const FeatureBytes choice{0x3f, second_feature_byte(0x2f)};  // timing, both stages, stalls
  for (int run = 0; run < 300; ++run) {
    std::vector<std::uint8_t> input = random_input(random, true);
    input[0] |= 0x3f;
    input[1] = 0x2f;
    SmmuV3Driver(bench, input.data(), input.size(), SmmuV3Driver::Checkpoints::many).run();
    ASSERT_EQ(difference(saved(bench.smmu(choice).smmu()), saved(FuzzSmmu(choice).smmu())), "")
        << "run " << run;
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
