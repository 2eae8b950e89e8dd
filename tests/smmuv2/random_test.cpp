// Random software, devices and memory, repeatably: a short run of what the fuzzer does.
#include <gtest/gtest.h>

#include <vector>

#include "../fuzz/smmuv2_driver.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv2 {
namespace {

// Most of them with everything enabled, and with tables that map something.
std::vector<std::uint8_t> random_input(test::Random& random, bool plausible) {
  std::vector<std::uint8_t> input(2 + static_cast<std::size_t>(random.below(3000)));
  for (std::uint8_t& b : input) b = static_cast<std::uint8_t>(random.next());
  input[0] = static_cast<std::uint8_t>(input[0] | (plausible ? 192 : 64));
  return input;
}

TEST(Random, NothingThatSoftwareOrDevicesDoBreaksTheSmmu) {
  test::Random random(0x5eed);
  FuzzBench bench;
  std::uint64_t translated = 0;
  std::uint64_t stalls = 0;
  std::uint64_t operations = 0;
  for (int run = 0; run < 3000; ++run) {
    const std::vector<std::uint8_t> input = random_input(random, run % 4 != 0);
    SmmuV2Driver driver(bench, input.data(), input.size(), SmmuV2Driver::Checkpoints::many);
    driver.run();
    translated += driver.smmu().engine_statistics().translations;
    stalls += driver.smmu().statistics().stalls;
    operations += driver.smmu().statistics().address_translations;
  }
  // It would say little otherwise.
  EXPECT_GT(translated, 10'000U);
  EXPECT_GT(stalls, 1000U);
  EXPECT_GT(operations, 1000U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
