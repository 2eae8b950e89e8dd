// Random software, devices and memory, repeatably: a short run of what the fuzzer does.
#include <gtest/gtest.h>

#include <vector>

#include "../fuzz/smmuv3_driver.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3 {
namespace {

TEST(Random, NothingThatSoftwareOrDevicesDoBreaksTheSmmu) {
  test::Random random(0x5eed);
  for (int run = 0; run < 3000; ++run) {
    std::vector<std::uint8_t> input(static_cast<std::size_t>(random.below(3000)));
    for (std::uint8_t& b : input) b = static_cast<std::uint8_t>(random.next());
    // Most of them with everything enabled, and with tables that map something.
    const std::uint8_t enabled = run % 4 != 0 ? 192 : 64;
    if (!input.empty()) input[0] = static_cast<std::uint8_t>(input[0] | enabled);
    SmmuV3Driver(input.data(), input.size()).run();
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
